//! Random drafts, several at a time, against plain maps: reads, views, conflicts, dangling references, unique keys,
//! changes since, replay, restart. A failure prints its seed; `XAPI_SEED` runs one seed again, `XAPI_SOAK_SEEDS` sets
//! how many there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;
use xapi_db::{Commit, CommitError, Draft, Options, Read, Store, UniqueKey};
use xapi_model::{
    Bond, Class, ClassDesc, DateTime, Network, NetworkSriov, Pif, PifMetrics, Task, Type, Value,
    Vif, Vlan,
};

const CLASSES: &[&ClassDesc] = &[
    Network::DESC,
    Pif::DESC,
    Bond::DESC,
    Vlan::DESC,
    PifMetrics::DESC,
    NetworkSriov::DESC,
    Vif::DESC,
    Task::DESC,
];
const UNIQUE: &[UniqueKey] = &[
    UniqueKey {
        class: "PIF",
        fields: &["network", "device"],
    },
    UniqueKey {
        class: "network",
        fields: &["bridge"],
    },
];
const NULL: &str = "OpaqueRef:NULL";
const NOWHERE: &str = "OpaqueRef:nowhere";
const STEPS: usize = 250;

/// Small, and good enough to shuffle with (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.roll(list.len())]
    }
}

type Key = (usize, String);
/// Rows by class and reference; views are empty.
type World = BTreeMap<Key, Vec<Value>>;

fn class_at(name: &str) -> Option<usize> {
    CLASSES.iter().position(|class| class.name == name)
}

fn is_null(text: &str) -> bool {
    text.is_empty() || text == NULL
}

/// The rows a value refers to; classes that do not take part are never referred to.
fn targets(ty: &Type, value: &Value) -> BTreeSet<Key> {
    let mut found = BTreeSet::new();
    match (ty, value) {
        (Type::Ref(class), Value::Str(text)) if !is_null(text) => {
            found.insert((class_at(class).unwrap(), text.clone()));
        }
        (Type::Set(of), Value::Array(items)) => {
            for item in items {
                found.extend(targets(of, item));
            }
        }
        (Type::Map(key, of), Value::Struct(pairs)) => {
            for (name, value) in pairs {
                found.extend(targets(key, &Value::Str(name.clone())));
                found.extend(targets(of, value));
            }
        }
        _ => {}
    }
    found
}

/// All values of a row, its views read from the whole world.
fn full(world: &World, key: &Key) -> Option<Vec<Value>> {
    let mut row = world.get(key)?.clone();
    for (at, field) in CLASSES[key.0].fields.iter().enumerate() {
        let Some(end) = &field.view else { continue };
        let Some(class) = class_at(end.class) else {
            continue;
        };
        let column = CLASSES[class].index(end.field).unwrap();
        let ty = &CLASSES[class].fields[column].ty;
        let holders = world
            .iter()
            .rev()
            .filter(|((at, _), row)| *at == class && targets(ty, &row[column]).contains(key));
        let holders = holders.map(|((_, reference), _)| Value::Str(reference.clone()));
        row[at] = Value::Array(holders.collect());
    }
    Some(row)
}

/// Maps without regard to order, the rest as it is.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Struct(pairs) => {
            let mut pairs: Vec<_> = pairs.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Struct(pairs)
        }
        other => other.clone(),
    }
}

fn differ(one: &Value, other: &Value) -> bool {
    sorted(one) != sorted(other)
}

fn pairs(value: &Value) -> BTreeMap<&str, &Value> {
    let pairs = value.as_struct().unwrap_or_default();
    pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect()
}

/// What the store should hold.
#[derive(Clone, Default)]
struct Oracle {
    world: World,
    generation: u64,
    /// When a row was made and last changed.
    stamps: BTreeMap<Key, (u64, u64)>,
}

