//! The lines about running VMs once more, with virtual machines: what lets go of a NIC, or does not, is a kernel.

use std::fs;

use xapi_model::{Bond, VmGuestMetrics};
use xapi_tests::lab::quiet_at_most;
use xapi_tests::{Lab, eventually};

use super::{SETTLING, SILENCE, Stage};
use xapi_tests::stage::{Machine, machine, refused, uuid_of, xe};

#[path = "../../../../crates/xapi-guest/tests/local/initrd.rs"]
mod initrd;

const MEMBERS: [&str; 2] = ["eth1", "eth2"];
/// The address that the machine's initial file system gives it, and one beside it.
const GUEST: &str = "10.0.0.2";
const PEER: &str = "10.0.0.1";

/// The parameters of a machine that boots Linux, with more words on its command line.
fn boots(words: &str) -> String {
    format!(
        "PV-kernel=/var/lib/xcp/guest/vmlinuz PV-ramdisk=/var/lib/xcp/guest/initrd \
         PV-args=\"console=ttyS0 quiet panic=-1 {words}\""
    )
}

/// A host that runs machines in QEMU.
fn stage() -> Stage {
    let stage = Stage::new();
    let folder = stage.lab.state("xs-1").join("guest");
    fs::create_dir_all(&folder).expect("a folder");
    fs::copy(initrd::part("vmlinuz"), folder.join("vmlinuz")).expect("a kernel");
    fs::write(folder.join("initrd"), initrd::archive()).expect("an initial file system");
    stage.lab.exec(
        "xs-1",
        "sed -i 's/guests.kind = .*/guests.kind = \"qemu\"/' /etc/xensource/xapi.toml; service xapi restart",
    );
    stage
        .lab
        .client(&format!("ip address add {PEER}/24 dev lab0"));
    Stage {
        xen: stage.lab.api("xs-1"),
        ..stage
    }
}

/// Starts a machine, and waits until its drivers are up.
fn boot(stage: &Stage, its: &Machine) {
    its.start(&stage.lab);
    eventually("its drivers are up", || {
        let all = stage.xen.all::<VmGuestMetrics>();
        match all.iter().any(|(_, row)| row.pv_drivers_detected) {
            true => Ok(()),
            false => Err(format!("{all:?}")),
        }
    });
    // It announces nothing; an earlier machine with its address had another MAC address.
    stage.lab.client("ip neighbour flush dev lab0");
}

fn off(lab: &Lab, its: &Machine) {
    xe(lab, &format!("vm-shutdown uuid={} force=true", its.uuid));
}

#[test]
fn a_bond_is_made_and_destroyed_with_a_vif_of_a_machine_with_pv_drivers() {
    let stage = stage();
    let uuid = stage.network_uuid("eth2");
    let running = machine(&stage.lab, "running", &uuid, &boots(""));
    boot(&stage, &running);
    let mac = running.row(&stage.xen).mac;
    stage.is_heard_by("eth2", GUEST, &mac);
    let bonded = stage.bond(MEMBERS);
    let row = running.row(&stage.xen);
    assert_eq!(
        (&row.network, row.currently_attached),
        (&bonded.network, true)
    );
    stage.is_heard_by_each(MEMBERS, GUEST, &mac);
    stage.unbond(&bonded);
    assert_eq!(running.bridge(&stage.lab, &stage.xen), "xenbr1");
    stage.is_heard_by("eth1", GUEST, &mac);
    off(&stage.lab, &running);
}

#[test]
fn a_machine_without_pv_drivers_keeps_a_bond_from_being_made_and_destroyed() {
    let stage = stage();
    let uuid = stage.network_uuid("eth2");
    // With nothing to boot it has no driver of any kind.
    let bare = machine(&stage.lab, "bare", &uuid, "");
    bare.start(&stage.lab);
    let network = stage.xen.new_network("bonded");
    let create = stage.bond_line(&network, MEMBERS);
    let told = stage.change("Bond.create, refused", || refused(&stage.lab, &create));
    assert!(
        told.to_lowercase().contains("no tools and drivers"),
        "{told}"
    );
    assert!(stage.xen.all::<Bond>().is_empty());
    assert!(bare.row(&stage.xen).currently_attached);
    assert_eq!(bare.bridge(&stage.lab, &stage.xen), "xenbr2");

    off(&stage.lab, &bare);
    let bond = xe(&stage.lab, &create);
    let bridge = stage
        .xen
        .session()
        .field(&network, xapi_model::Network::BRIDGE)
        .unwrap();
    bare.start(&stage.lab);
    let destroy = format!("bond-destroy uuid={bond}");
    let told = stage.change("Bond.destroy, refused", || refused(&stage.lab, &destroy));
    assert!(
        told.to_lowercase().contains("no tools and drivers"),
        "{told}"
    );
    assert_eq!(stage.xen.all::<Bond>().len(), 1);
    assert!(bare.row(&stage.xen).currently_attached);
    assert_eq!(bare.bridge(&stage.lab, &stage.xen), bridge);
    off(&stage.lab, &bare);
}

#[test]
fn a_machine_that_does_not_let_go_keeps_a_bond_from_being_made_and_destroyed() {
    let stage = stage();
    let network = stage.xen.new_network("bonded");
    let create = stage.bond_line(&network, MEMBERS);
    let destroy = |bond: &str| format!("bond-destroy uuid={bond}");
    let mut bond = String::new();
    for (doing, nics, made) in [
        ("Bond.create, refused", &MEMBERS[1..], false),
        ("Bond.destroy, refused", &MEMBERS[..], true),
    ] {
        let uuid = match made {
            true => uuid_of(&stage.xen, &network),
            false => stage.network_uuid("eth2"),
        };
        // Without ACPI it cannot be told of a NIC that shall go.
        let deaf = machine(&stage.lab, "deaf", &uuid, &boots("acpi=off"));
        boot(&stage, &deaf);
        let mac = deaf.row(&stage.xen).mac;
        let is_heard = || match nics {
            [nic] => stage.is_heard_by(nic, GUEST, &mac),
            _ => stage.is_heard_by_each(MEMBERS, GUEST, &mac),
        };
        is_heard();
        let ping = stage.lab.ping(GUEST);
        let line = if made { destroy(&bond) } else { create.clone() };
        let told = stage.change(doing, || refused(&stage.lab, &line));
        assert!(told.to_lowercase().contains("did not let go"), "{told}");
        ping.wait_for(SETTLING);
        quiet_at_most(SILENCE, "the machine that refused", &ping.stop());
        assert_eq!(stage.xen.all::<Bond>().len(), usize::from(made));
        assert!(deaf.row(&stage.xen).currently_attached);
        is_heard();
        off(&stage.lab, &deaf);
        xe(&stage.lab, &format!("vm-destroy uuid={}", deaf.uuid));
        if !made {
            bond = xe(&stage.lab, &create);
        }
    }
    xe(&stage.lab, &destroy(&bond));
}
