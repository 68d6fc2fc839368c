//! When to look at bonds, and telling what has become of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tracing::warn;

use crate::agent::NetEvent;

use super::Owner;

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

impl Owner {
    pub(super) fn look_at_bonds_soon(&mut self) {
        let now = Instant::now();
        let after = |delay: &Duration| AFTER_DELAY.map(|more| *delay + more);
        let waits: Vec<Duration> = self.delays.iter().flat_map(after).collect();
        for wait in BOND_LOOKS.into_iter().chain(waits) {
            let at = now + wait;
            let near = self.bond_looks.range(at - SAME_LOOK..=at + SAME_LOOK);
            if near.count() == 0 && self.bond_looks.len() < MAX_LOOKS {
                self.bond_looks.insert(at);
            }
        }
    }

    pub(super) fn look_at_bonds(&mut self) {
        let (found, delays) = match self.driver.look_at_bonds() {
            Ok(found) => found,
            // The next change of a member asks for another look.
            Err(why) => return warn!("no look at the bonds: {why}"),
        };
        let is_new = delays != self.delays;
        self.delays = delays;
        let mut now = BTreeMap::new();
        for (bond, facts) in &found {
            let count = (facts.links_up(), facts.members.len());
            now.insert(*bond, count);
            if self.bonds.get(bond) != Some(&count) {
                let (links_up, members) = count;
                self.tell(NetEvent::BondChanged {
                    bond: *bond,
                    links_up,
                    members,
                });
            }
        }
        self.bonds = now;
        if is_new {
            self.look_at_bonds_soon();
        }
    }
}
