//! Just enough of HTTP/1.1: one POST, one answer, a connection that is kept.

use std::io::{self, ErrorKind, Read, Write};

use crate::error::Failure;
use crate::stream::Stream;

/// Bytes of the status line and the headers of an answer.
const LONGEST_HEAD: usize = 16 * 1024;
/// Bytes that are read at once.
const PIECE: usize = 16 * 1024;
/// Informational answers before the answer proper.
const MOST_INTERIM: usize = 8;

/// A connection between two exchanges.
pub(crate) struct Connection {
    stream: Stream,
    /// Bytes that came and were not used yet.
    ahead: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Whether the connection may be used again.
    pub(crate) kept: bool,
}

/// How the end of a body is known.
#[derive(Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunks,
    UntilClosed,
}

struct Head {
    status: u16,
    framing: Framing,
    kept: bool,
}

impl Connection {
    pub(crate) fn new(stream: Stream) -> Connection {
        Connection {
            stream,
            ahead: Vec::new(),
        }
    }

    pub(crate) fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Whether a new exchange may begin here.
    pub(crate) fn is_fresh(&self) -> bool {
        self.ahead.is_empty() && self.stream.is_fresh()
    }

    /// Sends a body and waits for the answer, whose body has at most `limit` bytes.
    pub(crate) fn post(
        &mut self,
        host: &str,
        agent: &str,
        headers: &[(String, String)],
        body: &str,
        limit: usize,
    ) -> Result<Answer, Failure> {
        let carried = |text: &str| text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        let headers = headers
            .iter()
            .filter(|(name, value)| carried(name) && carried(value));
        let headers: String = headers
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nContent-Type: text/xml\r\n\
             {headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let sent = self
            .stream
            .write_all(request.as_bytes())
            .and_then(|()| self.stream.flush());
        if let Err(why) = sent {
            // A server that refuses a body may say so before it has read it.
            return match self.answer(limit) {
                Ok(mut answer) => {
                    answer.kept = false;
                    Ok(answer)
                }
                Err(_) => Err(Failure::Send(why)),
            };
        }
        self.answer(limit)
    }

    /// Asks for what is under a path and writes it, at most `limit` bytes, as it comes. Gives the status; what comes
    /// with another than 200 is not written. The connection is of no use afterwards.
    pub(crate) fn get(
        &mut self,
        host: &str,
        agent: &str,
        target: &str,
        into: &mut dyn Write,
        limit: u64,
    ) -> Result<Result<u16, io::Error>, Failure> {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n"
        );
        let sent = self.stream.write_all(request.as_bytes());
        sent.map_err(Failure::Send)?;
        let head = self.head()?;
        if head.status != 200 {
            return Ok(Ok(head.status));
        }
        let mut left = match head.framing {
            Framing::Length(length) => length as u64,
            Framing::UntilClosed => limit,
            Framing::Chunks => {
                return Err(Failure::Answer("chunks, which nobody asked for".to_owned()));
            }
        };
        if left > limit {
            return Err(Failure::Answer(format!("more than {limit} bytes")));
        }
        let to_the_end = head.framing == Framing::UntilClosed;
        loop {
            let here = usize::try_from(left).unwrap_or(usize::MAX);
            let rest = self.ahead.split_off(here.min(self.ahead.len()));
            let piece = std::mem::replace(&mut self.ahead, rest);
            left -= piece.len() as u64;
            if let Err(why) = into.write_all(&piece) {
                return Ok(Err(why));
            }
            if !self.ahead.is_empty() {
                return Err(Failure::Answer(format!("more than {limit} bytes")));
            }
            if left == 0 && !to_the_end {
                return Ok(into.flush().map(|()| head.status));
            }
            if !self.more()? {
                if to_the_end {
                    return Ok(into.flush().map(|()| head.status));
                }
                self.need_more()?;
            }
        }
    }

    fn answer(&mut self, limit: usize) -> Result<Answer, Failure> {
        let mut head = self.head()?;
        let mut interim = 0;
        while head.status < 200 {
            interim += 1;
            if interim > MOST_INTERIM {
                return Err(Failure::Answer("too many informational answers".to_owned()));
            }
            head = self.head()?;
        }
        let body = match head.framing {
            Framing::Length(length) if length > limit => return Err(too_long(limit)),
            Framing::Length(length) => self.take(length)?,
            Framing::Chunks => self.chunks(limit)?,
            Framing::UntilClosed => {
                while self.more()? {
                    if self.ahead.len() > limit {
                        return Err(too_long(limit));
                    }
                }
                std::mem::take(&mut self.ahead)
            }
        };
        Ok(Answer {
            status: head.status,
            body,
            kept: head.kept,
        })
    }

