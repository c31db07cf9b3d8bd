// C = A B of halves, one thread an element: the plainest kernel.
//
// a: m x k, b: k x n, both f16, c: m x n f32, row-major, `batch` of each; a may lie as k x m (ta), b as n x k (tb).
// A workgroup computes a BX x BY patch of C, a thread one element behind a bounds check. No shared memory, no barrier:
// every thread reads its row of A and its column of B from global memory. Products and sums are in single precision.
//
// workgroups: batch * div_ceil(n, BX) * div_ceil(m, BY)
// turns: k

enable f16;

struct Params {
    m: u32,
    n: u32,
    k: u32,
    batch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f16>;
@group(0) @binding(2) var<storage, read> b: array<f16>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

override BX: u32 = 16u;
override BY: u32 = 16u;
// Whether A, and whether B, lies transposed in memory. Constants: the compiler keeps one branch of each `if`.
override SIZE_TA: u32 = 0u;
override SIZE_TB: u32 = 0u;

// Where element (row, p) of A stands in its matrix.
fn a_index(row: u32, p: u32) -> u32 {
    if SIZE_TA == 1u {
        return p * params.m + row;
    }
    return row * params.k + p;
}

// Where element (p, column) of B stands in its matrix.
fn b_index(p: u32, column: u32) -> u32 {
    if SIZE_TB == 1u {
        return column * params.k + p;
    }
    return p * params.n + column;
}

@compute @workgroup_size(BX, BY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    // The grid is folded: x, y and z number the workgroups, they are no coordinates.
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches_x = (params.n + BX - 1u) / BX;
    let patches = patches_x * ((params.m + BY - 1u) / BY);
    let product = number / patches;
    let row = (number % patches / patches_x) * BY + local.y;
    let column = (number % patches_x) * BX + local.x;
    if product >= params.batch || row >= params.m || column >= params.n {
        return;
    }
    let a_start = product * params.m * params.k;
    let b_start = product * params.k * params.n;
    var sum = 0.0;
    for (var p = 0u; p < params.k; p++) {
        sum += f32(a[a_start + a_index(row, p)]) * f32(b[b_start + b_index(p, column)]);
    }
    c[(product * params.m + row) * params.n + column] = sum;
}
