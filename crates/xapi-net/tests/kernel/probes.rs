//! Proof of life, asked of a neighbour in another namespace.

use std::collections::BTreeSet;
use std::net::{IpAddr, UdpSocket};
use std::time::{Duration, Instant};

use xapi_net::agent::Probe;
use xapi_net::kernel::probe::answered;

use crate::lab::{Namespace, SOON, in_a_thread, run};

/// A host with eth0 to a switch where 172.16.0.1 and fd00::1 are; the names of the switch's namespace.
fn stage() -> (Namespace, Namespace) {
    let switch = Namespace::new();
    let host = Namespace::new();
    run(&format!(
        "ip link add eth0 type veth peer name p0 netns {}",
        switch.path()
    ));
    run("ip link set eth0 up");
    run("ip addr add 172.16.0.10/27 dev eth0");
    run("ip addr add fd00::10/64 dev eth0 nodad");
    switch.within(|| {
        run("ip link set p0 up");
        run("ip addr add 172.16.0.1/27 dev p0");
        run("ip addr add fd00::1/64 dev p0 nodad");
    });
    (host, switch)
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn routers() -> BTreeSet<Probe> {
    [address("172.16.0.1"), address("fd00::1")]
        .map(Probe::Router)
        .into()
}

#[test]
fn a_router_of_either_family_answers_at_once_and_one_that_has_gone_does_not() {
    in_a_thread(|| {
        let (host, switch) = stage();
        host.enter();
        let began = Instant::now();
        assert_eq!(answered(&routers(), SOON).unwrap(), routers());
        assert!(began.elapsed() < SOON, "it waited to the end of the time");
        // The kernel knows both now; that it does must not count when they have gone.
        switch.within(|| run("ip link set p0 address 02:00:00:00:00:01"));
        switch.within(|| run("ip addr flush dev p0"));
        let gone = answered(&routers(), Duration::from_millis(600)).unwrap();
        assert_eq!(gone, BTreeSet::new());
        // And the same two are found again when they are back, with another MAC.
        switch.within(|| {
            run("ip addr add 172.16.0.1/27 dev p0");
            run("ip addr add fd00::1/64 dev p0 nodad");
        });
        assert_eq!(answered(&routers(), SOON).unwrap(), routers());
    });
}

#[test]
fn a_router_that_answers_on_another_device_than_packets_take_is_none() {
    in_a_thread(|| {
        let (host, _switch) = stage();
        host.enter();
        // A second NIC in the same network, which leads nowhere, and by which packets go.
        run("ip link add eth1 type veth peer name nowhere");
        run("ip link set nowhere up");
        run("ip link set eth1 up");
        run("ip addr add 172.16.0.11/27 dev eth1 noprefixroute");
        run("ip route del 172.16.0.0/27 dev eth0");
        run("ip route add 172.16.0.0/27 dev eth1");
        run("ip route add 172.16.0.0/27 dev eth0 metric 5");
        let router: BTreeSet<_> = [Probe::Router(address("172.16.0.1"))].into();
        let found = answered(&router, Duration::from_millis(600)).unwrap();
        assert_eq!(found, BTreeSet::new());
        run("ip route del 172.16.0.0/27 dev eth1");
        assert_eq!(answered(&router, SOON).unwrap(), router);
    });
}

#[test]
fn anybody_answers_an_echo_request_and_a_name_server_a_query() {
    in_a_thread(|| {
        let (host, switch) = stage();
        let server = switch.within(|| UdpSocket::bind("172.16.0.1:53").unwrap());
        server.set_read_timeout(Some(SOON)).unwrap();
        let serving = std::thread::spawn(move || {
            let mut buffer = [0; 512];
            let (length, from) = server.recv_from(&mut buffer).unwrap();
            // Refused, and still alive (RFC 1035, 4.1.1).
            buffer[2] |= 0x80;
            buffer[3] = 5;
            server.send_to(&buffer[..length], from).unwrap();
        });
        host.enter();
        let there: BTreeSet<_> = [
            Probe::Host(address("172.16.0.1")),
            Probe::Host(address("fd00::1")),
            Probe::NameServer(address("172.16.0.1")),
        ]
        .into();
        assert_eq!(answered(&there, SOON).unwrap(), there);
        serving.join().unwrap();
        let nobody: BTreeSet<_> = [
            Probe::Host(address("172.16.0.2")),
            Probe::NameServer(address("fd00::1")),
            // There is no route to these.
            Probe::Host(address("192.0.2.1")),
            Probe::Router(address("2001:db8::1")),
        ]
        .into();
        let none = answered(&nobody, Duration::from_millis(300)).unwrap();
        assert_eq!(none, BTreeSet::new());
    });
}
