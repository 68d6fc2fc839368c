//! What a virtual network interface is plugged into: guests, which start and stop, take virtual NICs and give them
//! back, or refuse to.
//!
//! It knows processes, network namespaces, QEMU and the host's ends of NICs. It must not know classes, bridges or the
//! database: a device `vif5.0` is made and removed here, but up, its port and its filter are others' business, and so
//! is what follows from an [`Event`].
//!
//! Start at [`Guests`]. [`local`] runs guests on this host, with [`holder`] behind each of them; [`sim`] keeps guests in a
//! map, for whoever stands above.

mod check;
mod event;
mod folder;
mod guests;
pub mod holder;
mod link;
pub mod local;
mod process;
pub mod qmp;
pub mod sim;
mod spec;

pub use check::MACHINE_NICS;
pub use event::{Event, Listener};
pub use guests::{Found, GuestError, Guests, Offered, Refused, State, Withdrawn};
pub use spec::{Body, Domain, GuestSpec, Machine, Namespace, Nic, host_end};
