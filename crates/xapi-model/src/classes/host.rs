//! Class `host`.

use std::collections::BTreeMap;

use super::*;

/// A machine that runs the hypervisor and belongs to a pool. One host of the pool is its master and answers
/// for all.
#[derive(Clone, Debug, Class)]
#[class(name = "host", role = PoolOperator, calls(SetServertime, GetNtpSynchronized, ListTimezones, SetTimezone, GetNtpServersStatus, SetNtpCustomServers, SetNtpMode, SetMaxCstate, GetTrackedUserAgents, SetSshAutoMode, SetConsoleIdleTimeout, SetSshEnabledTimeout, DisableSsh, EnableSsh, EmergencyClearMandatoryGuidance, ApplyRecommendedGuidances, SetHttpsOnly, RescanDrivers, ApplyUpdates, EmergencyReenableTlsVerification, EmergencyDisableTlsVerification, SetNumaAffinityPolicy, GetSchedGran, SetSchedGran, SetUefiCertificates, SetMultipathing, SetIscsiIqn, SetSslLegacy, DisableDisplay, EnableDisplay, DeclareDead, MigrateReceive, DisableLocalStorageCaching, EnableLocalStorageCaching, ResetCpuFeatures, SetCpuFeatures, SetPowerOnMode, RefreshPackInfo, ApplyEdition, ResetServerCertificate, EmergencyResetServerCertificate, InstallServerCertificate, RefreshServerCertificate, GetServerCertificate, RetrieveWlbEvacuateRecommendations, ExternalAuthSetLdaps, DisableExternalAuth, EnableExternalAuth, GetServerLocaltime, GetServertime, CallExtension, HasExtension, CallPlugin, CreateNewBlob, BackupRrds, SyncData, ComputeMemoryOverhead, ComputeFreeMemory, SetHostnameLive, ShutdownAgent, RestartAgent, GetSystemStatusCapabilities, GetManagementInterface, ManagementDisable, LocalManagementReconfigure, ManagementReconfigure, SyslogReconfigure, Evacuate, GetUncooperativeResidentVMs, GetVmsWhichPreventEvacuation, AssertCanEvacuate, ForgetDataSourceArchives, QueryDataSource, RecordDataSource, GetDataSources, EmergencyHaDisable, PowerOn, Destroy, LicenseRemove, LicenseAdd, LicenseApply, ListMethods, BugreportUpload, SendDebugKeys, GetLog, DmesgClear, Dmesg, Reboot, Shutdown, Enable, Disable))]
pub struct Host {
    /// Unique identifier of the host. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new())]
    pub name_description: String,
    /// Memory that the hypervisor takes for itself, in bytes.
    #[field(DynamicRO, default = 0, db = "memory__overhead")]
    pub memory_overhead: i64,
    /// What may be asked of the host in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<HostAllowedOperations>,
    /// What is being done to the host right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, HostAllowedOperations>,
    /// First number of the API version that the host speaks.
    #[field(DynamicRO, name = "API_version_major", db = "API_version__major")]
    pub api_version_major: i64,
    /// Second number of the API version that the host speaks.
    #[field(DynamicRO, name = "API_version_minor", db = "API_version__minor")]
    pub api_version_minor: i64,
    /// Who defined that API version.
    #[field(DynamicRO, name = "API_version_vendor", db = "API_version__vendor")]
    pub api_version_vendor: String,
    /// What the vendor tells about its implementation.
    #[field(DynamicRO, name = "API_version_vendor_implementation", db = "API_version__vendor_implementation")]
    pub api_version_vendor_implementation: BTreeMap<String, String>,
    /// True if the host takes virtual machines. A disabled host goes on running those that it has.
    #[field(DynamicRO)]
    pub enabled: bool,
    /// Versions of the software on the host by name, such as `product_version`; `network_backend` is
    /// `openvswitch` or `bridge`.
    #[field(StaticRO)]
    pub software_version: BTreeMap<String, String>,
    /// Settings and marks of clients. `folder` and `XenCenter.CustomFields.…` may be changed by machine
    /// operators; `sync_vlans` = `nosync` stops the host from taking over the pool's VLANs at its start.
    #[field(RW, keys = [("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// Kinds of virtual machines that the hypervisor can run.
    #[field(StaticRO)]
    pub capabilities: Vec<String>,
    /// How CPUs are set up for the hypervisor.
    #[field(DynamicRO)]
    pub cpu_configuration: BTreeMap<String, String>,
    /// Scheduler of the hypervisor.
    #[field(DynamicRO)]
    pub sched_policy: String,
    /// Bootloaders that paravirtual machines may name.
    #[field(DynamicRO)]
    pub supported_bootloaders: Vec<String>,
    /// The machines that run on the host, its control domain among them.
    #[field(DynamicRO, name = "resident_VMs", view = Vm::RESIDENT_ON)]
    pub resident_vms: Many<Vm>,
    /// Where logs go: `syslog_destination` names a log server. host.syslog_reconfigure puts a change into
    /// effect.
    #[field(RW)]
    pub logging: BTreeMap<String, String>,
    /// Network interfaces of the host, with its bonds and VLANs.
    #[field(DynamicRO, name = "PIFs", view = Pif::HOST)]
    pub pifs: Many<Pif>,
    /// Where the memory of suspended machines is kept, if the pool does not say.
    #[field(RW)]
    pub suspend_image_sr: Ref<Sr>,
    /// Where dumps of crashed machines are kept, if the pool does not say.
    #[field(RW)]
    pub crash_dump_sr: Ref<Sr>,
    /// Dumps that were found after the host itself crashed.
    #[field(DynamicRO, view = HostCrashdump::HOST)]
    pub crashdumps: Many<HostCrashdump>,
    /// Patches of the old kind that are on the host.
    #[field(DynamicRO, view = HostPatch::HOST, state = Deprecated)]
    pub patches: Many<HostPatch>,
    /// Updates that are applied to the host.
    #[field(DynamicRO)]
    pub updates: Vec<Ref<PoolUpdate>>,
    /// Connections of the host to storage repositories.
    #[field(DynamicRO, name = "PBDs", view = Pbd::HOST)]
    pub pbds: Many<Pbd>,
    /// Physical CPUs of the host.
    #[field(DynamicRO, name = "host_CPUs", view = HostCpu::HOST)]
    pub host_cpus: Many<HostCpu>,
    /// What the CPUs are and can do: their number, sockets, model and features.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub cpu_info: BTreeMap<String, String>,
    /// Name of the host on the network, as the operating system has it.
    #[field(RW)]
    pub hostname: String,
    /// Address at which the host is managed; empty while it has none.
    #[field(RW)]
    pub address: String,
    /// What is measured of the host, and whether it is alive.
    #[field(DynamicRO)]
    pub metrics: Ref<HostMetrics>,
    /// Terms of the licence in force.
    #[field(DynamicRO)]
    pub license_params: BTreeMap<String, String>,
    /// Disks that high availability keeps its state on, as this host uses them.
    #[field(DynamicRO, default = Vec::new())]
    pub ha_statefiles: Vec<String>,
    /// UUIDs of the hosts that this host can reach for high availability.
    #[field(DynamicRO, default = Vec::new())]
    pub ha_network_peers: Vec<String>,
    /// Binary attachments of the host, by name.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub blobs: BTreeMap<String, Ref<Blob>>,
    /// Words that users attach to the host to find it again.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// Kind of directory service that users come from; empty for local users only.
    #[field(DynamicRO, default = String::new())]
    pub external_auth_type: String,
    /// Name of the directory service, such as its domain.
    #[field(DynamicRO, default = String::new())]
    pub external_auth_service_name: String,
    /// Settings of the directory service.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub external_auth_configuration: BTreeMap<String, String>,
    /// Edition of the product that the host runs as.
    #[field(DynamicRO, default = String::new())]
    pub edition: String,
    /// Address and port of the server that gives out licences.
    #[field(RW, default = BTreeMap::from([("address".to_owned(), "localhost".to_owned()), ("port".to_owned(), "27000".to_owned())]))]
    pub license_server: BTreeMap<String, String>,
    /// What the firmware tells of the machine: maker, model, serial numbers.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub bios_strings: BTreeMap<String, String>,
    /// How the host is switched on from afar: empty for not at all, `wake-on-lan`, `DRAC`, or the name of a
    /// script.
    #[field(DynamicRO, default = String::new())]
    pub power_on_mode: String,
    /// Parameters for switching it on, such as an address and a user.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub power_on_config: BTreeMap<String, String>,
    /// Local repository that caches remote disks, or null.
    #[field(StaticRO, default = Ref::null())]
    pub local_cache_sr: Ref<Sr>,
    /// What the chipset can do, such as `iommu`.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub chipset_info: BTreeMap<String, String>,
    /// PCI devices in the host.
    #[field(DynamicRO, name = "PCIs", view = Pci::HOST)]
    pub pcis: Many<Pci>,
    /// Physical GPUs in the host.
    #[field(DynamicRO, name = "PGPUs", view = Pgpu::HOST)]
    pub pgpus: Many<Pgpu>,
    /// Physical USB devices in the host.
    #[field(DynamicRO, name = "PUSBs", view = Pusb::HOST)]
    pub pusbs: Many<Pusb>,
    /// True if old versions of TLS are accepted. They no longer are.
    #[field(StaticRO, default = true, state = Deprecated)]
    pub ssl_legacy: bool,
    /// Default scheduling parameters of the machines on this host.
    #[field(RW, name = "guest_VCPUs_params", default = BTreeMap::new())]
    pub guest_vcpus_params: BTreeMap<String, String>,
    /// Whether the host shows its console on a screen.
    #[field(RW, default = HostDisplay::Enabled)]
    pub display: HostDisplay,
    /// Versions of the virtual hardware that the host can offer.
    #[field(DynamicRO, default = vec![0])]
    pub virtual_hardware_platform_versions: Vec<i64>,
    /// The virtual machine that runs the host itself.
    #[field(DynamicRO, default = Ref::null())]
    pub control_domain: Ref<Vm>,
    /// Updates that take effect only when the host is rebooted.
    #[field(DynamicRO)]
    pub updates_requiring_reboot: Vec<Ref<PoolUpdate>>,
    /// Features that can be told for the host.
    #[field(DynamicRO, view = Feature::HOST)]
    pub features: Many<Feature>,
    /// Name by which the host is known to iSCSI storage.
    #[field(StaticRO, default = String::new())]
    pub iscsi_iqn: String,
    /// True if storage is used over several paths at once.
    #[field(StaticRO, default = false)]
    pub multipathing: bool,
    /// UEFI certificates of the host; the pool keeps them now.
    #[field(StaticRO, default = String::new(), state = Deprecated)]
    pub uefi_certificates: String,
    /// Certificates by which the host proves itself.
    #[field(DynamicRO, view = Certificate::HOST)]
    pub certificates: Many<Certificate>,
    /// Editions that the host can run as.
    #[field(DynamicRO, default = Vec::new())]
    pub editions: Vec<String>,
    /// What must be done before updates are in force.
    #[field(DynamicRO, default = Vec::new())]
    pub pending_guidances: Vec<UpdateGuidances>,
    /// True if the host checks the certificates of those it connects to.
    #[field(DynamicRO, default = false)]
    pub tls_verification_enabled: bool,
    /// When software was last updated.
    #[field(DynamicRO, default = DateTime::epoch(), state = Prototyped)]
    pub last_software_update: DateTime,
    /// True if the host is managed through HTTPS only.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub https_only: bool,
    /// Whether the host has all updates that the pool knows.
    #[field(DynamicRO, default = LatestSyncedUpdatesAppliedState::Unknown, state = Prototyped)]
    pub latest_synced_updates_applied: LatestSyncedUpdatesAppliedState,
    /// Whether machines are kept close to their memory.
    #[field(DynamicRO, default = HostNumaAffinityPolicy::DefaultPolicy, state = Prototyped)]
    pub numa_affinity_policy: HostNumaAffinityPolicy,
    /// What should be done for updates to be in force.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub pending_guidances_recommended: Vec<UpdateGuidances>,
    /// What would put every part of the updates in force.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub pending_guidances_full: Vec<UpdateGuidances>,
    /// Mark of the set of updates that was last applied.
    #[field(DynamicRO, default = String::new(), state = Prototyped)]
    pub last_update_hash: String,
    /// True if the host can be logged in to by SSH.
    #[field(DynamicRO, default = true, state = Prototyped)]
    pub ssh_enabled: bool,
    /// Seconds after which SSH is closed again; 0 for never.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub ssh_enabled_timeout: i64,
    /// When SSH will be closed.
    #[field(DynamicRO, default = DateTime::epoch(), state = Prototyped)]
    pub ssh_expiry: DateTime,
    /// Seconds after which an idle console is logged out; 0 for never.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub console_idle_timeout: i64,
    /// True if SSH is opened by itself while the API does not answer.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub ssh_auto_mode: bool,
    /// Deepest sleep that CPUs may enter; empty for no limit.
    #[field(DynamicRO, default = String::new(), state = Prototyped)]
    pub max_cstate: String,
    /// True if the host was started with UEFI Secure Boot.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub secure_boot: bool,
    /// Where the host takes the time from.
    #[field(DynamicRO, default = HostNtpMode::Factory, state = Prototyped)]
    pub ntp_mode: HostNtpMode,
    /// Time servers for the mode `Custom`.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub ntp_custom_servers: Vec<String>,
    /// Time zone of the host.
    #[field(DynamicRO, default = "UTC".to_owned(), state = Prototyped)]
    pub timezone: String,
}

