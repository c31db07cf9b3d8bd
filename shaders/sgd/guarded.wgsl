// Stochastic gradient descent with momentum where the device itself says whether the step is taken, one thread a parameter,
// in place.
//
// gradients: len, step: 1 x i32, parameters: len, velocity: len, row-major f32 where nothing else is said.
// As `direct` of sgd, which has the formula; but where `step` is 0 nothing is touched. No shared memory, no barrier.
//
// workgroups: div_ceil(len, WG)

struct Params {
    len: u32,
    lr: f32,
    momentum: f32,
    weight_decay: f32,
    l1: f32,
    nesterov: u32,
    guarded: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read> step: array<i32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> velocity: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if number >= params.len || step[0] == 0 {
        return;
    }
    let p = parameters[number];
    let g = gradients[number] + params.weight_decay * p + params.l1 * sign(p);
    let v = params.momentum * velocity[number] + g;
    velocity[number] = v;
    parameters[number] = p - params.lr * select(v, g + params.momentum * v, params.nesterov == 1u);
}
