//! Guests that are network namespaces.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use xapi_guest::local::Config;
use xapi_guest::{Event, GuestError, GuestSpec, Guests, Namespace, Nic, State};

use crate::lab::{Lab, host_ends, namespace, nic, on_a_host, output, run, uuid, wait_until};
use crate::linux::bare;

const WITHIN: Duration = Duration::from_secs(5);
/// For a guest that will not let go.
const BRIEFLY: Duration = Duration::from_millis(50);

const CLINGING: Namespace = Namespace {
    pv_drivers: true,
    clings: true,
};

/// A running guest 1 with NIC 0 and the addresses 10.0.0.1 and 10.0.0.2.
fn running(lab: &Lab, body: Namespace) {
    lab.guests().start(&namespace(1, body.clone())).unwrap();
    lab.guests().offer(1, &nic(0)).unwrap();
    lab.guests().unpause(1).unwrap();
    if body.pv_drivers {
        lab.expect(Event::PvDriversSeen { domain: 1 });
    }
    run("ip addr add 10.0.0.1/24 dev vif1.0");
    run("ip link set vif1.0 up");
    lab.inside(1, "ip addr add 10.0.0.2/24 dev eth0");
}

fn answers(address: &str) -> bool {
    output(&format!("ping -c 1 -W 2 {address}"))
        .status
        .success()
}

/// A program in the guest, which ends with this value or with the guest.
struct Inside(Child);

impl Inside {
    fn start(lab: &Lab) -> Inside {
        let namespace = lab.guests().namespace(1).unwrap();
        let entered = format!("--net={}", namespace.display());
        let mut command = Command::new("nsenter");
        command.args([&entered, "sleep", "1000"]);
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let comm = format!("/proc/{}/comm", child.id());
        wait_until("it is in the guest", || {
            fs::read_to_string(&comm).unwrap() == "sleep\n"
        });
        Inside(child)
    }

