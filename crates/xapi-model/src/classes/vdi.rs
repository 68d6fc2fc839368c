//! Class `VDI`.

use std::collections::BTreeMap;

use super::*;

/// A virtual disk in a storage repository.
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
    /// The repository that holds it.
    #[field(StaticRO, name = "SR")]
    pub sr: Ref<Sr>,
    /// Where it is used.
    #[field(DynamicRO, name = "VBDs", view = Vbd::VDI)]
    pub vbds: Many<Vbd>,
    /// The crashes whose memory it holds.
    #[field(DynamicRO, view = Crashdump::VDI)]
    pub crash_dumps: Many<Crashdump>,
    /// Size in bytes, as machines see it.
    #[field(StaticRO)]
    pub virtual_size: i64,
    /// Bytes that it takes on the storage.
    #[field(DynamicRO)]
    pub physical_utilisation: i64,
    /// What it is used for.
    #[field(StaticRO, name = "type")]
    pub kind: VdiType,
    /// True if several machines may write to it at once.
    #[field(StaticRO)]
    pub sharable: bool,
    /// True if it cannot be written to.
    #[field(StaticRO)]
    pub read_only: bool,
    /// Settings and marks of clients. `folder` and `XenCenter.CustomFields.…` may be changed by machine
    /// operators.
    #[field(RW, keys = [("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// True while the storage holds a lock on it.
    #[field(DynamicRO)]
    pub storage_lock: bool,
    /// Name that the storage plugin knows it by.
    #[field(DynamicRO, default = String::new())]
    pub location: String,
    /// False if it belongs to the storage plugin itself.
    #[field(DynamicRO)]
    pub managed: bool,
    /// True if it was not found when the repository was last scanned.
    #[field(DynamicRO)]
    pub missing: bool,
    /// The disk that it shares blocks with. Not used.
    #[field(DynamicRO, state = Deprecated)]
    pub parent: Ref<Vdi>,
    /// Values that are put where the guest can read them.
    #[field(RW, default = BTreeMap::new())]
    pub xenstore_data: BTreeMap<String, String>,
    /// What the storage plugin keeps for itself.
    #[field(RW, default = BTreeMap::new())]
    pub sm_config: BTreeMap<String, String>,
    /// True for a snapshot.
    #[field(DynamicRO, default = false)]
    pub is_a_snapshot: bool,
    /// The disk that this is a snapshot of, or null.
    #[field(DynamicRO, default = Ref::null())]
    pub snapshot_of: Ref<Vdi>,
    /// Its snapshots.
    #[field(DynamicRO, view = Vdi::SNAPSHOT_OF)]
    pub snapshots: Many<Vdi>,
    /// When the snapshot was taken.
    #[field(DynamicRO, default = DateTime::epoch())]
    pub snapshot_time: DateTime,
    /// Words that users attach to the VDI to find it again.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// True if hosts may cache it.
    #[field(DynamicRO, default = false)]
    pub allow_caching: bool,
    /// What happens to it when its machine starts.
    #[field(DynamicRO, default = OnBoot::Persist)]
    pub on_boot: OnBoot,
    /// The pool whose database it holds a copy of, or null.
    #[field(DynamicRO, default = Ref::null())]
    pub metadata_of_pool: Ref<Pool>,
    /// True if that copy is the newest.
    #[field(DynamicRO, default = false)]
    pub metadata_latest: bool,
    /// True for the image of the guest tools.
    #[field(DynamicRO, default = false)]
    pub is_tools_iso: bool,
    /// True while changed blocks are tracked.
    #[field(DynamicRO, default = false)]
    pub cbt_enabled: bool,
}

/// What can be done to a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vdi_operations")]
pub enum VdiOperations {
    /// Clone it.
    #[wire(name = "clone")]
    Clone,
    /// Copy it.
    #[wire(name = "copy")]
    Copy,
    /// Change its size.
    #[wire(name = "resize")]
    Resize,
    /// Change its size while it is in use.
    #[wire(name = "resize_online")]
    ResizeOnline,
    /// Take a snapshot.
    #[wire(name = "snapshot")]
    Snapshot,
    /// Mirror it while it is in use.
    #[wire(name = "mirror")]
    Mirror,
    /// Erase it.
    #[wire(name = "destroy")]
    Destroy,
    /// Remove its record, leaving the data.
    #[wire(name = "forget")]
    Forget,
    /// Read its properties again.
    #[wire(name = "update")]
    Update,
    /// Break its lock.
    #[wire(name = "force_unlock")]
    ForceUnlock,
    /// Write what is needed to attach it without the database.
    #[wire(name = "generate_config")]
    GenerateConfig,
    /// Begin to track changed blocks.
    #[wire(name = "enable_cbt")]
    EnableCbt,
    /// Stop tracking changed blocks.
    #[wire(name = "disable_cbt")]
    DisableCbt,
    /// Erase its data and keep its block map.
    #[wire(name = "data_destroy")]
    DataDestroy,
    /// Compare its block map with another.
    #[wire(name = "list_changed_blocks")]
    ListChangedBlocks,
    /// Say what happens to it when its machine starts.
    #[wire(name = "set_on_boot")]
    SetOnBoot,
    /// It is kept from everything for now.
    #[wire(name = "blocked")]
    Blocked,
    /// Take it back to a snapshot.
    #[wire(name = "revert_to")]
    RevertTo,
    /// Be the snapshot that a disk is taken back to.
    #[wire(name = "revert_from")]
    RevertFrom,
}

