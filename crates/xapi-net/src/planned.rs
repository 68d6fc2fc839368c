//! A plan as data: what each step does to what, what is there before and after, and what would undo it.
//!
//! People read the texts when something is wrong, so they name things as `ovs-vsctl` and `ip` do. Programs go by the
//! members. This module must not know how a plan is made; see [`crate::plan`].

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::names::Family;
use crate::object::{self, Filter, Key, Object};
use crate::ovs::row;
use crate::plan::{Plan, Step};

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// The host, by name, in a plan for several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// When it is done.
    pub phase: Phase,
    /// What is done.
    pub operation: Operation,
    /// To what.
    pub object: Thing,
    /// What is there now; nothing if it is to be made. Of what only changes, no more than that which does.
    pub before: Option<String>,
    /// What shall be there; nothing if it is to go.
    pub after: Option<String>,
    /// What else it concerns: the NICs and bridges of its object.
    pub touches: BTreeSet<String>,
    /// The step that takes it back.
    pub undo: UndoStep,
}

/// The step that takes another one back; it concerns the same object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoStep {
    /// What is done.
    pub operation: Operation,
    /// What is there before it.
    pub before: Option<String>,
    /// What shall be there.
    pub after: Option<String>,
}

/// What a step is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    /// The kind, in words: `bridge`, `port`, `address`, `VIF`.
    pub kind: String,
    /// Its name among those of its kind and place.
    pub name: String,
    /// The device, bridge or machine that it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Its UUID, if the database has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
}

/// When a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before anything is done to the host: guests are asked to let go. No agent plans it.
    Guests,
    /// Beside what is there.
    Prepare,
    /// From the old to the new.
    Switch,
    /// What is left over.
    Retire,
}

/// What a step does to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Makes it.
    Put,
    /// Makes something else of it.
    Change,
    /// Removes it.
    Drop,
    /// Takes it from a guest, which is asked first.
    Unplug,
    /// Gives it to a guest.
    Plug,
}

impl Operation {
    fn inverse(self) -> Operation {
        match self {
            Operation::Put => Operation::Drop,
            Operation::Drop => Operation::Put,
            Operation::Change => Operation::Change,
            Operation::Unplug => Operation::Plug,
            Operation::Plug => Operation::Unplug,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Phase::Guests => "guests",
            Phase::Prepare => "prepare",
            Phase::Switch => "switch",
            Phase::Retire => "retire",
        })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Operation::Put => "put",
            Operation::Change => "change",
            Operation::Drop => "drop",
            Operation::Unplug => "unplug",
            Operation::Plug => "plug",
        })
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.kind)?;
        if !self.name.is_empty() {
            write!(out, " {}", self.name)?;
        }
        match &self.on {
            Some(on) => write!(out, " on {on}"),
            None => Ok(()),
        }
    }
}

/// The step in one line.
impl fmt::Display for PlannedStep {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            write!(out, "{host}: ")?;
        }
        write!(out, "{} {}", self.operation, self.object)?;
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(out, ": {before} -> {after}"),
            (None, Some(text)) | (Some(text), None) if !text.is_empty() => {
                write!(out, ": {text}")
            }
            _ => Ok(()),
        }
    }
}

impl PlannedStep {
    /// A step with the one that takes it back.
    pub fn new(
        phase: Phase,
        operation: Operation,
        object: Thing,
        before: Option<String>,
        after: Option<String>,
        touches: BTreeSet<String>,
    ) -> PlannedStep {
        let undo = UndoStep {
            operation: operation.inverse(),
            before: after.clone(),
            after: before.clone(),
        };
        PlannedStep {
            host: None,
            phase,
            operation,
            object,
            before,
            after,
            touches,
            undo,
        }
    }
}

/// Each step in one line.
pub fn in_words(steps: &[PlannedStep]) -> Vec<String> {
    steps.iter().map(ToString::to_string).collect()
}

