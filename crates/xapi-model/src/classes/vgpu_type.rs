//! Class `VGPU_type`.

use super::*;

/// Vgpu type.
#[derive(Clone, Debug, Class)]
#[class(name = "VGPU_type", role = PoolAdmin)]
pub struct VgpuType {
    /// Unique identifier of the VGPU_type. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Vendor name.
    #[field(StaticRO, default = String::new())]
    pub vendor_name: String,
    /// Model name.
    #[field(StaticRO, default = String::new())]
    pub model_name: String,
    /// Framebuffer size.
    #[field(StaticRO, default = 0)]
    pub framebuffer_size: i64,
    /// Max heads.
    #[field(StaticRO, default = 0)]
    pub max_heads: i64,
    /// Max resolution x.
    #[field(StaticRO, default = 0)]
    pub max_resolution_x: i64,
    /// Max resolution y.
    #[field(StaticRO, default = 0)]
    pub max_resolution_y: i64,
    /// Supported on PGPUs.
    #[field(DynamicRO, name = "supported_on_PGPUs")]
    pub supported_on_pgpus: Vec<Ref<Pgpu>>,
    /// Enabled on PGPUs.
    #[field(DynamicRO, name = "enabled_on_PGPUs")]
    pub enabled_on_pgpus: Vec<Ref<Pgpu>>,
    /// VGPUs.
    #[field(DynamicRO, name = "VGPUs", view = Vgpu::KIND)]
    pub vgpus: Many<Vgpu>,
    /// Supported on GPU groups.
    #[field(DynamicRO, name = "supported_on_GPU_groups")]
    pub supported_on_gpu_groups: Vec<Ref<GpuGroup>>,
    /// Enabled on GPU groups.
    #[field(DynamicRO, name = "enabled_on_GPU_groups")]
    pub enabled_on_gpu_groups: Vec<Ref<GpuGroup>>,
    /// Implementation.
    #[field(StaticRO, default = VgpuTypeImplementation::Passthrough)]
    pub implementation: VgpuTypeImplementation,
    /// Identifier.
    #[field(StaticRO, default = String::new())]
    pub identifier: String,
    /// Experimental.
    #[field(StaticRO, default = false)]
    pub experimental: bool,
    /// Compatible types in vm.
    #[field(DynamicRO, default = Vec::new())]
    pub compatible_types_in_vm: Vec<Ref<VgpuType>>,
}

/// Vgpu type implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vgpu_type_implementation")]
pub enum VgpuTypeImplementation {
    /// Passthrough.
    #[wire(name = "passthrough")]
    Passthrough,
    /// Nvidia.
    #[wire(name = "nvidia")]
    Nvidia,
    /// Nvidia sriov.
    #[wire(name = "nvidia_sriov")]
    NvidiaSriov,
    /// Gvt g.
    #[wire(name = "gvt_g")]
    GvtG,
    /// Mxgpu.
    #[wire(name = "mxgpu")]
    Mxgpu,
}
