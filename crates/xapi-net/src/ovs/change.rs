//! From rows that are wished for to the operations of one OVSDB transaction.
//!
//! The rows as they were read and a list of [`RowOp`] give the operations that lead to the new rows and nothing else:
//! what is already so is not written, and keys of other programs stay. Every row whose references are changed is
//! guarded by a `wait`: when somebody else changed it since we read it, the whole transaction fails, and the caller
//! reads again. What Open vSwitch's schema would accept and ovs-vswitchd could not do (an interface in two ports, a
//! VLAN on a bridge that goes) is a [`Conflict`] before anything is sent.
//!
//! An Interface row stays only while it stays in its port on its bridge. A NIC that moves gets a new row: the old one
//! may keep its port number if ovs-vswitchd cannot make the new bridge, and would look like success. ovs-vswitchd
//! itself goes by names; for the traffic a new row is no different (`tests/ovsdb.rs` measures it).
//!
//! This module must not know sockets. Start with [`plan`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use thiserror::Error;

use super::columns::{
    bridge_ids, bridge_other_config, bridge_scalars, columns, current_bridge, current_port,
    current_vlan, is_bridge_id, is_bridge_key, is_member_key, is_our_port_id, is_vlan_id,
    member_other_config, port_ids, port_other_config, port_scalars, vlan_ids,
};
use super::notation::{Columns, Uuid, map, named_uuid, optional, set, uuid};
use super::row::{Bridge, InterfaceKind, Port, RealBridge, VlanBridge, mac_text};
use super::tables::{Seen, State, Tables, is_bond_key};

/// A bridge or port that shall be there, or not any more. Each name may be used once in a list; the order in a list
/// means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOp {
    /// The bridge shall be like this, whether or not there is one by that name.
    PutBridge(String, Bridge),
    /// The bridge is there and shall be like this.
    ChangeBridge(String, Bridge),
    /// The bridge is there, shall be like this and without our mark, as before it was adopted.
    LeaveBridge(String, Bridge),
    /// The bridge shall not be there. Its ports must go or move in the same list.
    DropBridge(String),
    /// The port shall be like this, whether or not there is one by that name.
    PutPort(String, Port),
    /// The port is there and shall be like this.
    ChangePort(String, Port),
    /// The port is there, shall be like this and without our mark, as before it was adopted.
    LeavePort(String, Port),
    /// The port shall not be there.
    DropPort(String),
}

impl RowOp {
    /// The bridge or port it is about.
    pub fn name(&self) -> &str {
        match self {
            RowOp::PutBridge(name, _)
            | RowOp::ChangeBridge(name, _)
            | RowOp::LeaveBridge(name, _)
            | RowOp::DropBridge(name)
            | RowOp::PutPort(name, _)
            | RowOp::ChangePort(name, _)
            | RowOp::LeavePort(name, _)
            | RowOp::DropPort(name) => name,
        }
    }
}

/// Why rows cannot be as wished for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{object}: {why}")]
pub struct Conflict {
    /// The bridge or port that was wished for.
    pub object: String,
    /// What stands against it.
    pub why: String,
}

fn conflict(object: &str, why: impl Into<String>) -> Conflict {
    Conflict {
        object: object.to_owned(),
        why: why.into(),
    }
}

/// What shall be at a name: `None` for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) bridges: BTreeMap<String, Option<Seen<Bridge>>>,
    pub(super) ports: BTreeMap<String, Option<Seen<Port>>>,
}

impl Wishes {
    /// What a list of operations wishes for, given what is there.
    pub(super) fn of(ops: &[RowOp], state: &State) -> Result<Wishes, Conflict> {
        let mut wishes = Wishes::default();
        for op in ops {
            let name = op.name().to_owned();
            let is_there = match op {
                RowOp::ChangeBridge(..) | RowOp::LeaveBridge(..) => {
                    state.bridges.contains_key(&name)
                }
                RowOp::ChangePort(..) | RowOp::LeavePort(..) => state.ports.contains_key(&name),
                _ => true,
            };
            if !is_there {
                return Err(conflict(&name, "is not there any more"));
            }
            let ours = !matches!(op, RowOp::LeaveBridge(..) | RowOp::LeavePort(..));
            let twice = match op {
                RowOp::PutBridge(_, row)
                | RowOp::ChangeBridge(_, row)
                | RowOp::LeaveBridge(_, row) => {
                    let row = row.clone();
                    wishes
                        .bridges
                        .insert(name, Some(Seen { row, ours }))
                        .is_some()
                }
                RowOp::DropBridge(_) => wishes.bridges.insert(name, None).is_some(),
                RowOp::PutPort(_, row) | RowOp::ChangePort(_, row) | RowOp::LeavePort(_, row) => {
                    let row = row.clone();
                    wishes
                        .ports
                        .insert(name, Some(Seen { row, ours }))
                        .is_some()
                }
                RowOp::DropPort(_) => wishes.ports.insert(name, None).is_some(),
            };
            if twice {
                return Err(conflict(op.name(), "is wished for twice"));
            }
        }
        Ok(wishes)
    }

