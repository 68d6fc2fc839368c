//! The console that a host shows on its screen: how the host is, its network, and the way back when nobody reaches it.
//!
//! [`app`] is what it is at: a state, moved by events, with effects. [`view`] draws that. [`work`] carries the effects
//! out, on threads of their own, and [`terminal`] is the screen and the keys; both tell by way of [`queue`]. The first two
//! know no IO.

pub mod app;
pub mod look;
pub mod queue;
mod reset;
pub mod seen;
pub mod terminal;
pub mod view;
pub mod work;
