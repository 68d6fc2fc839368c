//! Hosts that nobody can reach, and the command that brings them back: in labs, with the lab's switch as whoever tries to
//! reach them. What is never lost are networks, machines and their VIFs.
//!
//! Needs root, and the programs of the workspace built in the same profile (`make test` sees to both).

mod again;
mod broken;
mod host;
mod killed;
mod options;
