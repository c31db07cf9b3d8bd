//! Rows of samples in the columns of the file that the points came from.

use crate::Options;
use crate::point::Point;
use std::error::Error;
use std::fs::File;
use std::time::Instant;

/// Where rows go.
pub struct Rows {
    header: Vec<String>,
    writer: csv::Writer<File>,
}

/// What a library does at a point.
pub struct Entrant<'a> {
    /// The variant, as in `peer_gemm`.
    pub variant: &'a str,
    /// Whether it runs on the adapter of our GPU variants.
    pub on_device: bool,
    /// One call, with everything that it waits for.
    pub call: &'a mut dyn FnMut() -> Result<(), Box<dyn Error>>,
}

impl Rows {
    /// Starts the file with the header of `points`.
    pub fn create(points: &str, out: &str) -> Result<Self, Box<dyn Error>> {
        let header: Vec<String> =
            csv::Reader::from_path(points)?.headers()?.iter().map(str::to_owned).collect();
        let mut writer = csv::Writer::from_path(out)?;
        writer.write_record(&header)?;
        Ok(Self { header, writer })
    }

    /// Calls once, asks `is_right`, then takes samples.
    pub fn take(
        &mut self,
        point: &Point,
        options: &Options,
        entrant: Entrant<'_>,
        is_right: &mut dyn FnMut() -> Result<bool, Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        let Entrant { variant, on_device, call } = entrant;
        let mut time = || -> Result<u128, Box<dyn Error>> {
            let start = Instant::now();
            call()?;
            Ok(start.elapsed().as_nanos())
        };
        let first = match time() {
            Ok(first) => first,
            Err(e) => return self.trouble(point, options, (variant, on_device), ("skipped", &e.to_string())),
        };
        if !is_right()? {
            let reason = "its output is not the right one";
            return self.trouble(point, options, (variant, on_device), ("failed", reason));
        }
        self.sample(point, options, (variant, on_device), ("first", 0, first))?;
        let (start, mut taken) = (Instant::now(), 0);
        // One call is thrown away, for tuners that go on after the first; not where calls take long.
        if (first as f64) < 1e9 * options.seconds {
            time()?;
        }
        while taken < options.samples && (taken == 0 || start.elapsed().as_secs_f64() < options.seconds) {
            let ns = time()?;
            self.sample(point, options, (variant, on_device), ("warm", taken, ns))?;
            taken += 1;
        }
        eprintln!("{variant} {}: {taken} samples", point.op);
        Ok(())
    }

    fn sample(
        &mut self,
        point: &Point,
        options: &Options,
        (variant, on_device): (&str, bool),
        (call, number, ns): (&str, u32, u128),
    ) -> Result<(), Box<dyn Error>> {
        // On a device the data stay there, so that there is no end-to-end time.
        let (resident, total) =
            if on_device { (ns.to_string(), String::new()) } else { (String::new(), ns.to_string()) };
        let cells = [
            ("sample", number.to_string()),
            ("call", call.to_owned()),
            ("resident_ns", resident),
            ("total_ns", total),
            ("clock", "wall".to_owned()),
            ("status", "ok".to_owned()),
        ];
        self.write(point, options, (variant, on_device), &cells)
    }

    /// A row with a reason in place of times.
    pub fn trouble(
        &mut self,
        point: &Point,
        options: &Options,
        who: (&str, bool),
        (status, reason): (&str, &str),
    ) -> Result<(), Box<dyn Error>> {
        let cells =
            [("sample", "0".into()), ("status", status.into()), ("reason", reason.replace('\n', " "))];
        self.write(point, options, who, &cells)
    }

    fn write(
        &mut self,
        point: &Point,
        options: &Options,
        (variant, on_device): (&str, bool),
        own: &[(&str, String)],
    ) -> Result<(), Box<dyn Error>> {
        let unknown = || ("unknown".to_owned(), "false".to_owned());
        let (adapter, software) = match on_device {
            true => point.adapter.clone().unwrap_or_else(unknown),
            false => (point.cpu.clone().unwrap_or_else(|| unknown().0), "false".to_owned()),
        };
        let threads = if on_device { String::new() } else { options.threads.to_string() };
        let whose = [
            ("variant", variant.to_owned()),
            ("adapter", adapter),
            ("software", software),
            ("threads", threads),
        ];
        let cell = |name: &String| {
            let given = whose.iter().chain(own).find(|(n, _)| n == name).map(|(_, v)| v.clone());
            // Times and calls that are not given are empty; the rest is the point's.
            let absent = name.ends_with("_ns") || ["call", "clock", "reason"].contains(&name.as_str());
            given.unwrap_or_else(|| if absent { String::new() } else { point.cells[name].clone() })
        };
        self.writer.write_record(self.header.iter().map(cell))?;
        self.writer.flush()?;
        Ok(())
    }
}
