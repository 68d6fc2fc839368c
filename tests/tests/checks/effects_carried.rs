//! What VLANs and tunnels are, and how a bond takes them along, with VIFs, addresses and management (the bonding
//! design; API facts, 1.1, 1.3.4, 1.4 and 1.5).

use xapi_db::Read;
use xapi_guest::Guests as _;
use xapi_model::{
    Bond, Class, Cluster, ClusterHost, Host, IpConfigurationMode, Ipv6ConfigurationMode, Message,
    Network, Pif, PifMetrics, Ref, Tunnel, Value, Vif, Vlan, Vm, VmPowerState, errors,
};
use xapi_net::names::Name;
use xapi_net::topology::{BridgeKind, Real, TunnelProtocol, Uplink};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

fn vlan_on(host: &SimHost, device: &str, tag: i64) -> (Ref<Vlan>, Ref<Pif>, Ref<Network>) {
    let network = host.new_network(&format!("{tag} of {device}"));
    let params = vec![text(&host.pif(device)), Value::Int(tag), text(&network)];
    let made = host.call("VLAN.create", params).expect("VLAN.create");
    let vlan: Ref<Vlan> = Ref::new(made.as_str().unwrap());
    let untagged = host.get(&vlan).untagged_pif;
    (vlan, untagged, network)
}

fn tunnel_on(host: &SimHost, device: &str, protocol: &str) -> (Ref<Tunnel>, Ref<Pif>) {
    let network = host.new_network("inner");
    let params = vec![
        text(&host.pif(device)),
        text(&network),
        Value::from(protocol),
    ];
    let made = host.call("tunnel.create", params).expect("tunnel.create");
    let tunnel: Ref<Tunnel> = Ref::new(made.as_str().unwrap());
    let access = host.get(&tunnel).access_pif;
    (tunnel, access)
}

fn address(host: &SimHost, pif: &Ref<Pif>, ip: &str) {
    let mut params = vec![text(pif)];
    params.extend(["Static", ip, "255.255.255.0", "", ""].map(Value::from));
    host.call("PIF.reconfigure_ip", params)
        .expect("PIF.reconfigure_ip");
}

fn bond(host: &SimHost, devices: &[&str]) -> Ref<Bond> {
    let network = host.new_network("bonded");
    host.bond(&network, devices, "active-backup")
        .expect("Bond.create")
}

/// A machine with a VIF on each of these networks.
fn machine(host: &SimHost, vm: Vm, networks: &[&Ref<Network>]) -> Vec<Ref<Vif>> {
    edit(host, |draft| {
        let vm = draft.insert(vm.clone())?;
        let vifs = networks.iter().enumerate().map(|(device, network)| {
            draft.insert(Vif {
                device: device.to_string(),
                network: (*network).clone(),
                vm: vm.clone(),
                currently_attached: false,
                ..Vif::blank()
            })
        });
        vifs.collect()
    })
}

