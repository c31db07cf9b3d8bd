// Max pooling, second pass of two: the maxima of the row maxima, in work that does not grow with the window.
//
// row_keys: n x c x h x ow, from the first pass; y: n x c x oh x ow, row-major f32,
// written as bits.
// A thread computes GROUP outputs down one column whose windows all hold one tap, the first of the last
// window. From that pivot it
// walks back and keeps the maxima of the taps before it, then on, and joins what it kept with the maxima of the taps from
// the pivot on: two looks a tap for GROUP outputs (van Herk 1992, Gil and Werman 1993). Where windows do not touch, GROUP
// is 1 and a thread takes one window. With dilation the outputs of a thread lie dh apart, so that they share taps; its
// neighbours take those between. Neighbouring threads take neighbouring columns.
// What is kept stands in registers where the group is small, else where the outputs will stand.
// A key is an element's bits made monotone as a signed number: negative values reversed, then turned so far that NaN of
// both signs stand above everything and -inf is the lowest number. -0 and +0 count as equal: the first stays.
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
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

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

const TURN = 0x7FFFFF;
const NEG_INF_KEY: i32 = -2147483648;
const ZERO_KEY: i32 = -TURN;
const MINUS_ZERO_KEY: i32 = -TURN - 1;

fn value(key: i32) -> u32 {
    let turned = key + TURN;
    return bitcast<u32>(turned ^ ((turned >> 31u) & 0x7FFFFFFF));
}

// The larger of two keys, the first of equal ones.
fn larger(first: i32, second: i32) -> i32 {
    return select(first, second, second > first + i32(first == MINUS_ZERO_KEY));
}

// The key of a place of the line that begins at `line`.
fn tap(line: u32, place: i32) -> i32 {
    let at = clamp(place, 0, i32(params.h) - 1);
    let found = row_keys[line + u32(at) * params.ow];
    return select(select(NEG_INF_KEY, ZERO_KEY, SIZE_PAD_VALUE == 1u), found, BY_EDGE || at == place);
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

    var held: array<i32, HELD>;
    var before = NEG_INF_KEY;
    for (var i = 1u; i < GROUP; i++) {
        let g = GROUP - 1u - i;
        for (var j = 1u; j <= SIZE_SH; j++) {
            before = larger(tap(line, start + i32((g + 1u) * SIZE_SH - j) * i32(SIZE_DH)), before);
        }
        if GROUP <= HELD {
            held[g] = before;
        } else if output + g * SIZE_DH < params.oh {
            let at = to + g * SIZE_DH * params.ow;
            y[at] = bitcast<u32>(before);
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
                    best = larger(bitcast<i32>(y[at]), from_pivot);
                }
            }
            y[at] = value(best);
        }
        if g + 1u < GROUP {
            for (var j = 0u; j < SIZE_SH; j++) {
                from_pivot = larger(from_pivot, tap(line, start + i32(SIZE_KH + g * SIZE_SH + j) * i32(SIZE_DH)));
            }
        }
    }
}
