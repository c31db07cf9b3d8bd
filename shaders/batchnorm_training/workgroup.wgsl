// Batch normalisation by the batch's own moments, one workgroup a channel.
//
// x: n x c x l, y: n x c x l; gamma: c, beta: c, running_mean: c, running_variance: c, mean: c, inverse_deviation: c;
// row-major f32.
// The threads walk over the channel's elements (t, t + WG, ..., counted through all images) three times: for the mean,
// for the sum of squared differences from it, for the outputs. Sums of threads are added by a tree in shared memory,
// with a barrier before each step. `factor_bits` is a float: the running variance moves towards factor x variance. NaN
// and infinities follow arithmetic.
//
// workgroups: c
// turns: 3 * div_ceil(n * l, WG) + 20

struct Params {
    n: u32,
    c: u32,
    l: u32,
    eps: f32,
    momentum: f32,
    factor_bits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> running_variance: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> mean: array<f32>;
@group(0) @binding(8) var<storage, read_write> inverse_deviation: array<f32>;

// A power of two.
override WG: u32 = 128u;

var<workgroup> sums: array<f32, WG>;

// The sum of one value a thread, the same for all of them.
fn total(value: f32, local: u32) -> f32 {
    sums[local] = value;
    for (var half = WG / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            sums[local] += sums[local + half];
        }
    }
    let sum = workgroupUniformLoad(&sums[0]);
    return sum;
}

// Where element `at` of the channel lies.
fn place(at: u32, channel: u32) -> u32 {
    return ((at / params.l) * params.c + channel) * params.l + at % params.l;
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let channel = group.x + groups.x * (group.y + groups.y * group.z);
    // The same for the whole workgroup, so that all its threads meet the barriers or none does.
    if channel >= params.c {
        return;
    }
    let count = params.n * params.l;
    var sum = 0.0;
    for (var at = local; at < count; at += WG) {
        sum += x[place(at, channel)];
    }
    let average = total(sum, local) / f32(count);
    var squares = 0.0;
    for (var at = local; at < count; at += WG) {
        let far = x[place(at, channel)] - average;
        squares += far * far;
    }
    let variance = total(squares, local) / f32(count);
    let inverse = 1.0 / sqrt(variance + params.eps);
    for (var at = local; at < count; at += WG) {
        let number = place(at, channel);
        y[number] = (x[number] - average) * inverse * gamma[channel] + beta[channel];
    }
    if local == 0u {
        let kept = 1.0 - params.momentum;
        let to = bitcast<f32>(params.factor_bits) * variance;
        running_mean[channel] = kept * running_mean[channel] + params.momentum * average;
        running_variance[channel] = kept * running_variance[channel] + params.momentum * to;
        mean[channel] = average;
        inverse_deviation[channel] = inverse;
    }
}
