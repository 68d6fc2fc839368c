//! The seam between the wire and the calls.

use xapi_model::{ApiError, Value};

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The local superuser over the unix socket: no password is asked.
    pub local_root: bool,
    /// The peer, for logs: an address, or the process behind a unix socket.
    pub peer: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Entries that the request asks to be set in its task's `other_config`.
    pub other_config: Vec<(String, String)>,
    /// The task that the request says it is a part of the work of.
    pub task_id: Option<String>,
    /// The task that the request says its own is a part of.
    pub subtask_of: Option<String>,
}

/// Carries calls out.
pub trait Handler: Send + Sync + 'static {
    /// Answers one call, with `name` as it came. May block for as long as the call takes; runs on a worker.
    fn call(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Value, ApiError>;

    /// Whether the call answers within microseconds and never waits for a lock that is held longer, the disk or the
    /// network. Such a call spares the two changes of thread that cost more than a read of a field.
    fn quick(&self, _name: &str) -> bool {
        false
    }
}
