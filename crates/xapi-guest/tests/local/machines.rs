//! Guests in QEMU, most of them with a Linux that lets go of a NIC, or can't.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use xapi_guest::{Body, Event, GuestError, GuestSpec, Guests, Nic, State};

use crate::lab::{Lab, host_ends, nic, on_a_host, output, run, uuid, wait_until};
use crate::linux::{bare, machine};

/// For a guest under an emulated processor that shares this one with others.
const WITHIN: Duration = Duration::from_secs(60);
/// For a guest that will not let go.
const BRIEFLY: Duration = Duration::from_millis(200);

/// Without it the guest can't be told of a NIC that shall go.
const DEAF: &str = "acpi=off";

/// Machine 1 with its drivers up and NIC 0.
fn running(lab: &Lab, more_words: &str) {
    lab.guests().start(&machine(lab, 1, more_words)).unwrap();
    lab.guests().offer(1, &nic(0)).unwrap();
    run("ip addr add 10.0.0.1/24 dev vif1.0");
    run("ip link set vif1.0 up");
    let began = Instant::now();
    lab.guests().unpause(1).unwrap();
    drivers_come_up(lab);
    println!("booted in {:?}", began.elapsed());
}

fn drivers_come_up(lab: &Lab) {
    if let Err(why) = lab.event_within(WITHIN) {
        panic!("{why}; the console: {}", lab.guests().console(1).unwrap());
    }
}

fn answers() -> bool {
    output("ping -c 1 -W 1 10.0.0.2").status.success()
}

#[test]
fn a_machine_boots_gives_a_nic_back_takes_another_and_shuts_down() {
    on_a_host(|lab| {
        running(lab, "");
        wait_until("it answers", answers);
        let host = run("ip link show vif1.0");
        assert!(host.contains("fe:ff:ff:ff:ff:ff"), "{host}");
        let began = Instant::now();
        lab.guests().withdraw(1, 0, WITHIN).unwrap();
        println!("released in {:?}", began.elapsed());
        assert_eq!(host_ends(), "");
        let larger = Nic {
            mtu: 9000,
            ..nic(0)
        };
        lab.guests().offer(1, &larger).unwrap();
        let host = run("ip link show vif1.0");
        assert!(host.contains("mtu 9000") && !host.contains("UP"), "{host}");
        run("ip addr add 10.0.0.1/24 dev vif1.0");
        run("ip link set vif1.0 up");
        wait_until("it answers on the new one", answers);
        // The guest's own end has the MTU too: a packet that needs it comes back whole.
        run("ping -c 1 -W 5 -M do -s 8972 10.0.0.2");
        let began = Instant::now();
        if let Err(why) = lab.guests().shutdown(1, WITHIN) {
            panic!("{why}; the console: {}", lab.guests().console(1).unwrap());
        }
        println!("shut down in {:?}", began.elapsed());
        lab.assert_nothing_is_left();
        lab.expect_no_event();
    });
}

#[test]
fn a_machine_that_cannot_let_go_keeps_its_nic_until_the_other_end_is_taken_away() {
    on_a_host(|lab| {
        running(lab, DEAF);
        wait_until("it answers", answers);
        for _ in 0..2 {
            let refused = lab.guests().withdraw(1, 0, BRIEFLY);
            assert!(
                matches!(refused, Err(GuestError::StillHeld { .. })),
                "{refused:?}"
            );
            assert!(answers());
        }
        lab.restart_daemon();
        assert!(lab.guests().find(1).unwrap().nics[0].asked_back);
        let refused = lab.guests().withdraw(1, 0, BRIEFLY);
        assert!(
            matches!(refused, Err(GuestError::StillHeld { .. })),
            "{refused:?}"
        );
        lab.guests().withdraw_force(1, 0).unwrap();
        assert_eq!(host_ends(), "");
        assert_eq!(lab.guests().find(1).unwrap().nics, []);
        let refused = lab.guests().offer(1, &nic(0));
        assert!(
            matches!(refused, Err(GuestError::StillHeld { .. })),
            "{refused:?}"
        );
        lab.guests().offer(1, &nic(1)).unwrap();
        assert_eq!(host_ends(), "vif1.1");
        let refused = lab.guests().shutdown(1, BRIEFLY);
        assert!(
            matches!(refused, Err(GuestError::StillRunning(1))),
            "{refused:?}"
        );
        lab.expect_no_event();
    });
}

