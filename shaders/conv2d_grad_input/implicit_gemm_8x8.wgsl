// The gradient of a convolution's images as a product whose right side is gathered from the outputs' gradients as it is
// needed (implicit GEMM), 8 x 8 elements a thread in registers.
//
// dy: n x co x oh x ow, w: co x ci/groups x kh x kw, dx: n x ci x h x w, row-major f32.
// For each group, C = A B: a row of A holds the weights that meet one channel of the image, a column of B the gradients
// that meet one element of a plane, and the terms run over the output channels of the group and the taps of the window.
// Under tap (i, j) the element (y, x) meets the output ((y + ph - i dh) / sh, (x + pw - j dw) / sw), if both divide.
// As `implicit_gemm`, with twice the rows and columns a thread: a workgroup of WX x WY threads computes a patch of 8 WY rows
// and 8 WX columns (128 x 128 by default); thread (x, y) has rows 4y..4y+3 of the patch's upper and of its lower half, and
// columns 4x..4x+3 of its left and of its right half. The patch walks along the terms in slices of BK (a multiple of four):
// all threads load the slices of A and B (zeros past the edges and in the padding), barrier, each thread adds BK outer
// products of eight elements of A by eight of B, barrier. The first barrier makes the slices visible, the second keeps the
// next ones from overwriting what a slower thread still reads. A thread gathers the same eight columns in every slice, so
// their places are worked out once. For many channels and outputs only: a patch leaves processors idle otherwise.
// The window's sides and the strides are compiled in: every term is divided by them.
// Source of the idea: S. Chetlur and others, "cuDNN: Efficient Primitives for Deep Learning", 2014; the tiles are those of
// `matmul/blocked_8x8`.
//
// workgroups: groups * div_ceil(cig, 8 * WY) * div_ceil(n * h * w, 8 * WX)
// turns: div_ceil(cog * kh * kw, BK) * (BK / 4 + div_ceil(2 * BK, WX) + div_ceil(BK, WY) + 3)

