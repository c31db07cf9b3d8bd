// The gradient of a convolution's images, one thread an element.
//
// dy: n x co x oh x ow, w: co x ci/groups x kh x kw, dx: n x ci x h x w, row-major f32.
// A thread looks, tap by tap, for the window that has its element under that tap: row r sh - ph + i dh = y, so that
// y + ph - i dh must be a multiple of sh within the output; then it adds the gradients of all output channels of its
// group there. Gathering instead of scattering needs no atomics and gives the same bits in every run. No shared memory,
// no barrier.
//
// workgroups: div_ceil(n * ci * h * w, WG)
// turns: kh * (1 + kw * (1 + cog))

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
    oh: u32,
    ow: u32,
    cig: u32,
    cog: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number >= params.n * params.ci * params.h * params.w {
        return;
    }
    let column = number % params.w;
    let row = number / params.w % params.h;
    let plane = number / (params.w * params.h);
    let c = plane % params.ci;
    let first_output = c / params.cig * params.cog;
    let image = plane / params.ci * params.co;
    let pixels = params.oh * params.ow;
    let taps = params.kh * params.kw;
    var sum = 0.0;
    for (var i = 0u; i < params.kh; i++) {
        let from_top = i32(row + params.ph) - i32(i * params.dh);
        if from_top < 0 || u32(from_top) % params.sh != 0u || u32(from_top) / params.sh >= params.oh {
            continue;
        }
        for (var j = 0u; j < params.kw; j++) {
            let from_left = i32(column + params.pw) - i32(j * params.dw);
            if from_left < 0 || u32(from_left) % params.sw != 0u || u32(from_left) / params.sw >= params.ow {
                continue;
            }
            let pixel = u32(from_top) / params.sh * params.ow + u32(from_left) / params.sw;
            let tap = (c % params.cig) * taps + i * params.kw + j;
            for (var o = first_output; o < first_output + params.cog; o++) {
                sum += dy[(image + o) * pixels + pixel] * w[o * params.cig * taps + tap];
            }
        }
    }
    dx[number] = sum;
}
