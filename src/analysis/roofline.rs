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
    /// Floating-point operations a second, in the precision of the work.
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

/// Whether an operation has operands in half precision, which its name says.
pub fn half_precision(op: &str) -> bool {
    op.ends_with("_f16")
}

/// The roof of a side for an operation; `None` where bandwidth or arithmetic was not measured. Of operands in half
/// precision the arithmetic may be done in either precision, so that the better of the two is the ceiling.
pub fn roof(ceilings: &Ceilings, side: Side, op: &str) -> Option<Roof> {
    let of = |kind: ProbeKind| ceilings.probe(kind, side).and_then(rate);
    let best = |kinds: &[ProbeKind]| kinds.iter().filter_map(|kind| of(*kind)).reduce(f64::max);
    let arithmetic: &[ProbeKind] = match side {
        Side::Gpu if half_precision(op) => &[ProbeKind::FmaF32, ProbeKind::FmaF16],
        Side::Gpu => &[ProbeKind::FmaF32],
        // The product is of the program that is judged: it counts where it went faster, or where an older file has nothing else.
        Side::Cpu => &[ProbeKind::FmaF32, ProbeKind::Product],
    };
    Some(Roof { bytes_per_s: best(&[ProbeKind::Copy, ProbeKind::Read])?, flops_per_s: best(arithmetic)? })
}

/// The least end-to-end time of a call on an adapter, in nanoseconds: the kernel at its ceiling, one submission, and the
/// least bytes at the faster of the two ways. `None` on the CPU, and where a part was not measured.
pub fn least_end_to_end(ceilings: &Ceilings, point: &Point, roof: Roof) -> Option<f64> {
    let of = |kind: ProbeKind| ceilings.probe(kind, Side::Gpu).and_then(rate);
    if point.on_cpu() {
        return None;
    }
    let (flops, bytes) = (point.flops as f64, point.bytes as f64);
    let kernel = (flops / roof.flops_per_s).max(bytes / roof.bytes_per_s);
    let copies = bytes / of(ProbeKind::Upload)?.max(of(ProbeKind::Download)?);
    Some(1e9 * (kernel + copies + 1.0 / of(ProbeKind::Submission)?))
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
            probe(ProbeKind::FmaF16, Side::Gpu, 16_000, &[10]),
        ]);
        let half = super::roof(&of, Side::Gpu, "matmul_f16").unwrap();
        assert_eq!(half, Roof { bytes_per_s: 1e11, flops_per_s: 16e11 });
        let roof = roof(&of, Side::Gpu, "matmul").unwrap();
        // 1000 bytes in 10 ns, 8000 operations in 10 ns.
        assert_eq!(roof, Roof { bytes_per_s: 1e11, flops_per_s: 8e11 });
        assert_eq!((roof.ridge(), roof.at(2.0), roof.at(8.0), roof.at(100.0)), (8.0, 2e11, 8e11, 8e11));
        assert_eq!(super::roof(&of, Side::Cpu, "matmul"), None);
    }

    #[test]
    fn the_least_end_to_end_time_has_three_parts() {
        use crate::analysis::{points::points, tests::rows};
        // 1000 bytes in 10 ns each way up, half as fast down; 100 ns a submission.
        let probes = vec![
            probe(ProbeKind::Upload, Side::Gpu, 1_000, &[10]),
            probe(ProbeKind::Download, Side::Gpu, 1_000, &[20]),
            probe(ProbeKind::Submission, Side::Gpu, 1, &[100]),
        ];
        let roof = Roof { bytes_per_s: 1e9, flops_per_s: 1e9 };
        let all = |variant, threads| points(&rows(variant, threads, 64, &[900, 400, 400, 400, 400, 400]));
        let mut found = all("naive", None).remove(0);
        (found.flops, found.bytes) = (3_000, 2_000);
        // 3000 operations at one a nanosecond, 2000 bytes at a hundred, one submission.
        let least = least_end_to_end(&ceilings(probes.clone()), &found, roof).unwrap();
        assert!((least - (3_000.0 + 20.0 + 100.0)).abs() < 1e-6, "{least}");
        assert!(least_end_to_end(&ceilings(probes[..2].to_vec()), &found, roof).is_none());
        assert!(least_end_to_end(&ceilings(probes), &all("serial", Some(1))[0], roof).is_none());
    }

    #[test]
    fn a_probe_without_a_time_is_no_ceiling() {
        assert_eq!(rate(&probe(ProbeKind::Copy, Side::Cpu, 1, &[])), None);
        assert_eq!(rate(&probe(ProbeKind::Copy, Side::Cpu, 1, &[0])), None);
    }
}
