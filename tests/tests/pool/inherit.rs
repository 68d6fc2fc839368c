//! What a slave takes over from its master, case by case.

use xapi_model::{
    Bond, BondMode, Class, Host, Network, Pif, Pool, Ref, Tunnel, TunnelProtocol, Value, Vlan,
};
use xapi_tests::sim_host::text;

use crate::stage::Stage;

/// The bridges that carry NICs, and the bonds, as they are on the host.
fn live(stage: &Stage) -> (Vec<String>, Vec<String>) {
    let facts = stage.host.core().agent.facts().unwrap();
    let bridges = facts.bridges.keys().map(ToString::to_string);
    let bonds = facts.bonds.keys().map(ToString::to_string);
    (bridges.collect(), bonds.collect())
}

#[test]
fn the_tutorials_slave_gets_the_management_bond_with_its_own_address() {
    let stage = Stage::new(6, 6);
    let host = &stage.host;
    let [nas, public, mgt] = ["NAS", "PUB", "MGT"].map(|label| host.new_network(label));
    // The parts of the tutorial before it: both hosts have these two bonds.
    stage.master_bonds(&nas, &["eth2", "eth4"], BondMode::ActiveBackup);
    stage.master_bonds(&public, &["eth1", "eth5"], BondMode::BalanceSlb);
    stage.inherit();
    let bond0 = stage.mine("bond0");
    let words = ["Static", "172.16.0.36", "255.255.255.240", "", ""].map(Value::from);
    let params = std::iter::once(text(&bond0)).chain(words).collect();
    host.call("PIF.reconfigure_ip", params).unwrap();
    // The master's part of this one.
    stage.master_bonds(&mgt, &["eth0", "eth3"], BondMode::ActiveBackup);
    let before = host.get(&stage.management());
    let inherited = stage.inherit();
    let after = host.get(&stage.management());
    assert_eq!(
        (after.device.as_str(), &after.network, after.ip.as_str()),
        ("bond2", &mgt, before.ip.as_str())
    );
    assert_eq!(
        (after.netmask, after.gateway, after.mac),
        (before.netmask, before.gateway, before.mac)
    );
    assert_eq!(after.ipv6, before.ipv6);
    assert_eq!(
        stage.bond_on(&mgt),
        Some((
            vec!["eth0".to_owned(), "eth3".to_owned()],
            BondMode::ActiveBackup
        ))
    );
    let eth0 = host.get(&stage.mine("eth0"));
    assert!(!eth0.management && !eth0.currently_attached && eth0.ip.is_empty());
    assert_eq!(inherited.alerts, Vec::<String>::new());
    let (bridges, bonds) = live(&stage);
    assert_eq!(bridges, ["xapi0", "xapi1", "xapi2"]);
    assert_eq!(bonds, ["bond0", "bond1", "bond2"]);
}

#[test]
fn a_slave_with_fewer_nics_gets_a_bond_of_those_that_it_has_and_says_so() {
    let stage = Stage::new(2, 4);
    let [one, two] = ["one", "two"].map(|label| stage.host.new_network(label));
    stage.master_bonds(&one, &["eth1", "eth3"], BondMode::BalanceSlb);
    stage.master_bonds(&two, &["eth2"], BondMode::BalanceSlb);
    let inherited = stage.inherit();
    assert_eq!(
        stage.bond_on(&one),
        Some((vec!["eth1".to_owned()], BondMode::BalanceSlb))
    );
    assert!(stage.mine_on(&two).is_none());
    assert_eq!(
        inherited.alerts,
        [
            "the bond on one has 1 of the 2 members that the master's has: there is no NIC on network of xenbr3",
            "the bond on two has 0 of the 1 members that the master's has: there is no NIC on network of xenbr2",
        ]
    );
}

