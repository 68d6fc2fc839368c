//! What is wanted of a host's management interface, checked: the options of the reset's command, the fields of the
//! console and the lines of the trigger all become a [`Management`] here, and what is wrong with them is said in
//! sentences that tell what to type.

mod texts;
mod wrong;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use texts::{device, dns, ipv4, ipv6, ipv6_with_prefix, master, mode, mode_v6, netmask, vlan};
pub use wrong::{Misfit, Wrong};

/// A management interface as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Management {
    /// The NIC.
    pub device: String,
    /// The VLAN on it, if any: 1 to 4094.
    pub vlan: Option<u16>,
    /// IPv4, or nothing of it.
    pub ipv4: Option<Ipv4>,
    /// IPv6, or nothing of it.
    pub ipv6: Option<Ipv6>,
    /// Name servers, for static addresses: those who give out others name servers with them.
    pub dns: Vec<IpAddr>,
}

/// How a management interface comes to its address of IPv4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ipv4 {
    /// A DHCP server gives it.
    Dhcp,
    /// It is given here.
    Static {
        /// The host's own.
        address: Ipv4Addr,
        /// Bits of it that are the network's.
        prefix: u8,
        /// The router to everywhere else.
        gateway: Option<Ipv4Addr>,
    },
}

/// How a management interface comes to its addresses of IPv6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ipv6 {
    /// A DHCP server gives one.
    Dhcp,
    /// It makes one of what routers advertise.
    Autoconf,
    /// It is given here.
    Static {
        /// The host's own.
        address: Ipv6Addr,
        /// Bits of it that are the network's.
        prefix: u8,
        /// The router to everywhere else.
        gateway: Option<Ipv6Addr>,
    },
}

/// What can be said about a management interface, by its key in the trigger, in the order in which it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The NIC.
    Device,
    /// The VLAN on it; empty or 0 for none.
    Vlan,
    /// `static`, `dhcp`, or `none`.
    Mode,
    /// Address of IPv4.
    Ip,
    /// Its netmask.
    Netmask,
    /// Router of IPv4.
    Gateway,
    /// `static`, `dhcp`, `autoconf`, or `none`.
    ModeV6,
    /// Address of IPv6, with its prefix.
    Ipv6,
    /// Router of IPv6.
    GatewayV6,
    /// Name servers, by commas.
    Dns,
}

impl Field {
    /// All, in their order.
    pub const ALL: [Field; 10] = [
        Field::Device,
        Field::Vlan,
        Field::Mode,
        Field::Ip,
        Field::Netmask,
        Field::Gateway,
        Field::ModeV6,
        Field::Ipv6,
        Field::GatewayV6,
        Field::Dns,
    ];

    /// Its key in the trigger.
    pub fn key(self) -> &'static str {
        match self {
            Field::Device => "DEVICE",
            Field::Vlan => "VLAN",
            Field::Mode => "MODE",
            Field::Ip => "IP",
            Field::Netmask => "NETMASK",
            Field::Gateway => "GATEWAY",
            Field::ModeV6 => "MODE_V6",
            Field::Ipv6 => "IPV6",
            Field::GatewayV6 => "GATEWAY_V6",
            Field::Dns => "DNS",
        }
    }
}

/// Texts for fields. One that is missing or empty is not given.
pub type Texts = BTreeMap<Field, String>;

impl Management {
    /// Makes one of texts, or says all that is wrong with them.
    pub fn read(texts: &Texts) -> Result<Management, Vec<Misfit>> {
        let mut reading = Reading {
            texts,
            wrong: Vec::new(),
        };
        let device = reading.needed(Field::Device, device);
        let vlan = reading.given(Field::Vlan, vlan).flatten();
        let ipv4 = reading.ipv4();
        let ipv6 = reading.ipv6();
        let says_static = |field| {
            texts
                .get(&field)
                .is_some_and(|text| text.trim().eq_ignore_ascii_case("static"))
        };
        let is_static = says_static(Field::Mode) || says_static(Field::ModeV6);
        let dns = match is_static {
            true => reading.given(Field::Dns, dns).unwrap_or_default(),
            false => Vec::new(),
        };
        let wrong = reading.wrong;
        match device {
            Some(device) if wrong.is_empty() => {
                let read = Management {
                    device,
                    vlan,
                    ipv4,
                    ipv6,
                    dns,
                };
                read.check().map(|()| read).map_err(|misfit| vec![misfit])
            }
            _ => Err(wrong),
        }
    }

