//! The audit log: who changed what.

use xapi_core::audit::audit_log;
use xapi_core::{Config, session};
use xapi_model::{DateTime, Message, Value};

use crate::{HERE, Stage};

/// The lines about a call.
fn lines(stage: &Stage, call: &str) -> Vec<String> {
    let told = format!("'API' '{call}'");
    let log = stage.audit();
    log.lines()
        .filter(|line| line.contains(&told))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_line_tells_who_did_what_from_where_and_what_became_of_it() {
    let stage = Stage::new();
    let session = stage.login_as("pool-admin", "console");
    let caller = session::check(stage.host.core(), &session, &xapi_core::Origin::default());
    let caller = caller.unwrap();
    let track = caller.track_id();
    // It is not the name of the session's row, which many may read.
    let row = caller.session.as_str().trim_start_matches("OpaqueRef:");
    assert!(!track.contains(&row.replace('-', "")) && !session.contains(row));
    let network = stage.host.new_network("Guests' own");
    let this = Value::from(network.as_str());
    let uuid = stage.host.get(&network).uuid;
    let purpose = [this.clone(), "nbd".into()];
    stage
        .call(&session, "network.add_purpose", &purpose)
        .unwrap();
    let line = lines(&stage, "network.add_purpose");
    let expected = format!(
        "('{track}' 'local-user-pool-admin' 'pool-admin' 'ALLOWED' 'OK' 'API' 'network.add_purpose' \
         (('self' 'Guests\\' own' '{uuid}' '{network}') ('value' 'nbd' '' '')))"
    );
    assert_eq!(line.len(), 1);
    assert!(line[0].ends_with(&expected), "{} {expected}", line[0]);
    assert!(
        line[0].starts_with("[20270115T08:00:00.000Z|audit|"),
        "{}",
        line[0]
    );
    assert!(line[0].contains(&format!(
        "|{HERE} console|dispatch:network.add_purpose|audit] "
    )));
    // What failed, and what was refused.
    let missing = ["OpaqueRef:gone".into(), "nbd".into()];
    assert!(
        stage
            .call(&session, "network.add_purpose", &missing)
            .is_err()
    );
    assert!(lines(&stage, "network.add_purpose")[1].contains("'ALLOWED' 'ERROR:HANDLE_INVALID'"));
    let reader = stage.login("read-only");
    assert!(
        stage
            .call(&reader, "network.destroy", std::slice::from_ref(&this))
            .is_err()
    );
    let denied = lines(&stage, "network.destroy");
    assert!(
        denied[0].contains("'read-only' 'DENIED' '' 'API'"),
        "{denied:?}"
    );
    // An object that is destroyed has its name all the same.
    stage.call(&session, "network.destroy", &[this]).unwrap();
    assert!(lines(&stage, "network.destroy")[1].contains("'self' 'Guests\\' own'"));
    // Logins and logouts; the superuser under XAPI's name for it.
    let root = stage.login("root");
    stage.call(&root, "session.logout", &[]).unwrap();
    let logins = lines(&stage, "session.login_with_password");
    assert!(
        logins
            .last()
            .unwrap()
            .contains("'LOCAL_SUPERUSER' 'root' 'ALLOWED' 'OK'")
    );
    assert_eq!(lines(&stage, "session.logout").len(), 1);
}

#[test]
fn asynchronous_calls_have_their_line_and_reads_have_none() {
    let stage = Stage::new();
    let session = stage.login("root");
    let before = stage.audit();
    for name in [
        "PIF.get_all_records",
        "host.get_all",
        "message.get_all",
        "task.get_all",
    ] {
        stage.call(&session, name, &[]).unwrap();
    }
    assert_eq!(stage.audit(), before);
    let host = Value::from(stage.host.host().as_str());
    let task = stage.call(&session, "Async.PIF.scan", &[host]).unwrap();
    stage
        .host
        .finished(&xapi_model::Ref::new(task.as_str().unwrap()));
    assert_eq!(lines(&stage, "PIF.scan").len(), 1);
}

#[test]
fn no_secret_is_in_it_and_no_text_breaks_its_lines() {
    let stage = Stage::new();
    let session = stage.login("root");
    let map = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), Value::from(*v)));
        Value::Struct(pairs.collect())
    };
    let host = Value::from(stage.host.host().as_str());
    let other = "OpaqueRef:0d227a31-9590-4ab8-9ad0-25ee22f29adc";
    let urls = format!("http://192.0.2.9/services/SM?session_id={other}&x=1");
    let refs = map(&[("OpaqueRef:0d227a31", other)]);
    let calls: [(&str, Vec<Value>); 8] = [
        (
            "VM.migrate_send",
            vec![
                "OpaqueRef:vm".into(),
                map(&[
                    ("session_id", "hunter2"),
                    ("SM", &urls),
                    ("host", other),
                    ("master", &format!("http://192.0.2.9/?session_id={other}")),
                ]),
                Value::Bool(true),
                refs.clone(),
                refs,
                map(&[("note", other)]),
            ],
        ),
        (
            "host.install_server_certificate",
            vec![
                host.clone(),
                "-----BEGIN CERTIFICATE-----".into(),
                "hunter2".into(),
                "-----BEGIN PRIVATE KEY-----\nhunter2".into(),
            ],
        ),
        (
            "session.change_password",
            vec!["secret".into(), "hunter2".into()],
        ),
        (
            "secret.create",
            vec![map(&[("value", "hunter2"), ("other_config", "")])],
        ),
        (
            "pool.join",
            vec!["192.0.2.9".into(), "root".into(), "hunter2".into()],
        ),
        (
            "host.enable_external_auth",
            vec![
                host.clone(),
                map(&[("user", "x"), ("pass", "hunter2")]),
                "s".into(),
                "AD".into(),
            ],
        ),
        (
            "host.add_to_other_config",
            vec![host.clone(), "iscsi_password".into(), "hunter2".into()],
        ),
        ("session.get_uuid", vec![session.as_str().into()]),
    ];
    for (name, params) in &calls {
        drop(stage.call(&session, name, params));
        let noted = lines(&stage, name).len();
        assert_eq!(noted, usize::from(*name != "session.get_uuid"), "{name}");
    }
    let own = [session.as_str().into(), map(&[("k", "v")])];
    stage
        .call(&session, "session.set_other_config", &own)
        .unwrap();
    assert!(lines(&stage, "session.set_other_config")[0].contains("('self' 'trackid="));
    let other = [other.into(), map(&[])];
    assert!(
        stage
            .call(&session, "session.set_other_config", &other)
            .is_err()
    );
    assert!(lines(&stage, "VM.migrate_send")[0].contains("('vm' '' '' 'OpaqueRef:vm')"));
    let before = stage.audit().lines().count();
    let nasty = ["a'b\\\n[x|audit] ('", "d\r\n"].map(Value::from);
    stage.call(&session, "task.create", &nasty).unwrap();
    let log = stage.audit();
    assert_eq!(log.lines().count(), before + 1);
    for hidden in [
        "hunter2",
        "0d227a31",
        session.trim_start_matches("OpaqueRef:"),
    ] {
        assert!(!log.contains(hidden), "{hidden} in {log}");
    }
}

