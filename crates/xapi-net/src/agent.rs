//! What the upper layer may ask of a host's network. The agent of this host, the one of a simulated host, and later the
//! one at the other end of a connection are the same to it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::facts::Facts;
use crate::firmware::Card;
use crate::names::Name;
use crate::planned::PlannedStep;
use crate::topology::Topology;

/// A host's network, seen from above. One change at a time: a second caller waits.
pub trait Agent: Send + Sync {
    /// Makes the host look like the topology. With [`Mode::Whole`] it is as asked afterwards, or as it was before.
    fn converge(&self, request: Request) -> Result<Outcome, NetError>;

    /// The steps [`Agent::converge`] would do now, in their order.
    fn plan(&self, request: Request) -> Result<Vec<PlannedStep>, NetError>;

    /// What is so now.
    fn facts(&self) -> Result<Facts, NetError>;

    /// The host's NICs in the order and with the names that its firmware gives them; empty where that is not known.
    fn firmware(&self) -> Result<Vec<Card>, NetError> {
        Ok(Vec::new())
    }

    /// Takes a NIC, and the names of `bridges`, from whoever holds them and is not ours, and switches that off; what is ours
    /// stays. Tells in sentences what was done. For a reset alone: any other change is refused what is not ours.
    fn seize(&self, _nic: &Name, _bridges: &BTreeSet<Name>) -> Result<Vec<String>, NetError> {
        Ok(Vec::new())
    }

    /// What a device has sent and received since it was made; `None` where nobody counts. Waits for no change.
    fn counters(&self, _device: &Name) -> Option<Counters> {
        None
    }

    /// Which probes are answered from outside within the time; returns as soon as all are. Waits for no change.
    fn answered(
        &self,
        probes: &BTreeSet<Probe>,
        within: Duration,
    ) -> Result<BTreeSet<Probe>, NetError>;

    /// The name that the host calls itself by.
    fn hostname(&self) -> Result<String, NetError>;

    /// Gives the host another name, now and for its next boot. The name must be a valid one. On failure the old name
    /// stays.
    fn set_hostname(&self, name: &str) -> Result<(), NetError>;

    /// Has a listener told of what happens by itself. It is called on the agent's thread: it must be quick, and must not
    /// call the agent.
    fn subscribe(&self, listener: Listener);
}

/// A question to somebody outside whose answer proves that the host can be reached and can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Probe {
    /// A router on one of the host's own networks: it resolves its address.
    Router(IpAddr),
    /// A name server: it answers a query, whatever it answers.
    NameServer(IpAddr),
    /// Anybody: it answers an echo request.
    Host(IpAddr),
}

impl fmt::Display for Probe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Probe::Router(address) => write!(out, "the router {address}"),
            Probe::NameServer(address) => write!(out, "the name server {address}"),
            Probe::Host(address) => write!(out, "{address}"),
        }
    }
}

/// What the kernel counts of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Octets received.
    pub received_bytes: u64,
    /// Octets sent.
    pub sent_bytes: u64,
    /// Packets received.
    pub received_packets: u64,
    /// Packets sent.
    pub sent_packets: u64,
    /// Packets received with an error.
    pub received_errors: u64,
    /// Packets that could not be sent.
    pub sent_errors: u64,
}

/// Whoever wants to know what happens to the network.
pub type Listener = Box<dyn Fn(NetEvent) + Send>;

/// A wanted topology.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What the host shall look like. Leases may be left out: the agent knows them.
    pub topology: Topology,
    /// What to do about that which can't be.
    pub mode: Mode,
    /// How long it may take, waiting for leases included; see [`Request::in_all`].
    pub within: Duration,
}

/// How much longer a change may take for each bridge and each guest's NIC. Open vSwitch takes them one after the other: a
/// bond under 800 VLANs and 1,000 NICs took it 25 ms for each.
const FOR_EACH: Duration = Duration::from_millis(50);

/// How long a change of a host to this may take in all, that of a small one being `within`: a large host is not one that
/// hangs.
pub fn in_all(within: Duration, topology: &Topology) -> Duration {
    let objects = topology.bridges.len() + topology.vifs.len();
    let objects = u32::try_from(objects).unwrap_or(u32::MAX);
    within.saturating_add(FOR_EACH.saturating_mul(objects))
}

impl Request {
    /// All or nothing, within the minute that callers of XAPI are used to.
    pub fn whole(topology: Topology) -> Request {
        Request {
            topology,
            mode: Mode::Whole,
            within: Duration::from_secs(60),
        }
    }

    /// How long it may take in all. Leases are waited for no longer than [`Request::within`], however large the host is.
    pub fn in_all(&self) -> Duration {
        in_all(self.within, &self.topology)
    }

