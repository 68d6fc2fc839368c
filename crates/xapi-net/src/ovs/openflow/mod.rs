//! A client of a bridge's management socket: which ports it has, which rules, and other rules in one go.
//!
//! It speaks OpenFlow 1.4, for its bundles: all rules of a change come into force at once, or none. Every conversation
//! has a connection of its own, so that a restart of ovs-vswitchd is of no account; what comes is bounded in size and
//! time. This module must not know what rules are for. Start with [`Switch`].

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Instant;

use thiserror::Error;

use self::message::{
    BARRIER_REPLY, BARRIER_REQUEST, BUNDLE_CONTROL, Bundle, ECHO_REPLY, ECHO_REQUEST, ERROR,
    HEADER, HELLO, Header, MULTIPART_REPLY, Multipart,
};
pub use self::rule::{Field, Output, Rule};
use super::jsonrpc::open_stream;

mod message;
mod rule;

/// The most octets that one answer may have, in all its parts: a hundred times the rules of a thousand guests.
const ANSWER_LIMIT: usize = 64 << 20;

/// Why a bridge could not be asked or told.
#[derive(Debug, Error)]
pub enum FlowError {
    /// Nobody listens there: ovs-vswitchd doesn't run, or has no such bridge.
    #[error("cannot connect to {}", path.display())]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The connection broke; whether the last change had an effect is unknown.
    #[error("the connection to the bridge broke")]
    Broken(#[source] io::Error),
    /// No answer in time.
    #[error("the bridge did not answer in time")]
    TimedOut,
    /// What came is no OpenFlow 1.4.
    #[error("the bridge broke the protocol: {0}")]
    Protocol(String),
    /// The bridge understood, and said no; nothing was changed.
    #[error("the bridge refused (OpenFlow error {kind}, {code})")]
    Refused {
        /// The type of the error, as in OpenFlow 1.4.
        kind: u16,
        /// The code within the type.
        code: u16,
    },
}

fn odd(what: impl Into<String>) -> FlowError {
    FlowError::Protocol(what.into())
}

/// A conversation with one bridge.
#[derive(Debug)]
pub struct Switch {
    stream: UnixStream,
    deadline: Instant,
    last_xid: u32,
}

impl Switch {
    /// Connects to a bridge of the ovs-vswitchd that keeps its sockets in `run_dir`. All that is asked must be answered
    /// until `deadline`.
    pub fn open(run_dir: &Path, bridge: &str, deadline: Instant) -> Result<Switch, FlowError> {
        let path = run_dir.join(format!("{bridge}.mgmt"));
        let stream =
            open_stream(&path).map_err(|source| FlowError::Unreachable { path, source })?;
        let mut switch = Switch {
            stream,
            deadline,
            last_xid: 0,
        };
        switch.greet()?;
        Ok(switch)
    }

    /// The numbers of the ports by their names, as the bridge has them at this moment.
    pub fn ports(&mut self) -> Result<BTreeMap<String, u32>, FlowError> {
        let parts = self.multipart(Multipart::Ports)?;
        let mut ports = BTreeMap::new();
        for part in parts {
            message::read_ports(&part, &mut ports).map_err(odd)?;
        }
        Ok(ports)
    }

    /// All rules. Those that ovs-vswitchd keeps to itself are not shown.
    pub fn rules(&mut self) -> Result<Vec<Rule>, FlowError> {
        let parts = self.multipart(Multipart::Rules)?;
        let mut rules = Vec::new();
        for part in parts {
            message::read_rules(&part, &mut rules).map_err(odd)?;
        }
        Ok(rules)
    }

    /// Takes away every rule with one of these cookies and adds others, all at the same moment. After an error nothing
    /// has changed, unless the connection broke or the time was up: then it is not known.
    pub fn replace(&mut self, cookies: &[u64], rules: &[Rule]) -> Result<(), FlowError> {
        let xid = self.next_xid();
        let mut bytes = message::bundle_control(xid, Bundle::Open);
        for cookie in cookies {
            bytes.extend(message::in_bundle(xid, &message::delete(xid, *cookie)));
        }
        for rule in rules {
            bytes.extend(message::in_bundle(xid, &message::add(xid, rule)));
        }
        // A rule that is refused is left out of the bundle, and the rest would come into force without it. So it is only
        // committed when all have been taken; the end of the conversation is the end of the bundle.
        bytes.extend(message::whole(BARRIER_REQUEST, xid, &[]));
        self.send(&bytes)?;
        self.answer(xid, BARRIER_REPLY)?;
        self.send(&message::bundle_control(xid, Bundle::Commit))?;
        loop {
            let body = self.answer(xid, BUNDLE_CONTROL)?;
            match message::bundle_reply(&body).map_err(odd)? {
                Bundle::Opened => {}
                Bundle::Committed => return Ok(()),
                other => return Err(odd(format!("a bundle that is {other:?}"))),
            }
        }
    }

