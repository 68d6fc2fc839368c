//! A failure at each step of each call, of the host's network and of the guest: what is left is what was there.

use std::time::Duration;

use xapi_guest::sim::{Point, Verb};
use xapi_guest::{Body, GuestSpec, Guests as _, Namespace, State};
use xapi_model::{ApiError, Bond, Network, Value, Vm, VmOperations, VmPowerState};
use xapi_net::sim::{Fault, FaultKind};
use xapi_tests::sim_host::text;

use crate::Stage;

struct Case {
    name: &'static str,
    stage: fn() -> Stage,
    call: fn(&Stage) -> Result<Value, ApiError>,
    /// What is asked of the guest on the way, in its order.
    verbs: &'static [Verb],
}

fn more() -> [Value; 2] {
    [false.into(), false.into()]
}

fn suspended() -> Stage {
    let stage = Stage::running();
    stage.on_vm("VM.suspend", &[]).unwrap();
    stage
}

fn unplugged() -> Stage {
    let stage = Stage::running();
    stage.on_vif("VIF.unplug", &stage.inner).unwrap();
    stage
}

/// The machine runs, and there is a network for a bond.
fn before_a_bond() -> Stage {
    let stage = Stage::running();
    stage.host.new_network("bonded");
    stage
}

fn bond(stage: &Stage) -> Result<Value, ApiError> {
    let all = stage.host.all::<Network>().into_iter();
    let mut bonded = all.filter(|(_, network)| network.name_label == "bonded");
    let (network, _) = bonded.next().expect("a network");
    let made = stage
        .host
        .bond(&network, &["eth1", "eth2"], "active-backup");
    made.map(|bond| text(&bond))
}

fn bonded() -> Stage {
    let stage = before_a_bond();
    bond(&stage).unwrap();
    stage
}

/// The machine's NIC on eth1's network is locked, and may have one address.
fn locked() -> Stage {
    let stage = Stage::running();
    on_outer(&stage, "VIF.set_locking_mode", "locked".into()).unwrap();
    on_outer(&stage, "VIF.set_ipv4_allowed", list(&["10.1.0.7"])).unwrap();
    stage
}

fn on_outer(stage: &Stage, call: &str, value: Value) -> Result<Value, ApiError> {
    stage.host.call(call, vec![text(&stage.outer), value])
}

fn list(texts: &[&str]) -> Value {
    Value::Array(texts.iter().map(|text| Value::from(*text)).collect())
}

fn on_host(stage: &Stage, call: &str) -> Result<Value, ApiError> {
    let [paused, force] = more();
    stage.on_vm(call, &[text(&stage.host.host()), paused, force])
}

/// A VLAN of the same tag on each of two members to be, and a NIC on the network of each: one has to move.
fn before_a_merge() -> Stage {
    let stage = before_a_bond();
    for (device, vif) in [("eth1", &stage.outer), ("eth2", &stage.inner)] {
        let network = stage.host.new_network(&format!("7 of {device}"));
        let pif = text(&stage.host.pif(device));
        let params = vec![pif, Value::Int(7), text(&network)];
        stage.host.call("VLAN.create", params).unwrap();
        let params = vec![text(vif), text(&network)];
        stage.host.call("VIF.move", params).unwrap();
    }
    stage
}

fn paused() -> Stage {
    let stage = Stage::running();
    stage.on_vm("VM.pause", &[]).unwrap();
    stage
}

/// Calls after which a guest gets its NIC back, or is without it, whatever the network does: what fails then is tried
/// again, and the call is whole.
const GO_ON: [&str; 4] = ["VIF.unplug", "Bond.create", MERGE, "Bond.destroy"];

const MERGE: &str = "Bond.create that makes one VLAN of two";

