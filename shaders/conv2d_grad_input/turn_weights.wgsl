// The gradient of a convolution's images: the weights with inputs and outputs of a group exchanged, one thread a weight.
//
// w: co x ci/groups x kh x kw, turned: ci x co/groups x kh x kw, row-major f32.
// What meets one channel of the images then lies in one row, as the product that follows reads it.
// No shared memory, no barrier.
//
// workgroups: div_ceil(co * cig * kh * kw, WG)

struct Params {
    co: u32,
    kh: u32,
    kw: u32,
    cig: u32,
    cog: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> turned: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let taps = params.kh * params.kw;
    if number >= params.co * params.cig * taps {
        return;
    }
    let tap = number % taps;
    let o = number / taps % params.cog;
    let channel = number / (taps * params.cog);
    let output = channel / params.cig * params.cog + o;
    turned[number] = w[(output * params.cig + channel % params.cig) * taps + tap];
}
