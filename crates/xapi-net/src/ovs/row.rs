//! What we keep in Open vSwitch's database, as plain values: bridges and ports.
//!
//! A value holds what we *set*. What ovs-vswitchd finds out (link state, OpenFlow port number, errors) is in
//! [`super::monitor`] and [`super::ovsdb`]. Reading a row and writing it back gives the same value, so two values can be
//! compared to find out whether there is anything to do. Keys that other programs put on our rows are neither shown
//! here nor touched when a row is changed.
//!
//! This module knows names and options of Open vSwitch, but neither sockets nor JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

/// The key in `external_ids` of a Bridge or Port row that says the row is ours; its value is `true`.
pub const MARK: &str = "xapi-managed";

/// The external id that ties a bridge to its networks; people and controllers look for it.
pub const NETWORK_UUIDS: &str = "xs-network-uuids";

/// Addresses a bridge learns before it forgets the oldest. The default of Open vSwitch, 2,048 or 8,192 by version, is
/// too small for a pool of virtual machines.
pub const MAC_TABLE_SIZE: u32 = 10_000;

/// An Ethernet address.
pub type Mac = [u8; 6];

/// Why text from outside cannot become a row.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RowError {
    /// A bond mode that Open vSwitch doesn't have.
    #[error("{0:?} is no bond mode of Open vSwitch")]
    BondMode(String),
    /// Not six octets in hexadecimal with colons between them.
    #[error("{0:?} is no Ethernet address")]
    Mac(String),
}

/// A bridge as people see it, `ovs-vsctl list-br`: a real one, or a VLAN of a real one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bridge {
    /// A row of the table Bridge, with its local port.
    Real(RealBridge),
    /// A "fake" bridge: a port of its parent, with a tag, that tools show as a bridge.
    Vlan(VlanBridge),
}

/// A row of the table Bridge.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RealBridge {
    /// Who forwards the packets.
    pub datapath: Datapath,
    /// `other_config:hwaddr`, the address of the local port; `None` leaves the choice to ovs-vswitchd.
    pub mac: Option<Mac>,
    /// What the bridge does without its controller.
    pub fail_mode: FailMode,
    /// `other_config:disable-in-band`; `None` leaves it to ovs-vswitchd.
    pub disable_in_band: Option<bool>,
    /// Multicast snooping; `None` leaves the columns at their defaults.
    pub igmp_snooping: Option<IgmpSnooping>,
    /// [`NETWORK_UUIDS`], several with `;` between them.
    pub network_uuids: Option<String>,
    /// `Interface.mtu_request` of the local port; `None` leaves it to ovs-vswitchd, which takes the smallest of the ports.
    pub mtu: Option<u32>,
    /// `other_config:mac-table-size`; we always ask for [`MAC_TABLE_SIZE`].
    pub mac_table_size: Option<u32>,
    /// Whether somebody else has a say in what the guard passes: a controller, or a choice of OpenFlow versions. It is
    /// found and never written; of other bridges it is their owners' business, and not looked for.
    pub controlled: bool,
}

impl RealBridge {
    /// A bridge as XenServer makes them: standalone, with the large address table.
    pub fn new(datapath: Datapath) -> RealBridge {
        RealBridge {
            datapath,
            mac: None,
            fail_mode: FailMode::Standalone,
            disable_in_band: None,
            igmp_snooping: None,
            network_uuids: None,
            mtu: None,
            mac_table_size: Some(MAC_TABLE_SIZE),
            controlled: false,
        }
    }
}

/// A VLAN on a real bridge that tools show as a bridge: a Port with `fake_bridge`, and an internal Interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VlanBridge {
    /// The real bridge it is a port of.
    pub parent: String,
    /// The VLAN, 0 to 4095.
    pub tag: u16,
    /// `Interface.mac` of the internal device; `None` leaves the choice to ovs-vswitchd.
    pub mac: Option<Mac>,
    /// `Interface.mtu_request` of the internal device; `None` leaves it to ovs-vswitchd.
    pub mtu: Option<u32>,
    /// [`NETWORK_UUIDS`]; kept on the Port row with the prefix `fake-bridge-`, as `ovs-vsctl br-set-external-id` does.
    pub network_uuids: Option<String>,
}

/// What forwards the packets of a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Datapath {
    /// The kernel module (the column is left empty, as ovs-vsctl does).
    System,
    /// ovs-vswitchd itself.
    Netdev,
}