/// Calls that leave everything as it was when they fail.
const CASES: &[Case] = &[
    Case {
        name: "VM.start",
        stage: Stage::halted,
        call: Stage::start,
        verbs: &[Verb::Start, Verb::Offer, Verb::Unpause],
    },
    Case {
        name: "VM.start_on",
        stage: Stage::halted,
        call: |stage| on_host(stage, "VM.start_on"),
        verbs: &[Verb::Start, Verb::Offer, Verb::Unpause],
    },
    Case {
        name: "VM.resume_on",
        stage: suspended,
        call: |stage| on_host(stage, "VM.resume_on"),
        verbs: &[Verb::Resume, Verb::Unpause],
    },
    Case {
        name: "VM.resume",
        stage: suspended,
        call: |stage| stage.on_vm("VM.resume", &more()),
        verbs: &[Verb::Resume, Verb::Unpause],
    },
    Case {
        name: "VIF.plug",
        stage: unplugged,
        call: |stage| stage.on_vif("VIF.plug", &stage.inner),
        verbs: &[Verb::Offer],
    },
    Case {
        name: "VIF.unplug",
        stage: Stage::running,
        call: |stage| stage.on_vif("VIF.unplug", &stage.inner),
        verbs: &[Verb::Withdraw],
    },
    Case {
        name: "VIF.move",
        stage: Stage::running,
        call: |stage| {
            let network = text(&stage.host.network("xenbr2"));
            stage
                .host
                .call("VIF.move", vec![text(&stage.inner), network])
        },
        verbs: &[],
    },
    Case {
        name: "VIF.set_locking_mode",
        stage: Stage::running,
        call: |stage| on_outer(stage, "VIF.set_locking_mode", "locked".into()),
        verbs: &[],
    },
    Case {
        name: "VIF.set_locking_mode back",
        stage: locked,
        call: |stage| on_outer(stage, "VIF.set_locking_mode", "unlocked".into()),
        verbs: &[],
    },
    Case {
        name: "VIF.set_ipv4_allowed",
        stage: locked,
        call: |stage| on_outer(stage, "VIF.set_ipv4_allowed", list(&["10.1.0.8"])),
        verbs: &[],
    },
    Case {
        name: "VIF.add_ipv6_allowed",
        stage: locked,
        call: |stage| on_outer(stage, "VIF.add_ipv6_allowed", "fd00::7".into()),
        verbs: &[],
    },
    Case {
        name: "VIF.remove_ipv4_allowed",
        stage: locked,
        call: |stage| on_outer(stage, "VIF.remove_ipv4_allowed", "10.1.0.7".into()),
        verbs: &[],
    },
    Case {
        name: "VIF.add_ipv4_allowed",
        stage: locked,
        call: |stage| on_outer(stage, "VIF.add_ipv4_allowed", "10.1.0.8".into()),
        verbs: &[],
    },
    Case {
        name: "VIF.set_ipv6_allowed",
        stage: locked,
        call: |stage| on_outer(stage, "VIF.set_ipv6_allowed", list(&["fd00::8"])),
        verbs: &[],
    },
    Case {
        name: "VIF.remove_ipv6_allowed",
        stage: || {
            let stage = locked();
            on_outer(&stage, "VIF.add_ipv6_allowed", "fd00::7".into()).unwrap();
            stage
        },
        call: |stage| on_outer(stage, "VIF.remove_ipv6_allowed", "fd00::7".into()),
        verbs: &[],
    },
    Case {
        name: "Bond.create",
        stage: before_a_bond,
        call: bond,
        verbs: &[Verb::Withdraw],
    },
    Case {
        name: MERGE,
        stage: before_a_merge,
        call: bond,
        verbs: &[Verb::Withdraw],
    },
    Case {
        name: "Bond.destroy",
        stage: bonded,
        call: |stage| {
            let (bond, _) = stage.host.all::<Bond>().remove(0);
            stage.host.call("Bond.destroy", vec![text(&bond)])
        },
        verbs: &[Verb::Withdraw],
    },
];

/// Calls by which a guest, or its end of a NIC, is gone before the host is asked: the rows follow, whatever it answers.
const ENDINGS: &[Case] = &[
    Case {
        name: "VM.clean_shutdown",
        stage: Stage::running,
        call: |stage| stage.on_vm("VM.clean_shutdown", &[]),
        verbs: &[Verb::Shutdown],
    },
    Case {
        name: "VM.hard_shutdown",
        stage: Stage::running,
        call: |stage| stage.on_vm("VM.hard_shutdown", &[]),
        verbs: &[Verb::Destroy],
    },
    Case {
        // Whose guest does not shut down has it destroyed.
        name: "VM.shutdown",
        stage: Stage::running,
        call: |stage| stage.on_vm("VM.shutdown", &[]),
        verbs: &[],
    },
    Case {
        name: "VM.suspend",
        stage: Stage::running,
        call: |stage| stage.on_vm("VM.suspend", &[]),
        verbs: &[Verb::Suspend],
    },
    Case {
        name: "VIF.unplug_force",
        stage: Stage::running,
        call: |stage| stage.on_vif("VIF.unplug_force", &stage.inner),
        verbs: &[Verb::WithdrawForce],
    },
];

