//! SIGKILL at random moments, to the daemon and to Open vSwitch's two: afterwards the database and the host agree,
//! and both show the old state or the new.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use xapi_client::ClientError;
use xapi_model::{
    Bond, BondMode, Network, Pif, Ref, Tunnel, TunnelProtocol, Vif, Vlan, bond, tunnel, vif, vlan,
};
use xapi_tests::{Lab, Xen, agreement, eventually};

use xapi_tests::stage::{Machine, machine, network_of, uuid_of};

/// What is going on when the daemon is killed: each takes the host from one of two states to the other.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// Bond.create or Bond.destroy over the management interface, and what else there is: VLANs, tunnels, guests.
    Bond,
    /// VLAN.create or VLAN.destroy.
    Vlan,
    /// tunnel.create or tunnel.destroy.
    Tunnel,
    /// VIF.plug or VIF.unplug of a guest that runs.
    Vif,
    /// PIF.reconfigure_ip of the management interface: another netmask and gateway.
    Management,
    /// PIF.reconfigure_ip of another interface: another address.
    Address,
}

/// A bond, which carries all the rest, comes as often as everything after it together.
const CHANGES: [Change; 6] = [
    Change::Bond,
    Change::Vlan,
    Change::Tunnel,
    Change::Vif,
    Change::Management,
    Change::Address,
];

/// A call that is ready to be made, and may never be heard of again.
type Ready<'a> = Box<dyn FnOnce() -> Result<(), ClientError> + Send + 'a>;

impl Change {
    /// Reads what the change needs to know; what comes back is the one call that makes it.
    fn ready(self, xen: &Xen) -> Ready<'_> {
        let session = xen.session();
        match self {
            Change::Bond => match xen.all::<Bond>().first() {
                Some((bond, _)) => {
                    let call = bond::Destroy { this: bond.clone() };
                    Box::new(move || session.invoke(&call))
                }
                None => {
                    let network = network_called(xen, "bonded");
                    let call = xen.bond_call(&network, &["eth0", "eth2"], BondMode::ActiveBackup);
                    Box::new(move || session.invoke(&call).map(drop))
                }
            },
            Change::Vlan => {
                let network = network_called(xen, "nine");
                match vlan_of(xen, &network) {
                    Some(vlan) => {
                        let call = vlan::Destroy { this: vlan };
                        Box::new(move || session.invoke(&call))
                    }
                    None => {
                        let call = vlan::Create {
                            tagged_pif: xen.pif("eth1").0,
                            tag: 9,
                            network,
                        };
                        Box::new(move || session.invoke(&call).map(drop))
                    }
                }
            }
            Change::Tunnel => {
                let network = network_called(xen, "other tunnel");
                match tunnel_of(xen, &network) {
                    Some(tunnel) => {
                        let call = tunnel::Destroy { this: tunnel };
                        Box::new(move || session.invoke(&call))
                    }
                    None => {
                        let call = tunnel::Create {
                            transport_pif: xen.pif("eth1").0,
                            network,
                            protocol: TunnelProtocol::Vxlan,
                        };
                        Box::new(move || session.invoke(&call).map(drop))
                    }
                }
            }
            Change::Vif => {
                let all = xen.all::<Vif>();
                let (this, row) = all
                    .into_iter()
                    .min_by_key(|(_, row)| row.mac.clone())
                    .expect("a VIF");
                match row.currently_attached {
                    true => {
                        let call = vif::Unplug { this };
                        Box::new(move || session.invoke(&call))
                    }
                    false => {
                        let call = vif::Plug { this };
                        Box::new(move || session.invoke(&call))
                    }
                }
            }
            Change::Management => {
                let (pif, row) = xen.management();
                let (netmask, gateway) = match row.netmask.as_str() {
                    "255.255.255.224" => ("255.255.255.192", ""),
                    _ => ("255.255.255.224", "172.16.0.1"),
                };
                Box::new(move || xen.try_static(&pif, "172.16.0.10", netmask, gateway))
            }
            Change::Address => {
                let (pif, row) = xen.pif("eth1");
                let other = if row.ip == "10.9.0.2" {
                    "10.9.0.3"
                } else {
                    "10.9.0.2"
                };
                Box::new(move || xen.try_static(&pif, other, "255.255.255.0", ""))
            }
        }
    }

    fn make(self, xen: &Xen) -> Result<(), ClientError> {
        self.ready(xen)()
    }
}

fn network_called(xen: &Xen, label: &str) -> Ref<Network> {
    let mut all = xen.all::<Network>().into_iter();
    let found = all.find(|(_, row)| row.name_label == label);
    found.expect("the network").0
}

fn vlan_of(xen: &Xen, network: &Ref<Network>) -> Option<Ref<Vlan>> {
    let its = |row: &Vlan| {
        let its = xen.session().field(&row.untagged_pif, Pif::NETWORK);
        its.expect("a network") == *network
    };
    let mut all = xen.all::<Vlan>().into_iter();
    all.find(|(_, row)| its(row)).map(|(vlan, _)| vlan)
}

