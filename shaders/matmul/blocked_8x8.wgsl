// C = A B, tiles of A and B in shared memory and 8 x 8 elements a thread in registers.
//
// a: m x k, b: k x n, c: m x n, row-major f32, `batch` of each; a may lie as k x m (ta), b as n x k (tb). A and B are
// bound as vectors of four.
// A workgroup of WX x WY threads computes a patch of 8 WY rows and 8 WX columns of C (128 x 128 by default). As
// `blocked_4x4`, with twice the rows and columns a thread: four vector reads of shared memory feed 64 fused
// multiply-adds.
// The patch is made of tiles of 8 LY rows and 8 LX columns, one for each LX x LY threads that follow one another (LX
// divides WX, LY divides WY); by default there is one, the patch itself. Lane (x, y) of these has rows 4y..4y+3 of the
// tile's upper and of its lower half, and columns 4x..4x+3 of its left and of its right half: neighbours read neighbouring
// vectors, so that no two threads of a subgroup want different words of one bank. Where LX x LY is the subgroup's size the
// tile is a warp tile: for a term 32 lanes as 4 x 8 want 24 different vectors, each broadcast to several lanes, where two
// rows of 16 want 36. It is an arrangement of threads and asks nothing of the device: right for subgroups of any size.
// Large products only: a patch of 128 x 128 leaves processors idle below some 1500 x 1500, and 64 sums, 16 operands and
// addresses want 100 registers a thread.
// The transposed, padded slice of A and the edges are as in `blocked_4x4`. So are the barriers: the first makes the slices
// visible, the second keeps the next ones from overwriting what a slower thread still reads.
// Source of the idea: S. Boehm, "How to optimize a CUDA matmul kernel", kernels 6, 9 and (warp tiles) 10.
//
// workgroups: batch * div_ceil(n, 8 * WX) * div_ceil(m, 8 * WY)
// turns: div_ceil(k, BK) * (BK / 4 + div_ceil(BK, 2 * WX) + div_ceil(2 * BK, WY) + 3)

