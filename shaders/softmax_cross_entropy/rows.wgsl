// Softmax and cross entropy, one thread a row: probabilities, weighted loss of the row, gradient by the logits.
//
// logits: n x c, targets: n (i32), weights: n, row_loss: n, probabilities: n x c, dlogits: n x c, row-major f32; logits
// and the outputs are handled as bits, so that a NaN can be found and written whatever the implementation assumes.
// A thread walks over its row three times: is all of it finite, and the largest; the sum of exp(x - largest); the
// outputs. A row that is not finite gives NaN, a target outside the classes a NaN loss and gradient, a weight of 0 a
// loss and a gradient of 0. No shared memory, no barrier.
//
// workgroups: div_ceil(n, WG)
// turns: 3 * c

struct Params {
    n: u32,
    c: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<i32>;
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
    if row >= params.n {
        return;
    }
    let first = row * params.c;
    var is_finite = true;
    var largest = bitcast<f32>(logits[first]);
    for (var j = 0u; j < params.c; j++) {
        let bits = logits[first + j];
        is_finite = is_finite && (bits & 0x7FFFFFFFu) < 0x7F800000u;
        largest = max(largest, bitcast<f32>(bits));
    }
    var sum = 0.0;
    for (var j = 0u; j < params.c; j++) {
        sum += exp(bitcast<f32>(logits[first + j]) - largest);
    }
    let right = targets[row];
    let weight = weights[row];
    let is_class = right >= 0 && right < i32(params.c);
    let takes_part = weight != 0.0;
    for (var j = 0u; j < params.c; j++) {
        let p = exp(bitcast<f32>(logits[first + j]) - largest) / sum;
        let g = weight * (p - select(0.0, 1.0, i32(j) == right));
        probabilities[first + j] = select(NAN, bitcast<u32>(p), is_finite);
        let gradient = select(NAN, bitcast<u32>(g), is_finite && is_class);
        dlogits[first + j] = select(0u, gradient, takes_part);
    }
    let at = first + u32(clamp(right, 0, i32(params.c) - 1));
    let value = weight * (log(sum) - (bitcast<f32>(logits[at]) - largest));
    let loss = select(NAN, bitcast<u32>(value), is_finite && is_class);
    row_loss[row] = select(0u, loss, takes_part);
}
