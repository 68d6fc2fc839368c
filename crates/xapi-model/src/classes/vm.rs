//! Class `VM`; its calls stand in the modules by subject.

use std::collections::BTreeMap;

use super::*;

mod copies;
mod lifecycle;
mod settings;
mod size;

pub use copies::*;
pub use lifecycle::*;
pub use settings::*;
pub use size::*;

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
    /// The host that has its memory while it is suspended, or null.
    #[field(Internal, default = Ref::null())]
    pub memory_on: Ref<Host>,
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
