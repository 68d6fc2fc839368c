//! Addresses of devices.
//!
//! An address is put without the connected route that the kernel would add for it: that route is
//! a thing of its own for us, so that it can move from one device to another in one step. And an
//! IPv6 address is put without duplicate detection: those we move are ours already, and a second
//! in the tentative state is a second of silence.

use std::net::{IpAddr, Ipv4Addr};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressProtocol,
    AddressScope,
};

use super::{Cause, Kernel, KernelError, OUR_PROTOCOL};

/// An address that a device has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The number of the device.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// How many bits of it name the network.
    pub prefix: u8,
    /// Valid on this link or this host only.
    pub local_scope: bool,
    /// Put by somebody, not learnt from a router.
    pub permanent: bool,
    /// Duplicate detection is not through yet.
    pub tentative: bool,
    /// Duplicate detection found somebody else with it.
    pub duplicate: bool,
    /// Without a connected route of the kernel's making.
    pub noprefixroute: bool,
    /// Who put it, where the kernel keeps that (since 5.18); 0 if it does not.
    pub protocol: u8,
}

impl Address {
    /// Whether it carries our mark.
    pub fn is_ours(&self) -> bool {
        self.protocol == OUR_PROTOCOL
    }

    pub(crate) fn from_message(message: &AddressMessage) -> Option<Address> {
        let mut flags = AddressFlags::from_bits_retain(u32::from(message.header.flags.bits()));
        let mut peer = None;
        let mut local = None;
        let mut protocol = 0;
        for attribute in &message.attributes {
            match attribute {
                AddressAttribute::Address(address) => peer = Some(*address),
                AddressAttribute::Local(address) => local = Some(*address),
                AddressAttribute::Flags(all) => flags = *all,
                AddressAttribute::Protocol(number) => protocol = u8::from(*number),
                _ => {}
            }
        }
        Some(Address {
            index: message.header.index,
            // On point-to-point links the first attribute is the other end.
            address: local.or(peer)?,
            prefix: message.header.prefix_len,
            local_scope: matches!(
                message.header.scope,
                AddressScope::Link | AddressScope::Host
            ),
            permanent: flags.contains(AddressFlags::Permanent),
            tentative: flags.contains(AddressFlags::Tentative),
            duplicate: flags.contains(AddressFlags::Dadfailed),
            noprefixroute: flags.contains(AddressFlags::Noprefixroute),
            protocol,
        })
    }
}

impl Kernel {
    /// All addresses of all devices, IPv4 first.
    pub fn addresses(&mut self) -> Result<Vec<Address>, KernelError> {
        let mut addresses = Vec::new();
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut message = AddressMessage::default();
            message.header.family = family;
            let answers = match self.dump(RouteNetlinkMessage::GetAddress(message)) {
                Ok(answers) => answers,
                // A kernel without this family.
                Err(cause) if cause.errno() == Some(libc::EOPNOTSUPP) => Vec::new(),
                Err(cause) => return Err(cause.doing("listing the addresses")),
            };
            addresses.extend(answers.iter().filter_map(|answer| match answer {
                // Where IPv6 is absent the kernel answers with what it has of any family.
                RouteNetlinkMessage::NewAddress(message) if message.header.family == family => {
                    Address::from_message(message)
                }
                _ => None,
            }));
        }
        Ok(addresses)
    }

    /// The addresses of one device; none if there is no such device.
    pub fn addresses_of(&mut self, device: &str) -> Result<Vec<Address>, KernelError> {
        let Some(link) = self.link(device)? else {
            return Ok(Vec::new());
        };
        let mut addresses = self.addresses()?;
        addresses.retain(|address| address.index == link.index);
        Ok(addresses)
    }

    /// Puts an address on a device, with our mark and without a connected route.
    pub fn add_address(
        &mut self,
        device: &str,
        address: IpAddr,
        prefix: u8,
    ) -> Result<(), KernelError> {
        let doing = || format!("adding {address}/{prefix} to {device}");
        let mut message = self
            .address_message(device, address, prefix)
            .map_err(|cause| cause.doing(doing()))?;
        let mut flags = AddressFlags::Noprefixroute | AddressFlags::Permanent;
        match address {
            IpAddr::V4(address) => {
                if let Some(broadcast) = broadcast_of(address, prefix) {
                    message
                        .attributes
                        .push(AddressAttribute::Broadcast(broadcast));
                }
            }
            IpAddr::V6(_) => flags |= AddressFlags::Nodad,
        }
        message.attributes.push(AddressAttribute::Flags(flags));
        message
            .attributes
            .push(AddressAttribute::Protocol(AddressProtocol::Other(
                OUR_PROTOCOL,
            )));
        if let IpAddr::V6(address) = address
            && address.is_unicast_link_local()
        {
            message.header.scope = AddressScope::Link;
        }
        self.request(
            RouteNetlinkMessage::NewAddress(message),
            NLM_F_CREATE | NLM_F_EXCL,
        )
        .map_err(|cause| cause.doing(doing()))
    }

    /// Takes an address from a device.
    pub fn delete_address(
        &mut self,
        device: &str,
        address: IpAddr,
        prefix: u8,
    ) -> Result<(), KernelError> {
        let doing = || format!("deleting {address}/{prefix} from {device}");
        let message = self
            .address_message(device, address, prefix)
            .map_err(|cause| cause.doing(doing()))?;
        self.request(RouteNetlinkMessage::DelAddress(message), 0)
            .map_err(|cause| cause.doing(doing()))
    }

    fn address_message(
        &mut self,
        device: &str,
        address: IpAddr,
        prefix: u8,
    ) -> Result<AddressMessage, Cause> {
        let mut message = AddressMessage::default();
        message.header.index = self.index_of(device)?;
        message.header.family = family_of(address);
        message.header.prefix_len = prefix;
        message.header.flags = AddressHeaderFlags::empty();
        message.attributes.push(AddressAttribute::Local(address));
        message.attributes.push(AddressAttribute::Address(address));
        Ok(message)
    }
}

/// The family that an address is of.
pub(crate) fn family_of(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

/// The broadcast address of a network; networks of one or two addresses have none.
pub fn broadcast_of(address: Ipv4Addr, prefix: u8) -> Option<Ipv4Addr> {
    let host_bits = u32::MAX.checked_shr(u32::from(prefix))?;
    (prefix <= 30).then(|| Ipv4Addr::from_bits(address.to_bits() | host_bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_networks_have_no_broadcast_address() {
        let address = Ipv4Addr::new(172, 16, 0, 10);
        assert_eq!(
            broadcast_of(address, 27),
            Some(Ipv4Addr::new(172, 16, 0, 31))
        );
        assert_eq!(broadcast_of(address, 0), Some(Ipv4Addr::BROADCAST));
        for prefix in [31, 32, 33, 255] {
            assert_eq!(broadcast_of(address, prefix), None, "/{prefix}");
        }
    }
}
