//! What the firmware says of the places of NICs: the order in which a machine's maker counts its ports, and the names
//! that udev's rules make of that (`eno1`, `ens3f0`, `enp5s0`).
//!
//! Ports on the main board come first, in the order of their numbers (`acpi_index`, else SMBIOS `index`); then cards in
//! numbered slots; then what is known by its PCI address alone; then USB; then the rest. What shares a place is in the
//! order of the Ethernet addresses, for nothing else tells the ports of such a card apart the same way at each boot.
//!
//! This module reads a tree like `/sys` and nothing else. Virtual functions and guests' devices are no cards here, as for
//! [`crate::kernel::nic`].

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::names::Name;

/// The highest number of an onboard port that is believed. Some firmware fills the field with rubbish, and udev takes no
/// larger one either.
const MOST_INDEX: u32 = (1 << 14) - 1;

/// The most that is read of a file: sysfs gives a page at a time.
const MOST_BYTES: u64 = 4096;

/// How deep a device may stand under the root of its tree.
const MOST_DEPTH: usize = 64;

/// Where the multi-function bit is in the configuration space of a PCI device.
const HEADER_TYPE: usize = 0x0e;

/// A NIC and the place that the firmware gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// What the kernel calls it.
    pub device: Name,
    /// What udev's rules call it; none where its place is not known.
    pub name: Option<Name>,
    /// What is printed beside the port, as the firmware tells it.
    pub label: Option<String>,
    /// Where it is.
    pub place: Place,
    /// Its PCI address, or that of the controller that it stands on.
    pub pci: Option<Address>,
    /// Its Ethernet address, as the kernel writes it.
    pub mac: String,
}

/// Where a NIC is; in the order in which they are counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// On the main board, by its number.
    Onboard(u32),
    /// On a card, by the number of its slot.
    Slot(u32),
    /// Somewhere on the PCI bus.
    Bus,
    /// At a port of a USB controller, such as `u1u4`.
    Usb(String),
    /// Not known.
    Elsewhere,
}

/// A PCI address, `0000:01:00.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    /// The domain.
    pub domain: u32,
    /// The bus.
    pub bus: u32,
    /// The device.
    pub device: u32,
    /// The function.
    pub function: u32,
}

impl std::fmt::Display for Address {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Address {
            domain,
            bus,
            device,
            function,
        } = self;
        write!(out, "{domain:04x}:{bus:02x}:{device:02x}.{function:x}")
    }
}

impl Address {
    fn read(text: &str) -> Option<Address> {
        let (rest, function) = text.split_once('.')?;
        let mut parts = rest.split(':');
        let mut number = || u32::from_str_radix(parts.next()?, 16).ok();
        let address = Address {
            domain: number()?,
            bus: number()?,
            device: number()?,
            function: u32::from_str_radix(function, 16).ok()?,
        };
        parts.next().is_none().then_some(address)
    }
}

/// The NICs of a machine in the order of its firmware; the place in the list is the position that the firmware gives.
/// `sys` is `/sys` or a copy. A NIC that goes meanwhile is left out.
pub fn cards(sys: &Path) -> io::Result<Vec<Card>> {
    let slots = slots(sys)?;
    let mut cards = Vec::new();
    for entry in entries(&sys.join("class/net"))? {
        let Some(device) = entry.to_str().and_then(|name| Name::new(name).ok()) else {
            continue;
        };
        if let Some(card) = look(sys, device, &slots)? {
            cards.push(card);
        }
    }
    cards.sort_by(order);
    Ok(cards)
}

fn order(one: &Card, other: &Card) -> Ordering {
    let key = |card: &Card| (card.place.clone(), card.pci);
    let same_place = || one.mac.cmp(&other.mac);
    let by_name = || natural(&one.device).cmp(&natural(&other.device));
    match (&one.place, &other.place) {
        // The controllers of two USB ports, before the ports.
        (Place::Usb(a), Place::Usb(b)) => (one.pci, a).cmp(&(other.pci, b)),
        _ => key(one).cmp(&key(other)),
    }
    .then_with(same_place)
    .then_with(by_name)
}

