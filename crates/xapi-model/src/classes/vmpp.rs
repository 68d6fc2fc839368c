//! Class `VMPP`.

use std::collections::BTreeMap;

use super::*;

/// Vmpp.
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
    /// Is policy enabled.
    #[field(RW, default = true, state = Removed)]
    pub is_policy_enabled: bool,
    /// Backup type.
    #[field(RW, default = VmppBackupType::Snapshot, state = Removed)]
    pub backup_type: VmppBackupType,
    /// Backup retention value.
    #[field(StaticRO, default = 7, state = Removed)]
    pub backup_retention_value: i64,
    /// Backup frequency.
    #[field(StaticRO, default = VmppBackupFrequency::Daily, state = Removed)]
    pub backup_frequency: VmppBackupFrequency,
    /// Backup schedule.
    #[field(StaticRO, default = BTreeMap::new(), state = Removed)]
    pub backup_schedule: BTreeMap<String, String>,
    /// Is backup running.
    #[field(DynamicRO, state = Removed)]
    pub is_backup_running: bool,
    /// Backup last run time.
    #[field(DynamicRO, default = DateTime::epoch(), state = Removed)]
    pub backup_last_run_time: DateTime,
    /// Archive target type.
    #[field(StaticRO, default = VmppArchiveTargetType::None, state = Removed)]
    pub archive_target_type: VmppArchiveTargetType,
    /// Archive target config.
    #[field(StaticRO, default = BTreeMap::new(), state = Removed)]
    pub archive_target_config: BTreeMap<String, String>,
    /// Archive frequency.
    #[field(StaticRO, default = VmppArchiveFrequency::Never, state = Removed)]
    pub archive_frequency: VmppArchiveFrequency,
    /// Archive schedule.
    #[field(StaticRO, default = BTreeMap::new(), state = Removed)]
    pub archive_schedule: BTreeMap<String, String>,
    /// Is archive running.
    #[field(DynamicRO, state = Removed)]
    pub is_archive_running: bool,
    /// Archive last run time.
    #[field(DynamicRO, default = DateTime::epoch(), state = Removed)]
    pub archive_last_run_time: DateTime,
    /// VMs.
    #[field(DynamicRO, name = "VMs", view = Vm::PROTECTION_POLICY, state = Removed)]
    pub vms: Many<Vm>,
    /// Is alarm enabled.
    #[field(StaticRO, default = false, state = Removed)]
    pub is_alarm_enabled: bool,
    /// Alarm config.
    #[field(StaticRO, default = BTreeMap::new(), state = Removed)]
    pub alarm_config: BTreeMap<String, String>,
    /// Recent alerts.
    #[field(DynamicRO, default = Vec::new(), state = Removed)]
    pub recent_alerts: Vec<String>,
}

/// Vmpp backup type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmpp_backup_type")]
pub enum VmppBackupType {
    /// Snapshot.
    #[wire(name = "snapshot")]
    Snapshot,
    /// Checkpoint.
    #[wire(name = "checkpoint")]
    Checkpoint,
}

/// Vmpp backup frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmpp_backup_frequency")]
pub enum VmppBackupFrequency {
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

/// Vmpp archive frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmpp_archive_frequency")]
pub enum VmppArchiveFrequency {
    /// Never.
    #[wire(name = "never")]
    Never,
    /// Always after backup.
    #[wire(name = "always_after_backup")]
    AlwaysAfterBackup,
    /// Daily.
    #[wire(name = "daily")]
    Daily,
    /// Weekly.
    #[wire(name = "weekly")]
    Weekly,
}

/// Vmpp archive target type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vmpp_archive_target_type")]
pub enum VmppArchiveTargetType {
    /// None.
    #[wire(name = "none")]
    None,
    /// Cifs.
    #[wire(name = "cifs")]
    Cifs,
    /// Nfs.
    #[wire(name = "nfs")]
    Nfs,
}

/// Set archive last run time of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_archive_last_run_time", role = LocalRoot, state = Removed, sync)]
pub struct SetArchiveLastRunTime {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Value.
    pub value: DateTime,
}

/// Set backup last run time of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_backup_last_run_time", role = LocalRoot, state = Removed, sync)]
pub struct SetBackupLastRunTime {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Value.
    pub value: DateTime,
}

/// Remove from alarm config of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.remove_from_alarm_config", role = PoolOperator, state = Removed, sync)]
pub struct RemoveFromAlarmConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Key.
    pub key: String,
}

