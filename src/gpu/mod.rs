//! HOW WGSL runs. The only module that names wgpu.
//!
//! A [`Gpu`] is one opened device. Shaders become [`Pipeline`]s (parsed, checked against the op's operands, compiled,
//! cached), pipelines and buffers become recorded [`Commands`], and commands are submitted and timed.

mod adapter;
mod buffer;
mod coopmat;
mod device;
mod pipeline_cache;
mod recorder;
mod reflect;
mod shader;
mod staged;
mod timer;

#[cfg(test)]
mod test_device;

pub use adapter::{Adapter, Choice, list};
pub use buffer::{Buffer, GUARD_BYTES};
pub use device::Gpu;
pub use recorder::{Binding, Bound, Commands, Launch, Transfer};
pub use reflect::{Interface, Params, reflect};
pub use shader::{Checks, Pipeline};
pub use staged::Ticket;
pub use timer::{KernelTime, Timer};
