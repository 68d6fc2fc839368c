//! Links: what devices there are, and their state, MTU and MAC.

use std::fs;
use std::path::Path;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoKind, LinkAttribute, LinkExtentMask, LinkFlags, LinkInfo, LinkLayerType, LinkMessage,
};
use serde::{Deserialize, Serialize};

use super::{Cause, Kernel, KernelError, Mac};

/// A network device as the kernel has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The kernel's number of the device; never given out twice between two boots.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// `veth`, `tun`, `openvswitch`, `bridge`, `bond`, …; none for a NIC.
    pub kind: Option<String>,
    /// Whether it carries Ethernet frames and is not the loopback.
    pub ethernet: bool,
    /// Its MAC, if it has one.
    pub mac: Option<Mac>,
    /// The MAC its maker gave it, if its driver tells: differs from `mac` for a member of a kernel
    /// bond.
    pub permanent_mac: Option<Mac>,
    /// MTU in octets.
    pub mtu: u32,
    /// Whether it was switched on.
    pub up: bool,
    /// Whether it is on and has a carrier.
    pub carrier: bool,
    /// The device that this one is a port or member of.
    pub controller: Option<u32>,
}

/// Whether both sides may talk at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Duplex {
    /// One at a time.
    Half,
    /// Both at once.
    Full,
}

impl Link {
    /// What a link message says; none where it lacks a name.
    pub(crate) fn from_message(message: &LinkMessage) -> Option<Link> {
        let flags = message.header.flags;
        let mut link = Link {
            index: message.header.index,
            name: String::new(),
            kind: None,
            ethernet: message.header.link_layer_type == LinkLayerType::Ether,
            mac: None,
            permanent_mac: None,
            mtu: 0,
            up: flags.contains(LinkFlags::Up),
            carrier: flags.contains(LinkFlags::LowerUp),
            controller: None,
        };
        for attribute in &message.attributes {
            match attribute {
                LinkAttribute::IfName(name) => link.name.clone_from(name),
                LinkAttribute::Mtu(mtu) => link.mtu = *mtu,
                LinkAttribute::Address(octets) => link.mac = Mac::from_octets(octets),
                LinkAttribute::PermAddress(octets) => link.permanent_mac = Mac::from_octets(octets),
                LinkAttribute::Controller(index) => link.controller = Some(*index),
                LinkAttribute::LinkInfo(infos) => link.kind = kind_of(infos),
                _ => {}
            }
        }
        (!link.name.is_empty()).then_some(link)
    }
}

fn kind_of(infos: &[LinkInfo]) -> Option<String> {
    infos.iter().find_map(|info| match info {
        LinkInfo::Kind(InfoKind::Other(kind)) => Some(kind.clone()),
        LinkInfo::Kind(kind) => Some(kind.to_string()),
        _ => None,
    })
}

impl Kernel {
    /// All links, in the kernel's order.
    pub fn links(&mut self) -> Result<Vec<Link>, KernelError> {
        let answers = self.list_links()?;
        Ok(answers.iter().filter_map(link_in).collect())
    }

