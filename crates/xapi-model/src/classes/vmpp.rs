//! Class `VMPP`.

use std::collections::BTreeMap;

use super::*;

/// Was a policy by which machines were archived. Snapshot schedules (VMSS) replace it; all of its calls
/// answer MESSAGE_REMOVED.
#[derive(Clone, Debug, Class)]
#[class(name = "VMPP", role = PoolOperator, ctor, state = Removed, calls(SetArchiveLastRunTime, SetBackupLastRunTime, RemoveFromAlarmConfig, RemoveFromArchiveSchedule, RemoveFromArchiveTargetConfig, RemoveFromBackupSchedule, AddToAlarmConfig, AddToArchiveSchedule, AddToArchiveTargetConfig, AddToBackupSchedule, SetAlarmConfig, SetIsAlarmEnabled, SetArchiveTargetConfig, SetArchiveTargetType, SetArchiveSchedule, SetArchiveFrequency, SetBackupSchedule, SetBackupFrequency, SetBackupRetentionValue, GetAlerts, ArchiveNow, ProtectNow))]
pub struct Vmpp {
    /// Unique identifier of the VMPP. It never changes.
    #[field(DynamicRO, state = Removed)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new(), state = Removed)]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new(), state = Removed)]
    pub name_description: String,
    /// Was true while it was in force.
    #[field(RW, default = true, state = Removed)]
    pub is_policy_enabled: bool,
    /// Was the kind of its snapshots.
    #[field(RW, default = VmppBackupType::Snapshot, state = Removed)]
    pub backup_type: VmppBackupType,
    /// Was how many snapshots it kept.
    #[field(StaticRO, default = 7, state = Removed)]
    pub backup_retention_value: i64,
    /// Was how often it took snapshots.
    #[field(StaticRO, default = VmppBackupFrequency::Daily, state = Removed)]
    pub backup_frequency: VmppBackupFrequency,
    /// Was the times of its snapshots.
    #[field(StaticRO, default = BTreeMap::new(), state = Removed)]
    pub backup_schedule: BTreeMap<String, String>,
    /// Was true while it took snapshots.
    #[field(DynamicRO, state = Removed)]
    pub is_backup_running: bool,
    /// Was when it last took snapshots.
    #[field(DynamicRO, default = DateTime::epoch(), state = Removed)]
    pub backup_last_run_time: DateTime,
    /// Was the kind of place for archives.
    #[field(StaticRO, default = VmppArchiveTargetType::None, state = Removed)]
    pub archive_target_type: VmppArchiveTargetType,
    /// Was how to reach that place.
    #[field(StaticRO, default = BTreeMap::new(), state = Removed)]
    pub archive_target_config: BTreeMap<String, String>,
    /// Was how often it archived.
    #[field(StaticRO, default = VmppArchiveFrequency::Never, state = Removed)]
    pub archive_frequency: VmppArchiveFrequency,
    /// Was the times of its archives.
    #[field(StaticRO, default = BTreeMap::new(), state = Removed)]
    pub archive_schedule: BTreeMap<String, String>,
    /// Was true while it archived.
    #[field(DynamicRO, state = Removed)]
    pub is_archive_running: bool,
    /// Was when it last archived.
    #[field(DynamicRO, default = DateTime::epoch(), state = Removed)]
    pub archive_last_run_time: DateTime,
    /// Was the machines that it was for.
    #[field(DynamicRO, name = "VMs", view = Vm::PROTECTION_POLICY, state = Removed)]
    pub vms: Many<Vm>,
    /// Was true if it sent mail.
    #[field(StaticRO, default = false, state = Removed)]
    pub is_alarm_enabled: bool,
    /// Was how it sent mail.
    #[field(StaticRO, default = BTreeMap::new(), state = Removed)]
    pub alarm_config: BTreeMap<String, String>,
    /// Was its latest alerts.
    #[field(DynamicRO, default = Vec::new(), state = Removed)]
    pub recent_alerts: Vec<String>,
}

/// Kind of snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmpp_backup_type")]
pub enum VmppBackupType {
    /// Disks only.
    #[wire(name = "snapshot")]
    Snapshot,
    /// Disks and memory.
    #[wire(name = "checkpoint")]
    Checkpoint,
}

/// How often snapshots were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmpp_backup_frequency")]
pub enum VmppBackupFrequency {
    /// Every hour.
    #[wire(name = "hourly")]
    Hourly,
    /// Every day.
    #[wire(name = "daily")]
    Daily,
    /// Every week.
    #[wire(name = "weekly")]
    Weekly,
}

/// How often archives were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmpp_archive_frequency")]
pub enum VmppArchiveFrequency {
    /// Not at all.
    #[wire(name = "never")]
    Never,
    /// After every snapshot.
    #[wire(name = "always_after_backup")]
    AlwaysAfterBackup,
    /// Every day.
    #[wire(name = "daily")]
    Daily,
    /// Every week.
    #[wire(name = "weekly")]
    Weekly,
}

