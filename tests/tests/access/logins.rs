//! Who tries passwords, and how often.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use xapi_core::Origin;
use xapi_model::Value;

use crate::{HERE, Stage, parts};

#[test]
fn a_flood_of_wrong_passwords_does_not_reach_pam_and_does_not_lock_out_who_was_here_before() {
    let stage = Stage::new();
    stage.login("root");
    let before = stage.asked.times.load(Ordering::SeqCst);
    let begin = Instant::now();
    let mut held_up = 0;
    for n in 0..2000 {
        let peer = format!("198.51.100.{}:1", n % 20);
        let (code, params) = parts(
            stage
                .try_login(&peer, "root", &format!("guess {n}"))
                .map(Value::from),
        );
        assert_eq!(
            (code.as_str(), params.len()),
            ("SESSION_AUTHENTICATION_FAILED", 2)
        );
        assert_eq!(params[0], "root");
        held_up += usize::from(params[1].starts_with("Too many failed logins"));
    }
    assert_eq!(stage.asked.times.load(Ordering::SeqCst) - before, 10);
    assert_eq!(held_up, 1990);
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    // The right password from elsewhere waits too, and from here it does not.
    assert!(stage.try_login("203.0.113.5:1", "root", "secret").is_err());
    assert!(stage.try_login(HERE, "root", "secret").is_ok());
    stage.pass(1);
    assert!(stage.try_login("203.0.113.5:1", "root", "secret").is_ok());
}

#[test]
fn a_password_that_nobody_looked_at_uses_up_no_attempt() {
    let stage = Stage::new();
    let before = stage.asked.times.load(Ordering::SeqCst);
    for _ in 0..100 {
        let (code, params) = parts(stage.try_login(HERE, "root", "unseen").map(Value::from));
        assert_eq!(code, "SESSION_AUTHENTICATION_FAILED");
        assert_eq!(params, ["root", "no time"]);
    }
    assert!(stage.try_login(HERE, "root", "secret").is_ok());
    assert_eq!(stage.asked.times.load(Ordering::SeqCst), before + 101);
}

#[test]
fn one_address_cannot_have_all_passwords_checked_and_others_get_in_meanwhile() {
    let stage = Stage::new();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert!(stage.try_login(HERE, "alice", "slow").is_err()));
        }
        stage.asked.until_slow(3);
        let here = stage.try_login(HERE, "bob", "secret");
        let elsewhere = stage.try_login("203.0.113.5:1", "bob", "secret");
        stage.asked.release_slow();
        // Whoever waits for too long is told so, and has used up no attempt.
        let (_, params) = parts(here.map(Value::from));
        assert_eq!(params, ["bob", "Too many logins at the same time"]);
        assert!(elsewhere.is_ok());
    });
    assert!(stage.try_login(HERE, "bob", "secret").is_ok());
}

#[test]
fn a_user_who_is_not_configured_is_refused_in_the_same_words_without_pam() {
    let stage = Stage::new();
    let before = stage.asked.times.load(Ordering::SeqCst);
    let wrong = parts(stage.try_login(HERE, "root", "wrong").map(Value::from));
    assert_eq!(stage.asked.times.load(Ordering::SeqCst), before + 1);
    for user in ["mallory", "", "daemon"] {
        let (code, params) = parts(stage.try_login(HERE, user, "secret").map(Value::from));
        assert_eq!((&code, &params[1]), (&wrong.0, &wrong.1[1]));
        assert_eq!(params[0], user);
    }
    assert_eq!(stage.asked.times.load(Ordering::SeqCst), before + 1);
}

#[test]
fn the_local_superuser_is_asked_for_nothing_and_is_never_held_up() {
    let stage = Stage::new();
    let before = stage.asked.times.load(Ordering::SeqCst);
    let origin = Origin {
        local_root: true,
        peer: "uid 0 process 1".into(),
        ..Origin::default()
    };
    for _ in 0..100 {
        let words = ["root", ""].map(Value::from).to_vec();
        let session = stage
            .host
            .api()
            .call(&origin, "session.login_with_password", words);
        session.expect("a login");
    }
    assert_eq!(stage.asked.times.load(Ordering::SeqCst), before);
}

#[test]
fn a_call_without_a_session_asks_nobody_writes_nothing_and_takes_less_than_a_millisecond() {
    let stage = Stage::new();
    let before = stage.asked.times.load(Ordering::SeqCst);
    let generation = stage.host.core().store.generation();
    let begin = Instant::now();
    const CALLS: u32 = 3000;
    for n in 0..CALLS {
        let nobody = format!("OpaqueRef:00000000-0000-4000-8000-{n:012x}");
        for name in ["PIF.get_all", "Async.PIF.scan", "no.such_method"] {
            let refused = stage.call(
                &nobody,
                name,
                &["x".into()][..usize::from(name != "PIF.get_all")],
            );
            assert_eq!(
                parts(refused),
                ("SESSION_INVALID".to_owned(), vec![nobody.clone()])
            );
        }
    }
    let each = begin.elapsed() / (3 * CALLS);
    println!("{each:?} a call");
    assert!(each < Duration::from_millis(1), "{each:?}");
    assert_eq!(stage.asked.times.load(Ordering::SeqCst), before);
    assert_eq!(stage.host.core().store.generation(), generation);
    assert!(!stage.audit().contains("PIF.scan"));
}
