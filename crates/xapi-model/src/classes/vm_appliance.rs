//! Class `VM_appliance`.

use std::collections::BTreeMap;

use super::*;

/// Vm appliance.
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
    /// VMs.
    #[field(DynamicRO, name = "VMs", view = Vm::APPLIANCE)]
    pub vms: Many<Vm>,
}

/// Vm appliance operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vm_appliance_operation")]
pub enum VmApplianceOperation {
    /// Start.
    #[wire(name = "start")]
    Start,
    /// Clean shutdown.
    #[wire(name = "clean_shutdown")]
    CleanShutdown,
    /// Hard shutdown.
    #[wire(name = "hard_shutdown")]
    HardShutdown,
    /// Shutdown.
    #[wire(name = "shutdown")]
    Shutdown,
}

/// Recover of VM appliance.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.recover", role = ReadOnly)]
pub struct Recover {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
    /// Session to.
    pub session_to: Ref<Session>,
    /// Force.
    pub force: bool,
}

/// Get SRs required for recovery of VM appliance.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.get_SRs_required_for_recovery", out = Vec<Ref<Sr>>, role = ReadOnly)]
pub struct GetSRsRequiredForRecovery {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
    /// Session to.
    pub session_to: Ref<Session>,
}

/// Assert can be recovered of VM appliance.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.assert_can_be_recovered", role = ReadOnly)]
pub struct AssertCanBeRecovered {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
    /// Session to.
    pub session_to: Ref<Session>,
}

/// Shutdown of VM appliance.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.shutdown", role = PoolOperator)]
pub struct Shutdown {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
}

/// Hard shutdown of VM appliance.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.hard_shutdown", role = PoolOperator)]
pub struct HardShutdown {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
}

/// Clean shutdown of VM appliance.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.clean_shutdown", role = PoolOperator)]
pub struct CleanShutdown {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
}

/// Start of VM appliance.
#[derive(Clone, Debug, Call)]
#[call(name = "VM_appliance.start", role = PoolOperator)]
pub struct Start {
    /// The VM_appliance.
    #[param(name = "self")]
    pub this: Ref<VmAppliance>,
    /// Paused.
    pub paused: bool,
}
