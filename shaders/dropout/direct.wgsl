// Dropout, one thread four elements: y = x scale where the element's random word reaches the threshold, else +0.
//
// x: len, y: len elements, row-major f32; scale is 1 / (1 - p), handed over by its bits, threshold p 2^32.
// The four words come from Philox4x32-10 (Salmon and others, SC 2011) with counter (block, step, 0, 0) and key
// (seed, layer). WGSL has no 64-bit integers: the high word of a product is put together from 16-bit halves. No shared
// memory, no barrier.
//
// workgroups: div_ceil(len, 4 * WG)
// turns: 14

struct Params {
    len: u32,
    mask_seed: u32,
    step: u32,
    layer: u32,
    threshold: u32,
    scale_bits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

override WG: u32 = 64u;

// The high word of a 64-bit product.
fn high(a: u32, b: u32) -> u32 {
    let a0 = a & 0xFFFFu;
    let a1 = a >> 16u;
    let b0 = b & 0xFFFFu;
    let b1 = b >> 16u;
    let low = a0 * b0;
    let middle = a1 * b0 + (low >> 16u);
    let other = a0 * b1 + (middle & 0xFFFFu);
    return a1 * b1 + (middle >> 16u) + (other >> 16u);
}

fn philox(first: vec4<u32>, first_key: vec2<u32>) -> vec4<u32> {
    var counter = first;
    var key = first_key;
    for (var round = 0u; round < 10u; round++) {
        let high0 = high(0xD2511F53u, counter.x);
        let low0 = 0xD2511F53u * counter.x;
        let high1 = high(0xCD9E8D57u, counter.z);
        let low1 = 0xCD9E8D57u * counter.z;
        counter = vec4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
        key += vec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let block = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    // Blocks beyond the grid's end must not wrap around in `4 * block`.
    if block > params.len / 4u {
        return;
    }
    let words = philox(vec4(block, params.step, 0u, 0u), vec2(params.mask_seed, params.layer));
    let scale = bitcast<f32>(params.scale_bits);
    for (var i = 0u; i < 4u; i++) {
        let at = 4u * block + i;
        if at < params.len {
            y[at] = select(0.0, x[at] * scale, words[i] >= params.threshold);
        }
    }
}
