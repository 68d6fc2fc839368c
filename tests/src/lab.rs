//! A lab for one test: made by the program that users make labs with, gone when the test ends, however it ends.
//!
//! Needs root, and `xapi-lab` and `xapi` built in the same profile as the tests (`make test` does that). Tests that
//! measure silences take [`Lab::alone`], and no other lab of this process runs meanwhile.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns};
use serde_json::Value as Json;
use xapi_client::{Client, ClientError, Options, Session};
use xapi_model::{
    Bond, BondMode, Class, IpConfigurationMode, Ipv6ConfigurationMode, Network, Pif, Ref, Value,
    bond, pif,
};

use crate::ping::{Ping, Report};

/// Held for writing by a test that measures time, for reading by all others.
static QUIET: RwLock<()> = RwLock::new(());

/// How long a call may take before a test fails.
const CALL: Duration = Duration::from_secs(60);
/// Set in the kernel lab, whose processor is one and slow.
const SLOW: &str = "KERNEL_LAB";
/// How many times longer than elsewhere a network may be silent there.
const SLOWER: u32 = 20;
/// How long [`eventually`] waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keeps labs that would disturb each other apart.
enum Turn {
    Shared(#[expect(dead_code, reason = "held, not read")] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code, reason = "held, not read")] RwLockWriteGuard<'static, ()>),
}

/// As long as the answer lives, no lab of this process runs.
pub fn undisturbed() -> impl Sized {
    Turn::alone()
}

impl Turn {
    fn alone() -> Turn {
        Turn::Alone(QUIET.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A lab.
pub struct Lab {
    name: String,
    /// Root's password on its hosts.
    pub password: String,
    _turn: Turn,
}

impl Lab {
    /// A lab beside which others may run.
    pub fn up(options: &[&str]) -> Lab {
        let turn = Turn::Shared(QUIET.read().unwrap_or_else(PoisonError::into_inner));
        Lab::with(turn, options)
    }

    /// A lab beside which no other of this process runs.
    pub fn alone(options: &[&str]) -> Lab {
        Lab::with(Turn::alone(), options)
    }

    fn with(turn: Turn, options: &[&str]) -> Lab {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut lab = Lab {
            name: format!("test-{}-{number}", std::process::id()),
            password: String::new(),
            _turn: turn,
        };
        let mut arguments = vec!["up", "--json"];
        arguments.extend(options);
        let record: Json = serde_json::from_str(&lab.verb(&arguments)).expect("the lab as JSON");
        lab.password = record["hosts"][0]["password"]
            .as_str()
            .expect("a password")
            .to_owned();
        lab
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(["--name", &self.name])
            .args(arguments)
            .env_remove("XAPI_LAB_BIN_DIR");
        command
    }

    /// The words of a command line that runs a verb of xapi-lab, for whoever runs it himself.
    pub fn words(&self, arguments: &[&str]) -> Vec<String> {
        let program = program();
        let program = program.to_str().expect("a path in UTF-8");
        let ours = [
            "env",
            "-u",
            "XAPI_LAB_BIN_DIR",
            program,
            "--name",
            &self.name,
        ];
        let words = ours.iter().chain(arguments);
        words.map(|word| (*word).to_owned()).collect()
    }

    /// Runs a verb of xapi-lab, whatever comes of it.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("running xapi-lab")
    }

    /// Runs a verb of xapi-lab that must work; what it printed.
    #[track_caller]
    pub fn verb(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "xapi-lab {arguments:?}: {}\n{errors}",
            output.status
        );
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// Runs a shell script in a host; what it printed.
    #[track_caller]
    pub fn exec(&self, host: &str, script: &str) -> String {
        self.verb(&["exec", host, "--", "bash", "-euc", script])
    }

    /// Runs a shell script in a host with a text as its input.
    #[track_caller]
    pub fn feed(&self, host: &str, script: &str, input: &str) {
        use std::io::Write;
        let mut child = self
            .command(&["exec", host, "--", "bash", "-euc", script])
            .stdin(Stdio::piped())
            .spawn()
            .expect("running xapi-lab");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("its input");
        drop(stdin);
        let status = child.wait().expect("its end");
        assert!(status.success(), "{script}: {status}");
    }

    /// A shell script that is to run in a host, its output in a pipe.
    pub fn piped(&self, host: &str, script: &str) -> Command {
        let mut command = self.command(&["exec", host, "--", "bash", "-euc", script]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    /// Which datapath the hosts' Open vSwitch has: `system` is the kernel's, `netdev` that in user space.
    pub fn datapath(&self) -> String {
        let show = "ovs-vsctl --bare get Bridge xenbr0 datapath_type";
        match self.exec("xs-1", show).as_str() {
            "" | "\"\"" => "system".to_owned(),
            kind => kind.to_owned(),
        }
    }

    /// Runs a shell script on the lab's network.
    #[track_caller]
    pub fn client(&self, script: &str) -> String {
        self.exec("client", script)
    }

    /// Starts a command in a host that goes on until the lab does, and waits for its first line.
    pub fn background(&self, host: &str, script: &str) -> Background {
        use std::io::{BufRead, BufReader};
        let mut child = self.piped(host, script).spawn().expect("running xapi-lab");
        let mut line = String::new();
        let output = child.stdout.take().expect("a pipe");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("its first line");
        assert!(!line.is_empty(), "{script} ended before it said anything");
        Background(child)
    }

    /// The name of the network namespace of the client, which is the switch's.
    pub fn client_name(&self) -> String {
        format!("xapi-lab-{}-sw", self.name)
    }

    /// The network namespace of the client.
    fn client_netns(&self) -> PathBuf {
        Path::new("/run/netns").join(self.client_name())
    }

    /// Does something with sockets as a program on the lab's network would.
    pub fn as_client<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let netns = File::open(self.client_netns()).expect("the client's network namespace");
        let outcome = std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                setns(netns, CloneFlags::CLONE_NEWNET)
                    .expect("entering the client's network namespace");
                act()
            });
            thread.join()
        });
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Pings an address from the client; returns when it is answered.
    pub fn ping(&self, address: &str) -> Ping {
        let address: IpAddr = address.parse().expect("an address");
        Ping::start(&self.client_netns(), address)
    }

