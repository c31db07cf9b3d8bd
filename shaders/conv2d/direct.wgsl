// Convolution, one thread an output.
//
// x: n x ci x h x w, w: co x ci/groups x kh x kw, b: co (bound, but not read, where there is no bias), y: n x co x oh x ow,
// row-major f32; y is written as bits.
// A thread walks over the channels of its group and the taps of its window and skips those outside the image. No shared
// memory, no barrier: neighbouring threads read neighbouring columns, and the caches do the rest.
// To be rectified, the sum's bits are looked at, since WGSL lets an implementation assume that there is no NaN: a set sign
// bit gives +0 unless the sum is a NaN.
//
// workgroups: div_ceil(n * co * oh * ow, WG)
// turns: cig * (1 + kh * (1 + kw))

struct Params {
    n: u32,
    ci: u32,
    h: u32,
    w: u32,
    co: u32,
    kh: u32,
    kw: u32,
    sh: u32,
    sw: u32,
    ph: u32,
    pw: u32,
    dh: u32,
    dw: u32,
    bias: u32,
    relu: u32,
    oh: u32,
    ow: u32,
    cig: u32,
    cog: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number >= params.n * params.co * params.oh * params.ow {
        return;
    }
    let column = number % params.ow;
    let row = number / params.ow % params.oh;
    let plane = number / (params.ow * params.oh);
    let o = plane % params.co;
    let first_channel = plane / params.co * params.ci + o / params.cog * params.cig;
    // The first tap; it may lie in the padding, so coordinates are signed.
    let top = i32(row * params.sh) - i32(params.ph);
    let left = i32(column * params.sw) - i32(params.pw);
    var sum = 0.0;
    if params.bias == 1u {
        sum = b[o];
    }
    for (var c = 0u; c < params.cig; c++) {
        for (var i = 0u; i < params.kh; i++) {
            let tap_row = top + i32(i * params.dh);
            if tap_row < 0 || tap_row >= i32(params.h) {
                continue;
            }
            let line = ((first_channel + c) * params.h + u32(tap_row)) * params.w;
            let weights = ((o * params.cig + c) * params.kh + i) * params.kw;
            for (var j = 0u; j < params.kw; j++) {
                let tap_column = left + i32(j * params.dw);
                if tap_column >= 0 && tap_column < i32(params.w) {
                    sum += x[line + u32(tap_column)] * w[weights + j];
                }
            }
        }
    }
    let bits = bitcast<u32>(sum);
    let is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
    y[number] = select(0u, bits, params.relu == 0u || bits < 0x80000000u || is_nan);
}
