//! Stands in for the daemon in the lab's own tests: says that it is ready, answers every XML-RPC call over its unix
//! socket and port 80 as if it were a successful login, and writes what it does to its log.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixDatagram, UnixListener};

const SOCKET: &str = "/var/lib/xcp/xapi";

fn main() {
    eprintln!("fake xapi: starting");
    if let Err(why) = std::fs::remove_file(SOCKET) {
        eprintln!("fake xapi: no socket of an earlier run: {why}");
    }
    let unix = UnixListener::bind(SOCKET).expect("the unix socket");
    let tcp = TcpListener::bind("0.0.0.0:80").expect("port 80");
    let notify = std::env::var("NOTIFY_SOCKET").expect("NOTIFY_SOCKET");
    let told =
        UnixDatagram::unbound().and_then(|socket| socket.send_to(b"STATUS=fake\nREADY=1", notify));
    told.expect("telling that we are ready");
    eprintln!("fake xapi: ready");
    std::thread::spawn(move || {
        for client in tcp.incoming() {
            answer(client.expect("a TCP client"), "tcp");
        }
    });
    for client in unix.incoming() {
        answer(client.expect("a unix client"), "unix");
    }
}

fn answer(client: impl Read + Write, by: &str) {
    let mut client = BufReader::new(client);
    let (mut line, mut length) = (String::new(), 0);
    while client.read_line(&mut line).expect("a header") > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        line.clear();
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body).expect("a body");
    let body = String::from_utf8(body).expect("text");
    let method = body
        .split("methodName>")
        .nth(1)
        .unwrap_or_default()
        .trim_end_matches("</");
    eprintln!("fake xapi: {method} by {by}");
    let reply = "<methodResponse><params><param><value><struct><member><name>Status</name><value>Success</value></member>\
                 <member><name>Value</name><value>OpaqueRef:1</value></member></struct></value></param></params></methodResponse>";
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        reply.len()
    );
    client
        .get_mut()
        .write_all((head + reply).as_bytes())
        .expect("answering");
}
