//! How pooling is computed: the thesis's way, its cure in two steps, and the kernels proper.

use super::{Pool, cpu, separable};
use crate::ops::shader::wgsl;
use crate::ops::{Caps, Choice, How, Pass, Product, Scratch, Sizes, Variant};

/// A variant of the thesis's host loop.
const fn per_window(name: &'static str, doc: &'static str, product_: &'static Product) -> Variant {
    Variant::of(name, doc, How::PerWindow(product_)).finite().requiring(product)
}

fn values(sizes: &Sizes) -> bool {
    sizes.get("indices") == 0
}

fn indices(sizes: &Sizes) -> bool {
    !values(sizes)
}

/// Elements between the two passes of `separable`: n x c x h x ow.
fn row_maxima(sizes: &Sizes) -> u64 {
    let p = Pool::of(sizes);
    [p.n, p.c, p.h, p.ow].into_iter().map(u64::from).product()
}

/// What stands between the two passes.
const ROW_MAXIMA: &[Scratch] = &[
    Scratch { name: "row_keys", len: row_maxima },
    Scratch { name: "row_indices", len: |sizes| if indices(sizes) { row_maxima(sizes) } else { 0 } },
];

/// Where a strip of four outputs along a row shares its windows' elements in registers.
fn strip(sizes: &Sizes, _: &Caps) -> Option<String> {
    columns_under_strip(sizes, 0)
}

/// The same in vectors of four, the first of which may begin before the first window.
fn strip_vec4(sizes: &Sizes, _: &Caps) -> Option<String> {
    let p = Pool::of(sizes);
    if !p.w.is_multiple_of(4) || !p.ow.is_multiple_of(4) {
        return Some(format!("rows of {} elements and {} outputs are not whole vectors of four", p.w, p.ow));
    }
    columns_under_strip(sizes, u64::from((4 - p.pw % 4) % 4))
}

fn columns_under_strip(sizes: &Sizes, shift: u64) -> Option<String> {
    let p = Pool::of(sizes);
    let columns = shift + 3 * u64::from(p.sw) + u64::from(p.kw - 1) * u64::from(p.dw) + 1;
    (p.kw > 8 || columns > 16).then(|| {
        format!("four windows of {} columns stand over {columns}; a thread holds 16, and 8 of a window", p.kw)
    })
}

/// Windows that share no rows, that move by more than a row, and that move by one: how tall a strip is best.
fn apart(sizes: &Sizes) -> bool {
    let p = Pool::of(sizes);
    u64::from(p.dh) * u64::from(p.kh - 1) < u64::from(p.sh)
}

fn by_more(sizes: &Sizes) -> bool {
    !apart(sizes) && sizes.get("sh") > 1
}

fn by_one(sizes: &Sizes) -> bool {
    !apart(sizes) && sizes.get("sh") == 1
}

/// A product with the identity needs a square window, knows no positions, and has no minus infinity for a window that
/// holds nothing: such a window starts in the padding and steps over the whole image between two taps.
fn product(sizes: &Sizes, _: &Caps) -> Option<String> {
    let p = Pool::of(sizes);
    let reason = if p.kh != p.kw {
        "the identity needs a square window"
    } else if p.indices {
        "the product loses the positions of the maxima"
    } else if !p.pad_zero && ((p.ph > 0 && p.dh > p.h) || (p.pw > 0 && p.dw > p.w)) {
        "a window may hold nothing but padding, and the product has no minus infinity to say so"
    } else {
        return None;
    };
    Some(reason.to_owned())
}

/// Threads of a workgroup where a thread takes outputs one after the other.
const LINES: &[Choice] = &[Choice::new("WG", &[32, 64, 128, 256])];
/// Rows of outputs of a strip.
const ROWS_2: &[(&str, u32)] = &[("OY", 2)];
const ROWS_8: &[(&str, u32)] = &[("OY", 8)];
/// Threads of a workgroup across and down.
const STRIPS: &[Choice] = &[Choice::new("WX", &[8, 16, 32]), Choice::new("WY", &[2, 4, 8])];
/// Outputs of a tile along a row and along a column; at most 1024, well within the shader's CAPACITY.
const TILES: &[Choice] = &[Choice::new("TX", &[16, 32, 64]), Choice::new("TY", &[4, 8, 16])];

