//! A host leaves its pool: what counts at that moment, who is told, and that it has left or stays wherever it is cut.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use xapi_core::pool::leaving;
use xapi_db::Read;
use xapi_guest::sim::Verb;
use xapi_model::{ApiError, Class, Host, Pif, Pool, Value, Vm};
use xapi_tests::sim_host::text;
use xapi_tests::sim_pool::{PATIENCE, Trouble};
use xapi_tests::{SimHost, SimPool};

use crate::local::Client;
use crate::trust::begin;

/// Machines of a pool that has many.
const MACHINES: usize = 1000;

/// How long others are quicker, again and again.
const QUICKER: Duration = Duration::from_secs(1);

/// A pool whose slaves do not begin anew by themselves.
fn pool(slaves: usize) -> SimPool {
    let pool = SimPool::new(slaves, 2);
    let all = pool.slaves.iter().map(|slave| &slave.host);
    for host in all.chain([&pool.master]) {
        host.core().on_restart(|| ());
    }
    pool
}

fn eject(pool: &SimPool) -> Result<Value, ApiError> {
    pool.master.call("pool.eject", vec![text(&pool.host(0))])
}

fn is_enabled(pool: &SimPool) -> bool {
    pool.master.get(&pool.host(0)).enabled
}

#[test]
fn a_host_keeps_what_it_has_when_its_turn_to_leave_has_come() {
    let pool = pool(1);
    let (arrive, arrived) = channel();
    let (go_on, may) = channel::<()>();
    let first = Mutex::new(Some((arrive, may)));
    let kept = Arc::new(Mutex::new(String::new()));
    let keep = Arc::clone(&kept);
    pool.overhear(0, "", move |question| {
        if question.starts_with("{\"Leave\"") {
            question.clone_into(&mut keep.lock().expect("nobody panics"));
        }
        let mut first = first.lock().expect("nobody panics");
        if question.starts_with("{\"Converge\"")
            && let Some((arrive, may)) = first.take()
        {
            drop(first);
            arrive.send(()).expect("the test waits");
            may.recv_timeout(PATIENCE).expect("the other one waits");
        }
    });
    let words = ["Static", "172.16.0.99", "255.255.255.0", "", ""].map(Value::from);
    let params = std::iter::once(text(&pool.pif(0, "eth0"))).chain(words);
    let change = begin(&pool, "PIF.reconfigure_ip", params.collect());
    arrived.recv_timeout(PATIENCE).expect("a change");
    let leaves = begin(&pool, "pool.eject", vec![text(&pool.host(0))]);
    let until = Instant::now() + PATIENCE;
    while pool.master.core().in_line() == 0 {
        assert!(Instant::now() < until, "it does not wait");
        std::thread::yield_now();
    }
    go_on.send(()).expect("the change waits");
    for call in [change, leaves] {
        let outcome = call.recv_timeout(PATIENCE).expect("an end");
        outcome.expect("it is done");
    }
    let kept = kept.lock().expect("nobody panics");
    assert!(kept.contains("IP=172.16.0.99"), "{kept}");
}

#[test]
fn a_host_that_a_machine_is_about_to_be_on_stays() {
    let pool = pool(1);
    let vm = pool.master.new_vm("starts", &[]);
    let guests = &pool.slaves[0].host.guests;
    guests.hold(Verb::Start, true);
    let there = [text(&vm), text(&pool.host(0)), false.into(), false.into()];
    let start = begin(&pool, "VM.start_on", there.to_vec());
    assert!(guests.wait_until_held(PATIENCE), "it does not start");
    let error = eject(&pool).unwrap_err();
    assert_eq!(error.code, "OPERATION_NOT_ALLOWED");
    assert_eq!(error.params, ["VM resident on host"]);
    guests.hold(Verb::Start, false);
    let started = start.recv_timeout(PATIENCE).expect("an end");
    started.expect("it runs");
    assert!(is_enabled(&pool) && pool.is_linked(0));
}

