// C = A B, 16 x 4 elements a thread in registers; the eight lanes of a subgroup share the elements of A.
//
// a: m x k, b: k x n, c: m x n, row-major f32, `batch` of each; a may lie as k x m (ta), b as n x k (tb). A and B are
// bound as vectors of four.
// A workgroup is 8 x WY threads: WY subgroups, each with a patch of 16 rows and 32 columns of C; lane x has all 16 rows
// and columns 4x..4x+3. Where the rows of A and of B, as they lie in memory, are a multiple of four long, a lane reads two
// vectors of A and four of B for four terms, and gets the other fourteen vectors of A from its neighbours by broadcasts:
// six loads feed 256 fused multiply-adds. Elsewhere, and for the last terms, elements are read one by one. Rows and columns
// past the edge read the last one that exists and are not stored; no lane leaves early, since all take part in the
// broadcasts. No shared memory, no barrier.
// For subgroups of exactly eight, which are rows of the workgroup. What a software adapter runs as one vector of eight is
// such a subgroup: there a load costs eight, lane by lane, and a broadcast one shuffle.
//
// workgroups: batch * div_ceil(n, 32) * div_ceil(m, 16 * WY)
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

override WY: u32 = 1u;
// Whether A, and whether B, lies transposed in memory. Constants: the compiler keeps one branch of each `if`.
override SIZE_TA: u32 = 0u;
override SIZE_TB: u32 = 0u;

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

// A lane's share of A at term p alone: row `lane` of 8; `at` is where it begins, in elements.
fn a_element(at: u32, p: u32) -> f32 {
    let i = at + p * select(1u, params.m, SIZE_TA == 1u);
    return a[i / 4u][i % 4u];
}

