//! The console without a terminal: what it shows, and where keys lead.
//!
//! What the pages look like is in `tests/screens`, one file each; UPDATE_SCREENS=1 writes them anew, to be looked at
//! before they are committed.

mod host;
mod keys;
mod queue;
mod screens;
mod steps;
mod terminals;
