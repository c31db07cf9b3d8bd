// C = A I with tiles of A and of the identity in shared memory, the identity compiled in: `matmul/tiled` with the thesis's
// constant filter.
//
// a: m x k, c: m x n, row-major f32; A is a window of a pooling, m = n = k.
// A workgroup of TILE x TILE threads computes a TILE x TILE patch of C, a thread one element, walking along k tile by tile:
// load, barrier (the tiles become visible), add TILE products, barrier (before the next tiles overwrite them). What the
// constant saves is the upload of the identity for each window.
//
// workgroups: div_ceil(n, TILE) * div_ceil(m, TILE)
// turns: div_ceil(k, TILE) * (TILE + 1)

struct Params {
    m: u32,
    n: u32,
    k: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

override TILE: u32 = 16u;

var<workgroup> a_tile: array<f32, TILE * TILE>;
var<workgroup> b_tile: array<f32, TILE * TILE>;

// Element (i, j) of the identity.
fn identity(i: u32, j: u32) -> f32 {
    return select(0.0, 1.0, i == j);
}

@compute @workgroup_size(TILE, TILE)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let patch_number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches = (params.n + TILE - 1u) / TILE;
    let row = (patch_number / patches) * TILE + local.y;
    let column = (patch_number % patches) * TILE + local.x;
    var sum = 0.0;
    for (var start = 0u; start < params.k; start += TILE) {
        // `select` would evaluate both sides; the branch keeps reads inside the matrices.
        var a_value = 0.0;
        if row < params.m && start + local.x < params.k {
            a_value = a[row * params.k + start + local.x];
        }
        var b_value = 0.0;
        if start + local.y < params.k && column < params.n {
            b_value = identity(start + local.y, column);
        }
        a_tile[local.y * TILE + local.x] = a_value;
        b_tile[local.y * TILE + local.x] = b_value;
        workgroupBarrier();
        for (var p = 0u; p < TILE; p++) {
            sum += a_tile[local.y * TILE + p] * b_tile[p * TILE + local.x];
        }
        workgroupBarrier();
    }
    if row < params.m && column < params.n {
        c[row * params.n + column] = sum;
    }
}
