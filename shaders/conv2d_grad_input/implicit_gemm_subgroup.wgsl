// The gradient of a convolution's images as a product whose right side is gathered from the outputs' gradients as it is
// needed (implicit GEMM), sums in registers; the eight lanes of a subgroup share what they gather.
//
// dy: n x co x oh x ow, turned: ci x co/groups x kh x kw (the weights as `turn_weights` leaves them), dx: n x ci x h x w,
// row-major f32; turned is bound as vectors of four.
// For each group, C = A B: a row of A holds the weights that meet one channel of the image, a column of B the gradients
// that meet one element of a plane, and the terms run over the output channels of the group and the taps of the window.
// Under tap (i, j) the element (y, x) meets the output ((y + ph - i dh) / sh, (x + pw - j dw) / sw), if both divide.
// A workgroup is 8 x WY threads: WY subgroups, each with a patch of 64 rows and 16 columns. Lane x has rows x, x + 8, ...,
// x + 56, all 16 columns of them, and gathers columns x and x + 8, which the others get by broadcasts: for four terms eight
// vectors of A and eight gradients feed 512 fused multiply-adds. Rows past the edge read the last one that exists and are not
// stored, columns past it are the last one once more, terms past the end meet zeros; no lane leaves before the broadcasts, in
// which all take part. No shared memory, no barrier.
// The window's sides, the strides and the channels of a group are compiled in, as in `conv2d/implicit_gemm_subgroup`, which
// says where the idea is from. For subgroups of exactly eight, which are rows of the workgroup.
//
// workgroups: groups * div_ceil(cig, 64) * div_ceil(n * h * w, 16 * WY)
// turns: div_ceil(cog * kh * kw, 4)

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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> turned: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

override WY: u32 = 1u;
override SIZE_KH: u32 = 1u;
override SIZE_KW: u32 = 1u;
override SIZE_SH: u32 = 1u;
override SIZE_SW: u32 = 1u;
override SIZE_CIG: u32 = 1u;
override SIZE_COG: u32 = 1u;
override TERMS: u32 = SIZE_COG * SIZE_KH * SIZE_KW;

// Terms p..p+3 of one channel of the image; past the end the last one, which meets zeros.
fn weights(channel: u32, p: u32) -> vec4<f32> {
    let at = channel * TERMS + p;
    if TERMS % 4u == 0u {
        return turned[at / 4u];
    }
    let i = min(at + vec4(0u, 1u, 2u, 3u), vec4(channel * TERMS + TERMS - 1u));
    return vec4(
        turned[i.x / 4u][i.x % 4u],
        turned[i.y / 4u][i.y % 4u],
        turned[i.z / 4u][i.z % 4u],
        turned[i.w / 4u][i.w % 4u],
    );
}