struct Params {
    m: u32,
    n: u32,
    k: u32,
    batch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

override WX: u32 = 16u;
override WY: u32 = 16u;
override BK: u32 = 16u;
// Lanes of a tile along the columns and the rows of C.
override LX: u32 = WX;
override LY: u32 = WY;
// Whether A, and whether B, lies transposed in memory. Constants: the compiler keeps one branch of each `if`.
override SIZE_TA: u32 = 0u;
override SIZE_TB: u32 = 0u;

// Vectors from one term of a slice to the next.
override A_STRIDE: u32 = 2u * WY + 1u;
override B_STRIDE: u32 = 2u * WX;

// Row p holds term p of the slice: of A for all rows of the patch, of B for all its columns.
var<workgroup> a_tile: array<vec4<f32>, BK * A_STRIDE>;
var<workgroup> b_tile: array<vec4<f32>, BK * B_STRIDE>;

// Four elements of a row of A as it lies in memory (of k terms, or of m rows where it is transposed) from `start` on;
// zeros past the edges.
fn a_quad(start: u32, row: u32, column: u32) -> vec4<f32> {
    let rows = select(params.m, params.k, SIZE_TA == 1u);
    let columns = select(params.k, params.m, SIZE_TA == 1u);
    if row >= rows || column >= columns {
        return vec4<f32>();
    }
    let i = start + row * columns + column;
    if columns % 4u == 0u {
        return a[i / 4u];
    }
    var quad = vec4(a[i / 4u][i % 4u], 0.0, 0.0, 0.0);
    if column + 1u < columns { quad.y = a[(i + 1u) / 4u][(i + 1u) % 4u]; }
    if column + 2u < columns { quad.z = a[(i + 2u) / 4u][(i + 2u) % 4u]; }
    if column + 3u < columns { quad.w = a[(i + 3u) / 4u][(i + 3u) % 4u]; }
    return quad;
}

// The same of B: a row of n columns, or of k terms where it is transposed.
fn b_quad(start: u32, row: u32, column: u32) -> vec4<f32> {
    let rows = select(params.k, params.n, SIZE_TB == 1u);
    let columns = select(params.n, params.k, SIZE_TB == 1u);
    if row >= rows || column >= columns {
        return vec4<f32>();
    }
    let i = start + row * columns + column;
    if columns % 4u == 0u {
        return b[i / 4u];
    }
    var quad = vec4(b[i / 4u][i % 4u], 0.0, 0.0, 0.0);
    if column + 1u < columns { quad.y = b[(i + 1u) / 4u][(i + 1u) % 4u]; }
    if column + 2u < columns { quad.z = b[(i + 2u) / 4u][(i + 2u) % 4u]; }
    if column + 3u < columns { quad.w = b[(i + 3u) / 4u][(i + 3u) % 4u]; }
    return quad;
}

// Adds the outer product of term p; `place` is where the thread's columns and rows begin, in vectors.
fn add_term(sums: ptr<function, array<vec4<f32>, 16>>, p: u32, place: vec2<u32>) {
    let upper = a_tile[p * A_STRIDE + place.y];
    let lower = a_tile[p * A_STRIDE + LY + place.y];
    let left = b_tile[p * B_STRIDE + place.x];
    let right = b_tile[p * B_STRIDE + LX + place.x];
    (*sums)[0] = fma(vec4(upper.x), left, (*sums)[0]);
    (*sums)[1] = fma(vec4(upper.x), right, (*sums)[1]);
    (*sums)[2] = fma(vec4(upper.y), left, (*sums)[2]);
    (*sums)[3] = fma(vec4(upper.y), right, (*sums)[3]);
    (*sums)[4] = fma(vec4(upper.z), left, (*sums)[4]);
    (*sums)[5] = fma(vec4(upper.z), right, (*sums)[5]);
    (*sums)[6] = fma(vec4(upper.w), left, (*sums)[6]);
    (*sums)[7] = fma(vec4(upper.w), right, (*sums)[7]);
    (*sums)[8] = fma(vec4(lower.x), left, (*sums)[8]);
    (*sums)[9] = fma(vec4(lower.x), right, (*sums)[9]);
    (*sums)[10] = fma(vec4(lower.y), left, (*sums)[10]);
    (*sums)[11] = fma(vec4(lower.y), right, (*sums)[11]);
    (*sums)[12] = fma(vec4(lower.z), left, (*sums)[12]);
    (*sums)[13] = fma(vec4(lower.z), right, (*sums)[13]);
    (*sums)[14] = fma(vec4(lower.w), left, (*sums)[14]);
    (*sums)[15] = fma(vec4(lower.w), right, (*sums)[15]);
}

fn store(start: u32, row: u32, column: u32, sums: vec4<f32>) {
    if row >= params.m {
        return;
    }
    let at = start + row * params.n + column;
    if column < params.n { c[at] = sums.x; }
    if column + 1u < params.n { c[at + 1u] = sums.y; }
    if column + 2u < params.n { c[at + 2u] = sums.z; }
    if column + 3u < params.n { c[at + 3u] = sums.w; }
}

@compute @workgroup_size(WX, WY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches_x = (params.n + 8u * WX - 1u) / (8u * WX);
    let patches = patches_x * ((params.m + 8u * WY - 1u) / (8u * WY));
    let product = number / patches;
    if product >= params.batch {
        return;
    }
    let top = (number % patches / patches_x) * 8u * WY;
    let left = (number % patches_x) * 8u * WX;
    let a_start = product * params.m * params.k;
    let b_start = product * params.k * params.n;
    let c_start = product * params.m * params.n;
    let lane = thread % (LX * LY);
    let tile = thread / (LX * LY);
    let tile_at = vec2(2u * LX * (tile % (WX / LX)), 2u * LY * (tile / (WX / LX)));
    let place = tile_at + vec2(lane % LX, lane / LX);
    var sums: array<vec4<f32>, 16>;
    for (var start = 0u; start < params.k; start += BK) {
        for (var v = thread; v < 2u * WY * (BK / 4u); v += WX * WY) {
            var block: mat4x4<f32>;
            var quad: u32;
            var p: u32;
            if SIZE_TA == 1u {
                quad = v % (2u * WY);
                p = 4u * (v / (2u * WY));
                block = mat4x4(
                    a_quad(a_start, start + p, top + 4u * quad),
                    a_quad(a_start, start + p + 1u, top + 4u * quad),
                    a_quad(a_start, start + p + 2u, top + 4u * quad),
                    a_quad(a_start, start + p + 3u, top + 4u * quad),
                );
            } else {
                quad = v / (BK / 4u);
                p = 4u * (v % (BK / 4u));
                block = transpose(mat4x4(
                    a_quad(a_start, top + 4u * quad, start + p),
                    a_quad(a_start, top + 4u * quad + 1u, start + p),
                    a_quad(a_start, top + 4u * quad + 2u, start + p),
                    a_quad(a_start, top + 4u * quad + 3u, start + p),
                ));
            }
            let at = p * A_STRIDE + quad;
            a_tile[at] = block[0];
            a_tile[at + A_STRIDE] = block[1];
            a_tile[at + 2u * A_STRIDE] = block[2];
            a_tile[at + 3u * A_STRIDE] = block[3];
        }
        if SIZE_TB == 1u {
            for (var v = thread; v < B_STRIDE * (BK / 4u); v += WX * WY) {
                let quad = v / (BK / 4u);
                let p = 4u * (v % (BK / 4u));
                let block = transpose(mat4x4(
                    b_quad(b_start, left + 4u * quad, start + p),
                    b_quad(b_start, left + 4u * quad + 1u, start + p),
                    b_quad(b_start, left + 4u * quad + 2u, start + p),
                    b_quad(b_start, left + 4u * quad + 3u, start + p),
                ));
                let at = p * B_STRIDE + quad;
                b_tile[at] = block[0];
                b_tile[at + B_STRIDE] = block[1];
                b_tile[at + 2u * B_STRIDE] = block[2];
                b_tile[at + 3u * B_STRIDE] = block[3];
            }
        } else {
            for (var v = thread; v < B_STRIDE * BK; v += WX * WY) {
                b_tile[v] = b_quad(b_start, start + v / B_STRIDE, left + 4u * (v % B_STRIDE));
            }
        }
        workgroupBarrier();
        // Four terms a turn, written out: naga unrolls nothing.
        for (var p = 0u; p < BK; p += 4u) {
            add_term(&sums, p, place);
            add_term(&sums, p + 1u, place);
            add_term(&sums, p + 2u, place);
            add_term(&sums, p + 3u, place);
        }
        workgroupBarrier();
    }
    let row = top + 4u * place.y;
    let column = left + 4u * place.x;
    store(c_start, row, column, sums[0]);
    store(c_start, row, column + 4u * LX, sums[1]);
    store(c_start, row + 1u, column, sums[2]);
    store(c_start, row + 1u, column + 4u * LX, sums[3]);
    store(c_start, row + 2u, column, sums[4]);
    store(c_start, row + 2u, column + 4u * LX, sums[5]);
    store(c_start, row + 3u, column, sums[6]);
    store(c_start, row + 3u, column + 4u * LX, sums[7]);
    store(c_start, row + 4u * LY, column, sums[8]);
    store(c_start, row + 4u * LY, column + 4u * LX, sums[9]);
    store(c_start, row + 4u * LY + 1u, column, sums[10]);
    store(c_start, row + 4u * LY + 1u, column + 4u * LX, sums[11]);
    store(c_start, row + 4u * LY + 2u, column, sums[12]);
    store(c_start, row + 4u * LY + 2u, column + 4u * LX, sums[13]);
    store(c_start, row + 4u * LY + 3u, column, sums[14]);
    store(c_start, row + 4u * LY + 3u, column + 4u * LX, sums[15]);
}
