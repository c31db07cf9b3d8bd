// The roof of memory: y = x, four numbers a thread, nothing else.
//
// x: len, y: len elements, row-major f32, read and written as vectors of four, neighbours by neighbours. len is a
// multiple of four. No shared memory, no barrier.
//
// workgroups: div_ceil(len, 4 * WG)

struct Params {
    len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;

override WG: u32 = 256u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if i >= params.len / 4u {
        return;
    }
    y[i] = x[i];
}