#[test]
fn it_is_read_since_a_moment_and_over_the_files_that_are_kept() {
    let stage = Stage::with(Config {
        audit_size: 4096,
        audit_files: 3,
        ..Config::default()
    });
    let session = stage.login("root");
    let mut since = None;
    for n in 0..100 {
        if n == 90 {
            stage.pass(60);
            since = Some(stage.host.core().now());
        }
        let words = [format!("task {n}"), String::new()].map(Value::from);
        stage.call(&session, "task.create", &words).unwrap();
    }
    let read = |since: Option<&DateTime>| {
        let mut out = Vec::new();
        audit_log(stage.host.core(), since, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let all = read(None);
    assert!(all.len() > 4096 && all.len() <= 3 * 4096, "{}", all.len());
    let recent = read(since.as_ref());
    assert_eq!(recent.lines().count(), 10);
    assert!(all.ends_with(&recent) && recent.contains("'task 90'"));
    // The same moment in another zone.
    let local = DateTime::parse(
        &since
            .unwrap()
            .as_str()
            .replace("08:01:00Z", "09:01:00+01:00"),
    );
    assert_eq!(read(local.as_ref()), recent);
    let folder = stage.host.root().join("var/log");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 3);
}

#[test]
fn a_log_that_cannot_be_written_fails_no_call_and_is_told_once() {
    let stage = Stage::new();
    let session = stage.login("root");
    let path = stage.host.root().join("var/log/audit.log");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let words = ["work", ""].map(Value::from);
    for _ in 0..3 {
        stage.call(&session, "task.create", &words).unwrap();
    }
    let alerts = stage.host.all::<Message>();
    let alerts = alerts
        .iter()
        .filter(|(_, row)| row.name == "AUDIT_LOG_FAILED");
    assert_eq!(alerts.count(), 1);
    std::fs::remove_dir(&path).unwrap();
    stage.call(&session, "task.create", &words).unwrap();
    assert_eq!(lines(&stage, "task.create").len(), 1);
}

#[test]
fn a_user_cannot_wash_the_log_away_with_what_anybody_may_do() {
    let stage = Stage::new();
    let session = stage.login("read-only");
    let long = Value::from("x".repeat(100 << 10));
    let words = [long.clone(), long.clone()];
    for _ in 0..50 {
        stage.call(&session, "task.create", &words).unwrap();
        let refused = stage.call(&session, "network.set_name_label", &words);
        assert!(refused.is_err());
    }
    let task = stage.call(&session, "task.create", &words).unwrap();
    for _ in 0..40 {
        let result = [task.clone(), "told".into()];
        stage.call(&session, "task.set_result", &result).unwrap();
    }
    let log = stage.audit();
    assert!(log.len() < 60 * 1024, "{}", log.len());
    // An own task's texts are not in it, nor more lines than there may be of a kind.
    assert!(lines(&stage, "task.create")[0].ends_with("'task.create' ())"));
    assert!(!log.contains("told"));
    assert_eq!(lines(&stage, "task.create").len(), 51);
    assert_eq!(lines(&stage, "task.set_result").len(), 9);
    assert_eq!(lines(&stage, "network.set_name_label").len(), 50);
    // Others have theirs all the while.
    let root = stage.login("root");
    let network = stage.host.new_network("n");
    let purpose = [Value::from(network.as_str()), "nbd".into()];
    stage.call(&root, "network.add_purpose", &purpose).unwrap();
    assert_eq!(lines(&stage, "network.add_purpose").len(), 1);
    stage.pass(60);
    stage.call(&root, "network.add_purpose", &purpose).unwrap();
    let left_out = lines(&stage, "and 31 more");
    assert_eq!(left_out.len(), 1);
    assert!(left_out[0].contains("'local-user-read-only' 'read-only' 'ALLOWED' 'OK' 'API'"));
    stage.call(&session, "task.create", &words).unwrap();
    assert_eq!(lines(&stage, "task.create").len(), 52);
    // Of what others' tasks have to suffer the log tells all.
    let operator = stage.login("pool-operator");
    stage
        .call(&operator, "task.destroy", std::slice::from_ref(&task))
        .unwrap();
    let told = &lines(&stage, "task.destroy")[0];
    assert!(told.contains(task.as_str().unwrap()), "{told}");
}

#[test]
fn a_refused_read_has_its_line_too() {
    let stage = Stage::new();
    let session = stage.login("read-only");
    let mut names = Vec::new();
    for message in xapi_model::messages::messages().iter() {
        let reads = message.session && !message.changes();
        if reads && message.role > xapi_model::Role::ReadOnly && !message.client_cert {
            names.push(message.name.as_str());
        }
    }
    assert!(!names.is_empty());
    for name in names {
        let message = xapi_model::messages::messages().find(name).unwrap();
        let params = message.params.iter().map(|param| match param.ty {
            xapi_model::Type::Ref(_) => "OpaqueRef:none".into(),
            _ => Value::Str(String::new()),
        });
        let params: Vec<_> = params.collect();
        let refused = stage.call(&session, name, &params);
        if refused
            .as_ref()
            .is_err_and(|why| why.code == "RBAC_PERMISSION_DENIED")
        {
            let told = lines(&stage, name);
            assert_eq!(told.len(), 1, "{name}");
            assert!(told[0].contains("'read-only' 'DENIED' ''"), "{told:?}");
            stage.pass(60);
        }
    }
}
