// C = A B as `blocked_8x8`, with the next slice on its way from memory while a slice is worked on.
//
// a: m x k, b: k x n, c: m x n, row-major f32, `batch` of each; a may lie as k x m (ta), b as n x k (tb). A and B are
// bound as vectors of four.
// A workgroup of 16 x 16 threads computes a patch of 128 x 128 elements of C in slices of 16 terms, 8 x 8 elements a
// thread. Of a slice each thread loads one block of 4 x 4, the lower half of the threads of A, the upper half of B (whole
// subgroups of either), into registers: it stores the block to shared memory, barrier, begins to load its block of the
// next slice, adds 16 outer products of eight by eight, barrier. What it has asked for need not have come before the next
// store, so that the products hide the way from memory. The price is 16 registers a thread, and sizes that are fixed.
// Which elements of the patch a thread has, LX x LY lanes a tile, is as in `blocked_8x8`.
// The rest is as in `blocked_8x8`.
// Source of the idea: S. Boehm, "How to optimize a CUDA matmul kernel", kernels 6 and 9, and the software pipeline of NVIDIA's
// CUTLASS.
//
// workgroups: batch * div_ceil(n, 128) * div_ceil(m, 128)
// turns: div_ceil(k, 16) * 5

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

// 256 threads for 128 blocks of A and 128 of B: one each.
const WX: u32 = 16u;
const WY: u32 = 16u;
const BK: u32 = 16u;
// Lanes of a tile along the columns and the rows of C.
override LX: u32 = WX;
override LY: u32 = WY;
// Whether A, and whether B, lies transposed in memory. Constants: the compiler keeps one branch of each `if`.
override SIZE_TA: u32 = 0u;
override SIZE_TB: u32 = 0u;

// Vectors from one term of a slice to the next.
const A_STRIDE: u32 = 2u * WY + 1u;
const B_STRIDE: u32 = 2u * WX;

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

// The block of a slice that a thread loads, one vector a term: of A for the lower half of the threads, of B for the upper.
fn fetch(a_start: u32, b_start: u32, corner: vec2<u32>, quad: u32, term: u32, of_a: bool) -> mat4x4<f32> {
    if of_a {
        let row = corner.y + 4u * quad;
        if SIZE_TA == 1u {
            return mat4x4(
                a_quad(a_start, term, row),
                a_quad(a_start, term + 1u, row),
                a_quad(a_start, term + 2u, row),
                a_quad(a_start, term + 3u, row),
            );
        }
        return transpose(mat4x4(
            a_quad(a_start, row, term),
            a_quad(a_start, row + 1u, term),
            a_quad(a_start, row + 2u, term),
            a_quad(a_start, row + 3u, term),
        ));
    }
    let column = corner.x + 4u * quad;
    if SIZE_TB == 1u {
        return transpose(mat4x4(
            b_quad(b_start, column, term),
            b_quad(b_start, column + 1u, term),
            b_quad(b_start, column + 2u, term),
            b_quad(b_start, column + 3u, term),
        ));
    }
    return mat4x4(
        b_quad(b_start, term, column),
        b_quad(b_start, term + 1u, column),
        b_quad(b_start, term + 2u, column),
        b_quad(b_start, term + 3u, column),
    );
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
    // Along the side that lies without a gap in memory: neighbours read neighbouring vectors.
    let of_a = thread < 128u;
    let number_of_block = thread % 128u;
    let along_terms = select(SIZE_TB == 1u, SIZE_TA == 0u, of_a);
    let quad = select(number_of_block % 32u, number_of_block / 4u, along_terms);
    let p = 4u * select(number_of_block / 32u, number_of_block % 4u, along_terms);
    let corner = vec2(left, top);
    let lane = thread % (LX * LY);
    let tile = thread / (LX * LY);
    let tile_at = vec2(2u * LX * (tile % (WX / LX)), 2u * LY * (tile / (WX / LX)));
    let place = tile_at + vec2(lane % LX, lane / LX);
    var sums: array<vec4<f32>, 16>;
    var block = fetch(a_start, b_start, corner, quad, p, of_a);
    for (var start = 0u; start < params.k; start += BK) {
        if of_a {
            let at = p * A_STRIDE + quad;
            a_tile[at] = block[0];
            a_tile[at + A_STRIDE] = block[1];
            a_tile[at + 2u * A_STRIDE] = block[2];
            a_tile[at + 3u * A_STRIDE] = block[3];
        } else {
            let at = p * B_STRIDE + quad;
            b_tile[at] = block[0];
            b_tile[at + B_STRIDE] = block[1];
            b_tile[at + 2u * B_STRIDE] = block[2];
            b_tile[at + 3u * B_STRIDE] = block[3];
        }
        workgroupBarrier();
        // Zeros past the last slice; nobody uses them.
        block = fetch(a_start, b_start, corner, quad, start + BK + p, of_a);
        // Four terms a turn, written out: naga unrolls nothing.
        for (var q = 0u; q < BK; q += 4u) {
            add_term(&sums, q, place);
            add_term(&sums, q + 1u, place);
            add_term(&sums, q + 2u, place);
            add_term(&sums, q + 3u, place);
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
