//! The command line: what may be typed, and what the help, the man pages and the completion say about it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::lab::{HostName, LabName, MOST_HOSTS, MOST_NICS, NicName};

/// What to type first.
const EXAMPLES: &str = "Examples:
  xapi-lab up                                     one host, xs-1, with six NICs
  xapi-lab exec xs-1                              a shell on it
  xapi-lab exec xs-1 -- xe pif-list               a command on it
  xapi-lab exec client -- ping 172.16.0.10        the same network, your own files
  xapi-lab pull xs-1 eth0                         a cable comes out
  xapi-lab down                                   the end of it";

/// A real XAPI network stack on one machine.
///
/// A lab is a switch and up to eleven hosts, xs-1 to xs-11, made of namespaces. Every host has NICs, an Open vSwitch
/// of its own, and a daemon that answers the XenAPI; nothing done in a host reaches the machine. The switch has the
/// address 172.16.0.1/27 and serves DHCP; the hosts are 172.16.0.10, .12, .14 and so on, as in the tutorials.
/// Everything but the help needs root.
#[derive(Debug, Parser)]
#[command(name = "xapi-lab", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// Which lab; several can be up side by side.
    #[arg(
        long,
        global = true,
        default_value = "lab",
        value_name = "L",
        env = "XAPI_LAB_NAME"
    )]
    pub name: LabName,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What xapi-lab does.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Bring a lab up; returns when every host's API answers
    ///
    /// Prints, for each host, its management address, the daemon's unix socket, the URL and the credentials. If it
    /// fails or is interrupted, it leaves nothing behind.
    Up(Up),
    /// Take the lab down, with everything that runs in it
    ///
    /// Leaves nothing behind, also after an `up` that failed or was killed. A lab that is not there is down already.
    Down,
    /// Run a command in a host as if typed there, or on the lab's network; a shell without a command
    ///
    /// The command gets the host's own network, processes, files and name, and starts in /root with a fresh
    /// environment. Its exit status is passed on. With `client` it runs on the lab's network as 172.16.0.1, with the
    /// caller's own files, directory and environment.
    Exec(Exec),
    /// Restart a host's daemon; returns when it answers
    Restart(OneHost),
    /// Kill a host's daemon with SIGKILL
    Kill(OneHost),
    /// Stop a host's daemon
    Stop(OneHost),
    /// Start a host's daemon; returns when it answers
    Start(OneHost),
    /// Reboot a host, or switch it on again; returns when its daemon answers
    ///
    /// All devices but the NICs are gone, Open vSwitch is empty, /tmp and /run are emptied; /etc and /var are kept.
    /// The NICs get back the names and MAC addresses that they were made with.
    Reboot(OneHost),
    /// Pull the cable of a NIC: it loses its carrier
    Pull(OneNic),
    /// Plug the cable of a NIC back in
    PlugIn(OneNic),
    /// Put a new NIC into a running host
    AddNic(AddNic),
    /// Take a NIC out of a running host
    RemoveNic(OneNic),
    /// Cut a host off from the network; its links stay up, but nothing comes through
    Partition(OneHost),
    /// End a host's partition
    Heal(OneHost),
    /// Show a host's log
    Logs(Logs),
    /// Name the labs that are up
    List,
    /// Print the man page, or that of a verb
    Man {
        /// The verb
        verb: Option<String>,
    },
    /// Print a completion script
    Completion {
        /// The shell it is for
        #[arg(default_value = "bash")]
        shell: Shell,
    },
}

/// Arguments of `up`.
#[derive(Args, Debug)]
pub struct Up {
    /// How many hosts
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=i64::from(MOST_HOSTS)))]
    pub hosts: u8,
    /// How many NICs each host has
    #[arg(long, default_value_t = 6, value_name = "M", value_parser = clap::value_parser!(u8).range(1..=i64::from(MOST_NICS)))]
    pub nics: u8,
    /// Print the lab as JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
    /// Hosts without the daemon: network, Open vSwitch and files only
    #[arg(long)]
    pub no_daemon: bool,
    /// Hosts that are a pool each, instead of one pool with xs-1 as its master
    #[arg(long)]
    pub apart: bool,
    /// Where the programs xapi and xe are [default: beside xapi-lab]
    #[arg(long, value_name = "DIR", env = "XAPI_LAB_BIN_DIR")]
    pub bin_dir: Option<PathBuf>,
}

