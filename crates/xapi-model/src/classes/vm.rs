//! Class `VM`.

use std::collections::BTreeMap;

use super::*;

/// A virtual machine, or a template or snapshot of one, or the control domain of a host. Templates and
/// snapshots have the same fields and cannot run.
#[derive(Clone, Debug, Class)]
#[class(name = "VM", role = VmAdmin, ctor, calls(SetPlatform, RemoveFromPlatform, AddToPlatform, SetOtherConfig, RemoveFromOtherConfig, AddToOtherConfig, Sysprep, RemoveFromBlockedOperations, AddToBlockedOperations, SetBlockedOperations, UpdateSecurebootCertificatesOnBoot, GetSecurebootReadiness, SetUefiMode, RestartDeviceModels, SetHvmBootPolicy, SetDomainType, SetActionsAfterCrash, Import, SetHasVendorDevice, CallHostPlugin, CallPlugin, QueryServices, SetGroups, SetAppliance, ImportConvert, Recover, GetSRsRequiredForRecovery, AssertCanBeRecovered, SetSuspendVdi, SetOrder, SetShutdownDelay, SetStartDelay, SetSnapshotSchedule, SetProtectionPolicy, CopyBiosStrings, SetBiosStrings, RetrieveWlbRecommendations, AssertAgile, CreateNewBlob, AssertCanBootHere, GetPossibleHosts, GetAllowedVifDevices, GetAllowedVbdDevices, UpdateAllowedOperations, AssertOperationValid, ForgetDataSourceArchives, QueryDataSource, RecordDataSource, GetDataSources, GetBootRecord, AssertCanMigrate, MigrateSend, MaximiseMemory, SendTrigger, SendSysrq, SetVCPUsAtStartup, SetVCPUsMax, SetShadowMultiplierLive, SetHvmShadowMultiplier, GetCooperative, WaitMemoryTargetLive, SetMemoryTargetLive, SetMemory, SetMemoryLimits, SetMemoryStaticRange, SetMemoryStaticMin, SetMemoryStaticMax, SetMemoryDynamicRange, SetMemoryDynamicMin, SetMemoryDynamicMax, ComputeMemoryOverhead, SetHaAlwaysRun, SetHaRestartPriority, RemoveFromNvram, AddToNvram, SetNvram, AddToVCPUsParamsLive, SetVCPUsNumberLive, PoolMigrate, ResumeOn, Resume, Suspend, HardReboot, PowerStateReset, HardShutdown, CleanReboot, Shutdown, CleanShutdown, Unpause, Pause, StartOn, Start, Provision, Checkpoint, Revert, Copy, Clone, SnapshotWithQuiesce, Snapshot))]
pub struct Vm {
    /// Unique identifier of the virtual machine. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// What may be asked of the virtual machine in its present state. A hint for clients: the call itself
    /// decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<VmOperations>,
    /// What is being done to the virtual machine right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, VmOperations>,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new())]
    pub name_description: String,
    /// Whether it runs.
    #[field(StaticRO, default = VmPowerState::Halted)]
    pub power_state: VmPowerState,
    /// A number for the use of its owner.
    #[field(RW)]
    pub user_version: i64,
    /// True for a template: machines are made of it, and it does not run itself.
    #[field(RW)]
    pub is_a_template: bool,
    /// True for a template that the product comes with.
    #[field(DynamicRO, default = false)]
    pub is_default_template: bool,
    /// The disk that holds its memory while it is suspended, or null.
    #[field(StaticRO, name = "suspend_VDI", default = Ref::null())]
    pub suspend_vdi: Ref<Vdi>,
    /// The host that it runs on, or null.
    #[field(DynamicRO)]
    pub resident_on: Ref<Host>,
    /// The host that it is about to run on while it starts or moves, or null.
    #[field(DynamicRO, default = Ref::null())]
    pub scheduled_to_be_resident_on: Ref<Host>,
    /// The host that it would rather run on, or null.
    #[field(RW, role = VmPowerAdmin)]
    pub affinity: Ref<Host>,
    /// Memory that running it costs beyond its own, in bytes.
    #[field(DynamicRO, default = 0, db = "memory__overhead")]
    pub memory_overhead: i64,
    /// Memory that it is meant to have now, in bytes.
    #[field(StaticRO, default = 0, state = Deprecated, db = "memory__target")]
    pub memory_target: i64,
    /// Most memory that it can ever have, in bytes. Changed while halted only.
    #[field(StaticRO, db = "memory__static_max")]
    pub memory_static_max: i64,
    /// Most memory that it is given while it runs, in bytes.
    #[field(StaticRO, db = "memory__dynamic_max")]
    pub memory_dynamic_max: i64,
    /// Least memory that it is left with while it runs, in bytes.
    #[field(StaticRO, db = "memory__dynamic_min")]
    pub memory_dynamic_min: i64,
    /// Least memory that its system can live with, in bytes.
    #[field(StaticRO, db = "memory__static_min")]
    pub memory_static_min: i64,
    /// How it is scheduled: `weight` against other machines, `cap` in percent of one CPU, `mask` of CPUs.
    #[field(RW, name = "VCPUs_params", db = "VCPUs__params")]
    pub vcpus_params: BTreeMap<String, String>,
    /// Most virtual CPUs that it can have. Changed while halted only.
    #[field(StaticRO, name = "VCPUs_max", db = "VCPUs__max")]
    pub vcpus_max: i64,
    /// Virtual CPUs that it starts with.
    #[field(StaticRO, name = "VCPUs_at_startup", db = "VCPUs__at_startup")]
    pub vcpus_at_startup: i64,
    /// What happens when its system restarts by itself in memory.
    #[field(RW, default = OnSoftrebootBehavior::SoftReboot, state = Prototyped, db = "actions__after_softreboot")]
    pub actions_after_softreboot: OnSoftrebootBehavior,
    /// What happens when its system switches off.
    #[field(RW, db = "actions__after_shutdown")]
    pub actions_after_shutdown: OnNormalExit,
    /// What happens when its system restarts.
    #[field(RW, db = "actions__after_reboot")]
    pub actions_after_reboot: OnNormalExit,
    /// What happens when its system crashes.
    #[field(StaticRO, db = "actions__after_crash")]
    pub actions_after_crash: OnCrashBehaviour,
    /// Its consoles.
    #[field(DynamicRO, view = Console::VM)]
    pub consoles: Many<Console>,
    /// Its NICs.
    #[field(DynamicRO, name = "VIFs", view = Vif::VM)]
    pub vifs: Many<Vif>,
    /// Its disks and drives.
    #[field(DynamicRO, name = "VBDs", view = Vbd::VM)]
    pub vbds: Many<Vbd>,
    /// USB devices passed to it.
    #[field(DynamicRO, name = "VUSBs", view = Vusb::VM)]
    pub vusbs: Many<Vusb>,
    /// Dumps of its crashes.
    #[field(DynamicRO, view = Crashdump::VM)]
    pub crash_dumps: Many<Crashdump>,
    /// Its trusted platform modules.
    #[field(DynamicRO, name = "VTPMs", view = Vtpm::VM)]
    pub vtpms: Many<Vtpm>,
    /// Bootloader that finds the kernel on a paravirtual machine's disk.
    #[field(RW, name = "PV_bootloader", db = "PV__bootloader")]
    pub pv_bootloader: String,
    /// Path of the kernel of a paravirtual machine on the host.
    #[field(RW, name = "PV_kernel", db = "PV__kernel")]
    pub pv_kernel: String,
    /// Path of the initial RAM disk of a paravirtual machine on the host.
    #[field(RW, name = "PV_ramdisk", db = "PV__ramdisk")]
    pub pv_ramdisk: String,
    /// Command line of the kernel.
    #[field(RW, name = "PV_args", db = "PV__args")]
    pub pv_args: String,
    /// Arguments for the bootloader.
    #[field(RW, name = "PV_bootloader_args", db = "PV__bootloader_args")]
    pub pv_bootloader_args: String,
    /// Command line of the kernels of very old guests.
    #[field(RW, name = "PV_legacy_args", db = "PV__legacy_args")]
    pub pv_legacy_args: String,
    /// Empty for a paravirtual machine, else `BIOS order`; domain_type replaces it.
    #[field(StaticRO, name = "HVM_boot_policy", state = Deprecated, db = "HVM__boot_policy")]
    pub hvm_boot_policy: String,
    /// How firmware starts it: `order` of devices by letter, `firmware`.
    #[field(RW, name = "HVM_boot_params", db = "HVM__boot_params")]
    pub hvm_boot_params: BTreeMap<String, String>,
    /// How much more shadow memory it gets than usual, as a factor.
    #[field(StaticRO, name = "HVM_shadow_multiplier", default = 1.0, db = "HVM__shadow_multiplier")]
    pub hvm_shadow_multiplier: f64,
    /// Settings of its virtual hardware. `hvm_serial` may be changed by a pool administrator only.
    #[field(StaticRO, keys = [("hvm_serial", PoolAdmin)])]
    pub platform: BTreeMap<String, String>,
    /// Place of passed-through PCI devices; attached_PCIs replaces it.
    #[field(RW, name = "PCI_bus", state = Deprecated)]
    pub pci_bus: String,
    /// Settings and marks of clients. `mac_seed` is what hardware addresses are made of; `pci` and
    /// `hvm_serial` may be changed by a pool administrator only, `folder` and `XenCenter.CustomFields.…` by
    /// machine operators.
    #[field(StaticRO, keys = [("pci", PoolAdmin), ("hvm_serial", PoolAdmin), ("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// Number of its domain on its host; -1 while it does not run.
    #[field(DynamicRO)]
    pub domid: i64,
    /// Architecture of its domain.
    #[field(DynamicRO)]
    pub domarch: String,
    /// CPU features that it was started with.
    #[field(StaticRO, name = "last_boot_CPU_flags", default = BTreeMap::new())]
    pub last_boot_cpu_flags: BTreeMap<String, String>,
    /// True for the machine that runs a host.
    #[field(DynamicRO)]
    pub is_control_domain: bool,
    /// What is measured of it.
    #[field(DynamicRO)]
    pub metrics: Ref<VmMetrics>,
    /// What its tools tell; null before they have spoken.
    #[field(DynamicRO)]
    pub guest_metrics: Ref<VmGuestMetrics>,
    /// What it was when it was last started.
    #[field(StaticRO, default = String::new())]
    pub last_booted_record: String,
    /// Which sizes its template recommends, as XML.
    #[field(RW)]
    pub recommendations: String,
    /// Values that are put where the guest can read them when it starts. Keys begin with `vm-data`.
    #[field(RW, default = BTreeMap::new())]
    pub xenstore_data: BTreeMap<String, String>,
    /// Was the mark of a protected machine; ha_restart_priority replaces it.
    #[field(StaticRO, default = false, state = Deprecated)]
    pub ha_always_run: bool,
    /// `restart` to have it restarted elsewhere when its host fails, `best-effort` for if there is room,
    /// empty for not at all.
    #[field(StaticRO, default = String::new())]
    pub ha_restart_priority: String,
    /// True for a snapshot.
    #[field(DynamicRO, default = false)]
    pub is_a_snapshot: bool,
    /// The machine that this is a snapshot of, or null.
    #[field(DynamicRO, default = Ref::null())]
    pub snapshot_of: Ref<Vm>,
    /// Snapshots of this machine.
    #[field(DynamicRO, view = Vm::SNAPSHOT_OF)]
    pub snapshots: Many<Vm>,
    /// When the snapshot was taken.
    #[field(DynamicRO, default = DateTime::epoch())]
    pub snapshot_time: DateTime,
    /// Identifier of a snapshot that Windows took part in.
    #[field(DynamicRO, default = String::new())]
    pub transportable_snapshot_id: String,
    /// Binary attachments of the virtual machine, by name.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub blobs: BTreeMap<String, Ref<Blob>>,
    /// Words that users attach to the virtual machine to find it again.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// Operations that an administrator forbids: from each to the error code that it answers.
    #[field(StaticRO, default = BTreeMap::new())]
    pub blocked_operations: BTreeMap<VmOperations, String>,
    /// How the snapshot was taken.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub snapshot_info: BTreeMap<String, String>,
    /// Settings of the machine as they were, for going back to the snapshot.
    #[field(DynamicRO, default = String::new())]
    pub snapshot_metadata: String,
    /// The snapshot that the machine was last taken back to, or last made one from; null for none.
    #[field(DynamicRO, default = Ref::null())]
    pub parent: Ref<Vm>,
    /// Snapshots or machines that come after this snapshot.
    #[field(DynamicRO, view = Vm::PARENT)]
    pub children: Many<Vm>,
    /// What its firmware tells of maker and model.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub bios_strings: BTreeMap<String, String>,
    /// Was the policy by which it was archived.
    #[field(StaticRO, default = Ref::null(), state = Deprecated)]
    pub protection_policy: Ref<Vmpp>,
    /// Was true for a snapshot that such a policy took.
    #[field(StaticRO, default = false, state = Removed)]
    pub is_snapshot_from_vmpp: bool,
    /// The schedule by which snapshots of it are taken, or null.
    #[field(StaticRO, default = Ref::null())]
    pub snapshot_schedule: Ref<Vmss>,
    /// True for a snapshot that a schedule took.
    #[field(StaticRO, default = false)]
    pub is_vmss_snapshot: bool,
    /// The group of machines that it is started with, or null.
    #[field(StaticRO, default = Ref::null())]
    pub appliance: Ref<VmAppliance>,
    /// Seconds to wait after its start before the next of its group starts.
    #[field(StaticRO, default = 0)]
    pub start_delay: i64,
    /// Seconds to wait after its shutdown before the next of its group.
    #[field(StaticRO, default = 0)]
    pub shutdown_delay: i64,
    /// Its place when its group starts: lower numbers first. Shutdown goes the other way.
    #[field(StaticRO, default = 0)]
    pub order: i64,
    /// Its virtual GPUs.
    #[field(DynamicRO, name = "VGPUs", view = Vgpu::VM)]
    pub vgpus: Many<Vgpu>,
    /// PCI devices that it has now.
    #[field(DynamicRO, name = "attached_PCIs")]
    pub attached_pcis: Vec<Ref<Pci>>,
    /// Where its memory is kept while suspended, or null for the pool's choice.
    #[field(RW, name = "suspend_SR", default = Ref::null())]
    pub suspend_sr: Ref<Sr>,
    /// How often it has been recovered from a copy of the database.
    #[field(StaticRO, default = 0)]
    pub version: i64,
    /// Mark that lets the guest see that it was copied or taken back.
    #[field(StaticRO, default = "0:0".to_owned())]
    pub generation_id: String,
    /// Version of virtual hardware that it needs.
    #[field(RW, default = 0)]
    pub hardware_platform_version: i64,
    /// True if it has the device by which Windows finds its drivers.
    #[field(StaticRO, default = true)]
    pub has_vendor_device: bool,
    /// True if a change takes effect only when it is restarted.
    #[field(DynamicRO, default = false)]
    pub requires_reboot: bool,
    /// Name of the template it was made from, the same in every language.
    #[field(StaticRO, default = String::new())]
    pub reference_label: String,
    /// Kind of virtualisation that it starts with next time.
    #[field(StaticRO, default = DomainType::Unspecified)]
    pub domain_type: DomainType,
    /// Variables of its firmware that survive a restart.
    #[field(StaticRO, name = "NVRAM", default = BTreeMap::new())]
    pub nvram: BTreeMap<String, String>,
    /// What must be done with it before updates are in force.
    #[field(DynamicRO, default = Vec::new())]
    pub pending_guidances: Vec<UpdateGuidances>,
    /// What should be done with it for updates to be in force.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub pending_guidances_recommended: Vec<UpdateGuidances>,
    /// What would put every part of the updates in force.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub pending_guidances_full: Vec<UpdateGuidances>,
    /// Groups that say how machines are placed with regard to each other.
    #[field(DynamicRO, state = Prototyped)]
    pub groups: Vec<Ref<VmGroup>>,
    /// Whether newer Secure Boot certificates await it.
    #[field(DynamicRO, default = VmSecurebootCertificatesState::Ok, state = Prototyped)]
    pub secureboot_certificates_state: VmSecurebootCertificatesState,
}

