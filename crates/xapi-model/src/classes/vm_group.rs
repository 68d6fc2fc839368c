//! Class `VM_group`.

use super::*;

/// Machines that are placed with regard to each other.
#[derive(Clone, Debug, Class)]
#[class(name = "VM_group", role = VmAdmin, ctor, state = Prototyped)]
pub struct VmGroup {
    /// Unique identifier of the VM_group. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new())]
    pub name_description: String,
    /// How they are placed.
    #[field(StaticRO, default = PlacementPolicy::Normal, state = Prototyped)]
    pub placement: PlacementPolicy,
    /// The machines.
    #[field(DynamicRO, name = "VMs", state = Prototyped)]
    pub vms: Vec<Ref<Vm>>,
}

/// How machines of a group are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "placement_policy")]
pub enum PlacementPolicy {
    /// On different hosts as far as can be.
    #[wire(name = "anti_affinity")]
    AntiAffinity,
    /// Without regard to each other.
    #[wire(name = "normal")]
    Normal,
}
