// Rectified linear unit, one thread an element: y = max(x, 0).
//
// x: len, y: len elements, row-major f32, both handled as bits: WGSL lets an implementation assume that there is no NaN,
// so max() could swallow one. A set sign bit gives +0 unless the number is a NaN, which stays. No shared
// memory, no barrier.
//
// workgroups: div_ceil(len, WG)

struct Params {
    len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number >= params.len {
        return;
    }
    let bits = x[number];
    let is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
    y[number] = select(0u, bits, bits < 0x80000000u || is_nan);
}
