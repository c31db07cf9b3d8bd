// C = A I, one thread an element, the identity compiled in: `matmul/naive` with the thesis's constant filter.
//
// a: m x k, c: m x n, row-major f32; A is a window of a pooling, m = n = k.
// A workgroup computes a BX x BY patch of C, a thread one element behind a bounds check. The loop over k stays as it is:
// what the constant saves is the upload of the identity for each window. No shared memory, no barrier.
//
// workgroups: div_ceil(n, BX) * div_ceil(m, BY)
// turns: k

struct Params {
    m: u32,
    n: u32,
    k: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

override BX: u32 = 16u;
override BY: u32 = 16u;

// Element (i, j) of the identity.
fn identity(i: u32, j: u32) -> f32 {
    return select(0.0, 1.0, i == j);
}

@compute @workgroup_size(BX, BY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    // The grid is folded: x, y and z number the workgroups, they are no coordinates.
    let patch_number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches = (params.n + BX - 1u) / BX;
    let row = (patch_number / patches) * BY + local.y;
    let column = (patch_number % patches) * BX + local.x;
    if row >= params.m || column >= params.n {
        return;
    }
    var sum = 0.0;
    for (var p = 0u; p < params.k; p++) {
        sum += a[row * params.k + p] * identity(p, column);
    }
    c[row * params.n + column] = sum;
}
