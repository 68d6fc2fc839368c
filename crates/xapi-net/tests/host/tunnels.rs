//! Tunnels between real hosts, each with an Open vSwitch of its own.

use std::net::IpAddr;

use xapi_net::topology::{
    Bridge, BridgeKind, Filter, Ipv4, Ipv6, Real, Topology, Tunnel, TunnelProtocol, Uplink, Vif,
};

use crate::frames::{ALL, Listener, Sender, ethernet};
use crate::guests::{guest, vif};
use crate::host::{Host, inet, name, over, topology};
use crate::lab::Namespace;

/// Several hosts on one wire, each with one guest on the tunnel's network.
struct Hosts {
    hosts: Vec<Host>,
    guests: Vec<Namespace>,
}

fn mac(number: usize) -> [u8; 6] {
    [2, 0, 0, 0, 5, number as u8]
}

impl Hosts {
    fn new(count: usize) -> Hosts {
        let hosts: Vec<Host> = (0..count).map(|_| Host::new(1)).collect();
        let first = &hosts[0].lab.switch;
        for (number, host) in hosts.iter().enumerate().skip(1) {
            let switch = &host.lab.switch;
            switch.run("ip address flush dev sw0");
            let other = switch.pid();
            first.run(&format!(
                "ip link add wire{number} type veth peer name wire netns {other}"
            ));
            first.run(&format!("ip link set wire{number} master sw0 up"));
            switch.run("ip link set wire master sw0 up");
        }
        let guests = hosts.iter().enumerate();
        let guests = guests.map(|(number, host)| {
            let address = format!("192.168.5.{}/24", number + 1);
            guest(host, "vif1.0", mac(number), &address)
        });
        Hosts {
            guests: guests.collect(),
            hosts,
        }
    }

    /// What host `number` shall look like, with a tunnel to each of `others`.
    fn topology(
        &self,
        number: usize,
        kind: TunnelProtocol,
        mtu: u32,
        v6: bool,
        others: &[usize],
    ) -> Topology {
        let end = |number: usize| -> IpAddr {
            let text = match v6 {
                true => format!("fd99::{}", number + 2),
                false => format!("10.99.0.{}", number + 2),
            };
            text.parse().unwrap()
        };
        let transport = Bridge {
            ipv4: Ipv4::Static {
                address: inet(&format!("10.99.0.{}/24", number + 2)),
                gateway: None,
            },
            ipv6: Ipv6::Static {
                addresses: vec![inet(&format!("fd99::{}/64", number + 2))],
                gateway: None,
            },
            ..over(&self.hosts[number], "eth0")
        };
        let tunnel = Tunnel {
            protocol: kind,
            key: 4711,
            local: Some(end(number)),
            remotes: others.iter().map(|other| end(*other)).collect(),
        };
        let access = Bridge {
            mtu,
            ..Bridge::of_kind(BridgeKind::Real(Real {
                uplink: Some(Uplink::Tunnel(tunnel)),
                ..Real::default()
            }))
        };
        let bridges = vec![("xenbr0", transport), ("xapi5", access)];
        let mut topology = topology("xenbr0", bridges);
        let vif = Vif {
            mtu,
            ..vif("xapi5", mac(number), Filter::Open)
        };
        topology.vifs.insert(name("vif1.0"), vif);
        self.guests[number].run(&format!("ip link set eth0 mtu {mtu}"));
        topology
    }

    fn mesh(&self, kind: TunnelProtocol, mtu: u32, v6: bool) {
        for (number, host) in self.hosts.iter().enumerate() {
            let others: Vec<usize> = (0..self.hosts.len()).filter(|it| *it != number).collect();
            let wanted = self.topology(number, kind, mtu, v6, &others);
            host.whole(&wanted).unwrap();
            assert_eq!(host.whole(&wanted).unwrap().steps, 0);
        }
    }
}

