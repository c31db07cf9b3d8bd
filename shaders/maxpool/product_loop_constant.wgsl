// C = A I by the thesis's i-j-k loops, the identity compiled in: `matmul/loop_thesis` with the thesis's constant filter.
//
// a: m x k, c: m x n, row-major f32; A is a window of a pooling, m = n = k.
// One workgroup of BX x BY threads. Thread (x, y) computes every element with i >= y and j >= x, so threads repeat each
// other's work and store equal values. What the constant saves is the upload of the identity for each window. No shared
// memory, no barrier.
//
// workgroups: 1
// turns: m * n * k + m * n + m

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
fn main(@builtin(local_invocation_id) local: vec3<u32>) {
    for (var i = local.y; i < params.m; i++) {
        for (var j = local.x; j < params.n; j++) {
            var sum = 0.0;
            for (var p = 0u; p < params.k; p++) {
                sum += a[i * params.k + p] * identity(p, j);
            }
            c[i * params.n + j] = sum;
        }
    }
}
