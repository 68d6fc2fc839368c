//! Class `pool`.

use std::collections::BTreeMap;

use super::*;

/// A set of hosts that are managed as one, with common storage and networks. Every host is in one, be it
/// alone. One host is the master; the others take its orders and refer clients to it.
#[derive(Clone, Debug, Class)]
#[class(name = "pool", role = PoolOperator, calls(SyncTrustedCertificatesFrom, UninstallTrustedCertificate, InstallTrustedCertificate, SetSshAutoMode, SetConsoleIdleTimeout, SetSshEnabledTimeout, DisableSsh, EnableSsh, GetGuestSecurebootReadiness, SetExtAuthCacheExpiry, SetExtAuthCacheSize, SetExtAuthCacheEnabled, SetExtAuthMaxThreads, SetLocalAuthMaxThreads, SetUpdateSyncEnabled, ConfigureUpdateSync, ResetTelemetryUuid, SetTelemetryNextCollection, SetHttpsOnly, SetCustomUefiCertificates, SetUefiCertificates, DisableRepositoryProxy, ConfigureRepositoryProxy, DisableClientCertificateAuth, EnableClientCertificateAuth, CheckUpdateReadiness, SyncUpdates, RemoveRepository, AddRepository, SetRepositories, RotateSecret, RemoveFromGuestAgentConfig, AddToGuestAgentConfig, HasExtension, SetIgmpSnoopingEnabled, DisableSslLegacy, EnableSslLegacy, ApplyEdition, GetLicenseState, DisableLocalStorageCaching, EnableLocalStorageCaching, TestArchiveTarget, SetVswitchController, DisableRedoLog, EnableRedoLog, EnableTlsVerification, CertificateSync, CrlList, CrlUninstall, CrlInstall, UninstallCaCertificate, InstallCaCertificate, CertificateList, CertificateUninstall, CertificateInstall, SendTestPost, RetrieveWlbRecommendations, RetrieveWlbConfiguration, SendWlbConfiguration, DeconfigureWlb, InitializeWlb, DetectNonhomogeneousExternalAuth, ExternalAuthSetLdaps, DisableExternalAuth, EnableExternalAuth, CreateNewBlob, SetHaHostFailuresToTolerate, HaComputeVmFailoverPlan, HaComputeHypotheticalMaxHostFailuresToTolerate, HaComputeMaxHostFailuresToTolerate, HaFailoverPlanExists, HaPreventRestartsFor, DesignateNewMaster, SyncDatabase, DisableHa, EnableHa, CreateVlanFromPif, ManagementReconfigure, CreateVlan, RecoverSlaves, EmergencyResetMaster, EmergencyTransitionToMaster, Eject, JoinForce, Join))]
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

/// Takes over trusted certificates from another pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.sync_trusted_certificates_from", out = Vec<Ref<Certificate>>, role = PoolOperator, client_cert, state = Prototyped)]
pub struct SyncTrustedCertificatesFrom {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Address of the other pool.
    pub remote_pool: String,
    /// A session there.
    pub remote_session: Ref<Session>,
    /// Certificate that the other pool is known by.
    pub remote_certificate: String,
    /// True for authorities, false for single servers.
    pub ca: bool,
}

/// Stops trusting a certificate, on every host.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.uninstall_trusted_certificate", role = PoolOperator, client_cert, state = Prototyped)]
pub struct UninstallTrustedCertificate {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// The certificate.
    pub certificate: Ref<Certificate>,
}

/// Trusts a certificate from now on, on every host. Refused with a TRUSTED_CERTIFICATE_… code.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.install_trusted_certificate", role = PoolOperator, client_cert, state = Prototyped)]
pub struct InstallTrustedCertificate {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True for an authority, false for a single server.
    pub ca: bool,
    /// The certificate, in PEM.
    pub cert: String,
    /// What it is for; empty for everything.
    pub purpose: Vec<CertificatePurpose>,
}

/// Says for all hosts whether SSH is opened by itself while the API does not answer.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ssh_auto_mode", role = PoolAdmin, state = Prototyped)]
pub struct SetSshAutoMode {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True for by itself.
    pub value: bool,
}

/// Says for all hosts when an idle console is logged out.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_console_idle_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetConsoleIdleTimeout {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Seconds; 0 for never.
    pub value: i64,
}