/// Whether a machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_power_state")]
pub enum VmPowerState {
    /// It is off.
    #[wire(name = "Halted")]
    Halted,
    /// It is in memory and gets no CPU.
    #[wire(name = "Paused")]
    Paused,
    /// It runs.
    #[wire(name = "Running")]
    Running,
    /// Its memory is on disk.
    #[wire(name = "Suspended")]
    Suspended,
}

/// What puts updates in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "update_guidances")]
pub enum UpdateGuidances {
    /// Restart the host.
    #[wire(name = "reboot_host")]
    RebootHost,
    /// Restart the host if it could not be patched while running.
    #[wire(name = "reboot_host_on_livepatch_failure")]
    RebootHostOnLivepatchFailure,
    /// Restart the host if its kernel could not be patched while running.
    #[wire(name = "reboot_host_on_kernel_livepatch_failure")]
    RebootHostOnKernelLivepatchFailure,
    /// Restart the host if its hypervisor could not be patched while running.
    #[wire(name = "reboot_host_on_xen_livepatch_failure")]
    RebootHostOnXenLivepatchFailure,
    /// Restart the server.
    #[wire(name = "restart_toolstack")]
    RestartToolstack,
    /// Restart the process that emulates a machine's devices.
    #[wire(name = "restart_device_model")]
    RestartDeviceModel,
    /// Restart the machine.
    #[wire(name = "restart_vm")]
    RestartVm,
}

