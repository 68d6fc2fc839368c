//! Sessions, the password, and secrets.

use xapi_model::{Type, Value};

use super::{Entry, call, own};
use crate::command::{Context, arg};
use crate::failure::Failure;

pub const SESSION: &[Entry] = &[
    own("session-subject-identifier-list", list)
        .help("Lists the users of a directory service that have sessions."),
    call(
        "session-subject-identifier-logout",
        "session.logout_subject_identifier",
        &[arg("subject_identifier", "subject-identifier")],
    )
    .reqd(&["subject-identifier"])
    .help("Ends all sessions of a user of a directory service."),
    own("session-subject-identifier-logout-all", logout_all)
        .help("Ends all sessions of users of a directory service."),
    call(
        "user-password-change",
        "session.change_password",
        &[arg("old_pwd", "old").or(""), arg("new_pwd", "new")],
    )
    .reqd(&["new"])
    .optional(&["old"])
    .help("Changes the password of the user who is logged in."),
    own("secret-create", secret_create)
        .reqd(&["value"])
        .optional(&["other-config:"])
        .help("Keeps a text, such as a password, for other objects to refer to. Prints its UUID."),
    call("secret-destroy", "secret.destroy", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .help("Removes a secret."),
];

fn identifiers(cx: &mut Context<'_>) -> Result<Vec<String>, Failure> {
    let told = cx
        .server
        .call("session.get_all_subject_identifiers", Vec::new())?;
    let told = told.as_array().unwrap_or_default();
    Ok(told
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect())
}

fn list(cx: &mut Context<'_>) -> Result<(), Failure> {
    let all = identifiers(cx)?;
    let rows = all
        .into_iter()
        .map(|it| vec![("subject-identifier ( RO)".to_owned(), it)]);
    let rows: Vec<_> = rows.collect();
    cx.printer.table(&rows);
    Ok(())
}

fn logout_all(cx: &mut Context<'_>) -> Result<(), Failure> {
    for identifier in identifiers(cx)? {
        cx.server
            .call("session.logout_subject_identifier", vec![identifier.into()])?;
    }
    Ok(())
}

/// The constructor takes a record, so this is no plain call.
fn secret_create(cx: &mut Context<'_>) -> Result<(), Failure> {
    let config = cx.params.members("other-config").into_iter();
    let config = config.map(|(key, value)| (key.to_owned(), value.into()));
    let record = vec![
        ("value".to_owned(), cx.required("value")?.into()),
        ("other_config".to_owned(), Value::Struct(config.collect())),
    ];
    let secret = cx
        .server
        .call("secret.create", vec![Value::Struct(record)])?;
    cx.give(&Type::Ref("secret"), &secret)
}
