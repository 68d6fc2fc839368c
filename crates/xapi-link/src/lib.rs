//! The line between a slave and its master: questions with answers both ways, and things told in order.
//!
//! Whoever holds a [`Line`] may [ask](Line::ask) and [tell](Line::tell) the other end; a [`Handler`] is asked and told
//! by it. This crate knows who may open a line and how much and how long the other end may take; what is asked and told
//! are bytes to it. It must not know classes, calls or the database.
//!
//! Start at `line`, which is the same for all lines.

mod limits;
mod line;
mod peer;
mod workers;

pub use limits::Limits;
pub use line::{Handler, Line, Lost};
pub use peer::{Hello, Peer, Welcome};
pub use xapi_model::Position;
