// The roof of arithmetic in half precision: multiply and add, on numbers that stay in registers.
//
// x: two elements, the factor and the term; y: len elements, one a thread; row-major f32. Thread i begins with the
// sixteen lanes i % 64 + 0, ..., i % 64 + 15 in four vectors and replaces each lane by lane * factor + term, eight times
// a turn: four chains that do not wait for each other, 256 operations a turn. The factor and the term are read, so that
// no compiler knows them, and the sum of the lanes is written, so that none can be left out. With factor and term 1 every
// lane counts its steps, exactly up to 2048.
// No shared memory, no barrier.
//
// workgroups: div_ceil(len, WG)
// turns: turns

enable f16;

struct Params {
    len: u32,
    turns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

override WG: u32 = 256u;

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
    let m = vec4<f16>(f16(x[0]));
    let t = vec4<f16>(f16(x[1]));
    var a = vec4<f16>(0.0, 1.0, 2.0, 3.0) + f16(i % 64u);
    var b = a + 4.0;
    var c = a + 8.0;
    var d = a + 12.0;
    for (var turn = 0u; turn < params.turns; turn++) {
        a = fma(a, m, t); b = fma(b, m, t); c = fma(c, m, t); d = fma(d, m, t);
        a = fma(a, m, t); b = fma(b, m, t); c = fma(c, m, t); d = fma(d, m, t);
        a = fma(a, m, t); b = fma(b, m, t); c = fma(c, m, t); d = fma(d, m, t);
        a = fma(a, m, t); b = fma(b, m, t); c = fma(c, m, t); d = fma(d, m, t);
        a = fma(a, m, t); b = fma(b, m, t); c = fma(c, m, t); d = fma(d, m, t);
        a = fma(a, m, t); b = fma(b, m, t); c = fma(c, m, t); d = fma(d, m, t);
        a = fma(a, m, t); b = fma(b, m, t); c = fma(c, m, t); d = fma(d, m, t);
        a = fma(a, m, t); b = fma(b, m, t); c = fma(c, m, t); d = fma(d, m, t);
    }
    let sum = vec4<f32>(a) + vec4<f32>(b) + vec4<f32>(c) + vec4<f32>(d);
    y[i] = sum.x + sum.y + sum.z + sum.w;
}
