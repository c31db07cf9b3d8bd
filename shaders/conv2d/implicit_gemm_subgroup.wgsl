// Convolution as a product whose right side is gathered from the image as it is needed (implicit GEMM), sums in registers;
// the eight lanes of a subgroup share what they gather.
//
// x: n x ci x h x w, w: co x ci/groups x kh x kw, b: co (bound, but not read, where there is no bias), y: n x co x oh x ow,
// row-major f32; w is bound as vectors of four, y is written as bits.
// For each group, C = A B: a row of A holds the weights of one output channel, a column of B the taps under one output of
// one image, and the terms run over the channels of the group and the taps of the window.
// A workgroup is 8 x WY threads: WY subgroups, each with a patch of 64 rows and 16 columns. Lane x has rows x, x + 8, ...,
// x + 56, all 16 columns of them, and gathers columns x and x + 8, which the others get by broadcasts: for four terms eight
// vectors of A and eight elements of the image feed 512 fused multiply-adds. Rows past the edge read the last one that exists
// and are not stored, columns past it are the last one once more, terms past the end meet zeros; no lane leaves before the
// broadcasts, in which all take part. No shared memory, no barrier.
// The window's sides and the channels of a group are compiled in: a term is taken apart into channel and tap, and of the rows
// only those that exist are kept.
// For subgroups of exactly eight, which are rows of the workgroup. What a software adapter runs as one vector of eight is
// such a subgroup: there a load costs eight, lane by lane, and a broadcast one shuffle.
// Source of the idea: S. Chetlur and others, "cuDNN: Efficient Primitives for Deep Learning", 2014; the broadcasts are those
// of `matmul/blocked_subgroup_16x4`.
//
// workgroups: groups * div_ceil(cog, 64) * div_ceil(n * oh * ow, 16 * WY)
// turns: div_ceil(cig * kh * kw, 4)

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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;

override WY: u32 = 1u;
override SIZE_KH: u32 = 1u;
override SIZE_KW: u32 = 1u;
override SIZE_CIG: u32 = 1u;
override SIZE_COG: u32 = 1u;
override TERMS: u32 = SIZE_CIG * SIZE_KH * SIZE_KW;

// Terms p..p+3 of one output channel; past the end the last one, which meets zeros.
fn weights(channel: u32, p: u32) -> vec4<f32> {
    let at = channel * TERMS + p;
    if TERMS % 4u == 0u {
        return w[at / 4u];
    }
    let i = min(at + vec4(0u, 1u, 2u, 3u), vec4(channel * TERMS + TERMS - 1u));
    return vec4(w[i.x / 4u][i.x % 4u], w[i.y / 4u][i.y % 4u], w[i.z / 4u][i.z % 4u], w[i.w / 4u][i.w % 4u]);
}

