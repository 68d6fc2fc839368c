//! Rows written and read by [`Client`].

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use crate::lab::{self, Lab, soon};
use nix::sys::signal::Signal;
use serde_json::json;
use xapi_net::ovs::ovsdb::{Applied, Client, OvsdbError, RowOp, Settings};
use xapi_net::ovs::row::{
    Bond, BondMode, Bridge, Datapath, FailMode, IgmpSnooping, Lacp, Mac, Port, RealBridge,
    VlanBridge,
};

const MAC: Mac = [2, 0, 0, 0, 0xab, 1];
const UUIDS: &str = "0a9c2d4e-0000-4000-8000-000000000001";

fn real() -> RealBridge {
    RealBridge {
        mac: Some(MAC),
        network_uuids: Some(UUIDS.to_owned()),
        ..RealBridge::new(Datapath::Netdev)
    }
}

pub fn bridge(name: &str) -> RowOp {
    RowOp::PutBridge(name.to_owned(), Bridge::Real(real()))
}

fn vlan(parent: &str, tag: u16) -> VlanBridge {
    VlanBridge {
        mtu: None,
        parent: parent.to_owned(),
        tag,
        mac: Some(MAC),
        network_uuids: Some("b;a".to_owned()),
    }
}

fn put_vlan(name: &str, parent: &str, tag: u16) -> RowOp {
    RowOp::PutBridge(name.to_owned(), Bridge::Vlan(vlan(parent, tag)))
}

pub fn plain(bridge: &str, nic: &str) -> RowOp {
    RowOp::PutPort(nic.to_owned(), Port::plain(bridge, nic))
}

pub fn bond_options(mode: &str) -> Bond {
    let properties = [
        ("mode", mode),
        ("miimon", "100"),
        ("downdelay", "200"),
        ("updelay", "31000"),
        ("use_carrier", "1"),
        ("rebalance-interval", "1800000"),
    ];
    Bond::from_properties(properties).expect("properties")
}

pub fn bond(bridge: &str, name: &str, members: &str, options: Bond) -> RowOp {
    let members: BTreeSet<_> = members.split(' ').map(str::to_owned).collect();
    let (name, port) = Port::bonded(bridge, name, members, Some(MAC), options);
    RowOp::PutPort(name, port)
}

pub fn drop_bridge(name: &str) -> RowOp {
    RowOp::DropBridge(name.to_owned())
}

pub fn drop_port(name: &str) -> RowOp {
    RowOp::DropPort(name.to_owned())
}

pub fn apply(client: &mut Client, ops: &[RowOp]) {
    client
        .apply(ops, soon())
        .unwrap_or_else(|why| panic!("{ops:?}: {why:?}"));
    assert_is_so(client, ops);
}

/// What was applied is what is seen, and applying it again writes nothing.
fn assert_is_so(client: &mut Client, ops: &[RowOp]) {
    let state = client.observe(soon()).expect("a state");
    for op in ops {
        match op {
            RowOp::PutBridge(name, row) | RowOp::ChangeBridge(name, row) => {
                assert_eq!(
                    state.bridges.get(name).map(|seen| (&seen.row, seen.ours)),
                    Some((row, true))
                );
            }
            RowOp::PutPort(name, row) | RowOp::ChangePort(name, row) => {
                assert_eq!(
                    state.ports.get(name).map(|seen| (&seen.row, seen.ours)),
                    Some((row, true))
                );
            }
            RowOp::LeaveBridge(name, row) => assert_eq!(
                state.bridges.get(name).map(|seen| (&seen.row, seen.ours)),
                Some((row, false))
            ),
            RowOp::LeavePort(name, row) => assert_eq!(
                state.ports.get(name).map(|seen| (&seen.row, seen.ours)),
                Some((row, false))
            ),
            RowOp::DropBridge(name) => assert!(!state.bridges.contains_key(name), "{name}"),
            RowOp::DropPort(name) => assert!(!state.ports.contains_key(name), "{name}"),
        }
    }
    let broken = |device: &str| {
        state
            .interfaces
            .get(device)
            .map(|interface| interface.failure())
    };
    for op in ops {
        match op {
            RowOp::PutBridge(name, _)
            | RowOp::ChangeBridge(name, _)
            | RowOp::LeaveBridge(name, _) => {
                assert_eq!(broken(name), Some(None), "{name}")
            }
            RowOp::PutPort(_, port) | RowOp::ChangePort(_, port) | RowOp::LeavePort(_, port) => {
                port.members
                    .iter()
                    .for_each(|member| assert_eq!(broken(member), Some(None), "{member}"));
            }
            RowOp::DropBridge(_) | RowOp::DropPort(_) => {}
        }
    }
    let again = client.apply(ops, soon()).expect("the same again");
    assert_eq!(again, Applied { changed: false });
}

