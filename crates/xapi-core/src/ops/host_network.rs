//! The plugin that every host has: its network as it is, what would be done to it, and the word that a change of it
//! waits for. No published call tells these; any client can call a plugin.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use xapi_db::Read;
use xapi_model::host::CallPlugin;
use xapi_model::{ApiError, Host, Network, Ref, Vm, VmGuestMetrics, errors};
use xapi_net::agent::{NetError, Request};
use xapi_net::facts::{BridgeFacts, Facts, NicFacts};
use xapi_net::names::Name;
use xapi_net::planned::{PlannedStep, in_words};

use crate::context::Cx;
use crate::ops::pool;
use crate::proof::{Care, cannot_be_planned};
use crate::{Result, guests, planned, topology};

/// What it is called.
pub const PLUGIN: &str = "xapi-network";

/// Carries one of its functions out; the result is JSON.
pub fn call(cx: &Cx<'_>, call: &CallPlugin) -> Result<String> {
    let told = match call.fn_.as_str() {
        "state" => state(cx, call)?,
        "plan" => plan(cx, call)?,
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

/// The steps from what is so to what the database says, in words or, with the argument `as` = `data`, as objects.
/// INVALID_VALUE [as, text].
fn plan(cx: &Cx<'_>, call: &CallPlugin) -> Result<Json> {
    let form = call.args.get("as").map_or("", String::as_str);
    let as_data = planned::is_data(form).ok_or_else(|| errors::invalid_value("as", form))?;
    let steps = drift(cx, call)?;
    Ok(match as_data {
        true => json!(steps),
        false => json!(in_words(&steps)),
    })
}

fn drift(cx: &Cx<'_>, call: &CallPlugin) -> Result<Vec<PlannedStep>> {
    let view = cx.core.view()?;
    let agent = cx.core.agent_of(&view, &call.host)?;
    let (wished, _) = topology::wished(&view, &call.host)?;
    agent.plan(Request::what_can(wished)).map_err(failed)
}

fn state(cx: &Cx<'_>, call: &CallPlugin) -> Result<Json> {
    let steps = drift(cx, call)?;
    let view = cx.core.view()?;
    let facts = cx
        .core
        .agent_of(&view, &call.host)?
        .facts()
        .map_err(failed)?;
    let (wished, _) = topology::wished(&view, &call.host)?;
    let networks = view.all::<Network>()?.into_iter();
    let live = Live {
        marks: Marks::of(&steps, &facts),
        guests: nics_of_guests(&view, &call.host)?,
        labels: networks
            .map(|(_, network)| (network.bridge, network.name_label))
            .collect(),
        management: wished.management,
        facts: &facts,
    };
    let bridges = facts.bridges.iter();
    let bridges = bridges.map(|(name, bridge)| live.bridge(name, bridge));
    let nics = facts.nics.iter();
    let nics = nics.map(|(nic, of)| live.nic(nic, Some(of), bridge_of(&facts, nic)));
    Ok(json!({
        "hostname": facts.hostname,
        "bridges": bridges.collect::<Vec<_>>(),
        "nics": nics.collect::<Vec<_>>(),
        "dns": facts.dns,
        "drift": in_words(&steps),
        "drift_steps": steps,
    }))
}

/// What a host's network is told of.
struct Live<'a> {
    facts: &'a Facts,
    marks: Marks,
    guests: BTreeMap<Name, Json>,
    /// Names of networks by bridge.
    labels: BTreeMap<String, String>,
    management: Option<Name>,
}

impl Live<'_> {
    fn bridge(&self, name: &Name, bridge: &BridgeFacts) -> Json {
        let facts = self.facts;
        let on = |nic: &&Name| bridge.ports.contains(nic);
        let bonds = facts.bonds.iter();
        let bonds = bonds.filter(|(_, bond)| bond.bridge == Some(*name));
        let bonds: Vec<_> = bonds
            .map(|(bond, of)| {
                let members = of.members.iter().map(|(nic, enabled)| {
                    let mut told = self.nic(nic, facts.nics.get(nic), Some(name));
                    told["enabled"] = json!(enabled);
                    told["active"] = json!(of.active == Some(*nic));
                    told
                });
                json!({
                    "name": bond,
                    "foreign": bridge.foreign.contains(bond),
                    "drift": self.marks.on(bond),
                    "members": members.collect::<Vec<_>>(),
                })
            })
            .collect();
        let nics = facts.nics.keys().filter(on);
        let nics = nics.map(|nic| {
            let mut told = self.nic(nic, facts.nics.get(nic), Some(name));
            told["foreign"] = json!(bridge.foreign.contains(nic));
            told
        });
        let other =
            |port: &&Name| !facts.nics.contains_key(*port) && !facts.bonds.contains_key(*port);
        let ports: Vec<_> = bridge.ports.iter().filter(other).collect();
        let details = ports.iter().map(|port| {
            json!({
                "name": port,
                "foreign": bridge.foreign.contains(*port),
                "drift": self.marks.on(port),
                "guest": self.guests.get(*port),
            })
        });
        json!({
            "name": name,
            "network": self.labels.get(name.as_str()).map_or("", String::as_str),
            "mac": bridge.mac,
            "mtu": bridge.mtu,
            "up": bridge.up,
            "ours": bridge.ours,
            "management": self.management == Some(*name),
            "vlan": bridge.vlan.map(|(parent, tag)| json!({"parent": parent, "tag": tag})),
            "addresses": bridge.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "gateways": bridge.gateways,
            "bonds": bonds,
            "nics": nics.collect::<Vec<_>>(),
            "port_details": details.collect::<Vec<_>>(),
            "ports": ports,
            "drift": self.marks.on(name),
        })
    }

    fn nic(&self, nic: &Name, facts: Option<&NicFacts>, bridge: Option<&Name>) -> Json {
        let drift = self.marks.on(nic);
        let Some(facts) = facts else {
            return json!({"name": nic, "bridge": bridge, "missing": true, "drift": drift});
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
            "drift": drift,
        })
    }
}