    /// What the kernel tells of all links, but for what passed them: that is the larger half of it.
    pub(super) fn list_links(&mut self) -> Result<Vec<RouteNetlinkMessage>, KernelError> {
        let mut message = LinkMessage::default();
        let mask = LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]);
        message.attributes.push(mask);
        self.dump(RouteNetlinkMessage::GetLink(message))
            .map_err(|cause| cause.doing("listing the links"))
    }

    /// The link of this name, if there is one.
    pub fn link(&mut self, name: &str) -> Result<Option<Link>, KernelError> {
        self.find_link(name)
            .map_err(|cause| cause.doing(format!("looking for {name}")))
    }

    /// Switches a device on or off.
    pub fn set_up(&mut self, name: &str, up: bool) -> Result<(), KernelError> {
        let doing = || format!("setting {name} {}", if up { "up" } else { "down" });
        let mut change = LinkMessage::default();
        change.header.flags = if up {
            LinkFlags::Up
        } else {
            LinkFlags::empty()
        };
        change.header.change_mask = LinkFlags::Up;
        // By its name, so that the kernel is asked once and not for the number first.
        change
            .attributes
            .push(LinkAttribute::IfName(name.to_owned()));
        let done = match is_name(name) {
            true => self.request(RouteNetlinkMessage::SetLink(change), 0),
            false => Err(Cause::NoDevice(name.to_owned())),
        };
        done.map_err(|cause| match cause.errno() {
            Some(libc::ENODEV) => Cause::NoDevice(name.to_owned()).doing(doing()),
            _ => cause.doing(doing()),
        })
    }

    /// Takes a device out of the bridge or bond that it is a port or member of, if any.
    pub fn release(&mut self, name: &str) -> Result<(), KernelError> {
        self.set_link(name, LinkAttribute::Controller(0), || {
            format!("taking {name} out of what it is a part of")
        })
    }

    /// Removes a device that somebody made.
    pub fn delete_link(&mut self, name: &str) -> Result<(), KernelError> {
        let doing = || format!("removing the device {name}");
        let gone = self
            .link_change(name)
            .map_err(|cause| cause.doing(doing()))?;
        self.request(RouteNetlinkMessage::DelLink(gone), 0)
            .map_err(|cause| cause.doing(doing()))
    }

    /// Sets a device's MTU.
    pub fn set_mtu(&mut self, name: &str, mtu: u32) -> Result<(), KernelError> {
        self.set_link(name, LinkAttribute::Mtu(mtu), || {
            format!("setting the MTU of {name} to {mtu}")
        })
    }

    /// Sets a device's MAC.
    pub fn set_mac(&mut self, name: &str, mac: Mac) -> Result<(), KernelError> {
        let doing = || format!("setting the MAC of {name} to {mac}");
        self.set_link(name, LinkAttribute::Address(mac.0.to_vec()), doing)
    }

    /// The speed in Mbit/s of a device, where its driver tells and it has a carrier.
    pub fn speed(&self, name: &str) -> Result<Option<u32>, KernelError> {
        let speed = read_while_up(&self.roots().device(name).join("speed"))
            .map_err(|error| Cause::from(error).doing(format!("reading the speed of {name}")))?;
        // −1 is the kernel's "unknown".
        Ok(speed
            .and_then(|text| text.trim().parse().ok())
            .filter(|speed| *speed > 0))
    }

    /// The duplex mode of a device, where its driver tells and it has a carrier.
    pub fn duplex(&self, name: &str) -> Result<Option<Duplex>, KernelError> {
        let duplex = read_while_up(&self.roots().device(name).join("duplex"))
            .map_err(|error| Cause::from(error).doing(format!("reading the duplex of {name}")))?;
        Ok(match duplex.as_deref().map(str::trim) {
            Some("full") => Some(Duplex::Full),
            Some("half") => Some(Duplex::Half),
            _ => None,
        })
    }

    /// The number of the device of this name.
    pub(crate) fn index_of(&mut self, name: &str) -> Result<u32, Cause> {
        match self.find_link(name)? {
            Some(link) => Ok(link.index),
            None => Err(Cause::NoDevice(name.to_owned())),
        }
    }

    fn find_link(&mut self, name: &str) -> Result<Option<Link>, Cause> {
        if !is_name(name) {
            return Ok(None);
        }
        let mut message = LinkMessage::default();
        message
            .attributes
            .push(LinkAttribute::IfName(name.to_owned()));
        match self.get(RouteNetlinkMessage::GetLink(message)) {
            Ok(answers) => Ok(answers.iter().find_map(link_in)),
            Err(cause) if cause.errno() == Some(libc::ENODEV) => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    fn link_change(&mut self, name: &str) -> Result<LinkMessage, Cause> {
        let mut message = LinkMessage::default();
        message.header.index = self.index_of(name)?;
        Ok(message)
    }

    fn set_link(
        &mut self,
        name: &str,
        attribute: LinkAttribute,
        doing: impl Fn() -> String,
    ) -> Result<(), KernelError> {
        let mut change = self
            .link_change(name)
            .map_err(|cause| cause.doing(doing()))?;
        change.attributes.push(attribute);
        self.request(RouteNetlinkMessage::SetLink(change), 0)
            .map_err(|cause| cause.doing(doing()))
    }
}

/// The kernel calls a longer name out of range; there can't be such a device.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() < libc::IFNAMSIZ
}

pub(super) fn link_in(message: &RouteNetlinkMessage) -> Option<Link> {
    match message {
        RouteNetlinkMessage::NewLink(message) => Link::from_message(message),
        _ => None,
    }
}

/// A file of sysfs that answers EINVAL while the device is down and does not exist for devices
/// without such a thing.
fn read_while_up(path: &Path) -> std::io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::EINVAL | libc::ENOENT | libc::EOPNOTSUPP)
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
