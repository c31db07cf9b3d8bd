// The gradient of a convolution's images in mixed precision: the product of `conv2d_grad_input/implicit_gemm`, its operands
// rounded to halves on their way into shared memory.
//
// dy: n x co x oh x ow, w: co x ci/groups x kh x kw, dx: n x ci x h x w, row-major f32.
// That kernel explains the patch, the slices and who gathers what; here slices are of halves, half the traffic. A thread
// widens what it takes from there: products and sums are in single precision. The first barrier makes the slices visible,
// the second keeps the next ones from overwriting what a slower thread still reads.
// Source of the idea: P. Micikevicius and others, "Mixed Precision Training", ICLR 2018.
//
// workgroups: groups * div_ceil(cig, 4 * WY) * div_ceil(n * h * w, 4 * WX)
// turns: div_ceil(cog * kh * kw, BK) * (BK / 4 + div_ceil(BK, WY) * 2 + 3)

enable f16;

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

// The weights between four channels of the image, from `row` of the group on, and term p; zeros past the edges.
fn weights(first_output: u32, row: u32, p: u32) -> vec4<f16> {
    var values = vec4<f32>();
    let o = p / (SIZE_KH * SIZE_KW);
    if o >= params.cog {
        return vec4<f16>();
    }
    let taps = SIZE_KH * SIZE_KW;
    let at = ((first_output + o) * params.cig + row) * taps + p % taps;
    if row < params.cig { values.x = w[at]; }
    if row + 1u < params.cig { values.y = w[at + taps]; }
    if row + 2u < params.cig { values.z = w[at + 2u * taps]; }
    if row + 3u < params.cig { values.w = w[at + 3u * taps]; }
    return rounded(values);
}

// The gradients that are term p of four columns: `image` is where the outputs of their group begin, `top` and `left` are
// the coordinates of the elements in the padded image.
fn gradients(p: u32, image: vec4<u32>, top: vec4<i32>, left: vec4<i32>) -> vec4<f16> {
    var values = vec4<f32>();
    let o = p / (SIZE_KH * SIZE_KW);
    if o >= params.cog {
        return vec4<f16>();
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
    return rounded(values);
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
    let patches_x = (params.n * plane + 4u * WX - 1u) / (4u * WX);
    let patches_y = (params.cig + 4u * WY - 1u) / (4u * WY);
    let channels = number / (patches_x * patches_y);
    if channels >= params.groups {
        return;
    }
    let first_output = channels * params.cog;
    let top_row = (number / patches_x % patches_y) * 4u * WY;
    let columns = (number % patches_x) * 4u * WX + 4u * local.x + vec4(0u, 1u, 2u, 3u);
    let valid = columns < vec4(params.n * plane);
    let image = columns / plane;
    let element = columns % plane;
    let places = (image * params.ci + channels * params.cig) * plane + element;
    let source = (image * params.co + first_output) * params.oh * params.ow;
    // A column past the edge lies above every window.
    let top = select(vec4(-1), vec4<i32>(element / params.w + params.ph), valid);
    let left = vec4<i32>(element % params.w + params.pw);
    let terms = params.cog * SIZE_KH * SIZE_KW;
    var sums: array<vec4<f32>, 4>;
    for (var start = 0u; start < terms; start += BK) {
        for (var v = thread; v < WY * BK; v += WX * WY) {
            a_tile[v % BK * (WY + 1u) + v / BK] = weights(first_output, top_row + 4u * (v / BK), start + v % BK);
        }
        for (var p = local.y; p < BK; p += WY) {
            b_tile[p * WX + local.x] = gradients(start + p, source, top, left);
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
    store(row, places, valid, sums[0]);
    store(row + 1u, places, valid, sums[1]);
    store(row + 2u, places, valid, sums[2]);
    store(row + 3u, places, valid, sums[3]);
}
