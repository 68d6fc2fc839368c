//! See docs/architecture.md.

pub mod kernel;