/// Whether newer Secure Boot certificates await a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_secureboot_certificates_state")]
pub enum VmSecurebootCertificatesState {
    /// It has the newest.
    #[wire(name = "ok")]
    Ok,
    /// Newer ones are there.
    #[wire(name = "update_available")]
    UpdateAvailable,
    /// It gets newer ones when it next starts.
    #[wire(name = "update_on_boot")]
    UpdateOnBoot,
}

/// What happens when a system restarts by itself in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "on_softreboot_behavior")]
pub enum OnSoftrebootBehavior {
    /// It is let.
    #[wire(name = "soft_reboot")]
    SoftReboot,
    /// The machine is switched off.
    #[wire(name = "destroy")]
    Destroy,
    /// The machine is restarted.
    #[wire(name = "restart")]
    Restart,
    /// The machine is left as it is, to be looked at.
    #[wire(name = "preserve")]
    Preserve,
}

/// What happens when a system ends well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "on_normal_exit")]
pub enum OnNormalExit {
    /// The machine is switched off.
    #[wire(name = "destroy")]
    Destroy,
    /// The machine is restarted.
    #[wire(name = "restart")]
    Restart,
}

/// What happens when a system crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "on_crash_behaviour")]
pub enum OnCrashBehaviour {
    /// The machine is switched off.
    #[wire(name = "destroy")]
    Destroy,
    /// Its memory is kept, then it is switched off.
    #[wire(name = "coredump_and_destroy")]
    CoredumpAndDestroy,
    /// The machine is restarted.
    #[wire(name = "restart")]
    Restart,
    /// Its memory is kept, then it is restarted.
    #[wire(name = "coredump_and_restart")]
    CoredumpAndRestart,
    /// The machine is left as it is, to be looked at.
    #[wire(name = "preserve")]
    Preserve,
    /// It is left under another name, and another is started in its place.
    #[wire(name = "rename_restart")]
    RenameRestart,
}

