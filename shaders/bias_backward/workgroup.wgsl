// Gradient of a number a channel: db = sum of dy over the images and the channel's elements; one workgroup a channel.
//
// dy: n x c x l, db: c, row-major f32.
// Thread t sums the elements t, t + WG, ... of the channel, counted through all images; a tree in shared memory adds the
// threads' sums, with a barrier before each step. The order is fixed, so the sum has the same bits in every run.
//
// workgroups: c
// turns: div_ceil(n * l, WG) + 10

struct Params {
    n: u32,
    c: u32,
    l: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> db: array<f32>;

// A power of two.
override WG: u32 = 128u;

var<workgroup> sums: array<f32, WG>;

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
    var sum = 0.0;
    for (var at = local; at < params.n * params.l; at += WG) {
        sum += dy[((at / params.l) * params.c + channel) * params.l + at % params.l];
    }
    sums[local] = sum;
    for (var half = WG / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            sums[local] += sums[local + half];
        }
    }
    if local == 0u {
        db[channel] = sums[0];
    }
}
