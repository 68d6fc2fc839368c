//! Directory services: there is none that users could come from. What asks for one is told so, and who is sent away
//! from none is gone already.

use xapi_db::Read;
use xapi_model::auth::{
    GetGroupMembership, GetSubjectIdentifier, GetSubjectInformationFromIdentifier,
};
use xapi_model::subject::{AddToRoles, RemoveFromRoles};
use xapi_model::{Class, Ref, Value, errors, host, pool};

use crate::Result;
use crate::context::Cx;

/// `auth.get_subject_identifier`.
pub fn get_subject_identifier(_: &Cx<'_>, _: GetSubjectIdentifier) -> Result<String> {
    Err(errors::auth_is_disabled())
}

/// `auth.get_subject_information_from_identifier`.
pub fn get_subject_information(
    _: &Cx<'_>,
    _: GetSubjectInformationFromIdentifier,
) -> Result<std::collections::BTreeMap<String, String>> {
    Err(errors::auth_is_disabled())
}

/// `auth.get_group_membership`.
pub fn get_group_membership(_: &Cx<'_>, _: GetGroupMembership) -> Result<Vec<String>> {
    Err(errors::auth_is_disabled())
}

/// `subject.create`: nobody could log in as one.
pub fn create_subject(_: &Cx<'_>, _: Vec<Value>) -> Result<Value> {
    Err(errors::auth_is_disabled())
}

/// `subject.add_to_roles`.
pub fn add_to_roles(cx: &Cx<'_>, call: AddToRoles) -> Result<()> {
    there(cx, &call.this)?;
    Err(errors::auth_is_disabled())
}

/// `subject.remove_from_roles`.
pub fn remove_from_roles(cx: &Cx<'_>, call: RemoveFromRoles) -> Result<()> {
    there(cx, &call.this)?;
    Err(errors::auth_is_disabled())
}

/// `pool.enable_external_auth`: no type of service is known.
pub fn enable_in_pool(cx: &Cx<'_>, call: pool::EnableExternalAuth) -> Result<()> {
    there(cx, &call.pool)?;
    Err(errors::auth_unknown_type(call.auth_type))
}

/// `host.enable_external_auth`: likewise.
pub fn enable_on_host(cx: &Cx<'_>, call: host::EnableExternalAuth) -> Result<()> {
    there(cx, &call.host)?;
    Err(errors::auth_unknown_type(call.auth_type))
}

/// `pool.disable_external_auth`: it is disabled.
pub fn disable_in_pool(cx: &Cx<'_>, call: pool::DisableExternalAuth) -> Result<()> {
    there(cx, &call.pool)
}

/// `host.disable_external_auth`: likewise.
pub fn disable_on_host(cx: &Cx<'_>, call: host::DisableExternalAuth) -> Result<()> {
    there(cx, &call.host)
}

fn there<C: Class>(cx: &Cx<'_>, reference: &Ref<C>) -> Result<()> {
    match cx.core.view()?.exists(reference)? {
        true => Ok(()),
        false => Err(errors::handle_invalid(C::NAME, reference)),
    }
}
