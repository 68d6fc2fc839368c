//! Calls to a XenAPI server, for programs that wait for the answer.
//!
//! A [`Client`] knows where the server is and keeps connections; a [`Session`] is logged in and makes typed calls.
//! Nothing is repeated by itself: not a call whose connection broke (it may have been carried out), not a login after
//! SESSION_INVALID (the caller's objects may be stale).
//!
//! The HTTP is our own, some two hundred lines over blocking sockets, in `http`: a client that only ever waits for one
//! answer needs no runtime.

mod client;
mod error;
mod http;
mod session;
mod stream;
mod trust;

pub use client::{Client, Options};
pub use error::{ClientError, GetError};
pub use session::Session;
pub use trust::{KnownServers, Stranger, Trust};
pub use xapi_tls::LONGEST_AUTHORITIES;
