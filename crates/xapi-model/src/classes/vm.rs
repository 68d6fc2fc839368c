//! Class `VM`.

use std::collections::BTreeMap;

use super::*;

/// Vm.
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
    /// Power state.
    #[field(StaticRO, default = VmPowerState::Halted)]
    pub power_state: VmPowerState,
    /// User version.
    #[field(RW)]
    pub user_version: i64,
    /// Is a template.
    #[field(RW)]
    pub is_a_template: bool,
    /// Is default template.
    #[field(DynamicRO, default = false)]
    pub is_default_template: bool,
    /// Suspend VDI.
    #[field(StaticRO, name = "suspend_VDI", default = Ref::null())]
    pub suspend_vdi: Ref<Vdi>,
    /// Resident on.
    #[field(DynamicRO)]
    pub resident_on: Ref<Host>,
    /// Scheduled to be resident on.
    #[field(DynamicRO, default = Ref::null())]
    pub scheduled_to_be_resident_on: Ref<Host>,
    /// Affinity.
    #[field(RW, role = VmPowerAdmin)]
    pub affinity: Ref<Host>,
    /// Memory overhead.
    #[field(DynamicRO, default = 0, db = "memory__overhead")]
    pub memory_overhead: i64,
    /// Memory target.
    #[field(StaticRO, default = 0, state = Deprecated, db = "memory__target")]
    pub memory_target: i64,
    /// Memory static max.
    #[field(StaticRO, db = "memory__static_max")]
    pub memory_static_max: i64,
    /// Memory dynamic max.
    #[field(StaticRO, db = "memory__dynamic_max")]
    pub memory_dynamic_max: i64,
    /// Memory dynamic min.
    #[field(StaticRO, db = "memory__dynamic_min")]
    pub memory_dynamic_min: i64,
    /// Memory static min.
    #[field(StaticRO, db = "memory__static_min")]
    pub memory_static_min: i64,
    /// VCPUs params.
    #[field(RW, name = "VCPUs_params", db = "VCPUs__params")]
    pub vcpus_params: BTreeMap<String, String>,
    /// VCPUs max.
    #[field(StaticRO, name = "VCPUs_max", db = "VCPUs__max")]
    pub vcpus_max: i64,
    /// VCPUs at startup.
    #[field(StaticRO, name = "VCPUs_at_startup", db = "VCPUs__at_startup")]
    pub vcpus_at_startup: i64,
    /// Actions after softreboot.
    #[field(RW, default = OnSoftrebootBehavior::SoftReboot, state = Prototyped, db = "actions__after_softreboot")]
    pub actions_after_softreboot: OnSoftrebootBehavior,
    /// Actions after shutdown.
    #[field(RW, db = "actions__after_shutdown")]
    pub actions_after_shutdown: OnNormalExit,
    /// Actions after reboot.
    #[field(RW, db = "actions__after_reboot")]
    pub actions_after_reboot: OnNormalExit,
    /// Actions after crash.
    #[field(StaticRO, db = "actions__after_crash")]
    pub actions_after_crash: OnCrashBehaviour,
    /// Consoles.
    #[field(DynamicRO, view = Console::VM)]
    pub consoles: Many<Console>,
    /// VIFs.
    #[field(DynamicRO, name = "VIFs", view = Vif::VM)]
    pub vifs: Many<Vif>,
    /// VBDs.
    #[field(DynamicRO, name = "VBDs", view = Vbd::VM)]
    pub vbds: Many<Vbd>,
    /// VUSBs.
    #[field(DynamicRO, name = "VUSBs", view = Vusb::VM)]
    pub vusbs: Many<Vusb>,
    /// Crash dumps.
    #[field(DynamicRO, view = Crashdump::VM)]
    pub crash_dumps: Many<Crashdump>,
    /// VTPMs.
    #[field(DynamicRO, name = "VTPMs", view = Vtpm::VM)]
    pub vtpms: Many<Vtpm>,
    /// PV bootloader.
    #[field(RW, name = "PV_bootloader", db = "PV__bootloader")]
    pub pv_bootloader: String,
    /// PV kernel.
    #[field(RW, name = "PV_kernel", db = "PV__kernel")]
    pub pv_kernel: String,
    /// PV ramdisk.
    #[field(RW, name = "PV_ramdisk", db = "PV__ramdisk")]
    pub pv_ramdisk: String,
    /// PV args.
    #[field(RW, name = "PV_args", db = "PV__args")]
    pub pv_args: String,
    /// PV bootloader args.
    #[field(RW, name = "PV_bootloader_args", db = "PV__bootloader_args")]
    pub pv_bootloader_args: String,
    /// PV legacy args.
    #[field(RW, name = "PV_legacy_args", db = "PV__legacy_args")]
    pub pv_legacy_args: String,
    /// HVM boot policy.
    #[field(StaticRO, name = "HVM_boot_policy", state = Deprecated, db = "HVM__boot_policy")]
    pub hvm_boot_policy: String,
    /// HVM boot params.
    #[field(RW, name = "HVM_boot_params", db = "HVM__boot_params")]
    pub hvm_boot_params: BTreeMap<String, String>,
    /// HVM shadow multiplier.
    #[field(StaticRO, name = "HVM_shadow_multiplier", default = 1.0, db = "HVM__shadow_multiplier")]
    pub hvm_shadow_multiplier: f64,
    /// Platform.
    #[field(StaticRO, keys = [("hvm_serial", PoolAdmin)])]
    pub platform: BTreeMap<String, String>,
    /// PCI bus.
    #[field(RW, name = "PCI_bus", state = Deprecated)]
    pub pci_bus: String,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(StaticRO, keys = [("pci", PoolAdmin), ("hvm_serial", PoolAdmin), ("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// Domid.
    #[field(DynamicRO)]
    pub domid: i64,
    /// Domarch.
    #[field(DynamicRO)]
    pub domarch: String,
    /// Last boot CPU flags.
    #[field(StaticRO, name = "last_boot_CPU_flags", default = BTreeMap::new())]
    pub last_boot_cpu_flags: BTreeMap<String, String>,
    /// Is control domain.
    #[field(DynamicRO)]
    pub is_control_domain: bool,
    /// Metrics.
    #[field(DynamicRO)]
    pub metrics: Ref<VmMetrics>,
    /// Guest metrics.
    #[field(DynamicRO)]
    pub guest_metrics: Ref<VmGuestMetrics>,
    /// Last booted record.
    #[field(StaticRO, default = String::new())]
    pub last_booted_record: String,
    /// Recommendations.
    #[field(RW)]
    pub recommendations: String,
    /// Xenstore data.
    #[field(RW, default = BTreeMap::new())]
    pub xenstore_data: BTreeMap<String, String>,
    /// Ha always run.
    #[field(StaticRO, default = false, state = Deprecated)]
    pub ha_always_run: bool,
    /// Ha restart priority.
    #[field(StaticRO, default = String::new())]
    pub ha_restart_priority: String,
    /// Is a snapshot.
    #[field(DynamicRO, default = false)]
    pub is_a_snapshot: bool,
    /// Snapshot of.
    #[field(DynamicRO, default = Ref::null())]
    pub snapshot_of: Ref<Vm>,
    /// Snapshots.
    #[field(DynamicRO, view = Vm::SNAPSHOT_OF)]
    pub snapshots: Many<Vm>,
    /// Snapshot time.
    #[field(DynamicRO, default = DateTime::epoch())]
    pub snapshot_time: DateTime,
    /// Transportable snapshot id.
    #[field(DynamicRO, default = String::new())]
    pub transportable_snapshot_id: String,
    /// Binary attachments of the virtual machine, by name.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub blobs: BTreeMap<String, Ref<Blob>>,
    /// Words that users attach to the virtual machine to find it again.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// Blocked operations.
    #[field(StaticRO, default = BTreeMap::new())]
    pub blocked_operations: BTreeMap<VmOperations, String>,
    /// Snapshot info.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub snapshot_info: BTreeMap<String, String>,
    /// Snapshot metadata.
    #[field(DynamicRO, default = String::new())]
    pub snapshot_metadata: String,
    /// Parent.
    #[field(DynamicRO, default = Ref::null())]
    pub parent: Ref<Vm>,
    /// Children.
    #[field(DynamicRO, view = Vm::PARENT)]
    pub children: Many<Vm>,
    /// Bios strings.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub bios_strings: BTreeMap<String, String>,
    /// Protection policy.
    #[field(StaticRO, default = Ref::null(), state = Deprecated)]
    pub protection_policy: Ref<Vmpp>,
    /// Is snapshot from vmpp.
    #[field(StaticRO, default = false, state = Removed)]
    pub is_snapshot_from_vmpp: bool,
    /// Snapshot schedule.
    #[field(StaticRO, default = Ref::null())]
    pub snapshot_schedule: Ref<Vmss>,
    /// Is vmss snapshot.
    #[field(StaticRO, default = false)]
    pub is_vmss_snapshot: bool,
    /// Appliance.
    #[field(StaticRO, default = Ref::null())]
    pub appliance: Ref<VmAppliance>,
    /// Start delay.
    #[field(StaticRO, default = 0)]
    pub start_delay: i64,
    /// Shutdown delay.
    #[field(StaticRO, default = 0)]
    pub shutdown_delay: i64,
    /// Order.
    #[field(StaticRO, default = 0)]
    pub order: i64,
    /// VGPUs.
    #[field(DynamicRO, name = "VGPUs", view = Vgpu::VM)]
    pub vgpus: Many<Vgpu>,
    /// Attached PCIs.
    #[field(DynamicRO, name = "attached_PCIs")]
    pub attached_pcis: Vec<Ref<Pci>>,
    /// Suspend SR.
    #[field(RW, name = "suspend_SR", default = Ref::null())]
    pub suspend_sr: Ref<Sr>,
    /// Version.
    #[field(StaticRO, default = 0)]
    pub version: i64,
    /// Generation id.
    #[field(StaticRO, default = "0:0".to_owned())]
    pub generation_id: String,
    /// Hardware platform version.
    #[field(RW, default = 0)]
    pub hardware_platform_version: i64,
    /// Has vendor device.
    #[field(StaticRO, default = true)]
    pub has_vendor_device: bool,
    /// Requires reboot.
    #[field(DynamicRO, default = false)]
    pub requires_reboot: bool,
    /// Reference label.
    #[field(StaticRO, default = String::new())]
    pub reference_label: String,
    /// Domain type.
    #[field(StaticRO, default = DomainType::Unspecified)]
    pub domain_type: DomainType,
    /// NVRAM.
    #[field(StaticRO, name = "NVRAM", default = BTreeMap::new())]
    pub nvram: BTreeMap<String, String>,
    /// Pending guidances.
    #[field(DynamicRO, default = Vec::new())]
    pub pending_guidances: Vec<UpdateGuidances>,
    /// Pending guidances recommended.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub pending_guidances_recommended: Vec<UpdateGuidances>,
    /// Pending guidances full.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub pending_guidances_full: Vec<UpdateGuidances>,
    /// Groups.
    #[field(DynamicRO, state = Prototyped)]
    pub groups: Vec<Ref<VmGroup>>,
    /// Secureboot certificates state.
    #[field(DynamicRO, default = VmSecurebootCertificatesState::Ok, state = Prototyped)]
    pub secureboot_certificates_state: VmSecurebootCertificatesState,
}

/// Vm power state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_power_state")]
pub enum VmPowerState {
    /// Halted.
    #[wire(name = "Halted")]
    Halted,
    /// Paused.
    #[wire(name = "Paused")]
    Paused,
    /// Running.
    #[wire(name = "Running")]
    Running,
    /// Suspended.
    #[wire(name = "Suspended")]
    Suspended,
}

/// Update guidances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "update_guidances")]
pub enum UpdateGuidances {
    /// Reboot host.
    #[wire(name = "reboot_host")]
    RebootHost,
    /// Reboot host on livepatch failure.
    #[wire(name = "reboot_host_on_livepatch_failure")]
    RebootHostOnLivepatchFailure,
    /// Reboot host on kernel livepatch failure.
    #[wire(name = "reboot_host_on_kernel_livepatch_failure")]
    RebootHostOnKernelLivepatchFailure,
    /// Reboot host on xen livepatch failure.
    #[wire(name = "reboot_host_on_xen_livepatch_failure")]
    RebootHostOnXenLivepatchFailure,
    /// Restart toolstack.
    #[wire(name = "restart_toolstack")]
    RestartToolstack,
    /// Restart device model.
    #[wire(name = "restart_device_model")]
    RestartDeviceModel,
    /// Restart vm.
    #[wire(name = "restart_vm")]
    RestartVm,
}

/// Vm secureboot certificates state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_secureboot_certificates_state")]
pub enum VmSecurebootCertificatesState {
    /// Ok.
    #[wire(name = "ok")]
    Ok,
    /// Update available.
    #[wire(name = "update_available")]
    UpdateAvailable,
    /// Update on boot.
    #[wire(name = "update_on_boot")]
    UpdateOnBoot,
}

/// On softreboot behavior.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "on_softreboot_behavior")]
pub enum OnSoftrebootBehavior {
    /// Soft reboot.
    #[wire(name = "soft_reboot")]
    SoftReboot,
    /// Destroy.
    #[wire(name = "destroy")]
    Destroy,
    /// Restart.
    #[wire(name = "restart")]
    Restart,
    /// Preserve.
    #[wire(name = "preserve")]
    Preserve,
}

/// On normal exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "on_normal_exit")]
pub enum OnNormalExit {
    /// Destroy.
    #[wire(name = "destroy")]
    Destroy,
    /// Restart.
    #[wire(name = "restart")]
    Restart,
}

/// On crash behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "on_crash_behaviour")]
pub enum OnCrashBehaviour {
    /// Destroy.
    #[wire(name = "destroy")]
    Destroy,
    /// Coredump and destroy.
    #[wire(name = "coredump_and_destroy")]
    CoredumpAndDestroy,
    /// Restart.
    #[wire(name = "restart")]
    Restart,
    /// Coredump and restart.
    #[wire(name = "coredump_and_restart")]
    CoredumpAndRestart,
    /// Preserve.
    #[wire(name = "preserve")]
    Preserve,
    /// Rename restart.
    #[wire(name = "rename_restart")]
    RenameRestart,
}

/// Domain type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "domain_type")]
pub enum DomainType {
    /// Hvm.
    #[wire(name = "hvm")]
    Hvm,
    /// Pv.
    #[wire(name = "pv")]
    Pv,
    /// Pv in pvh.
    #[wire(name = "pv_in_pvh")]
    PvInPvh,
    /// Pvh.
    #[wire(name = "pvh")]
    Pvh,
    /// Unspecified.
    #[wire(name = "unspecified")]
    Unspecified,
}

/// Vm uefi mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_uefi_mode")]
pub enum VmUefiMode {
    /// Setup.
    #[wire(name = "setup")]
    Setup,
    /// User.
    #[wire(name = "user")]
    User,
}

/// Vm secureboot readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_secureboot_readiness")]
pub enum VmSecurebootReadiness {
    /// Not supported.
    #[wire(name = "not_supported")]
    NotSupported,
    /// Disabled.
    #[wire(name = "disabled")]
    Disabled,
    /// First boot.
    #[wire(name = "first_boot")]
    FirstBoot,
    /// Ready.
    #[wire(name = "ready")]
    Ready,
    /// Ready no dbx.
    #[wire(name = "ready_no_dbx")]
    ReadyNoDbx,
    /// Setup mode.
    #[wire(name = "setup_mode")]
    SetupMode,
    /// Certs incomplete.
    #[wire(name = "certs_incomplete")]
    CertsIncomplete,
}

/// Vm operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_operations")]
pub enum VmOperations {
    /// Snapshot.
    #[wire(name = "snapshot")]
    Snapshot,
    /// Clone.
    #[wire(name = "clone")]
    Clone,
    /// Copy.
    #[wire(name = "copy")]
    Copy,
    /// Create template.
    #[wire(name = "create_template")]
    CreateTemplate,
    /// Revert.
    #[wire(name = "revert")]
    Revert,
    /// Checkpoint.
    #[wire(name = "checkpoint")]
    Checkpoint,
    /// Snapshot with quiesce.
    #[wire(name = "snapshot_with_quiesce")]
    SnapshotWithQuiesce,
    /// Provision.
    #[wire(name = "provision")]
    Provision,
    /// Start.
    #[wire(name = "start")]
    Start,
    /// Start on.
    #[wire(name = "start_on")]
    StartOn,
    /// Pause.
    #[wire(name = "pause")]
    Pause,
    /// Unpause.
    #[wire(name = "unpause")]
    Unpause,
    /// Clean shutdown.
    #[wire(name = "clean_shutdown")]
    CleanShutdown,
    /// Clean reboot.
    #[wire(name = "clean_reboot")]
    CleanReboot,
    /// Hard shutdown.
    #[wire(name = "hard_shutdown")]
    HardShutdown,
    /// Power state reset.
    #[wire(name = "power_state_reset")]
    PowerStateReset,
    /// Hard reboot.
    #[wire(name = "hard_reboot")]
    HardReboot,
    /// Suspend.
    #[wire(name = "suspend")]
    Suspend,
    /// Csvm.
    #[wire(name = "csvm")]
    Csvm,
    /// Resume.
    #[wire(name = "resume")]
    Resume,
    /// Resume on.
    #[wire(name = "resume_on")]
    ResumeOn,
    /// Pool migrate.
    #[wire(name = "pool_migrate")]
    PoolMigrate,
    /// Migrate send.
    #[wire(name = "migrate_send")]
    MigrateSend,
    /// Get boot record.
    #[wire(name = "get_boot_record")]
    GetBootRecord,
    /// Send sysrq.
    #[wire(name = "send_sysrq")]
    SendSysrq,
    /// Send trigger.
    #[wire(name = "send_trigger")]
    SendTrigger,
    /// Query services.
    #[wire(name = "query_services")]
    QueryServices,
    /// Shutdown.
    #[wire(name = "shutdown")]
    Shutdown,
    /// Call plugin.
    #[wire(name = "call_plugin")]
    CallPlugin,
    /// Changing memory live.
    #[wire(name = "changing_memory_live")]
    ChangingMemoryLive,
    /// Awaiting memory live.
    #[wire(name = "awaiting_memory_live")]
    AwaitingMemoryLive,
    /// Changing dynamic range.
    #[wire(name = "changing_dynamic_range")]
    ChangingDynamicRange,
    /// Changing static range.
    #[wire(name = "changing_static_range")]
    ChangingStaticRange,
    /// Changing memory limits.
    #[wire(name = "changing_memory_limits")]
    ChangingMemoryLimits,
    /// Changing shadow memory.
    #[wire(name = "changing_shadow_memory")]
    ChangingShadowMemory,
    /// Changing shadow memory live.
    #[wire(name = "changing_shadow_memory_live")]
    ChangingShadowMemoryLive,
    /// Changing vcpus.
    #[wire(name = "changing_VCPUs")]
    ChangingVCPUs,
    /// Changing vcpus live.
    #[wire(name = "changing_VCPUs_live")]
    ChangingVCPUsLive,
    /// Changing nvram.
    #[wire(name = "changing_NVRAM")]
    ChangingNvram,
    /// Assert operation valid.
    #[wire(name = "assert_operation_valid")]
    AssertOperationValid,
    /// Data source op.
    #[wire(name = "data_source_op")]
    DataSourceOp,
    /// Update allowed operations.
    #[wire(name = "update_allowed_operations")]
    UpdateAllowedOperations,
    /// Make into template.
    #[wire(name = "make_into_template")]
    MakeIntoTemplate,
    /// Import.
    #[wire(name = "import")]
    Import,
    /// Export.
    #[wire(name = "export")]
    Export,
    /// Metadata export.
    #[wire(name = "metadata_export")]
    MetadataExport,
    /// Reverting.
    #[wire(name = "reverting")]
    Reverting,
    /// Destroy.
    #[wire(name = "destroy")]
    Destroy,
    /// Create vtpm.
    #[wire(name = "create_vtpm")]
    CreateVtpm,
    /// Sysprep.
    #[wire(name = "sysprep")]
    Sysprep,
}

/// Set platform of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_platform", role = VmAdmin, sync)]
pub struct SetPlatform {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Remove from platform of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.remove_from_platform", role = VmAdmin, sync)]
pub struct RemoveFromPlatform {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Key.
    pub key: String,
}

/// Add to platform of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.add_to_platform", role = VmAdmin, sync)]
pub struct AddToPlatform {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Set other config of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_other_config", role = VmAdmin, sync)]
pub struct SetOtherConfig {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Remove from other config of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.remove_from_other_config", role = VmAdmin, sync)]
pub struct RemoveFromOtherConfig {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Key.
    pub key: String,
}

/// Add to other config of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.add_to_other_config", role = VmAdmin, sync)]
pub struct AddToOtherConfig {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Sysprep of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.sysprep", role = VmAdmin, state = Prototyped)]
pub struct Sysprep {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Unattend.
    pub unattend: String,
    /// Timeout.
    pub timeout: f64,
}

/// Remove from blocked operations of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.remove_from_blocked_operations", role = VmAdmin)]
pub struct RemoveFromBlockedOperations {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Key.
    pub key: VmOperations,
}

/// Add to blocked operations of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.add_to_blocked_operations", role = VmAdmin)]
pub struct AddToBlockedOperations {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Key.
    pub key: VmOperations,
    /// Value.
    pub value: String,
}

/// Set blocked operations of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_blocked_operations", role = VmAdmin)]
pub struct SetBlockedOperations {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: BTreeMap<VmOperations, String>,
}

/// Update secureboot certificates on boot of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.update_secureboot_certificates_on_boot", role = VmAdmin, state = Prototyped)]
pub struct UpdateSecurebootCertificatesOnBoot {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Mark.
    pub mark: bool,
}

/// Get secureboot readiness of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_secureboot_readiness", out = VmSecurebootReadiness, role = PoolAdmin, state = Prototyped)]
pub struct GetSecurebootReadiness {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Set uefi mode of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_uefi_mode", out = String, role = PoolAdmin, state = Prototyped)]
pub struct SetUefiMode {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Mode.
    pub mode: VmUefiMode,
}

/// Restart device models of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.restart_device_models", role = VmPowerAdmin, client_cert, state = Prototyped)]
pub struct RestartDeviceModels {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Set HVM boot policy of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_HVM_boot_policy", role = VmAdmin, state = Deprecated, sync)]
pub struct SetHvmBootPolicy {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: String,
}

/// Set domain type of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_domain_type", role = VmAdmin, sync)]
pub struct SetDomainType {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: DomainType,
}

/// Set actions after crash of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_actions_after_crash", role = VmAdmin)]
pub struct SetActionsAfterCrash {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: OnCrashBehaviour,
}

/// Import of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.import", out = Vec<Ref<Vm>>, role = PoolOperator)]
pub struct Import {
    /// Url.
    pub url: String,
    /// Sr.
    pub sr: Ref<Sr>,
    /// Full restore.
    pub full_restore: bool,
    /// Force.
    pub force: bool,
}

/// Set has vendor device of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_has_vendor_device", role = VmAdmin)]
pub struct SetHasVendorDevice {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: bool,
}

/// Call host plugin of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.call_host_plugin", out = String, role = VmOperator, state = Prototyped)]
pub struct CallHostPlugin {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Plugin.
    pub plugin: String,
    /// Fn.
    #[param(name = "fn")]
    pub fn_: String,
    /// Args.
    pub args: BTreeMap<String, String>,
}

/// Call plugin of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.call_plugin", out = String, role = VmOperator)]
pub struct CallPlugin {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Plugin.
    pub plugin: String,
    /// Fn.
    #[param(name = "fn")]
    pub fn_: String,
    /// Args.
    pub args: BTreeMap<String, String>,
}

/// Query services of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.query_services", out = BTreeMap<String, String>, role = PoolAdmin)]
pub struct QueryServices {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Set groups of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_groups", role = VmAdmin, state = Prototyped)]
pub struct SetGroups {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: Vec<Ref<VmGroup>>,
}

/// Set appliance of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_appliance", role = PoolOperator)]
pub struct SetAppliance {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: Ref<VmAppliance>,
}

/// Import convert of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.import_convert", role = VmAdmin)]
pub struct ImportConvert {
    /// Type.
    #[param(name = "type")]
    pub kind: String,
    /// Username.
    pub username: String,
    /// Password.
    pub password: String,
    /// Sr.
    pub sr: Ref<Sr>,
    /// Remote config.
    pub remote_config: BTreeMap<String, String>,
}

/// Recover of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.recover", role = ReadOnly)]
pub struct Recover {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Session to.
    pub session_to: Ref<Session>,
    /// Force.
    pub force: bool,
}

/// Get SRs required for recovery of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_SRs_required_for_recovery", out = Vec<Ref<Sr>>, role = ReadOnly)]
pub struct GetSRsRequiredForRecovery {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Session to.
    pub session_to: Ref<Session>,
}

/// Assert can be recovered of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.assert_can_be_recovered", role = ReadOnly)]
pub struct AssertCanBeRecovered {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Session to.
    pub session_to: Ref<Session>,
}

/// Set suspend VDI of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_suspend_VDI", role = PoolOperator)]
pub struct SetSuspendVdi {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: Ref<Vdi>,
}

/// Set order of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_order", role = PoolOperator)]
pub struct SetOrder {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: i64,
}

/// Set shutdown delay of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_shutdown_delay", role = PoolOperator)]
pub struct SetShutdownDelay {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: i64,
}

/// Set start delay of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_start_delay", role = PoolOperator)]
pub struct SetStartDelay {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: i64,
}

/// Set snapshot schedule of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_snapshot_schedule", role = PoolOperator, sync)]
pub struct SetSnapshotSchedule {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: Ref<Vmss>,
}

/// Set protection policy of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_protection_policy", role = PoolOperator, state = Removed, sync)]
pub struct SetProtectionPolicy {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: Ref<Vmpp>,
}

/// Copy bios strings of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.copy_bios_strings", role = VmAdmin)]
pub struct CopyBiosStrings {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Host.
    pub host: Ref<Host>,
}

/// Set bios strings of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_bios_strings", role = VmAdmin)]
pub struct SetBiosStrings {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Retrieve wlb recommendations of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.retrieve_wlb_recommendations", out = BTreeMap<Ref<Host>, Vec<String>>, role = ReadOnly)]
pub struct RetrieveWlbRecommendations {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Assert agile of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.assert_agile", role = ReadOnly)]
pub struct AssertAgile {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Create new blob of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.create_new_blob", out = Ref<Blob>, role = VmPowerAdmin)]
pub struct CreateNewBlob {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name.
    pub name: String,
    /// Mime type.
    pub mime_type: String,
    /// Public.
    #[param(default = false)]
    pub public: bool,
}

/// Assert can boot here of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.assert_can_boot_here", role = ReadOnly)]
pub struct AssertCanBootHere {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Host.
    pub host: Ref<Host>,
}

/// Get possible hosts of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_possible_hosts", out = Vec<Ref<Host>>, role = ReadOnly)]
pub struct GetPossibleHosts {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Get allowed VIF devices of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_allowed_VIF_devices", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetAllowedVifDevices {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Get allowed VBD devices of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_allowed_VBD_devices", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetAllowedVbdDevices {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Update allowed operations of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.update_allowed_operations", role = PoolAdmin)]
pub struct UpdateAllowedOperations {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Assert operation valid of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.assert_operation_valid", role = ReadOnly)]
pub struct AssertOperationValid {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Op.
    pub op: VmOperations,
}

/// Forget data source archives of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.forget_data_source_archives", role = VmAdmin, sync)]
pub struct ForgetDataSourceArchives {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Data source.
    pub data_source: String,
}

/// Query data source of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.query_data_source", out = f64, role = ReadOnly, sync)]
pub struct QueryDataSource {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Data source.
    pub data_source: String,
}

/// Record data source of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.record_data_source", role = VmAdmin, sync)]
pub struct RecordDataSource {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Data source.
    pub data_source: String,
}

/// Get data sources of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_data_sources", out = Vec<DataSource>, role = ReadOnly, sync)]
pub struct GetDataSources {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Get boot record of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_boot_record", out = Vm, role = ReadOnly, state = Deprecated, sync)]
pub struct GetBootRecord {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Assert can migrate of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.assert_can_migrate", role = VmPowerAdmin)]
pub struct AssertCanMigrate {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Dest.
    pub dest: BTreeMap<String, String>,
    /// Live.
    pub live: bool,
    /// Vdi map.
    pub vdi_map: BTreeMap<Ref<Vdi>, Ref<Sr>>,
    /// Vif map.
    pub vif_map: BTreeMap<Ref<Vif>, Ref<Network>>,
    /// Options.
    pub options: BTreeMap<String, String>,
    /// Vgpu map.
    #[param(default = BTreeMap::new())]
    pub vgpu_map: BTreeMap<Ref<Vgpu>, Ref<GpuGroup>>,
}

/// Migrate send of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.migrate_send", out = Ref<Vm>, role = VmPowerAdmin)]
pub struct MigrateSend {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Dest.
    pub dest: BTreeMap<String, String>,
    /// Live.
    pub live: bool,
    /// Vdi map.
    pub vdi_map: BTreeMap<Ref<Vdi>, Ref<Sr>>,
    /// Vif map.
    pub vif_map: BTreeMap<Ref<Vif>, Ref<Network>>,
    /// Options.
    pub options: BTreeMap<String, String>,
    /// Vgpu map.
    #[param(default = BTreeMap::new())]
    pub vgpu_map: BTreeMap<Ref<Vgpu>, Ref<GpuGroup>>,
    /// Vdi format map.
    #[param(default = BTreeMap::new())]
    pub vdi_format_map: BTreeMap<Ref<Vdi>, String>,
}

/// Maximise memory of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.maximise_memory", out = i64, role = ReadOnly)]
pub struct MaximiseMemory {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Total.
    pub total: i64,
    /// Approximate.
    pub approximate: bool,
}

/// Send trigger of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.send_trigger", role = PoolAdmin)]
pub struct SendTrigger {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Trigger.
    pub trigger: String,
}

/// Send sysrq of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.send_sysrq", role = PoolAdmin)]
pub struct SendSysrq {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Key.
    pub key: String,
}

/// Set VCPUs at startup of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_VCPUs_at_startup", role = VmAdmin, sync)]
pub struct SetVCPUsAtStartup {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: i64,
}

/// Set VCPUs max of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_VCPUs_max", role = VmAdmin, sync)]
pub struct SetVCPUsMax {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: i64,
}

/// Set shadow multiplier live of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_shadow_multiplier_live", role = VmPowerAdmin)]
pub struct SetShadowMultiplierLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Multiplier.
    pub multiplier: f64,
}

/// Set HVM shadow multiplier of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_HVM_shadow_multiplier", role = VmPowerAdmin, sync)]
pub struct SetHvmShadowMultiplier {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: f64,
}

/// Get cooperative of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_cooperative", out = bool, role = ReadOnly, state = Deprecated)]
pub struct GetCooperative {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Wait memory target live of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.wait_memory_target_live", role = ReadOnly, state = Deprecated)]
pub struct WaitMemoryTargetLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Set memory target live of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_target_live", role = VmPowerAdmin, state = Deprecated)]
pub struct SetMemoryTargetLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Target.
    pub target: i64,
}

/// Set memory of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory", role = VmPowerAdmin)]
pub struct SetMemory {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: i64,
}

/// Set memory limits of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_limits", role = VmPowerAdmin)]
pub struct SetMemoryLimits {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Static min.
    pub static_min: i64,
    /// Static max.
    pub static_max: i64,
    /// Dynamic min.
    pub dynamic_min: i64,
    /// Dynamic max.
    pub dynamic_max: i64,
}

/// Set memory static range of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_static_range", role = VmPowerAdmin)]
pub struct SetMemoryStaticRange {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Min.
    pub min: i64,
    /// Max.
    pub max: i64,
}

/// Set memory static min of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_static_min", role = VmPowerAdmin, sync)]
pub struct SetMemoryStaticMin {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: i64,
}

/// Set memory static max of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_static_max", role = VmPowerAdmin, sync)]
pub struct SetMemoryStaticMax {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: i64,
}

/// Set memory dynamic range of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_dynamic_range", role = VmPowerAdmin)]
pub struct SetMemoryDynamicRange {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Min.
    pub min: i64,
    /// Max.
    pub max: i64,
}

/// Set memory dynamic min of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_dynamic_min", role = VmPowerAdmin, sync)]
pub struct SetMemoryDynamicMin {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: i64,
}

/// Set memory dynamic max of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_dynamic_max", role = VmPowerAdmin, sync)]
pub struct SetMemoryDynamicMax {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: i64,
}

/// Compute memory overhead of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.compute_memory_overhead", out = i64, role = ReadOnly)]
pub struct ComputeMemoryOverhead {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Set ha always run of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_ha_always_run", role = PoolOperator, state = Deprecated, sync)]
pub struct SetHaAlwaysRun {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: bool,
}

/// Set ha restart priority of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_ha_restart_priority", role = PoolOperator, sync)]
pub struct SetHaRestartPriority {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: String,
}

/// Remove from NVRAM of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.remove_from_NVRAM", role = VmAdmin, sync)]
pub struct RemoveFromNvram {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Key.
    pub key: String,
}

/// Add to NVRAM of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.add_to_NVRAM", role = VmAdmin, sync)]
pub struct AddToNvram {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Set NVRAM of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_NVRAM", role = VmAdmin, sync)]
pub struct SetNvram {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Add to VCPUs params live of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.add_to_VCPUs_params_live", role = VmAdmin)]
pub struct AddToVCPUsParamsLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Set VCPUs number live of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_VCPUs_number_live", role = VmAdmin)]
pub struct SetVCPUsNumberLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Nvcpu.
    pub nvcpu: i64,
}

/// Pool migrate of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.pool_migrate", role = VmPowerAdmin, client_cert)]
pub struct PoolMigrate {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Host.
    pub host: Ref<Host>,
    /// Options.
    pub options: BTreeMap<String, String>,
}

/// Resume on of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.resume_on", role = VmPowerAdmin, client_cert)]
pub struct ResumeOn {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Host.
    pub host: Ref<Host>,
    /// Start paused.
    pub start_paused: bool,
    /// Force.
    pub force: bool,
}

/// Resume of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.resume", role = VmOperator)]
pub struct Resume {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Start paused.
    pub start_paused: bool,
    /// Force.
    pub force: bool,
}

/// Suspend of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.suspend", role = VmOperator, client_cert)]
pub struct Suspend {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Hard reboot of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.hard_reboot", role = VmOperator)]
pub struct HardReboot {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Power state reset of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.power_state_reset", role = PoolOperator)]
pub struct PowerStateReset {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Hard shutdown of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.hard_shutdown", role = VmOperator)]
pub struct HardShutdown {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Clean reboot of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.clean_reboot", role = VmOperator)]
pub struct CleanReboot {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Shutdown of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.shutdown", role = VmOperator, client_cert)]
pub struct Shutdown {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Clean shutdown of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.clean_shutdown", role = VmOperator)]
pub struct CleanShutdown {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Unpause of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.unpause", role = VmOperator)]
pub struct Unpause {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Pause of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.pause", role = VmOperator)]
pub struct Pause {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Start on of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.start_on", role = VmPowerAdmin, client_cert)]
pub struct StartOn {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Host.
    pub host: Ref<Host>,
    /// Start paused.
    pub start_paused: bool,
    /// Force.
    pub force: bool,
}

/// Start of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.start", role = VmOperator)]
pub struct Start {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Start paused.
    pub start_paused: bool,
    /// Force.
    pub force: bool,
}

/// Provision of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.provision", role = VmAdmin)]
pub struct Provision {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Checkpoint of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.checkpoint", out = Ref<Vm>, role = VmPowerAdmin)]
pub struct Checkpoint {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// New name.
    pub new_name: String,
}

/// Revert of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.revert", role = VmPowerAdmin)]
pub struct Revert {
    /// Snapshot.
    pub snapshot: Ref<Vm>,
}

/// Copy of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.copy", out = Ref<Vm>, role = VmAdmin)]
pub struct Copy {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// New name.
    pub new_name: String,
    /// Sr.
    pub sr: Ref<Sr>,
}

/// Clone of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.clone", out = Ref<Vm>, role = VmAdmin)]
pub struct Clone {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// New name.
    pub new_name: String,
}

/// Snapshot with quiesce of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.snapshot_with_quiesce", out = Ref<Vm>, role = VmPowerAdmin, state = Removed)]
pub struct SnapshotWithQuiesce {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// New name.
    pub new_name: String,
}

/// Snapshot of VM.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.snapshot", out = Ref<Vm>, role = VmPowerAdmin)]
pub struct Snapshot {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// New name.
    pub new_name: String,
    /// Ignore vdis.
    #[param(default = Vec::new())]
    pub ignore_vdis: Vec<Ref<Vdi>>,
}