#[test]
fn a_bond_that_has_a_nic_of_one_of_the_masters_is_replaced_with_all_that_it_carries() {
    let stage = Stage::new(4, 4);
    let host = &stage.host;
    let [own, pools, tagged] = ["own", "pool's", "tagged"].map(|label| host.new_network(label));
    let bond = stage.bonds(&own, &["eth1", "eth2"], "balance-slb").unwrap();
    let master = host.get(&bond).master;
    let words = ["Static", "10.1.0.2", "255.255.255.0", "", ""].map(Value::from);
    let params = std::iter::once(text(&master)).chain(words).collect();
    host.call("PIF.reconfigure_ip", params).unwrap();
    host.call(
        "VLAN.create",
        vec![text(&master), Value::Int(7), text(&tagged)],
    )
    .unwrap();
    stage.master_bonds(&pools, &["eth1", "eth3"], BondMode::ActiveBackup);
    stage.inherit();
    assert!(stage.mine_on(&own).is_none());
    let made = stage.mine_on(&pools).unwrap();
    assert_eq!(made.ip, "10.1.0.2");
    assert_eq!(stage.vlan_on(&tagged), Some((made.device, 7)));
    let eth2 = host.get(&stage.mine("eth2"));
    assert!(eth2.bond_slave_of.is_null() && eth2.currently_attached);
}

#[test]
fn bonds_that_exchange_their_nics_keep_what_they_carry() {
    let stage = Stage::new(5, 5);
    let host = &stage.host;
    let [one, two] = ["one", "two"].map(|label| host.new_network(label));
    stage.master_bonds(&one, &["eth1", "eth2"], BondMode::BalanceSlb);
    stage.master_bonds(&two, &["eth3", "eth4"], BondMode::BalanceSlb);
    stage.inherit();
    for (network, ip) in [(&one, "10.1.0.1"), (&two, "10.2.0.1")] {
        let device = stage.mine_on(network).unwrap().device;
        stage.address(&stage.mine(&device), ip);
    }
    for network in [&one, &two] {
        stage.master_leaves(network);
    }
    stage.master_bonds(&one, &["eth3", "eth4"], BondMode::BalanceSlb);
    stage.master_bonds(&two, &["eth1", "eth2"], BondMode::BalanceSlb);
    stage.inherit();
    let members = |of: [&str; 2]| Some((of.map(str::to_owned).to_vec(), BondMode::BalanceSlb));
    assert_eq!(stage.bond_on(&one), members(["eth3", "eth4"]));
    assert_eq!(stage.bond_on(&two), members(["eth1", "eth2"]));
    assert_eq!(stage.mine_on(&one).unwrap().ip, "10.1.0.1");
    assert_eq!(stage.mine_on(&two).unwrap().ip, "10.2.0.1");
}

#[test]
fn changed_modes_and_properties_follow() {
    let stage = Stage::new(3, 3);
    let network = stage.host.new_network("one");
    let masters = stage.master_bonds(&network, &["eth1", "eth2"], BondMode::BalanceSlb);
    stage.inherit();
    let properties = [("lacp-time", "fast"), ("hashing_algorithm", "src_mac")];
    let properties: std::collections::BTreeMap<_, _> = properties
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    stage.edit(|draft| {
        draft.set(&masters, Bond::MODE, BondMode::Lacp)?;
        draft.set(&masters, Bond::PROPERTIES, properties.clone())
    });
    stage.inherit();
    let mine = stage.mine_on(&network).unwrap();
    let bond = stage.host.get(mine.bond_master_of.first().unwrap());
    assert_eq!((bond.mode, bond.properties), (BondMode::Lacp, properties));
}

#[test]
fn a_bond_that_the_master_has_no_more_goes_and_one_that_it_never_had_stays() {
    let stage = Stage::new(6, 6);
    let host = &stage.host;
    let [pools, own, mgt] = ["pool's", "own", "MGT"].map(|label| host.new_network(label));
    stage.master_bonds(&pools, &["eth1", "eth2"], BondMode::BalanceSlb);
    stage.master_bonds(&mgt, &["eth0", "eth5"], BondMode::BalanceSlb);
    stage.inherit();
    stage
        .bonds(&own, &["eth3", "eth4"], "active-backup")
        .unwrap();
    let before = host.get(&stage.management());
    stage.master_leaves(&pools);
    stage.master_leaves(&mgt);
    stage.inherit();
    assert!(stage.mine_on(&pools).is_none());
    assert!(stage.bond_on(&own).is_some());
    let after = host.get(&stage.management());
    assert_eq!((after.device.as_str(), after.ip), ("eth0", before.ip));
}