/// What a disk is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vdi_type")]
pub enum VdiType {
    /// A guest's system.
    #[wire(name = "system")]
    System,
    /// A user's data.
    #[wire(name = "user")]
    User,
    /// Data that is not to be kept.
    #[wire(name = "ephemeral")]
    Ephemeral,
    /// Memory of a suspended machine.
    #[wire(name = "suspend")]
    Suspend,
    /// Memory of a crashed machine.
    #[wire(name = "crashdump")]
    Crashdump,
    /// State of high availability.
    #[wire(name = "ha_statefile")]
    HaStatefile,
    /// A copy of the pool's database.
    #[wire(name = "metadata")]
    Metadata,
    /// Changes of the pool's database.
    #[wire(name = "redo_log")]
    RedoLog,
    /// Recorded values.
    #[wire(name = "rrd")]
    Rrd,
    /// Cache of a provisioning site.
    #[wire(name = "pvs_cache")]
    PvsCache,
    /// A block map whose data was erased.
    #[wire(name = "cbt_metadata")]
    CbtMetadata,
}

/// What happens to a disk when its machine starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "on_boot")]
pub enum OnBoot {
    /// It is put back to what it was.
    #[wire(name = "reset")]
    Reset,
    /// It is kept as it is.
    #[wire(name = "persist")]
    Persist,
}

/// Takes a disk back to what it was at a snapshot.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.revert", role = VmPowerAdmin, state = Prototyped)]
pub struct Revert {
    /// The snapshot.
    pub snapshot: Ref<Vdi>,
}

