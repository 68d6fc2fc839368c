//! What the upper layer may ask of guests. Real ones and simulated ones are the same to it.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Domain, GuestSpec, Listener, Nic};

/// The guests of one host. Calls about different guests run side by side; those about one guest wait for each other,
/// but for [`Guests::destroy`] and [`Guests::withdraw_force`], which cut short whoever waits for that guest.
///
/// Guests outlive the daemon: a new one finds them with [`Guests::found`].
pub trait Guests: Send + Sync {
    /// Makes a guest, which does not run yet: offer its NICs, then [`Guests::unpause`]. If this fails nothing is left.
    fn start(&self, spec: &GuestSpec) -> Result<(), GuestError>;

    /// The guests that are there, by domain, those found after a restart of the daemon included.
    fn found(&self) -> Vec<Found>;

    /// One guest.
    fn find(&self, domain: Domain) -> Result<Found, GuestError> {
        let found = self.found().into_iter().find(|it| it.domain == domain);
        found.ok_or(GuestError::NoDomain(domain))
    }

    /// Asks a running guest to shut down and waits for it so long. Afterwards nothing of it is left.
    /// [`GuestError::StillRunning`] if it did not; it may yet, and is an [`Event`](crate::Event) then.
    fn shutdown(&self, domain: Domain, within: Duration) -> Result<(), GuestError>;

    /// Ends a guest at once, whatever it does. Nothing of it is left. No error if it isn't there.
    fn destroy(&self, domain: Domain) -> Result<(), GuestError>;

    /// Holds a running guest.
    fn pause(&self, domain: Domain) -> Result<(), GuestError>;

    /// Lets a paused guest run.
    fn unpause(&self, domain: Domain) -> Result<(), GuestError>;

    /// Keeps a guest's state and ends its domain: the host's ends of its NICs are gone afterwards, their other ends
    /// are kept with the state. On failure the guest runs on.
    fn suspend(&self, domain: Domain, within: Duration) -> Result<(), GuestError>;

    /// Which guests are suspended, by uuid. An error if that can't be read: whoever went on as if there were none would
    /// throw them away.
    fn suspended(&self) -> Result<Vec<String>, GuestError>;

    /// Brings a suspended guest back under the domain of `spec`, which must have its uuid. It is paused and has its
    /// NICs, with the host's ends named by the new domain; they are answered. On failure it stays suspended.
    fn resume(&self, spec: &GuestSpec, within: Duration) -> Result<Vec<Offered>, GuestError>;

    /// Throws a suspended guest's state away. No error if there is none.
    fn discard(&self, uuid: &str) -> Result<(), GuestError>;

    /// Makes the host's end of a NIC, which is down and has the address fe:ff:ff:ff:ff:ff, and gives the other end to
    /// the guest. Answers the name of the host's end. Nothing passes before somebody sets that up. If the guest has the
    /// same NIC already, nothing is done. A guest that runs needs PV drivers; one that never ran does not.
    fn offer(&self, domain: Domain, nic: &Nic) -> Result<String, GuestError>;

    /// Asks a guest for a NIC back and waits for it so long; the host's end is gone then. No error if there is no such
    /// NIC. [`GuestError::NoHotplug`] and nothing is sent if the guest has no PV drivers; [`GuestError::StillHeld`] if
    /// it did not let go: the request cannot be taken back, stays open, and is an [`Event`](crate::Event) if it is
    /// fulfilled. To ask again is to wait for the same request again.
    fn withdraw(&self, domain: Domain, device: u32, within: Duration) -> Result<(), GuestError> {
        match self.withdraw_all(&[(domain, device)], within).refused {
            Some(refused) => Err(refused.why),
            None => Ok(()),
        }
    }

    /// The same for several NICs, by domain and number: all are asked for before any is waited for, and all have the same
    /// time. If one is known to be refused nothing is sent at all. At the first refusal nobody is waited for any more; what
    /// was asked for and is still held then is as after [`Guests::withdraw`].
    fn withdraw_all(&self, nics: &[(Domain, u32)], within: Duration) -> Withdrawn;

