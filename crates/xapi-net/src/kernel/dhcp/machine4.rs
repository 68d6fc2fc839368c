//! The DHCPv4 client of RFC 2131, section 4.4, as a pure state machine.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::lease::{Lease, Lease4};
use super::message4::{Answer, Kind, Reply, Request, Terms, option};
use super::timing::{Dice, Now, Term, doubled};
use super::{Begin, Event, Loss, Machine, Output, To};
use crate::kernel::Mac;

/// T1 and T2 where the server leaves them to us, in thousandths of the lease.
const FRACTIONS: (u64, u64) = (500, 875);
/// The longest time between two attempts.
const SLOWEST: Duration = Duration::from_secs(64);
/// How often an offer is asked for before we look for another.
const REQUESTS: u32 = 4;
/// How often a server is asked whether our lease still holds: 1 + 2 + 4 s.
const CONFIRMATIONS: u32 = 3;
/// After how many attempts the silence is told.
const SILENCE: u32 = 4;
/// How long after a duplicate address was found (RFC 2131, section 3.1).
const AFTER_DUPLICATE: Duration = Duration::from_secs(10);

/// What a client is and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config4 {
    /// The device's MAC, by which the server knows us.
    pub mac: Mac,
    /// A client identifier, for servers that are to know us by something else.
    pub client_id: Option<Vec<u8>>,
    /// Our name, which the server may put into its DNS.
    pub host_name: Option<String>,
    /// Whether to ask for routers: on the device that has the host's default route.
    pub routers: bool,
    /// Whether to ask for name servers: on the device that the host's DNS comes from.
    pub dns: bool,
    /// The address that a client without a lease asks for first: the device has it already, from whoever asked before
    /// us. An offer of it would have to be waited for in vain, since a server pings what it offers.
    pub suggested: Option<Ipv4Addr>,
    /// Where chance begins. Two clients must not begin at the same place.
    pub seed: u64,
}

impl Config4 {
    fn wanted(&self) -> Vec<u8> {
        let mut wanted = vec![
            option::SUBNET_MASK,
            option::BROADCAST,
            option::TIME_OFFSET,
            option::HOST_NAME,
            option::NIS_DOMAIN,
            option::NIS_SERVERS,
            option::NTP,
            option::MTU,
        ];
        if self.routers {
            wanted.push(option::ROUTERS);
        }
        if self.dns {
            wanted.extend([option::DOMAIN, option::DNS]);
        }
        wanted
    }

    fn lease(&self, terms: Terms, server: Ipv4Addr, acquired: u64) -> Lease4 {
        // Servers send things that nobody asked for.
        let asked = |asked: bool, list: Vec<Ipv4Addr>| if asked { list } else { Vec::new() };
        Lease4 {
            mac: self.mac,
            client_id: self.client_id.clone(),
            address: terms.address,
            prefix: terms.prefix,
            broadcast: terms.broadcast,
            routers: asked(self.routers, terms.routers),
            dns: asked(self.dns, terms.dns),
            domains: if self.dns { terms.domains } else { Vec::new() },
            host_name: terms.host_name,
            ntp: terms.ntp,
            mtu: terms.mtu,
            time_offset: terms.time_offset,
            server,
            acquired,
            seconds: terms.seconds,
            t1: terms.t1,
            t2: terms.t2,
        }
    }
}

#[cfg(test)]
mod tests;

/// A DHCPv4 client.
#[derive(Debug)]
pub struct Machine4 {
    config: Config4,
    wanted: Vec<u8>,
    dice: Dice,
    state: State,
    held: Option<Held>,
    /// The number of the conversation, and when it began.
    xid: u32,
    since: Duration,
    /// How often in a row a server said no.
    refusals: u32,
}

#[derive(Debug, Clone)]
struct Held {
    lease: Lease4,
    /// None if it runs for ever.
    term: Option<Term>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// To begin anew at this time.
    Init { at: Duration },
    /// DISCOVER was sent.
    Selecting { tries: u32, at: Duration },
    /// REQUEST for an offer was sent.
    Requesting {
        address: Ipv4Addr,
        server: Ipv4Addr,
        tries: u32,
        at: Duration,
    },
    /// REQUEST for the lease we had was sent.
    Rebooting { tries: u32, at: Duration },
    /// All is well until T1.
    Bound,
    /// Asking our server.
    Renewing { at: Duration },
    /// Asking any server.
    Rebinding { at: Duration },
    /// Nothing more to do.
    Stopped,
}

