//! Destroy a bond of two interfaces …

use xapi_model::{Bond, BondMode, Pif, Ref, pif};
use xapi_tests::lab::quiet_at_most;

use super::{
    GUEST, PLAIN, PLAIN_PEER, SETTLING, SILENCE, Stage, TAGGED, TAGGED_GUEST, TAGGED_PEER, V4, V6,
    vlan_on,
};
use xapi_tests::stage::{machine, network_of, refused, uuid_of, xe};

const MEMBERS: [&str; 2] = ["eth1", "eth2"];

#[test]
fn without_vifs_vlans_or_management() {
    let stage = Stage::new();
    let bonded = stage.bond(MEMBERS);
    stage.unbond(&bonded);
    // Both NICs are NICs again.
    let (eth1, eth2) = (stage.xen.pif("eth1"), stage.xen.pif("eth2"));
    assert!(eth1.1.currently_attached && eth2.1.currently_attached);
    for (device, nic) in [("eth1", eth1), ("eth2", eth2)] {
        stage.address(&nic.0, PLAIN);
        stage.is_heard_by(device, PLAIN, &nic.1.mac);
        let without = pif::ReconfigureIp {
            this: nic.0,
            mode: xapi_model::IpConfigurationMode::None,
            ip: String::new(),
            netmask: String::new(),
            gateway: String::new(),
            dns: String::new(),
        };
        stage.xen.session().invoke(&without).expect("no address");
    }
}

#[test]
fn with_management_on_it() {
    let stage = Stage::new();
    let (eth0, row) = stage.xen.pif("eth0");
    stage.bond_and_make(["eth0", "eth3"], |stage, _| {
        stage.is_heard_by_each(["eth0", "eth3"], V4, &row.mac);
    });
    assert_eq!(stage.xen.management().0, eth0);
    stage.is_heard_by("eth0", V4, &row.mac);
    stage.is_heard_by("eth0", V6, &row.mac);
}

#[test]
fn with_a_vlan_on_it() {
    let stage = Stage::with_peer();
    let bonded = stage.bond(MEMBERS);
    let untagged = vlan_on(&stage.xen, "bond0", "seven", Some(TAGGED));
    let guest = {
        let network = stage.xen.session().field(&untagged, Pif::NETWORK).unwrap();
        machine(&stage.lab, "running", &uuid_of(&stage.xen, &network), "")
    };
    guest.start(&stage.lab);
    guest.configure(&stage.lab, &format!("{TAGGED_GUEST}/24"), TAGGED_PEER);
    let mac = guest.row(&stage.xen).mac;
    stage.is_vlan_on(&untagged, &bonded.master);
    stage.is_heard_by_each(MEMBERS, TAGGED, &stage.mac(&bonded.master));
    stage.is_heard_by_each(MEMBERS, TAGGED_GUEST, &mac);
    stage.manage_by_vlan(&untagged);

    stage.change_of_vlan(
        "Bond.destroy with management on a VLAN",
        || stage.xen.unbond(&stage.xen.all::<Bond>().remove(0).0),
        |()| {
            let again = stage
                .xen
                .try_bond(&bonded.network, &MEMBERS, BondMode::ActiveBackup);
            drop(again.expect("Bond.create"));
        },
    );
    assert_eq!(stage.xen.management().0, untagged);
    let (eth1, row) = stage.xen.pif("eth1");
    stage.is_vlan_on(&untagged, &eth1);
    stage.is_heard_by("eth1", TAGGED, &row.mac);
    // Its network moved with the VLAN: the guest's NIC has never been away.
    stage.is_heard_by("eth1", TAGGED_GUEST, &mac);
}

#[test]
fn with_a_vif_of_a_halted_vm() {
    let stage = Stage::new();
    let bonded = stage.bond(MEMBERS);
    let off = machine(&stage.lab, "off", &uuid_of(&stage.xen, &bonded.network), "");
    stage.unbond(&bonded);
    let row = off.row(&stage.xen);
    let single = network_of(&stage.xen, "eth1").0;
    assert_eq!((&row.network, row.currently_attached), (&single, false));
    off.start(&stage.lab);
    off.configure(&stage.lab, &format!("{GUEST}/24"), PLAIN_PEER);
    stage.is_heard_by("eth1", GUEST, &row.mac);
}

#[test]
fn with_a_vif_of_a_running_vm_with_pv_drivers() {
    let stage = Stage::new();
    let bonded = stage.bond(MEMBERS);
    let running = machine(
        &stage.lab,
        "running",
        &uuid_of(&stage.xen, &bonded.network),
        "",
    );
    running.start(&stage.lab);
    running.configure(&stage.lab, &format!("{GUEST}/24"), PLAIN_PEER);
    let mac = running.row(&stage.xen).mac;
    stage.is_heard_by_each(MEMBERS, GUEST, &mac);
    stage.unbond(&bonded);
    let row = running.row(&stage.xen);
    let single = network_of(&stage.xen, "eth1").0;
    assert_eq!((&row.network, row.currently_attached), (&single, true));
    assert_eq!(running.bridge(&stage.lab, &stage.xen), "xenbr1");
    running.configure(&stage.lab, &format!("{GUEST}/24"), PLAIN_PEER);
    stage.is_heard_by("eth1", GUEST, &mac);
}

#[test]
fn with_a_vif_of_a_running_vm_without_pv_drivers() {
    let stage = Stage::new();
    let bonded = stage.bond(MEMBERS);
    let uuid = stage.xen.session().field(&bonded.bond, Bond::UUID).unwrap();
    for (name, platform, code) in [
        ("bare", "platform:pv-drivers=false", "no tools and drivers"),
        ("clinging", "platform:clings=true", "did not let go"),
    ] {
        let network = uuid_of(&stage.xen, &bonded.network);
        let it = machine(&stage.lab, name, &network, platform);
        it.start(&stage.lab);
        it.configure(&stage.lab, &format!("{GUEST}/24"), PLAIN_PEER);
        let before = it.row(&stage.xen);
        stage.is_heard_by_each(MEMBERS, GUEST, &before.mac);
        let ping = stage.lab.ping(GUEST);
        let destroy = format!("bond-destroy uuid={uuid}");
        let told = stage.change("Bond.destroy, refused", || refused(&stage.lab, &destroy));
        assert!(told.to_lowercase().contains(code), "{told}");
        ping.wait_for(SETTLING);
        quiet_at_most(SILENCE, "the guest that refused", &ping.stop());
        let after = it.row(&stage.xen);
        assert_eq!(
            (&after.network, after.currently_attached),
            (&bonded.network, true),
            "{name}"
        );
        stage.is_heard_by_each(MEMBERS, GUEST, &before.mac);
        xe(&stage.lab, &format!("vm-shutdown vm={name} force=true"));
    }
    stage.unbond(&bonded);
}

impl Stage {
    /// Makes a bond, lets something be seen of it, and destroys it.
    fn bond_and_make(&self, members: [&str; 2], see: impl FnOnce(&Stage, &Ref<Pif>)) {
        let bonded = self.bond(members);
        see(self, &bonded.master);
        self.unbond(&bonded);
    }
}
