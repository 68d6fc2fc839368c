//! DHCPv6 messages (RFC 8415; name servers of RFC 3646).
//!
//! As with IPv4, what comes in is parsed into the few things that the client believes.

use std::net::Ipv6Addr;

use super::lease::Leased6;
use crate::kernel::resolver::is_domain;

const ENTRIES: usize = 16;
const DUID_LONGEST: usize = 130;

mod option {
    pub(super) const CLIENT: u16 = 1;
    pub(super) const SERVER: u16 = 2;
    pub(super) const IA_NA: u16 = 3;
    pub(super) const ADDRESS: u16 = 5;
    pub(super) const WANTED: u16 = 6;
    pub(super) const PREFERENCE: u16 = 7;
    pub(super) const ELAPSED: u16 = 8;
    pub(super) const STATUS: u16 = 13;
    pub(super) const RAPID_COMMIT: u16 = 14;
    pub(super) const DNS: u16 = 23;
    pub(super) const DOMAINS: u16 = 24;
    pub(super) const SOL_MAX_RT: u16 = 82;
}

/// What a client says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Solicit = 1,
    Request = 3,
    Confirm = 4,
    Renew = 5,
    Rebind = 6,
    Release = 8,
    Decline = 9,
}

/// A message that we send.
#[derive(Debug, Clone)]
pub(super) struct Request<'a> {
    pub(super) kind: Kind,
    pub(super) xid: u32,
    pub(super) duid: &'a [u8],
    pub(super) server: Option<&'a [u8]>,
    pub(super) elapsed: u16,
    pub(super) iaid: [u8; 4],
    pub(super) addresses: Vec<Ipv6Addr>,
    pub(super) dns: bool,
}

impl Request<'_> {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind as u8];
        bytes.extend(&self.xid.to_be_bytes()[1..]);
        put(&mut bytes, option::CLIENT, self.duid);
        if let Some(server) = self.server {
            put(&mut bytes, option::SERVER, server);
        }
        put(&mut bytes, option::ELAPSED, &self.elapsed.to_be_bytes());
        if self.kind == Kind::Solicit {
            put(&mut bytes, option::RAPID_COMMIT, &[]);
        }
        // T1 and T2 are the server's business.
        let mut association = Vec::from(self.iaid);
        association.extend([0; 8]);
        for address in &self.addresses {
            let mut value = Vec::from(address.octets());
            value.extend([0; 8]);
            put(&mut association, option::ADDRESS, &value);
        }
        put(&mut bytes, option::IA_NA, &association);
        if !matches!(self.kind, Kind::Release | Kind::Decline | Kind::Confirm) {
            let mut wanted = vec![option::SOL_MAX_RT];
            if self.dns {
                wanted.extend([option::DNS, option::DOMAINS]);
            }
            let wanted: Vec<u8> = wanted.iter().flat_map(|code| code.to_be_bytes()).collect();
            put(&mut bytes, option::WANTED, &wanted);
        }
        bytes
    }
}

fn put(bytes: &mut Vec<u8>, code: u16, value: &[u8]) {
    bytes.extend(code.to_be_bytes());
    bytes.extend((value.len() as u16).to_be_bytes());
    bytes.extend(value);
}

/// The status that a server gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    NoBinding,
    NotOnLink,
    /// No address for us, or whatever else.
    No,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// An offer, not yet a lease.
    pub(super) advertise: bool,
    pub(super) xid: u32,
    pub(super) server: Vec<u8>,
    pub(super) preference: u8,
    pub(super) rapid_commit: bool,
    pub(super) status: Status,
    /// What it says of our addresses; none if it says nothing of them.
    pub(super) terms: Option<Terms>,
    pub(super) dns: Vec<Ipv6Addr>,
    pub(super) domains: Vec<String>,
    pub(super) slowest_solicit: Option<u32>,
}

/// A server's words on our addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) status: Status,
    pub(super) t1: u32,
    pub(super) t2: u32,
    /// Without those that may not be used any more.
    pub(super) addresses: Vec<Leased6>,
}

