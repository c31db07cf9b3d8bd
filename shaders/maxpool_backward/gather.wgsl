// Gradient of max pooling as a gather: one thread an element of the image.
//
// dy: n x c x oh x ow f32, indices: as dy, i32, flat within a plane of the image, dx: n x c x h x w f32; row-major.
// A thread walks over the windows that may hold its element (first to last row and column of windows, whatever the
// dilation), in row-major order, and adds the gradients of those whose index is the element. The order is fixed, so the
// sum has the same bits in every run. No shared memory, no barrier.
//
// workgroups: div_ceil(n * c * h * w, WG)
// turns: div_ceil(dh * (kh - 1) + 1, sh) * (div_ceil(dw * (kw - 1) + 1, sw) + 1)

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
    oh: u32,
    ow: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> indices: array<i32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

override WG: u32 = 64u;

// The first window whose last tap reaches `at` (padding counted in).
fn first_window(at: u32, span: u32, stride: u32) -> u32 {
    if at + 1u <= span {
        return 0u;
    }
    return (at + 1u - span + stride - 1u) / stride;
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
    let element = i32(number % (params.w * params.h));
    let first_row = first_window(row, params.dh * (params.kh - 1u) + 1u, params.sh);
    let first_column = first_window(column, params.dw * (params.kw - 1u) + 1u, params.sw);
    let last_row = min(row / params.sh + 1u, params.oh);
    let last_column = min(column / params.sw + 1u, params.ow);

    var sum = 0.0;
    for (var r = first_row; r < last_row; r++) {
        for (var q = first_column; q < last_column; q++) {
            let at = (plane * params.oh + r) * params.ow + q;
            if indices[at] == element {
                sum += dy[at];
            }
        }
    }
    dx[number] = sum;
}
