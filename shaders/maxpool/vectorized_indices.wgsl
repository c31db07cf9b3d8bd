// Max pooling, four outputs a thread from wide loads: values and indices.
//
// x: n x c x h x w, y: n x c x oh x ow, row-major f32, both handled as bits; indices: as y, i32, flat within a plane,
// -1 where the padding wins. All are bound as vectors of four.
// A thread computes four neighbouring outputs, counted flat through all rows and planes, and stores them as one vector. It
// takes one of three ways:
// 1. The outputs lie in one row, columns are next to each other (dw = 1), and windows move by one column, or by two with
//    kw <= 3: each row under the four windows is read in vectors, which are shifted into place whatever the row's
//    alignment; no element has a bounds test, unless the windows reach over the image's left or right edge.
// 2. The outputs lie in one row and their windows inside the image: four elements a tap, one for each output, without
//    bounds tests.
// 3. Elsewhere (four outputs over two rows, borders) one output after the other, with bounds tests, as in `direct`.
// A key is an element's bits made monotone as a signed number: negative values reversed, NaN above everything. Keys carry
// a NaN through comparisons that WGSL lets an implementation spoil for floats.
// -0 counts as +0. The first of equal keys stays, a NaN always replaces what is there; padding of minus infinity has a
// key below all others. No shared memory, no barrier.
//
// workgroups: div_ceil(n * c * oh * ow, 4 * WG)
// turns: 4 * (kh * (kw + 1) + 1)

