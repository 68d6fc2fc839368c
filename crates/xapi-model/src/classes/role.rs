//! Class `role`.

use super::*;

/// The reference of the role pool-admin, the same in every pool: what a new subject gets.
pub const POOL_ADMIN: &str = "OpaqueRef:0165f154-ba3e-034e-6b27-5d271af109ba";

/// A set of permissions. The roles that users can be given contain each other, from pool-admin down to
/// read-only; below them each single call is a role too, which is how permissions are listed.
#[derive(Clone, Debug, Class)]
#[class(name = "role", role = PoolAdmin, calls(GetByPermissionNameLabel, GetByPermission, GetPermissionsNameLabel, GetPermissions))]
pub struct Role {
    /// Unique identifier of the role. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name of the role or, for an internal one, of the permission.
    #[field(StaticRO, default = String::new())]
    pub name_label: String,
    /// What the role is for.
    #[field(StaticRO, default = String::new())]
    pub name_description: String,
    /// The roles that this one includes.
    #[field(StaticRO, default = Vec::new())]
    pub subroles: Vec<Ref<Role>>,
    /// True for roles that cannot be given to a user.
    #[field(DynamicRO, default = false)]
    pub is_internal: bool,
}

/// The roles that include a permission.
#[derive(Clone, Debug, Call)]
#[call(name = "role.get_by_permission_name_label", out = Vec<Ref<Role>>, role = ReadOnly, sync)]
pub struct GetByPermissionNameLabel {
    /// Name of the permission, such as `pif.plug`.
    pub label: String,
}

/// The roles that include a permission.
#[derive(Clone, Debug, Call)]
#[call(name = "role.get_by_permission", out = Vec<Ref<Role>>, role = ReadOnly, sync)]
pub struct GetByPermission {
    /// The permission, which is an internal role.
    pub permission: Ref<Role>,
}

/// Names of all permissions that the role includes.
#[derive(Clone, Debug, Call)]
#[call(name = "role.get_permissions_name_label", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetPermissionsNameLabel {
    /// The role.
    #[param(name = "self")]
    pub this: Ref<Role>,
}

/// All permissions that the role includes.
#[derive(Clone, Debug, Call)]
#[call(name = "role.get_permissions", out = Vec<Ref<Role>>, role = ReadOnly, sync)]
pub struct GetPermissions {
    /// The role.
    #[param(name = "self")]
    pub this: Ref<Role>,
}
