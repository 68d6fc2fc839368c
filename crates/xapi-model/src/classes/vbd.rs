//! Class `VBD`.

use std::collections::BTreeMap;

use super::*;

/// Vbd.
#[derive(Clone, Debug, Class)]
#[class(name = "VBD", role = VmAdmin, ctor, calls(SetMode, AssertAttachable, UnplugForce, Unplug, Plug, Insert, Eject))]
pub struct Vbd {
    /// Unique identifier of the VBD. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// What may be asked of the VBD in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<VbdOperations>,
    /// What is being done to the VBD right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, VbdOperations>,
    /// VM.
    #[field(StaticRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// VDI.
    #[field(StaticRO, name = "VDI")]
    pub vdi: Ref<Vdi>,
    /// Device.
    #[field(StaticRO, default = String::new())]
    pub device: String,
    /// Userdevice.
    #[field(RW)]
    pub userdevice: String,
    /// Bootable.
    #[field(RW)]
    pub bootable: bool,
    /// Mode.
    #[field(StaticRO)]
    pub mode: VbdMode,
    /// Type.
    #[field(RW, name = "type")]
    pub kind: VbdType,
    /// Unpluggable.
    #[field(RW, default = true)]
    pub unpluggable: bool,
    /// Storage lock.
    #[field(DynamicRO)]
    pub storage_lock: bool,
    /// Empty.
    #[field(StaticRO)]
    pub empty: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW)]
    pub other_config: BTreeMap<String, String>,
    /// Currently attached.
    #[field(StaticRO, default = false)]
    pub currently_attached: bool,
    /// Status code.
    #[field(DynamicRO)]
    pub status_code: i64,
    /// Status detail.
    #[field(DynamicRO)]
    pub status_detail: String,
    /// Runtime properties.
    #[field(DynamicRO)]
    pub runtime_properties: BTreeMap<String, String>,
    /// Qos algorithm type.
    #[field(RW, db = "qos__algorithm_type")]
    pub qos_algorithm_type: String,
    /// Qos algorithm params.
    #[field(RW, db = "qos__algorithm_params")]
    pub qos_algorithm_params: BTreeMap<String, String>,
    /// Qos supported algorithms.
    #[field(DynamicRO, db = "qos__supported_algorithms")]
    pub qos_supported_algorithms: Vec<String>,
    /// Metrics.
    #[field(DynamicRO, default = Ref::null(), state = Removed)]
    pub metrics: Ref<VbdMetrics>,
}

/// Vbd operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vbd_operations")]
pub enum VbdOperations {
    /// Attach.
    #[wire(name = "attach")]
    Attach,
    /// Eject.
    #[wire(name = "eject")]
    Eject,
    /// Insert.
    #[wire(name = "insert")]
    Insert,
    /// Plug.
    #[wire(name = "plug")]
    Plug,
    /// Unplug.
    #[wire(name = "unplug")]
    Unplug,
    /// Unplug force.
    #[wire(name = "unplug_force")]
    UnplugForce,
    /// Pause.
    #[wire(name = "pause")]
    Pause,
    /// Unpause.
    #[wire(name = "unpause")]
    Unpause,
}

/// Vbd type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vbd_type")]
pub enum VbdType {
    /// Cd.
    #[wire(name = "CD")]
    Cd,
    /// Disk.
    #[wire(name = "Disk")]
    Disk,
    /// Floppy.
    #[wire(name = "Floppy")]
    Floppy,
}

/// Vbd mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vbd_mode")]
pub enum VbdMode {
    /// Ro.
    #[wire(name = "RO")]
    Ro,
    /// Rw.
    #[wire(name = "RW")]
    Rw,
}

/// Set mode of VBD.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.set_mode", role = VmAdmin)]
pub struct SetMode {
    /// The VBD.
    #[param(name = "self")]
    pub this: Ref<Vbd>,
    /// Value.
    pub value: VbdMode,
}

/// Assert attachable of VBD.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.assert_attachable", role = VmAdmin)]
pub struct AssertAttachable {
    /// The VBD.
    #[param(name = "self")]
    pub this: Ref<Vbd>,
}

/// Unplug force of VBD.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.unplug_force", role = VmAdmin)]
pub struct UnplugForce {
    /// The VBD.
    #[param(name = "self")]
    pub this: Ref<Vbd>,
}

/// Unplug of VBD.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.unplug", role = VmAdmin)]
pub struct Unplug {
    /// The VBD.
    #[param(name = "self")]
    pub this: Ref<Vbd>,
}

/// Plug of VBD.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.plug", role = VmAdmin)]
pub struct Plug {
    /// The VBD.
    #[param(name = "self")]
    pub this: Ref<Vbd>,
}

/// Insert of VBD.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.insert", role = VmOperator)]
pub struct Insert {
    /// The VBD.
    pub vbd: Ref<Vbd>,
    /// Vdi.
    pub vdi: Ref<Vdi>,
}

/// Eject of VBD.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.eject", role = VmOperator)]
pub struct Eject {
    /// The VBD.
    pub vbd: Ref<Vbd>,
}
