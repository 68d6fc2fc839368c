//! Which VIFs go along when a network of a host moves onto another PIF, and how their guests are asked first.
//!
//! For a host, a VIF to move is one of a machine that is running, suspended or paused there, or of one that is off and
//! can be started nowhere else (the bonding design's words). Where a machine can be started is read from the networks
//! alone: XAPI also looks at memory and at hosts that are disabled just now, and so moves VIFs of machines that other
//! hosts could run tomorrow.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use xapi_db::{Draft, Read};
use xapi_model::{ApiError, Class as _, Host, Network, Pif, Ref, Vif, Vm, VmPowerState};

use crate::context::{Core, Cx, db_error};
use crate::metrics::Ended;
use crate::proof::Care;
use crate::{Result, planned};

/// Whoever runs guests: asks them to let go of their NICs before networks move, and plugs the NICs again afterwards.
pub trait Hands: Send + Sync {
    /// Has the guests of attached VIFs let go of them. All or none: if one refuses, those that were let go are plugged
    /// again before the refusal is returned.
    fn take(&self, core: &Core, vifs: &[Ref<Vif>]) -> Result<()>;

    /// Plugs VIFs again, on the networks that their rows name now.
    fn give_back(&self, core: &Core, vifs: &[Ref<Vif>]);
}

/// Answers which VIFs of networks are to move; remembers what it has found out.
pub struct Finder<'a, R> {
    rows: &'a R,
    host: &'a Ref<Host>,
    hosts: Vec<Ref<Host>>,
    /// The hosts that have a PIF on a network; none is a network of no host, which can be had on all.
    reached: BTreeMap<Ref<Network>, BTreeSet<Ref<Host>>>,
    here: BTreeMap<Ref<Vm>, bool>,
}

impl<'a, R: Read> Finder<'a, R> {
    /// For a host.
    pub fn new(rows: &'a R, host: &'a Ref<Host>) -> Result<Finder<'a, R>> {
        let hosts = rows.all::<Host>()?.into_iter();
        Ok(Finder {
            rows,
            host,
            hosts: hosts.map(|(host, _)| host).collect(),
            reached: BTreeMap::new(),
            here: BTreeMap::new(),
        })
    }

    /// The VIFs to move of a network.
    pub fn on(&mut self, network: &Ref<Network>) -> Result<Vec<Ref<Vif>>> {
        let mut found = Vec::new();
        for vif in self.rows.field(network, Network::VIFS)?.iter() {
            let vm = self.rows.field(vif, Vif::VM)?;
            let here = match self.here.get(&vm) {
                Some(here) => *here,
                None => {
                    let here = self.belongs_here(&vm)?;
                    self.here.insert(vm, here);
                    here
                }
            };
            if here {
                found.push(vif.clone());
            }
        }
        Ok(found)
    }

    fn belongs_here(&mut self, vm: &Ref<Vm>) -> Result<bool> {
        if !self.rows.exists(vm)? {
            return Ok(false);
        }
        // Where it runs, where it is about to, or where the memory is with which it goes on.
        for place in [
            Vm::RESIDENT_ON,
            Vm::SCHEDULED_TO_BE_RESIDENT_ON,
            Vm::MEMORY_ON,
        ] {
            let place = self.rows.field(vm, place)?;
            if !place.is_null() {
                return Ok(place == *self.host);
            }
        }
        let mut possible: BTreeSet<_> = self.hosts.iter().cloned().collect();
        for vif in self.rows.find(Vif::VM, vm)? {
            let network = self.rows.field(&vif, Vif::NETWORK)?;
            let reached = self.hosts_of(&network)?;
            if !reached.is_empty() {
                possible.retain(|host| reached.contains(host));
            }
        }
        Ok(possible.len() == 1 && possible.contains(self.host))
    }

    fn hosts_of(&mut self, network: &Ref<Network>) -> Result<&BTreeSet<Ref<Host>>> {
        if !self.reached.contains_key(network) {
            let mut hosts = BTreeSet::new();
            if self.rows.exists(network)? {
                for pif in self.rows.field(network, Network::PIFS)?.iter() {
                    hosts.insert(self.rows.field(pif, Pif::HOST)?);
                }
            }
            self.reached.insert(network.clone(), hosts);
        }
        Ok(&self.reached[network])
    }
}

