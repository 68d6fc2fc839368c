//! One rule: which packets it is for, and where they go.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::message::{Odd, Reader};
use crate::ovs::row::Mac;

/// A rule of a bridge's table 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// Whose it is.
    pub cookie: u64,
    /// The rule of the highest priority counts.
    pub priority: u16,
    /// What a packet must have. The order means nothing to the bridge, but that it wants to hear of a protocol before a
    /// field of it.
    pub fields: Vec<Field>,
    /// Where it goes.
    pub output: Output,
}

impl Rule {
    /// The rule with its fields in an order of their own, so that equal rules are equal.
    pub fn sorted(mut self) -> Rule {
        self.fields.sort();
        self
    }
}

/// Something that a packet must have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// It came in by this port.
    InPort(u32),
    /// It has this Ethernet source.
    EthSrc(Mac),
    /// It has this Ethernet type.
    EthType(u16),
    /// It has no VLAN tag.
    Untagged,
    /// It has this IP protocol, IPv4 or IPv6.
    IpProto(u8),
    /// It has this IPv4 source.
    Ipv4Src(Ipv4Addr),
    /// It has this UDP source port.
    UdpSrc(u16),
    /// It has this UDP destination port.
    UdpDst(u16),
    /// The sender's protocol address in ARP.
    ArpSpa(Ipv4Addr),
    /// The sender's hardware address in ARP.
    ArpSha(Mac),
    /// It has this IPv6 source.
    Ipv6Src(Ipv6Addr),
    /// It has this type of ICMPv6.
    Icmpv6Type(u8),
    /// The target of neighbour discovery.
    NdTarget(Ipv6Addr),
    /// The source's link-layer address in neighbour discovery.
    NdSll(Mac),
    /// Something that we never ask for, as it came: header and content.
    Other(u32, Vec<u8>),
}

/// Where packets go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Output {
    /// Nowhere.
    Drop,
    /// Out of this port.
    Port(u32),
    /// Something that we never ask for, as it came.
    Other(Vec<u8>),
}

/// OpenFlow's own class of fields.
const BASIC: u32 = 0x8000 << 16;

impl Field {
    fn number_and_content(&self) -> (u32, Vec<u8>) {
        match self {
            Field::InPort(port) => (0, port.to_be_bytes().into()),
            Field::EthSrc(mac) => (4, mac.to_vec()),
            Field::EthType(kind) => (5, kind.to_be_bytes().into()),
            Field::Untagged => (6, vec![0, 0]),
            Field::IpProto(protocol) => (10, vec![*protocol]),
            Field::Ipv4Src(address) => (11, address.octets().into()),
            Field::UdpSrc(port) => (15, port.to_be_bytes().into()),
            Field::UdpDst(port) => (16, port.to_be_bytes().into()),
            Field::ArpSpa(address) => (22, address.octets().into()),
            Field::ArpSha(mac) => (24, mac.to_vec()),
            Field::Ipv6Src(address) => (26, address.octets().into()),
            Field::Icmpv6Type(kind) => (29, vec![*kind]),
            Field::NdTarget(address) => (31, address.octets().into()),
            Field::NdSll(mac) => (32, mac.to_vec()),
            Field::Other(header, content) => (*header, content.clone()),
        }
    }

    fn write(&self, into: &mut Vec<u8>) {
        let (number, content) = self.number_and_content();
        let header = match self {
            Field::Other(header, _) => *header,
            // None of ours has more than 16 octets.
            _ => BASIC | (number << 9) | content.len() as u32,
        };
        into.extend(header.to_be_bytes());
        into.extend(content);
    }

    fn read(header: u32, content: &[u8]) -> Field {
        let known = match (header & !0x1ff) ^ BASIC {
            _ if header & 0x100 != 0 => None,
            number => Field::known(number >> 9, content),
        };
        known.unwrap_or_else(|| Field::Other(header, content.to_vec()))
    }

