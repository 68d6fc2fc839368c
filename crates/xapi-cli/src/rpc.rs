//! What a command line needs from outside: calls to a server, and a user.

use std::time::Duration;

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

    /// Has every later call ask for this, as entries of its task's `other_config`: how careful a change is to be.
    fn careful(&mut self, wishes: &[(String, String)]);

    /// Ends the session.
    fn logout(&mut self) -> Result<(), RpcError>;

    /// The reference of the session, for what the server hands out beside calls. Nothing when there is none to tell.
    fn session(&self) -> Option<&str> {
        None
    }
}

/// The user's side: where the output goes, and the files and answers that some commands need.
///
/// Whatever has only somewhere to write refuses the rest, which the command then tells.
pub trait Output {
    /// Writes to standard output, followed by an end of line.
    fn print(&mut self, text: &str);

    /// Writes to standard error, exactly as given.
    fn eprint(&mut self, text: &str);

    /// Tells of an error that there is no sentence for.
    fn error(&mut self, code: &str, params: &[String]) {
        let params = params.join(", ");
        self.eprint(&format!("Error code: {code}\nError parameters: {params}\n"));
    }

    /// Reads a file of the user, at most [`LARGEST_FILE`] bytes. The error says why not.
    fn load(&mut self, _path: &str) -> Result<Vec<u8>, String> {
        Err("no files can be read here".to_owned())
    }

    /// Waits for a line from the user. The error says why there is none.
    fn ask(&mut self) -> Result<String, String> {
        Err("nobody can be asked here".to_owned())
    }

    /// Fetches what the server has under a path with its query, into a new file of the user. No file name means
    /// standard output.
    fn download(&mut self, _path: &str, _target: &str) -> Result<(), NotFetched> {
        Err(NotFetched::File("no files can be written here".to_owned()))
    }

    /// Whether the user is still there. Commands that wait for long ask now and then.
    fn is_heard(&mut self) -> bool {
        true
    }

    /// Shows how far a long call is; nothing where nobody looks.
    fn watcher(&mut self) -> Option<&mut dyn Watcher> {
        None
    }
}

/// Why something that the server hands out is not in the user's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFetched {
    /// The server has nothing under that path.
    Absent,
    /// The server cannot be reached, refuses it, or breaks off; the text says which.
    Server(String),
    /// The file cannot be written; the text says why.
    File(String),
    /// Somebody else was to fetch it, and only says that he could not.
    Untold,
}

/// The most bytes of a file that a command reads; XAPI's limit.
pub const LARGEST_FILE: usize = 32 * 1024 * 1024;

/// Somebody who looks at a long call.
pub trait Watcher {
    /// The call has begun.
    fn begin(&mut self, name: &str);

    /// How far it is, from 0 to 1; called often, whether or not there is news.
    fn show(&mut self, progress: f64);

    /// Whether the user wants it to stop. Asked once after each [`show`](Watcher::show), and true once.
    fn wants_to_stop(&mut self) -> bool;

    /// Tells something beside it: a line for people.
    fn tell(&mut self, text: &str);

    /// Passes some time, where the server has no events to wait for; the user's wish to stop may cut it short.
    fn pause(&mut self, time: Duration);

    /// The call is over.
    fn end(&mut self);
}
