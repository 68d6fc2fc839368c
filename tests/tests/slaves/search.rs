//! How a slave looks for its master, over real connections on loopback.

use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use xapi_core::pool::verbs::Verb;
use xapi_core::pool::{another, search};
use xapi_model::{Class, Host, Network};
use xapi_net::agent::{Mode, Request};
use xapi_tests::SimPool;
use xapi_tests::sim_pool::PATIENCE;

use crate::local::Client;

/// Where somebody takes connections and never says a word.
const SILENT: &str = "127.0.0.2";

/// How long the slave may be without its master: longer than the first attempt takes, and shorter than the second ends.
const GO_BACK: Duration = Duration::from_secs(3);

#[test]
fn a_slave_whose_attempts_all_hang_goes_back_in_time() {
    let silent = TcpListener::bind((SILENT, 0)).expect("an address of loopback");
    let port = silent.local_addr().expect("an address").port();
    let mut pool = SimPool::new(1, 3);
    // Whoever is asked where the master is is as silent.
    let master = pool.master.host();
    let store = &pool.master.core().store;
    store
        .change(|draft| draft.set(&master, Host::ADDRESS, SILENT.to_owned()))
        .expect("an address");
    pool.slaves[0].catches_up(&pool.master);
    let host = pool.host(0);
    pool.cut(0);
    let root = pool.slaves[0].host.root().to_owned();
    let write = |path: &str, text: &str| std::fs::write(root.join(path), text).expect("a file");
    write("etc/xensource/pool.conf", &format!("slave:{SILENT}"));
    write("etc/xensource/ptoken", &"0123456789abcdef".repeat(6));
    pool.restart_with(0, |config| {
        config.port = port;
        config.go_back_within = GO_BACK;
    });
    let core = pool.slaves[0].host.core();
    let began = Instant::now();
    let slave = search::keep(core).expect("a thread").expect("a slave");
    // A change that no master is there to keep.
    let draft = core.store.draft().expect("a draft");
    let network = pool.master.network("xenbr0");
    draft
        .set(&network, Network::MTU, 1400)
        .expect("another size of packets");
    let request = Request {
        topology: xapi_core::topology::of_host(&draft, &host).expect("a topology"),
        mode: Mode::Whole,
        within: PATIENCE,
    };
    let asked = serde_json::to_vec(&Verb::Converge(1, request)).expect("a question");
    slave.asked(&asked).expect("an answer");
    assert!(slave.is_unkept(), "{} is changed", Network::NAME);
    while slave.is_unkept() {
        assert!(began.elapsed() < PATIENCE, "it does not go back");
        std::thread::yield_now();
    }
    let took = began.elapsed();
    assert!(
        took >= GO_BACK && took < GO_BACK + Duration::from_secs(2),
        "{took:?}"
    );
    core.quiesce(PATIENCE);
}

#[test]
fn a_slave_that_reaches_nobody_says_so_or_that_it_has_no_address_to_do_so() {
    let nobody = TcpListener::bind((SILENT, 0)).expect("an address of loopback");
    let port = nobody.local_addr().expect("an address").port();
    drop(nobody);
    let mut pool = SimPool::new(1, 2);
    pool.cut(0);
    let root = pool.slaves[0].host.root().to_owned();
    let write = |path: &str, text: &str| std::fs::write(root.join(path), text).expect("a file");
    write("etc/xensource/pool.conf", &format!("slave:{SILENT}"));
    write("etc/xensource/ptoken", &"0123456789abcdef".repeat(6));
    pool.restart_with(0, |config| config.port = port);
    let slave = &pool.slaves[0];
    let core = slave.host.core();
    let _searching = search::keep(core).expect("a thread").expect("a slave");
    let session = Client::new(slave).session();
    let says = |code: &str| {
        let until = Instant::now() + PATIENCE;
        loop {
            let said = slave.local("task.get_all", vec![session.clone()]);
            match said {
                Err(error) if error.code == code => return,
                other => assert!(Instant::now() < until, "{other:?} instead of {code}"),
            }
            std::thread::yield_now();
        }
    };
    says("HOST_IN_EMERGENCY_MODE");
    let on: Vec<_> = {
        let addresses = &mut slave.host.handle.world().state.addresses;
        std::mem::take(addresses).into_iter().collect()
    };
    says("HOST_HAS_NO_MANAGEMENT_IP");
    let world = || slave.host.handle.world();
    world().state.addresses.extend(on.clone());
    says("HOST_IN_EMERGENCY_MODE");
    // From one that a host has chosen by itself nobody is reached.
    let own = "169.254.7.7/16".parse().expect("an address");
    let chosen = on.into_iter().map(|(device, _)| (device, own));
    world().state.addresses = chosen.collect();
    says("HOST_HAS_NO_MANAGEMENT_IP");
    core.quiesce(PATIENCE);
}

#[test]
fn a_slave_whose_master_is_said_to_be_at_its_own_address_says_so() {
    let mut pool = SimPool::new(1, 2);
    pool.cut(0);
    let root = pool.slaves[0].host.root().to_owned();
    std::fs::write(root.join("etc/xensource/pool.conf"), "slave:172.16.0.12").expect("a file");
    pool.restart(0);
    let slave = &pool.slaves[0];
    let core = slave.host.core();
    // Nobody else knows more.
    core.pool.set_lookout(|_, _| Vec::new());
    let searching = search::keep(core).expect("a thread").expect("a slave");
    let session = Client::new(slave).session();
    assert!(searching.begins(PATIENCE), "it comes to no end");
    let said = slave.local("task.get_all", vec![session]);
    assert_eq!(said.unwrap_err().code, "HOST_ITS_OWN_SLAVE");
    core.quiesce(PATIENCE);
}

#[test]
fn a_master_that_has_begun_anew_looks_for_another_one_every_second_until_every_host_has_come() {
    let mut pool = SimPool::new(1, 2);
    pool.restart_master();
    let core = pool.master.core();
    let (tell, looks) = channel();
    core.pool.set_lookout(move |addresses, _| {
        // Each look asks once more, those whom the first ones have named.
        if !addresses.is_empty() {
            // The test may have seen enough, and is gone then.
            tell.send(()).unwrap_or_default();
        }
        Vec::new()
    });
    another::watch_for_another(core).expect("a thread");
    looks.recv_timeout(PATIENCE).expect("a look at once");
    // While all are linked it takes ten seconds.
    let next = looks.recv_timeout(Duration::from_secs(5));
    next.expect("another one soon, for a host has not come yet");
    core.quiesce(PATIENCE);
}
