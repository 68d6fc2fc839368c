//! DHCP clients, for IPv4 (RFC 2131) and IPv6 (RFC 8415).
//!
//! A client only speaks the protocol and tells of its leases; it puts no address on any device and
//! writes no file. So a lease can move to another device with its address: stop the client there
//! (that sends nothing), start one here with the lease, which then asks the server to confirm it
//! (INIT-REBOOT, Confirm) instead of asking for any address.
//!
//! The protocols are state machines in [`machine4`] and [`machine6`]: pure, with time passed in.
//! Packets are in `message4`, `frame4` and `message6`, and trust nothing that comes in.
//! [`Client`] (in `client`) runs one machine on one device, on a thread of its own. [`lease`] has
//! what the agent keeps, and [`LeaseStore`] where.

pub mod client;
pub mod frame4;
pub mod lease;
pub mod machine4;
pub mod machine6;
mod message4;
mod message6;
mod port;
mod timing;

pub use client::Client;
pub use lease::{Lease, Lease4, Lease6, LeaseStore};
pub use machine4::Config4;
pub use machine6::Config6;
pub use timing::Now;

/// How a client begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin<L> {
    /// Without a lease: whatever the server gives.
    Fresh,
    /// With the lease that was had before, maybe on another device. The server is asked whether it
    /// still holds; until it answers, the lease counts as held for the rest of its time.
    With(L),
}

/// What became of a client's lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// There is a lease where there was none.
    Acquired(Lease),
    /// The server confirmed or prolonged the lease, and nothing but its times changed.
    Renewed(Lease),
    /// The server gave other terms: another address, router, name server, …
    Changed {
        /// The lease until now.
        from: Lease,
        /// The lease from now on.
        to: Lease,
    },
    /// Nobody answered the question whether the lease given at the start still holds. It's kept
    /// for the rest of its time, and the client goes on asking.
    Unconfirmed(Lease),
    /// The lease is gone: its address must not be used any more. The client begins anew.
    Lost {
        /// The lease that was.
        lease: Lease,
        /// Why it is gone.
        why: Loss,
    },
    /// Nobody answers, and there is no lease. Told once; the client goes on asking.
    Unanswered,
}

/// Why a lease was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nobody prolonged it in time.
    Expired,
    /// The server said no.
    Refused,
    /// Somebody else uses the address; the server was told so.
    Duplicate,
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Loss::Expired => "it expired and nobody prolonged it",
            Loss::Refused => "the server refused it",
            Loss::Duplicate => "somebody else uses the address",
        })
    }
}

/// What a machine wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are two at a time, for a moment"
)]
pub enum Output {
    /// Send a message of the protocol.
    Send {
        /// To whom.
        to: To,
        /// The message, without headers of lower layers.
        payload: Vec<u8>,
    },
    /// Tell what became of the lease.
    Tell(Event),
}

/// Whom a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Everybody on the link, from no address (IPv4).
    Everybody,
    /// One server, from the leased address (IPv4).
    Server {
        /// Our address.
        from: std::net::Ipv4Addr,
        /// The server's.
        to: std::net::Ipv4Addr,
    },
    /// All DHCP servers (IPv6).
    AllServers,
}

/// A protocol's state machine. It does nothing by itself: it's told what happened and when, and
/// answers what is to be done.
pub trait Machine: Send {
    /// Begins.
    fn start(&mut self, now: Now) -> Vec<Output>;
    /// A message came in.
    fn receive(&mut self, now: Now, payload: &[u8]) -> Vec<Output>;
    /// When `wake` must be called, counted like [`Now::up`]; none while nothing is due.
    fn deadline(&self) -> Option<std::time::Duration>;
    /// The time has come.
    fn wake(&mut self, now: Now) -> Vec<Output>;
    /// Ask now for what would be asked for later: to prolong the lease, or for one at all.
    fn renew(&mut self, now: Now) -> Vec<Output>;
    /// Give the lease back and do nothing more.
    fn release(&mut self, now: Now) -> Vec<Output>;
    /// Somebody else uses the address: tell the server, and begin anew after a while.
    fn decline(&mut self, now: Now) -> Vec<Output>;
    /// The lease that is held.
    fn lease(&self) -> Option<Lease>;
}
