//! The thesis's host loop: for each window extract, upload, multiply by the identity on the device, download, take the
//! maximum on the host. One submission and one wait a window: this is what made its GPU version lose.

use std::time::Instant;

use super::phases::since;
use super::{Phases, Prepared};
use crate::error::Result;
use crate::gpu::{Binding, Buffer, Checks, Gpu, KernelTime, Launch, Timer, Transfer};
use crate::ops::maxpool::{self, Pool};
use crate::ops::{Data, Op, Product, Sizes, matmul};

/// A pooling by one product a window.
pub(super) struct PerWindowPrepared<'g> {
    gpu: &'g Gpu,
    pool: Pool,
    launch: Launch,
    window: Buffer,
    /// The identity's buffer and bytes, where it is uploaded for every window.
    filter: Option<(Buffer, Vec<f32>)>,
    product: Buffer,
    staging: Buffer,
    timer: Option<Timer>,
    compile_ns: Option<u64>,
}

impl<'g> PerWindowPrepared<'g> {
    pub(super) fn new(gpu: &'g Gpu, product: &Product, sizes: &Sizes, checks: Checks) -> Result<Self> {
        let pool = Pool::of(sizes);
        let side = pool.kh.to_string();
        let op: &'static Op = &matmul::OP;
        let matmul_sizes = op.sizes([("m", side.as_str())])?;
        let start = Instant::now();
        let known = gpu.is_compiled(&product.shader, op, product.set, checks);
        let pipeline = gpu.pipeline(&product.shader, op, &[], product.set, checks)?;
        let compile_ns = (!known).then(|| since(start));
        let k = pool.kh as usize;
        let bytes = 4 * (k * k) as u64;
        let window = gpu.buffer("a", bytes)?;
        let result = gpu.buffer("c", bytes)?;
        let filter = if product.uploads_filter {
            let identity = (0..k * k).map(|e| if e / k == e % k { 1.0 } else { 0.0 }).collect();
            Some((gpu.buffer("b", bytes)?, identity))
        } else {
            None
        };
        let mut operands = vec![Binding::whole("a", &window), Binding::whole("c", &result)];
        operands.extend(filter.iter().map(|(buffer, _)| Binding::whole("b", buffer)));
        let bound = gpu.bind(&pipeline, op, &matmul_sizes, &operands)?;
        let grid = pipeline.grid(op, &matmul_sizes, gpu.caps())?;
        Ok(Self {
            launch: Launch { pipeline, bound, grid },
            window,
            filter,
            product: result,
            staging: gpu.staging(bytes)?,
            timer: gpu.timer(Gpu::TIMER_SLOTS)?,
            gpu,
            pool,
            compile_ns,
        })
    }

    /// Adds the kernel time of the windows since the last call; the timer's slots are read in one go, so that no window
    /// waits for its timestamps.
    fn collect(&self, slots: &mut u32, resident_ns: &mut u64, sums: &mut Sums) -> Result<()> {
        if *slots > 0 {
            match self.gpu.kernel_time(self.timer.as_ref(), *slots, *resident_ns)? {
                KernelTime::Timestamp(ns) => sums.kernel_ns += ns,
                KernelTime::Wall(ns) => {
                    sums.kernel_ns += ns;
                    sums.on_wall = true;
                }
            }
        }
        (*slots, *resident_ns) = (0, 0);
        Ok(())
    }
}

/// Phases summed over windows.
#[derive(Default)]
struct Sums {
    upload_ns: u64,
    encode_ns: u64,
    resident_ns: u64,
    kernel_ns: u64,
    download_ns: u64,
    outside_ns: u64,
    on_wall: bool,
}

impl Prepared for PerWindowPrepared<'_> {
    fn compile_ns(&self) -> Option<u64> {
        self.compile_ns
    }

    fn run(&mut self, inputs: &[Data], outputs: &mut [Data]) -> Result<Phases> {
        let start = Instant::now();
        let p = self.pool;
        let mut block = vec![0.0f32; p.kh as usize * p.kw as usize];
        let mut sums = Sums::default();
        let (mut slots, mut slots_ns) = (0u32, 0u64);
        let capacity = self.timer.as_ref().map_or(u32::MAX, Timer::slots);
        let mut y = outputs[0].f32_mut().iter_mut();
        for plane in inputs[0].f32().chunks_exact(p.h as usize * p.w as usize) {
            for (r, q) in (0..p.oh).flat_map(|r| (0..p.ow).map(move |q| (r, q))) {
                maxpool::extract(&p, plane, r, q, &mut block);
                let upload = Instant::now();
                self.gpu.write(&self.window, bytemuck::cast_slice(&block));
                if let Some((buffer, identity)) = &self.filter {
                    self.gpu.write(buffer, bytemuck::cast_slice(identity));
                }
                sums.upload_ns += since(upload);

                let encode = Instant::now();
                let timer = self.timer.as_ref().map(|t| (t, slots));
                let copy = Transfer {
                    from: (&self.product, 0),
                    to: (&self.staging, 0),
                    bytes: self.product.bytes(),
                };
                let commands = self.gpu.record([&self.launch], timer, &[copy]);
                sums.encode_ns += since(encode);

                let resident_ns = self.gpu.run(commands)?;
                sums.resident_ns += resident_ns;
                slots_ns += resident_ns;
                slots += 1;

                let download = Instant::now();
                let largest = self.gpu.read_staging(&self.staging, self.product.bytes(), |bytes| {
                    let elements = bytes.chunks_exact(4).filter_map(|b| b.first_chunk().copied());
                    elements.map(f32::from_ne_bytes).fold(f32::NEG_INFINITY, f32::max)
                })?;
                if let Some(y) = y.next() {
                    *y = largest;
                }
                sums.download_ns += since(download);

                if slots == capacity {
                    let outside = Instant::now();
                    self.collect(&mut slots, &mut slots_ns, &mut sums)?;
                    sums.outside_ns += since(outside);
                }
            }
        }
        let total_ns = since(start).saturating_sub(sums.outside_ns);
        self.collect(&mut slots, &mut slots_ns, &mut sums)?;
        Ok(Phases {
            upload_ns: Some(sums.upload_ns),
            encode_ns: Some(sums.encode_ns),
            kernel_ns: sums.kernel_ns,
            timestamps: !sums.on_wall,
            resident_ns: sums.resident_ns,
            download_ns: Some(sums.download_ns),
            total_ns,
        })
    }

    fn poison(&mut self) -> Result<()> {
        self.gpu.poison([&self.product])
    }

    fn broken_guard(&mut self) -> Result<Option<&'static str>> {
        let (_, guard) = self.gpu.download_guarded(&self.product)?;
        let whole = guard.chunks_exact(4).all(|cell| cell == crate::ops::POISON.to_ne_bytes());
        Ok((!whole).then_some("the product of a window"))
    }
}
