//! The lab as its users see it: the program, run with real namespaces, a real Open vSwitch and packets.
//!
//! Needs root and the packages that `xapi-lab up` names. Every test makes labs of its own name and takes them down
//! when it ends, however it ends.

mod daemon;
mod ends;
mod hosts;
mod network;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_xapi-lab");

/// A lab that goes when the test does.
struct TestLab {
    name: String,
}

impl TestLab {
    /// A name that no other test has, and no lab yet.
    fn named_only() -> TestLab {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        TestLab {
            name: format!("t{}-{number}", std::process::id()),
        }
    }

    /// A lab without daemons.
    fn up(arguments: &[&str]) -> TestLab {
        let lab = TestLab::named_only();
        let mut all = vec!["up", "--no-daemon"];
        all.extend(arguments);
        lab.succeeds(&all);
        lab
    }

    fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(["--name", &self.name])
            .env_remove("XAPI_LAB_BIN_DIR");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command()
            .args(arguments)
            .output()
            .expect("running xapi-lab")
    }

    /// Runs a verb that must work; what it printed.
    #[track_caller]
    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "xapi-lab {arguments:?}: {}\n{errors}",
            output.status
        );
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_string()
    }

    /// Runs a verb that must not work; what it said.
    #[track_caller]
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(1),
            "xapi-lab {arguments:?} must fail"
        );
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Runs a shell script in a host or as the client; what it printed.
    #[track_caller]
    fn on(&self, place: &str, script: &str) -> String {
        self.succeeds(&["exec", place, "--", "sh", "-ec", script])
    }

    /// Whether a script ends with success.
    fn is_true_on(&self, place: &str, script: &str) -> bool {
        self.run(&["exec", place, "--", "sh", "-c", script])
            .status
            .success()
    }

    fn state(&self) -> PathBuf {
        Path::new("/run/xapi-lab").join(&self.name)
    }
}

impl Drop for TestLab {
    fn drop(&mut self) {
        let output = self.run(&["down"]);
        if !output.status.success() && !std::thread::panicking() {
            panic!("down: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// Asks again and again until the answer is yes. What is waited for tells nobody when it comes.
#[track_caller]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within 20 s");
        std::thread::yield_now();
    }
}

/// Everything on the machine that carries the lab's name, or lives in one of its hosts' PID namespaces.
fn traces(name: &str, pid_namespaces: &[PathBuf]) -> Vec<String> {
    let mut found = Vec::new();
    for directory in ["/run/netns", "/run/xapi-lab"] {
        let Ok(entries) = fs::read_dir(directory) else {
            continue;
        };
        let names = entries.map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        });
        found.extend(
            names
                .filter(|entry| entry.contains(name))
                .map(|entry| format!("{directory}/{entry}")),
        );
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("the mount table");
    found.extend(
        mounts
            .lines()
            .filter(|line| line.contains(name))
            .map(String::from),
    );
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        // What has ended and only waits for the machine's init to take note of it has no command line.
        if line.is_empty() {
            continue;
        }
        let inside = fs::read_link(entry.path().join("ns/pid"))
            .is_ok_and(|own| pid_namespaces.contains(&own));
        if line.contains(name) || inside {
            found.push(format!("process {}: {line}", entry.file_name().display()));
        }
    }
    found
}

/// The PID namespaces of a lab's hosts, to look for what outlives them.
fn pid_namespaces(lab: &TestLab) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(lab.state()) else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.path().join("init.pid")).ok());
    pids.filter_map(|pid| fs::read_link(format!("/proc/{pid}/ns/pid")).ok())
        .collect()
}

/// A directory of programs for `--bin-dir`, with `xapi` in it.
fn programs_with(xapi: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    fs::copy(xapi, dir.path().join("xapi")).expect("copying xapi");
    dir
}

/// A directory of programs whose `xapi` is this script.
fn programs_with_script(script: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("xapi");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("writing xapi");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("making xapi a program");
    dir
}

/// The stand-in for the daemon, which cargo builds beside the tests.
fn fake_xapi() -> PathBuf {
    let tests = std::env::current_exe().expect("our own path");
    let target = tests
        .parent()
        .and_then(Path::parent)
        .expect("the target directory");
    let path = target.join("examples/fake_xapi");
    assert!(path.exists(), "{} is built by cargo test", path.display());
    path
}
