// C = A B, tiles of A and B in shared memory and 4 x 4 elements a thread in registers.
//
// a: m x k, b: k x n, c: m x n, row-major f32; A and B are bound as vectors of four.
// A workgroup of WX x WY threads computes a patch of 4 WY rows and 4 WX columns of C (64 x 64 by default); thread (x, y)
// has rows 4y..4y+3 and columns 4x..4x+3 of it. The patch walks along k in slices of BK terms (a multiple of four): all
// threads load the slices of A and B in vectors (zeros past the edges), barrier, each thread adds BK outer products of
// four elements of A by four of B, barrier. Two vector reads of shared memory feed 16 fused multiply-adds; in `tiled`
// two reads feed one.
// The slice of A is stored transposed, so that a thread's four rows are one vector; its rows are one vector longer than
// needed, so that the stores of neighbouring blocks meet different banks. A thread transposes a block of 4 x 4 and stores
// whole vectors: WGSL lets a store of one component touch the others, so threads must not share a vector; for that reason
// C is bound as scalars, too. The first barrier makes the slices visible, the second keeps the next ones from overwriting
// what a slower thread still reads.
// Where k or n is no multiple of four, the rows in memory are not aligned and elements are read one by one; the rest is
// the same.
// Source of the idea: S. Boehm, "How to optimize a CUDA matmul kernel", kernels 5 and 6.
//
// workgroups: div_ceil(n, 4 * WX) * div_ceil(m, 4 * WY)
// turns: div_ceil(k, BK) * (BK / 4 + div_ceil(BK, 4 * WX) + div_ceil(BK, WY) + 3)

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

// Row p holds term p of the slice: of A for all rows of the patch, of B for all its columns.
var<workgroup> a_tile: array<vec4<f32>, BK * (WY + 1u)>;
var<workgroup> b_tile: array<vec4<f32>, BK * WX>;

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
fn add_term(sums: ptr<function, array<vec4<f32>, 4>>, p: u32, local: vec2<u32>) {
    let rows = a_tile[p * (WY + 1u) + local.y];
    let columns = b_tile[p * WX + local.x];
    (*sums)[0] = fma(vec4(rows.x), columns, (*sums)[0]);
    (*sums)[1] = fma(vec4(rows.y), columns, (*sums)[1]);
    (*sums)[2] = fma(vec4(rows.z), columns, (*sums)[2]);
    (*sums)[3] = fma(vec4(rows.w), columns, (*sums)[3]);
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
    let patches = (params.n + 4u * WX - 1u) / (4u * WX);
    let top = (patch_number / patches) * 4u * WY;
    let left = (patch_number % patches) * 4u * WX;
    var sums: array<vec4<f32>, 4>;
    for (var start = 0u; start < params.k; start += BK) {
        for (var v = thread; v < WY * (BK / 4u); v += WX * WY) {
            let quad = v / (BK / 4u);
            let p = 4u * (v % (BK / 4u));
            let block = transpose(mat4x4(
                a_quad(top + 4u * quad, start + p),
                a_quad(top + 4u * quad + 1u, start + p),
                a_quad(top + 4u * quad + 2u, start + p),
                a_quad(top + 4u * quad + 3u, start + p),
            ));
            let at = p * (WY + 1u) + quad;
            a_tile[at] = block[0];
            a_tile[at + (WY + 1u)] = block[1];
            a_tile[at + 2u * (WY + 1u)] = block[2];
            a_tile[at + 3u * (WY + 1u)] = block[3];
        }
        for (var v = thread; v < WX * BK; v += WX * WY) {
            b_tile[v] = b_quad(start + v / WX, left + 4u * (v % WX));
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
    store(row + 1u, column, sums[1]);
    store(row + 2u, column, sums[2]);
    store(row + 3u, column, sums[3]);
}
