//! The whole daemon behind a thin client that shares no code with it: the one that tests the protocol itself.

use std::process::{Command, Stdio};

use xapi_tests::server::Served;

const CLIENT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/xapi-cli/tests/thin/client.py"
);

/// The client with these words at a place, as `python3` runs it.
fn client(place: &str, words: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command.arg(CLIENT).arg(place).args(words);
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What it wrote, and its exit status.
fn told(mut command: Command) -> (String, String, Option<i32>) {
    let output = command.output().expect("python3 runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

fn unix(served: &Served) -> String {
    format!("unix:{}", served.socket().display())
}

#[test]
fn root_on_the_host_changes_the_network_with_it() {
    let served = Served::new(3);
    let unix = unix(&served);
    let xe = |words: &[&str]| {
        let words = [words, &["username=root", "password=null"]].concat();
        let (out, err, status) = told(client(&unix, &words));
        assert_eq!((err.as_str(), status), ("", Some(0)), "{words:?}");
        out.trim_end().to_owned()
    };
    let network = xe(&["network-create", "name-label=MGT"]);
    let pif = |device: &str| xe(&["pif-list", &format!("device={device}"), "--minimal"]);
    let members = format!("pif-uuids={},{}", pif("eth1"), pif("eth2"));
    let network = format!("network-uuid={network}");
    let bond = xe(&["bond-create", &network, &members, "mode=active-backup"]);
    let uuid = format!("uuid={bond}");
    assert_eq!(
        xe(&["bond-param-get", &uuid, "param-name=mode"]),
        "active-backup"
    );
    assert_eq!(
        xe(&["pif-list", "device=bond0", "params=uuid,MTU", "--json"])
            .matches("\"MTU\":1500")
            .count(),
        1
    );
    xe(&["bond-destroy", &uuid]);
    assert_eq!(xe(&["bond-list", "--minimal"]), "");
}

#[test]
fn the_audit_log_is_saved_into_a_new_file_and_what_is_not_served_is_named() {
    let served = Served::new(1);
    served.host.new_network("audited");
    let folder = tempfile::tempdir().expect("a folder");
    let tcp = format!("tcp:{}", served.address());
    for (place, password) in [(unix(&served), "null"), (tcp, "secret")] {
        let path = folder.path().join(password);
        let file = path.display();
        let save = |words: &[&str]| {
            let login = ["username=root", &format!("password={password}")];
            told(client(&place, &[words, &login].concat()))
        };
        let (out, err, status) = save(&["audit-log-get", &format!("filename={file}")]);
        assert_eq!((out.as_str(), err.as_str(), status), ("", "", Some(0)));
        let log = std::fs::read_to_string(&path).expect("written");
        assert!(log.contains("'API' 'network.create'"), "{log}");
        let named = format!("filename={file}.since");
        let (_, err, status) = save(&["audit-log-get", &named, "since=20990101T00:00:00Z"]);
        assert_eq!((err.as_str(), status), ("", Some(0)));
        let later = std::fs::read_to_string(format!("{file}.since")).expect("written");
        assert_eq!(later, "");
        let (_, err, status) = save(&["pool-dump-database", &format!("file-name={file}.db")]);
        let text = format!(
            "Error: /pool/xmldbdump was not fetched into {file}.db: the server does not have it, or the file cannot be \
             written\n"
        );
        assert_eq!((err, status), (text, Some(1)));
        assert!(!std::path::Path::new(&format!("{file}.db")).exists());
    }
}

#[test]
fn a_wait_for_an_event_ends_with_it() {
    let served = Served::new(2);
    let words = [
        "event-wait",
        "class=network",
        "name-label=awaited",
        "username=root",
        "password=null",
    ];
    let waiting = client(&unix(&served), &words)
        .spawn()
        .expect("python3 runs");
    let before = served.host.new_network("another");
    let after = served.host.new_network("awaited");
    let output = waiting.wait_with_output().expect("ends");
    assert!(output.status.success(), "{output:?}");
    assert!(
        output.stdout.is_empty() && output.stderr.is_empty(),
        "{output:?}"
    );
    assert_ne!(before, after);
}

#[test]
fn strangers_need_a_password_and_hear_errors_as_root_does() {
    let served = Served::new(2);
    let tcp = format!("tcp:{}", served.address());
    let (out, err, status) = told(client(
        &tcp,
        &["pif-list", "username=root", "password=wrong"],
    ));
    let refused = "Authentication failed\nFor usage run: 'xe help'\n";
    assert_eq!((out.as_str(), err.as_str(), status), ("", refused, Some(1)));
    let (out, err, status) = told(client(
        &tcp,
        &["pif-list", "--minimal", "username=root", "password=secret"],
    ));
    assert_eq!(
        (out.matches(',').count(), err.as_str(), status),
        (1, "", Some(0)),
        "{out}"
    );
    // Help is for everybody.
    let (out, err, status) = told(client(&tcp, &["help", "pif-plug"]));
    assert!(
        out.starts_with("command name            : pif-plug\n"),
        "{out}"
    );
    assert_eq!((err.as_str(), status), ("", Some(0)));
    let words = [
        "pif-plug",
        "uuid=nonsense",
        "username=root",
        "password=null",
    ];
    let (out, err, status) = told(client(&unix(&served), &words));
    assert_eq!((out.as_str(), status), ("", Some(1)));
    assert!(err.ends_with("type: PIF\nuuid: nonsense\n"), "{err}");
}
