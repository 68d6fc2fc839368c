//! What a guest and its NICs are asked to be.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The number of a running guest. One that starts again, or resumes, gets another.
pub type Domain = u32;

/// A guest to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestSpec {
    /// Its number, from 1. No running guest has it.
    pub domain: Domain,
    /// Which guest it is; the same after a resume. Hexadecimal digits and hyphens only.
    pub uuid: String,
    /// What people call it.
    pub name: String,
    /// What it is made of.
    pub body: Body,
}

/// What a guest is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// A network namespace.
    Namespace(Namespace),
    /// A virtual machine in QEMU.
    Machine(Machine),
}

/// A guest that is a network namespace, with a process that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Whether it has the drivers by which NICs come and go while it runs.
    pub pv_drivers: bool,
    /// Whether it keeps a NIC that it is asked for. It does until it is told otherwise.
    pub clings: bool,
}

impl Default for Namespace {
    /// One that does what it is asked for.
    fn default() -> Namespace {
        Namespace {
            pv_drivers: true,
            clings: false,
        }
    }
}

/// A guest that is a virtual machine. Whether it has PV drivers is seen when they come up: by its agent's port being
/// opened, or by its NIC's driver setting the NIC's filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Number of virtual CPUs.
    pub cpus: u32,
    /// The kernel to boot. Without one, firmware boots from the disks.
    pub kernel: Option<PathBuf>,
    /// The kernel's initial file system.
    pub initrd: Option<PathBuf>,
    /// The kernel's command line.
    pub command_line: String,
    /// Raw disk images, in their order.
    pub disks: Vec<PathBuf>,
}

/// A NIC to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nic {
    /// Its number in the guest, from 0.
    pub device: u32,
    /// The guest's own address on it.
    pub mac: [u8; 6],
    /// The largest packet in octets, for both ends.
    pub mtu: u32,
}

/// The name of the host's end of a guest's NIC.
pub fn host_end(domain: Domain, device: u32) -> String {
    format!("vif{domain}.{device}")
}
