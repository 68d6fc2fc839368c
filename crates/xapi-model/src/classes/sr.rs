//! Class `SR`.

use std::collections::BTreeMap;

use super::*;

/// Sr.
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
    /// VDIs.
    #[field(DynamicRO, name = "VDIs", view = Vdi::SR)]
    pub vdis: Many<Vdi>,
    /// PBDs.
    #[field(DynamicRO, name = "PBDs", view = Pbd::SR)]
    pub pbds: Many<Pbd>,
    /// Virtual allocation.
    #[field(DynamicRO)]
    pub virtual_allocation: i64,
    /// Physical utilisation.
    #[field(DynamicRO)]
    pub physical_utilisation: i64,
    /// Physical size.
    #[field(StaticRO)]
    pub physical_size: i64,
    /// Type.
    #[field(StaticRO, name = "type")]
    pub kind: String,
    /// Content type.
    #[field(StaticRO)]
    pub content_type: String,
    /// Shared.
    #[field(DynamicRO)]
    pub shared: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, keys = [("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// Words that users attach to the SR to find it again.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// Sm config.
    #[field(RW, default = BTreeMap::new())]
    pub sm_config: BTreeMap<String, String>,
    /// Binary attachments of the SR, by name.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub blobs: BTreeMap<String, Ref<Blob>>,
    /// Local cache enabled.
    #[field(DynamicRO, default = false)]
    pub local_cache_enabled: bool,
    /// Introduced by.
    #[field(DynamicRO, default = Ref::null())]
    pub introduced_by: Ref<DrTask>,
    /// Clustered.
    #[field(DynamicRO, default = false)]
    pub clustered: bool,
    /// Is tools sr.
    #[field(DynamicRO, default = false)]
    pub is_tools_sr: bool,
}

/// Storage operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "storage_operations")]
pub enum StorageOperations {
    /// Scan.
    #[wire(name = "scan")]
    Scan,
    /// Destroy.
    #[wire(name = "destroy")]
    Destroy,
    /// Forget.
    #[wire(name = "forget")]
    Forget,
    /// Plug.
    #[wire(name = "plug")]
    Plug,
    /// Unplug.
    #[wire(name = "unplug")]
    Unplug,
    /// Update.
    #[wire(name = "update")]
    Update,
    /// Vdi create.
    #[wire(name = "vdi_create")]
    VdiCreate,
    /// Vdi introduce.
    #[wire(name = "vdi_introduce")]
    VdiIntroduce,
    /// Vdi destroy.
    #[wire(name = "vdi_destroy")]
    VdiDestroy,
    /// Vdi resize.
    #[wire(name = "vdi_resize")]
    VdiResize,
    /// Vdi clone.
    #[wire(name = "vdi_clone")]
    VdiClone,
    /// Vdi snapshot.
    #[wire(name = "vdi_snapshot")]
    VdiSnapshot,
    /// Vdi mirror.
    #[wire(name = "vdi_mirror")]
    VdiMirror,
    /// Vdi enable cbt.
    #[wire(name = "vdi_enable_cbt")]
    VdiEnableCbt,
    /// Vdi disable cbt.
    #[wire(name = "vdi_disable_cbt")]
    VdiDisableCbt,
    /// Vdi data destroy.
    #[wire(name = "vdi_data_destroy")]
    VdiDataDestroy,
    /// Vdi list changed blocks.
    #[wire(name = "vdi_list_changed_blocks")]
    VdiListChangedBlocks,
    /// Vdi set on boot.
    #[wire(name = "vdi_set_on_boot")]
    VdiSetOnBoot,
    /// Vdi blocked.
    #[wire(name = "vdi_blocked")]
    VdiBlocked,
    /// Vdi copy.
    #[wire(name = "vdi_copy")]
    VdiCopy,
    /// Vdi force unlock.
    #[wire(name = "vdi_force_unlock")]
    VdiForceUnlock,
    /// Vdi forget.
    #[wire(name = "vdi_forget")]
    VdiForget,
    /// Vdi generate config.
    #[wire(name = "vdi_generate_config")]
    VdiGenerateConfig,
    /// Vdi resize online.
    #[wire(name = "vdi_resize_online")]
    VdiResizeOnline,
    /// Vdi update.
    #[wire(name = "vdi_update")]
    VdiUpdate,
    /// Vdi revert.
    #[wire(name = "vdi_revert")]
    VdiRevert,
    /// Pbd create.
    #[wire(name = "pbd_create")]
    PbdCreate,
    /// Pbd destroy.
    #[wire(name = "pbd_destroy")]
    PbdDestroy,
}

/// Forget data source archives of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.forget_data_source_archives", role = PoolOperator, sync)]
pub struct ForgetDataSourceArchives {
    /// The SR.
    pub sr: Ref<Sr>,
    /// Data source.
    pub data_source: String,
}

/// Query data source of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.query_data_source", out = f64, role = ReadOnly, sync)]
pub struct QueryDataSource {
    /// The SR.
    pub sr: Ref<Sr>,
    /// Data source.
    pub data_source: String,
}

/// Record data source of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.record_data_source", role = PoolOperator, sync)]
pub struct RecordDataSource {
    /// The SR.
    pub sr: Ref<Sr>,
    /// Data source.
    pub data_source: String,
}

/// Get data sources of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.get_data_sources", out = Vec<DataSource>, role = ReadOnly, sync)]
pub struct GetDataSources {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Disable database replication of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.disable_database_replication", role = PoolOperator)]
pub struct DisableDatabaseReplication {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Enable database replication of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.enable_database_replication", role = PoolOperator)]
pub struct EnableDatabaseReplication {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Assert supports database replication of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.assert_supports_database_replication", role = PoolOperator)]
pub struct AssertSupportsDatabaseReplication {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Assert can host ha statefile of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.assert_can_host_ha_statefile", role = PoolOperator)]
pub struct AssertCanHostHaStatefile {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Set physical size of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.set_physical_size", role = PoolOperator, sync)]
pub struct SetPhysicalSize {
    /// The SR.
    #[param(name = "self")]
    pub this: Ref<Sr>,
    /// Value.
    pub value: i64,
}

/// Create new blob of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.create_new_blob", out = Ref<Blob>, role = PoolOperator)]
pub struct CreateNewBlob {
    /// The SR.
    pub sr: Ref<Sr>,
    /// Name.
    pub name: String,
    /// Mime type.
    pub mime_type: String,
    /// Public.
    #[param(default = false)]
    pub public: bool,
}

/// Set name description of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.set_name_description", role = PoolOperator)]
pub struct SetNameDescription {
    /// The SR.
    pub sr: Ref<Sr>,
    /// Value.
    pub value: String,
}

/// Set name label of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.set_name_label", role = PoolOperator)]
pub struct SetNameLabel {
    /// The SR.
    pub sr: Ref<Sr>,
    /// Value.
    pub value: String,
}

/// Set shared of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.set_shared", role = PoolOperator)]
pub struct SetShared {
    /// The SR.
    pub sr: Ref<Sr>,
    /// Value.
    pub value: bool,
}

/// Probe ext of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.probe_ext", out = Vec<ProbeResult>, role = PoolOperator)]
pub struct ProbeExt {
    /// Host.
    pub host: Ref<Host>,
    /// Device config.
    pub device_config: BTreeMap<String, String>,
    /// Type.
    #[param(name = "type")]
    pub kind: String,
    /// Sm config.
    pub sm_config: BTreeMap<String, String>,
}

/// Probe of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.probe", out = String, role = PoolOperator)]
pub struct Probe {
    /// Host.
    pub host: Ref<Host>,
    /// Device config.
    pub device_config: BTreeMap<String, String>,
    /// Type.
    #[param(name = "type")]
    pub kind: String,
    /// Sm config.
    pub sm_config: BTreeMap<String, String>,
}

/// Scan of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.scan", role = VmPowerAdmin)]
pub struct Scan {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Get supported types of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.get_supported_types", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetSupportedTypes {}

/// Update of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.update", role = PoolOperator)]
pub struct Update {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Forget of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.forget", role = PoolOperator)]
pub struct Forget {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Destroy of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The SR.
    pub sr: Ref<Sr>,
}

/// Make of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.make", out = String, role = PoolOperator, state = Deprecated)]
pub struct Make {
    /// Host.
    pub host: Ref<Host>,
    /// Device config.
    pub device_config: BTreeMap<String, String>,
    /// Physical size.
    pub physical_size: i64,
    /// Name label.
    pub name_label: String,
    /// Name description.
    pub name_description: String,
    /// Type.
    #[param(name = "type")]
    pub kind: String,
    /// Content type.
    pub content_type: String,
    /// Sm config.
    pub sm_config: BTreeMap<String, String>,
}

/// Introduce of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.introduce", out = Ref<Sr>, role = PoolOperator)]
pub struct Introduce {
    /// Uuid.
    pub uuid: String,
    /// Name label.
    pub name_label: String,
    /// Name description.
    pub name_description: String,
    /// Type.
    #[param(name = "type")]
    pub kind: String,
    /// Content type.
    pub content_type: String,
    /// Shared.
    pub shared: bool,
    /// Sm config.
    #[param(default = BTreeMap::new())]
    pub sm_config: BTreeMap<String, String>,
}

/// Create of SR.
#[derive(Clone, Debug, Call)]
#[call(name = "SR.create", out = Ref<Sr>, role = PoolOperator)]
pub struct Create {
    /// Host.
    pub host: Ref<Host>,
    /// Device config.
    pub device_config: BTreeMap<String, String>,
    /// Physical size.
    pub physical_size: i64,
    /// Name label.
    pub name_label: String,
    /// Name description.
    pub name_description: String,
    /// Type.
    #[param(name = "type")]
    pub kind: String,
    /// Content type.
    pub content_type: String,
    /// Shared.
    pub shared: bool,
    /// Sm config.
    #[param(default = BTreeMap::new())]
    pub sm_config: BTreeMap<String, String>,
}
