// Max pooling, second pass of two: the maxima of the row maxima, with their positions.
//
// row_keys: n x c x h x ow, from the first pass; row_indices: the same; x: n x c x h x w; y: n x c x oh x ow, row-major f32, written as bits; indices:
// as y, i32, flat within a plane, -1 where the padding wins.
// A thread takes the largest of kh keys down one column. The first of equal keys stays, a NaN always replaces what is
// there; a row of the padding counts as a zero without a position, or not at all. No shared memory, no barrier.
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
@group(0) @binding(2) var<storage, read> row_indices: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;
@group(0) @binding(4) var<storage, read_write> indices: array<i32>;
@group(0) @binding(5) var<storage, read> x: array<u32>;

override WG: u32 = 64u;

const NAN_KEY = 0x7FFFFFFF;
const ZERO_KEY = 0;
// Below every key.
const NOTHING = -0x7FFFFFFF;

// The bits of the maximum of a window whose best is padding, or that holds nothing.
fn padding() -> u32 {
    return select(0xFF800000u, 0u, params.pad_value == 1u);
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
    var best = NOTHING;
    var best_index = -1;
    for (var i = 0u; i < params.kh; i++) {
        let row = top + i32(i * params.dh);
        if row >= 0 && row < i32(params.h) {
            let at = (plane + u32(row)) * params.ow + column;
            let candidate = row_keys[at];
            if candidate > best || candidate == NAN_KEY {
                best = candidate;
                best_index = row_indices[at];
            }
        } else if params.pad_value == 1u && ZERO_KEY > best {
            best = ZERO_KEY;
            best_index = -1;
        }
    }
    // The value is read again where it stands: its bits are not all in the key.
    var bits = padding();
    if best_index >= 0 {
        bits = x[plane * params.w + u32(best_index)];
    }
    y[number] = bits;
    indices[number] = best_index;
}
