//! Machines on real Open vSwitch: guests as network namespaces, whose packets tell what is done to their NICs. What bonds
//! do to them is in [`crate::seed`].

use std::time::Duration;

use xapi_model::{Vm, VmPowerState};
use xapi_tests::lab::quiet_at_most;
use xapi_tests::{Lab, eventually};

use xapi_tests::stage::{Machine, machine, network_of, xe};

/// Addresses for a guest, on the lab's network, and the lab's own.
const GUEST: &str = "172.16.0.24";
const OTHER: &str = "172.16.0.25";
const PEER: &str = "172.16.0.1";

fn answers(lab: &Lab, address: &str) {
    eventually("the guest answers", || {
        let out = lab.run(&[
            "exec", "client", "--", "ping", "-c", "1", "-W", "1", address,
        ]);
        match out.status.success() {
            true => Ok(()),
            false => Err("no answer".to_owned()),
        }
    });
}

/// A machine on eth1 that runs and answers. `parameters` are those of its VIF.
fn running(lab: &Lab, name: &str, address: &str, parameters: &str) -> Machine {
    let xen = lab.api("xs-1");
    let its = machine(lab, name, &network_of(&xen, "eth1").1, "");
    if !parameters.is_empty() {
        xe(lab, &format!("vif-param-set uuid={} {parameters}", its.vif));
    }
    its.start(lab);
    its.configure(lab, &format!("{address}/27"), PEER);
    answers(lab, address);
    its
}

#[test]
fn a_guest_and_its_packets_outlive_the_daemon_and_end_with_a_shutdown() {
    let lab = Lab::alone(&["--nics", "2"]);
    let its = running(&lab, "one", GUEST, "");
    let ping = lab.ping(GUEST);
    lab.verb(&["kill", "xs-1"]);
    lab.verb(&["start", "xs-1"]);
    let xen = lab.api("xs-1");
    ping.wait_for(50);
    let limit = Duration::from_millis(100);
    quiet_at_most(limit, "a guest without the daemon", &ping.stop());
    let all = xen.all::<Vm>().into_iter();
    let mut found = all.filter(|(_, row)| row.uuid == its.uuid);
    assert_eq!(found.next().unwrap().1.power_state, VmPowerState::Running);
    assert!(its.row(&xen).currently_attached);
    xe(&lab, "vm-shutdown vm=one");
    assert_eq!(lab.exec("xs-1", "ovs-vsctl list-ports xenbr1"), "eth1");
    assert!(!its.row(&xen).currently_attached);
}

#[test]
fn a_locked_guest_is_heard_under_its_own_address_alone() {
    let lab = Lab::alone(&["--nics", "2"]);
    let locked = format!("locking-mode=locked ipv4-allowed={GUEST}");
    let its = running(&lab, "one", GUEST, &locked);
    its.inside(&lab, &format!("ip address add {OTHER}/27 dev eth0"));
    let silent = format!("! ping -c 2 -i 0.2 -W 1 {OTHER}");
    lab.client(&silent);
    // A vswitchd without rules lets nothing pass; the daemon puts them back.
    lab.exec("xs-1", "service openvswitch restart");
    answers(&lab, GUEST);
    lab.client(&silent);
    xe(
        &lab,
        &format!("vif-param-set uuid={} locking-mode=unlocked", its.vif),
    );
    answers(&lab, GUEST);
    answers(&lab, OTHER);
}
