//! Class `VGPU`.

use std::collections::BTreeMap;

use super::*;

/// A virtual GPU of a machine.
#[derive(Clone, Debug, Class)]
#[class(name = "VGPU", role = PoolOperator, calls(Destroy, Create))]
pub struct Vgpu {
    /// Unique identifier of the VGPU. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The machine.
    #[field(DynamicRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// The group whose GPUs it may run on.
    #[field(DynamicRO, name = "GPU_group")]
    pub gpu_group: Ref<GpuGroup>,
    /// Its position.
    #[field(DynamicRO, default = "0".to_owned())]
    pub device: String,
    /// True while the machine runs with it.
    #[field(DynamicRO, default = false)]
    pub currently_attached: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Its type.
    #[field(DynamicRO, name = "type", default = Ref::null())]
    pub kind: Ref<VgpuType>,
    /// The GPU that it runs on, or null.
    #[field(DynamicRO, default = Ref::null())]
    pub resident_on: Ref<Pgpu>,
    /// The GPU that it is about to run on, or null.
    #[field(DynamicRO, default = Ref::null())]
    pub scheduled_to_be_resident_on: Ref<Pgpu>,
    /// What decides whether the machine can move.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub compatibility_metadata: BTreeMap<String, String>,
    /// Further settings of the emulator.
    #[field(RW, default = String::new())]
    pub extra_args: String,
    /// The PCI device that is passed to the machine, or null.
    #[field(DynamicRO, name = "PCI", default = Ref::null())]
    pub pci: Ref<Pci>,
}

/// Removes it. Refused with OPERATION_NOT_ALLOWED while the machine runs.
#[derive(Clone, Debug, Call)]
#[call(name = "VGPU.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The VGPU.
    #[param(name = "self")]
    pub this: Ref<Vgpu>,
}

/// Gives a machine a virtual GPU. Refused with VM_BAD_POWER_STATE and VGPU_TYPE_NOT_COMPATIBLE.
#[derive(Clone, Debug, Call)]
#[call(name = "VGPU.create", out = Ref<Vgpu>, role = PoolOperator)]
pub struct Create {
    /// The machine.
    #[param(name = "VM")]
    pub vm: Ref<Vm>,
    /// The group whose GPUs it may run on.
    #[param(name = "GPU_group")]
    pub gpu_group: Ref<GpuGroup>,
    /// Its position.
    #[param(default = "0".to_owned())]
    pub device: String,
    /// Free keys and values.
    #[param(default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Its type; null to pass a whole GPU.
    #[param(name = "type", default = Ref::null())]
    pub kind: Ref<VgpuType>,
}
