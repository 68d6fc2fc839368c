//! The lab's physical network: one namespace with a bridge, its gateway address, a DHCP server, and one port for
//! every NIC of every host.
//!
//! A NIC is a veth pair; the end in this namespace is the switch's port, named `HOST-NIC`. The ports are the only
//! record of which NICs there are: what a host does to its end (rename it, change its MAC) is not seen here, and a
//! reboot undoes it.

use std::fs;

use serde::Deserialize;

use crate::failure::{Doing, Failure, Result};
use crate::lab::{GATEWAY, GATEWAY_V6, Host, Lab, NicName, PREFIX};
use crate::process::{ip_batch, run, tool};

/// The bridge in the switch's namespace.
const BRIDGE: &str = "lab0";

/// Makes the switch without any port.
pub fn build(lab: &Lab) -> Result<()> {
    let netns = lab.switch_netns();
    run(tool("ip").args(["netns", "add", &netns]))?;
    ip_batch(
        &netns,
        &[
            "link set lo up".into(),
            // Without a forwarding delay a port that is plugged in forwards at once, and without snooping neighbour
            // discovery needs no querier.
            format!(
                "link add {BRIDGE} address 02:16:3e:00:00:01 type bridge forward_delay 0 mcast_snooping 0"
            ),
            format!("addr add {GATEWAY}/{PREFIX} brd + dev {BRIDGE}"),
            format!("addr add {GATEWAY_V6} dev {BRIDGE} nodad"),
            format!("link set {BRIDGE} up"),
        ],
    )?;
    serve_dhcp(lab)
}

/// Starts dnsmasq as a DHCP server; it answers no names. It is ready when it has gone to the background.
fn serve_dhcp(lab: &Lab) -> Result<()> {
    let state = lab.state();
    let file = |name: &str| state.join(name).display().to_string();
    run(tool("ip")
        .args(["netns", "exec", &lab.switch_netns(), "dnsmasq"])
        .args([
            "--conf-file=/dev/null",
            "--port=0",
            "--user=root",
            "--bind-interfaces",
            &format!("--interface={BRIDGE}"),
            "--except-interface=lo",
            &format!("--pid-file={}", file("dnsmasq.pid")),
            &format!("--dhcp-leasefile={}", file("dnsmasq.leases")),
            &format!("--log-facility={}", file("dnsmasq.log")),
            "--log-dhcp",
            // Nobody else gives out addresses here, and a ping before each offer would cost three seconds.
            "--dhcp-authoritative",
            "--no-ping",
            // Below the hosts' own addresses, which are .10 to .30.
            "--dhcp-range=172.16.0.2,172.16.0.9,255.255.255.224,10m",
            &format!("--dhcp-option=option:router,{GATEWAY}"),
            &format!("--dhcp-option=option:dns-server,{GATEWAY}"),
            "--dhcp-option=option:domain-name,lab.example",
            // Router advertisements with the prefix, and addresses for those that ask.
            "--enable-ra",
            "--dhcp-range=fd00:172:16::100,fd00:172:16::1ff,slaac,64,10m",
        ]))?;
    Ok(())
}

/// Plugs new NICs into the switch and gives their other ends to the host.
pub fn add_nics(host: &Host, nics: &[(NicName, String)]) -> Result<()> {
    let switch = host.lab.switch_netns();
    let mut lines = Vec::new();
    for (nic, mac) in nics {
        let port = host.port(nic);
        lines.push(format!(
            "link add {port} type veth peer name {nic} address {mac} netns {}",
            host.netns()
        ));
        // The MAC a NIC was made with is its permanent one; a reboot gives it back.
        lines.push(format!("link set {port} alias {mac}"));
    }
    ip_batch(&switch, &lines)?;
    // A veth leaves checksums and segmentation to a card that isn't there. Open vSwitch's userspace datapath hands
    // such packets on as they are, and the receiver drops them: TCP stalls while ping works.
    let ports: Vec<_> = nics.iter().map(|(nic, _)| host.port(nic)).collect();
    let script = "for port; do ethtool -K \"$port\" tx off >/dev/null || exit 1; done";
    run(tool("ip")
        .args(["netns", "exec", &switch, "sh", "-c", script, "sh"])
        .args(&ports))?;
    let mut lines: Vec<_> = ports
        .iter()
        .map(|port| format!("link set {port} up"))
        .collect();
    if !is_partitioned(host) {
        lines.extend(
            ports
                .iter()
                .map(|port| format!("link set {port} master {BRIDGE}")),
        );
    }
    ip_batch(&switch, &lines)?;
    let names: Vec<_> = nics
        .iter()
        .map(|(nic, _)| nic.as_str().to_string())
        .collect();
    leave_to_openvswitch(&host.netns(), &names)
}

/// Keeps the host's own IP stack from answering on its NICs.
///
/// Open vSwitch's userspace datapath gets a copy of what a NIC receives, and the kernel goes on with the original:
/// it would answer for the management address a second time, past every bridge, and a ping would survive what cuts
/// the bridge. With the kernel's datapath this changes nothing, since there a port's packets never get that far.
fn leave_to_openvswitch(netns: &str, nics: &[String]) -> Result<()> {
    let script = "for nic; do
        echo 1 > /proc/sys/net/ipv4/conf/$nic/rp_filter || exit 1
        echo 1 > /proc/sys/net/ipv4/conf/$nic/arp_ignore || exit 1
        [ ! -d /proc/sys/net/ipv6/conf/$nic ] || echo 1 > /proc/sys/net/ipv6/conf/$nic/disable_ipv6 || exit 1
    done";
    run(tool("ip")
        .args(["netns", "exec", netns, "sh", "-c", script, "sh"])
        .args(nics))?;
    Ok(())
}

