//! Carries a host from what it is to a topology, or back to where it was.
//!
//! A [`Change`] remembers every step done, over several rounds if need be, so that one undo takes all of it back.
//! [`what_can`] leaves out what fails and goes on.
//!
//! This module must not know any backend. Start with [`Change`].

use std::collections::{BTreeMap, BTreeSet};

use tracing::{debug, warn};

use crate::agent::{Cause, LeftOut, ManagementAlone, NetError, Part, Undo};
use crate::plan::{self, Graph, Object, Plan, Step};
use crate::topology::{Alone, Topology};

/// A backend: it can say what a topology means to it, what there is, and can do steps.
pub trait Driver {
    /// The things it has.
    type Object: Object;

    /// What a topology is made of here. Pure, and total: a topology that passed its check can be lowered.
    fn lower(&self, want: &Topology) -> Graph<Self::Object>;

    /// What exists now and is ours or named by `want`, and who else holds what.
    fn observe(&mut self, want: &Graph<Self::Object>) -> Result<Observed<Self::Object>, NetError>;

    /// Does the steps of one phase in their order.
    fn apply(&mut self, steps: &[Step<Self::Object>]) -> Result<(), Stopped>;

    /// What an error about an object is about.
    fn part(&self, key: &<Self::Object as Object>::Key, object: &Self::Object) -> Part;

    /// Whether an object can only be found, not made: a NIC.
    fn is_given(&self, key: &<Self::Object as Object>::Key) -> bool;

    /// Which of these parts have left the host by themselves, and can be given back to nobody: guests' NICs.
    fn gone(&mut self, parts: &BTreeSet<Part>) -> Result<BTreeSet<Part>, NetError>;

    /// Called before the steps that pass things from old to new, so that the new may know what the old has learnt.
    fn before_switch(&mut self, _plan: &Plan<Self::Object>) {}

    /// Called after these steps, so that the neighbourhood hears of it.
    fn after_switch(&mut self, _plan: &Plan<Self::Object>) {}
}

/// A failure on demand, for tests of whatever must survive one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The step at which it happens, counted by the driver from its beginning.
    pub at: usize,
    /// What happens.
    pub kind: FaultKind,
}

/// What happens at a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The step is refused and has no effect.
    Refuse,
    /// So many attempts are refused, whatever step it is that they find there: after the failure, the undo fails too.
    RefuseTimes(u32),
    /// The step is not done, for Open vSwitch does not follow in time.
    Silent,
    /// The step has its effect and is then found to have failed.
    FailAfter,
    /// Whoever does the steps stops before this one.
    CrashBefore,
    /// Whoever does the steps stops after this one.
    CrashAfter,
    /// All guests end, and the step is refused and has no effect.
    GuestsLeave,
    /// Whoever does the steps panics before this one, as for a mistake of ours.
    Panic,
}

impl Fault {
    /// The fault that is still to come after this one has happened.
    pub fn next(self) -> Option<Fault> {
        match self.kind {
            FaultKind::RefuseTimes(left @ 2..) => Some(Fault {
                kind: FaultKind::RefuseTimes(left - 1),
                ..self
            }),
            _ => None,
        }
    }
}

/// What a driver finds.
#[derive(Clone, Debug)]
pub struct Observed<O: Object> {
    /// What is ours, or named by what is wanted.
    pub graph: Graph<O>,
    /// Claims held by what isn't ours, and its name.
    pub foreign: BTreeMap<O::Claim, String>,
    /// Objects of ours that can't be removed, since something that isn't ours stands on them, and its name.
    pub held: BTreeMap<O::Key, String>,
}

/// A driver that could not do all steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// How many of the steps have had an effect, a failed one included if it had.
    pub done: usize,
    /// What it is about.
    pub part: Part,
    /// The kind of failure. After [`Cause::Stopped`] nothing is undone: whoever did the steps is no more.
    pub cause: Cause,
    /// The reason.
    pub why: String,
}

/// A change under way on one host.
pub struct Change<'a, D: Driver> {
    driver: &'a mut D,
    start: Option<Graph<D::Object>>,
    touched: Graph<D::Object>,
    first: BTreeSet<Key<D>>,
    done: Vec<Step<D::Object>>,
    steps: usize,
}

