// Stochastic gradient descent with momentum, one thread a parameter, in place.
//
// gradients: len, parameters: len, velocity: len, row-major f32.
// g = gradient + weight_decay p + l1 sign(p); velocity = momentum velocity + g; p -= lr velocity, or with Nesterov's
// momentum p -= lr (g + momentum velocity). PyTorch's formula. No shared memory, no barrier.
//
// workgroups: div_ceil(len, WG)

struct Params {
    len: u32,
    lr: f32,
    momentum: f32,
    weight_decay: f32,
    l1: f32,
    nesterov: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(3) var<storage, read_write> velocity: array<f32>;

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
    let g = gradients[number] + params.weight_decay * p + params.l1 * sign(p);
    let v = params.momentum * velocity[number] + g;
    velocity[number] = v;
    parameters[number] = p - params.lr * select(v, g + params.momentum * v, params.nesterov == 1u);
}
