// Max pooling, input tiles with their halo in shared memory: values only.
//
// x: n x c x h x w, y: n x c x oh x ow, row-major f32, both handled as bits.
// A workgroup of TX x TY threads computes a tile of TY x TX outputs of one plane, a thread one output. All threads load the
// keys of the elements under the tile's windows, halo included, barrier, each thread takes the largest key of its window;
// each element is read from global memory once a tile instead of once a window. Where the windows under a tile hold more
// than CAPACITY elements, the window is worked through in pieces: whole rows of it while they fit, else parts of one row,
// always in row-major order. The first barrier makes a piece visible, the second keeps the next piece from overwriting
// what a slower thread still reads. Gaps between windows that do not touch are not loaded, so every stride fits. What lies
// outside the image is loaded as the padding's key, so that the window's loop has no test.
// A key is an element's bits made monotone as a signed number: negative values reversed, NaN above everything. Keys carry
// a NaN through comparisons that WGSL lets an implementation spoil for floats.
// The keys of -0 and +0 differ, so that the result keeps its sign, but count as equal: the first stays.
// Source of the idea: the classic stencil with a halo, as in NVIDIA's CUDA programming guide.
//
// workgroups: n * c * div_ceil(oh, TY) * div_ceil(ow, TX)
// turns: kh * (kw * (CAPACITY / (TX * TY) + 4) + 2) + 64

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

// Outputs of a tile along a row and along a column, and words of shared memory; TX * TY of them at least.
override TX: u32 = 32u;
override TY: u32 = 8u;
override CAPACITY: u32 = 4096u;

// Keys of one tile, row-major.
var<workgroup> tile: array<i32, CAPACITY>;

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

// The bits of a key's value: the same fold again.
fn value(key: i32) -> u32 {
    return bitcast<u32>(key ^ ((key >> 31u) & 0x7FFFFFFF));
}

// Whether a candidate replaces what was first: -0, whose key is -1, and +0 are equal, and the first of equals stays.
fn beats(candidate: i32, best: i32) -> bool {
    return candidate > select(best, ZERO_KEY, best == MINUS_ZERO_KEY);
}

// Elements from one window to the next in the tile: the stride, without the gap between windows that do not touch.
fn pitch(taps: u32, s: u32, d: u32) -> u32 {
    return min(s, (taps - 1u) * d + 1u);
}

// Elements that `windows` neighbouring windows of `taps` taps cover along an axis, gaps left out; past the capacity only
// that it is too many counts.
fn extent(windows: u32, taps: u32, s: u32, d: u32) -> u32 {
    let span = min((taps - 1u) * d + 1u, CAPACITY + 1u);
    return min((windows - 1u) * min(s, span) + span, CAPACITY + 1u);
}

// How far behind the first window's first element the tile's element `at` lies in the image.
fn offset(at: u32, pitch: u32, s: u32) -> u32 {
    if pitch == s {
        return at;
    }
    return (at / pitch) * s + at % pitch;
}

@compute @workgroup_size(TX, TY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let across = (params.ow + TX - 1u) / TX;
    let down = (params.oh + TY - 1u) / TY;
    let plane = number / (across * down);
    // Workgroups beyond the end of the folded grid take part in nothing; the branch is the same for a whole workgroup.
    if plane >= params.n * params.c {
        return;
    }
    let first_row = (number / across) % down * TY;
    let first_column = number % across * TX;
    let top = i32(first_row * params.sh) - i32(params.ph);
    let left = i32(first_column * params.sw) - i32(params.pw);
    let outside = select(NEG_INF_KEY, ZERO_KEY, params.pad_value == 1u);

    // A piece: so many rows and columns of the window at a time. Parts of a row only one row at a time: the order stays.
    var piece_columns = params.kw;
    while piece_columns > 1u
        && extent(TX, piece_columns, params.sw, params.dw) * extent(TY, 1u, params.sh, params.dh) > CAPACITY {
        piece_columns = (piece_columns + 1u) / 2u;
    }
    var piece_rows = select(1u, params.kh, piece_columns == params.kw);
    while piece_rows > 1u
        && extent(TX, piece_columns, params.sw, params.dw) * extent(TY, piece_rows, params.sh, params.dh) > CAPACITY {
        piece_rows = (piece_rows + 1u) / 2u;
    }

    var best = NEG_INF_KEY;
    for (var i0 = 0u; i0 < params.kh; i0 += piece_rows) {
        for (var j0 = 0u; j0 < params.kw; j0 += piece_columns) {
            let taps_down = min(piece_rows, params.kh - i0);
            let taps_across = min(piece_columns, params.kw - j0);
            let pitch_down = pitch(taps_down, params.sh, params.dh);
            let pitch_across = pitch(taps_across, params.sw, params.dw);
            let rows = extent(TY, taps_down, params.sh, params.dh);
            let columns = extent(TX, taps_across, params.sw, params.dw);
            let piece_top = top + i32(i0 * params.dh);
            let piece_left = left + i32(j0 * params.dw);
            for (var at = thread; at < rows * columns; at += TX * TY) {
                let row = piece_top + i32(offset(at / columns, pitch_down, params.sh));
                let column = piece_left + i32(offset(at % columns, pitch_across, params.sw));
                var loaded = outside;
                if row >= 0 && row < i32(params.h) && column >= 0 && column < i32(params.w) {
                    loaded = key(x[(plane * params.h + u32(row)) * params.w + u32(column)]);
                }
                tile[at] = loaded;
            }
            workgroupBarrier();
            let corner = local.y * pitch_down * columns + local.x * pitch_across;
            for (var i = 0u; i < taps_down; i++) {
                for (var j = 0u; j < taps_across; j++) {
                    let candidate = tile[corner + i * params.dh * columns + j * params.dw];
                    if beats(candidate, best) {
                        best = candidate;
                    }
                }
            }
            workgroupBarrier();
        }
    }

    let row = first_row + local.y;
    let column = first_column + local.x;
    if row < params.oh && column < params.ow {
        let at = (plane * params.oh + row) * params.ow + column;
        y[at] = value(best);
    }
}
