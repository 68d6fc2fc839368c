//! A host with its own Open vSwitch, for tests: a network namespace with NICs that are veth ends, a second namespace as
//! the switch they are plugged into, and a real ovsdb-server and ovs-vswitchd with the userspace datapath.
//!
//! Nothing here has a name outside: the namespaces are anonymous and held by processes that end when we do, however we
//! end, and everything else is in a temporary directory. A lab that cannot be set up fails the test.

use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use xapi_net::ovs::ovsdb::Client;

/// The address of the switch; the host's are on the same /24.
pub const SWITCH: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);

/// A network namespace, alive as long as this value.
pub struct Namespace {
    holder: Child,
}

impl Namespace {
    pub fn new() -> Namespace {
        let script = "mount -t sysfs sysfs /sys && ip link set lo up && echo ready && exec cat";
        let mut holder = Command::new("unshare")
            .args([
                "--net",
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                script,
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare");
        let mut line = String::new();
        let stdout = holder.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("a line from the namespace");
        assert_eq!(
            line, "ready\n",
            "the namespace could not be made; is this root?"
        );
        Namespace { holder }
    }

    /// A command that will run in the namespace.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["-t", &self.pid().to_string(), "-n", "-m", "--"])
            .args(words.split_whitespace());
        command
    }

    /// Runs a command that must succeed, and gives what it prints.
    pub fn run(&self, words: &str) -> String {
        succeed(self.command(words))
    }

    pub fn pid(&self) -> u32 {
        self.holder.id()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        end(&mut self.holder);
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself; then there is nothing to kill.
    drop(child.kill());
    drop(child.wait());
}

pub fn succeed(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("a command that can be run");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
    stdout.into_owned()
}

/// A host and its switch.
pub struct Lab {
    pub host: Namespace,
    pub switch: Namespace,
    run: TempDir,
    ovsdb: Child,
    vswitchd: Child,
}

impl Lab {
    /// A host with NICs eth0, eth1, … plugged into the switch.
    pub fn new(nics: usize) -> Lab {
        Lab::with_database(nics, false)
    }

    /// The same with a database that keeps its history, as a cluster (of one) does.
    pub fn with_history(nics: usize) -> Lab {
        Lab::with_database(nics, true)
    }

    fn with_database(nics: usize, is_cluster: bool) -> Lab {
        let (host, switch) = (Namespace::new(), Namespace::new());
        switch.run("ip link add sw0 type bridge");
        switch.run("ip link set sw0 up");
        switch.run(&format!("ip addr add {SWITCH}/24 dev sw0"));
        let run = tempfile::Builder::new()
            .prefix("ovs-")
            .tempdir()
            .expect("a directory");
        create_database(run.path(), is_cluster);
        let ovsdb = start_ovsdb(&host, run.path());
        let vswitchd = start_vswitchd(&host, run.path());
        let mut lab = Lab {
            host,
            switch,
            run,
            ovsdb,
            vswitchd,
        };
        for nic in 0..nics {
            lab.plug_in(&format!("eth{nic}"));
        }
        lab.wait_until_ready();
        lab
    }

    /// The carrier of a NIC, as its cable would give and take it.
    pub fn set_carrier(&self, nic: &str, up: bool) {
        self.switch.run(&format!(
            "ip link set p-{nic} {}",
            if up { "up" } else { "down" }
        ));
    }

    /// A new NIC in the host, up and plugged into the switch.
    pub fn plug_in(&self, nic: &str) {
        let (host, switch) = (self.host.pid(), &self.switch);
        switch.run(&format!(
            "ip link add p-{nic} type veth peer name {nic} netns {host}"
        ));
        switch.run(&format!("ip link set p-{nic} master sw0 up"));
        self.host.run(&format!("ip link set {nic} up"));
    }

    pub fn run_dir(&self) -> &Path {
        self.run.path()
    }

    pub fn socket(&self) -> PathBuf {
        self.run.path().join("db.sock")
    }

    pub fn client(&self) -> Client {
        Client::new(self.socket())
    }

    pub fn vsctl(&self, words: &str) -> String {
        let mut command = self.host.command("ovs-vsctl --timeout=10");
        command
            .arg(format!("--db=unix:{}", self.socket().display()))
            .args(words.split_whitespace());
        succeed(command).trim_end().to_owned()
    }

    pub fn appctl(&self, words: &str) -> String {
        let mut command = self.host.command("ovs-appctl");
        command
            .env("OVS_RUNDIR", self.run_dir())
            .args(words.split_whitespace());
        succeed(command)
    }

    pub fn kill_ovsdb(&mut self) {
        end(&mut self.ovsdb);
    }

    pub fn start_ovsdb(&mut self) {
        self.ovsdb = start_ovsdb(&self.host, self.run.path());
    }

    pub fn kill_vswitchd(&mut self) {
        end(&mut self.vswitchd);
    }

    pub fn start_vswitchd(&mut self) {
        self.vswitchd = start_vswitchd(&self.host, self.run.path());
    }

    pub fn vswitchd_pid(&self) -> u32 {
        self.vswitchd.id()
    }

    /// Stops ovs-vswitchd in its tracks, or lets it go on.
    pub fn signal_vswitchd(&self, signal: Signal) {
        kill(
            Pid::from_raw(self.vswitchd.id().try_into().expect("a process id")),
            signal,
        )
        .expect("a signal");
    }

    fn wait_until_ready(&mut self) {
        let deadline = soon();
        self.client().nudge(deadline).unwrap_or_else(|why| {
            let log = |name: &str| {
                std::fs::read_to_string(self.run.path().join(name)).unwrap_or_default()
            };
            let logs = log("ovsdb-server.log") + &log("ovs-vswitchd.log");
            panic!("Open vSwitch did not start: {why:?}\n{logs}")
        });
    }

    /// Drops every connection to the database server, which goes on.
    pub fn drop_connections(&self) {
        self.appctl("-t ovsdb-server ovsdb-server/reconnect");
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.run.path().join("ovs-vswitchd.log"));
            let log = log.unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(30)..];
            println!("the end of ovs-vswitchd's log:\n{}", last.join("\n"));
        }
        end(&mut self.vswitchd);
        end(&mut self.ovsdb);
    }
}

