//! What is fetched and is no call.

use xapi::Answers;
use xapi_model::Pif;
use xapi_server::{Fetch, Handler, Origin, Page};
use xapi_tests::server::{Served, To};
use xapi_tls::SelfSigned;

use super::{text, with_session};

fn figure(page: &str, line: &str) -> f64 {
    let found = page
        .lines()
        .find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
    found
        .unwrap_or_else(|| panic!("no {line} in\n{page}"))
        .parse()
        .expect("a number")
}

#[test]
fn the_daemon_says_that_it_is_well() {
    let served = Served::new(1);
    for to in [To::Tcp, To::Unix] {
        let page = served.connect(to).get("/health", "");
        assert_eq!((page.status, page.body.as_str()), (200, "ok\n"));
    }
    assert_eq!(served.connect(To::Tcp).get("/nothing", "").status, 404);
}

#[test]
fn calls_changes_and_links_are_counted() {
    let served = Served::new(3);
    let pif = text(served.host.pif("eth0").as_str());
    with_session(&served, "PIF.get_MTU", &[&pif]);
    with_session(&served, "PIF_get_MTU", &[&pif]);
    with_session(&served, "PIF.get_MTU", &[&text("OpaqueRef:none")]);
    with_session(&served, "PIF.get_record", &[&text("OpaqueRef:none")]);
    for name in ["made.up", "made.up.too", "&lt;x&gt;"] {
        with_session(&served, name, &[]);
    }
    let network = served.host.new_network("bonded");
    served
        .host
        .bond(&network, &["eth1", "eth2"], "balance-slb")
        .expect("a bond");
    served
        .host
        .bond(&network, &["eth1"], "balance-slb")
        .expect_err("one NIC is no bond");
    let page = served.connect(To::Tcp).get("/metrics", "").body;
    assert_eq!(
        figure(
            &page,
            "xapi_calls_total{name=\"PIF.get_MTU\",result=\"ok\"}"
        ),
        2.0
    );
    assert_eq!(
        figure(
            &page,
            "xapi_calls_total{name=\"PIF.get_MTU\",result=\"HANDLE_INVALID\"}"
        ),
        1.0
    );
    assert_eq!(
        figure(
            &page,
            "xapi_calls_total{name=\"PIF.get_record\",result=\"HANDLE_INVALID\"}"
        ),
        1.0
    );
    assert_eq!(
        figure(&page, "xapi_call_seconds_count{name=\"PIF.get_MTU\"}"),
        3.0
    );
    assert!(!page.contains("made.up"), "strangers choose no names");
    assert_eq!(
        figure(&page, "xapi_network_changes_total{outcome=\"committed\"}"),
        1.0
    );
    assert_eq!(
        figure(&page, "xapi_network_changes_total{outcome=\"refused\"}"),
        1.0
    );
    let generation = served.host.core().store.generation();
    assert_eq!(figure(&page, "xapi_database_generation"), generation as f64);
    for (_, pif) in served
        .host
        .all::<Pif>()
        .into_iter()
        .filter(|(_, pif)| pif.physical)
    {
        let line = format!(
            "xapi_pif_carrier{{device=\"{}\",uuid=\"{}\"}}",
            pif.device, pif.uuid
        );
        assert_eq!(figure(&page, &line), 1.0);
    }
    // The form that Prometheus insists on: one end, after everything.
    assert!(page.ends_with("\n# EOF\n") && page.matches("# EOF").count() == 1);
    let words = |line: &str| line.split(' ').count();
    assert!(
        page.lines()
            .all(|line| line.starts_with('#') || words(line) == 2),
        "{page}"
    );
}

