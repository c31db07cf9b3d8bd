// The sum of the rows' losses, by one workgroup.
//
// row_loss: len, loss: 1, row-major f32. row_loss is only read; it is bound for writing because it is an output.
// Thread t sums the rows t, t + WG, ...; a tree in shared memory adds the threads' sums, with a barrier before each
// step. The order is fixed, so the sum has the same bits in every run. NaN and infinities follow arithmetic.
//
// workgroups: 1
// turns: div_ceil(len, WG) + 10

struct Params {
    len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> row_loss: array<f32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;

// A power of two.
override WG: u32 = 128u;

var<workgroup> sums: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) local: u32) {
    var sum = 0.0;
    for (var at = local; at < params.len; at += WG) {
        sum += row_loss[at];
    }
    sums[local] = sum;
    for (var half = WG / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            sums[local] += sums[local + half];
        }
    }
    if local == 0u {
        loss[0] = sums[0];
    }
}
