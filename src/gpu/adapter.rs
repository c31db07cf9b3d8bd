//! Listing and choosing adapters, as plain values.

use crate::error::{Error, Result};
use crate::ops::{Caps, Coopmat};

/// What is known about an adapter.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapter {
    /// The adapter's name, as its driver gives it.
    pub name: String,
    /// `discrete`, `integrated`, `virtual`, `cpu` or `other`.
    pub kind: &'static str,
    /// `vulkan`, `metal`, `dx12`, ...
    pub backend: String,
    /// The driver's name.
    pub driver: String,
    /// The driver's version and more.
    pub driver_info: String,
    /// PCI vendor number.
    pub vendor_id: u32,
    /// PCI device number.
    pub device_id: u32,
    /// Whether it is a CPU that poses as a GPU.
    pub software: bool,
    /// Limits by their WebGPU names.
    pub limits: Vec<(&'static str, u64)>,
    /// Features by their WebGPU names.
    pub features: Vec<String>,
    /// What the kernels ask about.
    pub caps: Caps,
}

/// Which device to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The first real GPU; without one, a software adapter.
    Auto,
    /// No adapter: CPU variants only.
    Cpu,
    /// A real GPU or nothing.
    Gpu,
    /// A software adapter.
    Software,
    /// The first adapter whose name contains this, in any case.
    Named(String),
}

impl std::str::FromStr for Choice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.to_lowercase().as_str() {
            "auto" | "" => Self::Auto,
            "cpu" => Self::Cpu,
            "gpu" => Self::Gpu,
            "software" => Self::Software,
            name => Self::Named(name.to_owned()),
        })
    }
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Software => "software",
            Self::Named(name) => name,
        })
    }
}

/// Software adapters that do not always call themselves CPUs.
const SOFTWARE: &[&str] = &["llvmpipe", "softpipe", "swiftshader", "lavapipe", "basic render", "warp"];

/// Mesa's llvmpipe ends the loops of an invocation after this many turns, all loops counted together
/// (LP_MAX_TGSI_LOOP_ITERATIONS in its gallivm layer), and goes on as if they were done. A kernel that loops longer
/// gives a wrong result without any error.
const LLVMPIPE_LOOP_TURNS: u32 = 65_535;

const ADVICE: &str = "on Linux install a Vulkan driver (packages mesa-vulkan-drivers and libvulkan1 on Debian and \
                      Ubuntu; in a container an NVIDIA card also needs its graphics capability), or run \
                      scripts/setup.sh; --device cpu needs no adapter";

/// Every adapter of the machine.
pub fn list() -> Vec<Adapter> {
    adapters().iter().map(describe).collect()
}

/// The chosen adapter, and its description.
///
/// # Errors
/// [`Error::NoAdapter`], with what there is.
pub(super) fn open(choice: &Choice) -> Result<(wgpu::Adapter, Adapter)> {
    let wanted = match (choice, std::env::var("WGPU_ADAPTER_NAME")) {
        (Choice::Auto, Ok(name)) if !name.is_empty() => Choice::Named(name.to_lowercase()),
        _ => choice.clone(),
    };
    let all: Vec<_> = adapters().into_iter().map(|a| (describe(&a), a)).map(|(d, a)| (a, d)).collect();
    let names: Vec<String> = all.iter().map(|(_, d)| d.name.clone()).collect();
    let real = |d: &Adapter| !d.software;
    let position = match &wanted {
        Choice::Auto => all.iter().position(|(_, d)| real(d)).or((!all.is_empty()).then_some(0)),
        Choice::Gpu => all.iter().position(|(_, d)| real(d)),
        Choice::Software => all.iter().position(|(_, d)| d.software),
        Choice::Named(name) => all.iter().position(|(_, d)| d.name.to_lowercase().contains(name)),
        Choice::Cpu => None,
    };
    position.and_then(|at| all.into_iter().nth(at)).ok_or_else(|| Error::NoAdapter {
        wanted: wanted.to_string(),
        found: if names.is_empty() {
            "this machine has none".to_owned()
        } else {
            format!("found {}", names.join(", "))
        },
        advice: ADVICE.to_owned(),
    })
}

