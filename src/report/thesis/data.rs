//! The thesis's numbers, as it prints them.

use crate::error::{Error, Result};
use serde::Deserialize;

/// Where the thesis's own numbers come from.
pub(super) const PRINTED: &str = "the thesis, as printed";

/// One line of figures 28 to 52: max pooling of an n x n image, k = 2, s = 2, p = 0.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct PoolTime {
    pub(super) figure: u32,
    pub(super) device: String,
    /// `serial`, `matmul1`, `matmul2` or `matmul3`.
    pub(super) kernel: String,
    /// `buffer`, `constant`, or empty for serial.
    pub(super) filter: String,
    pub(super) n: u32,
    pub(super) windows: u64,
    /// Wall time of the whole pass in seconds; absent where the scan cannot be read.
    pub(super) max_pool_s: Option<f64>,
    /// Device time of the products in seconds; absent where it was not printed.
    pub(super) matmul_s: Option<f64>,
}

/// One line of figure 4: one n x n product, the first launch included.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct MatmulTime {
    pub(super) device: String,
    pub(super) n: u32,
    pub(super) time_s: f64,
}

/// One line of figure 44.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Printed {
    pub(super) n: u32,
    pub(super) gpu_matmul3_s: f64,
    pub(super) serial_s: f64,
    pub(super) speedup_as_printed: f64,
    pub(super) serial_total_s_actually_divided: f64,
}

/// One training of the thesis's network. What was not printed is `None`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct TrainingFact {
    pub(super) device: String,
    pub(super) epochs: u32,
    /// Wall time of the training in seconds.
    pub(super) train_s: Option<f64>,
    pub(super) train_loss: Option<f64>,
    pub(super) valid_loss: Option<f64>,
    pub(super) test_loss: Option<f64>,
    /// Accuracy on the test images, 0..=1.
    pub(super) test_acc: Option<f64>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Thesis {
    pub(super) pool: Vec<PoolTime>,
    pub(super) matmul: Vec<MatmulTime>,
    pub(super) speedups: Vec<Printed>,
    pub(super) training: Vec<TrainingFact>,
}

/// A curve of the thesis: what one figure says of one kernel and filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve<'a> {
    pub(super) figure: u32,
    pub(super) device: &'a str,
    pub(super) kernel: &'a str,
    pub(super) filter: &'a str,
    pub(super) lines: Vec<&'a PoolTime>,
}

impl Thesis {
    /// Parses the embedded files.
    ///
    /// # Errors
    /// [`Error::Format`].
    pub(super) fn load() -> Result<Self> {
        Ok(Self {
            pool: parse("max_pool_times.csv", include_str!("max_pool_times.csv"))?,
            matmul: parse("matmul_times.csv", include_str!("matmul_times.csv"))?,
            speedups: parse("speedup_serial_vs_matmul3.csv", include_str!("speedup_serial_vs_matmul3.csv"))?,
            training: parse("training.csv", include_str!("training.csv"))?,
        })
    }

    /// The curves in the order of the figures.
    pub(super) fn curves(&self) -> Vec<Curve<'_>> {
        let mut curves: Vec<Curve<'_>> = Vec::new();
        for line in &self.pool {
            let same = |c: &&mut Curve<'_>| {
                (c.figure, c.kernel, c.filter) == (line.figure, &line.kernel, &line.filter)
            };
            match curves.iter_mut().find(same) {
                Some(curve) => curve.lines.push(line),
                None => curves.push(Curve {
                    figure: line.figure,
                    device: &line.device,
                    kernel: &line.kernel,
                    filter: &line.filter,
                    lines: vec![line],
                }),
            }
        }
        curves
    }

    /// The curve of a figure that shows one kernel only.
    pub(super) fn figure(&self, figure: u32) -> Option<Curve<'_>> {
        self.curves().into_iter().find(|c| c.figure == figure)
    }
}

impl Curve<'_> {
    /// (n, seconds of the whole pass), where printed.
    pub(super) fn totals(&self) -> Vec<(f64, f64)> {
        self.lines.iter().filter_map(|l| Some((f64::from(l.n), l.max_pool_s?))).collect()
    }

    /// Its kernel and filter in words.
    pub(super) fn words(&self) -> String {
        if self.filter.is_empty() {
            self.kernel.to_string()
        } else {
            format!("{}, filter {}", self.kernel, self.filter)
        }
    }
}

fn parse<T: for<'de> Deserialize<'de>>(name: &str, text: &str) -> Result<Vec<T>> {
    let lines: std::result::Result<Vec<T>, csv::Error> =
        csv::Reader::from_reader(text.as_bytes()).deserialize().collect();
    lines.map_err(|e| Error::format(name, "table of the thesis", e.to_string()))
}
