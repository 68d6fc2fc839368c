//! What a lab is called and where its things are: names, addresses, paths, and the record `up` leaves.
//!
//! Everything a lab makes is findable from its name alone: the state directory `/run/xapi-lab/NAME`, the
//! network namespaces `xapi-lab-NAME-sw` and `xapi-lab-NAME-xs-N`, and processes that say the name on their
//! command line or live in one of those namespaces. That is what lets `down` clean up after anything.

use std::fmt;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::failure::{Doing, Failure, Result};

/// Where every lab keeps its state.
const STATE: &str = "/run/xapi-lab";
/// Where `ip netns` keeps names of network namespaces.
const NETNS: &str = "/run/netns";
/// The most hosts a lab has: their addresses are 172.16.0.10, .12 … .30 in a /27.
pub const MOST_HOSTS: u8 = 11;
/// The most NICs a host starts with.
pub const MOST_NICS: u8 = 32;
/// The switch's own address: the gateway of every host.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 1);
/// The lab network's prefix length.
pub const PREFIX: u8 = 27;
/// The lab network's mask, as installers write it.
pub const NETMASK: Ipv4Addr = Ipv4Addr::new(255, 255, 255, 224);
/// The switch's IPv6 address and prefix.
pub const GATEWAY_V6: &str = "fd00:172:16::1/64";

/// The name of a lab: short, and safe in file names, namespace names and command lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabName(String);

impl FromStr for LabName {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<LabName, String> {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.is_empty() || text.len() > 32 || !text.chars().all(fine) || text.starts_with('-') {
            return Err(
                "a lab's name has 1 to 32 letters, digits, '-' or '_', and starts with no '-'"
                    .into(),
            );
        }
        Ok(LabName(text.into()))
    }
}

impl fmt::Display for LabName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A lab's name and everything that follows from it.
#[derive(Clone, Debug)]
pub struct Lab {
    /// What `--name` said.
    pub name: LabName,
}

impl Lab {
    /// The lab of this name, whether or not it exists.
    pub fn named(name: LabName) -> Lab {
        Lab { name }
    }

    /// The directory above all labs.
    pub fn all_states() -> &'static Path {
        Path::new(STATE)
    }

    /// This lab's state directory.
    pub fn state(&self) -> PathBuf {
        Path::new(STATE).join(&self.name.0)
    }

    /// The lock that `up`, `down` and every verb that changes the lab takes.
    pub fn lock_file(&self) -> PathBuf {
        Path::new(STATE).join(format!("{}.lock", self.name))
    }

    /// The network namespace of the switch.
    pub fn switch_netns(&self) -> String {
        format!("xapi-lab-{}-sw", self.name)
    }

    /// Names of this lab's network namespaces that exist now.
    pub fn netns_names(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(NETNS) {
            Ok(entries) => entries,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(why) => return Err(why).doing(|| format!("listing {NETNS}")),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.doing(|| format!("listing {NETNS}"))?;
            if let Ok(name) = entry.file_name().into_string()
                && self.owns_netns(&name)
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Whether a namespace of this name is ours. The lab `a-xs-1` has namespaces whose names begin like those
    /// of the lab `a`, so what follows the lab's name is parsed to its end.
    fn owns_netns(&self, netns: &str) -> bool {
        let Some(rest) = netns.strip_prefix(&format!("xapi-lab-{}-", self.name)) else {
            return false;
        };
        let rest = rest.strip_suffix(".next").unwrap_or(rest);
        rest == "sw" || HostName::from_str(rest).is_ok()
    }

    /// One of its hosts.
    pub fn host(&self, name: HostName) -> Host {
        Host {
            lab: self.clone(),
            name,
        }
    }

    /// Reads what `up` recorded.
    pub fn record(&self) -> Result<Record> {
        let path = self.state().join("lab.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                let name = &self.name;
                return Err(Failure::new(format!(
                    "there is no lab '{name}': make one with xapi-lab up --name {name}"
                )));
            }
            Err(why) => return Err(why).doing(|| format!("reading {}", path.display())),
        };
        serde_json::from_str(&text).doing(|| format!("reading {}", path.display()))
    }

    /// The host of this name, if the lab has it.
    pub fn existing_host(&self, name: HostName) -> Result<Host> {
        let hosts = self.record()?.hosts;
        if name.0 > hosts {
            return Err(Failure::new(format!(
                "the lab '{}' has no host {name}, only xs-1 to xs-{hosts}",
                self.name
            )));
        }
        Ok(self.host(name))
    }
}

/// Where `ip netns` keeps a namespace's name.
pub fn netns_path(netns: &str) -> PathBuf {
    Path::new(NETNS).join(netns)
}

/// What `up` decided, kept for the other verbs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// How many hosts there are.
    pub hosts: u8,
    /// Root's password on each of them.
    pub password: String,
    /// Where `xapi` and `xe` are.
    pub bin_dir: PathBuf,
    /// This program, which is `service` and `reboot` in the hosts.
    pub program: PathBuf,
    /// Whether the hosts run a daemon.
    pub daemon: bool,
    /// What Open vSwitch's bridges are made with: `system` or `netdev`.
    pub datapath_type: String,
}

/// The name of a host: `xs-1` to `xs-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostName(u8);

impl HostName {
    /// Host number `number`, counted from one.
    pub fn numbered(number: u8) -> HostName {
        assert!(
            (1..=MOST_HOSTS).contains(&number),
            "host numbers come from checked arguments"
        );
        HostName(number)
    }

