//! Every network call, with a failure and with a crash at each of its steps: afterwards the host and the database
//! are as before or as asked, and they agree.

use xapi_db::{Draft, Read as _};
use xapi_model::{ApiError, Network, Pif, Ref, Tunnel, Value, Vlan};
use xapi_net::names::Name;
use xapi_net::sim::world::Watch;
use xapi_net::sim::{Fault, FaultKind};
use xapi_net::topology::Offload;
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

/// A call, and what must be there before it.
struct Case {
    name: &'static str,
    prepare: fn(&SimHost),
    call: fn(&SimHost) -> Result<Value, ApiError>,
}

fn nothing(_: &SimHost) {}

fn bond(host: &SimHost, devices: &[&str], mode: &str) -> Result<Value, ApiError> {
    let network = match host
        .all::<xapi_model::Network>()
        .iter()
        .find(|(_, net)| net.name_label == "bonded")
    {
        Some((network, _)) => network.clone(),
        None => host.new_network("bonded"),
    };
    host.bond(&network, devices, mode).map(|bond| text(&bond))
}

fn on_bond(host: &SimHost, call: &str, mut params: Vec<Value>) -> Result<Value, ApiError> {
    let (bond, _) = host.all::<xapi_model::Bond>().remove(0);
    params.insert(0, text(&bond));
    host.call(call, params)
}

fn reconfigure(host: &SimHost, device: &str, words: [&str; 5]) -> Result<Value, ApiError> {
    let mut params = vec![text(&host.pif(device))];
    params.extend(words.map(Value::from));
    host.call("PIF.reconfigure_ip", params)
}

fn set_gro_off(host: &SimHost, device: &str) -> Result<Value, ApiError> {
    let words = ["gro", "off"].map(Value::from);
    let params = std::iter::once(text(&host.pif(device))).chain(words);
    host.call("PIF.set_property", params.collect())
}

fn network(host: &SimHost, label: &str) -> Ref<Network> {
    let all = host.all::<Network>();
    let known = all.into_iter().find(|(_, net)| net.name_label == label);
    known.map_or_else(|| host.new_network(label), |(network, _)| network)
}

fn vlan(host: &SimHost, device: &str, tag: i64) -> Result<Value, ApiError> {
    let network = network(host, &format!("{tag} of {device}"));
    let params = vec![text(&host.pif(device)), Value::Int(tag), text(&network)];
    host.call("VLAN.create", params)
}

fn tunnel(host: &SimHost, device: &str) -> Result<Value, ApiError> {
    let params = [text(&host.pif(device)), text(&network(host, "inner"))];
    host.call("tunnel.create", params.to_vec())
}

/// VLANs on two members of a bond to be, one tag twice; a tunnel; addresses on both.
fn laden(host: &SimHost) {
    for (device, tag) in [("eth1", 7), ("eth2", 7), ("eth2", 8)] {
        vlan(host, device, tag).unwrap();
    }
    reconfigure(host, "eth1", ["Static", "10.1.0.2", "255.255.0.0", "", ""]).unwrap();
    tunnel(host, "eth1").unwrap();
}

/// Management on a VLAN of eth1.
fn tagged_management(host: &SimHost) {
    let vlan = vlan(host, "eth1", 7).unwrap();
    let vlan = Ref::<Vlan>::new(vlan.as_str().unwrap());
    let untagged = text(&host.get(&vlan).untagged_pif);
    let words = ["Static", "10.7.0.2", "255.255.255.0", "10.7.0.1", ""].map(Value::from);
    let params = std::iter::once(untagged.clone()).chain(words).collect();
    host.call("PIF.reconfigure_ip", params).unwrap();
    host.call("host.management_reconfigure", vec![untagged])
        .unwrap();
}

/// An address on the only VLAN.
fn reconfigure_untagged(host: &SimHost) {
    let (_, vlan) = host.all::<Vlan>().remove(0);
    let words = ["Static", "10.7.0.2", "255.255.255.0", "", ""].map(Value::from);
    let params = std::iter::once(text(&vlan.untagged_pif)).chain(words);
    host.call("PIF.reconfigure_ip", params.collect()).unwrap();
}

