//! Changes of a slave's network, which the master decides: whole or not at all, whatever becomes of the line.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use xapi_core::Origin;
use xapi_model::{Bond, BondMode, Message, Network, Pif, Value};
use xapi_net::agent::Request;
use xapi_net::planned::{Operation, Phase, PlannedStep, in_words};
use xapi_tests::SimPool;
use xapi_tests::sim_host::text;
use xapi_tests::sim_pool::{At, PATIENCE, Trouble};

use crate::trust::begin;

/// The parameters of a bond of two NICs of a slave, with the session of a client of the master.
fn asks_for_bond(pool: &SimPool, members: [&str; 2]) -> Vec<Value> {
    let network = pool.master.new_network("bonded");
    let members = members.map(|device| Value::from(pool.pif(0, device).as_str()));
    vec![
        pool.master.session().into(),
        network.as_str().into(),
        Value::Array(members.to_vec()),
        Value::from(""),
        Value::from(BondMode::ActiveBackup.as_str()),
    ]
}

fn bond(pool: &SimPool, members: [&str; 2]) -> Result<Value, xapi_model::ApiError> {
    pool.master.raw("Bond.create", asks_for_bond(pool, members))
}

/// Steps that the slave's host would need to look as the master's rows say.
pub fn astray(pool: &SimPool, slave: usize) -> Vec<String> {
    let view = pool.master.core().view().expect("a view");
    let wanted = xapi_core::topology::of_host(&view, &pool.host(slave)).expect("a topology");
    let agent = &pool.slaves[slave].host.core().agent;
    in_words(&agent.plan(Request::what_can(wanted)).expect("a plan"))
}

#[test]
fn a_bond_of_a_slave_is_made_there_and_management_moves_along() {
    let pool = SimPool::new(1, 4);
    assert_eq!(astray(&pool, 0), Vec::<String>::new());
    bond(&pool, ["eth0", "eth3"]).unwrap();
    assert_eq!(astray(&pool, 0), Vec::<String>::new());
    let row: Pif = pool.master.get(&pool.pif(0, "bond0"));
    assert!(row.management && row.currently_attached);
    assert_eq!((row.ip.as_str(), row.host), ("172.16.0.12", pool.host(0)));
    // The slave's own files follow.
    pool.slaves[0].catches_up(&pool.master);
    let inventory = pool.slaves[0].host.root().join("etc/xensource-inventory");
    let inventory = std::fs::read_to_string(inventory).expect("the inventory");
    let network: Network = pool.master.get(&row.network);
    let line = format!("MANAGEMENT_INTERFACE='{}'", network.bridge);
    assert!(inventory.contains(&line), "no {line} in {inventory}");
    // The master's own host is as it was.
    assert_eq!(pool.master.diverged(), Vec::<String>::new());
}

#[test]
fn a_plan_for_a_slave_is_told_by_the_slave_as_data_and_in_words() {
    let pool = SimPool::new(1, 4);
    let params = asks_for_bond(&pool, ["eth0", "eth3"]);
    let planned = |wishes: &[(&str, &str)]| {
        let wishes = wishes.iter();
        let origin = Origin {
            other_config: wishes
                .map(|(key, value)| (format!("http:{key}"), (*value).to_owned()))
                .collect(),
            ..Origin::default()
        };
        let api = pool.master.api();
        let outcome = api.call(&origin, "Bond.create", params.clone());
        let plan = outcome.expect_err("a plan");
        assert_eq!(plan.code, "NETWORK_PLAN", "{plan}");
        plan.params
    };
    let words = planned(&[("plan-only", "true")]);
    let data = planned(&[("plan-only", "true"), ("plan-as", "data")]);
    let steps = data.iter();
    let steps = steps.map(|step| serde_json::from_str::<PlannedStep>(step).expect("a step"));
    let steps: Vec<_> = steps.collect();
    assert_eq!(in_words(&steps), words);
    let bond = steps.iter().find(|step| step.object.name == "bond0");
    let bond = bond.expect("the bond");
    assert_eq!(
        (bond.phase, bond.operation),
        (Phase::Switch, Operation::Put)
    );
    assert!(bond.touches.contains("eth3"), "{bond:?}");
    assert!(pool.master.all::<Bond>().is_empty());
    assert_eq!(astray(&pool, 0), Vec::<String>::new());
}

