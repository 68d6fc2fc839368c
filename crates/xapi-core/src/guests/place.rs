//! The guests of any host: those of this one, or of another one that does over its line what it is asked.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use xapi_guest::{Domain, Found, GuestError, GuestSpec, Nic, Offered, Withdrawn};
use xapi_model::{Host, Ref, errors};

use super::{Here, Kind};
use crate::Result;
use crate::context::Core;
use crate::pool::deeds;
use crate::pool::verbs::{Answer, Verb};

/// How long another host may take for what its guests have no say in.
const AT_ONCE: Duration = Duration::from_secs(60);

/// How much longer than a guest it may take.
const GRACE: Duration = Duration::from_secs(15);

/// What is asked of the guests of a host; see [`xapi_guest::Guests`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ask {
    /// A number that no domain has.
    Number,
    /// To make a guest.
    Start(GuestSpec),
    /// Those that are there.
    Found,
    /// To ask one to shut down.
    Shutdown(Domain, Duration),
    /// To end one.
    Destroy(Domain),
    /// To hold one.
    Pause(Domain),
    /// To let one run.
    Unpause(Domain),
    /// To keep one's memory.
    Suspend(Domain, Duration),
    /// Whose memory is kept.
    Suspended,
    /// To bring one back from its memory.
    Resume(GuestSpec, Duration),
    /// To throw a memory away.
    Discard(String),
    /// To give one a NIC.
    Offer(Domain, Nic),
    /// To ask for a NIC back.
    Withdraw(Domain, u32, Duration),
    /// To ask for several at once.
    WithdrawAll(Vec<(Domain, u32)>, Duration),
    /// To take one.
    WithdrawForce(Domain, u32),
    /// Machines that something goes on with which a master has asked for; as soon as that is over with one of these, or after
    /// a while.
    AtWork(BTreeSet<String>),
}

/// What comes of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// It is done.
    Done,
    /// To [`Ask::Number`].
    Number(Domain),
    /// To [`Ask::Found`].
    Found(Vec<Found>),
    /// To [`Ask::Suspended`]: UUIDs.
    Suspended(Vec<String>),
    /// To [`Ask::Resume`]: its NICs.
    Resumed(Vec<Offered>),
    /// To [`Ask::AtWork`]: UUIDs.
    AtWork(BTreeSet<String>),
    /// To [`Ask::WithdrawAll`].
    Withdrawn(Withdrawn),
}

impl Ask {
    fn within(&self) -> Duration {
        match self {
            Ask::Shutdown(_, within)
            | Ask::Suspend(_, within)
            | Ask::Resume(_, within)
            | Ask::Withdraw(_, _, within)
            | Ask::WithdrawAll(_, within) => *within + GRACE,
            _ => AT_ONCE,
        }
    }

    /// Whether it changes nothing, so that it may be asked again.
    pub(crate) fn only_asks(&self) -> bool {
        matches!(
            self,
            Ask::Number | Ask::Found | Ask::Suspended | Ask::AtWork(_)
        )
    }
}

impl Here {
    /// The UUIDs of the machines that something is asked about.
    fn machines_of(&self, ask: &Ask) -> BTreeSet<String> {
        let of = |domain: &Domain| self.guests.find(*domain).ok().map(|guest| guest.uuid);
        match ask {
            Ask::Start(spec) | Ask::Resume(spec, _) => [spec.uuid.clone()].into(),
            Ask::Discard(uuid) => [uuid.clone()].into(),
            Ask::WithdrawAll(nics, _) => nics.iter().filter_map(|(domain, _)| of(domain)).collect(),
            Ask::Shutdown(domain, _)
            | Ask::Destroy(domain)
            | Ask::Pause(domain)
            | Ask::Unpause(domain)
            | Ask::Suspend(domain, _)
            | Ask::Offer(domain, _)
            | Ask::Withdraw(domain, _, _)
            | Ask::WithdrawForce(domain, _) => of(domain).into_iter().collect(),
            Ask::Number | Ask::Found | Ask::Suspended | Ask::AtWork(_) => BTreeSet::new(),
        }
    }

