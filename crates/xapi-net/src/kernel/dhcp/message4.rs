//! DHCPv4 messages (RFC 2131, options of RFC 2132, long options of RFC 3396).
//!
//! What comes in is parsed into the few things that the client believes; whatever makes no sense
//! is left out, or the whole message refused.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::kernel::Mac;
use crate::kernel::resolver::is_domain;

const COOKIE: [u8; 4] = [99, 130, 83, 99];
const OPTIONS_AT: usize = 240;
/// Servers and relays of old ignore shorter messages.
const SHORTEST: usize = 300;
/// Of a list we keep this many entries.
const ENTRIES: usize = 16;
/// The longest message that we take: what fits into one frame.
const LONGEST: u16 = 1472;
/// A smaller MTU would be no IPv4 network.
const MTU_AT_LEAST: u16 = 576;
/// Leases that would have us ask every few seconds are refused.
const SECONDS_AT_LEAST: u32 = 10;

pub(super) mod option {
    pub(in super::super) const SUBNET_MASK: u8 = 1;
    pub(in super::super) const TIME_OFFSET: u8 = 2;
    pub(in super::super) const ROUTERS: u8 = 3;
    pub(in super::super) const DNS: u8 = 6;
    pub(in super::super) const HOST_NAME: u8 = 12;
    pub(in super::super) const DOMAIN: u8 = 15;
    pub(in super::super) const MTU: u8 = 26;
    pub(in super::super) const BROADCAST: u8 = 28;
    pub(in super::super) const NIS_DOMAIN: u8 = 40;
    pub(in super::super) const NIS_SERVERS: u8 = 41;
    pub(in super::super) const NTP: u8 = 42;
    pub(super) const REQUESTED: u8 = 50;
    pub(super) const SECONDS: u8 = 51;
    pub(super) const OVERLOAD: u8 = 52;
    pub(super) const KIND: u8 = 53;
    pub(super) const SERVER: u8 = 54;
    pub(super) const WANTED: u8 = 55;
    pub(super) const LONGEST: u8 = 57;
    pub(super) const T1: u8 = 58;
    pub(super) const T2: u8 = 59;
    pub(super) const CLIENT_ID: u8 = 61;
}

/// What a client says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Discover = 1,
    Request = 3,
    Decline = 4,
    Release = 7,
}

/// A message that we send.
#[derive(Debug, Clone)]
pub(super) struct Request<'a> {
    pub(super) kind: Kind,
    pub(super) xid: u32,
    pub(super) seconds: u16,
    /// Our address, once we have it.
    pub(super) ciaddr: Ipv4Addr,
    pub(super) mac: Mac,
    pub(super) client_id: Option<&'a [u8]>,
    pub(super) host_name: Option<&'a str>,
    pub(super) requested: Option<Ipv4Addr>,
    pub(super) server: Option<Ipv4Addr>,
    /// The options that we'd like to have.
    pub(super) wanted: &'a [u8],
}

impl Request<'_> {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![1, 1, 6, 0];
        bytes.extend(self.xid.to_be_bytes());
        bytes.extend(self.seconds.to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(self.ciaddr.octets());
        bytes.resize(28, 0);
        bytes.extend(self.mac.0);
        bytes.resize(OPTIONS_AT - COOKIE.len(), 0);
        bytes.extend(COOKIE);
        put(&mut bytes, option::KIND, &[self.kind as u8]);
        if let Some(id) = self.client_id {
            put(&mut bytes, option::CLIENT_ID, id);
        }
        if let Some(address) = self.requested {
            put(&mut bytes, option::REQUESTED, &address.octets());
        }
        if let Some(server) = self.server {
            put(&mut bytes, option::SERVER, &server.octets());
        }
        if matches!(self.kind, Kind::Discover | Kind::Request) {
            put(&mut bytes, option::LONGEST, &LONGEST.to_be_bytes());
            put(&mut bytes, option::WANTED, self.wanted);
            if let Some(name) = self.host_name {
                put(&mut bytes, option::HOST_NAME, name.as_bytes());
            }
        }
        bytes.push(255);
        bytes.resize(bytes.len().max(SHORTEST), 0);
        bytes
    }
}

fn put(bytes: &mut Vec<u8>, code: u8, value: &[u8]) {
    let value = &value[..value.len().min(255)];
    bytes.push(code);
    bytes.push(value.len() as u8);
    bytes.extend(value);
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It would give us these terms.
    Offer(Terms),
    /// It gives us these terms.
    Ack(Terms),
    /// It doesn't.
    Nak,
}

/// An answer with what says whose it is and to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) xid: u32,
    pub(super) server: Ipv4Addr,
    pub(super) answer: Answer,
}

