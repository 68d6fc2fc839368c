//! Speed, duplex, autonegotiation and what is advertised, by ethtool's family of generic netlink.
//!
//! A request is one message, and the kernel answers before it returns. Messages are made and read here by hand: there
//! are two of them, and no crate for them that goes with our version of the netlink crates.

use std::os::fd::AsFd;
use std::time::Duration;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_GENERIC};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::names::LinkModes;

use super::{Cause, Kernel, KernelError};

/// How long the kernel may take; a driver may have to talk to its firmware.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

const REQUEST: u16 = 1;
const ACK: u16 = 4;
const NESTED: u16 = 1 << 15;
const ERROR: u16 = 2;
const HEADERS: usize = 16 + 4;

/// The family that knows the numbers of all others.
const CONTROL: u16 = 16;
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;

const GET_MODES: u8 = 4;
const SET_MODES: u8 = 5;
const HEADER: u16 = 1;
const HEADER_DEVICE: u16 = 2;
const HEADER_FLAGS: u16 = 3;
const COMPACT_BITSETS: u32 = 1;
const AUTONEG: u16 = 2;
const OURS: u16 = 3;
const SPEED: u16 = 5;
const DUPLEX: u16 = 6;
const BITSET_SIZE: u16 = 2;
const BITSET_VALUE: u16 = 4;
const BITSET_MASK: u16 = 5;

/// What a NIC does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundModes {
    /// Whether it agrees with the other end by itself.
    pub autoneg: bool,
    /// What it advertises, of the first 64 modes.
    pub advertised: u64,
    /// What it could advertise.
    pub supported: u64,
    /// Mbit/s, where it tells.
    pub speed: Option<u32>,
    /// Whether both ends may talk at once, where it tells.
    pub full_duplex: Option<bool>,
}

impl FoundModes {
    /// What must be set to have it again as it is.
    pub fn as_set(&self) -> LinkModes {
        match self.autoneg {
            true => LinkModes {
                autoneg: Some(true),
                advertise: Some(self.advertised & all_modes()),
                ..LinkModes::default()
            },
            false => LinkModes {
                autoneg: Some(false),
                speed: self.speed,
                full_duplex: self.full_duplex,
                ..LinkModes::default()
            },
        }
    }

    /// Whether all that is wanted is so. While the NIC agrees on a speed by itself, one that is wanted is the only one
    /// that it advertises. What it does not tell is as wanted: without a carrier many drivers know neither speed nor duplex.
    pub fn is(&self, wanted: &LinkModes) -> bool {
        let advertised = || (0..64).filter(|bit| self.advertised & (1 << bit) != 0);
        let mut modes = advertised().filter_map(mode);
        let fits = |(speed, full): (u32, bool)| {
            wanted.speed.is_none_or(|wanted| wanted == speed)
                && wanted.full_duplex.is_none_or(|wanted| wanted == full)
        };
        let forced = || {
            let speed = wanted.speed.zip(self.speed);
            let duplex = wanted.full_duplex.zip(self.full_duplex);
            speed.is_none_or(|(wanted, found)| wanted == found)
                && duplex.is_none_or(|(wanted, found)| wanted == found)
        };
        let same = |wanted: u64| (wanted ^ self.advertised) & self.supported & all_modes() == 0;
        wanted.autoneg.is_none_or(|wanted| wanted == self.autoneg)
            && wanted.advertise.is_none_or(same)
            && if self.autoneg {
                modes.all(fits)
            } else {
                forced()
            }
    }
}

/// Speed and duplex of a mode, by its bit in `enum ethtool_link_mode_bit_indices`; the others of the first 64 are ports,
/// pauses and codes.
fn mode(bit: u32) -> Option<(u32, bool)> {
    let speed = match bit {
        0 | 1 => 10,
        2 | 3 => 100,
        4 | 5 | 17 | 41 => 1_000,
        15 | 47 => 2_500,
        48 => 5_000,
        12 | 18..=20 | 42..=46 => 10_000,
        21 | 22 => 20_000,
        31..=33 => 25_000,
        23..=26 => 40_000,
        34 | 35 | 40 | 52..=56 => 50_000,
        27..=30 => 56_000,
        36..=39 | 57..=61 => 100_000,
        62 | 63 => 200_000,
        _ => return None,
    };
    Some((speed, !matches!(bit, 0 | 2 | 4)))
}

