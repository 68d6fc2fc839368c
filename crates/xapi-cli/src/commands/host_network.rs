//! A host's network as it is, what would be done to it, and the word that a change of it waits for.

use serde_json::Value as Json;
use xapi_model::Value;

use super::{Entry, hosts};
use crate::command::Context;
use crate::failure::Failure;
use crate::server::Row;

pub const HOST_NETWORK: &[Entry] = &[
    hosts("host-network-state", state).one_only().help(
        "Shows the live network of a host as a tree: bridges with what carries them, VLANs, addresses and ports. Marks \
         what is not ours and what differs from the database.",
    ),
    hosts("host-network-plan", plan).one_only().help(
        "Lists the steps that would make the network of a host what the database says. For the steps of a command that \
         changes the network, give that command the switch --plan-only.",
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
    let told = ask(cx, host, "plan", Vec::new())?;
    let steps = texts(&told);
    if steps.is_empty() && !cx.printer.is_json() {
        cx.printer
            .message("The network is what the database says: there is nothing to do.");
    } else {
        cx.printer.list(&steps);
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
            branch_of(bridge, vlans.copied())
        })
        .collect();
    let free = told["nics"].as_array().into_iter().flatten();
    let free = free.filter(|nic| nic["bridge"].is_null());
    under.extend(free.map(|nic| Branch::leaf(format!("{}, not in use", nic_line(nic)))));
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

fn branch_of<'j>(bridge: &'j Json, vlans: impl Iterator<Item = &'j Json>) -> Branch {
    let mut line = match bridge["vlan"]["tag"].as_u64() {
        Some(tag) => format!("VLAN {tag}: {}", text(bridge, "name")),
        None => text(bridge, "name").to_owned(),
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
    let mut under = Vec::new();
    for bond in bridge["bonds"].as_array().into_iter().flatten() {
        let members: Vec<&Json> = bond["members"].as_array().into_iter().flatten().collect();
        let up = members
            .iter()
            .filter(|member| member["enabled"] == true)
            .count();
        under.push(Branch {
            line: format!("{}, {up} of {} links up", text(bond, "name"), members.len()),
            under: members
                .iter()
                .map(|nic| Branch::leaf(member_line(nic)))
                .collect(),
        });
    }
    let nics = bridge["nics"].as_array().into_iter().flatten();
    under.extend(nics.map(|nic| Branch::leaf(nic_line(nic))));
    under.extend(texts(&bridge["addresses"]).into_iter().map(Branch::leaf));
    let gateways = texts(&bridge["gateways"]).into_iter();
    under.extend(gateways.map(|gateway| Branch::leaf(format!("gateway {gateway}"))));
    under.extend(texts(&bridge["ports"]).into_iter().map(Branch::leaf));
    under.extend(vlans.map(|vlan| branch_of(vlan, std::iter::empty())));
    Branch { line, under }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::tree;

    #[test]
    fn the_network_of_a_host_is_a_tree_that_people_can_read() {
        let nic = |name: &str, active: bool| json!({"name": name, "carrier": true, "speed_mbps": 1000, "enabled": true, "active": active});
        let told = json!({
            "hostname": "xs-1",
            "bridges": [
                {"name": "xapi1", "network": "PUB", "mtu": 1500, "up": true, "ours": true, "management": true,
                 "vlan": null, "addresses": ["172.16.0.10/27"], "gateways": ["172.16.0.1"], "nics": [],
                 "ports": ["vif1.0"],
                 "bonds": [{"name": "bond0", "members": [nic("eth0", true), nic("eth3", false)]}]},
                {"name": "xapi2", "network": "lan", "mtu": 1500, "up": true, "ours": true, "management": false,
                 "vlan": {"parent": "xapi1", "tag": 7}, "addresses": [], "gateways": [], "nics": [], "ports": [],
                 "bonds": []},
                {"name": "br-int", "network": "", "mtu": 1500, "up": false, "ours": false, "management": false,
                 "vlan": null, "addresses": [], "gateways": [], "nics": [], "ports": [], "bonds": []},
            ],
            "nics": [{"name": "eth5", "carrier": false, "bridge": null}],
            "drift": ["put address 10.0.0.1/8 on xapi1"],
        });
        let lines = tree(&told).join("\n");
        assert_eq!(
            lines,
            "\
xs-1
├─ xapi1 (PUB), MTU 1500, management
│  ├─ bond0, 2 of 2 links up
│  │  ├─ eth0, 1000 Mbit/s, active
│  │  └─ eth3, 1000 Mbit/s
│  ├─ 172.16.0.10/27
│  ├─ gateway 172.16.0.1
│  ├─ vif1.0
│  └─ VLAN 7: xapi2 (lan), MTU 1500
├─ br-int, MTU 1500, down, foreign
├─ eth5, no carrier, not in use
└─ differs from the database; what would be done:
   └─ put address 10.0.0.1/8 on xapi1"
        );
    }
}
