//! What a NIC does in place of the processor: switching it on and off, by the ethtool ioctl.
//!
//! The old commands are used, one for each setting: they have names where the newer ones have bit numbers that differ
//! from kernel to kernel. Not every driver lets every setting be changed; that is an error here, and for the caller to
//! judge.

use std::io;
use std::os::fd::AsRawFd;

use crate::names::Offload;

use super::{Cause, Kernel, KernelError};

/// The flag of LRO among those of [`GET_FLAGS`].
const FLAG_LRO: u32 = 1 << 15;
const GET_FLAGS: u32 = 0x25;
const SET_FLAGS: u32 = 0x26;

/// `struct ethtool_value`: a command, and what it sets or what it has found.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// The commands that get and set a setting, and its bit in what they carry.
fn commands(offload: Offload) -> (u32, u32, u32) {
    match offload {
        Offload::Rx => (0x14, 0x15, 1),
        Offload::Tx => (0x16, 0x17, 1),
        Offload::Sg => (0x18, 0x19, 1),
        Offload::Tso => (0x1e, 0x1f, 1),
        Offload::Gso => (0x23, 0x24, 1),
        Offload::Gro => (0x2b, 0x2c, 1),
        Offload::Lro => (GET_FLAGS, SET_FLAGS, FLAG_LRO),
    }
}

impl Kernel {
    /// Whether a device does this.
    pub fn offload(&self, device: &str, offload: Offload) -> Result<bool, KernelError> {
        let (get, _, bit) = commands(offload);
        match self.ethtool(device, get, 0) {
            Ok(found) => Ok(found & bit != 0),
            Err(cause) => Err(cause.doing(format!("reading {offload} of {device}"))),
        }
    }

    /// Has a device do this, or not. What cannot be is an error: EOPNOTSUPP where the device never does it, or a
    /// nonsense where the kernel agreed and left it as it was, because it depends on another setting.
    pub fn set_offload(&self, device: &str, offload: Offload, on: bool) -> Result<(), KernelError> {
        let (get, set, bit) = commands(offload);
        let try_it = || {
            // The other flags stay as they are.
            let others = if bit == 1 {
                0
            } else {
                self.ethtool(device, get, 0)? & !bit
            };
            self.ethtool(device, set, others | if on { bit } else { 0 })?;
            match (self.ethtool(device, get, 0)? & bit != 0) == on {
                true => Ok(()),
                false => Err(Cause::Nonsense("the device keeps it as it was".to_owned())),
            }
        };
        try_it().map_err(|cause: Cause| {
            let on = if on { "on" } else { "off" };
            cause.doing(format!("switching {offload} of {device} {on}"))
        })
    }

    #[expect(unsafe_code, reason = "nix has no SIOCETHTOOL")]
    fn ethtool(&self, device: &str, command: u32, data: u32) -> Result<u32, Cause> {
        let mut name = [0 as libc::c_char; libc::IFNAMSIZ];
        if device.len() >= name.len() {
            return Err(Cause::NoDevice(device.to_owned()));
        }
        for (to, from) in name.iter_mut().zip(device.bytes()) {
            *to = from as libc::c_char;
        }
        let mut value = EthtoolValue { command, data };
        let mut request = libc::ifreq {
            ifr_name: name,
            ifr_ifru: libc::__c_anonymous_ifr_ifru {
                ifru_data: (&raw mut value).cast(),
            },
        };
        // SAFETY: the request is a whole ifreq with a name that ends with a zero, and its data points to an
        // ethtool_value, which is what each of these commands reads and writes; both live through the call.
        let result = unsafe {
            libc::ioctl(
                self.devices().as_raw_fd(),
                libc::SIOCETHTOOL,
                &raw mut request,
            )
        };
        match result {
            0.. => Ok(value.data),
            _ => match io::Error::last_os_error() {
                error if error.raw_os_error() == Some(libc::ENODEV) => {
                    Err(Cause::NoDevice(device.to_owned()))
                }
                error => Err(Cause::Io(error)),
            },
        }
    }
}
