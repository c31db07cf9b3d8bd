// Max pooling as the thesis computes it, all windows in one launch: each window multiplied by the identity, the largest
// element of the product kept.
//
// x: n x c x h x w, y: n x c x oh x ow, row-major f32; square windows of finite numbers, k = kh = kw.
// A thread takes one window W. Element (i, j) of W I is the sum over t of W(i, t) I(t, j): k products and additions for
// each of k^2 elements, though all but one are by zero. The window's elements are read where they lie, padding of minus
// infinity as the lowest finite number (minus infinity times zero is NaN). No shared memory, no barrier. This is the first
// step of the cure of the thesis's host loop, one launch instead of one a window; `direct` is the second, no product.
//
// workgroups: div_ceil(n * c * oh * ow, WG)
// turns: kh * (kw * (kw + 1) + 1)

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
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

override WG: u32 = 64u;

const LOWEST = -0x1.fffffep+127f;

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
    let top = i32((number / params.ow) % params.oh * params.sh) - i32(params.ph);
    let left = i32(number % params.ow * params.sw) - i32(params.pw);
    let plane = number / (params.ow * params.oh) * params.h;
    let padding = select(LOWEST, 0.0, params.pad_value == 1u);

    var best = LOWEST;
    for (var i = 0u; i < params.kh; i++) {
        let row = top + i32(i * params.dh);
        let row_inside = row >= 0 && row < i32(params.h);
        for (var j = 0u; j < params.kw; j++) {
            var sum = 0.0;
            for (var t = 0u; t < params.kw; t++) {
                let column = left + i32(t * params.dw);
                var element = padding;
                if row_inside && column >= 0 && column < i32(params.w) {
                    element = x[(plane + u32(row)) * params.w + u32(column)];
                }
                sum += element * select(0.0, 1.0, t == j);
            }
            best = max(best, sum);
        }
    }
    y[number] = best;
}