#[test]
fn a_master_that_lacks_the_nics_says_nothing_by_having_no_bond() {
    let stage = Stage::new(4, 4);
    let network = stage.host.new_network("one");
    let tagged = stage.host.new_network("tagged");
    stage.master_bonds(&network, &["eth1", "eth2"], BondMode::BalanceSlb);
    stage.master_tags(&tagged, "eth3", 5);
    stage.inherit();
    // Another host, with one NIC, is the master now.
    stage.master_leaves(&network);
    stage.master_leaves(&tagged);
    let gone = ["eth2", "eth3"].map(|device| stage.masters(device));
    stage.edit(|draft| gone.iter().try_for_each(|pif| draft.destroy(pif)));
    stage.inherit();
    assert!(stage.bond_on(&network).is_some());
    assert!(stage.vlan_on(&tagged).is_some());
}

#[test]
fn vlans_are_made_and_plugged_get_other_tags_and_go() {
    let stage = Stage::new(4, 4);
    let host = &stage.host;
    let [a, b, own, bonded] = ["a", "b", "own", "bonded"].map(|label| host.new_network(label));
    stage.master_tags(&a, "eth1", 5);
    stage.master_tags(&b, "eth1", 6);
    let params = vec![text(&stage.mine("eth1")), Value::Int(9), text(&own)];
    host.call("VLAN.create", params).unwrap();
    stage.inherit();
    let on = |device: &str, tag| Some((device.to_owned(), tag));
    assert_eq!(
        (stage.vlan_on(&a), stage.vlan_on(&b)),
        (on("eth1", 5), on("eth1", 6))
    );
    assert!(stage.mine_on(&a).unwrap().currently_attached);
    let kept = stage.mine_on(&a).unwrap().uuid;
    // They exchange their tags, and go onto a bond.
    for network in [&a, &b] {
        stage.master_leaves(network);
    }
    stage.master_bonds(&bonded, &["eth1", "eth3"], BondMode::BalanceSlb);
    stage.master_tags(&a, "bond0", 6);
    stage.master_tags(&b, "bond0", 5);
    stage.inherit();
    assert_eq!(
        (stage.vlan_on(&a), stage.vlan_on(&b)),
        (on("bond0", 6), on("bond0", 5))
    );
    assert_eq!(
        stage.mine_on(&a).unwrap().uuid,
        kept,
        "it keeps its objects"
    );
    assert_eq!(stage.vlan_on(&own), on("bond0", 9));
    // VLAN and bond go at once.
    for network in [&a, &bonded] {
        stage.master_leaves(network);
    }
    stage.inherit();
    assert_eq!(stage.vlan_on(&a), None);
    assert_eq!(
        (stage.vlan_on(&b), stage.vlan_on(&own)),
        (on("eth1", 5), on("eth1", 9))
    );
}

#[test]
fn a_vlan_that_is_used_stays_until_it_is_not() {
    let stage = Stage::new(2, 2);
    let network = stage.host.new_network("a");
    stage.master_tags(&network, "eth1", 5);
    stage.inherit();
    let this = stage.host.all::<Pif>();
    let (mine, _) = this
        .iter()
        .find(|(_, pif)| pif.network == network && pif.host == stage.host.host())
        .unwrap();
    stage.address(mine, "10.5.0.2");
    stage.master_leaves(&network);
    let inherited = stage.inherit();
    assert!(stage.vlan_on(&network).is_some());
    assert_eq!(inherited.alerts.len(), 1);
    assert!(
        inherited.alerts[0].contains("stays"),
        "{:?}",
        inherited.alerts
    );
    stage.edit(|draft| {
        draft.set(
            mine,
            Pif::IP_CONFIGURATION_MODE,
            xapi_model::IpConfigurationMode::None,
        )?;
        draft.set(mine, Pif::IP, String::new())
    });
    stage.inherit();
    assert!(stage.vlan_on(&network).is_none());
}

