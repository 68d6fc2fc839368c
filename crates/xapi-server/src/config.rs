//! What strangers may cost us.

use std::time::Duration;

use xapi_wire::Limits;

/// Bounds of a server. The defaults are XAPI's where it has any, except for connections: XAPI takes 800, and two
/// thousand clients may wait for events here.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bounds on the body of a call.
    pub limits: Limits,
    /// Bytes of the request line and the headers together.
    pub head: usize,
    /// From the first byte of a request (or from the connection's beginning) until its headers are there. A TLS
    /// handshake may take as long again.
    pub head_timeout: Duration,
    /// From the headers until the body is there.
    pub body_timeout: Duration,
    /// Between requests on a connection that is kept.
    pub idle_timeout: Duration,
    /// Without any progress while an answer is written.
    pub write_timeout: Duration,
    /// Connections at a time on all TCP listeners together.
    pub tcp_connections: usize,
    /// Connections at a time on all unix sockets together.
    pub unix_connections: usize,
    /// Requests that come without TLS from other machines are answered with 403.
    pub plain_on_loopback_only: bool,
    /// Calls carried out at a time.
    pub workers: usize,
    /// Calls that may wait for a worker; one more is answered with TOO_BUSY.
    pub queue: usize,
    /// Octets of the body of `POST /cli`: XAPI's number.
    pub cli_body: usize,
    /// Conversations of the thin-CLI protocol at a time; each has a thread.
    pub cli_conversations: usize,
    /// Without any progress in such a conversation. Its clients say every five minutes that they are still there.
    pub cli_timeout: Duration,
    /// Whether long answers are packed for clients that take gzip.
    pub gzip: bool,
    /// Threads that read and write; the calls are not among their work.
    pub io_threads: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            limits: Limits::REQUEST,
            head: 8 * 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(600),
            write_timeout: Duration::from_secs(60),
            tcp_connections: 4096,
            unix_connections: 1024,
            plain_on_loopback_only: false,
            workers: 128,
            queue: 512,
            cli_body: 200 * 1024,
            cli_conversations: 64,
            cli_timeout: Duration::from_secs(900),
            gzip: false,
            io_threads: 2,
        }
    }
}