fn tunnel_of(xen: &Xen, network: &Ref<Network>) -> Option<Ref<Tunnel>> {
    let its = |row: &Tunnel| {
        let its = xen.session().field(&row.access_pif, Pif::NETWORK);
        its.expect("a network") == *network
    };
    let mut all = xen.all::<Tunnel>().into_iter();
    all.find(|(_, row)| its(row)).map(|(tunnel, _)| tunnel)
}

/// Starts the call, strikes after some time or when the call has ended, and tells what the call said.
fn struck(call: Ready<'_>, after: Duration, strike: impl FnOnce()) -> Result<(), ClientError> {
    std::thread::scope(|scope| {
        let (ended, end) = mpsc::channel();
        scope.spawn(move || ended.send(call()).expect("somebody listens"));
        let heard = end.recv_timeout(after);
        strike();
        heard.or_else(|_| end.recv()).expect("an end of the call")
    })
}

/// Numbers that the same seed gives again.
struct Dice(u64);

impl Dice {
    fn seeded() -> Dice {
        let given = std::env::var("XAPI_SEED")
            .ok()
            .and_then(|text| text.parse().ok());
        let clock = || {
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .expect("after 1970")
                .as_nanos()
        };
        let seed = given.unwrap_or_else(|| clock() as u64 | 1);
        println!("XAPI_SEED={seed}");
        Dice(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }

    fn within(&mut self, time: Duration) -> Duration {
        Duration::from_micros(self.below(time.as_micros() as u64))
    }
}

/// How many rounds: as many as XAPI_LAB_KILLS says, or else some at any time and many in a soak.
fn rounds(few: usize, many: usize) -> usize {
    if let Ok(kills) = std::env::var("XAPI_LAB_KILLS") {
        return kills.parse().expect("a number");
    }
    if std::env::var_os("XAPI_SOAK").is_some() {
        many
    } else {
        few
    }
}

fn prepared() -> Lab {
    let lab = Lab::alone(&["--nics", "3"]);
    let xen = lab.api("xs-1");
    xen.new_network("bonded");
    Change::Address.make(&xen).expect("an address on eth1");
    lab
}

/// The same with all that a bond of eth0 and eth2 takes along: on each of them a VLAN and a guest that runs, on a VLAN
/// another, and a tunnel over management's address.
fn furnished() -> (Lab, Vec<Machine>) {
    let lab = prepared();
    let xen = lab.api("xs-1");
    for label in ["nine", "other tunnel"] {
        xen.new_network(label);
    }
    for (device, tag, label) in [("eth0", 7, "seven"), ("eth2", 8, "eight")] {
        let create = vlan::Create {
            tagged_pif: xen.pif(device).0,
            tag,
            network: xen.new_network(label),
        };
        drop(xen.session().invoke(&create).expect("VLAN.create"));
    }
    let create = tunnel::Create {
        transport_pif: xen.pif("eth0").0,
        network: xen.new_network("tunnel"),
        protocol: TunnelProtocol::Gre,
    };
    drop(xen.session().invoke(&create).expect("tunnel.create"));
    let networks = [
        ("on-eth0", network_of(&xen, "eth0").1),
        ("on-eth2", network_of(&xen, "eth2").1),
        ("on-eight", uuid_of(&xen, &network_called(&xen, "eight"))),
    ];
    let machines = networks.map(|(name, network)| {
        let its = machine(&lab, name, &network, "");
        its.start(&lab);
        its
    });
    (lab, machines.into())
}

/// Each guest has the NIC that the rows say it has, with the same MAC address, and no other.
fn guests_have_their_nics(lab: &Lab, xen: &Xen, machines: &[Machine]) -> Result<(), String> {
    for its in machines {
        let row = its.row(xen);
        let links = its.inside(lab, "ip -oneline link show type veth");
        let expected = usize::from(row.currently_attached);
        if links.lines().count() != expected || (expected == 1 && !links.contains(&row.mac)) {
            return Err(format!("{}: {row:?}, and the guest has {links}", its.name));
        }
    }
    Ok(())
}

/// The state before and after each change, and how long it takes when nobody dies.
fn rehearsed(lab: &Lab, change: Change) -> Duration {
    let mut longest = Duration::ZERO;
    for _ in 0..2 {
        let xen = lab.api("xs-1");
        let began = Instant::now();
        change
            .make(&xen)
            .unwrap_or_else(|why| panic!("{change:?}: {why}"));
        longest = longest.max(began.elapsed());
        agreement::check(lab, "xs-1", &xen).unwrap();
    }
    longest
}

#[test]
fn soak_a_daemon_killed_at_any_moment_leaves_the_old_state_or_the_new() {
    let mut dice = Dice::seeded();
    let (lab, machines) = furnished();
    let times = CHANGES.map(|change| rehearsed(&lab, change));
    println!("the changes take {times:?}");
    let ping = lab.ping("172.16.0.10");
    let mut cut = 0;
    let (mut new, mut old) = (0, 0);
    for round in 0..rounds(40, 500) {
        let which = match dice.below(2) {
            0 => 0,
            _ => 1 + dice.below(CHANGES.len() as u64 - 1) as usize,
        };
        let change = CHANGES[which];
        let wait = dice.within(times[which] + Duration::from_millis(20));
        let xen = lab.api("xs-1");
        let before = agreement::check(&lab, "xs-1", &xen).unwrap();
        let heard = struck(change.ready(&xen), wait, || {
            drop(lab.verb(&["kill", "xs-1"]))
        });
        cut += usize::from(heard.is_err());
        lab.verb(&["start", "xs-1"]);
        let told = format!("round {round}, {change:?} killed after {wait:?}");
        let xen = lab.api("xs-1");
        let check = || {
            let found = agreement::check(&lab, "xs-1", &xen)
                .and_then(|found| guests_have_their_nics(&lab, &xen, &machines).map(|()| found));
            found.unwrap_or_else(|why| panic!("{told}: {why}"))
        };
        let after = check();
        if after == before {
            assert!(
                heard.is_err(),
                "{told}: the call was answered, and then it had not been"
            );
            old += 1;
        } else {
            new += 1;
            // What came of it is the whole change: made once more, it leads back to where we were.
            change
                .make(&xen)
                .unwrap_or_else(|why| panic!("{told}, then back: {why}"));
            assert_eq!(check(), before, "{told}, then back");
        }
        ping.wait_for(5);
    }
    let report = ping.stop();
    println!(
        "{} kills, {cut} inside a call: {old} left the old state, {new} the new; {report:?}",
        old + new
    );
    assert!(cut > 0, "no call was cut off: this test tested nothing");
    // Between the kill and the restart the host may stand between two states; what ends that is the start.
    assert!(report.silence < Duration::from_secs(3), "{report:?}");
}

/// Whether the switch has read the database since: rows that a dead one left look well too.
fn switch_is_back(lab: &Lab, round: usize) -> Result<(), String> {
    // Without --no-wait, ovs-vsctl waits for the switch.
    let script = format!(
        "ovs-vsctl --timeout=5 set Open_vSwitch . external_ids:round={round}; ovs-appctl bond/list"
    );
    let output = lab.run(&["exec", "xs-1", "--", "bash", "-euc", &script]);
    let said = [output.stdout, output.stderr]
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .concat();
    if output.status.success() {
        Ok(())
    } else {
        Err(said)
    }
}

#[test]
fn soak_a_host_converges_again_by_itself_when_open_vswitch_was_killed() {
    let mut dice = Dice::seeded();
    let lab = prepared();
    lab.api("xs-1")
        .bond(&["eth0", "eth2"], BondMode::ActiveBackup);
    let xen = lab.api("xs-1");
    let wanted = agreement::check(&lab, "xs-1", &xen).unwrap();
    for round in 0..rounds(6, 40) {
        let service = ["ovs-vswitchd", "ovsdb-server"][dice.below(2) as usize];
        let began = Instant::now();
        lab.exec("xs-1", &format!("service {service} kill"));
        eventually(
            &format!("round {round}: after the death of {service}"),
            || {
                switch_is_back(&lab, round)?;
                let found = agreement::check(&lab, "xs-1", &xen)?;
                if found == wanted {
                    Ok(())
                } else {
                    Err(format!("{found:#?}"))
                }
            },
        );
        let ping = lab.ping("172.16.0.10");
        println!(
            "round {round}: {service} was killed, and all was well after {:?}",
            began.elapsed()
        );
        ping.wait_for(5);
        assert_eq!(
            agreement::check(&lab, "xs-1", &xen).unwrap(),
            wanted,
            "round {round}: after the death of {service}"
        );
    }
}

#[test]
fn soak_a_change_during_which_open_vswitch_dies_is_made_or_is_not() {
    let mut dice = Dice::seeded();
    let lab = prepared();
    let time = rehearsed(&lab, Change::Bond);
    for round in 0..rounds(6, 60) {
        let xen = lab.api("xs-1");
        let before = agreement::check(&lab, "xs-1", &xen).unwrap();
        let service = ["ovs-vswitchd", "ovsdb-server"][dice.below(2) as usize];
        let wait = dice.within(time);
        let kill = format!("service {service} kill");
        let heard = struck(Change::Bond.ready(&xen), wait, || {
            drop(lab.exec("xs-1", &kill))
        });
        let told = format!(
            "round {round}, {service} killed {wait:?} into Bond.create or destroy, which said {heard:?}"
        );
        println!("{told}");
        let after = eventually(&told, || {
            switch_is_back(&lab, round)?;
            agreement::check(&lab, "xs-1", &xen)
        });
        assert_eq!(after == before, heard.is_err(), "{told}: {after:#?}");
        let ping = lab.ping("172.16.0.10");
        ping.wait_for(5);
    }
}
