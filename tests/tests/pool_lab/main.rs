//! Pools of real hosts, in labs. None of these tests measures a silence, so they run beside each other.
//!
//! Needs root, and the programs of the workspace built in the same profile (`make test` sees to both).

mod everywhere;
mod faults;
mod inherit;
mod members;
mod moves;
mod tunnels;
