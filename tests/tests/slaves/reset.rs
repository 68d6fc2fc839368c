//! An emergency network reset of a slave: it comes up as its trigger says, its master makes the rows, the pool's networks
//! come again, and the trigger goes last. Whatever is lost or killed in the middle, the end is the same.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Instant;

use xapi_db::Read;
use xapi_model::{Bond, Host, Message, Network, Pif, Ref, Value, Vif, Vlan};
use xapi_net::names::Name;
use xapi_net::sim::{Fault, FaultKind};
use xapi_net::topology::Lease;
use xapi_tests::SimPool;
use xapi_tests::sim_host::text;
use xapi_tests::sim_pool::{At, PATIENCE, Trouble};

use crate::changes::astray;

const TRIGGER: &str = "var/tmp/network-reset";

/// Management on the second NIC.
const STATIC: &str = "DEVICE=eth1\nMODE=static\nIP=172.16.0.20\nNETMASK=255.255.255.224\n\
                      GATEWAY=172.16.0.1\nDNS=172.16.0.2\n";

/// What is asked for, and where management is at the end: its device, its VLAN and its address.
struct Case {
    name: &'static str,
    trigger: &'static str,
    boots: bool,
    management: (&'static str, i64, &'static str),
}

const CASES: [Case; 4] = [
    Case {
        name: "a NIC of no bond, after a boot",
        trigger: STATIC,
        boots: true,
        management: ("eth1", -1, "172.16.0.20"),
    },
    Case {
        // What inheriting makes of a member of a bond of the pool's.
        name: "a NIC of the pool's bond",
        trigger: "DEVICE=eth0\nMODE=static\nIP=172.16.0.20\nNETMASK=255.255.255.224\n",
        boots: false,
        management: ("bond0", -1, "172.16.0.20"),
    },
    Case {
        name: "a new VLAN",
        trigger: "DEVICE=eth1\nVLAN=9\nMODE=static\nIP=172.16.0.20\nNETMASK=255.255.255.224\n",
        boots: false,
        management: ("eth1", 9, "172.16.0.20"),
    },
    Case {
        name: "DHCP, after a boot",
        trigger: "DEVICE=eth2\nMODE=dhcp\n",
        boots: true,
        management: ("eth2", -1, "172.16.0.7"),
    },
];

fn nic(name: &str) -> Name {
    Name::new(name).unwrap()
}

/// A PIF of the master.
fn own(pool: &SimPool, device: &str) -> Ref<Pif> {
    let host = pool.master.host();
    let mut all = pool.master.all::<Pif>().into_iter();
    let found = all.find(|(_, pif)| pif.host == host && pif.device == device && pif.vlan < 0);
    found.expect("the PIF").0
}

/// A pool of two with a bond under the master's management, a VLAN upon it, and a machine.
fn laden() -> SimPool {
    let mut pool = SimPool::new(1, 4);
    let network = pool.master.new_network("bonded");
    let members = ["eth0", "eth3"].map(|device| text(&own(&pool, device)));
    let params = vec![
        text(&network),
        Value::Array(members.to_vec()),
        Value::from(""),
        Value::from("active-backup"),
    ];
    pool.master.call("Bond.create", params).unwrap();
    let tagged = pool.master.new_network("tagged");
    let params = vec![text(&own(&pool, "bond0")), Value::Int(7), text(&tagged)];
    pool.master.call("VLAN.create", params).unwrap();
    let vm = pool.master.new_vm("guest", &[]);
    for (device, network) in [("0", &tagged), ("1", &network)] {
        let mac = Value::from(format!("02:00:00:00:00:0{device}").as_str());
        pool.master.new_vif(&vm, device, network, &[("MAC", mac)]);
    }
    pool.restart(0);
    pool.link(0);
    assert_eq!(pool.master.all::<Bond>().len(), 2, "the slave inherits");
    let mac = pool.master.get(&pool.pif(0, "eth2")).mac.parse().unwrap();
    let lease = Lease {
        address: "172.16.0.7/24".parse().unwrap(),
        gateway: Some("172.16.0.1".parse().unwrap()),
        dns: Default::default(),
        server: None,
        mtu: None,
    };
    pool.slaves[0].host.handle.offer(mac, None, lease);
    pool
}

