//! A network that hosts of a pool have by tunnels, without a controller: everyone on it reaches everyone.

use std::collections::BTreeSet;

use xapi_tests::{Lab, eventually};

use crate::members::{all_live, xe};

/// The address of a host's eth1, over which tunnels go.
fn transport(number: usize) -> String {
    format!("10.9.0.{number}")
}

fn nic(lab: &Lab, host: &str) -> String {
    let line = format!("pif-list host-name-label={host} device=eth1 VLAN=-1 --minimal");
    xe(lab, "xs-1", &line)
}

fn reconfigure(lab: &Lab, host: &str, address: &str) {
    let pif = nic(lab, host);
    let line =
        format!("pif-reconfigure-ip uuid={pif} mode=static IP={address} netmask=255.255.255.0");
    xe(lab, "xs-1", &line);
}

/// A network, on tunnels of these hosts; its uuid and its bridge.
fn network(lab: &Lab, label: &str, protocol: &str, hosts: &[&str]) -> (String, String) {
    let uuid = xe(lab, "xs-1", &format!("network-create name-label={label}"));
    for host in hosts {
        tunnel(lab, host, &uuid, protocol);
    }
    let bridge = format!("network-list uuid={uuid} params=bridge --minimal");
    (uuid, xe(lab, "xs-1", &bridge))
}

fn tunnel(lab: &Lab, host: &str, network: &str, protocol: &str) {
    let pif = nic(lab, host);
    let line = format!("tunnel-create pif-uuid={pif} network-uuid={network} protocol={protocol}");
    xe(lab, "xs-1", &line);
}

/// Where the tunnels on a bridge of a host lead to.
fn ends(lab: &Lab, host: &str, bridge: &str) -> BTreeSet<String> {
    let script = format!(
        "for port in $(ovs-vsctl list-ports {bridge}); do ovs-vsctl get Interface $port options:remote_ip 2>/dev/null || true; done"
    );
    let told = lab.exec(host, &script);
    told.lines()
        .map(|line| line.trim_matches('\"').to_owned())
        .collect()
}

/// Waits until the tunnels of each host lead to all the others.
fn mesh(lab: &Lab, bridge: &str, hosts: &[(&str, &str)]) {
    for (host, own) in hosts {
        let others = hosts.iter().map(|(_, address)| *address);
        let others: BTreeSet<_> = others
            .filter(|address| address != own)
            .map(str::to_owned)
            .collect();
        eventually(&format!("the tunnels of {host}"), || {
            let is = ends(lab, host, bridge);
            (is == others)
                .then_some(())
                .ok_or(format!("{is:?} instead of {others:?}"))
        });
    }
}

/// A guest on a bridge, in a namespace of its own: what a machine's NIC would be plugged into, by hand.
fn guest(lab: &Lab, host: &str, name: &str, bridge: &str, address: &str) {
    lab.exec(
        host,
        &format!(
            "ip netns add {name}
             ip link add {name}-0 type veth peer name eth0 netns {name}
             ip netns exec {name} ip link set lo up
             ip netns exec {name} ip address add {address}/24 dev eth0
             ip netns exec {name} ip link set eth0 mtu $(cat /sys/class/net/{bridge}/mtu) up
             ip netns exec {name} ethtool -K eth0 tx off > /dev/null
             ip link set {name}-0 mtu $(cat /sys/class/net/{bridge}/mtu) up
             ovs-vsctl add-port {bridge} {name}-0"
        ),
    );
}

/// A machine on a host with a NIC that was plugged while it runs; its uuid, and the host's end of the NIC.
fn machine(lab: &Lab, host: &str, network: &str, address: &str) -> (String, String) {
    let on = xe(
        lab,
        "xs-1",
        &format!("host-list name-label={host} --minimal"),
    );
    let vm = xe(lab, "xs-1", "vm-create name-label=plugged");
    xe(lab, "xs-1", &format!("vm-start uuid={vm} on={on}"));
    let line = format!("vif-create vm-uuid={vm} network-uuid={network} device=0");
    let vif = xe(lab, "xs-1", &line);
    xe(lab, "xs-1", &format!("vif-plug uuid={vif}"));
    let line = format!("vm-param-get uuid={vm} param-name=dom-id");
    let domain = xe(lab, "xs-1", &line);
    inside(
        lab,
        host,
        &vm,
        &format!(
            "ip address add {address}/24 dev eth0; ethtool -K eth0 tx off > /dev/null; ip link set eth0 up"
        ),
    );
    (vm, format!("vif{domain}.0"))
}

/// Runs a script in the namespace that a machine is.
fn inside(lab: &Lab, host: &str, vm: &str, script: &str) -> String {
    let process = format!("/run/xapi/guests/{vm}/process.json");
    lab.exec(
        host,
        &format!(
            "pid=$(grep -o '\"pid\": *[0-9]*' {process} | grep -o '[0-9]*$')
             nsenter -t \"$pid\" -n bash -euc '{script}'"
        ),
    )
}

