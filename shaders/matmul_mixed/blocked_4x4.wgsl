// C = A B in mixed precision: operands rounded to halves on their way into shared memory, 4 x 4 sums a thread in registers.
//
// a: m x k, b: k x n, c: m x n, row-major f32, `batch` of each; a may lie as k x m (ta), b as n x k (tb). A and B are bound
// as vectors of four.
// As `blocked_4x4` of matmul, which explains the patch, the slices, the padding and the edges; but what lies in shared memory
// are halves, half the traffic. A thread widens what it takes from there: products and sums are in single precision. The
// first barrier makes the slices visible, the second keeps the next ones from overwriting what a slower thread still reads.
// Source of the idea: P. Micikevicius and others, "Mixed Precision Training", ICLR 2018.
//
// workgroups: batch * div_ceil(n, 4 * WX) * div_ceil(m, 4 * WY)
// turns: div_ceil(k, BK) * (BK / 4 + div_ceil(BK, 4 * WX) + div_ceil(BK, WY) + 3)

enable f16;

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

// Row p holds term p of the slice: of A for all rows of the patch, of B for all its columns.
var<workgroup> a_tile: array<vec4<f16>, BK * (WY + 1u)>;
var<workgroup> b_tile: array<vec4<f16>, BK * WX>;

// The nearest halves, ties to even, infinity from 65520 on. WGSL leaves the direction of a conversion open, so the bits are
// rounded first and the conversion is exact. A NaN stays one; below 2^-14 a device may round either way or flush to zero,
// which the op's bound allows for.
fn rounded(x: vec4<f32>) -> vec4<f16> {
    let bits = bitcast<vec4<u32>>(x);
    let size = bits & vec4(0x7FFFFFFFu);
    let nearest = (bits + 0xFFFu + ((bits >> vec4(13u)) & vec4(1u))) & vec4(0xFFFFE000u);
    let infinite = (bits & vec4(0x80000000u)) | vec4(0x7F800000u);
    let is_kept = (size < vec4(0x38800000u)) | (size > vec4(0x7F800000u));
    let values = select(select(nearest, infinite, size >= vec4(0x477FF000u)), bits, is_kept);
    return vec4<f16>(bitcast<vec4<f32>>(values));
}

// Four elements of a row of A as it lies in memory (of k terms, or of m rows where it is transposed) from `start` on;
// zeros past the edges.
fn a_quad(start: u32, row: u32, column: u32) -> vec4<f16> {
    let rows = select(params.m, params.k, SIZE_TA == 1u);
    let columns = select(params.k, params.m, SIZE_TA == 1u);
    if row >= rows || column >= columns {
        return vec4<f16>();
    }
    let i = start + row * columns + column;
    if columns % 4u == 0u {
        return rounded(a[i / 4u]);
    }
    var quad = vec4(a[i / 4u][i % 4u], 0.0, 0.0, 0.0);
    if column + 1u < columns { quad.y = a[(i + 1u) / 4u][(i + 1u) % 4u]; }
    if column + 2u < columns { quad.z = a[(i + 2u) / 4u][(i + 2u) % 4u]; }
    if column + 3u < columns { quad.w = a[(i + 3u) / 4u][(i + 3u) % 4u]; }
    return rounded(quad);
}

// The same of B: a row of n columns, or of k terms where it is transposed.
fn b_quad(start: u32, row: u32, column: u32) -> vec4<f16> {
    let rows = select(params.k, params.n, SIZE_TB == 1u);
    let columns = select(params.n, params.k, SIZE_TB == 1u);
    if row >= rows || column >= columns {
        return vec4<f16>();
    }
    let i = start + row * columns + column;
    if columns % 4u == 0u {
        return rounded(b[i / 4u]);
    }
    var quad = vec4(b[i / 4u][i % 4u], 0.0, 0.0, 0.0);
    if column + 1u < columns { quad.y = b[(i + 1u) / 4u][(i + 1u) % 4u]; }
    if column + 2u < columns { quad.z = b[(i + 2u) / 4u][(i + 2u) % 4u]; }
    if column + 3u < columns { quad.w = b[(i + 3u) / 4u][(i + 3u) % 4u]; }
    return rounded(quad);
}

// Adds the outer product of term p.
fn add_term(sums: ptr<function, array<vec4<f32>, 4>>, p: u32, local: vec2<u32>) {
    let rows = vec4<f32>(a_tile[p * (WY + 1u) + local.y]);
    let columns = vec4<f32>(b_tile[p * WX + local.x]);
    (*sums)[0] = fma(vec4(rows.x), columns, (*sums)[0]);
    (*sums)[1] = fma(vec4(rows.y), columns, (*sums)[1]);
    (*sums)[2] = fma(vec4(rows.z), columns, (*sums)[2]);
    (*sums)[3] = fma(vec4(rows.w), columns, (*sums)[3]);
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
    let patches = patches_x * ((params.m + 4u * WY - 1u) / (4u * WY));
    let product = number / patches;
    if product >= params.batch {
        return;
    }
    let top = (number % patches / patches_x) * 4u * WY;
    let left = (number % patches_x) * 4u * WX;
    let a_start = product * params.m * params.k;
    let b_start = product * params.k * params.n;
    let c_start = product * params.m * params.n;
    var sums: array<vec4<f32>, 4>;
    for (var start = 0u; start < params.k; start += BK) {
        for (var v = thread; v < WY * (BK / 4u); v += WX * WY) {
            var block: mat4x4<f16>;
            var quad: u32;
            var p: u32;
            if SIZE_TA == 1u {
                quad = v % WY;
                p = 4u * (v / WY);
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
            let at = p * (WY + 1u) + quad;
            a_tile[at] = block[0];
            a_tile[at + (WY + 1u)] = block[1];
            a_tile[at + 2u * (WY + 1u)] = block[2];
            a_tile[at + 3u * (WY + 1u)] = block[3];
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
}
