//! What is said between the two sides once the request is read, and how long one waits for the other.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use super::frame::{self, Blob, Command, FrameError, GREETING_LENGTH, Message, Response};
use crate::rpc::{LARGEST_FILE, NotFetched, Output};

/// Whatever a client sends in a frame is a few integers.
const LONGEST_ANSWER: usize = 64;
/// Of what a user types, this much is read.
const LONGEST_LINE: usize = 64 * 1024;
/// Bytes that are read at once.
const PIECE: usize = 16 * 1024;

/// How long the client may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For its greeting.
    pub greeting: Duration,
    /// For each answer and each piece of a file, and until each frame is taken; a client that is busy says so every
    /// five minutes.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            greeting: Duration::from_secs(60),
            answer: Duration::from_secs(900),
        }
    }
}

/// Why the conversation ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The client went away.
    #[error("the client went away")]
    Gone(#[from] io::Error),
    /// The client took too long.
    #[error("the client took too long")]
    Slow,
    /// The client said what is no part of the protocol.
    #[error("the client does not speak the protocol: {0}")]
    Garbage(#[from] FrameError),
    /// The client said something else than was asked.
    #[error("the client answered with something else than was asked")]
    Unasked,
    /// The client sends a file that is too large.
    #[error("the client sends more than {LARGEST_FILE} bytes")]
    TooLarge,
}

/// A stream between a server and its client.
pub struct Conversation<'s, S: ?Sized> {
    stream: &'s mut S,
    /// Bytes that came and were not used yet.
    ahead: Vec<u8>,
    patience: Patience,
    /// Why nothing more is said, once that is so.
    lost: Option<Lost>,
}

impl<'s, S: Read + Write + ?Sized> Conversation<'s, S> {
    /// Nothing was said yet.
    pub fn new(stream: &'s mut S, patience: Patience) -> Self {
        Conversation {
            stream,
            ahead: Vec::new(),
            patience,
            lost: None,
        }
    }

    /// Waits for the greeting.
    pub fn greeting(&mut self) -> Result<Vec<u8>, Lost> {
        let until = Instant::now() + self.patience.greeting;
        self.take(GREETING_LENGTH, until)
    }