const CASES: &[Case] = &[
    Case {
        name: "VLAN.create",
        prepare: |host| drop(network(host, "7 of eth1")),
        call: |host| vlan(host, "eth1", 7),
    },
    Case {
        name: "VLAN.create on a bond",
        prepare: |host| {
            bond(host, &["eth1", "eth2"], "lacp").unwrap();
            network(host, "7 of bond0");
        },
        call: |host| vlan(host, "bond0", 7),
    },
    Case {
        name: "VLAN.destroy",
        prepare: |host| drop(vlan(host, "eth1", 7).unwrap()),
        call: |host| {
            let (vlan, _) = host.all::<Vlan>().remove(0);
            host.call("VLAN.destroy", vec![text(&vlan)])
        },
    },
    Case {
        name: "tunnel.create over an unplugged PIF",
        prepare: |host| {
            reconfigure(host, "eth1", ["Static", "10.1.0.2", "255.255.0.0", "", ""]).unwrap();
            host.call("PIF.unplug", vec![text(&host.pif("eth1"))])
                .unwrap();
            network(host, "inner");
        },
        call: |host| tunnel(host, "eth1"),
    },
    Case {
        name: "tunnel.destroy",
        prepare: |host| {
            reconfigure(host, "eth1", ["Static", "10.1.0.2", "255.255.0.0", "", ""]).unwrap();
            tunnel(host, "eth1").unwrap();
        },
        call: |host| {
            let (tunnel, _) = host.all::<Tunnel>().remove(0);
            host.call("tunnel.destroy", vec![text(&tunnel)])
        },
    },
    Case {
        name: "Bond.create with VLANs and a tunnel",
        prepare: |host| {
            laden(host);
            network(host, "bonded");
        },
        call: |host| bond(host, &["eth1", "eth2"], "active-backup"),
    },
    Case {
        name: "Bond.destroy with VLANs and a tunnel",
        prepare: |host| {
            laden(host);
            bond(host, &["eth1", "eth2"], "active-backup").unwrap();
        },
        call: |host| on_bond(host, "Bond.destroy", Vec::new()),
    },
    Case {
        name: "Bond.create with management on a VLAN of a member",
        prepare: |host| {
            tagged_management(host);
            network(host, "bonded");
        },
        call: |host| bond(host, &["eth1", "eth2"], "balance-slb"),
    },
    Case {
        name: "Bond.destroy with management on a VLAN",
        prepare: |host| {
            tagged_management(host);
            bond(host, &["eth1", "eth2"], "balance-slb").unwrap();
        },
        call: |host| on_bond(host, "Bond.destroy", Vec::new()),
    },
    Case {
        name: "Bond.create over the management interface",
        prepare: |host| drop(host.new_network("bonded")),
        call: |host| bond(host, &["eth0", "eth3"], "active-backup"),
    },
    Case {
        name: "Bond.create with management on the second member",
        prepare: |host| drop(host.new_network("bonded")),
        call: |host| bond(host, &["eth1", "eth0"], "balance-slb"),
    },
    Case {
        name: "Bond.create without management",
        prepare: |host| drop(host.new_network("bonded")),
        call: |host| bond(host, &["eth2", "eth1", "eth3"], "lacp"),
    },
    Case {
        name: "Bond.destroy with management",
        prepare: |host| drop(bond(host, &["eth0", "eth3"], "active-backup").unwrap()),
        call: |host| on_bond(host, "Bond.destroy", Vec::new()),
    },
    Case {
        name: "Bond.destroy without management",
        prepare: |host| drop(bond(host, &["eth1", "eth2"], "balance-slb").unwrap()),
        call: |host| on_bond(host, "Bond.destroy", Vec::new()),
    },
    Case {
        name: "Bond.set_mode",
        prepare: |host| drop(bond(host, &["eth0", "eth1"], "balance-slb").unwrap()),
        call: |host| on_bond(host, "Bond.set_mode", vec![Value::from("lacp")]),
    },
    Case {
        name: "Bond.set_property",
        prepare: |host| drop(bond(host, &["eth1", "eth2"], "lacp").unwrap()),
        call: |host| {
            on_bond(
                host,
                "Bond.set_property",
                vec![Value::from("lacp-time"), Value::from("fast")],
            )
        },
    },
    Case {
        name: "PIF.reconfigure_ip of management to another address",
        prepare: nothing,
        call: |host| {
            reconfigure(
                host,
                "eth0",
                [
                    "Static",
                    "172.16.0.20",
                    "255.255.255.224",
                    "172.16.0.1",
                    "172.16.0.1",
                ],
            )
        },
    },
    Case {
        name: "PIF.reconfigure_ip of a NIC without an address",
        prepare: nothing,
        call: |host| reconfigure(host, "eth2", ["Static", "10.1.0.2", "255.255.0.0", "", ""]),
    },
    Case {
        name: "PIF.reconfigure_ip to DHCP",
        prepare: |host| {
            let mac = host.get(&host.pif("eth2")).mac.parse().unwrap();
            let lease = xapi_net::topology::Lease {
                address: "10.2.0.7/24".parse().unwrap(),
                gateway: Some("10.2.0.1".parse().unwrap()),
                dns: Default::default(),
                server: None,
                mtu: None,
            };
            host.handle.offer(mac, None, lease);
        },
        call: |host| reconfigure(host, "eth2", ["DHCP", "", "", "", ""]),
    },
    Case {
        name: "PIF.reconfigure_ipv6 of management",
        prepare: nothing,
        call: |host| {
            let words = ["Static", "fd00:172:16::20/64", "fd00:172:16::1", ""].map(Value::from);
            host.call(
                "PIF.reconfigure_ipv6",
                std::iter::once(text(&host.pif("eth0")))
                    .chain(words)
                    .collect(),
            )
        },
    },
    Case {
        name: "PIF.set_primary_address_type under a tunnel",
        prepare: |host| {
            reconfigure(host, "eth1", ["Static", "10.1.0.2", "255.255.0.0", "", ""]).unwrap();
            let words = ["Static", "fd00:10:1::2/64", "", ""].map(Value::from);
            let params = std::iter::once(text(&host.pif("eth1"))).chain(words);
            host.call("PIF.reconfigure_ipv6", params.collect()).unwrap();
            tunnel(host, "eth1").unwrap();
        },
        call: |host| {
            let params = vec![text(&host.pif("eth1")), Value::from("IPv6")];
            host.call("PIF.set_primary_address_type", params)
        },
    },
    Case {
        name: "PIF.set_property of a NIC",
        prepare: nothing,
        call: |host| set_gro_off(host, "eth2"),
    },
    Case {
        name: "PIF.set_property of a bond with management",
        prepare: |host| drop(bond(host, &["eth0", "eth3"], "active-backup").unwrap()),
        call: |host| set_gro_off(host, "bond0"),
    },
    Case {
        name: "PIF.unplug",
        prepare: nothing,
        call: |host| host.call("PIF.unplug", vec![text(&host.pif("eth2"))]),
    },
    Case {
        name: "PIF.plug",
        prepare: |host| {
            drop(
                host.call("PIF.unplug", vec![text(&host.pif("eth2"))])
                    .unwrap(),
            )
        },
        call: |host| host.call("PIF.plug", vec![text(&host.pif("eth2"))]),
    },
    Case {
        name: "PIF.forget",
        prepare: nothing,
        call: |host| host.call("PIF.forget", vec![text(&host.pif("eth2"))]),
    },
    Case {
        name: "host.management_reconfigure",
        prepare: |host| {
            drop(
                reconfigure(
                    host,
                    "eth1",
                    ["Static", "10.3.0.2", "255.255.255.0", "10.3.0.1", ""],
                )
                .unwrap(),
            )
        },
        call: |host| host.call("host.management_reconfigure", vec![text(&host.pif("eth1"))]),
    },
    Case {
        name: "pool.management_reconfigure",
        prepare: |host| {
            let words = ["Static", "10.3.0.2", "255.255.255.0", "10.3.0.1", ""];
            drop(reconfigure(host, "eth1", words).unwrap());
        },
        call: |host| {
            let network = text(&host.network("xenbr1"));
            host.call("pool.management_reconfigure", vec![network])
        },
    },
    Case {
        name: "pool.create_VLAN",
        prepare: |host| drop(network(host, "7 of eth1")),
        call: |host| {
            let params = vec![
                Value::from("eth1"),
                text(&network(host, "7 of eth1")),
                Value::Int(7),
            ];
            host.call("pool.create_VLAN", params)
        },
    },
    Case {
        name: "pool.create_VLAN_from_PIF",
        prepare: |host| {
            bond(host, &["eth1", "eth2"], "lacp").unwrap();
            network(host, "7 of bond0");
        },
        call: |host| {
            let network = text(&network(host, "7 of bond0"));
            let params = vec![text(&host.pif("bond0")), network, Value::Int(7)];
            host.call("pool.create_VLAN_from_PIF", params)
        },
    },
    Case {
        name: "PIF.create_VLAN over an unplugged PIF",
        prepare: |host| {
            host.call("PIF.unplug", vec![text(&host.pif("eth1"))])
                .unwrap();
            network(host, "7 of eth1");
        },
        call: |host| {
            let params = vec![
                Value::from("eth1"),
                text(&network(host, "7 of eth1")),
                text(&host.host()),
                Value::Int(7),
            ];
            host.call("PIF.create_VLAN", params)
        },
    },
    Case {
        name: "PIF.destroy",
        prepare: |host| {
            vlan(host, "eth1", 7).unwrap();
            reconfigure_untagged(host);
        },
        call: |host| {
            let (_, vlan) = host.all::<Vlan>().remove(0);
            host.call("PIF.destroy", vec![text(&vlan.untagged_pif)])
        },
    },
    Case {
        name: "a bond on every host at once",
        prepare: |host| {
            network(host, "bonded");
            laden(host);
        },
        call: |host| {
            let network = host.get(&network(host, "bonded")).uuid;
            let args = [
                ("network", network.as_str()),
                ("devices", "eth0,eth2"),
                ("mode", "active-backup"),
            ];
            let args = args.map(|(name, value)| (name.to_owned(), Value::from(value)));
            let words = ["xapi-network", "pool-bond"].map(Value::from);
            let params = std::iter::once(text(&host.host())).chain(words);
            let args = Value::Struct(args.to_vec());
            host.call("host.call_plugin", params.chain([args]).collect())
        },
    },
];