#[test]
fn a_machine_that_lets_go_after_it_was_given_up_is_an_event() {
    on_a_host(|lab| {
        running(lab, "");
        lab.guests().pause(1).unwrap();
        let refused = lab.guests().withdraw(1, 0, BRIEFLY);
        assert!(
            matches!(refused, Err(GuestError::StillHeld { .. })),
            "{refused:?}"
        );
        assert_eq!(host_ends(), "vif1.0");
        lab.guests().unpause(1).unwrap();
        lab.expect(Event::Released {
            domain: 1,
            device: 0,
        });
        assert_eq!(host_ends(), "");
        lab.guests().offer(1, &nic(0)).unwrap();
    });
}

#[test]
fn a_machine_outlives_the_daemon_and_what_it_let_go_meanwhile_is_an_event() {
    on_a_host(|lab| {
        running(lab, "");
        wait_until("it answers", answers);
        lab.guests().pause(1).unwrap();
        let refused = lab.guests().withdraw(1, 0, BRIEFLY);
        assert!(
            matches!(refused, Err(GuestError::StillHeld { .. })),
            "{refused:?}"
        );
        lab.stop_daemon();
        run_until_released(lab);
        lab.start_daemon();
        lab.expect(Event::Released {
            domain: 1,
            device: 0,
        });
        assert_eq!(host_ends(), "");
        let found = lab.guests().find(1).unwrap();
        assert_eq!((found.state, found.pv_drivers), (State::Running, true));
        lab.guests().offer(1, &nic(0)).unwrap();
    });
}

/// What the machine does while no daemon is there.
fn run_until_released(lab: &Lab) {
    let socket = UnixStream::connect(lab.config().run.join(uuid(1)).join("control")).unwrap();
    let say = |line: &str| (&socket).write_all(line.as_bytes()).unwrap();
    say("{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"cont\"}\n");
    let mut lines = BufReader::new(&socket).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("DEVICE_DELETED") && line.contains("\"nic0\"")));
}

#[test]
fn a_suspended_machine_goes_on_where_it_was_under_another_number() {
    on_a_host(|lab| {
        running(lab, "");
        wait_until("it answers", answers);
        let began = Instant::now();
        lab.guests().suspend(1, WITHIN).unwrap();
        println!("suspended in {:?}", began.elapsed());
        lab.assert_nothing_is_left();
        lab.restart_daemon();
        assert_eq!(lab.guests().suspended().unwrap(), [uuid(1)]);
        let spec = GuestSpec {
            uuid: uuid(1),
            ..machine(lab, 2, "")
        };
        let began = Instant::now();
        let nics = lab.guests().resume(&spec, WITHIN).unwrap();
        println!("resumed in {:?}", began.elapsed());
        assert_eq!(nics[0].host_end, "vif2.0");
        assert!(lab.guests().suspended().unwrap().is_empty());
        run("ip addr add 10.0.0.1/24 dev vif2.0");
        run("ip link set vif2.0 up");
        lab.guests().unpause(2).unwrap();
        wait_until("it answers", answers);
        assert!(lab.guests().find(2).unwrap().pv_drivers);
        lab.guests().withdraw(2, 0, WITHIN).unwrap();
        assert_eq!(lab.guests().console(2).unwrap(), "");
    });
}

#[test]
fn a_nic_taken_by_force_leads_nowhere_after_a_resume_too() {
    on_a_host(|lab| {
        lab.guests().start(&bare(1)).unwrap();
        lab.guests().offer(1, &nic(0)).unwrap();
        lab.guests().offer(1, &nic(1)).unwrap();
        lab.guests().withdraw_force(1, 0).unwrap();
        for domain in [2, 3] {
            lab.guests().suspend(domain - 1, WITHIN).unwrap();
            let spec = GuestSpec {
                uuid: uuid(1),
                ..bare(domain)
            };
            let nics = lab.guests().resume(&spec, WITHIN).unwrap();
            assert_eq!((nics.len(), nics[0].nic), (1, nic(1)));
            assert_eq!(host_ends(), format!("vif{domain}.1"));
            let refused = lab.guests().offer(domain, &nic(0));
            assert!(
                matches!(refused, Err(GuestError::StillHeld { .. })),
                "{refused:?}"
            );
        }
    });
}

