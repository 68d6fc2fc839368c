//! Leases, and where they are kept over a restart.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::kernel::resolver::write_at_once;
use crate::kernel::{Cause, KernelError, Mac};

/// A lease of either family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "family")]
pub enum Lease {
    /// IPv4.
    #[serde(rename = "ipv4")]
    V4(Lease4),
    /// IPv6.
    #[serde(rename = "ipv6")]
    V6(Lease6),
}

/// What a DHCPv4 server gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease4 {
    /// The MAC that it was given to.
    pub mac: Mac,
    /// The client identifier that it was given to, if one was sent.
    pub client_id: Option<Vec<u8>>,
    /// The address.
    pub address: Ipv4Addr,
    /// How many bits of it name the network.
    pub prefix: u8,
    /// The network's broadcast address, if the server gave one.
    pub broadcast: Option<Ipv4Addr>,
    /// Routers, the first one first. Empty if we didn't ask.
    pub routers: Vec<Ipv4Addr>,
    /// Name servers. Empty if we didn't ask.
    pub dns: Vec<Ipv4Addr>,
    /// Domains to look short names up in. Empty if we didn't ask.
    pub domains: Vec<String>,
    /// The name that the server gives us.
    pub host_name: Option<String>,
    /// Time servers.
    pub ntp: Vec<Ipv4Addr>,
    /// The MTU of this network.
    pub mtu: Option<u16>,
    /// Seconds that local time is ahead of UTC.
    pub time_offset: Option<i32>,
    /// The server.
    pub server: Ipv4Addr,
    /// When it was given or last prolonged, in seconds since 1970.
    pub acquired: u64,
    /// How many seconds it runs from then; `u32::MAX` is for ever.
    pub seconds: u32,
    /// After how many seconds the server is to be asked to prolong it; 0 if it left that to us.
    pub t1: u32,
    /// After how many seconds any server is; 0 if it left that to us.
    pub t2: u32,
}

impl Lease4 {
    /// How many of its seconds are left; none if it runs for ever. A clock that was set back
    /// doesn't make it longer.
    pub fn left(&self, unix: u64) -> Option<u32> {
        left(self.acquired, self.seconds, unix)
    }

    /// Whether both say the same but for their times.
    pub fn same_terms(&self, other: &Lease4) -> bool {
        let timeless = Lease4 {
            server: self.server,
            acquired: self.acquired,
            seconds: self.seconds,
            t1: self.t1,
            t2: self.t2,
            ..other.clone()
        };
        *self == timeless
    }
}

/// What a DHCPv6 server gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease6 {
    /// The MAC of the device that it was given to.
    pub mac: Mac,
    /// Our identifier.
    pub duid: Vec<u8>,
    /// The addresses.
    pub addresses: Vec<Leased6>,
    /// Name servers. Empty if we didn't ask.
    pub dns: Vec<Ipv6Addr>,
    /// Domains to look short names up in. Empty if we didn't ask.
    pub domains: Vec<String>,
    /// The server's identifier.
    pub server: Vec<u8>,
    /// When it was given or last prolonged, in seconds since 1970.
    pub acquired: u64,
    /// After how many seconds the server is to be asked to prolong it; 0 if it left that to us.
    pub t1: u32,
    /// After how many seconds any server is; 0 if it left that to us.
    pub t2: u32,
}

/// An address with its times. It is on no link by itself: what network it's in, routers tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leased6 {
    /// The address.
    pub address: Ipv6Addr,
    /// For how many seconds new connections may use it; `u32::MAX` is for ever.
    pub preferred: u32,
    /// For how many seconds it may be used at all; `u32::MAX` is for ever.
    pub valid: u32,
}

impl Lease6 {
    /// How many seconds its longest address runs.
    pub fn seconds(&self) -> u32 {
        self.addresses
            .iter()
            .map(|leased| leased.valid)
            .max()
            .unwrap_or(0)
    }

    /// How many of its seconds are left; none if it runs for ever.
    pub fn left(&self, unix: u64) -> Option<u32> {
        left(self.acquired, self.seconds(), unix)
    }