/// A name with its number as a number, so that `eth10` comes after `eth9`.
fn natural(name: &Name) -> (&str, Option<u64>, &str) {
    let text = name.as_str();
    let stem = text.trim_end_matches(|c: char| c.is_ascii_digit());
    (stem, text[stem.len()..].parse().ok(), text)
}

fn look(sys: &Path, device: Name, slots: &BTreeMap<String, u32>) -> io::Result<Option<Card>> {
    let folder = sys.join("class/net").join(device.as_str());
    let behind = folder.join("device");
    let ethernet = text(&folder.join("type"))?.is_some_and(|kind| kind == "1");
    let ours = link_name(&behind.join("subsystem"))?.is_none_or(|bus| bus != "xen-backend");
    let driven = link_name(&behind.join("driver"))?.is_some();
    if !ethernet || !ours || !driven || there(&behind.join("physfn"))? {
        return Ok(None);
    }
    // The devices from the NIC up to the root; sysfs nests them.
    let path = match std::fs::canonicalize(&behind) {
        Ok(path) => path,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(why),
    };
    let above: Vec<PathBuf> = path
        .ancestors()
        .take(MOST_DEPTH)
        .map(Path::to_owned)
        .collect();
    let port = port_of(&folder)?;
    let usb = usb_port(&above)?;
    let card = pci_device(&above)?;
    let mut found = Card {
        device,
        name: None,
        label: None,
        place: Place::Elsewhere,
        pci: card.as_ref().map(|(_, address)| *address),
        mac: text(&folder.join("address"))?.unwrap_or_default(),
    };
    let Some((card, address)) = card else {
        return Ok(Some(found));
    };
    found.label = text(&card.join("label"))?.filter(|_| usb.is_none());
    let tail = match &usb {
        Some(port) => port.clone(),
        None => port,
    };
    let function = function_of(&card, address)?;
    let domain = match address.domain {
        0 => String::new(),
        // In decimal, unlike the parts of a PCI address: as udev does.
        domain => format!("P{domain}"),
    };
    let by_slot = slot_of(&above, &card, slots)?
        .map(|slot| (slot, format!("en{domain}s{slot}{function}{tail}")));
    let by_path = format!(
        "en{domain}p{}s{}{function}{tail}",
        address.bus, address.device
    );
    let onboard = onboard_index(&card)?.filter(|_| usb.is_none());
    let by_index = onboard.map(|index| format!("eno{index}{tail}"));
    let slot = by_slot.as_ref().map(|(slot, _)| *slot);
    found.place = match (usb, onboard, slot) {
        (Some(port), _, _) => Place::Usb(port),
        (None, Some(index), _) => Place::Onboard(index),
        (None, None, Some(slot)) => Place::Slot(slot),
        (None, None, None) => Place::Bus,
    };
    let names = [by_index, by_slot.map(|(_, name)| name), Some(by_path)];
    // A name that is too long for the kernel is none; the next rule has its turn, as with udev.
    found.name = names
        .into_iter()
        .flatten()
        .find_map(|name| Name::new(&name).ok());
    Ok(Some(found))
}

/// The part of a name that tells the ports of one PCI function apart.
fn port_of(folder: &Path) -> io::Result<String> {
    if let Some(name) = text(&folder.join("phys_port_name"))? {
        return Ok(format!("n{name}"));
    }
    let port = text(&folder.join("dev_port"))?.and_then(|port| port.parse::<u32>().ok());
    Ok(match port {
        Some(port) if port > 0 => format!("d{port}"),
        _ => String::new(),
    })
}

/// `u2u3` for a NIC at a USB port, with the configuration and interface where they are not the usual ones.
fn usb_port(above: &[PathBuf]) -> io::Result<Option<String>> {
    for folder in above {
        if link_name(&folder.join("subsystem"))?.as_deref() != Some("usb") {
            continue;
        }
        // The interface, such as 1-2.3:1.0: bus, ports, configuration, interface.
        let name = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let parts = name.as_deref().and_then(|name| {
            let (_, rest) = name.split_once('-')?;
            let (ports, rest) = rest.split_once(':')?;
            let (configuration, interface) = rest.split_once('.')?;
            Some((
                ports.replace('.', "u"),
                configuration.to_owned(),
                interface.to_owned(),
            ))
        });
        let Some((ports, configuration, interface)) = parts else {
            return Ok(None);
        };
        let mut port = format!("u{ports}");
        for (letter, text, usual) in [("c", configuration, "1"), ("i", interface, "0")] {
            if text != usual {
                port.push_str(letter);
                port.push_str(&text);
            }
        }
        return Ok(Some(port));
    }
    Ok(None)
}