/// What a draft should be.
struct Pending {
    draft: Draft,
    snap: Oracle,
    now: World,
    relied: BTreeSet<Key>,
    touched: BTreeSet<Key>,
    whole: BTreeSet<(Key, usize)>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Done,
    Conflict,
    Dangling,
    Unique,
}

impl Oracle {
    /// Moves to a world as one generation.
    fn become_world(&mut self, world: World, touched: &BTreeSet<Key>, generation: u64) {
        for key in world.keys() {
            let (before, after) = (full(&self.world, key), full(&world, key));
            let changed = match (&before, &after) {
                (Some(a), Some(b)) => a.iter().zip(b).any(|(a, b)| differ(a, b)),
                _ => true,
            };
            let stamp = self
                .stamps
                .entry(key.clone())
                .or_insert((generation, generation));
            if changed || touched.contains(key) {
                stamp.1 = generation;
            }
        }
        self.stamps.retain(|key, _| world.contains_key(key));
        self.world = world;
        self.generation = generation;
    }

    fn changed_since(&self, key: &Key, generation: u64) -> bool {
        self.stamps
            .get(key)
            .is_none_or(|stamp| stamp.1 > generation)
    }

    /// What a commit of the draft may come to, and the world after it.
    fn expect(&self, pending: &Pending) -> (BTreeSet<Outcome>, World) {
        let since = pending.snap.generation;
        let mut merged = self.world.clone();
        let conflict = (BTreeSet::from([Outcome::Conflict]), self.world.clone());
        let before = &pending.snap.world;
        if *before == pending.now && pending.touched.is_empty() {
            return (BTreeSet::from([Outcome::Done]), merged);
        }
        if pending
            .relied
            .iter()
            .any(|key| self.changed_since(key, since))
        {
            return conflict;
        }
        for key in before.keys().filter(|key| !pending.now.contains_key(*key)) {
            if self.changed_since(key, since) {
                return conflict;
            }
            merged.remove(key);
        }
        for key in &pending.touched {
            if !self.world.contains_key(key) {
                return conflict;
            }
        }
        for (key, mine) in &pending.now {
            let Some(base) = before.get(key) else {
                merged.insert(key.clone(), mine.clone());
                continue;
            };
            for at in 0..mine.len() {
                if !differ(&base[at], &mine[at]) {
                    continue;
                }
                let Some(theirs) = self.world.get(key).map(|row| &row[at]) else {
                    return conflict;
                };
                let whole = pending.whole.contains(&(key.clone(), at));
                match merge(&base[at], &mine[at], theirs, whole) {
                    Some(value) => merged.get_mut(key).unwrap()[at] = value,
                    None => return conflict,
                }
            }
        }
        let mut outcome = BTreeSet::new();
        for (key, row) in &merged {
            for (field, value) in CLASSES[key.0].fields.iter().zip(row) {
                for target in targets(&field.ty, value) {
                    if !merged.contains_key(&target) {
                        outcome.insert(Outcome::Dangling);
                        if target.1 != NOWHERE {
                            outcome.insert(Outcome::Conflict);
                        }
                    }
                }
            }
        }
        if outcome.is_empty() && shares_a_key(&merged) {
            outcome.extend([Outcome::Unique, Outcome::Conflict]);
        }
        if outcome.is_empty() {
            outcome.insert(Outcome::Done);
            return (outcome, merged);
        }
        (outcome, self.world.clone())
    }
}

