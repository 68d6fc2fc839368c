//! Settings of NICs. What a NIC does not take is noted and left as it is: it is as good as any other.

use tracing::warn;

use crate::kernel::{self, KernelError};
use crate::names::{LinkModes, Name, Offload};
use crate::object::Nic;

use super::driver::LocalDriver;

impl LocalDriver {
    /// Sets everything of a NIC that a topology may ask for.
    pub(super) fn set_nic(&mut self, nic: &Name, to: &Nic) -> Result<(), KernelError> {
        let Some(link) = self.kernel.link(nic.as_str())? else {
            let gone = kernel::Cause::NoDevice(nic.to_string());
            return Err(gone.doing(format!("setting up {nic}")));
        };
        self.set_nic_mtu(&link, to.mtu)?;
        if link.up != to.up {
            self.kernel.set_up(nic.as_str(), to.up)?;
        }
        for (offload, on) in &to.offload {
            self.set_offload(&link, *offload, *on)?;
        }
        self.set_link_modes(&link, &to.modes)
    }

    /// A NIC that doesn't take it keeps its own, and its bridge goes on: better than to do without both.
    fn set_nic_mtu(&mut self, nic: &kernel::Link, to: u32) -> Result<(), KernelError> {
        if self.mtu(nic, to) == to {
            return Ok(());
        }
        match self.kernel.set_mtu(&nic.name, to) {
            Err(error) if error.is_missing() => Err(error),
            Err(error) => {
                warn!("{error}; {} keeps its MTU of {}", nic.name, nic.mtu);
                self.stuck_mtu.insert(nic.index, (to, error.to_string()));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// The wanted MTU if a NIC has it, or doesn't take it; else the one that it has.
    pub(super) fn mtu(&mut self, nic: &kernel::Link, wanted: u32) -> u32 {
        match self.stuck_mtu.get(&nic.index) {
            Some((stuck, _)) if *stuck == wanted => wanted,
            Some(_) => {
                self.stuck_mtu.remove(&nic.index);
                nic.mtu
            }
            None => nic.mtu,
        }
    }

    /// A NIC that doesn't take them is as good as any other; that is noted once, told with the facts, and taken for
    /// granted until something else is asked for.
    fn set_link_modes(&mut self, nic: &kernel::Link, to: &LinkModes) -> Result<(), KernelError> {
        if self.modes(nic, to)? == *to {
            return Ok(());
        }
        match self.kernel.set_modes(&nic.name, to) {
            Err(error) if error.is_missing() => return Err(error),
            Err(error) => self.note_stuck(nic, to, error.to_string()),
            // Some drivers accept what they then do not do.
            Ok(()) => match self.kernel.modes(&nic.name) {
                Ok(found) if found.is(to) => {}
                Ok(found) => {
                    let why = format!("{to} was accepted, and it is {}", found.as_set());
                    self.note_stuck(nic, to, why);
                }
                Err(error) if error.is_missing() => return Err(error),
                Err(error) => self.note_stuck(nic, to, error.to_string()),
            },
        }
        Ok(())
    }

    /// The wanted modes if a NIC has them, or won't; else what it has.
    pub(super) fn modes(
        &mut self,
        nic: &kernel::Link,
        wanted: &LinkModes,
    ) -> Result<LinkModes, KernelError> {
        if wanted.is_empty() {
            return Ok(*wanted);
        }
        if let Some((stuck, _)) = self.stuck.get(&nic.index) {
            if stuck == wanted {
                return Ok(*wanted);
            }
            self.stuck.remove(&nic.index);
        }
        match self.kernel.modes(&nic.name) {
            Ok(found) if found.is(wanted) => Ok(*wanted),
            Ok(found) => Ok(found.as_set()),
            // It went since the links were listed, and will be missing the next time.
            Err(error) if error.is_missing() => Ok(*wanted),
            Err(error) => {
                self.note_stuck(nic, wanted, error.to_string());
                Ok(*wanted)
            }
        }
    }

    /// Why a device does not have the modes or the MTU that it was asked for.
    pub(super) fn refused(&self, index: u32) -> Option<String> {
        let modes = self.stuck.get(&index).map(|(_, why)| why.as_str());
        let mtu = self.stuck_mtu.get(&index).map(|(_, why)| why.as_str());
        let all: Vec<&str> = modes.into_iter().chain(mtu).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    fn note_stuck(&mut self, nic: &kernel::Link, wanted: &LinkModes, why: String) {
        warn!("{why}; {} stays as it is", nic.name);
        self.stuck.insert(nic.index, (*wanted, why));
    }

    /// A NIC that doesn't let a setting be changed is as good as any other; that is noted once and taken for granted.
    fn set_offload(
        &mut self,
        nic: &kernel::Link,
        offload: Offload,
        on: bool,
    ) -> Result<(), KernelError> {
        if self.offload(nic, offload)? == Some(on) {
            return Ok(());
        }
        match self.kernel.set_offload(&nic.name, offload, on) {
            Err(error) if error.is_missing() => Err(error),
            Err(error) => {
                self.note_fixed(nic, offload, &error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Whether a NIC does something; none where it doesn't tell or doesn't let it be changed.
    pub(super) fn offload(
        &mut self,
        nic: &kernel::Link,
        offload: Offload,
    ) -> Result<Option<bool>, KernelError> {
        if self.fixed.contains(&(nic.index, offload)) {
            return Ok(None);
        }
        match self.kernel.offload(&nic.name, offload) {
            Ok(on) => Ok(Some(on)),
            Err(error) if error.is_missing() => Err(error),
            Err(error) => {
                self.note_fixed(nic, offload, &error);
                Ok(None)
            }
        }
    }

    fn note_fixed(&mut self, nic: &kernel::Link, offload: Offload, error: &KernelError) {
        warn!("{error}; {offload} of {} stays as it is", nic.name);
        self.fixed.insert((nic.index, offload));
    }
}
