//! Numbers as words: three significant digits, a unit that suits, intervals in brackets.

use crate::analysis::stats::{Estimate, Interval};

/// A number with three significant digits; very large and very small ones as powers of ten.
pub(super) fn number(value: f64) -> String {
    significant(value, 3)
}

/// A number with so many significant digits.
pub(super) fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".into()
        } else if value > 0.0 {
            "∞".into()
        } else {
            "−∞".into()
        };
    }
    // Rounding first: 9.996 has three digits as 10.0, not as 10.00.
    let scientific = format!("{:.*e}", digits.saturating_sub(1), value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if value < 0.0 { "−" } else { "" };
    if (-4..6).contains(&exponent) {
        let rounded: f64 = scientific.parse().unwrap_or(0.0);
        let digits = i32::try_from(digits).unwrap_or(i32::MAX);
        let decimals = usize::try_from(digits - 1 - exponent).unwrap_or(0);
        return format!("{sign}{rounded:.decimals$}");
    }
    format!("{sign}{mantissa}×10{}", superscript(exponent))
}

/// A number without zeros that say nothing: for ticks.
pub(super) fn plain(value: f64) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    let exponent = value.abs().log10().floor();
    if (6.0..=300.0).contains(&exponent) || exponent < -4.0 {
        let power = 10_f64.powf(exponent);
        let mantissa = (value / power * 100.0).round() / 100.0;
        #[expect(clippy::cast_possible_truncation, reason = "an exponent of a double")]
        let raised = superscript(exponent as i32);
        return if mantissa == 1.0 { format!("10{raised}") } else { format!("{mantissa}×10{raised}") };
    }
    // The shortest text of a double rounded to six digits has no zeros at its end.
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    format!("{rounded}").replace('-', "−")
}

/// A size: a whole number where it is one.
pub(super) fn size(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { plain(value) }
}

fn superscript(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |c: char| c.to_digit(10).map_or('⁻', |d| DIGITS[d as usize]);
    exponent.to_string().chars().map(digit).collect()
}

/// The unit of a time in nanoseconds, and its length.
fn unit(ns: f64) -> (&'static str, f64) {
    match ns.abs() {
        v if v < 999.5 => ("ns", 1.0),
        v if v < 999.5e3 => ("µs", 1e3),
        v if v < 999.5e6 => ("ms", 1e6),
        _ => ("s", 1e9),
    }
}

/// A time with three significant digits.
pub(super) fn time(ns: f64) -> String {
    let (name, length) = unit(ns);
    format!("{} {name}", number(ns / length))
}

/// A time on an axis.
pub(super) fn time_tick(ns: f64) -> String {
    let (name, length) = unit(ns);
    format!("{} {name}", plain(ns / length))
}

/// A time with its interval: `1.23 ms [1.20, 1.31]`, all in one unit.
pub(super) fn time_estimate(estimate: Estimate) -> String {
    let (name, length) = unit(estimate.value);
    let value = number(estimate.value / length);
    match estimate.interval {
        Some(i) => format!("{value} {name} [{}, {}]", number(i.low / length), number(i.high / length)),
        None => format!("{value} {name} (n = {})", estimate.count),
    }
}

/// A factor with its interval: `12.3× [11.0, 13.9]`.
pub(super) fn factor_estimate(estimate: Estimate) -> String {
    match estimate.interval {
        Some(i) => format!("{}× {}", number(estimate.value), interval(i)),
        None => format!("{}× (n = {})", number(estimate.value), estimate.count),
    }
}

/// An interval in brackets.
pub(super) fn interval(i: Interval) -> String {
    format!("[{}, {}]", number(i.low), number(i.high))
}

/// Seconds as the thesis prints them: four decimals, more where four would say 0.
pub(super) fn seconds(ns: f64) -> String {
    let s = ns / 1e9;
    if s >= 0.01 { format!("{s:.4}") } else { significant(s, 3) }
}

/// A number with three significant digits and the prefix of its thousands: `12.3 G`, a unit's name to follow.
pub(super) fn scaled(value: f64) -> String {
    let prefixes = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    // 999.5 would be rounded to four digits.
    let found = prefixes.into_iter().find(|(size, _)| value.abs() >= 0.9995 * size);
    let (size, prefix) = found.unwrap_or((1.0, ""));
    format!("{} {prefix}", number(value / size))
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    let p = share * 100.0;
    if p >= 99.95 || p == 0.0 || p >= 10.0 { format!("{p:.1} %") } else { format!("{} %", significant(p, 2)) }
}

/// A whole number with thin gaps between groups of three.
pub(super) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{a0}');
        }
        out.push(c);
    }
    out
}
