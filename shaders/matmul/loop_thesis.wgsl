// C = A B by i-j-k loops as the thesis's matmul2 has them: i and j start at the thread's coordinates within its
// workgroup and run to the end, so threads repeat each other's work.
//
// a: m x k, b: k x n, c: m x n, row-major f32.
// One workgroup of BX x BY threads. Thread (x, y) computes every element with i >= y and j >= x: element (i, j) is
// computed by min(i + 1, BY) * min(j + 1, BX) threads, all of which store the same value. Kept as it is because it is
// what was measured; `loop` does each element once. The sum is kept in a register, so equal stores are all that races. No
// shared memory, no barrier.
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
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

override BX: u32 = 16u;
override BY: u32 = 16u;

@compute @workgroup_size(BX, BY)
fn main(@builtin(local_invocation_id) local: vec3<u32>) {
    for (var i = local.y; i < params.m; i++) {
        for (var j = local.x; j < params.n; j++) {
            var sum = 0.0;
            for (var p = 0u; p < params.k; p++) {
                sum += a[i * params.k + p] * b[p * params.n + j];
            }
            c[i * params.n + j] = sum;
        }
    }
}