/// Kind of virtualisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "domain_type")]
pub enum DomainType {
    /// Full, with emulated hardware.
    #[wire(name = "hvm")]
    Hvm,
    /// Paravirtual: the guest knows the hypervisor.
    #[wire(name = "pv")]
    Pv,
    /// A paravirtual guest inside a light container of hardware virtualisation.
    #[wire(name = "pv_in_pvh")]
    PvInPvh,
    /// Hardware virtualisation without emulated devices.
    #[wire(name = "pvh")]
    Pvh,
    /// Nobody has said.
    #[wire(name = "unspecified")]
    Unspecified,
}

/// Who may change the keys of Secure Boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_uefi_mode")]
pub enum VmUefiMode {
    /// Anybody; nothing is checked.
    #[wire(name = "setup")]
    Setup,
    /// Their owner; what starts is checked.
    #[wire(name = "user")]
    User,
}

/// Whether a machine can start with Secure Boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_secureboot_readiness")]
pub enum VmSecurebootReadiness {
    /// Its firmware cannot.
    #[wire(name = "not_supported")]
    NotSupported,
    /// It is turned off.
    #[wire(name = "disabled")]
    Disabled,
    /// It can be told after its first start.
    #[wire(name = "first_boot")]
    FirstBoot,
    /// It can.
    #[wire(name = "ready")]
    Ready,
    /// It can, without a list of revoked programs.
    #[wire(name = "ready_no_dbx")]
    ReadyNoDbx,
    /// Its keys may be changed by anybody.
    #[wire(name = "setup_mode")]
    SetupMode,
    /// Certificates are missing.
    #[wire(name = "certs_incomplete")]
    CertsIncomplete,
}

