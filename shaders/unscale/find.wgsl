// First stage of taking the scale off gradients: whether each workgroup's share holds an infinity or a NaN.
//
// x: len, read as bits, row-major f32; found: groups, 1 where there is one, else 0.
// Thread t of all takes the elements t, t + groups x WG, ...; a tree in shared memory gathers what the threads of a
// workgroup found, with a barrier before each step. Bits are compared, since WGSL lets an implementation assume that there
// is neither.
//
// workgroups: groups
// turns: div_ceil(len, groups * WG) + 10

struct Params {
    len: u32,
    groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> found: array<u32>;

// A power of two.
override WG: u32 = 128u;

var<workgroup> shared_found: array<u32, WG>;

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
    var any = 0u;
    if first < params.len {
        // Counted in turns: `at += stride` could step over the largest u32.
        let turns = (params.len - 1u - first) / stride + 1u;
        for (var turn = 0u; turn < turns; turn++) {
            let size = x[first + turn * stride] & 0x7FFFFFFFu;
            any |= select(0u, 1u, size >= 0x7F800000u);
        }
    }
    shared_found[local] = any;
    for (var half = WG / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            shared_found[local] |= shared_found[local + half];
        }
    }
    if local == 0u {
        found[number] = shared_found[0];
    }
}