// The elements of the image that are terms p..p+3 of one column: `image` is where the channels of its group begin, `top`
// and `left` are the coordinates of its first tap. Zeros in the padding and past the end.
fn taps(p: u32, image: u32, top: i32, left: i32) -> vec4<f32> {
    let terms = p + vec4(0u, 1u, 2u, 3u);
    let rows = top + vec4<i32>(terms / SIZE_KW % SIZE_KH * params.dh);
    let columns = left + vec4<i32>(terms % SIZE_KW * params.dw);
    let inside = (terms < vec4(TERMS)) & (rows >= vec4(0)) & (rows < vec4(i32(params.h)))
        & (columns >= vec4(0)) & (columns < vec4(i32(params.w)));
    let places = image + (terms / (SIZE_KH * SIZE_KW) * params.h + vec4<u32>(rows)) * params.w + vec4<u32>(columns);
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

// The same of the columns' places.
fn left_places(place: u32) -> vec4<u32> {
    return vec4(
        subgroupBroadcast(place, 0u),
        subgroupBroadcast(place, 1u),
        subgroupBroadcast(place, 2u),
        subgroupBroadcast(place, 3u),
    );
}

fn right_places(place: u32) -> vec4<u32> {
    return vec4(
        subgroupBroadcast(place, 4u),
        subgroupBroadcast(place, 5u),
        subgroupBroadcast(place, 6u),
        subgroupBroadcast(place, 7u),
    );
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

// Four outputs of one row.
fn store_quad(at: vec4<u32>, sums: vec4<f32>) {
    let values = finished(sums);
    y[at.x] = values.x;
    y[at.y] = values.y;
    y[at.z] = values.z;
    y[at.w] = values.w;
}

// One channel of the group; `places` are those of the columns in the group's first channel.
fn store(row: u32, first_channel: u32, places: array<vec4<u32>, 4>, sums: mat4x4<f32>) {
    if row >= SIZE_COG {
        return;
    }
    var bias = 0.0;
    if params.bias == 1u {
        bias = b[first_channel + row];
    }
    let at = row * params.oh * params.ow;
    store_quad(places[0] + at, sums[0] + bias);
    store_quad(places[1] + at, sums[1] + bias);
    store_quad(places[2] + at, sums[2] + bias);
    store_quad(places[3] + at, sums[3] + bias);
}

@compute @workgroup_size(8, WY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let pixels = params.oh * params.ow;
    let all_columns = params.n * pixels;
    let patches_x = (all_columns + 16u * WY - 1u) / (16u * WY);
    let patches_y = (SIZE_COG + 63u) / 64u;
    let channels = number / (patches_x * patches_y);
    if channels >= params.groups {
        return;
    }
    let first_channel = channels * SIZE_COG;
    let row = number / patches_x % patches_y * 64u + local.x;
    let first_column = (number % patches_x * WY + local.y) * 16u;
    // The lane's two columns.
    let columns = min(first_column + local.x + vec2(0u, 8u), vec2(all_columns - 1u));
    let image = columns / pixels;
    let pixel = columns % pixels;
    let places = (image * params.co + first_channel) * pixels + pixel;
    let source = (image * params.ci + channels * SIZE_CIG) * params.h * params.w;
    let top = vec2<i32>(pixel / params.ow * params.sh) - i32(params.ph);
    let left = vec2<i32>(pixel % params.ow * params.sw) - i32(params.pw);
    let next = vec4(0u, 8u, 16u, 24u);
    let upper = first_channel + min(row + next, vec4(SIZE_COG - 1u));
    let lower = first_channel + min(row + 32u + next, vec4(SIZE_COG - 1u));
    var sums: array<mat4x4<f32>, 8>;
    for (var p = 0u; p < TERMS; p += 4u) {
        let near = taps(p, source.x, top.x, left.x);
        let far = taps(p, source.y, top.y, left.y);
        let b0 = left_half(near);
        let b1 = right_half(near);
        let b2 = left_half(far);
        let b3 = right_half(far);
        sums[0] = add_row(sums[0], weights(upper.x, p), b0, b1, b2, b3);
        if SIZE_COG > 8u { sums[1] = add_row(sums[1], weights(upper.y, p), b0, b1, b2, b3); }
        if SIZE_COG > 16u { sums[2] = add_row(sums[2], weights(upper.z, p), b0, b1, b2, b3); }
        if SIZE_COG > 24u { sums[3] = add_row(sums[3], weights(upper.w, p), b0, b1, b2, b3); }
        if SIZE_COG > 32u { sums[4] = add_row(sums[4], weights(lower.x, p), b0, b1, b2, b3); }
        if SIZE_COG > 40u { sums[5] = add_row(sums[5], weights(lower.y, p), b0, b1, b2, b3); }
        if SIZE_COG > 48u { sums[6] = add_row(sums[6], weights(lower.z, p), b0, b1, b2, b3); }
        if SIZE_COG > 56u { sums[7] = add_row(sums[7], weights(lower.w, p), b0, b1, b2, b3); }
    }
    let at = array(left_places(places.x), right_places(places.x), left_places(places.y), right_places(places.y));
    if first_column >= all_columns {
        return;
    }
    store(row, first_channel, at, sums[0]);
    if SIZE_COG > 8u { store(row + 8u, first_channel, at, sums[1]); }
    if SIZE_COG > 16u { store(row + 16u, first_channel, at, sums[2]); }
    if SIZE_COG > 24u { store(row + 24u, first_channel, at, sums[3]); }
    if SIZE_COG > 32u { store(row + 32u, first_channel, at, sums[4]); }
    if SIZE_COG > 40u { store(row + 40u, first_channel, at, sums[5]); }
    if SIZE_COG > 48u { store(row + 48u, first_channel, at, sums[6]); }
    if SIZE_COG > 56u { store(row + 56u, first_channel, at, sums[7]); }
}
