//! Calls of `VM`: what a machine is, besides its size.

use super::*;

/// Replaces the settings of its virtual hardware. Refused with INVALID_VALUE.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_platform", role = VmAdmin, sync)]
pub struct SetPlatform {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The new settings.
    pub value: BTreeMap<String, String>,
}

/// Removes one setting of its virtual hardware.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.remove_from_platform", role = VmAdmin, sync)]
pub struct RemoveFromPlatform {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The setting.
    pub key: String,
}

/// Adds one setting of its virtual hardware. Refused with MAP_DUPLICATE_KEY and INVALID_VALUE.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.add_to_platform", role = VmAdmin, sync)]
pub struct AddToPlatform {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The setting.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Replaces the free keys and values. Keys with a role of their own may be changed by that role only.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_other_config", role = VmAdmin, sync)]
pub struct SetOtherConfig {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The new keys and values.
    pub value: BTreeMap<String, String>,
}

/// Removes one key. A key that is not there is no error.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.remove_from_other_config", role = VmAdmin, sync)]
pub struct RemoveFromOtherConfig {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The key to remove.
    pub key: String,
}

/// Adds one key. Refused with MAP_DUPLICATE_KEY when it is there already.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.add_to_other_config", role = VmAdmin, sync)]
pub struct AddToOtherConfig {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The key to add.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Allows an operation again.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.remove_from_blocked_operations", role = VmAdmin)]
pub struct RemoveFromBlockedOperations {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The operation.
    pub key: VmOperations,
}

/// Forbids an operation, which from then on answers OPERATION_BLOCKED.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.add_to_blocked_operations", role = VmAdmin)]
pub struct AddToBlockedOperations {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The operation.
    pub key: VmOperations,
    /// Error code to answer with.
    pub value: String,
}

/// Replaces the forbidden operations.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_blocked_operations", role = VmAdmin)]
pub struct SetBlockedOperations {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// From each operation to the error code to answer with.
    pub value: BTreeMap<VmOperations, String>,
}

/// Says whether the machine gets newer Secure Boot certificates when it next starts.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.update_secureboot_certificates_on_boot", role = VmAdmin, state = Prototyped)]
pub struct UpdateSecurebootCertificatesOnBoot {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// True if it does.
    pub mark: bool,
}

/// Whether the machine can start with Secure Boot.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_secureboot_readiness", out = VmSecurebootReadiness, role = PoolAdmin, state = Prototyped)]
pub struct GetSecurebootReadiness {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Says who may change its Secure Boot keys. Returns what was done, as text.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_uefi_mode", out = String, role = PoolAdmin, state = Prototyped)]
pub struct SetUefiMode {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The mode.
    pub mode: VmUefiMode,
}

/// Changes between paravirtual and full virtualisation; VM.set_domain_type replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_HVM_boot_policy", role = VmAdmin, state = Deprecated, sync)]
pub struct SetHvmBootPolicy {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Empty for paravirtual, else `BIOS order`.
    pub value: String,
}

/// Changes the kind of virtualisation that it starts with.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_domain_type", role = VmAdmin, sync)]
pub struct SetDomainType {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The kind.
    pub value: DomainType,
}

/// Says what happens when its system crashes.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_actions_after_crash", role = VmAdmin)]
pub struct SetActionsAfterCrash {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// What happens.
    pub value: OnCrashBehaviour,
}

/// Says whether it has the device by which Windows finds its drivers. Changed while halted only.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_has_vendor_device", role = VmAdmin)]
pub struct SetHasVendorDevice {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// True if it has.
    pub value: bool,
}

/// Calls a plugin on the host that the machine runs on, in its name.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.call_host_plugin", out = String, role = VmOperator, state = Prototyped)]
pub struct CallHostPlugin {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the plugin.
    pub plugin: String,
    /// Function of the plugin.
    #[param(name = "fn")]
    pub fn_: String,
    /// Named arguments for the function.
    pub args: BTreeMap<String, String>,
}

/// Calls a plugin that acts inside the machine. Refused with VM_CALL_PLUGIN_RATE_LIMIT when it is called too
/// often.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.call_plugin", out = String, role = VmOperator)]
pub struct CallPlugin {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the plugin.
    pub plugin: String,
    /// Function of the plugin.
    #[param(name = "fn")]
    pub fn_: String,
    /// Named arguments for the function.
    pub args: BTreeMap<String, String>,
}

/// The services that a system domain offers. Refused with NOT_SYSTEM_DOMAIN.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.query_services", out = BTreeMap<String, String>, role = PoolAdmin)]
pub struct QueryServices {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Says in which placement group the machine is. Refused with TOO_MANY_GROUPS.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_groups", role = VmAdmin, state = Prototyped)]
pub struct SetGroups {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// None or one group.
    pub value: Vec<Ref<VmGroup>>,
}

/// Puts the machine into a group that is started as one.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_appliance", role = PoolOperator)]
pub struct SetAppliance {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The group, or null for none.
    pub value: Ref<VmAppliance>,
}

/// Names another disk that holds the memory of the suspended machine.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_suspend_VDI", role = PoolOperator)]
pub struct SetSuspendVdi {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The disk.
    pub value: Ref<Vdi>,
}

/// Sets its place when its group starts.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_order", role = PoolOperator)]
pub struct SetOrder {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The place; lower numbers first.
    pub value: i64,
}

/// Sets how long to wait after its shutdown.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_shutdown_delay", role = PoolOperator)]
pub struct SetShutdownDelay {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Seconds.
    pub value: i64,
}

/// Sets how long to wait after its start.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_start_delay", role = PoolOperator)]
pub struct SetStartDelay {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Seconds.
    pub value: i64,
}

/// Has snapshots taken by a schedule.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_snapshot_schedule", role = PoolOperator, sync)]
pub struct SetSnapshotSchedule {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The schedule, or null for none.
    pub value: Ref<Vmss>,
}

/// Was a way to have it archived.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_protection_policy", role = PoolOperator, state = Removed, sync)]
pub struct SetProtectionPolicy {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The policy.
    pub value: Ref<Vmpp>,
}

/// Has its firmware tell the same maker and model as a host's. Refused with VM_BIOS_STRINGS_ALREADY_SET.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.copy_bios_strings", role = VmAdmin)]
pub struct CopyBiosStrings {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// The host.
    pub host: Ref<Host>,
}

/// Says what its firmware tells of maker and model. Refused with VM_BIOS_STRINGS_ALREADY_SET.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_bios_strings", role = VmAdmin)]
pub struct SetBiosStrings {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The texts.
    pub value: BTreeMap<String, String>,
}

/// Makes an empty binary attachment of the machine, to be filled over HTTP.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.create_new_blob", out = Ref<Blob>, role = VmPowerAdmin)]
pub struct CreateNewBlob {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Its name among the attachments of the machine.
    pub name: String,
    /// The MIME type of its content; empty for `application/octet-stream`.
    pub mime_type: String,
    /// True to let anybody read it without a session.
    #[param(default = false)]
    pub public: bool,
}

/// Positions that are free for a NIC.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_allowed_VIF_devices", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetAllowedVifDevices {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Positions that are free for a disk.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_allowed_VBD_devices", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetAllowedVbdDevices {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Throws away what was recorded of one measured value.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.forget_data_source_archives", role = VmAdmin, sync)]
pub struct ForgetDataSourceArchives {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Name of the value.
    pub data_source: String,
}

/// The latest reading of a measured value.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.query_data_source", out = f64, role = ReadOnly, sync)]
pub struct QueryDataSource {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Name of the value.
    pub data_source: String,
}

/// Begins to record a measured value.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.record_data_source", role = VmAdmin, sync)]
pub struct RecordDataSource {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Name of the value.
    pub data_source: String,
}

/// The values that are measured of the machine.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_data_sources", out = Vec<DataSource>, role = ReadOnly, sync)]
pub struct GetDataSources {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Was a way to protect it; VM.set_ha_restart_priority replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_ha_always_run", role = PoolOperator, state = Deprecated, sync)]
pub struct SetHaAlwaysRun {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// True to protect it.
    pub value: bool,
}

/// Says whether it is restarted when its host fails. Refused with HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN when
/// the pool could no longer keep its promise.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_ha_restart_priority", role = PoolOperator, sync)]
pub struct SetHaRestartPriority {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// `restart`, `best-effort`, or empty.
    pub value: String,
}

/// Removes one variable of its firmware.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.remove_from_NVRAM", role = VmAdmin, sync)]
pub struct RemoveFromNvram {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The variable.
    pub key: String,
}

/// Adds one variable of its firmware. Refused with MAP_DUPLICATE_KEY.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.add_to_NVRAM", role = VmAdmin, sync)]
pub struct AddToNvram {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The variable.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Replaces the variables of its firmware.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_NVRAM", role = VmAdmin, sync)]
pub struct SetNvram {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The variables.
    pub value: BTreeMap<String, String>,
}