    /// Each side says which versions it speaks.
    fn greet(&mut self) -> Result<(), FlowError> {
        let xid = self.next_xid();
        self.send(&message::hello(xid))?;
        let (header, body) = self.receive()?;
        match header.kind {
            HELLO if message::speaks_our_version(&header, &body) => Ok(()),
            HELLO => Err(odd("it does not speak OpenFlow 1.4")),
            kind => Err(odd(format!("a message {kind} in place of a greeting"))),
        }
    }

    /// Asks, and gives all parts of the answer.
    fn multipart(&mut self, what: Multipart) -> Result<Vec<Vec<u8>>, FlowError> {
        let xid = self.next_xid();
        self.send(&message::multipart(xid, what))?;
        let mut parts = Vec::new();
        let mut size = 0;
        loop {
            let body = self.answer(xid, MULTIPART_REPLY)?;
            size += body.len();
            if size > ANSWER_LIMIT {
                return Err(odd(format!("an answer of more than {ANSWER_LIMIT} octets")));
            }
            let (part, more) = message::part(what, body).map_err(odd)?;
            parts.push(part);
            if !more {
                return Ok(parts);
            }
        }
    }

    /// The next answer to a request. What the bridge says by itself is passed over.
    fn answer(&mut self, xid: u32, kind: u8) -> Result<Vec<u8>, FlowError> {
        loop {
            let (header, body) = self.receive()?;
            match header.kind {
                ECHO_REQUEST => {
                    let echo = message::whole(ECHO_REPLY, header.xid, &body);
                    self.send(&echo)?;
                }
                ERROR if header.xid == xid => {
                    let (kind, code) = message::error(&body).map_err(odd)?;
                    return Err(FlowError::Refused { kind, code });
                }
                _ if header.xid == xid && header.kind == kind => return Ok(body),
                _ => {}
            }
        }
    }

    fn receive(&mut self) -> Result<(Header, Vec<u8>), FlowError> {
        let mut bytes = [0; HEADER];
        self.read(&mut bytes)?;
        let header = Header::read(&bytes);
        let Some(len) = usize::from(header.length).checked_sub(HEADER) else {
            return Err(odd("a message shorter than its header"));
        };
        let mut body = vec![0; len];
        self.read(&mut body)?;
        Ok((header, body))
    }

    fn read(&mut self, mut into: &mut [u8]) -> Result<(), FlowError> {
        while !into.is_empty() {
            self.stream
                .set_read_timeout(Some(self.left()?))
                .map_err(FlowError::Broken)?;
            match self.stream.read(into) {
                Ok(0) => return Err(FlowError::Broken(io::ErrorKind::UnexpectedEof.into())),
                Ok(len) => into = &mut into[len..],
                Err(why) => passing(why)?,
            }
        }
        Ok(())
    }

    fn send(&mut self, mut bytes: &[u8]) -> Result<(), FlowError> {
        while !bytes.is_empty() {
            self.stream
                .set_write_timeout(Some(self.left()?))
                .map_err(FlowError::Broken)?;
            match self.stream.write(bytes) {
                Ok(len) => bytes = &bytes[len..],
                Err(why) => passing(why)?,
            }
        }
        Ok(())
    }

    fn left(&self) -> Result<std::time::Duration, FlowError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match left.is_zero() {
            false => Ok(left),
            true => Err(FlowError::TimedOut),
        }
    }

    fn next_xid(&mut self) -> u32 {
        self.last_xid += 1;
        self.last_xid
    }
}

