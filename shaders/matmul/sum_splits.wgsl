// C from the parts of `blocked_splitk_4x4`, one thread an element.
//
// partial: splits x batch x m x n, c: m x n, row-major f32, `batch` of them.
// A thread adds the parts in their order, so that the result has the same bits in every run. No shared memory, no barrier.
//
// workgroups: div_ceil(batch * m * n, WG)
// turns: splits

struct Params {
    m: u32,
    n: u32,
    batch: u32,
    splits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let elements = params.batch * params.m * params.n;
    if number >= elements {
        return;
    }
    var sum = 0.0;
    for (var split = 0u; split < params.splits; split++) {
        sum += partial[split * elements + number];
    }
    c[number] = sum;
}
