//! Simulated pools: a master, its slaves, and lines between them that are cut at any moment.

mod changes;
mod follow;
mod local;
mod orders;
mod reset;
