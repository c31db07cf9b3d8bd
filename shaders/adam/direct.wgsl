// Adam, one thread a parameter, in place; PyTorch's formula.
//
// gradients: len, parameters: len, m: len, v: len, row-major f32.
// g = gradient + weight_decay p + l1 sign(p); m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g g;
// p -= rate m / (sqrt(v) / correction + eps). Decoupled decay shrinks p by lr weight_decay instead of changing g. The
// numbers that end in _bits are floats, made on the host: take1 = 1 - beta1, take2 = 1 - beta2,
// rate = lr / (1 - beta1^t), correction = sqrt(1 - beta2^t). No shared memory, no barrier.
//
// workgroups: div_ceil(len, WG)

struct Params {
    len: u32,
    lr: f32,
    beta1: f32,
    beta2: f32,
    eps: f32,
    weight_decay: f32,
    l1: f32,
    decoupled: u32,
    take1_bits: u32,
    take2_bits: u32,
    rate_bits: u32,
    correction_bits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read_write> v: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number >= params.len {
        return;
    }
    let p = parameters[number];
    let decoupled = params.decoupled == 1u;
    let decay = select(params.weight_decay, 0.0, decoupled);
    let g = gradients[number] + decay * p + params.l1 * sign(p);
    let first = params.beta1 * m[number] + bitcast<f32>(params.take1_bits) * g;
    let second = params.beta2 * v[number] + bitcast<f32>(params.take2_bits) * (g * g);
    let kept = select(1.0, 1.0 - params.lr * params.weight_decay, decoupled);
    let below = sqrt(second) / bitcast<f32>(params.correction_bits) + params.eps;
    m[number] = first;
    v[number] = second;
    parameters[number] = kept * p - bitcast<f32>(params.rate_bits) * first / below;
}