    /// The wishes that lead back to `state` at the names these wishes are about.
    pub(super) fn inverse(&self, state: &State) -> Wishes {
        let bridges = self
            .bridges
            .keys()
            .map(|name| (name.clone(), state.bridges.get(name).cloned()));
        let ports = self
            .ports
            .keys()
            .map(|name| (name.clone(), state.ports.get(name).cloned()));
        Wishes {
            bridges: bridges.collect(),
            ports: ports.collect(),
        }
    }
}

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

/// What a Port row is to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Local,
    Vlan(u16),
    Port,
}

#[derive(Clone, Debug)]
struct PortEntry {
    id: Uuid,
    bridge: String,
    role: Role,
    /// Interfaces by name.
    members: BTreeMap<String, Uuid>,
}

/// The rows by name; only those that the root reaches.
struct Index {
    bridges: BTreeMap<String, Uuid>,
    ports: BTreeMap<String, PortEntry>,
}

impl Index {
    fn of(tables: &Tables) -> Index {
        let mut index = Index {
            bridges: BTreeMap::new(),
            ports: BTreeMap::new(),
        };
        for id in &tables.root.bridges {
            let Some(bridge) = tables.bridges.get(id) else {
                continue;
            };
            index.bridges.insert(bridge.name.clone(), id.clone());
            for id in &bridge.ports {
                let Some(port) = tables.ports.get(id) else {
                    continue;
                };
                let role = match port.fake_bridge_tag() {
                    Some(tag) => Role::Vlan(tag),
                    None if port.name == bridge.name => Role::Local,
                    None => Role::Port,
                };
                let interface =
                    |id: &Uuid| Some((tables.interfaces.get(id)?.name.clone(), id.clone()));
                let members = port.interfaces.iter().filter_map(interface).collect();
                let entry = PortEntry {
                    id: id.clone(),
                    bridge: bridge.name.clone(),
                    role,
                    members,
                };
                index.ports.insert(port.name.clone(), entry);
            }
        }
        index
    }
}

/// The ports there will be, to look for what cannot be.
fn check(index: &Index, wishes: &Wishes) -> Result<(), Conflict> {
    let real = real_bridges(index, wishes);
    let mut ports: BTreeMap<&str, (&str, Role, BTreeSet<&str>)> = BTreeMap::new();
    for name in &real {
        ports.insert(name, (name, Role::Local, BTreeSet::from([*name])));
    }
    for (name, wish) in &wishes.bridges {
        if let Some(Seen {
            row: Bridge::Vlan(row),
            ..
        }) = wish
        {
            ports.insert(
                name,
                (
                    &row.parent,
                    Role::Vlan(row.tag),
                    BTreeSet::from([name.as_str()]),
                ),
            );
        }
    }
    for (name, wish) in &wishes.ports {
        let Some(Seen { row, .. }) = wish else {
            continue;
        };
        check_members(name, row)?;
        let members = row.members.iter().map(String::as_str).collect();
        if ports
            .insert(name, (&row.bridge, Role::Port, members))
            .is_some()
        {
            return Err(conflict(name, "is wished for as a bridge and as a port"));
        }
    }
    for (name, entry) in &index.ports {
        let is_named = match entry.role {
            Role::Port => wishes.ports.contains_key(name),
            Role::Vlan(_) | Role::Local => wishes.bridges.contains_key(name),
        };
        if is_named || entry.role == Role::Local {
            continue;
        }
        let members = entry.members.keys().map(String::as_str).collect();
        if ports
            .insert(name, (&entry.bridge, entry.role, members))
            .is_some()
        {
            return Err(conflict(
                name,
                format!("there is another of that name on {}", entry.bridge),
            ));
        }
    }
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    let mut vlans: BTreeMap<(&str, u16), &str> = BTreeMap::new();
    for (name, (bridge, role, members)) in &ports {
        if !real.contains(bridge) {
            let why = format!("there is no bridge {bridge} for it");
            let busy = || conflict(bridge, format!("{name} is still on it"));
            let is_wished = wishes.ports.contains_key(*name) || wishes.bridges.contains_key(*name);
            return Err(if is_wished {
                conflict(name, why)
            } else {
                busy()
            });
        }
        if let Role::Vlan(tag) = role {
            if let Some(other) = vlans.insert((bridge, *tag), name) {
                return Err(conflict(
                    name,
                    format!("VLAN {tag} of {bridge} is already {other}"),
                ));
            }
        }
        for member in members {
            if let Some(other) = owners.insert(member, name) {
                return Err(conflict(name, format!("{member} is already in {other}")));
            }
        }
    }
    Ok(())
}

