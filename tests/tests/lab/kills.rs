//! SIGKILL at random moments, to the daemon and to Open vSwitch's two: afterwards the database and the host agree,
//! and both show the old state or the new.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use xapi_client::ClientError;
use xapi_model::{Bond, BondMode, Network, bond};
use xapi_tests::{Lab, Xen, agreement, eventually};

/// What is going on when the daemon is killed: each takes the host from one of two states to the other.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// Bond.create or Bond.destroy over the management interface.
    Bond,
    /// PIF.reconfigure_ip of the management interface: another netmask and gateway.
    Management,
    /// PIF.reconfigure_ip of another interface: another address.
    Address,
}

const CHANGES: [Change; 3] = [Change::Bond, Change::Management, Change::Address];

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
                    let networks = xen.all::<Network>();
                    let (network, _) = networks
                        .iter()
                        .find(|(_, row)| row.name_label == "bonded")
                        .expect("the network");
                    let call = xen.bond_call(network, &["eth0", "eth2"], BondMode::ActiveBackup);
                    Box::new(move || session.invoke(&call).map(drop))
                }
            },
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

/// How many rounds: some at any time, many in a soak.
fn rounds(few: usize, many: usize) -> usize {
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
    let lab = prepared();
    let times = CHANGES.map(|change| rehearsed(&lab, change));
    println!("the changes take {times:?}");
    let ping = lab.ping("172.16.0.10");
    let mut cut = 0;
    let (mut new, mut old) = (0, 0);
    for round in 0..rounds(40, 240) {
        let which = dice.below(CHANGES.len() as u64) as usize;
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
        let after =
            agreement::check(&lab, "xs-1", &xen).unwrap_or_else(|why| panic!("{told}: {why}"));
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
            let back = agreement::check(&lab, "xs-1", &xen)
                .unwrap_or_else(|why| panic!("{told}, then back: {why}"));
            assert_eq!(back, before, "{told}, then back");
        }
        ping.wait_for(5);
    }
    let report = ping.stop();
    println!("{cut} calls were cut off; {old} left the old state, {new} the new; {report:?}");
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
