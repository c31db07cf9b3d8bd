// The gradient of a depthwise convolution's images, one channel of the image a group: one thread four neighbouring elements
// of a row.
//
// dy: n x co x oh x ow, w: co x 1 x kh x kw, dx: n x ci x h x w, row-major f32.
// A thread walks over the outputs of its channel and the taps of their windows with four sums in a register: a weight is read
// once for four elements and, without dilation, three of the four gradients are those of the step before. Under tap (i, j)
// the element (y, x) meets the output ((y + ph - i dh) / sh, (x + pw - j dw) / sw), if both divide; elsewhere it meets zeros.
// The window, strides and dilations are compiled in. No shared memory, no barrier.
//
// workgroups: div_ceil(n * ci * h * div_ceil(w, 4), WG)
// turns: cog * (1 + kh * (kw + 1))

struct Params {
    n: u32,
    ci: u32,
    h: u32,
    w: u32,
    ph: u32,
    pw: u32,
    oh: u32,
    ow: u32,
    cog: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

override WG: u32 = 64u;
override SIZE_KH: u32 = 1u;
override SIZE_KW: u32 = 1u;
override SIZE_SH: u32 = 1u;
override SIZE_SW: u32 = 1u;
override SIZE_DH: u32 = 1u;
override SIZE_DW: u32 = 1u;

// The gradient that an element `from_left` columns behind the window's begin meets in a row of outputs that begins at `line`.
fn gradient(line: u32, from_left: i32, row_inside: bool) -> f32 {
    let q = u32(from_left) / SIZE_SW;
    let inside = row_inside && from_left >= 0 && q * SIZE_SW == u32(from_left) && q < params.ow;
    return select(0.0, dy[select(0u, line + q, inside)], inside);
}

// The same for four neighbours.
fn quad(line: u32, from_left: i32, row_inside: bool) -> vec4<f32> {
    return vec4(
        gradient(line, from_left, row_inside),
        gradient(line, from_left + 1, row_inside),
        gradient(line, from_left + 2, row_inside),
        gradient(line, from_left + 3, row_inside),
    );
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let across = (params.w + 3u) / 4u;
    let plane = number / across / params.h;
    if plane >= params.n * params.ci {
        return;
    }
    let column = number % across * 4u;
    let row = number / across % params.h;
    let top = i32(row + params.ph);
    let left = i32(column + params.pw);
    var sums = vec4<f32>();
    for (var m = 0u; m < params.cog; m++) {
        let o = plane % params.ci * params.cog + m;
        for (var i = 0u; i < SIZE_KH; i++) {
            let from_top = top - i32(i * SIZE_DH);
            let r = u32(from_top) / SIZE_SH;
            let inside = from_top >= 0 && r * SIZE_SH == u32(from_top) && r < params.oh;
            let line = ((plane * params.cog + m) * params.oh + r) * params.ow;
            let weights = (o * SIZE_KH + i) * SIZE_KW;
            var gradients = quad(line, left, inside);
            sums = fma(vec4(w[weights]), gradients, sums);
            for (var j = 1u; j < SIZE_KW; j++) {
                if SIZE_DW == 1u {
                    gradients = vec4(gradient(line, left - i32(j), inside), gradients.xyz);
                } else {
                    gradients = quad(line, left - i32(j * SIZE_DW), inside);
                }
                sums = fma(vec4(w[weights + j]), gradients, sums);
            }
        }
    }
    let at = (plane * params.h + row) * params.w + column;
    dx[at] = sums.x;
    if column + 1u < params.w { dx[at + 1u] = sums.y; }
    if column + 2u < params.w { dx[at + 2u] = sums.z; }
    if column + 3u < params.w { dx[at + 3u] = sums.w; }
}
