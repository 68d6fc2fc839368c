//! What a command line needs from outside: calls to a server, and somewhere to write.

use xapi_model::{ApiError, Value};

/// Why a call gave no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RpcError {
    /// The server refused or failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// There was no answer, or none that could be understood. The text says what happened.
    #[error("{0}")]
    Lost(String),
}

/// What a session is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything; on a pool member the master answers.
    Pool,
    /// Calls that this host answers by itself, also in emergency mode.
    Host,
}

/// Calls to a server, in one session.
pub trait Rpc {
    /// Opens the session that the calls after it use.
    fn login(&mut self, user: &str, password: &str, scope: Scope) -> Result<(), RpcError>;

    /// Calls a message with the parameters after the session.
    fn call(&mut self, message: &str, params: Vec<Value>) -> Result<Value, RpcError>;

    /// Ends the session.
    fn logout(&mut self) -> Result<(), RpcError>;
}

/// Where the output goes.
pub trait Output {
    /// Writes to standard output, followed by an end of line.
    fn print(&mut self, text: &str);

    /// Writes to standard error, exactly as given.
    fn eprint(&mut self, text: &str);
}