    /// Writes bytes as they are. A client that takes one now and then does not stretch the time.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        let until = Instant::now() + self.patience.answer;
        let mut left = bytes;
        while !left.is_empty() {
            match self.stream.write(left) {
                Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero).into()),
                Ok(length) => left = &left[length..],
                Err(why) => passing(why)?,
            }
            if !left.is_empty() && Instant::now() >= until {
                return Err(Lost::Slow);
            }
        }
        Ok(self.stream.flush()?)
    }

    /// Says the last word and tells whether everything before it went well.
    pub fn end(mut self, status: i32) -> Result<(), Lost> {
        self.tell(Command::Exit(status));
        self.lost.map_or(Ok(()), Err)
    }

    fn take(&mut self, length: usize, until: Instant) -> Result<Vec<u8>, Lost> {
        while self.ahead.len() < length {
            self.more(until)?;
        }
        let rest = self.ahead.split_off(length);
        Ok(std::mem::replace(&mut self.ahead, rest))
    }

    /// Waits for bytes; one now and then does not stretch the time.
    fn more(&mut self, until: Instant) -> Result<(), Lost> {
        let mut piece = [0; PIECE];
        loop {
            if Instant::now() >= until {
                return Err(Lost::Slow);
            }
            match self.stream.read(&mut piece) {
                Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
                Ok(length) => {
                    self.ahead.extend_from_slice(&piece[..length]);
                    return Ok(());
                }
                Err(why) => passing(why)?,
            }
        }
    }

    fn send(&mut self, command: Command) -> Result<(), Lost> {
        let bytes = frame::encode(&Message::Command(command))?;
        self.write(&bytes)
    }

    /// Sends a command, unless nobody listens any more: the command line is carried out to its end all the same.
    fn tell(&mut self, command: Command) {
        if self.lost.is_none()
            && let Err(why) = self.send(command)
        {
            self.lost = Some(why);
        }
    }

    /// Sends a command and does what follows; a conversation that is lost in it stays so.
    fn exchange<T>(
        &mut self,
        command: Command,
        follow: impl FnOnce(&mut Self) -> Result<T, Lost>,
    ) -> Result<T, String> {
        if let Some(lost) = &self.lost {
            return Err(lost.to_string());
        }
        let outcome = self.send(command).and_then(|()| follow(self));
        outcome.map_err(|why| self.lost.insert(why).to_string())
    }

    /// The next frame that is no sign of life.
    fn hear(&mut self) -> Result<Message, Lost> {
        loop {
            let until = Instant::now() + self.patience.answer;
            let message = loop {
                match frame::decode_up_to(&self.ahead, LONGEST_ANSWER)? {
                    Some((message, length)) => {
                        self.ahead.drain(..length);
                        break message;
                    }
                    None => self.more(until)?,
                }
            };
            if message != Message::Response(Response::Wait) {
                return Ok(message);
            }
        }
    }

    /// Whether the client did what it was told.
    fn done(&mut self) -> Result<bool, Lost> {
        match self.hear()? {
            Message::Response(Response::Ok) => Ok(true),
            Message::Response(Response::Failed) => Ok(false),
            _ => Err(Lost::Unasked),
        }
    }

    /// Pieces up to the end of what is sent.
    fn blob(&mut self, most: usize) -> Result<Vec<u8>, Lost> {
        let mut whole = Vec::new();
        loop {
            match self.hear()? {
                Message::Blob(Blob::End) => return Ok(whole),
                Message::Blob(Blob::Chunk(length)) => {
                    let length = usize::try_from(length).unwrap_or(usize::MAX);
                    if length > most - whole.len() {
                        return Err(Lost::TooLarge);
                    }
                    // Room is made for what has come, not for what was told.
                    let mut left = length;
                    while left > 0 {
                        let until = Instant::now() + self.patience.answer;
                        let piece = self.take(left.min(PIECE), until)?;
                        left -= piece.len();
                        whole.extend_from_slice(&piece);
                    }
                }
                _ => return Err(Lost::Unasked),
            }
        }
    }
}

/// The stream's own time-outs are only occasions to look at the clock.
fn passing(why: io::Error) -> Result<(), Lost> {
    match why.kind() {
        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => Ok(()),
        _ => Err(why.into()),
    }
}

impl<S: Read + Write + ?Sized> Output for Conversation<'_, S> {
    fn print(&mut self, text: &str) {
        self.tell(Command::Print(text.to_owned()));
    }

    fn eprint(&mut self, text: &str) {
        if !text.is_empty() {
            self.tell(Command::PrintStderr(text.to_owned()));
        }
    }

    fn error(&mut self, code: &str, params: &[String]) {
        self.tell(Command::Error {
            code: code.to_owned(),
            params: params.to_vec(),
        });
    }

    fn load(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let sent = self.exchange(Command::Load(path.to_owned()), |it| {
            if it.done()? {
                it.blob(LARGEST_FILE).map(Some)
            } else {
                Ok(None)
            }
        });
        sent?.ok_or_else(|| "the client cannot read it".to_owned())
    }

    fn ask(&mut self) -> Result<String, String> {
        let line = self.exchange(Command::Prompt, |it| it.blob(LONGEST_LINE))?;
        String::from_utf8(line).map_err(|_| "what was typed is no text".to_owned())
    }

    fn download(&mut self, path: &str, target: &str) -> Result<(), NotFetched> {
        let get = Command::HttpGet {
            file: path.to_owned(),
            url: target.to_owned(),
        };
        match self.exchange(get, Self::done) {
            Ok(true) => Ok(()),
            Ok(false) => Err(NotFetched::Untold),
            Err(why) => Err(NotFetched::File(why)),
        }
    }

    /// Nothing can be asked of a client that waits; but a note that only a debugging client shows does not reach one
    /// that has gone.
    fn is_heard(&mut self) -> bool {
        self.tell(Command::Debug(String::new()));
        self.lost.is_none()
    }
}