// Adds the outer product of one term.
fn add_term(sums: ptr<function, array<vec4<f32>, 16>>, a0: vec4<f32>, a1: vec4<f32>, a2: vec4<f32>, a3: vec4<f32>, b0: vec4<f32>) {
    (*sums)[0] = fma(vec4(a0.x), b0, (*sums)[0]);
    (*sums)[1] = fma(vec4(a0.y), b0, (*sums)[1]);
    (*sums)[2] = fma(vec4(a0.z), b0, (*sums)[2]);
    (*sums)[3] = fma(vec4(a0.w), b0, (*sums)[3]);
    (*sums)[4] = fma(vec4(a1.x), b0, (*sums)[4]);
    (*sums)[5] = fma(vec4(a1.y), b0, (*sums)[5]);
    (*sums)[6] = fma(vec4(a1.z), b0, (*sums)[6]);
    (*sums)[7] = fma(vec4(a1.w), b0, (*sums)[7]);
    (*sums)[8] = fma(vec4(a2.x), b0, (*sums)[8]);
    (*sums)[9] = fma(vec4(a2.y), b0, (*sums)[9]);
    (*sums)[10] = fma(vec4(a2.z), b0, (*sums)[10]);
    (*sums)[11] = fma(vec4(a2.w), b0, (*sums)[11]);
    (*sums)[12] = fma(vec4(a3.x), b0, (*sums)[12]);
    (*sums)[13] = fma(vec4(a3.y), b0, (*sums)[13]);
    (*sums)[14] = fma(vec4(a3.z), b0, (*sums)[14]);
    (*sums)[15] = fma(vec4(a3.w), b0, (*sums)[15]);
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

@compute @workgroup_size(8, WY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches_x = (params.n + 31u) / 32u;
    let patches = patches_x * ((params.m + 16u * WY - 1u) / (16u * WY));
    let product = number / patches;
    if product >= params.batch {
        return;
    }
    let row = 16u * ((number % patches / patches_x) * WY + local.y);
    let column = (number % patches_x) * 32u + 4u * local.x;
    // Where rows and columns begin, in elements.
    let a_row = select(params.k, 1u, SIZE_TA == 1u);
    let b_column = select(1u, params.k, SIZE_TB == 1u);
    let a_start = product * params.m * params.k;
    let a_upper = a_start + min(row + local.x, params.m - 1u) * a_row;
    let a_lower = a_start + min(row + 8u + local.x, params.m - 1u) * a_row;
    let columns = min(column + vec4(0u, 1u, 2u, 3u), vec4(params.n - 1u));
    let b_at = product * params.k * params.n + columns * b_column;
    var sums: array<vec4<f32>, 16>;
    var p = 0u;
    if (select(params.k, params.m, SIZE_TA == 1u) | select(params.n, params.k, SIZE_TB == 1u)) % 4u == 0u {
        // The lane's vectors of A: terms 4p..4p+3 of a row of the patch's upper and of its lower half; where A lies
        // transposed, rows 4(x%4)..4(x%4)+3 at term x/4 and at the second one after it.
        var first = a_upper / 4u;
        var second = a_lower / 4u;
        var step = 1u;
        if SIZE_TA == 1u {
            let quad = min(row / 4u + local.x % 4u, params.m / 4u - 1u);
            first = a_start / 4u + local.x / 4u * (params.m / 4u) + quad;
            second = first + 2u * (params.m / 4u);
            step = params.m;
        }
        for (; p < params.k / 4u; p++) {
            let u = a[first + p * step];
            let v = a[second + p * step];
            var a0: mat4x4<f32>;
            var a1: mat4x4<f32>;
            var a2: mat4x4<f32>;
            var a3: mat4x4<f32>;
            if SIZE_TA == 1u {
                a0 = mat4x4(
                    subgroupBroadcast(u, 0u),
                    subgroupBroadcast(u, 4u),
                    subgroupBroadcast(v, 0u),
                    subgroupBroadcast(v, 4u),
                );
                a1 = mat4x4(
                    subgroupBroadcast(u, 1u),
                    subgroupBroadcast(u, 5u),
                    subgroupBroadcast(v, 1u),
                    subgroupBroadcast(v, 5u),
                );
                a2 = mat4x4(
                    subgroupBroadcast(u, 2u),
                    subgroupBroadcast(u, 6u),
                    subgroupBroadcast(v, 2u),
                    subgroupBroadcast(v, 6u),
                );
                a3 = mat4x4(
                    subgroupBroadcast(u, 3u),
                    subgroupBroadcast(u, 7u),
                    subgroupBroadcast(v, 3u),
                    subgroupBroadcast(v, 7u),
                );
            } else {
                a0 = transpose(mat4x4(
                    subgroupBroadcast(u, 0u),
                    subgroupBroadcast(u, 1u),
                    subgroupBroadcast(u, 2u),
                    subgroupBroadcast(u, 3u),
                ));
                a1 = transpose(mat4x4(
                    subgroupBroadcast(u, 4u),
                    subgroupBroadcast(u, 5u),
                    subgroupBroadcast(u, 6u),
                    subgroupBroadcast(u, 7u),
                ));
                a2 = transpose(mat4x4(
                    subgroupBroadcast(v, 0u),
                    subgroupBroadcast(v, 1u),
                    subgroupBroadcast(v, 2u),
                    subgroupBroadcast(v, 3u),
                ));
                a3 = transpose(mat4x4(
                    subgroupBroadcast(v, 4u),
                    subgroupBroadcast(v, 5u),
                    subgroupBroadcast(v, 6u),
                    subgroupBroadcast(v, 7u),
                ));
            }
            let b0 = b_block(b_at / 4u, p);
            add_term(&sums, a0[0], a1[0], a2[0], a3[0], b0[0]);
            add_term(&sums, a0[1], a1[1], a2[1], a3[1], b0[1]);
            add_term(&sums, a0[2], a1[2], a2[2], a3[2], b0[2]);
            add_term(&sums, a0[3], a1[3], a2[3], a3[3], b0[3]);
        }
        p *= 4u;
    }
    for (; p < params.k; p++) {
        let u = a_element(a_upper, p);
        let v = a_element(a_lower, p);
        let a0 = vec4(
            subgroupBroadcast(u, 0u),
            subgroupBroadcast(u, 1u),
            subgroupBroadcast(u, 2u),
            subgroupBroadcast(u, 3u),
        );
        let a1 = vec4(
            subgroupBroadcast(u, 4u),
            subgroupBroadcast(u, 5u),
            subgroupBroadcast(u, 6u),
            subgroupBroadcast(u, 7u),
        );
        let a2 = vec4(
            subgroupBroadcast(v, 0u),
            subgroupBroadcast(v, 1u),
            subgroupBroadcast(v, 2u),
            subgroupBroadcast(v, 3u),
        );
        let a3 = vec4(
            subgroupBroadcast(v, 4u),
            subgroupBroadcast(v, 5u),
            subgroupBroadcast(v, 6u),
            subgroupBroadcast(v, 7u),
        );
        add_term(&sums, a0, a1, a2, a3, b_term(b_at, p));
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
    store(start, row + 8u, column, sums[8]);
    store(start, row + 9u, column, sums[9]);
    store(start, row + 10u, column, sums[10]);
    store(start, row + 11u, column, sums[11]);
    store(start, row + 12u, column, sums[12]);
    store(start, row + 13u, column, sums[13]);
    store(start, row + 14u, column, sums[14]);
    store(start, row + 15u, column, sums[15]);
}
