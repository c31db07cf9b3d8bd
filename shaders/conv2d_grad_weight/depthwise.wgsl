// The gradient of a depthwise convolution's weights, one channel of the image a group: one thread four neighbouring weights of
// a row of a window, the sums divided into parts.
//
// x: n x ci x h x w, dy: n x co x oh x ow, partial: splits x co x 1 x kh x kw, row-major f32.
// A thread walks over the `split_len` outputs of its part, row by row, with four sums in a register: a gradient is read once
// for four weights and, where windows move by the distance of their taps, three of four taps are those of the step before.
// Taps outside the image are zeros. `sum_splits` adds the parts up in their order, which needs no atomics and gives the same
// bits in every run. Windows, strides, dilations and the outputs' sides are compiled in. No shared memory, no barrier.
//
// workgroups: div_ceil(splits * co * kh * div_ceil(kw, 4), WG)
// turns: 2 * split_len

struct Params {
    n: u32,
    h: u32,
    w: u32,
    co: u32,
    ph: u32,
    pw: u32,
    cog: u32,
    splits: u32,
    split_len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;

override WG: u32 = 64u;
override SIZE_KH: u32 = 1u;
override SIZE_KW: u32 = 1u;
override SIZE_SH: u32 = 1u;
override SIZE_SW: u32 = 1u;
override SIZE_DH: u32 = 1u;
override SIZE_DW: u32 = 1u;
override SIZE_OH: u32 = 1u;
override SIZE_OW: u32 = 1u;
override PIXELS: u32 = SIZE_OH * SIZE_OW;
override ACROSS: u32 = (SIZE_KW + 3u) / 4u;

// An element of a row of the image that begins at `line`; zero outside.
fn element(line: u32, column: i32, row_inside: bool) -> f32 {
    let inside = row_inside && column >= 0 && column < i32(params.w);
    return select(0.0, x[select(0u, line + u32(column), inside)], inside);
}

// The elements under four neighbouring taps.
fn quad(line: u32, column: i32, row_inside: bool) -> vec4<f32> {
    return vec4(
        element(line, column, row_inside),
        element(line, column + i32(SIZE_DW), row_inside),
        element(line, column + i32(2u * SIZE_DW), row_inside),
        element(line, column + i32(3u * SIZE_DW), row_inside),
    );
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let window = number / (ACROSS * SIZE_KH);
    let split = window / params.co;
    if split >= params.splits {
        return;
    }
    let j = number % ACROSS * 4u;
    let i = number / ACROSS % SIZE_KH;
    let o = window % params.co;
    let end = min((split + 1u) * params.split_len, params.n * PIXELS);
    var sums = vec4<f32>();
    var p = split * params.split_len;
    while p < end {
        // What is left of one row of the outputs.
        let r = p / SIZE_OW;
        let row_end = min(r * SIZE_OW + SIZE_OW, end);
        let plane = r / SIZE_OH * params.co + o;
        let row = i32(r % SIZE_OH * SIZE_SH + i * SIZE_DH) - i32(params.ph);
        let inside = row >= 0 && row < i32(params.h);
        let line = (plane / params.cog * params.h + u32(row)) * params.w;
        let gradients = (plane * SIZE_OH + r % SIZE_OH) * SIZE_OW;
        var column = i32((p - r * SIZE_OW) * SIZE_SW + j * SIZE_DW) - i32(params.pw);
        var taps = quad(line, column, inside);
        for (; p < row_end; p++) {
            sums = fma(vec4(dy[gradients + p - r * SIZE_OW]), taps, sums);
            column += i32(SIZE_SW);
            if SIZE_SW == SIZE_DW {
                taps = vec4(taps.yzw, element(line, column + i32(3u * SIZE_DW), inside));
            } else {
                taps = quad(line, column, inside);
            }
        }
    }
    let at = (window * SIZE_KH + i) * SIZE_KW + j;
    partial[at] = sums.x;
    if j + 1u < SIZE_KW { partial[at + 1u] = sums.y; }
    if j + 2u < SIZE_KW { partial[at + 2u] = sums.z; }
    if j + 3u < SIZE_KW { partial[at + 3u] = sums.w; }
}