/// What can be done to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "host_allowed_operations")]
pub enum HostAllowedOperations {
    /// Put a new machine on it.
    #[wire(name = "provision")]
    Provision,
    /// Move all machines away.
    #[wire(name = "evacuate")]
    Evacuate,
    /// Switch it off.
    #[wire(name = "shutdown")]
    Shutdown,
    /// Restart it.
    #[wire(name = "reboot")]
    Reboot,
    /// Switch it on.
    #[wire(name = "power_on")]
    PowerOn,
    /// Start a machine on it.
    #[wire(name = "vm_start")]
    VmStart,
    /// Resume a machine on it.
    #[wire(name = "vm_resume")]
    VmResume,
    /// Move a machine to it or away.
    #[wire(name = "vm_migrate")]
    VmMigrate,
    /// Apply updates.
    #[wire(name = "apply_updates")]
    ApplyUpdates,
    /// Let it take machines again.
    #[wire(name = "enable")]
    Enable,
}

/// Whether a host has all known updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "latest_synced_updates_applied_state")]
pub enum LatestSyncedUpdatesAppliedState {
    /// It has.
    #[wire(name = "yes")]
    Yes,
    /// Some are missing.
    #[wire(name = "no")]
    No,
    /// Nobody has looked since.
    #[wire(name = "unknown")]
    Unknown,
}

