//! A reset that fails or is killed anywhere between the first look at the trigger and its removal is ended by the next
//! start, and ends where it would have without.

use std::path::Path;

use xapi_net::sim::{Fault, FaultKind};
use xapi_net::topology::Lease;
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

/// A trigger, and whether the machine boots or only the daemon starts.
struct Case {
    name: &'static str,
    trigger: &'static str,
    boots: bool,
}

const CASES: &[Case] = &[
    Case {
        name: "static, after a boot",
        trigger: STATIC,
        boots: true,
    },
    Case {
        name: "a new VLAN, in place",
        trigger: "DEVICE=eth1\nVLAN=9\nMODE=static\nIP=172.16.0.20\nNETMASK=255.255.255.224\n",
        boots: false,
    },
    Case {
        name: "DHCP, in place",
        trigger: "DEVICE=eth2\nMODE=dhcp\n",
        boots: false,
    },
    Case {
        name: "static on a member of the bond, with VLANs that stay",
        trigger: "DEVICE=eth0\nMODE=static\nIP=172.16.0.20\nNETMASK=255.255.255.224\nKEEP_VLANS=1\n",
        boots: true,
    },
];

/// A host with management on a bond and a VLAN beside it, its trigger laid, its daemon not running.
fn prepared(case: &Case) -> SimHost {
    let mut host = SimHost::new(4);
    let bonded = host.new_network("bonded");
    host.bond(&bonded, &["eth0", "eth3"], "active-backup")
        .unwrap();
    vlan(&host, "eth1", 7);
    let mac = host.get(&host.pif("eth2")).mac.parse().unwrap();
    let lease = Lease {
        address: "172.16.0.7/24".parse().unwrap(),
        gateway: Some("172.16.0.1".parse().unwrap()),
        dns: Default::default(),
        server: None,
        mtu: None,
    };
    host.handle.offer(mac, None, lease);
    plant(&host, PATHS[0], case.trigger);
    match case.boots {
        true => boot(&mut host),
        false => host.stop(),
    }
    host
}

/// All that a reset makes: rows, the host, the files.
fn end(host: &SimHost) -> (Vec<String>, Vec<String>, Vec<String>, String) {
    assert_eq!(host.diverged(), Vec::<String>::new());
    let world = host.handle.world();
    let mut bridges: Vec<_> = world
        .state
        .bridges
        .keys()
        .map(|name| name.to_string())
        .collect();
    bridges.extend(world.state.ports.keys().map(|name| format!("port {name}")));
    drop(world);
    let named = std::fs::read_to_string(host.root().join("etc/xensource-inventory")).unwrap();
    (host.seen(), addresses(host), bridges, named)
}

/// The kinds of failure, and at every how manieth step each is tried: a death before a step is tried at all of them, the
/// others differ little from one step to the next.
const KINDS: [(FaultKind, usize); 6] = [
    (FaultKind::CrashBefore, 1),
    (FaultKind::CrashAfter, 2),
    (FaultKind::Refuse, 2),
    (FaultKind::FailAfter, 3),
    (FaultKind::RefuseTimes(3), 8),
    (FaultKind::Silent, 8),
];

fn ends_the_same_after_any_fault(case: &Case) {
    let mut reference = prepared(case);
    let before = reference.handle.world().steps;
    reference.start();
    let steps = reference.handle.world().steps - before;
    assert!(steps > 3, "{}: {steps} steps prove nothing", case.name);
    assert_eq!(triggers(&reference), Vec::<&str>::new(), "{}", case.name);
    let wanted = end(&reference);
    let mut tried = 0;
    for (kind, each) in KINDS {
        for step in (0..steps).step_by(each) {
            let place = format!("{}, {kind:?} at step {step} of {steps}", case.name);
            let mut host = prepared(case);
            {
                let mut world = host.handle.world();
                let at = world.steps + step;
                world.fault = Some(Fault { at, kind });
            }
            host.start();
            host.handle.world().fault = None;
            host.start();
            assert_eq!(triggers(&host), Vec::<&str>::new(), "{place}");
            assert_eq!(end(&host), wanted, "{place}");
            tried += 1;
        }
    }
    println!("{}: {tried} faults at {steps} steps", case.name);
}

/// One test a case, so that they run beside each other.
macro_rules! at_any_step {
    ($($name:ident: $case:expr;)*) => {$(
        #[test]
        fn $name() {
            ends_the_same_after_any_fault(&CASES[$case]);
        }
    )*};
}

at_any_step! {
    a_reset_that_fails_or_dies_at_any_step_on_the_host_is_ended_by_the_next_start: 0;
    one_to_a_vlan_is_too: 1;
    one_to_dhcp_is_too: 2;
    one_that_leaves_vlans_is_too: 3;
}

/// What a reset writes beside the host itself, in this order.
const WRITTEN: [&[&str]; 4] = [
    &[
        "var/lib/xcp/xapi.db",
        "var/lib/xcp/xapi.db-wal",
        "var/lib/xcp/xapi.db-shm",
    ],
    &["var/lib/xcp/last-topology.json"],
    &["etc/xensource-inventory"],
    &[PATHS[0]],
];

/// Puts files below one directory into another as they are there, those that are missing included.
fn put(from: &Path, to: &Path, paths: &[&str]) {
    for path in paths {
        let (from, to) = (from.join(path), to.join(path));
        if to.exists() {
            std::fs::remove_file(&to).unwrap();
        }
        if from.exists() {
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(from, to).unwrap();
        }
    }
}

#[test]
fn a_reset_that_dies_between_two_of_its_files_is_ended_by_the_next_start() {
    for case in CASES {
        for done in 0..=WRITTEN.len() {
            let mut host = prepared(case);
            let old = tempfile::tempdir().unwrap();
            for paths in WRITTEN {
                put(host.root(), old.path(), paths);
            }
            host.start();
            let wanted = end(&host);
            host.stop();
            // As if it had been killed before the rest was written; the marker of a start comes last of all.
            for paths in &WRITTEN[done..] {
                put(old.path(), host.root(), paths);
            }
            let run = host.root().join("run");
            if case.boots && run.exists() {
                std::fs::remove_dir_all(run).unwrap();
            }
            let place = format!("{}, {done} of {} written", case.name, WRITTEN.len());
            host.start();
            assert_eq!(end(&host), wanted, "{place}");
            assert_eq!(triggers(&host), Vec::<&str>::new(), "{place}");
        }
    }
}

#[test]
fn a_malformed_trigger_that_was_told_and_not_yet_put_aside_is_told_once() {
    let mut host = SimHost::new(2);
    plant(&host, PATHS[0], "DEVICE=eth1\nMODE=dchp\n");
    host.start();
    let aside = host.root().join(format!("{}.aside-1", PATHS[0]));
    std::fs::rename(&aside, host.root().join(PATHS[0])).unwrap();
    host.start();
    assert_eq!(alerts(&host, "NETWORK_RESET_REFUSED").len(), 1);
    assert_eq!(triggers(&host), Vec::<&str>::new());
}

#[test]
fn a_trigger_that_cannot_be_removed_is_carried_out_again_to_the_same_end() {
    let mut host = prepared(&CASES[0]);
    host.start();
    let wanted = end(&host);
    for _ in 0..2 {
        plant(&host, PATHS[0], CASES[0].trigger);
        host.start();
        assert_eq!(end(&host), wanted);
    }
    // Nothing of the resets is left to trip over.
    let network = host.new_network("again");
    host.bond(&network, &["eth0", "eth3"], "lacp").unwrap();
    host.call("PIF.unplug", vec![text(&host.pif("eth2"))])
        .unwrap();
}