    fn state(&self) -> char {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_nic_has_its_address_and_mtu_and_passes_packets_once_the_host_sets_it_up() {
    on_a_host(|lab| {
        lab.guests()
            .start(&namespace(1, Namespace::default()))
            .unwrap();
        let wanted = Nic {
            mtu: 9000,
            ..nic(0)
        };
        assert_eq!(lab.guests().offer(1, &wanted).unwrap(), "vif1.0");
        let host = run("ip link show vif1.0");
        assert!(host.contains("fe:ff:ff:ff:ff:ff"), "{host}");
        assert!(
            host.contains("mtu 9000") && host.contains("state DOWN"),
            "{host}"
        );
        assert!(!host.contains("UP"), "{host}");
        let guest = lab.inside(1, "ip link show eth0");
        assert!(guest.contains("02:00:00:00:00:01"), "{guest}");
        assert!(
            guest.contains("mtu 9000") && guest.contains(",UP"),
            "{guest}"
        );
        lab.inside(1, "ip addr add 10.0.0.2/24 dev eth0");
        run("ip addr add 10.0.0.1/24 dev vif1.0");
        assert!(!answers("10.0.0.2"));
        run("ip link set vif1.0 up");
        assert!(answers("10.0.0.2"));
        // The same again is nothing new; another one of that number is refused.
        assert_eq!(lab.guests().offer(1, &wanted).unwrap(), "vif1.0");
        let refused = lab.guests().offer(1, &nic(0));
        assert!(matches!(refused, Err(GuestError::StillHeld { .. })));
    });
}

#[test]
fn a_guest_gives_a_nic_back_and_takes_it_again_while_it_runs() {
    on_a_host(|lab| {
        running(lab, Namespace::default());
        lab.guests().withdraw(1, 0, WITHIN).unwrap();
        assert_eq!(host_ends(), "");
        assert_eq!(lab.guests().find(1).unwrap().nics, []);
        lab.guests().offer(1, &nic(0)).unwrap();
        assert_eq!(host_ends(), "vif1.0");
        lab.guests().withdraw(1, 7, WITHIN).unwrap();
        lab.expect_no_event();
    });
}

#[test]
fn a_guest_that_clings_to_a_nic_keeps_it_until_it_lets_go_which_is_an_event() {
    on_a_host(|lab| {
        running(lab, CLINGING);
        let refused = lab.guests().withdraw(1, 0, BRIEFLY);
        assert!(matches!(refused, Err(GuestError::StillHeld { nic }) if nic == "vif1.0"));
        assert!(answers("10.0.0.2"));
        assert!(lab.guests().find(1).unwrap().nics[0].asked_back);
        lab.expect_no_event();
        lab.guests().cling(1, false).unwrap();
        lab.expect(Event::Released {
            domain: 1,
            device: 0,
        });
        assert_eq!(host_ends(), "");
    });
}

#[test]
fn several_nics_are_all_asked_for_before_any_is_waited_for() {
    on_a_host(|lab| {
        running(lab, CLINGING);
        for (domain, body) in [
            (2, CLINGING),
            (
                3,
                Namespace {
                    pv_drivers: false,
                    clings: false,
                },
            ),
        ] {
            lab.guests().start(&namespace(domain, body)).unwrap();
            lab.guests().offer(domain, &nic(0)).unwrap();
            lab.guests().unpause(domain).unwrap();
        }
        lab.expect(Event::PvDriversSeen { domain: 2 });
        let asked = |domain| lab.guests().find(domain).unwrap().nics[0].asked_back;
        // One that refuses is found before anything is sent.
        let outcome = lab.guests().withdraw_all(&[(1, 0), (2, 0), (3, 0)], WITHIN);
        assert!(outcome.released.is_empty());
        let refused = outcome.refused.unwrap();
        assert_eq!(refused.nic, (3, 0));
        assert!(matches!(refused.why, GuestError::NoHotplug));
        assert!(!asked(1) && !asked(2));
        // The second is asked while the first still has its NIC.
        std::thread::scope(|scope| {
            let guests = lab.guests();
            let nics = [(1, 0), (2, 0), (2, 7)];
            let waiting = scope.spawn(move || guests.withdraw_all(&nics, Duration::from_secs(20)));
            wait_until("both are asked", || asked(1) && asked(2));
            lab.guests().cling(2, false).unwrap();
            lab.guests().cling(1, false).unwrap();
            let outcome = waiting.join().unwrap();
            assert!(outcome.refused.is_none(), "{outcome:?}");
            assert_eq!(outcome.released, nics.into());
        });
        assert_eq!(host_ends(), "vif3.0");
        lab.expect_no_event();
        // What is let go when nobody waits any more is an event, as for one alone.
        for domain in [1, 2] {
            lab.guests().cling(domain, true).unwrap();
            lab.guests().offer(domain, &nic(0)).unwrap();
        }
        std::thread::scope(|scope| {
            let guests = lab.guests();
            let nics = [(1, 0), (2, 0)];
            let waiting = scope.spawn(move || guests.withdraw_all(&nics, Duration::from_secs(1)));
            wait_until("both are asked", || asked(1) && asked(2));
            lab.guests().cling(1, false).unwrap();
            let outcome = waiting.join().unwrap();
            assert_eq!(outcome.released, [(1, 0)].into());
            let refused = outcome.refused.unwrap();
            assert_eq!(refused.nic, (2, 0));
            assert!(matches!(refused.why, GuestError::StillHeld { nic } if nic == "vif2.0"));
        });
        lab.expect_no_event();
        lab.guests().cling(2, false).unwrap();
        lab.expect(Event::Released {
            domain: 2,
            device: 0,
        });
    });
}

#[test]
fn a_nic_is_taken_from_a_guest_that_clings_to_it_by_force() {
    on_a_host(|lab| {
        running(lab, CLINGING);
        let refused = lab.guests().withdraw(1, 0, BRIEFLY);
        assert!(matches!(refused, Err(GuestError::StillHeld { .. })));
        lab.guests().withdraw_force(1, 0).unwrap();
        assert_eq!(host_ends(), "");
        lab.guests().offer(1, &nic(0)).unwrap();
        lab.expect_no_event();
    });
}

#[test]
fn a_guest_without_drivers_is_not_asked_for_a_nic() {
    on_a_host(|lab| {
        let body = Namespace {
            pv_drivers: false,
            clings: false,
        };
        running(lab, body);
        let refused = lab.guests().withdraw(1, 0, WITHIN);
        assert!(matches!(refused, Err(GuestError::NoHotplug)));
        let refused = lab.guests().offer(1, &nic(1));
        assert!(matches!(refused, Err(GuestError::NoHotplug)));
        assert!(!lab.guests().find(1).unwrap().nics[0].asked_back);
        assert_eq!(host_ends(), "vif1.0");
    });
}

#[test]
fn a_paused_guest_does_nothing_and_gives_a_nic_back_once_it_runs_again() {
    on_a_host(|lab| {
        running(lab, Namespace::default());
        let inside = Inside::start(lab);
        lab.guests().pause(1).unwrap();
        wait_until("it is stopped", || inside.state() == 'T');
        assert_eq!(lab.guests().find(1).unwrap().state, State::Paused);
        let again = lab.guests().pause(1);
        assert!(matches!(again, Err(GuestError::WrongState { .. })));
        let refused = lab.guests().withdraw(1, 0, BRIEFLY);
        assert!(matches!(refused, Err(GuestError::StillHeld { .. })));
        lab.guests().unpause(1).unwrap();
        wait_until("it goes on", || inside.state() == 'S');
        lab.expect(Event::Released {
            domain: 1,
            device: 0,
        });
    });
}

#[test]
fn guests_outlive_the_daemon_and_are_found_with_their_nics() {
    on_a_host(|lab| {
        running(lab, Namespace::default());
        lab.guests().start(&namespace(2, CLINGING)).unwrap();
        let before = lab.guests().found();
        lab.restart_daemon();
        assert_eq!(lab.guests().found(), before);
        assert!(answers("10.0.0.2"));
        lab.guests().withdraw(1, 0, WITHIN).unwrap();
        lab.guests().unpause(2).unwrap();
        lab.expect(Event::PvDriversSeen { domain: 2 });
        lab.guests().shutdown(2, WITHIN).unwrap();
        lab.expect_no_event();
    });
}

#[test]
fn a_second_daemon_is_kept_from_the_guests_of_the_first() {
    on_a_host(|lab| {
        let second = xapi_guest::local::LocalGuests::open(lab.config());
        assert!(matches!(second, Err(GuestError::Failed { .. })));
    });
}

#[test]
fn a_nic_released_while_the_daemon_was_away_is_an_event_of_the_next_one() {
    on_a_host(|lab| {
        running(lab, CLINGING);
        let refused = lab.guests().withdraw(1, 0, BRIEFLY);
        assert!(matches!(refused, Err(GuestError::StillHeld { .. })));
        let namespace = lab.guests().namespace(1).unwrap();
        lab.stop_daemon();
        run(&format!(
            "nsenter --net={} ip link del eth0",
            namespace.display()
        ));
        lab.start_daemon();
        lab.expect(Event::Released {
            domain: 1,
            device: 0,
        });
    });
}

#[test]
fn a_guest_whose_process_dies_is_an_event_and_leaves_nothing() {
    on_a_host(|lab| {
        running(lab, Namespace::default());
        let inside = Inside::start(lab);
        let process = lab.processes();
        run(&format!("kill -9 {}", process[0]));
        lab.expect(Event::Stopped { domain: 1 });
        lab.assert_nothing_is_left();
        assert!(matches!(lab.guests().find(1), Err(GuestError::NoDomain(1))));
        wait_until("what ran in it has ended", || inside.state() == 'Z');
    });
}

#[test]
fn a_guest_that_died_while_the_daemon_was_away_leaves_nothing() {
    on_a_host(|lab| {
        running(lab, Namespace::default());
        let process = lab.processes();
        lab.stop_daemon();
        run(&format!("kill -9 {}", process[0]));
        wait_until("it has ended", || lab.processes().is_empty());
        lab.start_daemon();
        lab.assert_nothing_is_left();
    });
}

#[test]
fn destroying_a_guest_ends_what_runs_in_it_and_whoever_waits_for_it() {
    on_a_host(|lab| {
        running(lab, CLINGING);
        let inside = Inside::start(lab);
        std::thread::scope(|scope| {
            let guests = lab.guests();
            let waiting = scope.spawn(|| guests.withdraw(1, 0, Duration::from_secs(1000)));
            wait_until("it is asked", || guests.find(1).unwrap().nics[0].asked_back);
            guests.destroy(1).unwrap();
            let waited = waiting.join().unwrap();
            assert!(matches!(waited, Err(GuestError::NoDomain(1))), "{waited:?}");
        });
        lab.assert_nothing_is_left();
        wait_until("what ran in it has ended", || inside.state() == 'Z');
        lab.guests().destroy(1).unwrap();
        lab.expect_no_event();
    });
}

#[test]
fn a_suspended_guest_keeps_its_addresses_and_resumes_under_another_number() {
    on_a_host(|lab| {
        running(lab, Namespace::default());
        let inside = Inside::start(lab);
        lab.guests().suspend(1, WITHIN).unwrap();
        assert_eq!(host_ends(), "");
        assert!(lab.guests().found().is_empty());
        wait_until("it is stopped", || inside.state() == 'T');
        lab.restart_daemon();
        assert_eq!(lab.guests().suspended().unwrap(), [uuid(1)]);
        let taken = lab.guests().start(&namespace(1, Namespace::default()));
        assert!(matches!(taken, Err(GuestError::AlreadyThere(_))));
        let spec = GuestSpec {
            uuid: uuid(1),
            ..namespace(7, Namespace::default())
        };
        let nics = lab.guests().resume(&spec, WITHIN).unwrap();
        assert_eq!(nics[0].host_end, "vif7.0");
        assert_eq!(host_ends(), "vif7.0");
        assert!(lab.guests().suspended().unwrap().is_empty());
        lab.guests().unpause(7).unwrap();
        wait_until("it goes on", || inside.state() == 'S');
        run("ip addr add 10.0.0.1/24 dev vif7.0");
        run("ip link set vif7.0 up");
        assert!(answers("10.0.0.2"));
        lab.guests().withdraw(7, 0, WITHIN).unwrap();
    });
}

#[test]
fn a_guest_that_cannot_be_started_leaves_nothing() {
    on_a_host(|lab| {
        for holder in ["/nonexistent", "/bin/false", "/bin/true"] {
            lab.stop_daemon();
            lab.start_daemon_with(Config {
                holder: PathBuf::from(holder),
                ..lab.config()
            });
            let failed = lab.guests().start(&namespace(1, Namespace::default()));
            assert!(
                matches!(failed, Err(GuestError::Failed { .. })),
                "{failed:?}"
            );
            lab.assert_nothing_is_left();
        }
    });
}

#[test]
fn a_guest_may_have_any_name() {
    on_a_host(|lab| {
        let long = "x".repeat(1 << 20);
        for (number, name) in (1..).zip(["", "-", "clings", "a,b=c", "zero\0", "größer", &long]) {
            for (domain, spec) in [
                (number, namespace(number, Namespace::default())),
                (number + 100, bare(number + 100)),
            ] {
                let name = name.to_owned();
                lab.guests().start(&GuestSpec { name, ..spec }).unwrap();
                lab.guests().destroy(domain).unwrap();
            }
        }
    });
}

#[test]
fn a_number_or_a_guest_that_is_there_is_not_started_again() {
    on_a_host(|lab| {
        running(lab, Namespace::default());
        let same_number = GuestSpec {
            uuid: uuid(2),
            ..namespace(1, Namespace::default())
        };
        let same_guest = GuestSpec {
            uuid: uuid(1),
            ..namespace(2, Namespace::default())
        };
        for spec in [same_number, same_guest] {
            let refused = lab.guests().start(&spec);
            assert!(matches!(refused, Err(GuestError::AlreadyThere(_))));
        }
        assert!(answers("10.0.0.2"));
    });
}

#[test]
fn an_offer_that_fails_leaves_nothing() {
    on_a_host(|lab| {
        running(lab, Namespace::default());
        run("ip link add vif1.1 type veth peer name other");
        // The name is taken by a device that is nobody's NIC.
        let failed = lab.guests().offer(1, &nic(1));
        assert!(matches!(failed, Err(GuestError::Failed { .. })));
        assert_eq!(lab.guests().find(1).unwrap().nics.len(), 1);
        assert_eq!(host_ends(), "vif1.0 vif1.1");
        run("ip link del other");
        assert_eq!(lab.guests().offer(1, &nic(1)).unwrap(), "vif1.1");
    });
}

#[test]
fn a_process_that_got_a_guests_number_later_is_not_touched() {
    on_a_host(|lab| {
        running(lab, Namespace::default());
        let inside = Inside::start(lab);
        let file = lab.config().run.join(uuid(1)).join("process.json");
        let process = fs::read_to_string(&file).unwrap();
        lab.stop_daemon();
        let guests_own = lab.processes()[0].clone();
        let another = process.replace(&guests_own, &inside.0.id().to_string());
        assert_ne!(another, process);
        fs::write(&file, another).unwrap();
        lab.start_daemon();
        assert_eq!(lab.folders(), [""; 0]);
        assert_eq!(inside.state(), 'S');
        run(&format!("kill -9 {guests_own}"));
        wait_until("it has ended", || lab.processes().is_empty());
    });
}

#[test]
fn a_guest_that_does_not_speak_any_more_is_found_and_can_be_destroyed() {
    on_a_host(|lab| {
        running(lab, Namespace::default());
        let process = lab.processes()[0].clone();
        lab.stop_daemon();
        run(&format!("kill -STOP {process}"));
        lab.start_daemon();
        let found = lab.guests().find(1).unwrap();
        assert_eq!(found.nics[0].host_end, "vif1.0");
        let refused = lab.guests().withdraw(1, 0, BRIEFLY);
        assert!(
            matches!(refused, Err(GuestError::Failed { .. })),
            "{refused:?}"
        );
        lab.guests().destroy(1).unwrap();
        lab.assert_nothing_is_left();
    });
}

#[test]
fn a_guest_that_speaks_again_is_spoken_to_again() {
    on_a_host(|lab| {
        running(lab, CLINGING);
        let process = lab.processes()[0].clone();
        lab.stop_daemon();
        run(&format!("kill -STOP {process}"));
        lab.start_daemon();
        run(&format!("kill -CONT {process}"));
        wait_until("it is spoken to again", || {
            lab.guests().cling(1, false).is_ok()
        });
        lab.guests().withdraw(1, 0, WITHIN).unwrap();
    });
}

#[test]
fn three_hundred_nics_come_are_found_again_and_go() {
    const GUESTS: u32 = 30;
    const NICS: u32 = 10;
    on_a_host(|lab| {
        let began = Instant::now();
        for domain in 1..=GUESTS {
            lab.guests()
                .start(&namespace(domain, Namespace::default()))
                .unwrap();
        }
        let started = began.elapsed();
        let began = Instant::now();
        for domain in 1..=GUESTS {
            for device in 0..NICS {
                lab.guests().offer(domain, &nic(device)).unwrap();
            }
            lab.guests().unpause(domain).unwrap();
        }
        let offered = began.elapsed();
        let began = Instant::now();
        lab.restart_daemon();
        let found = began.elapsed();
        let nics = lab
            .guests()
            .found()
            .iter()
            .map(|guest| guest.nics.len())
            .sum::<usize>();
        assert_eq!(nics, (GUESTS * NICS) as usize);
        let began = Instant::now();
        for domain in 1..=GUESTS {
            lab.guests().withdraw(domain, 0, WITHIN).unwrap();
        }
        let withdrawn = began.elapsed();
        let began = Instant::now();
        for domain in 1..=GUESTS {
            lab.guests().destroy(domain).unwrap();
        }
        let destroyed = began.elapsed();
        println!(
            "each: start {:?}, offer {:?}, withdraw {:?}, destroy with {} NICs {:?}; found all in {found:?}",
            started / GUESTS,
            offered / (GUESTS * NICS),
            withdrawn / GUESTS,
            NICS - 1,
            destroyed / GUESTS,
        );
    });
}

#[test]
fn a_guest_that_was_being_started_when_the_daemon_was_killed_is_taken_away() {
    on_a_host(|lab| {
        lab.guests()
            .start(&namespace(1, Namespace::default()))
            .unwrap();
        lab.guests().offer(1, &nic(0)).unwrap();
        lab.guests().start(&bare(2)).unwrap();
        lab.guests().offer(2, &nic(0)).unwrap();
        lab.stop_daemon();
        for domain in [1, 2] {
            let file = lab.config().run.join(uuid(domain)).join("guest.json");
            let record = fs::read_to_string(&file).unwrap();
            let half = record.replace("\"phase\":\"Up\"", "\"phase\":\"Starting\"");
            assert_ne!(half, record);
            fs::write(&file, half).unwrap();
        }
        lab.start_daemon();
        lab.assert_nothing_is_left();
    });
}

#[test]
fn a_process_whose_guest_was_taken_away_before_it_said_who_it_is_ends() {
    on_a_host(|lab| {
        let config = lab.config();
        let folder = config.run.join(uuid(1));
        let mut holder = Command::new(config.holder);
        holder.arg(xapi_guest::holder::WORD).arg(&folder);
        holder.args(["namespace", "late"]).stderr(Stdio::piped());
        let output = holder.output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said, "the guest is not wanted any more\n");
        lab.assert_nothing_is_left();
    });
}

/// Standard output of the only process of a guest: the very file that it has open, and not another one of its name.
fn standard_output(lab: &Lab) -> fs::File {
    let [process] = &lab.processes()[..] else {
        panic!("one guest, one process");
    };
    let pid = rustix::process::Pid::from_raw(process.parse().unwrap()).unwrap();
    let handle = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
    let none = rustix::process::PidfdGetfdFlags::empty();
    rustix::process::pidfd_getfd(handle, 1, none)
        .unwrap()
        .into()
}

#[test]
fn the_log_of_a_guest_that_writes_without_end_is_cut_under_its_hands() {
    on_a_host(|lab| {
        lab.stop_daemon();
        lab.start_daemon_with(Config {
            logs_every: Duration::from_millis(20),
            ..lab.config()
        });
        lab.guests().start(&namespace(1, CLINGING)).unwrap();
        let log = lab.config().run.join(uuid(1)).join("log");
        let mut output = standard_output(lab);
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        let length = || fs::metadata(&log).unwrap().len();
        for _ in 0..2 {
            // It writes until somebody has cut what it wrote, and put the end of that back.
            let mut longest = 0;
            wait_until("its log is shorter than it was", || {
                output.write_all(&line).unwrap();
                longest = longest.max(length());
                (64 << 10..longest).contains(&length())
            });
            assert!(longest > 1 << 20, "cut at {longest} octets already");
        }
        output.write_all(b"the end\n").unwrap();
        let left = fs::read(&log).unwrap();
        assert!(left.ends_with(b"x\nthe end\n"));
        // A hole would be read as zeros: it wrote where it would have been without the cut.
        assert!(
            !left.contains(&0),
            "there is a hole in {} octets",
            left.len()
        );
        lab.guests().destroy(1).unwrap();
        // One that grew without the daemon is cut at its start.
        lab.guests().start(&namespace(2, CLINGING)).unwrap();
        let mut output = standard_output(lab);
        lab.stop_daemon();
        output.write_all(&vec![b'y'; 3 << 20]).unwrap();
        lab.start_daemon();
        let log = lab.config().run.join(uuid(2)).join("log");
        wait_until("it is cut", || {
            fs::metadata(&log).unwrap().len() == 64 << 10
        });
    });
}
