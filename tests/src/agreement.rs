//! Whether the database and the host's Open vSwitch and kernel show the same network: both are told as lines that
//! name no uuid, one for each bridge and one for each NIC of a guest.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use xapi_model::{Bond, Host, Network, Pif, Ref, Tunnel, Vif, Vlan, Vm, VmPowerState};

use crate::lab::{Lab, Xen};

/// What the rows say: for every attached interface its bridge, the port on it or the bridge below, and the bridge's MAC
/// and addresses; for every attached NIC of a guest the bridge that it is on.
pub fn of_rows(xen: &Xen) -> Vec<String> {
    let rows = Rows::read(xen);
    let mut lines = rows.lines(|_| true);
    let machines: BTreeMap<_, _> = xen.all::<Vm>().into_iter().collect();
    for (_, vif) in xen.all::<Vif>() {
        let machine = &machines[&vif.vm];
        let runs = machine.power_state == VmPowerState::Running;
        assert!(runs || !vif.currently_attached, "{machine:?} has {vif:?}");
        if vif.currently_attached {
            let bridge = &rows.networks[&vif.network].bridge;
            lines.push(format!("vif{}.{} on {bridge}", machine.domid, vif.device));
        }
    }
    lines.sort();
    lines
}

/// What the rows say of one host of a pool without guests.
pub fn of_rows_at(xen: &Xen, host: &Ref<Host>) -> Vec<String> {
    let mut lines = Rows::read(xen).lines(|pif| pif.host == *host);
    lines.sort();
    lines
}

struct Rows {
    networks: BTreeMap<Ref<Network>, Network>,
    bonds: BTreeMap<Ref<Bond>, Bond>,
    pifs: BTreeMap<Ref<Pif>, Pif>,
    vlans: BTreeMap<Ref<Vlan>, Vlan>,
    tunnels: BTreeMap<Ref<Tunnel>, Tunnel>,
}

impl Rows {
    fn read(xen: &Xen) -> Rows {
        Rows {
            networks: xen.all().into_iter().collect(),
            bonds: xen.all().into_iter().collect(),
            pifs: xen.all().into_iter().collect(),
            vlans: xen.all().into_iter().collect(),
            tunnels: xen.all().into_iter().collect(),
        }
    }

    /// One for each interface that is attached, of those asked for.
    fn lines(&self, of: impl Fn(&Pif) -> bool) -> Vec<String> {
        let attached = self.pifs.values();
        let attached = attached.filter(|pif| pif.currently_attached && pif.managed && of(pif));
        attached.map(|pif| self.bridge(pif)).collect()
    }

    fn bridge_of(&self, pif: &Pif) -> &str {
        &self.networks[&pif.network].bridge
    }

    fn bridge(&self, pif: &Pif) -> String {
        assert!(
            pif.bond_slave_of.is_null(),
            "a bond's member is attached: {pif:?}"
        );
        let bridge = self.bridge_of(pif);
        let mut addresses = pif.ipv6.clone();
        if !pif.ip.is_empty() {
            addresses.push(format!("{}/{}", pif.ip, prefix(&pif.netmask)));
        }
        addresses.retain(|address| !address.is_empty());
        addresses.sort();
        let addresses = addresses.join(" ");
        let management = if pif.management { " management" } else { "" };
        if let Some(vlan) = self.vlans.get(&pif.vlan_master_of) {
            let parent = self.bridge_of(&self.pifs[&vlan.tagged_pif]);
            return format!(
                "{bridge}: tag {} of {parent} [{addresses}]{management}",
                vlan.tag
            );
        }
        let mac = match pif.tunnel_access_pif_of.first() {
            Some(tunnel) => {
                let transport = &self.pifs[&self.tunnels[tunnel].transport_pif];
                assert!(transport.currently_attached, "{transport:?}");
                String::new()
            }
            None => format!(" {} {}", self.port(pif), pif.mac),
        };
        format!("{bridge}:{mac} [{addresses}]{management}")
    }

    fn port(&self, pif: &Pif) -> String {
        let Some(bond) = pif.bond_master_of.first() else {
            return pif.device.clone();
        };
        let bond = &self.bonds[bond];
        let members = bond.slaves.iter();
        let mut members: Vec<_> = members
            .map(|slave| self.pifs[slave].device.clone())
            .collect();
        members.sort();
        format!("{} ({} of {})", pif.device, bond.mode, members.join(" "))
    }
}

