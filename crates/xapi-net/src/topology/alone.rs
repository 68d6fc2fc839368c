//! Management without the bond or the VLAN that it should be on: the last way to keep a host within reach.

use super::{Bridge, BridgeKind, Name, Real, Topology, Uplink};

/// A place for the management addresses that needs nothing but one NIC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alone {
    /// The bridge: the one that carries management, or would carry its VLAN.
    pub bridge: Name,
    /// The NIC under it.
    pub nic: Name,
    it: Bridge,
}

impl Topology {
    /// The places for management alone, that on the primary member first. None where management is on one NIC and on
    /// no VLAN anyway, so that there is nothing to do without.
    pub fn management_alone(&self) -> Vec<Alone> {
        let Some((name, management)) = self.management.and_then(|name| {
            let bridge = self.bridges.get(&name)?;
            Some((name, bridge))
        }) else {
            return Vec::new();
        };
        let carrier = self.carrier_of(&name);
        let Some(below) = self.bridges.get(&carrier) else {
            return Vec::new();
        };
        let BridgeKind::Real(real) = &below.kind else {
            return Vec::new();
        };
        if carrier == name && below.nics().len() < 2 {
            return Vec::new();
        }
        let over = |nic: &Name| Alone {
            bridge: carrier,
            nic: *nic,
            it: Bridge {
                kind: BridgeKind::Real(Real {
                    uplink: Some(Uplink::Nic(*nic)),
                    ..real.clone()
                }),
                mac: below.mac,
                mtu: below.mtu,
                network_uuids: below.network_uuids.clone(),
                ..management.clone()
            },
        };
        below.nics().iter().map(over).collect()
    }

    /// Puts management into such a place, and everything that is in the way of it out. The other VLANs of its bridge
    /// stay if they are there. Returns the bridges that went.
    pub fn put_alone(&mut self, wanted: &Topology, alone: &Alone) -> Vec<Name> {
        let in_the_way: Vec<Name> = self
            .bridges
            .iter()
            .filter(|(name, bridge)| {
                **name != alone.bridge
                    && (Some(**name) == wanted.management || bridge.nics().contains(&alone.nic))
            })
            .map(|(name, _)| *name)
            .collect();
        let gone = in_the_way
            .into_iter()
            .flat_map(|name| self.leave_out_bridge(name))
            .collect();
        self.bridges.insert(alone.bridge, alone.it.clone());
        self.management = Some(alone.bridge);
        for (role, wanted_role) in [
            (&mut self.gateway, wanted.gateway),
            (&mut self.dns, wanted.dns),
        ] {
            if wanted_role == wanted.management {
                *role = Some(alone.bridge);
            }
        }
        gone
    }
}
