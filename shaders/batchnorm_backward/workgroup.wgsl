// Gradient of batch normalisation by the batch's own moments, one workgroup a channel.
//
// x: n x c x l, dy: n x c x l, dx: n x c x l; gamma: c, mean: c, inverse_deviation: c, dgamma: c, dbeta: c; row-major
// f32.
// With h = (x - mean) inverse_deviation and N = n l: dbeta = sum dy, dgamma = sum dy h,
// dx = gamma inverse_deviation (dy - dbeta / N - h dgamma / N). The threads walk over the channel's elements twice, for
// the sums and for dx. Sums of threads are added by a tree in shared memory, with a barrier before each step.
//
// workgroups: c
// turns: 2 * div_ceil(n * l, WG) + 10

struct Params {
    n: u32,
    c: u32,
    l: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> mean: array<f32>;
@group(0) @binding(5) var<storage, read> inverse_deviation: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;
@group(0) @binding(7) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(8) var<storage, read_write> dbeta: array<f32>;

// A power of two.
override WG: u32 = 128u;

var<workgroup> sums: array<vec2<f32>, WG>;

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
    let average = mean[channel];
    let inverse = inverse_deviation[channel];
    var sum = vec2(0.0);
    for (var at = local; at < count; at += WG) {
        let number = place(at, channel);
        sum += dy[number] * vec2((x[number] - average) * inverse, 1.0);
    }
    sums[local] = sum;
    for (var half = WG / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            sums[local] += sums[local + half];
        }
    }
    workgroupBarrier();
    let gradients = sums[0];
    let shares = gradients / f32(count);
    for (var at = local; at < count; at += WG) {
        let number = place(at, channel);
        let h = (x[number] - average) * inverse;
        dx[number] = gamma[channel] * inverse * (dy[number] - shares.y - h * shares.x);
    }
    if local == 0u {
        dgamma[channel] = gradients.x;
        dbeta[channel] = gradients.y;
    }
}
