// The gradient of a loss times the scale, one thread an element, in place: x *= scaling[0].
//
// scaling: 4 (the scale, a power of two, stands first), x: len, row-major f32.
// The scale is a power of two, so nothing is rounded but what overflows or becomes subnormal; NaN and infinities follow
// arithmetic. No shared memory, no barrier.
//
// workgroups: div_ceil(len, WG)

struct Params {
    len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scaling: array<f32>;
@group(0) @binding(2) var<storage, read_write> x: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number < params.len {
        x[number] *= scaling[0];
    }
}
