// The gradient of a convolution's weights as a product whose sides are gathered as they are needed (implicit GEMM), its sums
// divided into parts and kept in registers; the eight lanes of a subgroup share what they gather.
//
// x: n x ci x h x w, dy: n x co x oh x ow, partial: splits x co x ci/groups x kh x kw, row-major f32; dy is bound as vectors
// of four.
// For each group, C = A B: a row of A holds the gradients of one output channel, a column of B the elements of the images
// under one tap, and the terms run over all outputs of all images. There are many terms and few elements, so each part of
// `split_len` terms, a multiple of four, has workgroups and a place in `partial` of its own; `sum_splits` adds the parts up
// in their order, which needs no atomics and gives the same bits in every run.
// A workgroup is 8 x WY threads: WY subgroups, each with a patch of 64 rows and 16 columns. Lane x has rows x, x + 8, ...,
// x + 56, all 16 columns of them, and gathers columns x and x + 8, which the others get by broadcasts: for four terms eight
// vectors of A (where planes of outputs are whole vectors; else single gradients) and eight elements of the images feed 512
// fused multiply-adds. Rows past the edge read the last one that exists and are not stored, columns past it are the last one
// once more, terms past the end meet zeros; no lane leaves before the broadcasts, in which all take part. No shared memory,
// no barrier.
// The window's and the outputs' sides and the channels of a group are compiled in, as in `conv2d/implicit_gemm_subgroup`,
// which says where the idea is from. For subgroups of exactly eight, which are rows of the workgroup.
//
// workgroups: splits * groups * div_ceil(cog, 64) * div_ceil(cig * kh * kw, 16 * WY)
// turns: div_ceil(split_len, 4)

