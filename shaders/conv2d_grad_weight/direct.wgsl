// The gradient of a convolution's weights, one thread a weight.
//
// x: n x ci x h x w, dy: n x co x oh x ow, dw: co x ci/groups x kh x kw, row-major f32.
// A thread walks over all outputs of its channel in all images and adds their gradients times the element of the image
// under its tap; taps in the padding add nothing. No shared memory, no barrier. Few threads with long loops: the plain
// kernel, not the fast one.
//
// workgroups: div_ceil(co * cig * kh * kw, WG)
// turns: n * (1 + oh * (1 + ow))

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
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number >= params.co * params.cig * params.kh * params.kw {
        return;
    }
    let j = number % params.kw;
    let i = number / params.kw % params.kh;
    let c = number / (params.kw * params.kh) % params.cig;
    let o = number / (params.kw * params.kh * params.cig);
    let channel = o / params.cog * params.cig + c;
    let top = i32(i * params.dh) - i32(params.ph);
    let left = i32(j * params.dw) - i32(params.pw);
    var sum = 0.0;
    for (var image = 0u; image < params.n; image++) {
        for (var r = 0u; r < params.oh; r++) {
            let row = i32(r * params.sh) + top;
            if row < 0 || row >= i32(params.h) {
                continue;
            }
            let line = ((image * params.ci + channel) * params.h + u32(row)) * params.w;
            let gradients = ((image * params.co + o) * params.oh + r) * params.ow;
            for (var q = 0u; q < params.ow; q++) {
                let column = i32(q * params.sw) + left;
                if column >= 0 && column < i32(params.w) {
                    sum += dy[gradients + q] * x[line + u32(column)];
                }
            }
        }
    }
    dw[number] = sum;
}