    /// All that can be, within a minute.
    pub fn what_can(topology: Topology) -> Request {
        Request {
            mode: Mode::WhatCan,
            ..Request::whole(topology)
        }
    }
}

/// What to do about that which can't be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// It is an error, and all is as before.
    Whole,
    /// It is left out with all that stands on it, and reported. Management comes first.
    WhatCan,
}

/// What came of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What is so now.
    pub facts: Facts,
    /// What could not be, with [`Mode::WhatCan`].
    pub left_out: Vec<LeftOut>,
    /// Where management is, if with [`Mode::WhatCan`] it could not be had as it was asked for.
    #[serde(default)]
    pub alone: Option<ManagementAlone>,
    /// NICs of guests that were asked for and of which the host has no end: guests come and go by themselves. Each is put
    /// in place when it comes.
    #[serde(default)]
    pub absent: BTreeSet<Name>,
    /// How many steps were done; none if all was so already.
    pub steps: usize,
}

/// Management where it needs nothing but one NIC, since the bond or the VLAN that it should be on could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagementAlone {
    /// The bridge that has the addresses.
    pub bridge: Name,
    /// The only NIC under it.
    pub nic: Name,
    /// Why it could not be as it was asked for.
    pub why: String,
}

/// Something that could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What failed.
    pub part: Part,
    /// The bridges that stand on it and are not there now.
    pub bridges: Vec<Name>,
    /// The reason.
    pub why: String,
}

/// A part of the host's network that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Part {
    /// A NIC, of the host or of a guest.
    Nic(Name),
    /// A bridge or a VLAN, with its addresses.
    Bridge(Name),
    /// Nothing in particular: the backend, /etc/resolv.conf.
    Host,
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Nic(name) => write!(out, "NIC {name}"),
            Part::Bridge(name) => write!(out, "bridge {name}"),
            Part::Host => out.write_str("host"),
        }
    }
}

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{part}: {why}{undo}")]
pub struct NetError {
    /// What it is about.
    pub part: Part,
    /// The kind of failure, for programs.
    pub cause: Cause,
    /// The reason, for people.
    pub why: String,
    /// Whether the host is as it was before.
    pub undo: Undo,
}

impl NetError {
    /// A failure before the first step.
    pub fn before(part: Part, cause: Cause, why: impl Into<String>) -> NetError {
        NetError {
            part,
            cause,
            why: why.into(),
            undo: Undo::NotNeeded,
        }
    }
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The topology contradicts itself.
    Invalid,
    /// Something that is not ours has the name, the NIC or the place.
    Clash,
    /// A NIC isn't there.
    Missing,
    /// The kernel or Open vSwitch said no.
    Refused,
    /// No DHCP server gave a lease in time.
    NoLease,
    /// It took too long.
    TimedOut,
    /// Open vSwitch or the kernel could not be talked to.
    Unreachable,
    /// The agent has stopped.
    Stopped,
}

/// What became of the steps done before a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Undo {
    /// There were none.
    NotNeeded,
    /// They are undone.
    Done,
    /// They could not be undone; the host is neither as before nor as asked.
    Failed(String),
}

impl fmt::Display for Undo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Undo::NotNeeded | Undo::Done => Ok(()),
            Undo::Failed(why) => write!(out, " (and it could not be undone: {why})"),
        }
    }
}

/// Something that happened by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetEvent {
    /// A NIC's other end came or went.
    Carrier {
        /// The NIC.
        nic: Name,
        /// Whether it is there now.
        up: bool,
    },
    /// A NIC came, went or changed its name or address.
    NicsChanged,
    /// Addresses or routes of a bridge changed, not by us.
    AddressChanged {
        /// The bridge.
        bridge: Name,
    },
    /// Members of a bond were enabled or disabled.
    BondChanged {
        /// The bond.
        bond: Name,
        /// How many members are enabled.
        links_up: usize,
        /// Of how many.
        members: usize,
    },
    /// ovs-vswitchd or ovsdb-server was started again.
    BackendRestarted,
    /// A lease was got, renewed with other content, or lost.
    LeaseChanged {
        /// The bridge.
        bridge: Name,
    },
    /// The agent converged by itself, after something came, went or restarted.
    Converged {
        /// What could not be.
        left_out: Vec<LeftOut>,
    },
    /// The host has diverged, and the agent, of which nothing was asked before, has nothing to go back to: whoever stands
    /// above is to ask.
    NothingAsked,
    /// The host is neither as asked nor as before.
    Diverged {
        /// The reason.
        why: String,
    },
}
