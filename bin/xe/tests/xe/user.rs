//! What the user has at hand: files, answers, programs that read JSON.

use std::io::Write;
use std::process::Stdio;

use xapi_model::Value;

use crate::stand::{Stand, ok, told};

#[test]
fn files_are_read_from_where_the_user_is() {
    let stand = Stand::with(|fake| {
        fake.answers.push(("pool.crl_install", Ok(Value::Nil)));
    });
    stand.file("revoked.pem", "CRL");
    let mut command = stand.command(&["pool-crl-install", "filename=revoked.pem"]);
    assert_eq!(told(command.current_dir(stand.home.path())), ok(""));
    assert_eq!(stand.asked()[1], r#"pool.crl_install "revoked.pem" "CRL""#);
    let got = stand.xe(&["pool-crl-install", "filename=/nonexistent/x"]);
    let text = "Error: Cannot read /nonexistent/x: No such file or directory (os error 2)\n";
    assert_eq!((got.err.as_str(), got.status), (text, Some(1)));
    // A file without an end is not read to it.
    let got = stand.xe(&["pool-crl-install", "filename=/dev/zero"]);
    let text = "Error: Cannot read /dev/zero: it is larger than 33554432 bytes\n";
    assert_eq!((got.err.as_str(), got.status), (text, Some(1)));
}

#[test]
fn a_question_reads_one_line() {
    let stand = Stand::with(|fake| {
        fake.answers.push(("host.destroy", Ok(Value::Nil)));
    });
    for (typed, done) in [("yes\nno\n", true), ("no\nyes\n", false), ("", false)] {
        let mut command = stand.command(&["host-forget", "uuid=host-1"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("runs");
        let mut input = child.stdin.take().expect("piped");
        input.write_all(typed.as_bytes()).expect("writes");
        drop(input);
        assert!(child.wait().expect("ends").success());
        let asked = stand.asked();
        assert_eq!(
            asked.iter().any(|call| call.starts_with("host.destroy")),
            done,
            "{typed:?}"
        );
    }
}

#[test]
fn what_the_server_does_not_give_leaves_no_file() {
    let stand = Stand::new();
    let path = stand.home.path().join("log");
    let named = format!("filename={}", path.display());
    for (words, what) in [
        (["audit-log-get", &named], "/audit_log"),
        (["host-get-system-status", &named], "/system-status"),
    ] {
        let got = stand.xe(&words);
        assert_eq!((got.out.as_str(), got.status), ("", Some(1)));
        let text = format!("This server does not carry out this call.\nfunction: {what}\n");
        assert_eq!(got.err, text);
        assert!(!path.exists());
    }
    // A file that is there stays as it is.
    stand.file("log", "mine");
    let got = stand.xe(&["audit-log-get", &named]);
    assert!(got.err.contains("File exists"), "{}", got.err);
    assert_eq!(std::fs::read_to_string(&path).expect("reads"), "mine");
}

#[test]
fn json_is_one_document_also_over_the_wire() {
    let stand = Stand::new();
    let words = [
        "pif-list",
        "device=eth0",
        "params=uuid,MTU,management",
        "--json",
    ];
    assert_eq!(
        stand.xe(&words),
        ok("[{\"uuid\":\"pif-eth0\",\"MTU\":1500,\"management\":false}]\n")
    );
    let got = stand.xe(&["pif-plug", "uuid=x", "--json"]);
    assert!(
        got.err
            .starts_with(r#"{"code":"UUID_INVALID","params":["PIF","x"],"message":""#),
        "{}",
        got.err
    );
    assert_eq!((got.out.as_str(), got.status), ("", Some(1)));
}
