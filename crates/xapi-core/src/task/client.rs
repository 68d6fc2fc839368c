//! Tasks that clients keep: what they say of them is written as it is.

use std::collections::{BTreeMap, BTreeSet};

use xapi_db::{Draft, Read};
use xapi_model::task::{
    AddToOtherConfig, Create, Destroy, RemoveFromOtherConfig, SetErrorInfo, SetOtherConfig,
    SetProgress, SetResult, SetStatus,
};
use xapi_model::{Class, Ref, Task, TaskAllowedOperations, TaskStatusType, errors};

use crate::Result;
use crate::context::Cx;
use crate::roles;

/// Octets of the texts of one task that clients write: there are hundreds of tasks, and each event about one carries
/// all of it.
const MOST_OCTETS: usize = 512 << 10;

/// `task.create`: a task that the caller drives.
pub fn create(cx: &Cx<'_>, call: Create) -> Result<Ref<Task>> {
    let row = super::fresh(cx, &call.label, &call.description)?;
    check_length(0, octets(&row), "label")?;
    cx.core.store.change(|draft| {
        super::make_room(cx.core, draft, &row.owner, super::Work::Left)?;
        draft.insert(row.clone())
    })
}

/// Edits a task that the caller may act on.
fn edit(cx: &Cx<'_>, task: &Ref<Task>, change: impl Fn(&Draft) -> Result<()>) -> Result<()> {
    cx.core.store.change(|draft| {
        super::may_act(draft, cx.session.as_ref(), task)?;
        change(draft)
    })
}

/// Edits a field of a task that holds texts; INVALID_VALUE [field, text] if they become too long.
fn write(
    cx: &Cx<'_>,
    task: &Ref<Task>,
    field: &str,
    change: impl Fn(&Draft) -> Result<()>,
) -> Result<()> {
    edit(cx, task, |draft| {
        let before = octets(&draft.get(task)?);
        change(draft)?;
        check_length(before, octets(&draft.get(task)?), field)
    })
}

/// The octets of what clients may write into a task.
fn octets(row: &Task) -> usize {
    let pairs = row.other_config.iter().map(|(k, v)| k.len() + v.len());
    let info = row.error_info.iter().map(String::len);
    row.name_label.len()
        + row.name_description.len()
        + row.result.len()
        + info.chain(pairs).sum::<usize>()
}

/// What is too long already, since the server wrote it, may stay and shrink.
fn check_length(before: usize, after: usize, field: &str) -> Result<()> {
    if after <= MOST_OCTETS || after <= before {
        return Ok(());
    }
    let why = format!("too long: {after} octets in the task, and {MOST_OCTETS} are allowed");
    Err(errors::invalid_value(field, why))
}

/// `task.destroy`: a pending one goes when it completes.
pub fn destroy(cx: &Cx<'_>, call: Destroy) -> Result<()> {
    let this = &call.this;
    edit(cx, this, |draft| match draft.field(this, Task::STATUS)? {
        TaskStatusType::Pending => {
            let mut operations = draft.field(this, Task::CURRENT_OPERATIONS)?;
            operations.insert("task".to_owned(), TaskAllowedOperations::Destroy);
            draft.set(this, Task::CURRENT_OPERATIONS, operations)
        }
        _ => super::remove(draft, this),
    })
}

/// `task.set_status`.
pub fn set_status(cx: &Cx<'_>, call: SetStatus) -> Result<()> {
    edit(cx, &call.this, |draft| {
        if call.value != TaskStatusType::Pending {
            draft.set(&call.this, Task::FINISHED, cx.core.now())?;
        }
        draft.set(&call.this, Task::STATUS, call.value)
    })
}

/// `task.set_progress`: between 0 and 1.
pub fn set_progress(cx: &Cx<'_>, call: SetProgress) -> Result<()> {
    if !(0.0..=1.0).contains(&call.value) {
        return Err(errors::value_not_supported(
            "progress",
            call.value,
            "it is not between 0 and 1",
        ));
    }
    edit(cx, &call.this, |draft| {
        draft.set(&call.this, Task::PROGRESS, call.value)
    })
}

/// `task.set_result`.
pub fn set_result(cx: &Cx<'_>, call: SetResult) -> Result<()> {
    write(cx, &call.this, "result", |draft| {
        draft.set(&call.this, Task::RESULT, call.value.clone())
    })
}

/// `task.set_error_info`.
pub fn set_error_info(cx: &Cx<'_>, call: SetErrorInfo) -> Result<()> {
    write(cx, &call.this, "error_info", |draft| {
        draft.set(&call.this, Task::ERROR_INFO, call.value.clone())
    })
}

/// `task.set_other_config`: keys with a role of their own may stay; to change them takes that role.
pub fn set_other_config(cx: &Cx<'_>, call: SetOtherConfig) -> Result<()> {
    write(cx, &call.this, "other_config", |draft| {
        let before = draft.field(&call.this, Task::OTHER_CONFIG)?;
        for key in changed(&before, &call.value) {
            let keys = Task::DESC.fields[Task::OTHER_CONFIG.index()].keys;
            if let Some((pattern, role)) = roles::guarded(keys, key) {
                let permission = roles::key_permission("task.set_other_config", pattern);
                roles::permit(cx.session.as_ref(), &permission, role, false)?;
            }
        }
        draft.set(&call.this, Task::OTHER_CONFIG, call.value.clone())
    })
}

/// The keys whose values differ.
fn changed<'a>(
    before: &'a BTreeMap<String, String>,
    after: &'a BTreeMap<String, String>,
) -> BTreeSet<&'a str> {
    let keys = before.keys().chain(after.keys()).map(String::as_str);
    keys.filter(|key| before.get(*key) != after.get(*key))
        .collect()
}

/// `task.add_to_other_config`.
pub fn add_to_other_config(cx: &Cx<'_>, call: AddToOtherConfig) -> Result<()> {
    write(cx, &call.this, "other_config", |draft| {
        let mut map = draft.field(&call.this, Task::OTHER_CONFIG)?;
        if map.insert(call.key.clone(), call.value.clone()).is_some() {
            return Err(super::duplicate(&call.this, &call.key));
        }
        draft.set(&call.this, Task::OTHER_CONFIG, map)
    })
}

/// `task.remove_from_other_config`.
pub fn remove_from_other_config(cx: &Cx<'_>, call: RemoveFromOtherConfig) -> Result<()> {
    edit(cx, &call.this, |draft| {
        let mut map = draft.field(&call.this, Task::OTHER_CONFIG)?;
        map.remove(&call.key);
        draft.set(&call.this, Task::OTHER_CONFIG, map)
    })
}