    fn answer(&self, ask: Ask) -> std::result::Result<Reply, GuestError> {
        let guests = &self.guests;
        match ask {
            Ask::Number => return self.free_domain().map(Reply::Number),
            Ask::Found => return Ok(Reply::Found(guests.found())),
            Ask::Suspended => return guests.suspended().map(Reply::Suspended),
            Ask::Resume(spec, within) => return guests.resume(&spec, within).map(Reply::Resumed),
            // No master has asked for anything here.
            Ask::AtWork(_) => return Ok(Reply::AtWork(BTreeSet::new())),
            Ask::WithdrawAll(nics, within) => {
                return Ok(Reply::Withdrawn(guests.withdraw_all(&nics, within)));
            }
            Ask::Start(spec) => guests.start(&spec),
            Ask::Shutdown(domain, within) => guests.shutdown(domain, within),
            Ask::Destroy(domain) => guests.destroy(domain),
            Ask::Pause(domain) => guests.pause(domain),
            Ask::Unpause(domain) => guests.unpause(domain),
            Ask::Suspend(domain, within) => guests.suspend(domain, within),
            Ask::Discard(uuid) => guests.discard(&uuid),
            Ask::Offer(domain, nic) => guests.offer(domain, &nic).map(drop),
            Ask::Withdraw(domain, device, within) => guests.withdraw(domain, device, within),
            Ask::WithdrawForce(domain, device) => guests.withdraw_force(domain, device),
        }?;
        Ok(Reply::Done)
    }
}

/// The guests of a host.
pub(crate) enum GuestsOf<'a> {
    /// Of this one.
    Here(&'a Here),
    /// Of another one.
    There(&'a Core, Ref<Host>, Kind, Patience),
}

/// What is done when the line is lost in the middle of something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// The host may be away a while, and is then asked what became of it.
    Waits,
    /// Nothing: the host's next arrival looks again.
    GivesUp,
}

type Told<T> = std::result::Result<T, GuestError>;

impl GuestsOf<'_> {
    /// What they are made of.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            GuestsOf::Here(here) => here.kind,
            GuestsOf::There(_, _, kind, _) => *kind,
        }
    }

    fn ask(&self, ask: Ask) -> Told<Reply> {
        let (core, host, patience) = match self {
            GuestsOf::Here(here) => return here.answer(ask),
            GuestsOf::There(core, host, _, patience) => (core, host, *patience),
        };
        let within = ask.within();
        // What only asks is worth nothing by the time that a host is back.
        let waits = patience == Patience::Waits && !ask.only_asks();
        let verb = |number| Verb::Guest(number, ask);
        let answer = core.pool.has_done(host, verb, within, waits);
        match answer {
            Ok(Answer::Guest(reply)) => reply,
            Ok(_) => Err(strange()),
            Err(why) => Err(GuestError::Elsewhere {
                code: why.code.to_string(),
                params: why.params,
            }),
        }
    }

    fn done(&self, ask: Ask) -> Told<()> {
        match self.ask(ask)? {
            Reply::Done => Ok(()),
            _ => Err(strange()),
        }
    }

    pub(crate) fn number(&self) -> Told<Domain> {
        match self.ask(Ask::Number)? {
            Reply::Number(domain) => Ok(domain),
            _ => Err(strange()),
        }
    }

    pub(crate) fn found(&self) -> Told<Vec<Found>> {
        match self.ask(Ask::Found)? {
            Reply::Found(found) => Ok(found),
            _ => Err(strange()),
        }
    }

    pub(crate) fn find(&self, domain: Domain) -> Told<Found> {
        let found = self.found()?.into_iter().find(|it| it.domain == domain);
        found.ok_or(GuestError::NoDomain(domain))
    }

    pub(crate) fn suspended(&self) -> Told<Vec<String>> {
        match self.ask(Ask::Suspended)? {
            Reply::Suspended(uuids) => Ok(uuids),
            _ => Err(strange()),
        }
    }

    pub(crate) fn at_work(&self, with: BTreeSet<String>) -> Told<BTreeSet<String>> {
        match self.ask(Ask::AtWork(with))? {
            Reply::AtWork(uuids) => Ok(uuids),
            _ => Err(strange()),
        }
    }

    pub(crate) fn resume(&self, spec: &GuestSpec, within: Duration) -> Told<Vec<Offered>> {
        match self.ask(Ask::Resume(spec.clone(), within))? {
            Reply::Resumed(nics) => Ok(nics),
            _ => Err(strange()),
        }
    }

    pub(crate) fn start(&self, spec: &GuestSpec) -> Told<()> {
        self.done(Ask::Start(spec.clone()))
    }

    pub(crate) fn shutdown(&self, domain: Domain, within: Duration) -> Told<()> {
        self.done(Ask::Shutdown(domain, within))
    }

    pub(crate) fn destroy(&self, domain: Domain) -> Told<()> {
        self.done(Ask::Destroy(domain))
    }

    pub(crate) fn pause(&self, domain: Domain) -> Told<()> {
        self.done(Ask::Pause(domain))
    }

    pub(crate) fn unpause(&self, domain: Domain) -> Told<()> {
        self.done(Ask::Unpause(domain))
    }

    pub(crate) fn suspend(&self, domain: Domain, within: Duration) -> Told<()> {
        self.done(Ask::Suspend(domain, within))
    }

    pub(crate) fn discard(&self, uuid: &str) -> Told<()> {
        self.done(Ask::Discard(uuid.to_owned()))
    }

    pub(crate) fn offer(&self, domain: Domain, nic: &Nic) -> Told<()> {
        self.done(Ask::Offer(domain, *nic))
    }

    pub(crate) fn withdraw(&self, domain: Domain, device: u32, within: Duration) -> Told<()> {
        self.done(Ask::Withdraw(domain, device, within))
    }

    pub(crate) fn withdraw_all(
        &self,
        nics: Vec<(Domain, u32)>,
        within: Duration,
    ) -> Told<Withdrawn> {
        match self.ask(Ask::WithdrawAll(nics, within))? {
            Reply::Withdrawn(outcome) => Ok(outcome),
            _ => Err(strange()),
        }
    }

    pub(crate) fn withdraw_force(&self, domain: Domain, device: u32) -> Told<()> {
        self.done(Ask::WithdrawForce(domain, device))
    }
}

