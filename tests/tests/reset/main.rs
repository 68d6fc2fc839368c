//! Hosts that nobody can reach, and the command and the console that bring them back: in labs, with the lab's switch as
//! whoever tries to reach them. What is never lost are networks, machines and their VIFs.
//!
//! Needs root, tmux, and the programs of the workspace built in the same profile (`make test` sees to all three).

mod again;
mod broken;
mod host;
mod killed;
mod options;
mod others;
mod slave;