type Key<D> = <<D as Driver>::Object as Object>::Key;

impl<'a, D: Driver> Change<'a, D> {
    /// Begins a change.
    pub fn new(driver: &'a mut D) -> Change<'a, D> {
        Change {
            driver,
            start: None,
            touched: Graph::<D::Object>::new(),
            first: BTreeSet::new(),
            done: Vec::new(),
            steps: 0,
        }
    }

    /// How many steps were done.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The driver, for what must be known between rounds.
    pub fn driver(&mut self) -> &mut D {
        self.driver
    }

    /// Makes the host look like the topology, whole. After an error, what was done is still done: call [`Change::undo`].
    pub fn to(&mut self, topology: &Topology) -> Result<(), NetError> {
        self.reach_and_keep(topology, &Kept::default(), None)
    }

    /// The same, but what is there of something kept stays. `seen` is what there is, if somebody has just looked for this
    /// topology's sake.
    fn reach_and_keep(
        &mut self,
        topology: &Topology,
        kept: &Kept,
        seen: Option<Observed<D::Object>>,
    ) -> Result<(), NetError> {
        check(topology)?;
        let mut want = self.driver.lower(topology);
        let have = match seen {
            Some(seen) => seen,
            None => self.driver.observe(&want)?,
        };
        let stays = kept.of(self.driver, &have.graph, &want);
        want.extend(stays);
        let first = management_keys(self.driver, topology);
        let plan = ready_plan(self.driver, &have, &want, None)?;
        self.remember(&have, &want, first);
        self.carry_out(&plan)?;
        if !plan.is_empty() {
            self.verify(&want, None)?;
        }
        Ok(())
    }

    /// Does what the management bridge of the topology needs, and nothing else. Answers what there is then.
    fn management_first(&mut self, topology: &Topology) -> Result<Observed<D::Object>, NetError> {
        let want = self.driver.lower(topology);
        let have = self.driver.observe(&want)?;
        let first = management_keys(self.driver, topology);
        let plan = ready_plan(self.driver, &have, &want, Some(&first))?;
        self.remember(&have, &want, first.clone());
        self.carry_out(&plan)?;
        match plan.is_empty() {
            true => Ok(have),
            false => self.verify(&want, Some(&first)),
        }
    }

    fn remember(
        &mut self,
        have: &Observed<D::Object>,
        want: &Graph<D::Object>,
        first: BTreeSet<Key<D>>,
    ) {
        if self.start.is_none() {
            self.start = Some(have.graph.clone());
            self.first = first;
        }
        self.touched.extend(want.clone());
    }

    fn carry_out(&mut self, plan: &Plan<D::Object>) -> Result<(), NetError> {
        self.phase(&plan.prepare)?;
        self.driver.before_switch(plan);
        self.phase(&plan.switch)?;
        self.driver.after_switch(plan);
        self.phase(&plan.retire)
    }

    fn phase(&mut self, steps: &[Step<D::Object>]) -> Result<(), NetError> {
        if steps.is_empty() {
            return Ok(());
        }
        debug!(?steps, "a phase");
        match self.driver.apply(steps) {
            Ok(()) => {
                self.steps += steps.len();
                self.done.extend_from_slice(steps);
                Ok(())
            }
            Err(stopped) => {
                self.done.extend(steps.iter().take(stopped.done).cloned());
                Err(NetError {
                    part: stopped.part,
                    cause: stopped.cause,
                    why: stopped.why,
                    undo: Undo::NotNeeded,
                })
            }
        }
    }

    /// Looks again: what the backend accepted must also be so. Answers what was seen.
    fn verify(
        &mut self,
        want: &Graph<D::Object>,
        only: Option<&BTreeSet<Key<D>>>,
    ) -> Result<Observed<D::Object>, NetError> {
        let have = self.driver.observe(want)?;
        let left = ordered(&have.graph, want, only)?;
        match left.steps().next() {
            None => Ok(have),
            Some(step) => Err(NetError::before(
                step_part(self.driver, step),
                Cause::Refused,
                format!("accepted, but not so afterwards: {step:?}"),
            )),
        }
    }

    /// Takes back all that was done, and says so in the error.
    pub fn undo(mut self, mut error: NetError) -> NetError {
        if error.cause == Cause::Stopped || self.done.is_empty() {
            return error;
        }
        warn!("undoing {} steps: {error}", self.done.len());
        error.undo = match self.take_back() {
            Ok(()) => Undo::Done,
            Err(failed) => {
                warn!("step by step it cannot be undone: {failed}");
                match self.restore() {
                    Ok(()) => Undo::Done,
                    Err(failed) => Undo::Failed(failed.to_string()),
                }
            }
        };
        error
    }

    /// The inverse steps, backwards.
    fn take_back(&mut self) -> Result<(), NetError> {
        let done = std::mem::take(&mut self.done);
        let mut steps: Vec<Step<D::Object>> = done.into_iter().rev().map(Step::inverse).collect();
        let about = steps.iter().map(|step| step_part(self.driver, step));
        let gone = self.gone(about.collect())?;
        // What it had here is cleared away, and nothing is given back to it.
        steps.retain(|step| step.is_drop() || !gone.contains(&step_part(self.driver, step)));
        let back = Plan {
            prepare: Vec::new(),
            switch: steps,
            retire: Vec::new(),
        };
        self.driver.before_switch(&back);
        self.driver
            .apply(&back.switch)
            .map_err(|stopped| NetError {
                part: stopped.part,
                cause: stopped.cause,
                why: stopped.why,
                undo: Undo::NotNeeded,
            })?;
        self.driver.after_switch(&back);
        Ok(())
    }

    fn gone(&mut self, parts: BTreeSet<Part>) -> Result<BTreeSet<Part>, NetError> {
        self.driver.gone(&parts)
    }

    /// Where the inverse steps fail: to the start by a plan of its own, management first.
    fn restore(&mut self) -> Result<(), NetError> {
        let mut named = self.touched.clone();
        let mut start = self.start.clone().unwrap_or_default();
        named.extend(start.clone());
        let driver = &*self.driver;
        let about = start.iter().map(|(key, object)| driver.part(key, object));
        let gone = self.gone(about.collect())?;
        start.retain(|key, object| !gone.contains(&self.driver.part(key, object)));
        let first = self.first.clone();
        for only in [Some(&first), None] {
            let have = self.driver.observe(&named)?;
            let plan = ordered(&have.graph, &start, only)?;
            self.carry_out(&plan)?;
        }
        Ok(())
    }
}

/// The steps that would be done, and none of them done.
pub fn preview<D: Driver>(
    driver: &mut D,
    topology: &Topology,
) -> Result<Plan<D::Object>, NetError> {
    check(topology)?;
    let want = driver.lower(topology);
    let have = driver.observe(&want)?;
    ready_plan(driver, &have, &want, None)
}

/// All or nothing. Returns the number of steps.
pub fn whole<D: Driver>(driver: &mut D, topology: &Topology) -> Result<usize, NetError> {
    whole_and_keep(driver, topology, &Kept::default(), None)
}

fn whole_and_keep<D: Driver>(
    driver: &mut D,
    topology: &Topology,
    kept: &Kept,
    seen: Option<Observed<D::Object>>,
) -> Result<usize, NetError> {
    let mut change = Change::new(driver);
    match change.reach_and_keep(topology, kept, seen) {
        Ok(()) => Ok(change.steps()),
        Err(error) => Err(change.undo(error)),
    }
}

/// The parts of a management that can be had nowhere: what is there of them stays, for it may be the last way to the host.
#[derive(Debug, Default)]
struct Kept {
    parts: BTreeSet<Part>,
}

impl Kept {
    /// The management of a topology, with what carries it and the host's name servers.
    fn management(wanted: &Topology) -> Kept {
        let Some(name) = wanted.management else {
            return Kept::default();
        };
        let carrier = wanted.carrier_of(&name);
        let below = wanted.bridges.get(&carrier);
        let nics = below.map_or(&[][..], |bridge| bridge.nics());
        let bridges = [Part::Bridge(name), Part::Bridge(carrier), Part::Host];
        Kept {
            parts: bridges
                .into_iter()
                .chain(nics.iter().copied().map(Part::Nic))
                .collect(),
        }
    }