fn agrees(host: &SimHost) {
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn a_vlan_has_the_values_that_xapi_gives_it_and_leaves_only_its_network() {
    let host = SimHost::new(4);
    let before = (host.all::<Pif>().len(), host.all::<PifMetrics>().len());
    let (vlan, untagged, network) = vlan_on(&host, "eth1", 4094);
    let eth1 = host.get(&host.pif("eth1"));
    let row = host.get(&vlan);
    assert_eq!((row.tagged_pif, row.tag), (host.pif("eth1"), 4094));
    let pif = host.get(&untagged);
    assert_eq!((pif.device.as_str(), pif.vlan), ("eth1", 4094));
    assert_eq!(pif.mac, "fe:ff:ff:ff:ff:ff");
    assert_eq!((pif.mtu, pif.network.clone()), (1500, network.clone()));
    assert_eq!(pif.metrics, eth1.metrics);
    assert_eq!(pif.vlan_master_of, vlan);
    assert_eq!(pif.ipv6, [""]);
    assert!(pif.properties.is_empty() && pif.capabilities.is_empty() && !pif.physical);
    assert!(pif.currently_attached, "it is plugged at once");
    assert_eq!(eth1.vlan_slave_of.0, std::slice::from_ref(&vlan));
    agrees(&host);

    host.call("VLAN.destroy", vec![text(&vlan)]).unwrap();
    let after = (host.all::<Pif>().len(), host.all::<PifMetrics>().len());
    assert_eq!(after, before);
    assert!(host.get(&network).pifs.is_empty());
    agrees(&host);
}

#[test]
fn a_vlan_needs_no_plugged_pif_below_and_stays_when_that_is_unplugged() {
    let host = SimHost::new(4);
    let unplug = |device: &str| {
        host.call("PIF.unplug", about_pif(&host, device, []))
            .unwrap();
    };
    unplug("eth1");
    let (_, untagged, _) = vlan_on(&host, "eth1", 7);
    assert!(!host.get(&host.pif("eth1")).currently_attached);
    let (_, other, _) = vlan_on(&host, "eth2", 7);
    unplug("eth2");
    assert!(host.get(&untagged).currently_attached && host.get(&other).currently_attached);
    agrees(&host);
}

#[test]
fn a_vlan_is_never_wider_than_what_carries_it() {
    let host = SimHost::new(4);
    let (_, untagged, network) = vlan_on(&host, "eth1", 7);
    let widen = vec![text(&network), Value::from("9000")];
    host.call("network.set_MTU", widen).unwrap();
    // A start, and calls about others, go on with what there is; who plugs it is told.
    xapi_core::startup::reconverge(host.core(), &host.host()).unwrap();
    assert_eq!(host.get(&untagged).mtu, 1500);
    agrees(&host);
    let expected = errors::pif_configuration_error(&untagged, "*");
    let plug = vec![text(&untagged)];
    refused(&host, "PIF.plug", plug.clone(), &expected, "too wide");
    let widen = vec![text(&host.network("xenbr1")), Value::from("9000")];
    host.call("network.set_MTU", widen).unwrap();
    host.call("PIF.plug", plug).unwrap();
    assert_eq!(host.get(&untagged).mtu, 9000);
}

/// How the host's topology has a bridge's tunnel.
fn lowered(host: &SimHost, access: &Ref<Pif>) -> (xapi_net::topology::Tunnel, u32) {
    let view = host.core().view().unwrap();
    let topology = xapi_core::topology::of_host(&view, &host.host()).unwrap();
    let bridge = host.get(&host.get(access).network).bridge;
    let bridge = &topology.bridges[&Name::new(&bridge).unwrap()];
    match &bridge.kind {
        BridgeKind::Real(Real {
            uplink: Some(Uplink::Tunnel(tunnel)),
            ..
        }) => (tunnel.clone(), bridge.mtu),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_tunnel_has_the_values_that_xapi_gives_it_and_knows_its_other_ends() {
    let host = SimHost::new(4);
    address(&host, &host.pif("eth1"), "10.1.0.2");
    host.call("PIF.unplug", about_pif(&host, "eth1", []))
        .unwrap();
    let (tunnel, access) = tunnel_on(&host, "eth1", "vxlan");
    let pif = host.get(&access);
    let eth1 = host.get(&host.pif("eth1"));
    assert_eq!((pif.device.as_str(), pif.vlan), ("tunnel0", -1));
    assert_eq!((pif.metrics, pif.ipv6), (eth1.metrics, vec![String::new()]));
    assert!(!pif.physical && pif.currently_attached && eth1.currently_attached);
    let first = u8::from_str_radix(pif.mac.split(':').next().unwrap(), 16).unwrap();
    assert_eq!(
        first & 0x03,
        0x02,
        "{}: not a local unicast address",
        pif.mac
    );
    assert_eq!(host.get(&tunnel).status["active"], "true");
    assert_eq!(pif.mtu, 1450);

    let (made, _) = lowered(&host, &access);
    assert_eq!(made.local, Some("10.1.0.2".parse().unwrap()));
    assert!(made.remotes.is_empty() && (1..1 << 24).contains(&made.key));
    assert_eq!(made.protocol, TunnelProtocol::Vxlan);
    // Two hosts have a tunnel of this network, one of them in another protocol.
    for (ip, protocol) in [
        ("10.1.0.3", xapi_model::TunnelProtocol::Vxlan),
        ("10.1.0.4", xapi_model::TunnelProtocol::Gre),
    ] {
        let other = other_host(&host);
        let transport = pif_of(&host, &other, &host.network("xenbr1"));
        let end = pif_of(&host, &other, &pif.network);
        edit(&host, |draft| {
            draft.set(&transport, Pif::IP, ip.to_owned())?;
            draft.insert(Tunnel {
                access_pif: end.clone(),
                transport_pif: transport.clone(),
                protocol,
                ..Tunnel::blank()
            })
        });
    }
    let (with_others, _) = lowered(&host, &access);
    assert_eq!(with_others.key, made.key);
    let remotes: Vec<_> = with_others
        .remotes
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(remotes, ["10.1.0.3"]);

    host.call("PIF.unplug", about_pif(&host, "eth1", []))
        .unwrap();
    assert!(!host.get(&access).currently_attached);
    assert_eq!(host.get(&tunnel).status["active"], "false");
    host.call("tunnel.destroy", vec![text(&tunnel)]).unwrap();
    assert!(
        host.all::<Tunnel>()
            .iter()
            .all(|(other, _)| *other != tunnel)
    );
}

#[test]
fn a_tunnel_leaves_room_for_its_own_headers() {
    for (protocol, v6, mtu) in [
        ("vxlan", false, 1450),
        ("gre", false, 1458),
        ("vxlan", true, 1430),
        ("gre", true, 1438),
    ] {
        let host = SimHost::new(4);
        let eth1 = host.pif("eth1");
        if v6 {
            let words = [text(&eth1), Value::from("IPv6")];
            host.call("PIF.set_primary_address_type", words.to_vec())
                .unwrap();
            let words = ["Static", "fd00::2/64", "", ""];
            host.call("PIF.reconfigure_ipv6", about_pif(&host, "eth1", words))
                .unwrap();
        } else {
            address(&host, &eth1, "10.1.0.2");
        }
        let (_, access) = tunnel_on(&host, "eth1", protocol);
        assert_eq!(host.get(&access).mtu, mtu, "{protocol}, IPv6 {v6}");
        let (lowered, _) = lowered(&host, &access);
        assert_eq!(lowered.local.map(|ip| ip.is_ipv6()), Some(v6));
        // So have both ends of a NIC that is plugged there, whatever its network and it itself say.
        let network = host.get(&access).network;
        let wide = map([("mtu", "9000")]);
        let vm = host.new_vm("one", &[]);
        host.call("VM.start", vec![text(&vm), false.into(), false.into()])
            .unwrap();
        for (device, members) in [("0", &[][..]), ("1", &[("other_config", wide)])] {
            let vif = host.new_vif(&vm, device, &network, members);
            host.call("VIF.plug", vec![text(&vif)]).unwrap();
        }
        assert_eq!(host.get(&network).mtu, 1500);
        let [guest] = &host.guests.found()[..] else {
            panic!("one machine");
        };
        let guests: Vec<_> = guest
            .nics
            .iter()
            .map(|nic| i64::from(nic.nic.mtu))
            .collect();
        assert_eq!(guests, [mtu, mtu], "{protocol}, IPv6 {v6}");
        let world = host.handle.world();
        let ends = world.state.nics.iter();
        let ends = ends.filter(|(name, _)| name.is_guests_end());
        let ends: Vec<_> = ends.map(|(_, nic)| i64::from(nic.mtu)).collect();
        assert_eq!(ends, [mtu, mtu], "{protocol}, IPv6 {v6}");
    }
}

#[test]
fn two_networks_have_two_keys_also_when_their_uuids_lead_to_one() {
    let host = SimHost::new(4);
    address(&host, &host.pif("eth1"), "10.1.0.2");
    let (_, first) = tunnel_on(&host, "eth1", "gre");
    let key = lowered(&host, &first).0.key;
    let params = |network: &Ref<Network>| vec![text(&host.pif("eth1")), text(network)];
    let network = host.new_network("second");
    edit(&host, |draft| {
        // As if another network had taken the key that this one would have.
        let taken = draft.field(&host.get(&first).network, Network::TUNNEL_KEY)?;
        draft.set(&host.network("xenbr3"), Network::TUNNEL_KEY, taken + 1)
    });
    host.call("tunnel.create", params(&network)).unwrap();
    let keys: Vec<i64> = host
        .all::<Network>()
        .iter()
        .map(|(_, net)| net.tunnel_key)
        .collect();
    let mut distinct: Vec<_> = keys.iter().filter(|key| **key != 0).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 3, "{keys:?}, first {key}");
}

#[test]
fn a_vlan_moves_onto_a_bond_and_back_with_its_references() {
    let host = SimHost::new(4);
    let (vlan, untagged, network) = vlan_on(&host, "eth2", 7);
    let (idle, idle_pif, _) = vlan_on(&host, "eth1", 8);
    host.call("PIF.unplug", vec![text(&idle_pif)]).unwrap();
    let marked = vec![text(&untagged), Value::from("colour"), Value::from("red")];
    host.call("PIF.add_to_other_config", marked).unwrap();
    let protect = vec![text(&untagged), Value::Bool(true)];
    host.call("PIF.set_disallow_unplug", protect).unwrap();
    address(&host, &untagged, "10.7.0.2");
    let before = host.get(&untagged);

    let bonded = bond(&host, &["eth1", "eth2"]);
    let master = host.get(&bonded).master;
    for (vlan, pif) in [(&vlan, &untagged), (&idle, &idle_pif)] {
        assert_eq!(host.get(vlan).tagged_pif, master);
        assert_eq!(host.get(pif).device, "bond0");
        assert_eq!(host.get(pif).metrics, host.get(&master).metrics);
    }
    let there = host.get(&untagged);
    assert_eq!((there.network.clone(), there.vlan), (network, 7));
    assert_eq!(there.ip, "10.7.0.2");
    assert_eq!(there.other_config, before.other_config);
    assert!(there.disallow_unplug && there.currently_attached);
    assert!(!host.get(&idle_pif).currently_attached, "it was unplugged");
    agrees(&host);

    host.call("Bond.destroy", vec![text(&bonded)]).unwrap();
    // The primary member is the first one: none has an address of its own.
    let back = host.get(&untagged);
    assert_eq!(host.get(&vlan).tagged_pif, host.pif("eth1"));
    assert_eq!(
        (back.device.as_str(), back.ip.as_str()),
        ("eth1", "10.7.0.2")
    );
    assert_eq!(back.metrics, host.get(&host.pif("eth1")).metrics);
    assert!(back.currently_attached && back.disallow_unplug);
    agrees(&host);
}

#[test]
fn vlans_of_one_tag_become_one_and_their_vifs_follow() {
    let host = SimHost::new(4);
    let (one, one_pif, one_network) = vlan_on(&host, "eth1", 7);
    let (two, two_pif, two_network) = vlan_on(&host, "eth2", 7);
    address(&host, &two_pif, "10.7.0.2");
    host.call("PIF.unplug", vec![text(&one_pif)]).unwrap();
    let vifs = machine(&host, Vm::blank(), &[&one_network, &two_network]);
    let elsewhere = Vm {
        power_state: VmPowerState::Running,
        resident_on: other_host(&host),
        ..Vm::blank()
    };
    let stays = machine(&host, elsewhere, &[&one_network]);
    let cluster = edit(&host, |draft| {
        let cluster = draft.insert(Cluster::blank())?;
        draft.insert(ClusterHost {
            cluster,
            host: host.host(),
            pif: one_pif.clone(),
            ..ClusterHost::blank()
        })
    });
    // Where the machine that is off can be started is known: the other host has none of these networks.
    bond(&host, &["eth1", "eth2"]);
    let (vlan, row) = host.all::<Vlan>().remove(0);
    assert_eq!(host.all::<Vlan>().len(), 1);
    assert_eq!(vlan, two, "the one with an address stays");
    assert_ne!(vlan, one);
    let kept = host.get(&row.untagged_pif);
    assert_eq!(
        (kept.network, kept.ip.as_str()),
        (two_network.clone(), "10.7.0.2")
    );
    assert!(host.get(&one_network).pifs.is_empty());
    assert_eq!(host.get(&vifs[0]).network, two_network);
    assert_eq!(host.get(&vifs[1]).network, two_network);
    assert_eq!(host.get(&stays[0]).network, one_network);
    assert_eq!(host.get(&cluster).pif, row.untagged_pif);
    agrees(&host);
}

#[test]
fn no_address_is_dropped_when_vlans_become_one() {
    let host = SimHost::new(4);
    let (_, one, _) = vlan_on(&host, "eth1", 7);
    let (_, two, _) = vlan_on(&host, "eth2", 7);
    address(&host, &one, "10.7.0.1");
    let words = ["Static", "fd00:7::2/64", "", ""].map(Value::from);
    let params = std::iter::once(text(&two)).chain(words).collect();
    host.call("PIF.reconfigure_ipv6", params).unwrap();
    let made = bond(&host, &["eth1", "eth2"]);
    let kept = host.get(&host.all::<Vlan>()[0].1.untagged_pif);
    assert_eq!(
        (kept.ip.as_str(), kept.ipv6),
        ("10.7.0.1", vec!["fd00:7::2/64".to_owned()])
    );
    host.call("Bond.destroy", vec![text(&made)]).unwrap();

    let host = SimHost::new(4);
    let (_, one, _) = vlan_on(&host, "eth1", 7);
    let (_, two, _) = vlan_on(&host, "eth2", 7);
    address(&host, &one, "10.7.0.1");
    address(&host, &two, "10.7.0.2");
    let members = [text(&host.pif("eth1")), text(&host.pif("eth2"))];
    let params = vec![
        text(&host.new_network("bonded")),
        Value::Array(members.to_vec()),
        Value::from(""),
    ];
    let expected = errors::pif_configuration_error(&two, "*");
    refused(&host, "Bond.create", params, &expected, "two addresses");
}

#[test]
fn management_on_a_vlan_of_a_member_stays_on_it() {
    let host = SimHost::new(4);
    let (vlan, untagged, network) = vlan_on(&host, "eth1", 7);
    address(&host, &untagged, "10.7.0.2");
    host.call("host.management_reconfigure", vec![text(&untagged)])
        .unwrap();
    let manages = || {
        let bridge = host.get(&network).bridge;
        let path = host.root().join("etc/xensource-inventory");
        let inventory = std::fs::read_to_string(path).unwrap();
        assert!(inventory.contains(&format!("MANAGEMENT_INTERFACE='{bridge}'")));
        assert!(host.get(&untagged).management && host.get(&untagged).currently_attached);
        assert_eq!(host.get(&host.host()).address, "10.7.0.2");
        agrees(&host);
    };
    manages();
    let made = bond(&host, &["eth2", "eth1"]);
    assert_eq!(host.get(&vlan).tagged_pif, host.get(&made).master);
    manages();
    let unplugged = host.call("PIF.unplug", about_pif(&host, "bond0", []));
    unplugged.unwrap();
    manages();
    host.call("Bond.destroy", vec![text(&made)]).unwrap();
    manages();
    assert!(host.get(&host.pif("eth1")).currently_attached);
}

#[test]
fn a_tunnel_moves_with_the_address_that_it_needs() {
    let host = SimHost::new(4);
    address(&host, &host.pif("eth2"), "10.1.0.2");
    let (tunnel, access) = tunnel_on(&host, "eth2", "gre");
    let made = bond(&host, &["eth1", "eth2"]);
    let master = host.get(&made).master;
    assert_eq!(host.get(&tunnel).transport_pif, master);
    assert_eq!(host.get(&access).metrics, host.get(&master).metrics);
    assert_eq!(
        lowered(&host, &access).0.local,
        Some("10.1.0.2".parse().unwrap())
    );
    assert_eq!(host.get(&tunnel).status["active"], "true");
    host.call("Bond.destroy", vec![text(&made)]).unwrap();
    assert_eq!(host.get(&tunnel).transport_pif, host.pif("eth2"));
    assert_eq!(host.get(&host.pif("eth2")).ip, "10.1.0.2");
    agrees(&host);
}

#[test]
fn settings_of_the_network_move_and_those_of_the_nic_stay() {
    let host = SimHost::new(4);
    let eth1 = host.pif("eth1");
    for (key, value) in [("domain", "example.org"), ("ethtool-tso", "off")] {
        let params = vec![text(&eth1), Value::from(key), Value::from(value)];
        host.call("PIF.add_to_other_config", params).unwrap();
    }
    let made = bond(&host, &["eth1", "eth2"]);
    let master = host.get(&made).master;
    assert_eq!(host.get(&master).other_config["domain"], "example.org");
    let keys = |pif: &Ref<Pif>| host.get(pif).other_config.into_keys().collect::<Vec<_>>();
    assert_eq!(keys(&eth1), ["ethtool-tso"]);
    let own = [text(&master), Value::from("bond-updelay"), Value::from("0")];
    host.call("PIF.add_to_other_config", own.to_vec()).unwrap();
    host.call("Bond.destroy", vec![text(&made)]).unwrap();
    assert_eq!(keys(&eth1), ["domain", "ethtool-tso"]);
}

#[test]
fn the_addresses_of_the_other_family_move_too_whoever_has_them() {
    let host = SimHost::new(4);
    let words = ["Static", "fd00:2::2/64", "", "fd00:2::53"];
    host.call("PIF.reconfigure_ipv6", about_pif(&host, "eth2", words))
        .unwrap();
    address(&host, &host.pif("eth1"), "10.1.0.2");
    bond(&host, &["eth1", "eth2"]);
    let master = host.get(&host.pif("bond0"));
    assert_eq!(
        (master.ip.as_str(), master.ipv6),
        ("10.1.0.2", vec!["fd00:2::2/64".to_owned()])
    );
    assert_eq!(master.dns, "fd00:2::53");
    let left = host.get(&host.pif("eth2"));
    assert_eq!(left.ipv6_configuration_mode, Ipv6ConfigurationMode::None);
    assert!(left.ipv6.is_empty() && left.dns.is_empty());
    agrees(&host);
}

#[test]
fn vifs_move_if_their_machine_is_here_or_can_be_nowhere_else() {
    let host = SimHost::new(4);
    let other = other_host(&host);
    let (eth1, shared) = (host.network("xenbr1"), host.new_network("shared"));
    let nowhere = host.new_network("internal");
    // Networks of this host alone, and one that both have.
    pif_of(&host, &other, &shared);
    pif_of(&host, &host.host(), &shared);
    let on = |state, resident: Option<&Ref<Host>>| Vm {
        power_state: state,
        resident_on: resident.cloned().unwrap_or_default(),
        ..Vm::blank()
    };
    // As VM.suspend leaves it.
    let suspended = |memory: &Ref<Host>| Vm {
        power_state: VmPowerState::Suspended,
        memory_on: memory.clone(),
        ..Vm::blank()
    };
    let this = host.host();
    use VmPowerState::*;
    let cases: [(&str, Vm, Vec<&Ref<Network>>, bool); 9] = [
        ("running here", on(Running, Some(&this)), vec![&eth1], true),
        ("paused here", on(Paused, Some(&this)), vec![&eth1], true),
        ("suspended here", suspended(&this), vec![&eth1], true),
        ("suspended elsewhere", suspended(&other), vec![&eth1], false),
        (
            "running elsewhere",
            on(Running, Some(&other)),
            vec![&eth1],
            false,
        ),
        ("off, here only", on(Halted, None), vec![&eth1], true),
        (
            "off, with an internal network",
            on(Halted, None),
            vec![&eth1, &nowhere],
            true,
        ),
        (
            "off, with a shared network, too",
            on(Halted, None),
            vec![&eth1, &shared],
            true,
        ),
        (
            "about to start elsewhere",
            Vm {
                scheduled_to_be_resident_on: other.clone(),
                ..on(Halted, None)
            },
            vec![&eth1],
            false,
        ),
    ];
    let vifs: Vec<_> = cases
        .iter()
        .map(|(_, vm, networks, _)| machine(&host, vm.clone(), networks).remove(0))
        .collect();
    let made = bond(&host, &["eth1", "eth2"]);
    let bonded = host.get(&host.get(&made).master).network;
    for ((name, _, _, moves), vif) in cases.iter().zip(&vifs) {
        let expected = if *moves { &bonded } else { &eth1 };
        assert_eq!(host.get(vif).network, *expected, "{name}");
    }
    // Once both hosts have the members' network, a machine that is off may start on the other one.
    host.call("Bond.destroy", vec![text(&made)]).unwrap();
    for ((name, _, _, _), vif) in cases.iter().zip(&vifs) {
        assert_eq!(host.get(vif).network, eth1, "{name}");
    }
    pif_of(&host, &other, &eth1);
    bond(&host, &["eth1", "eth2"]);
    let off = cases.iter().position(|case| case.0 == "off, here only");
    assert_eq!(host.get(&vifs[off.unwrap()]).network, eth1);
}

#[test]
fn a_bond_never_makes_a_vlan_narrower() {
    let host = SimHost::new(4);
    for bridge in ["xenbr1", "xenbr2"] {
        let params = vec![text(&host.network(bridge)), Value::from("9000")];
        host.call("network.set_MTU", params).unwrap();
    }
    let network = host.new_network("jumbo");
    let wide = |network: &Ref<Network>| {
        let params = vec![text(network), Value::from("9000")];
        host.call("network.set_MTU", params).unwrap();
    };
    wide(&network);
    let params = vec![text(&host.pif("eth1")), Value::Int(7), text(&network)];
    host.call("VLAN.create", params).unwrap();
    let untagged = host.all::<Vlan>()[0].1.untagged_pif.clone();
    let bonded = host.new_network("bonded");
    let members = [text(&host.pif("eth1")), text(&host.pif("eth2"))];
    let params = vec![
        text(&bonded),
        Value::Array(members.to_vec()),
        Value::from(""),
    ];
    let expected = errors::pif_configuration_error(&untagged, "*");
    refused(
        &host,
        "Bond.create",
        params.clone(),
        &expected,
        "a narrow bond",
    );
    wide(&bonded);
    host.call("Bond.create", params).unwrap();
    assert_eq!(host.get(&untagged).mtu, 9000);
}

#[test]
fn after_a_boot_vlans_and_tunnels_are_plugged() {
    let mut host = SimHost::new(4);
    let (_, untagged, _) = vlan_on(&host, "eth1", 7);
    address(&host, &host.pif("eth2"), "10.1.0.2");
    let (_, access) = tunnel_on(&host, "eth2", "gre");
    for pif in [&untagged, &access] {
        host.call("PIF.unplug", vec![text(pif)]).unwrap();
    }
    host.start();
    assert!(!host.get(&untagged).currently_attached, "a mere restart");
    host.handle.world().reboot();
    std::fs::remove_dir_all(host.root().join("run")).unwrap();
    host.start();
    for pif in [&untagged, &access] {
        assert!(host.get(pif).currently_attached);
    }
    agrees(&host);
}

#[test]
fn a_start_moves_up_whatever_uses_a_bonds_member() {
    for manages in [false, true] {
        let mut host = SimHost::new(4);
        let made = bond(&host, &["eth1", "eth2"]);
        let master = host.get(&made).master;
        let (vlan, untagged, network) = vlan_on(&host, "eth3", 7);
        let (_, second, second_network) = vlan_on(&host, "bond0", 7);
        address(&host, &second, "10.7.0.2");
        let (eth1, eth2) = (host.pif("eth1"), host.pif("eth2"));
        let vifs = machine(&host, Vm::blank(), &[&host.network("xenbr2"), &network]);
        let inner = host.new_network("inner");
        // As an older release, or a half-done change of XAPI, may have left it.
        edit(&host, |draft| {
            draft.set(&vlan, Vlan::TAGGED_PIF, eth2.clone())?;
            draft.set(
                &untagged,
                Pif::IP_CONFIGURATION_MODE,
                IpConfigurationMode::Static,
            )?;
            draft.set(&untagged, Pif::IP, "10.7.0.9".to_owned())?;
            draft.set(&untagged, Pif::NETMASK, "255.255.255.0".to_owned())?;
            let row = draft.get(&eth1)?;
            let access = draft.insert(Pif {
                uuid: String::new(),
                device: "tunnel0".to_owned(),
                network: inner.clone(),
                vlan: -1,
                mac: "02:00:00:00:00:01".to_owned(),
                ..row
            })?;
            draft.set(&access, Pif::PHYSICAL, false)?;
            draft.set(&access, Pif::BOND_SLAVE_OF, Ref::null())?;
            draft.insert(Tunnel {
                access_pif: access,
                transport_pif: eth1.clone(),
                ..Tunnel::blank()
            })?;
            if manages {
                for (pif, row) in draft.all::<Pif>()? {
                    if row.management {
                        draft.set(&pif, Pif::MANAGEMENT, false)?;
                    }
                }
                draft.set(&eth2, Pif::MANAGEMENT, true)?;
                draft.set(
                    &eth2,
                    Pif::IP_CONFIGURATION_MODE,
                    IpConfigurationMode::Static,
                )?;
                draft.set(&eth2, Pif::IP, "10.9.0.2".to_owned())?;
                draft.set(&eth2, Pif::NETMASK, "255.255.255.0".to_owned())?;
            }
            Ok(())
        });
        let generation = host.core().store.generation();
        host.start();
        assert!(host.core().store.generation() > generation);
        let vlans = host.all::<Vlan>();
        assert_eq!(vlans.len(), 1, "{vlans:?}");
        assert_eq!(vlans[0].1.tagged_pif, master);
        assert_eq!(host.get(&vlans[0].1.untagged_pif).network, second_network);
        assert_eq!(host.get(&vlans[0].1.untagged_pif).ip, "10.7.0.2");
        let (_, tunnel) = host.all::<Tunnel>().remove(0);
        assert_eq!(tunnel.transport_pif, master);
        assert_eq!(host.get(&vifs[0]).network, host.get(&master).network);
        assert_eq!(host.get(&vifs[1]).network, second_network);
        let told = host.all::<Message>();
        let told: Vec<_> = told
            .iter()
            .filter(|(_, told)| told.body.contains("10.7.0.9"))
            .collect();
        assert_eq!(told.len(), 1, "what is dropped is told");
        if manages {
            let bonded = host.get(&master);
            assert!(bonded.management && bonded.ip == "10.9.0.2");
            assert_eq!(host.get(&made).primary_slave, eth2);
        }
        agrees(&host);
        let generation = host.core().store.generation();
        host.start();
        let changed = host.changed_since(generation);
        assert!(
            changed
                .iter()
                .all(|class| *class == "host" || *class == "host_metrics"),
            "{changed:?}"
        );
    }
}

#[test]
fn a_bonds_own_address_gives_way_to_a_members_with_management_in_its_family_alone_and_is_told() {
    let v6 = [
        ("fd00:10::2/64", "fd00:10::1"),
        ("fd00:9::2/64", "fd00:9::1"),
    ];
    for both_families in [false, true] {
        let mut host = SimHost::new(4);
        let made = bond(&host, &["eth1", "eth2"]);
        let (master, eth2) = (host.get(&made).master, host.pif("eth2"));
        let give = |pif: &Ref<Pif>, nth: usize, v6_too: bool| {
            let dns = ["10.10.0.53,10.9.0.53", "10.9.0.53"][nth].to_owned();
            edit(&host, |draft| {
                let mode = IpConfigurationMode::Static;
                draft.set(pif, Pif::IP_CONFIGURATION_MODE, mode)?;
                draft.set(pif, Pif::IP, ["10.10.0.2", "10.9.0.2"][nth].to_owned())?;
                draft.set(pif, Pif::NETMASK, "255.255.255.0".to_owned())?;
                draft.set(pif, Pif::GATEWAY, ["10.10.0.1", "10.9.0.1"][nth].to_owned())?;
                draft.set(pif, Pif::DNS, dns.clone())?;
                if v6_too {
                    let mode = Ipv6ConfigurationMode::Static;
                    draft.set(pif, Pif::IPV6_CONFIGURATION_MODE, mode)?;
                    draft.set(pif, Pif::IPV6, vec![v6[nth].0.to_owned()])?;
                    draft.set(pif, Pif::IPV6_GATEWAY, v6[nth].1.to_owned())?;
                }
                Ok(())
            });
        };
        give(&master, 0, true);
        give(&eth2, 1, both_families);
        edit(&host, |draft| {
            for (pif, row) in draft.all::<Pif>()? {
                if row.management {
                    draft.set(&pif, Pif::MANAGEMENT, false)?;
                }
            }
            draft.set(&eth2, Pif::MANAGEMENT, true)
        });
        host.start();
        let row = host.get(&master);
        assert!(row.management);
        assert_eq!((&*row.ip, &*row.gateway), ("10.9.0.2", "10.9.0.1"));
        assert_eq!(row.dns, "10.9.0.53,10.10.0.53");
        let (address, gateway) = v6[usize::from(both_families)];
        assert_eq!(row.ipv6_configuration_mode, Ipv6ConfigurationMode::Static);
        assert_eq!(
            (row.ipv6, &*row.ipv6_gateway),
            (vec![address.to_owned()], gateway)
        );
        let told = host.all::<Message>().into_iter().map(|(_, told)| told);
        let told = told.filter(|told| told.name == "NETWORK_CONFIGURATION_DROPPED");
        let mut told: Vec<_> = told.map(|told| told.body).collect();
        told.sort();
        assert_eq!(told.len(), 1 + usize::from(both_families), "{told:?}");
        assert!(
            told[0].contains("bond0") && told[0].contains("10.10.0.2"),
            "{told:?}"
        );
        assert!(
            told.iter().skip(1).all(|told| told.contains("fd00:10::2")),
            "{told:?}"
        );
        agrees(&host);
    }
}

#[test]
fn a_bond_whose_links_change_says_so_as_xapi_does() {
    let host = SimHost::new(4);
    let eth2 = Name::new("eth2").unwrap();
    let bodies = || {
        let all = host.all::<Message>().into_iter();
        let of_bonds = all.filter(|(_, told)| told.name == "BOND_STATUS_CHANGED");
        let mut bodies: Vec<_> = of_bonds
            .map(|(_, told)| {
                assert_eq!(
                    (told.priority, told.obj_uuid),
                    (3, host.get(&host.host()).uuid)
                );
                told.body
            })
            .collect();
        bodies.sort();
        bodies
    };
    let made = bond(&host, &["eth2", "eth1"]);
    assert_eq!(bodies(), Vec::<String>::new());
    for up in [false, true] {
        host.handle.set_carrier(eth2, up);
        xapi_core::watch::observe(host.core(), &host.host()).unwrap();
    }
    let expected = [
        "The status of the eth1+eth2 bond changed: 1/2 up (was 2/2)",
        "The status of the eth1+eth2 bond changed: 2/2 up (was 1/2)",
    ];
    assert_eq!(bodies(), expected);
    assert_eq!(host.get(&made).links_up, 2);
    host.call("Bond.destroy", vec![text(&made)]).unwrap();
    host.handle.set_carrier(eth2, false);
    bond(&host, &["eth1", "eth2"]);
    assert!(bodies().contains(&"The status of the eth1+eth2 bond is: 1/2 up".to_owned()));
}

/// Guests that let go of their NICs, or not, and what they were asked.
struct Guests {
    refuse: bool,
    asked: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
}

impl xapi_core::vifs_to_move::Hands for Guests {
    fn take(&self, core: &xapi_core::Core, vifs: &[Ref<Vif>]) -> Result<(), xapi_model::ApiError> {
        self.note("take", core, vifs);
        match self.refuse {
            true => Err(errors::vm_missing_pv_drivers(Ref::<Vm>::null())),
            false => Ok(()),
        }
    }

    fn give_back(&self, core: &xapi_core::Core, vifs: &[Ref<Vif>]) {
        self.note("give back", core, vifs);
    }
}

impl Guests {
    fn note(&self, what: &str, core: &xapi_core::Core, vifs: &[Ref<Vif>]) {
        let view = core.view().unwrap();
        for vif in vifs {
            let network = view.field(vif, Vif::NETWORK).unwrap();
            let label = view.field(&network, Network::NAME_LABEL).unwrap();
            self.asked.lock().unwrap().push(format!("{what}: {label}"));
        }
    }
}

#[test]
fn attached_vifs_are_asked_for_before_anything_moves_and_given_back_whatever_comes() {
    for refuse in [false, true] {
        let host = SimHost::new(4);
        let asked = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
        host.core().set_hands(Guests {
            refuse,
            asked: std::sync::Arc::clone(&asked),
        });
        let (_, _, kept) = vlan_on(&host, "eth1", 7);
        plugged_vif(&host, &kept);
        let vif = plugged_vif(&host, &host.network("xenbr1"));
        machine(&host, Vm::blank(), &[&host.network("xenbr2")]);
        let network = host.new_network("bonded");
        // What is refused anyway asks nobody.
        let taken = host.network("xenbr3");
        host.bond(&taken, &["eth1", "eth2"], "lacp").unwrap_err();
        let before = host.seen();
        let made = host.bond(&network, &["eth1", "eth2"], "active-backup");
        let asked = asked.lock().unwrap().clone();
        let old = "take: Pool-wide network associated with eth1";
        if refuse {
            assert_eq!(made.unwrap_err().code, "VM_MISSING_PV_DRIVERS");
            assert_eq!(asked, [old]);
            assert_eq!(host.seen(), before);
        } else {
            made.unwrap();
            assert_eq!(asked, [old, "give back: bonded"]);
            assert_eq!(host.get(&vif).network, network);
        }
    }
}

#[test]
fn the_firewall_is_open_while_a_vxlan_tunnel_is_up() {
    use std::os::unix::fs::PermissionsExt;
    let mut host = SimHost::new(4);
    let plugins = host.root().join("etc/xapi.d/plugins");
    std::fs::create_dir_all(&plugins).unwrap();
    let (program, told) = (plugins.join("firewall-port"), host.root().join("told"));
    let script = format!("#!/bin/sh\necho \"$@\" >> {}\n", told.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let lines = || std::fs::read_to_string(&told).unwrap_or_default();
    host.start();
    assert_eq!(
        lines(),
        "",
        "what somebody else may have opened is left alone"
    );
    address(&host, &host.pif("eth1"), "10.1.0.2");
    tunnel_on(&host, "eth1", "gre");
    let (tunnel, access) = tunnel_on(&host, "eth1", "vxlan");
    host.call("PIF.plug", vec![text(&access)]).unwrap();
    assert_eq!(lines(), "open 4789 udp\n");
    // The daemon died before it could close what it had opened.
    edit(&host, |draft| {
        draft.set(&access, Pif::CURRENTLY_ATTACHED, false)
    });
    host.start();
    assert_eq!(lines(), "open 4789 udp\nclose 4789 udp\n");
    host.call("PIF.plug", vec![text(&access)]).unwrap();
    assert_eq!(lines().lines().last(), Some("open 4789 udp"));
    host.call("tunnel.destroy", vec![text(&tunnel)]).unwrap();
    assert_eq!(lines().lines().last(), Some("close 4789 udp"));
}
