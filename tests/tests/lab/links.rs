//! How soon clients hear of a link that comes or goes: carrier and speed of the NIC, links of its bond, and the message.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns};
use xapi_model::{Bond, BondMode, Pif, PifMetrics, Ref, Value};
use xapi_net::kernel::{Event, Watch};
use xapi_tests::{Lab, Xen};

/// Pulls and plugs.
const TURNS: usize = 20;
/// How long at most from the link's change to the row: as a rule, and once on a machine that is busy with other tests.
const MEDIAN: Duration = Duration::from_millis(50);
const WORST: Duration = Duration::from_millis(250);
/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The carrier of a NIC, as the kernel tells it in a host's namespace.
fn carriers(lab: &Lab, nic: &'static str) -> (Watch, Receiver<(Instant, bool)>) {
    let (tell, told) = channel();
    let client = lab.client_name();
    let name = client.strip_suffix("sw").expect("the switch's name");
    let netns = File::open(format!("/run/netns/{name}xs-1")).expect("the host's namespace");
    let watch = std::thread::scope(|scope| {
        let begin = move || {
            setns(netns, CloneFlags::CLONE_NEWNET).expect("entering the host's namespace");
            Watch::start(move |event| {
                let Event::Carrier(link) = event else { return };
                if link.name == nic && tell.send((Instant::now(), link.carrier)).is_err() {
                    println!("{nic}: nobody listens any more");
                }
            })
        };
        scope.spawn(begin).join().expect("a listener")
    });
    (watch.expect("a listener"), told)
}

/// What clients are told: a class, the members of a row, and when.
type Told = (Instant, String, Ref<PifMetrics>, BTreeMap<String, Value>);

fn member(of: &Value, name: &str) -> Value {
    let members = of.as_struct().expect("a record");
    let found = members.iter().find(|(key, _)| key == name);
    found.expect("a member").1.clone()
}

/// Follows events until whoever listens has gone.
fn follow(xen: &Xen, tell: impl Fn(Told) -> bool) {
    let mut token = Value::from("");
    loop {
        let classes = ["pif_metrics", "bond", "message"].map(Value::from).to_vec();
        let params = vec![Value::Array(classes), token, Value::Float(1.0)];
        let answer = xen.session().call("event.from", params).expect("events");
        let now = Instant::now();
        token = member(&answer, "token");
        let events = member(&answer, "events");
        for event in events.as_array().expect("events") {
            let text = |name| member(event, name).as_str().expect("text").to_owned();
            if text("operation") == "del" {
                continue;
            }
            let snapshot = member(event, "snapshot");
            let members = snapshot.as_struct().expect("a record").iter().cloned();
            if !tell((now, text("class"), Ref::new(text("ref")), members.collect())) {
                return;
            }
        }
        if !tell((now, String::new(), Ref::null(), BTreeMap::new())) {
            return;
        }
    }
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        text => text.as_str().expect("text").parse().expect("a number"),
    }
}

/// The delays of one kind, in order.
#[derive(Default)]
struct Delays(BTreeMap<&'static str, Vec<Duration>>);

impl Delays {
    fn note(&mut self, kind: &'static str, took: Duration) {
        self.0.entry(kind).or_default().push(took);
    }

    fn judge(mut self, what: &str) {
        for (kind, took) in &mut self.0 {
            took.sort();
            let (median, worst) = (took[took.len() / 2], took[took.len() - 1]);
            let count = took.len();
            println!("{what}, {kind}: median {median:?}, worst {worst:?} of {count}");
            assert!(median <= MEDIAN, "{what}, {kind}: {took:?}");
            assert!(worst <= WORST, "{what}, {kind}: {took:?}");
        }
        assert_eq!(self.0.len(), 3, "all three were seen");
    }
}

/// What a test has of its lab.
struct Site<'a> {
    lab: &'a Lab,
    metrics: Ref<PifMetrics>,
    told: Receiver<Told>,
    carriers: Receiver<(Instant, bool)>,
}

