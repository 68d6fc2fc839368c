//! Class `VGPU`.

use std::collections::BTreeMap;

use super::*;

/// Vgpu.
#[derive(Clone, Debug, Class)]
#[class(name = "VGPU", role = PoolOperator, calls(Destroy, Create))]
pub struct Vgpu {
    /// Unique identifier of the VGPU. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// VM.
    #[field(DynamicRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// GPU group.
    #[field(DynamicRO, name = "GPU_group")]
    pub gpu_group: Ref<GpuGroup>,
    /// Device.
    #[field(DynamicRO, default = "0".to_owned())]
    pub device: String,
    /// Currently attached.
    #[field(DynamicRO, default = false)]
    pub currently_attached: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Type.
    #[field(DynamicRO, name = "type", default = Ref::null())]
    pub kind: Ref<VgpuType>,
    /// Resident on.
    #[field(DynamicRO, default = Ref::null())]
    pub resident_on: Ref<Pgpu>,
    /// Scheduled to be resident on.
    #[field(DynamicRO, default = Ref::null())]
    pub scheduled_to_be_resident_on: Ref<Pgpu>,
    /// Compatibility metadata.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub compatibility_metadata: BTreeMap<String, String>,
    /// Extra args.
    #[field(RW, default = String::new())]
    pub extra_args: String,
    /// PCI.
    #[field(DynamicRO, name = "PCI", default = Ref::null())]
    pub pci: Ref<Pci>,
}

/// Destroy of VGPU.
#[derive(Clone, Debug, Call)]
#[call(name = "VGPU.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The VGPU.
    #[param(name = "self")]
    pub this: Ref<Vgpu>,
}

/// Create of VGPU.
#[derive(Clone, Debug, Call)]
#[call(name = "VGPU.create", out = Ref<Vgpu>, role = PoolOperator)]
pub struct Create {
    /// VM.
    #[param(name = "VM")]
    pub vm: Ref<Vm>,
    /// GPU group.
    #[param(name = "GPU_group")]
    pub gpu_group: Ref<GpuGroup>,
    /// Device.
    #[param(default = "0".to_owned())]
    pub device: String,
    /// Other config.
    #[param(default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Type.
    #[param(name = "type", default = Ref::null())]
    pub kind: Ref<VgpuType>,
}
