// Binary cross entropy with logits, one thread a row: probability, weighted loss of the row, gradient by the logit.
//
// logits: len, targets: len, weights: len, row_loss: len, probabilities: len, dlogits: len, row-major f32; logits and
// the outputs are handled as bits, so that a NaN can be found and written whatever the implementation assumes.
// From e = exp(-|x|), which never overflows. A logit that is not finite gives NaN, a weight of 0 a loss and a gradient
// of 0. No shared memory, no barrier.
//
// workgroups: div_ceil(len, WG)

struct Params {
    len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> row_loss: array<u32>;
@group(0) @binding(5) var<storage, read_write> probabilities: array<u32>;
@group(0) @binding(6) var<storage, read_write> dlogits: array<u32>;

override WG: u32 = 64u;

const NAN = 0x7FC00000u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if row >= params.len {
        return;
    }
    let bits = logits[row];
    let is_finite = (bits & 0x7FFFFFFFu) < 0x7F800000u;
    let x = bitcast<f32>(bits);
    let t = targets[row];
    let weight = weights[row];
    let takes_part = weight != 0.0;
    // The bits of 200.0: there exp has long been 0.
    let e = exp(-bitcast<f32>(min(bits & 0x7FFFFFFFu, 0x43480000u)));
    let p = select(1.0, e, bits >= 0x80000000u) / (1.0 + e);
    let loss = weight * (max(x, 0.0) - x * t + log(1.0 + e));
    let gradient = weight * (p - t);
    probabilities[row] = select(NAN, bitcast<u32>(p), is_finite);
    row_loss[row] = select(0u, select(NAN, bitcast<u32>(loss), is_finite), takes_part);
    dlogits[row] = select(0u, select(NAN, bitcast<u32>(gradient), is_finite), takes_part);
}
