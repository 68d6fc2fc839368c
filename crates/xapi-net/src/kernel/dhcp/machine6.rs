//! The DHCPv6 client of RFC 8415, section 18.2, for one association of non-temporary addresses, as
//! a pure state machine.

use std::net::Ipv6Addr;
use std::time::Duration;

use super::lease::{Lease, Lease6};
use super::message6::{Kind, Reply, Request, Status, Terms};
use super::timing::{Dice, Now, Term, doubled};
use super::{Begin, Event, Loss, Machine, Output, To};
use crate::kernel::Mac;

#[cfg(test)]
mod tests;

/// T1 and T2 where the server leaves them to us, in thousandths of the preferred lifetime.
const FRACTIONS: (u64, u64) = (500, 800);
/// The longest time between two searches, unless a server wants another. RFC 8415 has an hour,
/// which is long to wait for a switch that comes back; RFC 3315 had this.
const SOLICIT_SLOWEST: Duration = Duration::from_secs(120);
const REQUEST_SLOWEST: Duration = Duration::from_secs(30);
const REQUESTS: u32 = 10;
const CONFIRM_SLOWEST: Duration = Duration::from_secs(4);
/// 1 + 2 + 4 s.
const CONFIRMATIONS: u32 = 3;
const PROLONG_SLOWEST: Duration = Duration::from_secs(600);
/// After how many attempts the silence is told.
const SILENCE: u32 = 4;
const AFTER_DUPLICATE: Duration = Duration::from_secs(10);
/// Leases that would have us ask every few seconds are refused.
const SECONDS_AT_LEAST: u32 = 10;

/// What a client is and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config6 {
    /// The device's MAC, from which the association gets its number, so that it's the same on
    /// whatever device the MAC goes to.
    pub mac: Mac,
    /// Our identifier, by which the server knows us.
    pub duid: Vec<u8>,
    /// Whether to ask for name servers: on the device that the host's DNS comes from.
    pub dns: bool,
    /// Where chance begins. Two clients must not begin at the same place.
    pub seed: u64,
}

impl Config6 {
    /// The identifier that's made of nothing but a MAC (DUID-LL).
    pub fn duid_of(mac: Mac) -> Vec<u8> {
        [&[0, 3, 0, 1][..], &mac.0].concat()
    }

    fn iaid(&self) -> [u8; 4] {
        let [_, _, rest @ ..] = self.mac.0;
        rest
    }
}

/// A DHCPv6 client.
#[derive(Debug)]
pub struct Machine6 {
    config: Config6,
    dice: Dice,
    state: State,
    held: Option<Held>,
    /// The number of the conversation, and when it began.
    xid: u32,
    since: Duration,
    refusals: u32,
    solicit_slowest: Duration,
}

#[derive(Debug, Clone)]
struct Held {
    lease: Lease6,
    term: Option<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Offer {
    server: Vec<u8>,
    preference: u8,
    addresses: Vec<Ipv6Addr>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Init {
        at: Duration,
    },
    Soliciting {
        tries: u32,
        at: Duration,
        best: Option<Offer>,
    },
    Requesting {
        offer: Offer,
        tries: u32,
        at: Duration,
    },
    Confirming {
        tries: u32,
        at: Duration,
    },
    Bound {
        at: Option<Duration>,
    },
    Renewing {
        tries: u32,
        at: Duration,
    },
    Rebinding {
        tries: u32,
        at: Duration,
    },
    Stopped,
}

impl Machine6 {
    /// A client that has yet to be started.
    pub fn new(config: Config6, begin: Begin<Lease6>) -> Machine6 {
        let held = match begin {
            Begin::Fresh => None,
            Begin::With(lease) => Some(Held { lease, term: None }),
        };
        Machine6 {
            dice: Dice::new(config.seed),
            config,
            state: State::Stopped,
            held,
            xid: 0,
            since: Duration::ZERO,
            refusals: 0,
            solicit_slowest: SOLICIT_SLOWEST,
        }
    }

    fn begin_conversation(&mut self, now: Now) {
        self.xid = self.dice.roll() as u32 & 0x00ff_ffff;
        self.since = now.up;
    }

    fn message(
        &self,
        now: Now,
        kind: Kind,
        server: Option<&[u8]>,
        addresses: Vec<Ipv6Addr>,
    ) -> Output {
        let elapsed = now.up.saturating_sub(self.since).as_millis() / 10;
        let request = Request {
            kind,
            xid: self.xid,
            duid: &self.config.duid,
            server,
            elapsed: u16::try_from(elapsed).unwrap_or(u16::MAX),
            iaid: self.config.iaid(),
            addresses,
            dns: self.config.dns,
        };
        Output::Send {
            to: To::AllServers,
            payload: request.bytes(),
        }
    }