fn check_members(name: &str, port: &Port) -> Result<(), Conflict> {
    match (port.members.len(), &port.bond) {
        (0, _) => Err(conflict(name, "a port needs an interface")),
        (1, None) => Ok(()),
        (1, Some(_)) => Err(conflict(name, "a bond needs two interfaces")),
        (_, Some(_)) => Ok(()),
        (_, None) => Err(conflict(
            name,
            "a port with several interfaces is a bond, and needs its options",
        )),
    }
}

fn real_bridges<'a>(index: &'a Index, wishes: &'a Wishes) -> BTreeSet<&'a str> {
    let there = index
        .bridges
        .keys()
        .filter(|name| !wishes.bridges.contains_key(*name));
    let wished = wishes
        .bridges
        .iter()
        .filter(|(_, wish)| {
            matches!(
                wish,
                Some(Seen {
                    row: Bridge::Real(_),
                    ..
                })
            )
        })
        .map(|(name, _)| name);
    there.chain(wished).map(String::as_str).collect()
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
        let interface = self.insert_interface(
            name,
            &InterfaceKind::Internal,
            None,
            wish.mtu,
            &BTreeMap::new(),
        );
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
        let interface = self.insert_interface(
            name,
            &InterfaceKind::Internal,
            mac,
            wish.mtu,
            &BTreeMap::new(),
        );
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
        if let Some(mac) = self.first_active_member(wish) {
            row.insert("bond_active_slave".to_owned(), json!(mac));
        }
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

    /// The member, by its address, that a new bond shall begin with. ovs-vswitchd picks one at random unless the column
    /// has one from before; but where a NIC comes with its traffic from another port, the switch sends to that NIC, and
    /// an active-backup bond drops what arrives at any other.
    fn first_active_member(&self, wish: &Port) -> Option<String> {
        wish.bond.as_ref()?;
        let of_bond = wish.mac.map(|mac| mac_text(&mac));
        let ids = self.index.ports.values().flat_map(|entry| &entry.members);
        let rows = ids
            .filter(|(name, _)| wish.members.contains(*name))
            .map(|(_, id)| &self.tables.interfaces[id]);
        let up = rows.filter(|row| row.link_state.as_deref() == Some("up"));
        let moving: Vec<_> = up.filter_map(|row| row.mac_in_use.clone()).collect();
        let is_of_bond = |mac: &&String| of_bond.as_ref() == Some(*mac);
        moving
            .iter()
            .find(is_of_bond)
            .or(moving.first())
            .cloned()
            .or(of_bond)
    }

    /// References to the interfaces of a port: those it has and keeps, and new ones.
    fn put_members(&mut self, wish: &Port, stays: Option<&PortEntry>) -> Vec<Value> {
        let other_config = member_other_config(wish);
        let mut references = Vec::new();
        for member in &wish.members {
            let kept = stays.and_then(|entry| {
                let id = entry.members.get(member)?;
                let row = self.tables.interfaces.get(id)?;
                (InterfaceKind::of(&row.kind) == wish.kind).then_some((id, row))
            });
            references.push(match kept {
                Some((id, row)) => {
                    let mutations = map_mutations(
                        "other_config",
                        &row.other_config,
                        is_member_key,
                        &other_config,
                    );
                    self.write("Interface", id, Columns::new(), mutations);
                    self.interfaces
                        .push((member.clone(), Handle::There(id.clone())));
                    uuid(id)
                }
                None => self.insert_interface(member, &wish.kind, None, None, &other_config),
            });
        }
        references
    }

    fn insert_interface(
        &mut self,
        name: &str,
        kind: &InterfaceKind,
        mac: Option<String>,
        mtu: Option<u32>,
        other_config: &BTreeMap<String, String>,
    ) -> Value {
        let row = columns([
            ("name", json!(name)),
            ("type", json!(kind.as_str())),
            ("mac", optional(mac)),
            ("mtu_request", optional(mtu)),
            ("other_config", map(other_config)),
        ]);
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
