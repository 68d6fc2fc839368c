//! Open vSwitch over its own sockets: the database (OVSDB) for what shall be, the control socket of ovs-vswitchd for
//! what is only known inside it. No tool is forked.
//!
//! This module must not know topologies, plans or addresses: it reads and writes rows, and says what ovs-vswitchd made
//! of them.
//!
//! Start with [`row`], the payloads the rest of the crate works with; then [`ovsdb::Client`] reads and writes them,
//! [`monitor::Monitor`] tells when they change, and [`unixctl::Control`] asks ovs-vswitchd itself.

mod change;
mod columns;
pub mod datapath;
pub mod jsonrpc;
pub mod monitor;
pub mod notation;
pub mod openflow;
pub mod ovsdb;
mod replica;
pub mod row;
pub mod tables;
pub mod unixctl;
pub mod wish;
