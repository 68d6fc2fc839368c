//! Calls of `pool`: updates, licences and the other settings that all hosts share.

use super::*;

/// Whether machines can be started with Secure Boot.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.get_guest_secureboot_readiness", out = PoolGuestSecurebootReadiness, role = PoolOperator, state = Prototyped, sync)]
pub struct GetGuestSecurebootReadiness {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
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
