//! IPv4 switches of a device, and keeping the kernel's own protocols off a NIC.
//!
//! A bridge inside ovs-vswitchd gets copies of a NIC's packets; the kernel sees them too, and would answer ARP for any
//! address of the host with the NIC's own MAC, and pings a second time. The kernel datapath takes the packets away
//! before that, so there these switches change nothing.

use std::fs;
use std::io;

use super::{Cause, Kernel, KernelError};

/// Don't reply to ARP for any local address.
pub(super) const ARP_IGNORE_ALL: i32 = 8;
/// Answer for addresses of the device itself.
const ARP_IGNORE_OTHERS: &str = "1";

/// Drop what comes in where a reply would not go out.
pub(super) const RP_FILTER_STRICT: i32 = 1;

impl Kernel {
    /// Whether the kernel's protocols are kept off a device; false if there is no such device.
    pub fn is_aside(&self, device: &str) -> Result<bool, KernelError> {
        let arp = self.read("ipv4", device, "arp_ignore")?;
        let filter = self.read("ipv4", device, "rp_filter")?;
        let disabled = self.read("ipv6", device, "disable_ipv6")?;
        let is = |text: &Option<String>, value: i32| {
            let text = text.as_deref().map(str::parse);
            text == Some(Ok(value))
        };
        Ok(is(&arp, ARP_IGNORE_ALL)
            && is(&filter, RP_FILTER_STRICT)
            && disabled.is_none_or(|value| value == "1"))
    }

    /// Keeps the kernel's protocols off a device, or gives it back to them with the defaults for new devices.
    pub fn set_aside(&self, device: &str, aside: bool) -> Result<(), KernelError> {
        for (family, switch, value) in [
            ("ipv4", "arp_ignore", ARP_IGNORE_ALL),
            ("ipv4", "rp_filter", RP_FILTER_STRICT),
            ("ipv6", "disable_ipv6", 1),
        ] {
            let usual = self.read(family, "default", switch)?;
            let is_there = self.read(family, device, switch)?.is_some();
            let value = if aside {
                Some(value.to_string())
            } else {
                usual
            };
            // A kernel without IPv6 has no such switch, and no such protocol to keep off.
            if let (Some(value), true) = (value, is_there || family == "ipv4") {
                self.write(family, device, switch, &value)?;
            }
        }
        Ok(())
    }

    /// Whether another address takes over when the first one of a network is removed.
    pub fn promotes_secondaries(&self, device: &str) -> Result<bool, KernelError> {
        let all = self.read("ipv4", "all", "promote_secondaries")?;
        let own = self.read("ipv4", device, "promote_secondaries")?;
        Ok([all, own].into_iter().flatten().any(|value| value != "0"))
    }

    /// Has a device answer ARP for its own addresses only. By default Linux answers for those of all devices: on a host with
    /// several bridges in one network others then learn the address of management by the MAC address of a bridge that may
    /// go, and lose the host with it (Documentation/networking/ip-sysctl.rst, arp_ignore).
    pub fn answers_for_its_own_addresses(&self, device: &str) -> Result<(), KernelError> {
        self.write("ipv4", device, "arp_ignore", ARP_IGNORE_OTHERS)
    }

    /// Sets that.
    pub fn set_promotes_secondaries(&self, device: &str, on: bool) -> Result<(), KernelError> {
        let value = if on { "1" } else { "0" };
        self.write("ipv4", device, "promote_secondaries", value)
    }

    fn read(
        &self,
        family: &str,
        device: &str,
        switch: &str,
    ) -> Result<Option<String>, KernelError> {
        let path = self
            .roots()
            .sysctl(family)
            .join("conf")
            .join(device)
            .join(switch);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Cause::from(error).doing(format!("reading {}", path.display()))),
        }
    }

    fn write(
        &self,
        family: &str,
        device: &str,
        switch: &str,
        value: &str,
    ) -> Result<(), KernelError> {
        let path = self
            .roots()
            .sysctl(family)
            .join("conf")
            .join(device)
            .join(switch);
        let doing = || format!("setting {family} {switch} of {device} to {value}");
        fs::write(path, value).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Cause::NoDevice(device.to_owned()).doing(doing()),
            _ => Cause::from(error).doing(doing()),
        })
    }
}
