//! Taking a NIC from whoever holds it. A change of the network never does: what is not ours is in the way, and that is
//! said. An emergency reset does, because a host that cannot be reached is worse than a foreign bridge without its NIC.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::agent::NetError;
use crate::kernel::{Kernel, Link};
use crate::names::Name;
use crate::ovs::ovsdb::{Client, RowOp};

use super::Config;
use super::driver::AT_LEAST;
use super::look::{kernel_error, ovsdb_error};

/// Devices that programs and people make, as opposed to those of Open vSwitch and of hardware.
const MADE: [&str; 7] = [
    "bridge", "bond", "team", "dummy", "vlan", "macvlan", "ipvlan",
];

/// From whom a NIC is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holders {
    /// From those that are not ours.
    Others,
    /// From ours as well: of a NIC that went and came again under its name ovs-vswitchd may hold the one that went.
    All,
}

/// Takes a NIC out of bridges and bonds, of Open vSwitch and of the kernel, and removes devices and ports that have the
/// name of one of our `bridges`. Who held it and is not ours is switched off: it has the addresses by which the NIC was
/// reached. Tells in sentences what was done to others.
pub fn seize(
    config: &Config,
    nic: &Name,
    bridges: &BTreeSet<Name>,
    holders: Holders,
) -> Result<Vec<String>, NetError> {
    let mut done = Vec::new();
    let mut kernel = Kernel::open().map_err(kernel_error)?;
    // The kernel answers also where Open vSwitch does not.
    from_the_kernel(&mut kernel, nic, &mut done)?;
    for bridge in bridges {
        let link = kernel.link(bridge.as_str()).map_err(kernel_error)?;
        let kind = link.and_then(|link| link.kind);
        if let Some(kind) = kind.filter(|kind| MADE.contains(&kind.as_str())) {
            kernel.delete_link(bridge.as_str()).map_err(kernel_error)?;
            done.push(format!(
                "the device {bridge} ({kind}) is removed: a bridge of ours gets its name"
            ));
        }
    }
    for bridge in from_open_vswitch(config, nic, bridges, holders, &mut done)? {
        switch_off(&mut kernel, &bridge)?;
    }
    Ok(done)
}

/// Drops ports; returns the foreign bridges that they were on.
fn from_open_vswitch(
    config: &Config,
    nic: &Name,
    bridges: &BTreeSet<Name>,
    holders: Holders,
    done: &mut Vec<String>,
) -> Result<BTreeSet<String>, NetError> {
    let mut client = Client::new(&config.ovsdb);
    let deadline = Instant::now() + AT_LEAST;
    let state = client.observe(deadline).map_err(ovsdb_error)?;
    let is_wanted = |name: &str| bridges.iter().any(|bridge| bridge.as_str() == name);
    let (mut ops, mut off) = (Vec::new(), BTreeSet::new());
    for (name, port) in &state.ports {
        let bridge = &port.row.bridge;
        let on_ours = is_wanted(bridge) || state.bridges.get(bridge).is_some_and(|it| it.ours);
        let has_nic = port.row.members.iter().any(|member| member == nic.as_str());
        if !(has_nic || is_wanted(name) && !port.ours) || port.ours && holders == Holders::Others {
            continue;
        }
        ops.push(RowOp::DropPort(name.clone()));
        if port.ours {
            continue;
        }
        done.push(format!(
            "{nic} is taken from the port {name} of the bridge {bridge} in Open vSwitch"
        ));
        if !on_ours {
            off.insert(bridge.clone());
        }
    }
    if !ops.is_empty() {
        client.apply(&ops, deadline).map_err(ovsdb_error)?;
    }
    Ok(off)
}

/// Takes the NIC out of the kernel's bridge, bond or team.
fn from_the_kernel(
    kernel: &mut Kernel,
    nic: &Name,
    done: &mut Vec<String>,
) -> Result<(), NetError> {
    let links = kernel.links().map_err(kernel_error)?;
    let above = |link: &Link| {
        let controller = link.controller?;
        let found = links.iter().find(|link| link.index == controller)?;
        // Open vSwitch lets go by itself.
        let is_made = found
            .kind
            .as_deref()
            .is_some_and(|kind| MADE.contains(&kind));
        is_made.then_some(found)
    };
    let Some(link) = links.iter().find(|link| link.name == nic.as_str()) else {
        return Ok(());
    };
    let Some(holder) = above(link) else {
        return Ok(());
    };
    kernel.release(nic.as_str()).map_err(kernel_error)?;
    let kind = holder.kind.as_deref().unwrap_or_default();
    done.push(format!("{nic} is taken from {} ({kind})", holder.name));
    // A bond may be part of a bridge. The kernel allows eight levels.
    let chain = std::iter::successors(Some(holder), |link| above(link)).take(8);
    for holder in chain {
        switch_off(kernel, &holder.name)?;
    }
    Ok(())
}

fn switch_off(kernel: &mut Kernel, name: &str) -> Result<(), NetError> {
    match kernel.set_up(name, false) {
        Err(why) if !why.is_missing() => Err(kernel_error(why)),
        _ => Ok(()),
    }
}
