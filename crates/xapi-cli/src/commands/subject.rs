//! Users of a directory service, and their roles.

use xapi_model::{Type, Value, classes};

use super::{Entry, call, own};
use crate::command::{Context, arg};
use crate::failure::Failure;

pub const SUBJECT: &[Entry] = &[
    own("subject-add", add)
        .reqd(&["subject-name"])
        .help("Lets a user or group of the directory service log in to the pool. Prints the UUID."),
    call(
        "subject-remove",
        "subject.destroy",
        &[arg("self", "subject-uuid")],
    )
    .reqd(&["subject-uuid"])
    .help("Lets a user or group log in no more."),
    own("subject-role-add", |cx| role(cx, "subject.add_to_roles"))
        .reqd(&["uuid"])
        .optional(&["role-name", "role-uuid"])
        .help("Gives a role, by name or UUID, to a user or group."),
    own("subject-role-remove", |cx| {
        role(cx, "subject.remove_from_roles")
    })
    .reqd(&["uuid"])
    .optional(&["role-name", "role-uuid"])
    .help("Takes a role, by name or UUID, from a user or group."),
];

/// The directory knows the user by another name than people do. The constructor takes a record.
fn add(cx: &mut Context<'_>) -> Result<(), Failure> {
    let name = cx.required("subject-name")?;
    let identifier = cx
        .server
        .call("auth.get_subject_identifier", vec![name.into()])?;
    let record = vec![
        ("subject_identifier".to_owned(), identifier),
        ("other_config".to_owned(), Value::Struct(Vec::new())),
    ];
    let subject = cx
        .server
        .call("subject.create", vec![Value::Struct(record)])?;
    cx.give(&Type::Ref("subject"), &subject)
}

fn role(cx: &mut Context<'_>, message: &str) -> Result<(), Failure> {
    let class = |name: &str| {
        classes::class(name).ok_or_else(|| Failure::Answer(format!("no class {name} in the model")))
    };
    let role = match (cx.params.get("role-uuid"), cx.params.get("role-name")) {
        (Some(uuid), None) => cx.server.by_uuid(class("role")?, uuid)?,
        (None, Some(name)) => {
            let found = cx
                .server
                .call("role.get_by_name_label", vec![name.into()])?;
            let mut found = found
                .as_array()
                .unwrap_or_default()
                .iter()
                .filter_map(Value::as_str);
            let first = found.next().map(str::to_owned);
            first.ok_or_else(|| Failure::Refused(format!("There is no role '{name}'")))?
        }
        _ => {
            let text = "Either role-name or role-uuid must be given";
            return Err(Failure::Refused(text.to_owned()));
        }
    };
    let subject = cx.required("uuid")?;
    let subject = cx.server.by_uuid(class("subject")?, subject)?;
    cx.server
        .call(message, vec![subject.into(), role.into()])
        .map(drop)
}
