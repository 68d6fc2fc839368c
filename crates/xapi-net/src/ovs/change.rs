//! From rows that are wished for to the operations of one OVSDB transaction.
//!
//! The rows as they were read and [`Wishes`] give the operations that lead to the new rows and nothing else:
//! what is already so is not written, and keys of other programs stay. Every row whose references are changed is
//! guarded by a `wait`: when somebody else changed it since we read it, the whole transaction fails, and the caller
//! reads again.
//!
//! An Interface row stays only while it stays in its port on its bridge. A NIC that moves gets a new row: the old one
//! may keep its port number if ovs-vswitchd cannot make the new bridge, and would look like success. For the traffic it
//! makes no difference, since ovs-vswitchd goes by names: moving a NIC between bridges with its row or with a new one,
//! twenty times each, took 6 to 20 ms until it was done, and one ping of ten milliseconds at most was lost either way.
//!
//! This module must not know sockets. Start with [`plan`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::columns::{
    bridge_ids, bridge_other_config, bridge_scalars, columns, current_bridge, current_member,
    current_port, current_vlan, is_bridge_id, is_bridge_key, is_member_key, is_our_port_id,
    is_vlan_id, member_other_config, member_scalars, port_ids, port_other_config, port_scalars,
    vlan_ids,
};
use super::notation::{Columns, Uuid, map, named_uuid, optional, set, uuid};
use super::row::{Bridge, InterfaceKind, Port, RealBridge, VlanBridge, is_vif_id, mac_text};
use super::tables::{Seen, Tables, has_options, is_bond_key};
use super::wish::{Conflict, Index, PortEntry, Role, Wishes, check};

/// One transaction, ready to be sent.
#[derive(Debug)]
pub(super) struct Transaction {
    /// The operations, without the name of the database.
    pub(super) ops: Vec<Value>,
    /// Whether the operations change anything.
    pub(super) is_empty: bool,
    /// Every interface of what is wished for, by device name.
    pub(super) interfaces: Vec<(String, Handle)>,
}

/// Where the row of an interface is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Handle {
    /// It was there.
    There(Uuid),
    /// The operation at this index inserts it.
    Inserted(usize),
}

/// The operations that make `wishes` true of `tables`.
pub(super) fn plan(tables: &Tables, wishes: &Wishes) -> Result<Transaction, Conflict> {
    let index = Index::of(tables);
    check(&index, wishes)?;
    let mut builder = Builder::new(tables, &index);
    for (name, wish) in &wishes.bridges {
        builder.forget_bridge(name, wish.as_ref().map(|seen| &seen.row));
    }
    for (name, _) in wishes.ports.iter().filter(|(_, wish)| wish.is_none()) {
        builder.forget_port(name);
    }
    for (name, wish) in &wishes.bridges {
        match wish {
            Some(Seen {
                row: Bridge::Real(row),
                ours,
            }) => builder.put_real(name, row, *ours),
            Some(Seen {
                row: Bridge::Vlan(row),
                ours,
            }) => builder.put_vlan(name, row, *ours),
            None => {}
        }
    }
    for (name, wish) in &wishes.ports {
        if let Some(Seen { row, ours }) = wish {
            builder.put_port(name, row, *ours);
        }
    }
    Ok(builder.finish())
}

/// References that a row gains and loses.
#[derive(Default)]
struct References {
    gained: Vec<Value>,
    lost: BTreeSet<Uuid>,
}

struct Builder<'a> {
    tables: &'a Tables,
    index: &'a Index,
    guards: Vec<Value>,
    ops: Vec<Value>,
    interfaces: Vec<(String, Handle)>,
    bridges: References,
    /// By the name of the bridge.
    ports: BTreeMap<String, References>,
    /// Rows of bridges to be inserted, once it is known which ports they get.
    new_bridges: BTreeMap<String, Columns>,
}