    /// The texts that it is made of.
    pub fn texts(&self) -> Texts {
        let mut texts = Texts::new();
        let mut put = |field, text: String| {
            texts.insert(field, text);
        };
        put(Field::Device, self.device.clone());
        if let Some(tag) = self.vlan {
            put(Field::Vlan, tag.to_string());
        }
        match &self.ipv4 {
            None => {}
            Some(Ipv4::Dhcp) => put(Field::Mode, "dhcp".to_owned()),
            Some(Ipv4::Static {
                address,
                prefix,
                gateway,
            }) => {
                put(Field::Mode, "static".to_owned());
                put(Field::Ip, address.to_string());
                put(Field::Netmask, netmask_of(*prefix).to_string());
                if let Some(gateway) = gateway {
                    put(Field::Gateway, gateway.to_string());
                }
            }
        }
        match &self.ipv6 {
            None => {}
            Some(Ipv6::Dhcp) => put(Field::ModeV6, "dhcp".to_owned()),
            Some(Ipv6::Autoconf) => put(Field::ModeV6, "autoconf".to_owned()),
            Some(Ipv6::Static {
                address,
                prefix,
                gateway,
            }) => {
                put(Field::ModeV6, "static".to_owned());
                put(Field::Ipv6, format!("{address}/{prefix}"));
                if let Some(gateway) = gateway {
                    put(Field::GatewayV6, gateway.to_string());
                }
            }
        }
        if !self.dns.is_empty() {
            let servers: Vec<String> = self.dns.iter().map(ToString::to_string).collect();
            put(Field::Dns, servers.join(","));
        }
        texts
    }

    /// Which of the texts it was read from say nothing in it, such as a netmask beside DHCP.
    pub fn unused(&self, texts: &Texts) -> Vec<Field> {
        let used = self.texts();
        let says_none = |field: &Field, text: &str| match field {
            Field::Vlan => matches!(vlan(text), Ok(None)),
            Field::Mode | Field::ModeV6 => true,
            _ => false,
        };
        texts
            .iter()
            .filter(|(field, text)| !text.trim().is_empty() && !says_none(field, text))
            .map(|(field, _)| *field)
            .filter(|field| !used.contains_key(field))
            .collect()
    }

    /// The first of two families that it has: the one that clients know the host by.
    pub fn is_ipv6_first(&self) -> bool {
        self.ipv4.is_none() && self.ipv6.is_some()
    }

    /// What only the whole shows: some family has to be there, a router has to be in the network of the address.
    pub fn check(&self) -> Result<(), Misfit> {
        let misfit = |field, wrong| Err(Misfit { field, wrong });
        if self.ipv4.is_none() && self.ipv6.is_none() {
            return misfit(Field::Mode, Wrong::NoFamily);
        }
        if let Some(Ipv4::Static {
            address,
            prefix,
            gateway,
        }) = &self.ipv4
        {
            let network = |address: &Ipv4Addr| {
                u32::from(*address)
                    .checked_shr(32 - u32::from(*prefix))
                    .unwrap_or(0)
            };
            let host = u32::from(*address) & !u32::from(netmask_of(*prefix));
            let last = !u32::from(netmask_of(*prefix));
            if *prefix <= 30 && (host == 0 || host == last) {
                let part = if host == 0 { "first" } else { "last" };
                return misfit(Field::Ip, Wrong::NoHost(address.to_string(), *prefix, part));
            }
            if let Some(gateway) = gateway {
                let own = (gateway == address).then(|| Wrong::Itself(gateway.to_string()));
                let away = (network(gateway) != network(address)).then(|| Wrong::FarAway {
                    router: gateway.to_string(),
                    network: format!("{}/{prefix}", u32_network(*address, *prefix)),
                });
                if let Some(wrong) = own.or(away) {
                    return misfit(Field::Gateway, wrong);
                }
            }
        }
        if let Some(Ipv6::Static {
            address,
            prefix,
            gateway: Some(gateway),
        }) = &self.ipv6
        {
            let network = |address: &Ipv6Addr| u128::from(*address) & mask_v6(*prefix);
            let own = (gateway == address).then(|| Wrong::Itself(gateway.to_string()));
            let is_near = gateway.is_unicast_link_local() || network(gateway) == network(address);
            let away = (!is_near).then(|| Wrong::FarAway {
                router: gateway.to_string(),
                network: format!("{}/{prefix}", Ipv6Addr::from(network(address))),
            });
            if let Some(wrong) = own.or(away) {
                return misfit(Field::GatewayV6, wrong);
            }
        }
        Ok(())
    }
}

