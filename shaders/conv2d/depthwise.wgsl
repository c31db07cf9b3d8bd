// Depthwise convolution, one channel of the image a group: one thread four neighbouring outputs of a row.
//
// x: n x ci x h x w, w: co x 1 x kh x kw, b: co (bound, but not read, where there is no bias), y: n x co x oh x ow, row-major
// f32; y is written as bits.
// A thread walks over the taps of its window with four sums in a register: a weight is read once for four outputs and, where
// windows move by the distance of their taps, three of four taps are those of the step before. Taps outside the image are
// zeros. The window, strides and dilations are compiled in. No shared memory, no barrier.
//
// workgroups: div_ceil(n * co * oh * div_ceil(ow, 4), WG)
// turns: kh * (kw + 1)

struct Params {
    n: u32,
    h: u32,
    w: u32,
    co: u32,
    ph: u32,
    pw: u32,
    bias: u32,
    relu: u32,
    oh: u32,
    ow: u32,
    cog: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;

override WG: u32 = 64u;
override SIZE_KH: u32 = 1u;
override SIZE_KW: u32 = 1u;
override SIZE_SH: u32 = 1u;
override SIZE_SW: u32 = 1u;
override SIZE_DH: u32 = 1u;
override SIZE_DW: u32 = 1u;

// An element of a row of the image that begins at `line`; zero outside.
fn element(line: u32, column: i32, row_inside: bool) -> f32 {
    let inside = row_inside && column >= 0 && column < i32(params.w);
    return select(0.0, x[select(0u, line + u32(column), inside)], inside);
}

// The elements under one tap of four windows.
fn quad(line: u32, column: i32, row_inside: bool) -> vec4<f32> {
    return vec4(
        element(line, column, row_inside),
        element(line, column + i32(SIZE_SW), row_inside),
        element(line, column + i32(2u * SIZE_SW), row_inside),
        element(line, column + i32(3u * SIZE_SW), row_inside),
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

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let across = (params.ow + 3u) / 4u;
    let plane = number / across / params.oh;
    if plane >= params.n * params.co {
        return;
    }
    let column = number % across * 4u;
    let row = number / across % params.oh;
    let o = plane % params.co;
    // The first tap; it may lie in the padding, so coordinates are signed.
    let top = i32(row * SIZE_SH) - i32(params.ph);
    let left = i32(column * SIZE_SW) - i32(params.pw);
    var sums = vec4<f32>();
    if params.bias == 1u {
        sums = vec4(b[o]);
    }
    for (var i = 0u; i < SIZE_KH; i++) {
        let tap_row = top + i32(i * SIZE_DH);
        let inside = tap_row >= 0 && tap_row < i32(params.h);
        let line = (plane / params.cog * params.h + u32(tap_row)) * params.w;
        let weights = (o * SIZE_KH + i) * SIZE_KW;
        var taps = quad(line, left, inside);
        sums = fma(vec4(w[weights]), taps, sums);
        for (var j = 1u; j < SIZE_KW; j++) {
            if SIZE_DW == SIZE_SW {
                taps = vec4(taps.yzw, element(line, left + i32((3u + j) * SIZE_SW), inside));
            } else {
                taps = quad(line, left + i32(j * SIZE_DW), inside);
            }
            sums = fma(vec4(w[weights + j]), taps, sums);
        }
    }
    let values = finished(sums);
    let at = (plane * params.oh + row) * params.ow + column;
    y[at] = values.x;
    if column + 1u < params.ow { y[at + 1u] = values.y; }
    if column + 2u < params.ow { y[at + 2u] = values.z; }
    if column + 3u < params.ow { y[at + 3u] = values.w; }
}