/// One field that mine changed from the base, met by theirs; `None` is a conflict.
fn merge(base: &Value, mine: &Value, theirs: &Value, whole: bool) -> Option<Value> {
    match (mine, theirs) {
        (Value::Struct(new), Value::Struct(_)) => {
            let (b, m, t) = (pairs(base), pairs(mine), pairs(theirs));
            let mut merged = theirs.as_struct().unwrap().to_vec();
            for key in b.keys().chain(m.keys()) {
                if b.get(key) != m.get(key) && t.get(key) != b.get(key) {
                    return None;
                }
            }
            merged.retain(|(key, _)| !b.contains_key(key.as_str()) || m.contains_key(key.as_str()));
            for (key, value) in new {
                if b.get(key.as_str()) != Some(&value) {
                    merged.retain(|(name, _)| name != key);
                    merged.push((key.clone(), value.clone()));
                }
            }
            Some(Value::Struct(merged))
        }
        (Value::Array(new), Value::Array(old)) if !whole => {
            let base = base.as_array().unwrap();
            for item in base.iter().chain(new) {
                let (b, m, t) = (base.contains(item), new.contains(item), old.contains(item));
                if b != m && t != b {
                    return None;
                }
            }
            let mut merged = old.clone();
            merged.retain(|item| !base.contains(item) || new.contains(item));
            for item in new.iter().rev() {
                if !base.contains(item) && !merged.contains(item) {
                    merged.insert(0, item.clone());
                }
            }
            Some(Value::Array(merged))
        }
        _ if differ(base, theirs) => None,
        _ => Some(mine.clone()),
    }
}

/// What survives a restart.
fn durable(world: &World) -> World {
    let rows = world.iter().filter(|(key, _)| !CLASSES[key.0].volatile);
    rows.map(|(key, row)| (key.clone(), row.clone())).collect()
}

fn in_key(class: &ClassDesc, field: &str) -> bool {
    let keys = UNIQUE.iter().filter(|key| key.class == class.name);
    keys.flat_map(|key| key.fields).any(|name| *name == field)
}

fn shares_a_key(world: &World) -> bool {
    let mut seen = BTreeSet::new();
    for (key, row) in world {
        for unique in UNIQUE
            .iter()
            .filter(|unique| unique.class == CLASSES[key.0].name)
        {
            let values: Vec<_> = unique
                .fields
                .iter()
                .map(|field| {
                    row[CLASSES[key.0].index(field).unwrap()]
                        .as_str()
                        .unwrap()
                        .to_owned()
                })
                .collect();
            if !values.iter().any(|value| is_null(value))
                && !seen.insert((key.0, unique.fields, values))
            {
                return true;
            }
        }
    }
    false
}

struct Run {
    dice: Dice,
    directory: tempfile::TempDir,
    ids: Arc<AtomicU64>,
    store: Store,
    replica: Store,
    oracle: Oracle,
    pending: Vec<Pending>,
    /// Worlds of before, to ask for changes since.
    past: Vec<Oracle>,
    /// What a client made of changes since.
    mirror: World,
    mirrored: u64,
    outcomes: BTreeMap<&'static str, usize>,
}

fn options(ids: &Arc<AtomicU64>) -> Options {
    let ids = ids.clone();
    let next = move || {
        let mut dice = Dice(ids.fetch_add(1, Ordering::Relaxed));
        Uuid::from_u128((dice.roll(usize::MAX) as u128) << 64 | dice.roll(usize::MAX) as u128)
    };
    Options {
        unique: UNIQUE,
        ids: Arc::new(next),
        ..Options::default()
    }
}

impl Run {
    fn new(seed: u64) -> Run {
        let directory = tempfile::tempdir().unwrap();
        let ids = Arc::new(AtomicU64::new(seed << 32));
        let store = Store::open(&directory.path().join("state.db"), options(&ids)).unwrap();
        let replica = Store::temporary(options(&ids)).unwrap();
        let copy = store.copy().unwrap();
        replica.replace(copy.position(), copy).unwrap();
        let oracle = Oracle {
            generation: store.generation(),
            ..Oracle::default()
        };
        Run {
            dice: Dice(seed),
            directory,
            ids,
            mirrored: 0,
            mirror: World::new(),
            past: vec![oracle.clone()],
            store,
            replica,
            oracle,
            pending: Vec::new(),
            outcomes: BTreeMap::new(),
        }
    }

