// What a launch costs: a kernel with next to nothing to do. Each of len counters grows by one, so that every launch waits
// for the one before and leaves a trace.
//
// y: len elements, row-major f32, updated in place; one thread a counter. Launched over a single counter it is as good as
// empty. No shared memory, no barrier.
//
// workgroups: div_ceil(len, WG)

struct Params {
    len: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    if i >= params.len {
        return;
    }
    y[i] += 1.0;
}
