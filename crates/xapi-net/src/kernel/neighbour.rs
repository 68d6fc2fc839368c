//! Neighbours: which MAC an address on a link has.
//!
//! A device that takes another's place knows nobody, and the kernel's clock for asking costs a
//! second or two of silence. So what the old device knew is copied to the new one first.

use std::net::IpAddr;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_REPLACE};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::RouteType;

use super::address::family_of;
use super::{Kernel, KernelError, Mac};

/// Somebody on the link of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// The number of the device.
    pub index: u32,
    /// The neighbour's address.
    pub address: IpAddr,
    /// Its MAC; none while it is being asked for, or after it did not answer.
    pub mac: Option<Mac>,
    /// What the kernel thinks of the entry.
    pub state: NeighbourState,
    /// Whether it said that it is a router (IPv6).
    pub router: bool,
}

impl Neighbour {
    pub(super) fn from_message(message: &NeighbourMessage) -> Option<Neighbour> {
        let mut address = None;
        let mut mac = None;
        for attribute in &message.attributes {
            match attribute {
                NeighbourAttribute::Destination(NeighbourAddress::Inet(ip)) => {
                    address = Some(IpAddr::V4(*ip))
                }
                NeighbourAttribute::Destination(NeighbourAddress::Inet6(ip)) => {
                    address = Some(IpAddr::V6(*ip))
                }
                NeighbourAttribute::LinkLayerAddress(octets) => mac = Mac::from_octets(octets),
                _ => {}
            }
        }
        Some(Neighbour {
            index: message.header.ifindex,
            address: address?,
            mac,
            state: message.header.state,
            router: message.header.flags.contains(NeighbourFlags::Router),
        })
    }

    /// The state in which a copy of this entry begins; none if there is nothing worth copying. An
    /// entry that was just being probed would fail within a second on a device whose first packets
    /// may get lost; as stale it is used at once and probed when used.
    fn state_of_copy(&self) -> Option<NeighbourState> {
        match self.state {
            NeighbourState::Reachable | NeighbourState::Permanent | NeighbourState::Stale => {
                Some(self.state)
            }
            NeighbourState::Delay | NeighbourState::Probe => Some(NeighbourState::Stale),
            _ => None,
        }
    }
}

impl Kernel {
    /// The neighbours of a device, IPv4 and IPv6; none if there is no such device.
    pub fn neighbours_of(&mut self, device: &str) -> Result<Vec<Neighbour>, KernelError> {
        let Some(link) = self.link(device)? else {
            return Ok(Vec::new());
        };
        let answers = self
            .dump(RouteNetlinkMessage::GetNeighbour(
                NeighbourMessage::default(),
            ))
            .map_err(|cause| cause.doing(format!("listing the neighbours of {device}")))?;
        let mut neighbours = Vec::new();
        for answer in &answers {
            let RouteNetlinkMessage::NewNeighbour(message) = answer else {
                continue;
            };
            if message.header.ifindex != link.index {
                continue;
            }
            neighbours.extend(Neighbour::from_message(message));
        }
        Ok(neighbours)
    }

    /// Makes device `to` know whom device `from` knows, in the same state. Answers how many. A
    /// device that isn't there knows nobody.
    pub fn copy_neighbours(&mut self, from: &str, to: &str) -> Result<usize, KernelError> {
        let doing = || format!("copying the neighbours of {from} to {to}");
        let known = self.neighbours_of(from)?;
        let index = self.index_of(to).map_err(|cause| cause.doing(doing()))?;
        let mut copied = 0;
        for neighbour in &known {
            let (Some(mac), Some(state)) = (neighbour.mac, neighbour.state_of_copy()) else {
                continue;
            };
            let mut message = NeighbourMessage::default();
            message.header.family = family_of(neighbour.address);
            message.header.ifindex = index;
            message.header.state = state;
            message.header.kind = RouteType::Unicast;
            if neighbour.router {
                message.header.flags = NeighbourFlags::Router;
            }
            let destination = match neighbour.address {
                IpAddr::V4(address) => NeighbourAddress::Inet(address),
                IpAddr::V6(address) => NeighbourAddress::Inet6(address),
            };
            message
                .attributes
                .push(NeighbourAttribute::Destination(destination));
            message
                .attributes
                .push(NeighbourAttribute::LinkLayerAddress(mac.0.to_vec()));
            self.request(
                RouteNetlinkMessage::NewNeighbour(message),
                NLM_F_CREATE | NLM_F_REPLACE,
            )
            .map_err(|cause| cause.doing(format!("{}: {}", doing(), neighbour.address)))?;
            copied += 1;
        }
        Ok(copied)
    }
}
