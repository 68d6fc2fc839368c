//! Who is at the other end.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use xapi_model::Position;

/// What a slave says of itself when it opens a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// UUID of the pool that it belongs to; may be empty when it joins.
    pub pool: String,
    /// Its own UUID.
    pub host: String,
    /// The pool does not know it yet: it may ask one question, to be admitted.
    pub joining: bool,
    /// How far its copy of the objects is; none without one.
    pub position: Option<Position>,
    /// The version of its program, for people.
    pub version: String,
    /// It is no slave, but says that it is the master.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads: Option<Leads>,
}

/// What a master says of itself to a host that is not linked to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leads {
    /// Its term.
    pub term: u64,
    /// Where it is found.
    pub addresses: Vec<String>,
}

/// What a master says to a slave that it lets in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// UUID of the pool.
    pub pool: String,
    /// UUID of the master's host.
    pub host: String,
    /// Its term.
    pub term: u64,
}

/// The other end of a line.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// UUID of its host.
    pub host: String,
    /// Where it is, for people: address and port.
    pub address: String,
    /// The address of this end, if the line goes over a network.
    pub here: Option<IpAddr>,
    /// SHA-256 of its certificate, in lower-case hexadecimal digits.
    pub fingerprint: String,
    /// What it said, if it is a slave.
    pub hello: Option<Hello>,
    /// What it said, if it is the master.
    pub welcome: Option<Welcome>,
}