#[test]
fn a_management_vlan_is_not_given_another_tag() {
    let stage = Stage::new(2, 2);
    let host = &stage.host;
    let network = host.new_network("a");
    stage.master_tags(&network, "eth1", 5);
    stage.inherit();
    let (mine, _) = host
        .all::<Pif>()
        .into_iter()
        .find(|(_, pif)| pif.network == network && pif.host == host.host())
        .unwrap();
    stage.address(&mine, "10.5.0.2");
    host.call("host.management_reconfigure", vec![text(&mine)])
        .unwrap();
    stage.master_leaves(&network);
    stage.master_tags(&network, "eth1", 6);
    let inherited = stage.inherit();
    assert_eq!(stage.vlan_on(&network), Some(("eth1".to_owned(), 5)));
    assert!(
        inherited.alerts[0].contains("PIF_IS_MANAGEMENT_INTERFACE"),
        "{inherited:?}"
    );
}

#[test]
fn a_vlan_of_the_master_on_a_nic_that_is_bonded_here_goes_onto_the_bond() {
    let stage = Stage::new(4, 4);
    let host = &stage.host;
    let [own, tagged] = ["own", "tagged"].map(|label| host.new_network(label));
    stage.bonds(&own, &["eth2", "eth3"], "balance-slb").unwrap();
    stage.master_tags(&tagged, "eth3", 8);
    stage.inherit();
    assert_eq!(stage.vlan_on(&tagged), Some(("bond0".to_owned(), 8)));
}

#[test]
fn what_the_keys_say_is_not_taken_over() {
    for (key, of_pool) in [
        ("sync_vlans", false),
        ("sync_vlans", true),
        ("sync_bonds", false),
    ] {
        let stage = Stage::new(4, 4);
        let host = &stage.host;
        let [tagged, bonded] = ["tagged", "bonded"].map(|label| host.new_network(label));
        stage.master_tags(&tagged, "eth3", 8);
        stage.master_bonds(&bonded, &["eth1", "eth2"], BondMode::BalanceSlb);
        let no = std::collections::BTreeMap::from([(key.to_owned(), "nosync".to_owned())]);
        let (pool, _) = host.all::<Pool>().remove(0);
        stage.edit(|draft| match of_pool {
            true => draft.set(&pool, Pool::OTHER_CONFIG, no.clone()),
            false => draft.set(&host.host(), Host::OTHER_CONFIG, no.clone()),
        });
        stage.inherit();
        let has = (
            stage.vlan_on(&tagged).is_some(),
            stage.bond_on(&bonded).is_some(),
        );
        assert_eq!(has, (key != "sync_vlans", key != "sync_bonds"), "{key}");
    }
}

#[test]
fn tunnels_are_made_changed_and_removed() {
    let stage = Stage::new(3, 3);
    let host = &stage.host;
    let [a, b] = ["a", "b"].map(|label| host.new_network(label));
    stage.address(&stage.mine("eth1"), "10.1.0.2");
    stage.master_tunnels(&a, "eth1", TunnelProtocol::Vxlan);
    // Through a NIC that has no address here: the rows are there, and it is plugged once there is one.
    stage.master_tunnels(&b, "eth2", TunnelProtocol::Gre);
    stage.inherit();
    let tunnel = |network: &Ref<Network>| {
        let pif = stage.mine_on(network)?;
        let row: Tunnel = host.get(pif.tunnel_access_pif_of.first()?);
        let through = host.get(&row.transport_pif).device;
        Some((through, row.protocol, pif.currently_attached))
    };
    let eth = |n| format!("eth{n}");
    assert_eq!(tunnel(&a), Some((eth(1), TunnelProtocol::Vxlan, true)));
    assert_eq!(tunnel(&b), Some((eth(2), TunnelProtocol::Gre, false)));
    stage.master_leaves(&a);
    stage.master_tunnels(&a, "eth1", TunnelProtocol::Gre);
    stage.master_leaves(&b);
    stage.inherit();
    assert_eq!(tunnel(&a), Some((eth(1), TunnelProtocol::Gre, true)));
    assert_eq!(tunnel(&b), None);
}

