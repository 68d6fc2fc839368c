//! The thin-CLI protocol: frames, and whole conversations with a client that says anything.

use std::io::{Read, Write};

use xapi_cli::thin::{self, Patience, frame};
use xapi_model::{ApiError, Value, errors};

/// Frames one after the other. What can be read is written the same way.
pub(super) fn frames(bytes: &[u8]) {
    let greeted = frame::decode_greeting(bytes);
    assert!(greeted.is_err() || bytes.starts_with(b"XenSource thin CLI protocol"));
    let mut rest = bytes;
    while let Ok(Some((message, length))) = frame::decode(rest) {
        let again = frame::encode(&message).expect("what was read can be written");
        assert_eq!(again, rest[..length], "{message:?}");
        rest = &rest[length..];
    }
}

/// The command line of a client up to `NEXT`, and behind it all that he sends.
pub(super) fn conversation(bytes: &[u8]) {
    let next = bytes.windows(4).position(|four| four == b"NEXT");
    let (arguments, sent) = match next {
        Some(at) => (&bytes[..at], &bytes[at + 4..]),
        None => (bytes, &bytes[..0]),
    };
    let mut client = Client {
        sends: [&frame::greeting()[..], sent].concat(),
        told: Vec::new(),
    };
    let mut call = |_: &[(String, String)], name: &str, _: Vec<Value>| -> Result<Value, ApiError> {
        match name {
            "session.login_with_password" | "session.slave_local_login_with_password" => {
                Ok(Value::from("OpaqueRef:session"))
            }
            "session.logout" | "session.local_logout" => Ok(Value::Nil),
            other => Err(errors::not_implemented(other)),
        }
    };
    // A client that says something else than was asked, or nothing, is an error and no more.
    let served = thin::serve(&mut client, arguments, &mut call, Patience::default());
    assert!(client.told.starts_with(&frame::greeting()));
    if let Ok(served) = served {
        assert!(served.command.len() <= 64, "{}", served.command);
    }
}

/// Sends what it has, then leaves; takes everything.
struct Client {
    sends: Vec<u8>,
    told: Vec<u8>,
}

impl Read for Client {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let length = buf.len().min(self.sends.len());
        buf[..length].copy_from_slice(&self.sends[..length]);
        self.sends.drain(..length);
        Ok(length)
    }
}

impl Write for Client {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.told.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
