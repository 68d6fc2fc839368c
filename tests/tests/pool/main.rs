//! Pools: what the rows of a host become when it belongs to one, on simulated hosts.

mod inherit;
mod inherit_random;

mod join;
mod stage;
