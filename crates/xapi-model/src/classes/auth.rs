//! Class `auth`.

use std::collections::BTreeMap;

use super::*;

/// Auth.
#[derive(Clone, Debug, Class)]
#[class(name = "auth", role = PoolAdmin, no_db, no_get_all, no_events, calls(GetGroupMembership, GetSubjectInformationFromIdentifier, GetSubjectIdentifier))]
pub struct Auth {

}

/// Get group membership of auth.
#[derive(Clone, Debug, Call)]
#[call(name = "auth.get_group_membership", out = Vec<String>, role = ReadOnly, sync)]
pub struct GetGroupMembership {
    /// Subject identifier.
    pub subject_identifier: String,
}

/// Get subject information from identifier of auth.
#[derive(Clone, Debug, Call)]
#[call(name = "auth.get_subject_information_from_identifier", out = BTreeMap<String, String>, role = ReadOnly, sync)]
pub struct GetSubjectInformationFromIdentifier {
    /// Subject identifier.
    pub subject_identifier: String,
}

/// Get subject identifier of auth.
#[derive(Clone, Debug, Call)]
#[call(name = "auth.get_subject_identifier", out = String, role = ReadOnly, sync)]
pub struct GetSubjectIdentifier {
    /// Subject name.
    pub subject_name: String,
}
