//! Class `task`.

use std::collections::BTreeMap;

use super::*;

/// Something that the server is doing, or that a client keeps track of here. Calls made with the prefix
/// `Async.` return their task at once; others have one while they run. A finished task is removed after about
/// an hour.
#[derive(Clone, Debug, Class)]
#[class(name = "task", role = PoolAdmin, volatile, calls(SetOtherConfig, RemoveFromOtherConfig, AddToOtherConfig, SetErrorInfo, SetResult, SetProgress, SetStatus, Cancel, Destroy, Create))]
pub struct Task {
    /// Unique identifier of the task. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The call that it carries out, or what its maker called it.
    #[field(DynamicRO, default = String::new())]
    pub name_label: String,
    /// What its maker noted.
    #[field(DynamicRO, default = String::new())]
    pub name_description: String,
    /// What may be asked of the task now.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<TaskAllowedOperations>,
    /// Who is cancelling or destroying it: from the reference of that task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, TaskAllowedOperations>,
    /// When it began.
    #[field(DynamicRO)]
    pub created: DateTime,
    /// When it ended; 1970 while it has not.
    #[field(DynamicRO)]
    pub finished: DateTime,
    /// How far it has come.
    #[field(DynamicRO)]
    pub status: TaskStatusType,
    /// The host that carries it out.
    #[field(DynamicRO)]
    pub resident_on: Ref<Host>,
    /// Share of the work that is done, 0 to 1. A finished task is at 1, also a failed one.
    #[field(DynamicRO)]
    pub progress: f64,
    /// Type of the result; `<none/>` when there is none. Not used by newer clients.
    #[field(DynamicRO, name = "type")]
    pub kind: String,
    /// What the call returned, as an XML-RPC value, also for clients of JSON-RPC; empty before it ends.
    #[field(DynamicRO)]
    pub result: String,
    /// The error of a failed task: its code, then its parameters.
    #[field(DynamicRO)]
    pub error_info: Vec<String>,
    /// Free keys and values. `applies_to`, `XenCenterUUID` and `XenCenterMeddlingActionTitle` may be changed
    /// by machine operators; request headers `x-http-other-config-…` arrive here too.
    #[field(DynamicRO, default = BTreeMap::new(), keys = [("applies_to", VmOperator), ("XenCenterUUID", VmOperator), ("XenCenterMeddlingActionTitle", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// The task that this one is a part of, or null.
    #[field(DynamicRO, default = Ref::null())]
    pub subtask_of: Ref<Task>,
    /// The parts of this task.
    #[field(DynamicRO, view = Task::SUBTASK_OF)]
    pub subtasks: Many<Task>,
    /// Where in the server a failure came from, for its developers.
    #[field(DynamicRO, default = "()".to_owned())]
    pub backtrace: String,
    /// The session that made the task.
    #[field(Internal)]
    pub session: Ref<Session>,
    /// Identifier of the user whom it belongs to, also when that session has ended; empty for the superuser.
    #[field(Internal)]
    pub owner: String,
}

/// What can be asked of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "task_allowed_operations")]
pub enum TaskAllowedOperations {
    /// Stop the work before it is done.
    #[wire(name = "cancel")]
    Cancel,
    /// Remove the task.
    #[wire(name = "destroy")]
    Destroy,
}

/// How far a task has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "task_status_type")]
pub enum TaskStatusType {
    /// It is running.
    #[wire(name = "pending")]
    Pending,
    /// It ended well; the result is there.
    #[wire(name = "success")]
    Success,
    /// It failed; the error is there.
    #[wire(name = "failure")]
    Failure,
    /// It is being stopped. Kept for older clients; it does not occur.
    #[wire(name = "cancelling")]
    Cancelling,
    /// It was stopped before it was done.
    #[wire(name = "cancelled")]
    Cancelled,
}

/// Replaces the free keys and values. Keys with a role of their own may be kept by anybody and changed by
/// that role.
#[derive(Clone, Debug, Call)]
#[call(name = "task.set_other_config", role = ReadOnly, state = Prototyped)]
pub struct SetOtherConfig {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// The new keys and values.
    pub value: BTreeMap<String, String>,
}

/// Removes one key. A key that is not there is no error.
#[derive(Clone, Debug, Call)]
#[call(name = "task.remove_from_other_config", role = ReadOnly, state = Prototyped)]
pub struct RemoveFromOtherConfig {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// The key to remove.
    pub key: String,
}

/// Adds one key. Refused with MAP_DUPLICATE_KEY when it is there already.
#[derive(Clone, Debug, Call)]
#[call(name = "task.add_to_other_config", role = ReadOnly, state = Prototyped)]
pub struct AddToOtherConfig {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// The key to add.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Sets the error of a task that a client keeps.
#[derive(Clone, Debug, Call)]
#[call(name = "task.set_error_info", role = ReadOnly, sync)]
pub struct SetErrorInfo {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// The code, then its parameters.
    pub value: Vec<String>,
}

/// Sets the result of a task that a client keeps.
#[derive(Clone, Debug, Call)]
#[call(name = "task.set_result", role = ReadOnly, sync)]
pub struct SetResult {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// The result, as text.
    pub value: String,
}

/// Sets the progress of a task that a client keeps.
#[derive(Clone, Debug, Call)]
#[call(name = "task.set_progress", role = ReadOnly, sync)]
pub struct SetProgress {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// Share of the work that is done, 0 to 1.
    pub value: f64,
}

/// Sets the status of a task that a client keeps. Leaving `pending` ends it.
#[derive(Clone, Debug, Call)]
#[call(name = "task.set_status", role = ReadOnly, sync)]
pub struct SetStatus {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// The status from now on.
    pub value: TaskStatusType,
}

/// Asks for the work to be stopped. The work decides whether and when it can be; a task that was stopped has
/// the status `cancelled`. Refused with OPERATION_NOT_ALLOWED when it cannot be cancelled.
#[derive(Clone, Debug, Call)]
#[call(name = "task.cancel", role = ReadOnly)]
pub struct Cancel {
    /// The task to stop.
    pub task: Ref<Task>,
}

/// Removes a task. One that is still running is removed when it ends.
#[derive(Clone, Debug, Call)]
#[call(name = "task.destroy", role = ReadOnly, sync)]
pub struct Destroy {
    /// The task to remove.
    #[param(name = "self")]
    pub this: Ref<Task>,
}

/// Makes a task that the client keeps up to date itself: its status, progress and result.
#[derive(Clone, Debug, Call)]
#[call(name = "task.create", out = Ref<Task>, role = ReadOnly, sync)]
pub struct Create {
    /// What to call it.
    pub label: String,
    /// What to note about it.
    pub description: String,
}
