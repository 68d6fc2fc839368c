//! Makes one host's network look like a [`topology::Topology`], or puts it back as it was; and tells what happens to it.
//!
//! This crate knows nothing of XenAPI classes, of RPC or of the database.
//!
//! Start with [`topology`] (what is wanted) and [`agent`] (who makes it so).

pub mod agent;
pub mod facts;
pub mod names;
pub mod topology;
