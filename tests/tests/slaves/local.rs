//! What a slave answers itself, and what it hands on.

use std::sync::Arc;

use xapi_core::auth::{Authenticate, Refused};
use xapi_core::{Config, Origin};
use xapi_model::{ApiError, Class, Host, Network, Role, Value};
use xapi_tests::sim_host::Choices;
use xapi_tests::sim_pool::{AWAY, SimSlave};
use xapi_tests::{SimHost, SimPool};

/// A client at a slave's own socket, logged in.
pub struct Client<'a> {
    slave: &'a SimSlave,
    session: Value,
}

impl Client<'_> {
    pub fn new(slave: &SimSlave) -> Client<'_> {
        let words = ["root", "", "2.23", "tests"].map(Value::from).to_vec();
        let session = slave.local("session.login_with_password", words);
        let session = session.expect("a session");
        Client { slave, session }
    }

    /// With a session that was opened before.
    pub fn again(slave: &SimSlave, session: Value) -> Client<'_> {
        Client { slave, session }
    }

    pub fn session(self) -> Value {
        self.session
    }

    pub fn call(&self, name: &str, rest: Vec<Value>) -> Result<Value, ApiError> {
        let session = std::iter::once(self.session.clone());
        self.slave.local(name, session.chain(rest).collect())
    }

    fn makes_network(&self, label: &str) -> Result<Value, ApiError> {
        self.call("network.create", vec![network(label)])
    }
}

fn network(label: &str) -> Value {
    Value::Struct(vec![
        ("name_label".to_owned(), Value::from(label)),
        ("name_description".to_owned(), Value::from("")),
        ("other_config".to_owned(), Value::Struct(vec![])),
    ])
}

#[test]
fn a_slave_reads_its_copy_and_hands_on_the_rest_with_its_results_and_errors() {
    let pool = SimPool::new(1, 2);
    let client = Client::new(&pool.slaves[0]);
    pool.slaves[0].catches_up(&pool.master);
    let records = client.call("network.get_all_records", vec![]).unwrap();
    let by_master = pool.master.call("network.get_all_records", vec![]).unwrap();
    assert_eq!(records, by_master);
    // Numbers stay numbers.
    let bridge = pool.master.network("xenbr0");
    let mtu = client.call("network.get_MTU", vec![bridge.as_str().into()]);
    assert_eq!(mtu.unwrap(), Value::Int(1500));
    let error = client
        .call("network.get_MTU", vec!["OpaqueRef:none".into()])
        .unwrap_err();
    assert_eq!(error.code, "HANDLE_INVALID");
    assert_eq!(error.params, ["network", "OpaqueRef:none"]);
    assert_eq!(pool.handed_on(0), 0, "the login, or a read");
    client.makes_network("by way of the slave").unwrap();
    let error = client
        .call("network.destroy", vec!["OpaqueRef:none".into()])
        .unwrap_err();
    assert_eq!(error.params, ["network", "OpaqueRef:none"]);
    // What no copy has is asked of the master.
    let tasks = client.call("task.get_all", vec![]).unwrap();
    assert_eq!(tasks, pool.master.call("task.get_all", vec![]).unwrap());
    assert_eq!(pool.handed_on(0), 3);
    client.call("session.logout", vec![]).unwrap();
    let error = client.call("network.get_all", vec![]).unwrap_err();
    assert_eq!(error.code, "SESSION_INVALID");
}

