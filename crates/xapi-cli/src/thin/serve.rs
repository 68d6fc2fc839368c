//! One request from its greeting to its end.

use std::io::{Read, Write};

use xapi_model::{ApiError, Value};

use super::conversation::{Conversation, Lost, Patience};
use super::frame::{self, FrameError, MAJOR};
use super::in_process::InProcess;
use super::request::words;
use crate::rpc::Output;

/// A call in this process: what it asks to be set in its task's `other_config`, the name, and all parameters as they would
/// come over the wire, the session first.
pub type Call<'f> =
    dyn FnMut(&[(String, String)], &str, Vec<Value>) -> Result<Value, ApiError> + 'f;

/// What a log may tell of a command that was carried out to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The command's name, at most 64 letters of it and none that is not printed. Its parameters may hold secrets and are told nowhere.
    pub command: String,
    /// The exit status that the client was told.
    pub status: i32,
}

/// Why there was no conversation, or why it broke off.
#[derive(Debug, thiserror::Error)]
pub enum ThinError {
    /// There is nobody to talk to, before a command was known.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The client speaks another version.
    #[error("the client speaks version {0} of the protocol")]
    Version(u32),
    /// The client was lost during a command, which was carried out to its end.
    #[error("in {command:?}: {lost}")]
    During {
        /// The command's name.
        command: String,
        /// What happened.
        lost: Lost,
    },
}

/// Serves one `POST /cli`, whose body is the `arguments` and to which nothing was answered yet, and leaves the stream to
/// be closed. The bound on the body is whoever's who read it.
///
/// The stream blocks. Its reads and writes should time out after some seconds, with `WouldBlock` or `TimedOut`, so that
/// the [`Patience`] is looked at. `call` knows where the request came from: on the socket of the local superuser a
/// login succeeds with any password, elsewhere it looks at it. Runs until the client was told the exit status, also
/// when the command waits for hours; a client that has gone ends such a wait.
pub fn serve<S: Read + Write + ?Sized>(
    stream: &mut S,
    arguments: &[u8],
    call: &mut Call<'_>,
    patience: Patience,
) -> Result<Served, ThinError> {
    let mut talk = Conversation::new(stream, patience);
    talk.write(&frame::greeting())?;
    let greeting = talk.greeting()?;
    let (major, _) = frame::decode_greeting(&greeting).map_err(Lost::from)?;
    if major != MAJOR {
        return Err(ThinError::Version(major));
    }
    let (command, status) = match std::str::from_utf8(arguments) {
        Ok(body) => {
            let (lent, words) = words(body);
            let mut rpc = InProcess::new(call, lent);
            let command = words.first().map_or("", String::as_str);
            let letters = command.chars().filter(char::is_ascii_graphic);
            let command = letters.take(64).collect();
            (command, crate::run(&words, &mut rpc, &mut talk))
        }
        Err(_) => {
            let why = FrameError::NotText;
            talk.eprint(&format!("Error: {why}\n"));
            (String::new(), 1)
        }
    };
    match talk.end(status) {
        Ok(()) => Ok(Served { command, status }),
        Err(lost) => Err(ThinError::During { command, lost }),
    }
}
