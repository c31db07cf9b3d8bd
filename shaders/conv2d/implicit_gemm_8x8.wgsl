// Convolution as a product whose right side is gathered from the image as it is needed (implicit GEMM), 8 x 8
// elements a thread in registers.
//
// x: n x ci x h x w, w: co x ci/groups x kh x kw, b: co (bound, but not read, where there is no bias), y: n x co x oh x ow,
// row-major f32; w is bound as vectors of four, y is written as bits.
// For each group, C = A B: a row of A holds the weights of one output channel, a column of B the taps under one output of
// one image, and the terms run over the channels of the group and the taps of the window.
// As `implicit_gemm`, with twice the rows and columns a thread: a workgroup of WX x WY threads computes a patch of 8 WY rows
// and 8 WX columns (128 x 128 by default); thread (x, y) has rows 4y..4y+3 of the patch's upper and of its lower half, and
// columns 4x..4x+3 of its left and of its right half. The patch walks along the terms in slices of BK (a multiple of four):
// all threads load the slices of A and B (zeros past the edges and in the padding), barrier, each thread adds BK outer
// products of eight elements of A by eight of B, barrier. The first barrier makes the slices visible, the second keeps the
// next ones from overwriting what a slower thread still reads. A thread gathers the same eight columns in every slice, so
// their places are worked out once. For many channels and outputs only: a patch leaves processors idle otherwise.
// The window's sides are compiled in: a term is taken apart into channel and tap in every slice.
// Source of the idea: S. Chetlur and others, "cuDNN: Efficient Primitives for Deep Learning", 2014; the tiles are those of
// `matmul/blocked_8x8`.
//
// workgroups: groups * div_ceil(cog, 8 * WY) * div_ceil(n * oh * ow, 8 * WX)
// turns: div_ceil(cig * kh * kw, BK) * (BK / 4 + div_ceil(BK, 2 * WX) + div_ceil(BK, WY) + 3)

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
    bias: u32,
    relu: u32,
    oh: u32,
    ow: u32,
    cig: u32,
    cog: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;

override WX: u32 = 16u;
override WY: u32 = 16u;
override BK: u32 = 16u;
override SIZE_KH: u32 = 1u;
override SIZE_KW: u32 = 1u;

// Vectors from one term of a slice to the next.
override A_STRIDE: u32 = 2u * WY + 1u;
override B_STRIDE: u32 = 2u * WX;

// Row p holds term p of the slice: of A for all rows of the patch, of B for all its columns.
var<workgroup> a_tile: array<vec4<f32>, BK * A_STRIDE>;
var<workgroup> b_tile: array<vec4<f32>, BK * B_STRIDE>;

// Four outputs: where they stand in the first channel of their group, whether they exist, where the channels of their group
// begin in their image, and the coordinates of their first taps.
struct Columns {
    places: vec4<u32>,
    inside: vec4<bool>,
    source: vec4<u32>,
    top: vec4<i32>,
    left: vec4<i32>,
}

fn columns_from(first: u32, channels: u32) -> Columns {
    let columns = first + vec4(0u, 1u, 2u, 3u);
    let pixels = params.oh * params.ow;
    let inside = columns < vec4(params.n * pixels);
    let image = columns / pixels;
    let pixel = columns % pixels;
    let top = vec4<i32>(pixel / params.ow * params.sh) - i32(params.ph);
    return Columns(
        (image * params.co + channels * params.cog) * pixels + pixel,
        inside,
        (image * params.ci + channels * params.cig) * params.h * params.w,
        // A column past the edge starts so far above the image that no tap lies inside.
        select(vec4(-0x7FFFFFFF), top, inside),
        vec4<i32>(pixel % params.ow * params.sw) - i32(params.pw),
    );
}

// Four terms of one output channel; zeros past the edges.
fn weights(channel: u32, inside: bool, p: u32) -> vec4<f32> {
    let terms = params.cig * SIZE_KH * SIZE_KW;
    if !inside || p >= terms {
        return vec4<f32>();
    }
    let i = channel * terms + p;
    if terms % 4u == 0u {
        return w[i / 4u];
    }
    var quad = vec4(w[i / 4u][i % 4u], 0.0, 0.0, 0.0);
    if p + 1u < terms { quad.y = w[(i + 1u) / 4u][(i + 1u) % 4u]; }
    if p + 2u < terms { quad.z = w[(i + 2u) / 4u][(i + 2u) % 4u]; }
    if p + 3u < terms { quad.w = w[(i + 3u) / 4u][(i + 3u) % 4u]; }
    return quad;
}