fn strange() -> GuestError {
    GuestError::Failed {
        doing: "asking another host about its guests".to_owned(),
        why: "it answers another question".to_owned(),
    }
}

impl Core {
    /// The guests of a host. OPERATION_NOT_ALLOWED if it runs none, HOST_OFFLINE [host] if it is not there.
    pub(crate) fn guests_of(&self, host: &Ref<Host>) -> Result<GuestsOf<'_>> {
        self.guests_by(host, Patience::Waits)
    }

    /// The same with as much patience as that.
    pub(crate) fn guests_by(&self, host: &Ref<Host>, patience: Patience) -> Result<GuestsOf<'_>> {
        if self.is_here(host) {
            return self.here().map(GuestsOf::Here);
        }
        match self.pool.particulars(host)?.guests {
            Kind::None => Err(errors::operation_not_allowed(super::NO_GUESTS)),
            kind => Ok(GuestsOf::There(self, host.clone(), kind, patience)),
        }
    }

    /// What the guests of this host are made of.
    pub(crate) fn kind_of_guests(&self) -> Kind {
        self.here.as_ref().map_or(Kind::None, |here| here.kind)
    }

    /// What a master asks of this host's guests, under a number of its own.
    pub(crate) fn guests_asked(&self, number: u64, ask: Ask) -> Answer {
        let here = match self.here() {
            Ok(here) => here,
            Err(why) => {
                return Answer::Guest(Err(GuestError::Elsewhere {
                    code: why.code.to_string(),
                    params: why.params,
                }));
            }
        };
        match ask {
            Ask::AtWork(with) => {
                let machines = self.deeds.at_work(&with, deeds::PATIENCE);
                Answer::Guest(Ok(Reply::AtWork(machines)))
            }
            ask if ask.only_asks() => Answer::Guest(here.answer(ask)),
            ask => {
                let machines = here.machines_of(&ask);
                let deed = || Answer::Guest(here.answer(ask));
                self.deeds.once(number, machines, deed)
            }
        }
    }
}
