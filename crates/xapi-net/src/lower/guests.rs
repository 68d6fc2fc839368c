//! What tunnels and guests' NICs are made of.
//!
//! A VIF that anything may pass is a port of its bridge. One that only some packets may pass is on a bridge of its own
//! kind, [`GUARD`], which forwards nothing but what rules say, and a patch leads from there to its bridge: so there is no
//! moment at which it is open, whatever is started, moved or killed (docs/decisions/locked-behind-a-guard.md). One that
//! nothing may pass is on no bridge at all.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::names::{GUARD, Name};
use crate::object::{self, Key, Link, LinkIpv6, Nic, Object};
use crate::ovs::row::{self, VIF_DEVICE};
use crate::plan::Graph;
use crate::topology::{Filter, Topology, Tunnel, TunnelProtocol, Vif};

use super::Host;

/// The Ethernet address of the guard's device. It is never up; were it chosen by the ports, it would change with them.
const GUARD_MAC: row::Mac = [0x02, b'g', b'u', b'a', b'r', b'd'];

/// The end of a VIF's patch on the guard: gate1.0 for vif1.0.
pub fn gate_of(vif: &Name) -> Name {
    let numbers = vif.as_str().strip_prefix("vif");
    let readable = numbers
        .filter(|_| vif.is_guests_end())
        .and_then(|numbers| Name::new(&format!("gate{numbers}")).ok());
    readable.unwrap_or_else(|| Name::derived("gat", &[vif.as_str()]))
}

/// The end of a VIF's patch on a real bridge. On another bridge it has another name: when a patch moves with its name,
/// in one transaction, ovs-vswitchd (3.1) goes on sending to where it was.
pub fn lock_of(vif: &Name, bridge: &Name) -> Name {
    Name::derived("lck", &[vif.as_str(), bridge.as_str()])
}

/// The port to another host with the same tunnel.
pub fn tunnel_port(bridge: &Name, remote: &IpAddr) -> Name {
    Name::derived("tun", &[bridge.as_str(), &remote.to_string()])
}

/// One port for each other end. They are protected from each other: with one to each of the others, nothing has to be
/// passed on, and nothing goes round.
pub(super) fn tunnel(bridge: Name, tunnel: &Tunnel, graph: &mut Graph<Object>) {
    let kind = match tunnel.protocol {
        TunnelProtocol::Gre => "gre",
        TunnelProtocol::Vxlan => "vxlan",
    };
    for remote in &tunnel.remotes {
        let mut options = BTreeMap::from([
            ("remote_ip".to_owned(), remote.to_string()),
            ("key".to_owned(), tunnel.key.to_string()),
            // What is too large is lost rather than cut into pieces: the MTUs leave room.
            ("df_default".to_owned(), "true".to_owned()),
        ]);
        options.extend(
            tunnel
                .local
                .map(|local| ("local_ip".to_owned(), local.to_string())),
        );
        let name = tunnel_port(&bridge, remote);
        let port = row::Port {
            protected: true,
            ..row::Port::virtual_one(bridge.as_str(), name.as_str(), kind, options)
        };
        put(graph, name, port);
    }
}

/// All guests' NICs, and the guard if one of them is locked.
pub(super) fn vifs(topology: &Topology, host: &Host, graph: &mut Graph<Object>) {
    for (name, vif) in &topology.vifs {
        let Some(bridge) = topology.bridges.get(&vif.bridge) else {
            continue;
        };
        let device = Nic {
            up: vif.filter != Filter::Closed,
            mtu: vif.mtu,
            offload: BTreeMap::new(),
            modes: Default::default(),
        };
        graph.insert(Key::Nic(*name), Object::Nic(device));
        graph.insert(Key::Aside(*name), Object::Aside);
        let place = (topology.carrier_of(&vif.bridge), bridge.tag());
        match &vif.filter {
            Filter::Closed => {}
            Filter::Open => put(graph, *name, own_port(name, vif, place)),
            Filter::Only { addresses } => {
                put(graph, *name, own_port(name, vif, (GUARD, None)));
                let (gate, lock) = (gate_of(name), lock_of(name, &place.0));
                put(graph, gate, patch(name, gate, lock, (GUARD, None)));
                put(graph, lock, patch(name, lock, gate, place));
                let filter = object::Filter::Only {
                    mac: vif.mac,
                    addresses: addresses.clone(),
                };
                graph.insert(Key::Filter(*name), Object::Filter(filter));
                guard(host, graph);
            }
        }
    }
}

fn own_port(name: &Name, vif: &Vif, (bridge, tag): (Name, Option<u16>)) -> row::Port {
    row::Port {
        tag,
        external_ids: of_vif(name),
        interface_ids: vif.external_ids.clone(),
        policing: vif.rate.map(|rate| row::Policing {
            kbps: rate.kbps,
            burst: rate.burst,
        }),
        ..row::Port::plain(bridge.as_str(), name.as_str())
    }
}

fn patch(vif: &Name, name: Name, peer: Name, (bridge, tag): (Name, Option<u16>)) -> row::Port {
    let options = BTreeMap::from([("peer".to_owned(), peer.to_string())]);
    row::Port {
        tag,
        external_ids: of_vif(vif),
        ..row::Port::virtual_one(bridge.as_str(), name.as_str(), "patch", options)
    }
}

fn of_vif(name: &Name) -> BTreeMap<String, String> {
    BTreeMap::from([(VIF_DEVICE.to_owned(), name.to_string())])
}

fn guard(host: &Host, graph: &mut Graph<Object>) {
    let row = row::Bridge::Real(row::RealBridge {
        fail_mode: row::FailMode::Secure,
        mac: Some(GUARD_MAC),
        ..row::RealBridge::new(host.datapath)
    });
    let bridge = object::Bridge {
        row: Arc::new(row),
        ours: true,
    };
    graph.insert(Key::Bridge(GUARD), Object::Bridge(bridge));
    let link = Link {
        up: false,
        promote_secondaries: true,
        ipv6: host.ipv6.then_some(LinkIpv6 {
            accept_ra: false,
            autoconf: false,
        }),
    };
    graph.insert(Key::Link(GUARD), Object::Link(link));
}

fn put(graph: &mut Graph<Object>, name: Name, row: row::Port) {
    graph.insert(Key::Port(name), Object::Port(object::Port::new(row)));
}
