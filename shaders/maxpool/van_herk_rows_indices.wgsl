// Max pooling, first pass of two: the maxima of each image row, in work that does not grow with the window; with their
// positions.
//
// x: n x c x h x w, row-major f32, handled as bits; row_keys: n x c x h x ow; row_indices: the same, flat within a
// plane, -1 for padding.
// A thread computes GROUP outputs of one row whose windows all hold one tap, the first of the last
// window. From that pivot it
// walks back and keeps the maxima of the taps before it, then on, and joins what it kept with the maxima of the taps from
// the pivot on: two looks a tap for GROUP outputs (van Herk 1992, Gil and Werman 1993). Where windows do not touch, GROUP
// is 1 and a thread takes one window. With dilation the outputs of a thread lie dw apart, so that they share taps; its
// neighbours take those between.
// What is kept stands in registers where the group is small, else where the outputs will stand.
// The first of equal keys stays, a NaN always replaces what is before it.
// A key is an element's bits made monotone as a signed number: negative values reversed, NaN above everything, -0 as
// +0. Keys carry a NaN through comparisons that WGSL lets an implementation spoil for floats.
// No shared memory, no barrier.
//
// workgroups: div_ceil(n * c * h * dw * div_ceil(div_ceil(ow, dw), (kw - 1) / sw + 1), WG)
// turns: 2 * ((kw - 1) / sw) * (sw + 1) + kw + 1

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
@group(0) @binding(2) var<storage, read_write> row_keys: array<i32>;
@group(0) @binding(3) var<storage, read_write> row_indices: array<i32>;

override WG: u32 = 64u;
override SIZE_KW: u32 = 1u;
override SIZE_SW: u32 = 1u;
override SIZE_PW: u32 = 0u;
override SIZE_DW: u32 = 1u;
override SIZE_PAD_VALUE: u32 = 0u;

// Outputs of a thread, and the tap that all their windows hold.
override GROUP: u32 = (SIZE_KW - 1u) / SIZE_SW + 1u;
override PIVOT: u32 = (GROUP - 1u) * SIZE_SW;
// Whether what lies outside may be read from the nearest edge: every window that reaches over the edge holds that element
// too, and at the same end.
override BY_EDGE: bool = SIZE_PAD_VALUE == 0u && SIZE_DW == 1u && SIZE_PW < SIZE_KW;
// What a thread keeps in registers at most.
const HELD: u32 = 32u;

const NAN_KEY = 0x7FFFFFFF;
const ZERO_KEY = 0;
// Below every key.
const NOTHING = -0x7FFFFFFF;

fn key(bits: u32) -> i32 {
    let signed = bitcast<i32>(bits);
    let ordered = signed ^ ((signed >> 31u) & 0x7FFFFFFF);
    let number = select(ordered, ZERO_KEY, bits == 0x80000000u);
    return select(number, NAN_KEY, (bits & 0x7FFFFFFFu) > 0x7F800000u);
}

// The larger of two keys with their positions, the first of equal ones; a NaN replaces what is before it.
fn larger(first: vec2<i32>, second: vec2<i32>) -> vec2<i32> {
    return select(first, second, second.x > min(first.x, NAN_KEY - 1));
}

// The key of a place of the line that begins at `line` and its position, which is `first` at the line's begin.
fn tap(line: u32, first: i32, place: i32) -> vec2<i32> {
    let at = clamp(place, 0, i32(params.w) - 1);
    let found = vec2(key(x[line + u32(at)]), first + at);
    let outside = vec2(select(NOTHING, ZERO_KEY, SIZE_PAD_VALUE == 1u), -1);
    return select(outside, found, BY_EDGE || at == place);
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let of_line = ((params.ow + SIZE_DW - 1u) / SIZE_DW + GROUP - 1u) / GROUP * SIZE_DW;
    let line_number = number / of_line;
    if line_number >= params.n * params.c * params.h {
        return;
    }
    let part = number - line_number * of_line;
    let line = line_number * params.w;
    let first = i32(line_number % params.h * params.w);
    // The first output, and the place of the first tap of its window.
    let output = part / SIZE_DW * SIZE_DW * GROUP + part % SIZE_DW;
    let start = i32(output * SIZE_SW) - i32(SIZE_PW);
    let to = line_number * params.ow + output;

    var held: array<vec2<i32>, HELD>;
    var before = vec2(NOTHING, -1);
    for (var i = 1u; i < GROUP; i++) {
        let g = GROUP - 1u - i;
        for (var j = 1u; j <= SIZE_SW; j++) {
            before = larger(tap(line, first, start + i32((g + 1u) * SIZE_SW - j) * i32(SIZE_DW)), before);
        }
        if GROUP <= HELD {
            held[g] = before;
        } else if output + g * SIZE_DW < params.ow {
            let at = to + g * SIZE_DW;
            row_keys[at] = before.x;
            row_indices[at] = before.y;
        }
    }
    var from_pivot = tap(line, first, start + i32(PIVOT) * i32(SIZE_DW));
    for (var t = PIVOT + 1u; t < SIZE_KW; t++) {
        from_pivot = larger(from_pivot, tap(line, first, start + i32(t) * i32(SIZE_DW)));
    }
    for (var g = 0u; g < GROUP; g++) {
        if output + g * SIZE_DW < params.ow {
            let at = to + g * SIZE_DW;
            var best = from_pivot;
            if g + 1u < GROUP {
                if GROUP <= HELD {
                    best = larger(held[g], from_pivot);
                } else {
                    best = larger(vec2(row_keys[at], row_indices[at]), from_pivot);
                }
            }
            row_keys[at] = best.x;
            row_indices[at] = best.y;
        }
        if g + 1u < GROUP {
            for (var j = 0u; j < SIZE_SW; j++) {
                from_pivot = larger(from_pivot, tap(line, first, start + i32(SIZE_KW + g * SIZE_SW + j) * i32(SIZE_DW)));
            }
        }
    }
}
