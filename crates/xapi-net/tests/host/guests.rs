//! Guests' NICs on a real Open vSwitch, and what passes them. A guest is a namespace with the other end of a veth.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use xapi_net::agent::{Agent, Cause, NetEvent, Request};
use xapi_net::names::Mac as Address;
use xapi_net::topology::{BondMode, Bridge, Filter, Rate, Topology, Vif};

use crate::frames::{
    ALL, Flood, Listener, Mac, Sender, arp, ethernet, icmpv6, ipv4, ipv6, neighbour, tagged, udp,
};
use crate::host::{Host, addressed, name, over, over_bond, topology, wait_for};
use crate::lab::Namespace;

pub const GUEST: Mac = [2, 0, 0, 0, 9, 9];
const OTHER: Mac = [2, 0, 0, 0, 9, 8];
const V4: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 9);
const V4_OTHER: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 8);
const SWITCH: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);

fn v6(host: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 0, host)
}

/// A guest with one NIC, eth0, whose other end the host has.
pub fn guest(host: &Host, vif: &str, mac: Mac, address: &str) -> Namespace {
    let guest = Namespace::new();
    plug(host, &guest, vif, mac, address);
    guest
}

pub fn plug(host: &Host, guest: &Namespace, vif: &str, mac: Mac, address: &str) {
    let peer = guest.pid();
    host.ip(&format!(
        "link add {vif} type veth peer name eth0 netns {peer}"
    ));
    let mac = Address(mac);
    guest.run(&format!("ip link set eth0 address {mac} up"));
    guest.run(&format!("ip address add {address} dev eth0"));
    // As a guest that makes its own checksums: in user space nobody makes them on the way.
    guest.run("ethtool -K eth0 tx off");
}

fn only(addresses: &[&str]) -> Filter {
    Filter::Only {
        addresses: addresses.iter().map(|it| it.parse().unwrap()).collect(),
    }
}

fn own() -> Filter {
    only(&["10.99.0.9", "fd99::9"])
}

pub fn vif(bridge: &str, mac: Mac, filter: Filter) -> Vif {
    Vif {
        bridge: name(bridge),
        mac: Address(mac),
        mtu: 1500,
        external_ids: BTreeMap::from([
            ("xs-vif-uuid".to_owned(), "v-1".to_owned()),
            ("attached-mac".to_owned(), Address(mac).to_string()),
        ]),
        rate: None,
        filter,
    }
}

fn with_vif(mut topology: Topology, vif: Vif) -> Topology {
    topology.vifs.insert(name("vif1.0"), vif);
    topology
}

fn on_nic(host: &Host) -> Topology {
    topology("xenbr0", vec![("xenbr0", addressed(over(host, "eth0")))])
}

fn on_bond(host: &Host) -> Topology {
    let bond = over_bond(host, "bond0", &["eth0", "eth1"], BondMode::ActiveBackup);
    topology("xapi1", vec![("xapi1", addressed(bond))])
}

