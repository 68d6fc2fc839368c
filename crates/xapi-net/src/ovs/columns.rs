//! What is written to each column of a bridge or a port, and which keys of its maps are ours to write.
//!
//! This is the inverse of what [`super::tables`] reads; a round trip through both gives the same value.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::notation::{Columns, optional};
use super::row::{Bond, MARK, NETWORK_UUIDS, Port, RealBridge, VlanBridge, mac_text};
use super::tables::{BridgeRow, FAKE_BRIDGE_PREFIX, InterfaceRow, PortRow, is_port_id};

pub(super) fn columns<const N: usize>(pairs: [(&str, Value); N]) -> Columns {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

pub(super) fn bridge_scalars(wish: &RealBridge) -> Columns {
    columns([
        ("datapath_type", json!(wish.datapath.as_str())),
        ("fail_mode", json!(wish.fail_mode.as_str())),
        (
            "mcast_snooping_enable",
            json!(wish.igmp_snooping.is_some_and(|snooping| snooping.enable)),
        ),
    ])
}

pub(super) fn current_bridge(row: &BridgeRow) -> Columns {
    columns([
        ("datapath_type", json!(row.datapath_type)),
        ("fail_mode", optional(row.fail_mode.clone())),
        ("mcast_snooping_enable", json!(row.mcast_snooping_enable)),
    ])
}

const BRIDGE_KEYS: [&str; 5] = [
    "hwaddr",
    "disable-in-band",
    "mac-table-size",
    "enable-ipv6-mcast-snooping",
    "mcast-snooping-disable-flood-unregistered",
];

pub(super) fn is_bridge_key(key: &str) -> bool {
    BRIDGE_KEYS.contains(&key)
}

pub(super) fn bridge_other_config(wish: &RealBridge) -> BTreeMap<String, String> {
    let values = [
        wish.mac.map(|mac| mac_text(&mac)),
        wish.disable_in_band.map(|flag| flag.to_string()),
        wish.mac_table_size.map(|size| size.to_string()),
        wish.igmp_snooping.map(|snooping| snooping.ipv6.to_string()),
        wish.igmp_snooping
            .map(|snooping| snooping.disable_flood_unregistered.to_string()),
    ];
    given(BRIDGE_KEYS.into_iter().zip(values))
}

pub(super) fn is_bridge_id(key: &str) -> bool {
    key == MARK || key == NETWORK_UUIDS
}

pub(super) fn bridge_ids(wish: &RealBridge, ours: bool) -> BTreeMap<String, String> {
    given([
        (MARK, mark(ours)),
        (NETWORK_UUIDS, wish.network_uuids.clone()),
    ])
}

pub(super) fn is_vlan_id(key: &str) -> bool {
    key == MARK || key.strip_prefix(FAKE_BRIDGE_PREFIX) == Some(NETWORK_UUIDS)
}

pub(super) fn vlan_ids(wish: &VlanBridge, ours: bool) -> BTreeMap<String, String> {
    let key = format!("{FAKE_BRIDGE_PREFIX}{NETWORK_UUIDS}");
    given([
        (MARK, mark(ours)),
        (key.as_str(), wish.network_uuids.clone()),
    ])
}

pub(super) fn current_vlan(row: &PortRow) -> Columns {
    columns([
        ("fake_bridge", json!(row.fake_bridge)),
        ("tag", optional(row.tag)),
    ])
}

pub(super) fn port_scalars(wish: &Port) -> Columns {
    let bond = wish.bond.as_ref();
    columns([
        ("fake_bridge", json!(false)),
        ("protected", json!(wish.protected)),
        ("tag", optional(wish.tag)),
        ("mac", optional(wish.mac.map(|mac| mac_text(&mac)))),
        ("bond_mode", optional(bond.map(|bond| bond.mode.as_str()))),
        ("lacp", optional(bond.map(|bond| bond.lacp.as_str()))),
        (
            "bond_updelay",
            json!(bond.map_or(0, |bond| bond.updelay_ms)),
        ),
        (
            "bond_downdelay",
            json!(bond.map_or(0, |bond| bond.downdelay_ms)),
        ),
    ])
}

pub(super) fn current_port(row: &PortRow) -> Columns {
    columns([
        ("fake_bridge", json!(row.fake_bridge)),
        ("protected", json!(row.protected)),
        ("tag", optional(row.tag)),
        ("mac", optional(row.mac.clone())),
        ("bond_mode", optional(row.bond_mode.clone())),
        ("lacp", optional(row.lacp.clone())),
        ("bond_updelay", json!(row.bond_updelay)),
        ("bond_downdelay", json!(row.bond_downdelay)),
    ])
}

pub(super) fn port_other_config(wish: &Port) -> BTreeMap<String, String> {
    let Some(bond) = &wish.bond else {
        return BTreeMap::new();
    };
    let own = given([
        (
            "bond-miimon-interval",
            bond.miimon_interval_ms.map(|number| number.to_string()),
        ),
        (
            "bond-detect-mode",
            bond.detect.map(|detect| detect.as_str().to_owned()),
        ),
        (
            "bond-rebalance-interval",
            bond.rebalance_interval_ms.map(|number| number.to_string()),
        ),
        (
            "lacp-time",
            bond.lacp_time.map(|time| time.as_str().to_owned()),
        ),
        (
            "lacp-fallback-ab",
            bond.lacp_fallback_ab.map(|flag| flag.to_string()),
        ),
    ]);
    bond.other_config.clone().into_iter().chain(own).collect()
}

pub(super) fn is_our_port_id(key: &str) -> bool {
    key == MARK || is_port_id(key)
}

pub(super) fn port_ids(wish: &Port, ours: bool) -> BTreeMap<String, String> {
    let free = wish.external_ids.clone().into_iter();
    free.chain(mark(ours).map(|text| (MARK.to_owned(), text)))
        .collect()
}

const MEMBER_KEYS: [&str; 2] = ["lacp-aggregation-key", "lacp-actor-key"];

pub(super) fn is_member_key(key: &str) -> bool {
    MEMBER_KEYS.contains(&key)
}

pub(super) fn member_other_config(wish: &Port) -> BTreeMap<String, String> {
    let bond = wish.bond.as_ref();
    let of = |pick: fn(&Bond) -> &Option<String>| bond.and_then(|bond| pick(bond).clone());
    let values = [
        of(|bond| &bond.lacp_aggregation_key),
        of(|bond| &bond.lacp_actor_key),
    ];
    given(MEMBER_KEYS.into_iter().zip(values))
}

/// What is limited on each interface of a port.
pub(super) fn member_scalars(wish: &Port) -> Columns {
    let policing = wish.policing;
    columns([
        (
            "ingress_policing_rate",
            json!(policing.map_or(0, |it| it.kbps)),
        ),
        (
            "ingress_policing_burst",
            json!(policing.map_or(0, |it| it.burst)),
        ),
    ])
}

pub(super) fn current_member(row: &InterfaceRow) -> Columns {
    columns([
        ("ingress_policing_rate", json!(row.policing_rate)),
        ("ingress_policing_burst", json!(row.policing_burst)),
    ])
}

fn mark(ours: bool) -> Option<String> {
    ours.then(|| "true".to_owned())
}

/// The pairs that have a value.
fn given<'a>(
    pairs: impl IntoIterator<Item = (&'a str, Option<String>)>,
) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}
