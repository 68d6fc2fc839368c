//! The console of a host in a lab, driven as people drive it: on a terminal of tmux, by keys, and read from its screen.
//!
//! Needs root, tmux, and the programs of the workspace built in the same profile (`make test` sees to all three).

mod change;
mod reset;
mod status;
mod stranger;
