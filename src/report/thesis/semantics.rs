//! Corrections 5 to 9: the ones about what is computed.

use super::super::format;
use super::super::page::{Block, heading, text};
use super::super::table::Table;
use super::ours::{Ours, median};
use crate::analysis::points::Time;
use crate::record::Facts;

const NOT_MEASURED: &str = "**Ours**: not measured.";

/// 5: a product with the identity adds work and changes nothing.
pub(super) fn identity(facts: &Facts) -> Vec<Block> {
    let mut table = Table::new(
        "thesis-correction-5",
        "Work for one window of k x k values",
        &[
            "k",
            "multiply-adds of A I (k³)",
            "per element (k)",
            "comparisons of the maximum (k² − 1)",
            "useful share",
        ],
    );
    for k in [2_u64, 3, 4, 7] {
        let (adds, compares) = (k.pow(3), k * k - 1);
        let share = compares as f64 / (adds + compares) as f64;
        table.push(vec![
            k.to_string(),
            adds.to_string(),
            k.to_string(),
            compares.to_string(),
            format::percent(share),
        ]);
    }
    let windows = 512_u64 * 512;
    let ours = match (facts.identity_windows, facts.identity_changed) {
        (Some(all), Some(changed)) => format!(
            "**Ours**: with finite values, {} of {} windows have another maximum after the product.",
            format::grouped(changed),
            format::grouped(all)
        ),
        _ => NOT_MEASURED.to_string(),
    };
    vec![
        heading(4, "5. The product with the identity adds O(k) work per element"),
        text(
            "The matrix product with the identity returns the window itself. Its maximum is the window's maximum.",
        ),
        Block::Table(table),
        text(format!(
            "For the 1024 x 1024 image with k = 2 that is {} multiply-adds for nothing, beside {} launches. {ours}",
            format::grouped(windows * 8),
            format::grouped(windows)
        )),
    ]
}

/// 6: zero padding changes the result where all real values of a window are negative.
pub(super) fn padding(facts: &Facts) -> Vec<Block> {
    let ours = match (facts.zero_padding_windows, facts.zero_padding_changed) {
        (Some(all), Some(changed)) => format!(
            "**Ours**: on {}, zero padding changes {} of {} windows ({}).",
            facts.zero_padding_input.as_deref().unwrap_or("the test input"),
            format::grouped(changed),
            format::grouped(all),
            format::percent(changed as f64 / all.max(1) as f64)
        ),
        _ => NOT_MEASURED.to_string(),
    };
    let image = [[-3.0_f32, -1.0], [-4.0, -2.0]];
    let (zero, infinite) = (pool_padded(image, 0.0), pool_padded(image, f32::NEG_INFINITY));
    let differ = zero.iter().zip(&infinite).filter(|(a, b)| a != b).count();
    let words = |values: [f32; 4]| values.map(|v| format!("{v}").replace('-', "−")).join(", ");
    vec![
        heading(4, "6. Zero padding invents a maximum"),
        text(format!(
            "The image (−3, −1; −4, −2) pooled with k = 2, s = 2, p = 1 gives {} with zeros around it and {} with minus \
             infinity, which never wins: {differ} of 4 windows differ, and the zeros are no pixels of the image. Frameworks \
             pad with minus infinity. {ours}",
            words(zero),
            words(infinite)
        )),
        text(
            "The thesis's images hold 0 to 9 and no padding (p = 0), so its own results do not change; images that were \
             normalised to mean 0 do.",
        ),
    ]
}

/// Max pooling of a 2 x 2 image with k = 2, s = 2, p = 1: one real pixel in each of the four windows.
fn pool_padded(image: [[f32; 2]; 2], pad: f32) -> [f32; 4] {
    let mut out = [pad; 4];
    for (i, best) in out.iter_mut().enumerate() {
        for (y, x) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let (row, column) = (i / 2 * 2 + y, i % 2 * 2 + x);
            let inside = (1..=2).contains(&row) && (1..=2).contains(&column);
            let value = if inside { image[row - 1][column - 1] } else { pad };
            *best = best.max(value);
        }
    }
    out
}

/// How often `matmul2` computes the elements of an n x n product, with a block of `block` x `block` threads: element
/// (i, j) is computed by every thread (x, y) with y <= i and x <= j.
pub(super) fn computed(n: u64, block: u64) -> u64 {
    let side: u64 = (0..n).map(|i| (i + 1).min(block)).sum();
    side * side
}

