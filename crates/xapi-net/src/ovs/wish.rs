//! Which rows are wished for, and whether they can be.
//!
//! What Open vSwitch's schema would accept and ovs-vswitchd could not do (an interface in two ports, a VLAN on a bridge
//! that goes) is a [`Conflict`] before anything is sent. Bridges that still have somebody else's ports are not dropped:
//! that would drop the ports, too.
//!
//! This module must not know columns or sockets. Start with [`RowOp`].

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::notation::Uuid;
use super::row::{Bridge, Port};
use super::tables::{Seen, State, Tables};

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
    ///
    /// In the userspace datapath nothing is forwarded while the kernel takes the device away, some 20 ms for each, so
    /// that three bridges in one transaction silence the others for 60 ms and more; dropped one by one, for 25.
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

/// What a Port row is to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Local,
    Vlan(u16),
    Port,
}

#[derive(Clone, Debug)]
pub(super) struct PortEntry {
    pub(super) id: Uuid,
    pub(super) bridge: String,
    pub(super) role: Role,
    /// Interfaces by name.
    pub(super) members: BTreeMap<String, Uuid>,
}

/// The rows by name; only those that the root reaches.
pub(super) struct Index {
    pub(super) bridges: BTreeMap<String, Uuid>,
    pub(super) ports: BTreeMap<String, PortEntry>,
}

impl Index {
    pub(super) fn of(tables: &Tables) -> Index {
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
pub(super) fn check(index: &Index, wishes: &Wishes) -> Result<(), Conflict> {
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
        if let Role::Vlan(tag) = role
            && let Some(other) = vlans.insert((bridge, *tag), name)
        {
            return Err(conflict(
                name,
                format!("VLAN {tag} of {bridge} is already {other}"),
            ));
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
