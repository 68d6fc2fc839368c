//! The small values everything else is made of: device names, Ethernet addresses, addresses with a prefix. Each is
//! checked where it enters, so that no later code meets a wrong one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why text is no name, address or prefix.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// No name of a network device.
    #[error("{0:?} is no name of a network device (1 to 15 of A-Z a-z 0-9 . _ -)")]
    Name(String),
    /// No Ethernet address.
    #[error("{0:?} is no Ethernet address")]
    Mac(String),
    /// No address with a prefix length.
    #[error("{0:?} is no IP address with a prefix length")]
    Inet(String),
}

/// Something a NIC does in place of the processor, or the kernel for a NIC. Those that others depend on come first, so
/// that the order is one in which they can be switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Offload {
    /// It checks the checksums of what comes in.
    Rx,
    /// It makes the checksums of what goes out.
    Tx,
    /// It collects a packet from several pieces of memory.
    Sg,
    /// It cuts TCP segments to size.
    Tso,
    /// Packets are cut to size as late as possible.
    Gso,
    /// Packets of one stream are joined early.
    Gro,
    /// The NIC itself joins them, and cannot take them apart again: not for what is forwarded.
    Lro,
}

impl Offload {
    /// All of them, in their order.
    pub const ALL: [Offload; 7] = [
        Offload::Rx,
        Offload::Tx,
        Offload::Sg,
        Offload::Tso,
        Offload::Gso,
        Offload::Gro,
        Offload::Lro,
    ];

    /// The name that XAPI and ethtool give it.
    pub fn as_str(self) -> &'static str {
        match self {
            Offload::Rx => "rx",
            Offload::Tx => "tx",
            Offload::Sg => "sg",
            Offload::Tso => "tso",
            Offload::Gso => "gso",
            Offload::Gro => "gro",
            Offload::Lro => "lro",
        }
    }
}

impl fmt::Display for Offload {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// How a NIC comes to a speed with its other end. What isn't said is left as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkModes {
    /// Mbit/s.
    pub speed: Option<u32>,
    /// Whether both ends may talk at once.
    pub full_duplex: Option<bool>,
    /// Whether the two ends agree by themselves.
    pub autoneg: Option<bool>,
    /// What it tells the other end that it can, by the bits of ethtool's link modes.
    pub advertise: Option<u64>,
}

impl LinkModes {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == LinkModes::default()
    }
}

impl fmt::Display for LinkModes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            self.speed.map(|speed| format!("speed {speed}")),
            self.full_duplex
                .map(|full| format!("duplex {}", if full { "full" } else { "half" })),
            self.autoneg
                .map(|on| format!("autoneg {}", if on { "on" } else { "off" })),
            self.advertise.map(|bits| format!("advertise {bits:#x}")),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        out.pad(&words.join(" "))
    }
}

/// The name of a network device or bridge: `[A-Za-z0-9._-]{1,15}`, as the kernel takes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name {
    // Padded with zeros, which no name contains: the derived order is the order of the text.
    bytes: [u8; 15],
    len: u8,
}

/// The bridge that guests' NICs with a filter are locked behind. No network may have its name.
pub const GUARD: Name = Name {
    bytes: *b"xapi-guard\0\0\0\0\0",
    len: 10,
};

impl Name {
    /// Checks a name.
    pub fn new(text: &str) -> Result<Name, Malformed> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let len = text.len();
        if !(1..=15).contains(&len)
            || !text.bytes().all(allowed)
            || text.bytes().all(|byte| byte == b'.')
        {
            return Err(Malformed::Name(text.chars().take(64).collect()));
        }
        let mut bytes = [0; 15];
        bytes[..len].copy_from_slice(text.as_bytes());
        Ok(Name {
            bytes,
            len: len as u8,
        })
    }

    /// A name of 15 characters made of a prefix and of what it shall stand for: the same for the same, another for
    /// anything else (12 hexadecimal digits of FNV-1a). A prefix longer than three characters is cut.
    pub fn derived(prefix: &str, from: &[&str]) -> Name {
        let digits = format!("{:016x}", fingerprint(from));
        let text = format!("{prefix:.3}{}", &digits[digits.len() - 12..]);
        Name::new(&text).unwrap_or(GUARD)
    }

    /// Whether it is the host's end of a guest's NIC, vif1.0 or tap1.0.
    pub fn is_guests_end(&self) -> bool {
        let number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        let text = self.as_str();
        let numbers = text
            .strip_prefix("vif")
            .or_else(|| text.strip_prefix("tap"));
        numbers
            .and_then(|numbers| numbers.split_once('.'))
            .is_some_and(|(domain, device)| number(domain) && number(device))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

/// 64 bits that stand for some texts: FNV-1a, which will be the same for ever.
pub fn fingerprint(of: &[&str]) -> u64 {
    let bytes = of.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Name {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Name, Malformed> {
        Name::new(text)
    }
}

impl TryFrom<String> for Name {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Name, Malformed> {
        Name::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.as_str().to_owned()
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, text: &str) -> bool {
        self.as_str() == text
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, text: &&str) -> bool {
        self.as_str() == *text
    }
}

/// An Ethernet address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Whether a device may have it: not all zero, and no group address.
    pub fn is_unicast(&self) -> bool {
        self.0[0] & 1 == 0 && self.0 != [0; 6]
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(out, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Mac {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Mac, Malformed> {
        let wrong = || Malformed::Mac(text.chars().take(64).collect());
        let mut mac = [0; 6];
        let mut parts = text.split(':');
        for octet in &mut mac {
            let part = parts.next().ok_or_else(wrong)?;
            if part.len() != 2 || !part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(wrong());
            }
            *octet = u8::from_str_radix(part, 16).map_err(|_| wrong())?;
        }
        match parts.next() {
            None => Ok(Mac(mac)),
            Some(_) => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Mac {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Mac, Malformed> {
        text.parse()
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> String {
        mac.to_string()
    }
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl fmt::Display for Family {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        })
    }
}

/// The family of an address.
pub fn family(address: &IpAddr) -> Family {
    match address {
        IpAddr::V4(_) => Family::V4,
        IpAddr::V6(_) => Family::V6,
    }
}

/// An address with the length of its network's prefix: `10.0.0.2/24`. As a destination, the host bits are zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Inet {
    address: IpAddr,
    prefix: u8,
}

impl Inet {
    /// Checks that the prefix fits the family.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Inet, Malformed> {
        if prefix > bits(&address) {
            return Err(Malformed::Inet(format!("{address}/{prefix}")));
        }
        Ok(Inet { address, prefix })
    }

    /// Every address of a family: the destination of a default route.
    pub fn everything(family: Family) -> Inet {
        let address = match family {
            Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Inet { address, prefix: 0 }
    }

    /// The address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The length of the prefix.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// The family.
    pub fn family(&self) -> Family {
        family(&self.address)
    }

    /// The network it is in: the same with the host bits zero.
    pub fn network(&self) -> Inet {
        let address = match self.address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX
                    .checked_shl(u32::from(32 - self.prefix))
                    .unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX
                    .checked_shl(u32::from(128 - self.prefix))
                    .unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
            }
        };
        Inet {
            address,
            prefix: self.prefix,
        }
    }

    /// Whether an address is in this network.
    pub fn contains(&self, address: &IpAddr) -> bool {
        family(address) == self.family()
            && Inet {
                address: *address,
                prefix: self.prefix,
            }
            .network()
                == self.network()
    }
}

fn bits(address: &IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl fmt::Display for Inet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.prefix)
    }
}