/// The PCI device that a NIC is, or stands on (virtio, USB).
fn pci_device(above: &[PathBuf]) -> io::Result<Option<(PathBuf, Address)>> {
    for folder in above {
        if link_name(&folder.join("subsystem"))?.as_deref() == Some("pci") {
            let name = folder
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            let address = name.as_deref().and_then(Address::read);
            return Ok(address.map(|address| (folder.clone(), address)));
        }
    }
    Ok(None)
}

/// `f1`, where a PCI device has several functions.
fn function_of(card: &Path, address: Address) -> io::Result<String> {
    // With ARI the device number is a part of the function's.
    let ari = text(&card.join("ari_enabled"))?.is_some_and(|on| on == "1");
    let function = match ari {
        true => address.function + address.device * 8,
        false => address.function,
    };
    let several = function > 0
        || bytes(&card.join("config"))?
            .and_then(|config| config.get(HEADER_TYPE).copied())
            .is_some_and(|header| header & 0x80 != 0);
    let mut tail = String::new();
    if several {
        write!(tail, "f{function}").map_err(io::Error::other)?;
    }
    Ok(tail)
}

/// The number that the firmware gives a port of the main board.
fn onboard_index(card: &Path) -> io::Result<Option<u32>> {
    for file in ["acpi_index", "index"] {
        if let Some(index) = text(&card.join(file))? {
            let index = index.parse::<u32>().ok();
            return Ok(index.filter(|index| *index <= MOST_INDEX));
        }
    }
    Ok(None)
}

/// The numbered slots, by the address of what is in them, without the function.
fn slots(sys: &Path) -> io::Result<BTreeMap<String, u32>> {
    let folder = sys.join("bus/pci/slots");
    let mut slots = BTreeMap::new();
    for entry in entries(&folder)? {
        let number = entry.to_str().and_then(|name| name.parse::<u32>().ok());
        if let Some(number) = number.filter(|number| *number > 0)
            && let Some(address) = text(&folder.join(&entry).join("address"))?
        {
            slots.insert(address, number);
        }
    }
    Ok(slots)
}

/// The slot that a card is in. A slot of a bridge says nothing of the cards behind it: they would share its number.
fn slot_of(
    above: &[PathBuf],
    card: &Path,
    slots: &BTreeMap<String, u32>,
) -> io::Result<Option<u32>> {
    for folder in above.iter().skip_while(|folder| *folder != card) {
        let name = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let Some((address, _)) = name.as_deref().and_then(|name| name.rsplit_once('.')) else {
            return Ok(None);
        };
        if let Some(slot) = slots.get(address) {
            let bridge = text(&folder.join("class"))?.is_some_and(|it| it.starts_with("0x0604"));
            return Ok((!bridge).then_some(*slot));
        }
    }
    Ok(None)
}

fn entries(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(why) => Err(why),
    }
}

fn there(path: &Path) -> io::Result<bool> {
    path.try_exists()
}

/// The last part of what a symbolic link points to; none if there is no link.
fn link_name(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_link(path) {
        Ok(target) => Ok(target
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())),
        Err(why) if is_nothing(&why) => Ok(None),
        Err(why) => Err(why),
    }
}

/// A file's text without the blanks around it; none if there is no file, nothing in it, or the driver has nothing to say.
fn text(path: &Path) -> io::Result<Option<String>> {
    let bytes = bytes(path)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim().trim_matches('\0');
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let read = std::fs::File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(why) if is_nothing(&why) => Ok(None),
        Err(why) => Err(why),
    }
}

/// Errors by which sysfs says that something is not there: no file, no directory, or a driver that does not know
/// (EOPNOTSUPP for phys_port_name, EINVAL for a NIC that is down).
fn is_nothing(why: &io::Error) -> bool {
    matches!(
        why.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput
    ) || matches!(why.raw_os_error(), Some(libc::EOPNOTSUPP | libc::ENODEV))
}
