// Max pooling, first pass of two: the maxima of each image row.
//
// x: n x c x h x w, row-major f32, handled as bits; row_keys: n x c x h x ow.
// A thread takes the largest key of kw taps of one image row. Two passes look at kh + kw elements an output instead of
// kh kw: worth it for large windows. No shared memory, no barrier.
// A key is an element's bits made monotone as a signed number: negative values reversed, NaN above everything. Keys carry
// a NaN through comparisons that WGSL lets an implementation spoil for floats.
// The keys of -0 and +0 differ, so that the result keeps its sign, but count as equal: the first stays.
//
// workgroups: div_ceil(n * c * h * ow, WG)
// turns: kw

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
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> row_keys: array<i32>;

override WG: u32 = 64u;

const NAN_KEY = 0x7FFFFFFF;
const NEG_INF_KEY = -0x7F800001;
const ZERO_KEY = 0;
const MINUS_ZERO_KEY = -1;

fn key(bits: u32) -> i32 {
    if (bits & 0x7FFFFFFFu) > 0x7F800000u {
        return NAN_KEY;
    }
    let signed = bitcast<i32>(bits);
    return signed ^ ((signed >> 31u) & 0x7FFFFFFF);
}

// Whether a candidate replaces what was first: -0, whose key is -1, and +0 are equal, and the first of equals stays.
fn beats(candidate: i32, best: i32) -> bool {
    return candidate > select(best, ZERO_KEY, best == MINUS_ZERO_KEY);
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number >= params.n * params.c * params.h * params.ow {
        return;
    }
    let line = number / params.ow;
    let left = i32(number % params.ow * params.sw) - i32(params.pw);
    var best = NEG_INF_KEY;
    for (var j = 0u; j < params.kw; j++) {
        let column = left + i32(j * params.dw);
        var candidate = select(NEG_INF_KEY, ZERO_KEY, params.pad_value == 1u);
        if column >= 0 && column < i32(params.w) {
            candidate = key(x[line * params.w + u32(column)]);
        }
        if beats(candidate, best) {
            best = candidate;
        }
    }
    row_keys[number] = best;
}