// The gradients that are terms p..p+3 of one column: `image` is where the outputs of its group begin, `top` and `left` are
// the coordinates of the element in the padded image. Zeros past the end and where the element meets no output.
fn gradients(p: u32, image: u32, top: i32, left: i32) -> vec4<f32> {
    let terms = p + vec4(0u, 1u, 2u, 3u);
    let from_top = top - vec4<i32>(terms / SIZE_KW % SIZE_KH * params.dh);
    let from_left = left - vec4<i32>(terms % SIZE_KW * params.dw);
    let down = vec4<u32>(from_top);
    let along = vec4<u32>(from_left);
    let r = down / SIZE_SH;
    let q = along / SIZE_SW;
    let inside = (terms < vec4(TERMS)) & (from_top >= vec4(0)) & (from_left >= vec4(0))
        & (r * SIZE_SH == down) & (q * SIZE_SW == along)
        & (r < vec4(params.oh)) & (q < vec4(params.ow));
    let places = image + (terms / (SIZE_KH * SIZE_KW) * params.oh + r) * params.ow + q;
    let at = select(vec4(0u), places, inside);
    return select(vec4(0.0), vec4(dy[at.x], dy[at.y], dy[at.z], dy[at.w]), inside);
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

// Four elements of one row.
fn store_quad(at: vec4<u32>, values: vec4<f32>) {
    dx[at.x] = values.x;
    dx[at.y] = values.y;
    dx[at.z] = values.z;
    dx[at.w] = values.w;
}

// One channel of the group; `places` are those of the columns in the group's first channel.
fn store(row: u32, places: array<vec4<u32>, 4>, sums: mat4x4<f32>) {
    if row >= SIZE_CIG {
        return;
    }
    let at = row * params.h * params.w;
    store_quad(places[0] + at, sums[0]);
    store_quad(places[1] + at, sums[1]);
    store_quad(places[2] + at, sums[2]);
    store_quad(places[3] + at, sums[3]);
}

@compute @workgroup_size(8, WY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let plane = params.h * params.w;
    let all_columns = params.n * plane;
    let patches_x = (all_columns + 16u * WY - 1u) / (16u * WY);
    let patches_y = (SIZE_CIG + 63u) / 64u;
    let channels = number / (patches_x * patches_y);
    if channels >= params.groups {
        return;
    }
    let first_channel = channels * SIZE_CIG;
    let row = number / patches_x % patches_y * 64u + local.x;
    let first_column = (number % patches_x * WY + local.y) * 16u;
    // The lane's two columns.
    let columns = min(first_column + local.x + vec2(0u, 8u), vec2(all_columns - 1u));
    let image = columns / plane;
    let element = columns % plane;
    let places = (image * params.ci + first_channel) * plane + element;
    let source = (image * params.co + channels * SIZE_COG) * params.oh * params.ow;
    let top = vec2<i32>(element / params.w + params.ph);
    let left = vec2<i32>(element % params.w + params.pw);
    let next = vec4(0u, 8u, 16u, 24u);
    let upper = first_channel + min(row + next, vec4(SIZE_CIG - 1u));
    let lower = first_channel + min(row + 32u + next, vec4(SIZE_CIG - 1u));
    var sums: array<mat4x4<f32>, 8>;
    for (var p = 0u; p < TERMS; p += 4u) {
        let near = gradients(p, source.x, top.x, left.x);
        let far = gradients(p, source.y, top.y, left.y);
        let b0 = left_half(near);
        let b1 = right_half(near);
        let b2 = left_half(far);
        let b3 = right_half(far);
        sums[0] = add_row(sums[0], weights(upper.x, p), b0, b1, b2, b3);
        if SIZE_CIG > 8u { sums[1] = add_row(sums[1], weights(upper.y, p), b0, b1, b2, b3); }
        if SIZE_CIG > 16u { sums[2] = add_row(sums[2], weights(upper.z, p), b0, b1, b2, b3); }
        if SIZE_CIG > 24u { sums[3] = add_row(sums[3], weights(upper.w, p), b0, b1, b2, b3); }
        if SIZE_CIG > 32u { sums[4] = add_row(sums[4], weights(lower.x, p), b0, b1, b2, b3); }
        if SIZE_CIG > 40u { sums[5] = add_row(sums[5], weights(lower.y, p), b0, b1, b2, b3); }
        if SIZE_CIG > 48u { sums[6] = add_row(sums[6], weights(lower.z, p), b0, b1, b2, b3); }
        if SIZE_CIG > 56u { sums[7] = add_row(sums[7], weights(lower.w, p), b0, b1, b2, b3); }
    }
    let at = array(left_places(places.x), right_places(places.x), left_places(places.y), right_places(places.y));
    if first_column >= all_columns {
        return;
    }
    store(row, at, sums[0]);
    if SIZE_CIG > 8u { store(row + 8u, at, sums[1]); }
    if SIZE_CIG > 16u { store(row + 16u, at, sums[2]); }
    if SIZE_CIG > 24u { store(row + 24u, at, sums[3]); }
    if SIZE_CIG > 32u { store(row + 32u, at, sums[4]); }
    if SIZE_CIG > 40u { store(row + 40u, at, sums[5]); }
    if SIZE_CIG > 48u { store(row + 48u, at, sums[6]); }
    if SIZE_CIG > 56u { store(row + 56u, at, sums[7]); }
}
