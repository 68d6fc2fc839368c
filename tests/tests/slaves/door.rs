//! Whom a door lets in, and that nobody is obeyed who has come in by one.

use std::sync::Arc;

use xapi_core::pool::link::Door;
use xapi_core::pool::verbs::Verb;
use xapi_core::pool::{Greeting, Linked};
use xapi_db::Read;
use xapi_link::{Dial, DialError, Gate, Handler, Hello, Limits, Line, Secret};
use xapi_model::{Certificate, CertificateType, Class, Host, Pool, Value};
use xapi_net::agent::Request;
use xapi_net::topology::Topology;
use xapi_tests::sim_host::certificates;
use xapi_tests::sim_pool::PATIENCE;
use xapi_tests::{SimHost, SimPool};
use xapi_tls::Identity;

use crate::secret::{HERE, about_to_join, held, served};

/// What a host says of itself that runs a version.
fn hello(pool: &SimPool, host: &SimHost, version: &str) -> Hello {
    let (_, row) = pool.master.all::<Pool>().remove(0);
    Hello {
        pool: row.uuid,
        host: host.core().own_uuid().expect("a UUID"),
        version: version.to_owned(),
        ..Hello::default()
    }
}

/// What the rows have of the slave's certificate of a kind, as a line tells it.
fn fingerprint(pool: &SimPool, kind: CertificateType) -> String {
    let host = pool.host(0);
    let mut rows = pool.master.all::<Certificate>().into_iter();
    let its = rows.find(|(_, row)| row.host == host && row.kind == kind);
    let shown = its.expect("its certificate").1.fingerprint_sha256;
    shown.replace(':', "").to_ascii_lowercase()
}

#[test]
fn a_certificate_that_clients_see_lets_nobody_in_for_several_hosts_may_have_it() {
    let pool = SimPool::new(1, 2);
    let door = Door::new(pool.master.core());
    let says = hello(&pool, &pool.slaves[0].host, "0.0.1");
    let admitted = |kind| door.admit(&says, &fingerprint(&pool, kind));
    let refusal = admitted(CertificateType::Host).err().expect("a refusal");
    assert_eq!(refusal.code, "HOST_UNKNOWN_TO_MASTER");
    assert_eq!(refusal.params, [says.host.as_str()]);
    assert!(admitted(CertificateType::HostInternal).is_ok());
}

#[test]
fn neither_a_host_with_a_later_program_nor_the_master_itself_is_let_in_as_a_slave() {
    let pool = SimPool::new(1, 2);
    let door = Door::new(pool.master.core());
    let shown = fingerprint(&pool, CertificateType::HostInternal);
    let judged = |host: &SimHost, version: &str| {
        let judged = door.admit(&hello(&pool, host, version), &shown);
        judged.err().map(|refusal| (refusal.code, refusal.params))
    };
    let slave = &pool.slaves[0].host;
    let later = ("HOST_XAPI_VERSION_HIGHER_THAN_COORDINATOR", "99.0.0");
    let own = pool.master.get(&pool.master.host()).software_version["xapi_build"].clone();
    assert_eq!(judged(slave, &own), None);
    assert_eq!(judged(slave, "0.0.1"), None);
    let (code, params) = judged(slave, later.1).expect("a refusal");
    assert_eq!((code.as_str(), params[0].as_str()), later);
    let (code, params) = judged(&pool.master, &own).expect("a refusal");
    assert_eq!((code.as_str(), params.len()), ("HOST_ITS_OWN_SLAVE", 0));
}

/// Has nothing to say.
struct Mute;

impl Handler for Mute {
    fn asked(&self, line: &Line, _: Vec<u8>) -> Vec<u8> {
        line.close("nobody is obeyed here");
        Vec::new()
    }

    fn told(&self, _: &Line, _: Vec<u8>) {}

    fn closed(&self, _: &Line, _: &str) {}
}

