//! Class `VM_group`.

use super::*;

/// Vm group.
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
    /// Placement.
    #[field(StaticRO, default = PlacementPolicy::Normal, state = Prototyped)]
    pub placement: PlacementPolicy,
    /// VMs.
    #[field(DynamicRO, name = "VMs", state = Prototyped)]
    pub vms: Vec<Ref<Vm>>,
}

/// Placement policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "placement_policy")]
pub enum PlacementPolicy {
    /// Anti affinity.
    #[wire(name = "anti_affinity")]
    AntiAffinity,
    /// Normal.
    #[wire(name = "normal")]
    Normal,
}
