// Adam where the device itself counts the steps, one thread a parameter, in place; PyTorch's formula.
//
// gradients: len, step: 1 x i32, parameters: len, m: len, v: len, row-major f32 where nothing else is said.
// As `direct` of adam, which explains the numbers; but t is read from `step`, and where that is 0 nothing is touched. Then
// 1 - beta^t cannot come from the host. It is made from 1 - beta by the bits of t, the highest first: with c for some t,
// 2 t has c (2 - c), and one more has c + (1 - beta) (1 - c). Neither loses digits, as 1 - pow(beta, t) would, and every
// thread finds the same bits. No shared memory, no barrier.
//
// workgroups: div_ceil(len, WG)
// turns: 64

struct Params {
    len: u32,
    lr: f32,
    beta1: f32,
    beta2: f32,
    eps: f32,
    weight_decay: f32,
    l1: f32,
    decoupled: u32,
    guarded: u32,
    take1_bits: u32,
    take2_bits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read> step: array<i32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> m: array<f32>;
@group(0) @binding(5) var<storage, read_write> v: array<f32>;

override WG: u32 = 64u;

// 1 - (1 - take)^t.
fn taken(take: f32, t: u32) -> f32 {
    var c = 0.0;
    for (var bit = 32u - countLeadingZeros(t); bit > 0u; bit--) {
        c = c * (2.0 - c);
        if (t >> (bit - 1u)) % 2u == 1u {
            c = c + take * (1.0 - c);
        }
    }
    return c;
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let t = u32(step[0]);
    if number >= params.len || t == 0u {
        return;
    }
    let take1 = bitcast<f32>(params.take1_bits);
    let take2 = bitcast<f32>(params.take2_bits);
    let p = parameters[number];
    let decoupled = params.decoupled == 1u;
    let decay = select(params.weight_decay, 0.0, decoupled);
    let g = gradients[number] + decay * p + params.l1 * sign(p);
    let first = params.beta1 * m[number] + take1 * g;
    let second = params.beta2 * v[number] + take2 * (g * g);
    let kept = select(1.0, 1.0 - params.lr * params.weight_decay, decoupled);
    let below = sqrt(second) / sqrt(taken(take2, t)) + params.eps;
    m[number] = first;
    v[number] = second;
    parameters[number] = kept * p - params.lr / taken(take1, t) * first / below;
}
