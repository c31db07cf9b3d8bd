// C = A B, tiles of A and B in shared memory and 8 x 4 elements a thread in registers.
//
// a: m x k, b: k x n, c: m x n, row-major f32, `batch` of each; a may lie as k x m (ta), b as n x k (tb). A and B are
// bound as vectors of four.
// A workgroup of WX x WY threads computes a patch of 8 WY rows and 4 WX columns of C (128 x 64 by default). Between
// `blocked_4x4` and `blocked_8x8`: three vector reads of shared memory feed 32 fused multiply-adds, with half the sums a
// thread of the latter, so that more subgroups fit a processor. Thread (x, y) has rows 4y..4y+3 of the patch's upper and
// of its lower half, and columns 4x..4x+3.
// The transposed, padded slice of A and the edges are as in `blocked_4x4`. So are the barriers: the first makes the slices
// visible, the second keeps the next ones from overwriting what a slower thread still reads.
// Source of the idea: S. Boehm, "How to optimize a CUDA matmul kernel", kernels 6 and 10.
//
// workgroups: batch * div_ceil(n, 4 * WX) * div_ceil(m, 8 * WY)
// turns: div_ceil(k, BK) * (BK / 4 + div_ceil(BK, 2 * WX) + div_ceil(BK, WY) + 3)

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
// Whether A, and whether B, lies transposed in memory. Constants: the compiler keeps one branch of each `if`.
override SIZE_TA: u32 = 0u;
override SIZE_TB: u32 = 0u;

// Vectors from one term of a slice of A to the next.
override A_STRIDE: u32 = 2u * WY + 1u;

// Row p holds term p of the slice: of A for all rows of the patch, of B for all its columns.
var<workgroup> a_tile: array<vec4<f32>, BK * A_STRIDE>;
var<workgroup> b_tile: array<vec4<f32>, BK * WX>;

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

// Adds the outer product of term p.
fn add_term(sums: ptr<function, array<vec4<f32>, 8>>, p: u32, local: vec2<u32>) {
    let upper = a_tile[p * A_STRIDE + local.y];
    let lower = a_tile[p * A_STRIDE + WY + local.y];
    let columns = b_tile[p * WX + local.x];
    (*sums)[0] = fma(vec4(upper.x), columns, (*sums)[0]);
    (*sums)[1] = fma(vec4(upper.y), columns, (*sums)[1]);
    (*sums)[2] = fma(vec4(upper.z), columns, (*sums)[2]);
    (*sums)[3] = fma(vec4(upper.w), columns, (*sums)[3]);
    (*sums)[4] = fma(vec4(lower.x), columns, (*sums)[4]);
    (*sums)[5] = fma(vec4(lower.y), columns, (*sums)[5]);
    (*sums)[6] = fma(vec4(lower.z), columns, (*sums)[6]);
    (*sums)[7] = fma(vec4(lower.w), columns, (*sums)[7]);
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
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches_x = (params.n + 4u * WX - 1u) / (4u * WX);
    let patches = patches_x * ((params.m + 8u * WY - 1u) / (8u * WY));
    let product = number / patches;
    if product >= params.batch {
        return;
    }
    let top = (number % patches / patches_x) * 8u * WY;
    let left = (number % patches_x) * 4u * WX;
    let a_start = product * params.m * params.k;
    let b_start = product * params.k * params.n;
    let c_start = product * params.m * params.n;
    var sums: array<vec4<f32>, 8>;
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
            for (var v = thread; v < WX * (BK / 4u); v += WX * WY) {
                let quad = v / (BK / 4u);
                let p = 4u * (v % (BK / 4u));
                let block = transpose(mat4x4(
                    b_quad(b_start, left + 4u * quad, start + p),
                    b_quad(b_start, left + 4u * quad + 1u, start + p),
                    b_quad(b_start, left + 4u * quad + 2u, start + p),
                    b_quad(b_start, left + 4u * quad + 3u, start + p),
                ));
                let at = p * WX + quad;
                b_tile[at] = block[0];
                b_tile[at + WX] = block[1];
                b_tile[at + 2u * WX] = block[2];
                b_tile[at + 3u * WX] = block[3];
            }
        } else {
            for (var v = thread; v < WX * BK; v += WX * WY) {
                b_tile[v] = b_quad(b_start, start + v / WX, left + 4u * (v % WX));
            }
        }
        workgroupBarrier();
        // Four terms a turn, written out: naga unrolls nothing.
        for (var p = 0u; p < BK; p += 4u) {
            add_term(&sums, p, local.xy);
            add_term(&sums, p + 1u, local.xy);
            add_term(&sums, p + 2u, local.xy);
            add_term(&sums, p + 3u, local.xy);
        }
        workgroupBarrier();
    }
    let row = top + 4u * local.y;
    let column = left + 4u * local.x;
    store(c_start, row, column, sums[0]);
    store(c_start, row + 1u, column, sums[1]);
    store(c_start, row + 2u, column, sums[2]);
    store(c_start, row + 3u, column, sums[3]);
    let below = row + 4u * WY;
    store(c_start, below, column, sums[4]);
    store(c_start, below + 1u, column, sums[5]);
    store(c_start, below + 2u, column, sums[6]);
    store(c_start, below + 3u, column, sums[7]);
}
