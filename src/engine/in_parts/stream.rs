//! Pieces on their way through the device, several at a time.
//!
//! A slot has memory for one piece: staging that the host fills, operands on the device, staging that the host empties.
//! With three of them the host fills one and empties another while the device copies and computes in what was submitted.
//! Whether a device copies for one piece while it computes another is its driver's choice: there is one queue.

use std::sync::Arc;
use std::time::Instant;

use super::{Block, Cut, InParts, Piece, Source, pipelines};
use crate::engine::phases::since;
use crate::error::Result;
use crate::gpu::{Binding, Buffer, Launch, Pipeline, Ticket, Transfer};
use crate::ops::{Data, How, Operand, Role, Sizes};

/// Pieces that are under way at once.
const SLOTS: usize = 3;
/// Elements of a panel that is to stay that are uploaded at once.
const CHUNK: usize = 8 << 20;

/// What a call in parts moved, and how long it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streamed {
    /// Bytes to the device: what pieces share counts as often as it was sent.
    pub uploaded_bytes: u64,
    /// Bytes back.
    pub downloaded_bytes: u64,
    /// Nanoseconds from the first allocation to the last element of the result, on the host's clock.
    pub total_ns: u64,
}

/// An operand on the device, and the staging memory beside it.
#[derive(Debug)]
struct Lane {
    name: &'static str,
    device: Buffer,
    staging: Buffer,
}

#[derive(Debug)]
struct Slot {
    /// Inputs that change with each piece, by their position among the inputs.
    up: Vec<(usize, Lane)>,
    down: Vec<Lane>,
    between: Vec<(&'static str, Buffer)>,
    /// For each of the sizes that came by, its launches.
    launches: Vec<(Sizes, Vec<Launch>)>,
    /// The piece that was submitted.
    running: Option<(usize, Ticket)>,
}

/// The input that stays on the device, and which part of it is there.
#[derive(Debug)]
struct Resident {
    input: usize,
    name: &'static str,
    device: Buffer,
    holds: Option<Block>,
}

impl InParts<'_> {
    /// Runs the call: inputs as [`crate::ops::Op::inputs`] lists them, whole operands, and outputs as
    /// [`crate::ops::Op::outputs`] lists them.
    ///
    /// Beside them the host holds staging memory for three pieces; a software adapter's device memory is the host's too.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`], and what else the device reports.
    pub fn run(&self, inputs: &[&dyn Source], outputs: &mut [Data]) -> Result<Streamed> {
        let start = Instant::now();
        let Cut { pieces, resident, .. } = &self.cut;
        let mut resident = resident.map(|input| self.resident(input)).transpose()?;
        let mut slots: Vec<Slot> =
            (0..SLOTS.min(pieces.len())).map(|_| self.slot()).collect::<Result<_>>()?;
        let mut moved = Streamed { uploaded_bytes: 0, downloaded_bytes: 0, total_ns: 0 };
        // Turns after the last piece only empty what is still under way, the oldest first.
        for number in 0..pieces.len() + slots.len() {
            let at = number % slots.len();
            let slot = &mut slots[at];
            if let Some((done, ticket)) = slot.running.take() {
                self.gpu.wait_for(ticket)?;
                moved.downloaded_bytes += self.empty(slot, &pieces[done], outputs)?;
            }
            let Some(piece) = pieces.get(number) else { continue };
            if let Some(resident) = &mut resident {
                moved.uploaded_bytes += self.settle(resident, piece.given[resident.input], inputs)?;
            }
            moved.uploaded_bytes += self.fill(slot, piece, inputs)?;
            slot.running = Some((number, self.submit(slot, resident.as_ref(), piece)?));
        }
        Ok(Streamed { total_ns: since(start), ..moved })
    }

    /// Bytes of an operand's largest piece.
    fn largest(&self, bytes: impl Fn(&Piece) -> u64) -> u64 {
        self.cut.pieces.iter().map(bytes).max().unwrap_or(0)
    }

    fn operand_bytes(&self, operand: &Operand) -> u64 {
        self.largest(|piece| (operand.dtype.bytes() * self.op.len(&piece.sizes, operand.name)) as u64)
    }

    fn resident(&self, input: usize) -> Result<Resident> {
        let operand = &self.op.operands[input];
        let device = self.gpu.buffer(operand.name, self.operand_bytes(operand))?;
        Ok(Resident { input, name: operand.name, device, holds: None })
    }

    fn slot(&self) -> Result<Slot> {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for (input, operand) in self.op.inputs().enumerate() {
            if self.cut.resident != Some(input) {
                let bytes = self.operand_bytes(operand);
                let device = self.gpu.buffer(operand.name, bytes)?;
                up.push((
                    input,
                    Lane { name: operand.name, device, staging: self.gpu.upload_staging(bytes)? },
                ));
            }
        }
        let used = self.op.operands.iter().filter(|o| o.role == Role::Output && self.operand_bytes(o) > 0);
        for (output, operand) in used.enumerate() {
            let device = self.gpu.buffer(operand.name, self.operand_bytes(operand))?;
            let staging = self.gpu.staging(self.largest(|piece| bytes(&piece.taken[output])))?;
            down.push(Lane { name: operand.name, device, staging });
        }
        let How::Wgsl { scratch, .. } = &self.variant.how else { unreachable!("only kernels are cut") };
        let between = scratch
            .iter()
            .map(|s| Ok((s.name, self.gpu.buffer(s.name, self.largest(|p| 4 * (s.len)(&p.sizes)))?)))
            .collect::<Result<_>>()?;
        Ok(Slot { up, down, between, launches: Vec::new(), running: None })
    }

