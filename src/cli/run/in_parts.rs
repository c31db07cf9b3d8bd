//! A call in parts: run, judged by rows, shown.

use serde_json::{Value, json};

use super::Common;
use super::measured::sizes_json;
use super::show::Show;
use crate::cli::exit::Exit;
use crate::cli::print;
use crate::cli::table::Table;
use crate::engine::in_parts::{InParts, Source, Streamed};
use crate::engine::outputs;
use crate::error::{Mismatch, Result};
use crate::gpu::Adapter;
use crate::lab::{Case, Judged, judge, median};
use crate::ops::{Data, Op, Sizes, Variant, maxpool};

/// What came of it.
pub(super) struct Parted<'p> {
    op: &'static Op,
    sizes: &'p Sizes,
    variant: &'static Variant,
    adapter: Adapter,
    parts: usize,
    what: String,
    limit_bytes: u64,
    /// Of the first call.
    moved: Streamed,
    total_ns: u64,
    repeats: usize,
    judged: Judged,
    seed: Option<u64>,
    /// Whole operands.
    pub(super) inputs: Vec<Data>,
    /// Whole results.
    pub(super) outputs: Vec<Data>,
}

impl<'p> Parted<'p> {
    /// Runs a call in parts on given inputs, or on drawn ones, and judges it; then again, where repetitions are asked for.
    ///
    /// # Errors
    /// What the device reports. A wrong result is no error but [`Exit::Mismatch`].
    pub(super) fn run(
        parts: &InParts<'_>,
        op: &'static Op,
        sizes: &'p Sizes,
        given: Option<Vec<Data>>,
        common: &Common,
    ) -> Result<Self> {
        let seed = given.is_none().then_some(common.seed);
        let inputs = given.unwrap_or_else(|| Case::draw(op, sizes, common.fill, common.seed));
        let mut results = outputs(op, sizes);
        let elements: Vec<&[f32]> = inputs.iter().map(Data::f32).collect();
        let sources: Vec<&dyn Source> = elements.iter().map(|all| all as &dyn Source).collect();
        let moved = parts.run(&sources, &mut results)?;
        let mut judged = judge(op, sizes, &inputs, &results)?;
        judged.fault = judged
            .fault
            .map(|found| Box::new(Mismatch { variant: parts.variant().name.to_owned(), seed, ..*found }));
        let mut times = Vec::new();
        for _ in 0..common.repeat.unwrap_or(0) {
            times.push(parts.run(&sources, &mut results)?.total_ns);
        }
        Ok(Self {
            op,
            sizes,
            variant: parts.variant(),
            adapter: parts.adapter().clone(),
            parts: parts.count(),
            what: parts.what().to_owned(),
            limit_bytes: parts.budget().bytes(),
            moved,
            total_ns: median(&times).unwrap_or(moved.total_ns),
            repeats: times.len().max(1),
            judged,
            seed,
            inputs,
            outputs: results,
        })
    }

    pub(super) fn exit(&self) -> Exit {
        if self.judged.fault.is_none() { Exit::Ok } else { Exit::Mismatch }
    }

    /// The results alone.
    pub(super) fn into_outputs(self) -> Vec<Data> {
        self.outputs
    }

    /// The keys that every operation's JSON has. There is no time of kernels: they overlap with copies.
    pub(super) fn json(&self) -> Value {
        json!({
            "op": self.op.name,
            "variant": self.variant.name,
            "adapter": self.adapter.name,
            "software": self.adapter.software,
            "sizes": sizes_json(self.sizes),
            "seed": self.seed,
            "parts": self.parts,
            "parts_are": self.what,
            "device_bytes": self.limit_bytes,
            "uploaded_bytes": self.moved.uploaded_bytes,
            "downloaded_bytes": self.moved.downloaded_bytes,
            "total_ns": self.total_ns,
            "clock": "wall",
            "repeats": self.repeats,
            "verified": self.judged.fault.is_none(),
            "rows_verified": self.judged.rows,
            "rows": self.judged.of,
            "mismatch": self.judged.fault.as_ref().map(ToString::to_string),
        })
    }

    /// The text's beginning: what ran, and how it was cut.
    pub(super) fn show(&self, common: &Common) -> Show {
        let Adapter { name, software, .. } = &self.adapter;
        let mut show = Show::headed(common, self.op, self.sizes, self.variant, name, *software);
        show.line(&format!(
            "cut into {}: {}; an operand has more than the {} bytes that go to the device at once",
            print::count(self.parts, "part"),
            self.what,
            self.limit_bytes
        ));
        show
    }

    /// The text's end: the time, what was moved, and the verdict.
    pub(super) fn finish(&self, mut show: Show) -> String {
        let mut table = Table::new(["phase", "time", "what"]);
        let Streamed { uploaded_bytes, downloaded_bytes, .. } = self.moved;
        let rate = (uploaded_bytes + downloaded_bytes) as f64 / self.total_ns.max(1) as f64;
        let what = "end to end, copies and kernels overlapping; kernels were compiled before";
        table.row(["total".to_owned(), print::duration(self.total_ns), what.to_owned()]);
        let Judged { fault, rows, of } = &self.judged;
        let share = if rows == of { String::new() } else { format!("{rows} of {of} rows, ") };
        let verdict = match fault {
            Some(fault) => format!("WRONG: {fault}"),
            None if std::ptr::eq(self.op, &maxpool::OP) => {
                format!("verified: {share}equal to the reference, element by element")
            }
            None => format!("verified: {share}every element within its derived bound of the reference"),
        };
        show.line("");
        let calls = print::count(self.repeats, "call");
        show.line(&format!("time: median of {calls}"));
        show.raw(&table.render(2));
        show.line(&format!(
            "{uploaded_bytes} bytes to the device, {downloaded_bytes} back: {rate:.2} GB/s together"
        ));
        show.line(&verdict);
        show.done()
    }
}
