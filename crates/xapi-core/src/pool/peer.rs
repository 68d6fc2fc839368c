//! The other end of a connection between a slave and its master, as seen from here: it is asked, and it is told. How the
//! bytes get there is not our business; in simulations they do not leave the process.

use std::net::IpAddr;
use std::time::Duration;

use thiserror::Error;

/// The other end. Cheap to keep; once it is closed it stays so.
pub trait Peer: Send + Sync {
    /// Asks, and waits for the answer.
    fn ask(&self, question: Vec<u8>, within: Duration) -> Result<Vec<u8>, Lost>;

    /// Tells; what is told arrives in order. Waits while too much is under way.
    fn tell(&self, news: Vec<u8>) -> Result<(), Lost>;

    /// Whether it may still be reached.
    fn is_open(&self) -> bool;

    /// Ends the connection, and says why in the log.
    fn close(&self, why: &str);

    /// The address of this end, if the connection goes over a network.
    fn here(&self) -> Option<IpAddr> {
        None
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Lost {
    /// The connection is gone; whether the question arrived is not known.
    #[error("the connection was lost")]
    Closed,
    /// It has not answered in time.
    #[error("it does not answer in time")]
    TimedOut,
    /// What was to be said is longer than may be.
    #[error("the message is too long")]
    TooLong,
}
