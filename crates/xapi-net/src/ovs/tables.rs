//! The rows we read, typed, and what they mean: which bridges and ports there are, whose they are, and what
//! ovs-vswitchd made of them.
//!
//! This module must not know sockets or how rows are written. Start with [`State`].

use std::collections::{BTreeMap, BTreeSet};

use crate::names::GUARD;

use super::notation::{Columns, Kind, Mismatch, Row, Uuid};
use super::row::{
    Bond, BondMode, Bridge, Datapath, Detect, FailMode, IgmpSnooping, InterfaceKind, Lacp,
    LacpTime, MARK, Mac, NETWORK_UUIDS, Policing, Port, RealBridge, VIF_DEVICE, VlanBridge,
    is_vif_id, parse_mac,
};

/// The prefix `ovs-vsctl br-set-external-id` gives the keys of a fake bridge.
pub const FAKE_BRIDGE_PREFIX: &str = "fake-bridge-";

/// The tables we read, with their columns.
pub const TABLES: [(&str, &[(&str, Kind)]); 4] = [
    (
        "Open_vSwitch",
        &[
            ("bridges", Kind::Set),
            ("external_ids", Kind::Map),
            ("other_config", Kind::Map),
            ("next_cfg", Kind::Integer),
            ("cur_cfg", Kind::Integer),
            ("ovs_version", Kind::Optional),
        ],
    ),
    (
        "Bridge",
        &[
            ("name", Kind::Text),
            ("ports", Kind::Set),
            ("datapath_type", Kind::Text),
            ("fail_mode", Kind::Optional),
            ("controller", Kind::Set),
            ("protocols", Kind::Set),
            ("mcast_snooping_enable", Kind::Boolean),
            ("external_ids", Kind::Map),
            ("other_config", Kind::Map),
        ],
    ),
    (
        "Port",
        &[
            ("name", Kind::Text),
            ("interfaces", Kind::Set),
            ("fake_bridge", Kind::Boolean),
            ("protected", Kind::Boolean),
            ("tag", Kind::Optional),
            ("mac", Kind::Optional),
            ("bond_mode", Kind::Optional),
            ("lacp", Kind::Optional),
            ("bond_updelay", Kind::Integer),
            ("bond_downdelay", Kind::Integer),
            ("bond_active_slave", Kind::Optional),
            ("external_ids", Kind::Map),
            ("other_config", Kind::Map),
        ],
    ),
    (
        "Interface",
        &[
            ("name", Kind::Text),
            ("type", Kind::Text),
            ("mac", Kind::Optional),
            ("mac_in_use", Kind::Optional),
            ("mtu_request", Kind::Optional),
            ("ofport", Kind::Optional),
            ("error", Kind::Optional),
            ("admin_state", Kind::Optional),
            ("link_state", Kind::Optional),
            ("ingress_policing_rate", Kind::Integer),
            ("ingress_policing_burst", Kind::Integer),
            ("options", Kind::Map),
            ("external_ids", Kind::Map),
            ("other_config", Kind::Map),
        ],
    ),
];

/// The one row of the table Open_vSwitch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootRow {
    /// Its identity.
    pub id: Uuid,
    /// The bridges.
    pub bridges: BTreeSet<Uuid>,
    /// Who the host is.
    pub external_ids: BTreeMap<String, String>,
    /// Settings of ovs-vswitchd as a whole.
    pub other_config: BTreeMap<String, String>,
    /// Raised by whoever wants to know when ovs-vswitchd has followed.
    pub next_cfg: i64,
    /// The last `next_cfg` that ovs-vswitchd has followed.
    pub cur_cfg: i64,
    /// What ovs-vswitchd says it is, once it has run.
    pub ovs_version: Option<String>,
}

/// A row of the table Bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgeRow {
    pub(super) name: String,
    pub(super) ports: BTreeSet<Uuid>,
    pub(super) datapath_type: String,
    pub(super) fail_mode: Option<String>,
    pub(super) controlled: bool,
    pub(super) mcast_snooping_enable: bool,
    pub(super) external_ids: BTreeMap<String, String>,
    pub(super) other_config: BTreeMap<String, String>,
}