fn all_modes() -> u64 {
    (0..64)
        .filter(|bit| mode(*bit).is_some())
        .fold(0, |all, bit| all | 1 << bit)
}

impl Kernel {
    /// What a device does now.
    pub fn modes(&self, device: &str) -> Result<FoundModes, KernelError> {
        let ask = || {
            let header = [
                attribute(HEADER_DEVICE, &text(device)),
                attribute(HEADER_FLAGS, &COMPACT_BITSETS.to_ne_bytes()),
            ];
            let mut socket = Generic::open()?;
            let answer = socket.ask(GET_MODES, &attribute(HEADER | NESTED, &header.concat()))?;
            found(&answer).ok_or_else(|| Cause::Nonsense("an answer without modes".to_owned()))
        };
        ask().map_err(|cause: Cause| cause.doing(format!("reading the modes of {device}")))
    }

    /// Sets what is given, all of it or nothing.
    pub fn set_modes(&self, device: &str, modes: &LinkModes) -> Result<(), KernelError> {
        let ask = || {
            let mut socket = Generic::open()?;
            socket.ask(SET_MODES, &setting(device, modes)).map(drop)
        };
        ask().map_err(|cause: Cause| cause.doing(format!("setting {modes} of {device}")))
    }
}

/// The attributes that set modes.
fn setting(device: &str, modes: &LinkModes) -> Vec<u8> {
    let header = attribute(HEADER_DEVICE, &text(device));
    let mut all = attribute(HEADER | NESTED, &header);
    if let Some(autoneg) = modes.autoneg {
        all.extend(attribute(AUTONEG, &[u8::from(autoneg)]));
    }
    if let Some(advertise) = modes.advertise {
        // Ports and pauses are advertised in the same bits, and stay as they are.
        let bitset = [
            attribute(BITSET_SIZE, &64u32.to_ne_bytes()),
            attribute(BITSET_VALUE, &words(advertise & all_modes())),
            attribute(BITSET_MASK, &words(all_modes())),
        ];
        all.extend(attribute(OURS | NESTED, &bitset.concat()));
    }
    if let Some(speed) = modes.speed {
        all.extend(attribute(SPEED, &speed.to_ne_bytes()));
    }
    if let Some(full) = modes.full_duplex {
        all.extend(attribute(DUPLEX, &[u8::from(full)]));
    }
    all
}

fn found(answer: &[u8]) -> Option<FoundModes> {
    let mut modes = FoundModes {
        autoneg: false,
        advertised: 0,
        supported: 0,
        speed: None,
        full_duplex: None,
    };
    let mut told = false;
    for (kind, value) in attributes(answer) {
        match (kind, value) {
            (AUTONEG, [autoneg]) => {
                modes.autoneg = *autoneg != 0;
                told = true;
            }
            (OURS, bitset) => {
                for (kind, value) in attributes(bitset) {
                    match kind {
                        BITSET_VALUE => modes.advertised = first_64(value),
                        BITSET_MASK => modes.supported = first_64(value),
                        _ => {}
                    }
                }
            }
            // All ones is "unknown".
            (SPEED, value) => {
                let speed = value.try_into().ok().map(u32::from_ne_bytes);
                modes.speed = speed.filter(|speed| *speed != 0 && *speed != u32::MAX);
            }
            (DUPLEX, [duplex @ 0..=1]) => modes.full_duplex = Some(*duplex == 1),
            _ => {}
        }
    }
    told.then_some(modes)
}

/// Bitsets are 32-bit words, the lowest first.
fn words(bits: u64) -> Vec<u8> {
    [bits as u32, (bits >> 32) as u32]
        .map(u32::to_ne_bytes)
        .concat()
}