impl Machine4 {
    /// A client that has yet to be started.
    pub fn new(config: Config4, begin: Begin<Lease4>) -> Machine4 {
        let held = match begin {
            Begin::Fresh => None,
            Begin::With(lease) => Some(Held { lease, term: None }),
        };
        Machine4 {
            wanted: config.wanted(),
            dice: Dice::new(config.seed),
            config,
            state: State::Stopped,
            held,
            xid: 0,
            since: Duration::ZERO,
            refusals: 0,
        }
    }

    fn begin_conversation(&mut self, now: Now) {
        self.xid = self.dice.roll() as u32;
        self.since = now.up;
    }

    fn request(&self, kind: Kind, now: Now) -> Request<'_> {
        let seconds = now.up.saturating_sub(self.since).as_secs();
        Request {
            kind,
            xid: self.xid,
            seconds: u16::try_from(seconds).unwrap_or(u16::MAX),
            ciaddr: Ipv4Addr::UNSPECIFIED,
            mac: self.config.mac,
            client_id: self.config.client_id.as_deref(),
            host_name: self.config.host_name.as_deref(),
            requested: None,
            server: None,
            wanted: &self.wanted,
        }
    }

    fn discover(&mut self, now: Now) -> Vec<Output> {
        self.begin_conversation(now);
        self.send_discover(now, 0)
    }

    // The RFC begins with 4 s. A bridge that was just built loses the first frame more often than
    // a server takes 1 s to answer.
    fn send_discover(&mut self, now: Now, tries: u32) -> Vec<Output> {
        let at = now.up + self.dice.about(doubled(tries, SLOWEST));
        self.state = State::Selecting { tries, at };
        let mut outputs = vec![everybody(&self.request(Kind::Discover, now))];
        if tries == SILENCE {
            outputs.push(Output::Tell(Event::Unanswered));
        }
        outputs
    }

    fn send_request(
        &mut self,
        now: Now,
        address: Ipv4Addr,
        server: Ipv4Addr,
        tries: u32,
    ) -> Vec<Output> {
        let at = now.up + self.dice.about(doubled(tries, SLOWEST));
        self.state = State::Requesting {
            address,
            server,
            tries,
            at,
        };
        let request = Request {
            requested: Some(address),
            server: Some(server),
            ..self.request(Kind::Request, now)
        };
        vec![everybody(&request)]
    }

    fn send_confirm(&mut self, now: Now, address: Ipv4Addr, tries: u32) -> Vec<Output> {
        let at = now.up + self.dice.about(doubled(tries, SLOWEST));
        self.state = State::Rebooting { tries, at };
        let request = Request {
            requested: Some(address),
            ..self.request(Kind::Request, now)
        };
        vec![everybody(&request)]
    }

    // Each attempt to prolong is a conversation of its own: the lease then runs from the attempt
    // that was answered.
    fn send_renew(&mut self, now: Now, held: &Held, term: Term) -> Vec<Output> {
        self.begin_conversation(now);
        self.state = State::Renewing {
            at: term.next_try(now.up, term.t2),
        };
        let request = Request {
            ciaddr: held.lease.address,
            ..self.request(Kind::Request, now)
        };
        vec![server(&request, &held.lease)]
    }

    fn send_rebind(&mut self, now: Now, held: &Held, term: Term) -> Vec<Output> {
        self.begin_conversation(now);
        self.state = State::Rebinding {
            at: term.next_try(now.up, term.end),
        };
        let request = Request {
            ciaddr: held.lease.address,
            ..self.request(Kind::Request, now)
        };
        vec![everybody(&request)]
    }

    /// The lease is gone.
    fn lose(&mut self, now: Now, why: Loss) -> Vec<Output> {
        let mut outputs = Vec::new();
        if let Some(held) = self.held.take() {
            outputs.push(Output::Tell(Event::Lost {
                lease: held.lease.into(),
                why,
            }));
        }
        outputs.extend(match why {
            Loss::Expired => self.discover(now),
            Loss::Refused => self.refused(now),
            Loss::Duplicate => {
                self.state = State::Init {
                    at: now.up + AFTER_DUPLICATE,
                };
                Vec::new()
            }
        });
        outputs
    }

    /// A server said no: begin anew, at once the first time, later if it goes on like this.
    fn refused(&mut self, now: Now) -> Vec<Output> {
        let pause = match self.refusals {
            0 => Duration::ZERO,
            before => self.dice.about(doubled(before, SLOWEST)),
        };
        self.refusals = self.refusals.saturating_add(1);
        if pause.is_zero() {
            return self.discover(now);
        }
        self.state = State::Init { at: now.up + pause };
        Vec::new()
    }

    fn acknowledged(&mut self, now: Now, terms: Terms, server: Ipv4Addr) -> Vec<Output> {
        // A lease runs from when it was asked for, not from when the answer came.
        let asked_ago = now.up.saturating_sub(self.since);
        let lease = self
            .config
            .lease(terms, server, now.unix.saturating_sub(asked_ago.as_secs()));
        let term = Term::new(self.since, lease.seconds, lease.t1, lease.t2, FRACTIONS);
        let before = self.held.replace(Held {
            lease: lease.clone(),
            term,
        });
        self.state = State::Bound;
        self.refusals = 0;
        let event = match before {
            None => Event::Acquired(lease.into()),
            Some(before) if before.lease.same_terms(&lease) => Event::Renewed(lease.into()),
            Some(before) => Event::Changed {
                from: before.lease.into(),
                to: lease.into(),
            },
        };
        vec![Output::Tell(event)]
    }

    fn is_rebinding(&self) -> bool {
        matches!(self.state, State::Rebinding { .. })
    }

    /// Whether an answer of this server is one to what we said last.
    fn listens_to(&self, from: Ipv4Addr, answer: &Answer) -> bool {
        let ours = || {
            self.held
                .as_ref()
                .is_some_and(|held| held.lease.server == from)
        };
        match (&self.state, answer) {
            (State::Selecting { .. }, Answer::Offer(_)) => true,
            (State::Requesting { server, .. }, Answer::Ack(_) | Answer::Nak) => from == *server,
            (State::Rebooting { .. } | State::Rebinding { .. }, Answer::Ack(_) | Answer::Nak) => {
                true
            }
            // The request went to our server alone. Only it may end the lease, but whoever
            // answers for it may prolong it (servers change their addresses).
            (State::Renewing { .. }, Answer::Ack(_)) => true,
            (State::Renewing { .. }, Answer::Nak) => ours(),
            _ => false,
        }
    }
}