#[test]
fn bridge_bond_and_vlan_are_what_ovs_vsctl_users_expect() {
    let lab = Lab::new(3);
    let mut client = lab.client();
    apply(
        &mut client,
        &[
            put_vlan("xapi10", "xapi2", 10),
            bond("xapi2", "bond0", "eth0 eth1", bond_options("active-backup")),
            bridge("xapi2"),
            bridge("xenbr2"),
            plain("xenbr2", "eth2"),
        ],
    );
    assert_eq!(lab.vsctl("list-br"), "xapi10\nxapi2\nxenbr2");
    assert_eq!(lab.vsctl("br-to-parent xapi10"), "xapi2");
    assert_eq!(lab.vsctl("br-to-vlan xapi10"), "10");
    assert_eq!(
        lab.vsctl("br-get-external-id xapi10 xs-network-uuids"),
        "b;a"
    );
    assert_eq!(
        lab.vsctl("br-get-external-id xapi2 xs-network-uuids"),
        UUIDS
    );
    assert_eq!(lab.vsctl("br-get-external-id xapi2 xapi-managed"), "true");
    assert_eq!(
        lab.vsctl("get Port xapi10 external_ids:xapi-managed"),
        "\"true\""
    );
    assert_eq!(lab.vsctl("list-ports xapi2"), "bond0");
    assert_eq!(lab.vsctl("list-ports xenbr2"), "eth2");
    assert_eq!(
        lab.vsctl("get Bridge xapi2 other_config:hwaddr"),
        "\"02:00:00:00:ab:01\""
    );
    assert_eq!(
        lab.vsctl("get Bridge xapi2 other_config:mac-table-size"),
        "\"10000\""
    );
    assert_eq!(lab.vsctl("get-fail-mode xapi2"), "standalone");
    assert_eq!(
        lab.vsctl("get Port bond0 bond_updelay bond_downdelay lacp"),
        "31000\n200\noff"
    );
    assert_eq!(
        lab.vsctl("get Port bond0 other_config:bond-detect-mode"),
        "carrier"
    );
    for device in ["xapi2", "xapi10"] {
        assert!(
            lab.host
                .run(&format!("ip link show {device}"))
                .contains("02:00:00:00:ab:01")
        );
    }
    let shown = lab.appctl("bond/show bond0");
    assert!(
        shown.contains("bond_mode: active-backup") && shown.contains("updelay: 31000 ms"),
        "{shown}"
    );
    assert!(
        shown.contains("member eth0: enabled") && shown.contains("member eth1: enabled"),
        "{shown}"
    );
}

#[test]
fn every_option_of_bridge_and_bond_comes_back_as_it_was_written_and_can_be_taken_away() {
    let lab = Lab::new(2);
    let mut client = lab.client();
    let full = RealBridge {
        fail_mode: FailMode::Secure,
        disable_in_band: Some(true),
        igmp_snooping: Some(IgmpSnooping::standard(true)),
        ..real()
    };
    let options = [
        ("mode", "lacp"),
        ("lacp-time", "fast"),
        ("lacp-fallback-ab", "true"),
        ("lacp-aggregation-key", "7"),
        ("lacp-actor-key", "8"),
        ("hash-basis", "3"),
    ];
    let options = Bond::from_properties(options).expect("properties");
    assert_eq!(
        (options.mode, options.lacp),
        (BondMode::BalanceTcp, Lacp::Active)
    );
    apply(
        &mut client,
        &[
            RowOp::PutBridge("xapi0".to_owned(), Bridge::Real(full)),
            bond("xapi0", "bond0", "eth0 eth1", options),
        ],
    );
    assert_eq!(
        lab.vsctl("get Interface eth1 other_config:lacp-aggregation-key"),
        "\"7\""
    );
    assert_eq!(
        lab.vsctl("get Port bond0 other_config:bond-hash-basis"),
        "\"3\""
    );
    lab.vsctl("set Bridge xapi0 other_config:forward-bpdu=true external_ids:bridge-id=theirs");
    apply(
        &mut client,
        &[
            RowOp::ChangeBridge(
                "xapi0".to_owned(),
                Bridge::Real(RealBridge::new(Datapath::Netdev)),
            ),
            bond(
                "xapi0",
                "bond0",
                "eth0 eth1",
                Bond::new(BondMode::BalanceSlb),
            ),
        ],
    );
    assert_eq!(
        lab.vsctl("get Bridge xapi0 other_config"),
        "{forward-bpdu=\"true\", mac-table-size=\"10000\"}"
    );
    assert_eq!(
        lab.vsctl("get Bridge xapi0 external_ids"),
        "{bridge-id=theirs, xapi-managed=\"true\"}"
    );
    assert_eq!(lab.vsctl("get Port bond0 other_config"), "{}");
    assert_eq!(lab.vsctl("get Interface eth1 other_config"), "{}");
}

