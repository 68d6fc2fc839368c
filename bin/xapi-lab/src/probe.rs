//! The proof that a host's API answers: one login over its unix socket and one over TCP from the client's side.
//!
//! The lab stays without a XenAPI client: a login and a logout are two small documents, and it must be able to judge
//! a daemon whose client library is broken.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::sched::{CloneFlags, setns};

use crate::failure::{Doing, Failure, Result};
use crate::lab::{Host, netns_path};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a pool may take to let a host in.
const JOINING: Duration = Duration::from_secs(90);
/// More than a login's answer ever is.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// What a slave answers that cannot reach its master: it does answer.
const WITHOUT_MASTER: [&str; 5] = [
    "HOST_IN_EMERGENCY_MODE",
    "HOST_STILL_BOOTING",
    "HOST_UNKNOWN_TO_MASTER",
    "HOST_HAS_NO_MANAGEMENT_IP",
    "HOST_BROKEN",
];

/// Logs in over the unix socket, which works whatever has become of the network. A slave without its master lets nobody in,
/// and says so.
pub fn logs_in_locally(host: &Host, password: &str) -> Result<()> {
    let socket = host.xapi_socket();
    let connect = || {
        let stream = UnixStream::connect(&socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    };
    match in_and_out(connect, password) {
        Err(why) if WITHOUT_MASTER.iter().any(|code| why.chain().contains(code)) => Ok(()),
        outcome => outcome.doing(|| format!("logging in to {} at {}", host.name, socket.display())),
    }
}

/// Logs in over TCP, from where clients are, which proves the password and the network too.
pub fn logs_in_from_outside(host: &Host, password: &str) -> Result<()> {
    let address = SocketAddr::from((host.name.address(), 80));
    let netns = netns_path(&host.lab.switch_netns());
    let netns = File::open(&netns).doing(|| format!("opening {}", netns.display()))?;
    // A thread can be on another network than its process, and back out of it by ending.
    let login = || {
        setns(netns, CloneFlags::CLONE_NEWNET).doing(|| "entering the lab's network")?;
        let connect = || {
            let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        in_and_out(connect, password)
    };
    let outcome = std::thread::scope(|scope| scope.spawn(login).join());
    let outcome = outcome.unwrap_or_else(|_| Err(Failure::new("the login's thread ended")));
    outcome.doing(|| {
        format!(
            "logging in to {} at http://{}",
            host.name,
            host.name.address()
        )
    })
}

/// Has a host join the pool of another one.
pub fn join(host: &Host, master: &Host, password: &str) -> Result<()> {
    with_session(host, password, |session| {
        let address = master.name.address().to_string();
        let words = [session, &address, "root", password];
        call(connect(host)?, "pool.join", &words).map(drop)
    })
}

/// Whether a host and its master are one pool of so many.
pub fn knows_hosts(host: &Host, password: &str, members: usize) -> Result<bool> {
    with_session(host, password, |session| {
        let answer = call(connect(host)?, "host.get_all", &[session])?;
        Ok(answer.matches("OpaqueRef:").count() >= members)
    })
}

fn connect(host: &Host) -> Result<UnixStream> {
    let socket = host.xapi_socket();
    let connected = UnixStream::connect(&socket).and_then(|stream| {
        stream.set_read_timeout(Some(JOINING))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    });
    connected.doing(|| format!("connecting to {}", socket.display()))
}

/// Does something with a session of a host's superuser.
fn with_session<T>(host: &Host, password: &str, act: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    let words = ["root", password];
    let answer = call(connect(host)?, "session.login_with_password", &words)?;
    let session = session_of(&answer)?;
    let outcome = act(session)?;
    // One that stays goes when it is idle, or with a daemon that begins anew.
    drop(connect(host).and_then(|stream| call(stream, "session.logout", &[session])));
    Ok(outcome)
}

fn session_of(answer: &str) -> Result<&str> {
    let Some(session) = answer.find("OpaqueRef:").map(|at| &answer[at..]) else {
        return Err(Failure::new(format!("the answer is no session: {answer}")));
    };
    let end = session.find('<').unwrap_or(session.len());
    Ok(&session[..end])
}

/// A slave answers those outside with the address of its master.
pub fn names_its_master_outside(host: &Host, master: &Host, password: &str) -> Result<()> {
    let told = match logs_in_from_outside(host, password) {
        Ok(()) => "it lets root in".to_owned(),
        Err(why) => why.chain(),
    };
    match told.contains("HOST_IS_SLAVE") && told.contains(&master.name.address().to_string()) {
        true => Ok(()),
        false => Err(Failure::new(format!(
            "{} does not say who its master is: {told}",
            host.name
        ))),
    }
}

fn in_and_out<S: Read + Write>(
    connect: impl Fn() -> std::io::Result<S>,
    password: &str,
) -> Result<()> {
    let answer = call(
        connect().doing(|| "connecting")?,
        "session.login_with_password",
        &["root", password],
    )?;
    let session = session_of(&answer)?;
    call(
        connect().doing(|| "connecting")?,
        "session.logout",
        &[session],
    )?;
    Ok(())
}

/// One XML-RPC call on a connection of its own; the body of the answer.
fn call(mut stream: impl Read + Write, method: &str, arguments: &[&str]) -> Result<String> {
    let parameters: String = arguments
        .iter()
        .map(|text| format!("<param><value><string>{text}</string></value></param>"))
        .collect();
    let body = format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params>{parameters}</params></methodCall>"
    );
    let length = body.len();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream
        .write_all(request.as_bytes())
        .doing(|| format!("sending {method}"))?;
    let mut bytes = Vec::new();
    stream
        .take(LONGEST_ANSWER)
        .read_to_end(&mut bytes)
        .doing(|| format!("waiting for the answer to {method}"))?;
    let answer = String::from_utf8_lossy(&bytes);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") || !body.contains("Success") {
        return Err(Failure::new(format!(
            "{method} was answered with '{status}' {}",
            body.trim()
        )));
    }
    Ok(body.to_string())
}
