//! From what is and what shall be to ordered steps, for any backend.
//!
//! A backend's things are [`Object`]s with keys. [`plan`] compares two graphs of them and orders the differences in three
//! phases, because addresses sit on devices that come and go and dropping first would cut the host off:
//!
//! 1. *prepare*: whatever can be put beside what is there;
//! 2. *switch*: what passes from something old to something new (claims, changed values), with what depends on it;
//! 3. *retire*: what is left over, users before used.
//!
//! This module must not know what the objects are. Nothing here has an effect. Start with [`plan`].

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fmt::{self, Debug};

use thiserror::Error;

/// One thing a backend can have: a link, an OVSDB row, a profile file, a running DHCP client.
pub trait Object: Clone + Debug + Eq {
    /// What it is known by.
    type Key: Copy + Debug + Ord;
    /// Something that one object at a time can have.
    type Claim: Copy + Debug + Ord;

    /// What must exist before it, and may not go before it.
    fn needs(&self, key: &Self::Key) -> Vec<Self::Key>;

    /// What only this may have. Whoever gains a claim waits for all who lose it.
    fn claims(&self, key: &Self::Key) -> Vec<Self::Claim>;

    /// What several may have at a time, but nobody beside one whose claim it is: whoever gains one waits for all who lose
    /// the other.
    fn shares(&self, key: &Self::Key) -> Vec<Self::Claim>;

    /// Whether it can become `to` without being removed. Objects that need it stay where they are meanwhile.
    fn changes_into(&self, key: &Self::Key, to: &Self) -> bool;

    /// Whether becoming `to` takes nothing from anybody, so that it can be done in advance.
    fn only_adds(&self, to: &Self) -> bool;

    /// Whether nobody can use it before it has become `to`: those who come to need it come afterwards.
    fn begins_use(&self, to: &Self) -> bool;

    /// Whether nobody may use it any more once it has become `to`: those who needed it and go are gone before.
    fn ends_use(&self, to: &Self) -> bool;

    /// Whether putting it can wait until those who hold its claims are retired in their own time. Otherwise they give way
    /// in the switch.
    fn is_patient(&self) -> bool;

    /// Where the order is free, steps of a low rank go first. Steps that the backend makes in one transaction have
    /// neighbouring ranks, and no others have ranks between them.
    fn rank(step: &Step<Self>) -> u8;
}

/// The objects of a host by key.
pub type Graph<O> = BTreeMap<<O as Object>::Key, O>;

/// One step of a change.
#[derive(Clone, PartialEq, Eq)]
pub enum Step<O: Object> {
    /// Make it.
    Put(O::Key, O),
    /// Remove it.
    Drop(O::Key, O),
    /// Make the second out of the first.
    Change(O::Key, O, O),
}

impl<O: Object> Step<O> {
    /// The key of its object.
    pub fn key(&self) -> &O::Key {
        match self {
            Step::Put(key, _) | Step::Drop(key, _) | Step::Change(key, _, _) => key,
        }
    }

    /// The step that takes it back.
    pub fn inverse(self) -> Step<O> {
        match self {
            Step::Put(key, object) => Step::Drop(key, object),
            Step::Drop(key, object) => Step::Put(key, object),
            Step::Change(key, from, to) => Step::Change(key, to, from),
        }
    }

    fn before(&self) -> Option<&O> {
        match self {
            Step::Put(..) => None,
            Step::Drop(_, old) | Step::Change(_, old, _) => Some(old),
        }
    }

    fn after(&self) -> Option<&O> {
        match self {
            Step::Drop(..) => None,
            Step::Put(_, new) | Step::Change(_, _, new) => Some(new),
        }
    }

    /// Whether it removes something.
    pub fn is_drop(&self) -> bool {
        matches!(self, Step::Drop(..))
    }

    /// Whether it makes something.
    pub fn is_put(&self) -> bool {
        matches!(self, Step::Put(..))
    }
}

impl<O: Object> Debug for Step<O> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Put(key, object) => write!(out, "put {key:?}: {object:?}"),
            Step::Drop(key, _) => write!(out, "drop {key:?}"),
            Step::Change(key, old, new) => write!(out, "change {key:?}: {old:?} -> {new:?}"),
        }
    }
}

/// Steps in three phases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<O: Object> {
    /// Beside what is there.
    pub prepare: Vec<Step<O>>,
    /// From the old to the new.
    pub switch: Vec<Step<O>>,
    /// What is left over.
    pub retire: Vec<Step<O>>,
}

