// Max pooling, second pass of two: the maxima of the row maxima, in work that does not grow with the window; with
// their positions.
//
// row_keys: n x c x h x ow, from the first pass; row_indices: the same; x: n x c x h x w; y: n x c x oh x ow, row-major f32,
// written as bits; indices: as y, i32, flat within a plane, -1 where the padding wins.
// A thread computes GROUP outputs down one column whose windows all hold one tap, the first of the last
// window. From that pivot it
// walks back and keeps the maxima of the taps before it, then on, and joins what it kept with the maxima of the taps from
// the pivot on: two looks a tap for GROUP outputs (van Herk 1992, Gil and Werman 1993). Where windows do not touch, GROUP
// is 1 and a thread takes one window. With dilation the outputs of a thread lie dh apart, so that they share taps; its
// neighbours take those between. Neighbouring threads take neighbouring columns.
// What is kept stands in registers where the group is small, else where the outputs will stand.
// The first of equal keys stays, a NaN always replaces what is before it; the value is read again where it stands, since its
// bits are not all in the key.
// No shared memory, no barrier.
//
// workgroups: div_ceil(n * c * ow * dh * div_ceil(div_ceil(oh, dh), (kh - 1) / sh + 1), WG)
// turns: 2 * ((kh - 1) / sh) * (sh + 1) + kh + 1

struct Params {
    n: u32,
    c: u32,
    h: u32,
    w: u32,
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
override SIZE_KH: u32 = 1u;
override SIZE_SH: u32 = 1u;
override SIZE_PH: u32 = 0u;
override SIZE_DH: u32 = 1u;
override SIZE_PAD_VALUE: u32 = 0u;

// Outputs of a thread, and the tap that all their windows hold.
override GROUP: u32 = (SIZE_KH - 1u) / SIZE_SH + 1u;
override PIVOT: u32 = (GROUP - 1u) * SIZE_SH;
// Whether what lies outside may be read from the nearest edge: every window that reaches over the edge holds that element
// too, and at the same end.
override BY_EDGE: bool = SIZE_PAD_VALUE == 0u && SIZE_DH == 1u && SIZE_PH < SIZE_KH;
// What a thread keeps in registers at most.
const HELD: u32 = 32u;

const NAN_KEY = 0x7FFFFFFF;
const ZERO_KEY = 0;
// Below every key.
const NOTHING = -0x7FFFFFFF;

// The larger of two keys with their positions, the first of equal ones; a NaN replaces what is before it.
fn larger(first: vec2<i32>, second: vec2<i32>) -> vec2<i32> {
    return select(first, second, second.x > min(first.x, NAN_KEY - 1));
}

// The key of a place of the line that begins at `line`, and its position.
fn tap(line: u32, place: i32) -> vec2<i32> {
    let at = clamp(place, 0, i32(params.h) - 1);
    let source = line + u32(at) * params.ow;
    let outside = vec2(select(NOTHING, ZERO_KEY, SIZE_PAD_VALUE == 1u), -1);
    return select(outside, vec2(row_keys[source], row_indices[source]), BY_EDGE || at == place);
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let of_line = ((params.oh + SIZE_DH - 1u) / SIZE_DH + GROUP - 1u) / GROUP * SIZE_DH;
    let part_number = number / params.ow;
    let plane = part_number / of_line;
    if plane >= params.n * params.c {
        return;
    }
    let part = part_number - plane * of_line;
    let column = number - part_number * params.ow;
    let line = plane * params.h * params.ow + column;
    // The first output, and the place of the first tap of its window.
    let output = part / SIZE_DH * SIZE_DH * GROUP + part % SIZE_DH;
    let start = i32(output * SIZE_SH) - i32(SIZE_PH);
    let to = (plane * params.oh + output) * params.ow + column;

    var held: array<vec2<i32>, HELD>;
    var before = vec2(NOTHING, -1);
    for (var i = 1u; i < GROUP; i++) {
        let g = GROUP - 1u - i;
        for (var j = 1u; j <= SIZE_SH; j++) {
            before = larger(tap(line, start + i32((g + 1u) * SIZE_SH - j) * i32(SIZE_DH)), before);
        }
        if GROUP <= HELD {
            held[g] = before;
        } else if output + g * SIZE_DH < params.oh {
            let at = to + g * SIZE_DH * params.ow;
            y[at] = bitcast<u32>(before.x);
            indices[at] = before.y;
        }
    }
    var from_pivot = tap(line, start + i32(PIVOT) * i32(SIZE_DH));
    for (var t = PIVOT + 1u; t < SIZE_KH; t++) {
        from_pivot = larger(from_pivot, tap(line, start + i32(t) * i32(SIZE_DH)));
    }
    for (var g = 0u; g < GROUP; g++) {
        if output + g * SIZE_DH < params.oh {
            let at = to + g * SIZE_DH * params.ow;
            var best = from_pivot;
            if g + 1u < GROUP {
                if GROUP <= HELD {
                    best = larger(held[g], from_pivot);
                } else {
                    best = larger(vec2(bitcast<i32>(y[at]), indices[at]), from_pivot);
                }
            }
            // Of padding, or of a window that holds nothing.
            var bits = select(0xFF800000u, 0u, SIZE_PAD_VALUE == 1u);
            if best.y >= 0 {
                bits = x[plane * params.h * params.w + u32(best.y)];
            }
            y[at] = bits;
            indices[at] = best.y;
        }
        if g + 1u < GROUP {
            for (var j = 0u; j < SIZE_SH; j++) {
                from_pivot = larger(from_pivot, tap(line, start + i32(SIZE_KH + g * SIZE_SH + j) * i32(SIZE_DH)));
            }
        }
    }
}