    fn solicit(&mut self, now: Now) -> Vec<Output> {
        self.begin_conversation(now);
        self.send_solicit(now, 0)
    }

    fn send_solicit(&mut self, now: Now, tries: u32) -> Vec<Output> {
        let at = now.up + self.dice.about(doubled(tries, self.solicit_slowest));
        self.state = State::Soliciting {
            tries,
            at,
            best: None,
        };
        let mut outputs = vec![self.message(now, Kind::Solicit, None, Vec::new())];
        if tries == SILENCE {
            outputs.push(Output::Tell(Event::Unanswered));
        }
        outputs
    }

    fn request(&mut self, now: Now, offer: Offer) -> Vec<Output> {
        self.begin_conversation(now);
        self.send_request(now, offer, 0)
    }

    fn send_request(&mut self, now: Now, offer: Offer, tries: u32) -> Vec<Output> {
        let at = now.up + self.dice.about(doubled(tries, REQUEST_SLOWEST));
        let output = self.message(
            now,
            Kind::Request,
            Some(&offer.server),
            offer.addresses.clone(),
        );
        self.state = State::Requesting { offer, tries, at };
        vec![output]
    }

    fn send_confirm(&mut self, now: Now, lease: &Lease6, tries: u32) -> Vec<Output> {
        let at = now.up + self.dice.about(doubled(tries, CONFIRM_SLOWEST));
        self.state = State::Confirming { tries, at };
        vec![self.message(now, Kind::Confirm, None, addresses_of(lease))]
    }

    fn send_renew(&mut self, now: Now, lease: &Lease6, until: Duration, tries: u32) -> Vec<Output> {
        if tries == 0 {
            self.begin_conversation(now);
        }
        let at = (now.up + self.dice.about(doubled(tries, PROLONG_SLOWEST / 10) * 10)).min(until);
        self.state = State::Renewing { tries, at };
        vec![self.message(now, Kind::Renew, Some(&lease.server), addresses_of(lease))]
    }

    fn send_rebind(
        &mut self,
        now: Now,
        lease: &Lease6,
        until: Duration,
        tries: u32,
    ) -> Vec<Output> {
        if tries == 0 {
            self.begin_conversation(now);
        }
        let at = (now.up + self.dice.about(doubled(tries, PROLONG_SLOWEST / 10) * 10)).min(until);
        self.state = State::Rebinding { tries, at };
        vec![self.message(now, Kind::Rebind, None, addresses_of(lease))]
    }

