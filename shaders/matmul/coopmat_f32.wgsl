// C = A B in single precision on cooperative matrices of halves (tensor cores): two halves a number, three products a term.
//
// a: m x k, b: k x n, c: m x n, row-major f32, `batch` of each; a may lie as k x m (ta), b as n x k (tb). a_range: batch x m,
// b_range: batch x n, the largest and the smallest magnitude of each row of A and column of B, by `coopmat_f32_ranges`.
// A row of A, a column of B is lifted by the power of two that brings its largest number below 2^15. A lifted x is then
// high + 2^-11 low: high is x rounded to the 11 bits of a half, low the rest, rounded so too. Both are rounded here, so no
// conversion rounds, and what would be a subnormal half is zero, so no device flushes.
// Patches, subgroups and barriers are those of `matmul_f16/coopmat`, in slices of 16 terms. The products high high of
// a slice begin at zero, and the slices are added up outside the matrix unit: it may cut sums off. Those of high low
// and low high go into sums of their own, 2^11 times what they count, where that does not matter. low low is left out.
//
// The bound, in u = 2^-24 of |A||B|: 8 for the halves (each number off by up to 2^-23 of itself, and low low); 24 x 2 for
// the unit, where it cuts each term to the 24 bits of the largest, four terms at a time or more; k/16 + 2 for the sums
// outside; k/170 for those of the low halves. 59 + k/14 in all: below the op's k + 2 from k = 96 on, by more than k/4.
// That holds where every number lifted is zero or at least 2^-2, seventeen octaves of a line. Smaller ones add up to
// k 2^-8 and 12 k^2 u (lifted: a half lost is below 2^-25, its partner below 2^15; a number that is a low half alone
// counts among these sums), which is below k/4 u |A||B| where the sum itself exceeds 2^20 + 128 k. A sum of such lines that
// does not, and one with an infinity or a NaN in its lines, is computed once more, term by term in f32. Any input is
// within the bound; the wider its ranges, the more of it is computed twice.
// It rests on the sum of a slice being added as it is written. WGSL has no word that keeps a driver from fusing the two.
// Source of the idea: H. Ootomo and R. Yokota, "Recovering single precision accuracy from Tensor Cores while surpassing the
// FP32 theoretical peak performance", IJHPCA 36, 2022, after S. Markidis et al., IPDPSW 2018.
//
// workgroups: batch * div_ceil(n, 128) * div_ceil(m, 128)
// turns: div_ceil(k, 16) * 17 + 8 * (8 + 8 * k)

enable f16;
enable wgpu_cooperative_matrix;

