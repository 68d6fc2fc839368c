//! What reads the other end's bytes, as functions of bytes, for the tests that try random ones. Nothing else calls it.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;

use crate::frame::{Incoming, Outgoing};
use crate::gate::Myself;
use crate::handshake::{EXPORTER, Master, Slave};
use crate::limits::Limits;
use crate::line::{Carrier, Handler, Line, Message};
use crate::peer::{Hello, Peer};
use crate::secret::Secret;

struct Nobody;

impl Handler for Nobody {
    fn asked(&self, _: &Line, body: Vec<u8>) -> Vec<u8> {
        body
    }
    fn told(&self, _: &Line, _: Vec<u8>) {}
    fn closed(&self, _: &Line, _: &str) {}
}

impl Carrier for Nobody {
    fn send(&self, message: Message) {
        let mut outgoing = Outgoing::default();
        outgoing.push(message);
        let mut out = Vec::new();
        while outgoing.next(&mut out) {}
    }
    fn close(&self, _: &str) {}
}

/// What comes on a line. The first octet says in pieces of which size it comes, and, if it is odd, that frames get the
/// numbers that they should have.
pub fn line(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else {
        return;
    };
    let mut octets = rest.to_vec();
    if first % 2 == 1 {
        let mut at = 0;
        let mut number = 0_u64;
        while let Some(head) = octets.get(at..at + 12) {
            let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
            octets[at + 4..at + 12].copy_from_slice(&number.to_be_bytes());
            number += 1;
            at = at.saturating_add(4 + length);
        }
    }
    let limits = Limits {
        frame: 1024,
        body: 4096,
        asks: 4,
        tells: 4,
        tells_octets: 1024,
        ..Limits::default()
    };
    let line = Line::new(Peer::default(), Arc::new(Nobody), limits.clone(), None);
    line.begin(Arc::new(Nobody));
    let mut incoming = Incoming::new(&limits);
    let mut came = BytesMut::new();
    'all: for piece in octets.chunks(1 + usize::from(first / 2)) {
        came.extend_from_slice(piece);
        loop {
            match incoming.next(&mut came) {
                Ok(Some(message)) => line.received(message),
                Ok(None) => break,
                Err(_) => break 'all,
            }
        }
        assert!(came.len() <= 4 + limits.frame, "more is kept than a frame");
    }
    line.close("the end");
    assert!(line.wait_closed(Duration::ZERO).is_some());
}

/// What comes in a handshake, at both ends: messages with `NEXT` between. `PROOF` in them is the proof that is due.
pub fn handshake(input: &[u8]) {
    let exporter = [7; EXPORTER];
    let secret = Secret::new("secret");
    let mut messages = Vec::new();
    let mut rest = input;
    while let Some(at) = rest.windows(4).position(|four| four == b"NEXT") {
        messages.push(rest[..at].to_vec());
        rest = &rest[at + 4..];
    }
    messages.push(rest.to_vec());
    let filled = |message: &[u8], proof: String| {
        let text = String::from_utf8_lossy(message);
        match text.contains("PROOF") {
            true => text.replace("PROOF", &proof).into_bytes(),
            false => message.to_vec(),
        }
    };
    let next = |n: usize| messages.get(n).map_or(&[][..], Vec::as_slice);
    let hello = Hello {
        pool: "pool".to_owned(),
        host: "host".to_owned(),
        ..Hello::default()
    };
    if let Ok((mut slave, _)) = Slave::begin(&exporter, &hello)
        && slave.challenged(next(0)).is_ok()
    {
        let proofs = filled(next(1), slave.due(&secret));
        if slave.proven(&proofs, std::slice::from_ref(&secret)).is_ok() {
            drop(slave.admitted(next(2)));
        }
    }
    let myself = Myself {
        pool: "pool".to_owned(),
        host: "master".to_owned(),
        term: 1,
    };
    let secrets = vec![secret.clone()];
    if let Ok((mut master, _)) = Master::begin(&exporter, myself, secrets, next(0)) {
        let proof = filled(next(1), master.due(&secret));
        if let Ok(hello) = master.proven(&proof) {
            assert!(hello.pool == "pool" || (hello.joining && hello.pool.is_empty()));
        }
    }
}