/// What can be done to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_operations")]
pub enum VmOperations {
    /// Take a snapshot.
    #[wire(name = "snapshot")]
    Snapshot,
    /// Clone it.
    #[wire(name = "clone")]
    Clone,
    /// Copy it with its disks.
    #[wire(name = "copy")]
    Copy,
    /// Make a template of it.
    #[wire(name = "create_template")]
    CreateTemplate,
    /// Take it back to a snapshot.
    #[wire(name = "revert")]
    Revert,
    /// Take a snapshot with its memory.
    #[wire(name = "checkpoint")]
    Checkpoint,
    /// Take a snapshot with the guest's help.
    #[wire(name = "snapshot_with_quiesce")]
    SnapshotWithQuiesce,
    /// Make its disks.
    #[wire(name = "provision")]
    Provision,
    /// Start it.
    #[wire(name = "start")]
    Start,
    /// Start it on a given host.
    #[wire(name = "start_on")]
    StartOn,
    /// Take its CPU away.
    #[wire(name = "pause")]
    Pause,
    /// Give it CPU again.
    #[wire(name = "unpause")]
    Unpause,
    /// Ask its system to switch off.
    #[wire(name = "clean_shutdown")]
    CleanShutdown,
    /// Ask its system to restart.
    #[wire(name = "clean_reboot")]
    CleanReboot,
    /// Switch it off.
    #[wire(name = "hard_shutdown")]
    HardShutdown,
    /// Take it for halted, whatever is true.
    #[wire(name = "power_state_reset")]
    PowerStateReset,
    /// Switch it off and start it.
    #[wire(name = "hard_reboot")]
    HardReboot,
    /// Put its memory on disk.
    #[wire(name = "suspend")]
    Suspend,
    /// Clone it by an old name.
    #[wire(name = "csvm")]
    Csvm,
    /// Bring its memory back from disk.
    #[wire(name = "resume")]
    Resume,
    /// Bring its memory back on a given host.
    #[wire(name = "resume_on")]
    ResumeOn,
    /// Move it to another host of the pool.
    #[wire(name = "pool_migrate")]
    PoolMigrate,
    /// Move it with its disks.
    #[wire(name = "migrate_send")]
    MigrateSend,
    /// Read what it was started as.
    #[wire(name = "get_boot_record")]
    GetBootRecord,
    /// Send a system request to its kernel.
    #[wire(name = "send_sysrq")]
    SendSysrq,
    /// Press one of its buttons.
    #[wire(name = "send_trigger")]
    SendTrigger,
    /// Ask what services it offers.
    #[wire(name = "query_services")]
    QueryServices,
    /// Shut it down, hard if need be.
    #[wire(name = "shutdown")]
    Shutdown,
    /// Call a plugin for it.
    #[wire(name = "call_plugin")]
    CallPlugin,
    /// Change its memory while it runs.
    #[wire(name = "changing_memory_live")]
    ChangingMemoryLive,
    /// Wait for its memory to reach the target.
    #[wire(name = "awaiting_memory_live")]
    AwaitingMemoryLive,
    /// Change the limits of its memory.
    #[wire(name = "changing_dynamic_range")]
    ChangingDynamicRange,
    /// Change the outer limits of its memory.
    #[wire(name = "changing_static_range")]
    ChangingStaticRange,
    /// Change all limits of its memory.
    #[wire(name = "changing_memory_limits")]
    ChangingMemoryLimits,
    /// Change its shadow memory.
    #[wire(name = "changing_shadow_memory")]
    ChangingShadowMemory,
    /// Change its shadow memory while it runs.
    #[wire(name = "changing_shadow_memory_live")]
    ChangingShadowMemoryLive,
    /// Change its CPUs.
    #[wire(name = "changing_VCPUs")]
    ChangingVCPUs,
    /// Change its CPUs while it runs.
    #[wire(name = "changing_VCPUs_live")]
    ChangingVCPUsLive,
    /// Change variables of its firmware.
    #[wire(name = "changing_NVRAM")]
    ChangingNvram,
    /// Ask whether something may be done.
    #[wire(name = "assert_operation_valid")]
    AssertOperationValid,
    /// Read or record its measured values.
    #[wire(name = "data_source_op")]
    DataSourceOp,
    /// Work out anew what may be done.
    #[wire(name = "update_allowed_operations")]
    UpdateAllowedOperations,
    /// Turn it into a template.
    #[wire(name = "make_into_template")]
    MakeIntoTemplate,
    /// Import it from a file.
    #[wire(name = "import")]
    Import,
    /// Export it to a file.
    #[wire(name = "export")]
    Export,
    /// Export its settings to a file.
    #[wire(name = "metadata_export")]
    MetadataExport,
    /// Be taken back to a snapshot.
    #[wire(name = "reverting")]
    Reverting,
    /// Remove it.
    #[wire(name = "destroy")]
    Destroy,
    /// Give it a trusted platform module.
    #[wire(name = "create_vtpm")]
    CreateVtpm,
    /// Prepare its Windows for cloning.
    #[wire(name = "sysprep")]
    Sysprep,
}

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

