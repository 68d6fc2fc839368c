//! Class `VMSS`.

use std::collections::BTreeMap;

use super::*;

/// Vmss.
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
    /// Enabled.
    #[field(RW, default = true)]
    pub enabled: bool,
    /// Type.
    #[field(StaticRO, name = "type")]
    pub kind: VmssType,
    /// Retained snapshots.
    #[field(StaticRO, default = 7)]
    pub retained_snapshots: i64,
    /// Frequency.
    #[field(StaticRO)]
    pub frequency: VmssFrequency,
    /// Schedule.
    #[field(StaticRO, default = BTreeMap::new())]
    pub schedule: BTreeMap<String, String>,
    /// Last run time.
    #[field(DynamicRO, default = DateTime::epoch())]
    pub last_run_time: DateTime,
    /// VMs.
    #[field(DynamicRO, name = "VMs", view = Vm::SNAPSHOT_SCHEDULE)]
    pub vms: Many<Vm>,
}

/// Vmss frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmss_frequency")]
pub enum VmssFrequency {
    /// Hourly.
    #[wire(name = "hourly")]
    Hourly,
    /// Daily.
    #[wire(name = "daily")]
    Daily,
    /// Weekly.
    #[wire(name = "weekly")]
    Weekly,
}

/// Vmss type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmss_type")]
pub enum VmssType {
    /// Snapshot.
    #[wire(name = "snapshot")]
    Snapshot,
    /// Checkpoint.
    #[wire(name = "checkpoint")]
    Checkpoint,
    /// Snapshot with quiesce.
    #[wire(name = "snapshot_with_quiesce")]
    SnapshotWithQuiesce,
}

/// Set type of VMSS.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.set_type", role = PoolOperator, sync)]
pub struct SetType {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// Value.
    pub value: VmssType,
}

/// Set last run time of VMSS.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.set_last_run_time", role = LocalRoot, sync)]
pub struct SetLastRunTime {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// Value.
    pub value: DateTime,
}

/// Remove from schedule of VMSS.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.remove_from_schedule", role = PoolOperator, sync)]
pub struct RemoveFromSchedule {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// Key.
    pub key: String,
}

/// Add to schedule of VMSS.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.add_to_schedule", role = PoolOperator, sync)]
pub struct AddToSchedule {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Set schedule of VMSS.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.set_schedule", role = PoolOperator, sync)]
pub struct SetSchedule {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Set frequency of VMSS.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.set_frequency", role = PoolOperator, sync)]
pub struct SetFrequency {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// Value.
    pub value: VmssFrequency,
}

/// Set retained snapshots of VMSS.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.set_retained_snapshots", role = PoolOperator, sync)]
pub struct SetRetainedSnapshots {
    /// The VMSS.
    #[param(name = "self")]
    pub this: Ref<Vmss>,
    /// Value.
    pub value: i64,
}

/// Snapshot now of VMSS.
#[derive(Clone, Debug, Call)]
#[call(name = "VMSS.snapshot_now", out = String, role = PoolOperator, sync)]
pub struct SnapshotNow {
    /// The VMSS.
    pub vmss: Ref<Vmss>,
}