#[test]
fn full_packets_pass_a_tunnel_of_each_kind_and_family_at_the_mtu_that_leaves_room() {
    let hosts = Hosts::new(2);
    for (kind, v6, mtu) in [
        (TunnelProtocol::Gre, false, 1500 - 42),
        (TunnelProtocol::Vxlan, false, 1500 - 50),
        (TunnelProtocol::Gre, true, 1500 - 62),
        (TunnelProtocol::Vxlan, true, 1500 - 70),
    ] {
        hosts.mesh(kind, mtu, v6);
        let ping = format!(
            "ping -n -M do -s {} -c 3 -i 0.2 -w 10 192.168.5.2",
            mtu - 28
        );
        hosts.guests[0].run("ping -n -c 1 -w 20 192.168.5.2");
        let shown = hosts.guests[0].run(&ping);
        println!(
            "{kind:?}, IPv6 {v6}, MTU {mtu}: {}",
            shown.lines().last().unwrap_or_default()
        );
        // One octet more does not fit on the wire below.
        hosts.guests.iter().for_each(|guest| {
            guest.run("ip link set eth0 mtu 1500");
        });
        for host in &hosts.hosts {
            host.ip("link set vif1.0 mtu 1500");
        }
        let more = format!("ping -n -M do -s {} -c 2 -i 0.2 -w 1 192.168.5.2", mtu - 27);
        let output = hosts.guests[0].command(&more).output().unwrap();
        assert!(!output.status.success(), "{kind:?}, IPv6 {v6}");
    }
}

#[test]
fn in_a_full_mesh_of_three_every_broadcast_is_heard_once_and_an_end_that_goes_leaves_the_rest_alone()
 {
    let hosts = Hosts::new(3);
    for kind in [TunnelProtocol::Vxlan, TunnelProtocol::Gre] {
        hosts.mesh(kind, 1400, false);
        for (from, to) in [(0, 1), (0, 2), (1, 2)] {
            let address = format!("192.168.5.{}", to + 1);
            hosts.guests[from].run(&format!("ping -n -c 2 -i 0.1 -w 20 {address}"));
        }
        let listeners: Vec<Listener> = hosts
            .guests
            .iter()
            .map(|guest| Listener::start(guest, "eth0"))
            .collect();
        let mut sender = Sender::new(&hosts.guests[0], "eth0");
        let broadcast = |mark: &str| ethernet(ALL, mac(0), 0x88b5, &[0; 46], mark);
        sender.send(&broadcast("once"));
        sender.send(&broadcast("last"));
        for (number, listener) in listeners.iter().enumerate().skip(1) {
            let marks = listener.marks_until("last");
            assert_eq!(marks, ["once", "last"], "{kind:?}: guest {number}");
        }
        hosts.guests[0].run("ping -n -c 3 -i 0.2 -w 5 192.168.5.2");
        for listener in &listeners {
            assert_eq!(
                listener.marks(),
                Vec::<String>::new(),
                "{kind:?}: it went round"
            );
        }
    }
    // The third host leaves: the port to the second stays as it is.
    let host = &hosts.hosts[0];
    let ports = || -> Vec<(String, String)> {
        let names = host.lab.vsctl("list-ports xapi5");
        let tunnels = names.lines().filter(|name| name.starts_with("tun"));
        let with_row = tunnels.map(|name| {
            let row = host.lab.vsctl(&format!("get Interface {name} _uuid"));
            (name.to_owned(), row)
        });
        with_row.collect()
    };
    let before = ports();
    let wanted = hosts.topology(0, TunnelProtocol::Gre, 1400, false, &[1]);
    let outcome = host.whole(&wanted).unwrap();
    assert_eq!((outcome.steps, before.len()), (1, 2));
    let after = ports();
    assert!(
        after.len() == 1 && before.contains(&after[0]),
        "{before:?} {after:?}"
    );
    hosts.guests[0].run("ping -n -c 1 -w 5 192.168.5.2");
}
