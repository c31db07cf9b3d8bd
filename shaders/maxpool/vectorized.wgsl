// Max pooling, four outputs a thread from wide loads: values only.
//
// x: n x c x h x w, y: n x c x oh x ow, row-major f32, both handled as bits and bound as vectors of four.
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
// The order of comparisons matters to zeros of both signs alone, of which the first must stay: outputs whose maximum is a
// zero take way 3 where the thread has met a -0.
// No shared memory, no barrier.
//
// workgroups: div_ceil(n * c * oh * ow, 4 * WG)
// turns: 5 * (kh * (kw + 1) + 1)

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

override WG: u32 = 64u;

const NAN_KEY = 0x7FFFFFFF;
const NEG_INF_KEY = -0x7F800001;
const ZERO_KEY = 0;
const MINUS_ZERO_KEY = -1;

// The largest keys as unsigned numbers, of which that of -0 is the largest: whether the thread has met one.
var<private> met: vec4<u32>;

fn keys(bits: vec4<u32>) -> vec4<i32> {
    let signed = bitcast<vec4<i32>>(bits);
    let ordered = signed ^ ((signed >> vec4(31u)) & vec4(0x7FFFFFFF));
    met = max(met, bitcast<vec4<u32>>(ordered));
    return select(ordered, vec4(NAN_KEY), (bits & vec4(0x7FFFFFFFu)) > vec4(0x7F800000u));
}

// The bits of keys' values: the same fold again.
fn values(keys: vec4<i32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(keys ^ ((keys >> vec4(31u)) & vec4(0x7FFFFFFF)));
}

// The key that stands for what lies outside the image.
fn outside() -> i32 {
    return select(NEG_INF_KEY, ZERO_KEY, params.pad_value == 1u);
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

// The maxima of four windows that start at `left` and move by one column, in the row that starts at `line`.
fn stride_1(line: i32, left: i32, border: bool) -> vec4<i32> {
    let first = line + left;
    let at = first >> 2u;
    let by = u32(first & 3);
    // The block of the last element needed.
    let last = at + i32((by + params.kw + 2u) / 4u);
    var next = block(min(at + 1, last));
    var current = quad(block(at), next, by, left, border);
    var best = current;
    for (var t = 1u; t < params.kw; t += 4u) {
        let here = next;
        next = block(min(at + 2 + i32(t / 4u), last));
        let following = quad(here, next, by, left + i32(t) + 3, border);
        best = max(best, vec4(current.yzw, following.x));
        if t + 1u < params.kw { best = max(best, vec4(current.zw, following.xy)); }
        if t + 2u < params.kw { best = max(best, vec4(current.w, following.xyz)); }
        if t + 3u < params.kw { best = max(best, following); }
        current = following;
    }
    return best;
}

// The maxima of four windows of up to three columns that move by two.
fn stride_2(line: i32, left: i32, border: bool) -> vec4<i32> {
    let first = line + left;
    let at = first >> 2u;
    let by = u32(first & 3);
    let last = at + i32((by + params.kw + 5u) / 4u);
    let second = block(at + 1);
    let third = block(min(at + 2, last));
    let low = quad(block(at), second, by, left, border);
    let high = quad(second, third, by, left + 4, border);
    var best = vec4(low.xz, high.xz);
    if params.kw > 1u { best = max(best, vec4(low.yw, high.yw)); }
    if params.kw > 2u {
        let end = quad(third, third, by, left + 8, border);
        best = max(best, vec4(low.z, high.xz, end.x));
    }
    return best;
}

// The maxima of four windows inside the image, in one row, for any stride and dilation.
fn any_stride(line: i32, left: i32) -> vec4<i32> {
    var at = vec4(line + left) + vec4(0, 1, 2, 3) * i32(params.sw);
    var best = vec4(NEG_INF_KEY);
    for (var j = 0u; j < params.kw; j++) {
        best = max(best, keys(vec4(element(at.x), element(at.y), element(at.z), element(at.w))));
        at += vec4(i32(params.dw));
    }
    return best;
}

// The maximum of one window, whatever it reaches over.
fn one(number: u32) -> i32 {
    let left = i32(number % params.ow * params.sw) - i32(params.pw);
    let top = i32((number / params.ow) % params.oh * params.sh) - i32(params.ph);
    let plane = i32(number / (params.ow * params.oh) * params.h);
    var best = NEG_INF_KEY;
    for (var i = 0u; i < params.kh; i++) {
        let row = top + i32(i * params.dh);
        for (var j = 0u; j < params.kw; j++) {
            let column = left + i32(j * params.dw);
            var candidate = outside();
            if row >= 0 && row < i32(params.h) && column >= 0 && column < i32(params.w) {
                candidate = keys(vec4(element((plane + row) * i32(params.w) + column))).x;
            }
            // -0 and +0 are equal, and the first of equals stays.
            if candidate > select(best, ZERO_KEY, best == MINUS_ZERO_KEY) {
                best = candidate;
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

    var best = vec4(NEG_INF_KEY);
    if wide || inside {
        for (var i = 0u; i < params.kh; i++) {
            let row = top + i32(i * params.dh);
            if row < 0 || row >= i32(params.h) {
                best = max(best, vec4(outside()));
                continue;
            }
            let line = (plane + row) * i32(params.w);
            if !wide {
                best = max(best, any_stride(line, left));
            } else if params.sw == 1u {
                best = max(best, stride_1(line, left, !inside));
            } else {
                best = max(best, stride_2(line, left, !inside));
            }
        }
    }
    // Where zeros of both signs meet, the first stays: only the way that keeps the order knows which.
    if !(wide || inside) || (any(best == vec4(ZERO_KEY)) && any(met == vec4(0xFFFFFFFFu))) {
        // Past the end the last output is computed once more, and not stored.
        best.x = one(first);
        best.y = one(min(first + 1u, total - 1u));
        best.z = one(min(first + 2u, total - 1u));
        best.w = one(min(first + 3u, total - 1u));
    }
    let bits = values(best);
    if first + 3u < total {
        y[number] = bits;
        return;
    }
    // The last outputs, fewer than four: no other thread stores to this vector.
    y[number].x = bits.x;
    if first + 1u < total { y[number].y = bits.y; }
    if first + 2u < total { y[number].z = bits.z; }
}
