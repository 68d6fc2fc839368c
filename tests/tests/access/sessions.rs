//! The life of sessions, and what can be learnt of them.

use xapi_core::{Config, Origin, session};
use xapi_db::Read;
use xapi_model::{Class, DateTime, Ref, Session, Value};

use crate::{HERE, Stage, parts};

#[test]
fn what_is_stored_of_a_session_opens_none() {
    let stage = Stage::new();
    let session = stage.login("alice");
    let rows = stage.host.all::<Session>();
    assert_eq!(rows.len(), 2);
    for (reference, row) in &rows {
        assert!(!stage.lives(reference.as_str()));
        assert!(!stage.lives(&format!("OpaqueRef:{}", row.uuid)));
    }
    let secret = session.strip_prefix("OpaqueRef:").expect("a reference");
    stage
        .call(&session, "session.logout", &[])
        .expect("a logout");
    let mut looked = 0;
    let mut folders = vec![stage.host.root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds the session", path.display());
            looked += 1;
        }
    }
    assert!(looked >= 4, "{looked} files");
}

#[test]
fn a_client_knows_its_session_by_the_reference_that_it_was_given() {
    let stage = Stage::new();
    let session = stage.login("alice");
    let this = || Value::from(session.as_str());
    let own = |name: &str, params: &[Value]| {
        let outcome = stage.call(&session, &format!("session.{name}"), params);
        outcome.unwrap_or_else(|why| panic!("{name}: {why}"))
    };
    let host = Value::from(stage.host.host().as_str());
    assert_eq!(own("get_this_host", &[this()]), host);
    assert_eq!(own("get_auth_user_name", &[this()]), Value::from("alice"));
    assert_eq!(own("get_is_local_superuser", &[this()]), Value::Bool(false));
    let uuid = own("get_uuid", &[this()]);
    assert_eq!(own("get_by_uuid", std::slice::from_ref(&uuid)), this());
    let record = own("get_record", &[this()]);
    assert_eq!(record.member("uuid"), Some(&uuid));
    assert_eq!(record.member("role"), None);
    assert_eq!(
        record.member("rbac_permissions"),
        Some(&own("get_rbac_permissions", &[this()]))
    );
    let sid = own("get_auth_user_sid", &[this()]);
    let other = stage.login("bob");
    let theirs = stage.call(
        &other,
        "session.get_auth_user_sid",
        &[other.as_str().into()],
    );
    assert_ne!(sid, theirs.unwrap());
    // Who knows the reference of another's session may name it; a row's reference names it too.
    let row = session::check(stage.host.core(), &session, &Origin::default());
    let row = row.unwrap().session.clone();
    for name in [&other, row.as_str()] {
        let read = stage.call(&session, "session.get_uuid", &[name.into()]);
        assert!(read.is_ok(), "{read:?}");
    }
    let nobody = "OpaqueRef:00000000-0000-4000-8000-00000000dead";
    let missed = stage.call(&session, "session.get_uuid", &[nobody.into()]);
    assert_eq!(
        parts(missed),
        (
            "HANDLE_INVALID".to_owned(),
            vec!["session".to_owned(), nobody.to_owned()]
        )
    );
}

#[test]
fn sessions_push_out_only_those_of_their_group_and_the_idlest_first() {
    let stage = Stage::new();
    let first = stage.login_as("root", "");
    stage.pass(1);
    let (named, other) = (stage.login_as("root", "client"), stage.login("alice"));
    stage.pass(1);
    let second = stage.login_as("root", "");
    // The stage's own session has an originator; with these there are 400 anonymous ones.
    for _ in 0..398 {
        stage.login_as("root", "");
    }
    assert!(stage.lives(&first));
    stage.login_as("root", "");
    assert!(!stage.lives(&first));
    assert!(stage.lives(&second) && stage.lives(&named) && stage.lives(&other));
    for _ in 0..499 {
        stage.login_as("root", "client");
    }
    assert!(stage.lives(&named));
    stage.login_as("root", "client");
    assert!(!stage.lives(&named) && stage.lives(&second) && stage.lives(&other));
    for _ in 0..499 {
        stage.login("alice");
    }
    assert!(stage.lives(&other));
    stage.login("alice");
    assert!(!stage.lives(&other) && stage.lives(&second));
}

