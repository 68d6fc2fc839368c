//! Events: what a client hears, that replaying it gives the database, and that waiting costs nothing.

mod calls;
mod legacy;
mod replay;
mod waiters;

use std::collections::BTreeMap;

use xapi_model::{ApiError, Value};
use xapi_tests::SimHost;

/// What event.from answered.
#[derive(Debug)]
struct Batch {
    events: Vec<Event>,
    counts: BTreeMap<String, i64>,
    token: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Event {
    class: String,
    operation: String,
    reference: String,
    id: String,
    timestamp: String,
    snapshot: Option<Value>,
}

impl Event {
    fn read(value: &Value) -> Event {
        let members = value.as_struct().expect("an event");
        let text = |name: &str| {
            let found = members.iter().find(|(key, _)| key == name);
            let text = found.and_then(|(_, value)| value.as_str());
            text.unwrap_or_else(|| panic!("no {name} in {value:?}"))
                .to_owned()
        };
        Event {
            class: text("class"),
            operation: text("operation"),
            reference: text("ref"),
            id: text("id"),
            timestamp: text("timestamp"),
            snapshot: member(value, "snapshot").cloned(),
        }
    }

    /// What, and of which class.
    fn short(&self) -> String {
        format!("{} {}", self.operation, self.class)
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let members = value.as_struct().expect("a struct");
    members
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

fn strings(texts: &[&str]) -> Value {
    Value::Array(texts.iter().copied().map(Value::from).collect())
}

fn try_from(
    host: &SimHost,
    classes: &[&str],
    token: &str,
    timeout: f64,
) -> Result<Batch, ApiError> {
    let params = vec![strings(classes), Value::from(token), Value::Float(timeout)];
    let answer = host.call("event.from", params)?;
    let events = member(&answer, "events").and_then(Value::as_array);
    let counts = member(&answer, "valid_ref_counts").and_then(Value::as_struct);
    let counts = counts
        .expect("counts")
        .iter()
        .map(|(class, count)| match count {
            Value::Int(count) => (class.clone(), *count),
            other => panic!("{class}: {other:?}"),
        });
    Ok(Batch {
        events: events.expect("events").iter().map(Event::read).collect(),
        counts: counts.collect(),
        token: member(&answer, "token")
            .and_then(Value::as_str)
            .expect("a token")
            .to_owned(),
    })
}

fn from(host: &SimHost, classes: &[&str], token: &str) -> Batch {
    try_from(host, classes, token, 0.0).expect("event.from")
}

/// What happened, in order.
fn short(batch: &Batch) -> Vec<String> {
    batch.events.iter().map(Event::short).collect()
}
