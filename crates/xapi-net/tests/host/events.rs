//! What happens by itself: NICs that aren't there, leases, restarts of Open vSwitch.

use std::process::{Child, Stdio};

use xapi_net::agent::{Agent, Cause, NetEvent, Part, Request, Undo};
use xapi_net::engine::{Fault, FaultKind};
use xapi_net::facts::Facts;
use xapi_net::topology::BondMode;
use xapi_net::topology::{Bridge, Ipv4, Topology};

use crate::host::{Host, addressed, inet, name, over, over_bond, topology, wait_for};

/// A DHCP server on the switch.
pub struct Server(Child);

impl Server {
    pub fn start(host: &Host) -> Server {
        Server::giving(host, "")
    }

    /// With more options.
    pub fn giving(host: &Host, options: &str) -> Server {
        let leases = host.root.path().join("dnsmasq.leases");
        // A checksum left to the hardware is never made on the way through veth and ovs-vswitchd, and the client is right
        // to drop such an offer.
        host.lab.switch.run("ethtool -K sw0 tx off");
        let words = "setpriv --pdeathsig KILL dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 \
                     --interface=sw0 --bind-interfaces --dhcp-authoritative --dhcp-range=10.99.0.50,10.99.0.99,1h \
                     --dhcp-option=option:router,10.99.0.1 --dhcp-option=option:dns-server,10.99.0.53 \
                     --user=root --pid-file";
        let mut command = host.lab.switch.command(words);
        command.arg(format!("--dhcp-leasefile={}", leases.display()));
        command.args(options.split_whitespace());
        Server(
            command
                .stdout(Stdio::null())
                .stderr(Stdio::inherit())
                .spawn()
                .unwrap(),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub fn by_dhcp(bridge: Bridge) -> Bridge {
    Bridge {
        ipv4: Ipv4::Dhcp { lease: None },
        ..bridge
    }
}

#[test]
fn a_leased_address_moves_to_the_bond_with_its_lease_and_survives_the_daemon() {
    let mut host = Host::new(2);
    let server = Server::start(&host);
    let alone = topology("xenbr0", vec![("xenbr0", by_dhcp(over(&host, "eth0")))]);
    let outcome = host.whole(&alone).unwrap();
    let lease = outcome.facts.bridges[&name("xenbr0")]
        .lease_v4
        .clone()
        .unwrap();
    assert_eq!(
        outcome.facts.bridges[&name("xenbr0")].addresses,
        [lease.address]
    );
    let unconfirmed = |facts: &Facts, bridge: &str| facts.bridges[&name(bridge)].unconfirmed.len();
    assert_eq!(unconfirmed(&outcome.facts, "xenbr0"), 0);
    assert_eq!(outcome.facts.gateway_v4, Some("10.99.0.1".parse().unwrap()));
    let resolver = std::fs::read_to_string(host.root.path().join("etc/resolv.conf")).unwrap();
    assert!(resolver.contains("nameserver 10.99.0.53"), "{resolver}");
    // No server any more: what moves is the lease, not a new one.
    drop(server);
    let bonded = topology(
        "xapi1",
        vec![(
            "xapi1",
            by_dhcp(over_bond(
                &host,
                "bond0",
                &["eth0", "eth1"],
                BondMode::ActiveBackup,
            )),
        )],
    );
    let outcome = host.whole(&bonded).unwrap();
    assert_eq!(
        outcome.facts.bridges[&name("xapi1")].addresses,
        [lease.address]
    );
    assert_eq!(
        outcome.facts.bridges[&name("xapi1")].lease_v4,
        Some(lease.clone())
    );
    // The bond has the lease of this run.
    assert_eq!(unconfirmed(&outcome.facts, "xapi1"), 0);
    host.start_agent();
    let before = host.ip("-4 address show dev xapi1");
    let outcome = host.what_can(&bonded);
    assert_eq!(host.ip("-4 address show dev xapi1"), before);
    assert_eq!(outcome.steps, 1, "only the client is started again");
    host.lab.host.run("ping -n -c 3 -i 0.2 -w 5 10.99.0.1");
    // Nobody has stood by it since, until there is a server again.
    let facts = |host: &Host| host.agent().facts().unwrap();
    assert_eq!(unconfirmed(&facts(&host), "xapi1"), 1);
    let _server = Server::start(&host);
    host.start_agent();
    let events = host.events();
    host.what_can(&bonded);
    let leased = |event: &NetEvent| matches!(event, NetEvent::LeaseChanged { .. });
    wait_for(&events, leased);
    assert_eq!(unconfirmed(&facts(&host), "xapi1"), 0);
}

/// Global addresses and routes, in any order.
fn shown_by_ip(host: &Host) -> Vec<String> {
    let words = ["-o address show scope global", "-4 route", "-6 route"];
    let shown = words.map(|words| host.ip(words)).concat();
    let mut lines: Vec<String> = shown.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn without_a_dhcp_server_nothing_changes_and_the_error_says_so() {
    let host = Host::new(1);
    let before = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
    host.whole(&before).unwrap();
    let shown = shown_by_ip(&host);
    let wanted = topology("xenbr0", vec![("xenbr0", by_dhcp(over(&host, "eth0")))]);
    let request = Request {
        within: std::time::Duration::from_secs(2),
        ..Request::whole(wanted)
    };
    let error = host.agent().converge(request).unwrap_err();
    assert_eq!(
        (error.part, error.cause, error.undo),
        (Part::Bridge(name("xenbr0")), Cause::NoLease, Undo::Done)
    );
    assert_eq!(shown_by_ip(&host), shown);
    assert_eq!(host.whole(&before).unwrap().steps, 0);
}

#[test]
fn links_are_told_and_counted_while_a_change_waits_for_a_lease() {
    let host = Host::new(3);
    let bond = over_bond(&host, "bond0", &["eth0", "eth1"], BondMode::ActiveBackup);
    let with_delays = |bond: Bridge| {
        let mut bond = bond;
        if let xapi_net::topology::BridgeKind::Real(real) = &mut bond.kind
            && let Some(xapi_net::topology::Uplink::Bond(bond)) = &mut real.uplink
        {
            bond.properties = [("updelay", "0"), ("downdelay", "0")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into();
        }
        bond
    };
    let bond = addressed(with_delays(bond));
    let before = topology("xapi1", vec![("xapi1", bond.clone())]);
    let events = host.events();
    host.whole(&before).unwrap();
    let counted = |count: usize| move |event: &NetEvent| matches!(event, NetEvent::BondChanged { links_up, .. } if *links_up == count);
    wait_for(&events, counted(2));
    // Nobody answers on eth2.
    let wanted = topology(
        "xapi1",
        vec![("xapi1", bond), ("xenbr2", by_dhcp(over(&host, "eth2")))],
    );
    std::thread::scope(|scope| {
        let change = scope.spawn(|| host.agent().converge(Request::whole(wanted)));
        // The client's own socket, for IPv4, is there while it waits; those of Open vSwitch are for all frames.
        let asks = || {
            let sockets = host.lab.host.run("cat /proc/net/packet");
            sockets
                .lines()
                .any(|line| line.split_whitespace().nth(3) == Some("0800"))
        };
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !asks() {
            assert!(std::time::Instant::now() < until, "nobody asks for a lease");
        }
        let began = std::time::Instant::now();
        host.lab.set_carrier("eth1", false);
        let nic = name("eth1");
        // In whichever order: ovs-vswitchd may have been quicker.
        let (mut told, mut is_counted) = (false, false);
        wait_for(&events, |event| {
            told |= *event == NetEvent::Carrier { nic, up: false };
            is_counted |= counted(1)(event);
            told && is_counted
        });
        println!("told and counted within {:?}", began.elapsed());
        assert!(!change.is_finished(), "the lease is waited for no longer");
        let facts = host.agent().facts().unwrap();
        assert!(!facts.nics[&nic].carrier);
        let _server = Server::start(&host);
        change.join().unwrap().expect("a lease");
    });
}

#[test]
fn a_missing_nic_is_named_and_everything_else_is_there_and_it_is_taken_in_when_it_comes() {
    let host = Host::new(3);
    let mut bond = over_bond(&host, "bond0", &["eth0", "eth1"], BondMode::ActiveBackup);
    if let xapi_net::topology::BridgeKind::Real(real) = &mut bond.kind
        && let Some(xapi_net::topology::Uplink::Bond(bond)) = &mut real.uplink
    {
        bond.members.push(name("eth7"));
    }
    let wanted = topology(
        "xapi1",
        vec![
            ("xapi1", addressed(bond)),
            ("xenbr2", over(&host, "eth2")),
            ("xenbr8", Bridge::over_nic(name("eth8"))),
            ("xapi8", Bridge::vlan(name("xenbr8"), 8)),
        ],
    );
    let error = host.whole(&wanted).unwrap_err();
    assert_eq!(error.cause, Cause::Missing);
    let events = host.events();
    let outcome = host.what_can(&wanted);
    let mut parts: Vec<Part> = outcome.left_out.iter().map(|left| left.part).collect();
    parts.sort();
    assert_eq!(parts, [Part::Nic(name("eth7")), Part::Nic(name("eth8"))]);
    assert!(outcome.facts.bridges.contains_key(&name("xenbr2")));
    assert!(!outcome.facts.bridges.contains_key(&name("xapi8")));
    assert_eq!(outcome.facts.bonds[&name("bond0")].members.len(), 2);
    host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
    host.lab.plug_in("eth7");
    wait_for(&events, |event| *event == NetEvent::NicsChanged);
    let converged = wait_for(&events, |event| matches!(event, NetEvent::Converged { .. }));
    let NetEvent::Converged { left_out } = converged else {
        unreachable!()
    };
    assert_eq!(
        left_out.iter().map(|left| left.part).collect::<Vec<_>>(),
        [Part::Nic(name("eth8"))]
    );
    assert_eq!(
        host.agent().facts().unwrap().bonds[&name("bond0")]
            .members
            .len(),
        3
    );
}

#[test]
fn after_a_kill_of_open_vswitch_the_host_converges_again_by_itself() {
    let mut host = Host::new(2);
    let wanted = topology(
        "xapi1",
        vec![(
            "xapi1",
            addressed(over_bond(
                &host,
                "bond0",
                &["eth0", "eth1"],
                BondMode::ActiveBackup,
            )),
        )],
    );
    host.whole(&wanted).unwrap();
    let events = host.events();
    host.lab.kill_vswitchd();
    host.lab.start_vswitchd();
    wait_for(&events, |event| *event == NetEvent::BackendRestarted);
    host.lab.switch.run("ping -n -c 3 -i 0.2 -w 20 10.99.0.2");
    assert_eq!(host.whole(&wanted).unwrap().steps, 0);
    host.lab.kill_ovsdb();
    host.lab.start_ovsdb();
    wait_for(&events, |event| *event == NetEvent::BackendRestarted);
    assert_eq!(host.whole(&wanted).unwrap().steps, 0);
    // Somebody takes the address away: it is back at once.
    host.ip("address del 10.99.0.2/24 dev xapi1");
    wait_for(&events, |event| matches!(event, NetEvent::Converged { .. }));
    host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
}

#[test]
fn a_lost_carrier_is_told_and_the_bond_counts_its_links() {
    let host = Host::new(2);
    let wanted = topology(
        "xapi1",
        vec![(
            "xapi1",
            addressed(over_bond(
                &host,
                "bond0",
                &["eth0", "eth1"],
                BondMode::ActiveBackup,
            )),
        )],
    );
    let events = host.events();
    host.whole(&wanted).unwrap();
    wait_for(&events, |event| {
        matches!(
            event,
            NetEvent::BondChanged {
                links_up: 2,
                members: 2,
                ..
            }
        )
    });
    host.lab.set_carrier("eth0", false);
    wait_for(&events, |event| {
        *event
            == NetEvent::Carrier {
                nic: name("eth0"),
                up: false,
            }
    });
    wait_for(&events, |event| {
        matches!(
            event,
            NetEvent::BondChanged {
                links_up: 1,
                members: 2,
                ..
            }
        )
    });
    host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
}

#[test]
fn members_of_a_bond_are_counted_when_their_delays_are_over_and_not_later() {
    let host = Host::new(2);
    let mut bond = over_bond(&host, "bond0", &["eth0", "eth1"], BondMode::ActiveBackup);
    if let xapi_net::topology::BridgeKind::Real(real) = &mut bond.kind
        && let Some(xapi_net::topology::Uplink::Bond(bond)) = &mut real.uplink
    {
        bond.properties = [("updelay", "700"), ("downdelay", "200")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
    }
    let events = host.events();
    host.whole(&topology("xapi1", vec![("xapi1", addressed(bond))]))
        .unwrap();
    let counted = |count: usize| move |event: &NetEvent| matches!(event, NetEvent::BondChanged { links_up, .. } if *links_up == count);
    wait_for(&events, counted(2));
    for (up, delay, count) in [(false, 200, 1), (true, 700, 2)] {
        let nic = name("eth0");
        host.lab.set_carrier("eth0", up);
        wait_for(&events, |event| *event == NetEvent::Carrier { nic, up });
        let carrier = std::time::Instant::now();
        wait_for(&events, counted(count));
        let took = carrier.elapsed();
        println!("{count} links up {took:?} after the carrier, with a delay of {delay} ms");
        let delay = std::time::Duration::from_millis(delay);
        assert!(took + std::time::Duration::from_millis(20) >= delay);
        // 50 ms where the machine has nothing else to do.
        assert!(took <= delay + std::time::Duration::from_millis(150));
    }
}

#[test]
fn an_address_on_the_nic_itself_is_adopted_without_being_cut_off() {
    let host = Host::new(1);
    host.ip("address add 10.99.0.2/24 dev eth0");
    host.ip("route add default via 10.99.0.1 dev eth0");
    host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
    let adopted = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
    let outcome = host.whole(&adopted).unwrap();
    assert_eq!(outcome.facts.nics[&name("eth0")].addresses, []);
    let mut addresses = outcome.facts.bridges[&name("xenbr0")].addresses.clone();
    addresses.sort();
    assert_eq!(addresses, [inet("10.99.0.2/24"), inet("fd99::2/64")]);
    assert!(
        host.ip("route")
            .contains("default via 10.99.0.1 dev xenbr0")
    );
    host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
}

#[test]
fn a_host_without_ipv6_takes_the_same_topology() {
    let host = Host::new(2);
    host.lab
        .host
        .run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
    let wanted = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
    let outcome = host.whole(&wanted).unwrap();
    assert_eq!(
        outcome.facts.bridges[&name("xenbr0")].addresses,
        [inet("10.99.0.2/24")]
    );
    let bonded = topology(
        "xapi1",
        vec![(
            "xapi1",
            addressed(over_bond(
                &host,
                "bond0",
                &["eth0", "eth1"],
                BondMode::BalanceSlb,
            )),
        )],
    );
    host.whole(&bonded).unwrap();
    host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
    assert_eq!(host.whole(&bonded).unwrap().steps, 0);
    assert_eq!(host.whole(&Topology::default()).unwrap().left_out, []);
}

#[test]
fn a_crash_at_any_step_of_a_move_is_mended_by_the_next_agent() {
    let mut host = Host::new(2);
    let apart = topology(
        "xenbr0",
        vec![
            ("xenbr0", addressed(over(&host, "eth0"))),
            ("xenbr1", over(&host, "eth1")),
        ],
    );
    let bond = over_bond(&host, "bond0", &["eth0", "eth1"], BondMode::BalanceSlb);
    let bonded = topology("xapi2", vec![("xapi2", addressed(bond))]);
    host.whole(&apart).unwrap();
    let steps = host
        .agent()
        .plan(Request::whole(bonded.clone()))
        .unwrap()
        .len();
    for at in 0..steps {
        let kind = if at % 2 == 0 {
            FaultKind::CrashBefore
        } else {
            FaultKind::CrashAfter
        };
        host.agent().inject(Fault { at, kind }).unwrap();
        assert_eq!(host.whole(&bonded).unwrap_err().cause, Cause::Stopped);
        host.start_agent();
        let facts = host.what_can(&apart).facts;
        let there: Vec<_> = facts.bridges.keys().copied().collect();
        assert_eq!(there, [name("xenbr0"), name("xenbr1")], "{kind:?} at {at}");
        host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
        assert_eq!(host.whole(&apart).unwrap().steps, 0);
    }
}

#[test]
fn after_a_failed_undo_management_is_alone_on_the_primary_member_and_then_as_it_was() {
    let host = Host::new(2);
    let bond = over_bond(&host, "bond0", &["eth0", "eth1"], BondMode::ActiveBackup);
    let bonded = topology("xapi2", vec![("xapi2", addressed(bond))]);
    let apart = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
    host.what_can(&bonded);
    let plan = host.agent().plan(Request::whole(apart.clone())).unwrap();
    let at = plan
        .iter()
        .position(|step| step.starts_with("drop port bond0"))
        .unwrap();
    let events = host.events();
    // The call fails after the bond has gone, so do both ways back, and the first attempt at the bond after them.
    let fault = Fault {
        at: at + 2,
        kind: FaultKind::RefuseTimes(4),
    };
    host.agent().inject(fault).unwrap();
    let error = host.whole(&apart).unwrap_err();
    assert!(matches!(error.undo, Undo::Failed(_)), "{error}");
    wait_for(&events, |event| matches!(event, NetEvent::Diverged { .. }));
    wait_for(&events, |event| matches!(event, NetEvent::Converged { .. }));
    host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
    let facts = host.agent().facts().unwrap();
    println!("{:?} {:?}", facts.bridges.keys(), facts.bonds);
    while !host
        .agent()
        .facts()
        .unwrap()
        .bonds
        .contains_key(&name("bond0"))
    {
        wait_for(&events, |event| matches!(event, NetEvent::Converged { .. }));
    }
    host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
    assert_eq!(host.whole(&bonded).unwrap().steps, 0);
}

#[test]
fn while_a_lease_is_waited_for_questions_are_answered() {
    let host = Host::new(1);
    let before = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
    host.what_can(&before);
    let wanted = topology("xenbr0", vec![("xenbr0", by_dhcp(over(&host, "eth0")))]);
    let request = Request {
        within: std::time::Duration::from_secs(4),
        ..Request::whole(wanted)
    };
    std::thread::scope(|scope| {
        let call = scope.spawn(|| host.agent().converge(request.clone()));
        let mut answered = 0;
        while !call.is_finished() {
            let facts = host.agent().facts().unwrap();
            let plan = host.agent().plan(request.clone()).unwrap();
            if call.is_finished() {
                break;
            }
            // The client runs and the address that was there is there: the change is under way.
            answered += usize::from(
                plan.is_empty()
                    && facts.bridges[&name("xenbr0")]
                        .addresses
                        .contains(&inet("10.99.0.2/24")),
            );
        }
        println!("{answered} answers while a lease was waited for");
        assert!(answered > 10);
        assert_eq!(call.join().unwrap().unwrap_err().cause, Cause::NoLease);
    });
    assert_eq!(host.whole(&before).unwrap().steps, 0);
}

#[test]
fn a_panic_of_the_network_thread_costs_one_call_and_the_host_is_as_before() {
    let host = Host::new(2);
    let apart = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
    let bond = over_bond(&host, "bond0", &["eth0", "eth1"], BondMode::ActiveBackup);
    let bonded = topology("xapi2", vec![("xapi2", addressed(bond))]);
    host.what_can(&apart);
    let events = host.events();
    for at in [0, 4, 9] {
        let kind = FaultKind::Panic;
        host.agent().inject(Fault { at, kind }).unwrap();
        assert_eq!(host.whole(&bonded).unwrap_err().cause, Cause::Stopped);
        wait_for(&events, |event| matches!(event, NetEvent::Diverged { .. }));
        wait_for(&events, |event| matches!(event, NetEvent::Converged { .. }));
        host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
        let bridges: Vec<_> = host.agent().facts().unwrap().bridges.into_keys().collect();
        assert_eq!(bridges, [name("xenbr0")], "{at}");
        assert_eq!(host.whole(&apart).unwrap().steps, 0);
    }
}

#[test]
fn what_is_asked_while_open_vswitch_is_not_there_is_done_when_it_comes() {
    let mut host = Host::new(1);
    let wanted = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
    let events = host.events();
    host.lab.kill_ovsdb();
    let request = Request {
        within: std::time::Duration::from_secs(1),
        ..Request::what_can(wanted.clone())
    };
    let error = host.agent().converge(request).unwrap_err();
    assert_eq!(error.cause, Cause::Unreachable, "{error}");
    host.lab.start_ovsdb();
    wait_for(&events, |event| matches!(event, NetEvent::Converged { .. }));
    host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
    assert_eq!(host.what_can(&wanted).steps, 0);
}

#[test]
fn who_panics_before_anything_was_asked_says_that_there_is_nothing_to_go_back_to() {
    let host = Host::new(1);
    let wanted = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
    let events = host.events();
    let kind = FaultKind::Panic;
    host.agent().inject(Fault { at: 2, kind }).unwrap();
    assert_eq!(host.whole(&wanted).unwrap_err().cause, Cause::Stopped);
    wait_for(&events, |event| matches!(event, NetEvent::Diverged { .. }));
    wait_for(&events, |event| *event == NetEvent::NothingAsked);
    host.what_can(&wanted);
    host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
}
