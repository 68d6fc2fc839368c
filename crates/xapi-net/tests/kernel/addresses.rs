//! Addresses, routes and neighbours, and how they move from one device to another.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use netlink_packet_route::neighbour::NeighbourState;
use xapi_net::kernel::sysctl::{Ipv6, Switch};
use xapi_net::kernel::{Destination, Kernel, OUR_PROTOCOL, Route};

use crate::lab::{Namespace, in_a_thread, run, wait_until};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn net(text: &str) -> Destination {
    let (address, prefix) = text.split_once('/').unwrap();
    Destination::new(ip(address), prefix.parse().unwrap()).unwrap()
}

fn route(
    destination: &str,
    gateway: Option<&str>,
    device: &str,
    metric: u32,
    source: &str,
) -> Route {
    Route {
        destination: net(destination),
        gateway: gateway.map(ip),
        device: device.to_owned(),
        metric,
        source: Some(ip(source)),
        protocol: OUR_PROTOCOL,
    }
}

/// Two devices that are up, as two bridges would be.
fn two_devices() -> (Namespace, Kernel) {
    let host = Namespace::new();
    for name in ["old", "new"] {
        run(&format!("ip link add {name} type veth peer name p-{name}"));
        run(&format!("ip link set {name} up"));
        run(&format!("ip link set p-{name} up"));
    }
    let mut kernel = host.kernel();
    wait_until("both have a carrier", || {
        ["old", "new"]
            .iter()
            .all(|name| kernel.link(name).unwrap().unwrap().carrier)
    });
    (host, kernel)
}

#[test]
fn an_address_brings_no_route_of_the_kernels_and_carries_our_mark() {
    in_a_thread(|| {
        let (_host, mut kernel) = two_devices();
        for (address, prefix) in [("172.16.0.10", 27), ("fd00::10", 64)] {
            kernel.add_address("old", ip(address), prefix).unwrap();
            let found = kernel.addresses_of("old").unwrap();
            let found = found
                .iter()
                .find(|a| a.address == ip(address))
                .expect("it was added");
            assert_eq!(found.prefix, prefix);
            assert!(
                found.is_ours() && found.noprefixroute && found.permanent && !found.local_scope
            );
            assert!(
                !found.tentative,
                "no second may pass before {address} can be used"
            );
            assert!(
                kernel
                    .add_address("old", ip(address), prefix)
                    .unwrap_err()
                    .is_there_already()
            );
        }
        let routes = kernel.routes_of("old").unwrap();
        assert!(
            routes.iter().all(|r| r.destination == net("fe80::/64")),
            "the kernel added a route: {routes:?}"
        );
        assert!(run("ip -4 addr show dev old").contains("brd 172.16.0.31"));
        kernel.delete_address("old", ip("172.16.0.10"), 27).unwrap();
        kernel.delete_address("old", ip("fd00::10"), 64).unwrap();
        assert!(
            kernel
                .delete_address("old", ip("fd00::10"), 64)
                .unwrap_err()
                .is_missing()
        );
        assert!(
            kernel
                .addresses_of("old")
                .unwrap()
                .iter()
                .all(|a| a.local_scope)
        );
        assert_eq!(kernel.addresses_of("eth9").unwrap(), []);
    });
}

#[test]
fn a_route_is_told_apart_by_its_mark_and_a_second_of_the_same_metric_is_refused() {
    in_a_thread(|| {
        let (_host, mut kernel) = two_devices();
        for (address, prefix, network, far, router) in [
            (
                "172.16.0.10",
                27,
                "172.16.0.0/27",
                "10.0.0.0/8",
                "172.16.0.1",
            ),
            ("fd00::10", 64, "fd00::/64", "fd01::/16", "fd00::1"),
        ] {
            kernel.add_address("old", ip(address), prefix).unwrap();
            let unreachable = route(far, Some(router), "old", 100, address);
            assert!(
                kernel.add_route(&unreachable).is_err(),
                "nothing leads to {router} yet"
            );
            let connected = route(network, None, "old", 100, address);
            kernel.add_route(&connected).unwrap();
            kernel.add_route(&unreachable).unwrap();
            assert!(kernel.add_route(&connected).unwrap_err().is_there_already());
            let twin = Route {
                device: "new".to_owned(),
                source: None,
                ..connected.clone()
            };
            assert!(
                kernel.add_route(&twin).unwrap_err().is_there_already(),
                "{twin} beside {connected}"
            );
            let ours = kernel.our_routes().unwrap();
            assert!(
                ours.contains(&connected) && ours.contains(&unreachable),
                "{ours:?}"
            );
            kernel.delete_route(&unreachable).unwrap();
            assert!(kernel.delete_route(&unreachable).unwrap_err().is_missing());
        }
        run("ip route add 10.9.0.0/16 dev old");
        assert_eq!(kernel.our_routes().unwrap().len(), 2);
        assert_eq!(
            kernel
                .routes_of("old")
                .unwrap()
                .iter()
                .filter(|r| r.destination == net("10.9.0.0/16"))
                .count(),
            1
        );
        let mixed = Route {
            gateway: Some(ip("fd00::1")),
            ..route("10.0.0.0/8", None, "old", 0, "172.16.0.10")
        };
        assert!(
            kernel
                .add_route(&mixed)
                .unwrap_err()
                .to_string()
                .ends_with("fd00::1 is of another family")
        );
    });
}

