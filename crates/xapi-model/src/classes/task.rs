//! Class `task`.

use std::collections::BTreeMap;

use super::*;

/// Task.
#[derive(Clone, Debug, Class)]
#[class(name = "task", role = PoolAdmin, volatile, calls(SetOtherConfig, RemoveFromOtherConfig, AddToOtherConfig, SetErrorInfo, SetResult, SetProgress, SetStatus, Cancel, Destroy, Create))]
pub struct Task {
    /// Unique identifier of the task. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(DynamicRO, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(DynamicRO, default = String::new())]
    pub name_description: String,
    /// What may be asked of the task in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<TaskAllowedOperations>,
    /// What is being done to the task right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, TaskAllowedOperations>,
    /// Created.
    #[field(DynamicRO)]
    pub created: DateTime,
    /// Finished.
    #[field(DynamicRO)]
    pub finished: DateTime,
    /// Status.
    #[field(DynamicRO)]
    pub status: TaskStatusType,
    /// Resident on.
    #[field(DynamicRO)]
    pub resident_on: Ref<Host>,
    /// Progress.
    #[field(DynamicRO)]
    pub progress: f64,
    /// Type.
    #[field(DynamicRO, name = "type")]
    pub kind: String,
    /// Result.
    #[field(DynamicRO)]
    pub result: String,
    /// Error info.
    #[field(DynamicRO)]
    pub error_info: Vec<String>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(DynamicRO, default = BTreeMap::new(), keys = [("applies_to", VmOperator), ("XenCenterUUID", VmOperator), ("XenCenterMeddlingActionTitle", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// Subtask of.
    #[field(DynamicRO, default = Ref::null())]
    pub subtask_of: Ref<Task>,
    /// Subtasks.
    #[field(DynamicRO, view = Task::SUBTASK_OF)]
    pub subtasks: Many<Task>,
    /// Backtrace.
    #[field(DynamicRO, default = "()".to_owned())]
    pub backtrace: String,
    /// The session that made the task.
    #[field(Internal)]
    pub session: Ref<Session>,
}

/// Task allowed operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "task_allowed_operations")]
pub enum TaskAllowedOperations {
    /// Cancel.
    #[wire(name = "cancel")]
    Cancel,
    /// Destroy.
    #[wire(name = "destroy")]
    Destroy,
}

/// Task status type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "task_status_type")]
pub enum TaskStatusType {
    /// Pending.
    #[wire(name = "pending")]
    Pending,
    /// Success.
    #[wire(name = "success")]
    Success,
    /// Failure.
    #[wire(name = "failure")]
    Failure,
    /// Cancelling.
    #[wire(name = "cancelling")]
    Cancelling,
    /// Cancelled.
    #[wire(name = "cancelled")]
    Cancelled,
}

/// Set other config of task.
#[derive(Clone, Debug, Call)]
#[call(name = "task.set_other_config", role = ReadOnly, state = Prototyped)]
pub struct SetOtherConfig {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Remove from other config of task.
#[derive(Clone, Debug, Call)]
#[call(name = "task.remove_from_other_config", role = ReadOnly, state = Prototyped)]
pub struct RemoveFromOtherConfig {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// Key.
    pub key: String,
}

/// Add to other config of task.
#[derive(Clone, Debug, Call)]
#[call(name = "task.add_to_other_config", role = ReadOnly, state = Prototyped)]
pub struct AddToOtherConfig {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Set error info of task.
#[derive(Clone, Debug, Call)]
#[call(name = "task.set_error_info", role = ReadOnly, sync)]
pub struct SetErrorInfo {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// Value.
    pub value: Vec<String>,
}

/// Set result of task.
#[derive(Clone, Debug, Call)]
#[call(name = "task.set_result", role = ReadOnly, sync)]
pub struct SetResult {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// Value.
    pub value: String,
}

/// Set progress of task.
#[derive(Clone, Debug, Call)]
#[call(name = "task.set_progress", role = ReadOnly, sync)]
pub struct SetProgress {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// Value.
    pub value: f64,
}

/// Set status of task.
#[derive(Clone, Debug, Call)]
#[call(name = "task.set_status", role = ReadOnly, sync)]
pub struct SetStatus {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
    /// Value.
    pub value: TaskStatusType,
}

/// Cancel of task.
#[derive(Clone, Debug, Call)]
#[call(name = "task.cancel", role = ReadOnly)]
pub struct Cancel {
    /// The task.
    pub task: Ref<Task>,
}

/// Destroy of task.
#[derive(Clone, Debug, Call)]
#[call(name = "task.destroy", role = ReadOnly, sync)]
pub struct Destroy {
    /// The task.
    #[param(name = "self")]
    pub this: Ref<Task>,
}

/// Create of task.
#[derive(Clone, Debug, Call)]
#[call(name = "task.create", out = Ref<Task>, role = ReadOnly, sync)]
pub struct Create {
    /// Label.
    pub label: String,
    /// Description.
    pub description: String,
}