/// Calls that another guest comes of, or none.
const REBOOTS: &[Case] = &[
    Case {
        name: "VM.clean_reboot",
        stage: Stage::running,
        call: |stage| stage.on_vm("VM.clean_reboot", &[]),
        verbs: &[Verb::Shutdown, Verb::Start, Verb::Offer, Verb::Unpause],
    },
    Case {
        name: "VM.hard_reboot",
        stage: Stage::running,
        call: |stage| stage.on_vm("VM.hard_reboot", &[]),
        verbs: &[Verb::Destroy, Verb::Start, Verb::Offer, Verb::Unpause],
    },
];

/// Calls that the host has no part in.
const OF_THE_GUEST: &[Case] = &[
    Case {
        name: "VM.pause",
        stage: Stage::running,
        call: |stage| stage.on_vm("VM.pause", &[]),
        verbs: &[Verb::Pause],
    },
    Case {
        name: "VM.unpause",
        stage: paused,
        call: |stage| stage.on_vm("VM.unpause", &[]),
        verbs: &[Verb::Unpause],
    },
];

/// How many steps a call takes on the host when nothing fails, and what clients see then.
fn whole(case: &Case) -> (usize, Vec<String>) {
    let stage = (case.stage)();
    let before = stage.host.handle.world().steps;
    (case.call)(&stage).unwrap_or_else(|why| panic!("{}: {why}", case.name));
    stage.agrees();
    let steps = stage.host.handle.world().steps - before;
    (steps, shown(&stage))
}

/// What clients see, but for addresses that are random.
fn shown(stage: &Stage) -> Vec<String> {
    let macs = [&stage.inner, &stage.outer].map(|vif| stage.host.get(vif).mac);
    let known = |line: String| {
        macs.iter()
            .fold(line, |line, mac| line.replace(mac, "its own"))
    };
    let mut lines: Vec<_> = stage.host.seen().into_iter().map(known).collect();
    lines.sort();
    lines
}

/// The crashes at a step: to die after one is to die before the next.
fn crashes(step: usize, steps: usize) -> Vec<FaultKind> {
    match step + 1 == steps {
        true => vec![FaultKind::CrashBefore, FaultKind::CrashAfter],
        false => vec![FaultKind::CrashBefore],
    }
}

fn fault_at(stage: &Stage, step: usize, kind: FaultKind) {
    let mut world = stage.host.handle.world();
    world.fault = Some(Fault {
        at: world.steps + step,
        kind,
    });
}

#[test]
fn a_failure_at_any_step_of_the_network_leaves_nothing_behind() {
    let (mut tried, mut recovered) = (0, 0);
    for case in CASES {
        let (steps, wanted) = whole(case);
        assert!(steps > 0, "{} does nothing on the host", case.name);
        for step in 0..steps {
            for kind in [FaultKind::Refuse, FaultKind::FailAfter] {
                let place = format!("{}, {kind:?} at step {step}", case.name);
                let stage = (case.stage)();
                let (seen, found) = (stage.host.seen(), stage.found());
                fault_at(&stage, step, kind);
                let outcome = (case.call)(&stage);
                if outcome.is_ok() {
                    // What fails because a guest has let go of its end meanwhile is tried again, and then it is whole.
                    assert!(GO_ON.contains(&case.name), "{place}");
                    assert_eq!(shown(&stage), wanted, "{place}");
                    stage.agrees();
                    recovered += 1;
                    continue;
                }
                let error = outcome.expect_err(&place);
                assert_eq!(error.code, "PIF_CONFIGURATION_ERROR", "{place}: {error}");
                assert_eq!(stage.host.seen(), seen, "{place}: rows");
                // A resume that was undone leaves the guest suspended, under no number.
                assert_eq!(stage.found(), found, "{place}: guests");
                stage.agrees();
                stage.host.handle.world().fault = None;
                (case.call)(&stage).unwrap_or_else(|why| panic!("{place}: and then {why}"));
                stage.agrees();
                tried += 1;
            }
        }
    }
    assert!(tried > recovered, "{tried} undone, {recovered} tried again");
    println!("{tried} failures of the network undone, {recovered} tried again");
}

#[test]
fn a_failure_of_the_guest_leaves_nothing_behind() {
    for case in CASES.iter().chain(ENDINGS).chain(OF_THE_GUEST) {
        for verb in case.verbs {
            let place = format!("{}, {verb:?}", case.name);
            let stage = (case.stage)();
            let (seen, found) = (stage.host.seen(), stage.found());
            stage.host.guests.fail_next(*verb);
            let error = (case.call)(&stage).expect_err(&place);
            assert_eq!(error.code, "INTERNAL_ERROR", "{place}: {error}");
            assert_eq!(stage.host.seen(), seen, "{place}: rows");
            assert_eq!(stage.found(), found, "{place}: guests");
            stage.agrees();
            (case.call)(&stage).unwrap_or_else(|why| panic!("{place}: and then {why}"));
            stage.agrees();
        }
    }
}

