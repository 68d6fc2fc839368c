//! What one host's network shall look like, in no backend's words: bridges with an uplink, VLANs on them, IP
//! configuration, settings of NICs, and which bridge carries the management address.
//!
//! A topology is plain data. It is kept on disk and sent to other hosts, so it is checked as a whole by
//! [`Topology::check`] wherever it comes from. It says what is wanted and holds no facts: carrier, speed and the like
//! are in [`crate::facts`]. The one exception is a DHCP lease, which moves with its address.
//!
//! This module must not know Open vSwitch, netlink or plans. Start with [`Topology`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::names::GUARD;

pub use self::alone::Alone;
pub use self::check::{Invalid, MAX_DNS, is_host_address};
pub use self::tunnels::Round;
pub use crate::names::{Family, Inet, LinkModes, Mac, Malformed, Name, Offload};

mod alone;
mod check;
mod kept;
mod tunnels;

/// The MTU where nothing else is said.
pub const DEFAULT_MTU: u32 = 1500;

/// One host's network, as it shall be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// The bridges, real ones and VLANs.
    #[serde(default)]
    pub bridges: BTreeMap<Name, Bridge>,
    /// Settings of NICs that are some bridge's uplink. A NIC that isn't here has the MTU of its bridge.
    #[serde(default)]
    pub nics: BTreeMap<Name, Nic>,
    /// NICs of guests, each by the host's end of it (vif1.0). A guest that stops takes its end along, so that one that isn't
    /// there is left out rather than waited for.
    #[serde(default)]
    pub vifs: BTreeMap<Name, Vif>,
    /// The bridge whose gateways become default routes.
    #[serde(default)]
    pub gateway: Option<Name>,
    /// The bridge whose name servers the host asks.
    #[serde(default)]
    pub dns: Option<Name>,
    /// The bridge with the management address: it is brought up first and given up last.
    #[serde(default)]
    pub management: Option<Name>,
}

/// A bridge as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bridge {
    /// Real, or a VLAN of a real one.
    pub kind: BridgeKind,
    /// The Ethernet address of its device; `None` leaves the choice to the backend, which may choose again when ports
    /// come and go. A bridge with addresses should have one.
    #[serde(default)]
    pub mac: Option<Mac>,
    /// The MTU of its device and, unless they have settings of their own, of its uplink NICs.
    #[serde(default = "default_mtu")]
    pub mtu: u32,
    /// The UUID of its network, where people and controllers look for it. Several have `;` between them.
    #[serde(default)]
    pub network_uuids: Option<String>,
    /// IPv4 configuration.
    #[serde(default)]
    pub ipv4: Ipv4,
    /// IPv6 configuration.
    #[serde(default)]
    pub ipv6: Ipv6,
    /// Static routes through this bridge.
    #[serde(default)]
    pub routes: Vec<StaticRoute>,
    /// Name servers given with a static configuration. `None` leaves /etc/resolv.conf to DHCP, or alone.
    #[serde(default)]
    pub dns: Option<Dns>,
    /// Further addresses that were there before it asked for a lease, and stay until it has one. The agent fills them in;
    /// nobody asks for them.
    #[serde(skip)]
    pub kept: Vec<Inet>,
}

fn default_mtu() -> u32 {
    DEFAULT_MTU
}

impl Bridge {
    /// A bridge without an uplink and without addresses: an internal network.
    pub fn internal() -> Bridge {
        Bridge::of_kind(BridgeKind::Real(Real::default()))
    }

    /// A bridge over a NIC.
    pub fn over_nic(nic: Name) -> Bridge {
        Bridge::of_kind(BridgeKind::Real(Real {
            uplink: Some(Uplink::Nic(nic)),
            ..Real::default()
        }))
    }

    /// A bridge over a bond.
    pub fn over_bond(bond: Bond) -> Bridge {
        Bridge::of_kind(BridgeKind::Real(Real {
            uplink: Some(Uplink::Bond(bond)),
            ..Real::default()
        }))
    }

    /// A VLAN of a real bridge.
    pub fn vlan(parent: Name, tag: u16) -> Bridge {
        Bridge::of_kind(BridgeKind::Vlan { parent, tag })
    }

