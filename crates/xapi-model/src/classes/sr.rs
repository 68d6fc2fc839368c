//! Class `SR`.

use std::collections::BTreeMap;

use super::*;

/// A storage repository: a place that holds virtual disks. Hosts reach it through PBDs.
#[derive(Clone, Debug, Class)]
#[class(name = "SR", role = PoolOperator, calls(ForgetDataSourceArchives, QueryDataSource, RecordDataSource, GetDataSources, DisableDatabaseReplication, EnableDatabaseReplication, AssertSupportsDatabaseReplication, AssertCanHostHaStatefile, SetPhysicalSize, CreateNewBlob, SetNameDescription, SetNameLabel, SetShared, ProbeExt, Probe, Scan, GetSupportedTypes, Update, Forget, Destroy, Make, Introduce, Create))]
pub struct Sr {
    /// Unique identifier of the SR. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(StaticRO, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(StaticRO, default = String::new())]
    pub name_description: String,
    /// What may be asked of the SR in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<StorageOperations>,
    /// What is being done to the SR right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, StorageOperations>,
    /// The disks in it.
    #[field(DynamicRO, name = "VDIs", view = Vdi::SR)]
    pub vdis: Many<Vdi>,
    /// The connections of hosts to it.
    #[field(DynamicRO, name = "PBDs", view = Pbd::SR)]
    pub pbds: Many<Pbd>,
    /// Sum of the sizes of its disks in bytes, as machines see them.
    #[field(DynamicRO)]
    pub virtual_allocation: i64,
    /// Bytes in use on the storage.
    #[field(DynamicRO)]
    pub physical_utilisation: i64,
    /// Size of the storage in bytes; 0 or less when it is not known.
    #[field(StaticRO)]
    pub physical_size: i64,
    /// Kind of storage, such as `lvm`, `nfs` or `ext`; it names the plugin that handles it.
    #[field(StaticRO, name = "type")]
    pub kind: String,
    /// What it holds: empty for disks, `iso` for images of CDs.
    #[field(StaticRO)]
    pub content_type: String,
    /// True if several hosts may use it at once.
    #[field(DynamicRO)]
    pub shared: bool,
    /// Marks of clients and settings, such as `auto-scan`.
    #[field(RW, keys = [("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// Words that users attach to the SR to find it again.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// What the storage plugin keeps for itself.
    #[field(RW, default = BTreeMap::new())]
    pub sm_config: BTreeMap<String, String>,
    /// Binary attachments of the SR, by name.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub blobs: BTreeMap<String, Ref<Blob>>,
    /// True if it may hold this host's cache of remote disks.
    #[field(DynamicRO, default = false)]
    pub local_cache_enabled: bool,
    /// The disaster-recovery task that made it known, or null.
    #[field(DynamicRO, default = Ref::null())]
    pub introduced_by: Ref<DrTask>,
    /// True if its hosts coordinate through a cluster.
    #[field(DynamicRO, default = false)]
    pub clustered: bool,
    /// True for the one that holds the guest tools' images.
    #[field(DynamicRO, default = false)]
    pub is_tools_sr: bool,
}

