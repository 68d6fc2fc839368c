//! What the kernel counts of a device.

use std::path::Path;

use crate::agent::Counters;
use crate::names::Name;

/// Reads the kernel's counters from sysfs. A device that is gone, or goes meanwhile, has none.
pub(super) fn read(device: &Name) -> Option<Counters> {
    let folder = Path::new("/sys/class/net")
        .join(device.as_str())
        .join("statistics");
    let number = |name: &str| -> Option<u64> {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        text.trim().parse().ok()
    };
    Some(Counters {
        received_bytes: number("rx_bytes")?,
        sent_bytes: number("tx_bytes")?,
        received_packets: number("rx_packets")?,
        sent_packets: number("tx_packets")?,
        received_errors: number("rx_errors")?,
        sent_errors: number("tx_errors")?,
    })
}