/// Leaves a file where a trigger is looked for, as root of the slave would.
fn plant(pool: &SimPool, content: &str) -> PathBuf {
    let path = pool.slaves[0].host.root().join(TRIGGER);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// A slave with its trigger, started and not linked.
fn prepared(case: &Case) -> SimPool {
    let mut pool = laden();
    pool.cut(0);
    plant(&pool, case.trigger);
    match case.boots {
        true => pool.boot(0),
        false => pool.restart(0),
    }
    pool
}

fn is_triggered(pool: &SimPool) -> bool {
    pool.slaves[0].host.root().join(TRIGGER).exists()
}

fn addresses(pool: &SimPool) -> Vec<String> {
    let world = pool.slaves[0].host.handle.world();
    let all = world.state.addresses.iter();
    all.map(|(device, inet)| format!("{device} {inet}"))
        .collect()
}

fn alerts(pool: &SimPool, name: &str) -> Vec<String> {
    let all = pool.master.all::<Message>().into_iter();
    all.filter(|(_, message)| message.name == name)
        .map(|(_, message)| message.body)
        .collect()
}

fn inventory(pool: &SimPool) -> String {
    let path = pool.slaves[0].host.root().join("etc/xensource-inventory");
    std::fs::read_to_string(path).unwrap()
}

/// The slave's management interface, on its master: device, VLAN, address.
fn management(pool: &SimPool) -> (String, i64, String) {
    let host = pool.host(0);
    let all = pool.master.all::<Pif>().into_iter();
    let mut own = all.filter(|(_, pif)| pif.host == host && pif.management);
    let (_, pif) = own.next().expect("a management interface");
    assert!(own.next().is_none(), "two management interfaces");
    (pif.device, pif.vlan, pif.ip)
}

/// The VIFs and their networks.
fn vifs(pool: &SimPool) -> Vec<(Ref<Vif>, Ref<Network>)> {
    let all = pool.master.all::<Vif>().into_iter();
    all.map(|(vif, row)| (vif, row.network)).collect()
}

fn is_marked(pool: &SimPool) -> bool {
    let row: Host = pool.master.get(&pool.host(0));
    row.other_config.contains_key("network-reset-done")
}

/// All that a reset makes: rows, the slave's network, its files.
fn end(pool: &SimPool) -> BTreeSet<String> {
    assert_eq!(astray(pool, 0), Vec::<String>::new());
    assert_eq!(pool.master.diverged(), Vec::<String>::new());
    pool.slaves[0].catches_up(&pool.master);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for line in pool.master.seen() {
        // Both hosts may have the same.
        let again = seen.contains(&line).then(|| format!("{line} (again)"));
        seen.insert(again.unwrap_or(line));
    }
    seen.extend(addresses(pool));
    seen.extend(inventory(pool).lines().map(str::to_owned));
    let world = pool.slaves[0].host.handle.world();
    seen.extend(world.state.bridges.keys().map(Name::to_string));
    seen.extend(world.state.ports.keys().map(|name| format!("port {name}")));
    seen
}

/// Compares ends, and shows where they differ.
fn assert_same(is: &BTreeSet<String>, wanted: &BTreeSet<String>, place: &str) {
    let missing: Vec<_> = wanted.difference(is).collect();
    let more: Vec<_> = is.difference(wanted).collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "{place}: missing {missing:#?}, and there are {more:#?}"
    );
}

/// Links the slave until its reset is at its end, with what a later link changes; it is not endless.
fn ends(pool: &mut SimPool, place: &str) {
    for _ in 0..5 {
        pool.cut(0);
        pool.open(0);
        // What was lost in the middle of a change costs another line.
        if is_cut(pool, place) {
            continue;
        }
        pool.slaves[0].catches_up(&pool.master);
        if !is_triggered(pool) && !is_marked(pool) {
            return;
        }
    }
    panic!("{place}: the reset does not end");
}