impl<'a> Builder<'a> {
    fn new(tables: &'a Tables, index: &'a Index) -> Builder<'a> {
        Builder {
            tables,
            index,
            guards: Vec::new(),
            ops: Vec::new(),
            interfaces: Vec::new(),
            bridges: References::default(),
            ports: BTreeMap::new(),
            new_bridges: BTreeMap::new(),
        }
    }

    /// Takes away the bridge that is there, unless the new one is of the same kind.
    fn forget_bridge(&mut self, name: &str, wish: Option<&Bridge>) {
        if let Some(id) = self
            .index
            .bridges
            .get(name)
            .filter(|_| !matches!(wish, Some(Bridge::Real(_))))
        {
            self.bridges.lost.insert(id.clone());
            self.ports.entry(name.to_owned()).or_default();
        }
        if let Some(entry) = self.index.ports.get(name) {
            let is_vlan = matches!(entry.role, Role::Vlan(_));
            if is_vlan && !matches!(wish, Some(Bridge::Vlan(_))) {
                self.ports
                    .entry(entry.bridge.clone())
                    .or_default()
                    .lost
                    .insert(entry.id.clone());
            }
        }
    }

    fn forget_port(&mut self, name: &str) {
        if let Some(entry) = self
            .index
            .ports
            .get(name)
            .filter(|entry| entry.role == Role::Port)
        {
            self.ports
                .entry(entry.bridge.clone())
                .or_default()
                .lost
                .insert(entry.id.clone());
        }
    }

    fn put_real(&mut self, name: &str, wish: &RealBridge, ours: bool) {
        let scalars = bridge_scalars(wish);
        let (other_config, external_ids) = (bridge_other_config(wish), bridge_ids(wish, ours));
        let there = self
            .index
            .bridges
            .get(name)
            .and_then(|id| Some((id, self.tables.bridges.get(id)?)));
        if let Some((id, row)) = there {
            let mutations = [
                map_mutations(
                    "other_config",
                    &row.other_config,
                    is_bridge_key,
                    &other_config,
                ),
                map_mutations(
                    "external_ids",
                    &row.external_ids,
                    is_bridge_id,
                    &external_ids,
                ),
            ];
            self.write(
                "Bridge",
                id,
                differences(scalars, &current_bridge(row)),
                mutations.concat(),
            );
            let local = self
                .index
                .ports
                .get(name)
                .and_then(|entry| entry.members.get(name));
            if let Some(local) = local {
                if row.datapath_type != wish.datapath.as_str() {
                    // The bridge is made anew; its old port number must not look like success.
                    self.update("Interface", local, columns([("ofport", set([]))]));
                }
                let now = self.tables.interfaces.get(local).and_then(|row| row.mtu());
                let now = columns([("mtu_request", optional(now))]);
                let wished = columns([("mtu_request", optional(wish.mtu))]);
                self.write("Interface", local, differences(wished, &now), Vec::new());
                self.interfaces
                    .push((name.to_owned(), Handle::There(local.clone())));
            }
            return;
        }
        let interface = self.insert_local(name, None, wish.mtu);
        let port = columns([("name", json!(name)), ("interfaces", interface)]);
        let port = self.insert("Port", port);
        self.ports
            .entry(name.to_owned())
            .or_default()
            .gained
            .push(port);
        let mut row = scalars;
        row.insert("name".to_owned(), json!(name));
        row.insert("other_config".to_owned(), map(&other_config));
        row.insert("external_ids".to_owned(), map(&external_ids));
        self.new_bridges.insert(name.to_owned(), row);
    }

    fn put_vlan(&mut self, name: &str, wish: &VlanBridge, ours: bool) {
        let scalars = columns([("fake_bridge", json!(true)), ("tag", json!(wish.tag))]);
        let external_ids = vlan_ids(wish, ours);
        let mac = wish.mac.map(|mac| mac_text(&mac));
        let is_vlan = |entry: &&PortEntry| matches!(entry.role, Role::Vlan(_));
        let entry = self.index.ports.get(name).filter(is_vlan);
        let there = entry.and_then(|entry| {
            let interface = entry
                .members
                .get(name)
                .filter(|_| entry.bridge == wish.parent)?;
            Some((
                entry,
                self.tables.ports.get(&entry.id)?,
                interface,
                self.tables.interfaces.get(interface)?,
            ))
        });
        if let Some((entry, row, id, interface)) = there {
            let mutations =
                map_mutations("external_ids", &row.external_ids, is_vlan_id, &external_ids);
            self.write(
                "Port",
                &entry.id,
                differences(scalars, &current_vlan(row)),
                mutations,
            );
            let wished = columns([("mac", optional(mac)), ("mtu_request", optional(wish.mtu))]);
            let now = columns([
                ("mac", optional(interface.mac.clone())),
                ("mtu_request", optional(interface.mtu())),
            ]);
            self.write("Interface", id, differences(wished, &now), Vec::new());
            self.interfaces
                .push((name.to_owned(), Handle::There(id.clone())));
            return;
        }
        if let Some(entry) = entry {
            self.ports
                .entry(entry.bridge.clone())
                .or_default()
                .lost
                .insert(entry.id.clone());
        }
        let interface = self.insert_local(name, mac, wish.mtu);
        let mut row = scalars;
        row.insert("name".to_owned(), json!(name));
        row.insert("interfaces".to_owned(), interface);
        row.insert("external_ids".to_owned(), map(&external_ids));
        let port = self.insert("Port", row);
        self.ports
            .entry(wish.parent.clone())
            .or_default()
            .gained
            .push(port);
    }

    fn put_port(&mut self, name: &str, wish: &Port, ours: bool) {
        let scalars = port_scalars(wish);
        let (other_config, external_ids) = (port_other_config(wish), port_ids(wish, ours));
        let entry = self
            .index
            .ports
            .get(name)
            .filter(|entry| entry.role == Role::Port);
        let stays = entry.filter(|entry| entry.bridge == wish.bridge);
        let members = self.put_members(wish, stays);
        let there = stays.and_then(|entry| Some((entry, self.tables.ports.get(&entry.id)?)));
        if let Some((entry, row)) = there {
            let kept: BTreeSet<_> = row
                .interfaces
                .iter()
                .map(|id| uuid(id).to_string())
                .collect();
            let wished: BTreeSet<_> = members.iter().map(Value::to_string).collect();
            let mut changed = differences(scalars, &current_port(row));
            if kept != wished {
                changed.insert("interfaces".to_owned(), set(members));
                let now = set(row.interfaces.iter().map(|id| uuid(id)));
                self.guard("Port", &entry.id, columns([("interfaces", now)]));
            }
            let mutations = [
                map_mutations(
                    "other_config",
                    &row.other_config,
                    is_bond_key,
                    &other_config,
                ),
                map_mutations(
                    "external_ids",
                    &row.external_ids,
                    is_our_port_id,
                    &external_ids,
                ),
            ];
            self.write("Port", &entry.id, changed, mutations.concat());
            return;
        }
        if let Some(entry) = entry {
            self.ports
                .entry(entry.bridge.clone())
                .or_default()
                .lost
                .insert(entry.id.clone());
        }
        let mut row = scalars;
        row.insert("name".to_owned(), json!(name));
        row.insert("interfaces".to_owned(), set(members));
        row.insert("other_config".to_owned(), map(&other_config));
        row.insert("external_ids".to_owned(), map(&external_ids));
        let port = self.insert("Port", row);
        self.ports
            .entry(wish.bridge.clone())
            .or_default()
            .gained
            .push(port);
    }

    /// References to the interfaces of a port: those it has and keeps, and new ones.
    fn put_members(&mut self, wish: &Port, stays: Option<&PortEntry>) -> Vec<Value> {
        let other_config = member_other_config(wish);
        let is_guests = wish.vif().is_some();
        let is_option = if has_options(&wish.kind) {
            |_: &str| true
        } else {
            |_: &str| false
        };
        let mut references = Vec::new();
        for member in &wish.members {
            let kept = stays.and_then(|entry| {
                let id = entry.members.get(member)?;
                let row = self.tables.interfaces.get(id)?;
                (InterfaceKind::of(&row.kind) == wish.kind).then_some((id, row))
            });
            references.push(match kept {
                Some((id, row)) => {
                    let mut mutations = [
                        map_mutations(
                            "other_config",
                            &row.other_config,
                            is_member_key,
                            &other_config,
                        ),
                        map_mutations("options", &row.options, is_option, &wish.options),
                    ]
                    .concat();
                    let mut changed = Columns::new();
                    if is_guests {
                        changed = differences(member_scalars(wish), &current_member(row));
                        mutations.extend(map_mutations(
                            "external_ids",
                            &row.external_ids,
                            is_vif_id,
                            &wish.interface_ids,
                        ));
                    }
                    self.write("Interface", id, changed, mutations);
                    self.interfaces
                        .push((member.clone(), Handle::There(id.clone())));
                    uuid(id)
                }
                None => {
                    let mut row = member_scalars(wish);
                    row.extend(columns([
                        ("options", map(&wish.options)),
                        ("external_ids", map(&wish.interface_ids)),
                        ("other_config", map(&other_config)),
                    ]));
                    self.insert_interface(member, &wish.kind, row)
                }
            });
        }
        references
    }

    /// The device of a bridge.
    fn insert_local(&mut self, name: &str, mac: Option<String>, mtu: Option<u32>) -> Value {
        let row = columns([("mac", optional(mac)), ("mtu_request", optional(mtu))]);
        self.insert_interface(name, &InterfaceKind::Internal, row)
    }

    fn insert_interface(&mut self, name: &str, kind: &InterfaceKind, mut row: Columns) -> Value {
        row.extend(columns([
            ("name", json!(name)),
            ("type", json!(kind.as_str())),
        ]));
        self.interfaces
            .push((name.to_owned(), Handle::Inserted(self.ops.len())));
        self.insert("Interface", row)
    }

    fn insert(&mut self, table: &str, row: Columns) -> Value {
        let name = format!("row{}", self.ops.len());
        self.ops
            .push(json!({"op": "insert", "table": table, "uuid-name": name, "row": row}));
        named_uuid(&name)
    }

    fn update(&mut self, table: &str, id: &str, row: Columns) {
        self.ops
            .push(json!({"op": "update", "table": table, "where": is(id), "row": row}));
    }

    /// Writes what differs, if anything does.
    fn write(&mut self, table: &str, id: &str, changed: Columns, mutations: Vec<Value>) {
        if !changed.is_empty() {
            self.update(table, id, changed);
        }
        if !mutations.is_empty() {
            self.ops.push(
                json!({"op": "mutate", "table": table, "where": is(id), "mutations": mutations}),
            );
        }
    }

    /// The transaction fails unless the row still is as we read it.
    fn guard(&mut self, table: &str, id: &str, row: Columns) {
        let names: Vec<_> = row.keys().cloned().collect();
        self.guards.push(json!({
            "op": "wait", "table": table, "where": is(id), "columns": names, "until": "==", "rows": [row], "timeout": 0,
        }));
    }

    fn finish(mut self) -> Transaction {
        for (name, mut row) in std::mem::take(&mut self.new_bridges) {
            let ports = self.ports.remove(&name).unwrap_or_default();
            row.insert("ports".to_owned(), set(ports.gained));
            let bridge = self.insert("Bridge", row);
            self.bridges.gained.push(bridge);
        }
        for (name, ports) in std::mem::take(&mut self.ports) {
            let there = self
                .index
                .bridges
                .get(&name)
                .and_then(|id| Some((id, self.tables.bridges.get(id)?)));
            let Some((id, row)) = there else { continue };
            let now = set(row.ports.iter().map(|id| uuid(id)));
            self.guard("Bridge", id, columns([("ports", now)]));
            if !self.bridges.lost.contains(id) {
                self.write(
                    "Bridge",
                    id,
                    Columns::new(),
                    reference_mutations("ports", ports),
                );
            }
        }
        let root = &self.tables.root;
        let bridges = std::mem::take(&mut self.bridges);
        let mutations = reference_mutations("bridges", bridges);
        if !mutations.is_empty() {
            let now = set(root.bridges.iter().map(|id| uuid(id)));
            self.guard("Open_vSwitch", &root.id, columns([("bridges", now)]));
            self.write("Open_vSwitch", &root.id, Columns::new(), mutations);
        }
        let is_empty = self.ops.is_empty();
        let shift = self.guards.len();
        let moved = |(name, handle)| match handle {
            Handle::Inserted(at) => (name, Handle::Inserted(at + shift)),
            there => (name, there),
        };
        let interfaces = self.interfaces.into_iter().map(moved).collect();
        let ops = self.guards.into_iter().chain(self.ops).collect();
        Transaction {
            ops,
            is_empty,
            interfaces,
        }
    }
}

