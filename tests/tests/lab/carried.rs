//! A bond takes VLANs along on real Open vSwitch, while management on one of them is pinged.

use xapi_model::{Bond, BondMode, Network, Pif, Ref, Vlan, host, vlan};
use xapi_tests::{Lab, Xen};

/// The longest silence of management on a VLAN, in milliseconds; most are below 200 ms (docs/networking.md).
const SILENCE: u64 = 2_000;

/// Pings across each change; they take four seconds.
const PINGS: u64 = 400;

const TAGGED: &str = "10.7.0.10";

/// What Open vSwitch says of the VLAN's bridge: its parent and its tag.
fn on_the_switch(lab: &Lab, bridge: &str) -> String {
    let script = format!("ovs-vsctl br-to-parent {bridge}; ovs-vsctl br-to-vlan {bridge}");
    lab.exec("xs-1", &script)
}

fn bridge_of(xen: &Xen, pif: &Ref<Pif>) -> String {
    let network = xen.session().field(pif, Pif::NETWORK).expect("a network");
    xen.session()
        .field(&network, Network::BRIDGE)
        .expect("a bridge")
}

/// VLAN 7 on a NIC of a host, with an address.
fn tagged(xen: &Xen, device: &str, ip: &str) -> Ref<Pif> {
    let create = vlan::Create {
        tagged_pif: xen.pif(device).0,
        tag: 7,
        network: xen.new_network("seven"),
    };
    let made: Ref<Vlan> = xen.session().invoke(&create).expect("VLAN.create");
    let untagged = xen
        .session()
        .field(&made, Vlan::UNTAGGED_PIF)
        .expect("its PIF");
    xen.try_static(&untagged, ip, "255.255.255.0", "")
        .expect("an address");
    untagged
}

/// Pings every 10 ms from the other host while something is done. Returns for how many milliseconds nothing was answered.
fn silence(lab: &Lab, act: impl FnOnce()) -> u64 {
    let ping = format!("ping -q -i 0.01 -c {PINGS} {TAGGED} || true");
    std::thread::scope(|scope| {
        let pinged = scope.spawn(|| lab.exec("xs-2", &ping));
        act();
        let told = pinged.join().expect("the ping's end");
        let words: Vec<_> = told.split_whitespace().collect();
        let at = words.iter().position(|word| word.starts_with("received"));
        let received = at.and_then(|at| words[at - 1].parse::<u64>().ok());
        (PINGS - received.unwrap_or_else(|| panic!("{told}"))) * 10
    })
}

#[test]
fn a_vlan_with_management_moves_onto_a_bond_and_back_and_is_answered() {
    let lab = Lab::alone(&["--nics", "4", "--hosts", "2"]);
    let (xen, other) = (lab.api("xs-1"), lab.api("xs-2"));
    tagged(&other, "eth1", "10.7.0.1");
    let untagged = tagged(&xen, "eth2", TAGGED);
    let bridge = bridge_of(&xen, &untagged);
    assert_eq!(on_the_switch(&lab, &bridge), "xenbr2\n7");
    let manage = host::ManagementReconfigure {
        pif: untagged.clone(),
    };
    xen.session()
        .invoke(&manage)
        .expect("host.management_reconfigure");

    let network = xen.new_network("bonded");
    for mode in [BondMode::ActiveBackup, BondMode::BalanceSlb] {
        let there = silence(&lab, || {
            drop(
                xen.try_bond(&network, &["eth1", "eth2"], mode)
                    .expect("Bond.create"),
            )
        });
        let (bond, row) = xen.all::<Bond>().remove(0);
        let parent = bridge_of(&xen, &row.master);
        assert_eq!(on_the_switch(&lab, &bridge), format!("{parent}\n7"));
        let (management, moved) = xen.management();
        assert_eq!(
            (management, moved.device.as_str()),
            (untagged.clone(), "bond0")
        );

        let back = silence(&lab, || xen.unbond(&bond));
        assert_eq!(on_the_switch(&lab, &bridge), "xenbr1\n7");
        assert_eq!(xen.management().0, untagged);
        println!("{mode}: Bond.create {there} ms, Bond.destroy {back} ms without an answer");
        assert!(
            there <= SILENCE && back <= SILENCE,
            "{mode}: {there}, {back}"
        );
    }
}