struct Params {
    n: u32,
    ci: u32,
    h: u32,
    w: u32,
    co: u32,
    ph: u32,
    pw: u32,
    dh: u32,
    dw: u32,
    groups: u32,
    oh: u32,
    ow: u32,
    cig: u32,
    cog: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

override WX: u32 = 16u;
override WY: u32 = 16u;
override BK: u32 = 16u;
override SIZE_KH: u32 = 1u;
override SIZE_KW: u32 = 1u;
override SIZE_SH: u32 = 1u;
override SIZE_SW: u32 = 1u;

// Vectors from one term of a slice to the next.
override A_STRIDE: u32 = 2u * WY + 1u;
override B_STRIDE: u32 = 2u * WX;

// Row p holds term p of the slice: of A for all rows of the patch, of B for all its columns.
var<workgroup> a_tile: array<vec4<f32>, BK * A_STRIDE>;
var<workgroup> b_tile: array<vec4<f32>, BK * B_STRIDE>;

// Four elements: where they stand in the first channel of their group, whether they exist, where the outputs of their group
// begin in their image, and their coordinates in the padded image.
struct Columns {
    places: vec4<u32>,
    inside: vec4<bool>,
    source: vec4<u32>,
    top: vec4<i32>,
    left: vec4<i32>,
}

fn columns_from(first: u32, channels: u32) -> Columns {
    let columns = first + vec4(0u, 1u, 2u, 3u);
    let plane = params.h * params.w;
    let inside = columns < vec4(params.n * plane);
    let image = columns / plane;
    let element = columns % plane;
    return Columns(
        (image * params.ci + channels * params.cig) * plane + element,
        inside,
        (image * params.co + channels * params.cog) * params.oh * params.ow,
        // A column past the edge lies above every window.
        select(vec4(-1), vec4<i32>(element / params.w + params.ph), inside),
        vec4<i32>(element % params.w + params.pw),
    );
}

// The weights between four channels of the image, from `row` of the group on, and term p; zeros past the edges.
fn weights(first_output: u32, row: u32, p: u32) -> vec4<f32> {
    var values = vec4<f32>();
    let o = p / (SIZE_KH * SIZE_KW);
    if o >= params.cog {
        return values;
    }
    let taps = SIZE_KH * SIZE_KW;
    let at = ((first_output + o) * params.cig + row) * taps + p % taps;
    if row < params.cig { values.x = w[at]; }
    if row + 1u < params.cig { values.y = w[at + taps]; }
    if row + 2u < params.cig { values.z = w[at + 2u * taps]; }
    if row + 3u < params.cig { values.w = w[at + 3u * taps]; }
    return values;
}

// The gradients that are term p of four columns: `image` is where the outputs of their group begin, `top` and `left` are
// the coordinates of the elements in the padded image.
fn gradients(p: u32, image: vec4<u32>, top: vec4<i32>, left: vec4<i32>) -> vec4<f32> {
    var values = vec4<f32>();
    let o = p / (SIZE_KH * SIZE_KW);
    if o >= params.cog {
        return values;
    }
    let from_top = top - i32(p / SIZE_KW % SIZE_KH * params.dh);
    let from_left = left - i32(p % SIZE_KW * params.dw);
    let down = vec4<u32>(from_top);
    let along = vec4<u32>(from_left);
    let r = down / SIZE_SH;
    let q = along / SIZE_SW;
    let inside = (from_top >= vec4(0)) & (from_left >= vec4(0))
        & (r * SIZE_SH == down) & (q * SIZE_SW == along)
        & (r < vec4(params.oh)) & (q < vec4(params.ow));
    let at = image + (o * params.oh + r) * params.ow + q;
    if inside.x { values.x = dy[at.x]; }
    if inside.y { values.y = dy[at.y]; }
    if inside.z { values.z = dy[at.z]; }
    if inside.w { values.w = dy[at.w]; }
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

// Four elements of one channel of the group; `places` are theirs in the group's first channel.
fn store(row: u32, places: vec4<u32>, inside: vec4<bool>, sums: vec4<f32>) {
    if row >= params.cig {
        return;
    }
    let at = places + row * params.h * params.w;
    if inside.x { dx[at.x] = sums.x; }
    if inside.y { dx[at.y] = sums.y; }
    if inside.z { dx[at.z] = sums.z; }
    if inside.w { dx[at.w] = sums.w; }
}

@compute @workgroup_size(WX, WY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let plane = params.h * params.w;
    let patches_x = (params.n * plane + 8u * WX - 1u) / (8u * WX);
    let patches_y = (params.cig + 8u * WY - 1u) / (8u * WY);
    let channels = number / (patches_x * patches_y);
    if channels >= params.groups {
        return;
    }
    let first_output = channels * params.cog;
    let top_row = (number / patches_x % patches_y) * 8u * WY;
    let left = columns_from((number % patches_x) * 8u * WX + 4u * local.x, channels);
    let right = columns_from((number % patches_x) * 8u * WX + 4u * WX + 4u * local.x, channels);
    let terms = params.cog * SIZE_KH * SIZE_KW;
    var sums: array<vec4<f32>, 16>;
    for (var start = 0u; start < terms; start += BK) {
        for (var v = thread; v < 2u * WY * BK; v += WX * WY) {
            a_tile[v % BK * A_STRIDE + v / BK] = weights(first_output, top_row + 4u * (v / BK), start + v % BK);
        }
        for (var p = local.y; p < BK; p += WY) {
            b_tile[p * B_STRIDE + local.x] = gradients(start + p, left.source, left.top, left.left);
            b_tile[p * B_STRIDE + WX + local.x] = gradients(start + p, right.source, right.top, right.left);
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
    store(row, left.places, left.inside, sums[0]);
    store(row, right.places, right.inside, sums[1]);
    store(row + 1u, left.places, left.inside, sums[2]);
    store(row + 1u, right.places, right.inside, sums[3]);
    store(row + 2u, left.places, left.inside, sums[4]);
    store(row + 2u, right.places, right.inside, sums[5]);
    store(row + 3u, left.places, left.inside, sums[6]);
    store(row + 3u, right.places, right.inside, sums[7]);
    store(row + 4u * WY, left.places, left.inside, sums[8]);
    store(row + 4u * WY, right.places, right.inside, sums[9]);
    store(row + 4u * WY + 1u, left.places, left.inside, sums[10]);
    store(row + 4u * WY + 1u, right.places, right.inside, sums[11]);
    store(row + 4u * WY + 2u, left.places, left.inside, sums[12]);
    store(row + 4u * WY + 2u, right.places, right.inside, sums[13]);
    store(row + 4u * WY + 3u, left.places, left.inside, sums[14]);
    store(row + 4u * WY + 3u, right.places, right.inside, sums[15]);
}