/// Takes a NIC out of the host: both ends of the pair go.
pub fn remove_nic(host: &Host, nic: &NicName) -> Result<()> {
    on_port(host, nic, |port| format!("link del {port}"))
}

/// Pulls the cable: the host's end loses its carrier.
pub fn pull(host: &Host, nic: &NicName) -> Result<()> {
    on_port(host, nic, |port| format!("link set {port} down"))
}

/// Plugs the cable back in.
pub fn plug_in(host: &Host, nic: &NicName) -> Result<()> {
    on_port(host, nic, |port| format!("link set {port} up"))
}

fn on_port(host: &Host, nic: &NicName, line: impl Fn(&str) -> String) -> Result<()> {
    let port = host.port(nic);
    if !ports(host)?.iter().any(|known| known.name == port) {
        return Err(Failure::new(format!("{} has no NIC {nic}", host.name)));
    }
    ip_batch(&host.lab.switch_netns(), &[line(&port)])
}

/// Cuts the host off from everything else, with its carrier up: the switch forwards nothing to or from it.
pub fn partition(host: &Host) -> Result<()> {
    let mark = host.state().join("partitioned");
    fs::write(&mark, "").doing(|| format!("writing {}", mark.display()))?;
    on_all_ports(host, |port| format!("link set {port} nomaster"))
}

/// Ends a partition.
pub fn heal(host: &Host) -> Result<()> {
    on_all_ports(host, |port| format!("link set {port} master {BRIDGE}"))?;
    match fs::remove_file(host.state().join("partitioned")) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
            Err(why).doing(|| "ending the partition")
        }
        _ => Ok(()),
    }
}

fn is_partitioned(host: &Host) -> bool {
    host.state().join("partitioned").exists()
}

fn on_all_ports(host: &Host, line: impl Fn(&str) -> String) -> Result<()> {
    let lines: Vec<_> = ports(host)?.iter().map(|port| line(&port.name)).collect();
    ip_batch(&host.lab.switch_netns(), &lines)
}

/// The NICs a host has, whether or not its end still has its name.
pub fn nics(host: &Host) -> Result<Vec<NicName>> {
    let prefix = format!("{}-", host.name);
    Ok(ports(host)?
        .iter()
        .filter_map(|port| port.name.strip_prefix(&prefix)?.parse().ok())
        .collect())
}

/// The lowest `ethN` that the host has not.
pub fn free_nic_name(host: &Host) -> Result<NicName> {
    let taken = nics(host)?;
    (0..=u8::MAX)
        .map(NicName::eth)
        .find(|name| !taken.contains(name))
        .ok_or_else(|| Failure::new(format!("{} has no free NIC name left", host.name)))
}

/// Moves a host's NICs from the namespace it lived in to the one it starts in, with the names and MAC addresses
/// they were made with, as a reboot does.
pub fn move_nics(host: &Host, from: &str, to: &str) -> Result<()> {
    let links = links(from)?;
    let mut moves = Vec::new();
    let mut settle = Vec::new();
    let mut names = Vec::new();
    for port in ports(host)? {
        // The two ends know each other by number, so a NIC that the host renamed is found all the same.
        let end = links
            .iter()
            .find(|link| link.index == port.peer && link.peer == Some(port.index));
        let (Some(end), Some(nic)) = (end, port.name.strip_prefix(&format!("{}-", host.name)))
        else {
            continue;
        };
        names.push(nic.to_string());
        moves.push(format!("link set {} netns {to} name {nic}", end.name));
        if let Some(mac) = &port.alias {
            settle.push(format!("link set {nic} address {mac}"));
        }
    }
    ip_batch(from, &moves)?;
    ip_batch(to, &settle)?;
    leave_to_openvswitch(to, &names)
}

/// One end of a veth pair, as `ip -json link` shows it.
#[derive(Debug, Deserialize)]
struct Link {
    #[serde(rename = "ifname")]
    name: String,
    #[serde(rename = "ifindex")]
    index: u32,
    #[serde(rename = "link_index")]
    peer: Option<u32>,
    #[serde(rename = "ifalias")]
    alias: Option<String>,
}

/// A port of the switch and the number of the NIC behind it.
struct Port {
    name: String,
    index: u32,
    peer: u32,
    alias: Option<String>,
}

fn ports(host: &Host) -> Result<Vec<Port>> {
    let prefix = format!("{}-", host.name);
    let links = links(&host.lab.switch_netns())?;
    let ours = links
        .into_iter()
        .filter(|link| link.name.starts_with(&prefix));
    Ok(ours
        .filter_map(|link| {
            Some(Port {
                peer: link.peer?,
                name: link.name,
                index: link.index,
                alias: link.alias,
            })
        })
        .collect())
}

fn links(netns: &str) -> Result<Vec<Link>> {
    let text = run(tool("ip").args(["-n", netns, "-json", "link", "show"]))?;
    serde_json::from_str(&text).doing(|| format!("reading the links of {netns}"))
}