/// How many steps a call takes on the host when nothing fails.
fn steps_of(case: &Case) -> usize {
    let host = SimHost::new(4);
    (case.prepare)(&host);
    let before = host.handle.world().steps;
    (case.call)(&host).unwrap_or_else(|why| panic!("{}: {why}", case.name));
    assert_eq!(host.diverged(), Vec::<String>::new(), "{}", case.name);
    let after = host.handle.world().steps;
    assert!(
        after > before,
        "{} does nothing on the host: its faults would prove nothing",
        case.name
    );
    after - before
}

/// The crashes at a step: to die after one is to die before the next.
fn crashes(step: usize, steps: usize) -> Vec<FaultKind> {
    match step + 1 == steps {
        true => vec![FaultKind::CrashBefore, FaultKind::CrashAfter],
        false => vec![FaultKind::CrashBefore],
    }
}

fn fault_at(host: &SimHost, step: usize, kind: FaultKind) {
    let mut world = host.handle.world();
    world.fault = Some(Fault {
        at: world.steps + step,
        kind,
    });
}

#[test]
fn a_failure_at_any_step_of_a_call_leaves_nothing_behind() {
    let mut tried = 0;
    for case in CASES {
        for step in 0..steps_of(case) {
            for kind in [FaultKind::Refuse, FaultKind::FailAfter] {
                let host = SimHost::new(4);
                (case.prepare)(&host);
                let (seen, state) = (host.seen(), host.handle.world().state.clone());
                let generation = host.core().store.generation();
                fault_at(&host, step, kind);
                let outcome = (case.call)(&host);
                let place = format!("{}, {kind:?} at step {step}", case.name);
                let error = outcome.expect_err(&place);
                assert_eq!(error.code, "PIF_CONFIGURATION_ERROR", "{place}: {error}");
                let about = xapi_model::Ref::new(error.params[0].clone());
                host.get::<xapi_model::Pif>(&about);
                assert_eq!(host.seen(), seen, "{place}: rows");
                let changed = host.changed_since(generation);
                assert!(changed.is_empty(), "{place}: events of {changed:?}");
                assert_eq!(host.handle.world().state, state, "{place}: the host");
                tried += 1;
            }
        }
    }
    println!("{tried} failures injected");
}

