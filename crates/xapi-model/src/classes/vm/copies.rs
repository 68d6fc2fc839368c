//! Calls of `VM`: snapshots, copies, import and recovery.

use super::*;

/// Imports machines from a file at a URL, and returns them. Refused with IMPORT_ERROR and others of its kind.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.import", out = Vec<Ref<Vm>>, role = PoolOperator)]
pub struct Import {
    /// Where the file is.
    pub url: String,
    /// The repository for their disks.
    pub sr: Ref<Sr>,
    /// True to keep identifiers and hardware addresses.
    pub full_restore: bool,
    /// True to go on when a disk or network is missing.
    pub force: bool,
}

/// Has a conversion service import machines of another product.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.import_convert", role = VmAdmin)]
pub struct ImportConvert {
    /// Kind of the other product.
    #[param(name = "type")]
    pub kind: String,
    /// User there.
    pub username: String,
    /// Password there.
    pub password: String,
    /// The repository for their disks.
    pub sr: Ref<Sr>,
    /// How to reach it.
    pub remote_config: BTreeMap<String, String>,
}

/// Brings a machine back from a copy of another pool's database.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.recover", role = ReadOnly)]
pub struct Recover {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The session of this pool.
    pub session_to: Ref<Session>,
    /// True to replace a newer machine.
    pub force: bool,
}

/// The repositories that its disks are in, for recovery.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_SRs_required_for_recovery", out = Vec<Ref<Sr>>, role = ReadOnly)]
pub struct GetSRsRequiredForRecovery {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The session of this pool.
    pub session_to: Ref<Session>,
}

/// Succeeds if the machine could be recovered. Refused with VM_IS_PART_OF_AN_APPLIANCE and VM_REQUIRES_SR.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.assert_can_be_recovered", role = ReadOnly)]
pub struct AssertCanBeRecovered {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The session of this pool.
    pub session_to: Ref<Session>,
}

/// What the machine was when it was started; the plain record tells the same.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_boot_record", out = Vm, role = ReadOnly, state = Deprecated, sync)]
pub struct GetBootRecord {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Takes a snapshot with its memory, and returns it. Refused with VM_CHECKPOINT_SUSPEND_FAILED and
/// VM_CHECKPOINT_RESUME_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.checkpoint", out = Ref<Vm>, role = VmPowerAdmin)]
pub struct Checkpoint {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the snapshot.
    pub new_name: String,
}

/// Takes a machine back to what it was at a snapshot. Refused with VM_REVERT_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.revert", role = VmPowerAdmin)]
pub struct Revert {
    /// The snapshot.
    pub snapshot: Ref<Vm>,
}

/// Copies it with all its disks, and returns the copy.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.copy", out = Ref<Vm>, role = VmAdmin)]
pub struct Copy {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the copy.
    pub new_name: String,
    /// The repository for the disks, or null to keep each where it is.
    pub sr: Ref<Sr>,
}

/// Clones it, sharing what its disks have in common, and returns the clone.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.clone", out = Ref<Vm>, role = VmAdmin)]
pub struct Clone {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the clone.
    pub new_name: String,
}

/// Was a way to take a snapshot with the guest's help.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.snapshot_with_quiesce", out = Ref<Vm>, role = VmPowerAdmin, state = Removed)]
pub struct SnapshotWithQuiesce {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the snapshot.
    pub new_name: String,
}

/// Takes a snapshot of its disks and settings, and returns it.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.snapshot", out = Ref<Vm>, role = VmPowerAdmin)]
pub struct Snapshot {
    /// The virtual machine.
    pub vm: Ref<Vm>,
    /// Name of the snapshot.
    pub new_name: String,
    /// Disks to leave out.
    #[param(default = Vec::new())]
    pub ignore_vdis: Vec<Ref<Vdi>>,
}
