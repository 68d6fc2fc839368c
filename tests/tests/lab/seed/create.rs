//! Create a bond of two interfaces …

use xapi_model::{Bond, BondMode, Network, Pif, Vlan};
use xapi_tests::lab::quiet_at_most;

use super::{GUEST, PLAIN, PLAIN_PEER, Stage, TAGGED, TAGGED_GUEST, TAGGED_PEER, V4, V6, vlan_on};
use xapi_tests::stage::{machine, refused, uuid_of};

const MEMBERS: [&str; 2] = ["eth1", "eth2"];

#[test]
fn without_vifs_vlans_or_management() {
    let stage = Stage::new();
    let bonded = stage.bond(MEMBERS);
    stage.address(&bonded.master, PLAIN);
    stage.is_heard_by_each(MEMBERS, PLAIN, &stage.mac(&stage.xen.pif("eth1").0));
    stage.is_heard_by("eth0", V4, &stage.mac(&stage.xen.pif("eth0").0));
}

#[test]
fn with_management_on_one() {
    let stage = Stage::new();
    let mac = stage.mac(&stage.xen.pif("eth0").0);
    stage.is_heard_by("eth0", V4, &mac);
    // Management's NIC is the second to be named, and the primary all the same.
    let bonded = stage.bond(["eth3", "eth0"]);
    let (management, row) = stage.xen.management();
    assert_eq!(management, bonded.master);
    assert_eq!(row.ip, V4);
    let bond: Bond = stage.xen.session().record(&bonded.bond).expect("the bond");
    assert_eq!(bond.primary_slave, stage.xen.pif("eth0").0);
    stage.is_heard_by_each(["eth0", "eth3"], V4, &mac);
    stage.is_heard_by_each(["eth0", "eth3"], V6, &mac);
}

#[test]
fn with_a_vlan_on_one() {
    let stage = Stage::with_peer();
    let untagged = vlan_on(&stage.xen, "eth2", "seven", Some(TAGGED));
    stage.is_vlan_on(&untagged, &stage.xen.pif("eth2").0);
    let mac = stage.mac(&stage.xen.pif("eth2").0);
    stage.is_heard_by("eth2", TAGGED, &mac);
    // Management is on it meanwhile: what is heard last of the VLAN is what a host can least do without.
    stage.manage_by_vlan(&untagged);

    let network = stage.xen.new_network("bonded");
    let bond = stage.change_of_vlan(
        "Bond.create with management on a VLAN",
        || {
            let made = stage
                .xen
                .try_bond(&network, &MEMBERS, BondMode::ActiveBackup);
            made.expect("Bond.create")
        },
        |bond| stage.xen.unbond(&bond),
    );
    let row: Bond = stage.xen.session().record(&bond).expect("the bond");
    stage.is_vlan_on(&untagged, &row.master);
    assert_eq!(stage.xen.management().0, untagged);
    stage.is_heard_by_each(MEMBERS, TAGGED, &stage.mac(&row.master));
}

#[test]
fn with_two_vlans_of_the_same_tag() {
    let stage = Stage::with_peer();
    let first = vlan_on(&stage.xen, "eth1", "seven", Some(TAGGED));
    let second = vlan_on(&stage.xen, "eth2", "seven too", None);
    let session = stage.xen.session();
    let [kept, merged] = [&first, &second].map(|pif| session.field(pif, Pif::NETWORK).unwrap());
    let merged_uuid = uuid_of(&stage.xen, &merged);
    let off = machine(&stage.lab, "off", &merged_uuid, "");
    let running = machine(&stage.lab, "running", &merged_uuid, "");
    running.start(&stage.lab);
    running.configure(&stage.lab, &format!("{TAGGED_GUEST}/24"), TAGGED_PEER);
    let mac = running.row(&stage.xen).mac;
    stage.is_heard_by("eth1", TAGGED, &stage.mac(&stage.xen.pif("eth1").0));
    stage.is_heard_by("eth2", TAGGED_GUEST, &mac);

    let bonded = stage.bond(MEMBERS);
    let vlans = stage.xen.all::<Vlan>();
    assert_eq!(vlans.len(), 1, "{vlans:?}");
    let untagged = &vlans[0].1.untagged_pif;
    stage.is_vlan_on(untagged, &bonded.master);
    assert_eq!(session.field(untagged, Pif::NETWORK).unwrap(), kept);
    assert!(session.field(&merged, Network::PIFS).unwrap().is_empty());
    for machine in [&off, &running] {
        assert_eq!(machine.row(&stage.xen).network, kept, "{}", machine.name);
    }
    running.configure(&stage.lab, &format!("{TAGGED_GUEST}/24"), TAGGED_PEER);
    stage.is_heard_by_each(MEMBERS, TAGGED_GUEST, &mac);
    stage.is_heard_by_each(MEMBERS, TAGGED, &stage.mac(&bonded.master));
}