fn is(id: &str) -> Value {
    json!([["_uuid", "==", uuid(id)]])
}

fn reference_mutations(column: &str, references: References) -> Vec<Value> {
    let mut mutations = Vec::new();
    if !references.lost.is_empty() {
        mutations.push(json!([
            column,
            "delete",
            set(references.lost.iter().map(|id| uuid(id)))
        ]));
    }
    if !references.gained.is_empty() {
        mutations.push(json!([column, "insert", set(references.gained)]));
    }
    mutations
}

/// The columns of `wish` that are not so now.
fn differences(wish: Columns, now: &Columns) -> Columns {
    wish.into_iter()
        .filter(|(name, value)| now.get(name) != Some(value))
        .collect()
}

/// What leads from one map to another at the keys that are ours. A key that is there is deleted first: insert leaves the
/// value of a key that exists alone (RFC 7047, section 5.1).
pub(super) fn map_mutations(
    column: &str,
    now: &BTreeMap<String, String>,
    is_ours: fn(&str) -> bool,
    wish: &BTreeMap<String, String>,
) -> Vec<Value> {
    let gone: Vec<_> = now
        .iter()
        .filter(|(key, value)| {
            let wished = wish.get(*key);
            wished.is_some_and(|wished| wished != *value) || (wished.is_none() && is_ours(key))
        })
        .map(|(key, _)| json!(key))
        .collect();
    let new: Vec<_> = wish
        .iter()
        .filter(|(key, value)| now.get(*key) != Some(value))
        .collect();
    let mut mutations = Vec::new();
    if !gone.is_empty() {
        mutations.push(json!([column, "delete", set(gone)]));
    }
    if !new.is_empty() {
        mutations.push(json!([column, "insert", map(new)]));
    }
    mutations
}
