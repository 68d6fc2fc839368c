//! Calls of `VM`: starting, stopping and moving machines, and asking where they could run.

use super::*;

/// Has Windows in the machine prepared for cloning. Refused with SYSPREP.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.sysprep", role = VmAdmin, state = Prototyped)]
pub struct Sysprep {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Answer file for Windows, as XML.
    pub unattend: String,
    /// Seconds to wait for it to switch off.
    pub timeout: f64,
}

/// Restarts the process that emulates the machine's devices. Refused with CANNOT_RESTART_DEVICE_MODEL.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.restart_device_models", role = VmPowerAdmin, client_cert, state = Prototyped)]
pub struct RestartDeviceModels {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// How well each host suits the machine, by workload balancing.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.retrieve_wlb_recommendations", out = BTreeMap<Ref<Host>, Vec<String>>, role = ReadOnly)]
pub struct RetrieveWlbRecommendations {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Succeeds if the machine could run on every host. Refused with the first reason why not, such as
/// HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED or VM_HAS_SRIOV_VIF.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.assert_agile", role = ReadOnly)]
pub struct AssertAgile {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Succeeds if the machine could start on a host. Refused with the first reason why not, such as
/// HOST_DISABLED, VM_REQUIRES_SR, VM_REQUIRES_NETWORK or HOST_NOT_ENOUGH_FREE_MEMORY.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.assert_can_boot_here", role = ReadOnly)]
pub struct AssertCanBootHere {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The host.
    pub host: Ref<Host>,
}

/// The hosts that the machine could start on.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_possible_hosts", out = Vec<Ref<Host>>, role = ReadOnly)]
pub struct GetPossibleHosts {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Works out anew what may be asked of the machine.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.update_allowed_operations", role = PoolAdmin)]
pub struct UpdateAllowedOperations {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Succeeds if an operation could be begun. Refused as the operation would be.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.assert_operation_valid", role = ReadOnly)]
pub struct AssertOperationValid {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The operation.
    pub op: VmOperations,
}

/// Succeeds if the machine could move with its disks. Refused as VM.migrate_send would be.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.assert_can_migrate", role = VmPowerAdmin)]
pub struct AssertCanMigrate {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// What host.migrate_receive returned.
    pub dest: BTreeMap<String, String>,
    /// True to move it while it runs.
    pub live: bool,
    /// From each disk to the repository that it goes to.
    pub vdi_map: BTreeMap<Ref<Vdi>, Ref<Sr>>,
    /// From each NIC to the network that it goes to.
    pub vif_map: BTreeMap<Ref<Vif>, Ref<Network>>,
    /// Further settings.
    pub options: BTreeMap<String, String>,
    /// From each virtual GPU to the group that it goes to.
    #[param(default = BTreeMap::new())]
    pub vgpu_map: BTreeMap<Ref<Vgpu>, Ref<GpuGroup>>,
}

/// Moves the machine with its disks to another host, also of another pool, and returns it there. Refused with
/// VIF_NOT_IN_MAP, VDI_NOT_IN_MAP, VM_MIGRATE_FAILED and others.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.migrate_send", out = Ref<Vm>, role = VmPowerAdmin)]
pub struct MigrateSend {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// What host.migrate_receive returned.
    pub dest: BTreeMap<String, String>,
    /// True to move it while it runs.
    pub live: bool,
    /// From each disk to the repository that it goes to.
    pub vdi_map: BTreeMap<Ref<Vdi>, Ref<Sr>>,
    /// From each NIC to the network that it goes to.
    pub vif_map: BTreeMap<Ref<Vif>, Ref<Network>>,
    /// Further settings.
    pub options: BTreeMap<String, String>,
    /// From each virtual GPU to the group that it goes to.
    #[param(default = BTreeMap::new())]
    pub vgpu_map: BTreeMap<Ref<Vgpu>, Ref<GpuGroup>>,
    /// From each disk to the format that it gets there.
    #[param(default = BTreeMap::new())]
    pub vdi_format_map: BTreeMap<Ref<Vdi>, String>,
}

/// Presses a button of the machine.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.send_trigger", role = PoolAdmin)]
pub struct SendTrigger {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// The button, such as `power` or `reset`.
    pub trigger: String,
}

/// Sends a system request to the kernel of the machine.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.send_sysrq", role = PoolAdmin)]
pub struct SendSysrq {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// The letter.
    pub key: String,
}

/// Moves the running machine to another host of the pool. Refused with VM_BAD_POWER_STATE, VM_MIGRATE_FAILED
/// and the reasons of VM.assert_can_boot_here; with `network` among the options also with PIF_NOT_PRESENT,
/// REQUIRED_PIF_IS_UNPLUGGED and INTERFACE_HAS_NO_IP.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.pool_migrate", role = VmPowerAdmin, client_cert)]
pub struct PoolMigrate {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Where it is to run.
    pub host: Ref<Host>,
    /// `live`, `force`, `compress` as texts, `network` as a reference.
    pub options: BTreeMap<String, String>,
}

/// Brings its memory back from disk on a given host.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.resume_on", role = VmPowerAdmin, client_cert)]
pub struct ResumeOn {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Where it is to run.
    pub host: Ref<Host>,
    /// True to leave it paused.
    pub start_paused: bool,
    /// True to go on although its hardware differs.
    pub force: bool,
}

/// Brings its memory back from disk on a host that suits it. Refused with VM_BAD_POWER_STATE and
/// NO_HOSTS_AVAILABLE.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.resume", role = VmOperator)]
pub struct Resume {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// True to leave it paused.
    pub start_paused: bool,
    /// True to go on although its hardware differs.
    pub force: bool,
}

/// Puts its memory on disk and frees its host. Refused with VM_BAD_POWER_STATE and VM_NO_SUSPEND_SR.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.suspend", role = VmOperator, client_cert)]
pub struct Suspend {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Switches it off and starts it at once. The guest may lose data.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.hard_reboot", role = VmOperator)]
pub struct HardReboot {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Takes it for halted without looking, for when its host is gone for good. If it still runs, its disks may
/// be destroyed.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.power_state_reset", role = PoolOperator)]
pub struct PowerStateReset {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Switches it off. The guest may lose data.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.hard_shutdown", role = VmOperator)]
pub struct HardShutdown {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Asks its system to restart. Refused with VM_BAD_POWER_STATE, VM_MISSING_PV_DRIVERS and
/// VM_SHUTDOWN_TIMEOUT.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.clean_reboot", role = VmOperator)]
pub struct CleanReboot {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Asks its system to switch off, and switches it off if it does not.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.shutdown", role = VmOperator, client_cert)]
pub struct Shutdown {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Asks its system to switch off. Refused with VM_BAD_POWER_STATE, VM_MISSING_PV_DRIVERS and
/// VM_SHUTDOWN_TIMEOUT.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.clean_shutdown", role = VmOperator)]
pub struct CleanShutdown {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Gives it CPU again. Refused with VM_BAD_POWER_STATE.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.unpause", role = VmOperator)]
pub struct Unpause {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Takes its CPU away and keeps it in memory. Refused with VM_BAD_POWER_STATE.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.pause", role = VmOperator)]
pub struct Pause {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Starts it on a given host. Refused with VM_BAD_POWER_STATE, VM_IS_TEMPLATE and the reasons of
/// VM.assert_can_boot_here.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.start_on", role = VmPowerAdmin, client_cert)]
pub struct StartOn {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Where it is to run.
    pub host: Ref<Host>,
    /// True to leave it paused.
    pub start_paused: bool,
    /// True to go on although a check fails that is not vital.
    pub force: bool,
}

/// Starts it on a host that suits it. Refused with VM_BAD_POWER_STATE, VM_IS_TEMPLATE, NO_HOSTS_AVAILABLE,
/// and the error of the host that tried.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.start", role = VmOperator)]
pub struct Start {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// True to leave it paused.
    pub start_paused: bool,
    /// True to go on although a check fails that is not vital.
    pub force: bool,
}

/// Makes the disks that its template describes, and turns it into a machine.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.provision", role = VmAdmin)]
pub struct Provision {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}
