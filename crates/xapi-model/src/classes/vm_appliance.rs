//! Class `VM_appliance`.

use std::collections::BTreeMap;

use super::*;

/// Machines that are started and stopped as one, in an order.
#[derive(Clone, Debug, Class)]
#[class(name = "VM_appliance", role = PoolOperator, ctor, calls(Recover, GetSRsRequiredForRecovery, AssertCanBeRecovered, Shutdown, HardShutdown, CleanShutdown, Start))]
pub struct VmAppliance {
    /// Unique identifier of the VM_appliance. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new())]
    pub name_description: String,
    /// What may be asked of the VM_appliance in its present state. A hint for clients: the call itself
    /// decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<VmApplianceOperation>,
    /// What is being done to the VM_appliance right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, VmApplianceOperation>,
    /// The machines.
    #[field(DynamicRO, name = "VMs", view = Vm::APPLIANCE)]
    pub vms: Many<Vm>,
}

/// What can be done to an appliance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_appliance_operation")]
pub enum VmApplianceOperation {
    /// Start it.
    #[wire(name = "start")]
    Start,
    /// Ask its systems to switch off.
    #[wire(name = "clean_shutdown")]
    CleanShutdown,
    /// Switch it off.
    #[wire(name = "hard_shutdown")]
    HardShutdown,
    /// Shut it down, hard if need be.
    #[wire(name = "shutdown")]
    Shutdown,
}

/// Brings it back from a copy of another pool's database.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.recover", role = ReadOnly)]
pub struct Recover {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
    /// The session of this pool.
    pub session_to: Ref<Session>,
    /// True to replace newer machines.
    pub force: bool,
}

/// The repositories that its disks are in, for recovery.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.get_SRs_required_for_recovery", out = Vec<Ref<Sr>>, role = ReadOnly)]
pub struct GetSRsRequiredForRecovery {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
    /// The session of this pool.
    pub session_to: Ref<Session>,
}

/// Succeeds if it could be recovered. Refused with VM_REQUIRES_SR.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.assert_can_be_recovered", role = ReadOnly)]
pub struct AssertCanBeRecovered {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
    /// The session of this pool.
    pub session_to: Ref<Session>,
}

/// Asks its systems to switch off, and switches off those that do not.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.shutdown", role = PoolOperator)]
pub struct Shutdown {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
}

/// Switches its machines off. Guests may lose data.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.hard_shutdown", role = PoolOperator)]
pub struct HardShutdown {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
}

/// Asks its systems to switch off. Refused with OPERATION_PARTIALLY_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.clean_shutdown", role = PoolOperator)]
pub struct CleanShutdown {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
}

/// Starts its machines in their order. Refused with OPERATION_PARTIALLY_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.start", role = PoolOperator)]
pub struct Start {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
    /// True to leave them paused.
    pub paused: bool,
}