/// The bridge of a NIC by XAPI's naming: that of `ethN` is `xenbrN`, that of another NIC `br` and its name.
pub fn bridge_of(device: &str) -> String {
    let position = device
        .strip_prefix("eth")
        .filter(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    match position {
        Some(position) if position.len() <= 4 => format!("xenbr{position}"),
        _ => {
            // A bridge's name has 15 letters at most, like any device's; the end of a name tells NICs apart.
            let keep = device.len().saturating_sub(13);
            format!("br{}", device.get(keep..).unwrap_or(device))
        }
    }
}

/// The netmask of a prefix of up to 32 bits.
pub fn netmask_of(prefix: u8) -> Ipv4Addr {
    let host = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
    Ipv4Addr::from(!host)
}

fn u32_network(address: Ipv4Addr, prefix: u8) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(address) & u32::from(netmask_of(prefix)))
}

fn mask_v6(prefix: u8) -> u128 {
    !u128::MAX.checked_shr(u32::from(prefix)).unwrap_or(0)
}

/// Reads fields one after the other and collects what is wrong.
struct Reading<'a> {
    texts: &'a Texts,
    wrong: Vec<Misfit>,
}

impl Reading<'_> {
    fn given<T>(&mut self, field: Field, read: fn(&str) -> Result<T, Wrong>) -> Option<T> {
        let text = self.texts.get(&field)?.trim();
        if text.is_empty() {
            return None;
        }
        read(text)
            .map_err(|wrong| self.wrong.push(Misfit { field, wrong }))
            .ok()
    }

    fn needed<T>(&mut self, field: Field, read: fn(&str) -> Result<T, Wrong>) -> Option<T> {
        let text = self.texts.get(&field).map_or("", |text| text.trim());
        if text.is_empty() {
            let wrong = Wrong::Missing(field);
            self.wrong.push(Misfit { field, wrong });
        }
        self.given(field, read)
    }

    fn ipv4(&mut self) -> Option<Ipv4> {
        match self.given(Field::Mode, mode)? {
            texts::Mode::None => None,
            texts::Mode::Dhcp => Some(Ipv4::Dhcp),
            texts::Mode::Static => {
                let address = self.needed(Field::Ip, ipv4);
                let prefix = self.needed(Field::Netmask, netmask);
                let gateway = self.given(Field::Gateway, ipv4);
                Some(Ipv4::Static {
                    address: address?,
                    prefix: prefix?,
                    gateway,
                })
            }
        }
    }

    fn ipv6(&mut self) -> Option<Ipv6> {
        match self.given(Field::ModeV6, mode_v6)? {
            texts::ModeV6::None => None,
            texts::ModeV6::Dhcp => Some(Ipv6::Dhcp),
            texts::ModeV6::Autoconf => Some(Ipv6::Autoconf),
            texts::ModeV6::Static => {
                let address = self.needed(Field::Ipv6, ipv6_with_prefix);
                let gateway = self.given(Field::GatewayV6, ipv6);
                let (address, prefix) = address?;
                Some(Ipv6::Static {
                    address,
                    prefix,
                    gateway,
                })
            }
        }
    }
}
