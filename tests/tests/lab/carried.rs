//! A bond takes VLANs along on real Open vSwitch, while management on one of them is pinged.

use std::time::Duration;

use xapi_model::{BondMode, Network, Pif, Ref, Vlan, host, vlan};
use xapi_tests::{Lab, Xen};

/// The longest silence of management on a VLAN; most are below 200 ms (docs/networking.md).
const SILENCE: Duration = Duration::from_secs(2);

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

#[test]
fn a_vlan_with_management_moves_onto_a_bond_and_back_and_is_answered() {
    let lab = Lab::alone(&["--nics", "4"]);
    let xen = lab.api("xs-1");
    // The client's end of VLAN 7, on the lab's switch.
    lab.client(
        "ip link add link lab0 name v7 type vlan id 7; ip address add 10.7.0.1/24 dev v7; \
         ip link set v7 up",
    );
    let create = vlan::Create {
        tagged_pif: xen.pif("eth2").0,
        tag: 7,
        network: xen.new_network("seven"),
    };
    let made: Ref<Vlan> = xen.session().invoke(&create).expect("VLAN.create");
    let untagged = xen
        .session()
        .field(&made, Vlan::UNTAGGED_PIF)
        .expect("its PIF");
    let bridge = bridge_of(&xen, &untagged);
    assert_eq!(on_the_switch(&lab, &bridge), "xenbr2\n7");
    xen.try_static(&untagged, TAGGED, "255.255.255.0", "")
        .expect("an address");
    let manage = host::ManagementReconfigure {
        pif: untagged.clone(),
    };
    xen.session()
        .invoke(&manage)
        .expect("host.management_reconfigure");

    let network = xen.new_network("bonded");
    for mode in [BondMode::ActiveBackup, BondMode::BalanceSlb] {
        let ping = lab.ping(TAGGED);
        let bond = xen
            .try_bond(&network, &["eth1", "eth2"], mode)
            .expect("Bond.create");
        ping.wait_for(100);
        let there = ping.stop();
        let master = xen.pif("bond0").0;
        let parent = bridge_of(&xen, &master);
        assert_eq!(on_the_switch(&lab, &bridge), format!("{parent}\n7"));
        let (management, row) = xen.management();
        assert_eq!(
            (management, row.device.as_str()),
            (untagged.clone(), "bond0")
        );

        let ping = lab.ping(TAGGED);
        xen.unbond(&bond);
        ping.wait_for(100);
        let back = ping.stop();
        assert_eq!(on_the_switch(&lab, &bridge), "xenbr1\n7");
        assert_eq!(xen.management().0, untagged);
        for (doing, report) in [("Bond.create", there), ("Bond.destroy", back)] {
            println!("{doing} {mode}: {report:?}");
            assert!(report.silence <= SILENCE, "{doing} {mode}: {report:?}");
        }
    }
}