impl Datapath {
    /// The text of `Bridge.datapath_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Datapath::System => "",
            Datapath::Netdev => "netdev",
        }
    }
}

/// What a bridge does without its controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailMode {
    /// It works as a learning switch.
    Standalone,
    /// It forwards only what flows say.
    Secure,
}

impl FailMode {
    /// The text of `Bridge.fail_mode`.
    pub fn as_str(self) -> &'static str {
        match self {
            FailMode::Standalone => "standalone",
            FailMode::Secure => "secure",
        }
    }
}

/// Multicast snooping of a real bridge; the three settings are always written together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IgmpSnooping {
    /// `mcast_snooping_enable`.
    pub enable: bool,
    /// `other_config:enable-ipv6-mcast-snooping`.
    pub ipv6: bool,
    /// `other_config:mcast-snooping-disable-flood-unregistered`.
    pub disable_flood_unregistered: bool,
}

impl IgmpSnooping {
    /// As XenServer sets it: IPv4 only, unregistered groups not flooded.
    pub fn standard(enable: bool) -> IgmpSnooping {
        IgmpSnooping {
            enable,
            ipv6: false,
            disable_flood_unregistered: true,
        }
    }
}

/// A port of a real bridge: one interface, or a bond of several. The local port of a bridge and the port that is a VLAN
/// bridge are not among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port {
    /// The real bridge.
    pub bridge: String,
    /// The interfaces, at least one. An interface belongs to one port only.
    pub members: BTreeSet<String>,
    /// What the interfaces are.
    pub kind: InterfaceKind,
    /// How the members work together; `None` on a port with one member.
    pub bond: Option<Bond>,
    /// `Port.mac`, the address a bond is known by.
    pub mac: Option<Mac>,
    /// The VLAN of an access port.
    pub tag: Option<u16>,
    /// Whether nothing goes from this port to another that is protected, too.
    pub protected: bool,
    /// External ids whose keys begin with `xs-`; others are their owners' business.
    pub external_ids: BTreeMap<String, String>,
    /// `Interface.options` of what is no device: where a tunnel or a patch leads.
    pub options: BTreeMap<String, String>,
    /// External ids of the interface that tell whose it is (`xs-…`, `attached-mac`, `iface-id`); others are their owners'
    /// business.
    pub interface_ids: BTreeMap<String, String>,
    /// What may come in; `None` is everything.
    pub policing: Option<Policing>,
}

/// A limit of what comes in from a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Policing {
    /// `ingress_policing_rate`, in kilobits a second; zero would be no limit.
    pub kbps: u32,
    /// `ingress_policing_burst`, in kilobits; zero leaves it to ovs-vswitchd.
    pub burst: u32,
}

/// The key in `external_ids` of the Port rows that there are for the NIC of a guest; its value is the name of that
/// device.
pub const VIF_DEVICE: &str = "xs-vif-device";

/// External ids of an interface that are shown and written.
pub fn is_vif_id(key: &str) -> bool {
    key.starts_with("xs-") || key == "attached-mac" || key == "iface-id"
}

impl Port {
    /// A port with one interface that is no device of the kernel: a tunnel, or one end of a patch.
    pub fn virtual_one(
        bridge: impl Into<String>,
        name: impl Into<String>,
        kind: &str,
        options: BTreeMap<String, String>,
    ) -> Port {
        Port {
            kind: InterfaceKind::of(kind),
            options,
            ..Port::plain(bridge, name)
        }
    }

    /// The guest's NIC that this port is there for, if it is for one.
    pub fn vif(&self) -> Option<&str> {
        self.external_ids.get(VIF_DEVICE).map(String::as_str)
    }

    /// The other end, if this is the port of a tunnel.
    pub fn tunnel_end(&self) -> Option<IpAddr> {
        match &self.kind {
            InterfaceKind::Other(kind) if kind == "gre" || kind == "vxlan" => {
                self.options.get("remote_ip")?.parse().ok()
            }
            _ => None,
        }
    }

    /// A port with one NIC; it is named after the NIC.
    pub fn plain(bridge: impl Into<String>, nic: impl Into<String>) -> Port {
        Port {
            bridge: bridge.into(),
            members: BTreeSet::from([nic.into()]),
            kind: InterfaceKind::System,
            bond: None,
            mac: None,
            tag: None,
            protected: false,
            external_ids: BTreeMap::new(),
            options: BTreeMap::new(),
            interface_ids: BTreeMap::new(),
            policing: None,
        }
    }

