// The gradient of a convolution's weights in mixed precision: the product of `conv2d_grad_weight/implicit_gemm`, its
// operands rounded to halves on their way into shared memory.
//
// x: n x ci x h x w, dy: n x co x oh x ow, partial: splits x co x ci/groups x kh x kw, row-major f32.
// That kernel explains the parts, the patch, the slices and who gathers what; here slices are of halves, half the traffic.
// A thread widens what it takes from there: products and sums are in single precision. The first barrier makes the slices
// visible, the second keeps the next ones from overwriting what a slower thread still reads.
// Source of the idea: P. Micikevicius and others, "Mixed Precision Training", ICLR 2018.
//
// workgroups: splits * groups * div_ceil(cog, 4 * WY) * div_ceil(cig * kh * kw, 4 * WX)
// turns: div_ceil(split_len, BK) * (BK / 4 + div_ceil(BK, WY) + div_ceil(BK, WX) + 3)

enable f16;

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

// The gradients of four output channels, from `row` of the group on, at term p; zeros past the edges.
fn gradients(first_channel: u32, row: u32, p: u32, end: u32) -> vec4<f16> {
    var values = vec4<f32>();
    if p >= end {
        return vec4<f16>();
    }
    let pixels = params.oh * params.ow;
    let at = (p / pixels * params.co + first_channel + row) * pixels + p % pixels;
    if row < params.cog { values.x = dy[at]; }
    if row + 1u < params.cog { values.y = dy[at + pixels]; }
    if row + 2u < params.cog { values.z = dy[at + 2u * pixels]; }
    if row + 3u < params.cog { values.w = dy[at + 3u * pixels]; }
    return rounded(values);
}

// The elements of an image that are term p of four columns: `channel` is where theirs begin in the first image, `top` and
// `left` are the coordinates of their taps under the first output.
fn taps(p: u32, end: u32, channel: vec4<u32>, top: vec4<i32>, left: vec4<i32>) -> vec4<f16> {
    var values = vec4<f32>();
    if p >= end {
        return vec4<f16>();
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
    let patches_x = (terms + 4u * WX - 1u) / (4u * WX);
    let patches_y = (params.cog + 4u * WY - 1u) / (4u * WY);
    let part = number / (patches_x * patches_y);
    let split = part / params.groups;
    if split >= params.splits {
        return;
    }
    let channels = part % params.groups;
    let first_channel = channels * params.cog;
    let top_row = (number / patches_x % patches_y) * 4u * WY;
    let column = (number % patches_x) * 4u * WX + 4u * local.x;
    let columns = column + vec4(0u, 1u, 2u, 3u);
    let channel = (channels * params.cig + columns / (params.kh * params.kw)) * params.h * params.w;
    // A column past the edge lies so far above the image that it never meets it.
    let top = select(
        vec4(-0x7FFFFFFF),
        vec4<i32>(columns / params.kw % params.kh * params.dh) - i32(params.ph),
        columns < vec4(terms),
    );
    let left = vec4<i32>(columns % params.kw * params.dw) - i32(params.pw);
    let end = min((split + 1u) * params.split_len, params.n * params.oh * params.ow);
    var sums: array<vec4<f32>, 4>;
    for (var start = split * params.split_len; start < end; start += BK) {
        for (var v = thread; v < WY * BK; v += WX * WY) {
            a_tile[v % BK * (WY + 1u) + v / BK] =
                gradients(first_channel, top_row + 4u * (v / BK), start + v % BK, end);
        }
        for (var p = local.y; p < BK; p += WY) {
            b_tile[p * WX + local.x] = taps(start + p, end, channel, top, left);
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
    store(row + 1u, first, column, sums[1]);
    store(row + 2u, first, column, sums[2]);
    store(row + 3u, first, column, sums[3]);
}