#[test]
fn a_failed_reboot_whose_guest_does_not_end_leaves_the_machine_running() {
    for case in REBOOTS {
        let stage = (case.stage)();
        let (seen, found) = (stage.host.seen(), stage.found());
        stage.host.guests.fail_next(case.verbs[0]);
        (case.call)(&stage).expect_err(case.name);
        assert_eq!(stage.host.seen(), seen, "{}", case.name);
        assert_eq!(stage.found(), found, "{}", case.name);
        stage.agrees();
    }
}

#[test]
fn a_machine_that_does_not_come_back_from_a_reboot_is_off() {
    for verb in [Verb::Start, Verb::Offer, Verb::Unpause] {
        let stage = Stage::running();
        stage.host.guests.fail_next(verb);
        stage.on_vm("VM.hard_reboot", &[]).unwrap_err();
        assert_eq!(stage.state(), VmPowerState::Halted, "{verb:?}");
        assert!(stage.found().is_empty(), "{verb:?}");
        assert_eq!(stage.ports(), Vec::<String>::new(), "{verb:?}");
        assert!(stage.row().current_operations.is_empty());
        stage.agrees();
        stage.start().unwrap();
    }
}

#[test]
fn what_ends_a_guest_is_done_even_if_the_network_does_not_follow() {
    let mut tried = 0;
    for case in ENDINGS {
        let (steps, wanted) = whole(case);
        assert!(steps > 0, "{} does nothing on the host", case.name);
        for step in 0..steps {
            for kind in [FaultKind::Refuse, FaultKind::FailAfter] {
                let place = format!("{}, {kind:?} at step {step}", case.name);
                let stage = (case.stage)();
                fault_at(&stage, step, kind);
                (case.call)(&stage).unwrap_or_else(|why| panic!("{place}: {why}"));
                assert_eq!(shown(&stage), wanted, "{place}");
                stage.host.handle.world().fault = None;
                let (core, host) = (stage.host.core(), stage.host.host());
                xapi_core::startup::reconverge(core, &host).expect(&place);
                stage.agrees();
                tried += 1;
            }
        }
    }
    println!("{tried} failures of the network that kept no guest");
}

/// What clients see of the machine when it is off.
fn off(case: &Case) -> Vec<String> {
    let stage = (case.stage)();
    stage.on_vm("VM.hard_shutdown", &[]).unwrap();
    shown(&stage)
}

#[test]
fn a_reboot_ends_as_asked_or_with_the_machine_off_wherever_the_network_fails_or_the_daemon_dies() {
    let (mut failed, mut recovered, mut gone, mut new) = (0, 0, 0, 0);
    for case in REBOOTS {
        let ((steps, wanted), off) = (whole(case), off(case));
        assert!(steps > 0, "{} does nothing on the host", case.name);
        for step in 0..steps {
            for kind in [FaultKind::Refuse, FaultKind::FailAfter] {
                let place = format!("{}, {kind:?} at step {step}", case.name);
                let stage = (case.stage)();
                fault_at(&stage, step, kind);
                let outcome = (case.call)(&stage);
                stage.agrees();
                if outcome.is_ok() {
                    // The port of the guest before, which is gone, is tried again.
                    assert_eq!(shown(&stage), wanted, "{place}");
                    recovered += 1;
                    continue;
                }
                assert_eq!(shown(&stage), off, "{place}");
                assert!(stage.found().is_empty(), "{place}");
                failed += 1;
            }
            for kind in crashes(step, steps) {
                let place = format!("{}, {kind:?} at step {step}", case.name);
                let mut stage = (case.stage)();
                fault_at(&stage, step, kind);
                let outcome = (case.call)(&stage);
                stage.host.handle.world().fault = None;
                stage.host.start();
                match shown(&stage) {
                    now if now == wanted => new += 1,
                    now => {
                        assert_eq!(now, off, "{place}: neither as asked nor off");
                        assert!(outcome.is_err(), "{place}: answered, and off");
                        gone += 1;
                    }
                }
                stage.agrees();
            }
        }
    }
    println!("reboots: {failed} failed and off, {recovered} tried again");
    println!("reboots: {gone} cut and off, {new} cut and as asked");
    assert!(failed > recovered && gone + new > 0);
}

