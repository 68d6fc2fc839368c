//! What the master has another host do beside its network: plugins and certificates, which are on that host's disk.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use xapi_model::{ApiError, Certificate, CertificateType, Value};
use xapi_tests::sim_pool::{PATIENCE, Trouble};
use xapi_tests::{SimHost, SimPool};

use crate::trust::begin;

/// A pool of a master and a slave, which may be away so long.
fn away(within: Duration) -> SimPool {
    let master = SimHost::configured(2, |config| config.away_within = within);
    SimPool::of(master, 1, 2)
}

/// A slave is given up at once.
const IMPATIENT: Duration = Duration::from_millis(50);

fn call(pool: &SimPool, name: &str, rest: Vec<Value>) -> Result<Value, ApiError> {
    let host = Value::from(pool.host(0).as_str());
    let params = std::iter::once(host).chain(rest).collect();
    pool.master.call(name, params)
}

/// A plugin of the slave: a shell script that may use what it was given, its `$1`.
fn plugin(pool: &SimPool, name: &str, script: &str) {
    let folder = pool.slaves[0].host.root().join("etc/xapi.d/plugins");
    std::fs::create_dir_all(&folder).expect("a directory");
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a plugin");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("a mode");
}

fn run(pool: &SimPool, plugin: &str, args: &[(&str, &str)]) -> Result<Value, ApiError> {
    let args = args.iter();
    let args = args.map(|(key, value)| ((*key).to_owned(), Value::from(*value)));
    let rest = vec![plugin.into(), "main".into(), Value::Struct(args.collect())];
    call(pool, "host.call_plugin", rest)
}

const ANSWER: &str = "<methodResponse><params><param><value><struct>\
     <member><name>Status</name><value>Success</value></member><member><name>Value</name><value>";
const END: &str = "</value></member></struct></value></param></params></methodResponse>";

#[test]
fn a_plugin_of_another_host_runs_there_and_answers_whole() {
    let mut pool = away(IMPATIENT);
    plugin(
        &pool,
        "tells",
        &format!(
            "case \"$1\" in *'<methodName>main<'*key*'a value'*) printf '%s' '{ANSWER}done there{END}';; esac"
        ),
    );
    let answer = run(&pool, "tells", &[("key", "a value")]);
    assert_eq!(answer.unwrap(), Value::from("done there"));
    // Its errors come whole, too.
    plugin(&pool, "fails", "echo out; echo err >&2; exit 3");
    let error = run(&pool, "fails", &[]).unwrap_err();
    assert_eq!(error.code, "XENAPI_PLUGIN_FAILURE");
    assert_eq!(error.params, ["non-zero exit", "out\n", "err\n"]);
    let error = run(&pool, "missing", &[]).unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.params),
        ("XENAPI_MISSING_PLUGIN", vec!["missing".to_owned()])
    );
    // It may be lost before and after.
    let ran = pool.slaves[0].host.root().join("ran");
    plugin(
        &pool,
        "leaves",
        &format!("echo ran >> {}; printf '%s' '{ANSWER}{END}'", ran.display()),
    );
    pool.trouble_at(0, Trouble::NotAnswered, "\"Run\":");
    let error = run(&pool, "leaves", &[]).unwrap_err();
    assert_eq!(error.code, "CANNOT_CONTACT_HOST");
    assert_eq!(error.params, [pool.host(0).as_str()]);
    assert_eq!(
        std::fs::read_to_string(&ran).expect("a file"),
        "ran\n",
        "once"
    );
    let error = run(&pool, "leaves", &[]).unwrap_err();
    assert_eq!(error.code, "HOST_OFFLINE");
    assert_eq!(error.params, [pool.host(0).as_str()]);
    pool.link(0);
    assert!(run(&pool, "leaves", &[]).is_ok());
}

#[test]
fn a_plugin_that_never_ends_costs_its_call_and_nothing_else() {
    let mut pool = SimPool::new(1, 2);
    let within = Duration::from_millis(200);
    pool.restart_with(0, |config| config.plugin_deadline = within);
    pool.link(0);
    plugin(&pool, "stays", "sleep 600");
    let error = run(&pool, "stays", &[]).unwrap_err();
    assert_eq!(error.code, "XENAPI_PLUGIN_FAILURE");
    assert_eq!(error.params[0], "took too long");
}

#[test]
fn a_host_that_answers_more_than_it_may_is_cut_off() {
    let mut pool = SimPool::new(1, 2);
    pool.trouble_at(0, Trouble::TooLong, "\"Run\":");
    let error = run(&pool, "any", &[]).unwrap_err();
    assert_eq!(error.code, "INTERNAL_ERROR");
    assert!(!pool.is_linked(0));
    pool.link(0);
    assert_eq!(
        run(&pool, "any", &[]).unwrap_err().code,
        "XENAPI_MISSING_PLUGIN"
    );
}

/// The slave's certificate for clients, as the master asks for it.
fn shown(pool: &SimPool) -> String {
    let shown = call(pool, "host.get_server_certificate", vec![]).expect("a certificate");
    shown.as_str().expect("a text").to_owned()
}

/// The fingerprints that the rows have of the slave, of a kind.
fn rows(pool: &SimPool, kind: CertificateType) -> Vec<String> {
    let host = pool.host(0);
    let all = pool.master.all::<Certificate>().into_iter();
    let its = all.filter(|(_, row)| row.host == host && row.kind == kind);
    its.map(|(_, row)| row.fingerprint_sha256).collect()
}

fn fingerprint(pem: &str) -> String {
    xapi_tls::Certificate::parse(pem)
        .expect("a certificate")
        .sha256()
}

