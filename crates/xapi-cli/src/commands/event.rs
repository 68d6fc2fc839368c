//! Waits until an object is as somebody wants it.

use super::{Entry, own};
use crate::command::Context;
use crate::events;
use crate::failure::Failure;
use crate::filter::Condition;
use crate::records;
use crate::server::Row;

/// Seconds that one question takes at most.
const TURN: f64 = 30.0;

/// The classes that can be waited for.
const CLASSES: [&str; 15] = [
    "vm", "vdi", "sr", "host", "network", "vif", "pif", "vbd", "pbd", "pool", "task", "subject",
    "role", "secret", "vmss",
];

pub const EVENT: &[Entry] = &[own("event-wait", wait).reqd(&["class"]).help(
    "Waits until one object of the class meets all conditions, written FIELD=VALUE, or FIELD=/=VALUE for any other \
     value. Ends at once if there is such an object already.",
)];

fn wait(cx: &mut Context<'_>) -> Result<(), Failure> {
    let class = cx.required("class")?;
    let kind = CLASSES
        .contains(&class)
        .then(|| records::kind(class))
        .flatten();
    let kind = kind.ok_or_else(|| {
        Failure::Refused(format!(
            "There is no waiting for class '{class}', only for {}",
            CLASSES.join(", ")
        ))
    })?;
    let own = cx.params.own().filter(|(key, _)| *key != "class");
    let conditions = own.map(|(key, value)| match value.strip_prefix("/=") {
        Some(value) => Ok((Condition::new(kind, (key, value))?, false)),
        None => Ok((Condition::new(kind, (key, value))?, true)),
    });
    let conditions: Vec<(Condition<'_>, bool)> = conditions.collect::<Result<_, Failure>>()?;
    // The first batch is every object there is, and from its token on no change is missed.
    let mut token = String::new();
    loop {
        let batch = events::from(&mut cx.server, kind.class.name, &token, TURN)?;
        // What was looked up for an earlier batch may be different now.
        cx.server.forget();
        for row in &batch.changed {
            if all_hold(cx, &conditions, row)? {
                return Ok(());
            }
        }
        token = batch.token;
        if !cx.printer.user().is_heard() {
            return Err(Failure::Lost("nobody waits any more".to_owned()));
        }
    }
}

fn all_hold(
    cx: &mut Context<'_>,
    conditions: &[(Condition<'_>, bool)],
    row: &Row,
) -> Result<bool, Failure> {
    for (condition, wanted) in conditions {
        if condition.holds(&mut cx.server, row)? != *wanted {
            return Ok(false);
        }
    }
    Ok(true)
}