#[test]
fn strangers_are_asked_who_they_are_before_they_read_figures() {
    let served = Served::new(1);
    let answers = Answers(served.host.api().clone());
    let far = Origin {
        peer: "192.0.2.7:4711".into(),
        elsewhere: true,
        ..Origin::default()
    };
    let ask = |fetch: Fetch| {
        answers.fetch(
            &far,
            &Fetch {
                path: "/metrics".to_owned(),
                ..fetch
            },
        )
    };
    let session = |text: &str| vec![("session_id".to_owned(), text.to_owned())];
    let basic = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
    let refused = [
        Fetch::default(),
        Fetch {
            query: session("OpaqueRef:none"),
            ..Fetch::default()
        },
        Fetch {
            basic: basic("root", "wrong"),
            ..Fetch::default()
        },
        Fetch {
            basic: basic("nobody", "secret"),
            ..Fetch::default()
        },
    ];
    for fetch in refused {
        let page = ask(fetch.clone());
        assert!(matches!(page, Page::Unauthorized(_)), "{fetch:?}: {page:?}");
    }
    let sessions = || {
        let view = served.host.core().view().expect("a view");
        xapi_db::Read::all::<xapi_model::Session>(&view)
            .expect("rows")
            .len()
    };
    let before = sessions();
    let known = served.host.session();
    let admitted = [
        Fetch {
            query: session(known),
            ..Fetch::default()
        },
        Fetch {
            cookies: session(known),
            query: session("OpaqueRef:none"),
            ..Fetch::default()
        },
        Fetch {
            basic: basic("root", "secret"),
            ..Fetch::default()
        },
    ];
    for fetch in admitted {
        let page = ask(fetch.clone());
        assert!(matches!(page, Page::Body(..)), "{fetch:?}: {page:?}");
    }
    assert_eq!(
        sessions(),
        before,
        "a password's session ended with its page"
    );
    // Health is no secret.
    assert!(matches!(
        answers.fetch(
            &far,
            &Fetch {
                path: "/health".to_owned(),
                ..Fetch::default()
            }
        ),
        Page::Body(..)
    ));
}

#[test]
fn the_audit_log_is_for_those_who_have_logged_in() {
    let served = Served::new(1);
    served.host.new_network("noted");
    let get = |path: &str| served.connect(To::Tcp).get(path, "");
    assert_eq!(get("/audit_log").status, 401);
    assert_eq!(get("/audit_log?session_id=OpaqueRef:none").status, 401);
    let session = served.host.session();
    let page = get(&format!("/audit_log?session_id={session}"));
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("'API' 'network.create'"),
        "{}",
        page.body
    );
    assert!(!page.body.contains(session), "{}", page.body);
    let page = get(&format!(
        "/audit_log?session_id={session}&since=20990101T00:00:00Z"
    ));
    assert_eq!((page.status, page.body.as_str()), (200, ""));
    assert_eq!(
        get(&format!("/audit_log?session_id={session}&since=yesterday")).status,
        400
    );
    assert_eq!(served.connect(To::Unix).get("/audit_log", "").status, 200);
}

#[test]
fn no_private_key_comes_into_the_audit_log() {
    let served = Served::new(1);
    let wanted = SelfSigned {
        common_name: "xs-1".to_owned(),
        from: 1_700_000_000,
        days: 36_500,
        ..SelfSigned::default()
    };
    let identity = wanted.make().expect("an identity");
    let (key, _) = identity
        .pem()
        .split_once("-----BEGIN CERT")
        .expect("a certificate");
    let host = text(served.host.host().as_str());
    let (key_text, good) = (text(key), text(&identity.certificate().pem()));
    let install = "host.install_server_certificate";
    let failed = with_session(&served, install, &[&host, &text("nonsense"), &key_text]);
    assert!(failed.contains("SERVER_CERTIFICATE_INVALID"), "{failed}");
    let done = with_session(&served, install, &[&host, &good, &key_text]);
    assert!(done.contains("Success"), "{done}");
    let task = with_session(
        &served,
        &format!("Async.{install}"),
        &[&host, &good, &key_text],
    );
    let task = super::between(&task, "OpaqueRef:", "<");
    let task = xapi_model::Ref::new(format!("OpaqueRef:{task}"));
    served.host.finished(&task);
    let log = std::fs::read_to_string(served.host.root().join("var/log/audit.log"));
    let log = log.expect("a log");
    let told = |result: &str| format!("'ALLOWED' '{result}' 'API' '{install}'");
    for (result, times) in [("ERROR:SERVER_CERTIFICATE_INVALID", 1), ("OK", 2)] {
        assert_eq!(log.matches(&told(result)).count(), times, "{log}");
    }
    // The certificate is no secret.
    assert!(log.contains("-----BEGIN CERTIFICATE-----"), "{log}");
    assert!(!log.contains("PRIVATE KEY"), "{log}");
    let lines: Vec<_> = key.lines().filter(|line| !line.starts_with('-')).collect();
    assert!(lines.len() > 20);
    for part in lines.iter().filter_map(|line| line.get(..16)) {
        assert!(!log.contains(part), "{part} in {log}");
    }
    // What is handed out is the file.
    let path = format!("/audit_log?session_id={}", served.host.session());
    let page = served.connect(To::Tcp).get(&path, "");
    assert_eq!((page.status, page.body), (200, log));
}