    /// Its number, counted from one.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The management address it was installed with.
    pub fn address(self) -> Ipv4Addr {
        Ipv4Addr::new(172, 16, 0, 8 + 2 * self.0)
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<HostName, String> {
        let number = text
            .strip_prefix("xs-")
            .filter(|digits| !digits.starts_with('0'));
        match number.and_then(|digits| digits.parse().ok()) {
            Some(number @ 1..=MOST_HOSTS) => Ok(HostName(number)),
            _ => Err(format!(
                "'{text}' is no host: hosts are called xs-1 to xs-{MOST_HOSTS}"
            )),
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xs-{}", self.0)
    }
}

/// The name of a NIC, short enough that its switch port `xs-11-NAME` is a legal device name too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NicName(String);

impl NicName {
    /// `ethN`.
    pub fn eth(number: u8) -> NicName {
        NicName(format!("eth{number}"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NicName {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<NicName, String> {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if text.is_empty() || text.len() > 9 || !text.chars().all(fine) || text.starts_with('.') {
            return Err(format!(
                "'{text}' is no name for a lab's NIC: 1 to 9 letters, digits, '_' or '.'"
            ));
        }
        Ok(NicName(text.into()))
    }
}

impl fmt::Display for NicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One host of a lab, and where its things are on the machine.
#[derive(Clone, Debug)]
pub struct Host {
    /// The lab it belongs to.
    pub lab: Lab,
    /// Its name.
    pub name: HostName,
}

impl Host {
    /// Its directory under the lab's state.
    pub fn state(&self) -> PathBuf {
        self.lab.state().join(self.name.to_string())
    }

    /// Its network namespace.
    pub fn netns(&self) -> String {
        format!("xapi-lab-{}-{}", self.lab.name, self.name)
    }

    /// The namespace it gets while it reboots.
    pub fn next_netns(&self) -> String {
        format!("{}.next", self.netns())
    }

    /// The switch's port that this NIC is plugged into.
    pub fn port(&self, nic: &NicName) -> String {
        format!("{}-{nic}", self.name)
    }

    /// The MAC address a NIC of this name gets unless one is asked for. The same in every lab: labs share no
    /// wire, and a fixed address makes logs comparable.
    pub fn mac(&self, nic: &NicName) -> String {
        let number = nic
            .as_str()
            .strip_prefix("eth")
            .and_then(|digits| digits.parse::<u8>().ok());
        let (high, low) = match number {
            Some(number) => (0, number),
            None => {
                // Sixteen bits of FNV-1a: two odd names on one host rarely meet, and `--mac` is there if they do.
                let hash = nic.as_str().bytes().fold(0x811c_9dc5_u32, |hash, byte| {
                    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
                });
                ((hash >> 8) as u8 | 0x80, hash as u8)
            }
        };
        format!("02:16:3e:{:02x}:{high:02x}:{low:02x}", self.name.number())
    }

    /// The socket of its keeper, the process outside the host that switches it on.
    pub fn keeper_socket(&self) -> PathBuf {
        self.state().join("keeper.sock")
    }

    /// The socket of its init.
    pub fn init_socket(&self) -> PathBuf {
        self.state().join("control/init.sock")
    }

    /// The process id of its init, as the machine sees it, while the host is on.
    pub fn init_pid_file(&self) -> PathBuf {
        self.state().join("init.pid")
    }

    /// The daemon's unix socket, reachable from the machine.
    pub fn xapi_socket(&self) -> PathBuf {
        self.state().join("xcp/xapi")
    }

    /// Where a program of the host writes its log.
    pub fn log(&self, program: &str) -> PathBuf {
        self.state().join("logs").join(format!("{program}.log"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab(name: &str) -> Lab {
        Lab::named(name.parse().expect("a good name"))
    }

    #[test]
    fn hosts_have_the_tutorials_addresses() {
        let address = |name: &str| {
            name.parse::<HostName>()
                .expect("a host")
                .address()
                .to_string()
        };
        assert_eq!(address("xs-1"), "172.16.0.10");
        assert_eq!(address("xs-2"), "172.16.0.12");
        assert_eq!(address("xs-11"), "172.16.0.30");
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "xs-0", "xs-12", "xs-01", "xs-", "xs1", "client", "xs-1 ", "xs-256", "xs--1",
        ] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_lab_owns_no_namespace_of_a_lab_whose_name_begins_alike() {
        assert!(lab("a").owns_netns("xapi-lab-a-sw"));
        assert!(lab("a").owns_netns("xapi-lab-a-xs-11"));
        assert!(lab("a").owns_netns("xapi-lab-a-xs-1.next"));
        for other in [
            "xapi-lab-a-xs-1-sw",
            "xapi-lab-a-xs-1-xs-1",
            "xapi-lab-a-b-sw",
            "xapi-lab-ab-sw",
            "a-sw",
        ] {
            assert!(!lab("a").owns_netns(other), "{other}");
        }
        assert!(lab("a-xs-1").owns_netns("xapi-lab-a-xs-1-sw"));
    }

    #[test]
    fn names_that_would_leave_their_directory_are_refused() {
        for text in [
            "",
            ".",
            "..",
            "a/b",
            "-x",
            "a.lock",
            "a b",
            "ü",
            &"x".repeat(33),
        ] {
            assert!(text.parse::<LabName>().is_err(), "{text}");
        }
    }

    #[test]
    fn switch_ports_are_legal_device_names_and_macs_differ() {
        let host = lab("a").host(HostName::numbered(11));
        let nic: NicName = "abcdefghi".parse().expect("nine letters");
        assert!(host.port(&nic).len() <= 15);
        let mut macs: Vec<String> = (0..MOST_NICS).map(|n| host.mac(&NicName::eth(n))).collect();
        macs.push(host.mac(&nic));
        macs.push(lab("a").host(HostName::numbered(1)).mac(&NicName::eth(0)));
        let count = macs.len();
        macs.sort();
        macs.dedup();
        assert_eq!(macs.len(), count);
    }
}
