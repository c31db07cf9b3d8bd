//! Where the time of a training step goes: shares by kind of operation, what Amdahl's law makes of them, rates and
//! bounds of each layer; and means over runs.

use super::amdahl::ceiling;
use crate::record::{LayerRow, Part, StepCeilings};

/// What an operation of a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Matrix products of dense layers.
    Matmul,
    /// Convolutions and their gradients, with the products that serve them.
    Convolution,
    /// Max and average pooling and their gradients.
    Pooling,
    /// Everything else between images and gradients: bias, activations, dropout, normalisation, loss.
    ElementWise,
    /// The update of the parameters, clipping included.
    Optimiser,
    /// Copies to and from the device.
    Transfer,
    /// The host's own work.
    Host,
}

impl Kind {
    /// All kinds, the order of tables and bars.
    pub const ALL: [Self; 7] = [
        Self::Matmul,
        Self::Convolution,
        Self::Pooling,
        Self::ElementWise,
        Self::Optimiser,
        Self::Transfer,
        Self::Host,
    ];

    /// Its name in tables and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Matmul => "matmul",
            Self::Convolution => "convolution",
            Self::Pooling => "pooling",
            Self::ElementWise => "element-wise",
            Self::Optimiser => "optimiser",
            Self::Transfer => "transfer",
            Self::Host => "host",
        }
    }

    /// The kind of a row: by its part where that decides, else by its operation's name.
    pub fn of(row: &LayerRow) -> Self {
        let op = row.op.as_str();
        match row.part {
            Part::Transfer => Self::Transfer,
            Part::Host => Self::Host,
            Part::Update => Self::Optimiser,
            _ if op.contains("pool") => Self::Pooling,
            _ if op.contains("conv") || op.contains("im2col") || op.contains("col2im") => Self::Convolution,
            // A convolution that was lowered to a product is still one.
            _ if op.contains("matmul") && row.kind.contains("conv") => Self::Convolution,
            _ if op.contains("matmul") => Self::Matmul,
            _ if ["adam", "sgd", "global_norm", "clip_norm"].contains(&op) => Self::Optimiser,
            _ => Self::ElementWise,
        }
    }
}

/// The time of one kind in a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The kind.
    pub kind: Kind,
    /// Its time in a step, in nanoseconds.
    pub time_ns: f64,
    /// Its part of the step, 0..=1.
    pub share: f64,
    /// How many times as fast a step can become at most by making this kind alone faster: 1 / (1 - share).
    pub at_most: f64,
}

/// The time of a step: the sum of all rows, in nanoseconds.
pub fn step_ns(rows: &[LayerRow]) -> f64 {
    rows.iter().map(|r| r.time_ns as f64).sum()
}

/// The kinds that occur with their shares; empty where the step took no time.
pub fn shares(rows: &[LayerRow]) -> Vec<Share> {
    let whole = step_ns(rows);
    if whole <= 0.0 {
        return Vec::new();
    }
    let of = |kind: Kind| {
        let time_ns = rows.iter().filter(|r| Kind::of(r) == kind).map(|r| r.time_ns as f64).sum();
        let share = time_ns / whole;
        Share { kind, time_ns, share, at_most: ceiling(share) }
    };
    Kind::ALL.into_iter().map(of).filter(|s| s.time_ns > 0.0).collect()
}

/// What limits an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Arithmetic: its intensity lies above the ridge of the roofline.
    Compute,
    /// The memory's bandwidth.
    Bandwidth,
}

/// Rates of a row. Each is absent where its time or its divisor is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Floating-point operations a second.
    pub flops_per_s: Option<f64>,
    /// Bytes a second.
    pub bytes_per_s: Option<f64>,
    /// Floating-point operations a byte.
    pub intensity: Option<f64>,
    /// What limits it, where the ceilings of the device are known: Williams, Waterman and Patterson, "Roofline",
    /// Communications of the ACM 52 (2009).
    pub bound: Option<Bound>,
    /// Its part of what that ceiling allows, 0..=1 if the cost counts every byte.
    pub of_ceiling: Option<f64>,
}

/// The rates of a row, held against the ceilings of its device where they were measured.
pub fn rates(row: &LayerRow, ceilings: Option<StepCeilings>) -> Rates {
    let over = |work: u64| (row.time_ns > 0 && work > 0).then(|| work as f64 * 1e9 / row.time_ns as f64);
    let intensity = (row.bytes > 0 && row.flops > 0).then(|| row.flops as f64 / row.bytes as f64);
    let known = ceilings.filter(|c| c.flops_per_s > 0.0 && c.bytes_per_s > 0.0);
    let bound = known.zip(intensity).map(|(c, intensity)| {
        if intensity > c.flops_per_s / c.bytes_per_s { Bound::Compute } else { Bound::Bandwidth }
    });
    let (flops_per_s, bytes_per_s) = (over(row.flops), over(row.bytes));
    let of_ceiling = match (bound, known) {
        (Some(Bound::Compute), Some(c)) => flops_per_s.map(|rate| rate / c.flops_per_s),
        (Some(Bound::Bandwidth), Some(c)) => bytes_per_s.map(|rate| rate / c.bytes_per_s),
        _ => None,
    };
    Rates { flops_per_s, bytes_per_s, intensity, bound, of_ceiling }
}

