//! NICs: which of the links are the host's own network cards.
//!
//! A NIC is a link with a device in sysfs that is neither a virtual function nor a guest's back
//! end, or one whose name the configuration gives (the lab's NICs are veth ends).

use std::cmp::Ordering;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::str::FromStr;

use super::{Cause, Duplex, Kernel, KernelError, Link, Mac, Roots};

/// A network card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nic {
    /// Its name, such as `eth0`.
    pub name: String,
    /// The kernel's number of it.
    pub index: u32,
    /// The MAC that its maker gave it, or the present one where the driver doesn't tell.
    pub mac: Mac,
    /// MTU in octets.
    pub mtu: u32,
    /// Whether it was switched on.
    pub up: bool,
    /// Whether it is on and has a carrier.
    pub carrier: bool,
    /// Mbit/s, while there is a carrier and the driver tells.
    pub speed: Option<u32>,
    /// Duplex mode, while there is a carrier and the driver tells.
    pub duplex: Option<Duplex>,
    /// Where it sits, such as `0000:03:00.0`; none for a card that's no device of a bus.
    pub pci_path: Option<String>,
    /// Vendor, four hexadecimal digits.
    pub vendor_id: Option<String>,
    /// Device, four hexadecimal digits.
    pub device_id: Option<String>,
    /// The driver's name.
    pub driver: Option<String>,
}

impl Kernel {
    /// The host's NICs, `eth10` after `eth9`. `named` adds links of these names whatever they are.
    pub fn nics(&mut self, named: &[Pattern]) -> Result<Vec<Nic>, KernelError> {
        let links = self.links()?;
        self.nics_of(&links, named)
    }

    /// The NICs among these links, in the same order.
    pub fn nics_of(&self, links: &[Link], named: &[Pattern]) -> Result<Vec<Nic>, KernelError> {
        let mut nics = Vec::new();
        for link in links {
            if let Some(nic) = self.nic_of(link, named)? {
                nics.push(nic);
            }
        }
        nics.sort_by(|a, b| natural_order(&a.name, &b.name));
        Ok(nics)
    }

    /// The NIC of this name, if there is one.
    pub fn nic(&mut self, name: &str, named: &[Pattern]) -> Result<Option<Nic>, KernelError> {
        match self.link(name)? {
            Some(link) => self.nic_of(&link, named),
            None => Ok(None),
        }
    }

    /// A link as a NIC; none if it is none.
    pub fn nic_of(&self, link: &Link, named: &[Pattern]) -> Result<Option<Nic>, KernelError> {
        let Some(mac) = link.permanent_mac.or(link.mac) else {
            return Ok(None);
        };
        if !link.ethernet {
            return Ok(None);
        }
        // What was made by a program has no hardware; a host may have hundreds of those.
        let made = matches!(link.kind.as_deref(), Some("openvswitch" | "tun" | "veth"));
        let hardware = match made {
            true => None,
            false => Hardware::of(self.roots(), &link.name).map_err(|error| {
                Cause::from(error).doing(format!("looking at the hardware of {}", link.name))
            })?,
        };
        let physical = hardware.as_ref().is_some_and(Hardware::is_a_card);
        if !physical && !named.iter().any(|pattern| pattern.matches(&link.name)) {
            return Ok(None);
        }
        let hardware = hardware.unwrap_or_default();
        Ok(Some(Nic {
            name: link.name.clone(),
            index: link.index,
            mac,
            mtu: link.mtu,
            up: link.up,
            carrier: link.carrier,
            speed: if link.carrier {
                self.speed(&link.name)?
            } else {
                None
            },
            duplex: if link.carrier {
                self.duplex(&link.name)?
            } else {
                None
            },
            pci_path: hardware.bus_path,
            vendor_id: hardware.vendor,
            device_id: hardware.device,
            driver: hardware.driver,
        }))
    }
}

/// What sysfs tells of the device behind a link.
#[derive(Debug, Default)]
struct Hardware {
    bus_path: Option<String>,
    vendor: Option<String>,
    device: Option<String>,
    driver: Option<String>,
    bus: Option<String>,
    virtual_function: bool,
}

impl Hardware {
    fn of(roots: &Roots, name: &str) -> io::Result<Option<Hardware>> {
        let folder = roots.device(name).join("device");
        let Some(bus_path) = link_target(&folder)? else {
            return Ok(None);
        };
        Ok(Some(Hardware {
            bus_path: Some(bus_path),
            vendor: id(&folder.join("vendor"))?,
            device: id(&folder.join("device"))?,
            driver: link_target(&folder.join("driver"))?,
            bus: link_target(&folder.join("subsystem"))?,
            virtual_function: folder.join("physfn").try_exists()?,
        }))
    }

    fn is_a_card(&self) -> bool {
        // On Xen, dom0's ends of the guests' NICs are devices of their own bus.
        let guests_back_end = self.bus.as_deref() == Some("xen-backend");
        self.driver.is_some() && !guests_back_end && !self.virtual_function
    }
}

