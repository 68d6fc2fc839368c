//! Waits for changes of objects: `event.from`, and what it answers.

use std::rc::Rc;

use xapi_model::Value;

use crate::failure::Failure;
use crate::server::{Row, Server, surprise};

/// Changes, and where the next question begins.
pub struct Batch {
    /// Objects that were made or changed, as they are now.
    pub changed: Vec<Row>,
    /// References of objects that are gone.
    pub gone: Vec<String>,
    /// Says from where on the next changes are wanted.
    pub token: String,
}

/// Waits so many seconds at most for changes of a subscription after the token. Without a token everything that there
/// is counts as changed.
pub fn from(
    server: &mut Server<'_>,
    subscription: &str,
    token: &str,
    seconds: f64,
) -> Result<Batch, Failure> {
    let params = vec![
        Value::Array(vec![subscription.into()]),
        token.into(),
        Value::Float(seconds),
    ];
    let answer = server.call("event.from", params)?;
    let wrong = || surprise("event.from", &answer);
    let events = answer.member("events").and_then(Value::as_array);
    let token = answer.member("token").and_then(Value::as_str);
    let mut batch = Batch {
        changed: Vec::new(),
        gone: Vec::new(),
        token: token.ok_or_else(wrong)?.to_owned(),
    };
    for event in events.ok_or_else(wrong)? {
        let reference = event.member("ref").and_then(Value::as_str);
        let reference = reference.ok_or_else(wrong)?.to_owned();
        match event.member("snapshot") {
            Some(snapshot) if *snapshot != Value::Nil => batch.changed.push(Row {
                reference,
                record: Rc::new(snapshot.clone()),
            }),
            _ => batch.gone.push(reference),
        }
    }
    Ok(batch)
}
