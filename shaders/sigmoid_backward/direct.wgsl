// Gradient of the logistic function, one thread an element: dx = dy y (1 - y).
//
// y: len, the output of the forward pass; dy: len, dx: len elements, row-major f32. NaN and infinities follow
// arithmetic. No shared memory, no barrier.
//
// workgroups: div_ceil(len, WG)

struct Params {
    len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

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
    let value = y[number];
    dx[number] = dy[number] * (value * (1.0 - value));
}