/// A swap of one operation's variant between two runs of one network: what Amdahl's law says of the whole step, and what
/// the step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Swap {
    /// The operation's share of the step before.
    pub share: f64,
    /// How many times as fast the operation became.
    pub speedup: f64,
    /// How many times as fast the step should become: 1 / ((1 - P) + P / s).
    pub predicted: f64,
    /// How many times as fast it became.
    pub measured: f64,
}

/// The swap of `op` between two measured steps; `None` where one of them lacks it.
pub fn swap(op: &str, before: &[LayerRow], after: &[LayerRow]) -> Option<Swap> {
    let time = |rows: &[LayerRow]| rows.iter().filter(|r| r.op == op).map(|r| r.time_ns as f64).sum::<f64>();
    let (own_before, own_after) = (time(before), time(after));
    let (step_before, step_after) = (step_ns(before), step_ns(after));
    if own_before <= 0.0 || own_after <= 0.0 {
        return None;
    }
    let (share, speedup) = (own_before / step_before, own_before / own_after);
    let predicted = super::amdahl::amdahl(share, speedup);
    Some(Swap { share, speedup, predicted, measured: step_before / step_after })
}

/// Mean and standard deviation (n - 1 in the denominator; `None` of a single value). `None` of nothing.
pub fn mean_sd(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let count = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((mean, (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: &str, part: Part, op: &str, time_ns: u64) -> LayerRow {
        LayerRow {
            layer: "l".into(),
            kind: kind.into(),
            part,
            op: op.into(),
            variant: "v".into(),
            calls: 1,
            time_ns,
            clock: None,
            flops: 4_000,
            bytes: 1_000,
        }
    }

    fn step() -> Vec<LayerRow> {
        vec![
            row("conv2d", Part::Forward, "conv2d", 300),
            row("conv2d", Part::Backward, "conv2d_weight", 200),
            row("conv2d", Part::Forward, "bias_relu", 40),
            row("maxpool", Part::Forward, "maxpool", 100),
            row("maxpool", Part::Backward, "maxpool_backward", 100),
            row("dense", Part::Forward, "matmul", 60),
            row("conv2d", Part::Forward, "matmul", 100),
            row("dense", Part::Update, "adam", 50),
            row("", Part::Host, "", 30),
            row("", Part::Transfer, "", 20),
        ]
    }

    #[test]
    fn shares_by_kind_and_what_they_allow() {
        let shares = shares(&step());
        let times: Vec<(Kind, f64)> = shares.iter().map(|s| (s.kind, s.time_ns)).collect();
        let want = [60.0, 600.0, 200.0, 40.0, 50.0, 20.0, 30.0];
        assert_eq!(times, Kind::ALL.into_iter().zip(want).collect::<Vec<_>>());
        assert!((shares.iter().map(|s| s.share).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((shares[2].at_most - 1.25).abs() < 1e-12, "pooling is a fifth: 1 / 0.8");
        assert!((shares[1].at_most - 2.5).abs() < 1e-12, "convolution is three fifths: 1 / 0.4");
        assert!(super::shares(&[]).is_empty());
    }

    #[test]
    fn rates_and_the_bound_that_ceilings_show() {
        let row = row("dense", Part::Forward, "matmul", 1_000);
        let free = rates(&row, None);
        assert_eq!((free.flops_per_s, free.bytes_per_s, free.intensity), (Some(4e9), Some(1e9), Some(4.0)));
        assert_eq!((free.bound, free.of_ceiling), (None, None));
        let near = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() < 1e-12);
        let high = rates(&row, Some(StepCeilings { flops_per_s: 1e10, bytes_per_s: 5e9 }));
        assert!(high.bound == Some(Bound::Compute) && near(high.of_ceiling, 0.4));
        let low = rates(&row, Some(StepCeilings { flops_per_s: 1e12, bytes_per_s: 5e9 }));
        assert!(low.bound == Some(Bound::Bandwidth) && near(low.of_ceiling, 0.2));
        let nothing = rates(&LayerRow { flops: 0, bytes: 0, time_ns: 0, ..row }, None);
        assert_eq!((nothing.flops_per_s, nothing.bytes_per_s, nothing.intensity), (None, None, None));
    }

    #[test]
    fn a_swap_alone_meets_its_prediction() {
        let after: Vec<LayerRow> = step()
            .into_iter()
            .map(|r| if r.op == "conv2d" { LayerRow { time_ns: 100, ..r } } else { r })
            .collect();
        let swap = swap("conv2d", &step(), &after).unwrap();
        assert!((swap.share - 0.3).abs() < 1e-12 && (swap.speedup - 3.0).abs() < 1e-12);
        assert!((swap.predicted - 1.25).abs() < 1e-12 && (swap.measured - 1.25).abs() < 1e-12);
        assert_eq!(super::swap("sgd", &step(), &after), None);
    }

    #[test]
    fn mean_and_deviation() {
        assert_eq!(mean_sd(&[2.0, 4.0, 4.0, 6.0]), Some((4.0, Some((8.0_f64 / 3.0).sqrt()))));
        assert_eq!(mean_sd(&[3.0]), Some((3.0, None)));
        assert_eq!(mean_sd(&[]), None);
    }
}