    /// The objects that are there and in nobody's way.
    fn of<D: Driver>(
        &self,
        driver: &D,
        have: &Graph<D::Object>,
        want: &Graph<D::Object>,
    ) -> Graph<D::Object> {
        if self.parts.is_empty() {
            return Graph::<D::Object>::new();
        }
        let claims = |graph: &Graph<D::Object>| -> BTreeSet<_> {
            let all = graph.iter().flat_map(|(key, object)| object.claims(key));
            all.collect()
        };
        let claimed = claims(want);
        let mut stays: Graph<D::Object> = have
            .iter()
            .filter(|(key, object)| {
                let mut own = object.claims(key).into_iter();
                self.parts.contains(&driver.part(key, object))
                    && !want.contains_key(key)
                    && !own.any(|claim| claimed.contains(&claim))
            })
            .map(|(key, object)| (*key, object.clone()))
            .collect();
        loop {
            let (before, now) = (stays.len(), stays.clone());
            // What needs something that goes, goes. What isn't there is no need of what is.
            stays.retain(|key, object| {
                let stands = |need: &Key<D>| {
                    now.contains_key(need) || want.contains_key(need) || !have.contains_key(need)
                };
                object.needs(key).iter().all(stands)
            });
            if stays.len() == before {
                return stays;
            }
        }
    }
}

/// What came of [`what_can`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The topology without what was left out.
    pub topology: Topology,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
    /// Where management is, if it could not be had as it was asked for.
    pub alone: Option<ManagementAlone>,
    /// The number of steps.
    pub steps: usize,
}