/// A full packet goes there and back: `taken` octets of one are the tunnel's.
fn reaches(lab: &Lab, host: &str, name: &str, address: &str, taken: usize) {
    let octets = 1500 - taken - 28;
    eventually(&format!("{name} on {host} reaches {address}"), || {
        let line =
            format!("ip netns exec {name} ping -c 1 -W 1 -M do -s {octets} {address} || true");
        let told = lab.exec(host, &line);
        told.contains(" 1 received").then_some(()).ok_or(told)
    });
    // One octet more is one too many, and is not lost without a word.
    let line = format!(
        "ip netns exec {name} ping -c 1 -W 1 -M do -s {} {address} 2>&1 || true",
        octets + 1
    );
    let told = lab.exec(host, &line);
    assert!(told.contains("too long"), "{told}");
}

#[test]
fn guests_of_two_hosts_reach_each_other_by_tunnels_that_follow_hosts_as_they_come_and_go() {
    let lab = Lab::up(&["--hosts", "3", "--nics", "2"]);
    let (one, two, three) = (transport(1), transport(2), transport(3));
    for (host, address) in [("xs-1", &one), ("xs-2", &two), ("xs-3", &three)] {
        reconfigure(&lab, host, address);
    }
    let (vx_net, vx) = network(&lab, "vx", "vxlan", &["xs-1", "xs-2"]);
    let (_, gre) = network(&lab, "gr", "gre", &["xs-1", "xs-2"]);
    for bridge in [&vx, &gre] {
        mesh(&lab, bridge, &[("xs-1", &one), ("xs-2", &two)]);
    }
    for (name, bridge, net, taken) in [("vx", &vx, "192.168.7", 50), ("gr", &gre, "192.168.8", 42)]
    {
        guest(&lab, "xs-1", name, bridge, &format!("{net}.1"));
        guest(&lab, "xs-2", name, bridge, &format!("{net}.2"));
        reaches(&lab, "xs-1", name, &format!("{net}.2"), taken);
        reaches(&lab, "xs-2", name, &format!("{net}.1"), taken);
    }
    // A machine's NIC that is plugged has no more room than the tunnel leaves, at both ends, and all of it.
    let (vm, end) = machine(&lab, "xs-1", &vx_net, "192.168.7.9");
    let mtu = lab.exec("xs-1", &format!("cat /sys/class/net/{end}/mtu"));
    assert_eq!(mtu, "1450", "the host's end");
    eventually("a full packet of the machine is answered", || {
        let full = "ping -c 1 -W 1 -M do -s 1422 192.168.7.2 || true";
        let told = inside(&lab, "xs-1", &vm, full);
        told.contains(" 1 received").then_some(()).ok_or(told)
    });
    let more = "ping -c 1 -W 1 -M do -s 1423 192.168.7.2 2>&1 || true";
    let told = inside(&lab, "xs-1", &vm, more);
    assert!(told.contains("too long"), "{told}");
    // Another host comes.
    tunnel(&lab, "xs-3", &vx_net, "vxlan");
    mesh(
        &lab,
        &vx,
        &[("xs-1", &one), ("xs-2", &two), ("xs-3", &three)],
    );
    guest(&lab, "xs-3", "vx", &vx, "192.168.7.3");
    for (host, address) in [
        ("xs-1", "192.168.7.3"),
        ("xs-2", "192.168.7.3"),
        ("xs-3", "192.168.7.1"),
    ] {
        reaches(&lab, host, "vx", address, 50);
    }
    // One gets another address.
    let moved = transport(22);
    reconfigure(&lab, "xs-2", &moved);
    mesh(
        &lab,
        &vx,
        &[("xs-1", &one), ("xs-2", &moved), ("xs-3", &three)],
    );
    mesh(&lab, &gre, &[("xs-1", &one), ("xs-2", &moved)]);
    reaches(&lab, "xs-1", "vx", "192.168.7.2", 50);
    reaches(&lab, "xs-3", "vx", "192.168.7.2", 50);
    reaches(&lab, "xs-1", "gr", "192.168.8.2", 42);
    // One is not there when it happens, and follows when it is.
    lab.verb(&["kill", "xs-3"]);
    reconfigure(&lab, "xs-2", &two);
    lab.verb(&["start", "xs-3"]);
    mesh(
        &lab,
        &vx,
        &[("xs-1", &one), ("xs-2", &two), ("xs-3", &three)],
    );
    // One leaves.
    let uuid = xe(&lab, "xs-1", "host-list name-label=xs-3 --minimal");
    xe(
        &lab,
        "xs-1",
        &format!("pool-eject host-uuid={uuid} --force"),
    );
    all_live(&lab, "xs-1", 2);
    mesh(&lab, &vx, &[("xs-1", &one), ("xs-2", &two)]);
    reaches(&lab, "xs-1", "vx", "192.168.7.2", 50);
}