/// Restarts the process that emulates the machine's devices. Refused with CANNOT_RESTART_DEVICE_MODEL.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.restart_device_models", role = VmPowerAdmin, client_cert, state = Prototyped)]
pub struct RestartDeviceModels {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
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

/// Imports machines from a file at a URL, and returns them. Refused with IMPORT_ERROR and others of its kind.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.import", out = Vec<Ref<Vm>>, role = PoolOperator)]
pub struct Import {
    /// Where the file is.
    pub url: String,
    /// The repository for their disks.
    pub sr: Ref<Sr>,
    /// True to keep identifiers and hardware addresses.
    pub full_restore: bool,
    /// True to go on when a disk or network is missing.
    pub force: bool,
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

/// Has a conversion service import machines of another product.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.import_convert", role = VmAdmin)]
pub struct ImportConvert {
    /// Kind of the other product.
    #[param(name = "type")]
    pub kind: String,
    /// User there.
    pub username: String,
    /// Password there.
    pub password: String,
    /// The repository for their disks.
    pub sr: Ref<Sr>,
    /// How to reach it.
    pub remote_config: BTreeMap<String, String>,
}

/// Brings a machine back from a copy of another pool's database.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.recover", role = ReadOnly)]
pub struct Recover {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The session of this pool.
    pub session_to: Ref<Session>,
    /// True to replace a newer machine.
    pub force: bool,
}

/// The repositories that its disks are in, for recovery.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_SRs_required_for_recovery", out = Vec<Ref<Sr>>, role = ReadOnly)]
pub struct GetSRsRequiredForRecovery {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The session of this pool.
    pub session_to: Ref<Session>,
}

/// Succeeds if the machine could be recovered. Refused with VM_IS_PART_OF_AN_APPLIANCE and VM_REQUIRES_SR.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.assert_can_be_recovered", role = ReadOnly)]
pub struct AssertCanBeRecovered {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The session of this pool.
    pub session_to: Ref<Session>,
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

/// What the machine was when it was started; the plain record tells the same.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_boot_record", out = Vm, role = ReadOnly, state = Deprecated, sync)]
pub struct GetBootRecord {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
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

/// The most memory that the machine could have with so much in all, in bytes.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.maximise_memory", out = i64, role = ReadOnly)]
pub struct MaximiseMemory {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory to spend, in bytes, overhead included.
    pub total: i64,
    /// True to leave a margin for unknown overhead.
    pub approximate: bool,
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

/// Sets how many virtual CPUs it starts with.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_VCPUs_at_startup", role = VmAdmin, sync)]
pub struct SetVCPUsAtStartup {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Their number, at most VCPUs_max.
    pub value: i64,
}

/// Sets how many virtual CPUs it can have. Changed while halted only.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_VCPUs_max", role = VmAdmin, sync)]
pub struct SetVCPUsMax {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Their number.
    pub value: i64,
}

/// Changes its shadow memory while it runs.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_shadow_multiplier_live", role = VmPowerAdmin)]
pub struct SetShadowMultiplierLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The factor.
    pub multiplier: f64,
}

/// Changes its shadow memory from the next start on.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_HVM_shadow_multiplier", role = VmPowerAdmin, sync)]
pub struct SetHvmShadowMultiplier {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The factor.
    pub value: f64,
}

/// Was a way to see whether it gives back memory.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_cooperative", out = bool, role = ReadOnly, state = Deprecated)]
pub struct GetCooperative {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Was a way to wait for its memory to reach the target.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.wait_memory_target_live", role = ReadOnly, state = Deprecated)]
pub struct WaitMemoryTargetLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Was a way to set the memory that it is meant to have now.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_target_live", role = VmPowerAdmin, state = Deprecated)]
pub struct SetMemoryTargetLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub target: i64,
}

/// Sets all limits of its memory to one value. Changed while halted only.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory", role = VmPowerAdmin)]
pub struct SetMemory {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub value: i64,
}

/// Sets all limits of its memory. Refused with MEMORY_CONSTRAINT_VIOLATION when they are out of order.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_limits", role = VmPowerAdmin)]
pub struct SetMemoryLimits {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Least that its system can live with, in bytes.
    pub static_min: i64,
    /// Most that it can ever have, in bytes.
    pub static_max: i64,
    /// Least that it is left with, in bytes.
    pub dynamic_min: i64,
    /// Most that it is given, in bytes.
    pub dynamic_max: i64,
}

/// Sets the outer limits of its memory. Changed while halted only.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_static_range", role = VmPowerAdmin)]
pub struct SetMemoryStaticRange {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Least that its system can live with, in bytes.
    pub min: i64,
    /// Most that it can ever have, in bytes.
    pub max: i64,
}

/// Sets the least memory that its system can live with.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_static_min", role = VmPowerAdmin, sync)]
pub struct SetMemoryStaticMin {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub value: i64,
}

/// Sets the most memory that it can ever have. Changed while halted only.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_static_max", role = VmPowerAdmin, sync)]
pub struct SetMemoryStaticMax {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub value: i64,
}

/// Sets between what limits its memory may be changed while it runs.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_dynamic_range", role = VmPowerAdmin)]
pub struct SetMemoryDynamicRange {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Least that it is left with, in bytes.
    pub min: i64,
    /// Most that it is given, in bytes.
    pub max: i64,
}

/// Sets the least memory that it is left with.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_dynamic_min", role = VmPowerAdmin, sync)]
pub struct SetMemoryDynamicMin {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub value: i64,
}

/// Sets the most memory that it is given.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_dynamic_max", role = VmPowerAdmin, sync)]
pub struct SetMemoryDynamicMax {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub value: i64,
}

/// Memory that running it costs beyond its own, in bytes.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.compute_memory_overhead", out = i64, role = ReadOnly)]
pub struct ComputeMemoryOverhead {
    /// The virtual machine.
    pub vm: Ref<Vm>,
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

/// Changes how it is scheduled while it runs.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.add_to_VCPUs_params_live", role = VmAdmin)]
pub struct AddToVCPUsParamsLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// `weight` or `cap`.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Changes how many virtual CPUs it has while it runs. Refused with OPERATION_NOT_ALLOWED beyond VCPUs_max.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_VCPUs_number_live", role = VmAdmin)]
pub struct SetVCPUsNumberLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Their number.
    pub nvcpu: i64,
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

/// Takes a snapshot with its memory, and returns it. Refused with VM_CHECKPOINT_SUSPEND_FAILED and
/// VM_CHECKPOINT_RESUME_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.checkpoint", out = Ref<Vm>, role = VmPowerAdmin)]
pub struct Checkpoint {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the snapshot.
    pub new_name: String,
}

/// Takes a machine back to what it was at a snapshot. Refused with VM_REVERT_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.revert", role = VmPowerAdmin)]
pub struct Revert {
    /// The snapshot.
    pub snapshot: Ref<Vm>,
}

/// Copies it with all its disks, and returns the copy.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.copy", out = Ref<Vm>, role = VmAdmin)]
pub struct Copy {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the copy.
    pub new_name: String,
    /// The repository for the disks, or null to keep each where it is.
    pub sr: Ref<Sr>,
}

/// Clones it, sharing what its disks have in common, and returns the clone.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.clone", out = Ref<Vm>, role = VmAdmin)]
pub struct Clone {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the clone.
    pub new_name: String,
}

/// Was a way to take a snapshot with the guest's help.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.snapshot_with_quiesce", out = Ref<Vm>, role = VmPowerAdmin, state = Removed)]
pub struct SnapshotWithQuiesce {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the snapshot.
    pub new_name: String,
}

/// Takes a snapshot of its disks and settings, and returns it.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.snapshot", out = Ref<Vm>, role = VmPowerAdmin)]
pub struct Snapshot {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the snapshot.
    pub new_name: String,
    /// Disks to leave out.
    #[param(default = Vec::new())]
    pub ignore_vdis: Vec<Ref<Vdi>>,
}