/// The steps of a plan in their order.
pub fn steps(plan: &Plan<Object>) -> Vec<PlannedStep> {
    let phases = [
        (Phase::Prepare, &plan.prepare),
        (Phase::Switch, &plan.switch),
        (Phase::Retire, &plan.retire),
    ];
    let all = phases
        .into_iter()
        .flat_map(|(phase, steps)| steps.iter().map(move |step| told(phase, step)));
    all.collect()
}

fn told(phase: Phase, step: &Step<Object>) -> PlannedStep {
    let (operation, before, after, objects) = match step {
        Step::Put(_, new) => (Operation::Put, None, Some(text(&traits(new))), vec![new]),
        Step::Drop(_, old) => (Operation::Drop, Some(text(&traits(old))), None, vec![old]),
        Step::Change(_, old, new) => {
            let (before, after) = differing(&traits(old), &traits(new));
            (Operation::Change, Some(before), Some(after), vec![old, new])
        }
    };
    let key = step.key();
    let touches = objects
        .into_iter()
        .flat_map(|object| touched(key, object))
        .collect();
    let thing = thing(key, step);
    PlannedStep::new(phase, operation, thing, before, after, touches)
}

fn thing(key: &Key, step: &Step<Object>) -> Thing {
    let of = |kind: &str, name: String, on: Option<String>| Thing {
        kind: kind.to_owned(),
        name,
        on,
        uuid: None,
    };
    let (Step::Put(_, object) | Step::Drop(_, object) | Step::Change(_, _, object)) = step;
    match key {
        Key::Nic(name) => of("NIC", name.to_string(), None),
        Key::Aside(name) => of("kernel protocols off", name.to_string(), None),
        Key::Bridge(name) => of("bridge", name.to_string(), None),
        Key::Port(name) => {
            let on = match object {
                Object::Port(port) => Some(port.row.bridge.clone()),
                _ => None,
            };
            of("port", name.to_string(), on)
        }
        Key::Filter(name) => of("filter", String::new(), Some(name.to_string())),
        Key::Link(name) => of("device", name.to_string(), None),
        Key::Address(device, inet) => of("address", inet.to_string(), Some(device.to_string())),
        Key::Route(destination, metric) => {
            let on = match object {
                Object::Route(route) => Some(route.device.to_string()),
                _ => None,
            };
            let to = match (destination.prefix(), destination.family()) {
                (0, Family::V4) => "0.0.0.0/0 (default)".to_owned(),
                (0, Family::V6) => "::/0 (default)".to_owned(),
                _ => destination.to_string(),
            };
            let name = match metric {
                0 => to,
                metric => format!("{to} metric {metric}"),
            };
            of("route", name, on)
        }
        Key::Dhcp(device, family) => {
            let name = family.to_string();
            of("DHCP client", name, Some(device.to_string()))
        }
        Key::Resolver => of("file", "/etc/resolv.conf".to_owned(), None),
    }
}

fn touched(key: &Key, object: &Object) -> Vec<String> {
    let mut touched = match key {
        Key::Nic(name)
        | Key::Aside(name)
        | Key::Bridge(name)
        | Key::Filter(name)
        | Key::Link(name)
        | Key::Address(name, _)
        | Key::Dhcp(name, _) => vec![name.to_string()],
        Key::Port(_) | Key::Route(..) | Key::Resolver => Vec::new(),
    };
    match object {
        Object::Bridge(bridge) => {
            if let row::Bridge::Vlan(vlan) = &*bridge.row {
                touched.push(vlan.parent.clone());
            }
        }
        Object::Port(port) => {
            touched.push(port.row.bridge.clone());
            touched.extend(port.row.members.iter().cloned());
        }
        Object::Route(route) => touched.push(route.device.to_string()),
        _ => {}
    }
    touched
}

