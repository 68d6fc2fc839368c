//! A host for guests that a test makes for itself: a network namespace without a name, which ends with the test's
//! thread, and a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use xapi_guest::local::{Config, LocalGuests};
use xapi_guest::{Body, Event, GuestSpec, Guests, Namespace, Nic};

/// How long a test waits for something that should come at once.
pub const SOON: Duration = Duration::from_secs(20);

/// Runs a test on a host of its own, and sees that nothing is left of its guests.
pub fn on_a_host(test: impl FnOnce(&mut Lab) + Send + 'static) {
    log();
    let run = || {
        unshare(CloneFlags::CLONE_NEWNET)
            .expect("these tests make network namespaces and must run as root");
        let mut lab = Lab::new();
        test(&mut lab);
        lab.end();
    };
    let thread = std::thread::Builder::new().name("lab".to_owned());
    if let Err(panic) = thread.spawn(run).unwrap().join() {
        std::panic::resume_unwind(panic);
    }
}

/// Guests kept in a folder.
pub fn config(folder: &Path) -> Config {
    Config {
        holder: PathBuf::from(env!("CARGO_BIN_EXE_xapi-guest-holder")),
        ..Config::under(folder)
    }
}

/// Has what the daemon complains of printed.
pub fn log() {
    let print =
        tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN);
    if print
        .with_ansi(false)
        .with_test_writer()
        .try_init()
        .is_err()
    {
        // Another test has done so.
    }
}

pub struct Lab {
    pub folder: tempfile::TempDir,
    /// The daemon, unless it is away.
    guests: Option<LocalGuests>,
    events: Receiver<Event>,
}

impl Lab {
    fn new() -> Lab {
        let folder = tempfile::tempdir().unwrap();
        let (_, events) = channel();
        let mut lab = Lab {
            folder,
            guests: None,
            events,
        };
        lab.start_daemon();
        lab
    }

    pub fn config(&self) -> Config {
        config(self.folder.path())
    }

    pub fn guests(&self) -> &LocalGuests {
        self.guests.as_ref().expect("the daemon is away")
    }

    pub fn start_daemon(&mut self) {
        self.start_daemon_with(self.config());
    }

    pub fn start_daemon_with(&mut self, config: Config) {
        let guests = LocalGuests::open(config).unwrap();
        let (tell, told) = channel();
        guests.subscribe(Box::new(move |event| {
            // The test may be over, or the daemon another one's.
            if tell.send(event).is_err() {
                eprintln!("nobody waits for {event:?}");
            }
        }));
        self.guests = Some(guests);
        self.events = told;
    }

    /// The daemon goes, its guests stay.
    pub fn stop_daemon(&mut self) {
        self.guests = None;
    }

    pub fn restart_daemon(&mut self) {
        self.stop_daemon();
        self.start_daemon();
    }

    /// The next event, which must be this one.
    pub fn expect(&self, event: Event) {
        assert_eq!(self.events.recv_timeout(SOON), Ok(event));
    }

    pub fn event_within(&self, within: Duration) -> Result<Event, RecvTimeoutError> {
        self.events.recv_timeout(within)
    }

    pub fn expect_no_event(&self) {
        assert_eq!(self.events.try_iter().collect::<Vec<_>>(), []);
    }

    /// Runs a command in a namespace guest.
    pub fn inside(&self, domain: u32, command: &str) -> String {
        let namespace = self.guests().namespace(domain).unwrap();
        run(&format!("nsenter --net={} {command}", namespace.display()))
    }

    /// The numbers of the guests' processes.
    pub fn processes(&self) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap() {
            let path = entry.unwrap().path();
            // What it says goes into its guest's folder. It may end while we look.
            let says = fs::read_link(path.join("fd/1"));
            if says.is_ok_and(|file| file.starts_with(self.folder.path())) {
                found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            }
        }
        found
    }

    /// The folders of guests.
    pub fn folders(&self) -> Vec<String> {
        let entries = fs::read_dir(self.config().run).unwrap();
        let folders = entries.map(Result::unwrap).filter(|it| it.path().is_dir());
        let mut names: Vec<_> = folders
            .map(|it| it.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub fn assert_nothing_is_left(&self) {
        assert_eq!(host_ends(), "");
        assert_eq!(self.processes(), [""; 0]);
        assert_eq!(self.folders(), [""; 0]);
    }

    fn end(&mut self) {
        if self.guests.is_none() {
            self.start_daemon();
        }
        self.clear();
        self.assert_nothing_is_left();
    }

    fn clear(&self) {
        let Some(guests) = &self.guests else {
            return;
        };
        for found in guests.found() {
            guests.destroy(found.domain).unwrap();
        }
        for uuid in guests.suspended().unwrap() {
            guests.discard(&uuid).unwrap();
        }
    }
}

impl Drop for Lab {
    /// After a failed test too no process stays.
    fn drop(&mut self) {
        if std::thread::panicking() {
            if self.guests.is_none() {
                self.guests = LocalGuests::open(self.config()).ok();
            }
            self.clear();
        }
    }
}

pub fn uuid(domain: u32) -> String {
    format!("6a4c1f36-0b0e-4c52-9e5c-{domain:012}")
}

pub fn namespace(domain: u32, body: Namespace) -> GuestSpec {
    GuestSpec {
        domain,
        uuid: uuid(domain),
        name: format!("guest {domain}"),
        body: Body::Namespace(body),
    }
}

pub fn nic(device: u32) -> Nic {
    Nic {
        device,
        mac: [2, 0, 0, 0, 0, 1 + u8::try_from(device).unwrap()],
        mtu: 1500,
    }
}

/// The host's ends that are there.
pub fn host_ends() -> String {
    let links = run("ip -o link");
    let names = links.lines().filter_map(|line| line.split(": ").nth(1));
    let names = names.filter_map(|name| name.split('@').next());
    let ends: Vec<&str> = names.filter(|name| name.starts_with("vif")).collect();
    ends.join(" ")
}

/// Runs a command, which must succeed; answers what it printed.
pub fn run(command: &str) -> String {
    let output = output(command);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command}: {err}{out}");
    out
}

/// Runs a command.
pub fn output(command: &str) -> Output {
    let mut words = command.split_whitespace();
    let mut command = Command::new(words.next().unwrap());
    command.args(words).stdin(Stdio::null()).output().unwrap()
}

/// Asks again until the answer is yes.
pub fn wait_until(what: &str, mut yes: impl FnMut() -> bool) {
    let began = Instant::now();
    while !yes() {
        assert!(began.elapsed() < SOON, "waited in vain until {what}");
        std::thread::yield_now();
    }
}
