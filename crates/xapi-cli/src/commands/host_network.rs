//! A host's network as it is, what would be done to it, and the word that a change of it waits for.

use serde_json::Value as Json;
use xapi_model::Value;

use super::{Entry, hosts};
use crate::command::Context;
use crate::failure::Failure;
use crate::plan;
use crate::server::Row;

pub const HOST_NETWORK: &[Entry] = &[
    hosts("host-network-state", state).one_only().help(
        "Shows the live network of a host as a tree: bridges with what carries them, VLANs, addresses, ports and the \
         guests on them. Marks what is not ours and what differs from the database.",
    ),
    hosts("host-network-plan", plan).one_only().help(
        "Lists the steps that would make the network of a host what the database says: what each does to what, what is \
         there before and after, and what would undo it. For the steps of a command that changes the network, give \
         that command the switch --plan-only.",
    ),
    hosts("host-network-confirm", confirm)
        .one_only()
        .optional(&["undo"])
        .help(
            "Says that a change of the network that was begun with --confirm-within is well, or with undo=true that it \
             is not and shall be undone at once.",
        ),
];

/// The plugin that every host has.
const PLUGIN: &str = "xapi-network";

/// Asks the plugin of a host.
fn ask(
    cx: &mut Context<'_>,
    host: &Row,
    function: &str,
    args: Vec<(String, Value)>,
) -> Result<Json, Failure> {
    ask_host(cx, &host.reference, function, args)
}

/// The same by the host's reference.
pub(super) fn ask_host(
    cx: &mut Context<'_>,
    host: &str,
    function: &str,
    args: Vec<(String, Value)>,
) -> Result<Json, Failure> {
    let params = vec![
        host.into(),
        PLUGIN.into(),
        function.into(),
        Value::Struct(args),
    ];
    let told = cx.server.call("host.call_plugin", params)?;
    let text = told.as_str().unwrap_or_default();
    serde_json::from_str(text).map_err(|why| Failure::Answer(format!("{function}: {why}")))
}

fn confirm(cx: &mut Context<'_>, host: &Row) -> Result<(), Failure> {
    let undo = cx.params.switch("undo");
    let args = vec![("undo".to_owned(), undo.to_string().into())];
    ask(cx, host, "confirm", args).map(drop)
}

fn plan(cx: &mut Context<'_>, host: &Row) -> Result<(), Failure> {
    let args = vec![("as".to_owned(), "data".into())];
    let told = ask(cx, host, "plan", args)?;
    let steps: Vec<Json> = told.as_array().into_iter().flatten().cloned().collect();
    if steps.is_empty() && !cx.printer.is_json() {
        cx.printer
            .message("The network is what the database says: there is nothing to do.");
    } else {
        plan::show(&mut cx.printer, steps);
    }
    Ok(())
}

fn state(cx: &mut Context<'_>, host: &Row) -> Result<(), Failure> {
    let told = ask(cx, host, "state", Vec::new())?;
    if cx.printer.is_json() {
        cx.printer.value(told);
    } else {
        let lines = tree(&told);
        cx.printer.list(&lines);
    }
    Ok(())
}

pub(super) fn texts(list: &Json) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    let items = items.filter_map(|item| item.as_str().map(str::to_owned));
    items.collect()
}

pub(super) fn text<'j>(of: &'j Json, key: &str) -> &'j str {
    of[key].as_str().unwrap_or_default()
}

/// A line and what hangs on it.
struct Branch {
    line: String,
    under: Vec<Branch>,
}

impl Branch {
    fn leaf(line: impl Into<String>) -> Branch {
        Branch {
            line: line.into(),
            under: Vec::new(),
        }
    }

    fn draw(&self, lead: &str, lines: &mut Vec<String>) {
        let last = self.under.len().saturating_sub(1);
        for (at, branch) in self.under.iter().enumerate() {
            let (knot, rest) = if at == last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            lines.push(format!("{lead}{knot}{}", branch.line));
            branch.draw(&format!("{lead}{rest}"), lines);
        }
    }
}

/// The lines of a host's network.
fn tree(told: &Json) -> Vec<String> {
    let all: Vec<&Json> = told["bridges"].as_array().into_iter().flatten().collect();
    let real = all.iter().filter(|bridge| bridge["vlan"].is_null());
    let mut under: Vec<Branch> = real
        .map(|bridge| {
            let vlans = all
                .iter()
                .filter(|vlan| vlan["vlan"]["parent"] == bridge["name"]);
            let drift = Drift(told);
            branch_of(bridge, vlans.copied(), &drift)
        })
        .collect();
    let free = told["nics"].as_array().into_iter().flatten();
    let free = free.filter(|nic| nic["bridge"].is_null());
    under.extend(free.map(|nic| marked(format!("{}, not in use", nic_line(nic)), nic)));
    let drift = texts(&told["drift"]);
    if !drift.is_empty() {
        under.push(Branch {
            line: "differs from the database; what would be done:".to_owned(),
            under: drift.into_iter().map(Branch::leaf).collect(),
        });
    }
    let host = Branch {
        line: text(told, "hostname").to_owned(),
        under,
    };
    let mut lines = vec![host.line.clone()];
    host.draw("", &mut lines);
    lines
}