#[test]
fn a_session_ends_after_a_day_without_use_unless_it_has_work_under_way() {
    let stage = Stage::new();
    let (idle, used, busy) = (stage.login("bob"), stage.login("bob"), stage.login("bob"));
    let words = ["work", ""].map(Value::from);
    let task = stage.call(&busy, "task.create", &words).expect("a task");
    let expire = || {
        let now = stage.host.core().now();
        session::expire(stage.host.core(), &now).expect("housekeeping");
    };
    stage.pass(23 * 3600);
    expire();
    assert!(stage.lives(&used));
    // Noted behind the call.
    let now = stage.host.core().now();
    stage.host.until("the use is noted", || {
        let mut rows = stage.host.all::<Session>().into_iter();
        rows.find(|(_, row)| row.last_active == now)
    });
    stage.pass(2 * 3600);
    let rows = stage.host.all::<Session>().len();
    expire();
    // The stage's own went too.
    assert_eq!(stage.host.all::<Session>().len(), rows - 2);
    assert!(stage.lives(&used) && !stage.lives(&idle) && stage.lives(&busy));
    let done = [task, Value::from("success")];
    stage.call(&busy, "task.set_status", &done).expect("an end");
    stage.pass(25 * 3600);
    // Without any housekeeping.
    assert!(!stage.lives(&busy) && !stage.lives(&used));
    assert!(stage.host.all::<Session>().is_empty());
}

#[test]
fn using_a_session_is_noted_every_ten_minutes() {
    let stage = Stage::new();
    let session = stage.login("bob");
    let row = Session::NAME;
    let active = || {
        let view = stage.host.core().view().unwrap();
        let rows = view.find(Session::AUTH_USER_NAME, &"bob".to_owned());
        view.field(&rows.unwrap()[0], Session::LAST_ACTIVE).unwrap()
    };
    let (began, generation) = (active(), stage.host.core().store.generation());
    stage.pass(599);
    assert!(stage.lives(&session));
    assert_eq!(active(), began, "{row}");
    assert_eq!(stage.host.core().store.generation(), generation);
    stage.pass(2);
    assert!(stage.lives(&session));
    let noted = DateTime::from_unix(began.unix() + 601);
    stage
        .host
        .until("the use is noted", || (active() == noted).then_some(()));
}

#[test]
fn a_user_is_sent_away_from_all_sessions_but_the_callers_own() {
    let stage = Stage::new();
    let (root, operator) = (stage.login("root"), stage.login("pool-operator"));
    let (alice, more, bob) = (
        stage.login("alice"),
        stage.login("alice"),
        stage.login("bob"),
    );
    let known = stage.call(&alice, "session.get_all_subject_identifiers", &[]);
    let known = known.unwrap();
    let known: Vec<_> = known
        .as_array()
        .unwrap()
        .iter()
        .map(Value::as_str)
        .collect();
    assert_eq!(known.len(), 3, "{known:?}");
    let sid = |session: &str| {
        let sid = stage.call(session, "session.get_auth_user_sid", &[session.into()]);
        sid.unwrap()
    };
    let away = "session.logout_subject_identifier";
    let refused = stage.call(&bob, away, &[sid(&alice)]);
    assert_eq!(parts(refused).0, "RBAC_PERMISSION_DENIED");
    stage.call(&operator, away, &[sid(&alice)]).unwrap();
    assert!(!stage.lives(&alice) && !stage.lives(&more) && stage.lives(&bob));
    stage.call(&operator, away, &[sid(&operator)]).unwrap();
    stage.call(&operator, away, &[sid(&root)]).unwrap();
    assert!(stage.lives(&operator) && stage.lives(&root));
}

