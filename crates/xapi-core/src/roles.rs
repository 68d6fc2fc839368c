//! Roles: who may call what (wire-protocol facts, 6).

use std::collections::BTreeSet;
use std::sync::OnceLock;

use xapi_db::Read;
use xapi_model::messages::{Message, messages};
use xapi_model::role::{GetByPermissionNameLabel, GetPermissionsNameLabel};
use xapi_model::{Ref, Role, Value, errors, role};

use crate::context::Cx;
use crate::session::Caller;
use crate::{Result, audit};

/// Checks the role of a call. The audit log tells of each that is refused, also of what only reads.
pub(crate) fn permit_call(cx: &Cx<'_>, message: &Message, params: &[Value]) -> Result<()> {
    permit_message(cx.session.as_ref(), message, params)
        .inspect_err(|why| audit::refused(cx, message, params, why))
}

/// Checks the role of a message; maps have keys that weaker roles may change.
fn permit_message(caller: Option<&Caller>, message: &Message, params: &[Value]) -> Result<()> {
    if !message.session {
        return Ok(());
    }
    if !message.keys.is_empty()
        && let Some(key) = params.get(1).and_then(Value::as_str)
        && let Some((pattern, role)) = guarded(message.keys, key)
    {
        let permission = key_permission(&message.name, pattern);
        return permit(caller, &permission, role, false);
    }
    // Who may change a host's network may see it, and confirm what he has changed.
    let own_plugin = message.name == "host.call_plugin"
        && params.get(1).and_then(Value::as_str) == Some(crate::ops::host_network::PLUGIN);
    let least = match own_plugin {
        true => Role::PoolOperator,
        false => message.role,
    };
    permit(caller, &message.name, least, message.client_cert)
}

/// The pattern that a key of a map falls under, and the role that it needs.
pub(crate) fn guarded(
    keys: &'static [(&'static str, Role)],
    key: &str,
) -> Option<(&'static str, Role)> {
    let key = key.to_ascii_lowercase();
    let matches = |pattern: &str| {
        let pattern = pattern.to_ascii_lowercase();
        match pattern.strip_suffix('*') {
            Some(stem) => key.starts_with(stem),
            None => key == pattern,
        }
    };
    keys.iter()
        .find(|(pattern, _)| matches(pattern))
        .map(|(pattern, role)| (*pattern, *role))
}

/// The permission to change the keys of a pattern.
pub(crate) fn key_permission(message: &str, pattern: &str) -> String {
    format!("{message}/key:{pattern}").to_ascii_lowercase()
}

/// Whether a role holds a permission whose weakest role is `least`.
fn holds(role: Role, least: Role, client_cert: bool) -> bool {
    role == Role::LocalRoot
        || match role {
            Role::ClientCert => client_cert || matches!(least, Role::ReadOnly | Role::ClientCert),
            other => other >= least,
        }
}

/// Refuses with RBAC_PERMISSION_DENIED [permission, roles that have it].
pub(crate) fn permit(
    caller: Option<&Caller>,
    permission: &str,
    least: Role,
    client_cert: bool,
) -> Result<()> {
    let Some(caller) = caller else {
        return Ok(());
    };
    if caller.local || holds(caller.role, least, client_cert) {
        return Ok(());
    }
    let holders = least.holders(client_cert);
    let names: Vec<_> = holders.iter().map(|role| role.as_str()).collect();
    let text = format!(
        "No permission in user session. (Roles with this permission: {})",
        names.join(", ")
    );
    Err(errors::rbac_permission_denied(
        permission.to_ascii_lowercase(),
        text,
    ))
}

/// Permissions that are no message's.
const OTHER_PERMISSIONS: [(&str, Role); 1] = [crate::task::ANY_TASK];

/// The permissions of a role, by name. The superuser has none to name: it is not asked for any.
pub(crate) fn permissions(role: Role) -> Value {
    static TABLE: [OnceLock<Value>; Role::ALL.len()] = [const { OnceLock::new() }; 7];
    match Role::ALL.iter().position(|other| *other == role) {
        Some(at) => TABLE[at].get_or_init(|| names(role)).clone(),
        None => Value::Array(Vec::new()),
    }
}

fn names(role: Role) -> Value {
    let mut names = BTreeSet::new();
    for message in messages().iter().filter(|message| message.session) {
        if holds(role, message.role, message.client_cert) {
            names.insert(message.name.to_ascii_lowercase());
        }
        for (pattern, least) in message.keys {
            if holds(role, *least, false) {
                names.insert(key_permission(&message.name, pattern));
            }
        }
    }
    for (permission, least) in OTHER_PERMISSIONS {
        if holds(role, least, false) {
            names.insert(permission.to_owned());
        }
    }
    Value::Array(names.into_iter().map(Value::Str).collect())
}

/// `role.get_permissions_name_label`.
pub fn get_permissions_name_label(
    cx: &Cx<'_>,
    call: GetPermissionsNameLabel,
) -> Result<Vec<String>> {
    let row = cx.core.view()?.get(&call.this)?;
    let role = Role::ALL
        .into_iter()
        .find(|role| role.as_str() == row.name_label);
    let held = role.map_or(Value::Array(Vec::new()), permissions);
    let held = held.as_array().unwrap_or_default().iter();
    Ok(held
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect())
}

/// `role.get_by_permission_name_label`.
pub fn get_by_permission_name_label(
    cx: &Cx<'_>,
    call: GetByPermissionNameLabel,
) -> Result<Vec<Ref<role::Role>>> {
    let permission = Value::Str(call.label);
    let holds = |name: &str| {
        let role = Role::ALL.into_iter().find(|role| role.as_str() == name);
        let held = role.map_or(Value::Array(Vec::new()), permissions);
        held.as_array()
            .is_some_and(|held| held.contains(&permission))
    };
    let rows = cx.core.view()?.all::<role::Role>()?.into_iter();
    let mut found: Vec<_> = rows
        .filter(|(_, row)| holds(&row.name_label))
        .map(|(reference, _)| reference)
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    Ok(found)
}
