//! What a host's network is found to be: carrier, speed, addresses, leases. Facts are told, and never compared with
//! what is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::names::{Family, Inet, Mac, Name};
use crate::ovs::row;
use crate::topology::{Dns, Lease};

/// What is so on one host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The host's NICs by name: physical ones and those the configuration names.
    pub nics: BTreeMap<Name, NicFacts>,
    /// The bridges, also those that are not ours.
    pub bridges: BTreeMap<Name, BridgeFacts>,
    /// The bonds by name.
    pub bonds: BTreeMap<Name, BondFacts>,
    /// The default IPv4 gateway in use.
    pub gateway_v4: Option<IpAddr>,
    /// The default IPv6 gateway in use.
    pub gateway_v6: Option<IpAddr>,
    /// The name servers in use.
    pub dns: Dns,
    /// The host's name.
    pub hostname: String,
}

/// What is so of a NIC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NicFacts {
    /// Its Ethernet address; for a bond's member its own, not the bond's.
    pub mac: Option<Mac>,
    /// Its MTU.
    pub mtu: u32,
    /// Whether it is administratively up.
    pub up: bool,
    /// Whether the other end is there.
    pub carrier: bool,
    /// Speed in Mbit/s, where there is a carrier and the driver knows it.
    pub speed_mbps: Option<u32>,
    /// Duplex, where known.
    pub duplex: Option<Duplex>,
    /// Its PCI address, `0000:01:00.0`.
    pub pci: Option<String>,
    /// The kernel driver.
    pub driver: Option<String>,
    /// PCI vendor id in hexadecimal, without 0x.
    pub vendor_id: Option<String>,
    /// PCI device id in hexadecimal, without 0x.
    pub device_id: Option<String>,
    /// Whether it is hardware (and no virtual function), as opposed to named by the configuration.
    pub physical: bool,
    /// Addresses on the NIC itself, as an installer may have left them.
    pub addresses: Vec<Inet>,
    /// Why it does not have the speed, duplex, autonegotiation or MTU that was asked for.
    #[serde(default)]
    pub refused: Option<String>,
}

/// Duplex of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Duplex {
    /// One direction at a time.
    Half,
    /// Both directions at once.
    Full,
}

/// What is so of a bridge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BridgeFacts {
    /// The Ethernet address of its device.
    pub mac: Option<Mac>,
    /// The MTU of its device.
    pub mtu: u32,
    /// Whether the device is up.
    pub up: bool,
    /// Parent and tag, of a VLAN.
    pub vlan: Option<(Name, u16)>,
    /// Addresses on its device, of both families, without link-local ones.
    pub addresses: Vec<Inet>,
    /// The gateway of a default route through it, IPv4 before IPv6.
    pub gateways: Vec<IpAddr>,
    /// The IPv4 lease held on it.
    pub lease_v4: Option<Lease>,
    /// The IPv6 lease held on it.
    pub lease_v6: Option<Lease>,
    /// Families whose lease is one of an earlier run, and no server has stood by it since.
    pub unconfirmed: BTreeSet<Family>,
    /// Ports on it (NICs, bonds, VIFs), without its own device and VLAN bridges.
    pub ports: Vec<Name>,
    /// Those of the ports that don't carry our mark.
    pub foreign: BTreeSet<Name>,
    /// Whether it carries our mark.
    pub ours: bool,
}

/// What is so of a bond.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BondFacts {
    /// The bridge it is on.
    pub bridge: Option<Name>,
    /// Its members, and whether each is enabled.
    pub members: BTreeMap<Name, bool>,
    /// The member that carries the traffic, in active-backup mode.
    pub active: Option<Name>,
}

/// The ports of each bridge as people see them: those with a VLAN's tag are on the VLAN, a NIC of a guest that is locked
/// is where its patch leads, and the bridge it is locked behind is not shown. `bridges` and `ports` are all there are.
pub(crate) fn ports_by_bridge<'a>(
    bridges: impl Iterator<Item = (&'a str, &'a row::Bridge)>,
    ports: impl Iterator<Item = (&'a str, &'a row::Port)>,
) -> BTreeMap<String, BTreeSet<Name>> {
    let vlans: BTreeMap<(&str, u16), &str> = bridges
        .filter_map(|(name, bridge)| match bridge {
            row::Bridge::Vlan(vlan) => Some(((vlan.parent.as_str(), vlan.tag), name)),
            row::Bridge::Real(_) => None,
        })
        .collect();
    let mut by_bridge: BTreeMap<String, BTreeSet<Name>> = BTreeMap::new();
    for (name, port) in ports {
        let real = port.bridge.as_str();
        let vlan = port.tag.and_then(|tag| vlans.get(&(real, tag)));
        let bridge = vlan.copied().unwrap_or(real);
        let is_device = port.kind == row::InterfaceKind::System;
        let shown = port.vif().filter(|_| !is_device).unwrap_or(name);
        if let Ok(shown) = Name::new(shown) {
            by_bridge
                .entry(bridge.to_owned())
                .or_default()
                .insert(shown);
        }
    }
    by_bridge
}

impl BondFacts {
    /// How many members are enabled.
    pub fn links_up(&self) -> usize {
        self.members.values().filter(|up| **up).count()
    }
}
