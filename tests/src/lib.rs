//! What the tests of the whole share: a daemon in this process on a simulated host, and labs with a real one.

pub mod agreement;
pub mod follower;
pub mod lab;
pub mod ping;
pub mod random;
pub mod screen;
pub mod server;
pub mod sim_host;
pub mod sim_peers;
pub mod sim_pool;
pub mod stage;
pub mod wire;

pub use follower::Follower;
pub use lab::{Lab, Xen, eventually};
pub use ping::{Ping, Report};
pub use sim_host::{Choices, SimHost};
pub use sim_peers::Peers;
pub use sim_pool::SimPool;
pub use wire::{Way, Wire};
