//! The roofline: what a machine allows at most, and how near a variant comes.
//!
//! Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance Model for Multicore Architectures",
//! CACM 52 (2009): work per byte times the bandwidth, until the arithmetic is the limit. The ceilings are measured
//! ([`Ceilings`]), not taken from a data sheet; the bytes are the least that a call must move, so that a variant that
//! moves more stands lower, as it should.

use super::points::{Point, Time};
use super::stats::{Estimate, Interval};
use crate::record::{Ceilings, Probe, ProbeKind, Side};

/// The two ceilings of one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roof {
    /// Bytes a second: the better of copying and reading.
    pub bytes_per_s: f64,
    /// Floating-point operations a second, single precision.
    pub flops_per_s: f64,
}

/// Which ceiling holds a variant down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The bandwidth of the memory.
    Memory,
    /// The arithmetic.
    Compute,
}

/// Where a point stands below its roof.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Operations a byte.
    pub intensity: f64,
    /// Operations a second of the kernel, with the interval of its time.
    pub flops_per_s: Estimate,
    /// Bytes a second of the kernel: the least that it must move over its time.
    pub bytes_per_s: f64,
    /// The nearer ceiling at that intensity.
    pub limit: Limit,
    /// Operations a second that this ceiling allows.
    pub attainable: f64,
    /// Reached over attainable. Above 1 where the data fit a cache that the probes do not fit.
    pub share: Estimate,
}

/// What a probe reached: work a second of its fastest call. A ceiling is what was seen once; what was not reached was
/// something else's doing. `None` without samples.
pub fn rate(probe: &Probe) -> Option<f64> {
    let fastest = probe.samples_ns.iter().copied().filter(|ns| *ns > 0).min()?;
    Some(probe.work as f64 / (fastest as f64 / 1e9))
}

/// The roof of a side; `None` where bandwidth or arithmetic was not measured.
pub fn roof(ceilings: &Ceilings, side: Side) -> Option<Roof> {
    let of = |kind: ProbeKind| ceilings.probe(kind, side).and_then(rate);
    let bytes_per_s = [ProbeKind::Copy, ProbeKind::Read].into_iter().filter_map(of).reduce(f64::max)?;
    let arithmetic = match side {
        Side::Gpu => ProbeKind::FmaF32,
        Side::Cpu => ProbeKind::Product,
    };
    Some(Roof { bytes_per_s, flops_per_s: of(arithmetic)? })
}

impl Roof {
    /// Operations a second at so many operations a byte.
    pub fn at(self, intensity: f64) -> f64 {
        self.flops_per_s.min(intensity * self.bytes_per_s)
    }

    /// The intensity from which on the arithmetic is the limit.
    pub fn ridge(self) -> f64 {
        self.flops_per_s / self.bytes_per_s
    }
}

/// The side that a point ran on.
pub fn side(point: &Point) -> Side {
    if point.on_cpu() { Side::Cpu } else { Side::Gpu }
}

/// Where a point stands, by its kernel time. `None` for work without operations or bytes, and without a time.
pub fn place(point: &Point, roof: Roof) -> Option<Place> {
    if point.flops == 0 || point.bytes == 0 {
        return None;
    }
    let (flops, bytes) = (point.flops as f64, point.bytes as f64);
    let time = point.time(Time::Kernel).filter(|t| t.value > 0.0)?;
    let rate = |ns: f64| flops / (ns / 1e9);
    let interval =
        time.interval.filter(|i| i.low > 0.0).map(|i| Interval { low: rate(i.high), high: rate(i.low) });
    let reached = Estimate { value: rate(time.value), interval, count: time.count };
    let intensity = flops / bytes;
    let attainable = roof.at(intensity);
    let over = |i: Interval| Interval { low: i.low / attainable, high: i.high / attainable };
    Some(Place {
        intensity,
        flops_per_s: reached,
        bytes_per_s: bytes / (time.value / 1e9),
        limit: if intensity < roof.ridge() { Limit::Memory } else { Limit::Compute },
        attainable,
        share: Estimate {
            value: reached.value / attainable,
            interval: interval.map(over),
            count: time.count,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{CEILINGS_VERSION, Clock};

    fn probe(kind: ProbeKind, side: Side, work: u64, samples_ns: &[u64]) -> Probe {
        let samples_ns = samples_ns.to_vec();
        Probe { kind, side, work, buffer_bytes: None, clock: Clock::Wall, samples_ns }
    }

    fn ceilings(probes: Vec<Probe>) -> Ceilings {
        Ceilings {
            schema_version: CEILINGS_VERSION,
            measured: String::new(),
            adapter: None,
            software: false,
            cpu: String::new(),
            threads: 1,
            probes,
            skipped: Vec::new(),
        }
    }

    #[test]
    fn the_roof_is_the_lower_of_slope_and_level() {
        let of = ceilings(vec![
            probe(ProbeKind::Copy, Side::Gpu, 1_000, &[40, 20, 30]),
            probe(ProbeKind::Read, Side::Gpu, 1_000, &[10, 0]),
            probe(ProbeKind::FmaF32, Side::Gpu, 8_000, &[10]),
        ]);
        let roof = roof(&of, Side::Gpu).unwrap();
        // 1000 bytes in 10 ns, 8000 operations in 10 ns.
        assert_eq!(roof, Roof { bytes_per_s: 1e11, flops_per_s: 8e11 });
        assert_eq!((roof.ridge(), roof.at(2.0), roof.at(8.0), roof.at(100.0)), (8.0, 2e11, 8e11, 8e11));
        assert_eq!(super::roof(&of, Side::Cpu), None);
    }

    #[test]
    fn a_probe_without_a_time_is_no_ceiling() {
        assert_eq!(rate(&probe(ProbeKind::Copy, Side::Cpu, 1, &[])), None);
        assert_eq!(rate(&probe(ProbeKind::Copy, Side::Cpu, 1, &[0])), None);
    }
}
