//! Class `VTPM`.

use std::collections::BTreeMap;

use super::*;

/// Vtpm.
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
    /// VM.
    #[field(StaticRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// Backend.
    #[field(DynamicRO, default = Ref::null())]
    pub backend: Ref<Vm>,
    /// Persistence backend.
    #[field(DynamicRO, default = PersistenceBackend::Xapi, state = Prototyped)]
    pub persistence_backend: PersistenceBackend,
    /// Is unique.
    #[field(StaticRO, default = false, state = Prototyped)]
    pub is_unique: bool,
    /// Is protected.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub is_protected: bool,
}

/// Vtpm operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vtpm_operations")]
pub enum VtpmOperations {
    /// Destroy.
    #[wire(name = "destroy")]
    Destroy,
}

/// Persistence backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "persistence_backend")]
pub enum PersistenceBackend {
    /// Xapi.
    #[wire(name = "xapi")]
    Xapi,
}

/// Destroy of VTPM.
#[derive(Clone, Debug, Call)]
#[call(name = "VTPM.destroy", role = VmAdmin, state = Prototyped)]
pub struct Destroy {
    /// The VTPM.
    #[param(name = "self")]
    pub this: Ref<Vtpm>,
}

/// Create of VTPM.
#[derive(Clone, Debug, Call)]
#[call(name = "VTPM.create", out = Ref<Vtpm>, role = VmAdmin, state = Prototyped)]
pub struct Create {
    /// VM.
    #[param(name = "vM")]
    pub v_m: Ref<Vm>,
    /// Is unique.
    pub is_unique: bool,
}
