//! The small files that a host keeps beside its database: who it is, its role in the pool, what its installer chose for
//! management, and the trigger of an emergency network reset. They are read with tolerance and within limits, and written
//! whole or not at all.
//!
//! This crate knows nothing of XenAPI classes, of the database, or of how a network is made.
//!
//! Start with [`management`] (what is wanted of a management interface, checked) and [`trigger`].

pub mod file;
pub mod inventory;
pub mod management;
pub mod management_conf;
pub mod pool_conf;
pub mod trigger;
