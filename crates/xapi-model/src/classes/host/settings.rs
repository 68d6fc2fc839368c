//! Calls of `host`: the clock, the hardware, licences and logs of a host.

use super::*;

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

/// Looks again for drivers that come in several variants.
#[derive(Clone, Debug, Call)]
#[call(name = "host.rescan_drivers", role = PoolAdmin, state = Prototyped)]
pub struct RescanDrivers {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

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

/// What a status report of the host can contain, as XML.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_system_status_capabilities", out = String, role = ReadOnly, sync)]
pub struct GetSystemStatusCapabilities {
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
