// Batch normalisation by given means and variances, one thread an element.
//
// x: n x c x l, y: n x c x l; gamma: c, beta: c, mean: c, variance: c; row-major f32.
// y = (x - mean) / sqrt(variance + eps) gamma + beta. NaN and infinities follow arithmetic. No shared memory, no barrier.
//
// workgroups: div_ceil(n * c * l, WG)

struct Params {
    n: u32,
    c: u32,
    l: u32,
    eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read> mean: array<f32>;
@group(0) @binding(5) var<storage, read> variance: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number >= params.n * params.c * params.l {
        return;
    }
    let channel = (number / params.l) % params.c;
    let deviation = sqrt(variance[channel] + params.eps);
    y[number] = (x[number] - mean[channel]) / deviation * gamma[channel] + beta[channel];
}
