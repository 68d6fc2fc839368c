//! The few messages of OpenFlow 1.4 that we send and read.
//!
//! Readers take octets from outside: each says what is wrong with them, and none panics.

use std::collections::BTreeMap;

use super::rule::{Rule, read_match, read_output, write_match, write_output};

/// OpenFlow 1.4 on the wire.
pub(super) const VERSION: u8 = 5;
/// The length of every message's header.
pub(super) const HEADER: usize = 8;

pub(super) const HELLO: u8 = 0;
pub(super) const ERROR: u8 = 1;
pub(super) const ECHO_REQUEST: u8 = 2;
pub(super) const ECHO_REPLY: u8 = 3;
const FLOW_MOD: u8 = 14;
const MULTIPART_REQUEST: u8 = 18;
pub(super) const MULTIPART_REPLY: u8 = 19;
pub(super) const BARRIER_REQUEST: u8 = 20;
pub(super) const BARRIER_REPLY: u8 = 21;
pub(super) const BUNDLE_CONTROL: u8 = 33;
const BUNDLE_ADD: u8 = 34;

/// Any port, any group.
const ANY: [u8; 4] = [0xff; 4];
const ALL_TABLES: u8 = 0xff;

pub(super) type Odd = &'static str;

/// The beginning of each message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) version: u8,
    pub(super) kind: u8,
    pub(super) length: u16,
    pub(super) xid: u32,
}

impl Header {
    pub(super) fn read(bytes: &[u8; HEADER]) -> Header {
        let [version, kind, a, b, rest @ ..] = *bytes;
        Header {
            version,
            kind,
            length: u16::from_be_bytes([a, b]),
            xid: u32::from_be_bytes(rest),
        }
    }
}

/// Takes octets from the front of what is left.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Odd> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Odd> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| "it ends too early")
    }

    pub(super) fn u16(&mut self) -> Result<u16, Odd> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Odd> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, Odd> {
        self.array().map(u64::from_be_bytes)
    }

    /// The next entry of a list; its first two octets are its length.
    fn entry(&mut self) -> Result<Option<Reader<'a>>, Odd> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let len = Reader(self.0).u16()?;
        match usize::from(len) {
            0..=2 => Err("an entry without content"),
            len => Ok(Some(Reader(self.take(len)?))),
        }
    }
}

/// A whole message.
pub(super) fn whole(kind: u8, xid: u32, body: &[u8]) -> Vec<u8> {
    // Nothing that we send comes near the limit: a rule has less than 200 octets, and an echo is a message that came.
    let len = u16::try_from(HEADER + body.len()).unwrap_or(u16::MAX);
    let mut bytes = vec![VERSION, kind];
    bytes.extend(len.to_be_bytes());
    bytes.extend(xid.to_be_bytes());
    bytes.extend(body);
    bytes
}

/// Says that we speak this version and no other.
pub(super) fn hello(xid: u32) -> Vec<u8> {
    let bitmap: u32 = 1 << VERSION;
    let mut body = vec![0, 1, 0, 8];
    body.extend(bitmap.to_be_bytes());
    whole(HELLO, xid, &body)
}

/// Whether whoever greets like this speaks our version. Without a list, it speaks every one up to that of its header.
pub(super) fn speaks_our_version(header: &Header, body: &[u8]) -> bool {
    let mut reader = Reader(body);
    match (reader.u16(), reader.u16(), reader.u32()) {
        (Ok(1), Ok(8..), Ok(bitmap)) => bitmap & (1 << VERSION) != 0,
        _ => header.version >= VERSION,
    }
}

/// Type and code of an error.
pub(super) fn error(body: &[u8]) -> Result<(u16, u16), Odd> {
    let mut reader = Reader(body);
    Ok((reader.u16()?, reader.u16()?))
}

/// What is asked in several parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Multipart {
    Rules = 1,
    Ports = 13,
}

pub(super) fn multipart(xid: u32, what: Multipart) -> Vec<u8> {
    let mut body = (what as u16).to_be_bytes().to_vec();
    body.extend([0; 6]);
    if what == Multipart::Rules {
        body.extend([ALL_TABLES, 0, 0, 0]);
        body.extend(ANY);
        body.extend(ANY);
        // All cookies.
        body.extend([0; 4 + 8 + 8]);
        write_match(&[], &mut body);
    }
    whole(MULTIPART_REQUEST, xid, &body)
}

/// One part of an answer, and whether there are more.
pub(super) fn part(what: Multipart, mut body: Vec<u8>) -> Result<(Vec<u8>, bool), Odd> {
    let mut reader = Reader(&body);
    let (kind, flags) = (reader.u16()?, reader.u16()?);
    if kind != what as u16 {
        return Err("an answer to something else");
    }
    reader.take(4)?;
    body.drain(..8);
    Ok((body, flags & 1 != 0))
}

/// Reads `ofp_port` entries.
pub(super) fn read_ports(part: &[u8], ports: &mut BTreeMap<String, u32>) -> Result<(), Odd> {
    let mut list = Reader(part);
    while !list.0.is_empty() {
        // The length of a port comes after its number.
        let mut head = Reader(list.0);
        head.take(4)?;
        let len = usize::from(head.u16()?);
        let mut entry = Reader(list.take(len.max(1))?);
        let number = entry.u32()?;
        entry.take(2 + 2 + 6 + 2)?;
        let name: [u8; 16] = entry.array()?;
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(16);
        ports.insert(String::from_utf8_lossy(&name[..end]).into_owned(), number);
    }
    Ok(())
}