    fn step(&mut self) {
        if self.pending.len() < 3 && self.dice.roll(4) == 0 || self.pending.is_empty() {
            self.begin();
        }
        let which = self.dice.roll(self.pending.len());
        match self.dice.roll(30) {
            0..=3 => self.commit(which),
            4 => drop(self.pending.swap_remove(which)),
            5 => self.check_draft(which),
            6 => self.check_changes(),
            7 => self.mirror(),
            8 if self.dice.roll(8) == 0 => self.restart(),
            _ => self.edit(which),
        }
    }

    fn begin(&mut self) {
        self.pending.push(Pending {
            draft: self.store.draft().unwrap(),
            snap: self.oracle.clone(),
            now: self.oracle.world.clone(),
            relied: BTreeSet::new(),
            touched: BTreeSet::new(),
            whole: BTreeSet::new(),
        });
    }

    fn value(&mut self, which: usize, ty: &Type) -> Value {
        let dice = &mut self.dice;
        match ty {
            Type::String => Value::from(*dice.pick(&["", "a", "b", "c\u{7f}\u{fffd}'"])),
            Type::Int => Value::Int(dice.roll(4) as i64),
            Type::Bool => Value::Bool(dice.roll(2) == 0),
            Type::Float => Value::Float(*dice.pick(&[0.0, 0.1, 1e300, f64::INFINITY])),
            Type::DateTime => Value::Time(DateTime::from_unix(dice.roll(3) as i64)),
            Type::Enum(desc) => Value::Str(dice.pick(desc.values).0.to_owned()),
            Type::Ref(class) => {
                let Some(class) = class_at(class) else {
                    return Value::from(NULL);
                };
                let rows: Vec<_> = self.pending[which]
                    .now
                    .keys()
                    .filter(|key| key.0 == class)
                    .collect();
                if rows.is_empty() || dice.roll(4) == 0 {
                    let nothing = if dice.roll(40) == 0 { NOWHERE } else { NULL };
                    return Value::from(nothing);
                }
                Value::Str(dice.pick(&rows).1.clone())
            }
            Type::Set(of) => {
                let many = dice.roll(3);
                let mut items: Vec<Value> = Vec::new();
                for _ in 0..many {
                    items.push(self.value(which, of));
                }
                Value::Array(items)
            }
            Type::Map(key, of) => {
                let mut map = BTreeMap::new();
                for _ in 0..self.dice.roll(4) {
                    map.insert(self.key(which, key), self.value(which, of));
                }
                Value::Struct(map.into_iter().rev().collect())
            }
            other => panic!("{other}"),
        }
    }

    fn key(&mut self, which: usize, ty: &Type) -> String {
        match ty {
            Type::String => (*self.dice.pick(&["k", "l", "m", "n"])).to_owned(),
            other => match self.value(which, other) {
                Value::Str(text) => text,
                Value::Int(n) => n.to_string(),
                other => panic!("{other:?}"),
            },
        }
    }

    fn edit(&mut self, which: usize) {
        let key = {
            let rows: Vec<_> = self.pending[which].now.keys().cloned().collect();
            if rows.len() < 6 || self.dice.roll(5) == 0 {
                return self.insert(which);
            }
            self.dice.pick(&rows).clone()
        };
        let class = CLASSES[key.0];
        match self.dice.roll(12) {
            0 | 1 => {
                let pending = &mut self.pending[which];
                pending.draft.destroy_row(class, &key.1).unwrap();
                let mine = !pending.snap.world.contains_key(&key);
                pending.now.remove(&key);
                pending.touched.remove(&key);
                assert!(pending.draft.row(class, &key.1).is_err(), "{mine}");
            }
            2 => {
                let pending = &mut self.pending[which];
                pending.draft.rely_row(class, &key.1).unwrap();
                if pending.snap.world.contains_key(&key) {
                    pending.relied.insert(key);
                }
            }
            3 if self.dice.roll(4) == 0 => {
                let pending = &mut self.pending[which];
                pending.draft.touch_row(class, &key.1).unwrap();
                if pending.snap.world.contains_key(&key) {
                    pending.touched.insert(key);
                }
            }
            _ => self.change(which, key),
        }
    }