/// What there is to say of an object: names of settings, and their values. A setting that it does not have is not there.
type Traits = Vec<(&'static str, String)>;

fn text(traits: &Traits) -> String {
    let each = traits.iter().map(|(name, value)| phrase(name, value));
    each.collect::<Vec<_>>().join(", ")
}

/// Letters of one value.
const LONGEST: usize = 500;

/// What is said of a thing may be somebody else's text: a terminal gets no control characters of it, and no more than a
/// person reads.
fn phrase(name: &str, value: &str) -> String {
    let mut letters = value.chars();
    let shown = letters.by_ref().take(LONGEST);
    let mut value: String = shown
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if letters.next().is_some() {
        value.push('…');
    }
    match name {
        "" => value,
        _ => format!("{name} {value}"),
    }
}

/// Of two states that which differs, each as it is there.
fn differing(old: &Traits, new: &Traits) -> (String, String) {
    let value = |of: &Traits, name: &str| {
        let found = of.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| value.clone())
    };
    let mut names: Vec<&'static str> = old.iter().chain(new).map(|(name, _)| *name).collect();
    let mut known = BTreeSet::new();
    names.retain(|name| known.insert(*name) && value(old, name) != value(new, name));
    let side = |of: &Traits| {
        let each = names.iter().map(|name| match value(of, name) {
            Some(value) => phrase(name, &value),
            None => format!("no {name}"),
        });
        each.collect::<Vec<_>>().join(", ")
    };
    (side(old), side(new))
}

fn traits(object: &Object) -> Traits {
    match object {
        Object::Nic(nic) => of_nic(nic),
        Object::Aside => Vec::new(),
        Object::Bridge(bridge) => of_bridge(bridge),
        Object::Port(port) => of_port(port),
        Object::Filter(Filter::Only { mac, addresses }) => {
            vec![
                ("MAC", mac.to_string()),
                ("addresses", or_none(list(addresses))),
            ]
        }
        Object::Filter(Filter::Other) => vec![("", "rules of somebody else".to_owned())],
        Object::Link(link) => of_link(link),
        Object::Address(_) => Vec::new(),
        Object::Route(route) => of_route(route),
        Object::Dhcp(dhcp) => {
            let mut traits = Traits::new();
            add(&mut traits, "MAC", dhcp.mac);
            add(&mut traits, "VLAN", dhcp.vlan);
            traits
        }
        Object::Resolver(text) => {
            let lines = text.lines().map(str::trim);
            let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
            vec![("", or_none(lines.collect::<Vec<_>>().join("; ")))]
        }
    }
}

fn of_nic(nic: &object::Nic) -> Traits {
    let mut traits = vec![("", up(nic.up)), ("MTU", nic.mtu.to_string())];
    let offload = nic.offload.iter();
    let offload =
        offload.map(|(offload, on)| format!("{offload} {}", if *on { "on" } else { "off" }));
    let offload = offload.collect::<Vec<_>>().join(" ");
    add(&mut traits, "offload", some(offload));
    if !nic.modes.is_empty() {
        traits.push(("modes", nic.modes.to_string()));
    }
    traits
}

fn of_bridge(bridge: &object::Bridge) -> Traits {
    let mut traits = Traits::new();
    match &*bridge.row {
        row::Bridge::Real(real) => {
            add(&mut traits, "MAC", real.mac.as_ref().map(row::mac_text));
            add(&mut traits, "MTU", real.mtu);
            let datapath = match real.datapath {
                row::Datapath::System => "system",
                row::Datapath::Netdev => "netdev",
            };
            traits.push(("datapath", datapath.to_owned()));
            traits.push(("fail-mode", real.fail_mode.as_str().to_owned()));
            add(&mut traits, "disable-in-band", real.disable_in_band);
            let snooping = real.igmp_snooping.as_ref().map(snooping_text);
            add(&mut traits, "IGMP snooping", snooping);
            add(&mut traits, "MAC table", real.mac_table_size);
            add(&mut traits, "networks", real.network_uuids.clone());
            if real.controlled {
                traits.push(("controller", "somebody else's".to_owned()));
            }
        }
        row::Bridge::Vlan(vlan) => {
            traits.push(("VLAN", vlan.tag.to_string()));
            traits.push(("of", vlan.parent.clone()));
            add(&mut traits, "MAC", vlan.mac.as_ref().map(row::mac_text));
            add(&mut traits, "MTU", vlan.mtu);
            add(&mut traits, "networks", vlan.network_uuids.clone());
        }
    }
    foreign(&mut traits, bridge.ours);
    traits
}