/// A row of the table Port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortRow {
    pub(super) name: String,
    pub(super) interfaces: BTreeSet<Uuid>,
    pub(super) fake_bridge: bool,
    pub(super) protected: bool,
    pub(super) tag: Option<i64>,
    pub(super) mac: Option<String>,
    pub(super) bond_mode: Option<String>,
    pub(super) lacp: Option<String>,
    pub(super) bond_updelay: i64,
    pub(super) bond_downdelay: i64,
    pub(super) bond_active_slave: Option<String>,
    pub(super) external_ids: BTreeMap<String, String>,
    pub(super) other_config: BTreeMap<String, String>,
}

/// A row of the table Interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceRow {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) mac: Option<String>,
    pub(super) mac_in_use: Option<String>,
    pub(super) mtu_request: Option<i64>,
    pub(super) ofport: Option<i64>,
    pub(super) error: Option<String>,
    pub(super) admin_state: Option<String>,
    pub(super) link_state: Option<String>,
    pub(super) policing_rate: i64,
    pub(super) policing_burst: i64,
    pub(super) options: BTreeMap<String, String>,
    pub(super) external_ids: BTreeMap<String, String>,
    pub(super) other_config: BTreeMap<String, String>,
}

impl RootRow {
    pub(super) fn read(id: Uuid, columns: &Columns) -> Result<RootRow, Mismatch> {
        let row = Row(columns);
        Ok(RootRow {
            id,
            bridges: row.uuids("bridges")?,
            external_ids: row.map("external_ids")?,
            other_config: row.map("other_config")?,
            next_cfg: row.integer("next_cfg")?,
            cur_cfg: row.integer("cur_cfg")?,
            ovs_version: row.optional_text("ovs_version")?,
        })
    }
}

impl BridgeRow {
    pub(super) fn read(columns: &Columns) -> Result<BridgeRow, Mismatch> {
        let row = Row(columns);
        Ok(BridgeRow {
            name: row.text("name")?,
            ports: row.uuids("ports")?,
            datapath_type: row.text("datapath_type")?,
            fail_mode: row.optional_text("fail_mode")?,
            controlled: !row.is_empty("controller")? || !row.is_empty("protocols")?,
            mcast_snooping_enable: row.boolean("mcast_snooping_enable")?,
            external_ids: row.map("external_ids")?,
            other_config: row.map("other_config")?,
        })
    }

    fn value(&self, local: Option<&InterfaceRow>) -> RealBridge {
        let flag = |key| self.other_config.get(key).map(|text| text == "true");
        RealBridge {
            datapath: if self.datapath_type == "netdev" {
                Datapath::Netdev
            } else {
                Datapath::System
            },
            mac: mac(self.other_config.get("hwaddr")),
            fail_mode: match self.fail_mode.as_deref() {
                Some("secure") => FailMode::Secure,
                _ => FailMode::Standalone,
            },
            controlled: self.controlled && self.name == GUARD.as_str(),
            disable_in_band: flag("disable-in-band"),
            igmp_snooping: self.igmp_snooping(),
            network_uuids: self.external_ids.get(NETWORK_UUIDS).cloned(),
            mtu: local.and_then(InterfaceRow::mtu),
            mac_table_size: self
                .other_config
                .get("mac-table-size")
                .and_then(|text| text.parse().ok()),
        }
    }

    fn igmp_snooping(&self) -> Option<IgmpSnooping> {
        let ipv6 = self.other_config.get("enable-ipv6-mcast-snooping");
        let disable = self
            .other_config
            .get("mcast-snooping-disable-flood-unregistered");
        let untouched = !self.mcast_snooping_enable && ipv6.is_none() && disable.is_none();
        let is_true = |text: Option<&String>| text.is_some_and(|text| text == "true");
        (!untouched).then(|| IgmpSnooping {
            enable: self.mcast_snooping_enable,
            ipv6: is_true(ipv6),
            disable_flood_unregistered: is_true(disable),
        })
    }
}

impl PortRow {
    pub(super) fn read(columns: &Columns) -> Result<PortRow, Mismatch> {
        let row = Row(columns);
        Ok(PortRow {
            name: row.text("name")?,
            interfaces: row.uuids("interfaces")?,
            fake_bridge: row.boolean("fake_bridge")?,
            protected: row.boolean("protected")?,
            tag: row.optional_integer("tag")?,
            mac: row.optional_text("mac")?,
            bond_mode: row.optional_text("bond_mode")?,
            lacp: row.optional_text("lacp")?,
            bond_updelay: row.integer("bond_updelay")?,
            bond_downdelay: row.integer("bond_downdelay")?,
            bond_active_slave: row.optional_text("bond_active_slave")?,
            external_ids: row.map("external_ids")?,
            other_config: row.map("other_config")?,
        })
    }

