// Max pooling, a strip of neighbouring outputs a thread, the window compiled in: values only.
//
// x: n x c x h x w, y: n x c x oh x ow, row-major f32, both handled as bits.
// A thread computes OX outputs along a row times OY rows of outputs. It reads each element under its windows once, takes
// the maxima of each row's taps and folds them into every output whose window holds that row. Along a row there is no
// loop: what lies beyond the window is left out when the pipeline is built, the rest stands in registers.
// Whether an element needs a test is settled when the pipeline is built:
// - Without padding and rounding up every tap of an output lies inside the image.
// - With padding of minus infinity and neighbouring taps, what lies outside is read from the nearest edge: every window
//   that reaches over the edge holds that element too, and at the same end, so neither maximum nor its place changes.
// - Otherwise the padding's key takes the place of what lies outside.
// A key is an element's bits made monotone as a signed number: negative values reversed, then turned so far that NaN of
// both signs stand above everything and -inf is the lowest number. Keys carry a NaN through comparisons that WGSL lets an
// implementation spoil for floats. -0 and +0 have different keys but count as equal: the first stays.
// Divisions are by workgroup, whose WX x WY threads work on one plane. No shared memory, no barrier.
//
// workgroups: n * c * div_ceil(oh, OY * WY) * div_ceil(ow, 4 * WX)
// turns: (OY - 1) * sh + (kh - 1) * dh + 1

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

override WX: u32 = 16u;
override WY: u32 = 4u;
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

// Outputs of a thread along a row, and down the rows: at most 8.
const OX: u32 = 4u;
override OY: u32 = 1u;
// Elements under them along either: columns at most 16.
override COLUMNS: u32 = (OX - 1u) * SIZE_SW + (SIZE_KW - 1u) * SIZE_DW + 1u;
override ROWS: u32 = (OY - 1u) * SIZE_SH + (SIZE_KH - 1u) * SIZE_DH + 1u;
override WITHIN: bool = SIZE_PH == 0u && SIZE_PW == 0u && SIZE_CEIL == 0u;
override BY_EDGE: bool = SIZE_PAD_VALUE == 0u && SIZE_DH == 1u && SIZE_DW == 1u && SIZE_PH < SIZE_KH && SIZE_PW < SIZE_KW;

// How far keys are turned: by the difference of the keys of -inf and of the lowest number.
const TURN = 0x7FFFFF;
const NOTHING: i32 = -2147483648;
const ZERO_KEY: i32 = -TURN;
const MINUS_ZERO_KEY: i32 = -TURN - 1;

fn keys_of(bits: vec4<u32>) -> vec4<i32> {
    let signed = bitcast<vec4<i32>>(bits);
    return (signed ^ ((signed >> vec4(31u)) & vec4(0x7FFFFFFF))) - TURN;
}

fn values(keys: vec4<i32>) -> vec4<u32> {
    let turned = keys + TURN;
    return bitcast<vec4<u32>>(turned ^ ((turned >> vec4(31u)) & vec4(0x7FFFFFFF)));
}

// The larger keys, the first of equal ones.
fn larger(first: vec4<i32>, second: vec4<i32>) -> vec4<i32> {
    return select(first, second, second > first + vec4<i32>(first == vec4(MINUS_ZERO_KEY)));
}

// The keys of up to sixteen neighbouring columns of a row.
struct Row {
    a: vec4<i32>,
    b: vec4<i32>,
    c: vec4<i32>,
    d: vec4<i32>,
}

// One element of four, or nothing where no window reaches.
fn element(line: u32, column: i32, number: u32) -> u32 {
    if number >= COLUMNS {
        return 0u;
    }
    return x[line + u32(clamp(column, 0, i32(params.w) - 1))];
}

// Four neighbouring columns, the first of them `number` columns behind `left`.
fn quad(line: u32, left: i32, number: u32, row_inside: bool) -> vec4<i32> {
    let column = left + i32(number);
    let keys = keys_of(vec4(
        element(line, column, number),
        element(line, column + 1, number + 1u),
        element(line, column + 2, number + 2u),
        element(line, column + 3, number + 3u),
    ));
    if WITHIN || BY_EDGE {
        return keys;
    }
    let columns = vec4(column) + vec4(0, 1, 2, 3);
    let inside = vec4(row_inside) & (columns >= vec4(0)) & (columns < vec4(i32(params.w)));
    return select(vec4(select(NOTHING, ZERO_KEY, SIZE_PAD_VALUE == 1u)), keys, inside);
}

fn pick(row: Row, number: u32) -> i32 {
    let low = select(row.b, row.a, number < 4u);
    let high = select(row.d, row.c, number < 12u);
    return select(high, low, number < 8u)[number & 3u];
}