#[test]
fn a_crash_at_any_step_of_a_call_leaves_rows_ports_and_guest_as_before_or_as_asked() {
    let of_endings = ENDINGS.iter().map(|case| (case, true));
    for (case, ends) in CASES.iter().map(|case| (case, false)).chain(of_endings) {
        let (mut old, mut new) = (0, 0);
        let (steps, wanted) = whole(case);
        for step in 0..steps {
            for kind in crashes(step, steps) {
                let place = format!("{}, {kind:?} at step {step}", case.name);
                let mut stage = (case.stage)();
                let before = shown(&stage);
                fault_at(&stage, step, kind);
                let outcome = (case.call)(&stage);
                stage.host.handle.world().fault = None;
                stage.host.start();
                let now = shown(&stage);
                // What was answered is there, however much of the rest the host did not live to see.
                if now == wanted {
                    new += 1;
                } else {
                    assert_eq!(
                        now, before,
                        "{place}: neither the old state nor the new one"
                    );
                    assert!(outcome.is_err(), "{place}: answered, and gone");
                    old += 1;
                }
                assert!(stage.row().current_operations.is_empty(), "{place}");
                stage.agrees();
            }
        }
        println!("{}: {old} left it as before, {new} as asked", case.name);
        // A guest that is gone does not come back.
        let expected = if ends { old == 0 && new > 0 } else { old > 0 };
        assert!(expected, "{}: {old} as before, {new} as asked", case.name);
    }
}

#[test]
fn a_crash_before_or_after_what_a_guest_does_leaves_the_machine_as_before_or_as_asked() {
    let (mut old, mut new, mut gone) = (0, 0, 0);
    let others = CASES.iter().chain(ENDINGS).chain(OF_THE_GUEST);
    let others = others.map(|case| (case, None));
    let reboots = REBOOTS.iter().map(|case| (case, Some(off(case))));
    for (case, off) in others.chain(reboots) {
        let (_, wanted) = whole(case);
        for verb in case.verbs {
            for point in [Point::Before, Point::After] {
                let place = format!("{}, {point:?} {verb:?}", case.name);
                let mut stage = (case.stage)();
                let before = shown(&stage);
                stage.host.guests.die_at(*verb, point);
                (case.call)(&stage).expect_err(&place);
                stage.host.start();
                let now = shown(&stage);
                if now == before {
                    old += 1;
                } else if Some(&now) == off.as_ref() {
                    gone += 1;
                } else {
                    assert_eq!(now, wanted, "{place}: neither as before nor as asked");
                    new += 1;
                }
                assert!(stage.row().current_operations.is_empty(), "{place}");
                stage.agrees();
            }
        }
    }
    println!("{old} left as before, {new} as asked, {gone} machines off in the middle of a reboot");
    assert!(old > 0 && new > 0 && gone > 0);
}

/// A guest as a call would have begun it for the machine, paused and without NICs.
fn begun(stage: &Stage, domain: u32) -> GuestSpec {
    GuestSpec {
        domain,
        uuid: stage.row().uuid,
        name: "one".to_owned(),
        body: Body::Namespace(Namespace {
            pv_drivers: true,
            clings: false,
        }),
    }
}

fn goes_on(stage: &Stage, operation: VmOperations) {
    let running = [("a call that is no more".to_owned(), operation)].into();
    stage.set(&stage.vm, Vm::CURRENT_OPERATIONS, running);
}

#[test]
fn a_resume_that_was_cut_is_undone_and_a_reboot_goes_on() {
    let mut stage = Stage::running();
    stage.on_vm("VM.suspend", &[]).unwrap();
    goes_on(&stage, VmOperations::Resume);
    let spec = begun(&stage, 77);
    stage.host.stop();
    stage.host.guests.resume(&spec, Duration::ZERO).unwrap();
    stage.host.start();
    assert_eq!(stage.state(), VmPowerState::Suspended);
    assert_eq!(stage.host.guests.suspended().unwrap().len(), 1);
    assert!(stage.row().current_operations.is_empty());

    let mut stage = Stage::running();
    goes_on(&stage, VmOperations::HardReboot);
    let (before, spec) = (stage.domain(), begun(&stage, 78));
    stage.host.stop();
    stage.host.guests.destroy(before).unwrap();
    stage.host.guests.start(&spec).unwrap();
    stage.host.start();
    assert_eq!(stage.state(), VmPowerState::Running);
    assert_eq!(stage.domain(), 78);
    let guest = stage.host.guests.find(78).unwrap();
    assert_eq!((guest.state, guest.nics.len()), (State::Running, 2));
    stage.agrees();
}
