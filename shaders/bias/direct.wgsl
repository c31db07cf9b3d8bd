// A number a channel, added: y = x + b, one thread an element.
//
// x: n x c x l, b: c, y: n x c x l, row-major f32.
// NaN and infinities follow arithmetic. No shared memory, no barrier.
//
// workgroups: div_ceil(n * c * l, WG)

struct Params {
    n: u32,
    c: u32,
    l: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number >= params.n * params.c * params.l {
        return;
    }
    y[number] = x[number] + b[(number / params.l) % params.c];
}
