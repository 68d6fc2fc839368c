//! The agent on a real Open vSwitch, each test with a host of its own in network namespaces.

#[path = "../ovsdb/lab.rs"]
#[allow(
    dead_code,
    reason = "shared with the tests of the database client, which use all of it"
)]
mod lab;
#[path = "../pairs/mod.rs"]
#[allow(
    dead_code,
    reason = "shared with the test of the engine, which uses all of it"
)]
mod pairs;

mod events;
mod frames;
mod guests;
mod host;
mod moves;
mod offload;
mod same;
mod seize;
mod tunnels;
