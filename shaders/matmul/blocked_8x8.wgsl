// C = A B, tiles of A and B in shared memory and 8 x 8 elements a thread in registers.
//
// a: m x k, b: k x n, c: m x n, row-major f32; A and B are bound as vectors of four.
// A workgroup of WX x WY threads computes a patch of 8 WY rows and 8 WX columns of C (128 x 128 by default). As
// `blocked_4x4`, with twice the rows and columns a thread: four vector reads of shared memory feed 64 fused
// multiply-adds. Thread (x, y) has rows 4y..4y+3 of the patch's upper and of its lower half, and columns 4x..4x+3 of its
// left and of its right half: neighbours read neighbouring vectors, so that no two threads of a subgroup want different
// words of one bank.
// Large products only: a patch of 128 x 128 leaves processors idle below some 1500 x 1500, and 64 sums, 16 operands and
// addresses want 100 registers a thread.
// The transposed, padded slice of A and the edges are as in `blocked_4x4`. So are the barriers: the first makes the slices
// visible, the second keeps the next ones from overwriting what a slower thread still reads.
// Source of the idea: S. Boehm, "How to optimize a CUDA matmul kernel", kernels 6 and 9.
//
// workgroups: div_ceil(n, 8 * WX) * div_ceil(m, 8 * WY)
// turns: div_ceil(k, BK) * (BK / 4 + div_ceil(BK, 2 * WX) + div_ceil(2 * BK, WY) + 3)

struct Params {
    m: u32,
    n: u32,
    k: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

override WX: u32 = 16u;
override WY: u32 = 16u;
override BK: u32 = 16u;

// Vectors from one term of a slice to the next.
override A_STRIDE: u32 = 2u * WY + 1u;
override B_STRIDE: u32 = 2u * WX;

// Row p holds term p of the slice: of A for all rows of the patch, of B for all its columns.
var<workgroup> a_tile: array<vec4<f32>, BK * A_STRIDE>;
var<workgroup> b_tile: array<vec4<f32>, BK * B_STRIDE>;

fn a_at(row: u32, p: u32) -> f32 {
    if row >= params.m || p >= params.k {
        return 0.0;
    }
    let i = row * params.k + p;
    return a[i / 4u][i % 4u];
}

fn b_at(p: u32, column: u32) -> f32 {
    if p >= params.k || column >= params.n {
        return 0.0;
    }
    let i = p * params.n + column;
    return b[i / 4u][i % 4u];
}

// Four terms of one row of A; zeros past the edges.
fn a_quad(row: u32, p: u32) -> vec4<f32> {
    if params.k % 4u != 0u {
        return vec4(a_at(row, p), a_at(row, p + 1u), a_at(row, p + 2u), a_at(row, p + 3u));
    }
    if row >= params.m || p >= params.k {
        return vec4<f32>();
    }
    return a[(row * params.k + p) / 4u];
}

// Four columns of one row of B; zeros past the edges.
fn b_quad(p: u32, column: u32) -> vec4<f32> {
    if params.n % 4u != 0u {
        return vec4(b_at(p, column), b_at(p, column + 1u), b_at(p, column + 2u), b_at(p, column + 3u));
    }
    if p >= params.k || column >= params.n {
        return vec4<f32>();
    }
    return b[(p * params.n + column) / 4u];
}

// Adds the outer product of term p.
fn add_term(sums: ptr<function, array<vec4<f32>, 16>>, p: u32, local: vec2<u32>) {
    let upper = a_tile[p * A_STRIDE + local.y];
    let lower = a_tile[p * A_STRIDE + WY + local.y];
    let left = b_tile[p * B_STRIDE + local.x];
    let right = b_tile[p * B_STRIDE + WX + local.x];
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

fn store(row: u32, column: u32, sums: vec4<f32>) {
    if row >= params.m {
        return;
    }
    let at = row * params.n + column;
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
    let patch_number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches = (params.n + 8u * WX - 1u) / (8u * WX);
    let top = (patch_number / patches) * 8u * WY;
    let left = (patch_number % patches) * 8u * WX;
    var sums: array<vec4<f32>, 16>;
    for (var start = 0u; start < params.k; start += BK) {
        for (var v = thread; v < 2u * WY * (BK / 4u); v += WX * WY) {
            let quad = v / (BK / 4u);
            let p = 4u * (v % (BK / 4u));
            let block = transpose(mat4x4(
                a_quad(top + 4u * quad, start + p),
                a_quad(top + 4u * quad + 1u, start + p),
                a_quad(top + 4u * quad + 2u, start + p),
                a_quad(top + 4u * quad + 3u, start + p),
            ));
            let at = p * A_STRIDE + quad;
            a_tile[at] = block[0];
            a_tile[at + A_STRIDE] = block[1];
            a_tile[at + 2u * A_STRIDE] = block[2];
            a_tile[at + 3u * A_STRIDE] = block[3];
        }
        for (var v = thread; v < 2u * WX * BK; v += WX * WY) {
            b_tile[v] = b_quad(start + v / B_STRIDE, left + 4u * (v % B_STRIDE));
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
    store(row, column, sums[0]);
    store(row, column + 4u * WX, sums[1]);
    store(row + 1u, column, sums[2]);
    store(row + 1u, column + 4u * WX, sums[3]);
    store(row + 2u, column, sums[4]);
    store(row + 2u, column + 4u * WX, sums[5]);
    store(row + 3u, column, sums[6]);
    store(row + 3u, column + 4u * WX, sums[7]);
    store(row + 4u * WY, column, sums[8]);
    store(row + 4u * WY, column + 4u * WX, sums[9]);
    store(row + 4u * WY + 1u, column, sums[10]);
    store(row + 4u * WY + 1u, column + 4u * WX, sums[11]);
    store(row + 4u * WY + 2u, column, sums[12]);
    store(row + 4u * WY + 2u, column + 4u * WX, sums[13]);
    store(row + 4u * WY + 3u, column, sums[14]);
    store(row + 4u * WY + 3u, column + 4u * WX, sums[15]);
}
