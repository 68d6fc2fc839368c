//! After a reset a host is as fresh: bonds made again are the same, management may be on a VLAN, a lease lasts.

use std::collections::BTreeSet;

use xapi_model::{Bond, BondMode, Network};
use xapi_tests::{Lab, Xen, eventually};

use crate::host::{
    ADDRESS, STATIC, answers, command, furnished, is_reset, kept, reset, reset_unseen,
};

/// The tutorial's bonds: storage on two NICs with an address, guests on two, management on two.
fn tutorial(lab: &Lab, xen: &Xen) -> BTreeSet<String> {
    let network = |label: &str| {
        let found = xen.all::<Network>().into_iter();
        let mut found = found.filter(|(_, row)| row.name_label == label);
        found
            .next()
            .map_or_else(|| xen.new_network(label), |it| it.0)
    };
    for (label, devices, mode) in [
        ("NAS", ["eth2", "eth4"], BondMode::ActiveBackup),
        ("PUB", ["eth1", "eth5"], BondMode::BalanceSlb),
        ("MGT", ["eth0", "eth3"], BondMode::ActiveBackup),
    ] {
        xen.try_bond(&network(label), &devices, mode)
            .expect("Bond.create");
    }
    let nas = xen.pif("bond0").0;
    xen.try_static(&nas, "172.16.0.28", "255.255.255.224", "")
        .expect("PIF.reconfigure_ip");
    let rows = xen.all::<Bond>().into_iter().map(|(_, bond)| {
        let master = xen.all().into_iter().find(|(pif, _)| *pif == bond.master);
        let master: xapi_model::Pif = master.expect("its PIF").1;
        format!(
            "{} {:?} {} of {} {} management={}",
            master.device,
            bond.mode,
            bond.slaves.len(),
            master.ip,
            master.mac,
            master.management
        )
    });
    let rows: BTreeSet<String> = rows.collect();
    // In which order the members are listed is chance.
    let script = "ovs-appctl bond/list | tail -n +2 | while read -r bond mode recirc members; do \
                  echo $bond $mode $(echo $members | tr -d , | tr ' ' '\\n' | sort) \
                  $(ovs-vsctl get port $bond bond_mode other_config mac); done";
    let switch = lab.exec("xs-1", script);
    rows.into_iter()
        .chain(switch.lines().map(str::to_owned))
        .collect()
}

#[test]
fn the_tutorials_bonds_made_again_are_those_of_a_fresh_host() {
    let lab = Lab::up(&[]);
    let fresh = tutorial(&lab, &lab.api("xs-1"));
    reset(&lab, STATIC, ADDRESS);
    assert!(lab.api("xs-1").all::<Bond>().is_empty());
    let again = tutorial(&lab, &lab.api("xs-1"));
    assert_eq!(again, fresh);
    assert!(answers(&lab, ADDRESS));
}

#[test]
fn a_reset_to_dhcp_leaves_a_lease_that_outlives_the_command() {
    let (lab, xen) = furnished();
    let before = kept(&xen);
    lab.verb(&["stop", "xs-1"]);
    // Only the command: the daemon's start after it is not waited for here.
    let held_back = "
        mkdir /run/real; ln -s /run/lab/xapi-lab /run/real/service; rm /run/lab/bin/service
        printf '#!/bin/sh\n[ $2 = start ] || exec /run/real/service \"$@\"\n' > /run/lab/bin/service
        chmod +x /run/lab/bin/service";
    lab.exec("xs-1", held_back);
    let said = command(&lab, "xe-reset-networking --yes --no-reboot --device eth0");
    assert!(said.contains("xenbr0 has 172.16.0."), "{said}");
    let address = lab.exec(
        "xs-1",
        "ip -4 -o address show dev xenbr0 | awk '{print $4}' | cut -d/ -f1",
    );
    assert!(answers(&lab, &address), "{address}");
    let leases = lab.exec("xs-1", "grep -rl . /var/lib/xcp/leases");
    assert!(!leases.is_empty());
    let trigger = lab.exec(
        "xs-1",
        "cat /var/tmp/network-reset; stat -c %a /var/tmp/network-reset",
    );
    assert_eq!(trigger, "DEVICE=eth0\nMODE=dhcp\n600");
    lab.exec("xs-1", "/run/real/service xapi start");
    eventually("the trigger goes", || {
        let left = lab.exec("xs-1", "ls /var/tmp/network-reset 2>/dev/null || true");
        match left.is_empty() {
            true => Ok(()),
            false => Err(left),
        }
    });
    let xen = lab.api("xs-1");
    let (_, management) = xen.management();
    assert_eq!(
        (management.device.as_str(), management.ip.as_str()),
        ("eth0", address.as_str())
    );
    assert!(kept(&xen).is_superset(&before));
}

#[test]
fn a_reset_over_a_reset_and_one_to_a_vlan_and_back() {
    let (lab, xen) = furnished();
    let before = kept(&xen);
    reset(&lab, STATIC, ADDRESS);
    reset(&lab, &format!("--no-reboot {STATIC}"), ADDRESS);
    is_reset(&lab, "eth0", &before);
    // VLAN 7 has a network, which its management interface is put on.
    let options = "--device eth3 --vlan 7 --mode static --ip 10.7.0.2 --netmask 255.255.255.0";
    reset_unseen(&lab, options);
    let (_, management) = lab.api("xs-1").management();
    assert_eq!((management.device.as_str(), management.vlan), ("eth3", 7));
    assert_eq!(management.ip, "10.7.0.2");
    // The file remembers the VLAN.
    reset(&lab, &format!("--novlan {STATIC}"), ADDRESS);
    is_reset(&lab, "eth0", &before);
}
