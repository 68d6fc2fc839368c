//! How the lab's processes ask each other for things: one JSON line each way over a unix socket.
//!
//! Two kinds of process listen: a host's keeper (outside the host, switches it on) and its init (process 1
//! inside, runs the services). Only root can reach either socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::{Doing, Failure, Result};

/// Longer than any line either side sends.
const LONGEST_LINE: u64 = 64 * 1024;

/// What may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Of the keeper: answer when the host is on, or cannot be.
    WaitUntilOn,
    /// Of the keeper: switch the host off and on again, cleanly if it still listens.
    Reboot,
    /// Of init: do something to a service.
    Service(Service, Action),
    /// Of init: end the host.
    Power(Power),
}

/// What init runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Service {
    /// The daemon.
    Xapi,
    /// Both Open vSwitch daemons.
    Openvswitch,
    /// Its database alone.
    OvsdbServer,
    /// Its switch alone.
    OvsVswitchd,
}

impl Service {
    /// The service of this name, as people write it.
    pub fn named(name: &str) -> Option<Service> {
        match name.strip_suffix(".service").unwrap_or(name) {
            "xapi" => Some(Service::Xapi),
            "openvswitch" | "openvswitch-switch" => Some(Service::Openvswitch),
            "ovsdb-server" => Some(Service::OvsdbServer),
            "ovs-vswitchd" => Some(Service::OvsVswitchd),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Service::Xapi => "xapi",
            Service::Openvswitch => "openvswitch",
            Service::OvsdbServer => "ovsdb-server",
            Service::OvsVswitchd => "ovs-vswitchd",
        }
    }
}

/// What can be done to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Start it, and answer when it is ready.
    Start,
    /// Ask it to end, and answer when it has.
    Stop,
    /// SIGKILL, and answer when it has ended.
    Kill,
    /// Say whether it runs.
    Status,
}

/// How a host ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Power {
    /// Stop the daemon, then start again from nothing but the disk and the NICs.
    Reboot,
    /// The same without asking the daemon.
    RebootNow,
    /// Stop the daemon and stay off.
    Off,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether it was done; for a status, whether it runs.
    pub done: bool,
    /// The reason, or the state.
    pub text: String,
}

impl Reply {
    /// It was done, and there is nothing to say.
    pub fn done() -> Reply {
        Reply {
            done: true,
            text: String::new(),
        }
    }

    /// It was not done.
    pub fn refused(text: impl Into<String>) -> Reply {
        Reply {
            done: false,
            text: text.into(),
        }
    }
}

/// Connects and asks; the answer is read from the stream later with [`answer`].
pub fn ask(socket: &Path, request: Request) -> Result<UnixStream> {
    let mut stream =
        UnixStream::connect(socket).doing(|| format!("connecting to {}", socket.display()))?;
    write_line(&mut stream, &request)?;
    Ok(stream)
}

/// Reads the answer to a request, however long the other side has been given for it.
pub fn answer(stream: UnixStream) -> Result<Reply> {
    read_line(stream)?.ok_or_else(|| Failure::new("the host ended before it answered"))
}

/// Takes the next client of a listener and reads its request. A client that says nothing holds us up for a second
/// at most; one that speaks nonsense is hung up on.
pub fn next_request(listener: &UnixListener) -> Result<Option<(UnixStream, Request)>> {
    let (stream, _) = listener
        .accept()
        .doing(|| "accepting a control connection")?;
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .doing(|| "preparing a control connection")?;
    stream
        .set_write_timeout(Some(Duration::from_secs(1)))
        .doing(|| "preparing a control connection")?;
    let reading = stream
        .try_clone()
        .doing(|| "preparing a control connection")?;
    Ok(read_line(reading)?.map(|request| (stream, request)))
}

/// Answers a request. A client that has gone needs no answer.
pub fn reply(stream: &mut UnixStream, reply: &Reply) {
    if let Err(why) = write_line(stream, reply) {
        eprintln!("xapi-lab: a client left before its answer: {}", why.chain());
    }
}

fn write_line(stream: &mut UnixStream, value: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(value).doing(|| "writing JSON")?;
    line.push(b'\n');
    stream
        .write_all(&line)
        .doing(|| "writing to a control socket")
}

fn read_line<T: serde::de::DeserializeOwned>(stream: UnixStream) -> Result<Option<T>> {
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST_LINE))
        .read_line(&mut line)
        .doing(|| "reading from a control socket")?;
    if line.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(&line)
        .map(Some)
        .doing(|| "reading JSON from a control socket")
}