fn first_64(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(4).take(2);
    let words = words.filter_map(|word| word.try_into().ok().map(u32::from_ne_bytes));
    words
        .zip([0, 32])
        .fold(0, |all, (word, shift)| all | u64::from(word) << shift)
}

fn text(name: &str) -> Vec<u8> {
    [name.as_bytes(), &[0]].concat()
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = (4 + value.len()) as u16;
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The attributes in a message, as far as it makes sense.
fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (length, kind) = (u16_at(rest, 0)?, u16_at(rest, 2)?);
        let length = usize::from(length);
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind & !NESTED, value))
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    bytes.try_into().ok().map(u16::from_ne_bytes)
}

fn i32_at(bytes: &[u8], at: usize) -> Option<i32> {
    let bytes = bytes.get(at..at + 4)?;
    bytes.try_into().ok().map(i32::from_ne_bytes)
}

fn message(family: u16, command: u8, sequence: u32, attributes: &[u8]) -> Vec<u8> {
    let length = (HEADERS + attributes.len()) as u32;
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(family.to_ne_bytes());
    bytes.extend((REQUEST | ACK).to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0u32.to_ne_bytes());
    bytes.extend([command, 1, 0, 0]);
    bytes.extend(attributes);
    bytes
}

/// A socket of generic netlink that knows the number of ethtool's family.
struct Generic {
    socket: Socket,
    family: u16,
    sequence: u32,
}

impl Generic {
    fn open() -> Result<Generic, Cause> {
        let mut socket = Socket::new(NETLINK_GENERIC)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        let patience = TimeVal::seconds(ANSWER_WITHIN.as_secs() as i64);
        setsockopt(&socket.as_fd(), sockopt::ReceiveTimeout, &patience)
            .map_err(std::io::Error::from)?;
        let mut generic = Generic {
            socket,
            family: CONTROL,
            sequence: 0,
        };
        let answer = generic.ask(GET_FAMILY, &attribute(FAMILY_NAME, &text("ethtool")))?;
        let mut all = attributes(&answer);
        let family = all.find(|(kind, _)| *kind == FAMILY_ID);
        generic.family = family
            .and_then(|(_, value)| u16_at(value, 0))
            .ok_or_else(|| Cause::Nonsense("a family without a number".to_owned()))?;
        Ok(generic)
    }

