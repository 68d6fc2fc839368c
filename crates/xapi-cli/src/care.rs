//! How careful a change of the network is to be: switches that every command takes, and that go with each of its calls.

use crate::grammar::Params;

/// Switches that a server understands as entries of a task's `other_config`.
pub const SWITCHES: [&str; 4] = ["confirm-within", "no-rollback", "probe", PLAN_ONLY];

/// The switch that asks for the steps alone.
pub const PLAN_ONLY: &str = "plan-only";

/// The entry that asks for the steps as data. A server that does not know it tells them in words.
const PLAN_AS: &str = "plan-as";

/// The error by which a server gives the steps of a change that was only to be planned.
pub const PLAN: &str = "NETWORK_PLAN";

/// The command that has a shorter word for the last of them: nobody joins a pool without a look at what comes of it.
pub const JOIN: &str = "pool-join";
const PLAN_OF_JOIN: &str = "plan";

/// What the command line asks for, as keys and values.
pub fn wishes(command: &str, params: &Params) -> Vec<(String, String)> {
    let asked = SWITCHES.iter().filter_map(|key| {
        let value = match params.get(key) {
            None if *key == PLAN_ONLY && command == JOIN => params.get(PLAN_OF_JOIN)?,
            value => value?,
        };
        Some(((*key).to_owned(), value.to_owned()))
    });
    let mut asked: Vec<_> = asked.collect();
    if asked.iter().any(|(key, _)| key == PLAN_ONLY) {
        asked.push((PLAN_AS.to_owned(), "data".to_owned()));
    }
    asked
}

/// What whoever waits for the command should know of it.
pub fn warning(wishes: &[(String, String)]) -> Option<String> {
    let (_, seconds) = wishes.iter().find(|(key, _)| key == "confirm-within")?;
    Some(format!(
        "A change on the path of management is undone after {seconds} s unless somebody says 'xe host-network-confirm' on another terminal.\n"
    ))
}
