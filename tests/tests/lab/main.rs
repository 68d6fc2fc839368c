//! The daemon on a real Open vSwitch, in labs: what must hold for the network of a host, with packets to prove it.
//!
//! Needs root, and the programs of the workspace built in the same profile (`make test` sees to both).

mod guests;
mod host;
mod kernel;
mod kills;
mod links;
mod login;
mod management;
mod missing;
mod rates;
mod restart;
mod seed;
mod tutorial;
