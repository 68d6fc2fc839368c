//! Every call of the network and of certificates on a simulated host: what it refuses, with which error, in which order; and what it changes.

mod bond;
mod certificates;
mod effects_bond;
mod effects_carried;
mod effects_ip;
mod effects_other;
mod host;
mod host_calls;
mod network;
mod pif;
mod plugin;
mod proof;
mod reconfigure;
mod stage;
mod trust;
mod vlan;
