//! Tunnels whose packets would be wrapped again. One in a tunnel that leads back would be wrapped for ever, and
//! ovs-vswitchd, where it forwards by itself, never comes back from that. No tunnel is a way to the other end of one, so
//! that there is no circle of several either.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Bridge, BridgeKind, Inet, Ipv4, Ipv6, Name, Real, Topology, Tunnel, Uplink};
use crate::names::Family;
use crate::ways::Ways;

/// An end of a tunnel to which the way would lead through a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// The tunnel's bridge.
    pub bridge: Name,
    /// Its other end.
    pub end: IpAddr,
    /// The bridge through which the way would lead; it is a tunnel's or stands on one.
    pub through: Name,
}

impl std::fmt::Display for Round {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Round { end, through, .. } = self;
        match *through == self.bridge {
            true => write!(out, "the way to {end} would lead through the tunnel itself"),
            false => write!(
                out,
                "the way to {end} would lead through a tunnel, by {through}"
            ),
        }
    }
}

impl Topology {
    /// The ends of tunnels to which the way would lead through a tunnel: the same, or another. Where routers tell what is
    /// behind them, they may tell anything.
    pub fn tunnels_through_tunnels(&self) -> Vec<Round> {
        let tunnels: BTreeMap<Name, &Tunnel> = self
            .bridges
            .iter()
            .filter_map(|(name, bridge)| Some((*name, tunnel_of(bridge)?)))
            .filter(|(_, tunnel)| !tunnel.remotes.is_empty())
            .collect();
        if tunnels.is_empty() {
            return Vec::new();
        }
        let in_a_tunnel = |name: &Name| tunnels.contains_key(&self.carrier_of(name));
        let told_anything = self
            .bridges
            .iter()
            .find(|(name, bridge)| matches!(bridge.ipv6, Ipv6::Autoconf) && in_a_tunnel(name))
            .map(|(name, _)| *name);
        let ways = self.ways();
        let mut rounds = Vec::new();
        for (bridge, tunnel) in &tunnels {
            for end in &tunnel.remotes {
                let mut through = ways.to(end).iter().filter(|name| in_a_tunnel(name));
                if let Some(through) = through.next().copied().or(told_anything) {
                    rounds.push(Round {
                        bridge: *bridge,
                        end: *end,
                        through,
                    });
                }
            }
        }
        // One that leads through itself may be all that is wrong with another.
        rounds.sort_by_key(|round| self.carrier_of(&round.through) != round.bridge);
        rounds
    }

    /// The bridges by which networks are reached.
    fn ways(&self) -> Ways<Name> {
        let mut ways = Ways::default();
        for (name, bridge) in &self.bridges {
            for inet in bridge.addresses() {
                ways.add(&inet, *name);
            }
            for route in &bridge.routes {
                ways.add(&route.destination, *name);
            }
            for family in self.default_routes(name, bridge) {
                ways.add(&Inet::everything(family), *name);
            }
        }
        ways
    }

    /// The families in which a bridge may have a default route.
    fn default_routes(&self, name: &Name, bridge: &Bridge) -> BTreeSet<Family> {
        let owns_gateway = self.gateway == Some(*name);
        let v4 = match &bridge.ipv4 {
            Ipv4::Static { gateway, .. } => owns_gateway && gateway.is_some(),
            Ipv4::Dhcp { lease } => {
                owns_gateway && lease.as_ref().is_some_and(|lease| lease.gateway.is_some())
            }
            Ipv4::None => false,
        };
        let v6 = match &bridge.ipv6 {
            Ipv6::Static { gateway, .. } => owns_gateway && gateway.is_some(),
            Ipv6::Dhcp { .. } => owns_gateway,
            // Routers tell of themselves.
            Ipv6::Autoconf => true,
            Ipv6::None => false,
        };
        let both = [(Family::V4, v4), (Family::V6, v6)];
        both.into_iter()
            .filter_map(|(family, has)| has.then_some(family))
            .collect()
    }

    /// Leaves out one end of a bridge's tunnel.
    pub fn leave_out_end(&mut self, bridge: &Name, end: IpAddr) {
        if let Some(Bridge {
            kind:
                BridgeKind::Real(Real {
                    uplink: Some(Uplink::Tunnel(tunnel)),
                    ..
                }),
            ..
        }) = self.bridges.get_mut(bridge)
        {
            tunnel.remotes.remove(&end);
        }
    }
}

fn tunnel_of(bridge: &Bridge) -> Option<&Tunnel> {
    match &bridge.kind {
        BridgeKind::Real(Real {
            uplink: Some(Uplink::Tunnel(tunnel)),
            ..
        }) => Some(tunnel),
        _ => None,
    }
}
