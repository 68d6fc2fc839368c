//! Makes one host's network look like a [`topology::Topology`], or puts it back as it was; and tells what happens to it.
//!
//! This crate knows nothing of XenAPI classes, of RPC or of the database.
//!
//! Start with [`topology`] (what is wanted) and [`agent`] (who makes it so); then [`lower`] (what a topology is made of),
//! [`plan`] (in which order) and [`engine`] (done, or undone).

pub mod agent;
pub mod converge;
pub mod engine;
pub mod facts;
pub mod firmware;
pub mod found;
pub mod kernel;
pub mod local;
pub mod lower;
pub mod names;
pub mod object;
pub mod ovs;
pub mod plan;
pub mod planned;
pub mod sim;
pub mod topology;
pub mod ways;