/// Questions that a host obeys if its master asks them.
fn verbs() -> Vec<Vec<u8>> {
    let nothing = Request::whole(Topology::default());
    [
        Verb::Converge(1, nothing.clone()),
        Verb::Reset(1, nothing),
        Verb::Leave("eth0".to_owned()),
        Verb::Decide,
        Verb::Facts,
    ]
    .iter()
    .map(|verb| serde_json::to_vec(verb).expect("a question"))
    .collect()
}

#[test]
fn a_host_does_nothing_for_whoever_comes_to_it_with_the_pools_secret() {
    let mut pool = SimPool::new(1, 2);
    pool.master
        .call("pool.rotate_secret", vec![])
        .expect("a secret");
    let secret = held(&pool.slaves[0].host)[0].clone().expect("a secret");
    let dial = |host: &SimHost, joining: bool, port: u16| Dial {
        address: HERE.to_owned(),
        port,
        identity: Arc::new(Identity::parse(&certificates()[1]).expect("an identity")),
        secrets: vec![Secret::new(secret.as_bytes())],
        hello: Hello {
            joining,
            ..hello(&pool, host, "0.0.1")
        },
        fingerprints: None,
        within: PATIENCE,
        limits: Limits::default(),
    };
    let worlds = || {
        let all = [&pool.master, &pool.slaves[0].host];
        all.map(|host| host.handle.world().steps)
    };
    let before = worlds();
    // A slave opens its lines itself, and no other is opened.
    let (_server, _listener, port) = served(&pool.slaves[0].host);
    for joining in [false, true] {
        for host in [&pool.master, &pool.slaves[0].host] {
            match dial(host, joining, port).connect(Arc::new(Mute)) {
                Err(DialError::Refused { refusal, .. }) => {
                    assert_eq!(refusal.code, "HOST_IS_SLAVE");
                    assert_eq!(refusal.params, ["172.16.0.10"]);
                }
                other => panic!("{:?}", other.map(drop)),
            }
        }
    }
    // Nor is a master obedient to those whom it lets in.
    let (_server, _listener, port) = served(&pool.master);
    for verb in verbs() {
        let line = dial(&pool.slaves[0].host, true, port).connect(Arc::new(Mute));
        let line = line.expect("it may ask to be let in");
        let answer = line.ask(verb.clone(), PATIENCE);
        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.is_empty()));
        assert!(!line.is_open(), "it is listened to");
        let greeting = Greeting {
            host: pool.slaves[0].host.core().own_uuid().expect("a UUID"),
            position: None,
        };
        let linked = Linked::of(pool.master.core(), &greeting).expect("a slave");
        assert!(
            linked.asked(&verb).is_err(),
            "{}",
            String::from_utf8_lossy(&verb)
        );
    }
    assert_eq!(worlds(), before);
    assert!(pool.master.core().pool.is_master() && pool.is_linked(0));
    pool.cut(0);
}

#[test]
fn a_host_that_is_unlike_the_others_joins_by_force_alone() {
    let pool = SimPool::new(1, 2);
    let (_server, _listener, port) = served(&pool.master);
    let joining = about_to_join(port);
    let host = joining.host();
    let store = &joining.core().store;
    store
        .change(|draft| {
            let mut cpu = draft.field(&host, Host::CPU_INFO)?;
            cpu.insert("vendor".to_owned(), "of its own".to_owned());
            draft.set(&host, Host::CPU_INFO, cpu)
        })
        .expect("another processor");
    let joins = |call: &str| {
        let words = [HERE, "root", "secret"].map(Value::from);
        joining.call(call, words.to_vec())
    };
    let error = joins("pool.join").unwrap_err();
    assert_eq!(error.code, "HOSTS_NOT_HOMOGENEOUS", "{error}");
    assert_eq!(pool.master.all::<Host>().len(), 2);
    assert!(joining.core().pool.is_master());
    joins("pool.join_force").expect("it is let in");
    let uuid = joining.core().own_uuid().expect("a UUID");
    let view = pool.master.core().view().expect("a view");
    let row = view.by_uuid(Host::DESC, &uuid).expect("it is in the pool");
    let row: Host = pool.master.get(&xapi_model::Ref::new(row));
    assert_eq!(row.cpu_info["vendor"], "of its own");
    assert_eq!(held(&joining), held(&pool.master));
}
