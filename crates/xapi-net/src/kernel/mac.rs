//! Ethernet addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An Ethernet address, written as six pairs of lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Where everybody listens.
    pub const BROADCAST: Mac = Mac([0xff; 6]);

    /// The address that the kernel gave as raw octets; none if it isn't an Ethernet address, or is
    /// all zeros as drivers without a permanent address have it.
    pub fn from_octets(octets: &[u8]) -> Option<Mac> {
        let octets: [u8; 6] = octets.try_into().ok()?;
        (octets != [0; 6]).then_some(Mac(octets))
    }

    /// Whether a device may have this address: neither a group address nor all zeros.
    pub fn is_unicast(&self) -> bool {
        self.0[0] & 1 == 0 && self.0 != [0; 6]
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is no Ethernet address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no Ethernet address")]
pub struct NotAMac(String);

impl FromStr for Mac {
    type Err = NotAMac;

    fn from_str(text: &str) -> Result<Mac, NotAMac> {
        let refused = || NotAMac(text.chars().take(32).collect());
        let mut octets = [0; 6];
        let mut pairs = text.split(':');
        for octet in &mut octets {
            let pair = pairs.next().ok_or_else(refused)?;
            // from_str_radix would take a sign.
            if pair.len() != 2 || !pair.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(refused());
            }
            *octet = u8::from_str_radix(pair, 16).map_err(|_| refused())?;
        }
        match pairs.next() {
            None => Ok(Mac(octets)),
            Some(_) => Err(refused()),
        }
    }
}

impl TryFrom<String> for Mac {
    type Error = NotAMac;
    fn try_from(text: String) -> Result<Mac, NotAMac> {
        text.parse()
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> String {
        mac.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_pairs_of_digits_are_a_mac() {
        assert_eq!(
            "00:16:3E:0a:0b:ff".parse(),
            Ok(Mac([0, 0x16, 0x3e, 10, 11, 255]))
        );
        for text in [
            "",
            "00:16:3e:0a:0b",
            "00:16:3e:0a:0b:ff:00",
            "0:16:3e:0a:0b:ff",
            "00-16-3e-0a-0b-ff",
            "+0:16:3e:0a:0b:ff",
            "00:16:3e:0a:0b:fg",
        ] {
            assert!(text.parse::<Mac>().is_err(), "{text:?} was taken for a MAC");
        }
        assert_eq!(
            Mac([0, 0x16, 0x3e, 10, 11, 255]).to_string(),
            "00:16:3e:0a:0b:ff"
        );
    }

    #[test]
    fn a_group_address_or_nothing_is_no_device_address() {
        assert!(Mac([2, 0, 0, 0, 0, 1]).is_unicast());
        assert!(!Mac([3, 0, 0, 0, 0, 1]).is_unicast());
        assert!(!Mac([0; 6]).is_unicast());
    }
}
