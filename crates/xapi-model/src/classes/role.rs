//! Class `role`.

use super::*;

/// The reference of the role pool-admin, the same in every pool: what a new subject gets.
pub const POOL_ADMIN: &str = "OpaqueRef:0165f154-ba3e-034e-6b27-5d271af109ba";

/// Role.
#[derive(Clone, Debug, Class)]
#[class(name = "role", role = PoolAdmin, calls(GetByPermissionNameLabel, GetByPermission, GetPermissionsNameLabel, GetPermissions))]
pub struct Role {
    /// Unique identifier of the role. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(StaticRO, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(StaticRO, default = String::new())]
    pub name_description: String,
    /// Subroles.
    #[field(StaticRO, default = Vec::new())]
    pub subroles: Vec<Ref<Role>>,
    /// Is internal.
    #[field(DynamicRO, default = false)]
    pub is_internal: bool,
}

/// Get by permission name label of role.
#[derive(Clone, Debug, Call)]
#[call(name = "role.get_by_permission_name_label", out = Vec<Ref<Role>>, role = ReadOnly, sync)]
pub struct GetByPermissionNameLabel {
    /// Label.
    pub label: String,
}

/// Get by permission of role.
#[derive(Clone, Debug, Call)]
#[call(name = "role.get_by_permission", out = Vec<Ref<Role>>, role = ReadOnly, sync)]
pub struct GetByPermission {
    /// Permission.
    pub permission: Ref<Role>,
}

/// Get permissions name label of role.
#[derive(Clone, Debug, Call)]
#[call(name = "role.get_permissions_name_label", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetPermissionsNameLabel {
    /// The role.
    #[param(name = "self")]
    pub this: Ref<Role>,
}

/// Get permissions of role.
#[derive(Clone, Debug, Call)]
#[call(name = "role.get_permissions", out = Vec<Ref<Role>>, role = ReadOnly, sync)]
pub struct GetPermissions {
    /// The role.
    #[param(name = "self")]
    pub this: Ref<Role>,
}
