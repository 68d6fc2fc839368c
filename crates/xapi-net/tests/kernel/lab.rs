//! Network namespaces that a test makes for itself. They have no name and end with the thread that
//! made them, so nothing stays behind, not even after a kill. The processes started in them end
//! with that thread too.

use std::fmt::Debug;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use xapi_net::kernel::{Kernel, Roots};

/// How long a test waits for something that should come at once.
pub const SOON: Duration = Duration::from_secs(10);

/// Runs a test on a thread of its own.
pub fn in_a_thread(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .name("lab".to_owned())
        .spawn(test)
        .unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// A network namespace.
pub struct Namespace {
    file: File,
    sys: PathBuf,
    _folder: tempfile::TempDir,
}

impl Namespace {
    /// Makes a namespace and enters it. The machine must let us, or the test fails.
    pub fn new() -> Namespace {
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)
            .expect("these tests make network namespaces and must run as root");
        let none = None::<&str>;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
        let folder = tempfile::tempdir().unwrap();
        // sysfs shows the network namespace it was mounted in.
        mount(
            Some("sysfs"),
            folder.path(),
            Some("sysfs"),
            MsFlags::empty(),
            none,
        )
        .unwrap();
        let namespace = Namespace {
            file: File::open("/proc/thread-self/ns/net").unwrap(),
            sys: folder.path().to_owned(),
            _folder: folder,
        };
        run("ip link set lo up");
        namespace
    }

    /// Makes the calling thread, and what it starts from now on, part of this namespace.
    pub fn enter(&self) {
        setns(&self.file, CloneFlags::CLONE_NEWNET).unwrap();
    }

    /// Does something in this namespace and comes back.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = File::open("/proc/thread-self/ns/net").unwrap();
        self.enter();
        let result = work();
        setns(&before, CloneFlags::CLONE_NEWNET).unwrap();
        result
    }

    /// A path by which `ip` finds this namespace.
    pub fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd())
    }

    /// The door to the kernel in this namespace.
    pub fn kernel(&self) -> Kernel {
        self.within(|| {
            Kernel::open_at(Roots {
                sys: self.sys.clone(),
                ..Roots::default()
            })
            .unwrap()
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        nix::mount::umount(&self.sys).unwrap();
    }
}

/// Runs a command, which must succeed; answers what it printed.
pub fn run(command: &str) -> String {
    let mut words = command.split_whitespace();
    let output = Command::new(words.next().unwrap())
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command}: {}{}",
        text(&output.stderr),
        text(&output.stdout)
    );
    text(&output.stdout)
}

/// A process that ends with the thread that started it.
pub struct Process(Child);

impl Process {
    /// Starts a program in the namespace that the thread is in.
    pub fn start(arguments: &[&str]) -> Process {
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        Process(child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Asks again until the answer is yes.
pub fn wait_until(what: &str, mut yes: impl FnMut() -> bool) {
    let began = Instant::now();
    while !yes() {
        assert!(began.elapsed() < SOON, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

/// The next event that `wanted` makes something of.
pub fn wait_for<E: Debug, T>(
    events: &Receiver<E>,
    within: Duration,
    mut wanted: impl FnMut(&E) -> Option<T>,
) -> T {
    let began = Instant::now();
    let mut seen = Vec::new();
    loop {
        match events.recv_timeout(within.saturating_sub(began.elapsed())) {
            Ok(event) => match wanted(&event) {
                Some(found) => return found,
                None => seen.push(event),
            },
            Err(RecvTimeoutError::Timeout) => panic!("not within {within:?}; came: {seen:#?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the sender has gone; came: {seen:#?}"),
        }
    }
}