    fn tag(&self) -> Option<u16> {
        self.tag
            .and_then(|tag| u16::try_from(tag).ok())
            .filter(|tag| *tag < 4096)
    }

    /// The VLAN of a fake bridge, by the same test as ovs-vsctl.
    pub(super) fn fake_bridge_tag(&self) -> Option<u16> {
        if self.fake_bridge { self.tag() } else { None }
    }

    /// A number of the XenAPI world fits; one that somebody set by hand may not, and then it isn't ours either.
    fn bond(&self, members: &[&InterfaceRow]) -> Bond {
        let option = |key| self.other_config.get(key);
        let number = |key| option(key).and_then(|text| text.parse().ok());
        let of_members = |key| in_all(members.iter().map(|member| member.other_config.get(key)));
        Bond {
            mode: self
                .bond_mode
                .as_deref()
                .and_then(|text| text.parse().ok())
                .unwrap_or(BondMode::ActiveBackup),
            lacp: match self.lacp.as_deref() {
                Some("active") => Lacp::Active,
                Some("passive") => Lacp::Passive,
                _ => Lacp::Off,
            },
            updelay_ms: u32::try_from(self.bond_updelay).unwrap_or(0),
            downdelay_ms: u32::try_from(self.bond_downdelay).unwrap_or(0),
            miimon_interval_ms: number("bond-miimon-interval"),
            detect: option("bond-detect-mode").map(|text| Detect::of(text)),
            rebalance_interval_ms: number("bond-rebalance-interval"),
            lacp_time: option("lacp-time").map(|text| LacpTime::of(text)),
            lacp_fallback_ab: option("lacp-fallback-ab").map(|text| text == "true"),
            lacp_aggregation_key: of_members("lacp-aggregation-key"),
            lacp_actor_key: of_members("lacp-actor-key"),
            other_config: self
                .other_config
                .iter()
                .filter(|(key, _)| is_free_bond_key(key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        }
    }
}

/// The value that all members have; a key that only some of them have is as good as missing.
fn in_all<'a>(values: impl Iterator<Item = Option<&'a String>>) -> Option<String> {
    let values: BTreeSet<_> = values.collect();
    if values.len() == 1 {
        values.into_iter().next().flatten().cloned()
    } else {
        None
    }
}

/// Keys of a port's `other_config` that a bond owns.
pub(super) fn is_bond_key(key: &str) -> bool {
    key.starts_with("bond-") || key == "lacp-time" || key == "lacp-fallback-ab"
}

/// Those of them that have no field of their own in [`Bond`].
fn is_free_bond_key(key: &str) -> bool {
    key.starts_with("bond-")
        && !matches!(
            key,
            "bond-miimon-interval" | "bond-detect-mode" | "bond-rebalance-interval"
        )
}

/// External ids of a port that are shown and written.
pub(super) fn is_port_id(key: &str) -> bool {
    key.starts_with("xs-")
}

impl InterfaceRow {
    /// The MTU asked for.
    pub(super) fn mtu(&self) -> Option<u32> {
        self.mtu_request.and_then(|mtu| u32::try_from(mtu).ok())
    }

    fn policing(&self) -> Option<Policing> {
        Some(Policing {
            kbps: u32::try_from(self.policing_rate)
                .ok()
                .filter(|it| *it > 0)?,
            burst: u32::try_from(self.policing_burst).unwrap_or(0),
        })
    }

    pub(super) fn read(columns: &Columns) -> Result<InterfaceRow, Mismatch> {
        let row = Row(columns);
        Ok(InterfaceRow {
            name: row.text("name")?,
            kind: row.text("type")?,
            mac: row.optional_text("mac")?,
            mac_in_use: row.optional_text("mac_in_use")?,
            mtu_request: row.optional_integer("mtu_request")?,
            ofport: row.optional_integer("ofport")?,
            error: row.optional_text("error")?,
            admin_state: row.optional_text("admin_state")?,
            link_state: row.optional_text("link_state")?,
            policing_rate: row.integer("ingress_policing_rate")?,
            policing_burst: row.integer("ingress_policing_burst")?,
            options: row.map("options")?,
            external_ids: row.map("external_ids")?,
            other_config: row.map("other_config")?,
        })
    }
}

/// Everything we read, by identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    pub(super) root: RootRow,
    pub(super) bridges: BTreeMap<Uuid, BridgeRow>,
    pub(super) ports: BTreeMap<Uuid, PortRow>,
    pub(super) interfaces: BTreeMap<Uuid, InterfaceRow>,
}

