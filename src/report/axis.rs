//! The scale of an axis: where values stand, which ticks it bears, and what the ticks say.

use super::format;

/// What the numbers of an axis are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nanoseconds, shown in the unit that suits.
    Time,
    /// A factor: 10x.
    Factor,
    /// A plain number.
    Plain,
    /// A share, shown in percent.
    Percent,
}

/// A logarithmic or linear scale from values to 0..=1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    linear: bool,
}

impl Scale {
    /// The scale that holds all positive values, with some room at both ends.
    pub(super) fn log(values: impl IntoIterator<Item = f64>, room: f64) -> Self {
        let (low, high) =
            extent(values.into_iter().filter(|v| *v > 0.0 && v.is_finite())).unwrap_or((1.0, 10.0));
        let (low, high) = if high / low < 1.5 { (low / 1.5, high * 1.5) } else { (low, high) };
        let margin = (high / low).powf(room);
        Self { low: low / margin, high: high * margin, linear: false }
    }

    /// The linear scale that holds all finite values, with some room at both ends.
    pub(super) fn linear(values: impl IntoIterator<Item = f64>, room: f64) -> Self {
        let (low, high) = extent(values.into_iter().filter(|v| v.is_finite())).unwrap_or((0.0, 1.0));
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
        let margin = (high - low) * room;
        Self { low: low - margin, high: high + margin, linear: true }
    }

    /// Where a value stands, 0 at the low end and 1 at the high one.
    pub(super) fn place(&self, value: f64) -> f64 {
        if self.linear {
            return (value - self.low) / (self.high - self.low);
        }
        (value / self.low).ln() / (self.high / self.low).ln()
    }

    /// Round values inside the scale, at most about `most` of them.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        if self.linear {
            return self.linear_ticks(most);
        }
        let (first, last) = (self.low.log10().floor(), self.high.log10().ceil());
        let decades = (last - first).max(1.0);
        let inside = |v: &f64| *v >= self.low * 0.999 && *v <= self.high * 1.001;
        let steps = |mantissas: &[f64], stride: f64| -> Vec<f64> {
            let mut ticks = Vec::new();
            let mut decade = (first / stride).floor() * stride;
            while decade <= last {
                ticks.extend(mantissas.iter().map(|m| m * 10_f64.powf(decade)).filter(inside));
                decade += stride;
            }
            ticks
        };
        for mantissas in
            [&[1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0][..], &[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]]
        {
            let ticks = steps(mantissas, 1.0);
            let dense = mantissas.len() > 1 && decades > 4.0;
            if ticks.len() <= most && !dense && ticks.len() > 1 {
                return ticks;
            }
        }
        let stride = (decades / most.max(1) as f64).ceil().max(1.0);
        steps(&[1.0], stride)
    }

    /// Multiples of 1, 2 or 5 times a power of ten, at most `most` of them.
    fn linear_ticks(&self, most: usize) -> Vec<f64> {
        let power = 10_f64.powf(((self.high - self.low) / most.max(1) as f64).log10().floor());
        let fits = |step: &f64| (self.high - self.low) / step <= most.max(1) as f64 - 0.5;
        let step =
            [1.0, 2.0, 5.0, 10.0, 20.0].map(|m| m * power).into_iter().find(fits).unwrap_or(power * 50.0);
        let mut ticks = Vec::new();
        let mut number = (self.low / step).ceil();
        while number * step <= self.high && ticks.len() < 100 {
            ticks.push(number * step);
            number += 1.0;
        }
        ticks
    }
}

/// What a tick says.
pub(super) fn tick_label(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Time => format::time_tick(value),
        Unit::Factor => format!("{}×", format::plain(value)),
        Unit::Plain => format::plain(value),
        Unit::Percent => format!("{} %", format::plain(value * 100.0)),
    }
}

fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |so_far, v| match so_far {
        None => Some((v, v)),
        Some((low, high)) => Some((f64::min(low, v), f64::max(high, v))),
    })
}
