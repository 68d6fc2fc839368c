//! The server's side of the thin-CLI protocol, which XAPI's own `xe` speaks.
//!
//! That program knows no commands: it posts its words to `/cli` and then does what it is told, with [`frame`]s that say
//! what to print, which file to read, what to fetch. Here [`serve`] is told of such a request, runs the same commands
//! as our own `xe` over calls in the process, and leads the conversation to its end.
//!
//! It is blocking code over any stream. Who listens, how the request is read and what a call does are somebody else's.

mod conversation;
pub mod frame;
mod in_process;
mod request;
mod serve;

pub use conversation::{Lost, Patience};
pub use serve::{Call, Served, ThinError, serve};
