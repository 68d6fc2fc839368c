//! Class `host`; its calls stand in the modules by subject.

use std::collections::BTreeMap;

use super::*;

mod lifecycle;
mod management;
mod settings;

pub use lifecycle::*;
pub use management::*;
pub use settings::*;

/// A machine that runs the hypervisor and belongs to a pool. One host of the pool is its master and answers
/// for all.
#[derive(Clone, Debug, Class)]
#[class(name = "host", role = PoolOperator, calls(SetServertime, GetNtpSynchronized, ListTimezones, SetTimezone, GetNtpServersStatus, SetNtpCustomServers, SetNtpMode, SetMaxCstate, GetTrackedUserAgents, SetSshAutoMode, SetConsoleIdleTimeout, SetSshEnabledTimeout, DisableSsh, EnableSsh, EmergencyClearMandatoryGuidance, ApplyRecommendedGuidances, SetHttpsOnly, RescanDrivers, ApplyUpdates, EmergencyReenableTlsVerification, EmergencyDisableTlsVerification, SetNumaAffinityPolicy, GetSchedGran, SetSchedGran, SetUefiCertificates, SetMultipathing, SetIscsiIqn, SetSslLegacy, DisableDisplay, EnableDisplay, DeclareDead, MigrateReceive, DisableLocalStorageCaching, EnableLocalStorageCaching, ResetCpuFeatures, SetCpuFeatures, SetPowerOnMode, RefreshPackInfo, ApplyEdition, ResetServerCertificate, EmergencyResetServerCertificate, InstallServerCertificate, RefreshServerCertificate, GetServerCertificate, RetrieveWlbEvacuateRecommendations, ExternalAuthSetLdaps, DisableExternalAuth, EnableExternalAuth, GetServerLocaltime, GetServertime, CallExtension, HasExtension, CallPlugin, CreateNewBlob, BackupRrds, SyncData, ComputeMemoryOverhead, ComputeFreeMemory, SetHostnameLive, ShutdownAgent, RestartAgent, GetSystemStatusCapabilities, GetManagementInterface, IsInEmergencyMode, SignalNetworkingChange, ResetNetworking, ManagementDisable, LocalManagementReconfigure, ManagementReconfigure, SyslogReconfigure, Evacuate, GetUncooperativeResidentVMs, GetVmsWhichPreventEvacuation, AssertCanEvacuate, ForgetDataSourceArchives, QueryDataSource, RecordDataSource, GetDataSources, EmergencyHaDisable, PowerOn, Destroy, LicenseRemove, LicenseAdd, LicenseApply, ListMethods, BugreportUpload, SendDebugKeys, GetLog, DmesgClear, Dmesg, Reboot, Shutdown, Enable, Disable))]
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
    /// UUIDs of machines whose memory the host may have kept and is to throw away.
    #[field(Internal, default = Vec::new())]
    pub memory_unwanted: Vec<String>,
    /// What takes back its part of a change of many hosts that is not over, as JSON; empty if there is none.
    #[field(Internal, default = String::new())]
    pub change_to_undo: String,
    /// A host that was disabled is enabled again when the server starts.
    #[field(Internal, default = true)]
    pub auto_enable: bool,
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
