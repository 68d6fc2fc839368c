//! A host leaves its pool: what counts at that moment, and who is told.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use xapi_db::Read;
use xapi_guest::sim::Verb;
use xapi_model::{ApiError, Class, Host, Value, Vm};
use xapi_tests::SimPool;
use xapi_tests::sim_host::text;
use xapi_tests::sim_pool::{PATIENCE, Trouble};

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
