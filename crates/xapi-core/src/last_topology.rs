//! The last topology that was committed, in a file of its own. A host whose database is damaged or gone is brought up as
//! the file says, so that somebody can reach it and mend it; so is a slave that starts without its master. The database is
//! the truth; nothing else reads this.

use std::io::Read as _;
use std::path::Path;

use xapi_conf::inventory::{self, Inventory};
use xapi_model::{Host, Ref, errors};
use xapi_net::agent::{Agent, Outcome, Request};
use xapi_net::topology::{Bridge, BridgeKind, Ipv4, Ipv6, Name, Topology, Uplink};

use crate::context::Core;
use crate::{Config, Result, diverged, topology};

/// A larger file is not one of ours.
const MOST_BYTES: u64 = 16 << 20;

/// Reads the topology; none if no file was written yet. An error says what is wrong with the file.
pub fn read(path: &Path) -> std::result::Result<Option<Topology>, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(wrong(&why)),
    };
    let mut text = String::new();
    file.take(MOST_BYTES)
        .read_to_string(&mut text)
        .map_err(|why| wrong(&why))?;
    Topology::from_text(&text)
        .map(Some)
        .map_err(|why| wrong(&why))
}

/// Writes the topology, unless the file says the same already.
pub fn write(path: &Path, topology: &Topology) -> std::io::Result<()> {
    let text = topology.to_text()?;
    match std::fs::read_to_string(path) {
        Ok(before) if before == text => Ok(()),
        // Whatever is wrong with the old one, the new one takes its place.
        _ => xapi_conf::file::write(path, text.as_bytes(), 0o644),
    }
}

/// Makes the host look as it did, as far as it can be. None if nothing was kept.
pub fn bring_up(config: &Config, agent: &dyn Agent) -> Result<Option<Outcome>> {
    let Some(topology) = read(&config.last_topology()).map_err(errors::internal_error)? else {
        return Ok(None);
    };
    make(config, agent, topology).map(Some)
}

/// Makes the host look like a topology, as far as it can be.
pub(crate) fn make(config: &Config, agent: &dyn Agent, topology: Topology) -> Result<Outcome> {
    let request = Request {
        within: config.change_deadline,
        ..Request::what_can(topology)
    };
    let outcome = agent.converge(request).map_err(errors::internal_error)?;
    for left in &outcome.left_out {
        tracing::error!("{} could not be brought up: {}", left.part, left.why);
    }
    Ok(outcome)
}

/// A topology with management elsewhere.
pub(crate) struct Moved {
    pub(crate) topology: Topology,
    /// Where management is now.
    pub(crate) bridge: Name,
    /// The family of its addresses as the inventory names it, if it has those of one alone: by which the host is known stays
    /// otherwise.
    pub(crate) only_family: Option<&'static str>,
}

/// Moves management to another bridge of a topology, by its name or by that of what it is over. BRIDGE_NOT_AVAILABLE
/// [name], INTERFACE_HAS_NO_IP [name].
pub(crate) fn moved(old: &Topology, interface: &str) -> Result<Moved> {
    let found = named(old, interface);
    let (name, bridge) = found.ok_or_else(|| errors::bridge_not_available(interface))?;
    let only_family = match (&bridge.ipv4, &bridge.ipv6) {
        // Nobody would reach the host any more.
        (Ipv4::None, Ipv6::None) => return Err(errors::interface_has_no_ip(interface)),
        (_, Ipv6::None) => Some("IPv4"),
        (Ipv4::None, _) => Some("IPv6"),
        _ => None,
    };
    let mut topology = old.clone();
    let before = topology.management.replace(name);
    for role in [&mut topology.gateway, &mut topology.dns] {
        if role.is_none() || *role == before {
            *role = Some(name);
        }
    }
    Ok(Moved {
        topology,
        bridge: name,
        only_family,
    })
}

/// Has management of this host where it was moved: in the file first, so that whatever is cut after it goes on at the next
/// start, on the host, and in the inventory. What fails leaves all as it was.
pub(crate) fn move_management(
    config: &Config,
    agent: &dyn Agent,
    (old, moved): (&Topology, &Moved),
) -> Result<()> {
    let path = config.last_topology();
    let made = keep(&path, &moved.topology)
        .and_then(|()| make_moved(config, agent, moved))
        .and_then(|()| note_management(config, moved.bridge.as_str(), moved.only_family));
    made.inspect_err(|_| {
        let back = make(config, agent, old.clone());
        for undone in [back.map(drop), keep(&path, old)] {
            if let Err(also) = undone {
                tracing::error!("management was not put back: {also}");
            }
        }
    })
}

