//! Changes of the networks of all hosts that no published call makes: a bond on every host at once, and the taking over
//! of the master's network without a restart. The master's own plugin does them.

use serde_json::Value as Json;
use xapi_model::{Value, classes};

use super::host_network::{ask_host, text, texts};
use super::{Entry, own};
use crate::command::Context;
use crate::failure::Failure;

pub const POOL_NETWORK: &[Entry] = &[
    own("pool-bond-create", bond)
        .reqd(&["network-uuid", "devices"])
        .optional(&["mode", "properties:"])
        .help(
            "Makes a bond of the NICs with these names on every host at once, on all or on none. The names are the \
             master's; other hosts' NICs are found by their positions. Prints the UUIDs of the bonds.",
        ),
    own("pool-sync-networks", sync)
        .optional(&["host-uuid"])
        .help(
            "Has the slaves, or one host, take over the bonds, VLANs and tunnels of the master now, as they do when \
             they start. Lists what was done on each.",
        ),
];

/// The master of the pool.
fn master(cx: &mut Context<'_>) -> Result<String, Failure> {
    let class = classes::class("pool");
    let class = class.ok_or_else(|| Failure::Answer("no class pool in the model".to_owned()))?;
    let pools = cx.server.rows(class)?;
    let pool = pools.first();
    let pool = pool.ok_or_else(|| Failure::Answer("the server knows no pool".to_owned()))?;
    Ok(pool.text("master").to_owned())
}

fn bond(cx: &mut Context<'_>) -> Result<(), Failure> {
    let mut args = vec![
        (
            "network".to_owned(),
            Value::from(cx.required("network-uuid")?),
        ),
        ("devices".to_owned(), Value::from(cx.required("devices")?)),
    ];
    if let Some(mode) = cx.params.get("mode") {
        args.push(("mode".to_owned(), mode.into()));
    }
    let properties = cx.params.members("properties").into_iter();
    args.extend(properties.map(|(key, value)| (format!("properties:{key}"), value.into())));
    let master = master(cx)?;
    let told = ask_host(cx, &master, "pool-bond", args)?;
    if cx.printer.is_json() {
        cx.printer.value(told);
        return Ok(());
    }
    let bonds: Vec<_> = told["bonds"].as_array().into_iter().flatten().collect();
    let uuids: Vec<_> = bonds.iter().map(|bond| text(bond, "uuid")).collect();
    cx.printer.list(&uuids);
    for bond in bonds {
        let missing = texts(&bond["missing"]).join(", ");
        if !missing.is_empty() {
            let host = text(bond, "host");
            cx.printer.eprint(&format!(
                "{host} has no {missing}: its bond has fewer members.\n"
            ));
        }
    }
    let without = texts(&told["without"]);
    if !without.is_empty() {
        let names = without.join(", ");
        let line =
            format!("Not made on hosts that are not there or have none of these NICs: {names}.\n");
        cx.printer.eprint(&line);
    }
    Ok(())
}

fn sync(cx: &mut Context<'_>) -> Result<(), Failure> {
    let mut args = Vec::new();
    if let Some(host) = cx.params.get("host-uuid") {
        args.push(("host".to_owned(), host.into()));
    }
    let master = master(cx)?;
    let told = ask_host(cx, &master, "pool-sync", args)?;
    let hosts: Vec<&Json> = told.as_array().into_iter().flatten().collect();
    let failed: Vec<_> = hosts
        .iter()
        .filter(|host| !host["error"].is_null())
        .collect();
    let failed: Vec<_> = failed.iter().map(|host| text(host, "host")).collect();
    if cx.printer.is_json() {
        cx.printer.value(told.clone());
    } else {
        let lines: Vec<_> = hosts.iter().flat_map(|host| lines(host)).collect();
        if lines.is_empty() {
            cx.printer
                .message("The hosts have the master's network: there is nothing to do.");
        } else {
            cx.printer.list(&lines);
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::Refused(format!(
            "Not done on {}",
            failed.join(", ")
        ))),
    }
}

/// What was done on a host, and what not.
fn lines(host: &Json) -> Vec<String> {
    let name = text(host, "host");
    let kinds = [
        ("steps", ""),
        ("alerts", "not done: "),
        ("dropped", "dropped: "),
    ];
    let told = kinds.iter().flat_map(|(key, before)| {
        let of_kind = texts(&host[*key]).into_iter();
        of_kind.map(move |line| format!("{name}: {before}{line}"))
    });
    let failed = host["error"]
        .as_str()
        .map(|why| format!("{name}: failed: {why}"));
    told.chain(failed).collect()
}
