//! Corrections 1 to 4: the ones about times.

use super::super::format;
use super::super::page::{Block, heading, text};
use super::super::table::Table;
use super::data::{PRINTED, Thesis};
use super::ours::{CURES, Ours, PER_WINDOW, kernel_of, median};
use crate::analysis::amdahl::{ceiling, fraction};
use crate::analysis::growth::{Growth, growth};
use crate::analysis::points::Time;
use crate::analysis::speedup::speedup;

/// 1: the GPU version is slower than the serial one.
pub(super) fn slower(thesis: &Thesis, ours: &Ours<'_>) -> Vec<Block> {
    let mut blocks = vec![heading(4, "1. The GPU version is slower than the serial one")];
    if let Some(serial) = thesis.figure(28)
        && let Some((n, base)) = serial.totals().last().copied()
    {
        let mut factors: Vec<f64> = Vec::new();
        for curve in thesis.curves().iter().filter(|c| c.kernel != "serial") {
            factors.extend(curve.totals().iter().filter(|(x, _)| *x == n).map(|(_, s)| s / base));
        }
        let low = factors.iter().copied().fold(f64::INFINITY, f64::min);
        let high = factors.iter().copied().fold(0.0, f64::max);
        blocks.push(text(format!(
            "**Theirs**, total against total at n = {n}: the serial pass takes {base:.2} s, the GPU passes take {} to {} times as \
             long.",
            format::number(low),
            format::number(high)
        )));
    }
    let mut table = Table::new(
        "thesis-correction-1",
        "Ours: the host loop against the serial loop and against the cure, at the largest n of each",
        &["variant", "n", "end to end", "against per_window_serial", "against serial", "launches"],
    );
    for name in PER_WINDOW.iter().chain(&CURES) {
        let Some((n, point)) = ours.pool(name).last().copied() else { continue };
        let against = |base: &str| {
            let base = ours.pool_at(base, n);
            base.and_then(|b| speedup(point, b, Time::EndToEnd))
                .map_or_else(String::new, |s| format::factor_estimate(s.ratio))
        };
        let launches = if name.starts_with("per_window") {
            format::grouped((u64::from(n) / 2).pow(2))
        } else if *name == "separable" {
            "2".to_string()
        } else {
            "1".to_string()
        };
        let time = median(point, Time::EndToEnd).map_or_else(String::new, format::time);
        let row = vec![
            (*name).to_string(),
            n.to_string(),
            time,
            against("per_window_serial"),
            against("serial"),
            launches,
        ];
        let sides = ["per_window_serial", "serial"].into_iter().filter_map(|base| ours.pool_at(base, n));
        table.push_from(row, ours.origin(std::iter::once(point).chain(sides)));
    }
    if table.rows.is_empty() {
        blocks.push(text("**Ours**: not measured."));
        return blocks;
    }
    blocks.push(Block::Table(table));
    blocks.push(text(
        "A number below 1 is a loss. One launch and three copies for every four pixels cost more than the four pixels; the \
         same device wins or loses by how often it is called, not by how fast it multiplies.",
    ));
    blocks
}

/// 2: figure 44 divides a total by a product time.
pub(super) fn like_by_like(thesis: &Thesis) -> Vec<Block> {
    let mut table = Table::new(
        "thesis-correction-2",
        "Theirs: serial against matmul3, divided three ways (serial: figure 28; GPU: figure 42, Tesla K20)",
        &["n", "printed in figure 44", "serial total / GPU product", "total / total", "product / product"],
    );
    let (serial, gpu) = (thesis.figure(28), thesis.figure(42));
    for line in &thesis.speedups {
        let at = |c: &Option<super::data::Curve<'_>>| {
            c.as_ref().and_then(|c| c.lines.iter().find(|l| l.n == line.n).and_then(|l| l.max_pool_s))
        };
        let cell = |v: Option<f64>| v.map_or_else(String::new, |v| format::significant(v, 3));
        table.push(vec![
            line.n.to_string(),
            format::significant(line.speedup_as_printed, 4),
            cell(Some(line.serial_total_s_actually_divided / line.gpu_matmul3_s)),
            cell(at(&serial).zip(at(&gpu)).map(|(s, g)| s / g)),
            cell(Some(line.serial_s / line.gpu_matmul3_s)),
        ]);
    }
    let overstated = thesis.speedups.last().and_then(|line| {
        let total = |f: u32| thesis.figure(f)?.lines.iter().find(|l| l.n == line.n)?.max_pool_s;
        Some((line.n, line.speedup_as_printed / (total(28)? / total(42)?)))
    });
    let last = overstated.map_or_else(String::new, |(n, factor)| {
        format!(
            " At n = {n} the printed speedup is {} times the one of total by total.",
            format::number(factor)
        )
    });
    vec![
        heading(4, "2. Figure 44 divides unlike things"),
        text(
            "Its speedup is the serial run's **total** on one node over the **device time alone** on another node; the \
             column beside it shows the serial product time. Dividing like by like:",
        ),
        Block::Table(table),
        text(format!(
            "The third column reproduces what was printed.{last} All four agree that the GPU loses."
        )),
    ]
}

