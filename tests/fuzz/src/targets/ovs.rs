//! What Open vSwitch sends.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xapi_net::ovs::jsonrpc::{Connection, Framer};
use xapi_net::ovs::ovsdb::Client;
use xapi_net::ovs::unixctl::Control;

use crate::peer::Peer;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

/// Bytes as they come: cut into messages in the same way however they are cut into reads, and never believed.
pub(super) fn rpc(bytes: &[u8]) {
    let cut = |piece: usize| {
        let mut framer = Framer::new(4096);
        let mut found = Vec::new();
        for piece in bytes.chunks(piece) {
            framer.push(piece);
            loop {
                match framer.next_object() {
                    Ok(Some(object)) => found.push(object),
                    Ok(None) => break,
                    Err(_) => return (found, false),
                }
            }
        }
        (found, true)
    };
    assert_eq!(cut(bytes.len().max(1)), cut(3));
    let (ours, mut theirs) = UnixStream::pair().expect("two sockets");
    theirs.write_all(bytes).expect("a socket takes some bytes");
    theirs.shutdown(Shutdown::Write).expect("an end");
    let mut connection = Connection::over(ours);
    // Any outcome is right that comes before the deadline.
    let begin = Instant::now();
    drop(connection.call("x", json!([]), soon(), &mut |_| {}));
    assert!(
        begin.elapsed() < Duration::from_secs(4),
        "it waits after the end"
    );
}

/// Answers requests by these results, in turn, until there are no more.
fn answering(results: Vec<Value>) -> crate::peer::Serve {
    Box::new(move |stream| {
        let mut framer = Framer::new(1 << 20);
        let mut piece = [0; 4096];
        let mut results = results.into_iter();
        loop {
            while let Ok(Some(request)) = framer.next_object() {
                let Some(result) = results.next() else {
                    return;
                };
                let reply =
                    json!({"id": request["id"], "result": result, "error": null}).to_string();
                if stream.write_all(reply.as_bytes()).is_err() {
                    return;
                }
            }
            match stream.read(&mut piece) {
                Ok(length) if length > 0 => framer.push(&piece[..length]),
                _ => return,
            }
        }
    })
}

/// Rows of a database, as results of the requests of a client that reads it.
pub(super) fn rows(bytes: &[u8]) {
    static PEER: OnceLock<Peer> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let results: Result<Vec<Value>, _> = text.split("\n---\n").map(serde_json::from_str).collect();
    let Ok(results) = results else {
        return;
    };
    let peer = PEER.get_or_init(|| Peer::new("db.sock"));
    peer.then(answering(results));
    let mut client = Client::new(peer.path());
    let deadline = Instant::now() + Duration::from_millis(50);
    if let Ok(state) = client.observe(deadline) {
        drop(format!("{state:?}"));
    }
}

/// What ovs-vswitchd prints about bonds.
pub(super) fn control(bytes: &[u8]) {
    static PEER: OnceLock<Peer> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let peer = PEER.get_or_init(|| {
        let pid = std::process::id();
        let peer = Peer::new(&format!("ovs-vswitchd.{pid}.ctl"));
        let pid_file = peer.path().with_file_name("ovs-vswitchd.pid");
        std::fs::write(pid_file, format!("{pid}\n")).expect("a file");
        peer
    });
    let control = Control::new(peer.path().parent().expect("a directory"));
    for _ in 0..2 {
        peer.then(answering(vec![Value::from(text)]));
    }
    drop(control.bonds(soon()));
    drop(control.bond("bond0", soon()));
}
