// C = A B, 8 x 4 elements a thread in registers, no shared memory.
//
// a: m x k, b: k x n, c: m x n, row-major f32, `batch` of each; a may lie as k x m (ta), b as n x k (tb). A and B are
// bound as vectors of four.
// A workgroup of WX x WY threads computes a patch of 8 WY rows and 4 WX columns of C; thread (x, y) has rows
// 8y..8y+7 and columns 4x..4x+3 of it.
// Where the rows of A and of B, as they lie in memory, are a multiple of four long, it walks along k four terms at a time:
// 8 vectors of A and 4 of B feed 128 fused multiply-adds, so that caches, not a barrier, share what the neighbours
// read too. Elsewhere, and for the last terms, elements are read one by one. Rows and columns past the edge read the last
// one that exists and are not stored. No shared memory, no barrier.
// Source of the idea: the barrier-free kernels that suit Apple's GPUs and CPUs posing as GPUs (jott.live, "WebGPU
// performance on the M1").
//
// workgroups: batch * div_ceil(n, 4 * WX) * div_ceil(m, 8 * WY)
// turns: k

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

override WX: u32 = 8u;
override WY: u32 = 4u;
// Whether A, and whether B, lies transposed in memory. Constants: the compiler keeps one branch of each `if`.
override SIZE_TA: u32 = 0u;
override SIZE_TB: u32 = 0u;

// Four rows of A (`at`: where they begin, in vectors) at terms 4p..4p+3: one vector a term.
fn a_block(at: vec4<u32>, p: u32) -> mat4x4<f32> {
    if SIZE_TA == 1u {
        let step = params.m / 4u;
        let i = at.x + 4u * p * step;
        return mat4x4(a[i], a[i + step], a[i + 2u * step], a[i + 3u * step]);
    }
    return transpose(mat4x4(a[at.x + p], a[at.y + p], a[at.z + p], a[at.w + p]));
}

// The same at term p alone, element by element; `at` counts elements.
fn a_term(at: vec4<u32>, p: u32) -> vec4<f32> {
    let i = at + vec4(p * select(1u, params.m, SIZE_TA == 1u));
    return vec4(a[i.x / 4u][i.x % 4u], a[i.y / 4u][i.y % 4u], a[i.z / 4u][i.z % 4u], a[i.w / 4u][i.w % 4u]);
}

// Four columns of B (`at`: where they begin, in vectors) at terms 4p..4p+3: one vector a term.
fn b_block(at: vec4<u32>, p: u32) -> mat4x4<f32> {
    if SIZE_TB == 1u {
        return transpose(mat4x4(b[at.x + p], b[at.y + p], b[at.z + p], b[at.w + p]));
    }
    let step = params.n / 4u;
    let i = at.x + 4u * p * step;
    return mat4x4(b[i], b[i + step], b[i + 2u * step], b[i + 3u * step]);
}

// The same at term p alone, element by element; `at` counts elements.
fn b_term(at: vec4<u32>, p: u32) -> vec4<f32> {
    let i = at + vec4(p * select(params.n, 1u, SIZE_TB == 1u));
    return vec4(b[i.x / 4u][i.x % 4u], b[i.y / 4u][i.y % 4u], b[i.z / 4u][i.z % 4u], b[i.w / 4u][i.w % 4u]);
}

// Adds the outer product of one term.
fn add_term(sums: ptr<function, array<vec4<f32>, 8>>, a0: vec4<f32>, a1: vec4<f32>, b0: vec4<f32>) {
    (*sums)[0] = fma(vec4(a0.x), b0, (*sums)[0]);
    (*sums)[1] = fma(vec4(a0.y), b0, (*sums)[1]);
    (*sums)[2] = fma(vec4(a0.z), b0, (*sums)[2]);
    (*sums)[3] = fma(vec4(a0.w), b0, (*sums)[3]);
    (*sums)[4] = fma(vec4(a1.x), b0, (*sums)[4]);
    (*sums)[5] = fma(vec4(a1.y), b0, (*sums)[5]);
    (*sums)[6] = fma(vec4(a1.z), b0, (*sums)[6]);
    (*sums)[7] = fma(vec4(a1.w), b0, (*sums)[7]);
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
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches_x = (params.n + 4u * WX - 1u) / (4u * WX);
    let patches = patches_x * ((params.m + 8u * WY - 1u) / (8u * WY));
    let product = number / patches;
    let row = (number % patches / patches_x) * 8u * WY + 8u * local.y;
    let column = (number % patches_x) * 4u * WX + 4u * local.x;
    if product >= params.batch || row >= params.m || column >= params.n {
        return;
    }
    // Where rows and columns begin, in elements.
    let a_row = select(params.k, 1u, SIZE_TA == 1u);
    let b_column = select(1u, params.k, SIZE_TB == 1u);
    let a_start = product * params.m * params.k;
    let b_start = product * params.k * params.n;
    let next = vec4(0u, 1u, 2u, 3u);
    let a0 = a_start + min(row + next, vec4(params.m - 1u)) * a_row;
    let a1 = a_start + min(row + 4u + next, vec4(params.m - 1u)) * a_row;
    let b0 = b_start + min(column + next, vec4(params.n - 1u)) * b_column;
    var sums: array<vec4<f32>, 8>;
    var p = 0u;
    if (select(params.k, params.m, SIZE_TA == 1u) | select(params.n, params.k, SIZE_TB == 1u)) % 4u == 0u {
        for (; p < params.k / 4u; p++) {
            let a0_block = a_block(a0 / 4u, p);
            let a1_block = a_block(a1 / 4u, p);
            let b0_block = b_block(b0 / 4u, p);
            add_term(&sums, a0_block[0], a1_block[0], b0_block[0]);
            add_term(&sums, a0_block[1], a1_block[1], b0_block[1]);
            add_term(&sums, a0_block[2], a1_block[2], b0_block[2]);
            add_term(&sums, a0_block[3], a1_block[3], b0_block[3]);
        }
        p *= 4u;
    }
    for (; p < params.k; p++) {
        add_term(&sums, a_term(a0, p), a_term(a1, p), b_term(b0, p));
    }
    let start = product * params.m * params.n;
    store(start, row, column, sums[0]);
    store(start, row + 1u, column, sums[1]);
    store(start, row + 2u, column, sums[2]);
    store(start, row + 3u, column, sums[3]);
    store(start, row + 4u, column, sums[4]);
    store(start, row + 5u, column, sums[5]);
    store(start, row + 6u, column, sums[6]);
    store(start, row + 7u, column, sums[7]);
}