/// Whether a host shows its console on a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "host_display")]
pub enum HostDisplay {
    /// It does, also after a reboot.
    #[wire(name = "enabled")]
    Enabled,
    /// It does until it is rebooted.
    #[wire(name = "disable_on_reboot")]
    DisableOnReboot,
    /// It does not; the screen may go to a machine.
    #[wire(name = "disabled")]
    Disabled,
    /// It does not until it is rebooted.
    #[wire(name = "enable_on_reboot")]
    EnableOnReboot,
}

/// Unit of CPUs that a machine is scheduled on as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "host_sched_gran")]
pub enum HostSchedGran {
    /// A core with all its threads.
    #[wire(name = "core")]
    Core,
    /// A single thread.
    #[wire(name = "cpu")]
    Cpu,
    /// A whole socket.
    #[wire(name = "socket")]
    Socket,
}

/// Whether machines are kept close to their memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "host_numa_affinity_policy")]
pub enum HostNumaAffinityPolicy {
    /// They are placed anywhere.
    #[wire(name = "any")]
    Any,
    /// They are kept close if it can be done.
    #[wire(name = "best_effort")]
    BestEffort,
    /// What the host's software takes for best.
    #[wire(name = "default_policy")]
    DefaultPolicy,
}

/// Where a host takes the time from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "host_ntp_mode")]
pub enum HostNtpMode {
    /// Servers that DHCP names.
    #[wire(name = "DHCP")]
    Dhcp,
    /// Servers that are set for the host.
    #[wire(name = "Custom")]
    Custom,
    /// Servers that the product comes with.
    #[wire(name = "Factory")]
    Factory,
    /// Nowhere; its clock runs free.
    #[wire(name = "Disabled")]
    Disabled,
}