    /// Pings an address from a host; returns when it is answered.
    pub fn ping_from(&self, host: &str, address: &str) -> Ping {
        let netns = format!("/run/netns/xapi-lab-{}-{host}", self.name);
        Ping::start(Path::new(&netns), address.parse().expect("an address"))
    }

    /// The XenAPI of a host, over its unix socket.
    pub fn api(&self, host: &str) -> Xen {
        Xen::login(&self.socket(host))
    }

    /// The daemon's unix socket, as seen from here.
    pub fn socket(&self, host: &str) -> PathBuf {
        self.state(host).join("xapi")
    }

    /// What is /var/lib/xcp on a host, as seen from here.
    pub fn state(&self, host: &str) -> PathBuf {
        let lab = Path::new("/run/xapi-lab").join(&self.name);
        lab.join(host).join("xcp")
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let output = self.run(&["logs", "xs-1"]);
            let log = String::from_utf8_lossy(&output.stdout);
            let lines: Vec<_> = log.lines().collect();
            eprintln!(
                "the end of the daemon's log:\n{}",
                lines[lines.len().saturating_sub(40)..].join("\n")
            );
        }
        let output = self.run(&["down"]);
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            assert!(std::thread::panicking(), "down: {why}");
            eprintln!("down: {why}");
        }
    }
}

/// A command that runs until this is dropped.
pub struct Background(std::process::Child);

impl Drop for Background {
    fn drop(&mut self) {
        if let Err(why) = self.0.kill().and_then(|()| self.0.wait()) {
            eprintln!("a background command: {why}");
        }
    }
}

/// The lab program, beside the directory of the tests.
pub fn program() -> PathBuf {
    let tests = std::env::current_exe().expect("our own path");
    let profile = tests
        .parent()
        .and_then(Path::parent)
        .expect("target/PROFILE/deps");
    for name in ["xapi-lab", "xapi", "xe"] {
        let path = profile.join(name);
        assert!(
            path.exists(),
            "{} is missing: `cargo build --workspace --bins` makes it",
            path.display()
        );
    }
    profile.join("xapi-lab")
}

/// Fails if a ping found a longer silence than this; in the kernel lab, a much longer one.
#[track_caller]
pub fn quiet_at_most(limit: Duration, doing: &str, report: &Report) {
    println!("{doing}: {report:?}");
    let limit = match std::env::var_os(SLOW) {
        Some(_) => limit * SLOWER,
        None => limit,
    };
    assert!(report.silence <= limit, "{doing}: {report:?}");
}

/// Asks again and again until the answer is yes. What is waited for tells nobody when it comes.
#[track_caller]
pub fn eventually<T>(what: &str, mut is_so: impl FnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        match is_so() {
            Ok(found) => return found,
            Err(why) => assert!(
                Instant::now() < end,
                "{what}: not within {PATIENCE:?}: {why}"
            ),
        }
    }
}

/// The XenAPI of one host, and what tests ask of it most.
pub struct Xen {
    session: Session,
}

impl Xen {
    /// Logs in over the unix socket.
    pub fn login(socket: &Path) -> Xen {
        Xen::try_login(socket).expect("login over the unix socket")
    }

    /// Logs in over the unix socket, if it answers.
    pub fn try_login(socket: &Path) -> Result<Xen, ClientError> {
        Xen::patient(socket, CALL)
    }