/// The terms of a lease as a server states them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) address: Ipv4Addr,
    pub(super) prefix: u8,
    pub(super) broadcast: Option<Ipv4Addr>,
    pub(super) routers: Vec<Ipv4Addr>,
    pub(super) dns: Vec<Ipv4Addr>,
    pub(super) domains: Vec<String>,
    pub(super) host_name: Option<String>,
    pub(super) ntp: Vec<Ipv4Addr>,
    pub(super) mtu: Option<u16>,
    pub(super) time_offset: Option<i32>,
    pub(super) seconds: u32,
    pub(super) t1: u32,
    pub(super) t2: u32,
}

impl Reply {
    /// A server's answer to this MAC; none for anything else.
    pub(super) fn parse(bytes: &[u8], mac: Mac) -> Option<Reply> {
        let options = options(bytes)?;
        let reply_over_ethernet = bytes[..3] == [2, 1, 6];
        if !reply_over_ethernet || bytes[28..34] != mac.0 {
            return None;
        }
        let server = options
            .get(&option::SERVER)
            .and_then(|v| address(v))
            .filter(is_host)?;
        let terms = || Terms::parse(ipv4(&bytes[16..20])?, &options);
        let answer = match options.get(&option::KIND)?[..] {
            [2] => Answer::Offer(terms()?),
            [5] => Answer::Ack(terms()?),
            [6] => Answer::Nak,
            _ => return None,
        };
        Some(Reply {
            xid: u32::from_be_bytes(bytes[4..8].try_into().ok()?),
            server,
            answer,
        })
    }
}

impl Terms {
    fn parse(given: Ipv4Addr, options: &Options) -> Option<Terms> {
        let get = |code: u8| options.get(&code).map(Vec::as_slice);
        let seconds = number(get(option::SECONDS)?)?;
        if !is_host(&given) || seconds < SECONDS_AT_LEAST {
            return None;
        }
        let mask = get(option::SUBNET_MASK)
            .and_then(address)
            .and_then(prefix_of);
        Some(Terms {
            address: given,
            prefix: mask.unwrap_or_else(|| prefix_by_class(given)),
            broadcast: get(option::BROADCAST).and_then(address),
            routers: hosts(get(option::ROUTERS)),
            dns: hosts(get(option::DNS)),
            domains: get(option::DOMAIN).map(domains).unwrap_or_default(),
            host_name: get(option::HOST_NAME).and_then(|v| domains(v).into_iter().next()),
            ntp: hosts(get(option::NTP)),
            mtu: get(option::MTU)
                .and_then(|v| Some(u16::from_be_bytes(v.try_into().ok()?)))
                .filter(|mtu| *mtu >= MTU_AT_LEAST),
            time_offset: get(option::TIME_OFFSET)
                .and_then(number)
                .map(|offset| offset as i32),
            seconds,
            t1: get(option::T1).and_then(number).unwrap_or(0),
            t2: get(option::T2).and_then(number).unwrap_or(0),
        })
    }
}

type Options = BTreeMap<u8, Vec<u8>>;

/// The options of a message; none if it is cut or no DHCP message. One that is there several times
/// is one long option.
fn options(bytes: &[u8]) -> Option<Options> {
    if bytes.get(OPTIONS_AT - COOKIE.len()..OPTIONS_AT)? != COOKIE {
        return None;
    }
    let mut options = Options::new();
    collect(&bytes[OPTIONS_AT..], &mut options)?;
    // The fields for a boot file and a server's name may hold more.
    let overload = options
        .get(&option::OVERLOAD)
        .and_then(|v| v.first().copied())
        .unwrap_or(0);
    if overload & 1 != 0 {
        collect(&bytes[108..236], &mut options)?;
    }
    if overload & 2 != 0 {
        collect(&bytes[44..108], &mut options)?;
    }
    Some(options)
}

fn collect(mut bytes: &[u8], options: &mut Options) -> Option<()> {
    loop {
        match *bytes {
            [] | [255, ..] => return Some(()),
            [0, ref rest @ ..] => bytes = rest,
            [code, length, ref rest @ ..] => {
                let (value, after) = rest.split_at_checked(usize::from(length))?;
                options.entry(code).or_default().extend(value);
                bytes = after;
            }
            [_] => return None,
        }
    }
}

fn ipv4(bytes: &[u8]) -> Option<Ipv4Addr> {
    Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))
}

fn address(value: &[u8]) -> Option<Ipv4Addr> {
    ipv4(value)
}

fn number(value: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(value.try_into().ok()?))
}

/// The hosts in a list of addresses. A list of odd length is none.
fn hosts(value: Option<&[u8]>) -> Vec<Ipv4Addr> {
    let value = value.unwrap_or_default();
    if !value.len().is_multiple_of(4) {
        return Vec::new();
    }
    value
        .chunks(4)
        .filter_map(ipv4)
        .filter(is_host)
        .take(ENTRIES)
        .collect()
}

