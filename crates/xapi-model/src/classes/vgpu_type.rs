//! Class `VGPU_type`.

use super::*;

/// A type of virtual GPU.
#[derive(Clone, Debug, Class)]
#[class(name = "VGPU_type", role = PoolAdmin)]
pub struct VgpuType {
    /// Unique identifier of the VGPU_type. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name of its maker.
    #[field(StaticRO, default = String::new())]
    pub vendor_name: String,
    /// Name of the model.
    #[field(StaticRO, default = String::new())]
    pub model_name: String,
    /// Memory in bytes.
    #[field(StaticRO, default = 0)]
    pub framebuffer_size: i64,
    /// Most screens that it can show.
    #[field(StaticRO, default = 0)]
    pub max_heads: i64,
    /// Widest picture in points.
    #[field(StaticRO, default = 0)]
    pub max_resolution_x: i64,
    /// Highest picture in points.
    #[field(StaticRO, default = 0)]
    pub max_resolution_y: i64,
    /// GPUs that can run it.
    #[field(DynamicRO, name = "supported_on_PGPUs")]
    pub supported_on_pgpus: Vec<Ref<Pgpu>>,
    /// GPUs that may run it.
    #[field(DynamicRO, name = "enabled_on_PGPUs")]
    pub enabled_on_pgpus: Vec<Ref<Pgpu>>,
    /// Virtual GPUs of this type.
    #[field(DynamicRO, name = "VGPUs", view = Vgpu::KIND)]
    pub vgpus: Many<Vgpu>,
    /// Groups that can run it.
    #[field(DynamicRO, name = "supported_on_GPU_groups")]
    pub supported_on_gpu_groups: Vec<Ref<GpuGroup>>,
    /// Groups that may run it.
    #[field(DynamicRO, name = "enabled_on_GPU_groups")]
    pub enabled_on_gpu_groups: Vec<Ref<GpuGroup>>,
    /// How it is made.
    #[field(StaticRO, default = VgpuTypeImplementation::Passthrough)]
    pub implementation: VgpuTypeImplementation,
    /// What tells it from others, also in another pool.
    #[field(StaticRO, default = String::new())]
    pub identifier: String,
    /// True if it is still being tried.
    #[field(StaticRO, default = false)]
    pub experimental: bool,
    /// Types that may stand beside it in one machine.
    #[field(DynamicRO, default = Vec::new())]
    pub compatible_types_in_vm: Vec<Ref<VgpuType>>,
}

/// How a virtual GPU is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vgpu_type_implementation")]
pub enum VgpuTypeImplementation {
    /// A whole GPU is passed on.
    #[wire(name = "passthrough")]
    Passthrough,
    /// By NVIDIA's manager.
    #[wire(name = "nvidia")]
    Nvidia,
    /// By NVIDIA's manager, on a virtual function.
    #[wire(name = "nvidia_sriov")]
    NvidiaSriov,
    /// By Intel's GVT-g.
    #[wire(name = "gvt_g")]
    GvtG,
    /// By AMD's MxGPU.
    #[wire(name = "mxgpu")]
    Mxgpu,
}
