//! What is known of the host: what its kernel and its files say, and what the daemon says, each with a time.

use std::net::IpAddr;

use jiff::Timestamp;
use xapi_client::Stranger;

/// Alerts that are kept; the newest ones.
pub const MOST_ALERTS: usize = 100;

/// What the kernel and the host's files say. It is there whether the daemon answers or not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kernel {
    /// The host's name.
    pub hostname: String,
    /// Its NICs, `eth10` after `eth9`.
    pub nics: Vec<Nic>,
    /// Addresses of all devices but the loopback, without link-local ones.
    pub addresses: Vec<Address>,
    /// Default routers, with the device that leads there.
    pub routers: Vec<(IpAddr, String)>,
    /// Name servers.
    pub servers: Vec<IpAddr>,
    /// The bridge of the management interface, as the inventory has it; empty if there is none.
    pub management: String,
    /// The product's name and version, as the inventory has them.
    pub product: String,
    /// The role in the pool, as pool.conf has it.
    pub role: Option<Role>,
    /// What could not be read.
    pub trouble: Vec<String>,
}

/// A network card.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nic {
    /// Its name.
    pub name: String,
    /// Its address.
    pub mac: String,
    /// Whether there is a signal on the cable.
    pub carrier: bool,
    /// Mbit/s, if known.
    pub speed: Option<u32>,
    /// Whether both sides may send at once, if known.
    pub full_duplex: Option<bool>,
    /// Its driver, if it has one.
    pub driver: String,
    /// Where it sits, if it has a bus.
    pub bus: String,
}

impl Nic {
    /// Carrier and speed in words.
    pub fn link(&self) -> String {
        match (self.carrier, self.speed) {
            (false, _) => "no carrier".to_owned(),
            (true, Some(speed)) => format!("{speed} Mbit/s"),
            (true, None) => "carrier".to_owned(),
        }
    }
}

/// An address on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// The device.
    pub device: String,
    /// The address.
    pub address: IpAddr,
    /// Bits of it that name the network.
    pub prefix: u8,
}

/// What the host is in its pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The master.
    Master,
    /// A slave of a master with this address.
    Slave(String),
    /// Nobody knows.
    Unclear(String),
}

impl std::fmt::Display for Role {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Role::Master => out.write_str("master"),
            Role::Slave(master) => write!(out, "slave of {master}"),
            Role::Unclear(why) => write!(out, "unclear: {why}"),
        }
    }
}

/// Whether the daemon answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// Not known yet.
    Asking,
    /// It answers.
    Up,
    /// It wants a user and a password first.
    Locked,
    /// Nobody has said yet that its certificate is its own.
    Stranger(Stranger),
    /// It does not answer.
    Down {
        /// Since when.
        since: Timestamp,
        /// Why.
        why: String,
    },
}

/// What the daemon says of the host, as far as the console shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// The host's reference.
    pub host: String,
    /// The name that people call it.
    pub label: String,
    /// Its name.
    pub hostname: String,
    /// The product's name and version.
    pub product: String,
    /// The name of the pool; empty if it has none.
    pub pool: String,
    /// The role in the pool.
    pub role: Option<Role>,
    /// The interfaces: NICs, then bonds, VLANs, tunnels.
    pub pifs: Vec<Pif>,
    /// Alerts, newest first.
    pub alerts: Vec<Alert>,
}

impl Told {
    /// The management interface.
    pub fn management(&self) -> Option<&Pif> {
        self.pifs.iter().find(|pif| pif.management)
    }
}

/// What an interface is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A NIC.
    #[default]
    Nic,
    /// A bond of these devices.
    Bond(Vec<String>),
    /// A VLAN with this tag.
    Vlan(i64),
    /// The near end of a tunnel.
    Tunnel,
}

/// An interface, as the daemon has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pif {
    /// Its reference.
    pub reference: String,
    /// Its device.
    pub device: String,
    /// What it is.
    pub kind: Kind,
    /// Whether it is a member of a bond.
    pub bonded: bool,
    /// Whether the daemon may configure it.
    pub managed: bool,
    /// Whether it carries management.
    pub management: bool,
    /// Whether it is plugged.
    pub attached: bool,
    /// Its network.
    pub network: String,
    /// The bridge of its network.
    pub bridge: String,
    /// `None`, `DHCP`, `Static`.
    pub mode: String,
    /// Address of IPv4.
    pub ip: String,
    /// Its netmask.
    pub netmask: String,
    /// Router of IPv4.
    pub gateway: String,
    /// Name servers by commas, of both families.
    pub dns: String,
    /// `None`, `DHCP`, `Static`, `Autoconf`.
    pub mode_v6: String,
    /// Address of IPv6 with its prefix.
    pub ipv6: String,
    /// Router of IPv6.
    pub gateway_v6: String,
    /// Whether IPv6 is what the pool knows it by.
    pub ipv6_first: bool,
}

impl Pif {
    /// What people call it: `eth0`, `bond0`, `VLAN 7 on eth0`.
    pub fn name(&self) -> String {
        match &self.kind {
            Kind::Vlan(tag) => format!("VLAN {tag} on {}", self.device),
            _ => self.device.clone(),
        }
    }

    /// Whether it could carry management.
    pub fn could_be_management(&self) -> bool {
        self.managed && !self.bonded && self.kind != Kind::Tunnel
    }

    /// Its name servers.
    pub fn servers(&self) -> Vec<String> {
        let servers = self.dns.split(',').map(str::trim);
        let servers = servers.filter(|server| !server.is_empty());
        servers.map(str::to_owned).collect()
    }
}

/// Something that an operator should know of.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// When it came.
    pub when: Timestamp,
    /// What kind it is.
    pub name: String,
    /// 1 is the most urgent, 5 the least.
    pub priority: i64,
    /// What happened.
    pub body: String,
}

/// A text from outside without what would move a terminal's cursor, and not too long.
pub fn clean(text: &str) -> String {
    const LONGEST: usize = 2000;
    let kept = text.chars().take(LONGEST);
    let kept = kept.map(|c| if c.is_control() { ' ' } else { c });
    kept.collect()
}
