// The roof of reading: every number of x is read once and added to its workgroup's sum, which is written so that no read
// can be left out. A fixed problem for any number of workgroups: more of them share the work.
//
// x: len, y: workgroups elements, row-major f32; x is read as vectors of four, and len is a multiple of four.
// Thread t of all takes the vectors t, t + workgroups x WG, ...: neighbours read neighbours. A tree in shared memory adds
// the threads' sums of a workgroup, with a barrier before each step.
//
// workgroups: workgroups
// turns: div_ceil(len, 4 * workgroups * WG) + 10

struct Params {
    len: u32,
    workgroups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// A power of two.
override WG: u32 = 256u;

var<workgroup> sums: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    // The same for the whole workgroup, so that all its threads meet the barriers or none does.
    if number >= params.workgroups {
        return;
    }
    let stride = params.workgroups * WG;
    let first = number * WG + local;
    let vectors = params.len / 4u;
    var sum = vec4<f32>(0.0);
    if first < vectors {
        // Counted in turns: `at += stride` could step over the largest u32.
        let turns = (vectors - 1u - first) / stride + 1u;
        for (var turn = 0u; turn < turns; turn++) {
            sum += x[first + turn * stride];
        }
    }
    sums[local] = sum.x + sum.y + sum.z + sum.w;
    for (var half = WG / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            sums[local] += sums[local + half];
        }
    }
    if local == 0u {
        y[number] = sums[0];
    }
}