#[test]
fn a_crash_at_any_step_of_a_call_leaves_the_old_state_or_the_new_one() {
    let (mut tried, mut old, mut new) = (0, 0, 0);
    for case in CASES {
        let reference = SimHost::new(4);
        (case.prepare)(&reference);
        (case.call)(&reference).unwrap();
        let wanted = reference.seen();
        let steps = steps_of(case);
        for step in 0..steps {
            for kind in crashes(step, steps) {
                let mut host = SimHost::new(4);
                (case.prepare)(&host);
                let seen = host.seen();
                fault_at(&host, step, kind);
                let place = format!("{}, {kind:?} at step {step}", case.name);
                assert!(
                    (case.call)(&host).is_err(),
                    "{place}: answered although it crashed"
                );
                host.handle.world().fault = None;
                host.start();
                assert_eq!(
                    host.diverged(),
                    Vec::<String>::new(),
                    "{place}: database and host disagree"
                );
                match host.seen() {
                    now if now == seen => old += 1,
                    now if now == wanted => new += 1,
                    now => panic!("{place}: neither the old state nor the new one:\n{now:#?}"),
                }
                tried += 1;
            }
        }
    }
    println!("{tried} crashes: {old} left the old state, {new} the new one");
}

/// A bond whose members carry a VLAN with an address, a tunnel, a VIF and management, beside their bond: as an older release
/// may have left it. The daemon does not run.
fn against_the_rules() -> SimHost {
    let mut host = SimHost::new(4);
    bond(&host, &["eth1", "eth2"], "active-backup").unwrap();
    vlan(&host, "eth3", 7).unwrap();
    reconfigure_untagged(&host);
    reconfigure(&host, "eth3", ["Static", "10.1.0.2", "255.255.0.0", "", ""]).unwrap();
    tunnel(&host, "eth3").unwrap();
    let vm = host.new_vm("one", &[]);
    let mac = [("MAC", Value::from("02:00:00:00:00:07"))];
    host.new_vif(&vm, "0", &host.network("xenbr2"), &mac);
    let (eth1, eth2) = (host.pif("eth1"), host.pif("eth2"));
    let edit = |draft: &Draft| {
        for (vlan, _) in draft.all::<Vlan>()? {
            draft.set(&vlan, Vlan::TAGGED_PIF, eth2.clone())?;
        }
        for (tunnel, _) in draft.all::<Tunnel>()? {
            draft.set(&tunnel, Tunnel::TRANSPORT_PIF, eth1.clone())?;
        }
        for (pif, row) in draft.all::<Pif>()? {
            if row.management {
                draft.set(&pif, Pif::MANAGEMENT, false)?;
            }
        }
        draft.set(&eth2, Pif::MANAGEMENT, true)?;
        let mode = xapi_model::IpConfigurationMode::Static;
        draft.set(&eth2, Pif::IP_CONFIGURATION_MODE, mode)?;
        draft.set(&eth2, Pif::IP, "10.9.0.2".to_owned())?;
        draft.set(&eth2, Pif::NETMASK, "255.255.255.0".to_owned())
    };
    host.core().store.change(edit).unwrap();
    host.stop();
    host
}