fn everybody(request: &Request<'_>) -> Output {
    Output::Send {
        to: To::Everybody,
        payload: request.bytes(),
    }
}

fn server(request: &Request<'_>, lease: &Lease4) -> Output {
    let to = To::Server {
        from: lease.address,
        to: lease.server,
    };
    Output::Send {
        to,
        payload: request.bytes(),
    }
}

impl Machine for Machine4 {
    fn start(&mut self, now: Now) -> Vec<Output> {
        let Some(mut held) = self.held.take() else {
            let Some(address) = self.config.suggested else {
                return self.discover(now);
            };
            self.begin_conversation(now);
            return self.send_confirm(now, address, 0);
        };
        if held.lease.mac != self.config.mac || held.lease.client_id != self.config.client_id {
            // It was never ours.
            return self.discover(now);
        }
        // The term began before this clock did: what has passed of it is cut off.
        let lease = &held.lease;
        held.term = lease.left(now.unix).and_then(|left| {
            let passed = lease.seconds - left;
            Term::new(now.up, lease.seconds, lease.t1, lease.t2, FRACTIONS).map(|term| {
                let passed = Duration::from_secs(u64::from(passed));
                Term {
                    t1: term.t1.saturating_sub(passed),
                    t2: term.t2.saturating_sub(passed),
                    end: term.end.saturating_sub(passed),
                    ..term
                }
            })
        });
        self.held = Some(held.clone());
        self.begin_conversation(now);
        self.send_confirm(now, held.lease.address, 0)
    }