    /// The attributes of the answer; none if the answer is that it was done.
    fn ask(&mut self, command: u8, attributes: &[u8]) -> Result<Vec<u8>, Cause> {
        self.sequence += 1;
        let request = message(self.family, command, self.sequence, attributes);
        self.socket.send(&request, 0)?;
        let mut answer = Vec::new();
        loop {
            let (bytes, _) = self.socket.recv_from_full().map_err(|error| {
                match error.kind() == std::io::ErrorKind::WouldBlock {
                    true => Cause::NoAnswer,
                    false => Cause::Io(error),
                }
            })?;
            let mut rest = &bytes[..];
            while let Some(length) = i32_at(rest, 0) {
                let length = usize::try_from(length).unwrap_or_default();
                let Some(one) = rest.get(..length).filter(|one| one.len() >= 16) else {
                    return Err(Cause::Nonsense("a message cut short".to_owned()));
                };
                let ours = i32_at(one, 8) == Some(self.sequence as i32);
                match (u16_at(one, 4), i32_at(one, 16)) {
                    (Some(ERROR), Some(0)) if ours => return Ok(answer),
                    (Some(ERROR), Some(errno)) if ours => {
                        return Err(Cause::Refused {
                            errno: -errno,
                            said: None,
                        });
                    }
                    (Some(kind), _) if ours && kind == self.family => {
                        answer = one.get(HEADERS..).unwrap_or_default().to_vec();
                    }
                    _ => {}
                }
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The attributes by number, those of nested ones with them.
    fn flat(bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
        attributes(bytes)
            .flat_map(|(kind, value)| match kind {
                HEADER | OURS => attributes(value)
                    .map(|(inner, value)| (kind * 100 + inner, value.to_vec()))
                    .collect(),
                _ => vec![(kind, value.to_vec())],
            })
            .collect()
    }

    #[test]
    fn only_what_is_wanted_is_in_the_message() {
        let device = (HEADER * 100 + HEADER_DEVICE, b"eth0\0".to_vec());
        assert_eq!(
            flat(&setting("eth0", &LinkModes::default())),
            std::slice::from_ref(&device)
        );
        let forced = LinkModes {
            speed: Some(100),
            full_duplex: Some(false),
            autoneg: Some(false),
            advertise: None,
        };
        assert_eq!(
            flat(&setting("eth0", &forced)),
            [
                device.clone(),
                (AUTONEG, vec![0]),
                (SPEED, 100u32.to_ne_bytes().to_vec()),
                (DUPLEX, vec![0]),
            ]
        );
        // Pause (bit 13) is none of our business.
        let advertised = LinkModes {
            advertise: Some(0x2028),
            ..LinkModes::default()
        };
        let shown = flat(&setting("eth0", &advertised));
        let bitset = |kind: u16| {
            let wanted = OURS * 100 + kind;
            let value = shown.iter().find(|(kind, _)| *kind == wanted);
            value.map(|(_, value)| first_64(value))
        };
        assert_eq!(bitset(BITSET_VALUE), Some(0x28));
        assert_eq!(bitset(BITSET_MASK), Some(all_modes()));
        assert_eq!(all_modes() & 0x2000, 0);
        let whole = message(0x1234, SET_MODES, 7, &setting("eth0", &forced));
        assert_eq!(i32_at(&whole, 0), Some(whole.len() as i32));
        assert_eq!(
            (u16_at(&whole, 4), u16_at(&whole, 6)),
            (Some(0x1234), Some(5))
        );
        assert_eq!((whole.len() % 4, whole[16], whole[17]), (0, SET_MODES, 1));
    }

    #[test]
    fn what_the_kernel_tells_is_read_and_compared_with_what_is_wanted() {
        let bitset = [
            attribute(BITSET_SIZE, &92u32.to_ne_bytes()),
            attribute(BITSET_VALUE, &[words(0x20), vec![0; 4]].concat()),
            attribute(BITSET_MASK, &[words(0x3f | 1 << 47), vec![0; 4]].concat()),
        ];
        let answer = [
            attribute(AUTONEG, &[1]),
            attribute(OURS | NESTED, &bitset.concat()),
            attribute(SPEED, &1000u32.to_ne_bytes()),
            attribute(DUPLEX, &[1]),
        ];
        let seen = found(&answer.concat()).unwrap();
        assert_eq!((seen.advertised, seen.supported), (0x20, 0x3f | 1 << 47));
        assert_eq!((seen.speed, seen.full_duplex), (Some(1000), Some(true)));
        let speed = |speed| LinkModes {
            speed: Some(speed),
            ..LinkModes::default()
        };
        assert!(seen.is(&LinkModes::default()) && seen.is(&speed(1000)));
        assert!(!seen.is(&speed(100)));
        // It may well have agreed on 1000 Mbit/s while it would have taken less.
        let open = FoundModes {
            advertised: 0x3f,
            ..seen
        };
        assert!(!open.is(&speed(1000)));
        assert!(open.is(&open.as_set()) && !seen.is(&open.as_set()));
        let forced = FoundModes {
            autoneg: false,
            ..open
        };
        assert!(forced.is(&speed(1000)) && forced.is(&forced.as_set()));
        assert!(!forced.is(&LinkModes {
            autoneg: Some(true),
            ..speed(1000)
        }));
        // Without a carrier nobody knows, and nobody minds.
        let untold = FoundModes {
            speed: None,
            full_duplex: None,
            ..forced
        };
        let half = LinkModes {
            full_duplex: Some(false),
            autoneg: Some(false),
            ..speed(100)
        };
        assert!(untold.is(&half) && !forced.is(&half));
        for cut in 0..answer.concat().len() {
            // Whatever is missing, nothing panics.
            found(&answer.concat()[..cut]);
        }
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[255; 64]), None);
    }
}