    fn insert(&mut self, which: usize) {
        let at = self.dice.roll(CLASSES.len());
        let class = CLASSES[at];
        let mut row: Vec<Value> = class.fields.iter().map(|f| f.default_value()).collect();
        for (n, field) in class.fields.iter().enumerate() {
            if field.view.is_some() {
                row[n] = Value::Array(vec![]);
            } else if field.name == "uuid" {
                row[n] = Value::Str(format!("uuid {}", self.ids.fetch_add(1, Ordering::Relaxed)));
            } else if self
                .dice
                .roll(if in_key(class, field.name) { 1 } else { 3 })
                == 0
            {
                row[n] = self.value(which, &field.ty);
            }
        }
        let pending = &mut self.pending[which];
        let reference = pending.draft.insert_row(class, row.clone()).unwrap();
        pending.now.insert((at, reference), row);
    }

    fn change(&mut self, which: usize, key: Key) {
        let class = CLASSES[key.0];
        let stored: Vec<usize> = (0..class.fields.len())
            .filter(|at| class.fields[*at].view.is_none() && class.fields[*at].name != "uuid")
            .collect();
        let at = *self.dice.pick(&stored);
        let field = &class.fields[at];
        let by_key = self.dice.roll(3) > 0;
        let adding = self.dice.roll(2) == 0;
        let value = self.value(which, &field.ty);
        let r = key.1.as_str();
        match (&field.ty, value) {
            (Type::Map(name, of), _) if by_key => {
                let name = &self.key(which, name);
                let value = self.value(which, of);
                let pending = &mut self.pending[which];
                let row = pending.now.get_mut(&key).unwrap();
                let Value::Struct(map) = &mut row[at] else {
                    panic!()
                };
                let there = map.iter().any(|(key, _)| key == name);
                if adding {
                    let added = pending
                        .draft
                        .add_to_map(class, r, field, name, value.clone());
                    assert_eq!(added.is_err(), there);
                    if !there {
                        map.insert(0, (name.clone(), value));
                    }
                } else {
                    pending
                        .draft
                        .remove_from_map(class, r, field, name)
                        .unwrap();
                    map.retain(|(key, _)| key != name);
                }
            }
            (Type::Set(of), _) if by_key => {
                let member = self.value(which, of);
                let pending = &mut self.pending[which];
                let row = pending.now.get_mut(&key).unwrap();
                let Value::Array(items) = &mut row[at] else {
                    panic!()
                };
                if adding {
                    pending
                        .draft
                        .add_to_set(class, r, field, member.clone())
                        .unwrap();
                    if !items.contains(&member) {
                        items.insert(0, member);
                    }
                } else {
                    pending
                        .draft
                        .remove_from_set(class, r, field, &member)
                        .unwrap();
                    items.retain(|item| *item != member);
                }
            }
            (_, value) => {
                let pending = &mut self.pending[which];
                pending
                    .draft
                    .set_value(class, r, field, value.clone())
                    .unwrap();
                let row = pending.now.get_mut(&key).unwrap();
                if differ(&row[at], &value) {
                    row[at] = value;
                    pending.whole.insert((key, at));
                }
            }
        }
    }