/// Says for all hosts how long SSH stays open once it is enabled.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ssh_enabled_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetSshEnabledTimeout {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Seconds; 0 for ever.
    pub value: i64,
}

/// Closes SSH on all hosts. Refused with DISABLE_SSH_PARTIALLY_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct DisableSsh {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Opens SSH on all hosts. Refused with ENABLE_SSH_PARTIALLY_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct EnableSsh {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Whether machines can be started with Secure Boot.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.get_guest_secureboot_readiness", out = PoolGuestSecurebootReadiness, role = PoolOperator, state = Prototyped, sync)]
pub struct GetGuestSecurebootReadiness {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Says how long successful checks of directory users are remembered.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_cache_expiry", role = PoolOperator, state = Prototyped)]
pub struct SetExtAuthCacheExpiry {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Seconds.
    pub value: i64,
}

/// Says how many successful checks of directory users are remembered.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_cache_size", role = PoolOperator, state = Prototyped)]
pub struct SetExtAuthCacheSize {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Their number.
    pub value: i64,
}

/// Says whether successful checks of directory users are remembered.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_cache_enabled", role = PoolOperator, state = Prototyped)]
pub struct SetExtAuthCacheEnabled {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True to remember them.
    pub value: bool,
}

/// Says how many logins of directory users are checked at once.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_max_threads", role = PoolOperator, state = Prototyped, sync)]
pub struct SetExtAuthMaxThreads {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Their number.
    pub value: i64,
}

/// Says how many logins of local users are checked at once.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_local_auth_max_threads", role = PoolOperator, state = Prototyped, sync)]
pub struct SetLocalAuthMaxThreads {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Their number.
    pub value: i64,
}

/// Says whether updates are fetched by themselves. Refused with CAN_NOT_PERIODIC_SYNC_UPDATES.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_update_sync_enabled", role = PoolOperator, state = Prototyped)]
pub struct SetUpdateSyncEnabled {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True for by themselves.
    pub value: bool,
}

/// Says when updates are fetched. Refused with INVALID_UPDATE_SYNC_DAY.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.configure_update_sync", role = PoolOperator, state = Prototyped)]
pub struct ConfigureUpdateSync {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// How often.
    pub update_sync_frequency: UpdateSyncFrequency,
    /// Day of the week, 0 for Sunday; not looked at for every day.
    pub update_sync_day: i64,
}

/// Sends statistics under a new name from now on.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.reset_telemetry_uuid", role = PoolAdmin, state = Prototyped)]
pub struct ResetTelemetryUuid {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Says when statistics are next collected. Refused with TELEMETRY_NEXT_COLLECTION_TOO_LATE.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_telemetry_next_collection", role = PoolAdmin, state = Prototyped)]
pub struct SetTelemetryNextCollection {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// The earliest time.
    pub value: DateTime,
}

/// Says for all hosts whether they are managed through HTTPS only.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_https_only", role = PoolOperator, state = Prototyped)]
pub struct SetHttpsOnly {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True to close plain HTTP.
    pub value: bool,
}

/// Gives machines UEFI certificates of one's own.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_custom_uefi_certificates", role = PoolAdmin, state = Prototyped)]
pub struct SetCustomUefiCertificates {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// The certificates, as a tar file in base64.
    pub value: String,
}

/// Sets the UEFI certificates; pool.set_custom_uefi_certificates replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_uefi_certificates", role = PoolAdmin, state = Deprecated)]
pub struct SetUefiCertificates {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// The certificates, as a tar file in base64.
    pub value: String,
}

/// Fetches updates without a proxy.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_repository_proxy", role = PoolOperator, client_cert)]
pub struct DisableRepositoryProxy {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Fetches updates through a proxy. Refused with INVALID_REPOSITORY_PROXY_URL and
/// INVALID_REPOSITORY_PROXY_CREDENTIAL.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.configure_repository_proxy", role = PoolOperator, client_cert)]
pub struct ConfigureRepositoryProxy {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Address of the proxy.
    pub url: String,
    /// User at the proxy, or empty.
    pub username: String,
    /// Password at the proxy, or empty.
    pub password: String,
}

/// No longer lets a certificate stand for a login.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_client_certificate_auth", role = PoolOperator, client_cert)]
pub struct DisableClientCertificateAuth {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Lets a client's certificate stand for a login.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_client_certificate_auth", role = PoolOperator, client_cert)]
pub struct EnableClientCertificateAuth {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// The name that the certificate must carry.
    pub name: String,
}

/// What stands in the way of updating the hosts, as lists of error codes and parameters.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.check_update_readiness", out = Vec<Vec<String>>, role = PoolOperator, client_cert)]
pub struct CheckUpdateReadiness {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Whether the hosts would have to be rebooted.
    pub requires_reboot: bool,
}

/// Fetches updates from the enabled repositories, and returns the mark of the set. Refused with
/// NO_REPOSITORY_ENABLED, SYNC_UPDATES_IN_PROGRESS and REPOSYNC_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.sync_updates", out = String, role = PoolOperator, client_cert)]
pub struct SyncUpdates {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True to fetch everything again.
    pub force: bool,
    /// Token for a repository that asks for one.
    #[param(default = String::new())]
    pub token: String,
    /// Identifier of that token.
    #[param(default = String::new())]
    pub token_id: String,
    /// User at a repository that asks for one.
    #[param(default = String::new())]
    pub username: String,
    /// Password at a repository that asks for one.
    #[param(default = String::new())]
    pub password: String,
}

/// Disables one source of updates.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.remove_repository", role = PoolOperator, client_cert)]
pub struct RemoveRepository {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// The repository.
    pub value: Ref<Repository>,
}

/// Enables one more source of updates.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.add_repository", role = PoolOperator, client_cert)]
pub struct AddRepository {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// The repository.
    pub value: Ref<Repository>,
}

/// Replaces the enabled sources of updates. Refused with MULTIPLE_UPDATE_REPOSITORIES_ENABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_repositories", role = PoolOperator, client_cert)]
pub struct SetRepositories {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// The repositories.
    pub value: Vec<Ref<Repository>>,
}

/// Replaces the secret by which hosts of the pool know each other. Refused while a host is missing, and with
/// HA_IS_ENABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.rotate_secret", role = PoolAdmin)]
pub struct RotateSecret {}

/// Removes a setting that is passed to the tools in machines.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.remove_from_guest_agent_config", role = PoolAdmin)]
pub struct RemoveFromGuestAgentConfig {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Name of the setting.
    pub key: String,
}

/// Adds a setting that is passed to the tools in machines. Refused with MAP_DUPLICATE_KEY.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.add_to_guest_agent_config", role = PoolAdmin)]
pub struct AddToGuestAgentConfig {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Name of the setting.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Whether every host has an extension of the API.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.has_extension", out = bool, role = PoolAdmin)]
pub struct HasExtension {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Name of the extension.
    pub name: String,
}

/// Says whether multicast is forwarded only to the ports that asked for it. Refused with
/// OPENVSWITCH_NOT_ACTIVE, and with COULD_NOT_UPDATE_IGMP_SNOOPING_EVERYWHERE when a host could not follow.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_igmp_snooping_enabled", role = PoolOperator)]
pub struct SetIgmpSnoopingEnabled {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True for only those ports.
    pub value: bool,
}

/// Refuses old versions of TLS. They are refused anyway.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_ssl_legacy", role = PoolOperator, state = Deprecated)]
pub struct DisableSslLegacy {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Was a way to accept old versions of TLS.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_ssl_legacy", role = PoolOperator, state = Removed)]
pub struct EnableSslLegacy {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Changes the edition of all hosts. Refused with INVALID_EDITION and LICENSE_CHECKOUT_ERROR.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.apply_edition", role = PoolOperator)]
pub struct ApplyEdition {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Name of the edition.
    pub edition: String,
}

/// The edition of the pool, and when its licence ends.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.get_license_state", out = BTreeMap<String, String>, role = ReadOnly)]
pub struct GetLicenseState {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Stops caching remote disks on all hosts.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_local_storage_caching", role = PoolOperator)]
pub struct DisableLocalStorageCaching {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Caches remote disks on all hosts, each in a local repository.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_local_storage_caching", role = PoolOperator)]
pub struct EnableLocalStorageCaching {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Was a way to try a place for archives of snapshots.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.test_archive_target", out = String, role = PoolOperator, sync)]
pub struct TestArchiveTarget {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// How to reach the place.
    pub config: BTreeMap<String, String>,
}

/// Names the controller of the virtual switches; SDN_controller.introduce replaces it. Refused with
/// OPERATION_NOT_ALLOWED without Open vSwitch, and with INVALID_IP_ADDRESS_SPECIFIED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_vswitch_controller", role = PoolOperator, state = Deprecated)]
pub struct SetVswitchController {
    /// Address of the controller; empty for none.
    pub address: String,
}

/// Stops writing changes of the database to a shared disk.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_redo_log", role = PoolOperator)]
pub struct DisableRedoLog {}

/// Writes every change of the database also to a shared disk. Refused with CANNOT_ENABLE_REDO_LOG.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_redo_log", role = PoolOperator)]
pub struct EnableRedoLog {
    /// The repository that is to hold the disk.
    pub sr: Ref<Sr>,
}

/// Lets hosts check each other's certificates from now on.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_tls_verification", role = PoolAdmin, sync)]
pub struct EnableTlsVerification {}

/// Copies the trusted certificates and revocation lists of the master to all hosts.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_sync", role = PoolOperator)]
pub struct CertificateSync {}

/// Names of the revocation lists.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.crl_list", out = Vec<String>, role = PoolOperator)]
pub struct CrlList {}

/// Removes a revocation list from all hosts. Refused with CRL_DOES_NOT_EXIST.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.crl_uninstall", role = PoolOperator)]
pub struct CrlUninstall {
    /// Its name.
    pub name: String,
}

/// Adds a revocation list to all hosts. Refused with CRL_ALREADY_EXISTS, CRL_CORRUPT and CRL_NAME_INVALID.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.crl_install", role = PoolOperator)]
pub struct CrlInstall {
    /// A name for it.
    pub name: String,
    /// The list, in PEM.
    pub cert: String,
}

/// Stops trusting an authority; pool.uninstall_trusted_certificate replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.uninstall_ca_certificate", role = PoolOperator, client_cert, state = Deprecated)]
pub struct UninstallCaCertificate {
    /// Its name.
    pub name: String,
    /// True to remove the record though the file is gone.
    #[param(default = false)]
    pub force: bool,
}

/// Trusts an authority; pool.install_trusted_certificate replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.install_ca_certificate", role = PoolOperator, client_cert, state = Deprecated)]
pub struct InstallCaCertificate {
    /// A name for it.
    pub name: String,
    /// Its certificate, in PEM.
    pub cert: String,
}

/// Names of the trusted authorities.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_list", out = Vec<String>, role = PoolOperator, state = Deprecated)]
pub struct CertificateList {}

/// Stops trusting an authority, by an old name of the call.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_uninstall", role = PoolOperator, state = Deprecated)]
pub struct CertificateUninstall {
    /// Its name.
    pub name: String,
}

/// Trusts an authority, by an old name of the call.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_install", role = PoolOperator, state = Deprecated)]
pub struct CertificateInstall {
    /// A name for it.
    pub name: String,
    /// Its certificate, in PEM.
    pub cert: String,
}

/// Sends a request to a server and returns the answer, to test a connection.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.send_test_post", out = String, role = PoolAdmin)]
pub struct SendTestPost {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: i64,
    /// What to send.
    pub body: String,
}

/// Where workload balancing would put each machine, and why.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.retrieve_wlb_recommendations", out = BTreeMap<Ref<Vm>, Vec<String>>, role = ReadOnly)]
pub struct RetrieveWlbRecommendations {}

/// Settings of the workload-balancing server.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.retrieve_wlb_configuration", out = BTreeMap<String, String>, role = ReadOnly)]
pub struct RetrieveWlbConfiguration {}

/// Changes settings of the workload-balancing server.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.send_wlb_configuration", role = PoolOperator)]
pub struct SendWlbConfiguration {
    /// The settings.
    pub config: BTreeMap<String, String>,
}

/// Leaves the workload-balancing server. Refused with WLB_NOT_INITIALIZED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.deconfigure_wlb", role = PoolOperator)]
pub struct DeconfigureWlb {}

/// Has a workload-balancing server look after this pool. Refused with a WLB_… code.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.initialize_wlb", role = PoolOperator)]
pub struct InitializeWlb {
    /// Address and port of the server.
    pub wlb_url: String,
    /// User there.
    pub wlb_username: String,
    /// Password there.
    pub wlb_password: String,
    /// User by which the server logs in to this pool.
    pub xenserver_username: String,
    /// Password of that user.
    pub xenserver_password: String,
}

/// Looks whether all hosts use the same directory service, and makes an alert when not.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.detect_nonhomogeneous_external_auth", role = PoolOperator, sync)]
pub struct DetectNonhomogeneousExternalAuth {
    /// The pool.
    pub pool: Ref<Pool>,
}

/// Changes all hosts between plain and encrypted LDAP.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.external_auth_set_ldaps", role = PoolAdmin, sync)]
pub struct ExternalAuthSetLdaps {
    /// The pool.
    pub pool: Ref<Pool>,
    /// True for encrypted.
    pub ldaps: bool,
    /// True to go on although a test failed.
    #[param(default = false)]
    pub force: bool,
}

/// Has all hosts leave the directory service. Refused with a pool_auth_disable_failed… code that names the
/// host.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_external_auth", role = PoolAdmin, sync)]
pub struct DisableExternalAuth {
    /// The pool.
    pub pool: Ref<Pool>,
    /// User and password for leaving, if the service wants them.
    #[param(default = BTreeMap::new())]
    pub config: BTreeMap<String, String>,
}

/// Lets users of a directory service log in to all hosts. Refused with POOL_AUTH_ALREADY_ENABLED or a
/// pool_auth_enable_failed… code that names the host.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_external_auth", role = PoolAdmin, sync)]
pub struct EnableExternalAuth {
    /// The pool.
    pub pool: Ref<Pool>,
    /// Settings of the service, such as user and password for joining.
    pub config: BTreeMap<String, String>,
    /// Name of the service, such as its domain.
    pub service_name: String,
    /// Kind of service; `AD` for Active Directory.
    pub auth_type: String,
}

/// Makes an empty binary attachment of the pool, to be filled over HTTP.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.create_new_blob", out = Ref<Blob>, role = PoolOperator)]
pub struct CreateNewBlob {
    /// The pool.
    pub pool: Ref<Pool>,
    /// Its name among the attachments of the pool.
    pub name: String,
    /// The MIME type of its content; empty for `application/octet-stream`.
    pub mime_type: String,
    /// True to let anybody read it without a session.
    #[param(default = false)]
    pub public: bool,
}

/// Says how many hosts may fail. Refused with HA_NO_PLAN when so many could not be made good.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ha_host_failures_to_tolerate", role = PoolOperator)]
pub struct SetHaHostFailuresToTolerate {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Number of hosts.
    pub value: i64,
}

/// Where machines would be started if hosts failed.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_compute_vm_failover_plan", out = BTreeMap<Ref<Vm>, BTreeMap<String, String>>, role = PoolOperator, sync)]
pub struct HaComputeVmFailoverPlan {
    /// The hosts that are taken to fail.
    pub failed_hosts: Vec<Ref<Host>>,
    /// The machines that are to be started elsewhere.
    pub failed_vms: Vec<Ref<Vm>>,
}

/// How many hosts could fail if machines were protected as given.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_compute_hypothetical_max_host_failures_to_tolerate", out = i64, role = ReadOnly, sync)]
pub struct HaComputeHypotheticalMaxHostFailuresToTolerate {
    /// The priority of each machine.
    pub configuration: BTreeMap<Ref<Vm>, String>,
}

/// How many hosts could fail with machines protected as they are.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_compute_max_host_failures_to_tolerate", out = i64, role = PoolOperator, sync)]
pub struct HaComputeMaxHostFailuresToTolerate {}

/// Whether so many failures could be made good.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_failover_plan_exists", out = bool, role = PoolOperator, sync)]
pub struct HaFailoverPlanExists {
    /// Number of hosts.
    pub n: i64,
}

/// Holds back restarts of machines for a while.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_prevent_restarts_for", role = PoolOperator, sync)]
pub struct HaPreventRestartsFor {
    /// For how long, in seconds.
    pub seconds: i64,
}

/// Makes another host the master. All hosts restart their servers. Refused with HA_IS_ENABLED, and with
/// HA_ABORT_NEW_MASTER when a host will not follow.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.designate_new_master", role = PoolOperator)]
pub struct DesignateNewMaster {
    /// The host to be master.
    pub host: Ref<Host>,
}

/// Has all hosts take a copy of the database at once.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.sync_database", role = PoolOperator)]
pub struct SyncDatabase {}

/// Turns high availability off.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_ha", role = PoolOperator, client_cert)]
pub struct DisableHa {}

/// Turns high availability on. Refused with HA_IS_ENABLED, REQUIRED_PIF_IS_UNPLUGGED for protected interfaces
/// that are down, CANNOT_CREATE_STATE_FILE, HA_TOO_FEW_HOSTS and others of their kind.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_ha", role = PoolOperator, client_cert)]
pub struct EnableHa {
    /// Repositories for the state file; empty to choose by itself.
    pub heartbeat_srs: Vec<Ref<Sr>>,
    /// Further settings.
    pub configuration: BTreeMap<String, String>,
}

/// Makes the same VLAN on every host that is alive: each host's PIF on the network of the given one carries
/// it. Returns the new PIFs. If one host refuses, none keeps it, and its error is returned; the errors are
/// those of VLAN.create.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.create_VLAN_from_PIF", out = Vec<Ref<Pif>>, role = PoolOperator)]
pub struct CreateVlanFromPif {
    /// A PIF on the network whose PIFs are to carry the VLAN.
    pub pif: Ref<Pif>,
    /// The network of the VLAN's traffic.
    pub network: Ref<Network>,
    /// The tag, 0 to 4094.
    #[param(name = "VLAN")]
    pub vlan: i64,
}

/// Moves management of all hosts to their PIFs on another network, the master last. Refused with
/// HA_IS_ENABLED, PIF_NOT_PRESENT for a host without such a PIF, PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE, and
/// the reasons of host.management_reconfigure.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.management_reconfigure", role = PoolOperator)]
pub struct ManagementReconfigure {
    /// The network to be managed over.
    pub network: Ref<Network>,
}

/// Makes the same VLAN on every host, by the name of the interface; pool.create_VLAN_from_PIF replaces it and
/// copes with bonds.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.create_VLAN", out = Vec<Ref<Pif>>, role = PoolOperator)]
pub struct CreateVlan {
    /// Name of the interface on each host.
    pub device: String,
    /// The network of the VLAN's traffic.
    pub network: Ref<Network>,
    /// The tag, 0 to 4094.
    #[param(name = "VLAN")]
    pub vlan: i64,
}

/// Tells hosts that lost their master that this host is it. Returns those that answered.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.recover_slaves", out = Vec<Ref<Host>>, role = PoolOperator)]
pub struct RecoverSlaves {}

/// Tells this host where its master is now. It restarts its server. Refused with HA_IS_ENABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.emergency_reset_master", role = PoolOperator, sync)]
pub struct EmergencyResetMaster {
    /// Name or address of the master.
    pub master_address: String,
}

/// Makes this host the master, for when the old one is gone for good. It restarts its server. Refused with
/// HA_IS_ENABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.emergency_transition_to_master", role = PoolOperator, sync)]
pub struct EmergencyTransitionToMaster {}

/// Removes a host from the pool. Its local storage is erased, it gets back its own pool with factory
/// settings, and it reboots; its management interface is kept. The master cannot be removed. Refused with
/// HA_IS_ENABLED, NOT_SUPPORTED_DURING_UPGRADE, and OPERATION_NOT_ALLOWED while it runs machines.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.eject", role = PoolOperator)]
pub struct Eject {
    /// The host to remove.
    pub host: Ref<Host>,
}

/// Joins this host to another pool as pool.join does, without comparing the hardware.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.join_force", role = PoolOperator)]
pub struct JoinForce {
    /// Address of the other pool's master.
    pub master_address: String,
    /// User there.
    pub master_username: String,
    /// Password there.
    pub master_password: String,
}

/// Joins this host to another pool; its own pool ends. The pool's networks, bonds and VLANs are made here
/// too. Refused with JOINING_HOST_CONNECTION_FAILED, JOINING_HOST_SERVICE_FAILED, HOSTS_NOT_HOMOGENEOUS,
/// POOL_JOINING_HOST_HAS_BONDS and many others that begin like these.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.join", role = PoolOperator)]
pub struct Join {
    /// Address of the other pool's master.
    pub master_address: String,
    /// User there.
    pub master_username: String,
    /// Password there.
    pub master_password: String,
}