impl Reply {
    /// A server's answer to this client; none for anything else.
    pub(super) fn parse(bytes: &[u8], duid: &[u8], iaid: [u8; 4]) -> Option<Reply> {
        let (head, rest) = bytes.split_at_checked(4)?;
        let advertise = match head[0] {
            2 => true,
            7 => false,
            _ => return None,
        };
        let mut reply = Reply {
            advertise,
            xid: u32::from_be_bytes([0, head[1], head[2], head[3]]),
            server: Vec::new(),
            preference: 0,
            rapid_commit: false,
            status: Status::Success,
            terms: None,
            dns: Vec::new(),
            domains: Vec::new(),
            slowest_solicit: None,
        };
        let mut for_us = false;
        for (code, value) in options(rest)? {
            match code {
                option::CLIENT => for_us = value == duid,
                option::SERVER if value.len() <= DUID_LONGEST => reply.server = value.to_vec(),
                option::PREFERENCE => reply.preference = *value.first()?,
                option::RAPID_COMMIT => reply.rapid_commit = true,
                option::STATUS => reply.status = status(value)?,
                option::IA_NA if value.get(..4)? == iaid => {
                    reply.terms = Some(Terms::parse(value)?)
                }
                option::DNS => reply.dns = addresses(value),
                option::DOMAINS => reply.domains = domains(value),
                option::SOL_MAX_RT => reply.slowest_solicit = number(value, 0),
                _ => {}
            }
        }
        (for_us && !reply.server.is_empty()).then_some(reply)
    }
}

impl Terms {
    fn parse(value: &[u8]) -> Option<Terms> {
        let mut terms = Terms {
            status: Status::Success,
            t1: number(value, 4)?,
            t2: number(value, 8)?,
            addresses: Vec::new(),
        };
        if terms.t1 > terms.t2 && terms.t2 > 0 {
            return None;
        }
        for (code, value) in options(&value[12..])? {
            match code {
                option::STATUS => terms.status = status(value)?,
                option::ADDRESS => {
                    let leased = Leased6 {
                        address: ipv6(value.get(..16)?)?,
                        preferred: number(value, 16)?,
                        valid: number(value, 20)?,
                    };
                    let usable = leased.preferred <= leased.valid && leased.valid > 0;
                    if usable && is_host(&leased.address) && terms.addresses.len() < ENTRIES {
                        terms.addresses.push(leased);
                    }
                }
                _ => {}
            }
        }
        Some(terms)
    }
}

/// The options in a part of a message; none if one is cut.
fn options(mut bytes: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut options = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_at_checked(4)?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (value, after) = rest.split_at_checked(length)?;
        options.push((u16::from_be_bytes([head[0], head[1]]), value));
        bytes = after;
    }
    Some(options)
}

fn status(value: &[u8]) -> Option<Status> {
    Some(match u16::from_be_bytes(value.get(..2)?.try_into().ok()?) {
        0 => Status::Success,
        3 => Status::NoBinding,
        4 => Status::NotOnLink,
        _ => Status::No,
    })
}

fn number(value: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(value.get(at..at + 4)?.try_into().ok()?))
}

fn ipv6(bytes: &[u8]) -> Option<Ipv6Addr> {
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?))
}

fn addresses(value: &[u8]) -> Vec<Ipv6Addr> {
    if !value.len().is_multiple_of(16) {
        return Vec::new();
    }
    value
        .chunks(16)
        .filter_map(ipv6)
        .filter(is_host)
        .take(ENTRIES)
        .collect()
}

/// Whether one host can have this address.
fn is_host(address: &Ipv6Addr) -> bool {
    !address.is_unspecified() && !address.is_loopback() && !address.is_multicast()
}

