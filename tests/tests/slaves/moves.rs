//! The master's own management moves: its slaves are told where it will be, while they can be.

use std::sync::{Arc, Mutex};

use xapi_model::{Host, Pif, Ref, Value};
use xapi_tests::sim_host::text;
use xapi_tests::{SimHost, SimPool};

const AFTER: &str = "172.16.1.10";

/// What a slave was told, and how many steps the master's host had done by then.
type Told = Arc<Mutex<Vec<(String, usize)>>>;

fn steps(host: &SimHost) -> usize {
    host.handle.world().steps
}

/// Has what the slave is told of moves noted.
fn noted(pool: &SimPool) -> Told {
    let told = Told::default();
    let (tell, master) = (Arc::clone(&told), pool.master.handle.clone());
    pool.overhear(0, "\"Moves\":", move |question| {
        let steps = master.world().steps;
        let mut told = tell.lock().expect("nobody panics");
        told.push((question.to_owned(), steps));
    });
    told
}

/// Gives a PIF an address.
fn readdress(pool: &SimPool, pif: &Ref<Pif>, address: &str) {
    let words = ["Static", address, "255.255.255.0", "172.16.1.1", ""].map(Value::from);
    let params = std::iter::once(text(pif)).chain(words).collect();
    let given = pool.master.call("PIF.reconfigure_ip", params);
    given.expect("an address");
}

/// The slave is told of the master's next address once, before the master's host does anything about it.
fn is_told_before(change: impl FnOnce(&SimPool)) {
    let pool = SimPool::new(1, 2);
    let (own, its) = (pool.master.pif_of_own("eth1"), pool.pif(0, "eth1"));
    readdress(&pool, &its, "172.16.1.12");
    readdress(&pool, &own, AFTER);
    let told = noted(&pool);
    let before = steps(&pool.master);
    change(&pool);
    assert_eq!(
        *told.lock().expect("nobody panics"),
        [(format!("{{\"Moves\":[\"{AFTER}\"]}}"), before)]
    );
    assert!(steps(&pool.master) > before, "nothing has changed");
    assert_eq!(pool.master.get(&pool.master.host()).address, AFTER);
}

#[test]
fn slaves_are_told_before_the_master_moves_its_management() {
    is_told_before(|pool| {
        let pif = pool.master.pif_of_own("eth1");
        let params = vec![text(&pif)];
        let moved = pool.master.call("host.management_reconfigure", params);
        moved.expect("management is elsewhere");
    });
}

#[test]
fn slaves_are_told_before_the_management_of_the_whole_pool_moves() {
    is_told_before(|pool| {
        let network = pool.master.get(&pool.master.pif_of_own("eth1")).network;
        let params = vec![text(&network)];
        let moved = pool.master.call("pool.management_reconfigure", params);
        moved.expect("management is elsewhere");
    });
}

#[test]
fn slaves_are_told_before_the_masters_address_goes_and_not_of_what_leaves_it_where_it_is() {
    let pool = SimPool::new(1, 2);
    let told = noted(&pool);
    let own = pool.master.pif_of_own("eth1");
    readdress(&pool, &own, AFTER);
    assert!(told.lock().expect("nobody panics").is_empty());
    let before = steps(&pool.master);
    readdress(&pool, &pool.master.pif_of_own("eth0"), "172.16.1.11");
    let told = told.lock().expect("nobody panics");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].0.contains("172.16.1.11") && told[0].1 == before,
        "{told:?}"
    );
    assert!(steps(&pool.master) > before);
}

#[test]
fn slaves_are_told_once_however_often_the_commit_is_tried() {
    let pool = SimPool::new(1, 2);
    let own = pool.master.pif_of_own("eth1");
    readdress(&pool, &pool.pif(0, "eth1"), "172.16.1.12");
    readdress(&pool, &own, AFTER);
    let told = Arc::new(Mutex::new(0));
    let (tell, core) = (Arc::clone(&told), Arc::clone(pool.master.core()));
    let host = pool.master.host();
    pool.overhear(0, "\"Moves\":", move |_| {
        *tell.lock().expect("nobody panics") += 1;
        // Somebody else is quicker.
        let quicker = core
            .store
            .change(|draft| draft.set(&host, Host::ADDRESS, "172.16.9.9".to_owned()));
        quicker.expect("a commit");
    });
    let moved = pool
        .master
        .call("host.management_reconfigure", vec![text(&own)]);
    moved.expect("management is moved");
    assert_eq!(*told.lock().expect("nobody panics"), 1);
    assert_eq!(pool.master.get(&pool.master.host()).address, AFTER);
}
