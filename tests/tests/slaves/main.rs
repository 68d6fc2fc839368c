//! Simulated pools: a master, its slaves, and lines between them that are cut at any moment.

mod certificates;
mod changes;
mod door;
mod events;
mod everywhere;
mod follow;
mod guests;
mod heirs;
mod jobs;
mod joining;
mod leaving;
mod local;
mod moved;
mod moves;
mod orders;
mod own_address;
mod reset;
mod search;
mod secret;
mod terms;
mod trust;
mod tunnels;
