// The roof of reading: every number of x is read once and added to its thread's sum, which is written so that no read
// can be left out.
//
// x: len, y: threads elements, row-major f32; x is read as vectors of four. len is a multiple of four. Thread t of all
// takes the vectors t, t + threads, ...: neighbours read neighbours. No shared memory, no barrier.
//
// workgroups: div_ceil(threads, WG)
// turns: div_ceil(len, 4 * threads)

struct Params {
    len: u32,
    threads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

override WG: u32 = 256u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if first >= params.threads {
        return;
    }
    let vectors = params.len / 4u;
    var sum = vec4<f32>(0.0);
    if first < vectors {
        // Counted in turns: `at += threads` could step over the largest u32.
        let turns = (vectors - 1u - first) / params.threads + 1u;
        for (var turn = 0u; turn < turns; turn++) {
            sum += x[first + turn * params.threads];
        }
    }
    y[first] = sum.x + sum.y + sum.z + sum.w;
}
