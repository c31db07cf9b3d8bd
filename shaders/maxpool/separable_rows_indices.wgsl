// Max pooling, first pass of two: the maxima of each image row, with their positions.
//
// x: n x c x h x w, row-major f32, handled as bits; row_keys: n x c x h x ow; row_indices: the same, flat within a plane, -1 for
// padding.
// A thread takes the largest key of kw taps of one image row. Two passes look at kh + kw elements an output instead of
// kh kw: worth it for large windows. The first of equal keys stays, a NaN always replaces what is there: the second
// pass does the same down the rows, so that together they keep row-major order. No shared memory, no barrier.
// A key is an element's bits made monotone as a signed number: negative values reversed, NaN above everything. Keys carry
// a NaN through comparisons that WGSL lets an implementation spoil for floats.
// -0 counts as +0.
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
@group(0) @binding(3) var<storage, read_write> row_indices: array<i32>;

override WG: u32 = 64u;

const NAN_KEY = 0x7FFFFFFF;
const ZERO_KEY = 0;
// Below every key.
const NOTHING = -0x7FFFFFFF;

fn key(bits: u32) -> i32 {
    if (bits & 0x7FFFFFFFu) > 0x7F800000u {
        return NAN_KEY;
    }
    if bits == 0x80000000u {
        return ZERO_KEY;
    }
    let signed = bitcast<i32>(bits);
    return signed ^ ((signed >> 31u) & 0x7FFFFFFF);
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
    let first = i32(line % params.h * params.w);
    var best = NOTHING;
    var best_index = -1;
    for (var j = 0u; j < params.kw; j++) {
        let column = left + i32(j * params.dw);
        if column >= 0 && column < i32(params.w) {
            let candidate = key(x[line * params.w + u32(column)]);
            if candidate > best || candidate == NAN_KEY {
                best = candidate;
                best_index = first + column;
            }
        } else if params.pad_value == 1u && ZERO_KEY > best {
            best = ZERO_KEY;
            best_index = -1;
        }
    }
    row_keys[number] = best;
    row_indices[number] = best_index;
}