#[test]
fn a_bond_that_cannot_be_is_told_and_costs_nothing_else() {
    let stage = Stage::new(6, 6);
    let host = &stage.host;
    let [bad, good, tagged] = ["bad", "good", "tagged"].map(|label| host.new_network(label));
    stage.address(&stage.mine("eth1"), "10.1.0.2");
    stage.address(&stage.mine("eth2"), "10.2.0.2");
    stage.master_bonds(&bad, &["eth1", "eth2"], BondMode::BalanceSlb);
    stage.master_bonds(&good, &["eth3", "eth4"], BondMode::BalanceSlb);
    stage.master_tags(&tagged, "eth5", 8);
    let inherited = stage.inherit();
    assert_eq!(
        inherited.alerts,
        ["the bond on bad is not as the master's: PIF_BOND_MORE_THAN_ONE_IP"]
    );
    assert!(stage.bond_on(&bad).is_none());
    assert!(stage.bond_on(&good).is_some() && stage.vlan_on(&tagged).is_some());
    assert_eq!(stage.addresses().len(), 3);
}

#[test]
fn a_bond_in_the_way_of_one_that_cannot_be_stays_with_all_that_it_carries() {
    let stage = Stage::new(4, 4);
    let host = &stage.host;
    let [own, pools, tagged] = ["own", "pool's", "tagged"].map(|label| host.new_network(label));
    let bond = stage.bonds(&own, &["eth1", "eth2"], "balance-slb").unwrap();
    let master = host.get(&bond).master;
    stage.address(&master, "10.1.0.2");
    stage.address(&stage.mine("eth3"), "10.3.0.2");
    let vlan = vec![text(&master), Value::Int(7), text(&tagged)];
    host.call("VLAN.create", vlan).unwrap();
    stage.master_bonds(&pools, &["eth1", "eth3"], BondMode::ActiveBackup);
    let inherited = stage.inherit();
    assert_eq!(
        inherited.alerts,
        ["the bond on pool's is not as the master's: PIF_BOND_MORE_THAN_ONE_IP"]
    );
    let devices = ["eth1", "eth2"].map(str::to_owned).to_vec();
    assert_eq!(stage.bond_on(&own), Some((devices, BondMode::BalanceSlb)));
    let bond = host.get(&master).device;
    assert_eq!(stage.vlan_on(&tagged), Some((bond, 7)));
    assert_eq!(stage.addresses().len(), 3);
}

#[test]
fn what_stands_on_a_bonds_member_is_moved_up_before_anything_is_taken_over() {
    let stage = Stage::new(4, 4);
    let host = &stage.host;
    let [pools, tagged] = ["pool's", "tagged"].map(|label| host.new_network(label));
    let bond = stage
        .bonds(&pools, &["eth1", "eth2"], "active-backup")
        .unwrap();
    let eth2 = stage.mine("eth2");
    let below = host.get(&eth2);
    // Rows of an earlier version, which let that happen.
    let untagged = stage.edit(|draft| {
        let untagged = draft.insert(Pif {
            device: below.device.clone(),
            mac: below.mac.clone(),
            metrics: below.metrics.clone(),
            host: host.host(),
            network: tagged.clone(),
            vlan: 9,
            mtu: 1500,
            currently_attached: true,
            ..Pif::blank()
        })?;
        let vlan = draft.insert(Vlan {
            tagged_pif: eth2.clone(),
            untagged_pif: untagged.clone(),
            tag: 9,
            ..Vlan::blank()
        })?;
        draft.set(&untagged, Pif::VLAN_MASTER_OF, vlan)?;
        Ok(untagged)
    });
    let masters = stage.master_bonds(&pools, &["eth1", "eth2"], BondMode::BalanceSlb);
    let masters = host.get(&host.get(&masters).master).device;
    stage.master_tags(&tagged, &masters, 9);
    stage.inherit();
    let master = host.get(&host.get(&bond).master).device;
    assert_eq!(stage.vlan_on(&tagged), Some((master, 9)));
    // It is the same one: it was not made anew.
    assert_eq!(host.get(&untagged).network, tagged);
    assert_eq!(stage.bond_on(&pools).unwrap().1, BondMode::BalanceSlb);
}
