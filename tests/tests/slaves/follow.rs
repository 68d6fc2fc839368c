//! A slave's database is its master's.

use std::time::Instant;

use xapi_core::alert::MOST_BODY;
use xapi_core::diverged::MARK;
use xapi_core::watch::Watch;
use xapi_db::{Read, View};
use xapi_model::classes::MODEL;
use xapi_model::{Class, Host, HostMetrics, Message, Network, Pif, Ref, Value};
use xapi_net::agent::{LeftOut, NetEvent, Part};
use xapi_net::names::Name;
use xapi_tests::sim_pool::PATIENCE;
use xapi_tests::{SimHost, SimPool};

use crate::local::Client;

/// Every durable row, as clients see it.
fn rows(host: &SimHost) -> Vec<(String, String)> {
    let view: View = host.core().view().expect("a view");
    let mut rows = Vec::new();
    for class in MODEL.iter().filter(|class| !class.volatile) {
        for reference in view.refs(class).expect("references") {
            let record = view.record(class, &reference).expect("a record");
            rows.push((format!("{} {reference}", class.name), format!("{record:?}")));
        }
    }
    rows.sort();
    rows
}

fn assert_follows(pool: &SimPool, slave: usize) {
    pool.slaves[slave].catches_up(&pool.master);
    assert_eq!(rows(&pool.slaves[slave].host), rows(&pool.master));
}

#[test]
fn a_slave_has_the_masters_rows_after_its_link_after_each_commit_and_after_a_cut() {
    let mut pool = SimPool::new(2, 3);
    assert_follows(&pool, 0);
    assert_follows(&pool, 1);
    let network = pool.master.new_network("new");
    assert_follows(&pool, 0);
    pool.cut(0);
    pool.master
        .call(
            "network.set_name_label",
            vec![network.as_str().into(), Value::from("renamed")],
        )
        .unwrap();
    for n in 0..20 {
        pool.master.new_network(&format!("meanwhile {n}"));
    }
    assert_follows(&pool, 1);
    pool.link(0);
    assert_follows(&pool, 0);
    // A daemon that starts anew goes on where it was.
    let position = pool.slaves[0].host.core().store.position();
    pool.restart(0);
    assert_eq!(pool.slaves[0].host.core().store.position(), position);
    pool.master
        .call("network.destroy", vec![network.as_str().into()])
        .unwrap();
    pool.link(0);
    assert_follows(&pool, 0);
    assert!(
        pool.slaves[0]
            .host
            .all::<Network>()
            .iter()
            .all(|(_, row)| row.name_label != "renamed")
    );
}

#[test]
fn a_host_is_live_while_it_is_linked() {
    let mut pool = SimPool::new(1, 2);
    let live = |pool: &SimPool| {
        let row: Host = pool.master.get(&pool.host(0));
        let metrics: HostMetrics = pool.master.get(&row.metrics);
        (row.enabled, metrics.live, row.address, row.hostname)
    };
    let (enabled, is_live, address, hostname) = live(&pool);
    assert!(enabled && is_live);
    assert_eq!(address, "172.16.0.12");
    assert!(!hostname.is_empty());
    pool.cut(0);
    assert!(!live(&pool).1);
    pool.link(0);
    assert!(live(&pool).1);
}

#[test]
fn what_a_slave_commits_by_itself_is_refused() {
    let pool = SimPool::new(1, 2);
    let slave = &pool.slaves[0].host;
    let own = Network {
        name_label: "of its own".to_owned(),
        ..Network::blank()
    };
    let made = slave.core().store.change(|draft| draft.insert(own.clone()));
    assert!(made.is_err());
    let there = slave.all::<Network>();
    assert!(
        there
            .iter()
            .all(|(_, row)| row.name_label != own.name_label)
    );
}

#[test]
fn a_master_of_an_earlier_term_is_not_followed() {
    let mut pool = SimPool::new(1, 2);
    let network = pool.master.new_network("of the earlier term");
    assert_follows(&pool, 0);
    pool.cut(0);
    // The slave has had a part in a later term, which this master has not heard of.
    let store = &pool.slaves[0].host.core().store;
    store
        .promote(&uuid::Uuid::from_u128(7))
        .expect("another term");
    store.follow_only(true);
    let before = rows(&pool.slaves[0].host);
    pool.master
        .call("network.destroy", vec![network.as_str().into()])
        .unwrap();
    pool.open(0);
    let until = Instant::now() + PATIENCE;
    while pool.is_linked(0) {
        assert!(Instant::now() < until, "the line stays open");
        std::thread::yield_now();
    }
    assert_eq!(rows(&pool.slaves[0].host), before);
}

