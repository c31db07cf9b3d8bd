// Max pooling, a strip of neighbouring outputs a thread, the window compiled in: values only.
//
// x: n x c x h x w, y: n x c x oh x ow, row-major f32, both handled as bits.
// A thread computes OX outputs along a row times OY rows of outputs. It reads each element under its windows once, takes
// the maxima of each row's taps and folds them into every output whose window holds that row. All bounds of loops are
// constants of the pipeline, so that a compiler unrolls them and keeps the arrays in registers.
// Whether an element needs a test is settled when the pipeline is built:
// - Without padding and rounding up every tap of an output lies inside the image.
// - With padding of minus infinity and neighbouring taps, what lies outside is read from the nearest edge: every window
//   that reaches over the edge holds that element too, and at the same end, so neither maximum nor its place changes.
// - Otherwise the padding's key takes the place of what lies outside.
// A key is an element's bits made monotone as a signed number: negative values reversed, then turned so far that NaN of
// both signs stand above everything and -inf is the lowest number. Keys carry a NaN through comparisons that WGSL lets an
// implementation spoil for floats. -0 and +0 have different keys but count as equal: the first stays.
// No shared memory, no barrier.
//
// workgroups: div_ceil(n * c * div_ceil(oh, OY) * div_ceil(ow, OX), WG)
// turns: (OY * sh + kh * dh) * (SPAN + OX * (kw + OY + 1) + 1) + SPAN + OX * OY + OY

struct Params {
    n: u32,
    c: u32,
    h: u32,
    w: u32,
    oh: u32,
    ow: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

override WG: u32 = 64u;
override SIZE_KH: u32 = 1u;
override SIZE_KW: u32 = 1u;
override SIZE_SH: u32 = 1u;
override SIZE_SW: u32 = 1u;
override SIZE_PH: u32 = 0u;
override SIZE_PW: u32 = 0u;
override SIZE_DH: u32 = 1u;
override SIZE_DW: u32 = 1u;
override SIZE_CEIL: u32 = 0u;
override SIZE_PAD_VALUE: u32 = 0u;

// Outputs of a thread along a row and down the rows, and the most columns under them.
const OX: u32 = 4u;
const OY: u32 = 4u;
const SPAN: u32 = 32u;

override COLUMNS: u32 = (OX - 1u) * SIZE_SW + (SIZE_KW - 1u) * SIZE_DW + 1u;
override ROWS: u32 = (OY - 1u) * SIZE_SH + (SIZE_KH - 1u) * SIZE_DH + 1u;
override WITHIN: bool = SIZE_PH == 0u && SIZE_PW == 0u && SIZE_CEIL == 0u;
override BY_EDGE: bool = SIZE_PAD_VALUE == 0u && SIZE_DH == 1u && SIZE_DW == 1u && SIZE_PH < SIZE_KH && SIZE_PW < SIZE_KW;

// Key of +inf less the largest signed number, negated: how far keys are turned.
const TURN = 0x7FFFFF;
const NEG_INF_KEY: i32 = -2147483648;
const ZERO_KEY: i32 = -TURN;
const MINUS_ZERO_KEY: i32 = -TURN - 1;

fn key(bits: u32) -> i32 {
    let signed = bitcast<i32>(bits);
    return (signed ^ ((signed >> 31u) & 0x7FFFFFFF)) - TURN;
}

fn value(key: i32) -> u32 {
    let turned = key + TURN;
    return bitcast<u32>(turned ^ ((turned >> 31u) & 0x7FFFFFFF));
}

// The larger of two keys, the first of equal ones.
fn larger(first: i32, second: i32) -> i32 {
    return select(first, second, second > first + i32(first == MINUS_ZERO_KEY));
}

fn outside() -> i32 {
    return select(NEG_INF_KEY, ZERO_KEY, SIZE_PAD_VALUE == 1u);
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let across = (params.ow + OX - 1u) / OX;
    let down = (params.oh + OY - 1u) / OY;
    let line_number = number / across;
    let plane = line_number / down;
    if plane >= params.n * params.c {
        return;
    }
    let column = (number - line_number * across) * OX;
    let row = (line_number - plane * down) * OY;
    let left = i32(column * SIZE_SW) - i32(SIZE_PW);
    let top = i32(row * SIZE_SH) - i32(SIZE_PH);
    let image = plane * params.h;

    var at: array<u32, SPAN>;
    for (var j = 0u; j < COLUMNS; j++) {
        at[j] = u32(clamp(left + i32(j), 0, i32(params.w) - 1));
    }
    var best: array<i32, OX * OY>;
    for (var o = 0u; o < OX * OY; o++) {
        best[o] = NEG_INF_KEY;
    }
    for (var r = 0u; r < ROWS; r++) {
        let from_top = top + i32(r);
        let line = (image + u32(clamp(from_top, 0, i32(params.h) - 1))) * params.w;
        var keys: array<i32, SPAN>;
        for (var j = 0u; j < COLUMNS; j++) {
            keys[j] = key(x[line + at[j]]);
            if !(WITHIN || BY_EDGE) {
                let from_left = left + i32(j);
                let is_inside = from_top >= 0 && from_top < i32(params.h) && from_left >= 0 && from_left < i32(params.w);
                keys[j] = select(outside(), keys[j], is_inside);
            }
        }
        for (var q = 0u; q < OX; q++) {
            var of_row = keys[q * SIZE_SW];
            for (var j = 1u; j < SIZE_KW; j++) {
                of_row = larger(of_row, keys[q * SIZE_SW + j * SIZE_DW]);
            }
            for (var p = 0u; p < OY; p++) {
                let tap = r - p * SIZE_SH;
                if r >= p * SIZE_SH && tap % SIZE_DH == 0u && tap / SIZE_DH < SIZE_KH {
                    best[p * OX + q] = larger(best[p * OX + q], of_row);
                }
            }
        }
    }
    for (var p = 0u; p < OY; p++) {
        let to = (plane * params.oh + row + p) * params.ow + column;
        for (var q = 0u; q < OX; q++) {
            if row + p < params.oh && column + q < params.ow {
                y[to + q] = value(best[p * OX + q]);
            }
        }
    }
}
