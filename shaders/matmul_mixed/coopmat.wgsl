// C = A B in mixed precision on cooperative matrices (tensor cores): operands rounded to halves on their way into shared
// memory, where a subgroup multiplies fragments of 16 x 16 together.
//
// a: m x k, b: k x n, c: m x n, row-major f32, `batch` of each; a may lie as k x m (ta), b as n x k (tb).
// As `coopmat` of matmul_f16, which explains the patch, the subgroups, the slices and the way of the sums to C; only what is
// read is in single precision. A barrier on either side of each slice and of each fragment that is stored.
// Sums may be cut off instead of rounded, as matrix units do; the bound of the op allows for it.
// Source of the idea: P. Micikevicius and others, "Mixed Precision Training", ICLR 2018.
//
// workgroups: batch * div_ceil(n, 128) * div_ceil(m, 128)
// turns: div_ceil(k, 32) * 34 + 8 * 8

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
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

// Whether A, and whether B, lies transposed in memory. Constants: the compiler keeps one branch of each `if`.
override SIZE_TA: u32 = 0u;
override SIZE_TB: u32 = 0u;

// Halves from one row of a slice to the next.
const A_STRIDE: u32 = 40u;
const B_STRIDE: u32 = 136u;

var<workgroup> a_tile: array<f16, 5120>;
var<workgroup> b_tile: array<f16, 4352>;
// One fragment of sums for each subgroup.
var<workgroup> sums: array<f32, 2048>;

// Where each product of the batch begins, and the patch.
struct Patch {
    a: u32,
    b: u32,
    c: u32,
    top: u32,
    left: u32,
}

// The nearest half, ties to even, infinity from 65520 on. WGSL leaves the direction of a conversion open, so the bits are
// rounded first and the conversion is exact. A NaN stays one; below 2^-14 a device may round either way or flush to zero,
// which the op's bound allows for.
fn rounded(x: f32) -> f16 {
    let bits = bitcast<u32>(x);
    let size = bits & 0x7FFFFFFFu;
    let nearest = (bits + 0xFFFu + ((bits >> 13u) & 1u)) & 0xFFFFE000u;
    let infinite = (bits & 0x80000000u) | 0x7F800000u;
    let is_kept = (size < 0x38800000u) | (size > 0x7F800000u);
    return f16(bitcast<f32>(select(select(nearest, infinite, size >= 0x477FF000u), bits, is_kept)));
}

fn a_at(patch_: Patch, row: u32, p: u32) -> f16 {
    if row >= params.m || p >= params.k {
        return 0.0h;
    }
    return rounded(a[patch_.a + select(row * params.k + p, p * params.m + row, SIZE_TA == 1u)]);
}

fn b_at(patch_: Patch, p: u32, column: u32) -> f16 {
    if column >= params.n || p >= params.k {
        return 0.0h;
    }
    return rounded(b[patch_.b + select(p * params.n + column, column * params.k + p, SIZE_TB == 1u)]);
}

// The slices from term `start` on. Threads that follow each other read what lies side by side in memory.
fn load(patch_: Patch, start: u32, thread: u32) {
    for (var v = thread; v < 4096u; v += 256u) {
        let row = select(v / 32u, v % 128u, SIZE_TA == 1u);
        let p = select(v % 32u, v / 128u, SIZE_TA == 1u);
        a_tile[row * A_STRIDE + p] = a_at(patch_, patch_.top + row, start + p);
    }
    for (var v = thread; v < 4096u; v += 256u) {
        let p = select(v / 128u, v % 32u, SIZE_TB == 1u);
        let column = select(v % 128u, v / 32u, SIZE_TB == 1u);
        b_tile[p * B_STRIDE + column] = b_at(patch_, start + p, patch_.left + column);
    }
}

// The subgroup's fragment in `sums` to C, from its row and column of the patch on.
fn store(patch_: Patch, subgroup: u32, lane: u32, row: u32, column: u32) {
    for (var v = lane; v < 256u; v += 32u) {
        let i = patch_.top + row + v / 16u;
        let j = patch_.left + column + v % 16u;
        if i < params.m && j < params.n {
            c[patch_.c + i * params.n + j] = sums[subgroup * 256u + v];
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

    var c00 = coop_mat16x16<f32, C>();
    var c01 = coop_mat16x16<f32, C>();
    var c02 = coop_mat16x16<f32, C>();
    var c03 = coop_mat16x16<f32, C>();
    var c10 = coop_mat16x16<f32, C>();
    var c11 = coop_mat16x16<f32, C>();
    var c12 = coop_mat16x16<f32, C>();
    var c13 = coop_mat16x16<f32, C>();
    for (var start = 0u; start < params.k; start += 32u) {
        load(patch_, start, thread);
        workgroupBarrier();
        for (var p = 0u; p < 32u; p += 16u) {
            let a0 = coopLoadT<coop_mat16x16<f16, A>>(&a_tile[row * A_STRIDE + p], A_STRIDE);
            let a1 = coopLoadT<coop_mat16x16<f16, A>>(&a_tile[(row + 16u) * A_STRIDE + p], A_STRIDE);
            let b0 = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[p * B_STRIDE + column], B_STRIDE);
            let b1 = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[p * B_STRIDE + column + 16u], B_STRIDE);
            let b2 = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[p * B_STRIDE + column + 32u], B_STRIDE);
            let b3 = coopLoadT<coop_mat16x16<f16, B>>(&b_tile[p * B_STRIDE + column + 48u], B_STRIDE);
            c00 = coopMultiplyAdd(a0, b0, c00);
            c01 = coopMultiplyAdd(a0, b1, c01);
            c02 = coopMultiplyAdd(a0, b2, c02);
            c03 = coopMultiplyAdd(a0, b3, c03);
            c10 = coopMultiplyAdd(a1, b0, c10);
            c11 = coopMultiplyAdd(a1, b1, c11);
            c12 = coopMultiplyAdd(a1, b2, c12);
            c13 = coopMultiplyAdd(a1, b3, c13);
        }
        workgroupBarrier();
    }
    let at = subgroup * 256u;
    coopStoreT(c00, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row, column);
    workgroupBarrier();
    coopStoreT(c01, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row, column + 16u);
    workgroupBarrier();
    coopStoreT(c02, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row, column + 32u);
    workgroupBarrier();
    coopStoreT(c03, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row, column + 48u);
    workgroupBarrier();
    coopStoreT(c10, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row + 16u, column);
    workgroupBarrier();
    coopStoreT(c11, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row + 16u, column + 16u);
    workgroupBarrier();
    coopStoreT(c12, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row + 16u, column + 32u);
    workgroupBarrier();
    coopStoreT(c13, &sums[at], 16u);
    workgroupBarrier();
    store(patch_, subgroup, lane, row + 16u, column + 48u);
}
