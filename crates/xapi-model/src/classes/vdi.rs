//! Class `VDI`.

use std::collections::BTreeMap;

use super::*;

/// Vdi.
#[derive(Clone, Debug, Class)]
#[class(name = "VDI", role = VmAdmin, ctor, calls(Revert, GetNbdInfo, ListChangedBlocks, DataDestroy, DisableCbt, EnableCbt, PoolMigrate, ReadDatabasePoolUuid, OpenDatabase, SetAllowCaching, SetOnBoot, SetNameDescription, SetNameLabel, SetReadOnly, SetSharable, Forget, Copy, Update, Introduce, ResizeOnline, Resize, Clone, Snapshot))]
pub struct Vdi {
    /// Unique identifier of the VDI. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(StaticRO, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(StaticRO, default = String::new())]
    pub name_description: String,
    /// What may be asked of the VDI in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<VdiOperations>,
    /// What is being done to the VDI right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, VdiOperations>,
    /// SR.
    #[field(StaticRO, name = "SR")]
    pub sr: Ref<Sr>,
    /// VBDs.
    #[field(DynamicRO, name = "VBDs", view = Vbd::VDI)]
    pub vbds: Many<Vbd>,
    /// Crash dumps.
    #[field(DynamicRO, view = Crashdump::VDI)]
    pub crash_dumps: Many<Crashdump>,
    /// Virtual size.
    #[field(StaticRO)]
    pub virtual_size: i64,
    /// Physical utilisation.
    #[field(DynamicRO)]
    pub physical_utilisation: i64,
    /// Type.
    #[field(StaticRO, name = "type")]
    pub kind: VdiType,
    /// Sharable.
    #[field(StaticRO)]
    pub sharable: bool,
    /// Read only.
    #[field(StaticRO)]
    pub read_only: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, keys = [("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// Storage lock.
    #[field(DynamicRO)]
    pub storage_lock: bool,
    /// Location.
    #[field(DynamicRO, default = String::new())]
    pub location: String,
    /// Managed.
    #[field(DynamicRO)]
    pub managed: bool,
    /// Missing.
    #[field(DynamicRO)]
    pub missing: bool,
    /// Parent.
    #[field(DynamicRO, state = Deprecated)]
    pub parent: Ref<Vdi>,
    /// Xenstore data.
    #[field(RW, default = BTreeMap::new())]
    pub xenstore_data: BTreeMap<String, String>,
    /// Sm config.
    #[field(RW, default = BTreeMap::new())]
    pub sm_config: BTreeMap<String, String>,
    /// Is a snapshot.
    #[field(DynamicRO, default = false)]
    pub is_a_snapshot: bool,
    /// Snapshot of.
    #[field(DynamicRO, default = Ref::null())]
    pub snapshot_of: Ref<Vdi>,
    /// Snapshots.
    #[field(DynamicRO, view = Vdi::SNAPSHOT_OF)]
    pub snapshots: Many<Vdi>,
    /// Snapshot time.
    #[field(DynamicRO, default = DateTime::epoch())]
    pub snapshot_time: DateTime,
    /// Words that users attach to the VDI to find it again.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// Allow caching.
    #[field(DynamicRO, default = false)]
    pub allow_caching: bool,
    /// On boot.
    #[field(DynamicRO, default = OnBoot::Persist)]
    pub on_boot: OnBoot,
    /// Metadata of pool.
    #[field(DynamicRO, default = Ref::null())]
    pub metadata_of_pool: Ref<Pool>,
    /// Metadata latest.
    #[field(DynamicRO, default = false)]
    pub metadata_latest: bool,
    /// Is tools iso.
    #[field(DynamicRO, default = false)]
    pub is_tools_iso: bool,
    /// Cbt enabled.
    #[field(DynamicRO, default = false)]
    pub cbt_enabled: bool,
}

/// Vdi operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vdi_operations")]
pub enum VdiOperations {
    /// Clone.
    #[wire(name = "clone")]
    Clone,
    /// Copy.
    #[wire(name = "copy")]
    Copy,
    /// Resize.
    #[wire(name = "resize")]
    Resize,
    /// Resize online.
    #[wire(name = "resize_online")]
    ResizeOnline,
    /// Snapshot.
    #[wire(name = "snapshot")]
    Snapshot,
    /// Mirror.
    #[wire(name = "mirror")]
    Mirror,
    /// Destroy.
    #[wire(name = "destroy")]
    Destroy,
    /// Forget.
    #[wire(name = "forget")]
    Forget,
    /// Update.
    #[wire(name = "update")]
    Update,
    /// Force unlock.
    #[wire(name = "force_unlock")]
    ForceUnlock,
    /// Generate config.
    #[wire(name = "generate_config")]
    GenerateConfig,
    /// Enable cbt.
    #[wire(name = "enable_cbt")]
    EnableCbt,
    /// Disable cbt.
    #[wire(name = "disable_cbt")]
    DisableCbt,
    /// Data destroy.
    #[wire(name = "data_destroy")]
    DataDestroy,
    /// List changed blocks.
    #[wire(name = "list_changed_blocks")]
    ListChangedBlocks,
    /// Set on boot.
    #[wire(name = "set_on_boot")]
    SetOnBoot,
    /// Blocked.
    #[wire(name = "blocked")]
    Blocked,
    /// Revert to.
    #[wire(name = "revert_to")]
    RevertTo,
    /// Revert from.
    #[wire(name = "revert_from")]
    RevertFrom,
}

/// Vdi type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vdi_type")]
pub enum VdiType {
    /// System.
    #[wire(name = "system")]
    System,
    /// User.
    #[wire(name = "user")]
    User,
    /// Ephemeral.
    #[wire(name = "ephemeral")]
    Ephemeral,
    /// Suspend.
    #[wire(name = "suspend")]
    Suspend,
    /// Crashdump.
    #[wire(name = "crashdump")]
    Crashdump,
    /// Ha statefile.
    #[wire(name = "ha_statefile")]
    HaStatefile,
    /// Metadata.
    #[wire(name = "metadata")]
    Metadata,
    /// Redo log.
    #[wire(name = "redo_log")]
    RedoLog,
    /// Rrd.
    #[wire(name = "rrd")]
    Rrd,
    /// Pvs cache.
    #[wire(name = "pvs_cache")]
    PvsCache,
    /// Cbt metadata.
    #[wire(name = "cbt_metadata")]
    CbtMetadata,
}

/// On boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "on_boot")]
pub enum OnBoot {
    /// Reset.
    #[wire(name = "reset")]
    Reset,
    /// Persist.
    #[wire(name = "persist")]
    Persist,
}

/// Revert of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.revert", role = VmPowerAdmin, state = Prototyped)]
pub struct Revert {
    /// Snapshot.
    pub snapshot: Ref<Vdi>,
}

/// Get nbd info of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.get_nbd_info", out = Vec<VdiNbdServerInfo>, role = VmAdmin, sync)]
pub struct GetNbdInfo {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// List changed blocks of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.list_changed_blocks", out = String, role = VmOperator)]
pub struct ListChangedBlocks {
    /// Vdi from.
    pub vdi_from: Ref<Vdi>,
    /// Vdi to.
    pub vdi_to: Ref<Vdi>,
}

/// Data destroy of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.data_destroy", role = VmAdmin)]
pub struct DataDestroy {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// Disable cbt of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.disable_cbt", role = VmAdmin)]
pub struct DisableCbt {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// Enable cbt of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.enable_cbt", role = VmAdmin)]
pub struct EnableCbt {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// Pool migrate of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.pool_migrate", out = Ref<Vdi>, role = VmPowerAdmin)]
pub struct PoolMigrate {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// Sr.
    pub sr: Ref<Sr>,
    /// Options.
    pub options: BTreeMap<String, String>,
}

/// Read database pool uuid of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.read_database_pool_uuid", out = String, role = ReadOnly)]
pub struct ReadDatabasePoolUuid {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// Open database of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.open_database", out = Ref<Session>, role = PoolOperator)]
pub struct OpenDatabase {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// Set allow caching of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_allow_caching", role = VmAdmin)]
pub struct SetAllowCaching {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// Value.
    pub value: bool,
}

/// Set on boot of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_on_boot", role = VmAdmin)]
pub struct SetOnBoot {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// Value.
    pub value: OnBoot,
}

/// Set name description of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_name_description", role = VmAdmin)]
pub struct SetNameDescription {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// Value.
    pub value: String,
}

/// Set name label of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_name_label", role = VmAdmin)]
pub struct SetNameLabel {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// Value.
    pub value: String,
}

/// Set read only of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_read_only", role = VmAdmin, sync)]
pub struct SetReadOnly {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// Value.
    pub value: bool,
}

/// Set sharable of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_sharable", role = VmAdmin, sync)]
pub struct SetSharable {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// Value.
    pub value: bool,
}

/// Forget of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.forget", role = VmAdmin)]
pub struct Forget {
    /// The VDI.
    pub vdi: Ref<Vdi>,
}

/// Copy of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.copy", out = Ref<Vdi>, role = VmAdmin)]
pub struct Copy {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// Sr.
    #[param(default = Ref::null())]
    pub sr: Ref<Sr>,
    /// Base vdi.
    #[param(default = Ref::null())]
    pub base_vdi: Ref<Vdi>,
    /// Into vdi.
    #[param(default = Ref::null())]
    pub into_vdi: Ref<Vdi>,
}

/// Update of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.update", role = VmAdmin)]
pub struct Update {
    /// The VDI.
    pub vdi: Ref<Vdi>,
}

/// Introduce of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.introduce", out = Ref<Vdi>, role = VmAdmin)]
pub struct Introduce {
    /// Uuid.
    pub uuid: String,
    /// Name label.
    pub name_label: String,
    /// Name description.
    pub name_description: String,
    /// SR.
    #[param(name = "SR")]
    pub sr: Ref<Sr>,
    /// Type.
    #[param(name = "type")]
    pub kind: VdiType,
    /// Sharable.
    pub sharable: bool,
    /// Read only.
    pub read_only: bool,
    /// Other config.
    pub other_config: BTreeMap<String, String>,
    /// Location.
    pub location: String,
    /// Xenstore data.
    #[param(default = BTreeMap::new())]
    pub xenstore_data: BTreeMap<String, String>,
    /// Sm config.
    #[param(default = BTreeMap::new())]
    pub sm_config: BTreeMap<String, String>,
    /// Managed.
    #[param(default = true)]
    pub managed: bool,
    /// Virtual size.
    #[param(default = 0)]
    pub virtual_size: i64,
    /// Physical utilisation.
    #[param(default = 0)]
    pub physical_utilisation: i64,
    /// Metadata of pool.
    #[param(default = Ref::null())]
    pub metadata_of_pool: Ref<Pool>,
    /// Is a snapshot.
    #[param(default = false)]
    pub is_a_snapshot: bool,
    /// Snapshot time.
    #[param(default = DateTime::epoch())]
    pub snapshot_time: DateTime,
    /// Snapshot of.
    #[param(default = Ref::null())]
    pub snapshot_of: Ref<Vdi>,
}

/// Resize online of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.resize_online", role = VmAdmin)]
pub struct ResizeOnline {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// Size.
    pub size: i64,
}

/// Resize of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.resize", role = VmAdmin)]
pub struct Resize {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// Size.
    pub size: i64,
}

/// Clone of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.clone", out = Ref<Vdi>, role = VmAdmin)]
pub struct Clone {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// Driver params.
    #[param(default = BTreeMap::new())]
    pub driver_params: BTreeMap<String, String>,
}

/// Snapshot of VDI.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.snapshot", out = Ref<Vdi>, role = VmAdmin)]
pub struct Snapshot {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// Driver params.
    #[param(default = BTreeMap::new())]
    pub driver_params: BTreeMap<String, String>,
}
