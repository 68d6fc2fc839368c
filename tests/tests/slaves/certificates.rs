//! By which certificates the hosts of a pool know each other, over real connections on loopback.

use std::sync::Arc;

use xapi_core::Core;
use xapi_core::pool::search;
use xapi_model::{Certificate, CertificateType, Host, Message, Ref, Value};
use xapi_tests::sim_host::text;
use xapi_tests::sim_pool::{PATIENCE, Trouble};
use xapi_tests::{SimHost, SimPool};

use crate::secret::{HERE, served};

/// The fingerprints that a host's database has of a host, of a kind.
fn known(at: &SimHost, of: &Ref<Host>, kind: CertificateType) -> Vec<String> {
    let rows = at.all::<Certificate>().into_iter();
    let its = rows.filter(|(_, row)| row.host == *of && row.kind == kind);
    its.map(|(_, row)| row.fingerprint_sha256).collect()
}

/// The slave's daemon begins anew, and finds its master at this port.
fn looks(pool: &mut SimPool, port: u16) -> Arc<Core> {
    pool.restart_with(0, |config| config.port = port);
    let core = Arc::clone(pool.slaves[0].host.core());
    let slave = search::keep(&core).expect("a thread").expect("a slave");
    assert!(slave.settles(PATIENCE), "it does not find its master");
    core
}

#[test]
fn a_slave_finds_its_master_whatever_has_become_of_certificates_while_it_was_away() {
    let mut pool = SimPool::new(1, 2);
    pool.master
        .call("pool.rotate_secret", vec![])
        .expect("a secret");
    pool.cut(0);
    let conf = pool.slaves[0].host.root().join("etc/xensource/pool.conf");
    std::fs::write(conf, format!("slave:{HERE}")).expect("a file");
    let (_server, _listener, port) = served(&pool.master);
    let master = pool.master.host();
    let this = || vec![text(&master)];
    let of_clients = |pool: &SimPool| known(&pool.master, &master, CertificateType::Host);
    // What clients see is nothing that a slave knows its master by.
    let before = of_clients(&pool);
    pool.master
        .call("host.reset_server_certificate", this())
        .expect("another one");
    assert_ne!(of_clients(&pool), before);
    let core = looks(&mut pool, port);
    // What it knows it by is not changed without it.
    let inside = CertificateType::HostInternal;
    let before = known(&pool.master, &master, inside);
    pool.master
        .call("host.refresh_server_certificate", this())
        .expect("another one");
    let after = known(&pool.master, &master, inside);
    assert!(after.len() == 1 && after != before, "{after:?}");
    core.quiesce(PATIENCE);
    drop(core);
    looks(&mut pool, port).quiesce(PATIENCE);
    assert_eq!(known(&pool.slaves[0].host, &master, inside), after);
}

#[test]
fn the_masters_certificate_for_the_pool_is_another_one_when_every_slave_knows_it() {
    let pool = SimPool::new(2, 2);
    let master = pool.master.host();
    let file = pool.master.root().join("etc/xensource/xapi-pool-tls.pem");
    let refresh = || {
        let params = vec![Value::from(master.as_str())];
        let refreshed = pool.master.call("host.refresh_server_certificate", params);
        refreshed.map_err(|why| (why.code, why.params))
    };
    let now = || {
        let known = known(&pool.master, &master, CertificateType::HostInternal);
        (known, std::fs::read_to_string(&file).expect("a file"))
    };
    let before = now();
    pool.trouble_at(1, Trouble::Silence, "\"Reach\"");
    let behind = Err((
        "CANNOT_CONTACT_HOST".to_owned(),
        vec![pool.host(1).as_str().to_owned()],
    ));
    assert_eq!(refresh(), behind);
    assert_eq!(now(), before);
    // As soon as it answers again.
    assert_eq!(refresh(), Ok(Value::Nil));
    let (after, text) = now();
    let shown = xapi_tls::Identity::parse(&text).expect("an identity");
    assert_eq!(after, [shown.certificate().sha256()]);
    assert_ne!(text, before.1);
}

#[test]
fn a_certificate_for_the_pool_that_is_gone_is_told_where_there_is_a_pool() {
    for slaves in [0, 1] {
        let mut pool = SimPool::new(slaves, 2);
        let file = "etc/xensource/xapi-pool-tls.pem";
        std::fs::remove_file(pool.master.root().join(file)).expect("a file");
        pool.restart_master();
        let alerts = pool.master.all::<Message>().into_iter();
        let mut told = alerts.filter(|(_, message)| {
            message.name == "HOST_CERTIFICATE_UNUSABLE"
                && message.body.contains("which no other host knows")
        });
        assert_eq!(told.next().is_some(), slaves > 0);
        assert!(pool.master.root().join(file).exists());
    }
}
