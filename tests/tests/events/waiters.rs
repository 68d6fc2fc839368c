//! Waiting over the wire: many at once, the end of a session, of a client, of the server.

use std::time::{Duration, Instant};

use xapi_model::{Network, Role, Value};
use xapi_tests::server::{Peer, Served, To};
use xapi_tests::sim_host::text;

/// Threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("proc").count()
}

fn begin(peer: &mut Peer, session: &str, class: &str, token: &str, timeout: f64) {
    let body = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"event.from\",\"params\":[\"{session}\",[\"{class}\"],\"{token}\",{timeout}]}}"
    );
    peer.send("/jsonrpc", "", body.as_bytes());
}

fn token(served: &Served) -> String {
    let params = vec![Value::Array(vec![]), Value::from(""), Value::Float(0.0)];
    let answer = served.host.call("event.from", params).expect("event.from");
    super::member(&answer, "token")
        .and_then(Value::as_str)
        .expect("a token")
        .to_owned()
}

fn session(served: &Served) -> String {
    let login = ["root", "secret", "1.0", "waiters"]
        .map(Value::from)
        .to_vec();
    let session = served
        .host
        .raw("session.login_with_password", login)
        .expect("login");
    session.as_str().expect("a reference").to_owned()
}

fn rename(served: &Served, label: &str) {
    let network = served.host.all::<Network>()[0].0.clone();
    served
        .host
        .call(
            "network.set_name_label",
            vec![text(&network), Value::from(label)],
        )
        .expect("a new label");
}

#[test]
fn hundreds_wait_without_a_thread_each_and_all_are_told() {
    let served = Served::new(1);
    let token = token(&served);
    let before = threads();
    let mut peers: Vec<_> = (0..500).map(|_| served.connect(To::Unix)).collect();
    for peer in &mut peers {
        begin(peer, served.host.session(), "network", &token, 60.0);
    }
    served.until_waiting(500);
    let waiting = threads();
    assert!(waiting <= before + 12, "{before} threads became {waiting}");
    rename(&served, "told");
    for peer in &mut peers {
        let answer = peer.answer();
        assert_eq!(answer.status, 200);
        assert!(
            answer.body.contains("\"operation\":\"mod\""),
            "{}",
            answer.body
        );
        assert!(
            answer.body.contains("\"name_label\":\"told\""),
            "{}",
            answer.body
        );
    }
    served.until_waiting(0);
}

#[test]
fn a_session_that_ends_ends_its_waits() {
    let served = Served::new(1);
    let token = token(&served);
    let local = ["root", "secret"].map(Value::from).to_vec();
    let local = served
        .host
        .raw("session.slave_local_login_with_password", local)
        .expect("a local login");
    let local = local.as_str().expect("a reference").to_owned();
    for (session, logout) in [
        (session(&served), "session.logout"),
        (local, "session.local_logout"),
    ] {
        let mut peer = served.connect(To::Tcp);
        begin(&mut peer, &session, "*", &token, 60.0);
        served.until_waiting(1);
        served
            .host
            .raw(logout, vec![Value::from(session.as_str())])
            .expect("the end");
        let begin = Instant::now();
        let answer = peer.answer();
        assert!(begin.elapsed() < Duration::from_secs(5));
        assert!(
            answer.body.contains("SESSION_INVALID") && answer.body.contains(&session),
            "{}",
            answer.body
        );
    }
}

#[test]
fn a_client_that_goes_away_takes_its_wait_with_it() {
    let served = Served::new(1);
    let token = token(&served);
    let mut peer = served.connect(To::Tcp);
    begin(&mut peer, served.host.session(), "network", &token, 60.0);
    served.until_waiting(1);
    drop(peer);
    served.until_waiting(0);
}

#[test]
fn the_end_of_the_server_is_an_empty_answer() {
    let served = Served::new(1);
    let token = token(&served);
    let mut peer = served.connect(To::Tcp);
    begin(&mut peer, served.host.session(), "network", &token, 60.0);
    served.until_waiting(1);
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| peer.answer());
        assert!(
            served.shut_down(Duration::from_secs(10)),
            "the server could not end"
        );
        let answer = answer.join().expect("an answer");
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("\"events\":[]"), "{}", answer.body);
    });
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn one_too_many_is_told_so() {
    let served = Served::with_config(1, |config| config.waiting = 2);
    let token = token(&served);
    let mut peers: Vec<_> = (0..2).map(|_| served.connect(To::Tcp)).collect();
    for peer in &mut peers {
        begin(peer, served.host.session(), "network", &token, 60.0);
    }
    served.until_waiting(2);
    let mut one_more = served.connect(To::Tcp);
    begin(
        &mut one_more,
        served.host.session(),
        "network",
        &token,
        60.0,
    );
    let answer = one_more.answer();
    assert!(
        answer.body.contains("TOO_MANY_PENDING_TASKS"),
        "{}",
        answer.body
    );
    rename(&served, "told");
    for peer in &mut peers {
        assert!(peer.answer().body.contains("told"));
    }
}

#[test]
fn one_user_leaves_others_room_to_wait() {
    let served = Served::with_config(1, |config| {
        config.waiting = 8;
        config.users = [("alice".to_owned(), Role::ReadOnly)].into();
    });
    let token = token(&served);
    let alice = ["alice", "secret", "1.0", "waiters"]
        .map(Value::from)
        .to_vec();
    let alice = served
        .host
        .raw("session.login_with_password", alice)
        .expect("alice's password");
    let alice = alice.as_str().expect("a reference");
    let mut peers: Vec<_> = (0..2).map(|_| served.connect(To::Tcp)).collect();
    for peer in &mut peers {
        begin(peer, alice, "network", &token, 60.0);
    }
    served.until_waiting(2);
    let mut third = served.connect(To::Tcp);
    begin(&mut third, alice, "network", &token, 60.0);
    let answer = third.answer();
    assert!(
        answer.body.contains("TOO_MANY_PENDING_TASKS"),
        "{}",
        answer.body
    );
    let mut roots: Vec<_> = (0..6).map(|_| served.connect(To::Tcp)).collect();
    for peer in &mut roots {
        begin(peer, served.host.session(), "network", &token, 60.0);
    }
    served.until_waiting(8);
    rename(&served, "told");
    for peer in peers.iter_mut().chain(&mut roots) {
        assert!(peer.answer().body.contains("told"));
    }
    // And who has gone takes up no room.
    begin(&mut third, alice, "network", &token, 0.0);
    assert_eq!(third.answer().status, 200);
}