/// The domain names in a text. Servers put several into the option, separated by spaces, and some
/// a NUL behind.
fn domains(value: &[u8]) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(value) else {
        return Vec::new();
    };
    text.trim_end_matches('\0')
        .split([' ', ','])
        .map(|name| name.trim_end_matches('.'))
        .filter(|name| is_domain(name))
        .take(ENTRIES)
        .map(str::to_owned)
        .collect()
}

/// Whether one host can have this address.
fn is_host(address: &Ipv4Addr) -> bool {
    let first = address.octets()[0];
    first != 0 && first != 127 && first < 224
}

/// The length of a mask; none for one with holes or without any bit.
fn prefix_of(mask: Ipv4Addr) -> Option<u8> {
    let bits = mask.to_bits();
    (bits != 0 && bits.leading_ones() + bits.trailing_zeros() == 32)
        .then(|| bits.leading_ones() as u8)
}

/// What the network would be in the days before masks.
fn prefix_by_class(address: Ipv4Addr) -> u8 {
    match address.octets()[0] {
        0..128 => 8,
        128..192 => 16,
        _ => 24,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 0x0a]);

    /// A server's message with these options.
    pub(in super::super) fn from_server(
        xid: u32,
        given: Ipv4Addr,
        mac: Mac,
        options: &[(u8, &[u8])],
    ) -> Vec<u8> {
        let mut bytes = vec![2, 1, 6, 0];
        bytes.extend(xid.to_be_bytes());
        bytes.resize(16, 0);
        bytes.extend(given.octets());
        bytes.resize(28, 0);
        bytes.extend(mac.0);
        bytes.resize(236, 0);
        bytes.extend(COOKIE);
        for (code, value) in options {
            put(&mut bytes, *code, value);
        }
        bytes.push(255);
        bytes
    }

    const GIVEN: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 20);
    const ACK: (u8, &[u8]) = (53, &[5]);
    const SERVER: (u8, &[u8]) = (54, &[172, 16, 0, 1]);
    const HOUR: (u8, &[u8]) = (51, &[0, 0, 0x0e, 0x10]);

    fn ack(options: &[(u8, &[u8])]) -> Option<Terms> {
        let options = [&[ACK, SERVER, HOUR], options].concat();
        match Reply::parse(&from_server(7, GIVEN, MAC, &options), MAC)?.answer {
            Answer::Ack(terms) => Some(terms),
            answer => panic!("{answer:?}"),
        }
    }

    #[test]
    fn everything_asked_for_is_understood() {
        let terms = ack(&[
            (1, &[255, 255, 255, 224]),
            (2, &(-3600i32).to_be_bytes()),
            (3, &[172, 16, 0, 1, 172, 16, 0, 2]),
            (6, &[172, 16, 0, 1]),
            (12, b"xs-1\0"),
            (15, b"example.org lab.example.org."),
            (26, &1400u16.to_be_bytes()),
            (28, &[172, 16, 0, 31]),
            (42, &[172, 16, 0, 3]),
            (58, &100u32.to_be_bytes()),
            (59, &200u32.to_be_bytes()),
        ])
        .unwrap();
        let router = Ipv4Addr::new(172, 16, 0, 1);
        let expected = Terms {
            address: GIVEN,
            prefix: 27,
            broadcast: Some(Ipv4Addr::new(172, 16, 0, 31)),
            routers: vec![router, Ipv4Addr::new(172, 16, 0, 2)],
            dns: vec![router],
            domains: vec!["example.org".to_owned(), "lab.example.org".to_owned()],
            host_name: Some("xs-1".to_owned()),
            ntp: vec![Ipv4Addr::new(172, 16, 0, 3)],
            mtu: Some(1400),
            time_offset: Some(-3600),
            seconds: 3600,
            t1: 100,
            t2: 200,
        };
        assert_eq!(terms, expected);
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        let check = |code, value: &[u8], fine: fn(&Terms) -> bool| {
            let terms = ack(&[(code, value)]).unwrap();
            assert!(fine(&terms), "option {code} {value:?} gave {terms:?}");
        };
        check(1, &[255, 0, 255, 0], |t| t.prefix == 16);
        check(1, &[0, 0, 0, 0], |t| t.prefix == 16);
        check(1, &[255, 255, 255], |t| t.prefix == 16);
        check(1, &[255, 255, 255, 255], |t| t.prefix == 32);
        check(3, &[172, 16, 0], |t| t.routers.is_empty());
        check(
            3,
            &[0, 0, 0, 0, 224, 0, 0, 1, 127, 0, 0, 1, 255, 255, 255, 255],
            |t| t.routers.is_empty(),
        );
        check(6, &[10; 240], |t| t.dns.len() == 16);
        check(12, b"a\nb", |t| t.host_name.is_none());
        check(12, b"$(reboot)", |t| t.host_name.is_none());
        check(15, b"ok.org\nnameserver evil", |t| t.domains == ["evil"]);
        check(15, &[0xff, 0xfe], |t| t.domains.is_empty());
        check(26, &[0, 68], |t| t.mtu.is_none());
        check(26, &[1], |t| t.mtu.is_none());
        check(58, &[1, 2], |t| t.t1 == 0);
    }

    #[test]
    fn what_is_not_for_us_or_no_answer_is_refused() {
        let fine = [ACK, SERVER, HOUR];
        assert!(Reply::parse(&from_server(7, GIVEN, MAC, &fine), MAC).is_some());
        let other = Mac([2, 0, 0, 0, 0, 0x0b]);
        assert_eq!(
            Reply::parse(&from_server(7, GIVEN, other, &fine), MAC),
            None
        );
        let refused: [&[(u8, &[u8])]; 6] = [
            &[SERVER, HOUR],
            &[ACK, HOUR],
            &[ACK, SERVER],
            &[ACK, SERVER, (51, &[0, 0, 0, 1])],
            &[(53, &[1]), SERVER, HOUR],
            &[ACK, (54, &[0, 0, 0, 0]), HOUR],
        ];
        for options in refused {
            assert_eq!(
                Reply::parse(&from_server(7, GIVEN, MAC, options), MAC),
                None,
                "{options:?}"
            );
        }
        for address in [
            [0, 0, 0, 0],
            [127, 0, 0, 1],
            [224, 0, 0, 1],
            [255, 255, 255, 255],
        ] {
            let bytes = from_server(7, Ipv4Addr::from(address), MAC, &fine);
            assert_eq!(Reply::parse(&bytes, MAC), None, "{address:?}");
        }
        let mut ours = from_server(7, GIVEN, MAC, &fine);
        ours[0] = 1;
        assert_eq!(Reply::parse(&ours, MAC), None, "a client's message");
    }

    #[test]
    fn options_may_go_on_in_other_fields_and_in_pieces() {
        let mut bytes = from_server(7, GIVEN, MAC, &[ACK, SERVER, HOUR, (52, &[3])]);
        bytes[108..114].copy_from_slice(&[1, 4, 255, 255, 255, 0]);
        bytes[114] = 255;
        bytes[44..50].copy_from_slice(&[6, 4, 10, 0, 0, 1]);
        bytes[50] = 255;
        let Answer::Ack(terms) = Reply::parse(&bytes, MAC).unwrap().answer else {
            panic!()
        };
        assert_eq!((terms.prefix, terms.dns.len()), (24, 1));
        let terms = ack(&[(15, b"exam"), (15, b"ple.org")]).unwrap();
        assert_eq!(terms.domains, ["example.org"]);
    }

    #[test]
    fn a_request_is_laid_out_as_servers_expect_it() {
        let request = Request {
            kind: Kind::Request,
            xid: 0x0102_0304,
            seconds: 5,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            mac: MAC,
            client_id: None,
            host_name: Some("xs-1"),
            requested: Some(GIVEN),
            server: None,
            wanted: &[1, 3],
        };
        let bytes = request.bytes();
        assert_eq!(bytes.len(), 300);
        assert_eq!(bytes[..12], [1, 1, 6, 0, 1, 2, 3, 4, 0, 5, 0, 0]);
        assert_eq!(bytes[28..34], MAC.0);
        let options = &bytes[240..];
        let expected = [
            53, 1, 3, 50, 4, 172, 16, 0, 20, 57, 2, 5, 192, 55, 2, 1, 3, 12, 4, b'x', b's', b'-',
            b'1', 255, 0,
        ];
        assert_eq!(options[..expected.len()], expected);
    }

    proptest! {
        #[test]
        fn no_message_brings_the_parser_down(
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
            sound in any::<bool>(),
        ) {
            let mut bytes = bytes;
            if sound && bytes.len() >= 240 {
                bytes[..3].copy_from_slice(&[2, 1, 6]);
                bytes[28..34].copy_from_slice(&MAC.0);
                bytes[236..240].copy_from_slice(&COOKIE);
            }
            if let Some(Reply { answer: Answer::Ack(terms) | Answer::Offer(terms), .. }) = Reply::parse(&bytes, MAC) {
                prop_assert!(is_host(&terms.address) && terms.prefix <= 32 && terms.seconds >= SECONDS_AT_LEAST);
            }
        }
    }

    #[test]
    fn an_answer_cut_within_an_option_is_refused() {
        let whole = from_server(7, GIVEN, MAC, &[ACK, SERVER, HOUR, (3, &[172, 16, 0, 1])]);
        for length in 0..whole.len() {
            // A cut between two options is an end like another.
            let between = [255, 261].contains(&length);
            let taken = Reply::parse(&whole[..length], MAC).is_some();
            assert_eq!(taken, between, "cut after {length} octets");
        }
    }
}