    /// Removes the host's end of a NIC, whatever the guest says to it. A guest that does not let go keeps a NIC that
    /// leads nowhere, and can't be offered one of that number until it does. No error if there is no such NIC.
    fn withdraw_force(&self, domain: Domain, device: u32) -> Result<(), GuestError>;

    /// Has a listener told of what guests do by themselves. The first one is told what happened before it came, too.
    fn subscribe(&self, listener: Listener);
}

/// A guest that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its number.
    pub domain: Domain,
    /// Which guest it is.
    pub uuid: String,
    /// What people call it.
    pub name: String,
    /// Whether it runs.
    pub state: State,
    /// Whether its PV drivers were seen.
    pub pv_drivers: bool,
    /// Its NICs with an end on the host, by number; those that it was asked to give back included.
    pub nics: Vec<Offered>,
}

/// A NIC that a guest has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// The NIC.
    pub nic: Nic,
    /// Name of the host's end.
    pub host_end: String,
    /// Whether the guest was asked to give it back, and has not yet.
    pub asked_back: bool,
}

/// What came of asking for several NICs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Withdrawn {
    /// Those that their guests do not have any more.
    pub released: BTreeSet<(Domain, u32)>,
    /// The first that its guest has not let go of.
    pub refused: Option<Refused>,
}

/// A NIC that its guest has not let go of, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// The guest and the NIC's number.
    pub nic: (Domain, u32),
    /// Why.
    pub why: GuestError,
}

impl Withdrawn {
    /// Nothing was let go.
    pub(crate) fn refused(nic: (Domain, u32), why: GuestError) -> Withdrawn {
        Withdrawn {
            released: BTreeSet::new(),
            refused: Some(Refused { nic, why }),
        }
    }
}

/// Whether a guest runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It runs.
    Running,
    /// It is held, or never ran.
    Paused,
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            State::Running => "running",
            State::Paused => "paused",
        })
    }
}

/// A guest or its virtual NIC could not do what was asked.
#[derive(Clone, Debug, thiserror::Error, Serialize, Deserialize)]
pub enum GuestError {
    /// No guest has this number. It may have ended by itself meanwhile.
    #[error("there is no domain {0}")]
    NoDomain(Domain),
    /// The number is taken, or a guest of this uuid is there already.
    #[error("{0} is there already")]
    AlreadyThere(String),
    /// No guest of this uuid is suspended.
    #[error("no guest {0} is suspended")]
    NotSuspended(String),
    /// The guest is paused and should run, or the other way round.
    #[error("domain {domain} is {state}")]
    WrongState {
        /// The guest.
        domain: Domain,
        /// What it is.
        state: State,
    },
    /// The guest did not shut down in time; it may yet.
    #[error("domain {0} has not shut down yet")]
    StillRunning(Domain),
    /// The guest did not let go of the NIC in time; the request cannot be taken back and stays open.
    #[error("the guest has not released {nic} yet")]
    StillHeld {
        /// Name of the host's end.
        nic: String,
    },
    /// The guest has no driver that could take a NIC or give it back while it runs. Nothing was sent.
    #[error("the guest cannot plug or unplug NICs while it runs")]
    NoHotplug,
    /// What was asked for can't be: a bad uuid, MTU, address or number.
    #[error("{0}")]
    Unfit(String),
    /// Whatever runs the guest failed.
    #[error("{doing}: {why}")]
    Failed {
        /// What was being done.
        doing: String,
        /// The reason.
        why: String,
    },
    /// It is on another host, which could not be asked; the code of an error, and its parameters. No guests of one host
    /// answer so.
    #[error("{code}: {params:?}")]
    Elsewhere {
        /// What kind of error it is to clients.
        code: String,
        /// What it is about.
        params: Vec<String>,
    },
}

impl GuestError {
    /// A failure of whatever runs the guest.
    pub(crate) fn failed(doing: impl Into<String>, why: impl fmt::Display) -> GuestError {
        GuestError::Failed {
            doing: doing.into(),
            why: why.to_string(),
        }
    }
}
