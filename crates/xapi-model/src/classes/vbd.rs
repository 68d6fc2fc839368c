//! Class `VBD`.

use std::collections::BTreeMap;

use super::*;

/// A drive of a machine: it connects the machine to a disk or a CD.
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
    /// The machine.
    #[field(StaticRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// The disk or CD in it, or null.
    #[field(StaticRO, name = "VDI")]
    pub vdi: Ref<Vdi>,
    /// Name that the guest sees while it runs, such as `xvda`.
    #[field(StaticRO, default = String::new())]
    pub device: String,
    /// Its position: a number, `hda` or `xvda` and so on, or `autodetect`.
    #[field(RW)]
    pub userdevice: String,
    /// True if the machine can start from it.
    #[field(RW)]
    pub bootable: bool,
    /// Whether the machine may write to it.
    #[field(StaticRO)]
    pub mode: VbdMode,
    /// Kind of drive.
    #[field(RW, name = "type")]
    pub kind: VbdType,
    /// True if it may be unplugged while the machine runs.
    #[field(RW, default = true)]
    pub unpluggable: bool,
    /// True while the storage holds a lock for it.
    #[field(DynamicRO)]
    pub storage_lock: bool,
    /// True if nothing is in it.
    #[field(StaticRO)]
    pub empty: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW)]
    pub other_config: BTreeMap<String, String>,
    /// True while it is plugged into the running machine, or would be on resume.
    #[field(StaticRO, default = false)]
    pub currently_attached: bool,
    /// Result of the last change of the device, from the days of older drivers; 0.
    #[field(DynamicRO)]
    pub status_code: i64,
    /// Text for the status code; empty.
    #[field(DynamicRO)]
    pub status_detail: String,
    /// What the running device tells about itself.
    #[field(DynamicRO)]
    pub runtime_properties: BTreeMap<String, String>,
    /// How its use is limited: `ionice`, or empty for not at all.
    #[field(RW, db = "qos__algorithm_type")]
    pub qos_algorithm_type: String,
    /// Parameters of the limit: `sched` and `class`.
    #[field(RW, db = "qos__algorithm_params")]
    pub qos_algorithm_params: BTreeMap<String, String>,
    /// The limits that may be set.
    #[field(DynamicRO, db = "qos__supported_algorithms")]
    pub qos_supported_algorithms: Vec<String>,
    /// Was the record of its traffic. Rates are kept by the machine's data sources now.
    #[field(DynamicRO, default = Ref::null(), state = Removed)]
    pub metrics: Ref<VbdMetrics>,
}

/// What can be done to a drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vbd_operations")]
pub enum VbdOperations {
    /// Prepare it for a machine that starts.
    #[wire(name = "attach")]
    Attach,
    /// Take the CD out.
    #[wire(name = "eject")]
    Eject,
    /// Put a CD in.
    #[wire(name = "insert")]
    Insert,
    /// Plug it into a running machine.
    #[wire(name = "plug")]
    Plug,
    /// Take it out of a running machine.
    #[wire(name = "unplug")]
    Unplug,
    /// Take it out without waiting for the guest.
    #[wire(name = "unplug_force")]
    UnplugForce,
    /// Hold its traffic.
    #[wire(name = "pause")]
    Pause,
    /// Let its traffic go on.
    #[wire(name = "unpause")]
    Unpause,
}

/// Kind of drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vbd_type")]
pub enum VbdType {
    /// A CD drive.
    #[wire(name = "CD")]
    Cd,
    /// A disk.
    #[wire(name = "Disk")]
    Disk,
    /// A floppy drive.
    #[wire(name = "Floppy")]
    Floppy,
}

/// Whether a machine may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vbd_mode")]
pub enum VbdMode {
    /// It may only read.
    #[wire(name = "RO")]
    Ro,
    /// It may read and write.
    #[wire(name = "RW")]
    Rw,
}

/// Says whether the machine may write to it. Changed while unplugged only.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.set_mode", role = VmAdmin)]
pub struct SetMode {
    /// The VBD.
    #[param(name = "self")]
    pub this: Ref<Vbd>,
    /// Whether it may write.
    pub value: VbdMode,
}

/// Succeeds if it could be plugged. Refused with VDI_IN_USE, SR_NOT_ATTACHED and others.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.assert_attachable", role = VmAdmin)]
pub struct AssertAttachable {
    /// The VBD.
    #[param(name = "self")]
    pub this: Ref<Vbd>,
}

/// Takes it from a running machine without waiting for the guest to let go. The guest may lose data.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.unplug_force", role = VmAdmin)]
pub struct UnplugForce {
    /// The VBD.
    #[param(name = "self")]
    pub this: Ref<Vbd>,
}

/// Asks the guest to let go, then takes it from the running machine. Refused with DEVICE_DETACH_REJECTED,
/// DEVICE_ALREADY_DETACHED and VBD_NOT_UNPLUGGABLE.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.unplug", role = VmAdmin)]
pub struct Unplug {
    /// The VBD.
    #[param(name = "self")]
    pub this: Ref<Vbd>,
}

/// Plugs it into the running machine. Refused with DEVICE_ALREADY_ATTACHED, VDI_IN_USE and SR_NOT_ATTACHED.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.plug", role = VmAdmin)]
pub struct Plug {
    /// The VBD.
    #[param(name = "self")]
    pub this: Ref<Vbd>,
}

/// Puts a CD into an empty drive. Refused with VBD_NOT_REMOVABLE_MEDIA and VBD_NOT_EMPTY.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.insert", role = VmOperator)]
pub struct Insert {
    /// The VBD.
    pub vbd: Ref<Vbd>,
    /// The CD.
    pub vdi: Ref<Vdi>,
}

/// Takes the CD out of the drive. Refused with VBD_NOT_REMOVABLE_MEDIA, VBD_IS_EMPTY and VBD_TRAY_LOCKED.
#[derive(Clone, Debug, Call)]
#[call(name = "VBD.eject", role = VmOperator)]
pub struct Eject {
    /// The VBD.
    pub vbd: Ref<Vbd>,
}