/// 7: in `matmul2` each element is computed by many threads.
pub(super) fn redundant(ours: &Ours<'_>) -> Vec<Block> {
    let mut table = Table::new(
        "thesis-correction-7",
        "matmul2: how often its elements are computed, with 32 x 32 threads",
        &["n", "elements", "computed", "times each, on average", "ours: loop_thesis / loop"],
    );
    for n in [2_u64, 4, 16, 64, 256, 1024] {
        let at = |name: &str| {
            let points = ours.matmul(name);
            points.iter().find(|(side, _)| u64::from(*side) == n).map(|(_, p)| *p)
        };
        let both = at("loop_thesis").zip(at("loop"));
        let times = |(t, l)| median(t, Time::Kernel).zip(median(l, Time::Kernel));
        let measured = both.and_then(times).filter(|(_, l)| *l > 0.0);
        let row = vec![
            n.to_string(),
            format::grouped(n * n),
            format::grouped(computed(n, 32)),
            format::number(computed(n, 32) as f64 / (n * n) as f64),
            measured.map_or_else(String::new, |(t, l)| format!("{}×", format::number(t / l))),
        ];
        table.push_from(row, ours.origin(both.into_iter().flat_map(|(t, l)| [t, l])));
    }
    vec![
        heading(4, "7. In matmul2 every thread repeats the others' work"),
        text(
            "Its loops over i and j start at the thread's coordinates and run to the end, in steps of one. Element (i, j) is \
             computed by every thread whose coordinates do not exceed it: once in the top left corner, 1024 times for \
             most of a large matrix, which is the number of threads of the block. The last column is the ratio of the \
             kernel times of our two variants, the thesis's loop (16 x 16 threads here) and the one that does each \
             element once with a whole grid.",
        ),
        Block::Table(table),
    ]
}

/// 8: the test images were trained on.
pub(super) fn leak() -> Vec<Block> {
    let (training, validation, test, slices) = (245_u32, 28_u32, 99_u32, 91_u32);
    let right = |percent: f64| format!("{:.2} of {test}", percent / 100.0 * f64::from(test));
    vec![
        heading(4, "8. The test images were trained on"),
        text(format!(
            "{training} + {validation} = {} = 3 x {slices}: training and validation use up all {slices} axial slices of all three \
             volumes. No slice is left, so each of the {test} test images is one of the {}. The reported accuracies are 87.88 % \
             ({}) after 25 epochs and 94.95 % ({}) after 50: recall of training images, no estimate for new ones.",
            training + validation,
            training + validation,
            right(87.88),
            right(94.95)
        )),
    ]
}

/// 9: 0 x inf is NaN.
pub(super) fn infinity(facts: &Facts) -> Vec<Block> {
    let a = [f32::NEG_INFINITY, -2.0, -3.0, -4.0];
    let product = times_identity(a);
    let largest = |v: [f32; 4]| v.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let show = |v: f32| {
        if v.is_nan() {
            "NaN".to_string()
        } else {
            format!("{v}").replace("-inf", "−∞").replace('-', "−")
        }
    };
    let ours = match (facts.infinity_windows, facts.infinity_changed) {
        (Some(all), Some(changed)) => format!(
            "**Ours**: on {}, {} of {} windows have another maximum after the product.",
            facts.infinity_input.as_deref().unwrap_or("the test input"),
            format::grouped(changed),
            format::grouped(all)
        ),
        _ => NOT_MEASURED.to_string(),
    };
    vec![
        heading(4, "9. The product with the identity loses infinities and NaNs"),
        text(format!(
            "0 x ∞ is NaN. The window ({}) has the maximum {}; its product with the identity is ({}), whose largest number is \
             {}, or NaN where NaN propagates. {ours}",
            a.map(show).join(", "),
            show(largest(a)),
            product.map(show).join(", "),
            show(largest(product))
        )),
    ]
}

/// A 2 x 2 matrix, row-major, times the identity, in plain floating-point arithmetic.
pub(super) fn times_identity(a: [f32; 4]) -> [f32; 4] {
    let identity = [1.0_f32, 0.0, 0.0, 1.0];
    [0, 1, 2, 3].map(|e| {
        let (row, column) = (e / 2, e % 2);
        (0..2).fold(0.0, |sum, p| sum + a[row * 2 + p] * identity[p * 2 + column])
    })
}
