//! Class `PGPU`.

use std::collections::BTreeMap;

use super::*;

/// Pgpu.
#[derive(Clone, Debug, Class)]
#[class(name = "PGPU", role = PoolOperator, calls(DisableDom0Access, EnableDom0Access, GetRemainingCapacity, SetGpuGroup, SetEnabledVgpuTypes, RemoveEnabledVgpuTypes, AddEnabledVgpuTypes))]
pub struct Pgpu {
    /// Unique identifier of the PGPU. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// PCI.
    #[field(StaticRO, name = "PCI", default = Ref::null())]
    pub pci: Ref<Pci>,
    /// GPU group.
    #[field(StaticRO, name = "GPU_group", default = Ref::null())]
    pub gpu_group: Ref<GpuGroup>,
    /// Host.
    #[field(DynamicRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Supported VGPU types.
    #[field(DynamicRO, name = "supported_VGPU_types")]
    pub supported_vgpu_types: Vec<Ref<VgpuType>>,
    /// Enabled VGPU types.
    #[field(DynamicRO, name = "enabled_VGPU_types")]
    pub enabled_vgpu_types: Vec<Ref<VgpuType>>,
    /// Resident VGPUs.
    #[field(DynamicRO, name = "resident_VGPUs", view = Vgpu::RESIDENT_ON)]
    pub resident_vgpus: Many<Vgpu>,
    /// Supported VGPU max capacities.
    #[field(DynamicRO, name = "supported_VGPU_max_capacities", default = BTreeMap::new())]
    pub supported_vgpu_max_capacities: BTreeMap<Ref<VgpuType>, i64>,
    /// Dom0 access.
    #[field(DynamicRO, default = PciDom0Access::Enabled, state = Deprecated)]
    pub dom0_access: PciDom0Access,
    /// Is system display device.
    #[field(DynamicRO, default = false)]
    pub is_system_display_device: bool,
    /// Compatibility metadata.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub compatibility_metadata: BTreeMap<String, String>,
}

/// Disable dom0 access of PGPU.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.disable_dom0_access", out = PciDom0Access, role = PoolOperator, state = Deprecated)]
pub struct DisableDom0Access {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
}

/// Enable dom0 access of PGPU.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.enable_dom0_access", out = PciDom0Access, role = PoolOperator, state = Deprecated)]
pub struct EnableDom0Access {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
}

/// Get remaining capacity of PGPU.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.get_remaining_capacity", out = i64, role = ReadOnly)]
pub struct GetRemainingCapacity {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
    /// Vgpu type.
    pub vgpu_type: Ref<VgpuType>,
}

/// Set GPU group of PGPU.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.set_GPU_group", role = PoolOperator)]
pub struct SetGpuGroup {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
    /// Value.
    pub value: Ref<GpuGroup>,
}

/// Set enabled VGPU types of PGPU.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.set_enabled_VGPU_types", role = PoolOperator)]
pub struct SetEnabledVgpuTypes {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
    /// Value.
    pub value: Vec<Ref<VgpuType>>,
}

/// Remove enabled VGPU types of PGPU.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.remove_enabled_VGPU_types", role = PoolOperator)]
pub struct RemoveEnabledVgpuTypes {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
    /// Value.
    pub value: Ref<VgpuType>,
}

/// Add enabled VGPU types of PGPU.
#[derive(Clone, Debug, Call)]
#[call(name = "PGPU.add_enabled_VGPU_types", role = PoolOperator)]
pub struct AddEnabledVgpuTypes {
    /// The PGPU.
    #[param(name = "self")]
    pub this: Ref<Pgpu>,
    /// Value.
    pub value: Ref<VgpuType>,
}
