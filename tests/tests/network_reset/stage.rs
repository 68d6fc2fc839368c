//! Hosts to reset, triggers to reset them by, and what became of them.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use xapi_model::{Host, Message, Network, Pif, Ref, Value, Vif};
use xapi_net::names::Name;
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

/// Where triggers are looked for, below the root.
pub const PATHS: [&str; 2] = ["var/tmp/network-reset", "tmp/network-reset"];

/// Management on the second NIC.
pub const STATIC: &str = "DEVICE=eth1\nMODE=static\nIP=172.16.0.20\nNETMASK=255.255.255.224\n\
                          GATEWAY=172.16.0.1\nDNS=172.16.0.2,172.16.0.3\n";

pub fn nic(name: &str) -> Name {
    Name::new(name).unwrap()
}

/// A host with all that a network can be made of: management on a bond, VLANs, a tunnel, a machine.
pub fn laden() -> SimHost {
    let host = SimHost::new(5);
    let bonded = host.new_network("bonded");
    host.bond(&bonded, &["eth0", "eth3"], "active-backup")
        .unwrap();
    for (device, tag) in [("bond0", 7), ("eth1", 7), ("eth2", 8)] {
        vlan(&host, device, tag);
    }
    static_ip(&host, "eth1", "10.1.0.2");
    let inner = host.new_network("inner");
    host.call("tunnel.create", vec![text(&host.pif("eth1")), text(&inner)])
        .unwrap();
    let vm = host.new_vm("guest", &[]);
    host.new_vif(&vm, "0", &host.network("xenbr2"), &[]);
    host
}

pub fn vlan(host: &SimHost, device: &str, tag: i64) {
    let network = host.new_network(&format!("{tag} of {device}"));
    let params = vec![text(&host.pif(device)), Value::Int(tag), text(&network)];
    host.call("VLAN.create", params).unwrap();
}

pub fn static_ip(host: &SimHost, device: &str, address: &str) {
    let words = ["Static", address, "255.255.0.0", "", ""].map(Value::from);
    let params = std::iter::once(text(&host.pif(device))).chain(words);
    host.call("PIF.reconfigure_ip", params.collect()).unwrap();
}

/// Leaves a file where a trigger is looked for, as root would.
pub fn plant(host: &SimHost, at: &str, content: &str) -> PathBuf {
    let path = host.root().join(at);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// The daemon ends and the machine boots; the caller starts the daemon.
pub fn boot(host: &mut SimHost) {
    host.stop();
    host.handle.world().reboot();
    let run = host.root().join("run");
    if run.exists() {
        std::fs::remove_dir_all(run).unwrap();
    }
}

pub fn triggers(host: &SimHost) -> Vec<&'static str> {
    let there = |path: &&str| std::fs::symlink_metadata(host.root().join(path)).is_ok();
    PATHS.into_iter().filter(there).collect()
}

/// The management interface: device, VLAN, bridge.
pub fn management(host: &SimHost) -> (String, i64, String) {
    let mut all = host
        .all::<Pif>()
        .into_iter()
        .filter(|(_, pif)| pif.management);
    let (_, pif) = all.next().expect("a management interface");
    assert!(all.next().is_none(), "two management interfaces");
    let bridge = host.get(&pif.network).bridge;
    (pif.device, pif.vlan, bridge)
}

pub fn addresses(host: &SimHost) -> Vec<String> {
    let world = host.handle.world();
    let all = world.state.addresses.iter();
    all.map(|(device, inet)| format!("{device} {inet}"))
        .collect()
}

/// The alerts of a name.
pub fn alerts(host: &SimHost, name: &str) -> Vec<String> {
    let all = host.all::<Message>().into_iter();
    all.filter(|(_, message)| message.name == name)
        .map(|(_, message)| message.body)
        .collect()
}