/// Sets the clock of the host. Refused with NOT_ALLOWED_WHEN_NTP_IS_ENABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_servertime", role = PoolOperator, state = Prototyped)]
pub struct SetServertime {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// The time, in UTC or with an offset.
    pub value: DateTime,
}

/// Whether the clock follows a time server.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_ntp_synchronized", out = bool, role = ReadOnly, state = Prototyped)]
pub struct GetNtpSynchronized {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// The time zones that can be set.
#[derive(Clone, Debug, Call)]
#[call(name = "host.list_timezones", out = Vec<String>, role = ReadOnly, state = Prototyped)]
pub struct ListTimezones {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Sets the time zone of the host. Refused with INVALID_VALUE.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_timezone", role = PoolOperator, state = Prototyped)]
pub struct SetTimezone {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// One of host.list_timezones.
    pub value: String,
}

/// The time servers in use, and how each is doing.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_ntp_servers_status", out = BTreeMap<String, String>, role = ReadOnly, state = Prototyped)]
pub struct GetNtpServersStatus {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Names the time servers for the mode `Custom`.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ntp_custom_servers", role = PoolOperator, state = Prototyped)]
pub struct SetNtpCustomServers {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Host names or addresses.
    pub value: Vec<String>,
}

/// Says where the host takes the time from. Refused with INVALID_NTP_CONFIG.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ntp_mode", role = PoolOperator, state = Prototyped)]
pub struct SetNtpMode {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// The mode from now on.
    pub value: HostNtpMode,
}

/// Limits how deeply CPUs may sleep.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_max_cstate", role = PoolOperator, state = Prototyped)]
pub struct SetMaxCstate {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// A number, or two with a comma between them; empty for no limit.
    pub value: String,
}

/// The programs that talked to this host: their names and versions.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_tracked_user_agents", out = BTreeMap<String, String>, role = ReadOnly, state = Prototyped)]
pub struct GetTrackedUserAgents {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Says whether SSH is opened by itself while the API does not answer.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ssh_auto_mode", role = PoolAdmin, state = Prototyped)]
pub struct SetSshAutoMode {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// True for by itself.
    pub value: bool,
}

/// Says when an idle console is logged out.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_console_idle_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetConsoleIdleTimeout {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Seconds; 0 for never.
    pub value: i64,
}

/// Says for how long SSH stays open once it is enabled.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ssh_enabled_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetSshEnabledTimeout {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Seconds; 0 for ever.
    pub value: i64,
}

/// Closes SSH on the host. Refused with DISABLE_SSH_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct DisableSsh {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Opens SSH on the host. Refused with ENABLE_SSH_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct EnableSsh {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Drops what must be done before updates are in force, on this host only, without the master.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_clear_mandatory_guidance", role = LocalRoot, state = Prototyped, sync)]
pub struct EmergencyClearMandatoryGuidance {}

/// Was a way to do what updates recommend.
#[derive(Clone, Debug, Call)]
#[call(name = "host.apply_recommended_guidances", role = PoolOperator, state = Removed)]
pub struct ApplyRecommendedGuidances {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Says whether the host is managed through HTTPS only.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_https_only", role = PoolOperator, state = Prototyped)]
pub struct SetHttpsOnly {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// True to close plain HTTP.
    pub value: bool,
}

/// Looks again for drivers that come in several variants.
#[derive(Clone, Debug, Call)]
#[call(name = "host.rescan_drivers", role = PoolAdmin, state = Prototyped)]
pub struct RescanDrivers {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Applies the updates that the pool knows. It returns what is left to be done on which machine or host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.apply_updates", out = Vec<Vec<String>>, role = PoolOperator, client_cert)]
pub struct ApplyUpdates {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Mark of the set of updates that the caller has looked at; another one is refused with
    /// UPDATEINFO_HASH_MISMATCH.
    pub hash: String,
}

/// Checks certificates again on this host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_reenable_tls_verification", role = LocalRoot, sync)]
pub struct EmergencyReenableTlsVerification {}

/// Stops this host from checking certificates, to get it back into its pool.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_disable_tls_verification", role = LocalRoot, sync)]
pub struct EmergencyDisableTlsVerification {}

/// Says whether machines are kept close to their memory.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_numa_affinity_policy", role = PoolAdmin, state = Prototyped)]
pub struct SetNumaAffinityPolicy {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// The policy from now on.
    pub value: HostNumaAffinityPolicy,
}

/// Unit of CPUs that machines are scheduled on as a whole.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_sched_gran", out = HostSchedGran, role = LocalRoot)]
pub struct GetSchedGran {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Sets that unit. It takes effect after a reboot.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_sched_gran", role = LocalRoot)]
pub struct SetSchedGran {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// The unit.
    pub value: HostSchedGran,
}

/// Set the UEFI certificates of a host; pool.set_custom_uefi_certificates replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_uefi_certificates", role = LocalRoot, state = Deprecated)]
pub struct SetUefiCertificates {
    /// The host.
    pub host: Ref<Host>,
    /// The certificates, as a tar file in base64.
    pub value: String,
}

/// Says whether storage is used over several paths at once.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_multipathing", role = PoolOperator)]
pub struct SetMultipathing {
    /// The host.
    pub host: Ref<Host>,
    /// True for several paths.
    pub value: bool,
}

/// Sets the name by which the host is known to iSCSI storage.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_iscsi_iqn", role = PoolOperator)]
pub struct SetIscsiIqn {
    /// The host.
    pub host: Ref<Host>,
    /// The qualified name, such as `iqn.2026-01.org.example:host1`.
    pub value: String,
}

/// Kept for older clients. Old versions of TLS cannot be turned on again.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ssl_legacy", role = PoolOperator)]
pub struct SetSslLegacy {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Only false is accepted.
    pub value: bool,
}

/// Takes the console off the screen from the next reboot on, so that the screen can go to a machine.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable_display", out = HostDisplay, role = PoolOperator)]
pub struct DisableDisplay {
    /// The host.
    pub host: Ref<Host>,
}

/// Shows the console on the screen again from the next reboot on.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable_display", out = HostDisplay, role = PoolOperator)]
pub struct EnableDisplay {
    /// The host.
    pub host: Ref<Host>,
}

/// Tells the pool that the host is switched off for sure, so that its machines can be started elsewhere. If
/// it still runs, their disks may be destroyed.
#[derive(Clone, Debug, Call)]
#[call(name = "host.declare_dead", role = PoolOperator)]
pub struct DeclareDead {
    /// The host.
    pub host: Ref<Host>,
}

/// Prepares the host to take a machine from another pool, and returns what the other side needs. Refused with
/// HOST_CANNOT_ATTACH_NETWORK, PIF_HAS_NO_NETWORK_CONFIGURATION and INTERFACE_HAS_NO_IP.
#[derive(Clone, Debug, Call)]
#[call(name = "host.migrate_receive", out = BTreeMap<String, String>, role = VmPowerAdmin)]
pub struct MigrateReceive {
    /// The host.
    pub host: Ref<Host>,
    /// The network that the machine is to travel over.
    pub network: Ref<Network>,
    /// Further settings.
    pub options: BTreeMap<String, String>,
}

/// Stops caching remote disks on the host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable_local_storage_caching", role = PoolOperator, sync)]
pub struct DisableLocalStorageCaching {
    /// The host.
    pub host: Ref<Host>,
}

/// Caches remote disks in a local repository.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable_local_storage_caching", role = PoolOperator, sync)]
pub struct EnableLocalStorageCaching {
    /// The host.
    pub host: Ref<Host>,
    /// The repository that is to hold the cache.
    pub sr: Ref<Sr>,
}

/// Was a way to show all CPU features again.
#[derive(Clone, Debug, Call)]
#[call(name = "host.reset_cpu_features", role = PoolOperator, state = Removed, sync)]
pub struct ResetCpuFeatures {
    /// The host.
    pub host: Ref<Host>,
}

/// Was a way to hide CPU features.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_cpu_features", role = PoolOperator, state = Removed, sync)]
pub struct SetCpuFeatures {
    /// The host.
    pub host: Ref<Host>,
    /// The features to show.
    pub features: String,
}

/// Says how the host is switched on from afar.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_power_on_mode", role = PoolOperator)]
pub struct SetPowerOnMode {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Empty for not at all, `wake-on-lan`, `DRAC`, or the name of a script.
    pub power_on_mode: String,
    /// Parameters for that way.
    pub power_on_config: BTreeMap<String, String>,
}

/// Reads again which supplemental packs are installed.
#[derive(Clone, Debug, Call)]
#[call(name = "host.refresh_pack_info", role = PoolOperator, state = Deprecated)]
pub struct RefreshPackInfo {
    /// The host.
    pub host: Ref<Host>,
}

/// Changes the edition that the host runs as. Refused with INVALID_EDITION and LICENSE_CHECKOUT_ERROR.
#[derive(Clone, Debug, Call)]
#[call(name = "host.apply_edition", role = PoolOperator, sync)]
pub struct ApplyEdition {
    /// The host.
    pub host: Ref<Host>,
    /// Name of the edition.
    pub edition: String,
    /// True to go on although the licence server gave none.
    #[param(default = false)]
    pub force: bool,
}

/// Gives the host a new certificate, signed by itself.
#[derive(Clone, Debug, Call)]
#[call(name = "host.reset_server_certificate", role = PoolAdmin)]
pub struct ResetServerCertificate {
    /// The host.
    pub host: Ref<Host>,
}

/// Gives this host a new certificate, signed by itself, without the master.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_reset_server_certificate", role = LocalRoot, sync)]
pub struct EmergencyResetServerCertificate {}

/// Gives the host a certificate for its API. Refused with a SERVER_CERTIFICATE_… code that says what is wrong
/// with it.
#[derive(Clone, Debug, Call)]
#[call(name = "host.install_server_certificate", role = PoolAdmin)]
pub struct InstallServerCertificate {
    /// The host.
    pub host: Ref<Host>,
    /// The certificate, in PEM.
    pub certificate: String,
    /// Its private key, in PEM.
    pub private_key: String,
    /// The certificates between it and a known authority, in PEM.
    #[param(default = String::new())]
    pub certificate_chain: String,
}

/// Replaces the certificate that the host uses inside the pool.
#[derive(Clone, Debug, Call)]
#[call(name = "host.refresh_server_certificate", role = PoolAdmin)]
pub struct RefreshServerCertificate {
    /// The host.
    pub host: Ref<Host>,
}

/// The host's certificate, in PEM.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_server_certificate", out = String, role = ReadOnly)]
pub struct GetServerCertificate {
    /// The host.
    pub host: Ref<Host>,
}

/// Where workload balancing would put the machines of this host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.retrieve_wlb_evacuate_recommendations", out = BTreeMap<Ref<Vm>, Vec<String>>, role = ReadOnly)]
pub struct RetrieveWlbEvacuateRecommendations {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Changes between plain and encrypted LDAP.
#[derive(Clone, Debug, Call)]
#[call(name = "host.external_auth_set_ldaps", role = PoolAdmin, sync)]
pub struct ExternalAuthSetLdaps {
    /// The host.
    pub host: Ref<Host>,
    /// True for encrypted.
    pub ldaps: bool,
    /// True to go on although a test failed.
    #[param(default = false)]
    pub force: bool,
}

/// Leaves the directory service. Refused with AUTH_DISABLE_FAILED or one of its kind.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable_external_auth", role = PoolAdmin, sync)]
pub struct DisableExternalAuth {
    /// The host.
    pub host: Ref<Host>,
    /// User and password for leaving, if the service wants them.
    #[param(default = BTreeMap::new())]
    pub config: BTreeMap<String, String>,
    /// True to leave although the service refused.
    #[param(default = false)]
    pub force: bool,
}

/// Lets users of a directory service log in to this host. Refused with AUTH_ALREADY_ENABLED,
/// AUTH_ENABLE_FAILED or one of its kind.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable_external_auth", role = PoolAdmin, sync)]
pub struct EnableExternalAuth {
    /// The host.
    pub host: Ref<Host>,
    /// Settings of the service, such as user and password for joining.
    pub config: BTreeMap<String, String>,
    /// Name of the service, such as its domain.
    pub service_name: String,
    /// Kind of service; `AD` for Active Directory.
    pub auth_type: String,
}

/// The clock of the host in its own time zone.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_server_localtime", out = DateTime, role = ReadOnly, sync)]
pub struct GetServerLocaltime {
    /// The host.
    pub host: Ref<Host>,
}

/// The clock of the host in UTC.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_servertime", out = DateTime, role = ReadOnly, sync)]
pub struct GetServertime {
    /// The host.
    pub host: Ref<Host>,
}

/// Calls a program in the host's folder of API extensions. Refused with MESSAGE_METHOD_UNKNOWN when there is
/// none of that name.
#[derive(Clone, Debug, Call)]
#[call(name = "host.call_extension", out = String, role = PoolAdmin, sync)]
pub struct CallExtension {
    /// The host.
    pub host: Ref<Host>,
    /// Name of the extension.
    pub call: String,
}

/// Whether the host has an extension.
#[derive(Clone, Debug, Call)]
#[call(name = "host.has_extension", out = bool, role = PoolAdmin)]
pub struct HasExtension {
    /// The host.
    pub host: Ref<Host>,
    /// Name of the extension.
    pub name: String,
}

/// Runs a function of a plugin on the host and returns what it prints. Refused with XENAPI_MISSING_PLUGIN and
/// XENAPI_PLUGIN_FAILURE.
#[derive(Clone, Debug, Call)]
#[call(name = "host.call_plugin", out = String, role = PoolAdmin)]
pub struct CallPlugin {
    /// The host.
    pub host: Ref<Host>,
    /// Name of the plugin.
    pub plugin: String,
    /// Function of the plugin.
    #[param(name = "fn")]
    pub fn_: String,
    /// Named arguments for the function.
    pub args: BTreeMap<String, String>,
}

/// Makes an empty binary attachment of the host, to be filled over HTTP.
#[derive(Clone, Debug, Call)]
#[call(name = "host.create_new_blob", out = Ref<Blob>, role = PoolOperator)]
pub struct CreateNewBlob {
    /// The host.
    pub host: Ref<Host>,
    /// Its name among the attachments of the host.
    pub name: String,
    /// The MIME type of its content; empty for `application/octet-stream`.
    pub mime_type: String,
    /// True to let anybody read it without a session.
    #[param(default = false)]
    pub public: bool,
}

/// Has the recorded values of the host saved at the master.
#[derive(Clone, Debug, Call)]
#[call(name = "host.backup_rrds", role = PoolAdmin, sync)]
pub struct BackupRrds {
    /// The host.
    pub host: Ref<Host>,
    /// Seconds to wait first.
    pub delay: f64,
}

/// Has the files that all hosts share fetched from the master again.
#[derive(Clone, Debug, Call)]
#[call(name = "host.sync_data", role = PoolAdmin, sync)]
pub struct SyncData {
    /// The host.
    pub host: Ref<Host>,
}

/// Memory in bytes that the hypervisor takes for itself.
#[derive(Clone, Debug, Call)]
#[call(name = "host.compute_memory_overhead", out = i64, role = ReadOnly)]
pub struct ComputeMemoryOverhead {
    /// The host.
    pub host: Ref<Host>,
}

/// Memory in bytes that machines could still get.
#[derive(Clone, Debug, Call)]
#[call(name = "host.compute_free_memory", out = i64, role = ReadOnly)]
pub struct ComputeFreeMemory {
    /// The host.
    pub host: Ref<Host>,
}

/// Changes the name of the host on the network at once. Refused with HOST_NAME_INVALID.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_hostname_live", role = PoolOperator, sync)]
pub struct SetHostnameLive {
    /// The host.
    pub host: Ref<Host>,
    /// The new name.
    pub hostname: String,
}

/// Stops the server on this host. Machines and networks go on.
#[derive(Clone, Debug, Call)]
#[call(name = "host.shutdown_agent", role = PoolOperator, sync)]
pub struct ShutdownAgent {}

/// Restarts the server on a host. Machines and networks go on.
#[derive(Clone, Debug, Call)]
#[call(name = "host.restart_agent", role = PoolOperator)]
pub struct RestartAgent {
    /// The host.
    pub host: Ref<Host>,
}

/// What a status report of the host can contain, as XML.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_system_status_capabilities", out = String, role = ReadOnly, sync)]
pub struct GetSystemStatusCapabilities {
    /// The host.
    pub host: Ref<Host>,
}

/// The PIF through which the host is managed.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_management_interface", out = Ref<Pif>, role = PoolOperator)]
pub struct GetManagementInterface {
    /// The host.
    pub host: Ref<Host>,
}

/// Closes the API on this host's network interfaces and marks none as management; only the local socket is
/// left. Refused with SLAVE_REQUIRES_MANAGEMENT_INTERFACE on a host that is not the master.
#[derive(Clone, Debug, Call)]
#[call(name = "host.management_disable", role = PoolOperator, sync)]
pub struct ManagementDisable {}

/// Moves management of this host to another interface without asking the master. Refused with
/// NOT_IN_EMERGENCY_MODE while the master can be reached.
#[derive(Clone, Debug, Call)]
#[call(name = "host.local_management_reconfigure", role = PoolOperator, sync)]
pub struct LocalManagementReconfigure {
    /// Name of the interface or its bridge.
    pub interface: String,
}

/// Moves management of a host to another PIF. The PIF is brought up, the API moves there, and the old
/// interface stays as it is. Refused with HA_IS_ENABLED, PIF_UNMANAGED, CANNOT_PLUG_BOND_SLAVE for a member
/// of a bond, PIF_HAS_NO_NETWORK_CONFIGURATION or PIF_HAS_NO_V6_NETWORK_CONFIGURATION, and
/// PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE.
#[derive(Clone, Debug, Call)]
#[call(name = "host.management_reconfigure", role = PoolOperator)]
pub struct ManagementReconfigure {
    /// The PIF to be managed through.
    pub pif: Ref<Pif>,
}

/// Puts a change of `logging` into effect.
#[derive(Clone, Debug, Call)]
#[call(name = "host.syslog_reconfigure", role = PoolOperator)]
pub struct SyslogReconfigure {
    /// The host.
    pub host: Ref<Host>,
}

/// Moves all machines to other hosts; disable the host first, or new ones may come. Refused with
/// HOST_EVACUATE_IN_PROGRESS and CANNOT_EVACUATE_HOST; with a network given also with PIF_NOT_PRESENT,
/// REQUIRED_PIF_IS_UNPLUGGED and INTERFACE_HAS_NO_IP.
#[derive(Clone, Debug, Call)]
#[call(name = "host.evacuate", role = PoolOperator, client_cert)]
pub struct Evacuate {
    /// The host.
    pub host: Ref<Host>,
    /// The network that the machines are to travel over; null for the management network.
    #[param(default = Ref::null())]
    pub network: Ref<Network>,
    /// How many move at once; 0 for the server's choice.
    #[param(default = 0)]
    pub evacuate_batch_size: i64,
}

/// Was a way to find machines that did not give back memory.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_uncooperative_resident_VMs", out = Vec<Ref<Vm>>, role = ReadOnly, state = Deprecated)]
pub struct GetUncooperativeResidentVMs {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// The machines that cannot be moved away, and for each the error that says why.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_vms_which_prevent_evacuation", out = BTreeMap<Ref<Vm>, Vec<String>>, role = ReadOnly)]
pub struct GetVmsWhichPreventEvacuation {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Succeeds if all machines could be moved away. Refused with CANNOT_EVACUATE_HOST.
#[derive(Clone, Debug, Call)]
#[call(name = "host.assert_can_evacuate", role = PoolOperator)]
pub struct AssertCanEvacuate {
    /// The host.
    pub host: Ref<Host>,
}

/// Throws away what was recorded of one measured value.
#[derive(Clone, Debug, Call)]
#[call(name = "host.forget_data_source_archives", role = PoolOperator, sync)]
pub struct ForgetDataSourceArchives {
    /// The host.
    pub host: Ref<Host>,
    /// Name of the value.
    pub data_source: String,
}

/// The latest reading of a measured value.
#[derive(Clone, Debug, Call)]
#[call(name = "host.query_data_source", out = f64, role = ReadOnly, sync)]
pub struct QueryDataSource {
    /// The host.
    pub host: Ref<Host>,
    /// Name of the value.
    pub data_source: String,
}

/// Begins to record a measured value.
#[derive(Clone, Debug, Call)]
#[call(name = "host.record_data_source", role = PoolOperator, sync)]
pub struct RecordDataSource {
    /// The host.
    pub host: Ref<Host>,
    /// Name of the value.
    pub data_source: String,
}

/// The values that are measured of the host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_data_sources", out = Vec<DataSource>, role = ReadOnly, sync)]
pub struct GetDataSources {
    /// The host.
    pub host: Ref<Host>,
}

/// Stops high availability on this host only, without the master. Machines that ran here may be started
/// elsewhere too: use it only to repair.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_ha_disable", role = PoolOperator, sync)]
pub struct EmergencyHaDisable {
    /// True to leave it off only until the next restart of the server.
    #[param(default = false)]
    pub soft: bool,
}

/// Switches the host on from afar. Refused with HOST_POWER_ON_MODE_DISABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "host.power_on", role = PoolOperator)]
pub struct PowerOn {
    /// The host.
    pub host: Ref<Host>,
}

/// Removes a host that is gone for good from the pool's database. Refused with HOST_IS_LIVE, HA_IS_ENABLED
/// and HOST_HAS_RESIDENT_VMS.
#[derive(Clone, Debug, Call)]
#[call(name = "host.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The host to remove.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Removes the licence of the host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.license_remove", role = PoolOperator)]
pub struct LicenseRemove {
    /// The host.
    pub host: Ref<Host>,
}

/// Adds a licence to the host. Refused with LICENSE_PROCESSING_ERROR.
#[derive(Clone, Debug, Call)]
#[call(name = "host.license_add", role = PoolOperator)]
pub struct LicenseAdd {
    /// The host.
    pub host: Ref<Host>,
    /// The licence file in base64.
    pub contents: String,
}

/// Was a way to add a licence.
#[derive(Clone, Debug, Call)]
#[call(name = "host.license_apply", role = PoolOperator, state = Removed)]
pub struct LicenseApply {
    /// The host.
    pub host: Ref<Host>,
    /// The licence file in base64.
    pub contents: String,
}

/// Names of all calls that the server knows.
#[derive(Clone, Debug, Call)]
#[call(name = "host.list_methods", out = Vec<String>, role = ReadOnly, sync)]
pub struct ListMethods {}

/// Sends a status report to support.
#[derive(Clone, Debug, Call)]
#[call(name = "host.bugreport_upload", role = PoolOperator)]
pub struct BugreportUpload {
    /// The host.
    pub host: Ref<Host>,
    /// Where to send it; empty for the default.
    pub url: String,
    /// Further settings, such as a proxy.
    pub options: BTreeMap<String, String>,
}

/// Sends debug keys to the hypervisor; the answer is found in its log.
#[derive(Clone, Debug, Call)]
#[call(name = "host.send_debug_keys", role = PoolAdmin)]
pub struct SendDebugKeys {
    /// The host.
    pub host: Ref<Host>,
    /// The keys.
    pub keys: String,
}

/// The log of the host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_log", out = String, role = ReadOnly)]
pub struct GetLog {
    /// The host.
    pub host: Ref<Host>,
}

/// The log of the hypervisor, which is then emptied.
#[derive(Clone, Debug, Call)]
#[call(name = "host.dmesg_clear", out = String, role = PoolOperator)]
pub struct DmesgClear {
    /// The host.
    pub host: Ref<Host>,
}

/// The log of the hypervisor.
#[derive(Clone, Debug, Call)]
#[call(name = "host.dmesg", out = String, role = PoolOperator)]
pub struct Dmesg {
    /// The host.
    pub host: Ref<Host>,
}

/// Restarts the host. Refused with HOST_NOT_DISABLED and HOST_IN_USE; machines have to be moved or stopped
/// first.
#[derive(Clone, Debug, Call)]
#[call(name = "host.reboot", role = PoolOperator)]
pub struct Reboot {
    /// The host to restart.
    pub host: Ref<Host>,
}

/// Switches the host off. Refused with HOST_NOT_DISABLED and HOST_IN_USE; machines have to be moved or
/// stopped first.
#[derive(Clone, Debug, Call)]
#[call(name = "host.shutdown", role = PoolOperator)]
pub struct Shutdown {
    /// The host to switch off.
    pub host: Ref<Host>,
}

/// Lets the host take machines. Refused with HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED or its like for
/// storage when that would break a promise of high availability, and with HOST_DISABLED_UNTIL_REBOOT.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable", role = PoolOperator, client_cert)]
pub struct Enable {
    /// The host to enable.
    pub host: Ref<Host>,
}

/// Stops the host from taking machines. Those that it runs stay.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable", role = PoolOperator, client_cert)]
pub struct Disable {
    /// The host to disable.
    pub host: Ref<Host>,
    /// True to enable it again by itself when the server starts the next time.
    #[param(default = true)]
    pub auto_enable: bool,
}