    /// The port for a bond called `name`, and the name it gets. Open vSwitch knows no bond of one member: that is a
    /// plain port, named after the NIC, without options or an address of its own.
    pub fn bonded(
        bridge: impl Into<String>,
        name: impl Into<String>,
        members: BTreeSet<String>,
        mac: Option<Mac>,
        bond: Bond,
    ) -> (String, Port) {
        match (members.len(), members.first()) {
            (1, Some(nic)) => (nic.clone(), Port::plain(bridge, nic.clone())),
            _ => {
                let port = Port {
                    members,
                    bond: Some(bond),
                    mac,
                    ..Port::plain(bridge, "")
                };
                (name.into(), port)
            }
        }
    }
}

/// `Interface.type`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InterfaceKind {
    /// A device that the kernel has: a NIC, the host's end of a VIF.
    System,
    /// A device that ovs-vswitchd makes.
    Internal,
    /// Anything else: a tunnel (`gre`, `vxlan`), one end of a patch, or something that only somebody else would make.
    Other(String),
}

impl InterfaceKind {
    /// The text of `Interface.type`.
    pub fn as_str(&self) -> &str {
        match self {
            InterfaceKind::System => "",
            InterfaceKind::Internal => "internal",
            InterfaceKind::Other(text) => text,
        }
    }

    /// Reads `Interface.type`.
    pub fn of(text: &str) -> InterfaceKind {
        match text {
            "" | "system" => InterfaceKind::System,
            "internal" => InterfaceKind::Internal,
            other => InterfaceKind::Other(other.to_owned()),
        }
    }
}

/// How the members of a bond work together. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bond {
    /// How traffic is spread.
    pub mode: BondMode,
    /// Whether the members talk LACP to the switch.
    pub lacp: Lacp,
    /// How long a member must be up before it is used.
    pub updelay_ms: u32,
    /// How long a member must be down before it is not used any more.
    pub downdelay_ms: u32,
    /// `other_config:bond-miimon-interval`.
    pub miimon_interval_ms: Option<u32>,
    /// `other_config:bond-detect-mode`.
    pub detect: Option<Detect>,
    /// `other_config:bond-rebalance-interval`.
    pub rebalance_interval_ms: Option<u32>,
    /// `other_config:lacp-time`.
    pub lacp_time: Option<LacpTime>,
    /// `other_config:lacp-fallback-ab`: without an LACP partner, work as active-backup.
    pub lacp_fallback_ab: Option<bool>,
    /// `other_config:lacp-aggregation-key` of every member.
    pub lacp_aggregation_key: Option<String>,
    /// `other_config:lacp-actor-key` of every member.
    pub lacp_actor_key: Option<String>,
    /// Any further `other_config` of the port whose key begins with `bond-`, with that prefix.
    pub other_config: BTreeMap<String, String>,
}

impl Bond {
    /// A bond that leaves everything but the mode to ovs-vswitchd.
    pub fn new(mode: BondMode) -> Bond {
        Bond {
            mode,
            lacp: Lacp::Off,
            updelay_ms: 0,
            downdelay_ms: 0,
            miimon_interval_ms: None,
            detect: None,
            rebalance_interval_ms: None,
            lacp_time: None,
            lacp_fallback_ab: None,
            lacp_aggregation_key: None,
            lacp_actor_key: None,
            other_config: BTreeMap::new(),
        }
    }

    /// Reads the bond properties of the XenAPI world: `mode` (`lacp` or a mode of Open vSwitch; balance-slb without
    /// one), `hashing-algorithm`, `updelay`, `downdelay`, `miimon`, `use_carrier`, `rebalance-interval`, `lacp-time`,
    /// `lacp-fallback-ab`, `lacp-aggregation-key`, `lacp-actor-key`; any other key K becomes `other_config:bond-K`. A
    /// number that is none is left out, as it always was: such a bond came up, and must go on doing so.
    pub fn from_properties<'a>(
        properties: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Bond, RowError> {
        let properties: BTreeMap<&str, &str> = properties.into_iter().collect();
        let mut bond = Bond::new(BondMode::BalanceSlb);
        for (&key, &value) in &properties {
            match key {
                "mode" if value == "lacp" => {
                    bond.lacp = Lacp::Active;
                    bond.mode = lacp_mode(properties.get("hashing-algorithm").copied());
                }
                "mode" => bond.mode = value.parse()?,
                "hashing-algorithm" => {}
                "updelay" => bond.updelay_ms = count(value).unwrap_or(0),
                "downdelay" => bond.downdelay_ms = count(value).unwrap_or(0),
                "miimon" => bond.miimon_interval_ms = count(value),
                "use_carrier" => bond.detect = count(value).map(Detect::from_use_carrier),
                "rebalance-interval" => bond.rebalance_interval_ms = count(value),
                "lacp-time" => bond.lacp_time = Some(LacpTime::of(value)),
                "lacp-fallback-ab" => bond.lacp_fallback_ab = Some(value == "true"),
                "lacp-aggregation-key" => bond.lacp_aggregation_key = Some(value.to_owned()),
                "lacp-actor-key" => bond.lacp_actor_key = Some(value.to_owned()),
                other => {
                    bond.other_config
                        .insert(format!("bond-{other}"), value.to_owned());
                }
            }
        }
        Ok(bond)
    }
}

