//! When to look at bonds, and telling what has become of them; and of NICs while a change waits for a lease.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::warn;

use crate::agent::{Listener, NetEvent};
use crate::kernel;
use crate::names::Name;

use super::super::LocalDriver;
use super::name_of;

/// When the members of a bond are looked at after something happened to one of them, beside when a delay is over.
const BOND_LOOKS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(20),
    Duration::from_millis(400),
];

/// And after each of its delays: ovs-vswitchd tells nobody when one is over. It counts from when it sees the link change,
/// which is a little later than we do.
const AFTER_DELAY: [Duration; 3] = [
    Duration::from_millis(10),
    Duration::from_millis(35),
    Duration::from_millis(200),
];

/// Looks closer to each other than this are one.
const SAME_LOOK: Duration = Duration::from_millis(5);

/// More looks than this are not planned at a time.
const MAX_LOOKS: usize = 256;

/// When to look at bonds, and who is told of them.
#[derive(Default)]
pub struct Looks {
    /// Told of what happens.
    pub listeners: Arc<Mutex<Vec<Listener>>>,
    /// How many members of each bond were enabled at the last look, of how many.
    bonds: BTreeMap<Name, (usize, usize)>,
    due: BTreeSet<Instant>,
    /// The delays of all bonds.
    delays: BTreeSet<Duration>,
}

impl Looks {
    /// Tells of something.
    pub fn tell(&self, event: &NetEvent) {
        let listeners = self.listeners.lock();
        for listener in listeners.unwrap_or_else(PoisonError::into_inner).iter() {
            listener(event.clone());
        }
    }

    /// When to look next.
    pub fn first(&self) -> Option<Instant> {
        self.due.first().copied()
    }

    /// Has the bonds looked at now and a few times more.
    pub fn soon(&mut self) {
        let now = Instant::now();
        let after = |delay: &Duration| AFTER_DELAY.map(|more| *delay + more);
        let waits: Vec<Duration> = self.delays.iter().flat_map(after).collect();
        for wait in BOND_LOOKS.into_iter().chain(waits) {
            let at = now + wait;
            let near = self.due.range(at - SAME_LOOK..=at + SAME_LOOK);
            if near.count() == 0 && self.due.len() < MAX_LOOKS {
                self.due.insert(at);
            }
        }
    }
}

impl LocalDriver {
    /// Looks at the bonds if it is time to.
    pub(in crate::local) fn look_if_due(&mut self) {
        let now = Instant::now();
        let mut is_due = false;
        while self.looks.first().is_some_and(|at| at <= now) {
            self.looks.due.pop_first();
            is_due = true;
        }
        if is_due {
            self.look_and_tell();
        }
    }

    fn look_and_tell(&mut self) {
        let (found, delays) = match self.look_at_bonds() {
            Ok(found) => found,
            // The next change of a member asks for another look.
            Err(why) => return warn!("no look at the bonds: {why}"),
        };
        let is_new = delays != self.looks.delays;
        self.looks.delays = delays;
        let mut now = BTreeMap::new();
        for (bond, facts) in &found {
            let count = (facts.links_up(), facts.members.len());
            now.insert(*bond, count);
            if self.looks.bonds.get(bond) != Some(&count) {
                let (links_up, members) = count;
                self.looks.tell(&NetEvent::BondChanged {
                    bond: *bond,
                    links_up,
                    members,
                });
            }
        }
        self.looks.bonds = now;
        if is_new {
            self.looks.soon();
        }
    }

    /// Tells of a link's carrier while a lease is waited for: whoever shows links does not wait for the change.
    pub(in crate::local) fn carrier_meanwhile(&mut self, link: &kernel::Link) {
        let nic = match self.kernel.nic_of(link, &self.config.nics) {
            Ok(nic) => nic.as_ref().and_then(name_of),
            // It will be told again after the change.
            Err(why) => return warn!("{why}"),
        };
        if let Some(nic) = nic {
            self.looks.tell(&NetEvent::Carrier {
                nic,
                up: link.carrier,
            });
            self.looks.soon();
        }
    }
}