/// Names as DNS writes them: labels with their lengths, without references to earlier ones.
fn domains(mut value: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut labels: Vec<&str> = Vec::new();
    while let [length, rest @ ..] = value {
        value = rest;
        if *length > 0 {
            let Some((label, after)) = rest.split_at_checked(usize::from(*length)) else {
                break;
            };
            let Ok(label) = std::str::from_utf8(label) else {
                break;
            };
            labels.push(label);
            value = after;
            continue;
        }
        let name = labels.join(".");
        labels.clear();
        if is_domain(&name) && names.len() < ENTRIES {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    const DUID: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 10];
    const IAID: [u8; 4] = [0, 0, 0, 10];

    /// A server's message.
    pub(in super::super) fn from_server(kind: u8, xid: u32, options: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = vec![kind];
        bytes.extend(&xid.to_be_bytes()[1..]);
        for (code, value) in options {
            put(&mut bytes, *code, value);
        }
        bytes
    }

    /// An association with one address.
    pub(in super::super) fn association(
        iaid: [u8; 4],
        address: &str,
        t1: u32,
        t2: u32,
        preferred: u32,
        valid: u32,
    ) -> Vec<u8> {
        let mut inner = Vec::from(address.parse::<Ipv6Addr>().unwrap().octets());
        inner.extend(preferred.to_be_bytes());
        inner.extend(valid.to_be_bytes());
        let mut value = Vec::from(iaid);
        value.extend(t1.to_be_bytes());
        value.extend(t2.to_be_bytes());
        put(&mut value, option::ADDRESS, &inner);
        value
    }

    fn client() -> (u16, Vec<u8>) {
        (option::CLIENT, DUID.to_vec())
    }

    fn server() -> (u16, Vec<u8>) {
        (option::SERVER, vec![0, 3, 0, 1, 2, 0, 0, 0, 0, 1])
    }

    #[test]
    fn everything_asked_for_is_understood() {
        let bytes = from_server(
            7,
            0x010203,
            &[
                client(),
                server(),
                (option::PREFERENCE, vec![255]),
                (option::IA_NA, association([9; 4], "fd00::99", 1, 2, 3, 4)),
                (
                    option::IA_NA,
                    association(IAID, "fd00::20", 100, 200, 300, 400),
                ),
                (
                    option::DNS,
                    Vec::from("fd00::1".parse::<Ipv6Addr>().unwrap().octets()),
                ),
                (
                    option::DOMAINS,
                    b"\x07example\x03org\0\x03lab\x07example\x03org\0".to_vec(),
                ),
                (option::SOL_MAX_RT, vec![0, 0, 0, 60]),
            ],
        );
        let reply = Reply::parse(&bytes, DUID, IAID).unwrap();
        assert_eq!(
            (reply.xid, reply.advertise, reply.preference),
            (0x010203, false, 255)
        );
        let leased = Leased6 {
            address: "fd00::20".parse().unwrap(),
            preferred: 300,
            valid: 400,
        };
        let terms = Terms {
            status: Status::Success,
            t1: 100,
            t2: 200,
            addresses: vec![leased],
        };
        assert_eq!(reply.terms, Some(terms));
        assert_eq!(reply.dns, ["fd00::1".parse::<Ipv6Addr>().unwrap()]);
        assert_eq!(reply.domains, ["example.org", "lab.example.org"]);
        assert_eq!(reply.slowest_solicit, Some(60));
    }

    #[test]
    fn what_makes_no_sense_is_refused_or_left_out() {
        let parse =
            |options: &[(u16, Vec<u8>)]| Reply::parse(&from_server(7, 1, options), DUID, IAID);
        assert!(parse(&[client(), server()]).is_some());
        assert_eq!(parse(&[client()]), None, "no server");
        assert_eq!(parse(&[server()]), None, "for nobody");
        assert_eq!(
            parse(&[(option::CLIENT, vec![1; 10]), server()]),
            None,
            "for somebody else"
        );
        assert_eq!(
            parse(&[client(), (option::SERVER, vec![1; 131])]),
            None,
            "an identifier too long"
        );
        let none_of = |value: Vec<u8>| {
            parse(&[client(), server(), (option::IA_NA, value)])
                .unwrap()
                .terms
                .unwrap()
                .addresses
                .is_empty()
        };
        assert!(
            none_of(association(IAID, "fd00::20", 0, 0, 400, 300)),
            "preferred for longer than valid"
        );
        assert!(
            none_of(association(IAID, "fd00::20", 0, 0, 0, 0)),
            "withdrawn"
        );
        assert!(
            none_of(association(IAID, "ff02::1", 0, 0, 300, 400)),
            "a group"
        );
        assert!(
            none_of(association(IAID, "::1", 0, 0, 300, 400)),
            "ourselves"
        );
        assert_eq!(
            parse(&[
                client(),
                server(),
                (option::IA_NA, association(IAID, "fd00::20", 9, 8, 10, 10))
            ]),
            None
        );
        for value in [
            &b"\x07example"[..],
            b"\xff",
            b"\x02\xff\xfe\0",
            b"\x03a\nb\0",
            b"\0",
        ] {
            assert_eq!(domains(value), [""; 0], "{value:?}");
        }
    }

    #[test]
    fn a_cut_answer_is_refused() {
        let whole = from_server(
            7,
            1,
            &[
                client(),
                server(),
                (
                    option::IA_NA,
                    association(IAID, "fd00::20", 100, 200, 300, 400),
                ),
            ],
        );
        assert!(Reply::parse(&whole, DUID, IAID).is_some());
        for length in 0..whole.len() {
            let taken = Reply::parse(&whole[..length], DUID, IAID);
            assert!(
                taken.is_none_or(|reply| reply.terms.is_none()),
                "cut after {length}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_message_brings_the_parser_down(bytes in proptest::collection::vec(any::<u8>(), 0..300), sound in any::<bool>()) {
            let mut message = if sound { from_server(7, 1, &[client(), server()]) } else { Vec::new() };
            message.extend(&bytes);
            if let Some(reply) = Reply::parse(&message, DUID, IAID) {
                prop_assert!(reply.terms.is_none_or(|terms| terms.addresses.iter().all(|a| a.valid > 0)));
            }
            prop_assert!(domains(&bytes).iter().all(|name| is_domain(name)));
        }
    }
}