/// All that can be, management first. What fails is left out with all that stands on it; but if that is management
/// itself, it is tried alone, without bond and VLAN, on the primary member and then on the others; and if it can be had
/// nowhere, what is there of it stays as it is.
pub fn what_can<D: Driver>(driver: &mut D, topology: &Topology) -> Result<Reached, NetError> {
    let reached = reach(driver, topology, one_round)?;
    for LeftOut { part, why, .. } in &reached.left_out {
        warn!("left out: {part}: {why}");
    }
    if let Some(alone) = &reached.alone {
        warn!("management is alone on {}: {}", alone.nic, alone.why);
    }
    if topology.management.is_some() && reached.topology.management.is_none() {
        warn!("management cannot be had: what is there of it stays as it is");
    }
    Ok(reached)
}

/// The steps that [`what_can`] would do as far as can be told without doing them: what isn't there and what is somebody
/// else's is left out.
pub fn preview_what_can<D: Driver>(
    driver: &mut D,
    topology: &Topology,
) -> Result<Plan<D::Object>, NetError> {
    let mut plan = Plan {
        prepare: Vec::new(),
        switch: Vec::new(),
        retire: Vec::new(),
    };
    reach(driver, topology, |driver: &mut D, topology, kept, _| {
        check(topology).map_err(Fallen::later)?;
        let mut want = driver.lower(topology);
        let have = driver.observe(&want).map_err(Fallen::later)?;
        if topology.management.is_some() {
            let first = management_keys(driver, topology);
            ready_plan(driver, &have, &want, Some(&first)).map_err(Fallen::first)?;
        }
        let stays = kept.of(driver, &have.graph, &want);
        want.extend(stays);
        plan = ready_plan(driver, &have, &want, None).map_err(Fallen::later)?;
        Ok(())
    })?;
    Ok(plan)
}

