//! A terminal with the console on it.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::Lab;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// How long a text is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// The console, as people on a host call it.
pub const PROGRAM: &str = "xsconsole";

/// A terminal of tmux; its server goes when this is dropped.
pub struct Screen {
    server: String,
    /// Whatever is written on the terminal comes out here as well, so that nobody has to look all the time.
    written: File,
    _folder: tempfile::TempDir,
    /// Whether its server is gone already.
    closed: Cell<bool>,
}

impl Screen {
    /// A terminal of this many columns and rows on which a shell script runs in a host. Its last screen stays.
    pub fn open(lab: &Lab, (columns, rows): (u16, u16), script: &str) -> Screen {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("written");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        let written = File::options()
            .read(true)
            .write(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(&pipe)
            .expect("the pipe");
        let screen = Screen {
            server: format!("console-{}-{number}", std::process::id()),
            written,
            _folder: folder,
            closed: Cell::new(false),
        };
        // What is written before the pipe is there would be missed, so the script waits for a line.
        let script = format!("read -r begin; {script}");
        let inside = lab.words(&["exec", "xs-1", "--", "bash", "-c", &script]);
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let mut words = vec!["new-session", "-d", "-x", &columns, "-y", &rows, "--"];
        words.extend(inside.iter().map(String::as_str));
        screen.tmux(&words);
        screen.tmux(&["set-option", "-g", "status", "off"]);
        screen.tmux(&["set-option", "-g", "remain-on-exit", "on"]);
        screen.tmux(&["set-option", "-g", "escape-time", "0"]);
        screen.tmux(&["set-option", "-g", "window-size", "manual"]);
        screen.tmux(&["pipe-pane", "-O", &format!("exec cat >{}", pipe.display())]);
        screen.keys(&["Enter"]);
        screen
    }

    /// The console in a host, on a terminal that knows Unicode and colours.
    pub fn console(lab: &Lab, size: (u16, u16)) -> Screen {
        Screen::open(
            lab,
            size,
            &format!("export LANG=C.UTF-8; {PROGRAM}; echo left=$?"),
        )
    }

    fn run<S: AsRef<OsStr>>(&self, words: &[S]) -> Output {
        Command::new("tmux")
            .args(["-L", &self.server, "-f", "/dev/null"])
            .args(words)
            .env_remove("TMUX")
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .expect("running tmux")
    }

    #[track_caller]
    fn tmux(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {words:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses keys, by tmux's names of them.
    #[track_caller]
    pub fn keys(&self, keys: &[&str]) {
        let mut words = vec!["send-keys", "--"];
        words.extend(keys);
        self.tmux(&words);
    }

    /// Types a text.
    #[track_caller]
    pub fn text(&self, text: &str) {
        self.tmux(&["send-keys", "-l", "--", text]);
    }

    /// Makes the terminal another size.
    #[track_caller]
    pub fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// What is on the screen.
    #[track_caller]
    pub fn shown(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// The same with the sequences that give it its colours.
    #[track_caller]
    pub fn shown_with_colours(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-e"])
    }

    /// Waits until the screen is as it should be, looking again whenever something was written on it.
    #[track_caller]
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let shown = self.shown();
            if is_so(&shown) {
                return shown;
            }
            assert!(
                Instant::now() < end,
                "{what}: not within {PATIENCE:?}; the screen is\n{shown}"
            );
            self.wait_for_writing();
        }
    }

    /// Waits for a text on the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?} on the screen"), |shown| {
            shown.contains(text)
        })
    }

    /// Takes the terminal away from whatever runs on it.
    #[track_caller]
    pub fn close(&self) {
        self.tmux(&["kill-server"]);
        self.closed.set(true);
    }

    /// Leads the console from its first menu to the summary of an emergency reset: management on this NIC, of those
    /// called eth0, eth1 and so on, without a VLAN, with this address of a lab's network, without IPv6.
    #[track_caller]
    pub fn to_the_resets_summary(&self, device: &str, address: &str) {
        self.keys(&["Home", "Down", "Enter", "End"]);
        self.wait_for("This sets the network of this host back");
        self.keys(&["Enter"]);
        self.wait_for("Which NIC shall carry management after the reset?");
        let number = device.strip_prefix("eth").map(str::parse::<usize>);
        let number = number.expect("eth").expect("its number");
        self.keys(&["Home"]);
        for _ in 0..number {
            self.keys(&["Down"]);
        }
        self.wait_for(&format!("> {device}"));
        self.keys(&["Enter"]);
        self.wait_for("Is management on a VLAN of it?");
        self.keys(&["Enter"]);
        self.wait_for("How does it get its address of IPv4?");
        self.keys(&["s", "Enter"]);
        self.wait_for("The static address of IPv4");
        for field in [address, "255.255.255.224", "172.16.0.1"] {
            self.text(field);
            self.keys(&["Enter"]);
        }
        self.wait_for("How does it get its address of IPv6?");
        self.keys(&["Home", "Enter"]);
        self.wait_for("by commas; empty for none");
        self.text("172.16.0.1");
        self.keys(&["Enter"]);
        self.wait_for("to reset the network now:");
    }

    /// From the summary to the end of an emergency reset after which the daemon alone is started again.
    #[track_caller]
    pub fn reset_in_place(&self) {
        self.keys(&["r"]);
        self.wait_for("the daemon restarts; the host does not");
        self.text("yes");
        self.keys(&["Enter"]);
        self.wait_for("The daemon has been started, and has reset the network.");
    }

    fn wait_for_writing(&self) {
        let mut polled = [PollFd::new(self.written.as_fd(), PollFlags::POLLIN)];
        // The end of a program writes nothing, so now and then one looks without a cause.
        match poll(&mut polled, PollTimeout::from(500_u16)) {
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(why) => panic!("waiting for the screen: {why}"),
        }
        let mut buffer = [0; 65536];
        while let Ok(1..) = (&self.written).read(&mut buffer) {}
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.closed.get() {
            return;
        }
        if std::thread::panicking() {
            let last = self.run(&["capture-pane", "-p"]);
            eprintln!(
                "the last screen:\n{}",
                String::from_utf8_lossy(&last.stdout)
            );
        }
        let output = self.run(&["kill-server"]);
        if !output.status.success() {
            eprintln!(
                "tmux kill-server: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}