/// Kind of place for archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmpp_archive_target_type")]
pub enum VmppArchiveTargetType {
    /// Backups are not archived.
    #[wire(name = "none")]
    None,
    /// A Windows share.
    #[wire(name = "cifs")]
    Cifs,
    /// An NFS export.
    #[wire(name = "nfs")]
    Nfs,
}

/// Set when it last archived.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_archive_last_run_time", role = LocalRoot, state = Removed, sync)]
pub struct SetArchiveLastRunTime {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The time.
    pub value: DateTime,
}

/// Set when it last took snapshots.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_backup_last_run_time", role = LocalRoot, state = Removed, sync)]
pub struct SetBackupLastRunTime {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The time.
    pub value: DateTime,
}

/// Removed a setting of its mail.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.remove_from_alarm_config", role = PoolOperator, state = Removed, sync)]
pub struct RemoveFromAlarmConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The setting.
    pub key: String,
}

/// Removed a setting of its archive times.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.remove_from_archive_schedule", role = PoolOperator, state = Removed, sync)]
pub struct RemoveFromArchiveSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The setting.
    pub key: String,
}

/// Removed a setting of its place for archives.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.remove_from_archive_target_config", role = PoolOperator, state = Removed, sync)]
pub struct RemoveFromArchiveTargetConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The setting.
    pub key: String,
}

/// Removed a setting of its snapshot times.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.remove_from_backup_schedule", role = PoolOperator, state = Removed, sync)]
pub struct RemoveFromBackupSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The setting.
    pub key: String,
}

/// Added a setting of its mail.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.add_to_alarm_config", role = PoolOperator, state = Removed, sync)]
pub struct AddToAlarmConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The setting.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Added a setting of its archive times.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.add_to_archive_schedule", role = PoolOperator, state = Removed, sync)]
pub struct AddToArchiveSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The setting.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Added a setting of its place for archives.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.add_to_archive_target_config", role = PoolOperator, state = Removed, sync)]
pub struct AddToArchiveTargetConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The setting.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Added a setting of its snapshot times.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.add_to_backup_schedule", role = PoolOperator, state = Removed, sync)]
pub struct AddToBackupSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The setting.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Set how it sent mail.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_alarm_config", role = PoolOperator, state = Removed, sync)]
pub struct SetAlarmConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The settings.
    pub value: BTreeMap<String, String>,
}

/// Set whether it sent mail.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_is_alarm_enabled", role = PoolOperator, state = Removed, sync)]
pub struct SetIsAlarmEnabled {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// True if it did.
    pub value: bool,
}

/// Set how to reach the place for archives.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_archive_target_config", role = PoolOperator, state = Removed, sync)]
pub struct SetArchiveTargetConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The settings.
    pub value: BTreeMap<String, String>,
}

/// Set the kind of place for archives.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_archive_target_type", role = PoolOperator, state = Removed, sync)]
pub struct SetArchiveTargetType {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The kind.
    pub value: VmppArchiveTargetType,
}

/// Set the times of its archives.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_archive_schedule", role = PoolOperator, state = Removed, sync)]
pub struct SetArchiveSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The settings.
    pub value: BTreeMap<String, String>,
}

/// Set how often it archived.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_archive_frequency", role = PoolOperator, state = Removed, sync)]
pub struct SetArchiveFrequency {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// How often.
    pub value: VmppArchiveFrequency,
}

/// Set the times of its snapshots.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_backup_schedule", role = PoolOperator, state = Removed, sync)]
pub struct SetBackupSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// The settings.
    pub value: BTreeMap<String, String>,
}

/// Set how often it took snapshots.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_backup_frequency", role = PoolOperator, state = Removed, sync)]
pub struct SetBackupFrequency {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// How often.
    pub value: VmppBackupFrequency,
}

/// Set how many snapshots it kept.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_backup_retention_value", role = PoolOperator, state = Removed, sync)]
pub struct SetBackupRetentionValue {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Their number.
    pub value: i64,
}

/// Listed its alerts.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.get_alerts", out = Vec<String>, role = PoolOperator, state = Removed, sync)]
pub struct GetAlerts {
    /// The VMPP.
    pub vmpp: Ref<Vmpp>,
    /// How many hours to look back.
    pub hours_from_now: i64,
}

/// Archived a snapshot at once.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.archive_now", out = String, role = VmPowerAdmin, state = Removed, sync)]
pub struct ArchiveNow {
    /// The snapshot.
    pub snapshot: Ref<Vm>,
}

/// Took snapshots at once.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.protect_now", out = String, role = PoolOperator, state = Removed, sync)]
pub struct ProtectNow {
    /// The VMPP.
    pub vmpp: Ref<Vmpp>,
}
