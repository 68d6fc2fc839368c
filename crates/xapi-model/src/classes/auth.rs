//! Class `auth`.

use std::collections::BTreeMap;

use super::*;

/// Questions to the directory service that users come from. It has no objects.
#[derive(Clone, Debug, Class)]
#[class(name = "auth", role = PoolAdmin, no_db, no_get_all, no_events, calls(GetGroupMembership, GetSubjectInformationFromIdentifier, GetSubjectIdentifier))]
pub struct Auth {

}

/// Identifiers of the groups that a user belongs to, directly or not. Refused with
/// SUBJECT_CANNOT_BE_RESOLVED.
#[derive(Clone, Debug, Call)]
#[call(name = "auth.get_group_membership", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetGroupMembership {
    /// Identifier of the user.
    pub subject_identifier: String,
}

/// What the directory service tells of a user or group. Refused with SUBJECT_CANNOT_BE_RESOLVED.
#[derive(Clone, Debug, Call)]
#[call(name = "auth.get_subject_information_from_identifier", out = BTreeMap<String, String>, role = ReadOnly, sync)]
pub struct GetSubjectInformationFromIdentifier {
    /// Identifier of the user or group.
    pub subject_identifier: String,
}

/// Identifier of a user or group by name. Refused with SUBJECT_CANNOT_BE_RESOLVED.
#[derive(Clone, Debug, Call)]
#[call(name = "auth.get_subject_identifier", out = String, role = ReadOnly, sync)]
pub struct GetSubjectIdentifier {
    /// The name, with its domain if need be.
    pub subject_name: String,
}