/// Where the disk can be reached by NBD. Empty when no network has that purpose.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.get_nbd_info", out = Vec<VdiNbdServerInfo>, role = VmAdmin, sync)]
pub struct GetNbdInfo {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// Which blocks differ between two disks, as a bitmap in base64. Refused with VDI_NO_CBT_METADATA.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.list_changed_blocks", out = String, role = VmOperator)]
pub struct ListChangedBlocks {
    /// The earlier disk.
    pub vdi_from: Ref<Vdi>,
    /// The later disk.
    pub vdi_to: Ref<Vdi>,
}

/// Erases the data of a snapshot and keeps its block map. Refused with VDI_NO_CBT_METADATA and VDI_IN_USE.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.data_destroy", role = VmAdmin)]
pub struct DataDestroy {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// Stops tracking changed blocks.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.disable_cbt", role = VmAdmin)]
pub struct DisableCbt {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// Begins to track changed blocks.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.enable_cbt", role = VmAdmin)]
pub struct EnableCbt {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// Moves a disk to another repository while its machine runs, and returns it there. Refused with
/// VDI_NEEDS_VM_FOR_MIGRATE and SR_DOES_NOT_SUPPORT_MIGRATION.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.pool_migrate", out = Ref<Vdi>, role = VmPowerAdmin)]
pub struct PoolMigrate {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// The repository.
    pub sr: Ref<Sr>,
    /// Further settings.
    pub options: BTreeMap<String, String>,
}

/// UUID of the pool whose database it holds a copy of.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.read_database_pool_uuid", out = String, role = ReadOnly)]
pub struct ReadDatabasePoolUuid {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// Opens the database that it holds a copy of, and returns a session to it.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.open_database", out = Ref<Session>, role = PoolOperator)]
pub struct OpenDatabase {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
}

/// Says whether hosts may cache it.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_allow_caching", role = VmAdmin)]
pub struct SetAllowCaching {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// True if they may.
    pub value: bool,
}

/// Says what happens to it when its machine starts.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_on_boot", role = VmAdmin)]
pub struct SetOnBoot {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// What happens.
    pub value: OnBoot,
}

/// Changes the notes for people.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_name_description", role = VmAdmin)]
pub struct SetNameDescription {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// The new notes.
    pub value: String,
}

/// Changes the name for people.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_name_label", role = VmAdmin)]
pub struct SetNameLabel {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// The new name.
    pub value: String,
}

/// Says whether it can be written to.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_read_only", role = VmAdmin, sync)]
pub struct SetReadOnly {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// True if it cannot.
    pub value: bool,
}

/// Says whether several machines may write to it at once.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.set_sharable", role = VmAdmin, sync)]
pub struct SetSharable {
    /// The VDI.
    #[param(name = "self")]
    pub this: Ref<Vdi>,
    /// True if they may.
    pub value: bool,
}

/// Removes the record and leaves the data.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.forget", role = VmAdmin)]
pub struct Forget {
    /// The VDI.
    pub vdi: Ref<Vdi>,
}

/// Copies it to another repository, and returns the copy. Refused with VDI_TOO_SMALL and VDI_COPY_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.copy", out = Ref<Vdi>, role = VmAdmin)]
pub struct Copy {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// The repository, or null when `into_vdi` is given.
    #[param(default = Ref::null())]
    pub sr: Ref<Sr>,
    /// A disk that the other side has already; only what differs is sent. Null for none.
    #[param(default = Ref::null())]
    pub base_vdi: Ref<Vdi>,
    /// The disk to write into, or null for a new one.
    #[param(default = Ref::null())]
    pub into_vdi: Ref<Vdi>,
}

/// Reads its properties again.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.update", role = VmAdmin)]
pub struct Update {
    /// The VDI.
    pub vdi: Ref<Vdi>,
}

/// Makes an existing disk known without touching its data. Refused with LOCATION_NOT_UNIQUE.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.introduce", out = Ref<Vdi>, role = VmAdmin)]
pub struct Introduce {
    /// UUID that it is to have.
    pub uuid: String,
    /// Name for people.
    pub name_label: String,
    /// Notes for people.
    pub name_description: String,
    /// The repository that holds it.
    #[param(name = "SR")]
    pub sr: Ref<Sr>,
    /// What it is used for.
    #[param(name = "type")]
    pub kind: VdiType,
    /// Whether several machines may write to it at once.
    pub sharable: bool,
    /// Whether it cannot be written to.
    pub read_only: bool,
    /// Free keys and values.
    pub other_config: BTreeMap<String, String>,
    /// Name that the storage plugin knows it by.
    pub location: String,
    /// Values for the guest.
    #[param(default = BTreeMap::new())]
    pub xenstore_data: BTreeMap<String, String>,
    /// Settings for the storage plugin.
    #[param(default = BTreeMap::new())]
    pub sm_config: BTreeMap<String, String>,
    /// False if it belongs to the storage plugin itself.
    #[param(default = true)]
    pub managed: bool,
    /// Size in bytes, as machines see it.
    #[param(default = 0)]
    pub virtual_size: i64,
    /// Bytes that it takes on the storage.
    #[param(default = 0)]
    pub physical_utilisation: i64,
    /// The pool whose database it holds a copy of.
    #[param(default = Ref::null())]
    pub metadata_of_pool: Ref<Pool>,
    /// Whether it is a snapshot.
    #[param(default = false)]
    pub is_a_snapshot: bool,
    /// When the snapshot was taken.
    #[param(default = DateTime::epoch())]
    pub snapshot_time: DateTime,
    /// The disk that it is a snapshot of.
    #[param(default = Ref::null())]
    pub snapshot_of: Ref<Vdi>,
}

/// Changes its size while it is in use.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.resize_online", role = VmAdmin)]
pub struct ResizeOnline {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// New size in bytes.
    pub size: i64,
}

/// Changes its size. Refused with VDI_IN_USE.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.resize", role = VmAdmin)]
pub struct Resize {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// New size in bytes.
    pub size: i64,
}

/// Clones it, sharing what is in common, and returns the clone.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.clone", out = Ref<Vdi>, role = VmAdmin)]
pub struct Clone {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// Settings for the storage plugin.
    #[param(default = BTreeMap::new())]
    pub driver_params: BTreeMap<String, String>,
}

/// Takes a snapshot, and returns it.
#[derive(Clone, Debug, Call)]
#[call(name = "VDI.snapshot", out = Ref<Vdi>, role = VmAdmin)]
pub struct Snapshot {
    /// The VDI.
    pub vdi: Ref<Vdi>,
    /// Settings for the storage plugin.
    #[param(default = BTreeMap::new())]
    pub driver_params: BTreeMap<String, String>,
}