/// Makes a bond over a line that fails, and links the host again before or after the master has given it up.
fn through_trouble(
    trouble: Trouble,
    again_at_once: bool,
) -> (SimPool, Result<Value, xapi_model::ApiError>) {
    let pool = std::sync::Mutex::new(SimPool::new(1, 4));
    let locked = || pool.lock().expect("nobody panics");
    locked().trouble(0, trouble);
    let outcome = std::thread::scope(|scope| {
        let (master, asked) = {
            let pool = locked();
            (
                pool.master.api().clone(),
                asks_for_bond(&pool, ["eth0", "eth2"]),
            )
        };
        let origin = xapi_core::Origin::default();
        let call = scope.spawn(move || master.call(&origin, "Bond.create", asked));
        if again_at_once {
            while locked().is_linked(0) {
                std::thread::yield_now();
            }
            locked().open(0);
        }
        call.join().expect("an outcome")
    });
    (pool.into_inner().expect("nobody panics"), outcome)
}

#[test]
fn a_change_that_was_not_heard_has_not_happened_and_a_host_that_stays_away_is_named() {
    let (mut pool, outcome) = through_trouble(Trouble::NotHeard, false);
    let error = outcome.unwrap_err();
    assert_eq!(error.code, "CANNOT_CONTACT_HOST");
    assert_eq!(error.params, [pool.host(0).as_str()]);
    assert!(pool.master.all::<Bond>().is_empty());
    pool.link(0);
    assert_eq!(astray(&pool, 0), Vec::<String>::new());
}

#[test]
fn a_change_whose_answer_was_lost_counts_when_the_host_is_back_at_once() {
    let (pool, outcome) = through_trouble(Trouble::NotAnswered, true);
    outcome.unwrap();
    assert_eq!(pool.master.all::<Bond>().len(), 1);
    assert_eq!(astray(&pool, 0), Vec::<String>::new());
}

#[test]
fn a_change_whose_answer_was_lost_is_taken_back_when_the_host_is_back_late() {
    let (mut pool, outcome) = through_trouble(Trouble::NotAnswered, false);
    assert_eq!(outcome.unwrap_err().code, "CANNOT_CONTACT_HOST");
    assert!(pool.master.all::<Bond>().is_empty());
    assert_ne!(
        astray(&pool, 0),
        Vec::<String>::new(),
        "it is made over there"
    );
    pool.link(0);
    assert_eq!(astray(&pool, 0), Vec::<String>::new());
}

#[test]
fn a_slave_goes_back_by_itself_when_nobody_keeps_its_change() {
    let (mut pool, outcome) = through_trouble(Trouble::NotAnswered, false);
    assert!(outcome.is_err());
    assert!(pool.slaves[0].slave().is_unkept());
    pool.slaves[0].slave().go_back();
    assert_eq!(astray(&pool, 0), Vec::<String>::new());
    assert!(!pool.slaves[0].slave().is_unkept());
    // And whoever asks afterwards learns that.
    pool.link(0);
    assert_eq!(astray(&pool, 0), Vec::<String>::new());
}

#[test]
fn a_slave_that_is_started_anew_in_the_middle_of_a_change_is_as_before() {
    let (mut pool, outcome) = through_trouble(Trouble::NotAnswered, false);
    assert!(outcome.is_err());
    pool.restart(0);
    assert_eq!(
        astray(&pool, 0),
        Vec::<String>::new(),
        "by what was committed last"
    );
    pool.link(0);
    assert_eq!(astray(&pool, 0), Vec::<String>::new());
}

#[test]
fn a_host_that_is_not_linked_is_offline() {
    let mut pool = SimPool::new(1, 3);
    pool.cut(0);
    let error = bond(&pool, ["eth1", "eth2"]).unwrap_err();
    assert_eq!(error.code, "HOST_OFFLINE");
    assert_eq!(error.params, [pool.host(0).as_str()]);
    assert!(pool.master.all::<Bond>().is_empty());
}

/// What the operator has read of networks that were not taken over.
fn alerts(pool: &SimPool) -> usize {
    let all = pool.master.all::<Message>().into_iter();
    all.filter(|(_, row)| row.name == "POOL_NETWORK_NOT_INHERITED")
        .count()
}

fn eventually(what: &str, is: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < until, "{what}");
        std::thread::yield_now();
    }
}

/// A slave that is started takes over a bond of the master's under its management, loses its line by that, and goes back.
/// With how many alerts there were before.
fn cut_off_by_what_it_took_over() -> (SimPool, usize) {
    let mut pool = SimPool::new(1, 4);
    pool.cut(0);
    let network = pool.master.new_network("bonded");
    let members = ["eth0", "eth3"].map(|device| text(&pool.master.pif_of_own(device)));
    let params = vec![
        text(&network),
        Value::Array(members.to_vec()),
        Value::from(""),
        Value::from(BondMode::ActiveBackup.as_str()),
    ];
    pool.master.call("Bond.create", params).expect("a bond");
    // Where in the arrival that is does not matter.
    for question in 0.. {
        let before = alerts(&pool);
        pool.restart(0);
        pool.cut_at(0, At::Question(question), Trouble::NotAnswered);
        pool.open(0);
        eventually("the line is not lost", || !pool.is_linked(0));
        if pool.slaves[0].slave().is_unkept() {
            pool.slaves[0].slave().go_back();
            return (pool, before);
        }
        eventually("the arrival does not end", || pool.has_arrived(0));
    }
    unreachable!("nothing is taken over")
}