#[test]
fn dropping_leaves_no_row_and_no_device() {
    let lab = Lab::new(2);
    let mut client = lab.client();
    let made = [
        bridge("xapi0"),
        put_vlan("xapi1", "xapi0", 7),
        bond("xapi0", "bond0", "eth0 eth1", bond_options("balance-slb")),
    ];
    apply(&mut client, &made);
    apply(
        &mut client,
        &[
            drop_port("bond0"),
            drop_bridge("xapi0"),
            drop_bridge("xapi1"),
        ],
    );
    for table in ["Bridge", "Port", "Interface"] {
        assert_eq!(
            lab.vsctl(&format!("--columns=name list {table}")),
            "",
            "{table}"
        );
    }
    let links = lab.host.run("ip -o link");
    assert!(!links.contains("xapi"), "{links}");
}

#[test]
fn a_nic_that_is_not_there_is_named_and_nothing_stays() {
    let lab = Lab::new(1);
    let mut client = lab.client();
    apply(&mut client, &[bridge("xenbr0"), plain("xenbr0", "eth0")]);
    let before = client.observe(soon()).expect("a state");
    let ops = [
        bridge("xapi0"),
        bond("xapi0", "bond0", "eth0 eth9", bond_options("active-backup")),
        drop_port("eth0"),
        drop_bridge("xenbr0"),
    ];
    let refused = client.apply(&ops, soon()).expect_err("eth9 is not there");
    let OvsdbError::Refused(failures) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        failures
            .iter()
            .map(|failure| failure.device.as_str())
            .collect::<Vec<_>>(),
        ["eth9"]
    );
    assert!(failures[0].why.contains("eth9"), "{failures:?}");
    assert_eq!(lab.vsctl("list-br"), "xenbr0");
    assert_eq!(lab.vsctl("list-ports xenbr0"), "eth0");
    let after = client.observe(soon()).expect("a state");
    assert_eq!(after.bridges, before.bridges);
    assert_eq!(after.ports, before.ports);
    assert_is_so(&mut client, &[bridge("xenbr0"), plain("xenbr0", "eth0")]);
}