/// An attached VIF, and the domain that has it: a machine that was started again has not been asked.
type Held = (Ref<Vif>, i64);

/// Whose NICs were asked for before a change, so that the change moves no others from under their guests.
pub struct Asked {
    /// None where nobody is asked.
    held: Option<BTreeSet<Held>>,
    /// Whom the change would have had to ask as well.
    more: RefCell<Vec<Held>>,
}

impl Asked {
    fn new(held: Option<BTreeSet<Held>>) -> Asked {
        let more = RefCell::default();
        Asked { held, more }
    }

    /// Says in the change itself, and so with the host's turn, which VIFs it moves: OTHER_OPERATION_IN_PROGRESS [VIF,
    /// reference] if one of them was plugged since the others were asked.
    pub fn covers(&self, draft: &Draft, moving: &[Ref<Vif>]) -> Result<()> {
        let Some(held) = &self.held else {
            return Ok(());
        };
        let mut more = held_of(draft, moving)?;
        more.retain(|vif| !held.contains(vif));
        let first = more.first().map(|(vif, _)| vif.clone());
        self.more.replace(more);
        first.map_or(Ok(()), |vif| {
            let parameters = vec![Vif::DESC.name.to_owned(), vif.to_string()];
            Err(ApiError::new("OTHER_OPERATION_IN_PROGRESS", parameters))
        })
    }
}

/// Which of these VIFs guests have.
fn held_of(rows: &impl Read, vifs: &[Ref<Vif>]) -> Result<Vec<Held>> {
    let mut held = Vec::new();
    for vif in vifs {
        // A suspended machine keeps its NICs in its memory, and has nothing to let go of.
        let vm = rows.field(vif, Vif::VM)?;
        let suspended = rows.field(&vm, Vm::POWER_STATE)? == VmPowerState::Suspended;
        if rows.field(vif, Vif::CURRENTLY_ATTACHED)? && !suspended {
            held.push((vif.clone(), rows.field(&vm, Vm::DOMID)?));
        }
    }
    Ok(held)
}

/// How often those are asked who were started while others let go. Each round takes as long as guests may.
const ROUNDS: usize = 3;

/// Runs a change that moves VIFs: the guests of attached ones let go first, and have them back afterwards, whatever came
/// of it. `edit` says on a draft which VIFs it would move; its errors come before anybody is asked. `change` says so once
/// more ([`Asked::covers`]): who was started meanwhile is asked, too, and the change tried again.
pub fn carrying<T>(
    cx: &Cx<'_>,
    edit: impl Fn(&Draft) -> Result<Vec<Ref<Vif>>>,
    change: impl Fn(&Asked) -> Result<T>,
) -> Result<T> {
    let core = cx.core;
    let care = Care::of(cx.origin)?;
    let Some(hands) = core.hands() else {
        return change(&Asked::new(None));
    };
    let draft = core.store.draft().map_err(db_error)?;
    let moving = edit(&draft).inspect_err(|_| core.metrics.changed(Ended::Refused))?;
    drop(draft);
    let mut more = held_of(&core.view()?, &moving)?;
    if care.plan_only {
        let outcome = change(&Asked::new(None));
        return match more.is_empty() {
            true => outcome,
            false => outcome.map_err(|why| planned::after_guests(core, &care, &vifs(&more), why)),
        };
    }
    let mut released = BTreeSet::new();
    let mut asked = BTreeSet::new();
    let mut round = 0;
    let outcome = loop {
        round += 1;
        if !more.is_empty()
            && let Err(why) = hands.take(core, &vifs(&more))
        {
            break Err(why);
        }
        released.extend(vifs(&more));
        asked.extend(more);
        let so_far = Asked::new(Some(asked));
        let outcome = change(&so_far);
        more = so_far.more.into_inner();
        if more.is_empty() || round == ROUNDS {
            break outcome;
        }
        asked = so_far.held.unwrap_or_default();
    };
    if !released.is_empty() {
        hands.give_back(core, &Vec::from_iter(released));
    }
    outcome
}

fn vifs(held: &[Held]) -> Vec<Ref<Vif>> {
    held.iter().map(|(vif, _)| vif.clone()).collect()
}