// The elements of the image that are term p of four columns: `image` is where the channels of their group begin, `top`
// and `left` are the coordinates of their first taps.
fn taps(p: u32, image: vec4<u32>, top: vec4<i32>, left: vec4<i32>) -> vec4<f32> {
    var values = vec4<f32>();
    let c = p / (SIZE_KH * SIZE_KW);
    if c >= params.cig {
        return values;
    }
    let rows = top + i32(p / SIZE_KW % SIZE_KH * params.dh);
    let columns = left + i32(p % SIZE_KW * params.dw);
    let inside = (rows >= vec4(0)) & (rows < vec4(i32(params.h)))
        & (columns >= vec4(0)) & (columns < vec4(i32(params.w)));
    let at = image + c * params.h * params.w + vec4<u32>(rows) * params.w + vec4<u32>(columns);
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

// Sums as they are stored, rectified if asked for: their bits are looked at, since WGSL lets an implementation assume that
// there is no NaN. A set sign bit gives +0 unless the sum is a NaN.
fn finished(sums: vec4<f32>) -> vec4<u32> {
    let bits = bitcast<vec4<u32>>(sums);
    if params.relu == 0u {
        return bits;
    }
    let is_nan = (bits & vec4(0x7FFFFFFFu)) > vec4(0x7F800000u);
    return select(vec4(0u), bits, (bits < vec4(0x80000000u)) | is_nan);
}

// Four outputs of one channel of the group; `places` are theirs in the group's first channel.
fn store(row: u32, first_channel: u32, places: vec4<u32>, inside: vec4<bool>, sums: vec4<f32>) {
    if row >= params.cog {
        return;
    }
    var bias = 0.0;
    if params.bias == 1u {
        bias = b[first_channel + row];
    }
    let values = finished(sums + bias);
    let at = places + row * params.oh * params.ow;
    if inside.x { y[at.x] = values.x; }
    if inside.y { y[at.y] = values.y; }
    if inside.z { y[at.z] = values.z; }
    if inside.w { y[at.w] = values.w; }
}

@compute @workgroup_size(WX, WY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let pixels = params.oh * params.ow;
    let patches_x = (params.n * pixels + 8u * WX - 1u) / (8u * WX);
    let patches_y = (params.cog + 8u * WY - 1u) / (8u * WY);
    let channels = number / (patches_x * patches_y);
    if channels >= params.groups {
        return;
    }
    let first_channel = channels * params.cog;
    let top_row = (number / patches_x % patches_y) * 8u * WY;
    let left = columns_from((number % patches_x) * 8u * WX + 4u * local.x, channels);
    let right = columns_from((number % patches_x) * 8u * WX + 4u * WX + 4u * local.x, channels);
    let terms = params.cig * SIZE_KH * SIZE_KW;
    var sums: array<vec4<f32>, 16>;
    for (var start = 0u; start < terms; start += BK) {
        for (var v = thread; v < 2u * WY * (BK / 4u); v += WX * WY) {
            let quad = v / (BK / 4u);
            let p = 4u * (v % (BK / 4u));
            let row = top_row + 4u * quad;
            let block = transpose(mat4x4(
                weights(first_channel + row, row < params.cog, start + p),
                weights(first_channel + row + 1u, row + 1u < params.cog, start + p),
                weights(first_channel + row + 2u, row + 2u < params.cog, start + p),
                weights(first_channel + row + 3u, row + 3u < params.cog, start + p),
            ));
            let at = p * A_STRIDE + quad;
            a_tile[at] = block[0];
            a_tile[at + A_STRIDE] = block[1];
            a_tile[at + 2u * A_STRIDE] = block[2];
            a_tile[at + 3u * A_STRIDE] = block[3];
        }
        for (var p = local.y; p < BK; p += WY) {
            b_tile[p * B_STRIDE + local.x] = taps(start + p, left.source, left.top, left.left);
            b_tile[p * B_STRIDE + WX + local.x] = taps(start + p, right.source, right.top, right.left);
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
    store(row, first_channel, left.places, left.inside, sums[0]);
    store(row, first_channel, right.places, right.inside, sums[1]);
    store(row + 1u, first_channel, left.places, left.inside, sums[2]);
    store(row + 1u, first_channel, right.places, right.inside, sums[3]);
    store(row + 2u, first_channel, left.places, left.inside, sums[4]);
    store(row + 2u, first_channel, right.places, right.inside, sums[5]);
    store(row + 3u, first_channel, left.places, left.inside, sums[6]);
    store(row + 3u, first_channel, right.places, right.inside, sums[7]);
    store(row + 4u * WY, first_channel, left.places, left.inside, sums[8]);
    store(row + 4u * WY, first_channel, right.places, right.inside, sums[9]);
    store(row + 4u * WY + 1u, first_channel, left.places, left.inside, sums[10]);
    store(row + 4u * WY + 1u, first_channel, right.places, right.inside, sums[11]);
    store(row + 4u * WY + 2u, first_channel, left.places, left.inside, sums[12]);
    store(row + 4u * WY + 2u, first_channel, right.places, right.inside, sums[13]);
    store(row + 4u * WY + 3u, first_channel, left.places, left.inside, sums[14]);
    store(row + 4u * WY + 3u, first_channel, right.places, right.inside, sums[15]);
}
