//! What a virtual network interface is plugged into.
//!
//! The seam between the network and whatever runs guests: a guest starts and stops, takes virtual NICs and gives them
//! back, or refuses to. It knows nothing of classes, bridges or the database. No guests run yet, so nothing implements
//! it; the calls on virtual machines and VIFs answer NOT_IMPLEMENTED until something does.

use std::time::Duration;

/// A guest or its virtual NIC could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// The guest did not let go of the NIC in time; the request cannot be taken back and stays open.
    #[error("the guest has not released {nic} yet")]
    StillHeld {
        /// Name of the host's end.
        nic: String,
    },
    /// The guest has no driver that could give the NIC back while it runs.
    #[error("the guest cannot plug or unplug NICs while it runs")]
    NoHotplug,
    /// Whatever runs the guest failed.
    #[error("{doing}: {why}")]
    Failed {
        /// What was being done.
        doing: String,
        /// The reason.
        why: String,
    },
}

/// Something that runs guests: as network namespaces, or in a virtual machine monitor.
pub trait Guests: Send + Sync {
    /// Starts the guest with a domain number; its NICs come later, one by one.
    fn start(&self, domain: i64) -> Result<(), GuestError>;

    /// Ends the guest at once.
    fn stop(&self, domain: i64) -> Result<(), GuestError>;

    /// Makes the host's end of a NIC, `vifDOMAIN.DEVICE`, and offers the other to the guest. Returns its name.
    fn offer(&self, domain: i64, device: u32, mac: [u8; 6], mtu: u32)
    -> Result<String, GuestError>;

    /// Asks the guest for a NIC back and waits for it so long.
    fn withdraw(&self, domain: i64, device: u32, within: Duration) -> Result<(), GuestError>;
}