struct Params {
    m: u32,
    n: u32,
    k: u32,
    batch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> a_range: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> b_range: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read_write> c: array<f32>;

// Whether A, and whether B, lies transposed in memory. Constants: the compiler keeps one branch of each `if`.
override SIZE_TA: u32 = 0u;
override SIZE_TB: u32 = 0u;

const INFINITY = 0x7F800000u;
// 2^-14, the smallest normal half.
const SMALLEST_HALF = 0.00006103515625f;

// Halves from one row of a slice to the next, and where the low halves begin.
const A_STRIDE: u32 = 24u;
const B_STRIDE: u32 = 136u;
const A_LOW: u32 = 3072u;
const B_LOW: u32 = 2176u;

var<workgroup> a_tile: array<f16, 6144>;
var<workgroup> b_tile: array<f16, 4352>;
// One fragment of sums for each subgroup.
var<workgroup> sums: array<f32, 2048>;
// The ranges of the patch's 128 rows of A, then of its 128 columns of B.
var<workgroup> ranges: array<vec2<u32>, 256>;

// Where each product of the batch begins, and the patch.
struct Patch {
    a: u32,
    b: u32,
    c: u32,
    top: u32,
    left: u32,
}

fn a_at(patch_: Patch, row: u32, p: u32) -> f32 {
    if row >= params.m || p >= params.k {
        return 0.0;
    }
    return a[patch_.a + select(row * params.k + p, p * params.m + row, SIZE_TA == 1u)];
}

fn b_at(patch_: Patch, p: u32, column: u32) -> f32 {
    if column >= params.n || p >= params.k {
        return 0.0;
    }
    return b[patch_.b + select(p * params.n + column, column * params.k + p, SIZE_TB == 1u)];
}

// The exponent of the lifting power: 14 less that of the largest number, and no more than an f32 holds.
fn lift(range: vec2<u32>) -> i32 {
    return min(141 - i32(range.x >> 23u), 127);
}

fn power_of_two(exponent: i32) -> f32 {
    return bitcast<f32>(u32(exponent + 127) << 23u);
}

// A lifted number rounded to the bits of a half, ties away from zero; zero where the half would not be normal.
fn rounded(x: f32) -> f32 {
    let nearest = bitcast<f32>((bitcast<u32>(x) + 0x1000u) & 0xFFFFE000u);
    return select(0.0, nearest, abs(x) >= SMALLEST_HALF);
}

// High and low half.
fn halves(number: f32, range: vec2<u32>) -> vec2<f16> {
    let x = number * power_of_two(lift(range));
    let high = rounded(x);
    return vec2(f16(high), f16(rounded((x - high) * 2048.0)));
}

// The slices from term `start` on. Threads that follow each other read what lies side by side in memory.
fn load(patch_: Patch, start: u32, thread: u32) {
    for (var v = thread; v < 2048u; v += 256u) {
        let row = select(v / 16u, v % 128u, SIZE_TA == 1u);
        let p = select(v % 16u, v / 128u, SIZE_TA == 1u);
        let both = halves(a_at(patch_, patch_.top + row, start + p), ranges[row]);
        a_tile[row * A_STRIDE + p] = both.x;
        a_tile[A_LOW + row * A_STRIDE + p] = both.y;
    }
    for (var v = thread; v < 2048u; v += 256u) {
        let p = select(v / 128u, v % 16u, SIZE_TB == 1u);
        let column = select(v % 128u, v / 16u, SIZE_TB == 1u);
        let both = halves(b_at(patch_, start + p, patch_.left + column), ranges[128u + column]);
        b_tile[p * B_STRIDE + column] = both.x;
        b_tile[B_LOW + p * B_STRIDE + column] = both.y;
    }
}

// Whether every number of a line lies within 17 octaves, so that its halves carry it.
fn is_narrow(range: vec2<u32>) -> bool {
    return i32(range.y >> 23u) + lift(range) >= 125;
}

// The sum of lifted terms put down again, where it is within the bound; else the sum of the terms themselves.
fn settled(patch_: Patch, row: u32, column: u32, sum: f32) -> f32 {
    let of_a = ranges[row];
    let of_b = ranges[128u + column];
    if max(of_a.x, of_b.x) < INFINITY {
        if min(of_a.x, of_b.x) == 0u {
            return 0.0;
        }
        let is_large = abs(sum) >= 1048576.0 + 128.0 * f32(params.k);
        if is_large || (is_narrow(of_a) && is_narrow(of_b)) {
            // In two steps, since one power may lie outside f32; beyond 2^-252 nothing is left.
            let down = max(-(lift(of_a) + lift(of_b)), -252);
            let first = down / 2;
            return sum * power_of_two(first) * power_of_two(down - first);
        }
    }
    var plain = 0.0;
    for (var p = 0u; p < params.k; p++) {
        plain += a_at(patch_, patch_.top + row, p) * b_at(patch_, p, patch_.left + column);
    }
    return plain;
}

// The subgroup's fragment in `sums` to C, from its row and column of the patch on.
fn store(patch_: Patch, subgroup: u32, lane: u32, row: u32, column: u32) {
    for (var v = lane; v < 256u; v += 32u) {
        let i = row + v / 16u;
        let j = column + v % 16u;
        if patch_.top + i < params.m && patch_.left + j < params.n {
            let at = patch_.c + (patch_.top + i) * params.n + patch_.left + j;
            c[at] = settled(patch_, i, j, sums[subgroup * 256u + v]);
        }
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches_x = (params.n + 127u) / 128u;
    let patches = patches_x * ((params.m + 127u) / 128u);
    let product = number / patches;
    if product >= params.batch {
        return;
    }
    let patch_ = Patch(
        product * params.m * params.k,
        product * params.k * params.n,
        product * params.m * params.n,
        (number % patches / patches_x) * 128u,
        (number % patches_x) * 128u,
    );
    let subgroup = thread / 32u;
    let lane = thread % 32u;
    let row = 32u * (subgroup / 2u);
    let column = 64u * (subgroup % 2u);

    var range = vec2(0u, 0xFFFFFFFFu);
    if thread < 128u && patch_.top + thread < params.m {
        range = a_range[product * params.m + patch_.top + thread];
    }
    if thread >= 128u && patch_.left + thread - 128u < params.n {
        range = b_range[product * params.n + patch_.left + thread - 128u];
    }
    ranges[thread] = range;
    workgroupBarrier();

    let zero = coop_mat16x16<f32, C>();
    var c00 = zero;
    var c01 = zero;
    var c02 = zero;
    var c03 = zero;
    var c10 = zero;
    var c11 = zero;
    var c12 = zero;
    var c13 = zero;
    // The same of the low halves, 2^11 times as large.
    var d00 = zero;
    var d01 = zero;
    var d02 = zero;
    var d03 = zero;
    var d10 = zero;
    var d11 = zero;
    var d12 = zero;
    var d13 = zero;
    for (var start = 0u; start < params.k; start += 16u) {
        load(patch_, start, thread);
        workgroupBarrier();
        let a0 = coopLoadT<coop_mat16x16<f16, A>>(&a_tile[row * A_STRIDE], A_STRIDE);
        let a1 = coopLoadT<coop_mat16x16<f16, A>>(&a_tile[(row + 16u) * A_STRIDE], A_STRIDE);
        let a0_low = coopLoadT<coop_mat16x16<f16, A>>(&a_tile[A_LOW + row * A_STRIDE], A_STRIDE);
        let a1_low = coopLoadT<coop_mat16x16<f16, A>>(&a_tile[A_LOW + (row + 16u) * A_STRIDE], A_STRIDE);
        let b0 = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[column], B_STRIDE);
        let b0_low = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[B_LOW + column], B_STRIDE);
        c00 = c00 + coopMultiplyAdd(a0, b0, zero);
        c10 = c10 + coopMultiplyAdd(a1, b0, zero);
        d00 = coopMultiplyAdd(a0, b0_low, coopMultiplyAdd(a0_low, b0, d00));
        d10 = coopMultiplyAdd(a1, b0_low, coopMultiplyAdd(a1_low, b0, d10));
        let b1 = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[column + 16u], B_STRIDE);
        let b1_low = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[B_LOW + column + 16u], B_STRIDE);
        c01 = c01 + coopMultiplyAdd(a0, b1, zero);
        c11 = c11 + coopMultiplyAdd(a1, b1, zero);
        d01 = coopMultiplyAdd(a0, b1_low, coopMultiplyAdd(a0_low, b1, d01));
        d11 = coopMultiplyAdd(a1, b1_low, coopMultiplyAdd(a1_low, b1, d11));
        let b2 = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[column + 32u], B_STRIDE);
        let b2_low = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[B_LOW + column + 32u], B_STRIDE);
        c02 = c02 + coopMultiplyAdd(a0, b2, zero);
        c12 = c12 + coopMultiplyAdd(a1, b2, zero);
        d02 = coopMultiplyAdd(a0, b2_low, coopMultiplyAdd(a0_low, b2, d02));
        d12 = coopMultiplyAdd(a1, b2_low, coopMultiplyAdd(a1_low, b2, d12));
        let b3 = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[column + 48u], B_STRIDE);
        let b3_low = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[B_LOW + column + 48u], B_STRIDE);
        c03 = c03 + coopMultiplyAdd(a0, b3, zero);
        c13 = c13 + coopMultiplyAdd(a1, b3, zero);
        d03 = coopMultiplyAdd(a0, b3_low, coopMultiplyAdd(a0_low, b3, d03));
        d13 = coopMultiplyAdd(a1, b3_low, coopMultiplyAdd(a1_low, b3, d13));
        workgroupBarrier();
    }

    let at = subgroup * 256u;
    let unit = 0.00048828125f;
    c00 = c00 + d00 * unit;
    coopStoreT(c00, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row, column);
    workgroupBarrier();
    c01 = c01 + d01 * unit;
    coopStoreT(c01, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row, column + 16u);
    workgroupBarrier();
    c02 = c02 + d02 * unit;
    coopStoreT(c02, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row, column + 32u);
    workgroupBarrier();
    c03 = c03 + d03 * unit;
    coopStoreT(c03, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row, column + 48u);
    workgroupBarrier();
    c10 = c10 + d10 * unit;
    coopStoreT(c10, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row + 16u, column);
    workgroupBarrier();
    c11 = c11 + d11 * unit;
    coopStoreT(c11, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row + 16u, column + 16u);
    workgroupBarrier();
    c12 = c12 + d12 * unit;
    coopStoreT(c12, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row + 16u, column + 32u);
    workgroupBarrier();
    c13 = c13 + d13 * unit;
    coopStoreT(c13, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row + 16u, column + 48u);
}