#[test]
fn what_has_cut_a_host_off_when_it_started_is_told_once_and_not_done_again_before_its_next_start() {
    let (mut pool, before) = cut_off_by_what_it_took_over();
    for _ in 0..2 {
        pool.link(0);
        assert_eq!(astray(&pool, 0), Vec::<String>::new());
        assert_eq!(pool.master.all::<Bond>().len(), 1, "it takes it over again");
        eventually("one alert", || alerts(&pool) == before + 1);
        pool.cut(0);
    }
    pool.restart(0);
    pool.link(0);
    assert_eq!(pool.master.all::<Bond>().len(), 2);
}

#[test]
fn a_host_that_lost_its_master_and_not_the_way_when_it_started_takes_over_what_it_has_to() {
    let (mut pool, _) = cut_off_by_what_it_took_over();
    pool.restart_master();
    pool.link(0);
    assert_eq!(pool.master.all::<Bond>().len(), 2);
    assert_eq!(astray(&pool, 0), Vec::<String>::new());
}

/// Those whose network is being changed at this moment.
#[derive(Default)]
struct Inside {
    /// How many there are, how many there were at most, and whether they may go on.
    state: Mutex<(usize, usize, bool)>,
    changed: Condvar,
}

impl Inside {
    /// One comes in, and goes on when all may.
    fn passes(&self) {
        let mut state = self.state.lock().expect("nobody panics");
        state.0 += 1;
        state.1 = state.1.max(state.0);
        self.changed.notify_all();
        let waited = self
            .changed
            .wait_timeout_while(state, PATIENCE, |(_, _, may)| !*may);
        waited.expect("nobody panics").0.0 -= 1;
    }

    /// Waits until so many are there at the same time; false if they are not.
    fn are(&self, many: usize) -> bool {
        let state = self.state.lock().expect("nobody panics");
        let waited = self
            .changed
            .wait_timeout_while(state, PATIENCE, |(now, _, _)| *now < many);
        !waited.expect("nobody panics").1.timed_out()
    }

    fn go_on(&self) {
        self.state.lock().expect("nobody panics").2 = true;
        self.changed.notify_all();
    }

    fn at_most(&self) -> usize {
        self.state.lock().expect("nobody panics").1
    }
}

/// A pool whose slaves are held up at each change, and who is.
fn held_up(slaves: usize) -> (SimPool, Arc<Inside>) {
    let pool = SimPool::new(slaves, 4);
    let inside = Arc::new(Inside::default());
    for slave in 0..slaves {
        let its = Arc::clone(&inside);
        pool.overhear(slave, "\"Converge\":", move |_| its.passes());
    }
    (pool, inside)
}

#[test]
fn changes_of_two_slaves_go_on_at_the_same_time() {
    let (pool, inside) = held_up(2);
    let bonds = [0, 1].map(|slave| begin(&pool, "Bond.create", asks(&pool, slave)));
    assert!(inside.are(2), "one waits for the other");
    inside.go_on();
    for bond in bonds {
        bond.recv_timeout(PATIENCE)
            .expect("an end")
            .expect("a bond");
    }
}

#[test]
fn changes_of_one_slave_go_on_one_after_the_other() {
    let (pool, inside) = held_up(1);
    let first = begin(&pool, "Bond.create", asks(&pool, 0));
    assert!(inside.are(1), "nothing is changed");
    let pif = pool.pif(0, "eth3");
    let words = ["Static", "172.16.3.12", "255.255.255.0", "", ""].map(Value::from);
    let params = std::iter::once(pif.as_str().into()).chain(words);
    let second = begin(&pool, "PIF.reconfigure_ip", params.collect());
    let until = Instant::now() + PATIENCE;
    while pool.master.core().in_line() == 0 {
        assert!(Instant::now() < until, "it does not wait");
        assert_eq!(inside.at_most(), 1);
        std::thread::yield_now();
    }
    inside.go_on();
    for outcome in [first, second] {
        outcome
            .recv_timeout(PATIENCE)
            .expect("an end")
            .expect("it is done");
    }
    assert_eq!(inside.at_most(), 1);
}

/// A bond of two NICs of a slave, without the session.
fn asks(pool: &SimPool, slave: usize) -> Vec<Value> {
    let network = pool.master.new_network("bonded");
    let members = ["eth1", "eth2"].map(|device| Value::from(pool.pif(slave, device).as_str()));
    vec![
        network.as_str().into(),
        Value::Array(members.to_vec()),
        Value::from(""),
        Value::from(BondMode::ActiveBackup.as_str()),
    ]
}