    fn lose(&mut self, now: Now, why: Loss) -> Vec<Output> {
        let mut outputs = Vec::new();
        if let Some(held) = self.held.take() {
            outputs.push(Output::Tell(Event::Lost {
                lease: held.lease.into(),
                why,
            }));
        }
        outputs.extend(match why {
            Loss::Expired => self.solicit(now),
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
        self.refusals = self.refusals.saturating_add(1);
        if self.refusals == 1 {
            return self.solicit(now);
        }
        let pause = self
            .dice
            .about(doubled(self.refusals - 1, self.solicit_slowest));
        self.state = State::Init { at: now.up + pause };
        Vec::new()
    }

    /// Until T1, or at once if that has passed.
    fn bound(&mut self, now: Now) -> Vec<Output> {
        let Some(held) = self.held.clone() else {
            return self.solicit(now);
        };
        match held.term {
            Some(term) if now.up >= term.end => self.lose(now, Loss::Expired),
            Some(term) if now.up >= term.t2 => self.send_rebind(now, &held.lease, term.end, 0),
            Some(term) if now.up >= term.t1 => self.send_renew(now, &held.lease, term.t2, 0),
            term => {
                self.state = State::Bound {
                    at: term.map(|term| term.t1),
                };
                Vec::new()
            }
        }
    }

    fn granted(&mut self, now: Now, reply: Reply, terms: Terms) -> Vec<Output> {
        let lease = Lease6 {
            mac: self.config.mac,
            duid: self.config.duid.clone(),
            addresses: terms.addresses,
            dns: if self.config.dns {
                reply.dns
            } else {
                Vec::new()
            },
            domains: if self.config.dns {
                reply.domains
            } else {
                Vec::new()
            },
            server: reply.server,
            acquired: now.unix,
            t1: terms.t1,
            t2: terms.t2,
        };
        let term = term_of(&lease, now.up);
        let before = self.held.replace(Held {
            lease: lease.clone(),
            term,
        });
        self.refusals = 0;
        let event = match before {
            None => Event::Acquired(lease.into()),
            Some(before) if before.lease.same_terms(&lease) => Event::Renewed(lease.into()),
            Some(before) => Event::Changed {
                from: before.lease.into(),
                to: lease.into(),
            },
        };
        let mut outputs = vec![Output::Tell(event)];
        outputs.extend(self.bound(now));
        outputs
    }

    fn advertised(&mut self, now: Now, reply: Reply) -> Vec<Output> {
        let State::Soliciting { tries, best, .. } = &mut self.state else {
            return Vec::new();
        };
        let Some(terms) = reply.terms.filter(long_enough) else {
            return Vec::new();
        };
        if reply.status != Status::Success || terms.status != Status::Success {
            return Vec::new();
        }
        let offer = Offer {
            server: reply.server,
            preference: reply.preference,
            addresses: terms
                .addresses
                .iter()
                .map(|leased| leased.address)
                .collect(),
        };
        // During the first second offers are collected, unless one can't be surpassed.
        if *tries == 0 && offer.preference < u8::MAX {
            if best
                .as_ref()
                .is_none_or(|best| best.preference < offer.preference)
            {
                *best = Some(offer);
            }
            return Vec::new();
        }
        self.request(now, offer)
    }

    fn replied(&mut self, now: Now, reply: Reply) -> Vec<Output> {
        let asked_for = match &self.state {
            State::Soliciting { .. } => reply.rapid_commit,
            State::Requesting { offer, .. } => offer.server == reply.server,
            State::Renewing { .. } => self
                .held
                .as_ref()
                .is_some_and(|held| held.lease.server == reply.server),
            State::Confirming { .. } | State::Rebinding { .. } => true,
            State::Init { .. } | State::Bound { .. } | State::Stopped => false,
        };
        if !asked_for {
            return Vec::new();
        }
        if matches!(self.state, State::Confirming { .. }) {
            return match (reply.status, &self.held) {
                (Status::NotOnLink, _) => self.lose(now, Loss::Refused),
                (Status::Success, Some(held)) => {
                    let mut outputs = vec![Output::Tell(Event::Renewed(held.lease.clone().into()))];
                    outputs.extend(self.bound(now));
                    outputs
                }
                _ => Vec::new(),
            };
        }
        let Some(terms) = reply.terms.clone() else {
            // A server may answer nothing but that we're on the wrong link.
            return if reply.status == Status::NotOnLink {
                self.lose(now, Loss::Refused)
            } else {
                Vec::new()
            };
        };
        match (terms.status, reply.status) {
            (Status::Success, Status::Success) if long_enough(&terms) => {
                self.granted(now, reply, terms)
            }
            // The server lost its memory: the same addresses are asked for again.
            (Status::NoBinding, _)
                if self.held.is_some() && !matches!(self.state, State::Requesting { .. }) =>
            {
                let addresses = self
                    .held
                    .as_ref()
                    .map(|held| addresses_of(&held.lease))
                    .unwrap_or_default();
                self.request(
                    now,
                    Offer {
                        server: reply.server,
                        preference: 0,
                        addresses,
                    },
                )
            }
            // A search goes on; anything else ends what was held.
            _ if matches!(self.state, State::Soliciting { .. }) => Vec::new(),
            _ => self.lose(now, Loss::Refused),
        }
    }
}

fn addresses_of(lease: &Lease6) -> Vec<Ipv6Addr> {
    lease
        .addresses
        .iter()
        .map(|leased| leased.address)
        .collect()
}

fn long_enough(terms: &Terms) -> bool {
    terms
        .addresses
        .iter()
        .any(|leased| leased.valid >= SECONDS_AT_LEAST)
}

fn term_of(lease: &Lease6, start: Duration) -> Option<Term> {
    let preferred = lease
        .addresses
        .iter()
        .map(|leased| leased.preferred)
        .min()
        .unwrap_or(0);
    let part = |thousandths: u64| {
        u32::try_from(u64::from(preferred) * thousandths / 1000).unwrap_or(u32::MAX)
    };
    let t1 = if lease.t1 > 0 {
        lease.t1
    } else {
        part(FRACTIONS.0)
    };
    let t2 = if lease.t2 > 0 {
        lease.t2
    } else {
        part(FRACTIONS.1)
    };
    Term::new(start, lease.seconds(), t1, t2, FRACTIONS)
}

impl Machine for Machine6 {
    fn start(&mut self, now: Now) -> Vec<Output> {
        let Some(mut held) = self.held.take() else {
            return self.solicit(now);
        };
        let lease = &held.lease;
        let left = lease.left(now.unix);
        if lease.mac != self.config.mac || lease.duid != self.config.duid || left == Some(0) {
            // It was never ours, or isn't any more: there's no asking for a lease that has ended.
            return self.solicit(now);
        }
        let passed = left.map_or(0, |left| lease.seconds() - left);
        let passed = Duration::from_secs(u64::from(passed));
        held.term = term_of(lease, now.up).map(|term| Term {
            t1: term.t1.saturating_sub(passed),
            t2: term.t2.saturating_sub(passed),
            end: term.end.saturating_sub(passed),
            ..term
        });
        let lease = held.lease.clone();
        self.held = Some(held);
        self.begin_conversation(now);
        self.send_confirm(now, &lease, 0)
    }

    fn receive(&mut self, now: Now, payload: &[u8]) -> Vec<Output> {
        let parsed = Reply::parse(payload, &self.config.duid, self.config.iaid());
        let Some(reply) = parsed.filter(|reply| reply.xid == self.xid) else {
            return Vec::new();
        };
        if let Some(seconds) = reply.slowest_solicit
            && (60..=86_400).contains(&seconds)
        {
            self.solicit_slowest = Duration::from_secs(u64::from(seconds));
        }
        if reply.advertise {
            self.advertised(now, reply)
        } else {
            self.replied(now, reply)
        }
    }

    fn deadline(&self) -> Option<Duration> {
        match &self.state {
            State::Init { at }
            | State::Soliciting { at, .. }
            | State::Requesting { at, .. }
            | State::Confirming { at, .. }
            | State::Renewing { at, .. }
            | State::Rebinding { at, .. } => Some(*at),
            State::Bound { at } => *at,
            State::Stopped => None,
        }
    }

    fn wake(&mut self, now: Now) -> Vec<Output> {
        if self.deadline().is_none_or(|at| now.up < at) {
            return Vec::new();
        }
        let held = self.held.clone();
        let term = held.as_ref().and_then(|held| held.term);
        match (self.state.clone(), held, term) {
            (
                State::Soliciting {
                    best: Some(offer), ..
                },
                _,
                _,
            ) => self.request(now, offer),
            (State::Soliciting { tries, .. }, _, _) => self.send_solicit(now, tries + 1),
            (State::Requesting { offer, tries, .. }, _, _) if tries + 1 < REQUESTS => {
                self.send_request(now, offer, tries + 1)
            }
            (State::Confirming { tries, .. }, Some(held), _) if tries + 1 < CONFIRMATIONS => {
                self.send_confirm(now, &held.lease, tries + 1)
            }
            (_, Some(_), Some(term)) if now.up >= term.end => self.lose(now, Loss::Expired),
            (State::Confirming { .. }, Some(held), Some(term)) => {
                let mut outputs = vec![Output::Tell(Event::Unconfirmed(held.lease.clone().into()))];
                outputs.extend(self.send_rebind(now, &held.lease, term.end, 0));
                outputs
            }
            (State::Confirming { .. }, Some(held), None) => {
                self.state = State::Bound { at: None };
                vec![Output::Tell(Event::Unconfirmed(held.lease.into()))]
            }
            (State::Renewing { tries, .. }, Some(held), Some(term)) if now.up < term.t2 => {
                self.send_renew(now, &held.lease, term.t2, tries + 1)
            }
            (State::Rebinding { tries, .. }, Some(held), Some(term)) => {
                self.send_rebind(now, &held.lease, term.end, tries + 1)
            }
            // From Bound to Renewing, on to Rebinding, and back from a request in vain.
            (_, Some(_), _) => self.bound(now),
            (_, None, _) => self.solicit(now),
        }
    }

    fn renew(&mut self, now: Now) -> Vec<Output> {
        let held = self.held.clone();
        let term = held.as_ref().and_then(|held| held.term);
        match (&self.state, held, term) {
            // These ask every few seconds anyway; and after a refusal we wait.
            (
                State::Requesting { .. }
                | State::Confirming { .. }
                | State::Init { .. }
                | State::Stopped,
                _,
                _,
            ) => Vec::new(),
            (State::Rebinding { .. }, Some(held), Some(term)) => {
                self.send_rebind(now, &held.lease, term.end, 0)
            }
            (_, Some(held), Some(term)) if now.up >= term.t2 => {
                self.send_rebind(now, &held.lease, term.end, 0)
            }
            (_, Some(held), term) => {
                let until = term.map_or(now.up + REQUEST_SLOWEST, |term| term.t2);
                self.send_renew(now, &held.lease, until, 0)
            }
            (_, None, _) => self.solicit(now),
        }
    }

    fn release(&mut self, now: Now) -> Vec<Output> {
        self.state = State::Stopped;
        let Some(held) = self.held.take() else {
            return Vec::new();
        };
        self.begin_conversation(now);
        vec![self.message(
            now,
            Kind::Release,
            Some(&held.lease.server),
            addresses_of(&held.lease),
        )]
    }

    fn decline(&mut self, now: Now) -> Vec<Output> {
        let Some(held) = self.held.clone() else {
            return Vec::new();
        };
        self.begin_conversation(now);
        let addresses = addresses_of(&held.lease);
        let mut outputs =
            vec![self.message(now, Kind::Decline, Some(&held.lease.server), addresses)];
        outputs.extend(self.lose(now, Loss::Duplicate));
        outputs
    }

    fn lease(&self) -> Option<Lease> {
        self.held.as_ref().map(|held| held.lease.clone().into())
    }
}
