//! Restart XAPI on a host with a networking configuration that has become illegal.

use xapi_core::startup;
use xapi_db::{Draft, Options, Read as _, Store};
use xapi_model::{ApiError, Bond, BondMode, Class, Host, Network, Pif, PifMetrics, Ref, Vlan};

use super::{GUEST, PLAIN_PEER, Stage, TAGGED, TAGGED_GUEST, TAGGED_PEER, V4, V6, vlan_on};
use xapi_tests::stage::{machine, uuid_of};

/// A bond as an older release may have left it: rows, of which the host has nothing yet, over NICs that are in use.
fn illegal_bond(
    draft: &Draft,
    device: &str,
    network: &Ref<Network>,
    members: [&str; 2],
) -> Result<(), ApiError> {
    let host = draft.all::<Host>()?.remove(0).0;
    let pifs = draft.all::<Pif>()?;
    let members = members.map(|member| {
        let found = pifs
            .iter()
            .find(|(_, pif)| pif.device == member && pif.vlan < 0);
        found.expect("a NIC")
    });
    let master = draft.insert(Pif {
        device: device.to_owned(),
        device_name: device.to_owned(),
        network: network.clone(),
        host,
        mac: members[0].1.mac.clone(),
        mtu: -1,
        vlan: -1,
        metrics: draft.insert(PifMetrics::blank())?,
        managed: true,
        ipv6: vec![String::new()],
        primary_address_type: members[0].1.primary_address_type,
        ..Pif::blank()
    })?;
    let bond = draft.insert(Bond {
        master,
        primary_slave: members[0].0.clone(),
        mode: BondMode::ActiveBackup,
        auto_update_mac: true,
        ..Bond::blank()
    })?;
    for (member, _) in members {
        draft.set(member, Pif::BOND_SLAVE_OF, bond.clone())?;
    }
    Ok(())
}

#[test]
fn on_a_host_whose_configuration_has_become_illegal() {
    let stage = Stage::with_peer();
    let (xen, lab) = (&stage.xen, &stage.lab);
    let untagged = vlan_on(xen, "eth2", "seven", Some(TAGGED));
    let seven = xen.session().field(&untagged, Pif::NETWORK).unwrap();
    let off = machine(lab, "off", &stage.network_uuid("eth2"), "");
    let running = machine(lab, "running", &stage.network_uuid("eth2"), "");
    let tagged = machine(lab, "tagged", &uuid_of(xen, &seven), "");
    for (machine, address, peer) in [
        (&running, GUEST, PLAIN_PEER),
        (&tagged, TAGGED_GUEST, TAGGED_PEER),
    ] {
        machine.start(lab);
        machine.configure(lab, &format!("{address}/24"), peer);
    }
    let [running_mac, tagged_mac] = [&running, &tagged].map(|machine| machine.row(xen).mac);
    let [management_mac, mac] = ["eth0", "eth1"].map(|nic| xen.pif(nic).1.mac);
    stage.is_heard_by("eth2", GUEST, &running_mac);
    stage.is_heard_by("eth2", TAGGED_GUEST, &tagged_mac);
    let networks = ["of management", "of guests"].map(|label| xen.new_network(label));

    lab.verb(&["stop", "xs-1"]);
    {
        let options = Options {
            unique: startup::UNIQUE,
            ..Options::default()
        };
        let store = Store::open(&lab.state("xs-1").join("xapi.db"), options).expect("the rows");
        let edit = |draft: &Draft| {
            illegal_bond(draft, "bond0", &networks[1], ["eth1", "eth2"])?;
            illegal_bond(draft, "bond1", &networks[0], ["eth0", "eth3"])
        };
        store.change(edit).expect("an edit");
    }
    stage.change("a start that repairs", || lab.verb(&["start", "xs-1"]));

    let xen = lab.api("xs-1");
    let bonds: Vec<_> = xen.all::<Bond>();
    assert_eq!(bonds.len(), 2);
    for (_, bond) in &bonds {
        for member in &bond.slaves.0 {
            let row: Pif = xen.session().record(member).expect("a member");
            assert!(
                !row.management && !row.currently_attached && row.vlan_slave_of.is_empty(),
                "{row:?}"
            );
        }
    }
    let (guests, management) = (xen.pif("bond0").0, xen.management());
    assert_eq!(management.1.device, "bond1");
    let vlans = xen.all::<Vlan>();
    assert_eq!(vlans.len(), 1);
    assert_eq!(vlans[0].1.tagged_pif, guests);
    assert_eq!(off.row(&xen).network, networks[1]);
    assert_eq!(running.row(&xen).network, networks[1]);
    assert_eq!(tagged.row(&xen).network, seven);
    for member in ["eth3", "eth0"] {
        let activate = format!("ovs-appctl bond/set-active-member bond1 {member}");
        lab.exec("xs-1", &activate);
        stage.is_heard_by(member, V4, &management_mac);
        stage.is_heard_by(member, V6, &management_mac);
    }
    let members = ["eth1", "eth2"];
    stage.is_heard_by_each(members, TAGGED, &mac);
    stage.is_heard_by_each(members, TAGGED_GUEST, &tagged_mac);
    stage.is_heard_by_each(members, GUEST, &running_mac);
}