#[test]
fn root_changes_the_password_with_the_old_one_or_at_the_machine() {
    let stage = Stage::new();
    let (root, admin) = (stage.login("root"), stage.login("pool-admin"));
    let change = |session: &str, old: &str, new: &str| {
        let words = [old, new].map(Value::from);
        stage.call(session, "session.change_password", &words)
    };
    assert_eq!(
        parts(change(&admin, "secret", "better")).0,
        "RBAC_PERMISSION_DENIED"
    );
    assert_eq!(
        parts(change(&root, "wrong", "better")).0,
        "SESSION_AUTHENTICATION_FAILED"
    );
    assert_eq!(
        parts(change(&root, "secret", "x")),
        (
            "CHANGE_PASSWORD_REJECTED".to_owned(),
            vec!["too short".to_owned()]
        )
    );
    change(&root, "secret", "better").unwrap();
    assert!(stage.try_login(HERE, "root", "secret").is_err());
    assert!(stage.try_login(HERE, "root", "better").is_ok());
    let local = Origin {
        local_root: true,
        ..Origin::default()
    };
    let words = [root.as_str(), "", "secret"].map(Value::from).to_vec();
    let changed = stage
        .host
        .api()
        .call(&local, "session.change_password", words);
    changed.unwrap();
    assert!(stage.try_login(HERE, "root", "secret").is_ok());
    assert!(!stage.audit().contains("better"));
}

#[test]
fn a_local_session_has_no_row_and_may_do_everything() {
    let stage = Stage::new();
    let rows = stage.host.all::<Session>().len();
    let login = |user: &str| {
        let words = [user, "secret"].map(Value::from).to_vec();
        stage.from(HERE, "session.slave_local_login_with_password", words)
    };
    assert_eq!(parts(login("alice")).0, "SESSION_AUTHENTICATION_FAILED");
    let session = login("root").unwrap();
    let session = session.as_str().unwrap();
    assert!(stage.lives(session));
    assert_eq!(stage.host.all::<Session>().len(), rows);
    let noted =
        "'LOCAL_SESSION' 'root' 'ALLOWED' 'OK' 'API' 'session.slave_local_login_with_password'";
    assert!(stage.audit().contains(noted));
    stage.call(session, "session.local_logout", &[]).unwrap();
    assert!(!stage.lives(session));
}

#[test]
fn the_pools_hosts_come_in_by_the_pools_secret_and_nobody_does_without_one() {
    let stage = Stage::with(Config {
        login_burst: 100,
        ..Config::default()
    });
    let host = Value::from(stage.host.host().as_str());
    let login = |secret: &str| {
        let params = vec![host.clone(), secret.into()];
        stage.from(HERE, "session.slave_login", params)
    };
    let local = |secret: &str| stage.from(HERE, "session.slave_local_login", vec![secret.into()]);
    let failed = |who: &str| {
        let params = vec![who.to_owned(), "Authentication failure".to_owned()];
        ("SESSION_AUTHENTICATION_FAILED".to_owned(), params)
    };
    let token = stage.host.root().join("etc/xensource/ptoken");
    for text in [None, Some(""), Some("\n"), Some("the/secret\n")] {
        if let Some(text) = text {
            std::fs::write(&token, text).unwrap();
        }
        for wrong in ["", "\n", "the/secre", "the/secret2"] {
            assert_eq!(
                parts(login(wrong)),
                failed(host.as_str().unwrap()),
                "{text:?}"
            );
            assert_eq!(parts(local(wrong)), failed("localhost"), "{text:?}");
        }
    }
    let session = login("the/secret").unwrap();
    let session = session.as_str().unwrap();
    let read = stage.call(session, "session.get_pool", &[session.into()]);
    assert_eq!(read.unwrap(), Value::Bool(true));
    let session = local("the/secret").unwrap();
    assert!(stage.lives(session.as_str().unwrap()));
    assert!(!stage.audit().contains("the/secret"));
}

#[test]
fn a_session_ends_with_the_one_that_it_came_from() {
    let stage = Stage::new();
    let (parent, child, other) = (stage.login("bob"), stage.login("alice"), stage.login("bob"));
    let row = |session: &str| -> Ref<Session> {
        let caller = session::check(stage.host.core(), session, &Origin::default());
        caller.unwrap().session.clone()
    };
    let (up, down) = (row(&parent), row(&child));
    let store = &stage.host.core().store;
    store
        .change(|draft| draft.set(&down, Session::PARENT, up.clone()))
        .unwrap();
    stage.call(&parent, "session.logout", &[]).unwrap();
    assert!(!stage.lives(&parent) && !stage.lives(&child) && stage.lives(&other));
}
