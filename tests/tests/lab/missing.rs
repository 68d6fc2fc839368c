//! One NIC missing, renamed or refusing at start-up: management is up all the same, the rest as far as it goes, and
//! the missing one is named in an alert.

use xapi_model::{BondMode, Message};
use xapi_tests::{Lab, Xen, agreement};

/// A host with management on a bond of eth0 and eth3, and an address on eth2.
fn bonded() -> Lab {
    let lab = Lab::up(&["--nics", "5"]);
    let xen = lab.api("xs-1");
    xen.bond(&["eth0", "eth3"], BondMode::ActiveBackup);
    xen.try_static(&xen.pif("eth2").0, "10.9.0.2", "255.255.255.0", "")
        .expect("PIF.reconfigure_ip");
    lab
}

/// What must hold although `nic` is not there as it should be. `members` of the bond are what is left of it.
fn the_rest_is_up(lab: &Lab, nic: &str, members: &str) {
    let ping = lab.ping("172.16.0.10");
    ping.wait_for(20);
    ping.stop();
    let xen = lab.api("xs-1");
    let (_, management) = xen.management();
    assert_eq!(
        (management.device.as_str(), management.ip.as_str()),
        ("bond0", "172.16.0.10")
    );
    assert!(management.currently_attached);
    let host = agreement::of_host(lab, "xs-1").unwrap();
    let is = |start: &str, end: &str| {
        host.iter()
            .any(|line| line.starts_with(start) && line.ends_with(end))
    };
    assert!(
        is("xapi", "[172.16.0.10/27] management") && is(&format!("xapi0: {members} "), ""),
        "{host:#?}"
    );
    for (device, bridge, addresses) in [
        ("eth1", "xenbr1", "[]"),
        ("eth2", "xenbr2", "[10.9.0.2/24]"),
        ("eth4", "xenbr4", "[]"),
    ] {
        let attached = xen.pif(device).1.currently_attached;
        assert_eq!(attached, device != nic, "{device}");
        assert_eq!(
            is(&format!("{bridge}: {device} "), addresses),
            device != nic,
            "{device}: {host:#?}"
        );
    }
    assert!(
        alerts(&xen).iter().any(|alert| alert.body.contains(nic)),
        "no alert names {nic}: {:#?}",
        alerts(&xen)
    );
}

fn alerts(xen: &Xen) -> Vec<Message> {
    xen.all::<Message>()
        .into_iter()
        .map(|(_, alert)| alert)
        .collect()
}

#[test]
fn a_nic_that_is_missing_after_a_reboot_takes_nothing_else_with_it() {
    let lab = bonded();
    lab.verb(&["remove-nic", "xs-1", "eth4"]);
    lab.verb(&["reboot", "xs-1"]);
    the_rest_is_up(&lab, "eth4", "bond0 (active-backup of eth0 eth3)");
}

#[test]
fn a_bond_works_without_its_primary_member_after_a_reboot() {
    let lab = bonded();
    let mac = lab.api("xs-1").management().1.mac;
    lab.verb(&["remove-nic", "xs-1", "eth0"]);
    lab.verb(&["reboot", "xs-1"]);
    the_rest_is_up(&lab, "eth0", "eth3");
    assert_eq!(
        lab.api("xs-1").management().1.mac,
        mac,
        "the bond has another MAC address"
    );
}

#[test]
fn a_nic_that_was_renamed_takes_nothing_else_with_it() {
    let lab = bonded();
    lab.verb(&["stop", "xs-1"]);
    lab.exec(
        "xs-1",
        "ip link set eth3 down; ip link set eth3 name other3; ip link set other3 up",
    );
    lab.verb(&["start", "xs-1"]);
    the_rest_is_up(&lab, "eth3", "eth0");
}

#[test]
fn a_nic_that_refuses_to_come_up_takes_nothing_else_with_it() {
    let lab = bonded();
    let mac = lab.api("xs-1").pif("eth4").1.mac;
    lab.verb(&["stop", "xs-1"]);
    lab.verb(&["remove-nic", "xs-1", "eth4"]);
    // A VXLAN device cannot be brought up while somebody else has its port.
    let _squatter = lab.background(
        "xs-1",
        "exec python3 -uc 'import socket, signal; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); \
         s.bind((\"\", 4789)); print(\"bound\"); signal.pause()'",
    );
    lab.exec(
        "xs-1",
        &format!("ip link add eth4 address {mac} type vxlan id 7 local 172.16.0.10 dstport 4789"),
    );
    lab.exec("xs-1", "! ip link set eth4 up 2>/dev/null");
    lab.verb(&["start", "xs-1"]);
    the_rest_is_up(&lab, "eth4", "bond0 (active-backup of eth0 eth3)");
}
