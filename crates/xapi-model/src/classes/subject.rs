//! Class `subject`.

use std::collections::BTreeMap;

use super::*;

/// Subject.
#[derive(Clone, Debug, Class)]
#[class(name = "subject", role = PoolAdmin, ctor, calls(GetPermissionsNameLabel, RemoveFromRoles, AddToRoles))]
pub struct Subject {
    /// Unique identifier of the subject. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Subject identifier.
    #[field(StaticRO, default = String::new())]
    pub subject_identifier: String,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(StaticRO, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Roles.
    #[field(DynamicRO, default = vec![Ref::new(role::POOL_ADMIN)])]
    pub roles: Vec<Ref<Role>>,
}

/// Get permissions name label of subject.
#[derive(Clone, Debug, Call)]
#[call(name = "subject.get_permissions_name_label", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetPermissionsNameLabel {
    /// The subject.
    #[param(name = "self")]
    pub this: Ref<Subject>,
}

/// Remove from roles of subject.
#[derive(Clone, Debug, Call)]
#[call(name = "subject.remove_from_roles", role = PoolAdmin, sync)]
pub struct RemoveFromRoles {
    /// The subject.
    #[param(name = "self")]
    pub this: Ref<Subject>,
    /// Role.
    pub role: Ref<Role>,
}

/// Add to roles of subject.
#[derive(Clone, Debug, Call)]
#[call(name = "subject.add_to_roles", role = PoolAdmin, sync)]
pub struct AddToRoles {
    /// The subject.
    #[param(name = "self")]
    pub this: Ref<Subject>,
    /// Role.
    pub role: Ref<Role>,
}
