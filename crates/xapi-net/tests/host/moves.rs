//! The management address moves from one bridge to another, and is never silent for longer than a tenth of a second.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use xapi_net::agent::{Agent, Cause, Request};
use xapi_net::topology::{BondMode, Bridge};

use crate::events::{Server, by_dhcp};
use crate::host::{Host, addressed, inet, mac, name, over, over_bond, topology};
use crate::lab::{Lab, Namespace};

/// A ping every ten milliseconds from the switch.
struct Ping {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    times: Vec<f64>,
    duplicates: usize,
}

impl Ping {
    fn start(from: &Namespace, address: &str) -> Ping {
        let mut ping = Ping::unanswered(from, address);
        ping.listen_until(|times| times.len() > 30);
        ping
    }

    /// One that nobody may answer yet.
    fn unanswered(from: &Namespace, address: &str) -> Ping {
        let mut command = from.command("setpriv --pdeathsig KILL ping -n -D -w 60 -i 0.01");
        let mut child = command.arg(address).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Ping {
            child,
            lines,
            times: Vec::new(),
            duplicates: 0,
        }
    }

    /// The longest silences until now, longest first.
    fn silences(&mut self) -> Vec<Duration> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs_f64();
        self.listen_until(|times| times.last().is_some_and(|time| *time > now + 0.5));
        let gaps = self.times.windows(2).map(|pair| pair[1] - pair[0]);
        let mut gaps: Vec<f64> = gaps.filter(|gap| *gap > 0.02).collect();
        gaps.sort_by(|a, b| b.total_cmp(a));
        self.times.drain(..self.times.len() - 1);
        gaps.into_iter()
            .take(4)
            .map(Duration::from_secs_f64)
            .collect()
    }

    /// Reads what is left after the end.
    fn drain(&mut self) {
        loop {
            let mut line = String::new();
            match self.lines.read_line(&mut line).unwrap() {
                0 => return,
                _ => self.note(&line),
            }
        }
    }

    fn note(&mut self, line: &str) {
        self.duplicates += usize::from(line.contains("DUP!"));
        let time = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next());
        if let (true, Some(time)) = (line.contains("bytes from"), time) {
            self.times.extend(time.parse::<f64>().ok());
        }
    }

    fn listen_until(&mut self, enough: impl Fn(&[f64]) -> bool) {
        while !enough(&self.times) {
            let mut line = String::new();
            assert_ne!(
                self.lines.read_line(&mut line).unwrap(),
                0,
                "no answer until ping gave up"
            );
            self.note(&line);
        }
    }
}