    fn known(number: u32, content: &[u8]) -> Option<Field> {
        fn of<const N: usize>(content: &[u8]) -> Option<[u8; N]> {
            content.try_into().ok()
        }
        Some(match number {
            0 => Field::InPort(u32::from_be_bytes(of(content)?)),
            4 => Field::EthSrc(of(content)?),
            5 => Field::EthType(u16::from_be_bytes(of(content)?)),
            6 if content == [0, 0] => Field::Untagged,
            10 => Field::IpProto(*content.first()?),
            11 => Field::Ipv4Src(of::<4>(content)?.into()),
            15 => Field::UdpSrc(u16::from_be_bytes(of(content)?)),
            16 => Field::UdpDst(u16::from_be_bytes(of(content)?)),
            22 => Field::ArpSpa(of::<4>(content)?.into()),
            24 => Field::ArpSha(of(content)?),
            26 => Field::Ipv6Src(of::<16>(content)?.into()),
            29 => Field::Icmpv6Type(*content.first()?),
            31 => Field::NdTarget(of::<16>(content)?.into()),
            32 => Field::NdSll(of(content)?),
            _ => return None,
        })
    }
}

/// Up to the next multiple of eight.
fn padding(len: usize) -> usize {
    len.next_multiple_of(8) - len
}

pub(super) fn write_match(fields: &[Field], into: &mut Vec<u8>) {
    let mut oxm = Vec::new();
    fields.iter().for_each(|field| field.write(&mut oxm));
    let len = 4 + oxm.len();
    into.extend([0, 1]);
    into.extend((len as u16).to_be_bytes());
    into.extend(oxm);
    into.extend(vec![0; padding(len)]);
}

pub(super) fn read_match(from: &mut Reader) -> Result<Vec<Field>, Odd> {
    if from.u16()? != 1 {
        return Err("a match of another kind");
    }
    let len = usize::from(from.u16()?);
    let mut oxm = Reader(from.take(len.checked_sub(4).ok_or("a match shorter than its head")?)?);
    from.take(padding(len))?;
    let mut fields = Vec::new();
    while !oxm.0.is_empty() {
        let header = oxm.u32()?;
        fields.push(Field::read(header, oxm.take((header & 0xff) as usize)?));
    }
    Ok(fields)
}

/// The instruction to apply one action, and that action: output to a port, without a copy to anybody.
fn to_port(port: u32) -> Vec<u8> {
    let mut bytes = vec![0, 4, 0, 24, 0, 0, 0, 0, 0, 0, 0, 16];
    bytes.extend(port.to_be_bytes());
    bytes.extend([0; 8]);
    bytes
}

pub(super) fn write_output(output: &Output, into: &mut Vec<u8>) {
    match output {
        Output::Drop => {}
        Output::Port(port) => into.extend(to_port(*port)),
        Output::Other(bytes) => into.extend(bytes),
    }
}

pub(super) fn read_output(instructions: &[u8]) -> Output {
    let port = instructions.get(12..16).and_then(|it| it.try_into().ok());
    match port.map(u32::from_be_bytes) {
        None if instructions.is_empty() => Output::Drop,
        Some(port) if instructions == to_port(port) => Output::Port(port),
        _ => Output::Other(instructions.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_and_what_we_do_not_know_reads_as_it_was_written() {
        let mac = [2, 0, 0, 0, 0, 9];
        let fields = vec![
            Field::InPort(7),
            Field::EthSrc(mac),
            Field::EthType(0x86dd),
            Field::Untagged,
            Field::IpProto(58),
            Field::Ipv4Src([10, 0, 0, 9].into()),
            Field::UdpSrc(67),
            Field::UdpDst(68),
            Field::ArpSpa([10, 0, 0, 9].into()),
            Field::ArpSha(mac),
            Field::Ipv6Src("fd00::9".parse().unwrap()),
            Field::Icmpv6Type(135),
            Field::NdTarget("fd00::9".parse().unwrap()),
            Field::NdSll(mac),
            // A masked VLAN, and a field of Nicira.
            Field::Other(0x8000_0d04, vec![16, 0, 16, 0]),
            Field::Other(0x0001_0204, vec![0, 0, 0, 1]),
        ];
        let mut bytes = Vec::new();
        write_match(&fields, &mut bytes);
        assert_eq!(bytes.len() % 8, 0);
        let mut reader = Reader(&bytes);
        assert_eq!(read_match(&mut reader).unwrap(), fields);
        assert!(reader.0.is_empty());
        for cut in 0..bytes.len() {
            assert!(read_match(&mut Reader(&bytes[..cut])).is_err(), "{cut}");
        }
    }

    #[test]
    fn an_output_reads_as_it_was_written() {
        for output in [
            Output::Drop,
            Output::Port(65_534),
            Output::Other(vec![0, 1, 0, 8]),
        ] {
            let mut bytes = Vec::new();
            write_output(&output, &mut bytes);
            assert_eq!(read_output(&bytes), output);
        }
    }
}