impl Site<'_> {
    /// Pulls or plugs the cable of eth2, and waits until all that clients hear of it is heard.
    fn turn(&self, up: bool, delays: &mut Delays) {
        let verb = if up { "plug-in" } else { "pull" };
        self.lab.verb(&[verb, "xs-1", "eth2"]);
        let began = loop {
            let (at, carrier) = self.carriers.recv_timeout(PATIENCE).expect("a carrier");
            if carrier == up {
                break at;
            }
        };
        let links = if up { 2 } else { 1 };
        let body = format!("changed: {links}/2 up");
        let mut seen = BTreeMap::new();
        while seen.len() < 3 {
            let left = (began + PATIENCE).saturating_duration_since(Instant::now());
            let (at, class, reference, row) = self.told.recv_timeout(left).expect("an event");
            let kind = match class.as_str() {
                "pif_metrics" if reference == self.metrics && row["carrier"] == up.into() => {
                    assert_eq!(
                        number(&row["speed"]) > 0,
                        up,
                        "the speed goes with the carrier"
                    );
                    "PIF_metrics.carrier"
                }
                "bond" if number(&row["links_up"]) == links => "Bond.links_up",
                "message" if row["body"].as_str().expect("text").contains(&body) => "the message",
                _ => continue,
            };
            seen.entry(kind).or_insert(at);
        }
        for (kind, at) in seen {
            // Our own listener may be told after the daemon's.
            delays.note(kind, at.saturating_duration_since(began));
        }
    }
}

#[test]
fn clients_hear_of_a_link_at_once_also_while_a_change_waits_for_a_lease() {
    let lab = Lab::alone(&["--nics", "4"]);
    let xen = lab.api("xs-1");
    let bond = xen.bond(&["eth1", "eth2"], BondMode::ActiveBackup);
    let row: Bond = xen.session().record(&bond).expect("the bond");
    for key in ["bond-updelay", "bond-downdelay"] {
        let params = vec![row.master.as_str().into(), key.into(), "0".into()];
        let set = xen.session().call("PIF.add_to_other_config", params);
        set.expect("no delays");
    }
    let plugged = xen
        .session()
        .call("PIF.plug", vec![row.master.as_str().into()]);
    plugged.expect("the bond without delays");
    let (_watch, carriers) = carriers(&lab, "eth2");
    let (tell, told) = channel();
    let site = Site {
        lab: &lab,
        metrics: xen.pif("eth2").1.metrics,
        told,
        carriers,
    };
    let listener = lab.api("xs-1");
    std::thread::scope(|scope| {
        scope.spawn(move || follow(&listener, |told| tell.send(told).is_ok()));
        // It goes with the scope, so that whoever follows is told to end.
        let site = site;
        let mut delays = Delays::default();
        for turn in 0..TURNS {
            site.turn(turn % 2 == 1, &mut delays);
        }
        delays.judge("nothing else goes on");
        // An address by DHCP where no server is heard: the call waits for the lease, and its change has the host.
        lab.verb(&["pull", "xs-1", "eth3"]);
        let other = lab.api("xs-1");
        let leased: Ref<Pif> = xen.pif("eth3").0;
        let change = scope.spawn(move || other.dhcp(&leased));
        waits_for_a_lease(&lab);
        let mut delays = Delays::default();
        for turn in 0..TURNS / 2 {
            site.turn(turn % 2 == 1, &mut delays);
        }
        assert!(!change.is_finished(), "it had a lease all the time");
        lab.verb(&["plug-in", "xs-1", "eth3"]);
        change.join().expect("a lease, now that a server is heard");
        delays.judge("while a change waits for a lease");
    });
}

/// Waits until somebody asks for a lease: his socket is for IPv4, those of Open vSwitch are for all frames.
fn waits_for_a_lease(lab: &Lab) {
    xapi_tests::lab::eventually("a DHCP client", || {
        let sockets = lab.exec("xs-1", "cat /proc/net/packet");
        let mut lines = sockets.lines();
        match lines.any(|line| line.split_whitespace().nth(3) == Some("0800")) {
            true => Ok(()),
            false => Err(sockets),
        }
    });
}