fn adapters() -> Vec<wgpu::Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::from_env().unwrap_or(wgpu::Backends::PRIMARY);
    // Validation layers distort timings and print; whoever wants them sets WGPU_VALIDATION.
    descriptor.flags = wgpu::InstanceFlags::empty().with_env();
    let backends = descriptor.backends;
    let instance = wgpu::Instance::new(descriptor);
    let mut found = pollster::block_on(instance.enumerate_adapters(backends));
    // Discrete before integrated before the rest; stable, so the loader's order holds within a kind.
    found.sort_by_key(|a| match (is_software(&a.get_info()), a.get_info().device_type) {
        (true, _) => 3,
        (_, wgpu::DeviceType::DiscreteGpu) => 0,
        (_, wgpu::DeviceType::IntegratedGpu) => 1,
        _ => 2,
    });
    found
}

fn is_software(info: &wgpu::AdapterInfo) -> bool {
    let name = info.name.to_lowercase();
    info.device_type == wgpu::DeviceType::Cpu || SOFTWARE.iter().any(|s| name.contains(s))
}

fn describe(adapter: &wgpu::Adapter) -> Adapter {
    let info = adapter.get_info();
    let limits = adapter.limits();
    let features = adapter.features();
    let software = is_software(&info);
    let caps = caps(&limits, features, &info);
    Adapter {
        software,
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete",
            wgpu::DeviceType::IntegratedGpu => "integrated",
            wgpu::DeviceType::VirtualGpu => "virtual",
            wgpu::DeviceType::Cpu => "cpu",
            wgpu::DeviceType::Other => "other",
        },
        backend: info.backend.to_string(),
        name: info.name,
        driver: info.driver,
        driver_info: info.driver_info,
        vendor_id: info.vendor,
        device_id: info.device,
        limits: vec![
            ("maxBufferSize", limits.max_buffer_size),
            ("maxStorageBufferBindingSize", limits.max_storage_buffer_binding_size),
            ("maxStorageBuffersPerShaderStage", limits.max_storage_buffers_per_shader_stage.into()),
            ("maxComputeInvocationsPerWorkgroup", limits.max_compute_invocations_per_workgroup.into()),
            ("maxComputeWorkgroupSizeX", limits.max_compute_workgroup_size_x.into()),
            ("maxComputeWorkgroupSizeY", limits.max_compute_workgroup_size_y.into()),
            ("maxComputeWorkgroupSizeZ", limits.max_compute_workgroup_size_z.into()),
            ("maxComputeWorkgroupStorageSize", limits.max_compute_workgroup_storage_size.into()),
            ("maxComputeWorkgroupsPerDimension", limits.max_compute_workgroups_per_dimension.into()),
        ],
        features: features.iter_names().map(|(name, _)| name.to_owned()).collect(),
        caps,
    }
}

fn caps(limits: &wgpu::Limits, features: wgpu::Features, info: &wgpu::AdapterInfo) -> Caps {
    let subgroups = features.contains(wgpu::Features::SUBGROUP);
    Caps {
        max_invocations: limits.max_compute_invocations_per_workgroup,
        max_workgroup_size: [
            limits.max_compute_workgroup_size_x,
            limits.max_compute_workgroup_size_y,
            limits.max_compute_workgroup_size_z,
        ],
        max_workgroups: limits.max_compute_workgroups_per_dimension,
        max_workgroup_bytes: limits.max_compute_workgroup_storage_size,
        max_binding_bytes: limits.max_storage_buffer_binding_size,
        max_buffer_bytes: limits.max_buffer_size,
        max_storage_buffers: limits.max_storage_buffers_per_shader_stage,
        subgroup_size: if subgroups { [info.subgroup_min_size, info.subgroup_max_size] } else { [0, 0] },
        max_loop_turns: info.name.to_lowercase().contains("llvmpipe").then_some(LLVMPIPE_LOOP_TURNS),
        f16: features.contains(wgpu::Features::SHADER_F16),
        // Until a product was right.
        coopmat: Coopmat::Missing,
        timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
    }
}
