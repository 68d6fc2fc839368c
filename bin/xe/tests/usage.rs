//! What `xe` does without a server.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};

fn xe(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xe"));
    command
        .args(words)
        .env("HOME", "/nonexistent")
        .env_remove("XE_EXTRA_ARGS");
    command
        .env("XE_SOCKET", "/nonexistent/socket")
        .output()
        .expect("the program runs")
}

#[test]
fn without_a_command_it_tells_how_it_is_used_and_succeeds() {
    for words in [&[][..], &["--help"], &["pif-list", "--help"]] {
        let out = xe(words);
        assert_eq!(out.status.code(), Some(0), "{words:?}");
        assert!(
            out.stdout.is_empty() && String::from_utf8_lossy(&out.stderr).contains("Usage: xe"),
            "{words:?}"
        );
    }
}

#[test]
fn help_and_the_version_need_no_server() {
    assert_eq!(xe(&["-version"]).stdout, b"ThinCLI protocol: 0.2\n");
    let help = xe(&["help", "bond-create"]);
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(
        text.starts_with("command name            : bond-create\n"),
        "{text}"
    );
    assert!(
        text.contains("reqd params     : network-uuid, pif-uuids"),
        "{text}"
    );
}

#[test]
fn a_server_that_is_not_there_is_an_error_with_its_address() {
    let out = xe(&["pif-list", "-s", "127.0.0.1", "-p", "1"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&out.stderr).contains("127.0.0.1"),
        "{out:?}"
    );
}

#[test]
fn a_password_does_not_leave_the_host_in_the_clear_unless_that_was_asked_for() {
    let listener = TcpListener::bind("127.0.0.2:0").expect("a port");
    let port = listener
        .local_addr()
        .expect("an address")
        .port()
        .to_string();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut first = vec![0; 1024];
        let length = stream.read(&mut first).expect("something");
        let page = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(page).expect("is taken");
        first.truncate(length);
        // What comes after the answer, up to the end.
        stream.read_to_end(&mut first).ok();
        first
    });
    let out = xe(&["pif-list", "-s", "127.0.0.2", "-p", &port, "-pw", "secret"]);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1));
    let start = format!("Error: cannot connect to 127.0.0.2:{port}: ");
    assert!(
        text.starts_with(&start) && text.contains("does not speak TLS"),
        "{text}"
    );
    let sent = server.join().expect("the server");
    assert_eq!(sent[0], 22, "no handshake");
    assert!(!sent.windows(6).any(|six| six == b"secret") && !text.contains("secret"));
}
