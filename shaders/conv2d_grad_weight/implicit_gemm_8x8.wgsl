// The gradient of a convolution's weights as a product whose sides are gathered as they are needed (implicit GEMM), its sums
// divided into parts, 8 x 8 elements a thread in registers.
//
// x: n x ci x h x w, dy: n x co x oh x ow, partial: splits x co x ci/groups x kh x kw, row-major f32.
// For each group, C = A B: a row of A holds the gradients of one output channel, a column of B the elements of the images
// under one tap, and the terms run over all outputs of all images. There are many terms and few elements, so each part of
// `split_len` terms has workgroups and a place in `partial` of its own; `sum_splits` adds the parts up in their order,
// which needs no atomics and gives the same bits in every run.
// As `implicit_gemm`, with twice the rows and columns a thread: a workgroup of WX x WY threads computes a patch of 8 WY rows
// and 8 WX columns (128 x 128 by default); thread (x, y) has rows 4y..4y+3 of the patch's upper and of its lower half, and
// columns 4x..4x+3 of its left and of its right half. The patch walks along the terms in slices of BK (a multiple of four):
// all threads load the slices of A and B (zeros past the edges and in the padding), barrier, each thread adds BK outer
// products of eight elements of A by eight of B, barrier. The first barrier makes the slices visible, the second keeps the
// next ones from overwriting what a slower thread still reads. A thread gathers the same eight columns in every slice, so
// their places are worked out once. For many channels and outputs only: a patch leaves processors idle otherwise.
// Source of the idea: S. Chetlur and others, "cuDNN: Efficient Primitives for Deep Learning", 2014; the tiles are those of
// `matmul/blocked_8x8`.
//
// workgroups: splits * groups * div_ceil(cog, 8 * WY) * div_ceil(cig * kh * kw, 8 * WX)
// turns: div_ceil(split_len, BK) * (BK / 4 + div_ceil(BK, WY) + div_ceil(2 * BK, WX) + 3)

