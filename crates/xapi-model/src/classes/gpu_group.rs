//! Class `GPU_group`.

use std::collections::BTreeMap;

use super::*;

/// Gpu group.
#[derive(Clone, Debug, Class)]
#[class(name = "GPU_group", role = PoolOperator, calls(GetRemainingCapacity, Destroy, Create))]
pub struct GpuGroup {
    /// Unique identifier of the GPU_group. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new())]
    pub name_description: String,
    /// PGPUs.
    #[field(DynamicRO, name = "PGPUs", view = Pgpu::GPU_GROUP)]
    pub pgpus: Many<Pgpu>,
    /// VGPUs.
    #[field(DynamicRO, name = "VGPUs", view = Vgpu::GPU_GROUP)]
    pub vgpus: Many<Vgpu>,
    /// GPU types.
    #[field(DynamicRO, name = "GPU_types", default = Vec::new())]
    pub gpu_types: Vec<String>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Allocation algorithm.
    #[field(RW, default = AllocationAlgorithm::DepthFirst)]
    pub allocation_algorithm: AllocationAlgorithm,
    /// Supported VGPU types.
    #[field(DynamicRO, name = "supported_VGPU_types")]
    pub supported_vgpu_types: Vec<Ref<VgpuType>>,
    /// Enabled VGPU types.
    #[field(DynamicRO, name = "enabled_VGPU_types")]
    pub enabled_vgpu_types: Vec<Ref<VgpuType>>,
}

/// Allocation algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "allocation_algorithm")]
pub enum AllocationAlgorithm {
    /// Breadth first.
    #[wire(name = "breadth_first")]
    BreadthFirst,
    /// Depth first.
    #[wire(name = "depth_first")]
    DepthFirst,
}

/// Get remaining capacity of GPU group.
#[derive(Clone, Debug, Call)]
#[call(name = "GPU_group.get_remaining_capacity", out = i64, role = ReadOnly)]
pub struct GetRemainingCapacity {
    /// The GPU_group.
    #[param(name = "self")]
    pub this: Ref<GpuGroup>,
    /// Vgpu type.
    pub vgpu_type: Ref<VgpuType>,
}

/// Destroy of GPU group.
#[derive(Clone, Debug, Call)]
#[call(name = "GPU_group.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The GPU_group.
    #[param(name = "self")]
    pub this: Ref<GpuGroup>,
}

/// Create of GPU group.
#[derive(Clone, Debug, Call)]
#[call(name = "GPU_group.create", out = Ref<GpuGroup>, role = PoolOperator)]
pub struct Create {
    /// Name label.
    #[param(default = String::new())]
    pub name_label: String,
    /// Name description.
    #[param(default = String::new())]
    pub name_description: String,
    /// Other config.
    #[param(default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}
