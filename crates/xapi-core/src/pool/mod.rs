//! A pool of hosts, as far as its rows go: what a host's network has of its master's, how a host's rows come into a
//! pool and leave it. Nothing here speaks to another host.

mod admit;
pub mod dowry;
pub mod eject;
pub(crate) mod everywhere;
pub mod inherit;
mod inverse;
pub mod join;
mod merge;