    /// Whether both say the same but for their times.
    pub fn same_terms(&self, other: &Lease6) -> bool {
        let addresses = |lease: &Lease6| {
            lease
                .addresses
                .iter()
                .map(|a| a.address)
                .collect::<Vec<_>>()
        };
        self.mac == other.mac
            && self.duid == other.duid
            && self.dns == other.dns
            && self.domains == other.domains
            && addresses(self) == addresses(other)
    }
}

fn left(acquired: u64, seconds: u32, unix: u64) -> Option<u32> {
    let passed = u32::try_from(unix.saturating_sub(acquired)).unwrap_or(u32::MAX);
    (seconds != u32::MAX).then(|| seconds.saturating_sub(passed))
}

impl Lease {
    /// The MAC that it was given to.
    pub fn mac(&self) -> Mac {
        match self {
            Lease::V4(lease) => lease.mac,
            Lease::V6(lease) => lease.mac,
        }
    }

    /// Its addresses.
    pub fn addresses(&self) -> Vec<IpAddr> {
        match self {
            Lease::V4(lease) => vec![IpAddr::V4(lease.address)],
            Lease::V6(lease) => lease
                .addresses
                .iter()
                .map(|a| IpAddr::V6(a.address))
                .collect(),
        }
    }
}

impl From<Lease4> for Lease {
    fn from(lease: Lease4) -> Lease {
        Lease::V4(lease)
    }
}

impl From<Lease6> for Lease {
    fn from(lease: Lease6) -> Lease {
        Lease::V6(lease)
    }
}

/// A lease file is at most this long.
const AT_MOST: u64 = 64 * 1024;

/// The folder with the lease files: one for each MAC and family.
#[derive(Debug, Clone)]
pub struct LeaseStore {
    folder: PathBuf,
}

impl LeaseStore {
    /// The store in this folder, which is made with the first lease.
    pub fn new(folder: impl Into<PathBuf>) -> LeaseStore {
        LeaseStore {
            folder: folder.into(),
        }
    }

    /// The IPv4 lease that this MAC had last.
    pub fn load4(&self, mac: Mac) -> Result<Option<Lease4>, KernelError> {
        Ok(match self.load(&self.file(4, mac))? {
            Some(Lease::V4(lease)) if lease.mac == mac => Some(lease),
            _ => None,
        })
    }

    /// The IPv6 lease that this MAC had last.
    pub fn load6(&self, mac: Mac) -> Result<Option<Lease6>, KernelError> {
        Ok(match self.load(&self.file(6, mac))? {
            Some(Lease::V6(lease)) if lease.mac == mac => Some(lease),
            _ => None,
        })
    }

    /// Keeps a lease, in place of the one that its MAC had.
    pub fn save(&self, lease: &Lease) -> Result<(), KernelError> {
        let path = self.file_of(lease);
        let text = serde_json::to_string_pretty(lease).map_err(io::Error::other);
        text.and_then(|text| write_at_once(&path, &(text + "\n")))
            .map_err(|error| Cause::from(error).doing(format!("writing {}", path.display())))
    }