/// Arguments of `exec`.
#[derive(Args, Debug)]
pub struct Exec {
    /// The host, or `client`
    #[arg(value_name = "HOST", value_parser = place(), hide_possible_values = true)]
    pub place: Place,
    /// The command and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// Where `exec` runs a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this host.
    Host(HostName),
    /// On the lab's network.
    Client,
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        match text {
            "client" => Ok(Place::Client),
            host => host.parse().map(Place::Host),
        }
    }
}

/// A verb about one host.
#[derive(Args, Debug)]
pub struct OneHost {
    /// The host
    #[arg(value_parser = host(), hide_possible_values = true)]
    pub host: HostName,
}

/// A verb about one NIC.
#[derive(Args, Debug)]
pub struct OneNic {
    /// The host
    #[arg(value_parser = host(), hide_possible_values = true)]
    pub host: HostName,
    /// The NIC, by the name it was made with
    pub nic: NicName,
}

/// Arguments of `add-nic`.
#[derive(Args, Debug)]
pub struct AddNic {
    /// The host
    #[arg(value_parser = host(), hide_possible_values = true)]
    pub host: HostName,
    /// The NIC's name [default: the first ethN that is free]
    pub nic: Option<NicName>,
    /// Its MAC address [default: one that follows from the host and the name]
    #[arg(long, value_parser = mac)]
    pub mac: Option<String>,
}

/// What may stand for a host, for completion to offer; `client` comes last.
const PLACES: [&str; MOST_HOSTS as usize + 1] = [
    "xs-1", "xs-2", "xs-3", "xs-4", "xs-5", "xs-6", "xs-7", "xs-8", "xs-9", "xs-10", "xs-11",
    "client",
];

fn host() -> impl TypedValueParser<Value = HostName> {
    PossibleValuesParser::new(&PLACES[..PLACES.len() - 1]).try_map(|name| name.parse::<HostName>())
}

fn place() -> impl TypedValueParser<Value = Place> {
    PossibleValuesParser::new(PLACES).try_map(|name| name.parse::<Place>())
}

fn mac(text: &str) -> Result<String, String> {
    let octets: Vec<_> = text.split(':').collect();
    let fine = octets.len() == 6
        && octets
            .iter()
            .all(|octet| octet.len() == 2 && u8::from_str_radix(octet, 16).is_ok());
    if fine {
        Ok(text.to_lowercase())
    } else {
        Err("a MAC address is six hexadecimal octets".into())
    }
}

/// Arguments of `logs`.
#[derive(Args, Debug)]
pub struct Logs {
    /// The host
    #[arg(value_parser = host(), hide_possible_values = true)]
    pub host: HostName,
    /// Go on as the log grows
    #[arg(short, long)]
    pub follow: bool,
    /// Which log
    #[arg(default_value = "xapi", value_parser = ["xapi", "ovsdb-server", "ovs-vswitchd", "keeper"])]
    pub program: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_name_may_stand_before_or_after_the_verb() {
        for line in [
            "xapi-lab --name a exec xs-1 -- xe host-list",
            "xapi-lab exec --name a xs-1 -- xe host-list",
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).expect(line);
            assert_eq!(cli.name.to_string(), "a");
            let Verb::Exec(exec) = cli.verb else {
                panic!("{line} is an exec")
            };
            assert_eq!(exec.command, ["xe", "host-list"]);
        }
    }

    #[test]
    fn options_of_the_command_are_the_commands_own() {
        let line = ["xapi-lab", "exec", "client", "--", "ping", "--name", "b"];
        let cli = Cli::try_parse_from(line).expect("a good line");
        assert_eq!(cli.name.to_string(), "lab");
    }

    #[test]
    fn more_hosts_than_addresses_are_refused() {
        for hosts in ["0", "12", "-1", "256"] {
            assert!(
                Cli::try_parse_from(["xapi-lab", "up", "--hosts", hosts]).is_err(),
                "{hosts}"
            );
        }
    }

    #[test]
    fn what_is_no_mac_is_refused() {
        for text in [
            "",
            "02:16:3e:00:00",
            "02:16:3e:00:00:0g",
            "2:16:3e:00:00:001",
            "02-16-3e-00-00-01",
        ] {
            assert!(mac(text).is_err(), "{text}");
        }
        assert_eq!(mac("02:16:3E:00:00:FF").as_deref(), Ok("02:16:3e:00:00:ff"));
    }
}