struct Params {
    n: u32,
    ci: u32,
    h: u32,
    w: u32,
    co: u32,
    kh: u32,
    kw: u32,
    sh: u32,
    sw: u32,
    ph: u32,
    pw: u32,
    dh: u32,
    dw: u32,
    groups: u32,
    oh: u32,
    ow: u32,
    cig: u32,
    cog: u32,
    splits: u32,
    split_len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;

override WX: u32 = 16u;
override WY: u32 = 16u;
override BK: u32 = 16u;

// Vectors from one term of a slice to the next.
override A_STRIDE: u32 = 2u * WY + 1u;
override B_STRIDE: u32 = 2u * WX;

// Row p holds term p of the slice: of A for all rows of the patch, of B for all its columns.
var<workgroup> a_tile: array<vec4<f32>, BK * A_STRIDE>;
var<workgroup> b_tile: array<vec4<f32>, BK * B_STRIDE>;

// Four weights: where their channels begin in the first image, and the coordinates of their taps under the first output.
struct Columns {
    channel: vec4<u32>,
    top: vec4<i32>,
    left: vec4<i32>,
}

fn columns_from(first: u32, channels: u32) -> Columns {
    let columns = first + vec4(0u, 1u, 2u, 3u);
    let top = vec4<i32>(columns / params.kw % params.kh * params.dh) - i32(params.ph);
    return Columns(
        (channels * params.cig + columns / (params.kh * params.kw)) * params.h * params.w,
        // A column past the edge lies so far above the image that it never meets it.
        select(vec4(-0x7FFFFFFF), top, columns < vec4(params.cig * params.kh * params.kw)),
        vec4<i32>(columns % params.kw * params.dw) - i32(params.pw),
    );
}

// The gradients of four output channels, from `row` of the group on, at term p; zeros past the edges.
fn gradients(first_channel: u32, row: u32, p: u32, end: u32) -> vec4<f32> {
    var values = vec4<f32>();
    if p >= end {
        return values;
    }
    let pixels = params.oh * params.ow;
    let at = (p / pixels * params.co + first_channel + row) * pixels + p % pixels;
    if row < params.cog { values.x = dy[at]; }
    if row + 1u < params.cog { values.y = dy[at + pixels]; }
    if row + 2u < params.cog { values.z = dy[at + 2u * pixels]; }
    if row + 3u < params.cog { values.w = dy[at + 3u * pixels]; }
    return values;
}

// The elements of an image that are term p of four columns: `channel` is where theirs begin in the first image, `top` and
// `left` are the coordinates of their taps under the first output.
fn taps(p: u32, end: u32, channel: vec4<u32>, top: vec4<i32>, left: vec4<i32>) -> vec4<f32> {
    var values = vec4<f32>();
    if p >= end {
        return values;
    }
    let row = p / params.ow;
    let rows = top + i32(row % params.oh * params.sh);
    let columns = left + i32(p % params.ow * params.sw);
    let inside = (rows >= vec4(0)) & (rows < vec4(i32(params.h)))
        & (columns >= vec4(0)) & (columns < vec4(i32(params.w)));
    let image = row / params.oh * params.ci * params.h * params.w;
    let at = channel + image + vec4<u32>(rows) * params.w + vec4<u32>(columns);
    if inside.x { values.x = x[at.x]; }
    if inside.y { values.y = x[at.y]; }
    if inside.z { values.z = x[at.z]; }
    if inside.w { values.w = x[at.w]; }
    return values;
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

// Four weights of one channel of the group, from `column` on; `first` is where the group begins.
fn store(row: u32, first: u32, column: u32, sums: vec4<f32>) {
    let terms = params.cig * params.kh * params.kw;
    if row >= params.cog {
        return;
    }
    let at = first + row * terms + column;
    if column < terms { partial[at] = sums.x; }
    if column + 1u < terms { partial[at + 1u] = sums.y; }
    if column + 2u < terms { partial[at + 2u] = sums.z; }
    if column + 3u < terms { partial[at + 3u] = sums.w; }
}

@compute @workgroup_size(WX, WY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let terms = params.cig * params.kh * params.kw;
    let patches_x = (terms + 8u * WX - 1u) / (8u * WX);
    let patches_y = (params.cog + 8u * WY - 1u) / (8u * WY);
    let part = number / (patches_x * patches_y);
    let split = part / params.groups;
    if split >= params.splits {
        return;
    }
    let channels = part % params.groups;
    let first_channel = channels * params.cog;
    let top_row = (number / patches_x % patches_y) * 8u * WY;
    let column = (number % patches_x) * 8u * WX + 4u * local.x;
    let left = columns_from(column, channels);
    let right = columns_from(column + 4u * WX, channels);
    let end = min((split + 1u) * params.split_len, params.n * params.oh * params.ow);
    var sums: array<vec4<f32>, 16>;
    for (var start = split * params.split_len; start < end; start += BK) {
        for (var v = thread; v < 2u * WY * BK; v += WX * WY) {
            a_tile[v % BK * A_STRIDE + v / BK] =
                gradients(first_channel, top_row + 4u * (v / BK), start + v % BK, end);
        }
        for (var p = local.y; p < BK; p += WY) {
            b_tile[p * B_STRIDE + local.x] = taps(start + p, end, left.channel, left.top, left.left);
            b_tile[p * B_STRIDE + WX + local.x] = taps(start + p, end, right.channel, right.top, right.left);
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
    let row = top_row + 4u * local.y;
    let first = (split * params.co + first_channel) * terms;
    store(row, first, column, sums[0]);
    store(row, first, column + 4u * WX, sums[1]);
    store(row + 1u, first, column, sums[2]);
    store(row + 1u, first, column + 4u * WX, sums[3]);
    store(row + 2u, first, column, sums[4]);
    store(row + 2u, first, column + 4u * WX, sums[5]);
    store(row + 3u, first, column, sums[6]);
    store(row + 3u, first, column + 4u * WX, sums[7]);
    store(row + 4u * WY, first, column, sums[8]);
    store(row + 4u * WY, first, column + 4u * WX, sums[9]);
    store(row + 4u * WY + 1u, first, column, sums[10]);
    store(row + 4u * WY + 1u, first, column + 4u * WX, sums[11]);
    store(row + 4u * WY + 2u, first, column, sums[12]);
    store(row + 4u * WY + 2u, first, column + 4u * WX, sums[13]);
    store(row + 4u * WY + 3u, first, column, sums[14]);
    store(row + 4u * WY + 3u, first, column + 4u * WX, sums[15]);
}