impl<O: Object> Plan<O> {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of steps.
    pub fn len(&self) -> usize {
        self.prepare.len() + self.switch.len() + self.retire.len()
    }

    /// All steps in their order.
    pub fn steps(&self) -> impl Iterator<Item = &Step<O>> {
        self.prepare.iter().chain(&self.switch).chain(&self.retire)
    }
}

/// No order of the steps is possible. That is a mistake in the objects, not in what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the steps wait for each other: {0}")]
pub struct Tangled(String);

/// Orders the differences between what is and what shall be.
///
/// With `only`, the steps are those that these keys need, and what those need in turn; the rest is left for later. That
/// is how management is brought up first.
pub fn plan<O: Object>(
    have: &Graph<O>,
    want: &Graph<O>,
    only: Option<&BTreeSet<O::Key>>,
) -> Result<Plan<O>, Tangled> {
    let mut torn: BTreeSet<O::Key> = BTreeSet::new();
    let mut moved = BTreeSet::new();
    for (key, old) in have {
        match want.get(key) {
            Some(new) if new == old => {}
            Some(new) if old.changes_into(key, new) => {
                moved.insert(*key);
            }
            Some(_) => {
                torn.insert(*key);
            }
            None => {}
        }
    }
    // Each round tears at least one more change into a drop and a put, so this ends.
    loop {
        tear_users(have, want, &mut torn);
        let mut draft = Draft::new(have, want, &torn, &moved);
        if let Some(key) = draft.find_torn_between() {
            torn.insert(key);
            continue;
        }
        if let Some(only) = only {
            draft.keep_what_is_needed_for(only);
        }
        match draft.ordered() {
            Ok(plan) => return Ok(plan),
            Err(Cycle {
                change: Some(key), ..
            }) => {
                torn.insert(key);
            }
            Err(Cycle { shown, .. }) => return Err(Tangled(shown)),
        }
    }
}

