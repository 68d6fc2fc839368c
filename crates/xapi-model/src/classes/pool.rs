//! Class `pool`; its calls stand in the modules by subject.

use std::collections::BTreeMap;

use super::*;

mod members;
mod settings;
mod trust;

pub use members::*;
pub use settings::*;
pub use trust::*;

/// A set of hosts that are managed as one, with common storage and networks. Every host is in one, be it
/// alone. One host is the master; the others take its orders and refer clients to it.
#[derive(Clone, Debug, Class)]
#[class(name = "pool", role = PoolOperator, calls(Hello, InitialAuth, IsSlave, SyncTrustedCertificatesFrom, UninstallTrustedCertificate, InstallTrustedCertificate, SetSshAutoMode, SetConsoleIdleTimeout, SetSshEnabledTimeout, DisableSsh, EnableSsh, GetGuestSecurebootReadiness, SetExtAuthCacheExpiry, SetExtAuthCacheSize, SetExtAuthCacheEnabled, SetExtAuthMaxThreads, SetLocalAuthMaxThreads, SetUpdateSyncEnabled, ConfigureUpdateSync, ResetTelemetryUuid, SetTelemetryNextCollection, SetHttpsOnly, SetCustomUefiCertificates, SetUefiCertificates, DisableRepositoryProxy, ConfigureRepositoryProxy, DisableClientCertificateAuth, EnableClientCertificateAuth, CheckUpdateReadiness, SyncUpdates, RemoveRepository, AddRepository, SetRepositories, RotateSecret, RemoveFromGuestAgentConfig, AddToGuestAgentConfig, HasExtension, SetIgmpSnoopingEnabled, DisableSslLegacy, EnableSslLegacy, ApplyEdition, GetLicenseState, DisableLocalStorageCaching, EnableLocalStorageCaching, TestArchiveTarget, SetVswitchController, DisableRedoLog, EnableRedoLog, EnableTlsVerification, CertificateSync, CrlList, CrlUninstall, CrlInstall, UninstallCaCertificate, InstallCaCertificate, CertificateList, CertificateUninstall, CertificateInstall, SendTestPost, RetrieveWlbRecommendations, RetrieveWlbConfiguration, SendWlbConfiguration, DeconfigureWlb, InitializeWlb, DetectNonhomogeneousExternalAuth, ExternalAuthSetLdaps, DisableExternalAuth, EnableExternalAuth, CreateNewBlob, SetHaHostFailuresToTolerate, HaComputeVmFailoverPlan, HaComputeHypotheticalMaxHostFailuresToTolerate, HaComputeMaxHostFailuresToTolerate, HaFailoverPlanExists, HaPreventRestartsFor, DesignateNewMaster, SyncDatabase, DisableHa, EnableHa, CreateVlanFromPif, ManagementReconfigure, CreateVlan, RecoverSlaves, EmergencyResetMaster, EmergencyTransitionToMaster, Eject, JoinForce, Join))]
pub struct Pool {
    /// Unique identifier of the pool. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people; empty for a host that is alone.
    #[field(RW, db = "name_label")]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, db = "name_description")]
    pub name_description: String,
    /// The host that answers for the pool.
    #[field(DynamicRO)]
    pub master: Ref<Host>,
    /// The repository that new disks go to unless another is named.
    #[field(RW, name = "default_SR")]
    pub default_sr: Ref<Sr>,
    /// Where the memory of suspended machines is kept.
    #[field(RW, name = "suspend_image_SR")]
    pub suspend_image_sr: Ref<Sr>,
    /// Where dumps of crashed machines are kept.
    #[field(RW, name = "crash_dump_SR")]
    pub crash_dump_sr: Ref<Sr>,
    /// Settings and marks of clients. `folder`, `EMPTY_FOLDERS` and `XenCenter.CustomFields.…` may be changed
    /// by machine operators.
    #[field(RW, keys = [("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator), ("EMPTY_FOLDERS", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// True while high availability is on: machines of a host that fails are started elsewhere.
    #[field(DynamicRO, default = false)]
    pub ha_enabled: bool,
    /// Settings of high availability.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub ha_configuration: BTreeMap<String, String>,
    /// Disks that high availability keeps its state on.
    #[field(DynamicRO, default = Vec::new())]
    pub ha_statefiles: Vec<String>,
    /// How many hosts may fail before protected machines cannot all be restarted.
    #[field(DynamicRO, default = 0)]
    pub ha_host_failures_to_tolerate: i64,
    /// How many failures the pool could really stand now.
    #[field(DynamicRO, default = 0)]
    pub ha_plan_exists_for: i64,
    /// True to accept changes that break the promise above.
    #[field(RW, default = false)]
    pub ha_allow_overcommit: bool,
    /// True if that promise cannot be kept now.
    #[field(DynamicRO, default = false)]
    pub ha_overcommitted: bool,
    /// Binary attachments of the pool, by name.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub blobs: BTreeMap<String, Ref<Blob>>,
    /// Words that users attach to the pool to find it again.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// What graphical clients keep for themselves.
    #[field(RW, default = BTreeMap::new(), role = VmOperator)]
    pub gui_config: BTreeMap<String, String>,
    /// Settings of regular reports to support.
    #[field(RW, default = BTreeMap::new())]
    pub health_check_config: BTreeMap<String, String>,
    /// Address of the workload-balancing server; empty for none.
    #[field(DynamicRO, default = String::new())]
    pub wlb_url: String,
    /// User at the workload-balancing server.
    #[field(DynamicRO, default = String::new())]
    pub wlb_username: String,
    /// True if its advice is asked for.
    #[field(RW, default = false, client_cert)]
    pub wlb_enabled: bool,
    /// True if its certificate is checked. It always is when certificates are checked at all.
    #[field(RW, default = false, state = Deprecated)]
    pub wlb_verify_cert: bool,
    /// True while every change of the database is also written to a shared disk.
    #[field(DynamicRO, default = false)]
    pub redo_log_enabled: bool,
    /// The disk that holds that log.
    #[field(DynamicRO, default = Ref::null())]
    pub redo_log_vdi: Ref<Vdi>,
    /// Address of the controller of the virtual switches; SDN_controller replaces it.
    #[field(DynamicRO, default = String::new(), state = Deprecated)]
    pub vswitch_controller: String,
    /// Features that the licence leaves out.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub restrictions: BTreeMap<String, String>,
    /// Disks that hold copies of the pool's database.
    #[field(DynamicRO, name = "metadata_VDIs")]
    pub metadata_vdis: Vec<Ref<Vdi>>,
    /// The software that keeps the hosts together for high availability.
    #[field(DynamicRO, default = String::new())]
    pub ha_cluster_stack: String,
    /// What may be asked of the pool in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<PoolAllowedOperations>,
    /// What is being done to the pool right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, PoolAllowedOperations>,
    /// Settings that are passed to the tools in machines.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub guest_agent_config: BTreeMap<String, String>,
    /// CPU features that all hosts have in common.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub cpu_info: BTreeMap<String, String>,
    /// True if new machines are made without the device that brings drivers for Windows.
    #[field(RW, default = false, state = Deprecated)]
    pub policy_no_vendor_device: bool,
    /// True if hosts are never patched while running.
    #[field(RW, default = false)]
    pub live_patching_disabled: bool,
    /// True if multicast is forwarded only to the ports that asked for it.
    #[field(DynamicRO, default = false)]
    pub igmp_snooping_enabled: bool,
    /// UEFI certificates that machines are given.
    #[field(StaticRO, default = String::new())]
    pub uefi_certificates: String,
    /// UEFI certificates that replace those of the product.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub custom_uefi_certificates: String,
    /// True if the change of the pool's secret was interrupted and has to be finished.
    #[field(RW, default = false)]
    pub is_psr_pending: bool,
    /// True if hosts check each other's certificates.
    #[field(DynamicRO, default = false)]
    pub tls_verification_enabled: bool,
    /// The enabled sources of updates.
    #[field(DynamicRO, default = Vec::new())]
    pub repositories: Vec<Ref<Repository>>,
    /// True if a client's certificate can stand for a login.
    #[field(DynamicRO, default = false)]
    pub client_certificate_auth_enabled: bool,
    /// The name that such a certificate must carry.
    #[field(DynamicRO, default = String::new())]
    pub client_certificate_auth_name: String,
    /// Proxy through which updates are fetched; empty for none.
    #[field(DynamicRO, default = String::new())]
    pub repository_proxy_url: String,
    /// User at that proxy.
    #[field(DynamicRO, default = String::new())]
    pub repository_proxy_username: String,
    /// Password at that proxy.
    #[field(DynamicRO, default = Ref::null())]
    pub repository_proxy_password: Ref<Secret>,
    /// True if memory is compressed when machines move, unless the call says otherwise.
    #[field(RW, default = false, state = Prototyped)]
    pub migration_compression: bool,
    /// True if machines are rather not started on the master.
    #[field(RW, default = true)]
    pub coordinator_bias: bool,
    /// How many logins of local users are checked at once.
    #[field(StaticRO, default = 8, state = Prototyped)]
    pub local_auth_max_threads: i64,
    /// How many logins of directory users are checked at once.
    #[field(StaticRO, default = 1, state = Prototyped)]
    pub ext_auth_max_threads: i64,
    /// True if successful checks of directory users are remembered.
    #[field(DynamicRO, default = true, state = Prototyped)]
    pub ext_auth_cache_enabled: bool,
    /// How many are remembered.
    #[field(DynamicRO, default = 50, state = Prototyped)]
    pub ext_auth_cache_size: i64,
    /// For how many seconds they are remembered.
    #[field(DynamicRO, default = 300, state = Prototyped)]
    pub ext_auth_cache_expiry: i64,
    /// Name under which statistics are sent.
    #[field(DynamicRO, default = Ref::null(), state = Prototyped)]
    pub telemetry_uuid: Ref<Secret>,
    /// How often statistics are sent.
    #[field(DynamicRO, default = TelemetryFrequency::Weekly, state = Prototyped)]
    pub telemetry_frequency: TelemetryFrequency,
    /// Earliest time for the next ones.
    #[field(DynamicRO, default = DateTime::epoch(), state = Prototyped)]
    pub telemetry_next_collection: DateTime,
    /// When updates were last fetched.
    #[field(DynamicRO, default = DateTime::epoch(), state = Prototyped)]
    pub last_update_sync: DateTime,
    /// How often updates are fetched.
    #[field(DynamicRO, default = UpdateSyncFrequency::Weekly, state = Prototyped)]
    pub update_sync_frequency: UpdateSyncFrequency,
    /// Day of the week for that; 0 is Sunday.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub update_sync_day: i64,
    /// True if updates are fetched by themselves.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub update_sync_enabled: bool,
    /// What the maker recommends for machines of certain kinds.
    #[field(DynamicRO, default = BTreeMap::new(), state = Prototyped)]
    pub recommendations: BTreeMap<String, String>,
    /// Address and port of the server that gives out licences.
    #[field(RW, default = BTreeMap::new(), state = Prototyped)]
    pub license_server: BTreeMap<String, String>,
    /// True if a protected machine is started again after its guest shut it down.
    #[field(RW, default = true, state = Prototyped)]
    pub ha_reboot_vm_on_internal_shutdown: bool,
    /// True if a console takes one client at a time.
    #[field(RW, default = false, state = Prototyped)]
    pub limit_console_sessions: bool,
    /// Seconds after which an idle console of a machine is closed; 0 for never.
    #[field(RW, default = 0, state = Prototyped)]
    pub vm_console_idle_timeout: i64,
    /// True if machines get newer Secure Boot certificates by themselves.
    #[field(RW, default = false, state = Prototyped)]
    pub auto_update_vm_secureboot_certificates: bool,
}

