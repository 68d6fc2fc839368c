//! The engine's way to a simulated host.

use std::collections::BTreeSet;

use crate::agent::{NetError, Part};
use crate::engine::{Driver, Observed, Stopped};
use crate::lower::lower;
use crate::object::{self, Key, Object};
use crate::plan::{Graph, Step};
use crate::topology::Topology;

use super::world::World;

impl Driver for World {
    type Object = Object;

    fn lower(&self, want: &Topology) -> Graph<Object> {
        lower(want, &self.host)
    }

    fn observe(&mut self, want: &Graph<Object>) -> Result<Observed<Object>, NetError> {
        let mut observed = self.state.ours(want);
        for (nic, stuck) in &self.stuck_mtu {
            let key = Key::Nic(*nic);
            if let (Some(Object::Nic(wanted)), Some(Object::Nic(nic))) =
                (want.get(&key), observed.graph.get_mut(&key))
                && wanted.mtu == *stuck
            {
                nic.mtu = *stuck;
            }
        }
        Ok(observed)
    }

    fn apply(&mut self, steps: &[Step<Object>]) -> Result<(), Stopped> {
        World::apply(self, steps)
    }

    fn gone(&mut self, parts: &BTreeSet<Part>) -> Result<BTreeSet<Part>, NetError> {
        let is_gone = |part: &&Part| match part {
            Part::Nic(nic) => nic.is_guests_end() && !self.state.nics.contains_key(nic),
            Part::Bridge(_) | Part::Host => false,
        };
        Ok(parts.iter().filter(is_gone).copied().collect())
    }

    fn part(&self, key: &Key, object: &Object) -> Part {
        object::part(key, object)
    }

    fn is_given(&self, key: &Key) -> bool {
        matches!(key, Key::Nic(_))
    }
}
