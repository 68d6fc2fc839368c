//! The kernel parts a bridge needs: links, addresses, routes, neighbours, sysctls, the resolver
//! file, announcements, DHCP, and the listener that tells what changed.
//!
//! It knows devices, addresses and packets. It must not know bridges, bonds, topologies or who
//! wants what and why: it does one thing to one device and says what the kernel answered.
//!
//! Start at [`Kernel`] (in `socket`): the owner thread's blocking door to rtnetlink, to which the
//! modules `link`, `address`, `route` and `neighbour` add their verbs. [`watch`] listens on a
//! thread of its own, and so does every client of [`dhcp`].

pub mod address;
pub mod announce;
pub mod aside;
pub mod dhcp;
pub mod link;
pub mod mac;
pub mod modes;
pub mod neighbour;
pub mod nic;
pub mod offload;
mod packet;
pub mod probe;
pub mod resolver;
pub mod route;
pub mod socket;
pub mod switches;
pub mod sysctl;
pub mod watch;

pub use address::Address;
pub use link::{Duplex, Link};
pub use mac::Mac;
pub use modes::FoundModes;
pub use neighbour::Neighbour;
pub use nic::{Nic, Pattern};
pub use resolver::Resolver;
pub use route::{Destination, Route};
pub use socket::{Cause, Kernel, KernelError, Roots};
pub use switches::Switches;
pub use watch::{Event, Watch};

/// The number that marks routes (`rtm_protocol`) and addresses (`IFA_PROTO`) as ours. It is none
/// of those that iproute2 or the kernel name.
pub const OUR_PROTOCOL: u8 = 88;
