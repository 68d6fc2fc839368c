//! A simulated host: a map that refuses what a kernel and Open vSwitch refuse, forgets what they forget, and fails where
//! it is told to.
//!
//! [`world`] is the host (its Open vSwitch in `rows`), [`driver`] the engine's way to it, [`agent`] the upper layer's. A [`agent::Handle`] stays valid when an agent is gone, so
//! that a test can crash a daemon and start another one on the same host.

pub mod agent;
pub mod driver;
mod rows;
pub mod world;

pub use crate::engine::{Fault, FaultKind};
pub use agent::{Handle, SimAgent};
pub use world::World;
