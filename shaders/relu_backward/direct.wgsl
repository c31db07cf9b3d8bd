// Gradient of the rectified linear unit, one thread an element: dx = dy where y > 0 or y is NaN, else +0.
//
// y: len, dy: len, dx: len elements, row-major f32, handled as bits, so that a NaN passes whatever the implementation
// assumes of comparisons. No shared memory, no barrier.
//
// workgroups: div_ceil(len, WG)

struct Params {
    len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<u32>;
@group(0) @binding(2) var<storage, read> dy: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<u32>;

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
    let bits = y[number];
    let is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
    let positive = bits != 0u && bits < 0x80000000u;
    dx[number] = select(0u, dy[number], positive || is_nan);
}
