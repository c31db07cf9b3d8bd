// What `coopmat_f32` must know of each row of A and of each column of B: how large and how small its numbers are.
//
// a: m x k, b: k x n, row-major f32, `batch` of each; a may lie as k x m (ta), b as n x k (tb).
// a_range: batch x m, b_range: batch x n; of each, the bits of the largest magnitude (of a NaN, if there is one), and of
// the smallest that is not zero (all ones where there is none).
// A workgroup of 16 x 16 threads takes 16 rows of A or 16 columns of B. Its threads along x follow what lies side by side
// in memory: 16 terms of a line, or a term of 16 lines. Each takes every 16th term, a barrier, and one thread a line
// gathers what they found. Magnitudes are compared as bits, which know NaN.
//
// workgroups: batch * (div_ceil(m, 16) + div_ceil(n, 16))
// turns: div_ceil(k, 16) + 16

struct Params {
    m: u32,
    n: u32,
    k: u32,
    batch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read_write> a_range: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read_write> b_range: array<vec2<u32>>;

// Whether A, and whether B, lies transposed in memory.
override SIZE_TA: u32 = 0u;
override SIZE_TB: u32 = 0u;

var<workgroup> found: array<vec2<u32>, 256>;

fn wider(range: vec2<u32>, other: vec2<u32>) -> vec2<u32> {
    return vec2(max(range.x, other.x), min(range.y, other.y));
}

@compute @workgroup_size(16, 16)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let of_a = (params.m + 15u) / 16u;
    let blocks = of_a + (params.n + 15u) / 16u;
    let product = number / blocks;
    if product >= params.batch {
        return;
    }
    let block = number % blocks;
    let is_a = block < of_a;
    let lines = select(params.n, params.m, is_a);
    // Whether the terms of a line lie side by side.
    let along = select(SIZE_TB == 1u, SIZE_TA == 0u, is_a);
    let lane = select(local.y, local.x, along);
    let place = select(local.x, local.y, along);
    let line = 16u * select(block - of_a, block, is_a) + place;

    var range = vec2(0u, 0xFFFFFFFFu);
    if line < lines {
        let start = product * lines * params.k;
        for (var p = lane; p < params.k; p += 16u) {
            let at = start + select(p * lines + line, line * params.k + p, along);
            var bits = 0u;
            if is_a {
                bits = a[at] & 0x7FFFFFFFu;
            } else {
                bits = b[at] & 0x7FFFFFFFu;
            }
            range = wider(range, vec2(bits, select(bits, 0xFFFFFFFFu, bits == 0u)));
        }
    }
    found[place * 16u + lane] = range;
    workgroupBarrier();
    if lane > 0u || line >= lines {
        return;
    }
    for (var other = 1u; other < 16u; other++) {
        range = wider(range, found[place * 16u + other]);
    }
    if is_a {
        a_range[product * lines + line] = range;
    } else {
        b_range[product * lines + line] = range;
    }
}