/// Rounds with less and less, until one succeeds.
fn reach<D: Driver>(
    driver: &mut D,
    topology: &Topology,
    mut round: impl FnMut(&mut D, &Topology, &Kept, &mut usize) -> Result<(), Fallen>,
) -> Result<Reached, NetError> {
    let mut reached = Reached {
        topology: topology.clone(),
        left_out: Vec::new(),
        alone: None,
        steps: 0,
    };
    for (bridge, router) in reached.topology.leave_out_unreachable_routers() {
        reached.left_out.push(LeftOut {
            part: Part::Bridge(bridge),
            bridges: Vec::new(),
            why: format!("no address reaches the router {router}"),
        });
    }
    leave_out_circles(&mut reached);
    let wanted = reached.topology.clone();
    let mut places = wanted.management_alone().into_iter();
    // Each round leaves out one NIC or bridge more or tries one more place, so there are no more rounds than those.
    let mut rounds = 1
        + 2 * places.len()
        + topology.vifs.len()
        + topology
            .bridges
            .values()
            .map(|bridge| 1 + bridge.nics().len())
            .sum::<usize>();
    let mut kept = Kept::default();
    loop {
        match round(driver, &reached.topology, &kept, &mut reached.steps) {
            Ok(()) => return Ok(reached),
            Err(Fallen { error, first }) => {
                rounds -= 1;
                // A backend that does not answer says nothing about any part.
                let lost = matches!(
                    error.cause,
                    Cause::Stopped | Cause::Unreachable | Cause::TimedOut
                );
                if rounds == 0 || lost {
                    return Err(error);
                }
                let went_on = leave_out(&mut reached, &error);
                // With management as it shall be, whatever else fails is no reason to do without bond and VLAN.
                let about_management = reached.topology.management.is_none()
                    || (!went_on && (first || !has_management(driver, &reached.topology)));
                let put = about_management
                    && wanted.management.is_some()
                    && put_alone(&mut reached, &wanted, places.next(), &error);
                if !went_on && !put {
                    return Err(error);
                }
                if wanted.management.is_some() && reached.topology.management.is_none() {
                    kept = Kept::management(&wanted);
                }
            }
        }
    }
}

/// Whether a tunnel leads through a tunnel may depend on a lease, so that nobody could know before. It goes without its
/// other ends: the bridge may have addresses that are needed.
fn leave_out_circles(reached: &mut Reached) {
    // One tunnel at a time: another may be no part of a circle once this one is open.
    while let Some(first) = reached.topology.tunnels_through_tunnels().first() {
        let bridge = first.bridge;
        let mut rounds = reached.topology.tunnels_through_tunnels();
        rounds.retain(|round| round.bridge == bridge);
        for round in rounds {
            reached.topology.leave_out_end(&bridge, round.end);
            reached.left_out.push(LeftOut {
                part: Part::Bridge(bridge),
                bridges: Vec::new(),
                why: round.to_string(),
            });
        }
    }
}

/// Puts management into the next place where it needs nothing else. False if there is none.
fn put_alone(
    reached: &mut Reached,
    wanted: &Topology,
    place: Option<Alone>,
    error: &NetError,
) -> bool {
    // What failed first says why; a place that fails says only that it is none.
    let why = reached.alone.take().map(|alone| alone.why);
    let Some(place) = place else {
        return false;
    };
    reached.alone = Some(ManagementAlone {
        bridge: place.bridge,
        nic: place.nic,
        why: why.unwrap_or_else(|| error.to_string()),
    });
    let bridges = reached.topology.put_alone(wanted, &place);
    if !bridges.is_empty() {
        reached.left_out.push(LeftOut {
            part: error.part,
            bridges,
            why: error.why.clone(),
        });
    }
    true
}

/// Whether nothing needs to be done for management.
fn has_management<D: Driver>(driver: &mut D, topology: &Topology) -> bool {
    let want = driver.lower(topology);
    let Ok(have) = driver.observe(&want) else {
        return false;
    };
    let first = management_keys(driver, topology);
    ready_plan(driver, &have, &want, Some(&first)).is_ok_and(|plan| plan.is_empty())
}

/// A round that failed.
struct Fallen {
    error: NetError,
    /// While management was brought up: whatever failed was in its way.
    first: bool,
}

impl Fallen {
    fn first(error: NetError) -> Fallen {
        Fallen { error, first: true }
    }

    fn later(error: NetError) -> Fallen {
        Fallen {
            error,
            first: false,
        }
    }
}

