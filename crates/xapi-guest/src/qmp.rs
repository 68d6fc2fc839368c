//! A client of QMP, QEMU's language of control: lines of JSON over a socket. Commands have ids and wait for their
//! answers, with a time-out; events go to whoever reads.
//!
//! The connection has two halves. [`Qmp`] sends, from any thread; [`Reader`] reads, on the one thread that minds the
//! guest, and hands answers to those who wait. A line that is too long or makes no sense ends the connection: what
//! follows it can't be told apart.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, IoSlice, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use serde_json::{Value, json};

/// The longest line that is read, in octets. QEMU's longest answers to what is asked here have a few thousand.
pub const MAX_LINE: usize = 1 << 20;
/// How many events may come before somebody reads them.
const MAX_EARLY: usize = 1024;
/// How many commands may wait for answers at once.
const MAX_WAITING: usize = 64;
/// How long the other side may take to take a command off the socket.
const SEND_WITHIN: Duration = Duration::from_secs(5);

/// Why a command has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QmpError {
    /// The socket failed.
    #[error("the control socket: {0}")]
    Io(Arc<io::Error>),
    /// The other side has closed the connection, or it was ended.
    #[error("the control connection is closed")]
    Closed,
    /// The other side sent a line of more than [`MAX_LINE`] octets.
    #[error("a line of more than {MAX_LINE} octets came over the control socket")]
    TooLong,
    /// The other side sent a line that is no QMP.
    #[error("not QMP: {0}")]
    Nonsense(String),
    /// No greeting, or no answer, in time. A command may be carried out yet.
    #[error("no answer to {0} in time")]
    TimedOut(String),
    /// Too many commands wait for answers.
    #[error("more than {MAX_WAITING} commands wait for answers")]
    Busy,
    /// The command was refused.
    #[error("{command}: {said}")]
    Refused {
        /// The command.
        command: String,
        /// QMP's class of errors: GenericError, DeviceNotFound.
        class: String,
        /// What was said about it.
        said: String,
    },
}

impl From<io::Error> for QmpError {
    fn from(error: io::Error) -> QmpError {
        QmpError::Io(Arc::new(error))
    }
}

impl QmpError {
    /// Whether the command was refused because there is no such device.
    pub fn is_missing(&self) -> bool {
        matches!(self, QmpError::Refused { class, .. } if class == "DeviceNotFound")
    }

    /// Whether the command was refused, and nothing is wrong with the connection.
    pub fn is_refusal(&self) -> bool {
        matches!(self, QmpError::Refused { .. })
    }
}

/// Something that happened by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct QmpEvent {
    /// What: DEVICE_DELETED, MIGRATION.
    pub name: String,
    /// More about it; null if there is nothing.
    pub data: Value,
}

impl QmpEvent {
    /// A text in the event's data.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.data.get(key).and_then(Value::as_str)
    }
}

/// What is done with an answer.
type Answered = Box<dyn FnOnce(Result<Value, QmpError>) + Send>;

/// The half that sends.
pub struct Qmp {
    stream: UnixStream,
    /// Held while one command is written, so that commands don't mix.
    writing: Mutex<()>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    last_id: u64,
    /// The command and what is done with its answer, by id.
    commands: BTreeMap<u64, (String, Answered)>,
    is_over: bool,
}

/// The half that reads.
pub struct Reader {
    qmp: Arc<Qmp>,
    lines: BufReader<UnixStream>,
    /// Events that came while an answer was waited for.
    early: Vec<QmpEvent>,
}

impl Qmp {
    /// A connection that has ended.
    pub(crate) fn ended() -> io::Result<Arc<Qmp>> {
        let (stream, _) = UnixStream::pair()?;
        let waiting = Waiting {
            is_over: true,
            ..Waiting::default()
        };
        Ok(Arc::new(Qmp {
            stream,
            writing: Mutex::new(()),
            waiting: Mutex::new(waiting),
        }))
    }

    /// Connects to a socket, and has the greeting and the capabilities behind it within the time.
    pub fn connect(path: &Path, within: Duration) -> Result<(Arc<Qmp>, Reader), QmpError> {
        let until = Instant::now() + within;
        let stream = UnixStream::connect(path)?;
        stream.set_write_timeout(Some(SEND_WITHIN))?;
        let lines = BufReader::new(stream.try_clone()?);
        let qmp = Arc::new(Qmp {
            stream,
            writing: Mutex::new(()),
            waiting: Mutex::default(),
        });
        let mut reader = Reader {
            qmp: qmp.clone(),
            lines,
            early: Vec::new(),
        };
        let greeting = reader.line_until(until, "the greeting")?;
        if greeting.get("QMP").is_none() {
            return Err(nonsense(&greeting));
        }
        let left = until.saturating_duration_since(Instant::now());
        reader.ask("qmp_capabilities", json!({}), left)?;
        Ok((qmp, reader))
    }

