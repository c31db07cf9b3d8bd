// Max pooling, one thread an output: values only.
//
// x: n x c x h x w, y: n x c x oh x ow, row-major f32, both handled as bits.
// A thread walks over its window row by row and keeps the largest key. A key is the value's bits, made monotone as an
// unsigned number: negative values reversed, NaN above everything, -0 as +0. WGSL lets an implementation assume that
// there is no NaN, so comparisons of floats cannot carry one through; comparisons of keys can. The first of equal keys
// stays, a NaN always replaces what is there. No shared memory, no barrier.
//
// workgroups: div_ceil(n * c * oh * ow, WG)
// turns: kh * (kw + 1)

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
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

override WG: u32 = 64u;

const NEG_INF = 0xFF800000u;
const NAN_KEY = 0xFFFFFFFFu;
const ZERO_KEY = 0x80000000u;

fn key(bits: u32) -> u32 {
    if (bits & 0x7FFFFFFFu) > 0x7F800000u {
        return NAN_KEY;
    }
    if bits == 0x80000000u {
        return ZERO_KEY;
    }
    return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number >= params.n * params.c * params.oh * params.ow {
        return;
    }
    let column = number % params.ow;
    let row = (number / params.ow) % params.oh;
    let plane = number / (params.ow * params.oh) * params.h * params.w;
    let top = i32(row * params.sh) - i32(params.ph);
    let left = i32(column * params.sw) - i32(params.pw);

    // No tap has key 0 (the key of -inf is larger), so the first one always replaces it.
    var best_key = 0u;
    var best = NEG_INF;
    for (var i = 0u; i < params.kh; i++) {
        let tap_row = top + i32(i * params.dh);
        let row_inside = tap_row >= 0 && tap_row < i32(params.h);
        for (var j = 0u; j < params.kw; j++) {
            let tap_column = left + i32(j * params.dw);
            if row_inside && tap_column >= 0 && tap_column < i32(params.w) {
                let bits = x[plane + u32(tap_row) * params.w + u32(tap_column)];
                let candidate = key(bits);
                if candidate > best_key || candidate == NAN_KEY {
                    best_key = candidate;
                    best = bits;
                }
            } else if params.pad_value == 1u && ZERO_KEY > best_key {
                best_key = ZERO_KEY;
                best = 0u;
            }
        }
    }
    y[number] = best;
}