    /// A bridge of a kind, with nothing else said.
    pub fn of_kind(kind: BridgeKind) -> Bridge {
        Bridge {
            kind,
            mac: None,
            mtu: DEFAULT_MTU,
            network_uuids: None,
            ipv4: Ipv4::None,
            ipv6: Ipv6::None,
            routes: Vec::new(),
            dns: None,
            kept: Vec::new(),
        }
    }

    /// The NICs under it; none for a VLAN, whose parent has them.
    pub fn nics(&self) -> &[Name] {
        match &self.kind {
            BridgeKind::Real(real) => real.uplink.as_ref().map_or(&[], Uplink::nics),
            BridgeKind::Vlan { .. } => &[],
        }
    }

    /// The tag of a VLAN.
    pub fn tag(&self) -> Option<u16> {
        match self.kind {
            BridgeKind::Real(_) => None,
            BridgeKind::Vlan { tag, .. } => Some(tag),
        }
    }

    /// The addresses it has for certain: static ones, those of leases, and those kept until there is one.
    pub fn addresses(&self) -> Vec<Inet> {
        let v4 = match &self.ipv4 {
            Ipv4::Static { address, .. } => Some(*address),
            Ipv4::Dhcp { lease } => lease.as_ref().map(|lease| lease.address),
            Ipv4::None => None,
        };
        let v6 = match &self.ipv6 {
            Ipv6::Static { addresses, .. } => addresses.clone(),
            Ipv6::Dhcp { lease } => lease.iter().map(|lease| lease.address).collect(),
            Ipv6::None | Ipv6::Autoconf => Vec::new(),
        };
        let kept = self.kept.iter().copied();
        v4.into_iter().chain(v6).chain(kept).collect()
    }
}

/// What carries a bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BridgeKind {
    /// A switch of its own.
    Real(Real),
    /// A tag on a real bridge.
    Vlan {
        /// The real bridge.
        parent: Name,
        /// The tag, 0 to 4094.
        tag: u16,
    },
}

/// What only a real bridge has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Real {
    /// What connects it to the world; none is an internal network.
    #[serde(default)]
    pub uplink: Option<Uplink>,
    /// What it does without its controller.
    #[serde(default)]
    pub fail_mode: FailMode,
    /// Whether rules for the controller's own traffic are left out; `None` leaves it to the backend.
    #[serde(default)]
    pub disable_in_band: Option<bool>,
    /// Multicast snooping; `None` leaves it to the backend.
    #[serde(default)]
    pub igmp_snooping: Option<bool>,
}

/// What a bridge does without its controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailMode {
    /// It works as a learning switch.
    #[default]
    Standalone,
    /// It forwards only what its rules say.
    Secure,
}

/// What connects a bridge to the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Uplink {
    /// One NIC.
    Nic(Name),
    /// Several NICs.
    Bond(Bond),
    /// Packets in packets to other hosts.
    Tunnel(Tunnel),
}

impl Uplink {
    /// The NICs in it.
    pub fn nics(&self) -> &[Name] {
        match self {
            Uplink::Nic(nic) => std::slice::from_ref(nic),
            Uplink::Bond(bond) => &bond.members,
            Uplink::Tunnel(_) => &[],
        }
    }
}

/// A network whose frames travel inside of IP packets, over whatever route leads to the other hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tunnel {
    /// How frames are wrapped.
    pub protocol: TunnelProtocol,
    /// What tells this network's packets from those of other tunnels: 24 bits with VXLAN, 32 with GRE.
    pub key: u32,
    /// The address of this host on the transport network; `None` leaves it to the route.
    #[serde(default)]
    pub local: Option<IpAddr>,
    /// The addresses of the other hosts with a tunnel of this network. Each has a direct one: what came through one tunnel
    /// never leaves through another.
    #[serde(default)]
    pub remotes: BTreeSet<IpAddr>,
}

/// How a tunnel wraps frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TunnelProtocol {
    /// Generic routing encapsulation, RFC 2890.
    #[serde(rename = "gre")]
    Gre,
    /// Virtual extensible LAN, RFC 7348, to UDP port 4789.
    #[serde(rename = "vxlan")]
    Vxlan,
}

/// The NIC of a guest, as the host's network sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vif {
    /// The bridge that it is on, real or VLAN.
    pub bridge: Name,
    /// The Ethernet address that the guest's end has.
    pub mac: Mac,
    /// The MTU of the host's end.
    #[serde(default = "default_mtu")]
    pub mtu: u32,
    /// What controllers and people find on its interface (xs-vif-uuid, xs-vm-uuid, xs-network-uuid, attached-mac).
    #[serde(default)]
    pub external_ids: BTreeMap<String, String>,
    /// What the guest may send, if that is limited.
    #[serde(default)]
    pub rate: Option<Rate>,
    /// Which packets pass.
    #[serde(default)]
    pub filter: Filter,
}

