//! Where the time of a training step goes: each call timed by itself, some steps long.

use std::time::Instant;

use crate::error::Result;
use crate::lab::median;
use crate::nn::model::{Examples, StepTime};
use crate::nn::train::Trainer;
use crate::record::{Clock, LayerRow, Part};

/// Steps that are measured, after one that warms up.
const STEPS: usize = 5;

/// Seconds after which no further step is measured; a first step that takes so long is measured itself.
const SECONDS: f64 = 10.0;

/// One row for each layer, part and op; medians over the steps. The weights move meanwhile and are put back.
pub(super) fn layers(trainer: &mut Trainer<'_>) -> Result<Vec<LayerRow>> {
    let Some(batch) = trainer.sample_batch()? else { return Ok(Vec::new()) };
    let weights = vec![1.0 / batch.len() as f32; batch.len()];
    let examples = Examples { x: &batch.x, targets: &batch.targets, weights: &weights };
    let kept = trainer.model().weights(None)?;
    let (mut steps, mut whole) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    for step in 0..=STEPS {
        let start = Instant::now();
        trainer.model().train(examples, 0.0)?;
        trainer.model().outcomes()?;
        let ns = start.elapsed().as_nanos();
        let times = trainer.model().time_step(examples)?;
        let is_late = begin.elapsed().as_secs_f64() > SECONDS;
        if step > 0 || is_late {
            whole.push(u64::try_from(ns).unwrap_or(u64::MAX));
            steps.push(times);
        }
        if is_late {
            break;
        }
    }
    trainer.model().put_state(&kept)?;
    let mut rows = rows(&steps);
    let calls: u64 = rows.iter().map(|r| r.time_ns).sum();
    // What a whole step takes beyond its calls: recording, submitting, copying the batch, fetching the loss.
    rows.push(LayerRow {
        layer: String::new(),
        kind: String::new(),
        part: Part::Host,
        op: String::new(),
        variant: String::new(),
        calls: 1,
        time_ns: median(&whole).unwrap_or(0).saturating_sub(calls),
        clock: Some(Clock::Wall),
        flops: 0,
        bytes: 4 * batch.x.len() as u64,
    });
    Ok(rows)
}

fn rows(steps: &[Vec<StepTime>]) -> Vec<LayerRow> {
    let mut rows: Vec<(LayerRow, Vec<u64>)> = Vec::new();
    let Some(first) = steps.first() else { return Vec::new() };
    for (number, call) in first.iter().enumerate() {
        let part = match call.part {
            "forward" => Part::Forward,
            "backward" => Part::Backward,
            _ => Part::Update,
        };
        let same = |r: &LayerRow| {
            r.layer == call.place.layer && r.part == part && r.op == call.op && r.variant == call.variant
        };
        let at = rows.iter().position(|(r, _)| same(r)).unwrap_or_else(|| {
            let clock = if call.time.timestamps { Clock::Timestamp } else { Clock::Wall };
            let row = LayerRow {
                layer: call.place.layer.clone(),
                kind: call.place.kind.to_owned(),
                part,
                op: call.op.to_owned(),
                variant: call.variant.to_owned(),
                calls: 0,
                time_ns: 0,
                clock: Some(clock),
                flops: 0,
                bytes: 0,
            };
            rows.push((row, vec![0; steps.len()]));
            rows.len() - 1
        });
        let (row, times) = &mut rows[at];
        row.calls += 1;
        row.flops += call.cost.flops;
        row.bytes += call.cost.bytes;
        for (time, step) in times.iter_mut().zip(steps) {
            *time += step[number].time.ns;
        }
    }
    rows.into_iter().map(|(row, times)| LayerRow { time_ns: median(&times).unwrap_or(0), ..row }).collect()
}