impl fmt::Debug for Inet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Inet {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Inet, Malformed> {
        let wrong = || Malformed::Inet(text.chars().take(64).collect());
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        Inet::new(
            address.parse().map_err(|_| wrong())?,
            prefix.parse().map_err(|_| wrong())?,
        )
        .map_err(|_| wrong())
    }
}

impl TryFrom<String> for Inet {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Inet, Malformed> {
        text.parse()
    }
}

impl From<Inet> for String {
    fn from(inet: Inet) -> String {
        inet.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_kernel_takes_and_sort_as_text() {
        for good in [
            "eth0",
            "xapi10",
            "bond0.17",
            "a",
            "br-0_x",
            "abcdefghijklmno",
        ] {
            assert_eq!(Name::new(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".",
            "..",
            "a/b",
            "eth 0",
            "abcdefghijklmnop",
            "é",
            "a\0",
        ] {
            assert!(Name::new(bad).is_err(), "{bad:?}");
        }
        let mut names = ["eth2", "eth10", "eth", "xapi1"].map(|name| Name::new(name).unwrap());
        names.sort();
        assert_eq!(
            names.map(|name| name.to_string()),
            ["eth", "eth10", "eth2", "xapi1"]
        );
    }

    #[test]
    fn derived_names_stay_the_same_and_tell_what_they_stand_for_apart() {
        let tunnel = Name::derived("tun", &["xapi7", "10.0.0.2"]);
        assert_eq!(tunnel.as_str(), "tunb01e85fc352d");
        assert_ne!(tunnel, Name::derived("tun", &["xapi71", "0.0.0.2"]));
        assert_eq!(Name::derived("tunnel", &[]).as_str().len(), 15);
        assert_eq!(GUARD, Name::new("xapi-guard").unwrap());
    }

    #[test]
    fn guests_ends_are_told_from_nics() {
        let check = |text: &str| Name::new(text).unwrap().is_guests_end();
        assert!(check("vif1.0") && check("tap12.3"));
        for nic in [
            "eth0", "vif", "vif1", "vif1.", "vif.1", "vif1.0.1", "vif1.a",
        ] {
            assert!(!check(nic), "{nic}");
        }
    }

    #[test]
    fn networks_contain_their_addresses_at_every_prefix_length() {
        let inet: Inet = "172.16.0.10/27".parse().unwrap();
        assert_eq!(inet.network().to_string(), "172.16.0.0/27");
        assert!(inet.contains(&"172.16.0.1".parse().unwrap()));
        assert!(!inet.contains(&"172.16.0.32".parse().unwrap()));
        assert!(!inet.contains(&"::1".parse().unwrap()));
        let all = Inet::everything(Family::V6);
        assert!(all.contains(&"fd00::1".parse().unwrap()));
        assert_eq!(
            "10.1.2.3/32".parse::<Inet>().unwrap().network().to_string(),
            "10.1.2.3/32"
        );
        for bad in [
            "10.0.0.1",
            "10.0.0.1/33",
            "10.0.0.1/+8",
            "::/129",
            "x/8",
            "10.0.0.1/",
        ] {
            assert!(bad.parse::<Inet>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ethernet_addresses_are_written_in_lower_case() {
        let mac: Mac = "00:16:3E:aa:0b:ff".parse().unwrap();
        assert_eq!(mac.to_string(), "00:16:3e:aa:0b:ff");
        for bad in [
            "",
            "0:1:2:3:4:5",
            "00:16:3e:aa:0b",
            "00:16:3e:aa:0b:ff:00",
            "+0:16:3e:aa:0b:ff",
        ] {
            assert!(bad.parse::<Mac>().is_err(), "{bad}");
        }
        assert!(!Mac([1, 0, 0, 0, 0, 1]).is_unicast());
    }
}
