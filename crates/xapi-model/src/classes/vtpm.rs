//! Class `VTPM`.

use std::collections::BTreeMap;

use super::*;

/// A trusted platform module of a machine.
#[derive(Clone, Debug, Class)]
#[class(name = "VTPM", role = PoolAdmin, state = Prototyped, calls(Destroy, Create))]
pub struct Vtpm {
    /// Unique identifier of the VTPM. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// What may be asked of the VTPM in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<VtpmOperations>,
    /// What is being done to the VTPM right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, VtpmOperations>,
    /// The machine.
    #[field(StaticRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// The machine that emulates it, or null.
    #[field(DynamicRO, default = Ref::null())]
    pub backend: Ref<Vm>,
    /// Where its content is kept.
    #[field(DynamicRO, default = PersistenceBackend::Xapi, state = Prototyped)]
    pub persistence_backend: PersistenceBackend,
    /// True if a copy of the machine gets an empty one.
    #[field(StaticRO, default = false, state = Prototyped)]
    pub is_unique: bool,
    /// True if its content is encrypted.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub is_protected: bool,
}

/// What can be done to a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vtpm_operations")]
pub enum VtpmOperations {
    /// Remove it with its content.
    #[wire(name = "destroy")]
    Destroy,
}

/// Where the content of a module is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "persistence_backend")]
pub enum PersistenceBackend {
    /// In the pool's database.
    #[wire(name = "xapi")]
    Xapi,
}

/// Removes the module with its content. Keys in it are lost.
#[derive(Clone, Debug, Call)]
#[call(name = "VTPM.destroy", role = VmAdmin, state = Prototyped)]
pub struct Destroy {
    /// The VTPM.
    #[param(name = "self")]
    pub this: Ref<Vtpm>,
}

/// Gives a machine a module. Refused with VTPM_MAX_AMOUNT_REACHED and VM_BAD_POWER_STATE.
#[derive(Clone, Debug, Call)]
#[call(name = "VTPM.create", out = Ref<Vtpm>, role = VmAdmin, state = Prototyped)]
pub struct Create {
    /// The machine.
    #[param(name = "vM")]
    pub v_m: Ref<Vm>,
    /// True if a copy of the machine is to get an empty one.
    pub is_unique: bool,
}
