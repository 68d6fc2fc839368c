//! Pools: what the rows of a host become when it belongs to one, on simulated hosts.

mod calls;
mod inherit;
mod inherit_random;

mod join;
mod stage;
