// Logistic function, one thread an element: y = 1 / (1 + exp(-x)).
//
// x: len, y: len elements, row-major f32. From e = exp(-|x|), which never overflows: 1 / (1 + e) for x >= 0, else
// e / (1 + e). WGSL lets an implementation assume that there is no NaN and no infinity, so both are found by their bits:
// a NaN is copied, and |x| is cut at 200, where e has long been 0. No shared memory, no barrier.
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
    let size = bits & 0x7FFFFFFFu;
    // The bits of 200.0: as unsigned numbers, positive floats are in order.
    let e = exp(-bitcast<f32>(min(size, 0x43480000u)));
    let value = select(1.0, e, bits >= 0x80000000u) / (1.0 + e);
    y[number] = select(bitcast<u32>(value), bits, size > 0x7F800000u);
}