    /// Uploads what is to stay, unless it is there. What was submitted before still sees the old elements.
    fn settle(&self, resident: &mut Resident, wanted: Block, inputs: &[&dyn Source]) -> Result<u64> {
        if resident.holds == Some(wanted) {
            return Ok(0);
        }
        let mut chunk: Vec<f32> = Vec::with_capacity(CHUNK.min(wanted.elements()));
        let mut at = 0;
        // The copy that the driver keeps of each chunk is freed before the next one is made.
        let send = |chunk: &mut Vec<f32>, at: &mut u64| {
            self.gpu.write_at(&resident.device, *at, bytemuck::cast_slice(chunk));
            *at += 4 * chunk.len() as u64;
            chunk.clear();
            self.gpu.upload([])
        };
        let mut sent = Ok(());
        each_piece(wanted, inputs[resident.input], &mut |mut elements| {
            while !elements.is_empty() && sent.is_ok() {
                let (now, later) = elements.split_at(elements.len().min(CHUNK - chunk.len()));
                chunk.extend_from_slice(now);
                elements = later;
                if chunk.len() == CHUNK {
                    sent = send(&mut chunk, &mut at);
                }
            }
        });
        sent.and_then(|()| send(&mut chunk, &mut at))?;
        resident.holds = Some(wanted);
        Ok(at)
    }

    /// Puts a piece's inputs into a slot's staging memory.
    fn fill(&self, slot: &Slot, piece: &Piece, inputs: &[&dyn Source]) -> Result<u64> {
        let mut total = 0;
        for (input, lane) in &slot.up {
            let mut at = 0;
            self.gpu.fill(&lane.staging, |write| {
                each_piece(piece.given[*input], inputs[*input], &mut |elements| {
                    write(at, bytemuck::cast_slice(elements));
                    at += 4 * elements.len();
                });
            })?;
            total += at as u64;
        }
        Ok(total)
    }

    fn submit(&self, slot: &mut Slot, resident: Option<&Resident>, piece: &Piece) -> Result<Ticket> {
        let known = slot.launches.iter().position(|(sizes, _)| *sizes == piece.sizes);
        let known = match known {
            Some(known) => known,
            None => {
                let launches = self.launches(slot, resident, &piece.sizes)?;
                slot.launches.push((piece.sizes.clone(), launches));
                slot.launches.len() - 1
            }
        };
        let uploads = slot.up.iter().map(|(input, lane)| Transfer {
            from: (&lane.staging, 0),
            to: (&lane.device, 0),
            bytes: bytes(&piece.given[*input]),
        });
        let downloads = slot.down.iter().zip(&piece.taken).map(|(lane, block)| Transfer {
            from: (&lane.device, 4 * block.device as u64),
            to: (&lane.staging, 0),
            bytes: bytes(block),
        });
        let (uploads, downloads): (Vec<_>, Vec<_>) = (uploads.collect(), downloads.collect());
        Ok(self.gpu.submit_staged(&uploads, &slot.launches[known].1, &downloads))
    }

    fn launches(&self, slot: &Slot, resident: Option<&Resident>, sizes: &Sizes) -> Result<Vec<Launch>> {
        let Self { gpu, op, variant, .. } = self;
        let operands = slot.up.iter().map(|(_, lane)| lane).chain(&slot.down);
        let operands = operands.map(|lane| Binding::whole(lane.name, &lane.device));
        let stays = resident.map(|r| Binding::whole(r.name, &r.device));
        let between = slot.between.iter().map(|(name, buffer)| Binding::whole(name, buffer));
        let bindings: Vec<Binding<'_>> = operands.chain(stays).chain(between).collect();
        let (pipelines, _) = pipelines(gpu, op, variant, sizes, self.constants(sizes), gpu.checks())?;
        let launch = |pipeline: Arc<Pipeline>| {
            let grid = pipeline.grid(op, sizes, gpu.caps())?;
            let bound = gpu.bind(&pipeline, op, sizes, &bindings)?;
            Ok(Launch { pipeline, bound, grid })
        };
        pipelines.into_iter().map(launch).collect()
    }

    /// Takes a piece's outputs out of a slot's staging memory.
    fn empty(&self, slot: &Slot, piece: &Piece, outputs: &mut [Data]) -> Result<u64> {
        let mut total = 0;
        for ((lane, block), output) in slot.down.iter().zip(&piece.taken).zip(outputs) {
            self.gpu.read_mapped(&lane.staging, bytes(block), |from| {
                scatter(from, block, output, piece.offset);
            })?;
            total += bytes(block);
        }
        Ok(total)
    }
}

/// Operands that are cut have elements of 32 bits.
fn bytes(block: &Block) -> u64 {
    4 * block.elements() as u64
}

/// Hands the elements of a block to `to`, in the order in which the device has them.
fn each_piece(block: Block, source: &dyn Source, to: &mut dyn FnMut(&[f32])) {
    for run in 0..block.runs {
        source.read(block.host + run * block.apart, block.len, to);
    }
}

/// Puts a block where it belongs; positions, where there are some, become those of the whole plane.
pub(super) fn scatter(from: &[u8], block: &Block, output: &mut Data, offset: i32) {
    for (run, from) in from.chunks_exact(4 * block.len).enumerate() {
        let at = block.host + run * block.apart;
        match output {
            Data::F32(to) => bytemuck::cast_slice_mut(&mut to[at..at + block.len]).copy_from_slice(from),
            Data::I32(to) => {
                let positions = from.as_chunks().0.iter().map(|bytes| i32::from_ne_bytes(*bytes));
                for (to, position) in to[at..at + block.len].iter_mut().zip(positions) {
                    // Where no element holds the maximum there is no position to move.
                    *to = if position < 0 { position } else { position + offset };
                }
            }
            Data::F16(_) => unreachable!("operands that are cut have elements of 32 bits"),
        }
    }
}