    fn commit(&mut self, which: usize) {
        let pending = self.pending.swap_remove(which);
        let (expected, world) = self.oracle.expect(&pending);
        let touched = pending.touched.clone();
        let committed = self.store.commit(pending.draft);
        let (outcome, name) = match &committed {
            Ok(_) => (Outcome::Done, "done"),
            Err(CommitError::Conflict { .. }) => (Outcome::Conflict, "conflict"),
            Err(CommitError::Dangling { .. }) => (Outcome::Dangling, "dangling"),
            Err(CommitError::Unique { .. }) => (Outcome::Unique, "unique"),
            Err(other) => panic!("{other}"),
        };
        assert!(
            expected.contains(&outcome),
            "{committed:?} where {expected:?} was due"
        );
        *self.outcomes.entry(name).or_default() += 1;
        let generation = self.store.generation();
        match committed {
            Ok(commit) if !commit.edits.is_empty() => {
                assert!(generation > self.oracle.generation);
                assert_eq!(commit.generation, generation);
                self.oracle.become_world(world, &touched, generation);
                self.past.push(self.oracle.clone());
                let line = serde_json::to_string(&commit).unwrap();
                let read: Commit = serde_json::from_str(&line).unwrap();
                assert_eq!(read, commit);
                // Volatile rows are no business of a replica.
                let durable = self.store.durable(&read);
                if !durable.edits.is_empty() {
                    let from = self.replica.position().unwrap();
                    let to = self.replica.replay_from(from, &durable).unwrap();
                    assert_eq!(to.generation, generation);
                }
            }
            _ => assert_eq!(generation, self.oracle.generation, "nothing was done"),
        }
        self.check_store();
    }

    fn check_store(&self) {
        let view = self.store.view().unwrap();
        assert_eq!(view.generation(), self.oracle.generation);
        check_reads(&view, &self.oracle.world);
        check_reads(&self.replica.view().unwrap(), &durable(&self.oracle.world));
        for (class, rows) in view.counts().unwrap() {
            let at = class_at(class.name);
            let expected = self
                .oracle
                .world
                .keys()
                .filter(|key| Some(key.0) == at)
                .count();
            assert_eq!(rows, expected as u64, "{}", class.name);
        }
    }

    fn check_draft(&mut self, which: usize) {
        let pending = &self.pending[which];
        check_reads(&pending.draft, &pending.now);
        let rows: Vec<_> = pending.now.keys().cloned().collect();
        if rows.is_empty() {
            return;
        }
        let key = self.dice.pick(&rows).clone();
        let class = CLASSES[key.0];
        let at = self.dice.roll(class.fields.len());
        let field = &class.fields[at];
        let pending = &self.pending[which];
        let expected = full(&pending.now, &key).unwrap()[at].clone();
        let value = pending.draft.value(class, &key.1, field).unwrap();
        assert!(!differ(&value, &expected), "{value:?} {expected:?}");
        if field.view.is_none() && !matches!(field.ty, Type::Map(..)) {
            let found = pending.draft.search(class, field, &value).unwrap();
            let rows = pending.now.iter().rev();
            let expected: Vec<_> = rows
                .filter(|((class, _), row)| *class == key.0 && row[at] == value)
                .map(|((_, reference), _)| reference.clone())
                .collect();
            assert_eq!(found, expected, "{}.{}", class.name, field.name);
        }
    }

    fn check_changes(&mut self) {
        let since = self.dice.pick(&self.past).clone();
        let changes = self
            .store
            .view()
            .unwrap()
            .changes_since(since.generation)
            .unwrap();
        assert_eq!(changes.to, self.oracle.generation);
        let mut expected: BTreeSet<(usize, &str, String)> = BTreeSet::new();
        for ((class, reference), (created, modified)) in &self.oracle.stamps {
            if *created > since.generation {
                expected.insert((*class, "add", reference.clone()));
            } else if *modified > since.generation {
                expected.insert((*class, "mod", reference.clone()));
            }
        }
        for (class, reference) in since.world.keys() {
            if !self.oracle.world.contains_key(&(*class, reference.clone())) {
                expected.insert((*class, "del", reference.clone()));
            }
        }
        let mut seen = BTreeSet::new();
        for class in &changes.classes {
            assert!(class.complete);
            let at = class_at(class.class.name).unwrap();
            let lists = [
                ("add", &class.added),
                ("mod", &class.modified),
                ("del", &class.deleted),
            ];
            for (what, list) in lists {
                for reference in list {
                    assert!(seen.insert((at, what, reference.clone())), "told twice");
                }
            }
        }
        assert_eq!(seen, expected);
    }

