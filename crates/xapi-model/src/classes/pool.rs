//! Class `pool`.

use std::collections::BTreeMap;

use super::*;

/// Pool.
#[derive(Clone, Debug, Class)]
#[class(name = "pool", role = PoolOperator, calls(SyncTrustedCertificatesFrom, UninstallTrustedCertificate, InstallTrustedCertificate, SetSshAutoMode, SetConsoleIdleTimeout, SetSshEnabledTimeout, DisableSsh, EnableSsh, GetGuestSecurebootReadiness, SetExtAuthCacheExpiry, SetExtAuthCacheSize, SetExtAuthCacheEnabled, SetExtAuthMaxThreads, SetLocalAuthMaxThreads, SetUpdateSyncEnabled, ConfigureUpdateSync, ResetTelemetryUuid, SetTelemetryNextCollection, SetHttpsOnly, SetCustomUefiCertificates, SetUefiCertificates, DisableRepositoryProxy, ConfigureRepositoryProxy, DisableClientCertificateAuth, EnableClientCertificateAuth, CheckUpdateReadiness, SyncUpdates, RemoveRepository, AddRepository, SetRepositories, RotateSecret, RemoveFromGuestAgentConfig, AddToGuestAgentConfig, HasExtension, SetIgmpSnoopingEnabled, DisableSslLegacy, EnableSslLegacy, ApplyEdition, GetLicenseState, DisableLocalStorageCaching, EnableLocalStorageCaching, TestArchiveTarget, SetVswitchController, DisableRedoLog, EnableRedoLog, EnableTlsVerification, CertificateSync, CrlList, CrlUninstall, CrlInstall, UninstallCaCertificate, InstallCaCertificate, CertificateList, CertificateUninstall, CertificateInstall, SendTestPost, RetrieveWlbRecommendations, RetrieveWlbConfiguration, SendWlbConfiguration, DeconfigureWlb, InitializeWlb, DetectNonhomogeneousExternalAuth, ExternalAuthSetLdaps, DisableExternalAuth, EnableExternalAuth, CreateNewBlob, SetHaHostFailuresToTolerate, HaComputeVmFailoverPlan, HaComputeHypotheticalMaxHostFailuresToTolerate, HaComputeMaxHostFailuresToTolerate, HaFailoverPlanExists, HaPreventRestartsFor, DesignateNewMaster, SyncDatabase, DisableHa, EnableHa, CreateVlanFromPif, ManagementReconfigure, CreateVlan, RecoverSlaves, EmergencyResetMaster, EmergencyTransitionToMaster, Eject, JoinForce, Join))]
pub struct Pool {
    /// Unique identifier of the pool. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, db = "name_label")]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, db = "name_description")]
    pub name_description: String,
    /// Master.
    #[field(DynamicRO)]
    pub master: Ref<Host>,
    /// Default SR.
    #[field(RW, name = "default_SR")]
    pub default_sr: Ref<Sr>,
    /// Suspend image SR.
    #[field(RW, name = "suspend_image_SR")]
    pub suspend_image_sr: Ref<Sr>,
    /// Crash dump SR.
    #[field(RW, name = "crash_dump_SR")]
    pub crash_dump_sr: Ref<Sr>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, keys = [("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator), ("EMPTY_FOLDERS", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// Ha enabled.
    #[field(DynamicRO, default = false)]
    pub ha_enabled: bool,
    /// Ha configuration.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub ha_configuration: BTreeMap<String, String>,
    /// Ha statefiles.
    #[field(DynamicRO, default = Vec::new())]
    pub ha_statefiles: Vec<String>,
    /// Ha host failures to tolerate.
    #[field(DynamicRO, default = 0)]
    pub ha_host_failures_to_tolerate: i64,
    /// Ha plan exists for.
    #[field(DynamicRO, default = 0)]
    pub ha_plan_exists_for: i64,
    /// Ha allow overcommit.
    #[field(RW, default = false)]
    pub ha_allow_overcommit: bool,
    /// Ha overcommitted.
    #[field(DynamicRO, default = false)]
    pub ha_overcommitted: bool,
    /// Binary attachments of the pool, by name.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub blobs: BTreeMap<String, Ref<Blob>>,
    /// Words that users attach to the pool to find it again.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// Gui config.
    #[field(RW, default = BTreeMap::new(), role = VmOperator)]
    pub gui_config: BTreeMap<String, String>,
    /// Health check config.
    #[field(RW, default = BTreeMap::new())]
    pub health_check_config: BTreeMap<String, String>,
    /// Wlb url.
    #[field(DynamicRO, default = String::new())]
    pub wlb_url: String,
    /// Wlb username.
    #[field(DynamicRO, default = String::new())]
    pub wlb_username: String,
    /// Wlb enabled.
    #[field(RW, default = false, client_cert)]
    pub wlb_enabled: bool,
    /// Wlb verify cert.
    #[field(RW, default = false, state = Deprecated)]
    pub wlb_verify_cert: bool,
    /// Redo log enabled.
    #[field(DynamicRO, default = false)]
    pub redo_log_enabled: bool,
    /// Redo log vdi.
    #[field(DynamicRO, default = Ref::null())]
    pub redo_log_vdi: Ref<Vdi>,
    /// Vswitch controller.
    #[field(DynamicRO, default = String::new(), state = Deprecated)]
    pub vswitch_controller: String,
    /// Restrictions.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub restrictions: BTreeMap<String, String>,
    /// Metadata VDIs.
    #[field(DynamicRO, name = "metadata_VDIs")]
    pub metadata_vdis: Vec<Ref<Vdi>>,
    /// Ha cluster stack.
    #[field(DynamicRO, default = String::new())]
    pub ha_cluster_stack: String,
    /// What may be asked of the pool in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<PoolAllowedOperations>,
    /// What is being done to the pool right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, PoolAllowedOperations>,
    /// Guest agent config.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub guest_agent_config: BTreeMap<String, String>,
    /// Cpu info.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub cpu_info: BTreeMap<String, String>,
    /// Policy no vendor device.
    #[field(RW, default = false, state = Deprecated)]
    pub policy_no_vendor_device: bool,
    /// Live patching disabled.
    #[field(RW, default = false)]
    pub live_patching_disabled: bool,
    /// Igmp snooping enabled.
    #[field(DynamicRO, default = false)]
    pub igmp_snooping_enabled: bool,
    /// Uefi certificates.
    #[field(StaticRO, default = String::new())]
    pub uefi_certificates: String,
    /// Custom uefi certificates.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub custom_uefi_certificates: String,
    /// Is psr pending.
    #[field(RW, default = false)]
    pub is_psr_pending: bool,
    /// Tls verification enabled.
    #[field(DynamicRO, default = false)]
    pub tls_verification_enabled: bool,
    /// Repositories.
    #[field(DynamicRO, default = Vec::new())]
    pub repositories: Vec<Ref<Repository>>,
    /// Client certificate auth enabled.
    #[field(DynamicRO, default = false)]
    pub client_certificate_auth_enabled: bool,
    /// Client certificate auth name.
    #[field(DynamicRO, default = String::new())]
    pub client_certificate_auth_name: String,
    /// Repository proxy url.
    #[field(DynamicRO, default = String::new())]
    pub repository_proxy_url: String,
    /// Repository proxy username.
    #[field(DynamicRO, default = String::new())]
    pub repository_proxy_username: String,
    /// Repository proxy password.
    #[field(DynamicRO, default = Ref::null())]
    pub repository_proxy_password: Ref<Secret>,
    /// Migration compression.
    #[field(RW, default = false, state = Prototyped)]
    pub migration_compression: bool,
    /// Coordinator bias.
    #[field(RW, default = true)]
    pub coordinator_bias: bool,
    /// Local auth max threads.
    #[field(StaticRO, default = 8, state = Prototyped)]
    pub local_auth_max_threads: i64,
    /// Ext auth max threads.
    #[field(StaticRO, default = 1, state = Prototyped)]
    pub ext_auth_max_threads: i64,
    /// Ext auth cache enabled.
    #[field(DynamicRO, default = true, state = Prototyped)]
    pub ext_auth_cache_enabled: bool,
    /// Ext auth cache size.
    #[field(DynamicRO, default = 50, state = Prototyped)]
    pub ext_auth_cache_size: i64,
    /// Ext auth cache expiry.
    #[field(DynamicRO, default = 300, state = Prototyped)]
    pub ext_auth_cache_expiry: i64,
    /// Telemetry uuid.
    #[field(DynamicRO, default = Ref::null(), state = Prototyped)]
    pub telemetry_uuid: Ref<Secret>,
    /// Telemetry frequency.
    #[field(DynamicRO, default = TelemetryFrequency::Weekly, state = Prototyped)]
    pub telemetry_frequency: TelemetryFrequency,
    /// Telemetry next collection.
    #[field(DynamicRO, default = DateTime::epoch(), state = Prototyped)]
    pub telemetry_next_collection: DateTime,
    /// Last update sync.
    #[field(DynamicRO, default = DateTime::epoch(), state = Prototyped)]
    pub last_update_sync: DateTime,
    /// Update sync frequency.
    #[field(DynamicRO, default = UpdateSyncFrequency::Weekly, state = Prototyped)]
    pub update_sync_frequency: UpdateSyncFrequency,
    /// Update sync day.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub update_sync_day: i64,
    /// Update sync enabled.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub update_sync_enabled: bool,
    /// Recommendations.
    #[field(DynamicRO, default = BTreeMap::new(), state = Prototyped)]
    pub recommendations: BTreeMap<String, String>,
    /// License server.
    #[field(RW, default = BTreeMap::new(), state = Prototyped)]
    pub license_server: BTreeMap<String, String>,
    /// Ha reboot vm on internal shutdown.
    #[field(RW, default = true, state = Prototyped)]
    pub ha_reboot_vm_on_internal_shutdown: bool,
    /// Limit console sessions.
    #[field(RW, default = false, state = Prototyped)]
    pub limit_console_sessions: bool,
    /// Vm console idle timeout.
    #[field(RW, default = 0, state = Prototyped)]
    pub vm_console_idle_timeout: i64,
    /// Auto update vm secureboot certificates.
    #[field(RW, default = false, state = Prototyped)]
    pub auto_update_vm_secureboot_certificates: bool,
}

/// Pool allowed operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "pool_allowed_operations")]
pub enum PoolAllowedOperations {
    /// Ha enable.
    #[wire(name = "ha_enable")]
    HaEnable,
    /// Ha disable.
    #[wire(name = "ha_disable")]
    HaDisable,
    /// Cluster create.
    #[wire(name = "cluster_create")]
    ClusterCreate,
    /// Designate new master.
    #[wire(name = "designate_new_master")]
    DesignateNewMaster,
    /// Configure repositories.
    #[wire(name = "configure_repositories")]
    ConfigureRepositories,
    /// Sync updates.
    #[wire(name = "sync_updates")]
    SyncUpdates,
    /// Sync bundle.
    #[wire(name = "sync_bundle")]
    SyncBundle,
    /// Get updates.
    #[wire(name = "get_updates")]
    GetUpdates,
    /// Apply updates.
    #[wire(name = "apply_updates")]
    ApplyUpdates,
    /// Tls verification enable.
    #[wire(name = "tls_verification_enable")]
    TlsVerificationEnable,
    /// Cert refresh.
    #[wire(name = "cert_refresh")]
    CertRefresh,
    /// Exchange certificates on join.
    #[wire(name = "exchange_certificates_on_join")]
    ExchangeCertificatesOnJoin,
    /// Exchange ca certificates on join.
    #[wire(name = "exchange_ca_certificates_on_join")]
    ExchangeCaCertificatesOnJoin,
    /// Copy primary host certs.
    #[wire(name = "copy_primary_host_certs")]
    CopyPrimaryHostCerts,
    /// Eject.
    #[wire(name = "eject")]
    Eject,
    /// Exchange crls on join.
    #[wire(name = "exchange_crls_on_join")]
    ExchangeCrlsOnJoin,
}

/// Telemetry frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "telemetry_frequency")]
pub enum TelemetryFrequency {
    /// Daily.
    #[wire(name = "daily")]
    Daily,
    /// Weekly.
    #[wire(name = "weekly")]
    Weekly,
    /// Monthly.
    #[wire(name = "monthly")]
    Monthly,
}

/// Update sync frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "update_sync_frequency")]
pub enum UpdateSyncFrequency {
    /// Daily.
    #[wire(name = "daily")]
    Daily,
    /// Weekly.
    #[wire(name = "weekly")]
    Weekly,
}

/// Pool guest secureboot readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "pool_guest_secureboot_readiness")]
pub enum PoolGuestSecurebootReadiness {
    /// Ready.
    #[wire(name = "ready")]
    Ready,
    /// Ready no dbx.
    #[wire(name = "ready_no_dbx")]
    ReadyNoDbx,
    /// Not ready.
    #[wire(name = "not_ready")]
    NotReady,
}

/// Certificate purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "certificate_purpose")]
pub enum CertificatePurpose {
    /// Licensing.
    #[wire(name = "licensing")]
    Licensing,
    /// Ldaps.
    #[wire(name = "ldaps")]
    Ldaps,
}

/// Sync trusted certificates from of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.sync_trusted_certificates_from", out = Vec<Ref<Certificate>>, role = PoolOperator, client_cert, state = Prototyped)]
pub struct SyncTrustedCertificatesFrom {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Remote pool.
    pub remote_pool: String,
    /// Remote session.
    pub remote_session: Ref<Session>,
    /// Remote certificate.
    pub remote_certificate: String,
    /// Ca.
    pub ca: bool,
}

/// Uninstall trusted certificate of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.uninstall_trusted_certificate", role = PoolOperator, client_cert, state = Prototyped)]
pub struct UninstallTrustedCertificate {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Certificate.
    pub certificate: Ref<Certificate>,
}

/// Install trusted certificate of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.install_trusted_certificate", role = PoolOperator, client_cert, state = Prototyped)]
pub struct InstallTrustedCertificate {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Ca.
    pub ca: bool,
    /// Cert.
    pub cert: String,
    /// Purpose.
    pub purpose: Vec<CertificatePurpose>,
}

/// Set ssh auto mode of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ssh_auto_mode", role = PoolAdmin, state = Prototyped)]
pub struct SetSshAutoMode {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: bool,
}

/// Set console idle timeout of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_console_idle_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetConsoleIdleTimeout {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: i64,
}

/// Set ssh enabled timeout of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ssh_enabled_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetSshEnabledTimeout {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: i64,
}

