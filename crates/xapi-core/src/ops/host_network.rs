//! The plugin that every host has: its network as it is, what would be done to it, and the word that a change of it
//! waits for. No published call tells these; any client can call a plugin.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use xapi_db::Read;
use xapi_model::host::CallPlugin;
use xapi_model::{ApiError, Network, errors};
use xapi_net::agent::{NetError, Request};
use xapi_net::facts::{Facts, NicFacts};
use xapi_net::names::Name;

use crate::context::Cx;
use crate::ops::pool;
use crate::proof::{Care, cannot_be_planned};
use crate::{Result, topology};

/// What it is called.
pub const PLUGIN: &str = "xapi-network";

/// Carries one of its functions out; the result is JSON.
pub fn call(cx: &Cx<'_>, call: &CallPlugin) -> Result<String> {
    let told = match call.fn_.as_str() {
        "state" => state(cx, call)?,
        "plan" => json!(plan(cx, call)?),
        "confirm" if Care::of(cx.origin)?.plan_only => {
            return Err(cannot_be_planned("confirm"));
        }
        "confirm" => confirm(cx, call)?,
        "waits" => waits(cx),
        // About all hosts of the pool, whichever is asked.
        "pool-bond" => pool::bond_everywhere(cx, &call.args)?,
        "pool-sync" => pool::sync_networks(cx, &call.args)?,
        other => {
            return Err(errors::xenapi_plugin_failure(
                "unknown function",
                "",
                format!(
                    "{PLUGIN} has the functions state, plan, confirm, waits, pool-bond and pool-sync, and no {other}"
                ),
            ));
        }
    };
    Ok(told.to_string())
}

fn confirm(cx: &Cx<'_>, call: &CallPlugin) -> Result<Json> {
    let undo = call.args.get("undo").map_or("false", String::as_str);
    let well = match undo {
        "false" => true,
        "true" => false,
        other => return Err(errors::invalid_value("undo", other)),
    };
    cx.core.confirmation.say(well)?;
    Ok(json!(true))
}

/// How long a change of this host's network still waits for `confirm`, in seconds; null if none waits.
fn waits(cx: &Cx<'_>) -> Json {
    let left = cx.core.confirmation.time_left();
    json!({"seconds_left": left.map(|left| left.as_secs())})
}

/// The steps from what is so to what the database says.
fn plan(cx: &Cx<'_>, call: &CallPlugin) -> Result<Vec<String>> {
    let view = cx.core.view()?;
    let agent = cx.core.agent_of(&view, &call.host)?;
    let (wished, _) = topology::wished(&view, &call.host)?;
    agent.plan(Request::what_can(wished)).map_err(failed)
}

fn state(cx: &Cx<'_>, call: &CallPlugin) -> Result<Json> {
    let drift = plan(cx, call)?;
    let view = cx.core.view()?;
    let facts = cx
        .core
        .agent_of(&view, &call.host)?
        .facts()
        .map_err(failed)?;
    let (wished, _) = topology::wished(&view, &call.host)?;
    let networks = view.all::<Network>()?.into_iter();
    let labels: BTreeMap<_, _> = networks
        .map(|(_, network)| (network.bridge, network.name_label))
        .collect();
    let bridges = facts.bridges.iter().map(|(name, bridge)| {
        let on = |nic: &&Name| bridge.ports.contains(nic);
        let bonds = facts
            .bonds
            .iter()
            .filter(|(_, bond)| bond.bridge == Some(*name));
        let bonds: Vec<_> = bonds
            .map(|(bond, of)| {
                let members = of.members.iter().map(|(nic, enabled)| {
                    let mut told = nic_json(nic, facts.nics.get(nic), Some(name));
                    told["enabled"] = json!(enabled);
                    told["active"] = json!(of.active == Some(*nic));
                    told
                });
                json!({"name": bond, "members": members.collect::<Vec<_>>()})
            })
            .collect();
        let nics = facts.nics.keys().filter(on);
        let nics = nics.map(|nic| nic_json(nic, facts.nics.get(nic), Some(name)));
        let other =
            |port: &&Name| !facts.nics.contains_key(*port) && !facts.bonds.contains_key(*port);
        json!({
            "name": name,
            "network": labels.get(name.as_str()).map_or("", String::as_str),
            "mac": bridge.mac,
            "mtu": bridge.mtu,
            "up": bridge.up,
            "ours": bridge.ours,
            "management": wished.management == Some(*name),
            "vlan": bridge.vlan.map(|(parent, tag)| json!({"parent": parent, "tag": tag})),
            "addresses": bridge.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "gateways": bridge.gateways,
            "bonds": bonds,
            "nics": nics.collect::<Vec<_>>(),
            "ports": bridge.ports.iter().filter(other).collect::<Vec<_>>(),
        })
    });
    let bridges: Vec<_> = bridges.collect();
    let nics = facts.nics.iter();
    let nics = nics.map(|(nic, of)| nic_json(nic, Some(of), bridge_of(&facts, nic)));
    Ok(json!({
        "hostname": facts.hostname,
        "bridges": bridges,
        "nics": nics.collect::<Vec<_>>(),
        "dns": facts.dns,
        "drift": drift,
    }))
}

/// The bridge that a NIC is on, alone or in a bond.
fn bridge_of<'f>(facts: &'f Facts, nic: &Name) -> Option<&'f Name> {
    let bond = facts
        .bonds
        .values()
        .find(|bond| bond.members.contains_key(nic));
    let bonded = bond.and_then(|bond| bond.bridge.as_ref());
    let alone = || {
        let mut bridges = facts.bridges.iter();
        bridges.find(|(_, bridge)| bridge.ports.contains(nic))
    };
    bonded.or_else(|| alone().map(|(name, _)| name))
}

fn nic_json(nic: &Name, facts: Option<&NicFacts>, bridge: Option<&Name>) -> Json {
    let Some(facts) = facts else {
        return json!({"name": nic, "bridge": bridge, "missing": true});
    };
    json!({
        "name": nic,
        "bridge": bridge,
        "mac": facts.mac,
        "mtu": facts.mtu,
        "up": facts.up,
        "carrier": facts.carrier,
        "speed_mbps": facts.speed_mbps,
        "duplex": facts.duplex,
        "addresses": facts.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "refused": facts.refused,
    })
}

fn failed(why: NetError) -> ApiError {
    errors::internal_error(why)
}