#[test]
fn a_slave_that_does_not_know_any_more_what_it_is_decides_nothing() {
    let mut pool = SimPool::new(1, 2);
    pool.cut(0);
    let role = pool.slaves[0].host.root().join("etc/xensource/pool.conf");
    std::fs::remove_file(&role).expect("the file was there");
    pool.restart(0);
    assert!(!role.exists(), "it made itself the master");
    let error = pool.slaves[0]
        .local("network.get_all", vec!["OpaqueRef:NULL".into()])
        .unwrap_err();
    assert_eq!(error.code, "HOST_BROKEN");
    assert!(pool.slaves[0].host.core().store.position().is_some());
}

#[test]
fn a_host_that_tells_of_more_nics_than_there_can_be_is_refused_and_changes_nothing() {
    let mut pool = SimPool::new(1, 2);
    pool.cut(0);
    let pifs = pool.master.all::<Pif>().len();
    {
        let mut world = pool.slaves[0].host.handle.world();
        for n in 0..300 {
            world.plug_in(Name::new(&format!("nic{n}")).unwrap());
        }
    }
    pool.open(0);
    let until = Instant::now() + PATIENCE;
    while !pool.has_arrived(0) {
        assert!(Instant::now() < until, "the arrival is not at its end");
        std::thread::yield_now();
    }
    assert!(!pool.is_linked(0));
    assert_eq!(pool.master.all::<Pif>().len(), pifs);
    // As many as there can be are no reason.
    {
        let mut world = pool.slaves[0].host.handle.world();
        for n in 200..300 {
            world.pull_out(Name::new(&format!("nic{n}")).unwrap());
        }
    }
    pool.link(0);
    assert!(pool.is_linked(0));
}

/// The bodies of the alerts of a name about a host.
fn alerts(pool: &SimPool, host: &Ref<Host>, name: &str) -> Vec<String> {
    let uuid = pool.master.get(host).uuid;
    let all = pool.master.all::<Message>().into_iter();
    let about = all.filter(|(_, row)| row.name == name && row.obj_uuid == uuid);
    about.map(|(_, row)| row.body).collect()
}

#[test]
fn what_a_slave_says_without_end_is_cut_and_what_no_host_says_ends_its_line_and_changes_nothing() {
    let pool = SimPool::new(1, 2);
    let _watch = Watch::start(pool.master.core()).expect("threads");
    pool.slaves[0].slave().tell_events();
    let (host, slave) = (pool.host(0), &pool.slaves[0].host.handle);
    let endless = NetEvent::Diverged {
        why: "no end ".repeat(1 << 19),
    };
    let told = |host: &Ref<Host>| {
        pool.master
            .until("an alert", || alerts(&pool, host, "NETWORK_DIVERGED").pop())
    };
    slave.tell(&endless);
    let body = told(&host);
    assert!(body.len() < 2_048 && body.contains('…'), "{body}");
    let mark = |pool: &SimPool| pool.master.get(&host).other_config[MARK].len();
    assert!(mark(&pool) <= 1_024);
    // Whoever says it: no row is longer than what goes over a line.
    pool.master.handle.tell(&endless);
    let body = told(&pool.master.host());
    assert!(body.len() <= MOST_BODY && body.contains('…'));
    assert_follows(&pool, 0);
    // No host has so many parts.
    let nothing = LeftOut {
        part: Part::Host,
        bridges: Vec::new(),
        why: String::new(),
    };
    let left_out = |number: usize| NetEvent::Converged {
        left_out: vec![nothing.clone(); number],
    };
    slave.tell(&left_out(8_192));
    slave.tell(&NetEvent::Diverged {
        why: "and it goes on".to_owned(),
    });
    pool.master.until("the next alert", || {
        let all = alerts(&pool, &host, "NETWORK_DIVERGED");
        (all.iter().any(|body| body.contains("and it goes on"))).then_some(())
    });
    assert!(pool.is_linked(0));
    slave.tell(&left_out(8_193));
    let until = Instant::now() + PATIENCE;
    while pool.is_linked(0) {
        assert!(Instant::now() < until, "it is listened to");
        std::thread::yield_now();
    }
}

#[test]
fn a_call_of_a_slave_that_no_client_can_have_sent_is_refused_and_the_line_stays() {
    let pool = SimPool::new(1, 2);
    let client = Client::new(&pool.slaves[0]);
    let network = pool.master.network("xenbr0");
    let named = |octets: usize| {
        let name = Value::from("n".repeat(octets).as_str());
        client.call(
            "network.set_name_label",
            vec![network.as_str().into(), name],
        )
    };
    named(256 << 10).expect("as any client's");
    let error = named((256 << 10) + 1).unwrap_err();
    assert_eq!(error.code, "INTERNAL_ERROR", "{error}");
    assert!(error.params[0].contains("262145 octets"), "{error}");
    assert_eq!(pool.master.get(&network).name_label.len(), 256 << 10);
    assert!(pool.is_linked(0));
}
