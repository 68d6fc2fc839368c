//! What is in a store, as plain maps, and dice.

use std::collections::BTreeMap;

use xapi_db::{Read, Store};
use xapi_model::{
    Bond, Class, ClassDesc, Host, Network, Pif, PifMetrics, Session, Task, Type, Value, Vlan,
};

pub const CLASSES: &[&ClassDesc] = &[
    Host::DESC,
    Network::DESC,
    Pif::DESC,
    Bond::DESC,
    Vlan::DESC,
    PifMetrics::DESC,
    Session::DESC,
    Task::DESC,
];
pub const NULL: &str = "OpaqueRef:NULL";

/// Small, and good enough to shuffle with (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.roll(list.len())]
    }
}

/// Rows by class and reference, as clients see them; maps in order.
pub type World = BTreeMap<(&'static str, String), Vec<Value>>;

pub fn sorted(value: Value) -> Value {
    match value {
        Value::Struct(mut pairs) => {
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Struct(pairs)
        }
        other => other,
    }
}

pub fn row(read: &impl Read, class: &'static ClassDesc, reference: &str) -> Vec<Value> {
    let row = read.row(class, reference).unwrap().into_iter();
    row.map(sorted).collect()
}

/// All rows of some classes.
pub fn world(store: &Store, of: impl Fn(&ClassDesc) -> bool) -> World {
    let view = store.view().unwrap();
    let mut world = World::new();
    for class in CLASSES.iter().filter(|class| of(class)) {
        for reference in view.refs(class).unwrap() {
            let row = row(&view, class, &reference);
            world.insert((class.name, reference), row);
        }
    }
    world
}

/// What is the same on all hosts. A view of volatile rows is not.
pub fn shared(store: &Store) -> World {
    let mut world = world(store, |class| !class.volatile);
    for ((class, _), row) in &mut world {
        let class = CLASSES.iter().find(|desc| desc.name == *class).unwrap();
        for (field, value) in class.fields.iter().zip(row) {
            if let Some(end) = &field.view
                && CLASSES.iter().any(|c| c.name == end.class && c.volatile)
            {
                *value = Value::Nil;
            }
        }
    }
    world
}

pub fn references(ty: &Type, value: &Value, found: &mut Vec<(&'static str, String)>) {
    match (ty, value) {
        (Type::Ref(class), Value::Str(text)) if !text.is_empty() && text != NULL => {
            found.push((class, text.clone()));
        }
        (Type::Set(of), Value::Array(items)) => {
            items.iter().for_each(|item| references(of, item, found));
        }
        (Type::Map(key, of), Value::Struct(pairs)) => {
            for (name, value) in pairs {
                references(key, &Value::Str(name.clone()), found);
                references(of, value, found);
            }
        }
        _ => {}
    }
}

pub fn nothing_dangles(store: &Store) {
    let world = world(store, |_| true);
    for ((class, reference), row) in &world {
        let class = CLASSES.iter().find(|desc| desc.name == *class).unwrap();
        for (field, value) in class.fields.iter().zip(row) {
            let mut found = Vec::new();
            references(&field.ty, value, &mut found);
            for target in found {
                assert!(
                    world.contains_key(&target),
                    "{}.{} of {reference} refers to {target:?}",
                    class.name,
                    field.name
                );
            }
        }
    }
}

/// Panics with the first difference.
pub fn same(one: &World, other: &World, when: &str) {
    for key in one.keys().chain(other.keys()) {
        let (one, other) = (one.get(key), other.get(key));
        let (Some(one), Some(other)) = (one, other) else {
            panic!(
                "{when}: {key:?} is {} and {}",
                one.is_some(),
                other.is_some()
            );
        };
        let class = CLASSES.iter().find(|class| class.name == key.0).unwrap();
        for (field, (one, other)) in class.fields.iter().zip(one.iter().zip(other)) {
            assert_eq!(one, other, "{when}: {key:?} {}", field.name);
        }
    }
}

pub fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}
