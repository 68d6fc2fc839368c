//! What the other end may cost.

use std::time::Duration;

/// Bounds of a line, the same at both ends: an end that goes beyond them is cut off.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Octets of a frame.
    pub frame: usize,
    /// Octets of a body, of all the bodies of which some parts are there, and of all questions under way in a direction.
    pub body: usize,
    /// Questions under way in each direction.
    pub asks: usize,
    /// Things told that the other end has not taken yet.
    pub tells: usize,
    /// Their octets; a single one may have more.
    pub tells_octets: usize,
    /// How often an end says that it is there.
    pub ping: Duration,
    /// An end that says nothing for this long is gone.
    pub silence: Duration,
    /// An end that takes nothing for this long, while there is something for it, is as good as gone.
    pub stall: Duration,
    /// From the connection's beginning until the other end is known.
    pub handshake: Duration,
    /// Connections of one address that may begin at once, and how many more each second.
    pub handshakes_at_once: u32,
    /// See there.
    pub handshakes_per_second: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frame: 8 << 20,
            body: 256 << 20,
            asks: 64,
            tells: 256,
            tells_octets: 16 << 20,
            ping: Duration::from_secs(1),
            silence: Duration::from_secs(5),
            stall: Duration::from_secs(60),
            handshake: Duration::from_secs(5),
            handshakes_at_once: 64,
            handshakes_per_second: 8,
        }
    }
}
