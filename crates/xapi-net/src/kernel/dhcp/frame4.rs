//! The frame, IPv4 and UDP headers around DHCPv4 messages, for a device without an address.

use std::net::Ipv4Addr;

use crate::kernel::Mac;
use crate::kernel::packet::{Instruction, internet_checksum};

const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;
const ETHERNET: usize = 14;
const IP: usize = 20;
const UDP: usize = 8;
const PROTOCOL_UDP: u8 = 17;

/// Lets IPv4 packets with UDP to port 68 through, whole ones only.
pub(super) const FILTER: [Instruction; 11] = [
    (0x28, 0, 0, 12),                  // half word: the frame's type
    (0x15, 0, 8, 0x0800),              // IPv4, or refuse
    (0x30, 0, 0, 23),                  // octet: the protocol
    (0x15, 0, 6, PROTOCOL_UDP as u32), // UDP, or refuse
    (0x28, 0, 0, 20),                  // half word: flags and fragment offset
    (0x45, 4, 0, 0x3fff),              // any part of a fragmented packet: refuse
    (0xb1, 0, 0, 14),                  // X = length of the IP header
    (0x48, 0, 0, 16),                  // half word behind it: the port it is for
    (0x15, 0, 1, CLIENT_PORT as u32),  // 68, or refuse
    (0x06, 0, 0, 0x0004_0000),         // take all of it
    (0x06, 0, 0, 0),                   // refuse
];

/// A message to everybody from nobody.
pub(super) fn to_everybody(mac: Mac, payload: &[u8]) -> Vec<u8> {
    let source = Ipv4Addr::UNSPECIFIED.octets();
    let target = Ipv4Addr::BROADCAST.octets();
    let udp_length = (UDP + payload.len()) as u16;
    let total = (IP + UDP + payload.len()) as u16;

    let mut ip = vec![0x45, 0x10];
    ip.extend(total.to_be_bytes());
    ip.extend([0, 0, 0x40, 0, 64, PROTOCOL_UDP, 0, 0]);
    ip.extend(source);
    ip.extend(target);
    let checksum = internet_checksum(&[&ip]);
    ip[10..12].copy_from_slice(&checksum.to_be_bytes());

    let mut udp = Vec::with_capacity(UDP);
    udp.extend(CLIENT_PORT.to_be_bytes());
    udp.extend(SERVER_PORT.to_be_bytes());
    udp.extend(udp_length.to_be_bytes());
    udp.extend([0, 0]);
    let checksum = match udp_checksum(&ip[12..20], &udp, payload) {
        // Nothing stands for "not computed".
        0 => u16::MAX,
        sum => sum,
    };
    udp[6..8].copy_from_slice(&checksum.to_be_bytes());

    let mut frame = Vec::with_capacity(ETHERNET + usize::from(total));
    frame.extend(Mac::BROADCAST.0);
    frame.extend(mac.0);
    frame.extend([8, 0]);
    frame.extend(ip);
    frame.extend(udp);
    frame.extend(payload);
    frame
}

/// The DHCP message in a frame; none if the frame has none, or a damaged one. Checksums inside are
/// only looked at if they are `ready`.
pub fn message_in(frame: &[u8], checksums_ready: bool) -> Option<&[u8]> {
    let packet = frame.get(ETHERNET..)?;
    if frame[12..14] != [8, 0] || packet.len() < IP || packet[0] >> 4 != 4 {
        return None;
    }
    let header = usize::from(packet[0] & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
    // What follows the packet in the frame is padding.
    let packet = packet.get(..total).filter(|whole| whole.len() >= IP)?;
    let fragment = u16::from_be_bytes([packet[6], packet[7]]) & 0x3fff;
    if header < IP || packet[9] != PROTOCOL_UDP || fragment != 0 {
        return None;
    }
    let (ip, datagram) = packet.split_at_checked(header)?;
    let (udp, payload) = datagram.split_at_checked(UDP)?;
    let length = usize::from(u16::from_be_bytes([udp[4], udp[5]]));
    let payload = payload.get(..length.checked_sub(UDP)?)?;
    if u16::from_be_bytes([udp[2], udp[3]]) != CLIENT_PORT || internet_checksum(&[ip]) != 0 {
        return None;
    }
    let sum = [udp[6], udp[7]];
    let computed = checksums_ready && sum != [0, 0] && sum != sum_of_addresses(&ip[12..20], udp);
    if computed && udp_checksum(&ip[12..20], udp, payload) != 0 {
        return None;
    }
    Some(payload)
}

/// What stands in the place of the checksum while it waits for a network card to compute it. On
/// its way through a userspace switch such a packet loses the note that it does.
fn sum_of_addresses(addresses: &[u8], udp: &[u8]) -> [u8; 2] {
    (!internet_checksum(&[addresses, &[0, PROTOCOL_UDP], &udp[4..6]])).to_be_bytes()
}

fn udp_checksum(addresses: &[u8], udp: &[u8], payload: &[u8]) -> u16 {
    let length = [udp[4], udp[5]];
    internet_checksum(&[addresses, &[0, PROTOCOL_UDP], &length, udp, payload])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 0x0a]);

    /// The frame with its ports turned round, as if a server had sent it.
    fn answered(payload: &[u8]) -> Vec<u8> {
        let mut frame = to_everybody(MAC, payload);
        // The sum stays the same.
        frame.swap(35, 37);
        frame
    }

    #[test]
    fn a_message_comes_out_of_its_frame_and_padding_does_not() {
        for payload in [&b"even"[..], b"odd", b""] {
            let mut frame = answered(payload);
            frame.resize(frame.len() + 7, 0xaa);
            assert_eq!(message_in(&frame, true), Some(payload));
        }
    }

    #[test]
    fn a_packet_that_says_it_is_shorter_than_its_header_is_refused() {
        let sound = answered(b"message");
        for total in 0..=sound.len() - ETHERNET {
            let mut frame = sound.clone();
            frame[16..18].copy_from_slice(&(total as u16).to_be_bytes());
            let whole = total == sound.len() - ETHERNET;
            assert_eq!(message_in(&frame, false).is_some(), whole, "{total}");
        }
    }

    #[test]
    fn a_damaged_frame_is_refused_unless_its_sums_are_still_to_be_computed() {
        let sound = answered(b"message");
        for at in 14..sound.len() {
            let mut frame = sound.clone();
            frame[at] ^= 0x11;
            assert_eq!(message_in(&frame, true), None, "octet {at}");
        }
        let mut frame = sound.clone();
        frame[40] ^= 1;
        assert_eq!(message_in(&frame, false), Some(&b"message"[..]));
        frame[40..42].copy_from_slice(&[0, 0]);
        assert_eq!(
            message_in(&frame, true),
            Some(&b"message"[..]),
            "no sum is no wrong one"
        );
        let unfinished = sum_of_addresses(&frame[26..34], &frame[34..42]);
        frame[40..42].copy_from_slice(&unfinished);
        assert_eq!(
            message_in(&frame, true),
            Some(&b"message"[..]),
            "nor is one that a card was to finish"
        );
    }

    proptest! {
        #[test]
        fn no_frame_brings_the_parser_down(frame in proptest::collection::vec(any::<u8>(), 0..120), ip in any::<bool>()) {
            let mut frame = frame;
            if ip && frame.len() > 24 {
                frame[12..15].copy_from_slice(&[8, 0, 0x45]);
                frame[23] = PROTOCOL_UDP;
            }
            if let Some(message) = message_in(&frame, false) {
                prop_assert!(message.len() + ETHERNET + IP + UDP <= frame.len());
            }
        }
    }
}