fn one_round<D: Driver>(
    driver: &mut D,
    topology: &Topology,
    kept: &Kept,
    steps: &mut usize,
) -> Result<(), Fallen> {
    check(topology).map_err(Fallen::later)?;
    let mut seen = None;
    if topology.management.is_some() {
        let mut change = Change::new(driver);
        match change.management_first(topology) {
            Ok(found) => {
                *steps += change.steps();
                seen = Some(found);
            }
            Err(error) => {
                return Err(Fallen::first(change.undo(error)));
            }
        }
    }
    *steps += whole_and_keep(driver, topology, kept, seen).map_err(Fallen::later)?;
    Ok(())
}

/// Takes what an error is about out of the topology. False if that can't be, or changes nothing.
fn leave_out(reached: &mut Reached, error: &NetError) -> bool {
    let before = reached.topology.clone();
    let bridges = match error.part {
        Part::Nic(nic) => reached.topology.leave_out_nic(nic),
        Part::Bridge(bridge) => reached.topology.leave_out_bridge(bridge),
        // The only part of the host itself is /etc/resolv.conf: no reason to do without addresses.
        Part::Host => {
            reached.topology.dns = None;
            Vec::new()
        }
    };
    if reached.topology == before {
        return false;
    }
    reached.left_out.push(LeftOut {
        part: error.part,
        bridges,
        why: error.why.clone(),
    });
    true
}

fn check(topology: &Topology) -> Result<(), NetError> {
    topology
        .check()
        .map_err(|invalid| NetError::before(Part::Host, Cause::Invalid, invalid.to_string()))
}

fn ordered<O: Object>(
    have: &Graph<O>,
    want: &Graph<O>,
    only: Option<&BTreeSet<O::Key>>,
) -> Result<Plan<O>, NetError> {
    plan::plan(have, want, only)
        .map_err(|tangled| NetError::before(Part::Host, Cause::Invalid, tangled.to_string()))
}

/// A plan whose steps have a chance: nothing foreign in the way, and no NIC to be made.
fn ready_plan<D: Driver>(
    driver: &D,
    have: &Observed<D::Object>,
    want: &Graph<D::Object>,
    only: Option<&BTreeSet<Key<D>>>,
) -> Result<Plan<D::Object>, NetError> {
    let plan = ordered(&have.graph, want, only)?;
    for step in plan.steps() {
        let (key, part) = (step.key(), step_part(driver, step));
        match step {
            Step::Put(..) if driver.is_given(key) => {
                return Err(NetError::before(part, Cause::Missing, "it isn't there"));
            }
            Step::Drop(..) => {
                if let Some(user) = have.held.get(key) {
                    let why = format!("{user} stands on it, and isn't ours");
                    return Err(NetError::before(part, Cause::Clash, why));
                }
            }
            Step::Put(_, new) | Step::Change(_, _, new) => {
                let held = new
                    .claims(key)
                    .into_iter()
                    .find_map(|claim| have.foreign.get(&claim).map(|holder| (claim, holder)));
                if let Some((claim, holder)) = held {
                    let why = format!("{claim:?} belongs to {holder}, which isn't ours");
                    return Err(NetError::before(part, Cause::Clash, why));
                }
            }
        }
    }
    Ok(plan)
}

fn step_part<D: Driver>(driver: &D, step: &Step<D::Object>) -> Part {
    let (Step::Put(key, object) | Step::Drop(key, object) | Step::Change(key, _, object)) = step;
    driver.part(key, object)
}

/// What the management bridge is made of.
fn management_keys<D: Driver>(driver: &D, topology: &Topology) -> BTreeSet<Key<D>> {
    let Some(management) = topology.management else {
        return BTreeSet::new();
    };
    let keep = [management, topology.carrier_of(&management)];
    let mut alone = topology.clone();
    alone.bridges.retain(|name, _| keep.contains(name));
    alone.vifs.clear();
    for role in [&mut alone.gateway, &mut alone.dns] {
        *role = role.filter(|bridge| keep.contains(bridge));
    }
    driver.lower(&alone).into_keys().collect()
}