/// Moves address, connected route and default route from `old` to `new` and back, `times` often,
/// while another thread asks the kernel for a route without a pause.
fn move_to_and_fro(
    address: &'static str,
    prefix: u8,
    network: &'static str,
    gateway: &'static str,
    times: usize,
) {
    let (host, mut kernel) = two_devices();
    let default = if address.contains(':') {
        "::/0"
    } else {
        "0.0.0.0/0"
    };
    let far = if address.contains(':') {
        "2001:db8::1"
    } else {
        "192.0.2.1"
    };
    kernel.add_address("old", ip(address), prefix).unwrap();
    kernel
        .add_route(&route(network, None, "old", 100, address))
        .unwrap();
    kernel
        .add_route(&route(default, Some(gateway), "old", 100, address))
        .unwrap();

    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let watcher = {
        let (stop, asked) = (stop.clone(), asked.clone());
        let path = host.path();
        std::thread::spawn(move || {
            nix::sched::setns(
                std::fs::File::open(path).unwrap(),
                nix::sched::CloneFlags::CLONE_NEWNET,
            )
            .unwrap();
            // connect() of a datagram socket looks the route up and sends nothing.
            let any = if far.contains(':') {
                "[::]:0"
            } else {
                "0.0.0.0:0"
            };
            while !stop.load(Ordering::Relaxed) {
                for target in [far, gateway] {
                    let socket = std::net::UdpSocket::bind(any).unwrap();
                    socket
                        .connect((ip(target), 9))
                        .unwrap_or_else(|error| panic!("no route to {target}: {error}"));
                    assert_eq!(
                        socket.local_addr().unwrap().ip(),
                        ip(address),
                        "another source to {target}"
                    );
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
    };
    let began = asked.load(Ordering::Relaxed);
    wait_until("the watcher asks", || asked.load(Ordering::Relaxed) > began);
    for turn in 0..times {
        let (from, to) = if turn % 2 == 0 {
            ("old", "new")
        } else {
            ("new", "old")
        };
        // Prepare: the address, and every other time the routes at a worse metric. Without those
        // only the replacement itself stands between us and a gap.
        let prepared = [
            route(network, None, to, 4000, address),
            route(default, Some(gateway), to, 4000, address),
        ];
        let prepared = if turn % 4 < 2 { &prepared[..] } else { &[] };
        kernel.add_address(to, ip(address), prefix).unwrap();
        for route in prepared {
            kernel.add_route(route).unwrap();
        }
        // Switch.
        kernel
            .replace_route(&route(network, None, to, 100, address))
            .unwrap();
        kernel
            .replace_route(&route(default, Some(gateway), to, 100, address))
            .unwrap();
        // Nothing is left of the old one, also not behind the new one, where IPv4 would keep it
        // until the address goes: with the last one the kernel deletes all routes of a device.
        let replaced = kernel.routes_of(from).unwrap();
        assert!(
            replaced.iter().all(|r| !r.is_ours()),
            "turn {turn}: {replaced:?}"
        );
        // Retire.
        for route in prepared {
            kernel.delete_route(route).unwrap();
        }
        kernel.delete_address(from, ip(address), prefix).unwrap();
        let ours = kernel.our_routes().unwrap();
        for wanted in [
            route(default, Some(gateway), to, 100, address),
            route(network, None, to, 100, address),
        ] {
            assert!(
                ours.contains(&wanted),
                "turn {turn}: {wanted} is not among {ours:?}"
            );
        }
        assert_eq!(ours.len(), 2, "turn {turn}: {ours:?}");
        assert!(
            !watcher.is_finished(),
            "the watcher found no route in turn {turn}"
        );
    }
    stop.store(true, Ordering::Relaxed);
    watcher.join().unwrap();
    assert!(
        asked.load(Ordering::Relaxed) > times,
        "too few questions to prove anything"
    );
}

#[test]
fn an_ipv4_address_moves_with_its_routes_and_no_instant_without_one() {
    in_a_thread(|| move_to_and_fro("172.16.0.10", 27, "172.16.0.0/27", "172.16.0.1", 200));
}

#[test]
fn an_ipv6_address_moves_with_its_routes_and_no_instant_without_one() {
    in_a_thread(|| move_to_and_fro("fd00::10", 64, "fd00::/64", "fd00::1", 200));
}

#[test]
fn replacing_adds_what_is_not_there_and_leaves_other_metrics_alone() {
    in_a_thread(|| {
        let (_host, mut kernel) = two_devices();
        for (address, prefix, network) in [
            ("172.16.0.10", 27, "172.16.0.0/27"),
            ("fd00::10", 64, "fd00::/64"),
        ] {
            kernel.add_address("old", ip(address), prefix).unwrap();
            kernel.add_address("new", ip(address), prefix).unwrap();
            let worse = route(network, None, "old", 500, address);
            let better = route(network, None, "new", 100, address);
            kernel.replace_route(&worse).unwrap();
            kernel.replace_route(&better).unwrap();
            let mut found = kernel.our_routes().unwrap();
            found.retain(|r| r.destination == net(network));
            assert_eq!(found, [better.clone(), worse.clone()]);
            // Twice the same is no error and no second route.
            kernel.replace_route(&better).unwrap();
            assert_eq!(
                kernel
                    .our_routes()
                    .unwrap()
                    .iter()
                    .filter(|r| **r == better)
                    .count(),
                1
            );
        }
        // Without a metric IPv6 has 1024, and so answers.
        let plain = route("fd07::/64", None, "old", 0, "fd00::10");
        kernel.replace_route(&plain).unwrap();
        let found = kernel.our_routes().unwrap();
        let found = found
            .iter()
            .find(|r| r.destination == net("fd07::/64"))
            .unwrap();
        assert_eq!(found.metric, xapi_net::kernel::route::IPV6_DEFAULT_METRIC);
    });
}

#[test]
fn neighbours_are_known_on_the_new_device_in_their_state() {
    in_a_thread(|| {
        let (_host, mut kernel) = two_devices();
        kernel.add_address("old", ip("172.16.0.10"), 27).unwrap();
        for (address, state) in [
            ("172.16.0.1", "reachable"),
            ("172.16.0.2", "stale"),
            ("172.16.0.3", "permanent"),
            ("172.16.0.4", "delay"),
            ("fd00::1", "reachable"),
        ] {
            run(&format!(
                "ip neigh add {address} lladdr 02:00:00:00:00:01 dev old nud {state}"
            ));
        }
        run("ip neigh add fd00::2 lladdr 02:00:00:00:00:02 dev old nud stale router");
        run("ip neigh add 172.16.0.5 dev old nud failed");
        assert_eq!(kernel.copy_neighbours("old", "new").unwrap(), 6);
        // A second time finds them there and is no error.
        assert_eq!(kernel.copy_neighbours("old", "new").unwrap(), 6);
        let known = kernel.neighbours_of("new").unwrap();
        let state_of = |address: &str| {
            let neighbour = known.iter().find(|n| n.address == ip(address))?;
            Some((neighbour.state, neighbour.router))
        };
        assert_eq!(
            state_of("172.16.0.1"),
            Some((NeighbourState::Reachable, false))
        );
        assert_eq!(state_of("172.16.0.2"), Some((NeighbourState::Stale, false)));
        assert_eq!(
            state_of("172.16.0.3"),
            Some((NeighbourState::Permanent, false))
        );
        assert_eq!(state_of("172.16.0.4"), Some((NeighbourState::Stale, false)));
        assert_eq!(
            state_of("fd00::1"),
            Some((NeighbourState::Reachable, false))
        );
        assert_eq!(state_of("fd00::2"), Some((NeighbourState::Stale, true)));
        assert_eq!(state_of("172.16.0.5"), None);
        assert_eq!(kernel.copy_neighbours("eth9", "new").unwrap(), 0);
        assert!(
            kernel
                .copy_neighbours("old", "eth9")
                .unwrap_err()
                .is_missing()
        );
    });
}

#[test]
fn ipv6_can_be_switched_off_for_a_device_and_its_addresses_are_refused_in_words() {
    in_a_thread(|| {
        let (_host, mut kernel) = two_devices();
        assert_eq!(kernel.ipv6().unwrap(), Ipv6::Enabled);
        kernel.set_switch("new", Switch::DisableIpv6, true).unwrap();
        assert_eq!(
            kernel.switch("new", Switch::DisableIpv6).unwrap(),
            Some(true)
        );
        assert_eq!(
            kernel.switch("old", Switch::DisableIpv6).unwrap(),
            Some(false)
        );
        let error = kernel.add_address("new", ip("fd00::10"), 64).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("IPv6 is disabled on this device"),
            "{error}"
        );
        kernel.set_switch("old", Switch::AcceptRa, false).unwrap();
        assert_eq!(kernel.switch("old", Switch::AcceptRa).unwrap(), Some(false));
        kernel.set_switch("all", Switch::DisableIpv6, true).unwrap();
        assert_eq!(kernel.ipv6().unwrap(), Ipv6::Disabled);
        // Everything else goes on.
        kernel.add_address("new", ip("172.16.0.10"), 27).unwrap();
        assert_eq!(kernel.addresses_of("new").unwrap().len(), 1);
        kernel
            .add_route(&route("172.16.0.0/27", None, "new", 100, "172.16.0.10"))
            .unwrap();
        assert_eq!(kernel.our_routes().unwrap().len(), 1);
    });
}