    /// Has a command carried out and waits for the answer so long.
    pub fn execute(
        &self,
        command: &str,
        arguments: Value,
        within: Duration,
    ) -> Result<Value, QmpError> {
        self.execute_with(command, arguments, None, within)
    }

    /// The same, with a file given along.
    pub fn execute_with(
        &self,
        command: &str,
        arguments: Value,
        file: Option<BorrowedFd<'_>>,
        within: Duration,
    ) -> Result<Value, QmpError> {
        let (tell, told) = sync_channel(1);
        let id = self.begin(command, arguments, file, answer_to(tell))?;
        match told.recv_timeout(within) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => {
                // The answer, if it comes, is nobody's.
                self.waiting().commands.remove(&id);
                Err(QmpError::TimedOut(command.to_owned()))
            }
            Err(RecvTimeoutError::Disconnected) => Err(QmpError::Closed),
        }
    }

    /// Has a command carried out and goes on; `answered` is called with the answer on the thread that reads, so it
    /// must not wait for another one.
    pub fn send(
        &self,
        command: &str,
        arguments: Value,
        answered: Answered,
    ) -> Result<(), QmpError> {
        self.begin(command, arguments, None, answered).map(|_| ())
    }

    fn begin(
        &self,
        command: &str,
        arguments: Value,
        file: Option<BorrowedFd<'_>>,
        answered: Answered,
    ) -> Result<u64, QmpError> {
        let id = {
            let mut waiting = self.waiting();
            if waiting.is_over {
                return Err(QmpError::Closed);
            }
            if waiting.commands.len() >= MAX_WAITING {
                return Err(QmpError::Busy);
            }
            waiting.last_id += 1;
            let id = waiting.last_id;
            waiting.commands.insert(id, (command.to_owned(), answered));
            id
        };
        let line = json!({"execute": command, "arguments": arguments, "id": id});
        if let Err(error) = self.write(&line, file) {
            self.waiting().commands.remove(&id);
            // Half a command may be out.
            self.end()?;
            return Err(error);
        }
        Ok(id)
    }

    /// Ends the connection; whoever waits is told, and the reader comes back.
    pub fn end(&self) -> Result<(), QmpError> {
        match self.stream.shutdown(Shutdown::Both) {
            Err(error) if error.kind() != io::ErrorKind::NotConnected => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn write(&self, line: &Value, file: Option<BorrowedFd<'_>>) -> Result<(), QmpError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = line.to_string().into_bytes();
        bytes.push(b'\n');
        let mut rest = &bytes[..];
        if let Some(file) = file {
            let files = [file.as_raw_fd()];
            let files = [ControlMessage::ScmRights(&files)];
            let flags = MsgFlags::MSG_NOSIGNAL;
            let to = self.stream.as_raw_fd();
            let sent = sendmsg::<()>(to, &[IoSlice::new(rest)], &files, flags, None);
            rest = &rest[sent.map_err(io::Error::from)?..];
        }
        (&self.stream).write_all(rest)?;
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer_to(tell: SyncSender<Result<Value, QmpError>>) -> Answered {
    Box::new(move |answer| {
        // Whoever asked may have given up in this very moment.
        if tell.send(answer).is_err() {
            tracing::debug!("an answer came too late");
        }
    })
}

impl Reader {
    /// Has a command carried out before anybody reads, and waits for the answer so long.
    pub fn ask(
        &mut self,
        command: &str,
        arguments: Value,
        within: Duration,
    ) -> Result<Value, QmpError> {
        let until = Instant::now() + within;
        let id = {
            let mut waiting = self.qmp.waiting();
            waiting.last_id += 1;
            waiting.last_id
        };
        let line = json!({"execute": command, "arguments": arguments, "id": id});
        self.qmp.write(&line, None)?;
        let answer = loop {
            let line = self.line_until(until, command)?;
            if let Some(event) = event(&line) {
                if self.early.len() == MAX_EARLY {
                    return Err(QmpError::Nonsense("too many events".to_owned()));
                }
                self.early.push(event);
                continue;
            }
            let (of, answer) = answer(line)?;
            // Another one's is late: who asked has given up.
            if of == id {
                break answer;
            }
        };
        self.lines.get_ref().set_read_timeout(None)?;
        answer.map_err(|refused| refused.to(command))
    }

    /// Reads until the connection ends and says why it did. Events are handed on in their order.
    pub fn run(mut self, mut seen: impl FnMut(QmpEvent)) -> QmpError {
        for event in std::mem::take(&mut self.early) {
            seen(event);
        }
        let why = loop {
            match self.line().and_then(|line| self.take(line, &mut seen)) {
                Ok(()) => {}
                Err(why) => break why,
            }
        };
        let commands = {
            let mut waiting = self.qmp.waiting();
            waiting.is_over = true;
            std::mem::take(&mut waiting.commands)
        };
        if let Err(error) = self.qmp.end() {
            tracing::debug!("ending a control connection: {error}");
        }
        for (_, answered) in commands.into_values() {
            answered(Err(why.clone()));
        }
        why
    }

    fn take(&self, line: Value, seen: &mut impl FnMut(QmpEvent)) -> Result<(), QmpError> {
        if let Some(event) = event(&line) {
            seen(event);
            return Ok(());
        }
        let (id, answer) = answer(line)?;
        let waiting = self.qmp.waiting().commands.remove(&id);
        // Whoever isn't there any more has given up.
        if let Some((command, answered)) = waiting {
            answered(answer.map_err(|refused| refused.to(&command)));
        }
        Ok(())
    }

    /// A line within a time, however slowly its octets come.
    fn line_until(&mut self, until: Instant, what: &str) -> Result<Value, QmpError> {
        self.read_line(Some(until)).map_err(|error| match error {
            // The kernel's word for a time-out of a socket.
            QmpError::Io(io) if io.kind() == io::ErrorKind::WouldBlock => {
                QmpError::TimedOut(what.to_owned())
            }
            error => error,
        })
    }

    fn line(&mut self) -> Result<Value, QmpError> {
        self.read_line(None)
    }

    fn read_line(&mut self, until: Option<Instant>) -> Result<Value, QmpError> {
        let mut bytes = Vec::new();
        loop {
            if let Some(until) = until {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(io::Error::from(io::ErrorKind::WouldBlock).into());
                }
                self.lines.get_ref().set_read_timeout(Some(left))?;
            }
            let come = match self.lines.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                come => come?,
            };
            if come.is_empty() {
                return Err(QmpError::Closed);
            }
            let end = come.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(come.len(), |at| at + 1);
            bytes.extend_from_slice(&come[..taken]);
            self.lines.consume(taken);
            match end {
                Some(_) => break,
                None if bytes.len() > MAX_LINE => return Err(QmpError::TooLong),
                None => {}
            }
        }
        if bytes.len() > MAX_LINE + 1 {
            return Err(QmpError::TooLong);
        }
        let value = serde_json::from_slice(&bytes);
        value.map_err(|error| QmpError::Nonsense(error.to_string()))
    }
}

fn event(line: &Value) -> Option<QmpEvent> {
    Some(QmpEvent {
        name: line.get("event")?.as_str()?.to_owned(),
        data: line.get("data").cloned().unwrap_or(Value::Null),
    })
}

/// What an answer says against a command.
struct Refused {
    class: String,
    said: String,
}

impl Refused {
    fn to(self, command: &str) -> QmpError {
        QmpError::Refused {
            command: command.to_owned(),
            class: self.class,
            said: self.said,
        }
    }
}

/// The id and the content of an answer. An answer without an id is one to a line that could not be read, and we send no
/// such lines.
fn answer(mut line: Value) -> Result<(u64, Result<Value, Refused>), QmpError> {
    let Some(id) = line.get("id").and_then(Value::as_u64) else {
        return Err(nonsense(&line));
    };
    if let Some(value) = line.get_mut("return") {
        return Ok((id, Ok(value.take())));
    }
    let Some(error) = line.get("error") else {
        return Err(nonsense(&line));
    };
    let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
    let refused = Refused {
        class: text("class").to_owned(),
        said: text("desc").to_owned(),
    };
    Ok((id, Err(refused)))
}

fn nonsense(line: &Value) -> QmpError {
    QmpError::Nonsense(line.to_string().chars().take(200).collect())
}