fn take<T>(
    rows: &mut BTreeMap<Uuid, T>,
    id: &str,
    row: Option<&Columns>,
    read: fn(&Columns) -> Result<T, Mismatch>,
) -> Result<(), Mismatch> {
    match row {
        Some(row) => rows.insert(id.to_owned(), read(row)?),
        None => rows.remove(id),
    };
    Ok(())
}

/// A value, and whether it carries our mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    /// What is there.
    pub row: T,
    /// Whether it is marked as ours.
    pub ours: bool,
}

/// What ovs-vswitchd says about one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The port it is in.
    pub port: String,
    /// What it is.
    pub kind: InterfaceKind,
    /// Its OpenFlow port number; `None` until ovs-vswitchd has looked at it, −1 when it could not be opened.
    pub ofport: Option<i64>,
    /// Why it could not be opened.
    pub error: Option<String>,
    /// Whether the device is set up.
    pub admin_up: Option<bool>,
    /// Whether the link is up.
    pub link_up: Option<bool>,
    /// The address of the device.
    pub mac_in_use: Option<Mac>,
}

impl Interface {
    /// Why the interface does not work; `None` when it does.
    pub fn failure(&self) -> Option<String> {
        failure(&self.kind, self.error.as_deref(), self.ofport)
    }

    fn of(port: &str, row: &InterfaceRow) -> Interface {
        let is_up = |state: &Option<String>| state.as_deref().map(|text| text == "up");
        Interface {
            port: port.to_owned(),
            kind: InterfaceKind::of(&row.kind),
            ofport: row.ofport,
            error: row.error.clone(),
            admin_up: is_up(&row.admin_state),
            link_up: is_up(&row.link_state),
            mac_in_use: mac(row.mac_in_use.as_ref()),
        }
    }
}

/// That ovs-vswitchd has followed says nothing about success: an interface it could not open has an error and the port
/// number −1. One end of a patch may be there before the other, and says so; that is no failure of its own.
pub(super) fn failure(
    kind: &InterfaceKind,
    error: Option<&str>,
    ofport: Option<i64>,
) -> Option<String> {
    let is_patch = *kind == InterfaceKind::Other("patch".to_owned());
    match (error, ofport) {
        (Some(_), Some(0..)) if is_patch => None,
        (Some(text), _) => Some(text.to_owned()),
        (None, Some(number)) if number >= 0 => None,
        (None, Some(_)) => Some("could not be opened".to_owned()),
        (None, None) => Some("not looked at by ovs-vswitchd".to_owned()),
    }
}

/// The bridges, ports and interfaces of a host, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Real and VLAN bridges.
    pub bridges: BTreeMap<String, Seen<Bridge>>,
    /// Ports other than the local ports of bridges and the ports that are VLAN bridges.
    pub ports: BTreeMap<String, Seen<Port>>,
    /// Every interface, those of bridges among them.
    pub interfaces: BTreeMap<String, Interface>,
    /// The member that carries the traffic of an active-backup bond, by port; for other modes the one that carries
    /// what is not spread.
    pub active_members: BTreeMap<String, String>,
    /// `Open_vSwitch.external_ids:system-uuid`.
    pub system_uuid: Option<String>,
    /// What ovs-vswitchd says it is; `None` as long as it never ran on this database.
    pub ovs_version: Option<String>,
}

impl Tables {
    /// A row of one of [`TABLES`] as it is now; `None` if it has gone.
    pub(super) fn take(
        &mut self,
        table: &str,
        id: &str,
        row: Option<&Columns>,
    ) -> Result<(), Mismatch> {
        match table {
            "Bridge" => take(&mut self.bridges, id, row, BridgeRow::read),
            "Port" => take(&mut self.ports, id, row, PortRow::read),
            "Interface" => take(&mut self.interfaces, id, row, InterfaceRow::read),
            _ => {
                self.root = match row {
                    Some(row) => RootRow::read(id.to_owned(), row)?,
                    None => RootRow::default(),
                };
                Ok(())
            }
        }
    }

