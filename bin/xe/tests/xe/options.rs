//! Where the program finds its options and its server, and how it ends.

use std::process::Stdio;

use xapi_model::Value;

use crate::stand::{PASSWORD, Stand, XE, command, ok, told};

const ETH0: &[&str] = &["pif-list", "device=eth0", "--minimal"];

#[test]
fn root_on_the_host_needs_nothing_but_the_socket() {
    let stand = Stand::new();
    assert_eq!(stand.xe(ETH0), ok("pif-eth0\n"));
    assert_eq!(
        stand.asked(),
        ["login root", "PIF.get_all_records ", "logout"]
    );
}

#[test]
fn integers_look_the_same_after_the_wire_has_made_them_texts() {
    let stand = Stand::new();
    let words = [
        "pif-list",
        "device=eth0",
        "params=device,MTU,VLAN,speed,physical",
    ];
    let expected = "\
device ( RO)      : eth0
    physical ( RO): true
         MTU ( RO): 1500
        VLAN ( RO): -1
       speed ( RO): 1000 Mbit/s


";
    assert_eq!(stand.xe(&words), ok(expected));
}

#[test]
fn the_home_file_names_server_and_user() {
    let stand = Stand::new();
    let port = stand.address.port();
    let rc = format!(
        "server=127.0.0.1\n\nport={port}\nusername=admin\npassword={PASSWORD}\nminimal=true\n"
    );
    stand.file(".xe", &rc);
    assert_eq!(stand.xe(&["pif-list", "device=eth0"]), ok("pif-eth0\n"));
    assert_eq!(stand.asked()[0], "login admin");
    // The environment is stronger than the file, and the line than both.
    let mut command = stand.command(ETH0);
    command.env("XE_EXTRA_ARGS", "username=other,password=open\\, sesame");
    assert_eq!(told(&mut command), ok("pif-eth0\n"));
    assert_eq!(stand.asked()[0], "login other");
    command.args(["-u", "line"]);
    assert_eq!(told(&mut command), ok("pif-eth0\n"));
    assert_eq!(stand.asked()[0], "login line");
}

#[test]
fn a_home_file_with_a_line_that_says_nothing_is_left_aside_with_a_warning() {
    let stand = Stand::new();
    stand.file(".xe", "server=198.51.100.1\nnonsense\n");
    let got = stand.xe(ETH0);
    assert_eq!((got.out.as_str(), got.status), ("pif-eth0\n", Some(0)));
    assert!(got.err.starts_with("Warning: "), "{}", got.err);
    assert!(
        got.err.ends_with(".xe is not used: a line has no =\n"),
        "{}",
        got.err
    );
}

#[test]
fn a_password_file_holds_the_user_and_the_password() {
    let stand = Stand::new();
    let port = stand.address.port().to_string();
    let path = stand.file("secret", &format!("keeper\n{PASSWORD}\n"));
    let path = path.to_str().expect("text");
    let words = ["-s", "127.0.0.1", "-p", &port, "-pwf", path];
    assert_eq!(stand.xe(&[ETH0, &words].concat()), ok("pif-eth0\n"));
    assert_eq!(stand.asked()[0], "login keeper");
    let missing = stand.xe(&[ETH0, &["-pwf", "/nonexistent/secret"]].concat());
    assert_eq!((missing.out.as_str(), missing.status), ("", Some(1)));
    assert!(
        missing.err.starts_with("Error: /nonexistent/secret: "),
        "{}",
        missing.err
    );
}

#[test]
fn a_wrong_password_is_told_with_the_hint() {
    let stand = Stand::new();
    let port = stand.address.port().to_string();
    let got = stand.xe(&[ETH0, &["-p", &port, "-u", "root", "-pw", "wrong"]].concat());
    assert_eq!(got.err, "Authentication failed\nFor usage run: 'xe help'\n");
    assert_eq!((got.out.as_str(), got.status), ("", Some(1)));
}

