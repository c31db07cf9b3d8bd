// Average pooling, one thread an output.
//
// x: n x c x h x w, y: n x c x oh x ow, row-major f32.
// A thread walks over its window row by row, sums the taps that lie in the image and counts those that the divisor
// counts: all in the padded image (count_include_pad = 0), or those in the image. What a window reaches beyond the
// padding counts never. A window without an element gives 0. No shared memory, no barrier.
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
    count_include_pad: u32,
    oh: u32,
    ow: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

override WG: u32 = 64u;

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

    var sum = 0.0;
    var taps = 0u;
    var counted = 0u;
    for (var i = 0u; i < params.kh; i++) {
        let tap_row = top + i32(i * params.dh);
        let row_inside = tap_row >= 0 && tap_row < i32(params.h);
        for (var j = 0u; j < params.kw; j++) {
            let tap_column = left + i32(j * params.dw);
            if row_inside && tap_column >= 0 && tap_column < i32(params.w) {
                sum += x[plane + u32(tap_row) * params.w + u32(tap_column)];
                taps++;
            }
            let padded = tap_row < i32(params.h + params.ph) && tap_column < i32(params.w + params.pw);
            counted += select(0u, 1u, padded);
        }
    }
    let divisor = select(taps, counted, params.count_include_pad == 0u);
    y[number] = select(0.0, sum / f32(max(divisor, 1u)), taps > 0u);
}