    /// What the rows mean.
    pub fn state(&self) -> State {
        let mut state = State {
            system_uuid: self.root.external_ids.get("system-uuid").cloned(),
            ovs_version: self.root.ovs_version.clone(),
            ..State::default()
        };
        for bridge in self
            .root
            .bridges
            .iter()
            .filter_map(|id| self.bridges.get(id))
        {
            let ours = is_marked(&bridge.external_ids);
            let row = Bridge::Real(bridge.value(self.local(bridge)));
            state
                .bridges
                .insert(bridge.name.clone(), Seen { row, ours });
            for port in bridge.ports.iter().filter_map(|id| self.ports.get(id)) {
                self.add_port(&mut state, bridge, port);
            }
        }
        state
    }

    fn add_port(&self, state: &mut State, bridge: &BridgeRow, port: &PortRow) {
        let members = self.members(port);
        for member in &members {
            state
                .interfaces
                .insert(member.name.clone(), Interface::of(&port.name, member));
        }
        let ours = is_marked(&port.external_ids);
        if let Some(tag) = port.fake_bridge_tag() {
            let key = format!("{FAKE_BRIDGE_PREFIX}{NETWORK_UUIDS}");
            let row = Bridge::Vlan(VlanBridge {
                parent: bridge.name.clone(),
                tag,
                mac: mac(members.iter().find_map(|member| member.mac.as_ref())),
                mtu: members.iter().find_map(|member| member.mtu()),
                network_uuids: port.external_ids.get(&key).cloned(),
            });
            state.bridges.insert(port.name.clone(), Seen { row, ours });
        } else if port.name != bridge.name {
            let row = port_value(bridge, port, &members);
            if let Some(member) = active_member(port, &members) {
                state.active_members.insert(port.name.clone(), member);
            }
            state.ports.insert(port.name.clone(), Seen { row, ours });
        }
    }

    /// The interface of a bridge's local port.
    fn local(&self, bridge: &BridgeRow) -> Option<&InterfaceRow> {
        let ports = bridge.ports.iter().filter_map(|id| self.ports.get(id));
        let local = ports.into_iter().find(|port| port.name == bridge.name)?;
        self.members(local)
            .into_iter()
            .find(|member| member.name == bridge.name)
    }

    pub(super) fn members(&self, port: &PortRow) -> Vec<&InterfaceRow> {
        port.interfaces
            .iter()
            .filter_map(|id| self.interfaces.get(id))
            .collect()
    }
}

/// Options of an interface that are shown and written: all of what is no device, none of one.
pub(super) fn has_options(kind: &InterfaceKind) -> bool {
    matches!(kind, InterfaceKind::Other(_))
}

fn port_value(bridge: &BridgeRow, port: &PortRow, members: &[&InterfaceRow]) -> Port {
    let first = members.first();
    let kind = InterfaceKind::of(first.map_or("", |member| member.kind.as_str()));
    let alone = first.filter(|_| members.len() == 1);
    let with_options = alone.filter(|_| has_options(&kind));
    // What somebody else sets on a NIC is none of our business.
    let guests = alone.filter(|_| port.external_ids.contains_key(VIF_DEVICE));
    let ids = guests.into_iter().flat_map(|member| &member.external_ids);
    Port {
        bridge: bridge.name.clone(),
        members: members.iter().map(|member| member.name.clone()).collect(),
        options: with_options.map_or_else(BTreeMap::new, |member| member.options.clone()),
        interface_ids: ids
            .filter(|(key, _)| is_vif_id(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        policing: guests.and_then(|member| member.policing()),
        protected: port.protected,
        kind,
        bond: (members.len() > 1).then(|| port.bond(members)),
        mac: mac(port.mac.as_ref()),
        tag: port.tag(),
        external_ids: port
            .external_ids
            .iter()
            .filter(|(key, _)| is_port_id(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    }
}

/// The database has the address of the active member, people want its name.
fn active_member(port: &PortRow, members: &[&InterfaceRow]) -> Option<String> {
    let active = mac(port.bond_active_slave.as_ref())?;
    members
        .iter()
        .find(|member| mac(member.mac_in_use.as_ref()) == Some(active))
        .map(|member| member.name.clone())
}

pub(super) fn is_marked(external_ids: &BTreeMap<String, String>) -> bool {
    external_ids.get(MARK).is_some_and(|text| text == "true")
}

fn mac(text: Option<&String>) -> Option<Mac> {
    text.and_then(|text| parse_mac(text).ok())
}