#[test]
fn a_machine_that_cannot_be_resumed_stays_suspended() {
    on_a_host(|lab| {
        lab.guests().start(&bare(1)).unwrap();
        lab.guests().offer(1, &nic(0)).unwrap();
        lab.guests().suspend(1, WITHIN).unwrap();
        run("ip link add vif2.0 type veth peer name other");
        let spec = GuestSpec {
            uuid: uuid(1),
            ..bare(2)
        };
        let failed = lab.guests().resume(&spec, WITHIN);
        assert!(
            matches!(failed, Err(GuestError::Failed { .. })),
            "{failed:?}"
        );
        assert_eq!(lab.guests().suspended().unwrap(), [uuid(1)]);
        assert_eq!(lab.processes(), [""; 0]);
        // What had the name is not a tap, and not ours; without it the machine comes back.
        run("ip link del other");
        assert_eq!(lab.guests().resume(&spec, WITHIN).unwrap().len(), 1);
        lab.expect_no_event();
    });
}

#[test]
fn a_machine_without_a_system_is_not_asked_for_a_nic() {
    on_a_host(|lab| {
        lab.guests().start(&bare(1)).unwrap();
        lab.guests().offer(1, &nic(0)).unwrap();
        lab.guests().unpause(1).unwrap();
        let refused = lab.guests().withdraw(1, 0, WITHIN);
        assert!(matches!(refused, Err(GuestError::NoHotplug)));
        let refused = lab.guests().offer(1, &nic(1));
        assert!(matches!(refused, Err(GuestError::NoHotplug)));
        let found = lab.guests().find(1).unwrap();
        assert!(!found.pv_drivers && !found.nics[0].asked_back);
        assert_eq!(found.state, State::Running);
    });
}

#[test]
fn a_machine_that_dies_is_an_event_and_leaves_nothing() {
    on_a_host(|lab| {
        lab.guests().start(&bare(1)).unwrap();
        lab.guests().offer(1, &nic(0)).unwrap();
        run(&format!("kill -9 {}", lab.processes()[0]));
        lab.expect(Event::Stopped { domain: 1 });
        lab.assert_nothing_is_left();
    });
}

#[test]
fn a_machine_that_cannot_be_started_leaves_nothing_and_says_why_in_qemus_words() {
    on_a_host(|lab| {
        let mut spec = bare(1);
        if let Body::Machine(body) = &mut spec.body {
            body.kernel = Some(PathBuf::from("/nonexistent/kernel"));
        }
        let failed = lab.guests().start(&spec).unwrap_err().to_string();
        assert!(failed.contains("could not open kernel file"), "{failed}");
        lab.assert_nothing_is_left();
    });
}

#[test]
fn an_offer_to_a_machine_that_fails_can_be_made_again() {
    on_a_host(|lab| {
        lab.guests().start(&bare(1)).unwrap();
        run("ip link add vif1.0 type veth peer name other");
        let failed = lab.guests().offer(1, &nic(0));
        assert!(
            matches!(failed, Err(GuestError::Failed { .. })),
            "{failed:?}"
        );
        run("ip link del other");
        lab.guests().offer(1, &nic(0)).unwrap();
        let too_many = lab.guests().offer(1, &nic(16));
        assert!(
            matches!(too_many, Err(GuestError::Unfit(_))),
            "{too_many:?}"
        );
    });
}

#[test]
fn a_machine_found_both_in_a_process_and_in_a_file_is_the_one_in_the_file() {
    on_a_host(|lab| {
        lab.guests().start(&bare(1)).unwrap();
        lab.guests().offer(1, &nic(0)).unwrap();
        lab.guests().suspend(1, WITHIN).unwrap();
        let image = lab.config().images.join(uuid(1));
        let kept = lab.folder.path().join("kept");
        run(&format!("cp -r {} {}", image.display(), kept.display()));
        let spec = GuestSpec {
            uuid: uuid(1),
            ..bare(2)
        };
        lab.guests().resume(&spec, WITHIN).unwrap();
        // As after a kill between the two last steps of a suspension or a resume.
        lab.stop_daemon();
        run(&format!("mv {} {}", kept.display(), image.display()));
        lab.start_daemon();
        lab.assert_nothing_is_left();
        assert_eq!(lab.guests().suspended().unwrap(), [uuid(1)]);
        lab.guests().resume(&spec, WITHIN).unwrap();
        assert_eq!(host_ends(), "vif2.0");
    });
}