fn create_database(run: &Path, is_cluster: bool) {
    let schema = "/usr/share/openvswitch/vswitch.ovsschema";
    let mut command = Command::new("ovsdb-tool");
    if is_cluster {
        let raft = format!("unix:{}", run.join("raft.sock").display());
        command
            .arg("create-cluster")
            .arg(run.join("conf.db"))
            .args([schema, &raft]);
    } else {
        command.arg("create").arg(run.join("conf.db")).arg(schema);
    }
    succeed(command);
}

fn start_ovsdb(host: &Namespace, run: &Path) -> Child {
    let remote = format!("--remote=punix:{}", run.join("db.sock").display());
    let mut command = daemon(host, run, "ovsdb-server");
    command
        .arg(remote)
        .arg(run.join("conf.db"))
        .spawn()
        .expect("ovsdb-server")
}

fn start_vswitchd(host: &Namespace, run: &Path) -> Child {
    let database = format!("unix:{}", run.join("db.sock").display());
    let mut command = daemon(host, run, "ovs-vswitchd");
    command.arg(database).spawn().expect("ovs-vswitchd")
}

/// In the foreground, and killed by the kernel when the thread of the test is gone.
fn daemon(host: &Namespace, run: &Path, name: &str) -> Command {
    let mut command = host.command("setpriv --pdeathsig KILL");
    command
        .arg(name)
        .args(["--no-chdir", "--pidfile", "--log-file", "-vconsole:off"]);
    for variable in ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"] {
        command.env(variable, run);
    }
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

pub fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// A ping every ten milliseconds, from the switch.
pub struct Ping {
    child: Child,
    answers: BufReader<ChildStdout>,
    times: Vec<f64>,
}

impl Ping {
    /// Starts, and returns after a few answers.
    pub fn start(lab: &Lab, address: Ipv4Addr) -> Ping {
        let mut command = lab
            .switch
            .command("setpriv --pdeathsig KILL ping -n -D -w 15 -i 0.01");
        let mut child = command
            .arg(address.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ping");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut ping = Ping {
            child,
            answers,
            times: Vec::new(),
        };
        ping.listen_until(|times| times.len() >= 20);
        ping
    }

    /// Goes on until there were answers for half a second after this call, then tells the longest time without one
    /// since the start.
    pub fn longest_silence(mut self) -> Duration {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock")
            .as_secs_f64();
        self.listen_until(|times| times.last().is_some_and(|time| *time > now + 0.5));
        let gaps = self.times.windows(2).map(|pair| pair[1] - pair[0]);
        Duration::from_secs_f64(gaps.fold(0.0, f64::max))
    }

    fn listen_until(&mut self, enough: impl Fn(&[f64]) -> bool) {
        while !enough(&self.times) {
            let mut line = String::new();
            assert_ne!(
                self.answers.read_line(&mut line).expect("a line"),
                0,
                "no answer until ping gave up"
            );
            self.times.extend(answer_time(&line));
        }
    }
}

impl Drop for Ping {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn answer_time(line: &str) -> Option<f64> {
    let time = line.strip_prefix('[')?.split(']').next()?;
    line.contains("bytes from").then(|| time.parse().ok())?
}