/// Waits until the line is gone, or the master is done with what it began. Whether it is gone.
fn is_cut(pool: &SimPool, place: &str) -> bool {
    let until = Instant::now() + PATIENCE;
    while pool.is_linked(0) && !pool.has_arrived(0) {
        assert!(
            Instant::now() < until,
            "{place}: the line neither settles nor ends"
        );
        std::thread::yield_now();
    }
    !pool.is_linked(0)
}

#[test]
fn a_slave_is_reset_by_its_master_and_the_pools_networks_come_again() {
    for case in &CASES {
        let mut pool = prepared(case);
        let place = case.name;
        let before_it = vifs(&pool);
        let before = pool.master.all::<Vlan>().len();
        // Before it is linked it is what the trigger says, and nothing else.
        let mut there = addresses(&pool);
        there.retain(|line| line.contains(case.management.2));
        assert_eq!((there.len(), addresses(&pool).len()), (1, 1), "{place}");
        assert!(is_triggered(&pool), "{place}");
        pool.link(0);
        assert!(!is_triggered(&pool), "{place}");
        let (device, vlan, address) = management(&pool);
        assert_eq!(
            (device.as_str(), vlan, address.as_str()),
            case.management,
            "{place}"
        );
        let row: Host = pool.master.get(&pool.host(0));
        assert_eq!(row.address, case.management.2, "{place}");
        // The pool's bond and VLAN are there again.
        assert_eq!(pool.master.all::<Bond>().len(), 2, "{place}");
        let vlans = pool.master.all::<Vlan>().len();
        assert_eq!(vlans, before + usize::from(vlan >= 0), "{place}");
        assert_eq!(vifs(&pool), before_it, "{place}");
        assert_eq!(alerts(&pool, "NETWORK_RESET").len(), 1, "{place}");
        let wanted = end(&pool);
        let bridge = pool.master.all::<Pif>().into_iter();
        let mut bridge = bridge.filter(|(_, pif)| pif.host == pool.host(0) && pif.management);
        let bridge = pool.master.get(&bridge.next().unwrap().1.network).bridge;
        let line = format!("MANAGEMENT_INTERFACE='{bridge}'");
        assert!(wanted.contains(&line), "{place}: no {line}");
        // A later start finds nothing to do.
        pool.restart(0);
        pool.link(0);
        assert!(!is_marked(&pool), "{place}");
        assert_same(&end(&pool), &wanted, place);
        assert_eq!(alerts(&pool, "NETWORK_RESET").len(), 1, "{place}");
    }
}

/// What else happens when the line is lost.
#[derive(Clone, Copy, Debug)]
enum Then {
    Nothing,
    SlaveStarts,
    SlaveBoots,
    MasterStarts,
}

/// A pool whose slave is reset again and again, and what comes of each case when all goes well.
struct Again {
    pool: SimPool,
    ends: Vec<BTreeSet<String>>,
    /// The questions that a reset takes at most.
    questions: usize,
    /// The steps of the slave's network that each takes.
    steps: Vec<usize>,
}

impl Again {
    fn new() -> Again {
        let pool = laden();
        // A reset to a VLAN that nobody else has makes a network each time.
        let network = pool.master.new_network("VLAN 9");
        let params = vec![text(&own(&pool, "eth1")), Value::Int(9), text(&network)];
        pool.master.call("VLAN.create", params).unwrap();
        let mut again = Again {
            pool,
            ends: Vec::new(),
            questions: 0,
            steps: Vec::new(),
        };
        for (case, its) in CASES.iter().enumerate() {
            let before = again.pool.slaves[0].host.handle.world().steps;
            again.begin(case);
            again.pool.link(0);
            again.questions = again.questions.max(again.pool.questions(0));
            let steps = again.pool.slaves[0].host.handle.world().steps - before;
            again.steps.push(steps);
            ends(&mut again.pool, its.name);
            again.ends.push(end(&again.pool));
        }
        again
    }

