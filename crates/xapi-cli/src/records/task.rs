//! Tasks and messages.

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
        ro("allowed_operations"),
        ro("current_operations"),
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
