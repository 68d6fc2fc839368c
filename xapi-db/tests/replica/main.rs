//! One store follows another one.

mod follow;
mod random;
#[path = "../worlds/mod.rs"]
mod worlds;