    /// The slave has its trigger, and is started.
    fn begin(&mut self, case: usize) {
        let pool = &mut self.pool;
        pool.cut(0);
        let forgotten = pool.master.core().store.change(|draft| {
            for (message, _) in draft.all::<Message>()? {
                draft.destroy(&message)?;
            }
            Ok(())
        });
        forgotten.expect("the messages go");
        plant(pool, CASES[case].trigger);
        match CASES[case].boots {
            true => pool.boot(0),
            false => pool.restart(0),
        }
    }

    fn ends_as_ever(&mut self, case: usize, place: &str) {
        ends(&mut self.pool, place);
        assert_same(&end(&self.pool), &self.ends[case], place);
        assert_eq!(alerts(&self.pool, "NETWORK_RESET").len(), 1, "{place}");
    }
}

/// Which of so many places are tried: all in a long run, else one of so many.
fn chosen(of: usize, every: usize) -> impl Iterator<Item = usize> {
    let every = match std::env::var_os("XAPI_SOAK") {
        Some(_) => 1,
        None => every,
    };
    (0..of).step_by(every)
}

#[test]
fn a_reset_whose_line_is_lost_anywhere_ends_the_same() {
    let mut again = Again::new();
    let questions = (0..=again.questions).map(At::Question);
    let mut places = Vec::new();
    for at in questions.chain((0..8).map(At::News)) {
        for (trouble, then) in [
            (Trouble::NotHeard, Then::Nothing),
            (Trouble::NotAnswered, Then::MasterStarts),
            (Trouble::NotAnswered, Then::SlaveStarts),
            (Trouble::NotAnswered, Then::Nothing),
            (Trouble::NotHeard, Then::SlaveBoots),
        ] {
            places.push((at, trouble, then));
        }
    }
    let (mut lost, mut tried) = (0, 0);
    for number in chosen(places.len(), 8) {
        let (at, trouble, then) = places[number];
        // In a long run each place has each case in turn.
        let case = (number / 5 + number) % CASES.len();
        let place = format!("{}, {trouble:?} at {at:?}, {then:?}", CASES[case].name);
        again.begin(case);
        again.pool.cut_at(0, at, trouble);
        again.pool.open(0);
        lost += usize::from(is_cut(&again.pool, &place));
        tried += 1;
        again.pool.cut(0);
        match then {
            Then::Nothing => {}
            Then::SlaveStarts => again.pool.restart(0),
            Then::SlaveBoots => again.pool.boot(0),
            Then::MasterStarts => again.pool.restart_master(),
        }
        again.ends_as_ever(case, &place);
    }
    println!("{lost} of {tried} lines lost; {} places", places.len());
    assert!(2 * lost > tried, "{lost} of {tried} lines were lost");
}

#[test]
fn a_slave_that_dies_at_any_step_of_its_reset_ends_the_same() {
    let mut again = Again::new();
    let kinds = [
        FaultKind::CrashBefore,
        FaultKind::CrashAfter,
        FaultKind::Refuse,
        FaultKind::Silent,
    ];
    for (case, last) in again.steps.clone().into_iter().enumerate() {
        assert!(last > 3, "{}: {last} steps prove nothing", CASES[case].name);
        for number in chosen(last * kinds.len(), 29) {
            let kind = kinds[number % kinds.len()];
            let step = number / kinds.len();
            let place = format!("{}, {kind:?} at step {step} of {last}", CASES[case].name);
            again.pool.cut(0);
            {
                let mut world = again.pool.slaves[0].host.handle.world();
                let at = world.steps + step;
                world.fault = Some(Fault { at, kind });
            }
            again.begin(case);
            again.pool.open(0);
            is_cut(&again.pool, &place);
            again.pool.cut(0);
            again.pool.slaves[0].host.handle.world().fault = None;
            again.pool.restart(0);
            again.ends_as_ever(case, &place);
        }
    }
}