/// Frames of a guest, and whether they may pass.
fn frames() -> Vec<(&'static str, bool, Vec<u8>)> {
    let from =
        |mac: Mac, kind: u16, content: &[u8], mark: &str| ethernet(ALL, mac, kind, content, mark);
    let four =
        |mark: &'static str, passes: bool, mac: Mac, address: Ipv4Addr, ports: (u16, u16)| {
            let packet = ipv4(address, SWITCH, 17, &udp(ports.0, ports.1));
            (mark, passes, from(mac, 0x0800, &packet, mark))
        };
    let six = |mark: &'static str,
               passes: bool,
               mac: Mac,
               address: Ipv6Addr,
               next: u8,
               content: &[u8]| {
        let packet = ipv6(address, v6(1), next, content);
        (mark, passes, from(mac, 0x86dd, &packet, mark))
    };
    let resolution =
        |mark: &'static str, passes: bool, mac: Mac, hardware: Mac, address: Ipv4Addr| {
            let packet = arp(passes, hardware, address);
            (mark, passes, from(mac, 0x0806, &packet, mark))
        };
    let plain = four("tagged", false, GUEST, V4, (9, 9)).2;
    let none = Ipv4Addr::UNSPECIFIED;
    vec![
        four("own IPv4", true, GUEST, V4, (9, 9)),
        four("another's IPv4", false, GUEST, V4_OTHER, (9, 9)),
        four("another's MAC", false, OTHER, V4, (9, 9)),
        four("asks for a lease", true, GUEST, none, (68, 67)),
        four("asks with another's IPv4", false, GUEST, V4_OTHER, (68, 67)),
        four("gives leases", false, GUEST, V4, (67, 68)),
        resolution("own ARP", true, GUEST, GUEST, V4),
        resolution("ARP without an address", true, GUEST, GUEST, none),
        resolution("another's ARP", false, GUEST, GUEST, V4_OTHER),
        resolution("ARP for another's MAC", false, GUEST, OTHER, V4),
        resolution("ARP from another's MAC", false, OTHER, GUEST, V4),
        six("own IPv6", true, GUEST, v6(9), 17, &udp(9, 9)),
        six("another's IPv6", false, GUEST, v6(8), 17, &udp(9, 9)),
        six(
            "IPv6 from another's MAC",
            false,
            OTHER,
            v6(9),
            17,
            &udp(9, 9),
        ),
        six("own ping", true, GUEST, v6(9), 58, &icmpv6(128)),
        six(
            "solicits",
            true,
            GUEST,
            v6(9),
            58,
            &neighbour(135, v6(1), GUEST),
        ),
        six(
            "solicits with another's MAC",
            false,
            GUEST,
            v6(9),
            58,
            &neighbour(135, v6(1), OTHER),
        ),
        six(
            "solicits as another",
            false,
            GUEST,
            v6(8),
            58,
            &neighbour(135, v6(1), GUEST),
        ),
        six(
            "advertises itself",
            true,
            GUEST,
            v6(9),
            58,
            &neighbour(136, v6(9), GUEST),
        ),
        six(
            "advertises another",
            false,
            GUEST,
            v6(9),
            58,
            &neighbour(136, v6(8), GUEST),
        ),
        six("is a router", false, GUEST, v6(9), 58, &icmpv6(134)),
        six("redirects", false, GUEST, v6(9), 58, &icmpv6(137)),
        six("gives IPv6 leases", false, GUEST, v6(9), 17, &udp(547, 546)),
        (
            "other protocol",
            false,
            from(GUEST, 0x88b5, &[0; 46], "other protocol"),
        ),
        ("tagged", false, tagged(&plain, 7)),
    ]
}

/// Sends all of them, and then one that passes everything but a closed filter.
fn heard(sender: &mut Sender, listener: &Listener) -> Vec<String> {
    let all = frames();
    for (_, _, frame) in &all {
        sender.send(frame);
    }
    let packet = ipv4(V4, SWITCH, 17, &udp(9, 9));
    // Packets of one batch may pass each other, those of two do not.
    let mut marks = Vec::new();
    for fence in ["first end", "second end"] {
        sender.send(&ethernet(ALL, GUEST, 0x0800, &packet, fence));
        marks.extend(listener.marks_until(fence));
    }
    marks.retain(|mark| all.iter().any(|(known, _, _)| known == mark));
    marks.sort();
    marks
}

fn sorted<'a>(marks: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut marks: Vec<&str> = marks.collect();
    marks.sort();
    marks
}