/// What stands on something that is removed and made anew must be made anew as well.
fn tear_users<O: Object>(have: &Graph<O>, want: &Graph<O>, torn: &mut BTreeSet<O::Key>) {
    let mut before = usize::MAX;
    while before != torn.len() && !torn.is_empty() {
        before = torn.len();
        for (key, old) in have {
            let Some(new) = want.get(key).filter(|_| !torn.contains(key)) else {
                continue;
            };
            let on_torn = |object: &O| object.needs(key).iter().any(|need| torn.contains(need));
            if on_torn(old) && on_torn(new) {
                torn.insert(*key);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Prepare,
    Switch,
    Retire,
}

struct Cycle<K> {
    change: Option<K>,
    shown: String,
}

struct Draft<O: Object> {
    steps: Vec<Step<O>>,
    /// `(a, b)`: a before b.
    edges: Vec<(usize, usize)>,
    switch: Vec<bool>,
    /// Puts that come last.
    late: Vec<bool>,
    kept: Vec<bool>,
}

impl<O: Object> Draft<O> {
    fn new(
        have: &Graph<O>,
        want: &Graph<O>,
        torn: &BTreeSet<O::Key>,
        moved: &BTreeSet<O::Key>,
    ) -> Draft<O> {
        let mut steps = Vec::new();
        for (key, old) in have {
            match want.get(key) {
                Some(new) if moved.contains(key) && !torn.contains(key) => {
                    steps.push(Step::Change(*key, old.clone(), new.clone()));
                }
                Some(_) if !torn.contains(key) => {}
                _ => steps.push(Step::Drop(*key, old.clone())),
            }
        }
        for (key, new) in want {
            if torn.contains(key) || !have.contains_key(key) {
                steps.push(Step::Put(*key, new.clone()));
            }
        }
        let (switch, late) = (vec![false; steps.len()], vec![false; steps.len()]);
        let kept = vec![true; steps.len()];
        let mut draft = Draft {
            steps,
            edges: Vec::new(),
            switch,
            late,
            kept,
        };
        draft.link();
        draft.find_switch();
        draft
    }

    /// Finds which step must be before which.
    fn link(&mut self) {
        // What can be used only afterwards: what is made, and what changes so.
        let mut begins = BTreeMap::new();
        // What nobody may use afterwards: what is removed, and what changes so.
        let mut ends = BTreeMap::new();
        let mut drops = BTreeMap::new();
        let (mut released, mut shared) = (BTreeMap::new(), BTreeMap::new());
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Put(key, _) => {
                    begins.insert(*key, at);
                }
                Step::Drop(key, _) => {
                    drops.insert(*key, at);
                    ends.insert(*key, at);
                }
                Step::Change(key, old, new) if old.ends_use(new) => {
                    ends.insert(*key, at);
                    self.late[at] = true;
                }
                Step::Change(key, old, new) if old.begins_use(new) => {
                    begins.insert(*key, at);
                }
                Step::Change(..) => {}
            }
            for claim in lost(step, O::claims) {
                released.entry(claim).or_insert_with(Vec::new).push(at);
            }
            for claim in lost(step, O::shares) {
                shared.entry(claim).or_insert_with(Vec::new).push(at);
            }
        }
        let mut edges = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let key = step.key();
            let needed = step.after().map_or(Vec::new(), |new| new.needs(key));
            edges.extend(
                needed
                    .iter()
                    .filter_map(|need| begins.get(need))
                    .map(|begin| (*begin, at)),
            );
            if let Some(old) = step.before() {
                let no_more = old
                    .needs(key)
                    .into_iter()
                    .filter(|need| !needed.contains(need));
                edges.extend(
                    no_more
                        .filter_map(|need| ends.get(&need))
                        .map(|end| (at, *end)),
                );
            }
            if let (Step::Put(..), Some(drop)) = (step, drops.get(key)) {
                edges.push((*drop, at));
                self.switch[at] = true;
                self.switch[*drop] = true;
            }
            let alone = gained(step, O::claims);
            let with_others = gained(step, O::shares);
            let holders = |claims: &[O::Claim], of: &BTreeMap<O::Claim, Vec<usize>>| {
                let all = claims.iter().filter_map(|claim| of.get(claim));
                all.flatten().copied().collect::<Vec<usize>>()
            };
            for holder in [
                holders(&alone, &released),
                holders(&alone, &shared),
                holders(&with_others, &released),
            ]
            .concat()
            {
                if holder != at {
                    edges.push((holder, at));
                    if step.after().is_some_and(O::is_patient) {
                        self.late[at] = true;
                    } else {
                        self.switch[at] = true;
                        self.switch[holder] = true;
                    }
                }
            }
        }
        self.edges = edges;
    }

    /// Adds to the switch what can be neither before nor after it.
    fn find_switch(&mut self) {
        for (at, step) in self.steps.iter().enumerate() {
            if let Step::Change(_, old, new) = step {
                self.switch[at] |= !old.only_adds(new) && !self.late[at];
            }
        }
        let mut grew = true;
        while grew {
            grew = false;
            for &(a, b) in &self.edges {
                if self.switch[a] && !self.switch[b] && !self.late[b] && !self.steps[b].is_drop() {
                    self.switch[b] = true;
                    grew = true;
                }
                if self.switch[b]
                    && !self.switch[a]
                    && self.steps[b].is_drop()
                    && self.steps[a].is_drop()
                {
                    self.switch[a] = true;
                    grew = true;
                }
            }
        }
    }

    /// A change between something made in the switch and something removed in it would have to stand in the middle of
    /// the backend's one transaction. It is torn instead.
    fn find_torn_between(&self) -> Option<O::Key> {
        let change = |at: usize| matches!(self.steps[at], Step::Change(..));
        let onto_new: BTreeSet<usize> = self
            .edges
            .iter()
            .filter(|(a, b)| change(*b) && self.switch[*a] && self.steps[*a].is_put())
            .map(|(_, b)| *b)
            .collect();
        self.edges
            .iter()
            .find(|(a, b)| onto_new.contains(a) && self.switch[*b] && self.steps[*b].is_drop())
            .map(|(a, _)| *self.steps[*a].key())
    }

    /// Leaves out every step that none of these keys waits for.
    fn keep_what_is_needed_for(&mut self, only: &BTreeSet<O::Key>) {
        for (at, step) in self.steps.iter().enumerate() {
            self.kept[at] = only.contains(step.key());
        }
        let mut grew = true;
        while grew {
            grew = false;
            for &(a, b) in &self.edges {
                if self.kept[b] && !self.kept[a] {
                    self.kept[a] = true;
                    grew = true;
                }
            }
        }
    }

    fn phase(&self, at: usize) -> Phase {
        match (self.switch[at], self.steps[at].is_drop()) {
            (true, _) => Phase::Switch,
            (false, false) if !self.late[at] => Phase::Prepare,
            (false, _) => Phase::Retire,
        }
    }

    fn ordered(self) -> Result<Plan<O>, Cycle<O::Key>> {
        let urgency = self.urgencies();
        let mut waits = vec![0usize; self.steps.len()];
        let mut followers = vec![Vec::new(); self.steps.len()];
        for &(a, b) in &self.edges {
            if self.kept[a] && self.kept[b] {
                waits[b] += 1;
                followers[a].push(b);
            }
        }
        let rank = |at: usize| Reverse((self.phase(at), urgency[at], at));
        let mut ready: BinaryHeap<_> = (0..self.steps.len())
            .filter(|at| waits[*at] == 0 && self.kept[*at])
            .map(rank)
            .collect();
        let mut order = Vec::with_capacity(self.steps.len());
        while let Some(Reverse((_, _, at))) = ready.pop() {
            order.push(at);
            for &next in &followers[at] {
                waits[next] -= 1;
                if waits[next] == 0 {
                    ready.push(rank(next));
                }
            }
        }
        if order.len() < self.kept.iter().filter(|kept| **kept).count() {
            return Err(self.cycle(&waits));
        }
        let phases: Vec<Phase> = order.iter().map(|at| self.phase(*at)).collect();
        debug_assert!(
            phases.is_sorted(),
            "a phase waits for a later one: {:?}",
            self.steps
        );
        let mut plan = Plan {
            prepare: Vec::new(),
            switch: Vec::new(),
            retire: Vec::new(),
        };
        let mut steps: Vec<Option<Step<O>>> = self.steps.into_iter().map(Some).collect();
        for (at, phase) in order.into_iter().zip(phases) {
            let list = match phase {
                Phase::Prepare => &mut plan.prepare,
                Phase::Switch => &mut plan.switch,
                Phase::Retire => &mut plan.retire,
            };
            list.extend(steps[at].take());
        }
        Ok(plan)
    }

    /// The rank of each step, or just below that of the most urgent step of its phase that waits for it: so what must be
    /// before a transaction is not put off into its middle.
    fn urgencies(&self) -> Vec<i32> {
        let mut urgency: Vec<i32> = self
            .steps
            .iter()
            .map(|step| 1_000 * i32::from(O::rank(step)))
            .collect();
        let mut changed = true;
        // A cycle would lower its members for ever; the number of rounds is bounded by the longest path.
        let mut rounds = self.steps.len() + 1;
        while changed && rounds > 0 {
            changed = false;
            rounds -= 1;
            for &(a, b) in &self.edges {
                if self.phase(a) == self.phase(b) && urgency[a] >= urgency[b] {
                    let lowered = urgency[b] - 1;
                    urgency[a] = lowered;
                    changed = true;
                }
            }
        }
        urgency
    }

    fn cycle(&self, waits: &[usize]) -> Cycle<O::Key> {
        let stuck: Vec<&Step<O>> = self
            .steps
            .iter()
            .enumerate()
            .filter(|(at, _)| waits[*at] > 0 && self.kept[*at])
            .map(|(_, step)| step)
            .collect();
        let change = stuck
            .iter()
            .find(|step| matches!(step, Step::Change(..)))
            .map(|step| *step.key());
        let shown: Vec<String> = stuck
            .iter()
            .take(10)
            .map(|step| format!("{step:?}"))
            .collect();
        Cycle {
            change,
            shown: shown.join("; "),
        }
    }
}

/// What a step takes from its object, out of its claims or out of what it shares.
fn lost<O: Object>(step: &Step<O>, of: fn(&O, &O::Key) -> Vec<O::Claim>) -> Vec<O::Claim> {
    less(step.before(), step.after(), step.key(), of)
}

/// What a step gives to its object.
fn gained<O: Object>(step: &Step<O>, of: fn(&O, &O::Key) -> Vec<O::Claim>) -> Vec<O::Claim> {
    less(step.after(), step.before(), step.key(), of)
}

fn less<O: Object>(
    one: Option<&O>,
    other: Option<&O>,
    key: &O::Key,
    of: fn(&O, &O::Key) -> Vec<O::Claim>,
) -> Vec<O::Claim> {
    let mut claims = one.map_or(Vec::new(), |object| of(object, key));
    if let (false, Some(other)) = (claims.is_empty(), other) {
        let others = of(other, key);
        claims.retain(|claim| !others.contains(claim));
    }
    claims
}
