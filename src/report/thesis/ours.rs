//! Our runs of the thesis's experiments, looked up by the thesis's own names.

use super::super::source::Source;
use crate::analysis::points::{Point, Time};

/// The runs that repeat the thesis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ours<'a> {
    /// `thesis_maxpool`.
    pub(super) pool: Option<&'a Source>,
    /// `thesis_matmul`.
    pub(super) matmul: Option<&'a Source>,
}

/// The variants of the thesis's host loop on a GPU.
pub(super) const PER_WINDOW: [&str; 6] = [
    "per_window_naive_buffer",
    "per_window_loop_buffer",
    "per_window_tiled_buffer",
    "per_window_naive_constant",
    "per_window_loop_constant",
    "per_window_tiled_constant",
];

/// The variants that pool without a host loop.
pub(super) const CURES: [&str; 5] = ["windows_batched", "direct", "tiled", "vectorized", "separable"];

/// Our variant for a kernel and filter of the thesis.
pub(super) fn variant(kernel: &str, filter: &str) -> String {
    let ours = match kernel {
        "matmul1" => "naive",
        "matmul2" => "loop",
        "matmul3" => "tiled",
        _ => return "per_window_serial".to_string(),
    };
    format!("per_window_{ours}_{filter}")
}

/// The thesis's kernel behind one of our per-window variants.
pub(super) fn kernel_of(variant: &str) -> &'static str {
    match variant {
        v if v.contains("naive") => "matmul1",
        v if v.contains("loop") => "matmul2",
        v if v.contains("tiled") => "matmul3",
        _ => "serial",
    }
}

impl<'a> Ours<'a> {
    /// Where the samples of these points stand, in whichever of the runs they are.
    pub(super) fn origin<'p>(&self, points: impl IntoIterator<Item = &'p Point>) -> String {
        let points: Vec<&Point> = points.into_iter().collect();
        let found = [self.matmul, self.pool].into_iter().flatten().map(|s| s.origin(points.iter().copied()));
        found.filter(|origin| !origin.is_empty()).collect::<Vec<_>>().join("; ")
    }

    /// The points of a max-pooling variant on square images with the thesis's window, by ascending side, one a side.
    pub(super) fn pool(&self, variant: &str) -> Vec<(u32, &'a Point)> {
        let points = self.pool.map(|s| s.points.as_slice()).unwrap_or_default();
        by_side(points.iter().filter(|p| p.op == "maxpool" && p.variant == variant), "h", |p| {
            let is = |name: &str, value: &str| size(p, name).is_none_or(|v| v == value);
            let square = size(p, "h") == size(p, "w");
            let window = ["kh", "kw", "sh", "sw"].iter().all(|n| is(n, "2"));
            square
                && window
                && ["ph", "pw"].iter().all(|n| is(n, "0"))
                && ["n", "c", "dh", "dw"].iter().all(|n| is(n, "1"))
        })
    }

    /// The point of a max-pooling variant at side n.
    pub(super) fn pool_at(&self, variant: &str, n: u32) -> Option<&'a Point> {
        self.pool(variant).into_iter().find(|(side, _)| *side == n).map(|(_, p)| p)
    }

    /// The points of a matmul variant on square matrices, by ascending side.
    pub(super) fn matmul(&self, variant: &str) -> Vec<(u32, &'a Point)> {
        let points = self.matmul.map(|s| s.points.as_slice()).unwrap_or_default();
        by_side(points.iter().filter(|p| p.op == "matmul" && p.variant == variant), "n", |p| {
            size(p, "m") == size(p, "n") && size(p, "k") == size(p, "n")
        })
    }

    /// The matmul variants measured, in the order of the rows.
    pub(super) fn matmul_variants(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for point in self.matmul.map(|s| s.points.as_slice()).unwrap_or_default() {
            if point.op == "matmul" && !names.contains(&point.variant.as_str()) {
                names.push(&point.variant);
            }
        }
        names
    }
}

/// A median in nanoseconds.
pub(super) fn median(point: &Point, time: Time) -> Option<f64> {
    point.time(time).map(|e| e.value)
}

fn by_side<'a>(
    points: impl Iterator<Item = &'a Point>,
    side: &str,
    fits: impl Fn(&Point) -> bool,
) -> Vec<(u32, &'a Point)> {
    let mut found: Vec<(u32, &Point)> = Vec::new();
    for point in points.filter(|p| fits(p)) {
        let Some(n) = size(point, side).and_then(|v| v.parse().ok()) else { continue };
        match found.iter_mut().find(|(at, _)| *at == n) {
            // Of several thread counts the highest stands for the variant.
            Some(there) if point.threads > there.1.threads => there.1 = point,
            Some(_) => {}
            None => found.push((n, point)),
        }
    }
    found.sort_by_key(|(n, _)| *n);
    found
}

fn size<'a>(point: &'a Point, name: &str) -> Option<&'a str> {
    point.sizes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}
