// C = A B with tiles of A and B in shared memory: the third kernel of the thesis (matmul3).
//
// a: m x k, b: k x n, c: m x n, row-major f32, `batch` of each; a may lie as k x m (ta), b as n x k (tb).
// A workgroup of TILE x TILE threads computes a TILE x TILE patch of C, a thread one element. The patch walks along k:
// load a tile of A and one of B (zeros past the edges), barrier, add TILE products, barrier. Each element is read from
// global memory k / TILE times fewer than in `naive`. The first barrier makes the tiles visible, the second keeps the
// next tiles from overwriting what a slower thread still reads.
// Where a matrix lies transposed, the threads that load it swap their coordinates, so that neighbours still read
// neighbouring elements.
// Source: the classic scheme of NVIDIA's CUDA programming guide, section on shared memory.
//
// workgroups: batch * div_ceil(n, TILE) * div_ceil(m, TILE)
// turns: div_ceil(k, TILE) * (TILE + 1)

struct Params {
    m: u32,
    n: u32,
    k: u32,
    batch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

override TILE: u32 = 16u;
// Whether A, and whether B, lies transposed in memory. Constants: the compiler keeps one branch of each `if`.
override SIZE_TA: u32 = 0u;
override SIZE_TB: u32 = 0u;

var<workgroup> a_tile: array<f32, TILE * TILE>;
var<workgroup> b_tile: array<f32, TILE * TILE>;

@compute @workgroup_size(TILE, TILE)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches_x = (params.n + TILE - 1u) / TILE;
    let patches = patches_x * ((params.m + TILE - 1u) / TILE);
    let product = number / patches;
    if product >= params.batch {
        return;
    }
    let top = (number % patches / patches_x) * TILE;
    let left = (number % patches_x) * TILE;
    let a_start = product * params.m * params.k;
    let b_start = product * params.k * params.n;
    // The elements of the tiles that this thread loads: x along the rows as they lie in memory.
    var a_cell = local.yx;
    if SIZE_TA == 1u {
        a_cell = local.xy;
    }
    var b_cell = local.yx;
    if SIZE_TB == 1u {
        b_cell = local.xy;
    }
    var sum = 0.0;
    for (var start = 0u; start < params.k; start += TILE) {
        // `select` would evaluate both sides; the branch keeps reads inside the matrices.
        var a_value = 0.0;
        let a_row = top + a_cell.x;
        let a_term = start + a_cell.y;
        if a_row < params.m && a_term < params.k {
            if SIZE_TA == 1u {
                a_value = a[a_start + a_term * params.m + a_row];
            } else {
                a_value = a[a_start + a_row * params.k + a_term];
            }
        }
        var b_value = 0.0;
        let b_term = start + b_cell.x;
        let b_column = left + b_cell.y;
        if b_term < params.k && b_column < params.n {
            if SIZE_TB == 1u {
                b_value = b[b_start + b_column * params.k + b_term];
            } else {
                b_value = b[b_start + b_term * params.n + b_column];
            }
        }
        a_tile[a_cell.x * TILE + a_cell.y] = a_value;
        b_tile[b_cell.x * TILE + b_cell.y] = b_value;
        workgroupBarrier();
        for (var p = 0u; p < TILE; p++) {
            sum += a_tile[local.y * TILE + p] * b_tile[p * TILE + local.x];
        }
        workgroupBarrier();
    }
    let row = top + local.y;
    let column = left + local.x;
    if row < params.m && column < params.n {
        c[(product * params.m + row) * params.n + column] = sum;
    }
}