#[test]
fn whoever_has_changed_something_reads_it_back_however_late_the_copy_is() {
    let pool = SimPool::new(1, 2);
    let client = Client::new(&pool.slaves[0]);
    let mut handed_on = pool.handed_on(0);
    for number in 0..40 {
        let label = format!("{number}");
        let made = client.makes_network(&label).unwrap();
        // Another command of the same script.
        let next = Client::new(&pool.slaves[0]);
        for reader in [&client, &next] {
            let read = reader.call("network.get_name_label", vec![made.clone()]);
            assert_eq!(read.unwrap(), Value::from(label.as_str()));
        }
        next.call("session.logout", vec![]).unwrap();
        handed_on += 1;
    }
    assert_eq!(pool.handed_on(0), handed_on, "the copy was waited for");
    // A task's end is not known before what it has made.
    let task = client
        .call("Async.network.create", vec![network("by a task")])
        .unwrap();
    let made = loop {
        let status = client.call("task.get_status", vec![task.clone()]);
        if status.unwrap() != Value::from("pending") {
            break client.call("network.get_by_name_label", vec!["by a task".into()]);
        }
    };
    assert_eq!(made.unwrap().as_array().map(<[Value]>::len), Some(1));
    // A copy that does not come on: the master answers in its place.
    pool.hold(0, true);
    let made = client.makes_network("held up").unwrap();
    let before = pool.handed_on(0);
    let label = client.call("network.get_name_label", vec![made]);
    assert_eq!(label.unwrap(), Value::from("held up"));
    assert_eq!(pool.handed_on(0), before + 1);
}

#[test]
fn without_its_master_a_slave_reads_on_and_changes_nothing() {
    let mut pool = SimPool::new(1, 2);
    let known = pool.master.new_network("before");
    pool.slaves[0].catches_up(&pool.master);
    let client = Client::new(&pool.slaves[0]);
    let session = client.session.clone();
    client.makes_network("seen").unwrap();
    pool.slaves[0].catches_up(&pool.master);
    pool.cut(0);
    let read = |pool: &SimPool, session: &Value| {
        let params = vec![session.clone(), known.as_str().into()];
        pool.slaves[0].local("network.get_name_label", params)
    };
    assert_eq!(read(&pool, &session).unwrap(), Value::from("before"));
    // Whoever comes now can log in.
    let late = Client::new(&pool.slaves[0]).session;
    assert_eq!(read(&pool, &late).unwrap(), Value::from("before"));
    let changes = |pool: &SimPool, session: &Value| {
        let params = vec![session.clone(), network("changed")];
        pool.slaves[0].local("network.create", params)
    };
    for session in [&session, &late] {
        let error = changes(&pool, session).unwrap_err();
        assert_eq!(error.code, "HOST_IN_EMERGENCY_MODE");
    }
    let tasks = pool.slaves[0].local("task.get_all", vec![late.clone()]);
    assert_eq!(tasks.unwrap_err().code, "HOST_IN_EMERGENCY_MODE");
    // Afterwards both sessions are good for everything.
    pool.link(0);
    for session in [&session, &late] {
        changes(&pool, session).unwrap();
    }
}

#[test]
fn a_slave_that_its_master_does_not_know_any_more_reads_nothing_of_that_pool() {
    let mut pool = SimPool::new(1, 2);
    let host = pool.host(0);
    pool.slaves[0].catches_up(&pool.master);
    let session = Client::new(&pool.slaves[0]).session;
    pool.cut(0);
    let slave = |pool: &SimPool, name: &str, rest: Vec<Value>| {
        let params = std::iter::once(session.clone()).chain(rest).collect();
        pool.slaves[0].local(name, params)
    };
    // While nobody is there it may be of the pool.
    slave(&pool, "host.get_all", vec![]).unwrap();
    pool.master
        .call("host.destroy", vec![host.as_str().into()])
        .unwrap();
    let uuid = pool.slaves[0].host.core().own_uuid().expect("a UUID");
    let refused = |outcome: Result<Value, ApiError>| {
        let error = outcome.unwrap_err();
        assert_eq!(error.code, "HOST_UNKNOWN_TO_MASTER");
        assert_eq!(error.params, [uuid.as_str()]);
    };
    refused(pool.try_link(0).map(|()| Value::Nil));
    // Whoever was here before, and whoever comes.
    let events = vec![
        Value::Array(vec!["host".into()]),
        "".into(),
        Value::Float(0.0),
    ];
    for (name, rest) in [
        ("host.get_all", vec![]),
        ("event.from", events),
        ("task.get_all", vec![]),
        ("network.create", vec![network("unheard")]),
    ] {
        refused(slave(&pool, name, rest));
    }
    let words = ["root", "", "2.23", "tests"].map(Value::from).to_vec();
    let login = "session.login_with_password";
    refused(pool.slaves[0].local(login, words.clone()));
    // It can still be told what to do, and whoever is here can leave.
    slave(&pool, "host.is_in_emergency_mode", vec![]).unwrap();
    slave(&pool, "session.logout", vec![]).unwrap();
    // The master that has said so is gone, and it is not of the pool all the same.
    pool.slaves[0].slave().closed("gone");
    refused(pool.slaves[0].local(login, words));
}

