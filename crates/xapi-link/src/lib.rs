//! The line between a slave and its master: questions with answers both ways, and things told in order.
//!
//! Whoever holds a [`Line`] may [ask](Line::ask) and [tell](Line::tell) the other end; a [`Handler`] is asked and told
//! by it. This crate knows who may open a line and how much and how long the other end may take; what is asked and told
//! are bytes to it. It must not know classes, calls or the database.
//!
//! A slave opens its line with [`Dial`]: TLS to the master's port, with certificates at both ends, then a handshake in
//! which each end proves that it knows the pool's secret. A master has an [`Entrance`] with a [`Gate`].
//!
//! Start at `line`, which is the same for all lines; `frame` and `handshake` say what is sent, without IO.

mod arrivals;
mod carry;
mod dial;
mod frame;
mod gate;
mod handshake;
mod limits;
mod line;
mod peer;
mod secret;
mod stream;
#[doc(hidden)]
pub mod trials;
mod workers;

pub use dial::{Dial, DialError};
pub use gate::{Entrance, Gate, Myself, Refusal};
pub use limits::Limits;
pub use line::{Handler, Line, Lost};
pub use peer::{Hello, Leads, Peer, Welcome};
pub use secret::Secret;
pub use xapi_model::Position;