/// The last part of what a symbolic link points to; none if there is no link.
fn link_target(path: &Path) -> io::Result<Option<String>> {
    match fs::read_link(path) {
        Ok(target) => Ok(target
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::InvalidInput
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// An identifier that sysfs writes as 0x8086.
fn id(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().trim_start_matches("0x").to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Compares names so that digits count as numbers.
fn natural_order(a: &str, b: &str) -> Ordering {
    let split = |name: &str| {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = name[stem.len()..].parse::<u64>().ok();
        (stem.to_owned(), number)
    };
    split(a).cmp(&split(b)).then_with(|| a.cmp(b))
}

/// A pattern for device names: `*`, `?` and sets such as `[0-9]` or `[!ab]`, else the character
/// itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Set {
        not: bool,
        ranges: Vec<(char, char)>,
    },
    Exactly(char),
}

/// Text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no pattern for device names: {1}")]
pub struct NotAPattern(String, &'static str);

impl FromStr for Pattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Pattern, NotAPattern> {
        let refused = |why| NotAPattern(text.chars().take(64).collect(), why);
        if text.is_empty() || text.len() > 64 {
            return Err(refused("it must have 1 to 64 characters"));
        }
        let mut parts = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            parts.push(match c {
                '*' => Part::Any,
                '?' => Part::One,
                '[' => set(&mut rest).ok_or_else(|| refused("a set is not closed, or empty"))?,
                c => Part::Exactly(c),
            });
        }
        Ok(Pattern {
            text: text.to_owned(),
            parts,
        })
    }
}

fn set(rest: &mut std::str::Chars<'_>) -> Option<Part> {
    let (inside, after) = rest.as_str().split_once(']')?;
    *rest = after.chars();
    let (not, inside) = match inside.strip_prefix('!') {
        Some(inside) => (true, inside),
        None => (false, inside),
    };
    let characters: Vec<char> = inside.chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        if let [from, '-', to, ..] = characters[at..] {
            ranges.push((from, to));
            at += 3;
        } else {
            ranges.push((characters[at], characters[at]));
            at += 1;
        }
    }
    (!ranges.is_empty()).then_some(Part::Set { not, ranges })
}

impl Pattern {
    /// Whether the whole name is as the pattern says.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        matches_from(&self.parts, &name)
    }
}

fn matches_from(parts: &[Part], name: &[char]) -> bool {
    match (parts.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((Part::Any, parts)), _) => {
            (0..=name.len()).any(|skip| matches_from(parts, &name[skip..]))
        }
        (Some((part, parts)), Some((c, name))) => part.takes(*c) && matches_from(parts, name),
        _ => false,
    }
}

impl Part {
    fn takes(&self, c: char) -> bool {
        match self {
            Part::Any | Part::One => true,
            Part::Set { not, ranges } => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *not
            }
            Part::Exactly(wanted) => c == *wanted,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_pattern_matches_whole_names_only() {
        let check = |pattern: &str, yes: &[&str], no: &[&str]| {
            let pattern: Pattern = pattern.parse().unwrap();
            for name in yes {
                assert!(pattern.matches(name), "{pattern} must match {name}");
            }
            for name in no {
                assert!(!pattern.matches(name), "{pattern} must not match {name}");
            }
        };
        check(
            "eth[0-9]*",
            &["eth0", "eth10", "eth0.5"],
            &["eth", "ethx", "xeth0", "veth0"],
        );
        check("eth?", &["eth0", "ethx"], &["eth", "eth10"]);
        check("p[!0-4]p*", &["p5p1", "pxp"], &["p4p1", "p5"]);
        check("*", &["", "lo"], &[]);
        check("en[a-cx]", &["ena", "enc", "enx"], &["end", "en-"]);
        for text in ["", "eth[", "eth[]", "eth[0-9", &"x".repeat(65)] {
            assert!(
                text.parse::<Pattern>().is_err(),
                "{text:?} was taken for a pattern"
            );
        }
    }

    #[test]
    fn a_name_full_of_stars_is_matched_quickly() {
        let pattern: Pattern = "*a*a*a*a*a*a*b".parse().unwrap();
        assert!(!pattern.matches(&"a".repeat(15)));
    }

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = ["eth10", "eth2", "eth", "enp3s0", "eth1"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["enp3s0", "eth", "eth1", "eth2", "eth10"]);
    }

    /// A folder like sysfs, with one device.
    fn hardware(driver: bool, bus: &str, physfn: bool) -> Hardware {
        let sys = tempfile::tempdir().unwrap();
        let device = sys.path().join("devices/0000:03:00.0");
        let class = sys.path().join("class/net/eth0");
        fs::create_dir_all(&device).unwrap();
        fs::create_dir_all(&class).unwrap();
        symlink(&device, class.join("device")).unwrap();
        symlink(sys.path().join("bus").join(bus), device.join("subsystem")).unwrap();
        fs::write(device.join("vendor"), "0x8086\n").unwrap();
        fs::write(device.join("device"), "0x1521\n").unwrap();
        if driver {
            symlink(sys.path().join("drivers/igb"), device.join("driver")).unwrap();
        }
        if physfn {
            symlink(sys.path().join("devices/pf"), device.join("physfn")).unwrap();
            fs::create_dir(sys.path().join("devices/pf")).unwrap();
        }
        let roots = Roots {
            sys: sys.path().to_owned(),
            ..Roots::default()
        };
        assert!(Hardware::of(&roots, "eth1").unwrap().is_none());
        Hardware::of(&roots, "eth0").unwrap().unwrap()
    }

    #[test]
    fn a_virtual_function_or_a_guests_back_end_is_no_card() {
        let card = hardware(true, "pci", false);
        assert!(card.is_a_card());
        assert_eq!(card.bus_path.as_deref(), Some("0000:03:00.0"));
        assert_eq!(
            (card.vendor.as_deref(), card.device.as_deref()),
            (Some("8086"), Some("1521"))
        );
        assert_eq!(card.driver.as_deref(), Some("igb"));
        assert!(!hardware(true, "pci", true).is_a_card());
        assert!(!hardware(true, "xen-backend", false).is_a_card());
        assert!(!hardware(false, "pci", false).is_a_card());
    }
}