#[test]
fn what_a_client_has_seen_and_the_copy_has_not_is_an_error_and_never_the_state_before() {
    let mut pool = SimPool::new(1, 2);
    let session = Client::new(&pool.slaves[0]).session;
    pool.hold(0, true);
    let params = vec![session.clone(), network("seen by one alone")];
    let made = pool.slaves[0].local("network.create", params).unwrap();
    // What was held up is lost with the line.
    pool.cut(0);
    let error = pool.slaves[0]
        .local("network.get_uuid", vec![session.clone(), made.clone()])
        .unwrap_err();
    assert_eq!(error.code, "HOST_IN_EMERGENCY_MODE");
    // Who has seen nothing of it goes on.
    let late = Client::new(&pool.slaves[0]);
    assert!(late.call("network.get_all", vec![]).is_ok());
    pool.link(0);
    let uuid = pool.slaves[0].local("network.get_uuid", vec![session, made]);
    assert!(uuid.is_ok(), "{uuid:?}");
}

/// Anybody whose password is `secret`.
struct Anybody;

impl Authenticate for Anybody {
    fn check(&self, _: &str, password: &str) -> Result<(), Refused> {
        match password {
            "secret" => Ok(()),
            _ => Err(Refused::new("no")),
        }
    }

    fn change(&self, _: &str, _: &str) -> Result<(), Refused> {
        Err(Refused::new("no"))
    }
}

#[test]
fn a_session_of_the_master_is_checked_by_the_master_with_its_role() {
    let choices = Choices {
        config: Config {
            users: [("reader".to_owned(), Role::ReadOnly)].into(),
            away_within: AWAY,
            ..Config::default()
        },
        authenticate: Arc::new(Anybody),
        ..Choices::default()
    };
    let mut pool = SimPool::of(SimHost::with(2, choices), 1, 2);
    let words = ["reader", "secret"].map(Value::from).to_vec();
    let session = pool.master.raw("session.login_with_password", words);
    let session = session.expect("a session");
    let call = |pool: &SimPool, name: &str, rest: Vec<Value>| {
        let params = std::iter::once(session.clone()).chain(rest).collect();
        pool.slaves[0].local(name, params)
    };
    let before = pool.handed_on(0);
    assert!(call(&pool, "network.get_all", vec![]).is_ok());
    let classes = Value::Array(vec![Value::from(Network::NAME)]);
    let events = vec![classes, "".into(), Value::Float(0.0)];
    assert!(call(&pool, "event.from", events.clone()).is_ok());
    assert_eq!(pool.handed_on(0), before + 2);
    let error = call(&pool, "network.create", vec![network("no")]).unwrap_err();
    assert_eq!(error.code, "RBAC_PERMISSION_DENIED");
    pool.cut(0);
    for (name, rest) in [("network.get_all", vec![]), ("event.from", events)] {
        let error = call(&pool, name, rest).unwrap_err();
        assert_eq!(error.code, "HOST_IN_EMERGENCY_MODE", "{name}");
    }
}

#[test]
fn everybody_else_learns_who_the_master_is() {
    let pool = SimPool::new(1, 2);
    for name in [
        "session.login_with_password",
        "network.get_all",
        "pool.get_all",
        "no.such",
    ] {
        let words = ["root", "secret"].map(Value::from).to_vec();
        let error = pool.slaves[0].host.raw(name, words).unwrap_err();
        assert_eq!(error.code, "HOST_IS_SLAVE", "{name}");
        assert_eq!(error.params, ["172.16.0.10"], "{name}");
    }
    // Also one that holds a session of the slave's socket.
    let session = Client::new(&pool.slaves[0]).session;
    let read = pool.slaves[0].host.raw("network.get_all", vec![session]);
    assert_eq!(read.unwrap_err().code, "HOST_IS_SLAVE");
}

