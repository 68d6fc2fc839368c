//! Telling the neighbours that an address is here now: gratuitous ARP and unsolicited neighbour
//! advertisements. Without them a switch sends to the old port, and a neighbour to the old MAC,
//! until their memory runs out.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tracing::debug;

use super::packet::{PacketSocket, internet_checksum};
use super::{Cause, Kernel, KernelError, Mac};

const ARP_REQUEST: u8 = 1;
const ARP_REPLY: u8 = 2;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC: [u8; 6] = [0x33, 0x33, 0, 0, 0, 1];

/// When what was announced is announced again, counted from the first time: a device that was just made, or a bond whose
/// member was just added, forwards nothing for some tens of milliseconds, and nobody tells when it begins to.
const AGAIN: [Duration; 7] = [
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
    Duration::from_millis(160),
    Duration::from_millis(320),
    Duration::from_millis(640),
];

/// Announcements that go on for a while, until they are made out of date by others.
#[derive(Debug, Default)]
pub struct Announcements {
    round: Arc<AtomicU64>,
}

impl Announcements {
    /// What is announced so far is true no longer.
    pub fn end(&self) {
        self.round.fetch_add(1, Ordering::AcqRel);
    }

    /// Tells everybody on the links of these devices, by their indices, again and again, on a thread of its own.
    pub fn go_on(&self, devices: Vec<(u32, Mac, Vec<IpAddr>)>) -> Result<(), KernelError> {
        let doing = || "announcing addresses again".to_owned();
        let (round, mine) = (Arc::clone(&self.round), self.round.load(Ordering::Acquire));
        let socket = PacketSocket::sender().map_err(|why| Cause::from(why).doing(doing()))?;
        let all: Vec<(u32, Vec<Vec<u8>>)> = devices
            .into_iter()
            .map(|(index, mac, addresses)| {
                let of_one = addresses
                    .into_iter()
                    .flat_map(|address| frames(mac, address));
                (index, of_one.collect())
            })
            .collect();
        let began = Instant::now();
        let tell = move || {
            for at in AGAIN {
                std::thread::sleep(at.saturating_sub(began.elapsed()));
                if round.load(Ordering::Acquire) != mine {
                    return;
                }
                for (index, frames) in &all {
                    for frame in frames {
                        if let Err(why) = socket.send_by(*index, frame) {
                            // It went, or is down: who switched it off has nothing to announce.
                            debug!("link {index}: {why}");
                        }
                    }
                }
            }
        };
        std::thread::Builder::new()
            .name("announce".to_owned())
            .spawn(tell)
            .map(drop)
            .map_err(|why| Cause::from(why).doing(doing()))
    }
}

impl Kernel {
    /// Tells everybody on the link of a device that these addresses are at this MAC. The device
    /// must be up. Linux takes note of the request or of the reply, depending on arp_accept and on
    /// what it knew, so IPv4 addresses go out as both.
    pub fn announce(
        &mut self,
        device: &str,
        mac: Mac,
        addresses: &[IpAddr],
    ) -> Result<(), KernelError> {
        let doing = || format!("announcing addresses on {device}");
        let index = self
            .index_of(device)
            .map_err(|cause| cause.doing(doing()))?;
        let frames = addresses.iter().flat_map(|address| frames(mac, *address));
        let send = || -> io::Result<()> {
            let socket = self.sender()?;
            for frame in frames {
                socket.send_by(index, &frame)?;
            }
            Ok(())
        };
        send().map_err(|error| Cause::from(error).doing(doing()))
    }

    /// One socket for all: to close one takes the kernel ten milliseconds and more, in which it waits until no processor
    /// can be looking at it. A host with 800 VLANs waited ten seconds for its announcements.
    fn sender(&self) -> io::Result<&PacketSocket> {
        match self.sender.get() {
            Some(socket) => Ok(socket),
            None => {
                let socket = PacketSocket::sender()?;
                Ok(self.sender.get_or_init(|| socket))
            }
        }
    }
}