/// What the host shows, in the same words. Says what is wrong if a port is not in force.
pub fn of_host(lab: &Lab, host: &str) -> Result<Vec<String>, String> {
    let script = "for table in Bridge Port Interface; do ovs-vsctl --timeout=5 --format=json --data=json list $table; echo; done; \
                  ip -json address; echo; sed -n \"s/^MANAGEMENT_INTERFACE='\\(.*\\)'$/\\\"\\1\\\"/p\" /etc/xensource-inventory";
    let output = lab.run(&["exec", host, "--", "bash", "-euc", script]);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let mut parts = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Json>();
    let mut part = || parts.next().expect("five documents").expect("JSON");
    let (bridges, ports, interfaces) = (rows(&part()), rows(&part()), rows(&part()));
    let (links, management) = (part(), part());
    let flag = |name: &str| match management == *name {
        true => " management",
        false => "",
    };
    let mut lines = Vec::new();
    let mut ours = BTreeSet::new();
    for bridge in bridges.values() {
        let name = bridge["name"].as_str().expect("a name");
        ours.insert(name.to_owned());
        let on_bridge: Vec<_> = uuids(&bridge["ports"])
            .iter()
            .map(|port| ports.get(port).ok_or("a port went meanwhile"))
            .collect::<Result<_, _>>()?;
        // A VLAN is a port too; whatever else has its tag is on it.
        let tags = on_bridge.iter().filter(|port| port["fake_bridge"] == true);
        let tags: BTreeMap<_, _> = tags
            .map(|port| (port["tag"].as_i64(), port["name"].as_str().expect("a name")))
            .collect();
        let mut on_it = Vec::new();
        for port in on_bridge {
            let port_name = port["name"].as_str().expect("a name");
            let mut members = Vec::new();
            for interface in uuids(&port["interfaces"]) {
                let interface = interfaces
                    .get(&interface)
                    .ok_or("an interface went meanwhile")?;
                let member = interface["name"].as_str().expect("a name");
                if interface["error"].is_string()
                    || interface["ofport"]
                        .as_i64()
                        .is_none_or(|number| number <= 0)
                {
                    // A bridge's own port is 65534, so it is in force with a number above nought as well.
                    return Err(format!(
                        "{member} on {name}: {} {}",
                        interface["error"], interface["ofport"]
                    ));
                }
                if !["gre", "vxlan"]
                    .iter()
                    .any(|kind| interface["type"] == *kind)
                {
                    members.push(member.to_owned());
                }
            }
            members.sort();
            if port["fake_bridge"] == true {
                ours.insert(port_name.to_owned());
                let (_, addresses) = link(&links, port_name)?;
                lines.push(format!(
                    "{port_name}: tag {} of {name} [{}]{}",
                    port["tag"],
                    addresses.join(" "),
                    flag(port_name)
                ));
                continue;
            }
            if port_name.starts_with("vif") {
                let its = tags.get(&port["tag"].as_i64()).unwrap_or(&name);
                lines.push(format!("{port_name} on {its}"));
                continue;
            }
            match members.as_slice() {
                // A tunnel's other ends come and go.
                [] => {}
                [one] if one == name && port_name == name => {}
                [one] => on_it.push(one.clone()),
                _ => {
                    let mode = port["bond_mode"].as_str().unwrap_or("no mode");
                    on_it.push(format!("{port_name} ({mode} of {})", members.join(" ")));
                }
            }
        }
        on_it.sort();
        let (mac, addresses) = link(&links, name)?;
        let ports = match on_it.as_slice() {
            [] => String::new(),
            _ => format!(" {} {mac}", on_it.join(" + ")),
        };
        lines.push(format!(
            "{name}:{ports} [{}]{}",
            addresses.join(" "),
            flag(name)
        ));
    }
    for other in links.as_array().expect("links") {
        let name = other["ifname"].as_str().expect("a name");
        let (_, addresses) = link(&links, name)?;
        if !ours.contains(name) && name != "lo" && !addresses.is_empty() {
            return Err(format!("{name} is no bridge and has {addresses:?}"));
        }
    }
    lines.sort();
    Ok(lines)
}

/// Both, if they are the same.
pub fn check(lab: &Lab, host: &str, xen: &Xen) -> Result<Vec<String>, String> {
    let (rows, real) = (of_rows(xen), of_host(lab, host)?);
    if rows == real {
        return Ok(rows);
    }
    Err(format!(
        "the database says\n  {}\nand the host is\n  {}",
        rows.join("\n  "),
        real.join("\n  ")
    ))
}

/// MAC and global addresses of a link.
fn link(links: &Json, name: &str) -> Result<(String, Vec<String>), String> {
    let mut all = links.as_array().expect("links").iter();
    let link = all
        .find(|link| link["ifname"] == name)
        .ok_or_else(|| format!("there is no device {name}"))?;
    let infos = link["addr_info"].as_array().cloned().unwrap_or_default();
    let global = infos.iter().filter(|info| info["scope"] == "global");
    let mut addresses: Vec<_> = global
        .map(|info| {
            format!(
                "{}/{}",
                info["local"].as_str().unwrap_or("?"),
                info["prefixlen"]
            )
        })
        .collect();
    addresses.sort();
    Ok((
        link["address"].as_str().unwrap_or("?").to_owned(),
        addresses,
    ))
}

fn prefix(netmask: &str) -> u32 {
    netmask
        .parse::<std::net::Ipv4Addr>()
        .map(|mask| u32::from(mask).count_ones())
        .expect("a netmask")
}

/// The rows of a table of ovs-vsctl by uuid, and in each its columns by name.
fn rows(table: &Json) -> BTreeMap<String, serde_json::Map<String, Json>> {
    let headings: Vec<_> = table["headings"]
        .as_array()
        .expect("headings")
        .iter()
        .map(|one| one.as_str().expect("text"))
        .collect();
    let mut found = BTreeMap::new();
    for row in table["data"].as_array().expect("rows") {
        let cells = row.as_array().expect("cells");
        let named: serde_json::Map<_, _> = headings
            .iter()
            .zip(cells)
            .map(|(name, cell)| ((*name).to_owned(), cell.clone()))
            .collect();
        found.insert(
            named["_uuid"][1].as_str().expect("a uuid").to_owned(),
            named,
        );
    }
    found
}

/// The uuids of a column that refers to rows: one, or a set.
fn uuids(cell: &Json) -> Vec<String> {
    let one = |pair: &Json| pair[1].as_str().expect("a uuid").to_owned();
    match cell[0].as_str() {
        Some("uuid") => vec![one(cell)],
        _ => cell[1].as_array().expect("a set").iter().map(one).collect(),
    }
}