/// What the slave has in a file of its own.
fn in_file(pool: &SimPool, name: &str) -> String {
    let path = pool.slaves[0].host.root().join("etc/xensource").join(name);
    let text = std::fs::read_to_string(path).expect("a file");
    let identity = xapi_tls::Identity::parse(&text).expect("an identity");
    identity.certificate().sha256()
}

#[test]
fn certificates_of_another_host_are_told_reset_refreshed_and_installed() {
    let pool = SimPool::new(1, 2);
    let before = shown(&pool);
    assert_eq!(rows(&pool, CertificateType::Host), [fingerprint(&before)]);
    call(&pool, "host.reset_server_certificate", vec![]).unwrap();
    let after = shown(&pool);
    assert_ne!(after, before);
    assert_eq!(rows(&pool, CertificateType::Host), [fingerprint(&after)]);
    let inside = in_file(&pool, "xapi-pool-tls.pem");
    call(&pool, "host.refresh_server_certificate", vec![]).unwrap();
    let refreshed = in_file(&pool, "xapi-pool-tls.pem");
    assert_ne!(refreshed, inside);
    assert_eq!(rows(&pool, CertificateType::HostInternal), [refreshed]);
    // One from elsewhere.
    let made = xapi_tls::SelfSigned {
        common_name: "elsewhere".to_owned(),
        from: pool.master.core().seconds(),
        days: 10,
        ..xapi_tls::SelfSigned::default()
    };
    let made = made.make().expect("an identity");
    let (key, _) = made
        .pem()
        .split_once("-----BEGIN CERTIFICATE")
        .expect("a key first");
    let words = vec![made.certificate().pem().into(), key.into(), "".into()];
    call(&pool, "host.install_server_certificate", words).unwrap();
    assert_eq!(shown(&pool), made.certificate().pem());
    assert_eq!(
        rows(&pool, CertificateType::Host),
        [made.certificate().sha256()]
    );
    let folder = pool.slaves[0].host.root().join("etc/xensource");
    let files = std::fs::read_dir(folder).expect("a directory");
    let left = files.filter(|file| {
        let name = file.as_ref().expect("a file").file_name();
        name.to_string_lossy().ends_with(".next")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn a_certificate_that_is_replaced_while_the_line_is_lost_is_let_in_and_settled() {
    for kind in [CertificateType::Host, CertificateType::HostInternal] {
        let (name, file) = match kind {
            CertificateType::Host => ("host.reset_server_certificate", "xapi-ssl.pem"),
            _ => ("host.refresh_server_certificate", "xapi-pool-tls.pem"),
        };
        for (trouble, at, is_new) in [
            (Trouble::NotAnswered, "\"Make\"", false),
            (Trouble::NotHeard, "\"Show\":", false),
            (Trouble::NotAnswered, "\"Show\":", true),
        ] {
            let mut pool = away(IMPATIENT);
            let before = in_file(&pool, file);
            pool.trouble_at(0, trouble, at);
            let error = call(&pool, name, vec![]).unwrap_err();
            assert_eq!(error.code, "CANNOT_CONTACT_HOST", "{name} {trouble:?} {at}");
            let now = in_file(&pool, file);
            assert_eq!(now != before, is_new, "{name} {trouble:?} {at}");
            assert!(rows(&pool, kind).contains(&now), "it would not be let in");
            pool.link(0);
            assert_eq!(rows(&pool, kind), [now], "{name} {trouble:?} {at}");
        }
    }
}

/// A call whose answer is lost with the line; the host is back in time.
fn through_a_cut(
    pool: &mut SimPool,
    at: &'static str,
    name: &'static str,
    rest: Vec<Value>,
) -> Result<Value, ApiError> {
    pool.trouble_at(0, Trouble::NotAnswered, at);
    let host = Value::from(pool.host(0).as_str());
    let calling = begin(pool, name, std::iter::once(host).chain(rest).collect());
    let until = std::time::Instant::now() + PATIENCE;
    while pool.is_linked(0) {
        assert!(std::time::Instant::now() < until, "{name}");
        std::thread::yield_now();
    }
    pool.link(0);
    calling.recv_timeout(PATIENCE).expect("its end")
}

#[test]
fn what_is_answered_while_the_line_is_lost_is_told_when_it_is_back_and_done_once() {
    let mut pool = away(PATIENCE);
    let ran = pool.slaves[0].host.root().join("ran");
    let script = |answer: &str| {
        format!(
            "echo ran >> {}; printf '%s' '{ANSWER}{answer}{END}'",
            ran.display()
        )
    };
    plugin(&pool, "tells", &script("done there"));
    let with = |plugin: &str| vec![plugin.into(), "main".into(), Value::Struct(vec![])];
    let plugins = "host.call_plugin";
    let answer = through_a_cut(&mut pool, "\"Run\":", plugins, with("tells"));
    assert_eq!(answer.unwrap(), Value::from("done there"));
    // What is too long to be kept is lost, and is not done again.
    plugin(&pool, "long", &script(&"x".repeat(40_000)));
    let error = through_a_cut(&mut pool, "\"Run\":", plugins, with("long")).unwrap_err();
    assert_eq!(error.code, "CANNOT_CONTACT_HOST");
    assert_eq!(std::fs::read_to_string(&ran).expect("a file"), "ran\nran\n");
    for at in ["\"Make\"", "\"Show\":"] {
        let before = in_file(&pool, "xapi-ssl.pem");
        let reset = "host.reset_server_certificate";
        through_a_cut(&mut pool, at, reset, vec![]).unwrap();
        let now = in_file(&pool, "xapi-ssl.pem");
        assert_ne!(now, before, "{at}");
        assert_eq!(rows(&pool, CertificateType::Host), [now], "{at}");
    }
}
