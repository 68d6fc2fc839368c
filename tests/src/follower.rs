//! A client that keeps what it is told by events, as consoles do, and how one sees that it knows what is there.

use std::collections::BTreeMap;

use xapi_db::{Read, View};
use xapi_model::classes::MODEL;
use xapi_model::{ApiError, ClassDesc, Value};

/// The classes that it follows.
const FOLLOWED: [&str; 7] = ["pif", "bond", "vlan", "tunnel", "network", "vif", "vm"];

/// Its token and its records.
#[derive(Default)]
pub struct Follower {
    token: String,
    /// Records by class and reference.
    known: BTreeMap<(String, String), Value>,
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let members = value.as_struct().expect("a struct");
    let found = members.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value)
}

impl Follower {
    /// Asks once for what has happened since it asked before, by `call`, and applies the answer.
    pub fn follow(
        &mut self,
        call: impl FnOnce(&str, Vec<Value>) -> Result<Value, ApiError>,
    ) -> Result<(), ApiError> {
        let classes = FOLLOWED.map(Value::from).to_vec();
        let params = vec![
            Value::Array(classes),
            Value::from(self.token.as_str()),
            Value::Float(0.0),
        ];
        let answer = call("event.from", params)?;
        let text = |value, name| {
            let text = member(value, name).and_then(Value::as_str);
            text.unwrap_or_else(|| panic!("no {name}")).to_owned()
        };
        let events = member(&answer, "events").and_then(Value::as_array);
        for event in events.expect("events") {
            let key = (text(event, "class"), text(event, "ref"));
            let known = match member(event, "snapshot") {
                Some(record) => self.known.insert(key.clone(), record.clone()),
                None => self.known.remove(&key),
            };
            let operation = text(event, "operation");
            assert_eq!(known.is_none(), operation == "add", "{operation} {key:?}");
        }
        self.token = text(&answer, "token");
        Ok(())
    }

    /// Whether it was told anything yet.
    pub fn follows(&self) -> bool {
        !self.token.is_empty()
    }

    /// That it knows the rows of a view, and no others.
    pub fn knows(&self, view: &View) {
        let followed = |class: &&&ClassDesc| {
            let mut followed = FOLLOWED.iter();
            followed.any(|name| name.eq_ignore_ascii_case(class.name))
        };
        let mut there = BTreeMap::new();
        for class in MODEL.iter().filter(followed) {
            let name = class.name.to_ascii_lowercase();
            let records = view.records(class).expect("records").into_iter();
            there.extend(records.map(|(it, record)| ((name.clone(), it), record)));
        }
        for (key, record) in &there {
            assert_eq!(self.known.get(key), Some(record), "{key:?}");
        }
        assert_eq!(self.known.len(), there.len(), "objects that are no more");
    }
}