#[test]
fn a_repair_that_fails_or_dies_at_any_step_on_the_host_is_ended_by_the_next_start() {
    let mut reference = against_the_rules();
    let before = reference.handle.world().steps;
    reference.start();
    let steps = reference.handle.world().steps - before;
    assert!(steps > 3, "{steps} steps prove nothing");
    let master = reference.pif("bond0");
    assert_eq!(reference.all::<Vlan>()[0].1.tagged_pif, master);
    assert_eq!(reference.all::<Tunnel>()[0].1.transport_pif, master);
    assert!(reference.get(&master).management);
    assert_eq!(reference.diverged(), Vec::<String>::new());
    let bridges = |host: &SimHost| {
        let world = host.handle.world();
        world.state.bridges.keys().copied().collect::<Vec<_>>()
    };
    let (wanted, at_last) = (reference.seen(), bridges(&reference));
    let mut tried = 0;
    for step in 0..steps {
        let mut kinds = crashes(step, steps);
        // What fails before its effect and after it differ little from one step to the next.
        kinds.push(match step % 2 {
            0 => FaultKind::Refuse,
            _ => FaultKind::FailAfter,
        });
        for kind in kinds {
            let place = format!("{kind:?} at step {step} of {steps}");
            let mut host = against_the_rules();
            fault_at(&host, step, kind);
            host.start();
            host.handle.world().fault = None;
            host.start();
            assert_eq!(host.seen(), wanted, "{place}");
            assert_eq!(host.diverged(), Vec::<String>::new(), "{place}");
            assert_eq!(bridges(&host), at_last, "{place}");
            tried += 1;
        }
    }
    println!("{tried} starts that did not get to their end");
}

