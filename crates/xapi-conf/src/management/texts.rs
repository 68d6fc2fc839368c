//! From a text to the value of a field.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Wrong, netmask_of};

/// The most name servers: a resolver asks three, and some keep more.
const MAX_DNS: usize = 8;

/// How an address of IPv4 comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// None comes.
    None,
    /// By DHCP.
    Dhcp,
    /// It is given.
    Static,
}

/// How addresses of IPv6 come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeV6 {
    /// None come.
    None,
    /// By DHCP.
    Dhcp,
    /// From what routers advertise.
    Autoconf,
    /// One is given.
    Static,
}

/// As much of a text as a message needs.
fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

/// A NIC's name.
pub fn device(text: &str) -> Result<String, Wrong> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_name = (1..=15).contains(&text.len())
        && text.bytes().all(is_allowed)
        && !text.bytes().all(|byte| byte == b'.');
    match is_name {
        true => Ok(text.to_owned()),
        false => Err(Wrong::Device(shown(text))),
    }
}

/// A VLAN's tag: 1 to 4094, or `None` for 0.
pub fn vlan(text: &str) -> Result<Option<u16>, Wrong> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(0) if is_number => Ok(None),
        Ok(tag) if is_number && tag <= 4094 => Ok(Some(tag)),
        _ => Err(Wrong::Vlan(shown(text))),
    }
}

/// How an address of IPv4 comes, in small or capital letters.
pub fn mode(text: &str) -> Result<Mode, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "none" => Ok(Mode::None),
        "dhcp" => Ok(Mode::Dhcp),
        "static" => Ok(Mode::Static),
        _ => Err(Wrong::Mode(shown(text))),
    }
}

/// How addresses of IPv6 come, in small or capital letters.
pub fn mode_v6(text: &str) -> Result<ModeV6, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "none" => Ok(ModeV6::None),
        "dhcp" => Ok(ModeV6::Dhcp),
        "autoconf" => Ok(ModeV6::Autoconf),
        "static" => Ok(ModeV6::Static),
        _ => Err(Wrong::ModeV6(shown(text))),
    }
}

/// An address of IPv4 that a machine can have.
pub fn ipv4(text: &str) -> Result<Ipv4Addr, Wrong> {
    if let Some((address, prefix)) = text.split_once('/')
        && address.parse::<Ipv4Addr>().is_ok()
        && let Ok(prefix @ 1..=32) = prefix.parse::<u8>()
    {
        let netmask = netmask_of(prefix).to_string();
        return Err(Wrong::WithPrefix(shown(text), netmask));
    }
    let address: Ipv4Addr = text.parse().map_err(|_| Wrong::Ipv4(shown(text)))?;
    let no_machine = |why| Err(Wrong::NoMachine(address.to_string(), why));
    match address.octets()[0] {
        0 => no_machine("those that begin with 0 mean nobody"),
        127 => no_machine("those that begin with 127 mean the machine itself"),
        224..=239 => no_machine("those from 224 to 239 mean groups"),
        240..=255 => no_machine("those from 240 on are reserved"),
        _ => Ok(address),
    }
}

/// A netmask, as the number of its ones.
pub fn netmask(text: &str) -> Result<u8, Wrong> {
    let bare = text.strip_prefix('/').unwrap_or(text);
    if let Ok(prefix @ 1..=32) = bare.parse::<u8>() {
        let netmask = netmask_of(prefix).to_string();
        return Err(Wrong::Prefix(shown(text), netmask));
    }
    let mask: Ipv4Addr = text.parse().map_err(|_| Wrong::Netmask(shown(text)))?;
    let bits = u32::from(mask);
    match bits.leading_ones() {
        0 if bits == 0 => Err(Wrong::Everything(text.to_owned())),
        ones if ones == bits.count_ones() => Ok(ones as u8),
        _ => Err(Wrong::Holes(text.to_owned())),
    }
}

/// An address of IPv6 that a machine can have; a router's may be one of the link.
pub fn ipv6(text: &str) -> Result<Ipv6Addr, Wrong> {
    let address: Ipv6Addr = text.parse().map_err(|_| Wrong::Ipv6(shown(text)))?;
    let why = if address.is_unspecified() {
        "it means nobody"
    } else if address.is_loopback() {
        "it means the machine itself"
    } else if address.is_multicast() {
        "it means a group"
    } else if address.to_ipv4_mapped().is_some() {
        "it is one of IPv4 in disguise"
    } else {
        return Ok(address);
    };
    Err(Wrong::NoMachine(address.to_string(), why))
}

/// A host's address of IPv6 with the length of its prefix.
pub fn ipv6_with_prefix(text: &str) -> Result<(Ipv6Addr, u8), Wrong> {
    let wrong = || Wrong::Ipv6WithPrefix(shown(text));
    let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
    if address.parse::<Ipv6Addr>().is_err() {
        return Err(wrong());
    }
    let address = ipv6(address)?;
    if address.is_unicast_link_local() {
        let why = "it is one of the link, which every machine makes by itself";
        return Err(Wrong::NoMachine(address.to_string(), why));
    }
    match prefix.parse::<u8>() {
        Ok(prefix @ 1..=128) => Ok((address, prefix)),
        _ => Err(wrong()),
    }
}

/// Name servers, separated by commas or spaces.
pub fn dns(text: &str) -> Result<Vec<IpAddr>, Wrong> {
    let mut servers = Vec::new();
    let words = text.split([',', ' ', '\t']).filter(|word| !word.is_empty());
    for word in words {
        let server: IpAddr = word.parse().map_err(|_| Wrong::Dns(shown(text)))?;
        // Unlike others a name server may be the machine itself.
        let why = match server {
            _ if server.is_unspecified() => Some("it means nobody"),
            _ if server.is_multicast() => Some("it means a group"),
            _ => None,
        };
        if let Some(why) = why {
            return Err(Wrong::NoMachine(server.to_string(), why));
        }
        if !servers.contains(&server) {
            servers.push(server);
        }
    }
    match servers.len() {
        0 => Err(Wrong::Dns(shown(text))),
        many if many > MAX_DNS => Err(Wrong::TooMany(many, MAX_DNS)),
        _ => Ok(servers),
    }
}

/// The address of a pool's master, of either family.
pub fn master(text: &str) -> Result<IpAddr, Wrong> {
    match text.parse() {
        Ok(IpAddr::V4(_)) => ipv4(text).map(IpAddr::V4),
        Ok(IpAddr::V6(_)) => ipv6(text).map(IpAddr::V6),
        Err(_) => Err(Wrong::Address(shown(text))),
    }
}