/// Makes the host so, as far as it can be: what is not there, such as the NIC that management was on, must not keep it from
/// where it can be.
fn make_moved(config: &Config, agent: &dyn Agent, moved: &Moved) -> Result<()> {
    let outcome = make(config, agent, moved.topology.clone())?;
    let left_out = outcome.left_out.iter();
    let mut its = left_out.filter(|left| left.bridges.contains(&moved.bridge));
    let why = match (its.next(), outcome.alone) {
        (Some(left), _) => format!("{} could not be brought up: {}", left.part, left.why),
        (None, Some(alone)) => diverged::alone_text(&alone),
        (None, None) => return Ok(()),
    };
    Err(errors::internal_error(why))
}

/// Writes into the inventory which bridge carries management, and the family by which the host is known if that cannot
/// stay.
pub(crate) fn note_management(config: &Config, bridge: &str, family: Option<&str>) -> Result<()> {
    let path = config.inventory();
    let failed = |why: std::io::Error| errors::internal_error(format!("{}: {why}", path.display()));
    let mut inventory = Inventory::read(&path).map_err(failed)?;
    inventory.set(inventory::MANAGEMENT_INTERFACE, bridge);
    if let Some(family) = family {
        inventory.set(inventory::MANAGEMENT_ADDRESS_TYPE, family);
    }
    inventory.write().map_err(failed)
}

/// The bridge of a name, or over a NIC or a bond of that name.
fn named<'a>(topology: &'a Topology, interface: &str) -> Option<(Name, &'a Bridge)> {
    let interface = Name::new(interface).ok()?;
    let is_over = |bridge: &Bridge| match &bridge.kind {
        BridgeKind::Real(real) => match &real.uplink {
            Some(Uplink::Nic(nic)) => *nic == interface,
            Some(Uplink::Bond(bond)) => bond.name == interface,
            Some(Uplink::Tunnel(_)) | None => false,
        },
        BridgeKind::Vlan { .. } => false,
    };
    let by_name = topology.bridges.get_key_value(&interface);
    let found = by_name.or_else(|| topology.bridges.iter().find(|(_, bridge)| is_over(bridge)));
    found.map(|(name, bridge)| (*name, bridge))
}

/// Writes the topology that the next start without the rows goes by.
fn keep(path: &Path, topology: &Topology) -> Result<()> {
    write(path, topology)
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
}

impl Core {
    /// Keeps what the rows of a host ask for, once the host was made to look so.
    pub(crate) fn keep_topology(&self, host: &Ref<Host>) {
        let wished = self
            .view()
            .and_then(|view| topology::wished(&view, host))
            .and_then(|(wished, _)| {
                let path = self.config.last_topology();
                write(&path, &wished)
                    .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
            });
        if let Err(why) = wished {
            // The database is the truth; the next change writes the file again.
            tracing::error!("the last topology was not kept: {why}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use xapi_net::topology::{Bridge, Name, Topology};

    #[test]
    fn a_topology_is_read_as_it_was_written_and_nothing_else_is_taken_for_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lib/last-topology.json");
        assert_eq!(read(&path), Ok(None));
        let bridge = Name::new("xenbr0").unwrap();
        let nic = Name::new("eth0").unwrap();
        let topology = Topology {
            bridges: [(bridge, Bridge::over_nic(nic))].into(),
            management: Some(bridge),
            ..Topology::default()
        };
        write(&path, &topology).unwrap();
        assert_eq!(read(&path), Ok(Some(topology.clone())));
        let text = std::fs::read_to_string(&path).unwrap();
        for wrong in [
            text.replace("\"version\": 1", "\"version\": 2"),
            // Management on a bridge that is not there.
            text.replace("\"management\": \"xenbr0\"", "\"management\": \"xenbr7\""),
            text[..text.len() / 2].to_owned(),
            String::new(),
        ] {
            std::fs::write(&path, &wrong).unwrap();
            assert!(read(&path).is_err(), "{wrong}");
        }
        write(&path, &topology).unwrap();
        let before = std::fs::metadata(&path).unwrap();
        write(&path, &topology).unwrap();
        let after = std::fs::metadata(&path).unwrap();
        assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    }
}