#[test]
fn usage_goes_to_standard_error_and_is_no_failure() {
    let stand = Stand::new();
    let bare = stand.xe(&[]);
    assert!(bare.err.starts_with("Usage: xe COMMAND "), "{}", bare.err);
    for command in ["xe man", "xe completion", "xe help"] {
        assert!(bare.err.contains(&format!("'{command}'")), "{command}");
    }
    assert_eq!((bare.out.as_str(), bare.status), ("", Some(0)));
    for words in [
        &["--help"] as &[&str],
        &["pif-list", "-help"],
        &["-s", "h", "--help"],
    ] {
        assert_eq!(stand.xe(words), bare, "{words:?}");
    }
    // Whatever else the environment says.
    let mut command = stand.command(&[]);
    assert_eq!(told(command.env("XE_EXTRA_ARGS", "--minimal,a=b")), bare);
    assert_eq!(stand.xe(&["-version"]), ok("ThinCLI protocol: 0.2\n"));
    assert!(stand.asked().is_empty());
}

#[test]
fn what_cannot_be_understood_or_found_is_one_line_and_1() {
    let stand = Stand::new();
    let hint = "For usage run: 'xe help'\n";
    for (words, err) in [
        (
            &["pif-lst"] as &[&str],
            format!("Unknown command: pif-lst\n{hint}"),
        ),
        (
            &["pif-plug"],
            format!("Required parameter not found: uuid\n{hint}"),
        ),
        (&["pif-list", "-s"], "Error: -s needs a value\n".to_owned()),
        (
            &["pif-list", "port=http"],
            "Error: port \"http\" is not between 0 and 65535\n".to_owned(),
        ),
    ] {
        let got = stand.xe(words);
        assert_eq!(
            (got.err, got.out.as_str(), got.status),
            (err, "", Some(1)),
            "{words:?}"
        );
    }
    assert!(stand.asked().is_empty());
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let home = tempfile::TempDir::new().expect("a directory");
    let path = home.path().join("xapi");
    let path = path.to_str().expect("text").to_owned();
    // The socket of a daemon that was killed; and a port that nobody listens on.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("binds"));
    for (words, at) in [
        (&["pif-list"] as &[&str], &*path),
        (&["pif-list", "-p", "1"], "127.0.0.1:1"),
    ] {
        let got = told(command(home.path()).args(words));
        assert_eq!((got.out.as_str(), got.status), ("", Some(1)));
        let start = format!("Error: cannot connect to {at}: Connection refused");
        assert!(got.err.starts_with(&start), "{}", got.err);
        assert_eq!(got.err.lines().count(), 1);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_panic_and_leaves_no_session() {
    let stand = Stand::with(|fake| {
        for n in 0..2000 {
            let told = [("uuid", Value::from(format!("many-{n}")))];
            fake.add("PIF", &format!("OpaqueRef:many{n}"), &told);
        }
    });
    let mut bash = std::process::Command::new("bash");
    bash.args([
        "-c",
        "\"$0\" pif-list params=all | head -1; exit ${PIPESTATUS[0]}",
        XE,
    ]);
    let mut with = stand.command(&[]);
    bash.envs(
        with.get_envs()
            .filter_map(|(key, value)| Some((key, value?))),
    );
    let got = told(&mut bash);
    assert_eq!(got.err, "");
    assert_eq!(got.out.lines().count(), 1);
    assert_eq!(got.status, Some(1));
    assert_eq!(stand.asked().last().map(String::as_str), Some("logout"));
    // Nobody listens to the errors either.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status = with.arg("nonsense").stderr(Stdio::from(writer)).status();
    assert_eq!(status.expect("runs").code(), Some(1));
}

#[test]
fn what_goes_on_is_told_at_once_or_only_after_a_failure_and_without_secrets() {
    let stand = Stand::new();
    let secret = ["--debug", "old-password=hidden"];
    let got = stand.xe(&[ETH0, &["--debug"]].concat());
    assert!(
        got.err.contains("PIF.get_all_records: ok after "),
        "{}",
        got.err
    );
    let got = stand.xe(&[&["pif-list"], &secret[..]].concat());
    assert!(!got.err.contains("hidden"), "{}", got.err);
    let quiet = stand.xe(&[ETH0, &["--debug-on-fail"]].concat());
    assert_eq!(quiet, ok("pif-eth0\n"));
    let got = stand.xe(&["pif-list", "nonsense=1", "--debug-on-fail"]);
    assert!(
        got.err.starts_with("Error: Unknown field 'nonsense'\n"),
        "{}",
        got.err
    );
    assert!(
        got.err.contains("PIF.get_all_records: ok after "),
        "{}",
        got.err
    );
}