/// The steps that would be done, of which each address finds its own.
struct Drift<'j>(&'j Json);

impl Drift<'_> {
    fn concerns(&self, address: &str, bridge: &str) -> bool {
        let mut steps = self.0["drift_steps"].as_array().into_iter().flatten();
        steps.any(|step| {
            let object = &step["object"];
            object["kind"] == "address" && object["name"] == address && object["on"] == bridge
        })
    }
}

/// The branch of an object with the marks that it has: whether it is somebody else's, and what would be done to it.
fn marked(mut line: String, of: &Json) -> Branch {
    if of["foreign"] == true {
        line += ", foreign";
    }
    let drift = texts(&of["drift"]);
    if !drift.is_empty() {
        line += ", differs";
    }
    let drift = drift.into_iter();
    let under = drift.map(|step| Branch::leaf(format!("would be done: {step}")));
    Branch {
        line,
        under: under.collect(),
    }
}

fn branch_of<'j>(
    bridge: &'j Json,
    vlans: impl Iterator<Item = &'j Json>,
    drift: &Drift<'_>,
) -> Branch {
    let name = text(bridge, "name");
    let mut line = match bridge["vlan"]["tag"].as_u64() {
        Some(tag) => format!("VLAN {tag}: {name}"),
        None => name.to_owned(),
    };
    let network = text(bridge, "network");
    if !network.is_empty() {
        line += &format!(" ({network})");
    }
    line += &format!(", MTU {}", bridge["mtu"]);
    let marks = [
        ("management", bridge["management"] == true),
        ("down", bridge["up"] == false),
        ("foreign", bridge["ours"] == false),
    ];
    for (mark, _) in marks.iter().filter(|(_, holds)| *holds) {
        line += &format!(", {mark}");
    }
    let Branch { line, mut under } = marked(line, bridge);
    let bonds = bridge["bonds"].as_array().into_iter().flatten();
    under.extend(bonds.map(bond_branch));
    let nics = bridge["nics"].as_array().into_iter().flatten();
    under.extend(nics.map(|nic| marked(nic_line(nic), nic)));
    let addresses = texts(&bridge["addresses"]).into_iter();
    under.extend(addresses.map(|address| {
        let differs = drift.concerns(&address, name);
        Branch::leaf(address + if differs { ", differs" } else { "" })
    }));
    let gateways = texts(&bridge["gateways"]).into_iter();
    under.extend(gateways.map(|gateway| Branch::leaf(format!("gateway {gateway}"))));
    match bridge["port_details"].as_array() {
        Some(ports) => under.extend(ports.iter().map(port_branch)),
        // An older server names them, and no more.
        None => under.extend(texts(&bridge["ports"]).into_iter().map(Branch::leaf)),
    }
    under.extend(vlans.map(|vlan| branch_of(vlan, std::iter::empty(), drift)));
    Branch { line, under }
}

fn bond_branch(bond: &Json) -> Branch {
    let members: Vec<&Json> = bond["members"].as_array().into_iter().flatten().collect();
    let enabled = members.iter().filter(|member| member["enabled"] == true);
    let (up, of) = (enabled.count(), members.len());
    let mut branch = marked(
        format!("{}, {up} of {of} links up", text(bond, "name")),
        bond,
    );
    let members = members.iter();
    branch
        .under
        .extend(members.map(|nic| marked(member_line(nic), nic)));
    branch
}

/// A port that is no NIC of the host, and the guest that has its other end.
fn port_branch(port: &Json) -> Branch {
    let mut branch = marked(text(port, "name").to_owned(), port);
    let guest = &port["guest"];
    if !guest.is_null() {
        let mut line = format!(
            "NIC {} of {} ({})",
            text(guest, "device"),
            text(guest, "name_label"),
            text(guest, "uuid")
        );
        for address in texts(&guest["addresses"]) {
            line += &format!(", {address}");
        }
        branch.under.push(Branch::leaf(line));
    }
    branch
}

fn nic_line(nic: &Json) -> String {
    let name = text(nic, "name");
    match (nic["carrier"] == true, nic["speed_mbps"].as_u64()) {
        (false, _) => format!("{name}, no carrier"),
        (true, Some(speed)) => format!("{name}, {speed} Mbit/s"),
        (true, None) => format!("{name}, carrier"),
    }
}

fn member_line(nic: &Json) -> String {
    let mut line = nic_line(nic);
    if nic["active"] == true {
        line += ", active";
    }
    if nic["enabled"] == false {
        line += ", disabled";
    }
    line
}