#[test]
fn the_management_address_is_there_at_every_instant_of_a_bonds_life() {
    let host = SimHost::new(4);
    host.handle.world().watch = Some(Watch {
        address: "172.16.0.10".parse().unwrap(),
        routed: true,
        missing: Vec::new(),
    });
    bond(&host, &["eth0", "eth3"], "active-backup").unwrap();
    on_bond(&host, "Bond.set_mode", vec![Value::from("balance-slb")]).unwrap();
    on_bond(&host, "Bond.destroy", Vec::new()).unwrap();
    let watch = host.handle.world().watch.clone().unwrap();
    assert_eq!(watch.missing, Vec::<String>::new());
}

/// Writes to the kernel and transactions of Open vSwitch so far.
fn written(host: &SimHost) -> (usize, usize) {
    let world = host.handle.world();
    (world.writes, world.transactions)
}

#[test]
fn what_is_already_so_is_not_written_again() {
    let host = SimHost::new(4);
    bond(&host, &["eth0", "eth3"], "active-backup").unwrap();
    let before = written(&host);
    host.call("PIF.plug", vec![text(&host.pif("bond0"))])
        .unwrap();
    xapi_core::startup::reconverge(host.core(), &host.host()).unwrap();
    assert_eq!(written(&host), before);
}

#[test]
fn a_restart_of_the_daemon_touches_nothing() {
    let mut host = SimHost::new(4);
    bond(&host, &["eth0", "eth3"], "active-backup").unwrap();
    host.call("PIF.unplug", vec![text(&host.pif("eth1"))])
        .unwrap();
    let (seen, before) = (host.seen(), written(&host));
    host.start();
    assert_eq!(written(&host), before);
    assert_eq!(host.seen(), seen);
}

#[test]
fn one_missing_nic_never_keeps_the_host_off_the_network() {
    for missing in ["eth1", "eth3"] {
        let mut host = SimHost::new(4);
        bond(&host, &["eth0", "eth3"], "active-backup").unwrap();
        host.handle.world().pull_out(Name::new(missing).unwrap());
        host.handle.world().reboot();
        std::fs::remove_dir_all(host.root().join("run")).unwrap();
        host.start();
        let address = "172.16.0.10/27".parse().unwrap();
        let state = host.handle.world().state.clone();
        assert!(
            state.addresses.iter().any(|(_, inet)| *inet == address),
            "{missing}: no management address"
        );
        let alerts = host.all::<xapi_model::Message>();
        assert!(
            alerts.iter().any(|(_, m)| m.body.contains(missing)),
            "{missing} is not named: {alerts:?}"
        );
        let attached = host.get(&host.pif("eth2")).currently_attached;
        assert!(attached, "{missing}: the rest is not up");
    }
}

#[test]
fn gro_is_switched_on_every_nic_of_a_bond_and_other_config_overrides_it() {
    let host = SimHost::new(4);
    bond(&host, &["eth0", "eth3"], "active-backup").unwrap();
    let does_gro = |nic: &str| {
        let world = host.handle.world();
        world.state.nics[&Name::new(nic).unwrap()].offload[&Offload::Gro]
    };
    set_gro_off(&host, "bond0").unwrap();
    let seen = ["eth0", "eth1", "eth2", "eth3"].map(does_gro);
    assert_eq!(seen, [false, true, true, false]);
    let error = set_gro_off(&host, "eth3").unwrap_err();
    assert_eq!(error.code, "CANNOT_CHANGE_PIF_PROPERTIES");

    let key = ["ethtool-gro", "true"].map(Value::from);
    let params = std::iter::once(text(&host.pif("eth3"))).chain(key);
    host.call("PIF.add_to_other_config", params.collect())
        .unwrap();
    xapi_core::startup::reconverge(host.core(), &host.host()).unwrap();
    assert_eq!(["eth0", "eth3"].map(does_gro), [false, true]);
}
