// Gradients scaled down to a largest norm, one thread an element, in place: x *= min(1, max_norm / (norm + 1e-6)).
//
// norm: 1, read as bits; x: len, row-major f32.
// A norm that is NaN or infinite, found by its bits, leaves x as it is. No shared memory, no barrier.
//
// workgroups: div_ceil(len, WG)

struct Params {
    len: u32,
    max_norm: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> norm: array<u32>;
@group(0) @binding(2) var<storage, read_write> x: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    // What is not scaled is not touched: a NaN keeps its bits.
    let is_finite = (norm[0] & 0x7FFFFFFFu) < 0x7F800000u;
    if number >= params.len || !is_finite {
        return;
    }
    x[number] *= min(1.0, params.max_norm / (bitcast<f32>(norm[0]) + 1e-6));
}
