//! Switches of a device under /proc/sys/net.
//!
//! A kernel may lack IPv6 altogether (`ipv6.disable=1`), or have it disabled for all devices or
//! for one. What is absent is off: to switch it off succeeds, to switch it on is an error.

use std::fs;
use std::io;

use super::{Cause, Kernel, KernelError};

/// Whether this kernel does IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ipv6 {
    /// It was built or started without.
    Absent,
    /// It is disabled for all devices.
    Disabled,
    /// It is there, though single devices may have it disabled.
    Enabled,
}

/// A switch of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Switch {
    /// Whether router advertisements are listened to.
    AcceptRa,
    /// Whether they give addresses.
    Autoconf,
    /// Whether the device does without IPv6.
    DisableIpv6,
}

impl Switch {
    fn file(self) -> &'static str {
        match self {
            Switch::AcceptRa => "accept_ra",
            Switch::Autoconf => "autoconf",
            Switch::DisableIpv6 => "disable_ipv6",
        }
    }

    /// What holds for a device on a kernel without IPv6.
    fn without_ipv6(self) -> bool {
        matches!(self, Switch::DisableIpv6)
    }
}

impl Kernel {
    /// Whether this kernel does IPv6.
    pub fn ipv6(&self) -> Result<Ipv6, KernelError> {
        match read_switch(self, "all", Switch::DisableIpv6)? {
            None => Ok(Ipv6::Absent),
            Some(true) => Ok(Ipv6::Disabled),
            Some(false) => Ok(Ipv6::Enabled),
        }
    }

    /// How a switch of a device stands; none if there is no such device. On a kernel without IPv6
    /// every device has it disabled.
    pub fn switch(&self, device: &str, switch: Switch) -> Result<Option<bool>, KernelError> {
        match read_switch(self, device, switch)? {
            None if self.ipv6()? == Ipv6::Absent => Ok(Some(switch.without_ipv6())),
            found => Ok(found),
        }
    }

    /// Sets a switch of a device. The file is not written if it stands so already.
    pub fn set_switch(&self, device: &str, switch: Switch, on: bool) -> Result<(), KernelError> {
        let doing = || format!("setting {} of {device} to {}", switch.file(), u8::from(on));
        match self.switch(device, switch)? {
            Some(now) if now == on => return Ok(()),
            Some(_) if self.ipv6()? == Ipv6::Absent => {
                return Err(Cause::Nonsense("this kernel has no IPv6".to_owned()).doing(doing()));
            }
            Some(_) => {}
            None => return Err(Cause::NoDevice(device.to_owned()).doing(doing())),
        }
        let path = self
            .roots()
            .sysctl("ipv6/conf")
            .join(device)
            .join(switch.file());
        fs::write(path, if on { "1" } else { "0" })
            .map_err(|error| Cause::from(error).doing(doing()))
    }
}

fn read_switch(kernel: &Kernel, device: &str, switch: Switch) -> Result<Option<bool>, KernelError> {
    if device.is_empty() || device.starts_with('.') || device.contains('/') {
        return Ok(None);
    }
    let path = kernel
        .roots()
        .sysctl("ipv6/conf")
        .join(device)
        .join(switch.file());
    match fs::read_to_string(&path) {
        // accept_ra is 2 where the host forwards packets and listens all the same.
        Ok(text) => Ok(Some(text.trim() != "0")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Cause::from(error).doing(format!("reading {}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Roots;
    use std::path::Path;

    fn kernel_with(proc: &Path) -> Kernel {
        Kernel::open_at(Roots {
            proc: proc.to_owned(),
            ..Roots::default()
        })
        .unwrap()
    }

    fn conf(proc: &Path, device: &str, files: &[(&str, &str)]) {
        let folder = proc.join("sys/net/ipv6/conf").join(device);
        fs::create_dir_all(&folder).unwrap();
        for (file, text) in files {
            fs::write(folder.join(file), text).unwrap();
        }
    }

    #[test]
    fn without_ipv6_everything_is_off_and_stays_off() {
        let proc = tempfile::tempdir().unwrap();
        let kernel = kernel_with(proc.path());
        assert_eq!(kernel.ipv6().unwrap(), Ipv6::Absent);
        assert_eq!(
            kernel.switch("eth0", Switch::AcceptRa).unwrap(),
            Some(false)
        );
        assert_eq!(
            kernel.switch("eth0", Switch::DisableIpv6).unwrap(),
            Some(true)
        );
        kernel.set_switch("eth0", Switch::AcceptRa, false).unwrap();
        kernel
            .set_switch("eth0", Switch::DisableIpv6, true)
            .unwrap();
        let error = kernel
            .set_switch("eth0", Switch::Autoconf, true)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "setting autoconf of eth0 to 1: this kernel has no IPv6"
        );
    }

    #[test]
    fn a_switch_is_read_set_and_refused_for_a_missing_device() {
        let proc = tempfile::tempdir().unwrap();
        conf(proc.path(), "all", &[("disable_ipv6", "0\n")]);
        conf(
            proc.path(),
            "eth0",
            &[
                ("accept_ra", "2\n"),
                ("autoconf", "1\n"),
                ("disable_ipv6", "0\n"),
            ],
        );
        let kernel = kernel_with(proc.path());
        assert_eq!(kernel.ipv6().unwrap(), Ipv6::Enabled);
        assert_eq!(kernel.switch("eth0", Switch::AcceptRa).unwrap(), Some(true));
        kernel.set_switch("eth0", Switch::AcceptRa, true).unwrap();
        let file = proc.path().join("sys/net/ipv6/conf/eth0/accept_ra");
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            "2\n",
            "it was on and must not be written"
        );
        kernel.set_switch("eth0", Switch::AcceptRa, false).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "0");
        assert!(
            kernel
                .set_switch("eth1", Switch::AcceptRa, false)
                .unwrap_err()
                .is_missing()
        );
        for name in ["", "..", "../all", "a/b"] {
            assert_eq!(
                kernel.switch(name, Switch::AcceptRa).unwrap(),
                None,
                "{name:?}"
            );
        }
    }

    #[test]
    fn disabled_for_all_is_told_from_absent() {
        let proc = tempfile::tempdir().unwrap();
        conf(proc.path(), "all", &[("disable_ipv6", "1\n")]);
        assert_eq!(kernel_with(proc.path()).ipv6().unwrap(), Ipv6::Disabled);
    }
}
