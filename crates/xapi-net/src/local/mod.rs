//! This host's own network: the engine's driver over Open vSwitch and the kernel, and the agent with its thread.
//!
//! [`driver`] does steps (those of NICs in `nic`, of guests' NICs in `filter`), [`look`] finds out what there is, [`leases`] runs DHCP clients, [`agent`] is what the upper
//! layer holds. Nothing here decides what is wanted.

use std::path::PathBuf;

use crate::kernel::Pattern;
use crate::ovs::row::Datapath;

pub mod agent;
mod counters;
pub mod driver;
mod filter;
mod hostname;
pub mod leases;
pub mod look;
mod nic;
mod queue;
mod seize;

pub use agent::LocalAgent;
pub use driver::LocalDriver;
pub use seize::{Holders, seize};

/// Where things are on this host.
#[derive(Clone, Debug)]
pub struct Config {
    /// The prefix of /etc/resolv.conf.
    pub root: PathBuf,
    /// The socket of ovsdb-server.
    pub ovsdb: PathBuf,
    /// The directory with the pid file and the control socket of ovs-vswitchd.
    pub ovs_run: PathBuf,
    /// The directory of the lease files.
    pub leases: PathBuf,
    /// Links that are NICs beside the physical ones.
    pub nics: Vec<Pattern>,
    /// Who forwards packets; `None` takes the kernel module where there is one.
    pub datapath: Option<Datapath>,
    /// The host's UUID for the database of Open vSwitch; `None` leaves what is there.
    pub system_uuid: Option<String>,
}

impl Config {
    /// The standard locations under a prefix.
    pub fn at(root: impl Into<PathBuf>) -> Config {
        let root = root.into();
        Config {
            ovsdb: root.join("run/openvswitch/db.sock"),
            ovs_run: root.join("run/openvswitch"),
            leases: root.join("var/lib/xcp/leases"),
            nics: Vec::new(),
            datapath: None,
            system_uuid: None,
            root,
        }
    }
}