/// A limit of what a guest sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Kilobits (1,000 bits) in a second; at least 1.
    pub kbps: u32,
    /// Kilobits above the rate that are let through at once.
    pub burst: u32,
}

/// Which packets of a guest pass. In place before its port is, so that nothing slips through before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filter {
    /// All.
    #[default]
    Open,
    /// None, in neither direction.
    Closed,
    /// Those from the guest's own Ethernet address, and of IP and ARP those from these addresses; it cannot answer DHCP or
    /// act as a router.
    Only {
        /// The IP addresses, of both families. Without one no IP passes.
        addresses: BTreeSet<IpAddr>,
    },
}

/// Several NICs that work as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bond {
    /// Its name, bond0.
    pub name: Name,
    /// The NICs, the primary first. With one member left it is a plain port.
    pub members: Vec<Name>,
    /// The Ethernet address it is known by.
    #[serde(default)]
    pub mac: Option<Mac>,
    /// How traffic is spread.
    pub mode: BondMode,
    /// Properties by the names XAPI gives them (`miimon`, `updelay`, `hashing-algorithm`, `lacp-time`, …), instead of or
    /// beside the defaults. Any other name is a further option of the backend.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

/// How a bond spreads traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BondMode {
    /// By source address, rebalanced by load.
    #[serde(rename = "balance-slb")]
    BalanceSlb,
    /// One member carries everything.
    #[serde(rename = "active-backup")]
    ActiveBackup,
    /// As agreed with the switch.
    #[serde(rename = "lacp")]
    Lacp,
}

impl BondMode {
    /// The name XAPI gives it.
    pub fn as_str(self) -> &'static str {
        match self {
            BondMode::BalanceSlb => "balance-slb",
            BondMode::ActiveBackup => "active-backup",
            BondMode::Lacp => "lacp",
        }
    }
}

/// Settings of a NIC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nic {
    /// Its MTU; `None` means that of its bridge.
    #[serde(default)]
    pub mtu: Option<u32>,
    /// What it shall do in place of the processor, or not. What isn't said here is left as it is, and so is what the NIC
    /// cannot do otherwise.
    #[serde(default)]
    pub offload: BTreeMap<Offload, bool>,
    /// Speed, duplex and autonegotiation. A NIC that takes them not is as good as any other.
    #[serde(default)]
    pub modes: LinkModes,
}

/// IPv4 configuration of a bridge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ipv4 {
    /// No address.
    #[default]
    None,
    /// The address a server leases.
    Dhcp {
        /// The lease, where there is one. Whoever asks for a topology may leave this empty: the agent knows the leases.
        #[serde(default)]
        lease: Option<Lease>,
    },
    /// A given address.
    Static {
        /// The address and its network.
        address: Inet,
        /// The gateway, used if the bridge owns the default gateway.
        #[serde(default)]
        gateway: Option<Ipv4Addr>,
    },
}

/// IPv6 configuration of a bridge. The link-local address is there in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ipv6 {
    /// Only the link-local address.
    #[default]
    None,
    /// What routers advertise.
    Autoconf,
    /// The address a server leases.
    Dhcp {
        /// The lease, where there is one.
        #[serde(default)]
        lease: Option<Lease>,
    },
    /// Given addresses.
    Static {
        /// The addresses and their networks.
        addresses: Vec<Inet>,
        /// The gateway, used if the bridge owns the default gateway.
        #[serde(default)]
        gateway: Option<Ipv6Addr>,
    },
}

/// What a DHCP server gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// The address and its network.
    pub address: Inet,
    /// The router, if it named one.
    #[serde(default)]
    pub gateway: Option<IpAddr>,
    /// The name servers and domains it named.
    #[serde(default)]
    pub dns: Dns,
    /// The server that gave it.
    #[serde(default)]
    pub server: Option<IpAddr>,
    /// The interface MTU it asked for, if any. Noted, not followed.
    #[serde(default)]
    pub mtu: Option<u32>,
}