/// Remove from archive schedule of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.remove_from_archive_schedule", role = PoolOperator, state = Removed, sync)]
pub struct RemoveFromArchiveSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Key.
    pub key: String,
}

/// Remove from archive target config of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.remove_from_archive_target_config", role = PoolOperator, state = Removed, sync)]
pub struct RemoveFromArchiveTargetConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Key.
    pub key: String,
}

/// Remove from backup schedule of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.remove_from_backup_schedule", role = PoolOperator, state = Removed, sync)]
pub struct RemoveFromBackupSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Key.
    pub key: String,
}

/// Add to alarm config of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.add_to_alarm_config", role = PoolOperator, state = Removed, sync)]
pub struct AddToAlarmConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Add to archive schedule of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.add_to_archive_schedule", role = PoolOperator, state = Removed, sync)]
pub struct AddToArchiveSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Add to archive target config of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.add_to_archive_target_config", role = PoolOperator, state = Removed, sync)]
pub struct AddToArchiveTargetConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Add to backup schedule of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.add_to_backup_schedule", role = PoolOperator, state = Removed, sync)]
pub struct AddToBackupSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Set alarm config of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_alarm_config", role = PoolOperator, state = Removed, sync)]
pub struct SetAlarmConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Set is alarm enabled of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_is_alarm_enabled", role = PoolOperator, state = Removed, sync)]
pub struct SetIsAlarmEnabled {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Value.
    pub value: bool,
}

/// Set archive target config of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_archive_target_config", role = PoolOperator, state = Removed, sync)]
pub struct SetArchiveTargetConfig {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Set archive target type of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_archive_target_type", role = PoolOperator, state = Removed, sync)]
pub struct SetArchiveTargetType {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Value.
    pub value: VmppArchiveTargetType,
}

/// Set archive schedule of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_archive_schedule", role = PoolOperator, state = Removed, sync)]
pub struct SetArchiveSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Set archive frequency of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_archive_frequency", role = PoolOperator, state = Removed, sync)]
pub struct SetArchiveFrequency {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Value.
    pub value: VmppArchiveFrequency,
}

/// Set backup schedule of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_backup_schedule", role = PoolOperator, state = Removed, sync)]
pub struct SetBackupSchedule {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Set backup frequency of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_backup_frequency", role = PoolOperator, state = Removed, sync)]
pub struct SetBackupFrequency {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Value.
    pub value: VmppBackupFrequency,
}

/// Set backup retention value of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.set_backup_retention_value", role = PoolOperator, state = Removed, sync)]
pub struct SetBackupRetentionValue {
    /// The VMPP.
    #[param(name = "self")]
    pub this: Ref<Vmpp>,
    /// Value.
    pub value: i64,
}

/// Get alerts of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.get_alerts", out = Vec<String>, role = PoolOperator, state = Removed, sync)]
pub struct GetAlerts {
    /// The VMPP.
    pub vmpp: Ref<Vmpp>,
    /// Hours from now.
    pub hours_from_now: i64,
}

/// Archive now of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.archive_now", out = String, role = VmPowerAdmin, state = Removed, sync)]
pub struct ArchiveNow {
    /// Snapshot.
    pub snapshot: Ref<Vm>,
}

/// Protect now of VMPP.
#[derive(Clone, Debug, Call)]
#[call(name = "VMPP.protect_now", out = String, role = PoolOperator, state = Removed, sync)]
pub struct ProtectNow {
    /// The VMPP.
    pub vmpp: Ref<Vmpp>,
}