/// What can be done to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "pool_allowed_operations")]
pub enum PoolAllowedOperations {
    /// Turn high availability on.
    #[wire(name = "ha_enable")]
    HaEnable,
    /// Turn high availability off.
    #[wire(name = "ha_disable")]
    HaDisable,
    /// Build a cluster.
    #[wire(name = "cluster_create")]
    ClusterCreate,
    /// Make another host the master.
    #[wire(name = "designate_new_master")]
    DesignateNewMaster,
    /// Change the sources of updates.
    #[wire(name = "configure_repositories")]
    ConfigureRepositories,
    /// Fetch updates.
    #[wire(name = "sync_updates")]
    SyncUpdates,
    /// Take in a bundle of updates.
    #[wire(name = "sync_bundle")]
    SyncBundle,
    /// List updates.
    #[wire(name = "get_updates")]
    GetUpdates,
    /// Apply updates.
    #[wire(name = "apply_updates")]
    ApplyUpdates,
    /// Begin to check certificates.
    #[wire(name = "tls_verification_enable")]
    TlsVerificationEnable,
    /// Replace a host's certificate.
    #[wire(name = "cert_refresh")]
    CertRefresh,
    /// Exchange certificates with a host that joins.
    #[wire(name = "exchange_certificates_on_join")]
    ExchangeCertificatesOnJoin,
    /// Exchange authorities with a host that joins.
    #[wire(name = "exchange_ca_certificates_on_join")]
    ExchangeCaCertificatesOnJoin,
    /// Copy the master's certificates to the others.
    #[wire(name = "copy_primary_host_certs")]
    CopyPrimaryHostCerts,
    /// Remove a host.
    #[wire(name = "eject")]
    Eject,
    /// Exchange revocation lists with a host that joins.
    #[wire(name = "exchange_crls_on_join")]
    ExchangeCrlsOnJoin,
}

/// How often statistics are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "telemetry_frequency")]
pub enum TelemetryFrequency {
    /// Every day.
    #[wire(name = "daily")]
    Daily,
    /// Every week.
    #[wire(name = "weekly")]
    Weekly,
    /// Every month.
    #[wire(name = "monthly")]
    Monthly,
}

/// How often updates are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "update_sync_frequency")]
pub enum UpdateSyncFrequency {
    /// Every day.
    #[wire(name = "daily")]
    Daily,
    /// Every week.
    #[wire(name = "weekly")]
    Weekly,
}

/// Whether machines can be started with Secure Boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "pool_guest_secureboot_readiness")]
pub enum PoolGuestSecurebootReadiness {
    /// They can.
    #[wire(name = "ready")]
    Ready,
    /// They can, without a list of revoked programs.
    #[wire(name = "ready_no_dbx")]
    ReadyNoDbx,
    /// Certificates are missing.
    #[wire(name = "not_ready")]
    NotReady,
}

/// What a trusted certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "certificate_purpose")]
pub enum CertificatePurpose {
    /// Connections to the licence server.
    #[wire(name = "licensing")]
    Licensing,
    /// Connections to the directory service.
    #[wire(name = "ldaps")]
    Ldaps,
}