impl Drop for Ping {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn moves_between(mode: BondMode) {
    let host = Host::new(4);
    host.lab.switch.run("ip addr add fd99::1/64 dev sw0 nodad");
    let apart = topology(
        "xenbr0",
        vec![
            ("xenbr0", addressed(over(&host, "eth0"))),
            ("xenbr3", over(&host, "eth3")),
        ],
    );
    let bonded = topology(
        "xapi2",
        vec![(
            "xapi2",
            addressed(over_bond(&host, "bond2", &["eth0", "eth3"], mode)),
        )],
    );
    let outcome = host.whole(&apart).unwrap();
    assert!(outcome.steps > 0);
    assert_eq!(host.whole(&apart).unwrap().steps, 0);
    let mut pings = [
        Ping::start(&host.lab.switch, "10.99.0.2"),
        Ping::start(&host.lab.switch, "fd99::2"),
    ];
    for round in 0..3 {
        for (what, to) in [("to the bond", &bonded), ("back", &apart)] {
            let outcome = host.whole(to).unwrap();
            for (family, ping) in ["IPv4", "IPv6"].iter().zip(&mut pings) {
                let silences = ping.silences();
                println!("{mode:?} round {round} {what}: {family} silent for {silences:?}");
                let longest = silences.first().copied().unwrap_or_default();
                assert!(
                    longest <= Duration::from_millis(100),
                    "{what}: {family} silent for {silences:?}"
                );
            }
            assert_eq!(outcome.facts.gateway_v4, Some("10.99.0.1".parse().unwrap()));
            assert_eq!(host.whole(to).unwrap().steps, 0);
        }
    }
    assert_eq!(
        pings.map(|ping| ping.duplicates),
        [0, 0],
        "the kernel answered beside Open vSwitch"
    );
    let facts = host.agent().facts().unwrap();
    assert_eq!(facts.bridges[&name("xenbr0")].ports, [name("eth0")]);
}

#[test]
fn management_moves_to_an_active_backup_bond_and_back_while_pinged() {
    moves_between(BondMode::ActiveBackup);
}

#[test]
fn management_moves_to_a_balance_slb_bond_and_back_while_pinged() {
    moves_between(BondMode::BalanceSlb);
}

#[test]
fn a_bond_goes_while_its_active_member_is_not_the_primary_and_nobody_waits() {
    let host = Host::new(4);
    host.lab.switch.run("ip addr add fd99::1/64 dev sw0 nodad");
    let apart = topology(
        "xenbr0",
        vec![
            ("xenbr0", addressed(over(&host, "eth0"))),
            ("xenbr3", over(&host, "eth3")),
        ],
    );
    let bond = over_bond(&host, "bond2", &["eth0", "eth3"], BondMode::ActiveBackup);
    let bonded = topology("xapi2", vec![("xapi2", addressed(bond))]);
    host.whole(&bonded).unwrap();
    host.lab.appctl("bond/set-active-member bond2 eth3");
    let mut pings = [
        Ping::start(&host.lab.switch, "10.99.0.2"),
        Ping::start(&host.lab.switch, "fd99::2"),
    ];
    host.whole(&apart).unwrap();
    for ping in &mut pings {
        let silences = ping.silences();
        println!("active member not the primary: silent for {silences:?}");
        assert!(silences.first().copied().unwrap_or_default() <= Duration::from_millis(100));
    }
}

/// A switch that knows VLANs, with an address in VLAN 17, for the host's NICs.
fn vlan_switch(host: &Host, nics: &[&str]) -> Lab {
    let switch = Lab::new(0);
    switch.vsctl("add-br sw17 -- set bridge sw17 datapath_type=netdev");
    // Open vSwitch heeds it only at its next look through all flows that a neighbour is at another port now. As the
    // switch outside it would be silent for half a second, where others take no time.
    switch.vsctl("set Open_vSwitch . other_config:max-revalidator=100");
    let pid = host.lab.host.pid();
    for nic in nics {
        let plug = format!("ip link add p-{nic} type veth peer name {nic} netns {pid}");
        switch.host.run(&plug);
        switch.host.run(&format!("ip link set p-{nic} up"));
        switch.vsctl(&format!("add-port sw17 p-{nic}"));
    }
    switch.vsctl("add-port sw17 v17 tag=17 -- set interface v17 type=internal");
    switch.host.run("ip link set v17 up");
    switch.host.run("ip addr add 10.99.0.1/24 dev v17");
    switch.host.run("ip addr add fd99::1/64 dev v17 nodad");
    switch
}

#[test]
fn management_on_a_vlan_moves_to_the_bond_with_it() {
    let host = Host::new(0);
    let switch = vlan_switch(&host, &["eth0", "eth1"]);
    let vlan = |parent: &str| Bridge {
        mac: Some(mac(&host, "eth0")),
        ..addressed(Bridge::vlan(name(parent), 17))
    };
    let apart = topology(
        "xapi9",
        vec![("xenbr0", over(&host, "eth0")), ("xapi9", vlan("xenbr0"))],
    );
    let bond = over_bond(&host, "bond2", &["eth0", "eth1"], BondMode::ActiveBackup);
    let bonded = topology("xapi9", vec![("xapi2", bond), ("xapi9", vlan("xapi2"))]);
    host.whole(&apart).unwrap();
    let mut pings = [
        Ping::start(&switch.host, "10.99.0.2"),
        Ping::start(&switch.host, "fd99::2"),
    ];
    let mut longest = Vec::new();
    for to in [&bonded, &apart, &bonded] {
        let facts = host.whole(to).unwrap().facts;
        for ping in &mut pings {
            let silences = ping.silences();
            println!("management on a VLAN: silent for {silences:?}");
            longest.push(silences.first().copied().unwrap_or_default());
        }
        let mut addresses = facts.bridges[&name("xapi9")].addresses.clone();
        addresses.sort();
        assert_eq!(addresses, [inet("10.99.0.2/24"), inet("fd99::2/64")]);
        assert_eq!(facts.gateway_v4, Some("10.99.0.1".parse().unwrap()));
        assert_eq!(facts.bridges[&name("xapi9")].mac, Some(mac(&host, "eth0")));
        assert_eq!(host.whole(to).unwrap().steps, 0);
    }
    // Open vSwitch makes the VLAN's device anew, which costs 40 to 150 ms.
    longest.sort();
    assert!(
        longest[longest.len() / 2 - 1] <= Duration::from_millis(200),
        "{longest:?}"
    );
    assert!(
        longest[longest.len() - 1] <= Duration::from_millis(500),
        "{longest:?}"
    );
}

#[test]
fn management_goes_from_a_static_address_to_a_leased_one_without_a_silence() {
    let host = Host::new(1);
    let fixed = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
    let leased = topology(
        "xenbr0",
        vec![("xenbr0", by_dhcp(addressed(over(&host, "eth0"))))],
    );
    host.what_can(&fixed);
    let mut old = Ping::start(&host.lab.switch, "10.99.0.2");
    // Nobody answers: the address that is there is there all the time.
    let request = Request {
        within: Duration::from_secs(2),
        ..Request::whole(leased.clone())
    };
    let error = host.agent().converge(request).unwrap_err();
    assert_eq!(error.cause, Cause::NoLease);
    let silences = old.silences();
    println!("without a server: silent for {silences:?}");
    assert!(silences.first().copied().unwrap_or_default() <= Duration::from_millis(100));
    // A server that gives a known address.
    let own = mac(&host, "eth0");
    let _server = Server::giving(&host, &format!("--dhcp-host={own},10.99.0.60"));
    let mut new = Ping::unanswered(&host.lab.switch, "10.99.0.60");
    let outcome = host.whole(&leased).unwrap();
    let bridge = &outcome.facts.bridges[&name("xenbr0")];
    assert!(
        bridge.addresses.contains(&inet("10.99.0.60/24")),
        "{bridge:?}"
    );
    assert!(
        !bridge.addresses.contains(&inet("10.99.0.2/24")),
        "{bridge:?}"
    );
    assert_eq!(outcome.facts.gateway_v4, Some("10.99.0.1".parse().unwrap()));
    new.listen_until(|times| times.len() > 30);
    drop(old.child.kill());
    old.drain();
    let gap = new.times[0] - old.times.last().unwrap();
    println!("between the last answer of the old address and the first of the new: {gap:.3} s");
    assert!(gap <= 0.1, "silent for {gap} s");
}

#[test]
fn an_address_that_somebody_elses_dhcp_client_left_is_adopted_without_a_silence() {
    let host = Host::new(1);
    host.ip("address add 10.99.0.70/24 dev eth0 valid_lft 3600 preferred_lft 3600");
    host.ip("route add default via 10.99.0.1 dev eth0");
    let mut ping = Ping::start(&host.lab.switch, "10.99.0.70");
    let wanted = topology("xenbr0", vec![("xenbr0", by_dhcp(over(&host, "eth0")))]);
    let request = Request {
        within: Duration::from_secs(2),
        ..Request::what_can(wanted.clone())
    };
    // No server answers yet: the address moves to the bridge and stays.
    let facts = host.agent().converge(request).unwrap().facts;
    assert_eq!(
        facts.bridges[&name("xenbr0")].addresses,
        [inet("10.99.0.70/24")]
    );
    assert_eq!(facts.gateway_v4, Some("10.99.0.1".parse().unwrap()));
    let _server = Server::start(&host);
    let events = host.events();
    let leased = |event: &xapi_net::agent::NetEvent| {
        matches!(event, xapi_net::agent::NetEvent::LeaseChanged { .. })
    };
    crate::host::wait_for(&events, leased);
    let facts = host.what_can(&wanted).facts;
    let bridge = &facts.bridges[&name("xenbr0")];
    let lease = bridge.lease_v4.clone().unwrap();
    assert_eq!(
        lease.address,
        inet("10.99.0.70/24"),
        "the server was not asked for it"
    );
    assert_eq!(bridge.addresses, [lease.address]);
    let silences = ping.silences();
    println!("adopted: silent for {silences:?}");
    assert!(silences.first().copied().unwrap_or_default() <= Duration::from_millis(100));
}