/// What can be done to a storage repository or to what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "storage_operations")]
pub enum StorageOperations {
    /// Look again for disks.
    #[wire(name = "scan")]
    Scan,
    /// Erase it.
    #[wire(name = "destroy")]
    Destroy,
    /// Remove its record, leaving the data.
    #[wire(name = "forget")]
    Forget,
    /// Attach it on a host.
    #[wire(name = "plug")]
    Plug,
    /// Detach it from a host.
    #[wire(name = "unplug")]
    Unplug,
    /// Read its properties again.
    #[wire(name = "update")]
    Update,
    /// Create a disk.
    #[wire(name = "vdi_create")]
    VdiCreate,
    /// Make an existing disk known.
    #[wire(name = "vdi_introduce")]
    VdiIntroduce,
    /// Erase a disk.
    #[wire(name = "vdi_destroy")]
    VdiDestroy,
    /// Change the size of a disk.
    #[wire(name = "vdi_resize")]
    VdiResize,
    /// Clone a disk.
    #[wire(name = "vdi_clone")]
    VdiClone,
    /// Take a snapshot of a disk.
    #[wire(name = "vdi_snapshot")]
    VdiSnapshot,
    /// Mirror a disk while it is in use.
    #[wire(name = "vdi_mirror")]
    VdiMirror,
    /// Begin to track changed blocks of a disk.
    #[wire(name = "vdi_enable_cbt")]
    VdiEnableCbt,
    /// Stop tracking changed blocks of a disk.
    #[wire(name = "vdi_disable_cbt")]
    VdiDisableCbt,
    /// Erase the data of a snapshot and keep its block map.
    #[wire(name = "vdi_data_destroy")]
    VdiDataDestroy,
    /// Compare the block maps of two disks.
    #[wire(name = "vdi_list_changed_blocks")]
    VdiListChangedBlocks,
    /// Say what happens to a disk when its machine starts.
    #[wire(name = "vdi_set_on_boot")]
    VdiSetOnBoot,
    /// Something that a disk forbids for now.
    #[wire(name = "vdi_blocked")]
    VdiBlocked,
    /// Copy a disk.
    #[wire(name = "vdi_copy")]
    VdiCopy,
    /// Break the lock of a disk.
    #[wire(name = "vdi_force_unlock")]
    VdiForceUnlock,
    /// Remove the record of a disk.
    #[wire(name = "vdi_forget")]
    VdiForget,
    /// Write what is needed to attach a disk without the database.
    #[wire(name = "vdi_generate_config")]
    VdiGenerateConfig,
    /// Change the size of a disk in use.
    #[wire(name = "vdi_resize_online")]
    VdiResizeOnline,
    /// Read the properties of a disk again.
    #[wire(name = "vdi_update")]
    VdiUpdate,
    /// Take a disk back to a snapshot.
    #[wire(name = "vdi_revert")]
    VdiRevert,
    /// Connect a host to it.
    #[wire(name = "pbd_create")]
    PbdCreate,
    /// Disconnect a host from it.
    #[wire(name = "pbd_destroy")]
    PbdDestroy,
}

/// Throws away what was recorded of one measured value.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.forget_data_source_archives", role = PoolOperator, sync)]
pub struct ForgetDataSourceArchives {
    /// The SR.
    pub sr: Ref<Sr>,
    /// Name of the value.
    pub data_source: String,
}

/// The latest reading of a measured value.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.query_data_source", out = f64, role = ReadOnly, sync)]
pub struct QueryDataSource {
    /// The SR.
    pub sr: Ref<Sr>,
    /// Name of the value.
    pub data_source: String,
}

/// Begins to record a measured value.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.record_data_source", role = PoolOperator, sync)]
pub struct RecordDataSource {
    /// The SR.
    pub sr: Ref<Sr>,
    /// Name of the value.
    pub data_source: String,
}

