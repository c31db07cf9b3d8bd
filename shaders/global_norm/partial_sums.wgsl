// First stage of a norm: sums of squares, one a workgroup.
//
// x: len, sums: groups, row-major f32.
// Thread t of all takes the elements t, t + groups x WG, ...; a tree in shared memory adds the threads' sums of a
// workgroup, with a barrier before each step. The number of workgroups follows from the length alone, so the order of
// the sum, and with it its bits, is the same in every run. NaN and infinities follow arithmetic.
//
// workgroups: groups
// turns: div_ceil(len, groups * WG) + 10

struct Params {
    len: u32,
    groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

// A power of two.
override WG: u32 = 128u;

var<workgroup> shared_sums: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    // The same for the whole workgroup, so that all its threads meet the barriers or none does.
    if number >= params.groups {
        return;
    }
    let stride = params.groups * WG;
    let first = number * WG + local;
    var sum = 0.0;
    if first < params.len {
        // Counted in turns: `at += stride` could step over the largest u32.
        let turns = (params.len - 1u - first) / stride + 1u;
        for (var turn = 0u; turn < turns; turn++) {
            let value = x[first + turn * stride];
            sum += value * value;
        }
    }
    shared_sums[local] = sum;
    for (var half = WG / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            shared_sums[local] += shared_sums[local + half];
        }
    }
    if local == 0u {
        sums[number] = shared_sums[0];
    }
}