    /// Logs in over the unix socket, for calls that may take this long.
    pub fn patient(socket: &Path, call: Duration) -> Result<Xen, ClientError> {
        let options = Options {
            call_timeout: Some(call),
            ..Options::default()
        };
        let session = Session::login(Client::unix(socket).with(options), "root", "", "tests")?;
        Ok(Xen { session })
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// All objects of a class.
    pub fn all<C: Class>(&self) -> Vec<(Ref<C>, C)> {
        self.session.records().expect("get_all_records")
    }

    /// The PIF with this device and no VLAN.
    #[track_caller]
    pub fn pif(&self, device: &str) -> (Ref<Pif>, Pif) {
        let mut all = self.all::<Pif>().into_iter();
        let found = all.find(|(_, pif)| pif.device == device && pif.vlan < 0);
        found.unwrap_or_else(|| panic!("no PIF {device}"))
    }

    /// The management interface.
    #[track_caller]
    pub fn management(&self) -> (Ref<Pif>, Pif) {
        let all = self.all::<Pif>();
        let found: Vec<_> = all.into_iter().filter(|(_, pif)| pif.management).collect();
        assert_eq!(found.len(), 1, "management interfaces: {found:#?}");
        found.into_iter().next().expect("one")
    }

    /// Makes a network; its bridge is the server's choice.
    pub fn new_network(&self, label: &str) -> Ref<Network> {
        let made = self
            .session
            .call("network.create", self.network_call(label));
        let made = made.expect("network.create");
        Ref::new(made.as_str().expect("a reference"))
    }

    /// The parameters of `network.create`, not made yet.
    pub fn network_call(&self, label: &str) -> Vec<Value> {
        let empty = || Value::Struct(Vec::new());
        let members = [
            ("name_label", Value::from(label)),
            ("name_description", Value::from("")),
            ("MTU", Value::Str("1500".to_owned())),
            ("other_config", empty()),
            ("bridge", Value::from("")),
            ("managed", Value::Bool(true)),
            ("tags", Value::Array(Vec::new())),
        ];
        let record = members
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec();
        vec![Value::Struct(record)]
    }

    /// `Bond.create` over devices, not made yet.
    pub fn bond_call(
        &self,
        network: &Ref<Network>,
        devices: &[&str],
        mode: BondMode,
    ) -> bond::Create {
        bond::Create {
            network: network.clone(),
            members: devices.iter().map(|device| self.pif(device).0).collect(),
            mac: String::new(),
            mode,
            properties: BTreeMap::new(),
        }
    }

    /// `Bond.create` over devices.
    pub fn try_bond(
        &self,
        network: &Ref<Network>,
        devices: &[&str],
        mode: BondMode,
    ) -> Result<Ref<Bond>, ClientError> {
        self.session.invoke(&self.bond_call(network, devices, mode))
    }

    /// `Bond.create` over devices on a network of its own.
    #[track_caller]
    pub fn bond(&self, devices: &[&str], mode: BondMode) -> Ref<Bond> {
        let network = self.new_network("bonded");
        self.try_bond(&network, devices, mode).expect("Bond.create")
    }

    /// `Bond.destroy`.
    #[track_caller]
    pub fn unbond(&self, bond: &Ref<Bond>) {
        let call = bond::Destroy { this: bond.clone() };
        self.session.invoke(&call).expect("Bond.destroy");
    }

    /// `PIF.reconfigure_ip` to a static address without gateway, or with one.
    pub fn try_static(
        &self,
        pif: &Ref<Pif>,
        ip: &str,
        netmask: &str,
        gateway: &str,
    ) -> Result<(), ClientError> {
        self.session.invoke(&pif::ReconfigureIp {
            this: pif.clone(),
            mode: IpConfigurationMode::Static,
            ip: ip.to_owned(),
            netmask: netmask.to_owned(),
            gateway: gateway.to_owned(),
            dns: String::new(),
        })
    }

    /// `PIF.reconfigure_ip` to DHCP.
    #[track_caller]
    pub fn dhcp(&self, pif: &Ref<Pif>) {
        let call = pif::ReconfigureIp {
            this: pif.clone(),
            mode: IpConfigurationMode::Dhcp,
            ip: String::new(),
            netmask: String::new(),
            gateway: String::new(),
            dns: String::new(),
        };
        self.session
            .invoke(&call)
            .expect("PIF.reconfigure_ip to DHCP");
    }

    /// `PIF.reconfigure_ipv6` to a static address.
    #[track_caller]
    pub fn static_v6(&self, pif: &Ref<Pif>, ipv6: &str, gateway: &str) {
        let call = pif::ReconfigureIpv6 {
            this: pif.clone(),
            mode: Ipv6ConfigurationMode::Static,
            ipv6: ipv6.to_owned(),
            gateway: gateway.to_owned(),
            dns: String::new(),
        };
        self.session.invoke(&call).expect("PIF.reconfigure_ipv6");
    }
}