#[test]
fn a_trigger_whose_nic_is_not_there_waits_until_it_comes() {
    let mut pool = laden();
    let before = management(&pool);
    let watch = xapi_core::watch::Watch::start(pool.master.core()).unwrap();
    pool.cut(0);
    pool.slaves[0].host.handle.world().pull_out(nic("eth1"));
    plant(&pool, STATIC);
    pool.restart(0);
    pool.slaves[0].slave().tell_events();
    pool.link(0);
    // It is as it was, and takes part in the pool.
    assert_eq!(management(&pool), before);
    assert!(is_triggered(&pool));
    let told = alerts(&pool, "NETWORK_RESET_WAITS");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("eth1") && told[0].contains("eth3"),
        "{told:?}"
    );
    pool.slaves[0].host.handle.plug_in(nic("eth1"));
    pool.master.until("the reset", || {
        let there = management(&pool) == ("eth1".to_owned(), -1, "172.16.0.20".to_owned());
        (there && !is_triggered(&pool)).then_some(())
    });
    drop(watch);
    ends(&mut pool, "the NIC came");
    end(&pool);
}

#[test]
fn without_its_master_a_slave_is_reset_by_itself_when_the_nic_comes() {
    let mut pool = laden();
    pool.cut(0);
    pool.slaves[0].host.handle.world().pull_out(nic("eth1"));
    plant(&pool, STATIC);
    pool.restart(0);
    let _watch = xapi_core::watch::Watch::start(pool.slaves[0].host.core()).unwrap();
    pool.slaves[0].host.handle.plug_in(nic("eth1"));
    let until = Instant::now() + PATIENCE;
    while addresses(&pool) != ["xenbr1 172.16.0.20/27"] {
        assert!(Instant::now() < until, "{:?}", addresses(&pool));
        std::thread::yield_now();
    }
    assert!(is_triggered(&pool));
    pool.link(0);
    assert!(!is_triggered(&pool));
    assert_eq!(management(&pool).2, "172.16.0.20");
    end(&pool);
}

#[test]
fn whoever_gives_the_slave_another_management_interface_meanwhile_has_called_the_reset_off() {
    let mut pool = laden();
    pool.cut(0);
    pool.slaves[0].host.handle.world().pull_out(nic("eth1"));
    plant(&pool, STATIC);
    pool.restart(0);
    pool.link(0);
    let pif = text(&pool.pif(0, "eth2"));
    let words = ["Static", "172.16.0.21", "255.255.255.224", "", ""].map(Value::from);
    let params = std::iter::once(pif.clone()).chain(words).collect();
    pool.master.call("PIF.reconfigure_ip", params).unwrap();
    pool.master
        .call("host.management_reconfigure", vec![pif])
        .unwrap();
    pool.slaves[0].catches_up(&pool.master);
    assert!(!is_triggered(&pool));
    // The word comes with the next line at the latest.
    pool.cut(0);
    pool.link(0);
    assert_eq!(alerts(&pool, "NETWORK_RESET_CALLED_OFF").len(), 1);
    assert_eq!(management(&pool).0, "eth2");
}

#[test]
fn a_reset_that_waits_for_its_nic_goes_on_when_the_pools_bond_takes_management_over() {
    let mut pool = SimPool::new(1, 4);
    let watch = xapi_core::watch::Watch::start(pool.master.core()).unwrap();
    pool.cut(0);
    let network = pool.master.new_network("bonded");
    let members = ["eth0", "eth3"].map(|device| text(&own(&pool, device)));
    let params = vec![
        text(&network),
        Value::Array(members.to_vec()),
        Value::from(""),
        Value::from("active-backup"),
    ];
    pool.master.call("Bond.create", params).unwrap();
    pool.slaves[0].host.handle.world().pull_out(nic("eth1"));
    plant(&pool, STATIC);
    pool.restart(0);
    pool.slaves[0].slave().tell_events();
    pool.link(0);
    assert_eq!(management(&pool).0, "bond0", "it inherits");
    assert!(is_triggered(&pool), "the trigger is lost");
    assert_eq!(alerts(&pool, "NETWORK_RESET_CALLED_OFF").len(), 0);
    assert_eq!(alerts(&pool, "NETWORK_RESET_WAITS").len(), 1);
    pool.slaves[0].host.handle.plug_in(nic("eth1"));
    pool.master.until("the reset", || {
        let there = management(&pool) == ("eth1".to_owned(), -1, "172.16.0.20".to_owned());
        (there && !is_triggered(&pool)).then_some(())
    });
    drop(watch);
    ends(&mut pool, "the NIC came");
    end(&pool);
}

