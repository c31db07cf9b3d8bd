// The gradient of a convolution's weights: adds up the partial sums of `implicit_gemm`, one thread a weight.
//
// partial: splits x co x ci/groups x kh x kw, dw: co x ci/groups x kh x kw, row-major f32.
// A thread adds the parts in their order, so that the result has the same bits in every run. No shared
// memory, no barrier.
//
// workgroups: div_ceil(co * cig * kh * kw, WG)
// turns: splits

struct Params {
    co: u32,
    kh: u32,
    kw: u32,
    cig: u32,
    splits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let weights = params.co * params.cig * params.kh * params.kw;
    if number >= weights {
        return;
    }
    var sum = 0.0;
    for (var split = 0u; split < params.splits; split++) {
        sum += partial[split * weights + number];
    }
    dw[number] = sum;
}