    fn head(&mut self) -> Result<Head, Failure> {
        let mut looked = 0;
        loop {
            let from = looked.min(self.ahead.len());
            if let Some(at) = self.ahead[from..]
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            {
                let rest = self.ahead.split_off(from + at + 4);
                let head = std::mem::replace(&mut self.ahead, rest);
                return parse(&head).map_err(|why| Failure::Answer(why.to_owned()));
            }
            if self.ahead.len() > LONGEST_HEAD {
                return Err(Failure::Answer(
                    "the head of the answer is too long".to_owned(),
                ));
            }
            looked = self.ahead.len().saturating_sub(3);
            self.need_more()?;
        }
    }

    fn chunks(&mut self, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16)
                .map_err(|_| Failure::Answer("a chunk without a size".to_owned()))?;
            if size == 0 {
                // Trailers, up to an empty line.
                while !self.line()?.is_empty() {}
                return Ok(body);
            }
            if size > limit - body.len() {
                return Err(too_long(limit));
            }
            body.extend_from_slice(&self.take(size)?);
            if !self.line()?.is_empty() {
                return Err(Failure::Answer(
                    "a chunk of another size than told".to_owned(),
                ));
            }
        }
    }

    fn line(&mut self) -> Result<String, Failure> {
        loop {
            if let Some(at) = self.ahead.windows(2).position(|two| two == b"\r\n") {
                let rest = self.ahead.split_off(at + 2);
                let mut line = std::mem::replace(&mut self.ahead, rest);
                line.truncate(at);
                return String::from_utf8(line)
                    .map_err(|_| Failure::Answer("a line that is no text".to_owned()));
            }
            if self.ahead.len() > LONGEST_HEAD {
                return Err(Failure::Answer("a line that is too long".to_owned()));
            }
            self.need_more()?;
        }
    }

    /// The next bytes, so many.
    fn take(&mut self, length: usize) -> Result<Vec<u8>, Failure> {
        while self.ahead.len() < length {
            self.need_more()?;
        }
        let rest = self.ahead.split_off(length);
        Ok(std::mem::replace(&mut self.ahead, rest))
    }

    fn need_more(&mut self) -> Result<(), Failure> {
        if self.more()? {
            return Ok(());
        }
        let why = "the connection was closed before the answer was complete";
        Err(Failure::Receive(io::Error::new(
            ErrorKind::UnexpectedEof,
            why,
        )))
    }

    /// Waits for bytes; false at the end of the connection.
    fn more(&mut self) -> Result<bool, Failure> {
        let mut piece = [0; PIECE];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return Ok(false),
                Ok(length) => {
                    self.ahead.extend_from_slice(&piece[..length]);
                    return Ok(true);
                }
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(Failure::Receive(why)),
            }
        }
    }
}

fn too_long(limit: usize) -> Failure {
    Failure::Answer(format!("the answer is longer than {limit} bytes"))
}

/// Reads the status line and the headers that matter.
fn parse(head: &[u8]) -> Result<Head, &'static str> {
    let head = std::str::from_utf8(head).map_err(|_| "the head of the answer is no text")?;
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let newer = status_line.starts_with("HTTP/1.1 ");
    if !newer && !status_line.starts_with("HTTP/1.0 ") {
        return Err("the answer is no HTTP/1");
    }
    let status = status_line
        .get(9..12)
        .and_then(|status| status.parse().ok());
    let status: u16 = status.ok_or("an answer without a status")?;
    let mut length = None;
    let mut chunks = false;
    let mut kept = newer;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or("a header without a name")?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            let told: usize = value.parse().map_err(|_| "a length that is no number")?;
            if length.is_some_and(|before| before != told) {
                return Err("two lengths");
            }
            length = Some(told);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case("chunked") {
                return Err("an encoding of the body that nobody asked for");
            }
            chunks = true;
        } else if name.eq_ignore_ascii_case("connection") {
            for word in value.split(',').map(str::trim) {
                if word.eq_ignore_ascii_case("close") {
                    kept = false;
                } else if word.eq_ignore_ascii_case("keep-alive") {
                    kept = true;
                }
            }
        }
    }
    let framing = match (chunks, length) {
        _ if status < 200 || status == 204 || status == 304 => Framing::Length(0),
        (true, _) => Framing::Chunks,
        (false, Some(length)) => Framing::Length(length),
        (false, None) => Framing::UntilClosed,
    };
    let kept = kept && framing != Framing::UntilClosed;
    Ok(Head {
        status,
        framing,
        kept,
    })
}
