//! The switches of all devices at once, as the kernel tells them with its links. To read them one by one under
//! /proc/sys/net took a host with 800 VLANs longer than all else that it looks at.

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    AfSpecInet, AfSpecInet6, AfSpecUnspec, Inet6DevConf, InetDevConf, LinkAttribute, LinkMessage,
};

use super::aside::{ARP_IGNORE_ALL, RP_FILTER_STRICT};
use super::link::link_in;
use super::{Kernel, KernelError, Link};

/// How the switches of a device stand. What a kernel or a device doesn't have is off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switches {
    /// Whether another address takes over when the first one of a network is removed, as
    /// [`Kernel::promotes_secondaries`] says.
    pub promotes_secondaries: bool,
    /// Whether the kernel's protocols are kept off it, as [`Kernel::is_aside`] says.
    pub aside: bool,
    /// Whether router advertisements are listened to.
    pub accept_ra: bool,
    /// Whether they give addresses.
    pub autoconf: bool,
}

impl Kernel {
    /// All links, in the kernel's order, with their switches.
    pub fn links_with_switches(&mut self) -> Result<Vec<(Link, Switches)>, KernelError> {
        let everywhere = self.promotes_secondaries("all")?;
        let answers = self.list_links()?;
        let both = |message: &RouteNetlinkMessage| {
            let link = link_in(message)?;
            let RouteNetlinkMessage::NewLink(message) = message else {
                return None;
            };
            let mut switches = switches_in(message);
            switches.promotes_secondaries |= everywhere;
            Some((link, switches))
        };
        Ok(answers.iter().filter_map(both).collect())
    }
}

fn switches_in(message: &LinkMessage) -> Switches {
    let (mut inet, mut inet6) = (None, None);
    for attribute in &message.attributes {
        let LinkAttribute::AfSpecUnspec(families) = attribute else {
            continue;
        };
        for family in families {
            match family {
                AfSpecUnspec::Inet(told) => inet = inet.or_else(|| told.iter().find_map(of_inet)),
                AfSpecUnspec::Inet6(told) => {
                    inet6 = inet6.or_else(|| told.iter().find_map(of_inet6));
                }
                _ => {}
            }
        }
    }
    let is_aside = |inet: &InetDevConf| {
        inet.arp_ignore == ARP_IGNORE_ALL
            && inet.rp_filter == RP_FILTER_STRICT
            && inet6.is_none_or(|inet6| inet6.disable_ipv6 != 0)
    };
    Switches {
        promotes_secondaries: inet.is_some_and(|inet| inet.promote_secondaries != 0),
        aside: inet.is_some_and(is_aside),
        // accept_ra is 2 where the host forwards packets and listens all the same.
        accept_ra: inet6.is_some_and(|inet6| inet6.accept_ra != 0),
        autoconf: inet6.is_some_and(|inet6| inet6.autoconf != 0),
    }
}

fn of_inet(told: &AfSpecInet) -> Option<&InetDevConf> {
    match told {
        AfSpecInet::DevConf(switches) => Some(switches),
        _ => None,
    }
}

fn of_inet6(told: &AfSpecInet6) -> Option<&Inet6DevConf> {
    match told {
        AfSpecInet6::DevConf(switches) => Some(switches),
        _ => None,
    }
}