    fn receive(&mut self, now: Now, payload: &[u8]) -> Vec<Output> {
        let Some(reply) = Reply::parse(payload, self.config.mac) else {
            return Vec::new();
        };
        if reply.xid != self.xid || !self.listens_to(reply.server, &reply.answer) {
            return Vec::new();
        }
        match reply.answer {
            Answer::Offer(terms) => {
                self.since = now.up;
                self.send_request(now, terms.address, reply.server, 0)
            }
            // What was asked for is one address; an answer with another is none.
            Answer::Ack(terms) if matches!(self.state, State::Requesting { address, .. } if address != terms.address) => {
                Vec::new()
            }
            Answer::Ack(terms) => self.acknowledged(now, terms, reply.server),
            Answer::Nak => self.lose(now, Loss::Refused),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        let term = self.held.as_ref().and_then(|held| held.term);
        match self.state {
            State::Init { at }
            | State::Selecting { at, .. }
            | State::Requesting { at, .. }
            | State::Rebooting { at, .. }
            | State::Renewing { at }
            | State::Rebinding { at } => Some(at),
            State::Bound => term.map(|term| term.t1),
            State::Stopped => None,
        }
    }

    fn wake(&mut self, now: Now) -> Vec<Output> {
        if self.deadline().is_none_or(|at| now.up < at) {
            return Vec::new();
        }
        let held = self.held.clone();
        let term = held.as_ref().and_then(|held| held.term);
        match (self.state, held, term) {
            (State::Selecting { tries, .. }, _, _) => self.send_discover(now, tries + 1),
            (
                State::Requesting {
                    address,
                    server,
                    tries,
                    ..
                },
                _,
                _,
            ) if tries + 1 < REQUESTS => self.send_request(now, address, server, tries + 1),
            (State::Rebooting { tries, .. }, Some(held), _) if tries + 1 < CONFIRMATIONS => {
                self.send_confirm(now, held.lease.address, tries + 1)
            }
            (State::Rebooting { tries, .. }, None, _) if tries + 1 < CONFIRMATIONS => {
                match self.config.suggested {
                    Some(address) => self.send_confirm(now, address, tries + 1),
                    None => self.discover(now),
                }
            }
            (_, Some(_), Some(term)) if now.up >= term.end => self.lose(now, Loss::Expired),
            (State::Rebooting { .. }, Some(held), Some(term)) => {
                let mut outputs = vec![Output::Tell(Event::Unconfirmed(held.lease.clone().into()))];
                outputs.extend(self.send_rebind(now, &held, term));
                outputs
            }
            (State::Rebooting { .. }, Some(held), None) => {
                // It runs for ever, so there is no hurry.
                self.state = State::Bound;
                vec![Output::Tell(Event::Unconfirmed(held.lease.into()))]
            }
            (State::Bound | State::Renewing { .. }, Some(held), Some(term)) if now.up < term.t2 => {
                self.send_renew(now, &held, term)
            }
            (
                State::Bound | State::Renewing { .. } | State::Rebinding { .. },
                Some(held),
                Some(term),
            ) => self.send_rebind(now, &held, term),
            // Nobody answered `renew` for a lease that runs for ever.
            (State::Renewing { .. }, Some(_), None) => {
                self.state = State::Bound;
                Vec::new()
            }
            _ => self.discover(now),
        }
    }

    fn renew(&mut self, now: Now) -> Vec<Output> {
        let held = self.held.clone();
        let term = held.as_ref().and_then(|held| held.term);
        match (self.state, held, term) {
            // These ask every few seconds anyway.
            (State::Requesting { .. } | State::Rebooting { .. } | State::Stopped, _, _) => {
                Vec::new()
            }
            (_, Some(held), Some(term)) if now.up < term.t2 && !self.is_rebinding() => {
                self.send_renew(now, &held, term)
            }
            (_, Some(held), Some(term)) => self.send_rebind(now, &held, term),
            (_, Some(held), None) => {
                let end = now.up + SLOWEST;
                let term = Term {
                    t1: now.up,
                    t2: end,
                    end,
                    pause: SLOWEST,
                };
                self.send_renew(now, &held, term)
            }
            (State::Init { .. }, None, _) => Vec::new(),
            (_, None, _) => self.discover(now),
        }
    }

    fn release(&mut self, now: Now) -> Vec<Output> {
        self.state = State::Stopped;
        let Some(held) = self.held.take() else {
            return Vec::new();
        };
        self.begin_conversation(now);
        let request = Request {
            ciaddr: held.lease.address,
            server: Some(held.lease.server),
            ..self.request(Kind::Release, now)
        };
        vec![server(&request, &held.lease)]
    }

    fn decline(&mut self, now: Now) -> Vec<Output> {
        let Some(held) = &self.held else {
            return Vec::new();
        };
        let (address, server) = (held.lease.address, held.lease.server);
        self.begin_conversation(now);
        let request = Request {
            requested: Some(address),
            server: Some(server),
            ..self.request(Kind::Decline, now)
        };
        let mut outputs = vec![everybody(&request)];
        outputs.extend(self.lose(now, Loss::Duplicate));
        outputs
    }

    fn lease(&self) -> Option<Lease> {
        self.held.as_ref().map(|held| held.lease.clone().into())
    }
}
