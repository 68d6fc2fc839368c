//! What takes too long to be looked at after each step: that no reference leads nowhere, that whoever applies the events has
//! what is there, and that to ask for what is so writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use xapi_core::startup;
use xapi_db::Read;
use xapi_model::classes::MODEL;
use xapi_model::{Type, Value};

use super::Machine;

impl Machine {
    /// Looks at one of them, when its turn is.
    pub(super) fn now_and_then(&mut self) {
        self.looks += 1;
        match self.looks % 20 {
            0 | 10 => {
                let host = &self.host;
                let call = |name: &str, params| host.call(name, params);
                self.follower.follow(call).expect("event.from");
                self.follower.knows(&host.core().view().expect("a view"));
            }
            5 => self.every_reference_resolves(),
            15 => self.what_is_so_is_not_written(),
            _ => {}
        }
    }

    fn every_reference_resolves(&self) {
        let view = self.host.core().view().expect("a view");
        let stored = || MODEL.iter().filter(|class| class.stored);
        let of = |class| view.records(class).expect("records");
        let there: BTreeMap<_, _> = stored().map(|class| (class.name, of(class))).collect();
        let mut refs = BTreeMap::<_, BTreeSet<&str>>::new();
        for (class, records) in &there {
            refs.insert(*class, records.iter().map(|(it, _)| it.as_str()).collect());
        }
        for class in stored() {
            for (reference, record) in &there[class.name] {
                for (field, value) in record.as_struct().expect("a record") {
                    let ty = class.field(field).expect("a field").ty;
                    let mut named = Vec::new();
                    references(&ty, value, &mut named);
                    let dangling = named.iter().find(|(class, it)| !refs[class].contains(it));
                    assert_eq!(dangling, None, "{} {reference} {field}", class.name);
                }
            }
        }
    }

    fn what_is_so_is_not_written(&self) {
        let core = self.host.core();
        let counts = || {
            let world = self.host.handle.world();
            (world.steps, world.writes, world.transactions)
        };
        let before = (counts(), core.store.generation());
        startup::reconverge(core, &self.host.host()).expect("no fault");
        let now = (counts(), core.store.generation());
        assert_eq!(now, before, "what is so was written again");
    }
}

/// The objects that a value of a type refers to, with their classes.
fn references<'v>(ty: &Type, value: &'v Value, named: &mut Vec<(&'static str, &'v str)>) {
    match (ty, value) {
        (Type::Ref(_), Value::Str(text)) if text.is_empty() || text == "OpaqueRef:NULL" => {}
        (Type::Ref(class), Value::Str(text)) => named.push((class, text)),
        (Type::Set(of), Value::Array(values)) => {
            values.iter().for_each(|value| references(of, value, named));
        }
        (Type::Map(key, of), Value::Struct(members)) => {
            if let Type::Ref(class) = key {
                named.extend(members.iter().map(|(key, _)| (*class, key.as_str())));
            }
            members
                .iter()
                .for_each(|(_, value)| references(of, value, named));
        }
        (Type::Option(of), value) => references(of, value, named),
        _ => {}
    }
}
