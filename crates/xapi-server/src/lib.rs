//! Listens, decodes, hands to the handler of calls, encodes.
//!
//! HTTP/1.1 by hyper over TCP and unix sockets. This crate knows who may connect, how much a stranger may send and how
//! long he may take; it knows nothing of classes, sessions or what a call does. Calls block, so they run on a
//! [bounded pool](Config::workers) of threads, and only what the handler calls [quick](Handler::quick) runs where it
//! was read.
//!
//! Start at [`Server`]; the way of one request is in `service`, the life of one connection in `connection`.

mod cli;
mod config;
mod connection;
mod fetch;
mod gzip;
mod handler;
mod listen;
mod page;
mod pool;
mod server;
mod service;
mod watch;

pub use config::Config;
pub use handler::{Answer, Fetch, Handler, Origin, Page, Stream, Waiting};
pub use listen::{ListenError, Listener, UnixAccess};
pub use server::{Server, StartError};