// Tap `j` of four windows.
fn tap(row: Row, j: u32) -> vec4<i32> {
    let first = j * SIZE_DW;
    return vec4(
        pick(row, first),
        pick(row, first + SIZE_SW),
        pick(row, first + 2u * SIZE_SW),
        pick(row, first + 3u * SIZE_SW),
    );
}

// The maxima of the taps of four windows in one row.
fn row_maxima(row: Row) -> vec4<i32> {
    var best = tap(row, 0u);
    if SIZE_KW > 1u { best = larger(best, tap(row, 1u)); }
    if SIZE_KW > 2u { best = larger(best, tap(row, 2u)); }
    if SIZE_KW > 3u { best = larger(best, tap(row, 3u)); }
    if SIZE_KW > 4u { best = larger(best, tap(row, 4u)); }
    if SIZE_KW > 5u { best = larger(best, tap(row, 5u)); }
    if SIZE_KW > 6u { best = larger(best, tap(row, 6u)); }
    if SIZE_KW > 7u { best = larger(best, tap(row, 7u)); }
    return best;
}

// Folds the maxima of row `r` under the thread into the outputs of its row `p`, if their windows hold it.
fn fold(best: ptr<function, vec4<i32>>, of_row: vec4<i32>, r: u32, p: u32) {
    let from_top = r - p * SIZE_SH;
    if from_top % SIZE_DH == 0u && from_top / SIZE_DH < SIZE_KH {
        *best = larger(*best, of_row);
    }
}

// Stores the outputs of row `row` from `column` on.
fn put(plane: u32, row: u32, column: u32, best: vec4<i32>) {
    if row >= params.oh {
        return;
    }
    let at = (plane * params.oh + row) * params.ow + column;
    let bits = values(best);
    y[at] = bits.x;
    if column + 1u < params.ow { y[at + 1u] = bits.y; }
    if column + 2u < params.ow { y[at + 2u] = bits.z; }
    if column + 3u < params.ow { y[at + 3u] = bits.w; }
}

@compute @workgroup_size(WX, WY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    // Divisions are by workgroup: all its threads work on one plane.
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let across = (params.ow + OX * WX - 1u) / (OX * WX);
    let down = (params.oh + OY * WY - 1u) / (OY * WY);
    let line_number = number / across;
    let plane = line_number / down;
    let column = ((number - line_number * across) * WX + local.x) * OX;
    let row = ((line_number - plane * down) * WY + local.y) * OY;
    if plane >= params.n * params.c || column >= params.ow || row >= params.oh {
        return;
    }
    let left = i32(column * SIZE_SW) - i32(SIZE_PW);
    let top = i32(row * SIZE_SH) - i32(SIZE_PH);

    let none = vec4(NOTHING);
    var best_0 = none;
    var best_1 = none;
    var best_2 = none;
    var best_3 = none;
    var best_4 = none;
    var best_5 = none;
    var best_6 = none;
    var best_7 = none;
    for (var r = 0u; r < ROWS; r++) {
        let from_top = top + i32(r);
        let nearest = clamp(from_top, 0, i32(params.h) - 1);
        let line = (plane * params.h + u32(nearest)) * params.w;
        let inside = nearest == from_top;
        let of_row = row_maxima(Row(
            quad(line, left, 0u, inside),
            quad(line, left, 4u, inside),
            quad(line, left, 8u, inside),
            quad(line, left, 12u, inside),
        ));
        fold(&best_0, of_row, r, 0u);
        if OY > 1u { fold(&best_1, of_row, r, 1u); }
        if OY > 2u { fold(&best_2, of_row, r, 2u); }
        if OY > 3u { fold(&best_3, of_row, r, 3u); }
        if OY > 4u { fold(&best_4, of_row, r, 4u); }
        if OY > 5u { fold(&best_5, of_row, r, 5u); }
        if OY > 6u { fold(&best_6, of_row, r, 6u); }
        if OY > 7u { fold(&best_7, of_row, r, 7u); }
    }
    put(plane, row, column, best_0);
    if OY > 1u { put(plane, row + 1u, column, best_1); }
    if OY > 2u { put(plane, row + 2u, column, best_2); }
    if OY > 3u { put(plane, row + 3u, column, best_3); }
    if OY > 4u { put(plane, row + 4u, column, best_4); }
    if OY > 5u { put(plane, row + 5u, column, best_5); }
    if OY > 6u { put(plane, row + 6u, column, best_6); }
    if OY > 7u { put(plane, row + 7u, column, best_7); }
}