#[test]
fn whoever_removes_the_trigger_before_the_master_is_there_has_called_the_reset_off() {
    let mut pool = laden();
    let before = management(&pool);
    let was = end(&pool);
    pool.cut(0);
    let path = plant(&pool, STATIC);
    pool.restart(0);
    assert_eq!(addresses(&pool), ["xenbr1 172.16.0.20/27"]);
    std::fs::remove_file(path).unwrap();
    pool.link(0);
    assert_eq!(management(&pool), before);
    assert_same(&end(&pool), &was, "called off");
}

#[test]
fn until_it_is_reset_neither_the_network_of_a_slave_nor_its_files_follow_the_old_rows() {
    let mut pool = laden();
    pool.cut(0);
    plant(&pool, STATIC);
    // As the command has it.
    let path = pool.slaves[0].host.root().join("etc/xensource-inventory");
    let as_it_was = inventory(&pool);
    let as_asked = as_it_was.replace("INTERFACE='xapi0'", "INTERFACE='xenbr1'");
    assert_ne!(as_asked, as_it_was);
    std::fs::write(path, &as_asked).unwrap();
    pool.restart(0);
    // Something that the slave has to follow; and the line is lost before the master has asked anything of the network.
    let new = pool.master.new_network("meanwhile");
    let until = Instant::now() + PATIENCE;
    let follows = |pool: &SimPool| {
        let networks = pool.slaves[0].host.all::<Network>();
        networks.iter().any(|(network, _)| *network == new)
    };
    while !follows(&pool) {
        assert!(Instant::now() < until, "the slave does not follow");
        pool.cut(0);
        pool.cut_at(0, At::Question(1), Trouble::NotHeard);
        pool.open(0);
        assert!(is_cut(&pool, ""));
    }
    let kept = pool.slaves[0]
        .host
        .root()
        .join("var/lib/xcp/last-topology.json");
    let kept = std::fs::read_to_string(kept).unwrap();
    assert!(kept.contains("xenbr1") && !kept.contains("bond0"), "{kept}");
    assert_eq!(inventory(&pool), as_asked);
    // What another call would have asked.
    let view = pool.master.core().view().unwrap();
    let old = xapi_core::topology::of_host(&view, &pool.host(0)).unwrap();
    let verb = xapi_core::pool::verbs::Verb::Converge(1, xapi_net::agent::Request::what_can(old));
    let question = serde_json::to_vec(&verb).unwrap();
    let answer = pool.slaves[0].slave().asked(&question).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("about to be reset"), "{answer}");
    assert_eq!(addresses(&pool), ["xenbr1 172.16.0.20/27"]);
    pool.cut(0);
    pool.restart(0);
    assert_eq!(addresses(&pool), ["xenbr1 172.16.0.20/27"]);
    ends(&mut pool, "at last");
    end(&pool);
}

#[test]
fn what_is_no_trigger_is_told_by_the_master_and_then_put_aside() {
    let mut pool = laden();
    pool.cut(0);
    let path = plant(&pool, "DEVICE=eth1\nMODE=dchp\n");
    let link = pool.slaves[0].host.root().join("tmp/network-reset");
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let before = addresses(&pool);
    pool.restart(0);
    // Nobody has told it yet.
    assert!(path.exists());
    pool.restart(0);
    pool.link(0);
    assert!(!path.exists());
    assert!(
        std::fs::symlink_metadata(&link).is_ok(),
        "what is refused stays"
    );
    let told = alerts(&pool, "NETWORK_RESET_REFUSED");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|body| body.contains("line 2")), "{told:?}");
    assert_eq!(addresses(&pool), before);
    let about: Vec<_> = pool.master.all::<Message>().into_iter().collect();
    let host: Host = pool.master.get(&pool.host(0));
    let refused = about
        .iter()
        .filter(|(_, row)| row.name == "NETWORK_RESET_REFUSED");
    assert!(
        refused
            .into_iter()
            .all(|(_, row)| row.obj_uuid == host.uuid)
    );
    pool.restart(0);
    pool.link(0);
    assert_eq!(alerts(&pool, "NETWORK_RESET_REFUSED").len(), 2);
}