    /// Does as a client does: keeps what it knows, and follows by changes since.
    fn mirror(&mut self) {
        let view = self.store.view().unwrap();
        let changes = view.changes_since(self.mirrored).unwrap();
        for class in &changes.classes {
            let at = class_at(class.class.name).unwrap();
            for reference in &class.deleted {
                assert!(self.mirror.remove(&(at, reference.clone())).is_some());
            }
            for reference in class.added.iter().chain(&class.modified) {
                let row = view.row(class.class, reference).unwrap();
                self.mirror.insert((at, reference.clone()), row);
            }
        }
        self.mirrored = changes.to;
        assert_eq!(self.mirror.len(), self.oracle.world.len());
        for (key, row) in &self.mirror {
            check_row(row, &full(&self.oracle.world, key).unwrap(), key);
        }
    }

    fn restart(&mut self) {
        self.pending.clear();
        let copy = self.directory.path().join("copy.db");
        self.store.backup(&copy).unwrap();
        let path = self.directory.path().join("state.db");
        let parked = Store::temporary(Options::default()).unwrap();
        drop(std::mem::replace(&mut self.store, parked));
        self.store = Store::open(&path, options(&self.ids)).unwrap();
        let generation = self.store.generation();
        assert!(
            generation > self.oracle.generation,
            "generations never go back"
        );
        let world = durable(&self.oracle.world);
        self.oracle
            .become_world(world, &BTreeSet::new(), generation);
        let copied = Store::open(&copy, options(&self.ids)).unwrap();
        check_reads(&copied.view().unwrap(), &self.oracle.world);
        self.check_store();
    }
}

fn check_row(row: &[Value], expected: &[Value], key: &Key) {
    for (at, (value, expected)) in row.iter().zip(expected).enumerate() {
        let (class, field) = (CLASSES[key.0].name, CLASSES[key.0].fields[at].name);
        assert!(
            !differ(value, expected),
            "{class}.{field} of {}: {value:?}, not {expected:?}",
            key.1
        );
    }
}

fn check_reads(read: &impl Read, world: &World) {
    for (at, class) in CLASSES.iter().enumerate() {
        let expected: Vec<_> = world.keys().rev().filter(|key| key.0 == at).collect();
        let refs = read.refs(class).unwrap();
        assert!(
            refs.iter().eq(expected.iter().map(|key| &key.1)),
            "{}",
            class.name
        );
        let rows = read.rows(class).unwrap();
        assert_eq!(rows.len(), expected.len());
        for ((reference, row), key) in rows.iter().zip(expected) {
            assert_eq!(reference, &key.1);
            check_row(row, &full(world, key).unwrap(), key);
            check_row(&read.row(class, reference).unwrap(), row, key);
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().expect("a number"))
}

#[test]
fn random_drafts_come_to_what_plain_maps_come_to() {
    let seeds: Vec<u64> = match number("XAPI_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("XAPI_SOAK_SEEDS").unwrap_or(24)).collect(),
    };
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in seeds {
        // Shown by the test runner when the test fails.
        println!("XAPI_SEED={seed}");
        let mut run = Run::new(seed);
        for _ in 0..STEPS {
            run.step();
        }
        for (outcome, count) in run.outcomes {
            *outcomes.entry(outcome).or_default() += count;
        }
    }
    println!("{outcomes:?}");
    if number("XAPI_SEED").is_none() {
        for outcome in ["done", "conflict", "dangling", "unique"] {
            let count = outcomes.get(outcome).copied().unwrap_or(0);
            assert!(count > 8, "too few drafts end as {outcome}: {outcomes:?}");
        }
    }
}