#[test]
fn a_locked_guest_sends_as_itself_and_as_nobody_else_and_an_open_one_as_whoever_it_likes() {
    let host = Host::new(1);
    let guest = guest(&host, "vif1.0", GUEST, "10.99.0.9/24");
    let switch = &host.lab.switch;
    host.whole(&with_vif(on_nic(&host), vif("xenbr0", GUEST, own())))
        .unwrap();
    let listener = Listener::start(switch, "p-eth0");
    let mut sender = Sender::new(&guest, "eth0");
    let all = frames();
    let allowed = sorted(all.iter().filter(|it| it.1).map(|it| it.0));
    assert_eq!(heard(&mut sender, &listener), allowed);
    guest.run("ping -n -c 3 -i 0.2 -w 5 10.99.0.1");
    switch.run("ping -n -c 1 -w 5 10.99.0.9");
    assert_eq!(host.ip("-4 -o address show dev vif1.0"), "");
    assert_eq!(host.ip("-6 -o address show dev vif1.0"), "");

    // Without addresses it only looks for some.
    host.whole(&with_vif(on_nic(&host), vif("xenbr0", GUEST, only(&[]))))
        .unwrap();
    for (_, _, frame) in &all {
        sender.send(frame);
    }
    let last = ipv4(Ipv4Addr::UNSPECIFIED, SWITCH, 17, &udp(68, 67));
    let mut marks = Vec::new();
    for fence in ["first end", "second end"] {
        sender.send(&ethernet(ALL, GUEST, 0x0800, &last, fence));
        marks.extend(listener.marks_until(fence));
    }
    marks.retain(|mark| all.iter().any(|(known, _, _)| known == mark));
    marks.sort();
    assert_eq!(marks, ["ARP without an address", "asks for a lease"]);

    // Open: all pass. And locked again: it holds at once.
    host.whole(&with_vif(on_nic(&host), vif("xenbr0", GUEST, Filter::Open)))
        .unwrap();
    let everything = sorted(all.iter().map(|it| it.0));
    assert_eq!(heard(&mut sender, &listener), everything);
    let locked = with_vif(on_nic(&host), vif("xenbr0", GUEST, own()));
    host.whole(&locked).unwrap();
    assert_eq!(heard(&mut sender, &listener), allowed);
    assert_eq!(host.whole(&locked).unwrap().steps, 0);
    let ports = &host.agent().facts().unwrap().bridges[&name("xenbr0")].ports;
    assert_eq!(*ports, [name("eth0"), name("vif1.0")]);

    // Rules of somebody else, and a rule that somebody took away, are found and mended.
    for words in ["add-flow priority=9999,actions=NORMAL", "del-flows ip"] {
        let (command, flow) = words.split_once(' ').unwrap();
        let guard = host.lab.run_dir().join("xapi-guard.mgmt");
        let socket = format!("unix:{}", guard.display());
        let cookie = "cookie=1,";
        let flow = if command == "add-flow" {
            format!("{cookie}{flow}")
        } else {
            flow.to_owned()
        };
        host.lab
            .host
            .run(&format!("ovs-ofctl {command} {socket} {flow}"));
    }
    assert_eq!(host.whole(&locked).unwrap().steps, 1);
    assert_eq!(host.whole(&locked).unwrap().steps, 0);
    guest.run("ping -n -c 1 -w 5 10.99.0.1");
}

#[test]
fn a_closed_guest_hears_and_says_nothing() {
    let host = Host::new(1);
    let guest = guest(&host, "vif1.0", GUEST, "10.99.0.9/24");
    let open = with_vif(on_nic(&host), vif("xenbr0", GUEST, Filter::Open));
    let closed = with_vif(on_nic(&host), vif("xenbr0", GUEST, Filter::Closed));
    host.whole(&open).unwrap();
    guest.run("ping -n -c 1 -w 5 10.99.0.1");
    host.whole(&closed).unwrap();
    assert_eq!(host.whole(&closed).unwrap().steps, 0);
    let outside = Listener::start(&host.lab.switch, "p-eth0");
    let inside = Listener::start(&guest, "eth0");
    let _flood = Flood::start(&guest, "eth0", &[frames()[0].2.clone()]);
    let broadcast = |mark: &str| ethernet(ALL, OTHER, 0x88b5, &[0; 46], mark);
    let mut sender = Sender::new(&host.lab.switch, "sw0");
    sender.send(&broadcast("while closed"));
    host.lab.switch.run("ping -n -c 3 -i 0.2 -w 5 10.99.0.2");
    assert_eq!((outside.marks(), inside.marks()), (Vec::new(), Vec::new()));
    host.whole(&open).unwrap();
    outside.marks_until("own IPv4");
    // One frame may get lost in the flood.
    let mut heard = Vec::new();
    for _ in 0..40 {
        sender.send(&broadcast("while open"));
        heard = inside.marks_within(Duration::from_millis(500));
        if !heard.is_empty() {
            break;
        }
    }
    heard.dedup();
    assert_eq!(heard, ["while open"]);
}

