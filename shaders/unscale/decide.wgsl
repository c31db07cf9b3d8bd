// Second stage of taking the scale off gradients: whether the step is taken, and the scale of the next one; one workgroup.
//
// found: groups, scaling: 4 (scale, good steps since it changed, steps skipped, steps taken), step: 1 x i32, factor: 1,
// row-major f32 where nothing else is said.
// Thread t looks at found[t], found[t + WG], ...; a tree in shared memory gathers, with a barrier before each step. Then one
// thread writes the factor that takes the present scale off, and: after an infinity or a NaN step = 0, half the scale, one
// more skipped; else step = steps taken, this one included, and twice the scale after `interval` good ones.
//
// workgroups: 1
// turns: div_ceil(groups, WG) + 10

struct Params {
    interval: u32,
    groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> found: array<u32>;
@group(0) @binding(2) var<storage, read_write> scaling: array<f32>;
@group(0) @binding(3) var<storage, read_write> step: array<i32>;
@group(0) @binding(4) var<storage, read_write> factor: array<f32>;

// A power of two.
override WG: u32 = 128u;

// The scale stays where it and its inverse are normal numbers: 2^-126 to 2^126.
const LEAST = 0x1p-126f;
const LARGEST = 0x1p126f;

var<workgroup> shared_found: array<u32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) local: u32) {
    var any = 0u;
    for (var at = local; at < params.groups; at += WG) {
        any |= found[at];
    }
    shared_found[local] = any;
    for (var half = WG / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            shared_found[local] |= shared_found[local + half];
        }
    }
    if local > 0u {
        return;
    }
    // By the exponent: a quotient need not be exact in WGSL.
    let scale = scaling[0];
    factor[0] = bitcast<f32>(0x7F000000u - bitcast<u32>(scale));
    if shared_found[0] == 1u {
        scaling[0] = max(0.5 * scale, LEAST);
        scaling[1] = 0.0;
        scaling[2] += 1.0;
        step[0] = 0;
        return;
    }
    let good = scaling[1] + 1.0;
    let grows = good >= f32(params.interval);
    scaling[0] = select(scale, min(2.0 * scale, LARGEST), grows);
    scaling[1] = select(good, 0.0, grows);
    scaling[3] += 1.0;
    step[0] = i32(scaling[3]);
}
