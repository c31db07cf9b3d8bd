// Max pooling, second pass of two: the maxima of the row maxima.
//
// row_keys: n x c x h x ow, from the first pass; y: n x c x oh x ow, row-major f32, written as bits.
// A thread takes the largest of kh keys down one column. -0 and +0 count as equal: the first stays. No shared
// memory, no barrier.
//
// workgroups: div_ceil(n * c * oh * ow, WG)
// turns: kh

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
@group(0) @binding(1) var<storage, read> row_keys: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

override WG: u32 = 64u;

const NEG_INF_KEY = -0x7F800001;
const ZERO_KEY = 0;
const MINUS_ZERO_KEY = -1;

// The bits of a key's value: negative values reversed back.
fn value(key: i32) -> u32 {
    return bitcast<u32>(key ^ ((key >> 31u) & 0x7FFFFFFF));
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
    if number >= params.n * params.c * params.oh * params.ow {
        return;
    }
    let column = number % params.ow;
    let top = i32((number / params.ow) % params.oh * params.sh) - i32(params.ph);
    let plane = number / (params.ow * params.oh) * params.h;
    var best = NEG_INF_KEY;
    for (var i = 0u; i < params.kh; i++) {
        let row = top + i32(i * params.dh);
        var candidate = select(NEG_INF_KEY, ZERO_KEY, params.pad_value == 1u);
        if row >= 0 && row < i32(params.h) {
            candidate = row_keys[(plane + u32(row)) * params.ow + column];
        }
        if beats(candidate, best) {
            best = candidate;
        }
    }
    y[number] = value(best);
}