struct Params {
    n: u32,
    ci: u32,
    h: u32,
    w: u32,
    co: u32,
    sh: u32,
    sw: u32,
    ph: u32,
    pw: u32,
    dh: u32,
    dw: u32,
    groups: u32,
    splits: u32,
    split_len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;

override WY: u32 = 1u;
override SIZE_KH: u32 = 1u;
override SIZE_KW: u32 = 1u;
override SIZE_OH: u32 = 1u;
override SIZE_OW: u32 = 1u;
override SIZE_CIG: u32 = 1u;
override SIZE_COG: u32 = 1u;
override PIXELS: u32 = SIZE_OH * SIZE_OW;
override COLUMNS: u32 = SIZE_CIG * SIZE_KH * SIZE_KW;

// The gradients of one output channel at terms p..p+3; past the end the last one, which meets zeros.
fn gradients(channel: u32, p: u32, end: u32) -> vec4<f32> {
    if PIXELS % 4u == 0u {
        return dy[((p / PIXELS * params.co + channel) * PIXELS + p % PIXELS) / 4u];
    }
    let terms = min(p + vec4(0u, 1u, 2u, 3u), vec4(end - 1u));
    let i = (terms / PIXELS * params.co + channel) * PIXELS + terms % PIXELS;
    return vec4(dy[i.x / 4u][i.x % 4u], dy[i.y / 4u][i.y % 4u], dy[i.z / 4u][i.z % 4u], dy[i.w / 4u][i.w % 4u]);
}

// The elements of the images that are terms p..p+3 of one column: `channel` is where its channel begins in the first image,
// `top` and `left` are the coordinates of its tap under the first output. Zeros in the padding and past the end.
fn taps(p: u32, end: u32, channel: u32, top: i32, left: i32) -> vec4<f32> {
    let terms = p + vec4(0u, 1u, 2u, 3u);
    let rows = top + vec4<i32>(terms / SIZE_OW % SIZE_OH * params.sh);
    let columns = left + vec4<i32>(terms % SIZE_OW * params.sw);
    let inside = (terms < vec4(end)) & (rows >= vec4(0)) & (rows < vec4(i32(params.h)))
        & (columns >= vec4(0)) & (columns < vec4(i32(params.w)));
    let places = channel + (terms / PIXELS * params.ci * params.h + vec4<u32>(rows)) * params.w + vec4<u32>(columns);
    let at = select(vec4(0u), places, inside);
    return select(vec4(0.0), vec4(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}

// Columns of the first four lanes, and of the last, as one vector a term.
fn left_half(column: vec4<f32>) -> mat4x4<f32> {
    return transpose(mat4x4(
        subgroupBroadcast(column, 0u),
        subgroupBroadcast(column, 1u),
        subgroupBroadcast(column, 2u),
        subgroupBroadcast(column, 3u),
    ));
}

fn right_half(column: vec4<f32>) -> mat4x4<f32> {
    return transpose(mat4x4(
        subgroupBroadcast(column, 4u),
        subgroupBroadcast(column, 5u),
        subgroupBroadcast(column, 6u),
        subgroupBroadcast(column, 7u),
    ));
}

// Adds four terms to four columns of a row.
fn add_terms(sum: vec4<f32>, a: vec4<f32>, columns: mat4x4<f32>) -> vec4<f32> {
    let first = fma(vec4(a.y), columns[1], fma(vec4(a.x), columns[0], sum));
    return fma(vec4(a.w), columns[3], fma(vec4(a.z), columns[2], first));
}

// The same for all 16 columns of a row.
fn add_row(sums: mat4x4<f32>, a: vec4<f32>, b0: mat4x4<f32>, b1: mat4x4<f32>, b2: mat4x4<f32>, b3: mat4x4<f32>)
    -> mat4x4<f32> {
    return mat4x4(
        add_terms(sums[0], a, b0),
        add_terms(sums[1], a, b1),
        add_terms(sums[2], a, b2),
        add_terms(sums[3], a, b3),
    );
}

// Four weights of one row.
fn store_quad(at: vec4<u32>, values: vec4<f32>) {
    partial[at.x] = values.x;
    partial[at.y] = values.y;
    partial[at.z] = values.z;
    partial[at.w] = values.w;
}

// One channel of the group, the columns from `column` on; `first` is where the group begins.
fn store(row: u32, first: u32, column: u32, sums: mat4x4<f32>) {
    if row >= SIZE_COG {
        return;
    }
    let columns = column + vec4(0u, 1u, 2u, 3u);
    let at = first + row * COLUMNS;
    store_quad(at + min(columns, vec4(COLUMNS - 1u)), sums[0]);
    store_quad(at + min(columns + 4u, vec4(COLUMNS - 1u)), sums[1]);
    store_quad(at + min(columns + 8u, vec4(COLUMNS - 1u)), sums[2]);
    store_quad(at + min(columns + 12u, vec4(COLUMNS - 1u)), sums[3]);
}

@compute @workgroup_size(8, WY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let patches_x = (COLUMNS + 16u * WY - 1u) / (16u * WY);
    let patches_y = (SIZE_COG + 63u) / 64u;
    let part = number / (patches_x * patches_y);
    let split = part / params.groups;
    if split >= params.splits {
        return;
    }
    let channels = part % params.groups;
    let first_channel = channels * SIZE_COG;
    let row = number / patches_x % patches_y * 64u + local.x;
    let first_column = (number % patches_x * WY + local.y) * 16u;
    // The lane's two columns.
    let columns = min(first_column + local.x + vec2(0u, 8u), vec2(COLUMNS - 1u));
    let source = (channels * SIZE_CIG + columns / (SIZE_KH * SIZE_KW)) * params.h * params.w;
    let top = vec2<i32>(columns / SIZE_KW % SIZE_KH * params.dh) - i32(params.ph);
    let left = vec2<i32>(columns % SIZE_KW * params.dw) - i32(params.pw);
    let next = vec4(0u, 8u, 16u, 24u);
    let upper = first_channel + min(row + next, vec4(SIZE_COG - 1u));
    let lower = first_channel + min(row + 32u + next, vec4(SIZE_COG - 1u));
    let end = min((split + 1u) * params.split_len, params.n * PIXELS);
    var sums: array<mat4x4<f32>, 8>;
    for (var p = split * params.split_len; p < end; p += 4u) {
        let near = taps(p, end, source.x, top.x, left.x);
        let far = taps(p, end, source.y, top.y, left.y);
        let b0 = left_half(near);
        let b1 = right_half(near);
        let b2 = left_half(far);
        let b3 = right_half(far);
        sums[0] = add_row(sums[0], gradients(upper.x, p, end), b0, b1, b2, b3);
        if SIZE_COG > 8u { sums[1] = add_row(sums[1], gradients(upper.y, p, end), b0, b1, b2, b3); }
        if SIZE_COG > 16u { sums[2] = add_row(sums[2], gradients(upper.z, p, end), b0, b1, b2, b3); }
        if SIZE_COG > 24u { sums[3] = add_row(sums[3], gradients(upper.w, p, end), b0, b1, b2, b3); }
        if SIZE_COG > 32u { sums[4] = add_row(sums[4], gradients(lower.x, p, end), b0, b1, b2, b3); }
        if SIZE_COG > 40u { sums[5] = add_row(sums[5], gradients(lower.y, p, end), b0, b1, b2, b3); }
        if SIZE_COG > 48u { sums[6] = add_row(sums[6], gradients(lower.z, p, end), b0, b1, b2, b3); }
        if SIZE_COG > 56u { sums[7] = add_row(sums[7], gradients(lower.w, p, end), b0, b1, b2, b3); }
    }
    if first_column >= COLUMNS {
        return;
    }
    let first = (split * params.co + first_channel) * COLUMNS;
    store(row, first, first_column, sums[0]);
    if SIZE_COG > 8u { store(row + 8u, first, first_column, sums[1]); }
    if SIZE_COG > 16u { store(row + 16u, first, first_column, sums[2]); }
    if SIZE_COG > 24u { store(row + 24u, first, first_column, sums[3]); }
    if SIZE_COG > 32u { store(row + 32u, first, first_column, sums[4]); }
    if SIZE_COG > 40u { store(row + 40u, first, first_column, sums[5]); }
    if SIZE_COG > 48u { store(row + 48u, first, first_column, sums[6]); }
    if SIZE_COG > 56u { store(row + 56u, first, first_column, sums[7]); }
}