/// With LACP the hash decides: by address pairs balance-tcp would not do, and by ports balance-slb cannot.
fn lacp_mode(hashing: Option<&str>) -> BondMode {
    match hashing {
        Some("src_mac") => BondMode::BalanceSlb,
        _ => BondMode::BalanceTcp,
    }
}

/// A number that Open vSwitch's integer columns and options take.
fn count(text: &str) -> Option<u32> {
    text.trim()
        .parse::<u32>()
        .ok()
        .filter(|number| i32::try_from(*number).is_ok())
}

/// How a bond spreads traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BondMode {
    /// One member carries everything.
    ActiveBackup,
    /// By source address and VLAN, rebalanced by load.
    BalanceSlb,
    /// By layers 2 to 4; needs LACP.
    BalanceTcp,
}

impl BondMode {
    /// The text of `Port.bond_mode`.
    pub fn as_str(self) -> &'static str {
        match self {
            BondMode::ActiveBackup => "active-backup",
            BondMode::BalanceSlb => "balance-slb",
            BondMode::BalanceTcp => "balance-tcp",
        }
    }
}

impl FromStr for BondMode {
    type Err = RowError;

    fn from_str(text: &str) -> Result<BondMode, RowError> {
        match text {
            "active-backup" => Ok(BondMode::ActiveBackup),
            "balance-slb" => Ok(BondMode::BalanceSlb),
            "balance-tcp" => Ok(BondMode::BalanceTcp),
            other => Err(RowError::BondMode(other.to_owned())),
        }
    }
}

/// Whether a bond talks LACP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lacp {
    /// Not at all.
    Off,
    /// It begins.
    Active,
    /// It answers.
    Passive,
}

impl Lacp {
    /// The text of `Port.lacp`.
    pub fn as_str(self) -> &'static str {
        match self {
            Lacp::Off => "off",
            Lacp::Active => "active",
            Lacp::Passive => "passive",
        }
    }
}

/// How a bond finds out that a member is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Detect {
    /// By the carrier.
    Carrier,
    /// By asking the MII.
    Miimon,
}

impl Detect {
    /// The text of `other_config:bond-detect-mode`.
    pub fn as_str(self) -> &'static str {
        match self {
            Detect::Carrier => "carrier",
            Detect::Miimon => "miimon",
        }
    }

    /// As ovs-vswitchd reads it: what isn't miimon is carrier.
    pub fn of(text: &str) -> Detect {
        if text == "miimon" {
            Detect::Miimon
        } else {
            Detect::Carrier
        }
    }

    fn from_use_carrier(number: u32) -> Detect {
        if number > 0 {
            Detect::Carrier
        } else {
            Detect::Miimon
        }
    }
}

/// How often LACP speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LacpTime {
    /// Every second.
    Fast,
    /// Every thirty seconds.
    Slow,
}

impl LacpTime {
    /// The text of `other_config:lacp-time`.
    pub fn as_str(self) -> &'static str {
        match self {
            LacpTime::Fast => "fast",
            LacpTime::Slow => "slow",
        }
    }

    /// As ovs-vswitchd reads it: what isn't fast is slow.
    pub fn of(text: &str) -> LacpTime {
        if text.eq_ignore_ascii_case("fast") {
            LacpTime::Fast
        } else {
            LacpTime::Slow
        }
    }
}

