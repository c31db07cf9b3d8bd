//! What a device can do, as plain values, so that an op can say whether a variant fits without naming a GPU library.

/// Limits and features of one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Caps {
    /// Invocations in one workgroup.
    pub max_invocations: u32,
    /// Workgroup size along x, y and z.
    pub max_workgroup_size: [u32; 3],
    /// Workgroups of one dispatch along each dimension.
    pub max_workgroups: u32,
    /// Shared memory of one workgroup in bytes.
    pub max_workgroup_bytes: u32,
    /// One storage binding in bytes.
    pub max_binding_bytes: u64,
    /// One buffer in bytes.
    pub max_buffer_bytes: u64,
    /// Storage buffers of one kernel.
    pub max_storage_buffers: u32,
    /// Smallest and largest subgroup; 0 where subgroups are missing.
    pub subgroup_size: [u32; 2],
    /// How often the loops of one thread may turn before the driver ends them, where it does.
    pub max_loop_turns: Option<u32>,
    /// Half precision in shaders.
    pub f16: bool,
    /// Cooperative matrices of 16 x 16 x 16 halves with sums in f32, by subgroups of 32.
    pub coopmat: Coopmat,
    /// Device timestamps.
    pub timestamps: bool,
}

/// What is known of a device's cooperative matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coopmat {
    /// It has none.
    Missing,
    /// It offers them, but a first product was wrong.
    Faulty,
    /// It offers them, and a first product was right.
    Works,
}

impl Default for Caps {
    /// What every WebGPU device grants (the defaults of the specification's limits).
    fn default() -> Self {
        Self {
            max_invocations: 256,
            max_workgroup_size: [256, 256, 64],
            max_workgroups: 65_535,
            max_workgroup_bytes: 16_384,
            max_binding_bytes: 128 << 20,
            max_buffer_bytes: 256 << 20,
            max_storage_buffers: 8,
            subgroup_size: [0, 0],
            max_loop_turns: None,
            f16: false,
            coopmat: Coopmat::Missing,
            timestamps: false,
        }
    }
}
