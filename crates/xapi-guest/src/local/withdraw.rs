//! NICs that are asked back: each of a list is asked for before any is waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use super::guest::Guest;
use super::{Host, nics};
use crate::{Domain, GuestError, Refused, Withdrawn, host_end};

/// A guest and the number of one of its NICs.
type Nic = (Domain, u32);

/// See [`crate::Guests::withdraw_all`].
pub(super) fn all(host: &Host, wanted: &[Nic], within: Duration) -> Withdrawn {
    let until = Instant::now() + within;
    let guests = match guests_of(host, wanted) {
        Ok(guests) => guests,
        Err((nic, why)) => return Withdrawn::refused(nic, why),
    };
    let turns = match turns_of(&guests, wanted) {
        Ok(turns) => turns,
        Err((nic, why)) => return Withdrawn::refused(nic, why),
    };
    let mut request = Request {
        host,
        guests: &guests,
        asked: Vec::new(),
        outcome: Withdrawn::default(),
    };
    if let Err((nic, why)) = request.send_all(wanted, until) {
        request.refuse(nic, why);
    }
    request.wait(until);
    drop(turns);
    request.outcome
}

fn guests_of(
    host: &Host,
    wanted: &[Nic],
) -> Result<BTreeMap<Domain, Arc<Guest>>, (Nic, GuestError)> {
    let mut guests = BTreeMap::new();
    for (domain, device) in wanted {
        let guest = host.guest(*domain);
        guests.insert(*domain, guest.map_err(|why| ((*domain, *device), why))?);
    }
    Ok(guests)
}

/// The right to change all of the guests, had in the order of their numbers, so that two who want it do not wait for each
/// other.
fn turns_of<'a>(
    guests: &'a BTreeMap<Domain, Arc<Guest>>,
    wanted: &[Nic],
) -> Result<Vec<MutexGuard<'a, ()>>, (Nic, GuestError)> {
    let turns = guests.iter().map(|(domain, guest)| {
        guest.turn().map_err(|why| {
            let nic = wanted.iter().find(|nic| nic.0 == *domain);
            (nic.copied().unwrap_or((*domain, 0)), why)
        })
    });
    turns.collect()
}

/// NICs that are asked for, by whoever has the right to change their guests.
struct Request<'a> {
    host: &'a Host,
    guests: &'a BTreeMap<Domain, Arc<Guest>>,
    /// Those that were, and whose release is no event until somebody has looked whether it came.
    asked: Vec<Nic>,
    outcome: Withdrawn,
}

impl Request<'_> {
    fn refuse(&mut self, nic: Nic, why: GuestError) {
        self.outcome.refused.get_or_insert(Refused { nic, why });
    }

    /// Asks for all, if none is known to be refused.
    fn send_all(&mut self, wanted: &[Nic], until: Instant) -> Result<(), (Nic, GuestError)> {
        let mut held = BTreeSet::new();
        for nic in wanted {
            let live = self.guests[&nic.0].live();
            match live.record.nics.get(&nic.1) {
                Some(it) if !it.severed && !live.record.pv_drivers => {
                    return Err((*nic, GuestError::NoHotplug));
                }
                Some(it) if !it.severed => drop(held.insert(*nic)),
                _ => drop(self.outcome.released.insert(*nic)),
            }
        }
        for (at, nic) in held.into_iter().enumerate() {
            // One that did not answer may have used up the time; the first is asked in any case.
            if at > 0 && Instant::now() >= until {
                return Err((nic, still_held(nic)));
            }
            self.send(nic).map_err(|why| (nic, why))?;
        }
        Ok(())
    }

    fn send(&mut self, (domain, device): Nic) -> Result<(), GuestError> {
        let guest = &*self.guests[&domain];
        let was_asked = {
            let mut live = guest.live();
            let was_asked = guest.note_in(&mut live, |record| nics::ask(record, device))?;
            live.awaited.insert(device);
            was_asked
        };
        self.asked.push((domain, device));
        if !nics::send(guest, device, was_asked)? {
            nics::clear_back_end(guest, device);
            nics::free(self.host, guest, device)?;
        }
        Ok(())
    }

    /// Waits for what was asked for, unless something was refused already.
    fn wait(&mut self, until: Instant) {
        for nic in std::mem::take(&mut self.asked) {
            let (domain, device) = nic;
            let guest = &*self.guests[&domain];
            let until = match self.outcome.refused {
                Some(_) => Instant::now(),
                None => until,
            };
            let is_gone = guest.wait(until, |live| !live.record.nics.contains_key(&device));
            // Under the lock, so that a release is either seen here or an event.
            let mut live = guest.live();
            live.awaited.remove(&device);
            let is_held = live.record.nics.contains_key(&device);
            drop(live);
            match is_gone {
                Err(why) => self.refuse(nic, why),
                Ok(false) if is_held => self.refuse(nic, still_held(nic)),
                Ok(_) => drop(self.outcome.released.insert(nic)),
            }
        }
    }
}

fn still_held((domain, device): Nic) -> GuestError {
    GuestError::StillHeld {
        nic: host_end(domain, device),
    }
}