/// `ip monitor`, to be asked in the end whether a device was ever down.
struct Downs(Child, std::path::PathBuf);

impl Downs {
    fn watch(host: &Host) -> Downs {
        let path = host.root.path().join("links");
        let file = std::fs::File::create(&path).unwrap();
        let mut command = host
            .lab
            .host
            .command("setpriv --pdeathsig KILL ip -o monitor link");
        Downs(command.stdout(Stdio::from(file)).spawn().unwrap(), path)
    }

    fn of(&self, device: &str) -> Vec<String> {
        let text = std::fs::read_to_string(&self.1).unwrap();
        let lines = text
            .lines()
            .filter(|line| line.contains(&format!(" {device}@")));
        let down = lines.filter(|line| !line.contains(",UP"));
        down.map(str::to_owned).collect()
    }
}

impl Drop for Downs {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn spoofed() -> Vec<Vec<u8>> {
    let all = frames().into_iter().filter(|it| !it.1);
    all.map(|it| it.2).collect()
}

/// Whether the guest reaches the switch within some time, and how long that took.
fn reaches(host: &Host, guest: &Namespace, when: &str) -> Duration {
    let began = Instant::now();
    let mut ping = guest.command("ping -n -c 1 -i 0.02 -w 10 10.99.0.1");
    if !ping.output().unwrap().status.success() {
        let guard = host.lab.run_dir().join("xapi-guard.mgmt");
        let words = format!("ovs-ofctl dump-flows unix:{}", guard.display());
        let rules = host.lab.host.run(&words);
        let ways = host.lab.appctl("dpctl/dump-flows");
        let ports = host.lab.vsctl("show");
        panic!("cut off, {when}: {rules}\n{ways}\n{ports}");
    }
    began.elapsed()
}

#[test]
fn nothing_slips_through_while_a_locked_guest_is_plugged_and_moved_and_open_vswitch_killed() {
    let mut host = Host::new(2);
    let guest = guest(&host, "vif1.0", GUEST, "10.99.0.9/24");
    host.whole(&on_nic(&host)).unwrap();
    let listeners = ["p-eth0", "p-eth1"].map(|nic| Listener::start(&host.lab.switch, nic));
    let _flood = Flood::start(&guest, "eth0", &spoofed());
    let silent = |when: &str| {
        for listener in &listeners {
            assert_eq!(listener.marks(), Vec::<String>::new(), "{when}");
        }
    };
    let locked = |topology: Topology, bridge: &str| with_vif(topology, vif(bridge, GUEST, own()));
    for round in 0..5 {
        host.whole(&locked(on_nic(&host), "xenbr0")).unwrap();
        reaches(&host, &guest, "plugged");
        silent("plugged");
        let downs = Downs::watch(&host);
        for _ in 0..3 {
            host.whole(&locked(on_bond(&host), "xapi1")).unwrap();
            reaches(&host, &guest, "moved to the bond");
            silent("moved to the bond");
            host.whole(&locked(on_nic(&host), "xenbr0")).unwrap();
            reaches(&host, &guest, "moved back");
            silent("moved back");
        }
        assert_eq!(downs.of("vif1.0"), Vec::<String>::new(), "round {round}");
        drop(downs);
        if round < 4 {
            host.whole(&on_nic(&host)).unwrap();
            silent("unplugged");
        }
    }

    // With the agent, the guest is back by itself.
    for _ in 0..5 {
        let events = host.events();
        host.lab.kill_vswitchd();
        host.lab.start_vswitchd();
        wait_for(&events, |event| *event == NetEvent::BackendRestarted);
        println!(
            "after a restart, the guest is back in {:?}",
            reaches(&host, &guest, "killed")
        );
        silent("ovs-vswitchd killed");
    }
    // Without it, the host itself is, and the guest is not, until there is an agent again.
    host.agent = None;
    for _ in 0..3 {
        host.lab.kill_vswitchd();
        host.lab.start_vswitchd();
        host.lab.switch.run("ping -n -c 20 -i 0.05 -w 20 10.99.0.2");
        silent("ovs-vswitchd killed without an agent");
    }
    let mut cut_off = guest.command("ping -n -c 1 -w 1 10.99.0.1");
    assert!(!cut_off.output().unwrap().status.success());
    host.start_agent();
    host.what_can(&locked(on_nic(&host), "xenbr0"));
    reaches(&host, &guest, "an agent again");
    silent("an agent again");
}

#[test]
fn a_guard_that_somebody_opened_is_closed_again_and_his_ports_are_in_nobodys_way() {
    let host = Host::new(1);
    let guest = guest(&host, "vif1.0", GUEST, "10.99.0.9/24");
    let locked = with_vif(on_nic(&host), vif("xenbr0", GUEST, own()));
    host.whole(&locked).unwrap();
    let listener = Listener::start(&host.lab.switch, "p-eth0");
    let mut sender = Sender::new(&guest, "eth0");
    let all = frames();
    let allowed = sorted(all.iter().filter(|it| it.1).map(|it| it.0));
    let row = || host.lab.vsctl("get bridge xapi-guard _uuid");
    for opened in [
        "set-fail-mode xapi-guard standalone",
        "set-controller xapi-guard tcp:127.0.0.1:1",
        "set bridge xapi-guard protocols=OpenFlow10",
    ] {
        let before = row();
        host.lab.vsctl(opened);
        host.whole(&locked).unwrap();
        assert_ne!(row(), before, "{opened}: not made anew");
        let now = host
            .lab
            .vsctl("get bridge xapi-guard fail_mode controller protocols");
        assert_eq!(now, "secure\n[]\n[]", "{opened}");
        assert_eq!(host.whole(&locked).unwrap().steps, 0);
        reaches(&host, &guest, opened);
        assert_eq!(heard(&mut sender, &listener), allowed, "{opened}");
    }
    host.lab
        .vsctl("add-port xapi-guard odd0 -- set interface odd0 type=internal");
    host.whole(&on_nic(&host)).unwrap();
    assert_eq!(host.lab.vsctl("list-br"), "xenbr0");
}

#[test]
fn a_guard_that_does_not_answer_is_an_error_and_no_guard_without_rules() {
    let host = Host::new(1);
    let _guest = guest(&host, "vif1.0", GUEST, "10.99.0.9/24");
    let locked = with_vif(on_nic(&host), vif("xenbr0", GUEST, own()));
    host.whole(&locked).unwrap();
    let socket = host.lab.run_dir().join("xapi-guard.mgmt");
    std::fs::rename(&socket, socket.with_extension("away")).unwrap();
    let error = host.whole(&locked).unwrap_err();
    assert_eq!(error.cause, Cause::Unreachable, "{error}");
    assert!(error.why.contains("xapi-guard.mgmt"), "{error}");
    std::fs::rename(socket.with_extension("away"), &socket).unwrap();
    assert_eq!(host.whole(&locked).unwrap().steps, 0);
}

#[test]
fn a_guest_on_a_vlan_has_its_tag_and_its_ids_and_rate_are_shown_as_xen_does() {
    let host = Host::new(1);
    let guest = guest(&host, "vif1.0", GUEST, "10.99.0.9/24");
    let listener = Listener::start(&host.lab.switch, "p-eth0");
    let mut sender = Sender::new(&guest, "eth0");
    let frame = frames()[0].2.clone();
    for (filter, rate) in [
        (
            Filter::Open,
            Some(Rate {
                kbps: 10_000,
                burst: 1_000,
            }),
        ),
        (
            own(),
            Some(Rate {
                kbps: 20_000,
                burst: 0,
            }),
        ),
        (own(), None),
        (Filter::Open, None),
    ] {
        let mut wanted = on_nic(&host);
        wanted
            .bridges
            .insert(name("xapi7"), Bridge::vlan(name("xenbr0"), 7));
        let made = Vif {
            rate,
            mtu: 1400,
            ..vif("xapi7", GUEST, filter)
        };
        let wanted = with_vif(wanted, made);
        let facts = host.whole(&wanted).unwrap().facts;
        assert_eq!(host.whole(&wanted).unwrap().steps, 0);
        assert_eq!(facts.bridges[&name("xapi7")].ports, [name("vif1.0")]);
        assert_eq!(facts.bridges[&name("xenbr0")].ports, [name("eth0")]);
        assert!(!facts.nics.contains_key(&name("vif1.0")));
        assert!(!facts.bridges.contains_key(&name("xapi-guard")));
        let get = |column: &str| host.lab.vsctl(&format!("get Interface vif1.0 {column}"));
        assert_eq!(get("external_ids:xs-vif-uuid"), "v-1");
        assert_eq!(
            get("external_ids:attached-mac"),
            format!("\"{}\"", Address(GUEST))
        );
        let shown = (get("ingress_policing_rate"), get("ingress_policing_burst"));
        let expected = rate.map_or((0, 0), |rate| (rate.kbps, rate.burst));
        assert_eq!(shown, (expected.0.to_string(), expected.1.to_string()));
        assert!(host.ip("link show dev vif1.0").contains("mtu 1400"));
        listener.frames();
        // Again until it is heard: a busy switch drops some.
        let until = Instant::now() + Duration::from_secs(20);
        let heard = loop {
            sender.send(&frame);
            let frames = listener.frames_within(Duration::from_millis(200));
            if let Some(heard) = frames.iter().find(|it| it.contains("3c6f776e20495076343e")) {
                break heard.clone();
            }
            assert!(Instant::now() < until, "nothing was heard of the guest");
        };
        assert_eq!(&heard[24..32], "81000007", "{heard}");
    }
}

#[test]
fn a_guest_that_died_fails_no_call_and_one_that_comes_is_taken_in() {
    let host = Host::new(1);
    let first = guest(&host, "vif1.0", GUEST, "10.99.0.9/24");
    let wanted = with_vif(on_nic(&host), vif("xenbr0", GUEST, own()));
    let outcome = host.whole(&wanted).unwrap();
    assert!(outcome.absent.is_empty());
    let events = host.events();
    host.ip("link delete vif1.0");
    let outcome = host.whole(&wanted).unwrap();
    assert_eq!(
        outcome.absent.into_iter().collect::<Vec<_>>(),
        [name("vif1.0")]
    );
    assert_eq!(host.lab.vsctl("list-br"), "xenbr0");
    assert_eq!(host.whole(&wanted).unwrap().steps, 0);
    let nics = |event: &NetEvent| *event == NetEvent::NicsChanged;
    assert!(!events.try_iter().any(|event| nics(&event)));
    drop(first);
    let second = guest(&host, "vif1.0", GUEST, "10.99.0.9/24");
    wait_for(&events, |event| matches!(event, NetEvent::Converged { .. }));
    reaches(&host, &second, "a second guest");
    assert_eq!(host.whole(&wanted).unwrap().steps, 0);
    // One that goes by itself is cleared away by itself.
    host.ip("link delete vif1.0");
    wait_for(&events, |event| matches!(event, NetEvent::Converged { .. }));
    assert_eq!(host.lab.vsctl("list-ports xenbr0"), "eth0");
    let plan = host.agent().plan(Request::whole(wanted)).unwrap();
    assert_eq!(plan, []);
}

#[test]
fn a_guest_whose_device_goes_and_comes_at_once_is_heard_again() {
    for filter in [Filter::Open, own()] {
        let host = Host::new(1);
        let first = guest(&host, "vif1.0", GUEST, "10.99.0.9/24");
        let wanted = with_vif(on_nic(&host), vif("xenbr0", GUEST, filter.clone()));
        host.whole(&wanted).unwrap();
        reaches(&host, &first, "the first device");
        host.ip("link delete vif1.0");
        let second = guest(&host, "vif1.0", GUEST, "10.99.0.9/24");
        host.whole(&wanted).unwrap();
        reaches(&host, &second, &format!("another of its name, {filter:?}"));
        assert_eq!(host.whole(&wanted).unwrap().steps, 0);
    }
}
