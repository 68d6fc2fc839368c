//! What the tests of the whole share: a daemon in this process, on a simulated host.

pub mod sim_host;

pub use sim_host::SimHost;
