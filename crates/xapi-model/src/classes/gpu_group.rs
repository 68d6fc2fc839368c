//! Class `GPU_group`.

use std::collections::BTreeMap;

use super::*;

/// GPUs of the pool that stand for each other.
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
    /// Its GPUs.
    #[field(DynamicRO, name = "PGPUs", view = Pgpu::GPU_GROUP)]
    pub pgpus: Many<Pgpu>,
    /// Virtual GPUs that run on any of them.
    #[field(DynamicRO, name = "VGPUs", view = Vgpu::GPU_GROUP)]
    pub vgpus: Many<Vgpu>,
    /// Makers and models of its GPUs.
    #[field(DynamicRO, name = "GPU_types", default = Vec::new())]
    pub gpu_types: Vec<String>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// How virtual GPUs are spread over its GPUs.
    #[field(RW, default = AllocationAlgorithm::DepthFirst)]
    pub allocation_algorithm: AllocationAlgorithm,
    /// Types of virtual GPUs that one of its GPUs can run.
    #[field(DynamicRO, name = "supported_VGPU_types")]
    pub supported_vgpu_types: Vec<Ref<VgpuType>>,
    /// Types of virtual GPUs that one of its GPUs may run.
    #[field(DynamicRO, name = "enabled_VGPU_types")]
    pub enabled_vgpu_types: Vec<Ref<VgpuType>>,
}

/// How virtual GPUs are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "allocation_algorithm")]
pub enum AllocationAlgorithm {
    /// Over as many GPUs as there are.
    #[wire(name = "breadth_first")]
    BreadthFirst,
    /// Over as few GPUs as will do.
    #[wire(name = "depth_first")]
    DepthFirst,
}

/// How many more virtual GPUs of a type it could run.
#[derive(Clone, Debug, Call)]
#[call(name = "GPU_group.get_remaining_capacity", out = i64, role = ReadOnly)]
pub struct GetRemainingCapacity {
    /// The GPU_group.
    #[param(name = "self")]
    pub this: Ref<GpuGroup>,
    /// The type.
    pub vgpu_type: Ref<VgpuType>,
}

/// Removes the group. Refused with GPU_GROUP_CONTAINS_PGPU and GPU_GROUP_CONTAINS_VGPU.
#[derive(Clone, Debug, Call)]
#[call(name = "GPU_group.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The GPU_group.
    #[param(name = "self")]
    pub this: Ref<GpuGroup>,
}

/// Makes a group.
#[derive(Clone, Debug, Call)]
#[call(name = "GPU_group.create", out = Ref<GpuGroup>, role = PoolOperator)]
pub struct Create {
    /// Name for people.
    #[param(default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[param(default = String::new())]
    pub name_description: String,
    /// Free keys and values.
    #[param(default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}