fn frames(mac: Mac, address: IpAddr) -> Vec<Vec<u8>> {
    match address {
        IpAddr::V4(address) => {
            vec![
                gratuitous_arp(ARP_REQUEST, mac, address),
                gratuitous_arp(ARP_REPLY, mac, address),
            ]
        }
        IpAddr::V6(address) => vec![unsolicited_advertisement(mac, address)],
    }
}

fn gratuitous_arp(operation: u8, mac: Mac, address: Ipv4Addr) -> Vec<u8> {
    // A reply answers us, as it were; a request knows no MAC yet.
    let target = if operation == ARP_REPLY {
        mac.0
    } else {
        [0; 6]
    };
    let mut frame = ethernet(Mac::BROADCAST.0, mac, 0x0806);
    frame.extend([0, 1, 8, 0, 6, 4, 0, operation]);
    frame.extend(mac.0);
    frame.extend(address.octets());
    frame.extend(target);
    frame.extend(address.octets());
    // The shortest frame of Ethernet, without its check sequence.
    frame.resize(60, 0);
    frame
}

fn unsolicited_advertisement(mac: Mac, address: Ipv6Addr) -> Vec<u8> {
    const OVERRIDE: u8 = 0x20;
    const ICMPV6: u8 = 58;
    let mut body = vec![136, 0, 0, 0, OVERRIDE, 0, 0, 0];
    body.extend(address.octets());
    // Option: the target's link-layer address, in units of eight octets.
    body.extend([2, 1]);
    body.extend(mac.0);
    let length = body.len() as u16;
    let mut pseudo_header = Vec::from(address.octets());
    pseudo_header.extend(ALL_NODES.octets());
    pseudo_header.extend(u32::from(length).to_be_bytes());
    pseudo_header.extend([0, 0, 0, ICMPV6]);
    let checksum = internet_checksum(&[&pseudo_header, &body]);
    body[2..4].copy_from_slice(&checksum.to_be_bytes());

    let mut frame = ethernet(ALL_NODES_MAC, mac, 0x86dd);
    frame.extend([0x60, 0, 0, 0]);
    frame.extend(length.to_be_bytes());
    // Hop limit 255 proves to receivers that no router passed it on.
    frame.extend([ICMPV6, 255]);
    frame.extend(address.octets());
    frame.extend(ALL_NODES.octets());
    frame.extend(body);
    frame
}

fn ethernet(to: [u8; 6], from: Mac, kind: u16) -> Vec<u8> {
    let mut frame = Vec::with_capacity(96);
    frame.extend(to);
    frame.extend(from.0);
    frame.extend(kind.to_be_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 0x0a]);

    #[test]
    fn an_arp_announcement_names_its_address_twice() {
        let address = Ipv4Addr::new(172, 16, 0, 10);
        let request = gratuitous_arp(ARP_REQUEST, MAC, address);
        let expected =
            "ffffffffffff02000000000a0806000108000604000102000000000aac10000a000000000000ac10000a";
        assert_eq!(hex(&request)[..expected.len()], *expected);
        assert_eq!(request.len(), 60);
        let reply = gratuitous_arp(ARP_REPLY, MAC, address);
        let expected =
            "ffffffffffff02000000000a0806000108000604000202000000000aac10000a02000000000aac10000a";
        assert_eq!(hex(&reply)[..expected.len()], *expected);
    }

    #[test]
    fn an_advertisement_overrides_and_checks_out() {
        let address: Ipv6Addr = "fd00::10".parse().unwrap();
        let frame = unsolicited_advertisement(MAC, address);
        assert_eq!(hex(&frame[..14]), "33330000000102000000000a86dd");
        assert_eq!(frame[21], 255);
        let body = &frame[54..];
        assert_eq!(body[4], 0x20, "override, neither solicited nor router");
        let mut pseudo_header = Vec::from(&frame[22..54]);
        pseudo_header.extend((body.len() as u32).to_be_bytes());
        pseudo_header.extend([0, 0, 0, 58]);
        assert_eq!(
            internet_checksum(&[&pseudo_header, body]),
            0,
            "a right sum sums up to nothing"
        );
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