#[test]
fn with_a_vif_of_a_halted_vm() {
    let stage = Stage::new();
    let off = machine(&stage.lab, "off", &stage.network_uuid("eth2"), "");
    let bonded = stage.bond(MEMBERS);
    let row = off.row(&stage.xen);
    assert_eq!(
        (&row.network, row.currently_attached),
        (&bonded.network, false)
    );
    off.start(&stage.lab);
    off.configure(&stage.lab, &format!("{GUEST}/24"), PLAIN_PEER);
    stage.is_heard_by_each(MEMBERS, GUEST, &row.mac);
}

#[test]
fn with_a_vif_of_a_running_vm_with_pv_drivers() {
    let stage = Stage::new();
    let running = machine(&stage.lab, "running", &stage.network_uuid("eth2"), "");
    running.start(&stage.lab);
    running.configure(&stage.lab, &format!("{GUEST}/24"), PLAIN_PEER);
    let mac = running.row(&stage.xen).mac;
    stage.is_heard_by("eth2", GUEST, &mac);

    let bonded = stage.bond(MEMBERS);
    let row = running.row(&stage.xen);
    assert_eq!(
        (&row.network, row.currently_attached),
        (&bonded.network, true)
    );
    let bridge = stage.xen.session().field(&bonded.network, Network::BRIDGE);
    assert_eq!(running.bridge(&stage.lab, &stage.xen), bridge.unwrap());
    running.configure(&stage.lab, &format!("{GUEST}/24"), PLAIN_PEER);
    stage.is_heard_by_each(MEMBERS, GUEST, &mac);
}

/// Without drivers nothing is asked of the guest; one that clings has been asked, and given its NIC back.
#[test]
fn with_a_vif_of_a_running_vm_without_pv_drivers() {
    let stage = Stage::new();
    let network = stage.xen.new_network("bonded");
    let create = stage.bond_line(&network, MEMBERS);
    for (name, platform, code) in [
        ("bare", "platform:pv-drivers=false", "no tools and drivers"),
        ("clinging", "platform:clings=true", "did not let go"),
    ] {
        let it = machine(&stage.lab, name, &stage.network_uuid("eth2"), platform);
        it.start(&stage.lab);
        it.configure(&stage.lab, &format!("{GUEST}/24"), PLAIN_PEER);
        let before = it.row(&stage.xen);
        stage.is_heard_by("eth2", GUEST, &before.mac);
        let ping = stage.lab.ping(GUEST);
        let told = stage.change("Bond.create, refused", || refused(&stage.lab, &create));
        assert!(told.to_lowercase().contains(code), "{told}");
        ping.wait_for(super::SETTLING);
        quiet_at_most(super::SILENCE, "the guest that refused", &ping.stop());
        assert!(stage.xen.all::<Bond>().is_empty(), "{name}");
        let after = it.row(&stage.xen);
        assert_eq!(
            (after.network, after.currently_attached),
            (before.network, true),
            "{name}"
        );
        assert_eq!(it.bridge(&stage.lab, &stage.xen), "xenbr2", "{name}");
        stage.is_heard_by("eth2", GUEST, &before.mac);
        xapi_tests::stage::xe(&stage.lab, &format!("vm-shutdown vm={name} force=true"));
    }
    xapi_tests::stage::xe(&stage.lab, &create);
    assert_eq!(stage.xen.all::<Bond>().len(), 1);
}