struct Params {
    n: u32,
    c: u32,
    h: u32,
    w: u32,
    kh: u32,
    kw: u32,
    sh: u32,
    sw: u32,
    ph: u32,
    pw: u32,
    dh: u32,
    dw: u32,
    pad_value: u32,
    oh: u32,
    ow: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> indices: array<vec4<i32>>;

override WG: u32 = 64u;

const NAN_KEY = 0x7FFFFFFF;
const ZERO_KEY = 0;
// Below every key.
const NOTHING = -0x7FFFFFFF;

fn keys(bits: vec4<u32>) -> vec4<i32> {
    let signed = bitcast<vec4<i32>>(bits);
    let ordered = signed ^ ((signed >> vec4(31u)) & vec4(0x7FFFFFFF));
    let numbers = select(ordered, vec4(ZERO_KEY), bits == vec4(0x80000000u));
    return select(numbers, vec4(NAN_KEY), (bits & vec4(0x7FFFFFFFu)) > vec4(0x7F800000u));
}

// The bits of the maximum that stands at a position of the plane that begins at `plane`; of padding, or of a window that
// holds nothing, without a position. They are not all in the key.
fn bits_at(plane: i32, position: i32) -> u32 {
    if position < 0 {
        return select(0xFF800000u, 0u, params.pad_value == 1u);
    }
    return element(plane + position);
}

// The key that stands for what lies outside the image.
fn outside() -> i32 {
    return select(NOTHING, ZERO_KEY, params.pad_value == 1u);
}

fn element(at: i32) -> u32 {
    return x[at / 4][at % 4];
}

// A vector of the image; where the windows reach over the image's ends, any that exists.
fn block(at: i32) -> vec4<u32> {
    return x[clamp(at, 0, i32((params.n * params.c * params.h * params.w - 1u) / 4u))];
}

// The four elements that begin `by` elements behind the start of two neighbouring blocks.
fn shifted(block: vec4<u32>, next: vec4<u32>, by: u32) -> vec4<u32> {
    var elements = block;
    switch by {
        case 1u: { elements = vec4(block.yzw, next.x); }
        case 2u: { elements = vec4(block.zw, next.xy); }
        case 3u: { elements = vec4(block.w, next.xyz); }
        default: {}
    }
    return elements;
}

// The keys of four neighbouring columns from `column` on.
fn quad(block: vec4<u32>, next: vec4<u32>, by: u32, column: i32, border: bool) -> vec4<i32> {
    let found = keys(shifted(block, next, by));
    if !border {
        return found;
    }
    let columns = vec4(column) + vec4(0, 1, 2, 3);
    return select(vec4(outside()), found, (columns >= vec4(0)) & (columns < vec4(i32(params.w))));
}

// The best of four windows so far: keys, and the rows and columns they stand in.
struct Best {
    keys: vec4<i32>,
    rows: vec4<i32>,
    columns: vec4<i32>,
}

// Judges one tap of each window; the taps stand in one row, `params.sw` columns apart.
fn take(best: ptr<function, Best>, candidates: vec4<i32>, row: i32, column: i32) {
    let columns = vec4(column) + vec4(0, 1, 2, 3) * i32(params.sw);
    let replace = (candidates > (*best).keys) | (candidates == vec4(NAN_KEY));
    (*best).keys = select((*best).keys, candidates, replace);
    (*best).rows = select((*best).rows, vec4(row), replace);
    (*best).columns = select((*best).columns, columns, replace);
}

// Four windows that start at `left` and move by one column, in the row that starts at `line`.
fn stride_1(best: ptr<function, Best>, line: i32, row: i32, left: i32, border: bool) {
    let first = line + left;
    let at = first >> 2u;
    let by = u32(first & 3);
    // The block of the last element needed.
    let last = at + i32((by + params.kw + 2u) / 4u);
    var next = block(min(at + 1, last));
    var current = quad(block(at), next, by, left, border);
    take(best, current, row, left);
    for (var t = 1u; t < params.kw; t += 4u) {
        let here = next;
        let column = left + i32(t);
        next = block(min(at + 2 + i32(t / 4u), last));
        let following = quad(here, next, by, column + 3, border);
        take(best, vec4(current.yzw, following.x), row, column);
        if t + 1u < params.kw { take(best, vec4(current.zw, following.xy), row, column + 1); }
        if t + 2u < params.kw { take(best, vec4(current.w, following.xyz), row, column + 2); }
        if t + 3u < params.kw { take(best, following, row, column + 3); }
        current = following;
    }
}

// Four windows of up to three columns that move by two.
fn stride_2(best: ptr<function, Best>, line: i32, row: i32, left: i32, border: bool) {
    let first = line + left;
    let at = first >> 2u;
    let by = u32(first & 3);
    let last = at + i32((by + params.kw + 5u) / 4u);
    let second = block(at + 1);
    let third = block(min(at + 2, last));
    let low = quad(block(at), second, by, left, border);
    let high = quad(second, third, by, left + 4, border);
    take(best, vec4(low.xz, high.xz), row, left);
    if params.kw > 1u { take(best, vec4(low.yw, high.yw), row, left + 1); }
    if params.kw > 2u {
        let end = quad(third, third, by, left + 8, border);
        take(best, vec4(low.z, high.xz, end.x), row, left + 2);
    }
}

// Four windows inside the image, in one row, for any stride and dilation.
fn any_stride(best: ptr<function, Best>, line: i32, row: i32, left: i32) {
    var at = vec4(line + left) + vec4(0, 1, 2, 3) * i32(params.sw);
    for (var j = 0u; j < params.kw; j++) {
        let found = keys(vec4(element(at.x), element(at.y), element(at.z), element(at.w)));
        take(best, found, row, left + i32(j * params.dw));
        at += vec4(i32(params.dw));
    }
}

// One window, whatever it reaches over: its key, row and column.
fn one(number: u32) -> vec3<i32> {
    let left = i32(number % params.ow * params.sw) - i32(params.pw);
    let top = i32((number / params.ow) % params.oh * params.sh) - i32(params.ph);
    let plane = i32(number / (params.ow * params.oh) * params.h);
    var best = vec3(NOTHING, -1, -1);
    for (var i = 0u; i < params.kh; i++) {
        let row = top + i32(i * params.dh);
        for (var j = 0u; j < params.kw; j++) {
            let column = left + i32(j * params.dw);
            var candidate = outside();
            if row >= 0 && row < i32(params.h) && column >= 0 && column < i32(params.w) {
                candidate = keys(vec4(element((plane + row) * i32(params.w) + column))).x;
            }
            if candidate > best.x || candidate == NAN_KEY {
                best = vec3(candidate, row, column);
            }
        }
    }
    return best;
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let first = 4u * number;
    let total = params.n * params.c * params.oh * params.ow;
    if number >= (total + 3u) / 4u {
        return;
    }
    let column = first % params.ow;
    let top = i32((first / params.ow) % params.oh * params.sh) - i32(params.ph);
    let left = i32(column * params.sw) - i32(params.pw);
    let plane = i32(first / (params.ow * params.oh) * params.h);
    let in_one_row = column + 3u < params.ow;
    let reach = i32(3u * params.sw + (params.kw - 1u) * params.dw);
    let inside = in_one_row && left >= 0 && left + reach < i32(params.w);
    let wide = in_one_row && params.dw == 1u && (params.sw == 1u || (params.sw == 2u && params.kw <= 3u));

    var best = Best(vec4(NOTHING), vec4(-1), vec4(-1));
    if wide || inside {
        for (var i = 0u; i < params.kh; i++) {
            let row = top + i32(i * params.dh);
            if row < 0 || row >= i32(params.h) {
                take(&best, vec4(outside()), row, left);
                continue;
            }
            let line = (plane + row) * i32(params.w);
            if !wide {
                any_stride(&best, line, row, left);
            } else if params.sw == 1u {
                stride_1(&best, line, row, left, !inside);
            } else {
                stride_2(&best, line, row, left, !inside);
            }
        }
    } else {
        // Past the end the last output is computed once more, and not stored.
        let a = one(first);
        let b = one(min(first + 1u, total - 1u));
        let c = one(min(first + 2u, total - 1u));
        let d = one(min(first + 3u, total - 1u));
        best = Best(vec4(a.x, b.x, c.x, d.x), vec4(a.y, b.y, c.y, d.y), vec4(a.z, b.z, c.z, d.z));
    }
    let in_rows = (best.rows >= vec4(0)) & (best.rows < vec4(i32(params.h)));
    let in_columns = (best.columns >= vec4(0)) & (best.columns < vec4(i32(params.w)));
    let positions = select(vec4(-1), best.rows * i32(params.w) + best.columns, in_rows & in_columns);
    // Four neighbouring outputs may stand in four planes.
    let outputs = min(vec4(first) + vec4(0u, 1u, 2u, 3u), vec4(total - 1u));
    let planes = vec4<i32>(outputs / (params.ow * params.oh) * params.h * params.w);
    let bits = vec4(
        bits_at(planes.x, positions.x),
        bits_at(planes.y, positions.y),
        bits_at(planes.z, positions.z),
        bits_at(planes.w, positions.w),
    );
    if first + 3u < total {
        y[number] = bits;
        indices[number] = positions;
        return;
    }
    // The last outputs, fewer than four: no other thread stores to these vectors.
    y[number].x = bits.x;
    indices[number].x = positions.x;
    if first + 1u < total {
        y[number].y = bits.y;
        indices[number].y = positions.y;
    }
    if first + 2u < total {
        y[number].z = bits.z;
        indices[number].z = positions.z;
    }
}
