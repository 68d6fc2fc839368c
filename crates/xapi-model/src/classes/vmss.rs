//! Class `VMSS`.

use std::collections::BTreeMap;

use super::*;

/// A schedule by which snapshots of machines are taken.
#[derive(Clone, Debug, Class)]
#[class(name = "VMSS", role = PoolOperator, ctor, calls(SetType, SetLastRunTime, RemoveFromSchedule, AddToSchedule, SetSchedule, SetFrequency, SetRetainedSnapshots, SnapshotNow))]
pub struct Vmss {
    /// Unique identifier of the VMSS. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new())]
    pub name_description: String,
    /// True while it is in force.
    #[field(RW, default = true)]
    pub enabled: bool,
    /// Kind of its snapshots.
    #[field(StaticRO, name = "type")]
    pub kind: VmssType,
    /// How many snapshots of a machine it keeps; older ones are removed.
    #[field(StaticRO, default = 7)]
    pub retained_snapshots: i64,
    /// How often it takes snapshots.
    #[field(StaticRO)]
    pub frequency: VmssFrequency,
    /// At what times: `hour`, `min` and `days`.
    #[field(StaticRO, default = BTreeMap::new())]
    pub schedule: BTreeMap<String, String>,
    /// When it last took snapshots.
    #[field(DynamicRO, default = DateTime::epoch())]
    pub last_run_time: DateTime,
    /// The machines that it is for.
    #[field(DynamicRO, name = "VMs", view = Vm::SNAPSHOT_SCHEDULE)]
    pub vms: Many<Vm>,
}

/// How often snapshots are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmss_frequency")]
pub enum VmssFrequency {
    /// Every hour.
    #[wire(name = "hourly")]
    Hourly,
    /// Every day.
    #[wire(name = "daily")]
    Daily,
    /// On given days of the week.
    #[wire(name = "weekly")]
    Weekly,
}

/// Kind of snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmss_type")]
pub enum VmssType {
    /// Disks only.
    #[wire(name = "snapshot")]
    Snapshot,
    /// Disks and memory.
    #[wire(name = "checkpoint")]
    Checkpoint,
    /// Disks, with the guest's help. No longer supported.
    #[wire(name = "snapshot_with_quiesce")]
    SnapshotWithQuiesce,
}

/// Sets the kind of its snapshots.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.set_type", role = PoolOperator, sync)]
pub struct SetType {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// The kind.
    pub value: VmssType,
}

/// Notes when it last took snapshots.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.set_last_run_time", role = LocalRoot, sync)]
pub struct SetLastRunTime {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// The time.
    pub value: DateTime,
}

/// Removes one of its times.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.remove_from_schedule", role = PoolOperator, sync)]
pub struct RemoveFromSchedule {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// `hour`, `min` or `days`.
    pub key: String,
}

/// Adds one of its times. Refused with INVALID_VALUE.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.add_to_schedule", role = PoolOperator, sync)]
pub struct AddToSchedule {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// `hour`, `min` or `days`.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Sets its times. Refused with INVALID_VALUE.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.set_schedule", role = PoolOperator, sync)]
pub struct SetSchedule {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// `hour`, `min` and `days`.
    pub value: BTreeMap<String, String>,
}

/// Sets how often it takes snapshots.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.set_frequency", role = PoolOperator, sync)]
pub struct SetFrequency {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// How often.
    pub value: VmssFrequency,
}

/// Sets how many snapshots of a machine it keeps. Refused with VALUE_NOT_SUPPORTED.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.set_retained_snapshots", role = PoolOperator, sync)]
pub struct SetRetainedSnapshots {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// Their number.
    pub value: i64,
}

/// Takes snapshots at once, and returns a report.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.snapshot_now", out = String, role = PoolOperator, sync)]
pub struct SnapshotNow {
    /// The VMSS.
    pub vmss: Ref<Vmss>,
}
