// C = A B with tiles of A and B in shared memory: the third kernel of the thesis (matmul3).
//
// a: m x k, b: k x n, c: m x n, row-major f32.
// A workgroup of TILE x TILE threads computes a TILE x TILE patch of C, a thread one element. The patch walks along k:
// load a tile of A and one of B (zeros past the edges), barrier, add TILE products, barrier. Each element is read from
// global memory k / TILE times fewer than in `naive`. The first barrier makes the tiles visible, the second keeps the
// next tiles from overwriting what a slower thread still reads.
// Source: the classic scheme of NVIDIA's CUDA programming guide, section on shared memory.
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
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

override TILE: u32 = 16u;

var<workgroup> a_tile: array<f32, TILE * TILE>;
var<workgroup> b_tile: array<f32, TILE * TILE>;

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
            b_value = b[(start + local.y) * params.n + column];
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