#[test]
fn a_port_that_is_there_but_broken_is_no_success() {
    let lab = Lab::new(0);
    let mut client = lab.client();
    apply(&mut client, &[bridge("xenbr0")]);
    lab.vsctl("--no-wait add-port xenbr0 eth5");
    lab.vsctl("set Port eth5 external_ids:xapi-managed=true");
    let refused = client
        .apply(&[plain("xenbr0", "eth5")], soon())
        .expect_err("eth5 is not there");
    assert!(
        matches!(&refused, OvsdbError::Refused(failures) if failures[0].device == "eth5"),
        "{refused:?}"
    );
    assert_eq!(lab.vsctl("list-ports xenbr0"), "eth5");
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_sent() {
    let lab = Lab::new(2);
    let mut client = lab.client();
    apply(
        &mut client,
        &[
            bridge("xenbr0"),
            plain("xenbr0", "eth0"),
            put_vlan("xapi5", "xenbr0", 5),
        ],
    );
    lab.vsctl("add-port xenbr0 vif1.0 -- set Interface vif1.0 type=internal");
    let next_cfg = lab.vsctl("get Open_vSwitch . next_cfg");
    let cases: [(&[RowOp], &str); 11] = [
        (
            &[
                drop_bridge("xenbr0"),
                drop_port("eth0"),
                drop_bridge("xapi5"),
            ],
            "xenbr0: vif1.0 is still on it",
        ),
        (
            &[bond(
                "xenbr0",
                "bond0",
                "eth0 eth1",
                bond_options("balance-slb"),
            )],
            "bond0: eth0 is already in eth0|eth0: eth0 is already in bond0",
        ),
        (
            &[plain("xenbr7", "eth1")],
            "eth1: there is no bridge xenbr7 for it",
        ),
        (
            &[put_vlan("xapi6", "xenbr7", 6)],
            "xapi6: there is no bridge xenbr7 for it",
        ),
        (
            &[put_vlan("xapi6", "xapi5", 6)],
            "xapi6: there is no bridge xapi5 for it",
        ),
        (
            &[put_vlan("xapi6", "xenbr0", 5)],
            "xapi6: VLAN 5 of xenbr0 is already xapi5",
        ),
        (
            &[plain("xenbr0", "xenbr0")],
            "xenbr0: is wished for as a bridge and as a port",
        ),
        (
            &[bridge("eth0")],
            "eth0: there is another of that name on xenbr0",
        ),
        (
            &[plain("xenbr0", "eth1"), drop_port("eth1")],
            "eth1: is wished for twice",
        ),
        (
            &[RowOp::ChangePort(
                "eth1".to_owned(),
                Port::plain("xenbr0", "eth1"),
            )],
            "eth1: is not there any more",
        ),
        (
            &[bond(
                "xenbr0",
                "bond0",
                "vif1.0 eth1",
                bond_options("balance-slb"),
            )],
            "bond0: vif1.0 is already in vif1.0|vif1.0: vif1.0 is already in bond0",
        ),
    ];
    for (ops, expected) in cases {
        let refused = client.apply(ops, soon()).expect_err(expected);
        let OvsdbError::Conflict(conflict) = refused else {
            panic!("{expected}: {refused:?}")
        };
        assert!(
            expected.split('|').any(|text| text == conflict.to_string()),
            "{conflict} is not {expected}"
        );
    }
    assert_eq!(lab.vsctl("get Open_vSwitch . next_cfg"), next_cfg);
}

#[test]
fn foreign_rows_are_seen_as_foreign_and_left_alone() {
    let lab = Lab::new(2);
    let mut client = lab.client();
    lab.vsctl(
        "add-br theirs -- set Bridge theirs datapath_type=netdev -- add-port theirs eth1 tag=4",
    );
    apply(&mut client, &[bridge("xenbr0"), plain("xenbr0", "eth0")]);
    let state = client.observe(soon()).expect("a state");
    assert!(!state.bridges["theirs"].ours && !state.ports["eth1"].ours);
    assert_eq!(state.ports["eth1"].row.tag, Some(4));
    apply(&mut client, &[drop_port("eth0"), drop_bridge("xenbr0")]);
    assert_eq!(lab.vsctl("list-br"), "theirs");
    // Adopting is putting it as it shall be; undoing an adoption takes the mark away again.
    let adopted = [RowOp::PutBridge("theirs".to_owned(), Bridge::Real(real()))];
    let with_missing = [adopted[0].clone(), plain("theirs", "eth9")];
    client
        .apply(&with_missing, soon())
        .expect_err("eth9 is not there");
    assert!(!client.observe(soon()).expect("a state").bridges["theirs"].ours);
    apply(&mut client, &adopted);
    assert_eq!(lab.vsctl("list-ports theirs"), "eth1");
}

#[test]
fn a_silent_vswitchd_costs_the_time_out_and_leaves_no_row() {
    let lab = Lab::new(1);
    let mut client = lab.client();
    apply(&mut client, &[bridge("xenbr0")]);
    lab.signal_vswitchd(Signal::SIGSTOP);
    let begin = Instant::now();
    let silent = client.apply(
        &[plain("xenbr0", "eth0")],
        begin + Duration::from_millis(300),
    );
    let took = begin.elapsed();
    lab.signal_vswitchd(Signal::SIGCONT);
    assert!(matches!(silent, Err(OvsdbError::Silent)), "{silent:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(lab.vsctl("list-ports xenbr0"), "");
    apply(&mut client, &[plain("xenbr0", "eth0")]);
}

#[test]
fn the_client_goes_on_after_ovsdb_server_was_killed_between_and_in_calls() {
    let mut lab = Lab::new(2);
    let mut client = lab.client();
    apply(&mut client, &[bridge("xenbr0"), plain("xenbr0", "eth0")]);
    lab.kill_ovsdb();
    let gone = client.observe(Instant::now() + Duration::from_millis(200));
    assert!(matches!(gone, Err(OvsdbError::Rpc(_))), "{gone:?}");
    lab.start_ovsdb();
    apply(&mut client, &[plain("xenbr0", "eth1")]);

    // Killed while the client waits for ovs-vswitchd: the wait goes on with the new server.
    lab.signal_vswitchd(Signal::SIGSTOP);
    let waiting = thread::spawn(move || {
        let outcome = client.apply(&[drop_port("eth1")], soon());
        (client, outcome)
    });
    let mut other = lab.client();
    while other
        .observe(soon())
        .expect("a state")
        .ports
        .contains_key("eth1")
    {}
    lab.kill_ovsdb();
    lab.start_ovsdb();
    lab.signal_vswitchd(Signal::SIGCONT);
    let (mut client, outcome) = waiting.join().expect("no panic");
    assert_eq!(outcome.expect("applied"), Applied { changed: true });
    assert_is_so(&mut client, &[drop_port("eth1"), plain("xenbr0", "eth0")]);
}

#[test]
fn two_clients_that_change_the_same_bridge_at_once_both_succeed() {
    let lab = Lab::new(0);
    apply(&mut lab.client(), &[bridge("xenbr0")]);
    thread::scope(|scope| {
        for half in 0..2 {
            let mut client = lab.client();
            scope.spawn(move || {
                for tag in (half * 20)..(half * 20 + 20) {
                    apply(
                        &mut client,
                        &[put_vlan(&format!("xapi{tag}"), "xenbr0", tag)],
                    );
                }
            });
        }
    });
    assert_eq!(
        lab.client().observe(soon()).expect("a state").bridges.len(),
        41
    );
}

#[test]
fn the_server_gets_an_answer_to_its_echo() {
    let lab = Lab::new(0);
    // A server that asks a client which then is silent for a second closes the connection.
    let remote = format!("punix:{}", lab.run_dir().join("probing.sock").display());
    lab.vsctl(&format!("-- --id=@m create Manager target=\"{remote}\" inactivity_probe=1000 -- add Open_vSwitch . manager_options @m"));
    let mut command = lab.host.command("ovs-appctl -t ovsdb-server ovsdb-server/add-remote db:Open_vSwitch,Open_vSwitch,manager_options");
    command.env("OVS_RUNDIR", lab.run_dir());
    lab::succeed(command);
    let mut connection =
        xapi_net::ovs::jsonrpc::Connection::open(&lab.run_dir().join("probing.sock"))
            .expect("a socket");
    let dbs = connection
        .call("list_dbs", json!([]), soon(), &mut |_| {})
        .expect("databases");
    assert!(
        dbs.as_array()
            .expect("a list")
            .contains(&json!("Open_vSwitch"))
    );
    let nothing = connection
        .notification(Some(Instant::now() + Duration::from_millis(3500)))
        .expect("still connected");
    assert_eq!(nothing, None);
    connection
        .call("list_dbs", json!([]), soon(), &mut |_| {})
        .expect("still connected");
}

#[test]
fn settings_are_written_once_and_others_stay() {
    let lab = Lab::new(0);
    lab.vsctl("set Open_vSwitch . external_ids:hostname=h other_config:max-idle=10000");
    let mut client = lab.client();
    let settings = Settings {
        system_uuid: Some(UUIDS.to_owned()),
        max_idle_ms: Some(5000),
    };
    assert_eq!(
        client.settle(&settings, soon()).expect("settled"),
        Applied { changed: true }
    );
    assert_eq!(
        client.settle(&settings, soon()).expect("settled"),
        Applied { changed: false }
    );
    assert_eq!(
        lab.vsctl("get Open_vSwitch . other_config"),
        "{max-idle=\"5000\"}"
    );
    assert_eq!(
        lab.vsctl("get Open_vSwitch . external_ids"),
        format!("{{hostname=h, system-uuid=\"{UUIDS}\"}}")
    );
    assert_eq!(
        client
            .observe(soon())
            .expect("a state")
            .system_uuid
            .as_deref(),
        Some(UUIDS)
    );
}