#[test]
fn no_machine_starts_on_a_host_while_it_leaves_and_one_that_stays_takes_machines_again() {
    let pool = pool(1);
    let vm = pool.master.new_vm("starts", &[]);
    let there = [text(&vm), text(&pool.host(0)), false.into(), false.into()];
    let (tell, told) = channel();
    let (api, session) = (pool.master.api().clone(), pool.master.session().to_owned());
    let tell = Mutex::new(tell);
    pool.overhear(0, "\"Leave\"", move |_| {
        let params = std::iter::once(session.as_str().into()).chain(there.clone());
        let (api, params) = (api.clone(), params.collect());
        let start = std::thread::spawn(move || {
            api.call(&xapi_core::Origin::default(), "VM.start_on", params)
        });
        let until = Instant::now() + PATIENCE;
        while !start.is_finished() {
            assert!(Instant::now() < until, "it waits for the host");
            std::thread::yield_now();
        }
        let error = start.join().expect("no panic").unwrap_err();
        let tell = tell.lock().expect("nobody panics");
        tell.send(error.code).expect("the test waits");
    });
    pool.trouble_at(0, Trouble::Silence, "\"Leave\"");
    let error = eject(&pool).unwrap_err();
    assert_eq!(error.code, "CANNOT_CONTACT_HOST");
    assert_eq!(told.recv().expect("a call"), "HOST_DISABLED");
    assert!(is_enabled(&pool));
}

#[test]
fn the_rows_of_a_host_that_has_left_go_however_often_others_are_quicker() {
    let pool = pool(1);
    let (core, host) = (Arc::clone(pool.master.core()), pool.host(0));
    // All rows that may refer to the host are looked at, which takes longer than a commit.
    let many = core
        .store
        .change(|draft| (0..MACHINES).try_for_each(|_| draft.insert(Vm::blank()).map(drop)));
    many.expect("machines");
    pool.overhear(0, "\"Leave\"", move |_| {
        let (core, host) = (Arc::clone(&core), host.clone());
        std::thread::spawn(move || {
            let until = Instant::now() + QUICKER;
            let mut number = 0;
            while Instant::now() < until && core.view().is_ok_and(|view| view.get(&host).is_ok()) {
                number += 1;
                let named = core.store.change(|draft| {
                    let text = format!("number {number}");
                    draft.set(&host, Host::NAME_DESCRIPTION, text)
                });
                if let Err(why) = named {
                    // The host may have gone at this moment.
                    assert_eq!(why.code, "HANDLE_INVALID");
                }
            }
        });
    });
    eject(&pool).expect("it leaves");
    assert_eq!(pool.master.all::<Host>().len(), 1);
}

/// Files of a host that say what it is, and what becomes of its network.
fn files(host: &SimHost) -> BTreeMap<String, String> {
    let root = host.root();
    let mut all = BTreeMap::new();
    for path in [
        "etc/xensource-inventory",
        "etc/xensource/pool.conf",
        "etc/xensource/ptoken",
        "etc/firstboot.d/data/management.conf",
        "var/lib/xcp/leaving",
        "var/tmp/network-reset",
    ] {
        if let Ok(text) = std::fs::read_to_string(root.join(path)) {
            all.insert(path.to_owned(), text);
        }
    }
    all
}

/// Puts something where a file is written before it gets its name: that cannot be written then.
fn in_the_way(root: &Path, path: &str) -> std::path::PathBuf {
    let path = root.join(path);
    std::fs::create_dir_all(path.join("in the way")).expect("a directory");
    path
}

