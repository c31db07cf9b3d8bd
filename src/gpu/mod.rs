//! HOW WGSL runs. The only module that names wgpu.
