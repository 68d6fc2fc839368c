//! What strangers may cost the daemon: the table `[limits]` of the configuration file.

use std::time::Duration;

use serde::Deserialize;
use xapi_server::Config;

/// Bounds on everything that comes from outside. Sizes are in octets, times in seconds.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Request line and headers of a request together.
    pub head: u64,
    /// Body of a request; of one in gzip, unpacked.
    pub body: u64,
    /// Levels of lists and structs inside one another in a call.
    pub depth: u64,
    /// Values in a call: scalars, lists and structs, at any level.
    pub items: u64,
    /// One string in a call, or the name of a member.
    pub text: u64,
    /// Name of a method.
    pub method: u64,
    /// Parameters of a call.
    pub params: u64,
    /// Connections over the network at a time.
    pub connections: u64,
    /// Connections to the unix socket at a time.
    pub local_connections: u64,
    /// Calls that are carried out at a time.
    pub running: u64,
    /// Calls that may wait for their turn.
    pub waiting: u64,
    /// Until the head of a request is there.
    pub head_time: u64,
    /// From the head of a request until its body is there.
    pub body_time: u64,
    /// Between requests on a connection that is kept.
    pub idle_time: u64,
    /// Without progress while an answer is written.
    pub write_time: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        let config = Config::default();
        Limits {
            head: config.head as u64,
            body: config.limits.body as u64,
            depth: config.limits.depth as u64,
            items: config.limits.items as u64,
            text: config.limits.text as u64,
            method: config.limits.method as u64,
            params: config.limits.params as u64,
            connections: config.tcp_connections as u64,
            local_connections: config.unix_connections as u64,
            running: config.workers as u64,
            waiting: config.queue as u64,
            head_time: config.head_timeout.as_secs(),
            body_time: config.body_timeout.as_secs(),
            idle_time: config.idle_timeout.as_secs(),
            write_time: config.write_timeout.as_secs(),
        }
    }
}

/// A key, its value, and the least and the most that it may be.
pub(crate) type Bound = (&'static str, u64, u64, u64);

impl Limits {
    /// Every key with its value and its range. The least is what the usual clients need, the most what the daemon can
    /// do: levels cost stack, connections descriptors, running calls threads.
    pub(crate) fn bounds(&self) -> [Bound; 15] {
        const DAY: u64 = 24 * 3600;
        [
            ("head", self.head, 1024, 1 << 20),
            ("body", self.body, 4096, 1 << 30),
            ("depth", self.depth, 4, 100),
            ("items", self.items, 100, 100_000_000),
            ("text", self.text, 1024, 1 << 30),
            ("method", self.method, 64, 4096),
            ("params", self.params, 32, 65536),
            ("connections", self.connections, 1, 100_000),
            ("local_connections", self.local_connections, 1, 100_000),
            ("running", self.running, 1, 4096),
            ("waiting", self.waiting, 0, 1_000_000),
            ("head_time", self.head_time, 1, 3600),
            ("body_time", self.body_time, 1, DAY),
            ("idle_time", self.idle_time, 1, DAY),
            ("write_time", self.write_time, 1, DAY),
        ]
    }

    /// The configuration of a server with these limits. They are within their ranges, and so fit.
    pub fn config(&self) -> Config {
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let mut config = Config {
            head: size(self.head),
            head_timeout: Duration::from_secs(self.head_time),
            body_timeout: Duration::from_secs(self.body_time),
            idle_timeout: Duration::from_secs(self.idle_time),
            write_timeout: Duration::from_secs(self.write_time),
            tcp_connections: size(self.connections),
            unix_connections: size(self.local_connections),
            workers: size(self.running),
            queue: size(self.waiting),
            ..Config::default()
        };
        config.limits = xapi_wire::Limits {
            body: size(self.body),
            depth: size(self.depth),
            items: size(self.items),
            text: size(self.text),
            method: size(self.method),
            params: size(self.params),
        };
        config
    }
}