/// Name servers and search domains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// The servers, in the order to be asked.
    #[serde(default)]
    pub servers: Vec<IpAddr>,
    /// The domains to search.
    #[serde(default)]
    pub search: Vec<String>,
}

/// A route to a network behind a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticRoute {
    /// The network.
    pub destination: Inet,
    /// The router.
    pub gateway: IpAddr,
}

impl Topology {
    /// The MTU of a NIC under a bridge.
    pub fn nic_mtu(&self, nic: &Name, bridge: &Bridge) -> u32 {
        self.nics
            .get(nic)
            .and_then(|nic| nic.mtu)
            .unwrap_or(bridge.mtu)
    }

    /// The real bridge that carries a bridge: its parent, or itself.
    pub fn carrier_of(&self, bridge: &Name) -> Name {
        match self.bridges.get(bridge).map(|bridge| &bridge.kind) {
            Some(BridgeKind::Vlan { parent, .. }) => *parent,
            _ => *bridge,
        }
    }

    /// Leaves out a bridge with all that stands on it, VLANs and VIFs, and the roles it had. Returns the names of the
    /// bridges left out.
    pub fn leave_out_bridge(&mut self, bridge: Name) -> Vec<Name> {
        if bridge == GUARD {
            self.vifs
                .retain(|_, vif| !matches!(vif.filter, Filter::Only { .. }));
            return Vec::new();
        }
        let gone: Vec<Name> = self
            .bridges
            .iter()
            .filter(|(name, it)| {
                **name == bridge
                    || matches!(&it.kind, BridgeKind::Vlan { parent, .. } if *parent == bridge)
            })
            .map(|(name, _)| *name)
            .collect();
        for name in &gone {
            self.bridges.remove(name);
            for role in [&mut self.gateway, &mut self.dns, &mut self.management] {
                if *role == Some(*name) {
                    *role = None;
                }
            }
        }
        self.vifs.retain(|_, vif| !gone.contains(&vif.bridge));
        gone
    }

    /// Leaves out every router that none of its bridge's addresses reaches: the kernel would refuse the route, and the
    /// bridge should not suffer for it. Returns the bridges and their routers.
    pub fn leave_out_unreachable_routers(&mut self) -> Vec<(Name, IpAddr)> {
        let mut left_out = Vec::new();
        for (name, bridge) in &mut self.bridges {
            let addresses = bridge.addresses();
            let reaches = |router: IpAddr| is_reachable(router, &addresses);
            let mut gone = Vec::new();
            if let Ipv4::Static { gateway, .. } = &mut bridge.ipv4
                && let Some(router) = gateway.take_if(|router| !reaches(IpAddr::V4(*router)))
            {
                gone.push(IpAddr::V4(router));
            }
            if let Ipv6::Static { gateway, .. } = &mut bridge.ipv6
                && let Some(router) = gateway.take_if(|router| !reaches(IpAddr::V6(*router)))
            {
                gone.push(IpAddr::V6(router));
            }
            bridge.routes.retain(|route| {
                let reached = reaches(route.gateway);
                gone.extend((!reached).then_some(route.gateway));
                reached
            });
            left_out.extend(gone.into_iter().map(|router| (*name, router)));
        }
        left_out
    }

    /// Leaves out a NIC, the host's or a guest's: a bond goes on with its other members, a bridge without any NIC is left
    /// out. Returns the names of the bridges left out.
    pub fn leave_out_nic(&mut self, nic: Name) -> Vec<Name> {
        if self.vifs.remove(&nic).is_some() {
            return Vec::new();
        }
        self.nics.remove(&nic);
        let Some((name, bridge)) = self
            .bridges
            .iter_mut()
            .find(|(_, bridge)| bridge.nics().contains(&nic))
        else {
            return Vec::new();
        };
        let name = *name;
        if let BridgeKind::Real(Real {
            uplink: Some(Uplink::Bond(bond)),
            ..
        }) = &mut bridge.kind
        {
            bond.members.retain(|member| *member != nic);
            if !bond.members.is_empty() {
                return Vec::new();
            }
        }
        self.leave_out_bridge(name)
    }
}

/// Whether a router can be reached by one of a device's addresses.
pub fn is_reachable(router: IpAddr, addresses: &[Inet]) -> bool {
    matches!(router, IpAddr::V6(v6) if v6.is_unicast_link_local())
        || addresses
            .iter()
            .any(|inet| inet.contains(&router) && inet.address() != router)
}
