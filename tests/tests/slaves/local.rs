//! What a slave answers itself, and what it hands on.

use xapi_model::Value;
use xapi_tests::SimPool;

fn login(pool: &SimPool) -> String {
    let words = ["root", "", "2.23", "tests"].map(Value::from).to_vec();
    let session = pool.slaves[0]
        .local("session.login_with_password", words)
        .expect("a session");
    session.as_str().expect("a reference").to_owned()
}

#[test]
fn the_superusers_calls_are_handed_on_with_their_results_and_errors() {
    let pool = SimPool::new(1, 2);
    let session = login(&pool);
    let call = |name: &str, rest: Vec<Value>| {
        let session = Value::from(session.as_str());
        pool.slaves[0].local(name, std::iter::once(session).chain(rest).collect())
    };
    let by_master = pool.master.call("network.get_all_records", vec![]).unwrap();
    assert_eq!(call("network.get_all_records", vec![]).unwrap(), by_master);
    // Numbers stay numbers.
    let network = pool.master.network("xenbr0");
    let mtu = call("network.get_MTU", vec![network.as_str().into()]).unwrap();
    assert_eq!(mtu, Value::Int(1500));
    let error = call("network.get_MTU", vec!["OpaqueRef:none".into()]).unwrap_err();
    assert_eq!(error.code, "HANDLE_INVALID");
    assert_eq!(error.params, ["network", "OpaqueRef:none"]);
    let made = call(
        "network.create",
        vec![Value::Struct(vec![
            ("name_label".to_owned(), Value::from("by way of the slave")),
            ("name_description".to_owned(), Value::from("")),
            ("other_config".to_owned(), Value::Struct(vec![])),
        ])],
    )
    .unwrap();
    let there = call("network.get_uuid", vec![made]);
    assert!(there.is_ok(), "{there:?}");
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
}

#[test]
fn a_slave_without_its_master_says_so_and_answers_emergency_calls() {
    let mut pool = SimPool::new(1, 2);
    pool.cut(0);
    let words = ["root", "", "2.23", "tests"].map(Value::from).to_vec();
    let error = pool.slaves[0]
        .local("session.login_with_password", words)
        .unwrap_err();
    assert_eq!(error.code, "HOST_IN_EMERGENCY_MODE");
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
}
