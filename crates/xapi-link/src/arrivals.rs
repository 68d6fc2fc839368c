//! How many connections may be on their way to be lines: at a time, of all addresses and of one, and how often one may begin.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::limits::Limits;

/// Connections that are not lines yet, at a time; and of one address.
const ARRIVING: usize = 32;
const ARRIVING_OF_ONE: usize = 4;

/// Addresses that are remembered.
const MOST: usize = 4096;

/// Those that arrive. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Arrivals {
    burst: f64,
    per_second: f64,
    addresses: Arc<Mutex<HashMap<IpAddr, Address>>>,
}

struct Address {
    /// On their way now.
    arriving: usize,
    /// How many may begin at once; fills again steadily.
    left: f64,
    at: Instant,
    /// Whether the last one was refused, and so was told.
    refused: bool,
}

/// A place among those that arrive.
pub(crate) struct Place(Arrivals, IpAddr);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(address) = self.0.addresses().get_mut(&self.1) {
            address.arriving -= 1;
        }
    }
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// For the first time since there was one: that is worth a line of the log.
    First,
    /// Once more.
    Again,
}

/// Whom an address stands for: one host, or one link of IPv6 that is not our own, on which a host has as many as it likes.
fn whose(ip: IpAddr, here: Option<IpAddr>) -> IpAddr {
    let link_of = |address: Ipv6Addr| u128::from(address) & !u128::from(u64::MAX);
    match (ip.to_canonical(), here.map(|here| here.to_canonical())) {
        (IpAddr::V6(address), Some(IpAddr::V6(here))) if link_of(address) == link_of(here) => {
            IpAddr::V6(address)
        }
        (IpAddr::V6(address), _) => IpAddr::V6(Ipv6Addr::from(link_of(address))),
        (v4, _) => v4,
    }
}

impl Arrivals {
    pub(crate) fn new(limits: &Limits) -> Arrivals {
        Arrivals {
            burst: f64::from(limits.handshakes_at_once.max(1)),
            per_second: f64::from(limits.handshakes_per_second),
            addresses: Arc::default(),
        }
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, Address>> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection of this address to our own.
    pub(crate) fn place(
        &self,
        ip: IpAddr,
        here: Option<IpAddr>,
        now: Instant,
    ) -> Result<Place, Full> {
        let ip = whose(ip, here);
        let mut addresses = self.addresses();
        let all: usize = addresses.values().map(|address| address.arriving).sum();
        if addresses.len() >= MOST && !addresses.contains_key(&ip) {
            addresses.retain(|_, address| {
                self.fill(address, now);
                address.arriving > 0 || address.left < self.burst
            });
            if addresses.len() >= MOST {
                return Err(Full::Again);
            }
        }
        let address = addresses.entry(ip).or_insert(Address {
            arriving: 0,
            left: self.burst,
            at: now,
            refused: false,
        });
        self.fill(address, now);
        if all >= ARRIVING || address.arriving >= ARRIVING_OF_ONE || address.left < 1.0 {
            return Err(match std::mem::replace(&mut address.refused, true) {
                false => Full::First,
                true => Full::Again,
            });
        }
        address.left -= 1.0;
        address.arriving += 1;
        address.refused = false;
        Ok(Place(self.clone(), ip))
    }

    fn fill(&self, address: &mut Address, now: Instant) {
        let passed = now.saturating_duration_since(address.at).as_secs_f64();
        address.left = (address.left + passed * self.per_second).min(self.burst);
        address.at = now;
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::{Duration, Instant};

    use super::{ARRIVING, ARRIVING_OF_ONE, Arrivals, Full, MOST};
    use crate::limits::Limits;

    fn arrivals() -> Arrivals {
        Arrivals::new(&Limits {
            handshakes_at_once: 10,
            handshakes_per_second: 2,
            ..Limits::default()
        })
    }

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + number).into()
    }

    #[test]
    fn who_comes_too_often_waits_and_nobody_else_does() {
        let (arrivals, begin) = (arrivals(), Instant::now());
        for _ in 0..10 {
            assert!(arrivals.place(address(1), None, begin).is_ok());
        }
        assert_eq!(
            arrivals.place(address(1), None, begin).err(),
            Some(Full::First)
        );
        assert_eq!(
            arrivals.place(address(1), None, begin).err(),
            Some(Full::Again)
        );
        assert!(arrivals.place(address(2), None, begin).is_ok());
        let later = begin + Duration::from_secs(1);
        for _ in 0..2 {
            assert!(arrivals.place(address(1), None, later).is_ok());
        }
        assert_eq!(
            arrivals.place(address(1), None, later).err(),
            Some(Full::First)
        );
        // Another address of the same link is the same guest.
        let of = |text: &str| text.parse::<IpAddr>().unwrap();
        for _ in 0..10 {
            assert!(arrivals.place(of("fd00::1"), None, begin).is_ok());
        }
        assert!(arrivals.place(of("fd00::2"), None, begin).is_err());
        assert!(arrivals.place(of("fd00:0:0:1::2"), None, begin).is_ok());
        // Neighbours are hosts.
        let here = Some(of("fd00::9"));
        assert!(arrivals.place(of("fd00::2"), here, begin).is_ok());
    }

    #[test]
    fn few_are_on_their_way_at_a_time() {
        let (arrivals, now) = (arrivals(), Instant::now());
        let mut places = Vec::new();
        for _ in 0..ARRIVING_OF_ONE {
            places.push(arrivals.place(address(1), None, now).unwrap());
        }
        assert!(arrivals.place(address(1), None, now).is_err());
        for number in 2.. {
            match arrivals.place(address(number), None, now) {
                Ok(place) => places.push(place),
                Err(_) => break,
            }
        }
        assert_eq!(places.len(), ARRIVING);
        places.clear();
        assert!(arrivals.place(address(1), None, now).is_ok());
    }

    #[test]
    fn addresses_are_forgotten_when_they_have_not_come_for_a_while() {
        let (arrivals, now) = (arrivals(), Instant::now());
        for number in 0..2 * MOST as u32 {
            drop(arrivals.place(address(number), None, now));
        }
        assert_eq!(arrivals.addresses().len(), MOST);
        assert!(arrivals.place(address(5 << 16), None, now).is_err());
        let later = now + Duration::from_secs(1);
        assert!(arrivals.place(address(5 << 16), None, later).is_ok());
        assert_eq!(arrivals.addresses().len(), 1);
    }
}
