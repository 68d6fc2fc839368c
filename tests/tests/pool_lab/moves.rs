//! A master whose address changes, and its slaves, which find it.

use std::time::Instant;

use xapi_tests::{Lab, eventually};

use crate::members::{all_live, answers, role, xe};

/// Waits until a host obeys the master at an address.
fn obeys(lab: &Lab, host: &str, address: &str) {
    eventually(&format!("{host} obeys {address}"), || {
        let (role, wanted) = (role(lab, host), format!("slave:{address}"));
        (role == wanted).then_some(()).ok_or(role)
    });
}

/// A script that gives the management interface of the host it runs on another configuration.
fn reconfigure(words: &str) -> String {
    format!(
        "pif=$(xe pif-list host-uuid=$INSTALLATION_UUID management=true --minimal)
         xe pif-reconfigure-ip uuid=$pif {words}"
    )
}

fn fixed(address: &str) -> String {
    reconfigure(&format!(
        "mode=static IP={address} netmask=255.255.255.224 gateway=172.16.0.1"
    ))
}

#[test]
fn a_master_that_goes_elsewhere_is_found_by_those_who_were_told_and_by_those_who_were_not() {
    let lab = Lab::up(&["--hosts", "3", "--nics", "2"]);
    // All are told before.
    lab.exec("xs-1", &fixed("172.16.0.20"));
    let began = Instant::now();
    for slave in ["xs-2", "xs-3"] {
        obeys(&lab, slave, "172.16.0.20");
    }
    all_live(&lab, "xs-1", 3);
    println!("told before: found {:?} after the answer", began.elapsed());
    for slave in ["xs-2", "xs-3"] {
        let uuid = xe(
            &lab,
            "xs-1",
            &format!("host-list name-label={slave} --minimal"),
        );
        let told = xe(
            &lab,
            "xs-1",
            &format!("message-list obj-uuid={uuid} params=name,body"),
        );
        assert!(told.contains("POOL_MASTER_FOUND_ELSEWHERE"), "{told}");
        assert!(
            told.contains("at 172.16.0.20, which was at 172.16.0.10 before"),
            "{told}"
        );
    }
    // One has no daemon meanwhile, and asks the other when it has; one is cut off, and is told, or asks, when it is not.
    lab.verb(&["kill", "xs-2"]);
    lab.exec("xs-1", &fixed("172.16.0.21"));
    obeys(&lab, "xs-3", "172.16.0.21");
    lab.verb(&["start", "xs-2"]);
    obeys(&lab, "xs-2", "172.16.0.21");
    all_live(&lab, "xs-2", 3);
    lab.verb(&["partition", "xs-3"]);
    lab.exec("xs-1", &fixed("172.16.0.22"));
    lab.verb(&["heal", "xs-3"]);
    obeys(&lab, "xs-3", "172.16.0.22");
    all_live(&lab, "xs-3", 3);
    // Nobody knows which address a server gives.
    lab.exec("xs-1", &reconfigure("mode=dhcp"));
    let leased = "pif-list management=true host-name-label=xs-1 params=IP --minimal";
    let leased = xe(&lab, "xs-1", leased);
    answers(&lab, &leased);
    for slave in ["xs-2", "xs-3"] {
        obeys(&lab, slave, &leased);
    }
    all_live(&lab, "xs-1", 3);
    // A master that comes back elsewhere has told nobody.
    let network = xe(&lab, "xs-1", "network-create name-label=before");
    lab.exec(
        "xs-1",
        "xe-reset-networking --yes --no-reboot --device eth0 --mode static --ip 172.16.0.24 --netmask 255.255.255.224",
    );
    for slave in ["xs-2", "xs-3"] {
        obeys(&lab, slave, "172.16.0.24");
    }
    all_live(&lab, "xs-2", 3);
    let label = format!("network-list uuid={network} params=name-label --minimal");
    assert_eq!(xe(&lab, "xs-3", &label), "before");
}

#[test]
fn whoever_changes_the_address_of_the_slave_that_he_is_on_is_told_what_came_of_it() {
    let lab = Lab::up(&["--hosts", "2", "--nics", "2"]);
    lab.exec("xs-2", &fixed("172.16.0.20"));
    answers(&lab, "172.16.0.20");
    let other = "pif=$(xe pif-list host-uuid=$INSTALLATION_UUID device=eth1 --minimal)
         xe pif-reconfigure-ip uuid=$pif mode=static IP=172.16.0.21 netmask=255.255.255.224
         xe host-management-reconfigure pif-uuid=$pif";
    lab.exec("xs-2", other);
    answers(&lab, "172.16.0.21");
    all_live(&lab, "xs-1", 2);
    let address = "host-list name-label=xs-2 params=address --minimal";
    assert_eq!(xe(&lab, "xs-1", address), "172.16.0.21");
    if std::env::var_os("XAPI_SOAK").is_none() {
        return;
    }
    // From there its master is not reached any more, until the slave goes back.
    let gone = "pif=$(xe pif-list host-uuid=$INSTALLATION_UUID device=eth0 --minimal)
         xe pif-reconfigure-ip uuid=$pif mode=none";
    lab.exec("xs-2", gone);
    let nowhere = reconfigure("mode=static IP=10.9.9.9 netmask=255.255.255.0");
    let told = lab.exec("xs-2", &format!("{nowhere} 2>&1 || true"));
    assert!(told.contains("could not be reached over"), "{told}");
    answers(&lab, "172.16.0.21");
    all_live(&lab, "xs-1", 2);
    assert_eq!(xe(&lab, "xs-1", address), "172.16.0.21");
}

#[test]
fn a_slave_that_finds_no_master_says_where_it_has_looked() {
    let lab = Lab::up(&["--hosts", "3", "--nics", "2"]);
    lab.verb(&["stop", "xs-1"]);
    eventually("xs-2 says where it has looked", || {
        let log = lab.verb(&["logs", "xs-2"]);
        let said = log
            .lines()
            .rev()
            .find(|line| line.contains("no line to the master"));
        let said = said.unwrap_or_default();
        let names = |address: &str| said.contains(address);
        (names("172.16.0.10:443") && names("172.16.0.14"))
            .then_some(())
            .ok_or(said.to_owned())
    });
}
