//! See docs/architecture.md.

pub mod ovs;
