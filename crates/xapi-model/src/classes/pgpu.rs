//! Class `PGPU`.

use std::collections::BTreeMap;

use super::*;

/// A physical GPU in a host.
#[derive(Clone, Debug, Class)]
#[class(name = "PGPU", role = PoolOperator, calls(DisableDom0Access, EnableDom0Access, GetRemainingCapacity, SetGpuGroup, SetEnabledVgpuTypes, RemoveEnabledVgpuTypes, AddEnabledVgpuTypes))]
pub struct Pgpu {
    /// Unique identifier of the PGPU. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Its PCI device.
    #[field(StaticRO, name = "PCI", default = Ref::null())]
    pub pci: Ref<Pci>,
    /// Its group.
    #[field(StaticRO, name = "GPU_group", default = Ref::null())]
    pub gpu_group: Ref<GpuGroup>,
    /// The host.
    #[field(DynamicRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Types of virtual GPUs that it can run.
    #[field(DynamicRO, name = "supported_VGPU_types")]
    pub supported_vgpu_types: Vec<Ref<VgpuType>>,
    /// Types of virtual GPUs that it may run.
    #[field(DynamicRO, name = "enabled_VGPU_types")]
    pub enabled_vgpu_types: Vec<Ref<VgpuType>>,
    /// Virtual GPUs that it runs.
    #[field(DynamicRO, name = "resident_VGPUs", view = Vgpu::RESIDENT_ON)]
    pub resident_vgpus: Many<Vgpu>,
    /// How many of each type it can run at most.
    #[field(DynamicRO, name = "supported_VGPU_max_capacities", default = BTreeMap::new())]
    pub supported_vgpu_max_capacities: BTreeMap<Ref<VgpuType>, i64>,
    /// Whether the host itself uses it; the PCI device tells the same.
    #[field(DynamicRO, default = PciDom0Access::Enabled, state = Deprecated)]
    pub dom0_access: PciDom0Access,
    /// True if the host's screen hangs on it.
    #[field(DynamicRO, default = false)]
    pub is_system_display_device: bool,
    /// What decides whether a machine can move to it.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub compatibility_metadata: BTreeMap<String, String>,
}

/// Keeps the host from using it from the next reboot on; PCI.disable_dom0_access replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.disable_dom0_access", out = PciDom0Access, role = PoolOperator, state = Deprecated)]
pub struct DisableDom0Access {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
}

/// Lets the host use it from the next reboot on; PCI.enable_dom0_access replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.enable_dom0_access", out = PciDom0Access, role = PoolOperator, state = Deprecated)]
pub struct EnableDom0Access {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
}

/// How many more virtual GPUs of a type it could run.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.get_remaining_capacity", out = i64, role = ReadOnly)]
pub struct GetRemainingCapacity {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
    /// The type.
    pub vgpu_type: Ref<VgpuType>,
}

/// Puts it into another group. Refused with PGPU_NOT_COMPATIBLE_WITH_GPU_GROUP and PGPU_IN_USE_BY_VM.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.set_GPU_group", role = PoolOperator)]
pub struct SetGpuGroup {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
    /// The group.
    pub value: Ref<GpuGroup>,
}

/// Says which types it may run. Refused with VGPU_TYPE_NOT_SUPPORTED and PGPU_IN_USE_BY_VM.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.set_enabled_VGPU_types", role = PoolOperator)]
pub struct SetEnabledVgpuTypes {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
    /// The types.
    pub value: Vec<Ref<VgpuType>>,
}

/// Keeps it from running a type. Refused with PGPU_IN_USE_BY_VM.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.remove_enabled_VGPU_types", role = PoolOperator)]
pub struct RemoveEnabledVgpuTypes {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
    /// The type.
    pub value: Ref<VgpuType>,
}

/// Lets it run one more type. Refused with VGPU_TYPE_NOT_SUPPORTED.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.add_enabled_VGPU_types", role = PoolOperator)]
pub struct AddEnabledVgpuTypes {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
    /// The type.
    pub value: Ref<VgpuType>,
}
