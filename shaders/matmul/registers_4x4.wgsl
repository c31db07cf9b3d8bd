// C = A B, 4 x 4 elements a thread in registers, no shared memory.
//
// a: m x k, b: k x n, c: m x n, row-major f32; A and B are bound as vectors of four.
// A workgroup of WX x WY threads computes a patch of 4 WY rows and 4 WX columns of C; thread (x, y) has rows 4y..4y+3 and
// columns 4x..4x+3 of it. Where k and n are multiples of four, it walks along k four terms at a time: four vectors of A
// and four of B feed 64 fused multiply-adds, so that caches, not a barrier, share what the neighbours read too. Elsewhere
// the rows are not aligned and elements are read one by one. Rows and columns past the edge read the last one that exists
// and are not stored. No shared memory, no barrier.
// Source of the idea: the barrier-free kernels that suit Apple's GPUs and CPUs posing as GPUs (jott.live, "WebGPU
// performance on the M1").
//
// workgroups: div_ceil(n, 4 * WX) * div_ceil(m, 4 * WY)
// turns: k

struct Params {
    m: u32,
    n: u32,
    k: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

override WX: u32 = 8u;
override WY: u32 = 8u;

// The sums of four rows by four columns.
struct Sums {
    r0: vec4<f32>,
    r1: vec4<f32>,
    r2: vec4<f32>,
    r3: vec4<f32>,
}

fn aligned(rows: vec4<u32>, column: u32) -> Sums {
    let a_stride = params.k / 4u;
    let b_stride = params.n / 4u;
    let at = rows * a_stride;
    let quad = column / 4u;
    var r0 = vec4<f32>();
    var r1 = vec4<f32>();
    var r2 = vec4<f32>();
    var r3 = vec4<f32>();
    for (var p = 0u; p < a_stride; p++) {
        let a0 = a[at.x + p];
        let a1 = a[at.y + p];
        let a2 = a[at.z + p];
        let a3 = a[at.w + p];
        let b_at = 4u * p * b_stride + quad;
        let b0 = b[b_at];
        r0 = fma(vec4(a0.x), b0, r0);
        r1 = fma(vec4(a1.x), b0, r1);
        r2 = fma(vec4(a2.x), b0, r2);
        r3 = fma(vec4(a3.x), b0, r3);
        let b1 = b[b_at + b_stride];
        r0 = fma(vec4(a0.y), b1, r0);
        r1 = fma(vec4(a1.y), b1, r1);
        r2 = fma(vec4(a2.y), b1, r2);
        r3 = fma(vec4(a3.y), b1, r3);
        let b2 = b[b_at + 2u * b_stride];
        r0 = fma(vec4(a0.z), b2, r0);
        r1 = fma(vec4(a1.z), b2, r1);
        r2 = fma(vec4(a2.z), b2, r2);
        r3 = fma(vec4(a3.z), b2, r3);
        let b3 = b[b_at + 3u * b_stride];
        r0 = fma(vec4(a0.w), b3, r0);
        r1 = fma(vec4(a1.w), b3, r1);
        r2 = fma(vec4(a2.w), b3, r2);
        r3 = fma(vec4(a3.w), b3, r3);
    }
    return Sums(r0, r1, r2, r3);
}

fn a_at(i: u32) -> f32 {
    return a[i / 4u][i % 4u];
}

fn b_at(i: u32) -> f32 {
    return b[i / 4u][i % 4u];
}

fn unaligned(rows: vec4<u32>, column: u32) -> Sums {
    let at = rows * params.k;
    let columns = min(vec4(column) + vec4(0u, 1u, 2u, 3u), vec4(params.n - 1u));
    var r0 = vec4<f32>();
    var r1 = vec4<f32>();
    var r2 = vec4<f32>();
    var r3 = vec4<f32>();
    for (var p = 0u; p < params.k; p++) {
        let i = columns + vec4(p * params.n);
        let row = vec4(b_at(i.x), b_at(i.y), b_at(i.z), b_at(i.w));
        r0 = fma(vec4(a_at(at.x + p)), row, r0);
        r1 = fma(vec4(a_at(at.y + p)), row, r1);
        r2 = fma(vec4(a_at(at.z + p)), row, r2);
        r3 = fma(vec4(a_at(at.w + p)), row, r3);
    }
    return Sums(r0, r1, r2, r3);
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
) {
    let patch_number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches = (params.n + 4u * WX - 1u) / (4u * WX);
    let row = 4u * ((patch_number / patches) * WY + local.y);
    let column = 4u * ((patch_number % patches) * WX + local.x);
    if row >= params.m || column >= params.n {
        return;
    }
    let rows = min(vec4(row) + vec4(0u, 1u, 2u, 3u), vec4(params.m - 1u));
    var sums: Sums;
    if (params.k | params.n) % 4u == 0u {
        sums = aligned(rows, column);
    } else {
        sums = unaligned(rows, column);
    }
    store(row, column, sums.r0);
    store(row + 1u, column, sums.r1);
    store(row + 2u, column, sums.r2);
    store(row + 3u, column, sums.r3);
}
