//! What can be wrong with a field, in sentences that say what to type.

use thiserror::Error;

use super::Field;

/// What is wrong, and with which field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} {wrong}", field.key())]
pub struct Misfit {
    /// The field.
    pub field: Field,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong with a text. The sentences stand behind the field's name, whatever the reader calls it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Wrong {
    /// It has to be given.
    #[error("is missing: {}", needed(*.0))]
    Missing(Field),
    /// No name of a device.
    #[error(
        "{0:?}: the name of a NIC has 1 to 15 letters, digits, dots, dashes and underscores, such as eth0"
    )]
    Device(String),
    /// No tag.
    #[error("{0:?}: a VLAN is a number from 1 to 4094, such as 42; 0 means none")]
    Vlan(String),
    /// No mode of IPv4.
    #[error("{0:?}: the mode of IPv4 is static, dhcp or none")]
    Mode(String),
    /// No mode of IPv6.
    #[error("{0:?}: the mode of IPv6 is static, autoconf, dhcp or none")]
    ModeV6(String),
    /// No address of IPv4.
    #[error("{0:?}: an address of IPv4 has four numbers from 0 to 255, such as 192.168.0.10")]
    Ipv4(String),
    /// An address of IPv4 with its prefix.
    #[error("{0:?}: the address alone, such as 192.168.0.10; its netmask is {1}")]
    WithPrefix(String, String),
    /// An address that no single machine has.
    #[error("{0}: no machine can have this address ({1})")]
    NoMachine(String, &'static str),
    /// No netmask.
    #[error("{0:?}: a netmask has four numbers from 0 to 255, such as 255.255.255.0")]
    Netmask(String),
    /// The length of a prefix.
    #[error("{0:?}: as a netmask this is {1}")]
    Prefix(String, String),
    /// A netmask with holes.
    #[error("{0}: a netmask has its ones first, such as 255.255.255.0")]
    Holes(String),
    /// A netmask of no bits.
    #[error("{0}: this netmask makes one network of all addresses; give one such as 255.255.255.0")]
    Everything(String),
    /// No address of IPv6.
    #[error("{0:?}: an address of IPv6 looks like fd00::10")]
    Ipv6(String),
    /// No address of IPv6 with a prefix.
    #[error("{0:?}: an address of IPv6 with the length of its prefix looks like fd00::10/64")]
    Ipv6WithPrefix(String),
    /// An address of the other family, or none.
    #[error("{0:?}: an address, such as 192.168.0.10 or fd00::10")]
    Address(String),
    /// No list of name servers.
    #[error(
        "{0:?}: addresses of name servers, separated by commas, such as 192.168.0.1,192.168.0.2"
    )]
    Dns(String),
    /// A longer list of name servers than anybody asks.
    #[error("there are {0} name servers, and at most {1} are asked")]
    TooMany(usize, usize),
    /// Neither family.
    #[error(
        "is none for both families, so that nothing could reach this host: dhcp or static for IPv4, or dhcp, autoconf or static for IPv6"
    )]
    NoFamily,
    /// The address is the network's own, or everybody's.
    #[error(
        "{0}: in a network with a prefix of {1} bits this is the {2} address, which no machine can have"
    )]
    NoHost(String, u8, &'static str),
    /// The router is the host.
    #[error("{0}: this is the host's own address; the router has another one, or there is none")]
    Itself(String),
    /// The router is somewhere else.
    #[error(
        "{router}: this is not in the host's own network {network}, and only there a router can be reached"
    )]
    FarAway {
        /// Its address.
        router: String,
        /// The host's network.
        network: String,
    },
}

fn needed(field: Field) -> &'static str {
    match field {
        Field::Device => "the NIC that shall carry management, such as eth0",
        Field::Ip => "a static address of IPv4 has to be given, such as 192.168.0.10",
        Field::Netmask => "a static address of IPv4 needs its netmask, such as 255.255.255.0",
        Field::Ipv6 => "a static address of IPv6 has to be given, such as fd00::10/64",
        _ => "it has to be given",
    }
}
