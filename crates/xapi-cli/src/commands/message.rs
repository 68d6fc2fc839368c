//! Messages: what hosts tell their operators.

use xapi_model::{DateTime, Value, classes};

use super::{Entry, own};
use crate::command::Context;
use crate::failure::Failure;
use crate::input::read;

pub const MESSAGE: &[Entry] = &[
    own("message-create", create)
        .reqd(&["name", "priority", "body"])
        .optional(&["vm-uuid", "pool-uuid", "sr-uuid", "host-uuid"])
        .help("Leaves a message about a VM, pool, storage repository or host."),
    own("message-destroy", destroy)
        .optional(&["uuid", "uuids"])
        .help("Removes a message, or several in a comma list."),
    own("message-destroy-all", destroy_all)
        .optional(&["before", "after", "priority"])
        .help("Removes all messages, or those before or after a date, or of a priority."),
];

fn unknown(name: &str) -> Failure {
    Failure::Answer(format!("no class {name} in the model"))
}

fn create(cx: &mut Context<'_>) -> Result<(), Failure> {
    let objects = [
        ("vm-uuid", "VM"),
        ("pool-uuid", "Pool"),
        ("sr-uuid", "SR"),
        ("host-uuid", "Host"),
    ];
    let about = objects
        .iter()
        .find_map(|(param, class)| Some((*class, cx.params.get(param)?)));
    let Some((class, uuid)) = about else {
        let text = "One of vm-uuid, pool-uuid, sr-uuid and host-uuid must be given";
        return Err(Failure::Refused(text.to_owned()));
    };
    let priority = cx.required("priority")?;
    let priority = read(&mut cx.server, &xapi_model::Type::Int, "priority", priority)?;
    let params = vec![
        cx.required("name")?.into(),
        priority,
        class.into(),
        uuid.into(),
        cx.required("body")?.into(),
    ];
    cx.server.call("message.create", params).map(drop)
}

fn destroy(cx: &mut Context<'_>) -> Result<(), Failure> {
    let class = classes::class("message").ok_or_else(|| unknown("message"))?;
    let uuids = match (cx.params.get("uuid"), cx.params.get("uuids")) {
        (Some(uuid), None) => vec![uuid],
        (None, Some(uuids)) => uuids.split(',').filter(|uuid| !uuid.is_empty()).collect(),
        _ => {
            let text = "Either uuid or uuids must be given";
            return Err(Failure::Refused(text.to_owned()));
        }
    };
    let messages: Result<Vec<_>, _> = uuids
        .iter()
        .map(|uuid| cx.server.by_uuid(class, uuid).map(Value::Str))
        .collect();
    cx.server
        .call("message.destroy_many", vec![Value::Array(messages?)])
        .map(drop)
}

fn destroy_all(cx: &mut Context<'_>) -> Result<(), Failure> {
    let mut filters = Vec::new();
    for name in ["before", "after"] {
        if let Some(date) = cx.params.get(name) {
            let date = DateTime::parse(date).ok_or_else(|| {
                Failure::Refused(format!("Parameter '{name}': expected a date, got '{date}'"))
            })?;
            filters.push((name.to_owned(), date.to_string().into()));
        }
    }
    if let Some(priority) = cx.params.get("priority") {
        read(&mut cx.server, &xapi_model::Type::Int, "priority", priority)?;
        filters.push(("priority".to_owned(), priority.into()));
    }
    cx.server
        .call("message.destroy_all", vec![Value::Struct(filters)])
        .map(drop)
}
