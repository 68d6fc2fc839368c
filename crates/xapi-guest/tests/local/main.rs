//! Real guests, each test with a host of its own in a network namespace.

mod initrd;
mod kills;
mod lab;
mod linux;
mod machines;
mod namespaces;
