// Gradient of max pooling as a gather with the windows compiled in: one thread a block of the image.
//
// dy: n x c x oh x ow f32, indices: as dy, i32, flat within a plane of the image, dx: n x c x h x w f32; row-major.
// A thread takes the BX sw x BY sh elements from which BX x BY windows start (padding counted in). It reads each window that
// may hold one of them once, index and gradient, and writes each element once: the sum, in row-major order of the windows,
// of the gradients whose index is the element. How many windows may hold an element is a constant of the pipeline, so that
// loops are unrolled; where windows do not touch it is one, and the sum is a choice between the gradient and zero. The order
// is fixed: the same bits in every run. No shared memory, no barrier.
//
// workgroups: div_ceil(n * c * div_ceil(h + ph, BY * sh) * div_ceil(w + pw, BX * sw), WG)
// turns: BY * sh * (BX * sw * (CAPACITY + 1) + 1) + CAPACITY * 2

struct Params {
    n: u32,
    c: u32,
    h: u32,
    w: u32,
    oh: u32,
    ow: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> indices: array<i32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

override WG: u32 = 64u;
override SIZE_KH: u32 = 1u;
override SIZE_KW: u32 = 1u;
override SIZE_SH: u32 = 1u;
override SIZE_SW: u32 = 1u;
override SIZE_PH: u32 = 0u;
override SIZE_PW: u32 = 0u;
override SIZE_DH: u32 = 1u;
override SIZE_DW: u32 = 1u;

// Windows that start in a block of a thread, down and across.
override BY: u32 = 1u;
override BX: u32 = 1u;
// The most windows that may hold an element of a block.
const CAPACITY: u32 = 64u;

// Windows that may hold an element, along each axis; windows that may hold an element of a block.
override REACH_Y: u32 = (SIZE_DH * (SIZE_KH - 1u) + SIZE_SH) / SIZE_SH;
override REACH_X: u32 = (SIZE_DW * (SIZE_KW - 1u) + SIZE_SW) / SIZE_SW;
override ROWS: u32 = BY + REACH_Y - 1u;
override COLUMNS: u32 = BX + REACH_X - 1u;

@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.x + groups.x * (group.y + groups.y * group.z)) * WG + local;
    let across = (params.w + SIZE_PW + BX * SIZE_SW - 1u) / (BX * SIZE_SW);
    let down = (params.h + SIZE_PH + BY * SIZE_SH - 1u) / (BY * SIZE_SH);
    let line_number = number / across;
    let plane = line_number / down;
    if plane >= params.n * params.c {
        return;
    }
    let block_column = (number - line_number * across) * BX;
    let block_row = (line_number - plane * down) * BY;

    var found: array<i32, CAPACITY>;
    var gradients: array<f32, CAPACITY>;
    for (var i = 0u; i < ROWS; i++) {
        // Less than 0 wraps to what is no window either.
        let r = block_row + i + 1u - REACH_Y;
        let line = (plane * params.oh + min(r, params.oh - 1u)) * params.ow;
        for (var j = 0u; j < COLUMNS; j++) {
            let q = block_column + j + 1u - REACH_X;
            let at = line + min(q, params.ow - 1u);
            found[i * COLUMNS + j] = select(-1, indices[at], r < params.oh && q < params.ow);
            gradients[i * COLUMNS + j] = dy[at];
        }
    }
    let top = i32(block_row * SIZE_SH) - i32(SIZE_PH);
    let left = i32(block_column * SIZE_SW) - i32(SIZE_PW);
    let first = plane * params.h * params.w;
    for (var a = 0u; a < BY * SIZE_SH; a++) {
        let row = top + i32(a);
        for (var b = 0u; b < BX * SIZE_SW; b++) {
            let column = left + i32(b);
            let element = row * i32(params.w) + column;
            var sum = 0.0;
            for (var i = 0u; i < REACH_Y; i++) {
                for (var j = 0u; j < REACH_X; j++) {
                    let source = (a / SIZE_SH + i) * COLUMNS + b / SIZE_SW + j;
                    sum += select(0.0, gradients[source], found[source] == element);
                }
            }
            if row >= 0 && row < i32(params.h) && column >= 0 && column < i32(params.w) {
                dx[first + u32(element)] = sum;
            }
        }
    }
}