pub fn networks(host: &SimHost) -> BTreeSet<(Ref<Network>, String)> {
    let all = host.all::<Network>().into_iter();
    all.map(|(network, row)| (network, row.bridge)).collect()
}

/// The VIFs and their networks.
pub fn vifs(host: &SimHost) -> BTreeSet<(Ref<Vif>, Ref<Network>)> {
    let all = host.all::<Vif>().into_iter();
    all.map(|(vif, row)| (vif, row.network)).collect()
}

/// Runs SQL on the database of a host that does not run. The index of references follows what is removed.
pub fn meddle(host: &mut SimHost, sql: &str) {
    host.stop();
    let path = host.root().join("var/lib/xcp/xapi.db");
    let conn = rusqlite::Connection::open(path).unwrap();
    let tables = ["PIF", "PIF_metrics", "Bond", "VLAN", "tunnel"];
    let rows = tables
        .map(|table| format!("SELECT _ref FROM {table}"))
        .join(" UNION ");
    conn.execute_batch(&format!(
        "CREATE TEMP TABLE before AS {rows}; {sql};
         DELETE FROM _refs WHERE holder IN (SELECT _ref FROM before EXCEPT SELECT _ref FROM ({rows}));"
    ))
    .unwrap();
}

/// What an older version, or a disk, may have made of the rows.
pub const BROKEN: &[(&str, &str)] = &[
    (
        "a PIF without a network",
        "UPDATE _refs SET target = 'OpaqueRef:gone'
             WHERE holder IN (SELECT _ref FROM PIF WHERE device = 'eth2')
             AND target IN (SELECT _ref FROM network);
         UPDATE PIF SET network = 'OpaqueRef:gone' WHERE device = 'eth2'",
    ),
    ("PIFs whose metrics are gone", "DELETE FROM PIF_metrics"),
    (
        "a mode that nobody knows",
        "UPDATE PIF SET ip_configuration_mode = 'Magic' WHERE device = 'eth1'",
    ),
    (
        "a map that is none",
        "UPDATE PIF SET other_config = '{' WHERE device = 'eth1'",
    ),
    (
        "a bond whose master is gone",
        "DELETE FROM PIF WHERE device = 'bond0' AND VLAN = -1",
    ),
    ("members of no bond", "DELETE FROM Bond"),
    (
        "VLANs whose PIFs are gone",
        "DELETE FROM PIF WHERE VLAN >= 0",
    ),
    (
        "VLANs over nothing",
        "UPDATE _refs SET target = 'OpaqueRef:gone' WHERE holder IN (SELECT _ref FROM VLAN)
             AND target IN (SELECT tagged_PIF FROM VLAN);
         UPDATE VLAN SET tagged_PIF = 'OpaqueRef:gone'",
    ),
    (
        "a VLAN of nobody",
        "DELETE FROM _refs WHERE holder IN (SELECT _ref FROM VLAN);
         UPDATE VLAN SET tagged_PIF = 'OpaqueRef:NULL', untagged_PIF = 'OpaqueRef:NULL'",
    ),
    ("untagged PIFs of no VLAN", "DELETE FROM VLAN"),
    (
        "a tunnel with one end",
        "UPDATE _refs SET target = 'OpaqueRef:gone' WHERE holder IN (SELECT _ref FROM tunnel)
             AND target IN (SELECT transport_PIF FROM tunnel);
         UPDATE tunnel SET transport_PIF = 'OpaqueRef:gone'",
    ),
    (
        "two PIFs of one NIC",
        "UPDATE PIF SET device = 'eth1' WHERE device = 'eth2' AND VLAN = -1",
    ),
    (
        "a bond of which nothing is known",
        "UPDATE Bond SET mode = 'best', properties = 'x'",
    ),
    (
        "another machine's NICs",
        "UPDATE PIF SET MAC = '00:00:00:00:00:99' WHERE VLAN = -1",
    ),
];

/// The host's own record.
pub fn record(host: &SimHost) -> Host {
    host.get(&host.host())
}
