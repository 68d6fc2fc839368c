//! Class `subject`.

use std::collections::BTreeMap;

use super::*;

/// A user or group of the directory service that may log in to the pool.
#[derive(Clone, Debug, Class)]
#[class(name = "subject", role = PoolAdmin, ctor, calls(GetPermissionsNameLabel, RemoveFromRoles, AddToRoles))]
pub struct Subject {
    /// Unique identifier of the subject. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Identifier in the directory service.
    #[field(StaticRO, default = String::new())]
    pub subject_identifier: String,
    /// What the directory service told of it when it was added.
    #[field(StaticRO, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Its roles.
    #[field(DynamicRO, default = vec![Ref::new(role::POOL_ADMIN)])]
    pub roles: Vec<Ref<Role>>,
}

/// Names of all calls that its roles include.
#[derive(Clone, Debug, Call)]
#[call(name = "subject.get_permissions_name_label", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetPermissionsNameLabel {
    /// The subject.
    #[param(name = "self")]
    pub this: Ref<Subject>,
}

/// Takes a role away. Refused with ROLE_NOT_FOUND.
#[derive(Clone, Debug, Call)]
#[call(name = "subject.remove_from_roles", role = PoolAdmin, sync)]
pub struct RemoveFromRoles {
    /// The subject.
    #[param(name = "self")]
    pub this: Ref<Subject>,
    /// The role.
    pub role: Ref<Role>,
}

/// Gives a role. Refused with ROLE_ALREADY_EXISTS.
#[derive(Clone, Debug, Call)]
#[call(name = "subject.add_to_roles", role = PoolAdmin, sync)]
pub struct AddToRoles {
    /// The subject.
    #[param(name = "self")]
    pub this: Ref<Subject>,
    /// The role.
    pub role: Ref<Role>,
}
