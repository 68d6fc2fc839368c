//! A daemon killed at any moment leaves guests that the next one has whole, or not at all.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use xapi_guest::local::LocalGuests;
use xapi_guest::{GuestSpec, Guests, Namespace, State};

use crate::lab::{Lab, config, host_ends, log, namespace, nic, on_a_host, uuid};
use crate::linux::bare;

/// Says that this test binary is a daemon, in that folder.
const FOLDER: &str = "XAPI_GUEST_TEST_FOLDER";
const WITHIN: Duration = Duration::from_secs(20);
/// The longest time that a daemon has before it is killed.
const LIFE: Duration = Duration::from_millis(400);
const KILLS: usize = 40;
const SOAK_KILLS: usize = 500;

/// No test but the program that the test below kills.
#[test]
fn daemon() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    log();
    let folder = PathBuf::from(folder);
    let guests = LocalGuests::open(config(&folder)).unwrap();
    // It may be killed before its end can be seen.
    std::panic::set_hook(Box::new(move |panic| {
        eprintln!("{panic}");
        std::fs::write(folder.join(FAILED), panic.to_string()).unwrap();
    }));
    println!("the daemon is there");
    let mut domain = 1;
    loop {
        domain = live(&guests, domain);
    }
}

/// All that can be done to a guest of each kind, and to those that are there.
fn live(guests: &LocalGuests, mut domain: u32) -> u32 {
    clear(guests);
    for uuid in guests.suspended().unwrap() {
        domain += 10;
        guests.resume(&spec(domain, &uuid), WITHIN).unwrap();
        guests.unpause(domain).unwrap();
    }
    clear(guests);
    for body in [1, 2] {
        domain += 10;
        let spec = spec(domain, &uuid(body));
        guests.start(&spec).unwrap();
        guests.offer(domain, &nic(0)).unwrap();
        guests.offer(domain, &nic(1)).unwrap();
        guests.unpause(domain).unwrap();
        if body == 1 {
            guests.withdraw(domain, 1, WITHIN).unwrap();
        }
        guests.withdraw_force(domain, 1).unwrap();
        guests.suspend(domain, WITHIN).unwrap();
    }
    domain
}

fn clear(guests: &LocalGuests) {
    for found in guests.found() {
        guests.destroy(found.domain).unwrap();
    }
}

/// A namespace or a machine, by its uuid.
fn spec(domain: u32, its: &str) -> GuestSpec {
    let spec = match its == uuid(1) {
        true => namespace(domain, Namespace::default()),
        false => bare(domain),
    };
    GuestSpec {
        uuid: its.to_owned(),
        ..spec
    }
}

fn start(lab: &Lab) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "kills::daemon", "--nocapture"]);
    command.env(FOLDER, lab.folder.path());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("the daemon is there")));
    child
}

/// What a daemon that failed leaves in the lab's folder.
const FAILED: &str = "failed";

#[test]
fn a_daemon_killed_at_any_moment_leaves_nothing_that_the_next_one_does_not_have() {
    let seed = match std::env::var("XAPI_GUEST_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => std::process::id().into(),
    };
    let kills = match std::env::var_os("XAPI_SOAK") {
        Some(_) => SOAK_KILLS,
        None => KILLS,
    };
    println!("XAPI_GUEST_SEED={seed}");
    on_a_host(move |lab| {
        let mut random = Random(seed);
        let mut seen = Seen::default();
        lab.stop_daemon();
        for kill in 0..kills {
            let mut daemon = start(lab);
            let life = LIFE.mul_f64(random.fraction());
            let handle = pidfd(&daemon);
            assert!(
                !ends_within(&handle, life),
                "kill {kill}: the daemon failed by itself"
            );
            daemon.kill().unwrap();
            daemon.wait().unwrap();
            lab.start_daemon();
            compare(lab, &mut seen);
            lab.stop_daemon();
        }
        println!("after {kills} kills: {seen:?}");
    });
}

/// What the kills hit, so that a test which hits nothing can be told.
#[derive(Debug, Default)]
struct Seen {
    running: usize,
    paused: usize,
    suspended: usize,
    nothing: usize,
}

/// Whether what the daemon has is what is there.
fn compare(lab: &Lab, seen: &mut Seen) {
    let found = lab.guests().found();
    let suspended = lab.guests().suspended().unwrap();
    let ends = found.iter().flat_map(|guest| &guest.nics);
    let mut ends: Vec<&str> = ends.map(|nic| nic.host_end.as_str()).collect();
    ends.sort_unstable();
    let there = host_ends();
    let mut there: Vec<&str> = there.split_whitespace().collect();
    there.sort_unstable();
    assert_eq!(there, ends);
    let is_kept = |folder: &&String| suspended.contains(folder) && **folder == uuid(1);
    let folders = lab.folders();
    let without_domain = folders.iter().filter(is_kept).count();
    assert_eq!(folders.len(), found.len() + without_domain, "{folders:?}");
    // A guest's process that was just begun ends once it sees that it isn't wanted.
    let began = Instant::now();
    while lab.processes().len() != folders.len() {
        assert!(began.elapsed() < WITHIN, "{:?}: {found:?}", lab.processes());
        std::thread::yield_now();
    }
    for guest in &found {
        assert!(!suspended.contains(&guest.uuid), "{guest:?}");
    }
    let count = |state| found.iter().filter(|guest| guest.state == state).count();
    seen.running += count(State::Running);
    seen.paused += count(State::Paused);
    seen.suspended += suspended.len();
    seen.nothing += usize::from(found.is_empty() && suspended.is_empty());
}

fn pidfd(child: &Child) -> std::os::fd::OwnedFd {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap()
}

fn ends_within(process: &std::os::fd::OwnedFd, within: Duration) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd;
    let mut fds = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::try_from(within).unwrap()).unwrap() > 0
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    }
}