/// Reads `ofp_flow_stats` entries.
pub(super) fn read_rules(part: &[u8], rules: &mut Vec<Rule>) -> Result<(), Odd> {
    let mut list = Reader(part);
    while let Some(mut entry) = list.entry()? {
        entry.take(2 + 1 + 1 + 4 + 4)?;
        let priority = entry.u16()?;
        // Two times, flags, importance.
        entry.take(2 + 2 + 2 + 2 + 2)?;
        let cookie = entry.u64()?;
        entry.take(8 + 8)?;
        rules.push(Rule {
            cookie,
            priority,
            fields: read_match(&mut entry)?,
            output: read_output(entry.0),
        });
    }
    Ok(())
}

/// A rule to be added; one with the same match and priority is replaced.
pub(super) fn add(xid: u32, rule: &Rule) -> Vec<u8> {
    let mut body = flow_mod(rule.cookie, 0, 0, 0, rule.priority);
    write_match(&rule.fields, &mut body);
    write_output(&rule.output, &mut body);
    whole(FLOW_MOD, xid, &body)
}

/// All rules with a cookie to be taken away.
pub(super) fn delete(xid: u32, cookie: u64) -> Vec<u8> {
    let mut body = flow_mod(cookie, u64::MAX, ALL_TABLES, 3, 0);
    write_match(&[], &mut body);
    whole(FLOW_MOD, xid, &body)
}

fn flow_mod(cookie: u64, mask: u64, table: u8, command: u8, priority: u16) -> Vec<u8> {
    let mut body = cookie.to_be_bytes().to_vec();
    body.extend(mask.to_be_bytes());
    body.extend([table, command]);
    // No timeouts.
    body.extend([0; 4]);
    body.extend(priority.to_be_bytes());
    // No packet of a buffer, any port, any group.
    body.extend(ANY);
    body.extend(ANY);
    body.extend(ANY);
    // No flags, no importance.
    body.extend([0; 4]);
    body
}

/// What happens to a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bundle {
    Open = 0,
    Opened = 1,
    Commit = 4,
    Committed = 5,
}

/// The only bundle of a connection.
const BUNDLE: [u8; 4] = [0, 0, 0, 1];
/// All or nothing, and in the order given.
const ATOMIC_ORDERED: [u8; 2] = [0, 3];

pub(super) fn bundle_control(xid: u32, what: Bundle) -> Vec<u8> {
    let mut body = BUNDLE.to_vec();
    body.extend((what as u16).to_be_bytes());
    body.extend(ATOMIC_ORDERED);
    whole(BUNDLE_CONTROL, xid, &body)
}

pub(super) fn in_bundle(xid: u32, message: &[u8]) -> Vec<u8> {
    let mut body = BUNDLE.to_vec();
    body.extend([0; 2]);
    body.extend(ATOMIC_ORDERED);
    body.extend(message);
    whole(BUNDLE_ADD, xid, &body)
}

pub(super) fn bundle_reply(body: &[u8]) -> Result<Bundle, Odd> {
    let mut reader = Reader(body);
    reader.take(4)?;
    match reader.u16()? {
        1 => Ok(Bundle::Opened),
        5 => Ok(Bundle::Committed),
        _ => Err("something unexpected happened to the bundle"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ovs::openflow::rule::{Field, Output};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut ports = BTreeMap::new();
            let mut rules = Vec::new();
            // Whether it can be read does not matter; that nothing panics, and that no more comes out than went in, does.
            let ports_read = read_ports(&bytes, &mut ports).is_ok();
            let rules_read = read_rules(&bytes, &mut rules).is_ok();
            let parts = [Multipart::Rules, Multipart::Ports];
            let split = parts.iter().filter(|what| part(**what, bytes.clone()).is_ok()).count();
            let replied = bundle_reply(&bytes).is_ok() || error(&bytes).is_ok();
            prop_assert!(!(ports_read && rules_read && split == 2 && replied) || bytes.len() >= 8);
            prop_assert!(ports.len() <= bytes.len() && rules.len() <= bytes.len());
        }
    }

    #[test]
    fn a_rule_is_read_from_the_middle_of_a_list() {
        let rule = |number: u32| Rule {
            cookie: 7,
            priority: 6000,
            fields: vec![Field::InPort(number), Field::Untagged],
            output: Output::Port(number + 1),
        };
        let mut list = Vec::new();
        for number in [1, 2, 3] {
            let rule = rule(number);
            let mut entry = vec![0; 46];
            entry[10..12].copy_from_slice(&rule.priority.to_be_bytes());
            entry[22..30].copy_from_slice(&rule.cookie.to_be_bytes());
            write_match(&rule.fields, &mut entry);
            write_output(&rule.output, &mut entry);
            list.extend(((entry.len() + 2) as u16).to_be_bytes());
            list.extend(entry);
        }
        let mut rules = Vec::new();
        read_rules(&list, &mut rules).unwrap();
        assert_eq!(rules, [rule(1), rule(2), rule(3)]);
    }
}
