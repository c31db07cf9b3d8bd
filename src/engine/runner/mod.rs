//! Runs plans: buffers that stay where they are, programs made of calls over them, and a log of small results that are
//! fetched all at once.

mod carve;
mod cpu;
mod gpu;

use self::cpu::CpuRunner;
use self::gpu::GpuRunner;
use super::{Call, Engine, Part};
use crate::error::{Error, Result};
use crate::ops::{DType, Data, Sizes};

/// Which part of an [`Engine`] runs a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The CPU's threads.
    Cpu,
    /// The GPU.
    Gpu,
}

/// Runs programs over buffers of its own, on the CPU or on the GPU.
#[derive(Debug)]
pub struct Runner<'e> {
    on: On<'e>,
}

#[derive(Debug)]
enum On<'e> {
    Cpu(CpuRunner<'e>),
    Gpu(Box<GpuRunner<'e>>),
}

/// Calls that are ready to run in order. What the variants need between their kernels is part of it.
#[derive(Debug)]
pub struct Program {
    calls: Vec<Call>,
    on: Launches,
}

#[derive(Debug)]
enum Launches {
    Cpu,
    Gpu(gpu::Launches),
}

/// The time of one call of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallTime {
    /// Nanoseconds.
    pub ns: u64,
    /// Whether they are from device timestamps; else from the host's clock.
    pub timestamps: bool,
}

impl<'e> Runner<'e> {
    /// A runner without buffers.
    ///
    /// # Errors
    /// [`Error::NotApplicable`] where a GPU is asked for and the engine has none.
    pub fn new(engine: &'e Engine, target: Target) -> Result<Self> {
        let on = match target {
            Target::Cpu => On::Cpu(CpuRunner::new(&engine.pool)),
            Target::Gpu => {
                let gpu = engine.gpu().ok_or_else(|| Error::NotApplicable {
                    variant: "a plan on the GPU".to_owned(),
                    reason: "there is no adapter".to_owned(),
                })?;
                On::Gpu(Box::new(GpuRunner::new(gpu, engine.tuned())))
            }
        };
        Ok(Self { on })
    }

    /// Which part of the engine it is.
    pub fn target(&self) -> Target {
        match self.on {
            On::Cpu(_) => Target::Cpu,
            On::Gpu(_) => Target::Gpu,
        }
    }

    /// A new buffer of zeros; gives its number.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::OutOfMemory`].
    ///
    /// # Panics
    /// Where the elements are not of 32 bits.
    pub fn buffer(&mut self, name: &str, dtype: DType, len: usize) -> Result<usize> {
        assert!(dtype.bytes() == 4, "plans hold 32-bit operands");
        match &mut self.on {
            On::Cpu(cpu) => Ok(cpu.buffer(dtype, len)),
            On::Gpu(gpu) => gpu.buffer(name, dtype, len),
        }
    }

    /// Bytes of all buffers.
    pub fn bytes(&self) -> u64 {
        match &self.on {
            On::Cpu(cpu) => cpu.bytes(),
            On::Gpu(gpu) => gpu.bytes(),
        }
    }

    /// Puts host data into a part; calls that run later see it. Does not wait for what runs now.
    pub fn write(&mut self, part: Part, data: &[u8]) {
        assert!(
            data.len() == 4 * part.len,
            "{} bytes do not fill a part of {} elements",
            data.len(),
            part.len
        );
        match &mut self.on {
            On::Cpu(cpu) => cpu.write(part, data),
            On::Gpu(gpu) => gpu.write(part, data),
        }
    }

    /// Fetches a part, after everything that was submitted is done.
    ///
    /// # Errors
    /// What the device reports.
    pub fn read(&mut self, part: Part) -> Result<Data> {
        match &mut self.on {
            On::Cpu(cpu) => Ok(cpu.read(part)),
            On::Gpu(gpu) => gpu.read(part),
        }
    }

    /// As [`Runner::read`], into memory of the caller's: the part's bytes.
    ///
    /// # Errors
    /// What the device reports.
    pub fn read_into(&mut self, part: Part, bytes: &mut [u8]) -> Result<()> {
        assert!(bytes.len() == 4 * part.len, "{} bytes for a part of {} elements", bytes.len(), part.len);
        match &mut self.on {
            On::Cpu(cpu) => {
                bytes.copy_from_slice(cpu.bytes_of(part));
                Ok(())
            }
            On::Gpu(gpu) => gpu.read_into(part, bytes),
        }
    }

    /// Makes calls ready to run. Their parts must lie inside the buffers.
    ///
    /// # Errors
    /// [`Error::NotApplicable`] where a variant cannot run its sizes here, and what the device reports.
    ///
    /// # Panics
    /// Where a call's operands do not have the lengths that its sizes say.
    pub fn program(&mut self, calls: Vec<Call>) -> Result<Program> {
        calls.iter().for_each(Call::assert_sound);
        let on = match &mut self.on {
            On::Cpu(cpu) => {
                calls.iter().for_each(|call| cpu.assert_runs(call));
                Launches::Cpu
            }
            On::Gpu(gpu) => Launches::Gpu(gpu.launches(&calls)?),
        };
        Ok(Program { calls, on })
    }

    /// Runs programs one after the other: on the GPU as one submission, which is not waited for. Then `keep`, parts of
    /// float buffers, go to the log that [`Runner::kept`] fetches.
    ///
    /// # Errors
    /// What the device reports.
    pub fn run(&mut self, programs: &[&Program], keep: &[Part]) -> Result<()> {
        match &mut self.on {
            On::Cpu(cpu) => {
                cpu.run(programs.iter().flat_map(|p| &p.calls), keep);
                Ok(())
            }
            On::Gpu(gpu) => gpu.run(programs.iter().map(|p| p.launches()), keep),
        }
    }

    /// Runs one program call by call and gives the time of each, in order. It waits for each call, so the sum is more
    /// than the time of [`Runner::run`].
    ///
    /// # Errors
    /// What the device reports.
    pub fn run_timed(&mut self, program: &Program) -> Result<Vec<CallTime>> {
        match &mut self.on {
            On::Cpu(cpu) => Ok(cpu.run_timed(&program.calls)),
            On::Gpu(gpu) => gpu.run_timed(program.launches()),
        }
    }

    /// Waits for everything submitted and empties the log: the parts kept since the last time, one behind the other.
    ///
    /// # Errors
    /// What the device reports.
    pub fn kept(&mut self) -> Result<Vec<f32>> {
        match &mut self.on {
            On::Cpu(cpu) => Ok(cpu.kept()),
            On::Gpu(gpu) => gpu.kept(),
        }
    }

    /// Changes a size of a call: a counter or a real number, which no buffer's length and no launch depends on.
    ///
    /// # Errors
    /// What the op's check says of the new value.
    pub fn set(&mut self, program: &mut Program, call: usize, name: &str, bits: u32) -> Result<()> {
        let Call { op, sizes, .. } = &mut program.calls[call];
        if sizes.get(name) == bits {
            return Ok(());
        }
        sizes.set(name, bits);
        (op.check)(sizes)?;
        if let (On::Gpu(gpu), Launches::Gpu(launches)) = (&self.on, &program.on) {
            gpu.update(launches, call, op, &program.calls[call].sizes);
        }
        Ok(())
    }
}

impl Program {
    /// The calls.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Sizes of a call.
    pub fn sizes(&self, call: usize) -> &Sizes {
        &self.calls[call].sizes
    }

    fn launches(&self) -> &gpu::Launches {
        let Launches::Gpu(launches) = &self.on else { unreachable!("the program was made for the CPU") };
        launches
    }
}