pub(super) static VARIANTS: &[Variant] = &[
    Variant::serial("plain loops on one thread", cpu::serial),
    Variant::rayon("output rows shared out over threads, whole rows at a time", cpu::rayon),
    Variant::cpu(
        "separable_cpu",
        "row maxima, then the maxima of those down the columns, by steps of four taps in wide vectors; van Herk's blocks for \
         windows of more than 64 rows",
        separable::run,
        true,
    ),
    Variant::cpu(
        "per_window_serial",
        "the thesis's serial program: extract, multiply by the identity, take the maximum, window by window",
        cpu::per_window_serial,
        false,
    )
    .finite()
    .requiring(product),
    Variant::kernels(
        "direct",
        "one thread an output, a loop over the window",
        &[
            Pass { shader: wgsl!("maxpool/direct"), set: &[], when: values },
            Pass { shader: wgsl!("maxpool/direct_indices"), set: &[], when: indices },
        ],
    )
    .searched(LINES),
    Variant::kernels(
        "tiled",
        "input tiles with their halo in shared memory",
        &[
            Pass { shader: wgsl!("maxpool/tiled"), set: &[], when: values },
            Pass { shader: wgsl!("maxpool/tiled_indices"), set: &[], when: indices },
        ],
    )
    .searched(TILES),
    Variant::kernels(
        "vectorized",
        "four outputs a thread from wide loads; no bounds tests inside the image",
        &[
            Pass { shader: wgsl!("maxpool/vectorized"), set: &[], when: values },
            Pass { shader: wgsl!("maxpool/vectorized_indices"), set: &[], when: indices },
        ],
    )
    .searched(LINES),
    Variant::kernels_between(
        "separable",
        "the maxima of the rows, then the maxima of those down the columns",
        &[
            Pass { shader: wgsl!("maxpool/separable_rows"), set: &[], when: values },
            Pass { shader: wgsl!("maxpool/separable_columns"), set: &[], when: values },
            Pass { shader: wgsl!("maxpool/separable_rows_indices"), set: &[], when: indices },
            Pass { shader: wgsl!("maxpool/separable_columns_indices"), set: &[], when: indices },
        ],
        ROW_MAXIMA,
    )
    .searched(LINES),
    Variant::kernels(
        "strips",
        "four outputs along a row and several rows of them a thread, each element read once, the window compiled in",
        &[
            Pass { shader: wgsl!("maxpool/strips"), set: &[], when: |s| values(s) && apart(s) },
            Pass { shader: wgsl!("maxpool/strips"), set: ROWS_2, when: |s| values(s) && by_more(s) },
            Pass { shader: wgsl!("maxpool/strips"), set: ROWS_8, when: |s| values(s) && by_one(s) },
            Pass { shader: wgsl!("maxpool/strips_indices"), set: &[], when: |s| indices(s) && apart(s) },
            Pass { shader: wgsl!("maxpool/strips_indices"), set: ROWS_2, when: |s| indices(s) && by_more(s) },
            Pass { shader: wgsl!("maxpool/strips_indices"), set: ROWS_8, when: |s| indices(s) && by_one(s) },
        ],
    )
    .requiring(strip)
    .searched(STRIPS),
    Variant::kernels(
        "strips_vec4",
        "the same from vectors of four, where rows are whole vectors",
        &[
            Pass { shader: wgsl!("maxpool/strips_vec4"), set: &[], when: |s| values(s) && apart(s) },
            Pass { shader: wgsl!("maxpool/strips_vec4"), set: ROWS_2, when: |s| values(s) && by_more(s) },
            Pass { shader: wgsl!("maxpool/strips_vec4"), set: ROWS_8, when: |s| values(s) && by_one(s) },
            Pass { shader: wgsl!("maxpool/strips_vec4_indices"), set: &[], when: |s| indices(s) && apart(s) },
            Pass { shader: wgsl!("maxpool/strips_vec4_indices"), set: ROWS_2, when: |s| indices(s) && by_more(s) },
            Pass { shader: wgsl!("maxpool/strips_vec4_indices"), set: ROWS_8, when: |s| indices(s) && by_one(s) },
        ],
    )
    .requiring(strip_vec4)
    .searched(STRIPS),
    Variant::kernels_between(
        "van_herk",
        "maxima from a pivot back and on, along the rows, then down the columns: work that no window changes",
        &[
            Pass { shader: wgsl!("maxpool/van_herk_rows"), set: &[], when: values },
            Pass { shader: wgsl!("maxpool/van_herk_columns"), set: &[], when: values },
            Pass { shader: wgsl!("maxpool/van_herk_rows_indices"), set: &[], when: indices },
            Pass { shader: wgsl!("maxpool/van_herk_columns_indices"), set: &[], when: indices },
        ],
        ROW_MAXIMA,
    )
    .searched(LINES),
    Variant::kernels(
        "windows_batched",
        "one launch: each thread multiplies its window by the identity (the first step of the cure)",
        &[Pass::plain(wgsl!("maxpool/windows_batched"))],
    )
    .finite()
    .requiring(product),
    per_window(
        "per_window_naive_buffer",
        "the thesis's host loop: its matmul1 on each window, the identity uploaded each time",
        &Product { shader: wgsl!("matmul/naive"), set: &[], uploads_filter: true },
    ),
    per_window(
        "per_window_loop_buffer",
        "the thesis's host loop: its matmul2 on each window, the identity uploaded each time",
        &Product { shader: wgsl!("matmul/loop_thesis"), set: &[], uploads_filter: true },
    ),
    per_window(
        "per_window_tiled_buffer",
        "the thesis's host loop: its matmul3 on each window, the identity uploaded each time",
        &Product { shader: wgsl!("matmul/tiled"), set: &[("TILE", 16)], uploads_filter: true },
    ),
    per_window(
        "per_window_naive_constant",
        "the thesis's host loop: its matmul1 on each window, the identity compiled in",
        &Product { shader: wgsl!("maxpool/product_naive_constant"), set: &[], uploads_filter: false },
    ),
    per_window(
        "per_window_loop_constant",
        "the thesis's host loop: its matmul2 on each window, the identity compiled in",
        &Product { shader: wgsl!("maxpool/product_loop_constant"), set: &[], uploads_filter: false },
    ),
    per_window(
        "per_window_tiled_constant",
        "the thesis's host loop: its matmul3 on each window, the identity compiled in",
        &Product {
            shader: wgsl!("maxpool/product_tiled_constant"),
            set: &[("TILE", 16)],
            uploads_filter: false,
        },
    ),
];