fn snooping_text(snooping: &row::IgmpSnooping) -> String {
    let mut text = if snooping.enable { "on" } else { "off" }.to_owned();
    if snooping.ipv6 {
        text += " with IPv6";
    }
    if !snooping.disable_flood_unregistered {
        text += " and flooding what nobody asked for";
    }
    text
}

fn of_port(port: &object::Port) -> Traits {
    let row = &port.row;
    let mut traits = Traits::new();
    traits.push(("of", list(&row.members)));
    match &row.kind {
        row::InterfaceKind::System => {}
        kind => traits.push(("type", kind.as_str().to_owned())),
    }
    if let Some(bond) = &row.bond {
        of_bond(&mut traits, bond);
    }
    add(&mut traits, "MAC", row.mac.as_ref().map(row::mac_text));
    add(&mut traits, "VLAN tag", row.tag);
    if row.protected {
        traits.push(("protected", "yes".to_owned()));
    }
    add(&mut traits, "options", some(pairs(&row.options)));
    add(&mut traits, "external-ids", some(pairs(&row.external_ids)));
    add(
        &mut traits,
        "interface ids",
        some(pairs(&row.interface_ids)),
    );
    let limit = row.policing;
    let limit = limit.map(|limit| format!("{} kbit/s, burst {} kbit", limit.kbps, limit.burst));
    add(&mut traits, "limit", limit);
    if port.stale {
        traits.push(("", "for a device that has gone".to_owned()));
    }
    foreign(&mut traits, port.ours);
    traits
}

fn of_bond(traits: &mut Traits, bond: &row::Bond) {
    traits.push(("mode", bond.mode.as_str().to_owned()));
    traits.push(("LACP", bond.lacp.as_str().to_owned()));
    traits.push(("updelay", format!("{} ms", bond.updelay_ms)));
    traits.push(("downdelay", format!("{} ms", bond.downdelay_ms)));
    add(traits, "miimon-interval", bond.miimon_interval_ms);
    add(traits, "detect-mode", bond.detect.map(row::Detect::as_str));
    add(traits, "rebalance-interval", bond.rebalance_interval_ms);
    add(
        traits,
        "lacp-time",
        bond.lacp_time.map(row::LacpTime::as_str),
    );
    add(traits, "lacp-fallback-ab", bond.lacp_fallback_ab);
    add(
        traits,
        "lacp-aggregation-key",
        bond.lacp_aggregation_key.clone(),
    );
    add(traits, "lacp-actor-key", bond.lacp_actor_key.clone());
    add(traits, "other-config", some(pairs(&bond.other_config)));
}

fn of_link(link: &object::Link) -> Traits {
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    let mut traits = vec![
        ("", up(link.up)),
        ("promote_secondaries", on(link.promote_secondaries)),
    ];
    if let Some(ipv6) = link.ipv6 {
        traits.push(("router advertisements", on(ipv6.accept_ra)));
        traits.push(("autoconf", on(ipv6.autoconf)));
    }
    traits
}

fn of_route(route: &object::Route) -> Traits {
    let mut traits = Traits::new();
    traits.push(("dev", route.device.to_string()));
    add(&mut traits, "via", route.gateway);
    add(&mut traits, "src", route.source);
    foreign(&mut traits, route.ours);
    traits
}

fn add(traits: &mut Traits, name: &'static str, value: Option<impl fmt::Display>) {
    if let Some(value) = value {
        traits.push((name, value.to_string()));
    }
}

fn foreign(traits: &mut Traits, ours: bool) {
    if !ours {
        traits.push(("mark", "none: it is foreign".to_owned()));
    }
}

fn list(items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let items = items.into_iter().map(|item| item.to_string());
    items.collect::<Vec<_>>().join(" + ")
}

fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    let pairs = pairs
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join(" ")
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn or_none(text: String) -> String {
    some(text).unwrap_or_else(|| "none".to_owned())
}

fn up(up: bool) -> String {
    if up { "up" } else { "down" }.to_owned()
}