/// Reads six octets in hexadecimal with colons between them, in either case.
pub fn parse_mac(text: &str) -> Result<Mac, RowError> {
    let wrong = || RowError::Mac(text.to_owned());
    let mut mac = [0; 6];
    let mut parts = text.split(':');
    for octet in &mut mac {
        let part = parts
            .next()
            .filter(|part| part.len() == 2)
            .ok_or_else(wrong)?;
        if !part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        *octet = u8::from_str_radix(part, 16).map_err(|_| wrong())?;
    }
    if parts.next().is_some() {
        Err(wrong())
    } else {
        Ok(mac)
    }
}

/// Writes an address as Open vSwitch does, in lower case.
pub fn mac_text(mac: &Mac) -> String {
    let [a, b, c, d, e, f] = mac;
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

impl fmt::Display for BondMode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bond(text: &str) -> Bond {
        Bond::from_properties(
            text.split_whitespace()
                .filter_map(|pair| pair.split_once('=')),
        )
        .unwrap()
    }

    #[test]
    fn what_xapi_sends_for_active_backup_is_carrier_detected_and_slow_to_take_a_member_back() {
        let bond = bond(
            "mode=active-backup miimon=100 downdelay=200 updelay=31000 use_carrier=1 hashing-algorithm= \
             rebalance-interval=1800000",
        );
        let expected = Bond {
            updelay_ms: 31_000,
            downdelay_ms: 200,
            miimon_interval_ms: Some(100),
            detect: Some(Detect::Carrier),
            rebalance_interval_ms: Some(1_800_000),
            ..Bond::new(BondMode::ActiveBackup)
        };
        assert_eq!(bond, expected);
    }

    #[test]
    fn lacp_hashes_by_ports_unless_asked_for_source_addresses() {
        assert_eq!(bond("mode=lacp").mode, BondMode::BalanceTcp);
        assert_eq!(
            bond("mode=lacp hashing-algorithm=tcpudp_ports").mode,
            BondMode::BalanceTcp
        );
        let slb = bond("mode=lacp hashing-algorithm=src_mac lacp-time=fast lacp-fallback-ab=true");
        assert_eq!((slb.mode, slb.lacp), (BondMode::BalanceSlb, Lacp::Active));
        assert_eq!(
            (slb.lacp_time, slb.lacp_fallback_ab),
            (Some(LacpTime::Fast), Some(true))
        );
    }

    #[test]
    fn unknown_keys_get_the_prefix_and_bad_numbers_are_left_out() {
        let bond = bond("primary=eth3 miimon=-1 updelay=soon use_carrier=0 lacp-aggregation-key=7");
        assert_eq!(
            bond.other_config,
            BTreeMap::from([("bond-primary".to_owned(), "eth3".to_owned())])
        );
        assert_eq!((bond.miimon_interval_ms, bond.updelay_ms), (None, 0));
        assert_eq!(bond.detect, Some(Detect::Miimon));
        assert_eq!(bond.lacp_aggregation_key.as_deref(), Some("7"));
        assert_eq!(bond.mode, BondMode::BalanceSlb);
    }

    #[test]
    fn a_mode_that_open_vswitch_lacks_is_refused() {
        let refused = Bond::from_properties([("mode", "balance-rr")]);
        assert_eq!(refused, Err(RowError::BondMode("balance-rr".to_owned())));
    }

    #[test]
    fn a_bond_of_one_member_is_a_plain_port_named_after_it() {
        let members = BTreeSet::from(["eth1".to_owned()]);
        let mac = Some([2, 0, 0, 0, 0, 1]);
        let made = Port::bonded(
            "xapi0",
            "bond0",
            members,
            mac,
            Bond::new(BondMode::BalanceSlb),
        );
        assert_eq!(made, ("eth1".to_owned(), Port::plain("xapi0", "eth1")));
    }

    #[test]
    fn an_address_is_six_pairs_of_hexadecimal_digits_and_nothing_else() {
        assert_eq!(
            parse_mac("00:16:3E:aa:0b:ff"),
            Ok([0, 0x16, 0x3e, 0xaa, 0x0b, 0xff])
        );
        assert_eq!(
            mac_text(&[0, 0x16, 0x3e, 0xaa, 0x0b, 0xff]),
            "00:16:3e:aa:0b:ff"
        );
        for bad in [
            "",
            "0:1:2:3:4:5",
            "00:16:3e:aa:0b",
            "00:16:3e:aa:0b:ff:00",
            "+0:16:3e:aa:0b:ff",
            "é0:16:3e:aa:0b:ff",
        ] {
            assert_eq!(parse_mac(bad), Err(RowError::Mac(bad.to_owned())));
        }
    }
}