/// Whether one may go on after an error of the socket.
fn passing(why: io::Error) -> Result<(), FlowError> {
    match why.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Err(FlowError::TimedOut),
        _ => Err(FlowError::Broken(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::thread;
    use std::time::Duration;

    /// A bridge that greets, and then says the same whatever it is asked. Gives what the client makes of it.
    fn asked_of(
        greeting: Vec<u8>,
        says: Vec<u8>,
        within: Duration,
    ) -> Result<Vec<Rule>, FlowError> {
        let run = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(run.path().join("br.mgmt")).unwrap();
        thread::scope(|scope| {
            scope.spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                stream.write_all(&greeting).unwrap();
                let mut request = [0; 16 + 56];
                if stream.read_exact(&mut request).is_ok() {
                    stream.write_all(&says).unwrap();
                    // Until the client has had enough.
                    drop(stream.read(&mut [0]));
                }
            });
            let deadline = Instant::now() + within;
            Switch::open(run.path(), "br", deadline).and_then(|mut switch| switch.rules())
        })
    }

    const LONG: Duration = Duration::from_secs(10);

    #[test]
    fn a_bridge_without_the_version_is_named_and_not_spoken_to() {
        let old = vec![4, HELLO, 0, 16, 0, 0, 0, 1, 0, 1, 0, 8, 0, 0, 0, 0x12];
        let error = asked_of(old, Vec::new(), LONG).unwrap_err();
        assert!(error.to_string().contains("OpenFlow 1.4"), "{error}");
    }

    #[test]
    fn an_error_is_told_with_its_numbers() {
        let error = message::whole(ERROR, 2, &[0, 5, 0, 3, 9, 9]);
        let error = asked_of(message::hello(1), error, LONG).unwrap_err();
        let is_it = matches!(error, FlowError::Refused { kind: 5, code: 3 });
        assert!(is_it, "{error}");
    }

    #[test]
    fn a_bridge_that_says_nothing_costs_no_more_than_the_time_given() {
        let error = asked_of(message::hello(1), Vec::new(), Duration::from_millis(50));
        assert!(matches!(error, Err(FlowError::TimedOut)), "{error:?}");
    }

    #[test]
    fn what_is_no_answer_is_an_error_and_not_a_guess() {
        for odd in [
            vec![5, MULTIPART_REPLY, 0, 3, 0, 0, 0, 2],
            message::whole(MULTIPART_REPLY, 2, &[0, 1]),
            message::whole(MULTIPART_REPLY, 2, &[0, 13, 0, 0, 0, 0, 0, 0]),
            message::whole(MULTIPART_REPLY, 2, &[0, 1, 0, 0, 0, 0, 0, 0, 0, 9]),
        ] {
            let error = asked_of(message::hello(1), odd.clone(), LONG);
            assert!(
                matches!(error, Err(FlowError::Protocol(_))),
                "{odd:?}: {error:?}"
            );
        }
    }

    /// A bridge that takes a bundle, refuses the rule in it with an error of its own, or none, and is asked to commit or
    /// not. Gives what the client makes of it and whether it asked.
    fn bundle(refuses: bool) -> (Result<(), FlowError>, bool) {
        let run = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(run.path().join("br.mgmt")).unwrap();
        let rule = Rule {
            cookie: 7,
            priority: 1,
            fields: vec![Field::InPort(1)],
            output: Output::Drop,
        };
        thread::scope(|scope| {
            let bridge = scope.spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                stream.write_all(&message::hello(1)).unwrap();
                let mut committed = false;
                let mut head = [0; HEADER];
                while stream.read_exact(&mut head).is_ok() {
                    let header = Header::read(&head);
                    let mut body = vec![0; usize::from(header.length) - HEADER];
                    stream.read_exact(&mut body).unwrap();
                    let says = match (header.kind, body.get(4..6)) {
                        (BUNDLE_CONTROL, Some([0, 0])) => {
                            message::bundle_control(header.xid, Bundle::Opened)
                        }
                        (BUNDLE_CONTROL, _) => {
                            committed = true;
                            message::bundle_control(header.xid, Bundle::Committed)
                        }
                        (BARRIER_REQUEST, _) => message::whole(BARRIER_REPLY, header.xid, &[]),
                        (34, _) if refuses => message::whole(ERROR, header.xid, &[0, 5, 0, 1]),
                        _ => Vec::new(),
                    };
                    // Whoever has heard enough does not listen.
                    if stream.write_all(&says).is_err() {
                        break;
                    }
                }
                committed
            });
            let deadline = Instant::now() + LONG;
            let mut switch = Switch::open(run.path(), "br", deadline).unwrap();
            let done = switch.replace(&[], &[rule]);
            drop(switch);
            (done, bridge.join().unwrap())
        })
    }

    #[test]
    fn a_bundle_of_which_a_rule_was_refused_is_not_committed() {
        let (done, committed) = bundle(false);
        assert!(done.is_ok() && committed, "{done:?}");
        let (done, committed) = bundle(true);
        let is_it = matches!(done, Err(FlowError::Refused { kind: 5, code: 1 }));
        assert!(is_it && !committed, "{done:?}, committed: {committed}");
    }

    #[test]
    fn without_a_bridge_there_is_nobody_to_ask() {
        let run = tempfile::tempdir().unwrap();
        let error = Switch::open(run.path(), "br", Instant::now() + LONG).unwrap_err();
        assert!(matches!(error, FlowError::Unreachable { .. }), "{error}");
    }
}