/// The steps that would be done, each on the first object it is about that is there.
struct Marks(BTreeMap<String, Vec<String>>);

impl Marks {
    fn of(steps: &[PlannedStep], facts: &Facts) -> Marks {
        let ports = facts.bridges.values().flat_map(|bridge| &bridge.ports);
        let members = facts.bonds.values().flat_map(|bond| bond.members.keys());
        let there: BTreeSet<&str> = (facts.bridges.keys())
            .chain(facts.bonds.keys())
            .chain(facts.nics.keys())
            .chain(ports)
            .chain(members)
            .map(Name::as_str)
            .collect();
        let mut marks: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for step in steps {
            let named = [Some(&step.object.name), step.object.on.as_ref()];
            let mut places = named.into_iter().flatten();
            if let Some(place) = places.find(|place| there.contains(place.as_str())) {
                marks
                    .entry(place.clone())
                    .or_default()
                    .push(step.to_string());
            }
        }
        Marks(marks)
    }

    fn on(&self, name: &Name) -> &[String] {
        self.0.get(name.as_str()).map_or(&[], Vec::as_slice)
    }
}

/// The NICs of the guests that run on a host, by the name of the host's end: whose they are, and which addresses the guest
/// says that it has.
fn nics_of_guests(rows: &impl Read, host: &Ref<Host>) -> Result<BTreeMap<Name, Json>> {
    let mut found = BTreeMap::new();
    for reference in rows.find(Vm::RESIDENT_ON, host)? {
        let machine = rows.get(&reference)?;
        let Some(domain) = guests::domain_of(&machine) else {
            continue;
        };
        let told = match rows.exists(&machine.guest_metrics)? {
            true => rows.field(&machine.guest_metrics, VmGuestMetrics::NETWORKS)?,
            false => BTreeMap::new(),
        };
        for vif in machine.vifs.iter() {
            let vif = rows.get(vif)?;
            let Ok(name) = topology::vifs::name_of(domain, &vif) else {
                // No device can be called so, and there is none.
                continue;
            };
            let its = format!("{}/ip", vif.device);
            let addresses = told.iter().filter(|(key, _)| key.starts_with(&its));
            let of_guest = json!({
                "name_label": machine.name_label,
                "uuid": machine.uuid,
                "vif": vif.uuid,
                "device": vif.device,
                "mac": vif.mac,
                "addresses": addresses.map(|(_, address)| address).collect::<Vec<_>>(),
            });
            found.insert(name, of_guest);
        }
    }
    Ok(found)
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

fn failed(why: NetError) -> ApiError {
    errors::internal_error(why)
}
