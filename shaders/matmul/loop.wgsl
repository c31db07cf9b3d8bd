// C = A B by i-j-k loops with a grid stride: what the thesis's matmul2 was meant to be.
//
// a: m x k, b: k x n, c: m x n, row-major f32.
// The grid is a fixed BX x BY x GROUPS threads in a line of workgroups along x; each thread walks over the rows
// i = its y coordinate, i + all y, ... and the columns j = its x coordinate, j + all x, ..., so that every element of C
// is computed once whatever the sizes. No shared memory, no barrier.
//
// workgroups: GROUPS_X * GROUPS_Y
// turns: div_ceil(m, GROUPS_Y * BY) * (div_ceil(n, GROUPS_X * BX) * (k + 1) + 1)

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
override GROUPS_X: u32 = 32u;
override GROUPS_Y: u32 = 32u;

@compute @workgroup_size(BX, BY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    if number >= GROUPS_X * GROUPS_Y {
        return;
    }
    let first_row = (number / GROUPS_X) * BY + local.y;
    let first_column = (number % GROUPS_X) * BX + local.x;
    for (var i = first_row; i < params.m; i += GROUPS_Y * BY) {
        for (var j = first_column; j < params.n; j += GROUPS_X * BX) {
            var sum = 0.0;
            for (var p = 0u; p < params.k; p++) {
                sum += a[i * params.k + p] * b[p * params.n + j];
            }
            c[i * params.n + j] = sum;
        }
    }
}
