//! What a guest and its NICs may be, checked once at the door.

use crate::{Body, Domain, GuestError, GuestSpec, Machine, Nic};

/// As many NICs as a virtual machine has slots for: their numbers are below.
pub const MACHINE_NICS: u32 = 16;
/// Names of the host's ends must fit into 15 octets.
const NAMESPACE_NICS: u32 = 1000;
/// For the same reason; Xen's own numbers end before 32752.
const MAX_DOMAIN: Domain = 999_999;
const MTU: std::ops::RangeInclusive<u32> = 68..=65_535;
/// How much of what a guest is called goes onto command lines, in characters.
const SHOWN_NAME: usize = 200;
const MAX_DISKS: usize = 8;
const MAX_COMMAND_LINE: usize = 2048;

pub(crate) fn spec(spec: &GuestSpec) -> Result<(), GuestError> {
    let unfit = |why: String| Err(GuestError::Unfit(why));
    if !(1..=MAX_DOMAIN).contains(&spec.domain) {
        return unfit(format!("{} is no number for a domain", spec.domain));
    }
    uuid(&spec.uuid)?;
    match &spec.body {
        Body::Namespace(_) => Ok(()),
        Body::Machine(machine) => self::machine(machine),
    }
}

fn machine(machine: &Machine) -> Result<(), GuestError> {
    let unfit = |why: String| Err(GuestError::Unfit(why));
    if !(16..=16 << 20).contains(&machine.memory_mib) {
        return unfit(format!("a machine can't have {} MiB", machine.memory_mib));
    }
    if !(1..=255).contains(&machine.cpus) {
        return unfit(format!("a machine can't have {} CPUs", machine.cpus));
    }
    if machine.disks.len() > MAX_DISKS {
        return unfit(format!("more than {MAX_DISKS} disks"));
    }
    if machine.command_line.len() > MAX_COMMAND_LINE || machine.command_line.contains('\0') {
        return unfit("the kernel's command line is too long or has a zero octet".to_owned());
    }
    let files = machine.kernel.iter().chain(&machine.initrd);
    for path in files.chain(&machine.disks) {
        // QEMU would take another path as relative to its own folder, or as a protocol.
        if !path.is_absolute() {
            return unfit(format!("{} is no absolute path", path.display()));
        }
    }
    Ok(())
}

pub(crate) fn uuid(uuid: &str) -> Result<(), GuestError> {
    let is_fit = |b: u8| b.is_ascii_hexdigit() || b == b'-';
    // It names a folder.
    if !(1..=64).contains(&uuid.len()) || !uuid.bytes().all(is_fit) {
        let shown: String = uuid.chars().take(64).collect();
        return Err(GuestError::Unfit(format!("{shown:?} is no uuid")));
    }
    Ok(())
}

pub(crate) fn nic(nic: &Nic, body: &Body) -> Result<(), GuestError> {
    let unfit = |why: String| Err(GuestError::Unfit(why));
    let slots = match body {
        Body::Namespace(_) => NAMESPACE_NICS,
        Body::Machine(_) => MACHINE_NICS,
    };
    if nic.device >= slots {
        return unfit(format!("a guest has no slot for a NIC {}", nic.device));
    }
    if !MTU.contains(&nic.mtu) {
        return unfit(format!("{} is no MTU", nic.mtu));
    }
    if nic.mac[0] & 1 == 1 || nic.mac == [0; 6] {
        return unfit(format!("{} is no address of a NIC", mac(nic.mac)));
    }
    Ok(())
}

/// What a guest is called, for command lines.
pub(crate) fn shown_name(spec: &GuestSpec) -> String {
    let fit = spec.name.chars().filter(|c| !c.is_control());
    fit.take(SHOWN_NAME).collect()
}

/// An Ethernet address as people write it.
pub(crate) fn mac(octets: [u8; 6]) -> String {
    octets.map(|octet| format!("{octet:02x}")).join(":")
}
