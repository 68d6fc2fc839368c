//! The clients of Open vSwitch against a real ovsdb-server and ovs-vswitchd, each test with its own.

mod lab;
mod live;
mod random;
mod rows;
mod traffic;
