// Second stage of a norm: the root of the sum of the workgroups' sums, by one workgroup.
//
// sums: groups, norm: 1, row-major f32.
// Thread t adds the sums t, t + WG, ...; a tree in shared memory adds the threads' sums, with a barrier before each
// step.
//
// workgroups: 1
// turns: div_ceil(groups, WG) + 10

struct Params {
    groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;

// A power of two.
override WG: u32 = 128u;

var<workgroup> shared_sums: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) local: u32) {
    var sum = 0.0;
    for (var at = local; at < params.groups; at += WG) {
        sum += sums[at];
    }
    shared_sums[local] = sum;
    for (var half = WG / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            shared_sums[local] += shared_sums[local + half];
        }
    }
    if local == 0u {
        norm[0] = sqrt(shared_sums[0]);
    }
}
