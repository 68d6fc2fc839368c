//! The request that opens a conversation: `POST /cli`, whose body is the words of a command line.

/// The most bytes of words; XAPI's limit.
pub const LARGEST_REQUEST: usize = 200 * 1024;

/// A request of which the head was read.
#[derive(Debug)]
pub struct Request {
    /// Bytes of the body.
    pub length: usize,
    /// Those that were read with the head already. Bytes behind the body belong to the conversation.
    pub beyond: Vec<u8>,
}

/// Why a request cannot be served. The client hears it as a page of HTTP, as the conversation has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The head does not tell the length of the body, or not as a number.
    #[error("the request does not tell the length of its body")]
    NoLength,
    /// The body is longer than [`LARGEST_REQUEST`].
    #[error("the request is longer than {LARGEST_REQUEST} bytes")]
    TooLong,
}

impl Request {
    /// A request by its head, as it was read: the request line, the headers and the empty line.
    pub fn of_head(head: &[u8], beyond: Vec<u8>) -> Result<Request, Unreadable> {
        let mut lines = head.split(|byte| *byte == b'\n');
        let length = lines.find_map(|line| {
            let line = std::str::from_utf8(line).ok()?;
            let (name, value) = line.split_once(':')?;
            name.trim()
                .eq_ignore_ascii_case("content-length")
                .then(|| value.trim().to_owned())
        });
        let length = length.ok_or(Unreadable::NoLength)?;
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Unreadable::NoLength);
        }
        match length.parse() {
            Ok(length) if length <= LARGEST_REQUEST => Ok(Request { length, beyond }),
            // Digits that make no number are too many of them.
            _ => Err(Unreadable::TooLong),
        }
    }

    /// The words of a body, and the session that is lent with them.
    pub(super) fn words(body: &str) -> (Option<String>, Vec<String>) {
        let lines = body.split('\n');
        let mut words: Vec<String> = lines
            .map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned())
            .collect();
        let first = words.first().map_or("", String::as_str);
        match first.strip_prefix("session_id=").map(str::to_owned) {
            Some(session) => {
                words.remove(0);
                (Some(session), words)
            }
            None => (None, words),
        }
    }
}

impl Unreadable {
    /// The answer of a server of HTTP.
    pub fn page(self) -> String {
        let status = match self {
            Unreadable::NoLength => "400 Bad Request",
            Unreadable::TooLong => "500 Internal Error",
        };
        let body = format!("<html><body><h1>HTTP {status}</h1>{self}</body></html>");
        format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n{body}",
            body.len()
        )
    }
}