#[test]
fn a_foreign_bridge_gives_up_the_nic_before_the_master_is_reached_and_the_operator_is_told() {
    let mut pool = laden();
    pool.cut(0);
    plant(&pool, STATIC);
    pool.boot(0);
    let host = &pool.slaves[0].host;
    host.handle.world().reboot();
    host.handle.world().foreign_bridge(nic("br7"), nic("eth1"));
    pool.restart(0);
    assert_eq!(addresses(&pool), ["xenbr1 172.16.0.20/27"]);
    pool.link(0);
    assert!(!is_triggered(&pool));
    let told = alerts(&pool, "NETWORK_RESET_TOOK_NIC");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("br7"), "{told:?}");
    end(&pool);
}

#[test]
fn a_second_trigger_with_the_same_content_resets_again_and_what_was_built_meanwhile_goes() {
    let mut again = Again::new();
    again.begin(0);
    again.ends_as_ever(0, "at first");
    let before = again.pool.master.all::<Vlan>().len();
    for _ in 0..2 {
        let network = again.pool.master.new_network("meanwhile");
        let pif = text(&again.pool.pif(0, "eth2"));
        let params = vec![pif, Value::Int(5), text(&network)];
        let made = again.pool.master.call("VLAN.create", params);
        made.unwrap();
        again.begin(0);
        again.pool.link(0);
        assert_eq!(again.pool.master.all::<Vlan>().len(), before);
        again
            .pool
            .master
            .call("network.destroy", vec![text(&network)])
            .unwrap();
        again.ends_as_ever(0, "again");
    }
}

#[test]
fn a_trigger_that_was_carried_out_is_not_carried_out_again_while_it_waits_for_an_address() {
    let mut pool = laden();
    pool.cut(0);
    // Nobody leases anything there.
    plant(&pool, "DEVICE=eth1\nMODE=dhcp\n");
    pool.restart(0);
    pool.link(0);
    assert!(is_triggered(&pool) && is_marked(&pool));
    let network = pool.master.new_network("meanwhile");
    let params = vec![text(&pool.pif(0, "eth2")), Value::Int(5), text(&network)];
    pool.master.call("VLAN.create", params).unwrap();
    for boots in [false, true] {
        match boots {
            true => pool.boot(0),
            false => pool.restart(0),
        }
        pool.link(0);
        assert!(is_triggered(&pool) && is_marked(&pool));
        assert_eq!(pool.master.all::<Vlan>().len(), 3, "boots: {boots}");
        assert_eq!(alerts(&pool, "NETWORK_RESET").len(), 1);
        assert_eq!(astray(&pool, 0), Vec::<String>::new());
    }
}

#[test]
fn a_slave_that_has_lost_its_database_as_well_is_reset() {
    let mut pool = laden();
    let before = vifs(&pool);
    pool.cut(0);
    plant(&pool, STATIC);
    for end in ["", "-wal", "-shm"] {
        let path = format!("var/lib/xcp/xapi.db{end}");
        std::fs::remove_file(pool.slaves[0].host.root().join(path)).unwrap();
    }
    pool.restart(0);
    assert_eq!(pool.slaves[0].host.core().store.position(), None);
    assert_eq!(addresses(&pool), ["xenbr1 172.16.0.20/27"]);
    assert!(is_triggered(&pool));
    ends(&mut pool, "without a database");
    assert_eq!(management(&pool).2, "172.16.0.20");
    assert_eq!(vifs(&pool), before);
    end(&pool);
}
