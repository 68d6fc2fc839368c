//! A slave's own address is changed by a call at the slave: the line that the call goes by is lost by the change itself.

use std::sync::Mutex;
use std::time::Instant;

use xapi_core::Origin;
use xapi_model::{ApiError, Pif, Value};
use xapi_tests::SimPool;
use xapi_tests::sim_pool::{PATIENCE, Trouble};

use crate::changes::astray;

const BEFORE: &str = "172.16.0.12";
const AFTER: &str = "172.16.0.25";

/// Has the slave get another address by a call at its socket, whose line is lost as soon as it has it; `then` is what
/// happens until the slave is linked again. The pool, and what the caller is told.
fn readdressed(
    trouble: Trouble,
    then: impl FnOnce(&mut SimPool),
) -> (SimPool, Result<Value, ApiError>) {
    let pool = SimPool::new(1, 2);
    pool.slaves[0].catches_up(&pool.master);
    let words = ["root", "", "2.23", "tests"].map(Value::from).to_vec();
    let login = pool.slaves[0].local("session.login_with_password", words);
    let pif = pool.pif(0, "eth0");
    let words = ["Static", AFTER, "255.255.255.0", "172.16.0.1", ""].map(Value::from);
    let params = [login.expect("a session"), pif.as_str().into()];
    let params = params.into_iter().chain(words).collect();
    pool.trouble(0, trouble);
    let pool = Mutex::new(pool);
    let locked = || pool.lock().expect("nobody panics");
    let told = std::thread::scope(|scope| {
        let slave = locked().slaves[0].host.api().clone();
        let call = scope.spawn(move || {
            let origin = Origin {
                local_root: true,
                peer: "the socket".into(),
                ..Origin::default()
            };
            slave.call(&origin, "PIF.reconfigure_ip", params)
        });
        while locked().is_linked(0) {
            std::thread::yield_now();
        }
        then(&mut locked());
        locked().open(0);
        call.join().expect("an outcome")
    });
    let mut pool = pool.into_inner().expect("nobody panics");
    // Whoever is still at the arrival would end the next line, of which he does not hear what became of a change.
    is_given_up(&pool);
    // A change of which nobody knows the end costs another line.
    pool.cut(0);
    pool.link(0);
    (pool, told)
}

/// The slave's address, by the master's rows.
fn address(pool: &SimPool) -> String {
    assert_eq!(astray(pool, 0), Vec::<String>::new());
    let row: Pif = pool.master.get(&pool.pif(0, "eth0"));
    row.ip
}

#[test]
fn whoever_changes_the_address_of_the_slave_that_he_is_on_is_told_that_it_is_done() {
    let (pool, told) = readdressed(Trouble::NotAnswered, |_| ());
    told.expect("it was done");
    assert_eq!(address(&pool), AFTER);
}

#[test]
fn whoever_changes_it_to_one_by_which_there_is_no_master_is_told_that_it_was_taken_back() {
    let (pool, told) = readdressed(Trouble::NotAnswered, |pool| {
        pool.slaves[0].slave().go_back();
    });
    let why = told.expect_err("it was taken back");
    assert_eq!(why.code, "PIF_CONFIGURATION_ERROR");
    assert_eq!(why.params[0], pool.pif(0, "eth0").as_str());
    assert!(why.params[1].contains("could not be reached"), "{why:?}");
    assert_eq!(address(&pool), BEFORE);
}

/// Waits until the master has given the slave up, or is done with its arrival: nobody carries anything out any more.
fn is_given_up(pool: &SimPool) {
    let until = Instant::now() + PATIENCE;
    while !pool.has_arrived(0) {
        assert!(Instant::now() < until, "the call does not end");
        std::thread::yield_now();
    }
}

#[test]
fn whoever_changes_it_on_a_slave_that_is_away_for_too_long_is_told_that_the_slave_was_lost() {
    let (pool, told) = readdressed(Trouble::NotAnswered, |pool| is_given_up(pool));
    let why = told.expect_err("it was taken back");
    assert_eq!(why.code, "CANNOT_CONTACT_HOST");
    assert_eq!(why.params, [pool.host(0).as_str()]);
    assert_eq!(address(&pool), BEFORE);
}

#[test]
fn whoever_asks_for_a_change_that_was_not_heard_is_not_kept_waiting() {
    let (pool, told) = readdressed(Trouble::NotHeard, |pool| is_given_up(pool));
    let why = told.expect_err("nobody knows");
    assert_eq!(why.code, "CANNOT_CONTACT_HOST");
    assert_eq!(why.params, [pool.master.host().as_str()]);
    assert_eq!(address(&pool), BEFORE);
}
