//! Class `host`.

use std::collections::BTreeMap;

use super::*;

/// Host.
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
    /// Memory overhead.
    #[field(DynamicRO, default = 0, db = "memory__overhead")]
    pub memory_overhead: i64,
    /// What may be asked of the host in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<HostAllowedOperations>,
    /// What is being done to the host right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, HostAllowedOperations>,
    /// API version major.
    #[field(DynamicRO, name = "API_version_major", db = "API_version__major")]
    pub api_version_major: i64,
    /// API version minor.
    #[field(DynamicRO, name = "API_version_minor", db = "API_version__minor")]
    pub api_version_minor: i64,
    /// API version vendor.
    #[field(DynamicRO, name = "API_version_vendor", db = "API_version__vendor")]
    pub api_version_vendor: String,
    /// API version vendor implementation.
    #[field(DynamicRO, name = "API_version_vendor_implementation", db = "API_version__vendor_implementation")]
    pub api_version_vendor_implementation: BTreeMap<String, String>,
    /// Enabled.
    #[field(DynamicRO)]
    pub enabled: bool,
    /// Software version.
    #[field(StaticRO)]
    pub software_version: BTreeMap<String, String>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, keys = [("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// Capabilities.
    #[field(StaticRO)]
    pub capabilities: Vec<String>,
    /// Cpu configuration.
    #[field(DynamicRO)]
    pub cpu_configuration: BTreeMap<String, String>,
    /// Sched policy.
    #[field(DynamicRO)]
    pub sched_policy: String,
    /// Supported bootloaders.
    #[field(DynamicRO)]
    pub supported_bootloaders: Vec<String>,
    /// Resident VMs.
    #[field(DynamicRO, name = "resident_VMs", view = Vm::RESIDENT_ON)]
    pub resident_vms: Many<Vm>,
    /// Logging.
    #[field(RW)]
    pub logging: BTreeMap<String, String>,
    /// PIFs.
    #[field(DynamicRO, name = "PIFs", view = Pif::HOST)]
    pub pifs: Many<Pif>,
    /// Suspend image sr.
    #[field(RW)]
    pub suspend_image_sr: Ref<Sr>,
    /// Crash dump sr.
    #[field(RW)]
    pub crash_dump_sr: Ref<Sr>,
    /// Crashdumps.
    #[field(DynamicRO, view = HostCrashdump::HOST)]
    pub crashdumps: Many<HostCrashdump>,
    /// Patches.
    #[field(DynamicRO, view = HostPatch::HOST, state = Deprecated)]
    pub patches: Many<HostPatch>,
    /// Updates.
    #[field(DynamicRO)]
    pub updates: Vec<Ref<PoolUpdate>>,
    /// PBDs.
    #[field(DynamicRO, name = "PBDs", view = Pbd::HOST)]
    pub pbds: Many<Pbd>,
    /// Host CPUs.
    #[field(DynamicRO, name = "host_CPUs", view = HostCpu::HOST)]
    pub host_cpus: Many<HostCpu>,
    /// Cpu info.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub cpu_info: BTreeMap<String, String>,
    /// Hostname.
    #[field(RW)]
    pub hostname: String,
    /// Address.
    #[field(RW)]
    pub address: String,
    /// Metrics.
    #[field(DynamicRO)]
    pub metrics: Ref<HostMetrics>,
    /// License params.
    #[field(DynamicRO)]
    pub license_params: BTreeMap<String, String>,
    /// Ha statefiles.
    #[field(DynamicRO, default = Vec::new())]
    pub ha_statefiles: Vec<String>,
    /// Ha network peers.
    #[field(DynamicRO, default = Vec::new())]
    pub ha_network_peers: Vec<String>,
    /// Binary attachments of the host, by name.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub blobs: BTreeMap<String, Ref<Blob>>,
    /// Words that users attach to the host to find it again.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// External auth type.
    #[field(DynamicRO, default = String::new())]
    pub external_auth_type: String,
    /// External auth service name.
    #[field(DynamicRO, default = String::new())]
    pub external_auth_service_name: String,
    /// External auth configuration.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub external_auth_configuration: BTreeMap<String, String>,
    /// Edition.
    #[field(DynamicRO, default = String::new())]
    pub edition: String,
    /// License server.
    #[field(RW, default = BTreeMap::from([("address".to_owned(), "localhost".to_owned()), ("port".to_owned(), "27000".to_owned())]))]
    pub license_server: BTreeMap<String, String>,
    /// Bios strings.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub bios_strings: BTreeMap<String, String>,
    /// Power on mode.
    #[field(DynamicRO, default = String::new())]
    pub power_on_mode: String,
    /// Power on config.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub power_on_config: BTreeMap<String, String>,
    /// Local cache sr.
    #[field(StaticRO, default = Ref::null())]
    pub local_cache_sr: Ref<Sr>,
    /// Chipset info.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub chipset_info: BTreeMap<String, String>,
    /// PCIs.
    #[field(DynamicRO, name = "PCIs", view = Pci::HOST)]
    pub pcis: Many<Pci>,
    /// PGPUs.
    #[field(DynamicRO, name = "PGPUs", view = Pgpu::HOST)]
    pub pgpus: Many<Pgpu>,
    /// PUSBs.
    #[field(DynamicRO, name = "PUSBs", view = Pusb::HOST)]
    pub pusbs: Many<Pusb>,
    /// Ssl legacy.
    #[field(StaticRO, default = true, state = Deprecated)]
    pub ssl_legacy: bool,
    /// Guest VCPUs params.
    #[field(RW, name = "guest_VCPUs_params", default = BTreeMap::new())]
    pub guest_vcpus_params: BTreeMap<String, String>,
    /// Display.
    #[field(RW, default = HostDisplay::Enabled)]
    pub display: HostDisplay,
    /// Virtual hardware platform versions.
    #[field(DynamicRO, default = vec![0])]
    pub virtual_hardware_platform_versions: Vec<i64>,
    /// Control domain.
    #[field(DynamicRO, default = Ref::null())]
    pub control_domain: Ref<Vm>,
    /// Updates requiring reboot.
    #[field(DynamicRO)]
    pub updates_requiring_reboot: Vec<Ref<PoolUpdate>>,
    /// Features.
    #[field(DynamicRO, view = Feature::HOST)]
    pub features: Many<Feature>,
    /// Iscsi iqn.
    #[field(StaticRO, default = String::new())]
    pub iscsi_iqn: String,
    /// Multipathing.
    #[field(StaticRO, default = false)]
    pub multipathing: bool,
    /// Uefi certificates.
    #[field(StaticRO, default = String::new(), state = Deprecated)]
    pub uefi_certificates: String,
    /// Certificates.
    #[field(DynamicRO, view = Certificate::HOST)]
    pub certificates: Many<Certificate>,
    /// Editions.
    #[field(DynamicRO, default = Vec::new())]
    pub editions: Vec<String>,
    /// Pending guidances.
    #[field(DynamicRO, default = Vec::new())]
    pub pending_guidances: Vec<UpdateGuidances>,
    /// Tls verification enabled.
    #[field(DynamicRO, default = false)]
    pub tls_verification_enabled: bool,
    /// Last software update.
    #[field(DynamicRO, default = DateTime::epoch(), state = Prototyped)]
    pub last_software_update: DateTime,
    /// Https only.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub https_only: bool,
    /// Latest synced updates applied.
    #[field(DynamicRO, default = LatestSyncedUpdatesAppliedState::Unknown, state = Prototyped)]
    pub latest_synced_updates_applied: LatestSyncedUpdatesAppliedState,
    /// Numa affinity policy.
    #[field(DynamicRO, default = HostNumaAffinityPolicy::DefaultPolicy, state = Prototyped)]
    pub numa_affinity_policy: HostNumaAffinityPolicy,
    /// Pending guidances recommended.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub pending_guidances_recommended: Vec<UpdateGuidances>,
    /// Pending guidances full.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub pending_guidances_full: Vec<UpdateGuidances>,
    /// Last update hash.
    #[field(DynamicRO, default = String::new(), state = Prototyped)]
    pub last_update_hash: String,
    /// Ssh enabled.
    #[field(DynamicRO, default = true, state = Prototyped)]
    pub ssh_enabled: bool,
    /// Ssh enabled timeout.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub ssh_enabled_timeout: i64,
    /// Ssh expiry.
    #[field(DynamicRO, default = DateTime::epoch(), state = Prototyped)]
    pub ssh_expiry: DateTime,
    /// Console idle timeout.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub console_idle_timeout: i64,
    /// Ssh auto mode.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub ssh_auto_mode: bool,
    /// Max cstate.
    #[field(DynamicRO, default = String::new(), state = Prototyped)]
    pub max_cstate: String,
    /// Secure boot.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub secure_boot: bool,
    /// Ntp mode.
    #[field(DynamicRO, default = HostNtpMode::Factory, state = Prototyped)]
    pub ntp_mode: HostNtpMode,
    /// Ntp custom servers.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub ntp_custom_servers: Vec<String>,
    /// Timezone.
    #[field(DynamicRO, default = "UTC".to_owned(), state = Prototyped)]
    pub timezone: String,
}

/// Host allowed operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "host_allowed_operations")]
pub enum HostAllowedOperations {
    /// Provision.
    #[wire(name = "provision")]
    Provision,
    /// Evacuate.
    #[wire(name = "evacuate")]
    Evacuate,
    /// Shutdown.
    #[wire(name = "shutdown")]
    Shutdown,
    /// Reboot.
    #[wire(name = "reboot")]
    Reboot,
    /// Power on.
    #[wire(name = "power_on")]
    PowerOn,
    /// Vm start.
    #[wire(name = "vm_start")]
    VmStart,
    /// Vm resume.
    #[wire(name = "vm_resume")]
    VmResume,
    /// Vm migrate.
    #[wire(name = "vm_migrate")]
    VmMigrate,
    /// Apply updates.
    #[wire(name = "apply_updates")]
    ApplyUpdates,
    /// Enable.
    #[wire(name = "enable")]
    Enable,
}

/// Latest synced updates applied state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "latest_synced_updates_applied_state")]
pub enum LatestSyncedUpdatesAppliedState {
    /// Yes.
    #[wire(name = "yes")]
    Yes,
    /// No.
    #[wire(name = "no")]
    No,
    /// Unknown.
    #[wire(name = "unknown")]
    Unknown,
}

/// Host display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "host_display")]
pub enum HostDisplay {
    /// Enabled.
    #[wire(name = "enabled")]
    Enabled,
    /// Disable on reboot.
    #[wire(name = "disable_on_reboot")]
    DisableOnReboot,
    /// Disabled.
    #[wire(name = "disabled")]
    Disabled,
    /// Enable on reboot.
    #[wire(name = "enable_on_reboot")]
    EnableOnReboot,
}

/// Host sched gran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "host_sched_gran")]
pub enum HostSchedGran {
    /// Core.
    #[wire(name = "core")]
    Core,
    /// Cpu.
    #[wire(name = "cpu")]
    Cpu,
    /// Socket.
    #[wire(name = "socket")]
    Socket,
}

/// Host numa affinity policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "host_numa_affinity_policy")]
pub enum HostNumaAffinityPolicy {
    /// Any.
    #[wire(name = "any")]
    Any,
    /// Best effort.
    #[wire(name = "best_effort")]
    BestEffort,
    /// Default policy.
    #[wire(name = "default_policy")]
    DefaultPolicy,
}

/// Host ntp mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "host_ntp_mode")]
pub enum HostNtpMode {
    /// Dhcp.
    #[wire(name = "DHCP")]
    Dhcp,
    /// Custom.
    #[wire(name = "Custom")]
    Custom,
    /// Factory.
    #[wire(name = "Factory")]
    Factory,
    /// Disabled.
    #[wire(name = "Disabled")]
    Disabled,
}

/// Set servertime of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_servertime", role = PoolOperator, state = Prototyped)]
pub struct SetServertime {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: DateTime,
}

/// Get ntp synchronized of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_ntp_synchronized", out = bool, role = ReadOnly, state = Prototyped)]
pub struct GetNtpSynchronized {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// List timezones of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.list_timezones", out = Vec<String>, role = ReadOnly, state = Prototyped)]
pub struct ListTimezones {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Set timezone of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_timezone", role = PoolOperator, state = Prototyped)]
pub struct SetTimezone {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: String,
}

/// Get ntp servers status of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_ntp_servers_status", out = BTreeMap<String, String>, role = ReadOnly, state = Prototyped)]
pub struct GetNtpServersStatus {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Set ntp custom servers of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ntp_custom_servers", role = PoolOperator, state = Prototyped)]
pub struct SetNtpCustomServers {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: Vec<String>,
}

/// Set ntp mode of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ntp_mode", role = PoolOperator, state = Prototyped)]
pub struct SetNtpMode {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: HostNtpMode,
}

/// Set max cstate of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_max_cstate", role = PoolOperator, state = Prototyped)]
pub struct SetMaxCstate {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: String,
}

/// Get tracked user agents of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_tracked_user_agents", out = BTreeMap<String, String>, role = ReadOnly, state = Prototyped)]
pub struct GetTrackedUserAgents {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Set ssh auto mode of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ssh_auto_mode", role = PoolAdmin, state = Prototyped)]
pub struct SetSshAutoMode {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: bool,
}

/// Set console idle timeout of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_console_idle_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetConsoleIdleTimeout {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: i64,
}

/// Set ssh enabled timeout of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ssh_enabled_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetSshEnabledTimeout {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: i64,
}

/// Disable ssh of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct DisableSsh {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Enable ssh of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct EnableSsh {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Emergency clear mandatory guidance of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_clear_mandatory_guidance", role = LocalRoot, state = Prototyped, sync)]
pub struct EmergencyClearMandatoryGuidance {}

/// Apply recommended guidances of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.apply_recommended_guidances", role = PoolOperator, state = Removed)]
pub struct ApplyRecommendedGuidances {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Set https only of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_https_only", role = PoolOperator, state = Prototyped)]
pub struct SetHttpsOnly {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: bool,
}

/// Rescan drivers of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.rescan_drivers", role = PoolAdmin, state = Prototyped)]
pub struct RescanDrivers {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Apply updates of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.apply_updates", out = Vec<Vec<String>>, role = PoolOperator, client_cert)]
pub struct ApplyUpdates {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Hash.
    pub hash: String,
}

/// Emergency reenable tls verification of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_reenable_tls_verification", role = LocalRoot, sync)]
pub struct EmergencyReenableTlsVerification {}

/// Emergency disable tls verification of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_disable_tls_verification", role = LocalRoot, sync)]
pub struct EmergencyDisableTlsVerification {}

/// Set numa affinity policy of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_numa_affinity_policy", role = PoolAdmin, state = Prototyped)]
pub struct SetNumaAffinityPolicy {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: HostNumaAffinityPolicy,
}

/// Get sched gran of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_sched_gran", out = HostSchedGran, role = LocalRoot)]
pub struct GetSchedGran {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Set sched gran of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_sched_gran", role = LocalRoot)]
pub struct SetSchedGran {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: HostSchedGran,
}

/// Set uefi certificates of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_uefi_certificates", role = LocalRoot, state = Deprecated)]
pub struct SetUefiCertificates {
    /// The host.
    pub host: Ref<Host>,
    /// Value.
    pub value: String,
}

/// Set multipathing of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_multipathing", role = PoolOperator)]
pub struct SetMultipathing {
    /// The host.
    pub host: Ref<Host>,
    /// Value.
    pub value: bool,
}

/// Set iscsi iqn of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_iscsi_iqn", role = PoolOperator)]
pub struct SetIscsiIqn {
    /// The host.
    pub host: Ref<Host>,
    /// Value.
    pub value: String,
}

/// Set ssl legacy of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ssl_legacy", role = PoolOperator)]
pub struct SetSslLegacy {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Value.
    pub value: bool,
}

/// Disable display of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable_display", out = HostDisplay, role = PoolOperator)]
pub struct DisableDisplay {
    /// The host.
    pub host: Ref<Host>,
}

/// Enable display of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable_display", out = HostDisplay, role = PoolOperator)]
pub struct EnableDisplay {
    /// The host.
    pub host: Ref<Host>,
}

/// Declare dead of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.declare_dead", role = PoolOperator)]
pub struct DeclareDead {
    /// The host.
    pub host: Ref<Host>,
}

/// Migrate receive of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.migrate_receive", out = BTreeMap<String, String>, role = VmPowerAdmin)]
pub struct MigrateReceive {
    /// The host.
    pub host: Ref<Host>,
    /// Network.
    pub network: Ref<Network>,
    /// Options.
    pub options: BTreeMap<String, String>,
}

/// Disable local storage caching of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable_local_storage_caching", role = PoolOperator, sync)]
pub struct DisableLocalStorageCaching {
    /// The host.
    pub host: Ref<Host>,
}

/// Enable local storage caching of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable_local_storage_caching", role = PoolOperator, sync)]
pub struct EnableLocalStorageCaching {
    /// The host.
    pub host: Ref<Host>,
    /// Sr.
    pub sr: Ref<Sr>,
}

/// Reset cpu features of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.reset_cpu_features", role = PoolOperator, state = Removed, sync)]
pub struct ResetCpuFeatures {
    /// The host.
    pub host: Ref<Host>,
}

/// Set cpu features of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_cpu_features", role = PoolOperator, state = Removed, sync)]
pub struct SetCpuFeatures {
    /// The host.
    pub host: Ref<Host>,
    /// Features.
    pub features: String,
}

/// Set power on mode of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_power_on_mode", role = PoolOperator)]
pub struct SetPowerOnMode {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Power on mode.
    pub power_on_mode: String,
    /// Power on config.
    pub power_on_config: BTreeMap<String, String>,
}

/// Refresh pack info of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.refresh_pack_info", role = PoolOperator, state = Deprecated)]
pub struct RefreshPackInfo {
    /// The host.
    pub host: Ref<Host>,
}

/// Apply edition of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.apply_edition", role = PoolOperator, sync)]
pub struct ApplyEdition {
    /// The host.
    pub host: Ref<Host>,
    /// Edition.
    pub edition: String,
    /// Force.
    #[param(default = false)]
    pub force: bool,
}

/// Reset server certificate of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.reset_server_certificate", role = PoolAdmin)]
pub struct ResetServerCertificate {
    /// The host.
    pub host: Ref<Host>,
}

/// Emergency reset server certificate of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_reset_server_certificate", role = LocalRoot, sync)]
pub struct EmergencyResetServerCertificate {}

/// Install server certificate of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.install_server_certificate", role = PoolAdmin)]
pub struct InstallServerCertificate {
    /// The host.
    pub host: Ref<Host>,
    /// Certificate.
    pub certificate: String,
    /// Private key.
    pub private_key: String,
    /// Certificate chain.
    #[param(default = String::new())]
    pub certificate_chain: String,
}

/// Refresh server certificate of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.refresh_server_certificate", role = PoolAdmin)]
pub struct RefreshServerCertificate {
    /// The host.
    pub host: Ref<Host>,
}

/// Get server certificate of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_server_certificate", out = String, role = ReadOnly)]
pub struct GetServerCertificate {
    /// The host.
    pub host: Ref<Host>,
}

/// Retrieve wlb evacuate recommendations of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.retrieve_wlb_evacuate_recommendations", out = BTreeMap<Ref<Vm>, Vec<String>>, role = ReadOnly)]
pub struct RetrieveWlbEvacuateRecommendations {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// External auth set ldaps of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.external_auth_set_ldaps", role = PoolAdmin, sync)]
pub struct ExternalAuthSetLdaps {
    /// The host.
    pub host: Ref<Host>,
    /// Ldaps.
    pub ldaps: bool,
    /// Force.
    #[param(default = false)]
    pub force: bool,
}

/// Disable external auth of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable_external_auth", role = PoolAdmin, sync)]
pub struct DisableExternalAuth {
    /// The host.
    pub host: Ref<Host>,
    /// Config.
    #[param(default = BTreeMap::new())]
    pub config: BTreeMap<String, String>,
    /// Force.
    #[param(default = false)]
    pub force: bool,
}

/// Enable external auth of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable_external_auth", role = PoolAdmin, sync)]
pub struct EnableExternalAuth {
    /// The host.
    pub host: Ref<Host>,
    /// Config.
    pub config: BTreeMap<String, String>,
    /// Service name.
    pub service_name: String,
    /// Auth type.
    pub auth_type: String,
}

/// Get server localtime of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_server_localtime", out = DateTime, role = ReadOnly, sync)]
pub struct GetServerLocaltime {
    /// The host.
    pub host: Ref<Host>,
}

/// Get servertime of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_servertime", out = DateTime, role = ReadOnly, sync)]
pub struct GetServertime {
    /// The host.
    pub host: Ref<Host>,
}

/// Call extension of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.call_extension", out = String, role = PoolAdmin, sync)]
pub struct CallExtension {
    /// The host.
    pub host: Ref<Host>,
    /// Call.
    pub call: String,
}

/// Has extension of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.has_extension", out = bool, role = PoolAdmin)]
pub struct HasExtension {
    /// The host.
    pub host: Ref<Host>,
    /// Name.
    pub name: String,
}

/// Call plugin of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.call_plugin", out = String, role = PoolAdmin)]
pub struct CallPlugin {
    /// The host.
    pub host: Ref<Host>,
    /// Plugin.
    pub plugin: String,
    /// Fn.
    #[param(name = "fn")]
    pub fn_: String,
    /// Args.
    pub args: BTreeMap<String, String>,
}

/// Create new blob of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.create_new_blob", out = Ref<Blob>, role = PoolOperator)]
pub struct CreateNewBlob {
    /// The host.
    pub host: Ref<Host>,
    /// Name.
    pub name: String,
    /// Mime type.
    pub mime_type: String,
    /// Public.
    #[param(default = false)]
    pub public: bool,
}

/// Backup rrds of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.backup_rrds", role = PoolAdmin, sync)]
pub struct BackupRrds {
    /// The host.
    pub host: Ref<Host>,
    /// Delay.
    pub delay: f64,
}

/// Sync data of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.sync_data", role = PoolAdmin, sync)]
pub struct SyncData {
    /// The host.
    pub host: Ref<Host>,
}

/// Compute memory overhead of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.compute_memory_overhead", out = i64, role = ReadOnly)]
pub struct ComputeMemoryOverhead {
    /// The host.
    pub host: Ref<Host>,
}

/// Compute free memory of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.compute_free_memory", out = i64, role = ReadOnly)]
pub struct ComputeFreeMemory {
    /// The host.
    pub host: Ref<Host>,
}

/// Set hostname live of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_hostname_live", role = PoolOperator, sync)]
pub struct SetHostnameLive {
    /// The host.
    pub host: Ref<Host>,
    /// Hostname.
    pub hostname: String,
}

/// Shutdown agent of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.shutdown_agent", role = PoolOperator, sync)]
pub struct ShutdownAgent {}

/// Restart agent of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.restart_agent", role = PoolOperator)]
pub struct RestartAgent {
    /// The host.
    pub host: Ref<Host>,
}

/// Get system status capabilities of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_system_status_capabilities", out = String, role = ReadOnly, sync)]
pub struct GetSystemStatusCapabilities {
    /// The host.
    pub host: Ref<Host>,
}

/// Get management interface of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_management_interface", out = Ref<Pif>, role = PoolOperator)]
pub struct GetManagementInterface {
    /// The host.
    pub host: Ref<Host>,
}

/// Management disable of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.management_disable", role = PoolOperator, sync)]
pub struct ManagementDisable {}

/// Local management reconfigure of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.local_management_reconfigure", role = PoolOperator, sync)]
pub struct LocalManagementReconfigure {
    /// Interface.
    pub interface: String,
}

/// Management reconfigure of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.management_reconfigure", role = PoolOperator)]
pub struct ManagementReconfigure {
    /// Pif.
    pub pif: Ref<Pif>,
}

/// Syslog reconfigure of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.syslog_reconfigure", role = PoolOperator)]
pub struct SyslogReconfigure {
    /// The host.
    pub host: Ref<Host>,
}

/// Evacuate of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.evacuate", role = PoolOperator, client_cert)]
pub struct Evacuate {
    /// The host.
    pub host: Ref<Host>,
    /// Network.
    #[param(default = Ref::null())]
    pub network: Ref<Network>,
    /// Evacuate batch size.
    #[param(default = 0)]
    pub evacuate_batch_size: i64,
}

/// Get uncooperative resident VMs of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_uncooperative_resident_VMs", out = Vec<Ref<Vm>>, role = ReadOnly, state = Deprecated)]
pub struct GetUncooperativeResidentVMs {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Get vms which prevent evacuation of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_vms_which_prevent_evacuation", out = BTreeMap<Ref<Vm>, Vec<String>>, role = ReadOnly)]
pub struct GetVmsWhichPreventEvacuation {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Assert can evacuate of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.assert_can_evacuate", role = PoolOperator)]
pub struct AssertCanEvacuate {
    /// The host.
    pub host: Ref<Host>,
}

/// Forget data source archives of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.forget_data_source_archives", role = PoolOperator, sync)]
pub struct ForgetDataSourceArchives {
    /// The host.
    pub host: Ref<Host>,
    /// Data source.
    pub data_source: String,
}

/// Query data source of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.query_data_source", out = f64, role = ReadOnly, sync)]
pub struct QueryDataSource {
    /// The host.
    pub host: Ref<Host>,
    /// Data source.
    pub data_source: String,
}

/// Record data source of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.record_data_source", role = PoolOperator, sync)]
pub struct RecordDataSource {
    /// The host.
    pub host: Ref<Host>,
    /// Data source.
    pub data_source: String,
}

/// Get data sources of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_data_sources", out = Vec<DataSource>, role = ReadOnly, sync)]
pub struct GetDataSources {
    /// The host.
    pub host: Ref<Host>,
}

/// Emergency ha disable of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_ha_disable", role = PoolOperator, sync)]
pub struct EmergencyHaDisable {
    /// Soft.
    #[param(default = false)]
    pub soft: bool,
}

/// Power on of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.power_on", role = PoolOperator)]
pub struct PowerOn {
    /// The host.
    pub host: Ref<Host>,
}

/// Destroy of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// License remove of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.license_remove", role = PoolOperator)]
pub struct LicenseRemove {
    /// The host.
    pub host: Ref<Host>,
}

/// License add of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.license_add", role = PoolOperator)]
pub struct LicenseAdd {
    /// The host.
    pub host: Ref<Host>,
    /// Contents.
    pub contents: String,
}

/// License apply of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.license_apply", role = PoolOperator, state = Removed)]
pub struct LicenseApply {
    /// The host.
    pub host: Ref<Host>,
    /// Contents.
    pub contents: String,
}

/// List methods of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.list_methods", out = Vec<String>, role = ReadOnly, sync)]
pub struct ListMethods {}

/// Bugreport upload of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.bugreport_upload", role = PoolOperator)]
pub struct BugreportUpload {
    /// The host.
    pub host: Ref<Host>,
    /// Url.
    pub url: String,
    /// Options.
    pub options: BTreeMap<String, String>,
}

/// Send debug keys of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.send_debug_keys", role = PoolAdmin)]
pub struct SendDebugKeys {
    /// The host.
    pub host: Ref<Host>,
    /// Keys.
    pub keys: String,
}

/// Get log of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_log", out = String, role = ReadOnly)]
pub struct GetLog {
    /// The host.
    pub host: Ref<Host>,
}

/// Dmesg clear of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.dmesg_clear", out = String, role = PoolOperator)]
pub struct DmesgClear {
    /// The host.
    pub host: Ref<Host>,
}

/// Dmesg of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.dmesg", out = String, role = PoolOperator)]
pub struct Dmesg {
    /// The host.
    pub host: Ref<Host>,
}

/// Reboot of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.reboot", role = PoolOperator)]
pub struct Reboot {
    /// The host.
    pub host: Ref<Host>,
}

/// Shutdown of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.shutdown", role = PoolOperator)]
pub struct Shutdown {
    /// The host.
    pub host: Ref<Host>,
}

/// Enable of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable", role = PoolOperator, client_cert)]
pub struct Enable {
    /// The host.
    pub host: Ref<Host>,
}

/// Disable of host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable", role = PoolOperator, client_cert)]
pub struct Disable {
    /// The host.
    pub host: Ref<Host>,
    /// Auto enable.
    #[param(default = true)]
    pub auto_enable: bool,
}
