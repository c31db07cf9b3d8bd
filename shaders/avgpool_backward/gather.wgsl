// Gradient of average pooling as a gather: one thread an element of the image.
//
// dy: n x c x oh x ow, dx: n x c x h x w, row-major f32.
// A thread walks over the windows that may hold its element, in row-major order, and adds the share of those that have
// a tap on it: the gradient over the divisor, which is counted as in the forward pass (a product of a count of rows and
// one of columns). The order is fixed, so the sum has the same bits in every run. No shared memory, no barrier.
//
// workgroups: div_ceil(n * c * h * w, WG)
// turns: div_ceil(dh * (kh - 1) + 1, sh) * (1 + kh + div_ceil(dw * (kw - 1) + 1, sw) * (kw + 1))

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
    count_include_pad: u32,
    oh: u32,
    ow: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

override WG: u32 = 64u;

// The first window whose last tap reaches `at` (padding counted in).
fn first_window(at: u32, span: u32, stride: u32) -> u32 {
    if at + 1u <= span {
        return 0u;
    }
    return (at + 1u - span + stride - 1u) / stride;
}

// How many taps of a window the divisor counts along one axis; `start` has the padding counted in.
fn counted(start: u32, k: u32, d: u32, pad: u32, n: u32) -> u32 {
    let with_pad = params.count_include_pad == 0u;
    let lowest = select(pad, 0u, with_pad);
    let end = n + select(pad, 2u * pad, with_pad);
    var taps = 0u;
    for (var i = 0u; i < k; i++) {
        let at = start + i * d;
        taps += select(0u, 1u, at >= lowest && at < end);
    }
    return taps;
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number >= params.n * params.c * params.h * params.w {
        return;
    }
    let column = number % params.w + params.pw;
    let row = (number / params.w) % params.h + params.ph;
    let plane = number / (params.w * params.h);
    let first_row = first_window(row, params.dh * (params.kh - 1u) + 1u, params.sh);
    let first_column = first_window(column, params.dw * (params.kw - 1u) + 1u, params.sw);
    let last_row = min(row / params.sh + 1u, params.oh);
    let last_column = min(column / params.sw + 1u, params.ow);

    var sum = 0.0;
    for (var r = first_row; r < last_row; r++) {
        if (row - r * params.sh) % params.dh != 0u {
            continue;
        }
        let rows = counted(r * params.sh, params.kh, params.dh, params.ph, params.h);
        for (var q = first_column; q < last_column; q++) {
            if (column - q * params.sw) % params.dw == 0u {
                let columns = counted(q * params.sw, params.kw, params.dw, params.pw, params.w);
                sum += dy[(plane * params.oh + r) * params.ow + q] / (f32(rows) * f32(columns));
            }
        }
    }
    dx[number] = sum;
}
