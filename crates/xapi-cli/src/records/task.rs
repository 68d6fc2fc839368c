//! Tasks and messages.

use xapi_model::Value;

use super::{Declared, mrw, ro};

pub const TASK: Declared = Declared {
    shown: &[
        "uuid",
        "name-label",
        "name-description",
        "status",
        "progress",
    ],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        ro("name-label"),
        ro("name-description"),
        ro("subtask_of"),
        ro("subtasks"),
        ro("resident-on"),
        ro("status"),
        ro("progress"),
        ro("type"),
        ro("result"),
        ro("created"),
        ro("finished"),
        ro("error_info"),
        ro("allowed_operations").says(operations),
        ro("current_operations").says(operations),
        mrw("other-config"),
    ],
};

pub const MESSAGE: Declared = Declared {
    shown: &[],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        ro("name"),
        ro("priority"),
        ro("class").at("cls"),
        ro("obj-uuid"),
        ro("timestamp"),
        ro("body"),
    ],
};

/// Operations on tasks are shown with a capital, whether a set or a map of them.
fn operations(value: &Value) -> String {
    let names: Vec<&str> = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::Struct(members) => members.iter().filter_map(|(_, v)| v.as_str()).collect(),
        _ => Vec::new(),
    };
    let shown = names.into_iter().map(|name| match name {
        "cancel" => "Cancel",
        "destroy" => "Destroy",
        other => other,
    });
    shown.collect::<Vec<_>>().join("; ")
}