#[test]
fn a_slave_without_its_master_answers_emergency_calls() {
    let mut pool = SimPool::new(1, 2);
    pool.cut(0);
    let words = ["root", "secret"].map(Value::from).to_vec();
    let session = pool.slaves[0]
        .host
        .raw("session.slave_local_login_with_password", words)
        .expect("a local session");
    let is = |name: &str, rest: Vec<Value>| {
        pool.slaves[0]
            .host
            .raw(name, std::iter::once(session.clone()).chain(rest).collect())
    };
    let slave = is("pool.is_slave", vec!["OpaqueRef:NULL".into()]).unwrap();
    assert_eq!(slave, Value::Bool(true));
    let emergency = is("host.is_in_emergency_mode", vec![]).unwrap();
    assert_eq!(emergency, Value::Bool(true));
    // Such a session reads nothing, also at the socket, by which `xe` knows that there is no master.
    let read = pool.slaves[0].local("pool.get_all", vec![session.clone()]);
    assert_eq!(read.unwrap_err().code, "HOST_IN_EMERGENCY_MODE");
    let ended = pool.slaves[0].local("session.logout", vec![session.clone()]);
    assert!(ended.is_ok(), "{ended:?}");
    // A host whose copy has never come knows nothing that it could tell.
    let fresh = SimHost::slave(7, 2);
    let origin = Origin {
        local_root: true,
        ..Origin::default()
    };
    let words = ["root", ""].map(Value::from).to_vec();
    let login = fresh
        .api()
        .call(&origin, "session.login_with_password", words);
    assert_eq!(login.unwrap_err().code, "HOST_STILL_BOOTING");
}

#[test]
fn a_master_says_of_each_host_whether_it_is_linked() {
    let mut pool = SimPool::new(1, 2);
    let uuid_of = |host: &SimHost| host.get::<Host>(&host.host()).uuid;
    let uuid = uuid_of(&pool.slaves[0].host);
    let root = Origin {
        local_root: true,
        ..Origin::default()
    };
    let hello = |pool: &SimPool, uuid: &str| {
        let api = pool.master.api();
        let words = ["root", ""].map(Value::from).to_vec();
        let session = api.call(&root, "session.login_with_password", words)?;
        let words = vec![session, uuid.into(), "10.0.0.1".into()];
        api.call(&root, "pool.hello", words)
    };
    let is = |pool: &SimPool, uuid: &str, word: &str| {
        assert_eq!(hello(pool, uuid), Ok(Value::from(word)), "{uuid}");
    };
    is(&pool, &uuid, "ok");
    is(&pool, &uuid_of(&pool.master), "ok");
    is(
        &pool,
        "4c4ab1c7-1d1f-4c7d-9a44-1c1e1c1d1e1f",
        "unknown_host",
    );
    pool.cut(0);
    is(&pool, &uuid, "cannot_talk_back");
}

#[test]
fn a_call_of_as_many_levels_as_a_client_may_send_is_answered_and_the_line_stays_open() {
    let pool = SimPool::new(1, 2);
    let session = Client::new(&pool.slaves[0]).session;
    let deep = |levels: usize| {
        let inner = Value::from("\"[{\\");
        (0..levels).fold(inner, |value, _| {
            Value::Struct([("a".to_owned(), value)].into_iter().collect())
        })
    };
    let words = |at: &SimHost, levels| {
        let session = match std::ptr::eq(at, &pool.master) {
            true => None,
            false => Some(session.clone()),
        };
        session.into_iter().chain([deep(levels)]).collect()
    };
    for levels in [1, 41, 42, 43, 62] {
        let here = pool.slaves[0].local("network.create", words(&pool.slaves[0].host, levels));
        let there = pool
            .master
            .call("network.create", words(&pool.master, levels));
        assert_eq!(here, there, "{levels} levels");
    }
    assert!(pool.is_linked(0));
}