/// The values that are measured of the repository.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.get_data_sources", out = Vec<DataSource>, role = ReadOnly, sync)]
pub struct GetDataSources {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Stops copying the pool's database to this repository.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.disable_database_replication", role = PoolOperator)]
pub struct DisableDatabaseReplication {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Keeps a copy of the pool's database in this repository, for disaster recovery.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.enable_database_replication", role = PoolOperator)]
pub struct EnableDatabaseReplication {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Succeeds if the repository can hold a copy of the pool's database.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.assert_supports_database_replication", role = PoolOperator)]
pub struct AssertSupportsDatabaseReplication {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Succeeds if the repository can hold the state file of high availability.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.assert_can_host_ha_statefile", role = PoolOperator)]
pub struct AssertCanHostHaStatefile {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Corrects the size of the storage in the record.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.set_physical_size", role = PoolOperator, sync)]
pub struct SetPhysicalSize {
    /// The SR.
    #[param(name = "self")]
    pub this: Ref<Sr>,
    /// Size in bytes.
    pub value: i64,
}

/// Makes an empty binary attachment of the repository, to be filled over HTTP.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.create_new_blob", out = Ref<Blob>, role = PoolOperator)]
pub struct CreateNewBlob {
    /// The SR.
    pub sr: Ref<Sr>,
    /// Its name among the attachments of the repository.
    pub name: String,
    /// The MIME type of its content; empty for `application/octet-stream`.
    pub mime_type: String,
    /// True to let anybody read it without a session.
    #[param(default = false)]
    pub public: bool,
}

/// Changes the notes for people, also on the storage itself.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.set_name_description", role = PoolOperator)]
pub struct SetNameDescription {
    /// The SR.
    pub sr: Ref<Sr>,
    /// The new notes.
    pub value: String,
}

/// Changes the name for people, also on the storage itself.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.set_name_label", role = PoolOperator)]
pub struct SetNameLabel {
    /// The SR.
    pub sr: Ref<Sr>,
    /// The new name.
    pub value: String,
}

/// Says whether several hosts may use the repository. Refused with SR_HAS_MULTIPLE_PBDS when several do.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.set_shared", role = PoolOperator)]
pub struct SetShared {
    /// The SR.
    pub sr: Ref<Sr>,
    /// True if they may.
    pub value: bool,
}

/// Looks at storage without attaching it, and lists what was found or what has to be told next.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.probe_ext", out = Vec<ProbeResult>, role = PoolOperator)]
pub struct ProbeExt {
    /// The host that looks.
    pub host: Ref<Host>,
    /// What is known of the storage: server, path, device.
    pub device_config: BTreeMap<String, String>,
    /// Kind of storage to look for.
    #[param(name = "type")]
    pub kind: String,
    /// Settings for the storage plugin.
    pub sm_config: BTreeMap<String, String>,
}

/// Looks at storage without attaching it, and returns what the plugin tells, as text.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.probe", out = String, role = PoolOperator)]
pub struct Probe {
    /// The host that looks.
    pub host: Ref<Host>,
    /// What is known of the storage: server, path, device.
    pub device_config: BTreeMap<String, String>,
    /// Kind of storage to look for.
    #[param(name = "type")]
    pub kind: String,
    /// Settings for the storage plugin.
    pub sm_config: BTreeMap<String, String>,
}

/// Looks again for disks in the repository and brings its records up to date.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.scan", role = VmPowerAdmin)]
pub struct Scan {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// The kinds of storage that plugins are installed for.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.get_supported_types", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetSupportedTypes {}

/// Reads the size, use and name of the repository again.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.update", role = PoolOperator)]
pub struct Update {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Removes the record and leaves the data. Refused with SR_HAS_PBD while a host is attached.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.forget", role = PoolOperator)]
pub struct Forget {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Erases the repository with all that it holds. Refused with SR_HAS_PBD, SR_NOT_EMPTY and SR_INDESTRUCTIBLE.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Prepares storage and keeps no record of it; SR.create replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.make", out = String, role = PoolOperator, state = Deprecated)]
pub struct Make {
    /// The host that prepares it.
    pub host: Ref<Host>,
    /// How to reach the storage.
    pub device_config: BTreeMap<String, String>,
    /// Size in bytes, for plugins that want it; else 0.
    pub physical_size: i64,
    /// Name for people.
    pub name_label: String,
    /// Notes for people.
    pub name_description: String,
    /// Kind of storage.
    #[param(name = "type")]
    pub kind: String,
    /// What it is to hold.
    pub content_type: String,
    /// Settings for the storage plugin.
    pub sm_config: BTreeMap<String, String>,
}

/// Makes existing storage known without touching its data. PBDs have to be made before it can be used.
/// Refused with SR_UUID_EXISTS.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.introduce", out = Ref<Sr>, role = PoolOperator)]
pub struct Introduce {
    /// UUID that the storage carries.
    pub uuid: String,
    /// Name for people.
    pub name_label: String,
    /// Notes for people.
    pub name_description: String,
    /// Kind of storage.
    #[param(name = "type")]
    pub kind: String,
    /// What it holds.
    pub content_type: String,
    /// Whether several hosts may use it.
    pub shared: bool,
    /// Settings for the storage plugin.
    #[param(default = BTreeMap::new())]
    pub sm_config: BTreeMap<String, String>,
}

/// Prepares storage, which erases what was there, makes its record and connects the host, or every host if it
/// is shared. Refused with SR_UNKNOWN_DRIVER and SR_BACKEND_FAILURE.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.create", out = Ref<Sr>, role = PoolOperator)]
pub struct Create {
    /// The host that prepares it.
    pub host: Ref<Host>,
    /// How to reach the storage.
    pub device_config: BTreeMap<String, String>,
    /// Size in bytes, for plugins that want it; else 0.
    pub physical_size: i64,
    /// Name for people.
    pub name_label: String,
    /// Notes for people.
    pub name_description: String,
    /// Kind of storage.
    #[param(name = "type")]
    pub kind: String,
    /// What it is to hold.
    pub content_type: String,
    /// Whether several hosts may use it.
    pub shared: bool,
    /// Settings for the storage plugin.
    #[param(default = BTreeMap::new())]
    pub sm_config: BTreeMap<String, String>,
}
