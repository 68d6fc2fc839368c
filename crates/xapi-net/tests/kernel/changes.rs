//! The listener.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use xapi_net::kernel::{Destination, Event, OUR_PROTOCOL, Route, Watch};

use crate::lab::{Namespace, SOON, in_a_thread, run, wait_for, wait_until};

fn listen() -> (Watch, Receiver<Event>) {
    let (sender, events) = channel();
    let watch = Watch::start(move |event| {
        // The test may have seen enough.
        drop(sender.send(event));
    });
    (watch.unwrap(), events)
}

/// Waits for an event that the pattern describes.
macro_rules! expect {
    ($events:expr, $pattern:pat $(if $guard:expr)? => $result:expr) => {
        wait_for(&$events, SOON, |event| match event {
            $pattern $(if $guard)? => Some($result),
            _ => None,
        })
    };
}

#[test]
fn a_lost_carrier_is_told_within_milliseconds() {
    in_a_thread(|| {
        let host = Namespace::new();
        run("ip link add eth0 type veth peer name p0");
        let mut kernel = host.kernel();
        kernel.set_up("eth0", true).unwrap();
        kernel.set_up("p0", true).unwrap();
        wait_until("eth0 has a carrier", || {
            kernel.link("eth0").unwrap().unwrap().carrier
        });
        let (_watch, events) = listen();
        let mut slowest = Duration::ZERO;
        for turn in 0..20 {
            let up = turn % 2 == 1;
            let began = Instant::now();
            kernel.set_up("p0", up).unwrap();
            expect!(events, Event::Carrier(link) if link.name == "eth0" && link.carrier == up => ());
            // The kernel holds back a carrier that comes a second time within a second; one that
            // goes it tells at once.
            if !up {
                slowest = slowest.max(began.elapsed());
            }
        }
        println!("slowest: {slowest:?}");
        assert!(slowest < Duration::from_millis(50), "{slowest:?}");
    });
}

#[test]
fn links_that_come_change_and_go_are_told() {
    in_a_thread(|| {
        let host = Namespace::new();
        let mut kernel = host.kernel();
        let (_watch, events) = listen();
        run("ip link add eth0 type veth peer name p0");
        let link = expect!(events, Event::LinkAdded(link) if link.name == "eth0" => link.clone());
        assert_eq!(link.kind.as_deref(), Some("veth"));
        kernel.set_mtu("eth0", 1400).unwrap();
        expect!(events, Event::LinkChanged(link) if link.name == "eth0" && link.mtu == 1400 => ());
        run("ip link set eth0 name eth5");
        let index = expect!(events, Event::LinkRenamed { from, link } if from == "eth0" && link.name == "eth5" => link.index);
        assert_eq!(index, link.index);
        // That a port leaves its bridge is told in a message that looks like its deletion.
        run("ip link add xenbr0 type bridge");
        run("ip link set eth5 master xenbr0");
        expect!(events, Event::LinkChanged(link) if link.name == "eth5" && link.controller.is_some() => ());
        run("ip link set eth5 nomaster");
        wait_for(&events, SOON, |event| match event {
            Event::LinkRemoved(link) => panic!("{} was said to be gone", link.name),
            Event::LinkChanged(link) if link.name == "eth5" => {
                link.controller.is_none().then_some(())
            }
            _ => None,
        });
        run("ip link del eth5");
        expect!(events, Event::LinkRemoved(link) if link.name == "eth5" => ());
    });
}

#[test]
fn addresses_and_routes_that_come_and_go_are_told() {
    in_a_thread(|| {
        let host = Namespace::new();
        run("ip link add eth0 type veth peer name p0");
        run("ip link set eth0 up");
        run("ip link set p0 up");
        let mut kernel = host.kernel();
        let (_watch, events) = listen();
        for (address, prefix, network) in [
            ("172.16.0.10", 27, "172.16.0.0"),
            ("fd00::10", 64, "fd00::"),
        ] {
            let address = address.parse().unwrap();
            kernel.add_address("eth0", address, prefix).unwrap();
            expect!(events, Event::AddressAdded { device, address: a } if device == "eth0" && a.address == address => ());
            let route = Route {
                destination: Destination::new(network.parse().unwrap(), prefix).unwrap(),
                gateway: None,
                device: "eth0".to_owned(),
                metric: 100,
                source: None,
                protocol: OUR_PROTOCOL,
            };
            kernel.add_route(&route).unwrap();
            expect!(events, Event::RouteAdded(r) if *r == route => ());
            kernel.delete_route(&route).unwrap();
            expect!(events, Event::RouteRemoved(r) if *r == route => ());
            kernel.delete_address("eth0", address, prefix).unwrap();
            expect!(events, Event::AddressRemoved { device, address: a } if device == "eth0" && a.address == address => ());
        }
        // An address under duplicate detection is told twice: as it comes and when it is good.
        run("ip addr add fd00::11/64 dev eth0");
        expect!(events, Event::AddressAdded { address, .. } if address.tentative => ());
        expect!(events, Event::AddressChanged { address, .. } if !address.tentative && !address.local_scope => ());
    });
}

#[test]
fn what_was_missed_in_an_overrun_is_told_after_it() {
    in_a_thread(|| {
        let host = Namespace::new();
        let mut kernel = host.kernel();
        run("ip link add eth0 type veth peer name p0");
        run("ip link add eth1 type veth peer name p1");
        let (sender, events) = channel();
        let (open_gate, gate) = channel::<()>();
        let mut gate = Some(gate);
        let _watch = Watch::start_with_buffer(4096, move |event| {
            drop(sender.send(event));
            // The first event keeps the listener until the gate opens.
            if let Some(gate) = gate.take() {
                gate.recv().unwrap();
            }
        })
        .unwrap();
        kernel.set_mtu("eth0", 1400).unwrap();
        expect!(events, Event::LinkChanged(link) if link.mtu == 1400 => ());
        for mtu in 1000..1300 {
            kernel.set_mtu("eth0", mtu).unwrap();
        }
        run("ip link del eth1");
        run("ip link add eth2 type veth peer name p2");
        kernel
            .add_address("eth0", "172.16.0.10".parse().unwrap(), 27)
            .unwrap();
        open_gate.send(()).unwrap();

        let mut told = Vec::new();
        wait_for(&events, SOON, |event| {
            told.push(event.clone());
            matches!(event, Event::Resynced).then_some(())
        });
        assert!(
            told.iter()
                .any(|e| matches!(e, Event::LinkChanged(link) if link.mtu == 1299))
        );
        assert!(
            told.iter()
                .any(|e| matches!(e, Event::LinkRemoved(link) if link.name == "eth1"))
        );
        assert!(
            told.iter()
                .any(|e| matches!(e, Event::LinkAdded(link) if link.name == "eth2"))
        );
        assert!(
            told.iter()
                .any(|e| matches!(e, Event::AddressAdded { device, .. } if device == "eth0"))
        );
        // And it goes on.
        kernel.set_mtu("eth0", 1500).unwrap();
        expect!(events, Event::LinkChanged(link) if link.mtu == 1500 => ());
    });
}

#[test]
fn a_listener_that_is_dropped_tells_no_more() {
    in_a_thread(|| {
        let host = Namespace::new();
        run("ip link add eth0 type veth peer name p0");
        let (watch, events) = listen();
        drop(watch);
        host.kernel().set_mtu("eth0", 1400).unwrap();
        assert!(
            events.recv().is_err(),
            "its thread, and with it the sender, must be gone"
        );
    });
}
