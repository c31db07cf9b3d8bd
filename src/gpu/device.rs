//! One opened device: its queue, its pipelines, and what went wrong on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::adapter::{self, Adapter, Choice};
use super::coopmat;
use super::pipeline_cache::PipelineCache;
use super::shader::{Checks, Pipeline, PipelineKey};
use crate::error::{Error, Result};
use crate::ops::Caps;

/// One opened device.
///
/// ```no_run
/// let gpu = tesela::Gpu::new()?;
/// println!("{}", gpu.adapter().name);
/// # Ok::<(), tesela::Error>(())
/// ```
#[derive(Debug)]
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) pipelines: Mutex<HashMap<PipelineKey, Arc<Pipeline>>>,
    pub(super) cache: Option<PipelineCache>,
    checks: Checks,
    adapter: Adapter,
    allocations: AtomicU64,
    submissions: AtomicU64,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

/// What the device reported, outside any call.
#[derive(Debug)]
enum Trouble {
    Lost(String),
    OutOfMemory,
    Invalid(String),
}

impl Gpu {
    /// Opens the first real GPU; without one, a software adapter ([`Adapter::software`] tells).
    /// `WGPU_ADAPTER_NAME` and `WGPU_BACKEND` narrow the choice.
    ///
    /// # Errors
    /// [`Error::NoAdapter`], [`Error::DeviceRequest`].
    pub fn new() -> Result<Self> {
        Self::open(&Choice::Auto)
    }

    /// Opens the chosen adapter with all the limits it has. Every pipeline is compiled by this process: what it takes
    /// can be measured.
    ///
    /// # Errors
    /// [`Error::NoAdapter`], [`Error::DeviceRequest`].
    pub fn open(choice: &Choice) -> Result<Self> {
        Self::opened(choice, |_, _| None)
    }

    /// As [`Gpu::open`], beginning with what an earlier process compiled: `stored` gets the name that
    /// [`Gpu::compiled`] gave then, and gives its bytes. Bytes that are damaged or of another driver are left aside.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub fn open_with(choice: &Choice, stored: impl FnOnce(&str) -> Option<Vec<u8>>) -> Result<Self> {
        Self::opened(choice, |gpu, info| PipelineCache::new(gpu, info, stored))
    }

    fn opened(
        choice: &Choice,
        cache: impl FnOnce(&Self, &wgpu::AdapterInfo) -> Option<PipelineCache>,
    ) -> Result<Self> {
        let (handle, adapter) = adapter::open(choice)?;
        let mut wanted = wgpu::Features::TIMESTAMP_QUERY
            | wgpu::Features::SHADER_F16
            | wgpu::Features::SUBGROUP
            | wgpu::Features::PIPELINE_CACHE;
        let (matrices, experimental) = coopmat::wanted(&handle);
        wanted |= matrices;
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("tesela"),
            required_features: handle.features() & wanted,
            required_limits: handle.limits(),
            experimental_features: experimental,
            memory_hints: wgpu::MemoryHints::Performance,
            trace: wgpu::Trace::Off,
        };
        let (device, queue) = pollster::block_on(handle.request_device(&descriptor))
            .map_err(|e| Error::DeviceRequest { adapter: adapter.name.clone(), message: e.to_string() })?;
        let trouble = Arc::new(Mutex::new(None));
        let lost = Arc::clone(&trouble);
        device.set_device_lost_callback(move |reason, message| {
            // Dropping a device reports its loss too; nobody is left to ask then.
            *locked(&lost) = Some(Trouble::Lost(format!("{reason:?} {message}")));
        });
        let reported = Arc::clone(&trouble);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let mut slot = locked(&reported);
            // The first report names the cause; what follows are its consequences.
            slot.get_or_insert(match error {
                wgpu::Error::OutOfMemory { .. } => Trouble::OutOfMemory,
                wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
                    Trouble::Invalid(description)
                }
            });
        }));
        let (pipelines, allocations, submissions) = Default::default();
        let checks = Checks::On;
        let mut gpu = Self {
            device,
            queue,
            pipelines,
            cache: None,
            checks,
            adapter,
            allocations,
            submissions,
            trouble,
        };
        gpu.cache = cache(&gpu, &handle.get_info());
        if !matrices.is_empty() {
            gpu.adapter.caps.coopmat = coopmat::try_out(&gpu);
        }
        Ok(gpu)
    }

    /// The adapter it was opened on.
    pub fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    /// What it can do.
    pub fn caps(&self) -> &Caps {
        &self.adapter.caps
    }

    /// Buffers and sets of bindings made so far. What runs in a steady state makes none: a test holds training to that.
    pub fn allocations(&self) -> u64 {
        self.allocations.load(Ordering::Relaxed)
    }

    /// Command buffers of launches submitted so far.
    pub fn submissions(&self) -> u64 {
        self.submissions.load(Ordering::Relaxed)
    }

    pub(super) fn count_submission(&self) {
        self.submissions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_allocation(&self) {
        self.allocations.fetch_add(1, Ordering::Relaxed);
    }

    /// The same device, on which kernels of the program run so once they have been found right with checks.
    #[must_use]
    pub fn with_checks(self, checks: Checks) -> Self {
        Self { checks, ..self }
    }

    /// With which checks kernels of the program run. A new device has them on.
    pub fn checks(&self) -> Checks {
        self.checks
    }

    /// Turns what the device reported since the last call into an error.
    pub(super) fn check(&self, what: &str) -> Result<()> {
        match locked(&self.trouble).take() {
            None => Ok(()),
            Some(Trouble::Lost(message)) => Err(Error::DeviceLost { message }),
            Some(Trouble::OutOfMemory) => Err(Error::OutOfMemory { what: what.to_owned() }),
            Some(Trouble::Invalid(message)) => Err(Error::Validation { what: what.to_owned(), message }),
        }
    }

    /// Waits until everything submitted is done.
    pub(super) fn wait(&self, what: &str) -> Result<()> {
        let poll = wgpu::PollType::Wait { submission_index: None, timeout: None };
        let polled = self.device.poll(poll);
        self.check(what)?;
        polled.map(|_| ()).map_err(|e| Error::DeviceLost { message: e.to_string() })
    }

    /// Gives the device up, as an unplugged card does. Every later call fails with [`Error::DeviceLost`] or a
    /// validation error. For tests of that path.
    pub fn destroy(&self) {
        self.device.destroy();
    }
}

/// The value behind a lock, also after a panic elsewhere: these values are whole at any time.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
