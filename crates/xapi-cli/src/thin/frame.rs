//! The frames of the thin-CLI protocol, as bytes.
//!
//! All integers have four bytes, the lowest first. A text is its length and its bytes, a list its count and its items.
//! A frame is the length of what follows, and that begins with a tag. What comes from outside may be cut, too long or
//! nonsense; [`decode`] then says so and never trusts a length before the bytes are there.

/// What both sides say first, before their versions.
pub const GREETING: &[u8; 27] = b"XenSource thin CLI protocol";
/// Bytes of a whole greeting: the words and two integers.
pub const GREETING_LENGTH: usize = GREETING.len() + 8;
/// The version of the protocol; another one cannot be talked to.
pub const MAJOR: u32 = 0;
/// Since 2 a client that is busy with a file says so from time to time.
pub const MINOR: u32 = 2;

/// The longest frame that [`decode`] takes.
pub const LONGEST: usize = 16 * 1024 * 1024;

/// What the server tells the client to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print a text and an end of line.
    Print(String),
    /// Write a text to standard error as it is.
    PrintStderr(String),
    /// A note for whoever debugs the client.
    Debug(String),
    /// Send a file.
    Load(String),
    /// Fetch a URL into a file; without a name, to standard output.
    HttpGet {
        /// The file.
        file: String,
        /// A path on this server, or an `https` URL.
        url: String,
    },
    /// Send a file to a URL.
    HttpPut {
        /// The file.
        file: String,
        /// A path on this server, or an `https` URL.
        url: String,
    },
    /// Connect the terminal with a URL.
    HttpConnect(String),
    /// Read a line from the user and send it.
    Prompt,
    /// End with this status.
    Exit(i32),
    /// Tell of an error that has no sentence.
    Error {
        /// Its code.
        code: String,
        /// Its parameters.
        params: Vec<String>,
    },
}

/// What the client says to a command that needs an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// It is done, or begins.
    Ok,
    /// It cannot be done; the client has told why.
    Failed,
    /// It is going on.
    Wait,
}

/// Heads of the pieces of a file or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blob {
    /// So many bytes follow, without a frame.
    Chunk(u32),
    /// There are no more.
    End,
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// From the server.
    Command(Command),
    /// From the client.
    Response(Response),
    /// From whoever sends data.
    Blob(Blob),
}

/// Why bytes are no frame, or a message makes none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than anybody may send.
    #[error("a frame or text of {0} bytes is too long")]
    TooLong(u64),
    /// The frame ends within a value.
    #[error("a frame ends in the middle of a value")]
    Cut,
    /// Bytes are left behind the message.
    #[error("{0} bytes of a frame mean nothing")]
    Surplus(usize),
    /// A number that stands for no kind of frame.
    #[error("no {0} has the number {1}")]
    Tag(&'static str, u32),
    /// A text that is no UTF-8.
    #[error("a text is no UTF-8")]
    NotText,
    /// Other words than the greeting.
    #[error("the other side does not greet")]
    NoGreeting,
}

mod tag {
    pub const PRINT: u32 = 0;
    pub const LOAD: u32 = 1;
    pub const PROMPT: u32 = 3;
    pub const EXIT: u32 = 4;
    pub const OK: u32 = 5;
    pub const FAILED: u32 = 6;
    pub const CHUNK: u32 = 7;
    pub const END: u32 = 8;
    pub const COMMAND: u32 = 9;
    pub const RESPONSE: u32 = 10;
    pub const BLOB: u32 = 11;
    pub const HTTP_GET: u32 = 12;
    pub const HTTP_PUT: u32 = 13;
    pub const ERROR: u32 = 14;
    pub const DEBUG: u32 = 15;
    pub const PRINT_STDERR: u32 = 16;
    pub const HTTP_CONNECT: u32 = 17;
    pub const WAIT: u32 = 18;
}

/// A greeting with our version.
pub fn greeting() -> [u8; GREETING_LENGTH] {
    let mut bytes = [0; GREETING_LENGTH];
    let (words, versions) = bytes.split_at_mut(GREETING.len());
    words.copy_from_slice(GREETING);
    versions[..4].copy_from_slice(&MAJOR.to_le_bytes());
    versions[4..].copy_from_slice(&MINOR.to_le_bytes());
    bytes
}

/// The version, major and minor, of a greeting.
pub fn decode_greeting(bytes: &[u8]) -> Result<(u32, u32), FrameError> {
    let mut rest = match bytes.strip_prefix(GREETING) {
        Some(rest) => Cursor(rest),
        None => return Err(FrameError::NoGreeting),
    };
    Ok((rest.int()?, rest.int()?))
}

/// The bytes of a message, with its length before it.
pub fn encode(message: &Message) -> Result<Vec<u8>, FrameError> {
    let mut frame = Frame(vec![0; 4]);
    match message {
        Message::Command(command) => {
            frame.int(tag::COMMAND);
            frame.command(command)?;
        }
        Message::Response(response) => {
            frame.int(tag::RESPONSE);
            frame.int(match response {
                Response::Ok => tag::OK,
                Response::Failed => tag::FAILED,
                Response::Wait => tag::WAIT,
            });
        }
        Message::Blob(Blob::Chunk(length)) => {
            frame.int(tag::BLOB);
            frame.int(tag::CHUNK);
            frame.int(*length);
        }
        Message::Blob(Blob::End) => {
            frame.int(tag::BLOB);
            frame.int(tag::END);
        }
    }
    let length = length(frame.0.len() - 4)?;
    frame.0[..4].copy_from_slice(&length.to_le_bytes());
    Ok(frame.0)
}

