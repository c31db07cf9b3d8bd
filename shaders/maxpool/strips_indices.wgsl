// Max pooling, a strip of neighbouring outputs a thread, the window compiled in: values and indices.
//
// x: n x c x h x w, y: n x c x oh x ow, row-major f32, both handled as bits; indices: as y, i32, flat within
// a plane, -1 where the padding wins.
// A thread computes OX outputs along a row times OY rows of outputs. It reads each element under its windows once, takes
// the maxima of each row's taps and folds them into every output whose window holds that row. All bounds of loops are
// constants of the pipeline, so that a compiler unrolls them and keeps the arrays in registers.
// Whether an element needs a test is settled when the pipeline is built:
// - Without padding and rounding up every tap of an output lies inside the image.
// - With padding of minus infinity and neighbouring taps, what lies outside is read from the nearest edge: every window
//   that reaches over the edge holds that element too, and at the same end, so neither maximum nor its place changes.
// - Otherwise the padding's key takes the place of what lies outside.
// A key is an element's bits made monotone as a signed number: negative values reversed, NaN above everything, -0 as +0.
// Keys carry a NaN through comparisons that WGSL lets an implementation spoil for floats. The first of equal keys stays, a
// NaN always replaces what is there. The value is read again where it stands: its bits are not all in the key.
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
@group(0) @binding(3) var<storage, read_write> indices: array<i32>;

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

const NAN_KEY = 0x7FFFFFFF;
const ZERO_KEY = 0;
// Below every key.
const NOTHING = -0x7FFFFFFF;

fn key(bits: u32) -> i32 {
    let signed = bitcast<i32>(bits);
    let ordered = signed ^ ((signed >> 31u) & 0x7FFFFFFF);
    let number = select(ordered, ZERO_KEY, bits == 0x80000000u);
    return select(number, NAN_KEY, (bits & 0x7FFFFFFFu) > 0x7F800000u);
}

// Whether the second key replaces the first, which stands before it.
fn replaces(second: i32, first: i32) -> bool {
    return second > min(first, NAN_KEY - 1);
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
    let image = plane * params.h * params.w;

    var at: array<u32, SPAN>;
    for (var j = 0u; j < COLUMNS; j++) {
        at[j] = u32(clamp(left + i32(j), 0, i32(params.w) - 1));
    }
    var best: array<i32, OX * OY>;
    var best_at: array<i32, OX * OY>;
    for (var o = 0u; o < OX * OY; o++) {
        best[o] = NOTHING;
        best_at[o] = -1;
    }
    for (var r = 0u; r < ROWS; r++) {
        let from_top = top + i32(r);
        let first = u32(clamp(from_top, 0, i32(params.h) - 1)) * params.w;
        var keys: array<i32, SPAN>;
        var positions: array<i32, SPAN>;
        for (var j = 0u; j < COLUMNS; j++) {
            let position = first + at[j];
            positions[j] = i32(position);
            keys[j] = key(x[image + position]);
            if !(WITHIN || BY_EDGE) {
                let from_left = left + i32(j);
                if from_top < 0 || from_top >= i32(params.h) || from_left < 0 || from_left >= i32(params.w) {
                    keys[j] = select(NOTHING, ZERO_KEY, SIZE_PAD_VALUE == 1u);
                    positions[j] = -1;
                }
            }
        }
        for (var q = 0u; q < OX; q++) {
            var of_row = keys[q * SIZE_SW];
            var of_row_at = positions[q * SIZE_SW];
            for (var j = 1u; j < SIZE_KW; j++) {
                let tap = q * SIZE_SW + j * SIZE_DW;
                let replace = replaces(keys[tap], of_row);
                of_row = select(of_row, keys[tap], replace);
                of_row_at = select(of_row_at, positions[tap], replace);
            }
            for (var p = 0u; p < OY; p++) {
                let tap = r - p * SIZE_SH;
                if r >= p * SIZE_SH && tap % SIZE_DH == 0u && tap / SIZE_DH < SIZE_KH {
                    let o = p * OX + q;
                    let replace = replaces(of_row, best[o]);
                    best[o] = select(best[o], of_row, replace);
                    best_at[o] = select(best_at[o], of_row_at, replace);
                }
            }
        }
    }
    for (var p = 0u; p < OY; p++) {
        let to = (plane * params.oh + row + p) * params.ow + column;
        for (var q = 0u; q < OX; q++) {
            if row + p < params.oh && column + q < params.ow {
                let position = best_at[p * OX + q];
                // Of padding, or of a window that holds nothing.
                var bits = select(0xFF800000u, 0u, SIZE_PAD_VALUE == 1u);
                if position >= 0 {
                    bits = x[image + u32(position)];
                }
                y[to + q] = bits;
                indices[to + q] = position;
            }
        }
    }
}