#[test]
fn a_host_that_cannot_leave_is_as_it_was() {
    let mut pool = pool(1);
    pool.master
        .call("pool.rotate_secret", vec![])
        .expect("a secret");
    let before = files(&pool.slaves[0].host);
    let root = pool.slaves[0].host.root();
    for path in ["var/lib/xcp/.leaving.new", "etc/xensource/.pool.conf.new"] {
        let way = in_the_way(root, path);
        let error = eject(&pool).unwrap_err();
        assert_eq!(error.code, "INTERNAL_ERROR", "{path}: {error}");
        assert_eq!(files(&pool.slaves[0].host), before, "{path}");
        assert!(root.join("var/lib/xcp/xapi.db").exists());
        assert!(is_enabled(&pool) && pool.is_linked(0));
        std::fs::remove_dir_all(way).expect("out of the way");
    }
    // One that was killed before it was decided.
    std::fs::write(root.join("var/lib/xcp/leaving"), "of no use").expect("a file");
    pool.restart(0);
    pool.link(0);
    assert_eq!(files(&pool.slaves[0].host), before);
    assert_eq!(pool.slaves[0].host.all::<Host>().len(), 2);
}

#[test]
fn what_a_host_has_noted_of_leaving_is_nothing_to_one_that_is_told_to_decide() {
    let mut pool = pool(1);
    let root = pool.slaves[0].host.root().to_owned();
    std::fs::write(root.join("var/lib/xcp/leaving"), "IP=172.16.0.12\n").expect("a file");
    pool.cut(0);
    let words = ["root", "secret"].map(Value::from).to_vec();
    let host = &pool.slaves[0].host;
    let session = host.raw("session.slave_local_login_with_password", words);
    let session = session.expect("a session");
    host.raw("pool.emergency_transition_to_master", vec![session])
        .expect("it decides");
    pool.restart(0);
    assert!(pool.slaves[0].host.core().pool.is_master());
    assert_eq!(pool.slaves[0].host.all::<Host>().len(), 2);
}

#[test]
fn a_host_that_has_decided_to_leave_leaves_wherever_it_is_cut() {
    let mut pool = pool(1);
    pool.master
        .call("pool.rotate_secret", vec![])
        .expect("a secret");
    let (_, row) = pool.slaves[0].host.all::<Pool>().remove(0);
    eject(&pool).expect("it leaves");
    assert_eq!(pool.master.all::<Host>().len(), 1);
    pool.cut(0);
    let host = &pool.slaves[0].host;
    let (root, config) = (host.root(), host.core().config.clone());
    let is = |path: &str| root.join(path).exists();
    assert_eq!(files(host)["etc/xensource/pool.conf"].trim(), "master");
    assert!(!is("var/tmp/network-reset"), "it counts before it has left");
    for path in [
        "etc/firstboot.d/data/.management.conf.new",
        "etc/.xensource-inventory.new",
    ] {
        let way = in_the_way(root, path);
        let error = leaving::go_on(&config).unwrap_err();
        assert_eq!(error.code, "INTERNAL_ERROR", "{path}: {error}");
        assert!(is("var/lib/xcp/leaving"), "nobody would go on");
        assert!(!is("etc/xensource/ptoken") && !is("var/lib/xcp/xapi.db"));
        std::fs::remove_dir_all(way).expect("out of the way");
    }
    pool.restart(0);
    let host = &pool.slaves[0].host;
    assert!(host.core().pool.is_master());
    assert_eq!(host.all::<Host>().len(), 1);
    assert_ne!(host.all::<Pool>()[0].1.uuid, row.uuid);
    let pif: Pif = host.get(&host.pif("eth0"));
    assert!(pif.management && pif.ip == "172.16.0.12", "{pif:?}");
    assert!(host.root().join("var/lib/xcp/xapi.db.left-pool").exists());
    let left = files(host);
    let names: Vec<_> = left.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "etc/firstboot.d/data/management.conf",
            "etc/xensource-inventory",
            "etc/xensource/pool.conf"
        ]
    );
}

#[test]
fn whoever_has_the_host_leave_that_he_is_on_is_told_that_it_does() {
    let pool = pool(1);
    let client = Client::new(&pool.slaves[0]);
    let left = client.call("pool.eject", vec![text(&pool.host(0))]);
    assert_eq!(left, Ok(Value::Nil));
    assert_eq!(pool.master.all::<Host>().len(), 1);
}
