//! Class `role`.

use super::*;

/// Role.
#[derive(Clone, Debug, Class)]
#[class(name = "role", role = PoolAdmin, calls(GetByPermissionNameLabel, GetByPermission, GetPermissionsNameLabel, GetPermissions))]
pub struct Role {
    /// Uuid.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name label.
    #[field(StaticRO, default = String::new())]
    pub name_label: String,
    /// Name description.
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
#[call(name = "role.get_by_permission_name_label", out = Vec<Ref<Role>>, role = ReadOnly)]
pub struct GetByPermissionNameLabel {
    /// Label.
    pub label: String,
}

/// Get by permission of role.
#[derive(Clone, Debug, Call)]
#[call(name = "role.get_by_permission", out = Vec<Ref<Role>>, role = ReadOnly)]
pub struct GetByPermission {
    /// Permission.
    pub permission: Ref<Role>,
}

/// Get permissions name label of role.
#[derive(Clone, Debug, Call)]
#[call(name = "role.get_permissions_name_label", out = Vec<String>, role = ReadOnly)]
pub struct GetPermissionsNameLabel {
    /// The role.
    #[param(name = "self")]
    pub this: Ref<Role>,
}

/// Get permissions of role.
#[derive(Clone, Debug, Call)]
#[call(name = "role.get_permissions", out = Vec<Ref<Role>>, role = ReadOnly)]
pub struct GetPermissions {
    /// The role.
    #[param(name = "self")]
    pub this: Ref<Role>,
}
