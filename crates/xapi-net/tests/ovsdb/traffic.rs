//! How long a host is silent while its NICs move, and how long a change takes.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::json;
use xapi_net::ovs::ovsdb::{Client, RowOp};

use crate::lab::{self, Lab, Ping, soon};
use crate::rows::{apply, bond, bond_options, bridge, drop_bridge, drop_port, plain};

const HOST: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 2);

/// The bound is the project's, a tenth of a second; what is usual is printed.
fn assert_short(what: &str, silence: Duration) {
    println!("{what}: longest silence {silence:?}");
    assert!(
        silence <= Duration::from_millis(100),
        "{what}: silent for {silence:?}"
    );
}

/// The switch goes on sending to the NIC it heard the host from last, and a new bond may listen on another: somebody
/// has to say something. Above this layer it is a gratuitous ARP.
fn announce(lab: &Lab) {
    lab.host.run(&format!("ping -n -c 1 -w 5 {}", lab::SWITCH));
}

#[test]
fn a_nic_moves_from_its_own_port_into_a_bond_of_the_same_bridge_and_back_while_pinged() {
    let lab = Lab::new(2);
    let mut client = lab.client();
    apply(&mut client, &[bridge("xenbr0"), plain("xenbr0", "eth0")]);
    lab.host.run("ip addr add 10.99.0.2/24 dev xenbr0");
    lab.host.run("ip link set xenbr0 up");
    let ping = Ping::start(&lab, HOST);
    apply(
        &mut client,
        &[
            drop_port("eth0"),
            bond(
                "xenbr0",
                "bond0",
                "eth0 eth1",
                bond_options("active-backup"),
            ),
        ],
    );
    announce(&lab);
    apply(&mut client, &[drop_port("bond0"), plain("xenbr0", "eth0")]);
    announce(&lab);
    assert_short(
        "into a bond of the same bridge and back",
        ping.longest_silence(),
    );
}

#[test]
fn a_nic_moves_into_a_bond_of_another_bridge_in_one_transaction_while_pinged() {
    let lab = Lab::new(2);
    let mut client = lab.client();
    apply(
        &mut client,
        &[bridge("xenbr0"), plain("xenbr0", "eth0"), bridge("xapi0")],
    );
    lab.host.run("ip addr add 10.99.0.2/24 dev xenbr0");
    lab.host.run("ip link set xenbr0 up");
    lab.host.run("ip link set xapi0 up");
    let ping = Ping::start(&lab, HOST);
    let options = bond_options("active-backup");
    apply(
        &mut client,
        &[
            drop_port("eth0"),
            bond("xapi0", "bond0", "eth0 eth1", options),
        ],
    );
    lab.host
        .run("ip addr add 10.99.0.2/24 dev xapi0 noprefixroute");
    lab.host
        .run("ip route replace 10.99.0.0/24 dev xapi0 src 10.99.0.2");
    lab.host.run("ip addr del 10.99.0.2/24 dev xenbr0");
    announce(&lab);
    assert_short("into a bond of another bridge", ping.longest_silence());
}

/// Not a bound but a figure: `cargo test -p xapi-net --test ovsdb figure -- --nocapture`.
#[test]
fn figure_of_a_bridge_with_a_bond_against_the_smallest_raw_transaction() {
    let lab = Lab::new(2);
    let mut client = lab.client();
    client.apply(&[bridge("warm")], soon()).expect("a bridge");
    let put = [
        bridge("xapi0"),
        bond("xapi0", "bond0", "eth0 eth1", bond_options("active-backup")),
    ];
    let remove = [drop_port("bond0"), drop_bridge("xapi0")];
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..10 {
        times[0].push(time(|| client.apply(&put, soon()).expect("a bond")));
        times[1].push(time(|| client.apply(&remove, soon()).expect("gone")));
        times[2].push(time(|| raw_bond(&mut client)));
        client.apply(&remove, soon()).expect("gone");
        times[3].push(time(|| client.observe(soon()).expect("a state")));
    }
    let [apply, dropped, raw, observe] = times.map(median);
    println!(
        "bridge + bond: apply {apply:?}, raw transaction and wait {raw:?}; drop {dropped:?}; observe {observe:?}"
    );
}

/// The rows with nothing but what makes them work, and the wait.
fn raw_bond(client: &mut Client) {
    let ops = [
        json!({"op": "insert", "table": "Interface", "uuid-name": "l", "row": {"name": "xapi0", "type": "internal"}}),
        json!({"op": "insert", "table": "Interface", "uuid-name": "a", "row": {"name": "eth0"}}),
        json!({"op": "insert", "table": "Interface", "uuid-name": "b", "row": {"name": "eth1"}}),
        json!({"op": "insert", "table": "Port", "uuid-name": "pl", "row": {"name": "xapi0", "interfaces": ["named-uuid", "l"]}}),
        json!({"op": "insert", "table": "Port", "uuid-name": "pb", "row": {"name": "bond0", "bond_mode": "active-backup",
            "interfaces": ["set", [["named-uuid", "a"], ["named-uuid", "b"]]]}}),
        json!({"op": "insert", "table": "Bridge", "uuid-name": "br", "row": {"name": "xapi0", "datapath_type": "netdev",
            "ports": ["set", [["named-uuid", "pl"], ["named-uuid", "pb"]]]}}),
        json!({"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [["bridges", "insert", ["named-uuid", "br"]]]}),
    ];
    client.transact(ops.into(), soon()).expect("rows");
    client.nudge(soon()).expect("followed");
}

fn time<T>(run: impl FnOnce() -> T) -> Duration {
    let begin = Instant::now();
    run();
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// In the userspace datapath ovs-vswitchd forwards nothing while the kernel takes a device away.
#[test]
fn figure_of_the_silence_while_other_bridges_are_dropped() {
    let lab = Lab::new(1);
    let mut client = lab.client();
    apply(&mut client, &[bridge("xenbr0"), plain("xenbr0", "eth0")]);
    lab.host.run("ip addr add 10.99.0.2/24 dev xenbr0");
    lab.host.run("ip link set xenbr0 up");
    let names = ["xapi1", "xapi2", "xapi3"];
    let drops = names.map(drop_bridge);
    let mut silence = |turns: &[&[RowOp]]| {
        apply(&mut client, &names.map(bridge));
        let ping = Ping::start(&lab, HOST);
        for ops in turns {
            client.apply(ops, soon()).expect("dropped");
        }
        ping.longest_silence()
    };
    let at_once = silence(&[&drops]);
    let in_turn = silence(&drops.each_ref().map(std::slice::from_ref));
    println!(
        "three bridges dropped: silence {at_once:?} in one transaction, {in_turn:?} one by one"
    );
}
