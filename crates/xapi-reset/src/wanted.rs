//! What is asked for, and the topology that it means.

use std::collections::BTreeSet;
use std::net::IpAddr;

use thiserror::Error;
use xapi_conf::management::{self, Management, Misfit, bridge_of};
use xapi_conf::trigger::Keep;
use xapi_net::topology::{Bridge, Dns, Inet, Ipv4, Ipv6, Mac, Malformed, Name, Topology};

use crate::host::{Host, Nic};

/// The bridge of a VLAN until the daemon has made the VLAN's network, with a name of its own.
const VLAN_BRIDGE: &str = "xentemp";

/// What a reset shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The management interface.
    pub management: Management,
    /// The address of the pool's master, if this host is a slave, or shall be one because nothing tells what it is, and
    /// its master has another one now. It says nothing on a master.
    pub master: Option<String>,
    /// What else stays.
    pub keep: Keep,
    /// What happens in the end.
    pub afterwards: Afterwards,
}

/// What happens in the end of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// The machine is started again, and the daemon with it.
    Reboot,
    /// The daemon is started; machines on this host go on.
    RestartDaemon,
}

/// Why a reset is not begun.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// The management interface contradicts itself.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The master's address is none.
    #[error("the master {0}")]
    Master(management::Wrong),
    /// The NIC is not there.
    #[error("{device}: this host has no such NIC. {}", listed(nics))]
    NoNic {
        /// What was asked for.
        device: String,
        /// What there is.
        nics: Vec<Nic>,
    },
    /// Values that no topology can have.
    #[error("{0}")]
    Impossible(String),
}

impl From<Malformed> for Refused {
    fn from(why: Malformed) -> Refused {
        Refused::Impossible(why.to_string())
    }
}

/// NICs, one a line.
pub(crate) fn listed(nics: &[Nic]) -> String {
    if nics.is_empty() {
        return "It has none at all: see whether the kernel knows them (ip link), and whether a driver is missing"
            .to_owned();
    }
    let lines: Vec<String> = nics.iter().map(|nic| format!("\n  {nic}")).collect();
    format!("It has{}", lines.concat())
}

impl Asked {
    /// Checks everything that can be checked before anything is changed.
    pub fn check(&self, host: &Host) -> Result<(), Refused> {
        self.management.check()?;
        if let Some(master) = &self.master {
            management::master(master).map_err(Refused::Master)?;
        }
        self.topology(host).map(|_| ())
    }

    /// The bridge that will carry the management addresses.
    pub fn bridge(&self) -> String {
        bridge(&self.management)
    }

    /// The bridges that there will be.
    pub(crate) fn bridges(&self) -> Result<BTreeSet<Name>, Malformed> {
        let names = [bridge_of(&self.management.device), self.bridge()];
        names.iter().map(|name| Name::new(name)).collect()
    }

    /// See [`topology()`].
    pub(crate) fn topology(&self, host: &Host) -> Result<Topology, Refused> {
        let device = &self.management.device;
        let nic = host.nic(device).ok_or_else(|| Refused::NoNic {
            device: device.clone(),
            nics: host.nics().to_vec(),
        })?;
        topology(&self.management, Some(nic.mac))
    }
}

/// The bridge that carries the addresses of a management interface until the daemon has its rows.
fn bridge(wanted: &Management) -> String {
    match wanted.vlan {
        Some(_) => VLAN_BRIDGE.to_owned(),
        None => bridge_of(&wanted.device),
    }
}

/// Management alone: nothing else is left of the host's network. With the Ethernet address of the NIC, if it is known.
pub fn topology(wanted: &Management, mac: Option<Mac>) -> Result<Topology, Refused> {
    let nic = Name::new(&wanted.device)?;
    let below = Name::new(&bridge_of(&wanted.device))?;
    let name = Name::new(&bridge(wanted))?;
    let mut bridges = vec![(below, over(mac, Bridge::over_nic(nic)))];
    if let Some(tag) = wanted.vlan {
        bridges.push((name, over(mac, Bridge::vlan(below, tag))));
    }
    let mut topology = Topology {
        bridges: bridges.into_iter().collect(),
        gateway: Some(name),
        dns: Some(name),
        management: Some(name),
        ..Topology::default()
    };
    if let Some(bridge) = topology.bridges.get_mut(&name) {
        bridge.ipv4 = ipv4(wanted)?;
        bridge.ipv6 = ipv6(wanted)?;
        bridge.dns = (!wanted.dns.is_empty()).then(|| Dns {
            servers: wanted.dns.clone(),
            search: Vec::new(),
        });
    }
    topology
        .check()
        .map_err(|why| Refused::Impossible(why.to_string()))?;
    Ok(topology)
}

fn over(mac: Option<Mac>, bridge: Bridge) -> Bridge {
    Bridge { mac, ..bridge }
}

fn ipv4(wanted: &Management) -> Result<Ipv4, Malformed> {
    Ok(match &wanted.ipv4 {
        None => Ipv4::None,
        Some(management::Ipv4::Dhcp) => Ipv4::Dhcp { lease: None },
        Some(management::Ipv4::Static {
            address,
            prefix,
            gateway,
        }) => Ipv4::Static {
            address: Inet::new(IpAddr::V4(*address), *prefix)?,
            gateway: *gateway,
        },
    })
}

fn ipv6(wanted: &Management) -> Result<Ipv6, Malformed> {
    Ok(match &wanted.ipv6 {
        None => Ipv6::None,
        Some(management::Ipv6::Dhcp) => Ipv6::Dhcp { lease: None },
        Some(management::Ipv6::Autoconf) => Ipv6::Autoconf,
        Some(management::Ipv6::Static {
            address,
            prefix,
            gateway,
        }) => Ipv6::Static {
            addresses: vec![Inet::new(IpAddr::V6(*address), *prefix)?],
            gateway: *gateway,
        },
    })
}
