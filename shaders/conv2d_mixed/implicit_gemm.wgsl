// Convolution in mixed precision: the product of `conv2d/implicit_gemm`, its operands rounded to halves on their way into
// shared memory.
//
// x: n x ci x h x w, w: co x ci/groups x kh x kw, b: co (bound, but not read, where there is no bias), y: n x co x oh x ow,
// row-major f32; w is bound as vectors of four, y is written as bits.
// That kernel explains the patch, the slices and who gathers what; here slices are of halves, half the traffic. A thread
// widens what it takes from there: products, sums, bias and relu are in single precision. The first barrier makes the
// slices visible, the second keeps the next ones from overwriting what a slower thread still reads.
// Source of the idea: P. Micikevicius and others, "Mixed Precision Training", ICLR 2018.
//
// workgroups: groups * div_ceil(cog, 4 * WY) * div_ceil(n * oh * ow, 4 * WX)
// turns: div_ceil(cig * kh * kw, BK) * (BK / 4 + div_ceil(BK, 4 * WX) + div_ceil(BK, WY) + 3)

enable f16;

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

// Four terms of one output channel; zeros past the edges.
fn weights(channel: u32, inside: bool, p: u32) -> vec4<f16> {
    let terms = params.cig * SIZE_KH * SIZE_KW;
    if !inside || p >= terms {
        return vec4<f16>();
    }
    let i = channel * terms + p;
    if terms % 4u == 0u {
        return rounded(w[i / 4u]);
    }
    var quad = vec4(w[i / 4u][i % 4u], 0.0, 0.0, 0.0);
    if p + 1u < terms { quad.y = w[(i + 1u) / 4u][(i + 1u) % 4u]; }
    if p + 2u < terms { quad.z = w[(i + 2u) / 4u][(i + 2u) % 4u]; }
    if p + 3u < terms { quad.w = w[(i + 3u) / 4u][(i + 3u) % 4u]; }
    return rounded(quad);
}

// The elements of the image that are term p of four columns: `image` is where the channels of their group begin, `top`
// and `left` are the coordinates of their first taps.
fn taps(p: u32, image: vec4<u32>, top: vec4<i32>, left: vec4<i32>) -> vec4<f16> {
    var values = vec4<f32>();
    let c = p / (SIZE_KH * SIZE_KW);
    if c >= params.cig {
        return vec4<f16>();
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
    let patches_x = (params.n * pixels + 4u * WX - 1u) / (4u * WX);
    let patches_y = (params.cog + 4u * WY - 1u) / (4u * WY);
    let channels = number / (patches_x * patches_y);
    if channels >= params.groups {
        return;
    }
    let first_channel = channels * params.cog;
    let top_row = (number / patches_x % patches_y) * 4u * WY;
    let columns = (number % patches_x) * 4u * WX + 4u * local.x + vec4(0u, 1u, 2u, 3u);
    let valid = columns < vec4(params.n * pixels);
    let image = columns / pixels;
    let pixel = columns % pixels;
    let places = (image * params.co + first_channel) * pixels + pixel;
    let source = (image * params.ci + channels * params.cig) * params.h * params.w;
    // A column past the edge starts so far above the image that no tap lies inside.
    let top = select(
        vec4(-0x7FFFFFFF),
        vec4<i32>(pixel / params.ow * params.sh) - i32(params.ph),
        valid,
    );
    let left = vec4<i32>(pixel % params.ow * params.sw) - i32(params.pw);
    let terms = params.cig * SIZE_KH * SIZE_KW;
    var sums: array<vec4<f32>, 4>;
    for (var start = 0u; start < terms; start += BK) {
        for (var v = thread; v < WY * (BK / 4u); v += WX * WY) {
            let quad = v / (BK / 4u);
            let p = 4u * (v % (BK / 4u));
            let row = top_row + 4u * quad;
            let block = transpose(mat4x4(
                weights(first_channel + row, row < params.cog, start + p),
                weights(first_channel + row + 1u, row + 1u < params.cog, start + p),
                weights(first_channel + row + 2u, row + 2u < params.cog, start + p),
                weights(first_channel + row + 3u, row + 3u < params.cog, start + p),
            ));
            let at = p * (WY + 1u) + quad;
            a_tile[at] = block[0];
            a_tile[at + (WY + 1u)] = block[1];
            a_tile[at + 2u * (WY + 1u)] = block[2];
            a_tile[at + 3u * (WY + 1u)] = block[3];
        }
        for (var p = local.y; p < BK; p += WY) {
            b_tile[p * WX + local.x] = taps(start + p, source, top, left);
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
    store(row, first_channel, places, valid, sums[0]);
    store(row + 1u, first_channel, places, valid, sums[1]);
    store(row + 2u, first_channel, places, valid, sums[2]);
    store(row + 3u, first_channel, places, valid, sums[3]);
}