/// Lengths are signed to other implementations, so half of what fits is the most.
fn length(bytes: usize) -> Result<u32, FrameError> {
    let fits = i32::try_from(bytes).ok();
    fits.and_then(|length| u32::try_from(length).ok())
        .ok_or(FrameError::TooLong(bytes as u64))
}

struct Frame(Vec<u8>);

impl Frame {
    fn int(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn text(&mut self, text: &str) -> Result<(), FrameError> {
        self.int(length(text.len())?);
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn tagged(&mut self, tag: u32, texts: &[&str]) -> Result<(), FrameError> {
        self.int(tag);
        texts.iter().try_for_each(|text| self.text(text))
    }

    fn command(&mut self, command: &Command) -> Result<(), FrameError> {
        match command {
            Command::Print(text) => self.tagged(tag::PRINT, &[text]),
            Command::PrintStderr(text) => self.tagged(tag::PRINT_STDERR, &[text]),
            Command::Debug(text) => self.tagged(tag::DEBUG, &[text]),
            Command::Load(file) => self.tagged(tag::LOAD, &[file]),
            Command::HttpGet { file, url } => self.tagged(tag::HTTP_GET, &[file, url]),
            Command::HttpPut { file, url } => self.tagged(tag::HTTP_PUT, &[file, url]),
            Command::HttpConnect(url) => self.tagged(tag::HTTP_CONNECT, &[url]),
            Command::Prompt => self.tagged(tag::PROMPT, &[]),
            Command::Exit(status) => {
                self.int(tag::EXIT);
                self.0.extend_from_slice(&status.to_le_bytes());
                Ok(())
            }
            Command::Error { code, params } => {
                self.tagged(tag::ERROR, &[code])?;
                self.int(length(params.len())?);
                params.iter().try_for_each(|param| self.text(param))
            }
        }
    }
}

/// The message at the beginning of the bytes and how many of them it takes. Nothing as long as it is not all there.
pub fn decode(bytes: &[u8]) -> Result<Option<(Message, usize)>, FrameError> {
    decode_up_to(bytes, LONGEST)
}

/// The same, with a bound on what follows the length.
pub fn decode_up_to(bytes: &[u8], longest: usize) -> Result<Option<(Message, usize)>, FrameError> {
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let told = u32::from_le_bytes(*head);
    let length = usize::try_from(told).unwrap_or(usize::MAX);
    if length > longest {
        return Err(FrameError::TooLong(told.into()));
    }
    let Some(payload) = rest.get(..length) else {
        return Ok(None);
    };
    let mut payload = Cursor(payload);
    let message = payload.message()?;
    if payload.0.is_empty() {
        Ok(Some((message, 4 + length)))
    } else {
        Err(FrameError::Surplus(payload.0.len()))
    }
}

/// What is left of a payload.
struct Cursor<'b>(&'b [u8]);

impl Cursor<'_> {
    fn int(&mut self) -> Result<u32, FrameError> {
        let (value, rest) = self.0.split_first_chunk::<4>().ok_or(FrameError::Cut)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*value))
    }

    fn signed(&mut self) -> Result<i32, FrameError> {
        Ok(i32::from_le_bytes(self.int()?.to_le_bytes()))
    }

    fn text(&mut self) -> Result<String, FrameError> {
        let length = usize::try_from(self.int()?).unwrap_or(usize::MAX);
        let (text, rest) = self.0.split_at_checked(length).ok_or(FrameError::Cut)?;
        self.0 = rest;
        let text = std::str::from_utf8(text).map_err(|_| FrameError::NotText)?;
        Ok(text.to_owned())
    }

    fn texts(&mut self) -> Result<Vec<String>, FrameError> {
        let count = usize::try_from(self.int()?).unwrap_or(usize::MAX);
        // Each takes its length at least, so no count makes room for more than there can be.
        if count > self.0.len() / 4 {
            return Err(FrameError::Cut);
        }
        (0..count).map(|_| self.text()).collect()
    }

    fn message(&mut self) -> Result<Message, FrameError> {
        match self.int()? {
            tag::COMMAND => self.command().map(Message::Command),
            tag::RESPONSE => match self.int()? {
                tag::OK => Ok(Message::Response(Response::Ok)),
                tag::FAILED => Ok(Message::Response(Response::Failed)),
                tag::WAIT => Ok(Message::Response(Response::Wait)),
                other => Err(FrameError::Tag("response", other)),
            },
            tag::BLOB => match self.int()? {
                tag::CHUNK => Ok(Message::Blob(Blob::Chunk(self.int()?))),
                tag::END => Ok(Message::Blob(Blob::End)),
                other => Err(FrameError::Tag("blob", other)),
            },
            other => Err(FrameError::Tag("message", other)),
        }
    }

    fn command(&mut self) -> Result<Command, FrameError> {
        Ok(match self.int()? {
            tag::PRINT => Command::Print(self.text()?),
            tag::PRINT_STDERR => Command::PrintStderr(self.text()?),
            tag::DEBUG => Command::Debug(self.text()?),
            tag::LOAD => Command::Load(self.text()?),
            tag::HTTP_GET => {
                let (file, url) = (self.text()?, self.text()?);
                Command::HttpGet { file, url }
            }
            tag::HTTP_PUT => {
                let (file, url) = (self.text()?, self.text()?);
                Command::HttpPut { file, url }
            }
            tag::HTTP_CONNECT => Command::HttpConnect(self.text()?),
            tag::PROMPT => Command::Prompt,
            tag::EXIT => Command::Exit(self.signed()?),
            tag::ERROR => {
                let (code, params) = (self.text()?, self.texts()?);
                Command::Error { code, params }
            }
            other => return Err(FrameError::Tag("command", other)),
        })
    }
}