/// Disable ssh of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct DisableSsh {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Enable ssh of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct EnableSsh {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Get guest secureboot readiness of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.get_guest_secureboot_readiness", out = PoolGuestSecurebootReadiness, role = PoolOperator, state = Prototyped, sync)]
pub struct GetGuestSecurebootReadiness {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Set ext auth cache expiry of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_cache_expiry", role = PoolOperator, state = Prototyped)]
pub struct SetExtAuthCacheExpiry {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: i64,
}

/// Set ext auth cache size of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_cache_size", role = PoolOperator, state = Prototyped)]
pub struct SetExtAuthCacheSize {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: i64,
}

/// Set ext auth cache enabled of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_cache_enabled", role = PoolOperator, state = Prototyped)]
pub struct SetExtAuthCacheEnabled {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: bool,
}

/// Set ext auth max threads of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_max_threads", role = PoolOperator, state = Prototyped, sync)]
pub struct SetExtAuthMaxThreads {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: i64,
}

/// Set local auth max threads of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_local_auth_max_threads", role = PoolOperator, state = Prototyped, sync)]
pub struct SetLocalAuthMaxThreads {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: i64,
}

/// Set update sync enabled of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_update_sync_enabled", role = PoolOperator, state = Prototyped)]
pub struct SetUpdateSyncEnabled {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: bool,
}

/// Configure update sync of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.configure_update_sync", role = PoolOperator, state = Prototyped)]
pub struct ConfigureUpdateSync {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Update sync frequency.
    pub update_sync_frequency: UpdateSyncFrequency,
    /// Update sync day.
    pub update_sync_day: i64,
}

/// Reset telemetry uuid of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.reset_telemetry_uuid", role = PoolAdmin, state = Prototyped)]
pub struct ResetTelemetryUuid {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Set telemetry next collection of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_telemetry_next_collection", role = PoolAdmin, state = Prototyped)]
pub struct SetTelemetryNextCollection {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: DateTime,
}

/// Set https only of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_https_only", role = PoolOperator, state = Prototyped)]
pub struct SetHttpsOnly {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: bool,
}

/// Set custom uefi certificates of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_custom_uefi_certificates", role = PoolAdmin, state = Prototyped)]
pub struct SetCustomUefiCertificates {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: String,
}

/// Set uefi certificates of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_uefi_certificates", role = PoolAdmin, state = Deprecated)]
pub struct SetUefiCertificates {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: String,
}

/// Disable repository proxy of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_repository_proxy", role = PoolOperator, client_cert)]
pub struct DisableRepositoryProxy {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Configure repository proxy of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.configure_repository_proxy", role = PoolOperator, client_cert)]
pub struct ConfigureRepositoryProxy {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Url.
    pub url: String,
    /// Username.
    pub username: String,
    /// Password.
    pub password: String,
}

/// Disable client certificate auth of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_client_certificate_auth", role = PoolOperator, client_cert)]
pub struct DisableClientCertificateAuth {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Enable client certificate auth of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_client_certificate_auth", role = PoolOperator, client_cert)]
pub struct EnableClientCertificateAuth {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Name.
    pub name: String,
}

/// Check update readiness of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.check_update_readiness", out = Vec<Vec<String>>, role = PoolOperator, client_cert)]
pub struct CheckUpdateReadiness {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Requires reboot.
    pub requires_reboot: bool,
}

/// Sync updates of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.sync_updates", out = String, role = PoolOperator, client_cert)]
pub struct SyncUpdates {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Force.
    pub force: bool,
    /// Token.
    #[param(default = String::new())]
    pub token: String,
    /// Token id.
    #[param(default = String::new())]
    pub token_id: String,
    /// Username.
    #[param(default = String::new())]
    pub username: String,
    /// Password.
    #[param(default = String::new())]
    pub password: String,
}

/// Remove repository of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.remove_repository", role = PoolOperator, client_cert)]
pub struct RemoveRepository {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: Ref<Repository>,
}

/// Add repository of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.add_repository", role = PoolOperator, client_cert)]
pub struct AddRepository {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: Ref<Repository>,
}

/// Set repositories of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_repositories", role = PoolOperator, client_cert)]
pub struct SetRepositories {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: Vec<Ref<Repository>>,
}

/// Rotate secret of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.rotate_secret", role = PoolAdmin)]
pub struct RotateSecret {}

/// Remove from guest agent config of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.remove_from_guest_agent_config", role = PoolAdmin)]
pub struct RemoveFromGuestAgentConfig {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Key.
    pub key: String,
}

/// Add to guest agent config of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.add_to_guest_agent_config", role = PoolAdmin)]
pub struct AddToGuestAgentConfig {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Has extension of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.has_extension", out = bool, role = PoolAdmin)]
pub struct HasExtension {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Name.
    pub name: String,
}

/// Set igmp snooping enabled of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_igmp_snooping_enabled", role = PoolOperator)]
pub struct SetIgmpSnoopingEnabled {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: bool,
}

/// Disable ssl legacy of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_ssl_legacy", role = PoolOperator, state = Deprecated)]
pub struct DisableSslLegacy {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Enable ssl legacy of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_ssl_legacy", role = PoolOperator, state = Removed)]
pub struct EnableSslLegacy {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Apply edition of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.apply_edition", role = PoolOperator)]
pub struct ApplyEdition {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Edition.
    pub edition: String,
}

/// Get license state of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.get_license_state", out = BTreeMap<String, String>, role = ReadOnly)]
pub struct GetLicenseState {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Disable local storage caching of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_local_storage_caching", role = PoolOperator)]
pub struct DisableLocalStorageCaching {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Enable local storage caching of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_local_storage_caching", role = PoolOperator)]
pub struct EnableLocalStorageCaching {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Test archive target of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.test_archive_target", out = String, role = PoolOperator, sync)]
pub struct TestArchiveTarget {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Config.
    pub config: BTreeMap<String, String>,
}

/// Set vswitch controller of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_vswitch_controller", role = PoolOperator, state = Deprecated)]
pub struct SetVswitchController {
    /// Address.
    pub address: String,
}

/// Disable redo log of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_redo_log", role = PoolOperator)]
pub struct DisableRedoLog {}

/// Enable redo log of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_redo_log", role = PoolOperator)]
pub struct EnableRedoLog {
    /// Sr.
    pub sr: Ref<Sr>,
}

/// Enable tls verification of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_tls_verification", role = PoolAdmin, sync)]
pub struct EnableTlsVerification {}

/// Certificate sync of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_sync", role = PoolOperator)]
pub struct CertificateSync {}

/// Crl list of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.crl_list", out = Vec<String>, role = PoolOperator)]
pub struct CrlList {}

/// Crl uninstall of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.crl_uninstall", role = PoolOperator)]
pub struct CrlUninstall {
    /// Name.
    pub name: String,
}

/// Crl install of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.crl_install", role = PoolOperator)]
pub struct CrlInstall {
    /// Name.
    pub name: String,
    /// Cert.
    pub cert: String,
}

/// Uninstall ca certificate of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.uninstall_ca_certificate", role = PoolOperator, client_cert, state = Deprecated)]
pub struct UninstallCaCertificate {
    /// Name.
    pub name: String,
    /// Force.
    #[param(default = false)]
    pub force: bool,
}

/// Install ca certificate of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.install_ca_certificate", role = PoolOperator, client_cert, state = Deprecated)]
pub struct InstallCaCertificate {
    /// Name.
    pub name: String,
    /// Cert.
    pub cert: String,
}

/// Certificate list of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_list", out = Vec<String>, role = PoolOperator, state = Deprecated)]
pub struct CertificateList {}

/// Certificate uninstall of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_uninstall", role = PoolOperator, state = Deprecated)]
pub struct CertificateUninstall {
    /// Name.
    pub name: String,
}

/// Certificate install of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_install", role = PoolOperator, state = Deprecated)]
pub struct CertificateInstall {
    /// Name.
    pub name: String,
    /// Cert.
    pub cert: String,
}

/// Send test post of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.send_test_post", out = String, role = PoolAdmin)]
pub struct SendTestPost {
    /// Host.
    pub host: String,
    /// Port.
    pub port: i64,
    /// Body.
    pub body: String,
}

/// Retrieve wlb recommendations of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.retrieve_wlb_recommendations", out = BTreeMap<Ref<Vm>, Vec<String>>, role = ReadOnly)]
pub struct RetrieveWlbRecommendations {}

/// Retrieve wlb configuration of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.retrieve_wlb_configuration", out = BTreeMap<String, String>, role = ReadOnly)]
pub struct RetrieveWlbConfiguration {}

/// Send wlb configuration of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.send_wlb_configuration", role = PoolOperator)]
pub struct SendWlbConfiguration {
    /// Config.
    pub config: BTreeMap<String, String>,
}

/// Deconfigure wlb of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.deconfigure_wlb", role = PoolOperator)]
pub struct DeconfigureWlb {}

/// Initialize wlb of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.initialize_wlb", role = PoolOperator)]
pub struct InitializeWlb {
    /// Wlb url.
    pub wlb_url: String,
    /// Wlb username.
    pub wlb_username: String,
    /// Wlb password.
    pub wlb_password: String,
    /// Xenserver username.
    pub xenserver_username: String,
    /// Xenserver password.
    pub xenserver_password: String,
}

/// Detect nonhomogeneous external auth of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.detect_nonhomogeneous_external_auth", role = PoolOperator, sync)]
pub struct DetectNonhomogeneousExternalAuth {
    /// The pool.
    pub pool: Ref<Pool>,
}

/// External auth set ldaps of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.external_auth_set_ldaps", role = PoolAdmin, sync)]
pub struct ExternalAuthSetLdaps {
    /// The pool.
    pub pool: Ref<Pool>,
    /// Ldaps.
    pub ldaps: bool,
    /// Force.
    #[param(default = false)]
    pub force: bool,
}

/// Disable external auth of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_external_auth", role = PoolAdmin, sync)]
pub struct DisableExternalAuth {
    /// The pool.
    pub pool: Ref<Pool>,
    /// Config.
    #[param(default = BTreeMap::new())]
    pub config: BTreeMap<String, String>,
}

/// Enable external auth of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_external_auth", role = PoolAdmin, sync)]
pub struct EnableExternalAuth {
    /// The pool.
    pub pool: Ref<Pool>,
    /// Config.
    pub config: BTreeMap<String, String>,
    /// Service name.
    pub service_name: String,
    /// Auth type.
    pub auth_type: String,
}

/// Create new blob of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.create_new_blob", out = Ref<Blob>, role = PoolOperator)]
pub struct CreateNewBlob {
    /// The pool.
    pub pool: Ref<Pool>,
    /// Name.
    pub name: String,
    /// Mime type.
    pub mime_type: String,
    /// Public.
    #[param(default = false)]
    pub public: bool,
}

/// Set ha host failures to tolerate of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ha_host_failures_to_tolerate", role = PoolOperator)]
pub struct SetHaHostFailuresToTolerate {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Value.
    pub value: i64,
}

/// Ha compute vm failover plan of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_compute_vm_failover_plan", out = BTreeMap<Ref<Vm>, BTreeMap<String, String>>, role = PoolOperator, sync)]
pub struct HaComputeVmFailoverPlan {
    /// Failed hosts.
    pub failed_hosts: Vec<Ref<Host>>,
    /// Failed vms.
    pub failed_vms: Vec<Ref<Vm>>,
}

/// Ha compute hypothetical max host failures to tolerate of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_compute_hypothetical_max_host_failures_to_tolerate", out = i64, role = ReadOnly, sync)]
pub struct HaComputeHypotheticalMaxHostFailuresToTolerate {
    /// Configuration.
    pub configuration: BTreeMap<Ref<Vm>, String>,
}

/// Ha compute max host failures to tolerate of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_compute_max_host_failures_to_tolerate", out = i64, role = PoolOperator, sync)]
pub struct HaComputeMaxHostFailuresToTolerate {}

/// Ha failover plan exists of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_failover_plan_exists", out = bool, role = PoolOperator, sync)]
pub struct HaFailoverPlanExists {
    /// N.
    pub n: i64,
}

/// Ha prevent restarts for of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_prevent_restarts_for", role = PoolOperator, sync)]
pub struct HaPreventRestartsFor {
    /// Seconds.
    pub seconds: i64,
}

/// Designate new master of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.designate_new_master", role = PoolOperator)]
pub struct DesignateNewMaster {
    /// Host.
    pub host: Ref<Host>,
}

/// Sync database of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.sync_database", role = PoolOperator)]
pub struct SyncDatabase {}

/// Disable ha of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_ha", role = PoolOperator, client_cert)]
pub struct DisableHa {}

/// Enable ha of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_ha", role = PoolOperator, client_cert)]
pub struct EnableHa {
    /// Heartbeat srs.
    pub heartbeat_srs: Vec<Ref<Sr>>,
    /// Configuration.
    pub configuration: BTreeMap<String, String>,
}

/// Create VLAN from PIF of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.create_VLAN_from_PIF", out = Vec<Ref<Pif>>, role = PoolOperator)]
pub struct CreateVlanFromPif {
    /// Pif.
    pub pif: Ref<Pif>,
    /// Network.
    pub network: Ref<Network>,
    /// VLAN.
    #[param(name = "VLAN")]
    pub vlan: i64,
}

/// Management reconfigure of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.management_reconfigure", role = PoolOperator)]
pub struct ManagementReconfigure {
    /// Network.
    pub network: Ref<Network>,
}

/// Create VLAN of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.create_VLAN", out = Vec<Ref<Pif>>, role = PoolOperator)]
pub struct CreateVlan {
    /// Device.
    pub device: String,
    /// Network.
    pub network: Ref<Network>,
    /// VLAN.
    #[param(name = "VLAN")]
    pub vlan: i64,
}

/// Recover slaves of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.recover_slaves", out = Vec<Ref<Host>>, role = PoolOperator)]
pub struct RecoverSlaves {}

/// Emergency reset master of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.emergency_reset_master", role = PoolOperator, sync)]
pub struct EmergencyResetMaster {
    /// Master address.
    pub master_address: String,
}

/// Emergency transition to master of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.emergency_transition_to_master", role = PoolOperator, sync)]
pub struct EmergencyTransitionToMaster {}

/// Eject of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.eject", role = PoolOperator)]
pub struct Eject {
    /// Host.
    pub host: Ref<Host>,
}

/// Join force of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.join_force", role = PoolOperator)]
pub struct JoinForce {
    /// Master address.
    pub master_address: String,
    /// Master username.
    pub master_username: String,
    /// Master password.
    pub master_password: String,
}

/// Join of pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.join", role = PoolOperator)]
pub struct Join {
    /// Master address.
    pub master_address: String,
    /// Master username.
    pub master_username: String,
    /// Master password.
    pub master_password: String,
}
