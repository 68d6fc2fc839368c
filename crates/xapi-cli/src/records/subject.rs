//! Users of a directory service, the roles that they have, and secrets.

use xapi_model::{Value, classes};

use super::{Declared, Row, Server, Shown, mro, ro, rw, sro};
use crate::failure::Failure;
use crate::shown::NOT_IN_DATABASE;

pub const SUBJECT: Declared = Declared {
    shown: &["uuid", "subject-identifier", "other-config", "roles"],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        ro("subject-identifier"),
        mro("other-config"),
        sro("roles").at("roles").asks(roles),
    ],
};

pub const ROLE: Declared = Declared {
    shown: &["uuid", "name", "description"],
    // The others stand for single calls, and there are thousands of them.
    narrowed: &[("is-internal", "false")],
    fields: &[
        ro("uuid"),
        ro("name").at("name_label"),
        ro("description").at("name_description"),
        ro("is-internal").hidden(),
    ],
};

pub const SECRET: Declared = Declared {
    shown: &[],
    narrowed: &[],
    fields: &[ro("uuid"), rw("value")],
};

/// Roles are known by their names.
fn roles(server: &mut Server<'_>, row: &Row) -> Result<Shown, Failure> {
    let class = classes::class("role")
        .ok_or_else(|| Failure::Answer("no class role in the model".to_owned()))?;
    let roles = row.record.member("roles").and_then(Value::as_array);
    let mut names = Vec::new();
    for role in roles.unwrap_or_default().iter().filter_map(Value::as_str) {
        let record = server.lookup(class, role)?;
        let name = record.as_ref().and_then(|role| role.member("name_label"));
        let name = name.and_then(Value::as_str).unwrap_or(NOT_IN_DATABASE);
        names.push(name.to_owned());
    }
    Ok(Shown::Set(names))
}