    /// Forgets a lease, if it is kept.
    pub fn forget(&self, lease: &Lease) -> Result<(), KernelError> {
        let path = self.file_of(lease);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Cause::from(error).doing(format!("removing {}", path.display())))
            }
            _ => Ok(()),
        }
    }

    fn file_of(&self, lease: &Lease) -> PathBuf {
        match lease {
            Lease::V4(lease) => self.file(4, lease.mac),
            Lease::V6(lease) => self.file(6, lease.mac),
        }
    }

    fn file(&self, family: u8, mac: Mac) -> PathBuf {
        self.folder.join(format!(
            "dhcp{family}-{}.json",
            mac.to_string().replace(':', "-")
        ))
    }

    /// A file that makes no sense is as good as none: a lease is only a wish until the server
    /// confirms it.
    fn load(&self, path: &Path) -> Result<Option<Lease>, KernelError> {
        let text = match fs::metadata(path).and_then(|metadata| {
            if metadata.len() > AT_MOST {
                return Err(io::Error::other("it is too long for a lease"));
            }
            fs::read_to_string(path)
        }) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Cause::from(error).doing(format!("reading {}", path.display())));
            }
        };
        match serde_json::from_str(&text) {
            Ok(lease) => Ok(Some(lease)),
            Err(error) => {
                tracing::warn!("{} is no lease and is ignored: {error}", path.display());
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const MAC: Mac = Mac([2, 0, 0, 0, 0, 0x0a]);

    pub(in super::super) fn lease4() -> Lease4 {
        Lease4 {
            mac: MAC,
            client_id: None,
            address: Ipv4Addr::new(172, 16, 0, 20),
            prefix: 27,
            broadcast: Some(Ipv4Addr::new(172, 16, 0, 31)),
            routers: vec![Ipv4Addr::new(172, 16, 0, 1)],
            dns: vec![Ipv4Addr::new(172, 16, 0, 1)],
            domains: vec!["example.org".to_owned()],
            host_name: None,
            ntp: vec![],
            mtu: None,
            time_offset: None,
            server: Ipv4Addr::new(172, 16, 0, 1),
            acquired: 1_000_000,
            seconds: 3600,
            t1: 0,
            t2: 0,
        }
    }

    pub(in super::super) fn lease6() -> Lease6 {
        let leased = Leased6 {
            address: "fd00::20".parse().unwrap(),
            preferred: 1800,
            valid: 3600,
        };
        Lease6 {
            mac: MAC,
            duid: vec![0, 3, 0, 1, 2, 0, 0, 0, 0, 0x0a],
            addresses: vec![leased],
            dns: vec![],
            domains: vec![],
            server: vec![0, 3, 0, 1, 2, 0, 0, 0, 0, 1],
            acquired: 1_000_000,
            t1: 900,
            t2: 1440,
        }
    }

    #[test]
    fn a_kept_lease_comes_back_for_its_mac_and_family_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = LeaseStore::new(folder.path().join("dhcp"));
        assert_eq!(store.load4(MAC).unwrap(), None);
        store.save(&lease4().into()).unwrap();
        assert_eq!(store.load6(MAC).unwrap(), None);
        store.save(&lease6().into()).unwrap();
        assert_eq!(store.load4(MAC).unwrap(), Some(lease4()));
        assert_eq!(store.load6(MAC).unwrap(), Some(lease6()));
        assert_eq!(store.load4(Mac([2, 0, 0, 0, 0, 0x0b])).unwrap(), None);
        store.forget(&lease4().into()).unwrap();
        store.forget(&lease4().into()).unwrap();
        assert_eq!(store.load4(MAC).unwrap(), None);
        assert_eq!(store.load6(MAC).unwrap(), Some(lease6()));
    }

    #[test]
    fn a_damaged_file_is_no_lease() {
        let folder = tempfile::tempdir().unwrap();
        let store = LeaseStore::new(folder.path());
        store.save(&lease4().into()).unwrap();
        let path = store.file(4, MAC);
        let whole = fs::read_to_string(&path).unwrap();
        for length in 0..whole.len() - 2 {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(store.load4(MAC).unwrap(), None, "cut after {length} octets");
        }
        fs::write(&path, whole.replace("0a\"", "0b\"")).unwrap();
        assert_eq!(store.load4(MAC).unwrap(), None, "it is of another MAC");
        fs::write(&path, " ".repeat(70_000)).unwrap();
        assert!(store.load4(MAC).is_err());
    }

    #[test]
    fn what_is_left_never_grows() {
        let lease = lease4();
        assert_eq!(lease.left(1_000_000), Some(3600));
        assert_eq!(lease.left(1_003_000), Some(600));
        assert_eq!(lease.left(2_000_000), Some(0));
        assert_eq!(lease.left(5), Some(3600));
        assert_eq!(lease.left(u64::MAX), Some(0));
        assert_eq!(
            Lease4 {
                seconds: u32::MAX,
                ..lease
            }
            .left(2_000_000),
            None
        );
    }
}