/// 3: the parallel fraction at every size.
pub(super) fn fraction_at_every_size(thesis: &Thesis) -> Vec<Block> {
    let mut table = Table::new(
        "thesis-correction-3",
        "Theirs: P = product time / total time at every size, and the ceiling 1 / (1 − P)",
        &[
            "n",
            "matmul1, T4 (fig. 32): P",
            "ceiling",
            "matmul2, T4 (fig. 36): P",
            "ceiling",
            "matmul3, K20 (fig. 42): P",
            "ceiling",
        ],
    );
    let curves: Vec<_> = [32, 36, 42].iter().filter_map(|f| thesis.figure(*f)).collect();
    let sizes: Vec<u32> = curves.first().map(|c| c.lines.iter().map(|l| l.n).collect()).unwrap_or_default();
    for n in sizes {
        let mut row = vec![n.to_string()];
        for curve in &curves {
            let line = curve.lines.iter().find(|l| l.n == n);
            let p = line.and_then(|l| fraction(l.matmul_s?, l.max_pool_s?));
            row.push(p.map_or_else(String::new, |p| format!("{p:.4}")));
            row.push(p.map_or_else(String::new, |p| format!("{}×", format::number(ceiling(p)))));
        }
        table.push(row);
    }
    vec![
        heading(4, "3. P from the smallest run is the P of start-up"),
        text(
            "P = 0.61 comes from the 4 x 4 image: four windows, almost all of the time start-up. The same tables give P for \
             every size:",
        ),
        Block::Table(table),
        text(
            "P falls to about a tenth for `matmul1`, and the ceiling with it. The N of the law is a number of processors \
             that each run a share of the work; 640 or 2496 lanes that wait for a 2 x 2 product are not that: a 2 x 2 \
             product has 4 elements, so at most 4 lanes have work.",
        ),
    ]
}

/// 4: growth is quadratic, and cubic for the product.
pub(super) fn exponents(thesis: &Thesis, ours: &Ours<'_>) -> Vec<Block> {
    let mut table = Table::new(
        "thesis-correction-4",
        "The exponent of n, by least squares on logarithms",
        &["whose", "what", "sizes", "exponent [95 %]", "R²"],
    );
    let mut push = |whose: &str, what: String, points: &[(f64, f64)], origin: String| {
        let Some(fit) = growth(points) else { return };
        let span = points
            .first()
            .zip(points.last())
            .map_or_else(String::new, |(a, b)| format!("{} to {}", a.0, b.0));
        let row = vec![whose.into(), what, span, exponent_words(fit), format!("{:.4}", fit.r_squared)];
        table.push_from(row, origin);
    };
    let from = |points: Vec<(f64, f64)>, low: f64| -> Vec<(f64, f64)> {
        points.into_iter().filter(|(n, _)| *n >= low).collect()
    };
    if let Some(serial) = thesis.figure(28) {
        let windows: Vec<(f64, f64)> =
            serial.lines.iter().map(|l| (f64::from(l.n), l.windows as f64)).collect();
        push("theirs", "number of windows".into(), &windows, PRINTED.into());
    }
    for curve in thesis.curves().iter().filter(|c| matches!(c.figure, 28 | 32 | 36 | 42)) {
        let what = format!("{}, {} (fig. {})", curve.words(), curve.device, curve.figure);
        push("theirs", what, &from(curve.totals(), 64.0), PRINTED.into());
    }
    let product: Vec<(f64, f64)> = thesis.matmul.iter().map(|m| (f64::from(m.n), m.time_s)).collect();
    push("theirs", "one n x n product (fig. 4)".into(), &from(product, 256.0), PRINTED.into());
    let medians = |points: &[(u32, &crate::analysis::points::Point)]| -> Vec<(f64, f64)> {
        points.iter().filter_map(|(n, p)| Some((f64::from(*n), median(p, Time::EndToEnd)?))).collect()
    };
    for name in std::iter::once(&"per_window_serial").chain(&PER_WINDOW) {
        let points = ours.pool(name);
        let largest = &points[points.len().saturating_sub(5)..];
        let origin = ours.origin(largest.iter().map(|(_, p)| *p));
        push("ours", format!("`{name}` ({})", kernel_of(name)), &medians(largest), origin);
    }
    for name in ["serial", "naive"] {
        let points = ours.matmul(name);
        let largest = &points[points.len().saturating_sub(4)..];
        let origin = ours.origin(largest.iter().map(|(_, p)| *p));
        push("ours", format!("matrix product, `{name}`"), &medians(largest), origin);
    }
    let serial = thesis.figure(28).map(|c| c.totals()).unwrap_or_default();
    let doubled = match serial.as_slice() {
        [.., (a, s), (b, t)] => {
            format!(" From n = {a} to {b} the serial time grows by {}×.", format::number(t / s))
        }
        _ => String::new(),
    };
    vec![
        heading(4, "4. The growth is quadratic, not exponential"),
        text(format!(
            "If the time grew exponentially, doubling n would square it. It grows about fourfold instead, which is n².{doubled} The number of windows is (n/2)² exactly; a full n x n product is n³ in the \
             long run, and start-up flattens the left end of every curve."
        )),
        Block::Table(table),
    ]
}

fn exponent_words(fit: Growth) -> String {
    let bounds = fit.interval.map_or_else(String::new, |i| format!(" [{:.2}, {:.2}]", i.low, i.high));
    format!("{:.3}{bounds}", fit.exponent)
}
