//! A console that talks to a daemon by TLS, whose certificate it has never seen.

use xapi_tests::Lab;
use xapi_tests::screen::{PROGRAM, Screen};

#[test]
fn the_fingerprint_is_shown_and_believed_before_a_password_is_asked_for() {
    let lab = Lab::up(&["--nics", "2"]);
    let script = "openssl x509 -noout -fingerprint -sha256 -in /etc/xensource/xapi-ssl.pem";
    let said = lab.exec("xs-1", script);
    let fingerprint = said.split('=').nth(1).expect("a fingerprint");
    let octets: Vec<&str> = fingerprint.split(':').collect();
    // The host's folder lies over the machine's.
    lab.exec("xs-1", "rm -f /root/.xe-fingerprints");
    let kept = "cat /root/.xe-fingerprints 2>/dev/null || true";
    let screen = Screen::open(
        &lab,
        (80, 25),
        &format!("export LANG=C.UTF-8; {PROGRAM} --url https://127.0.0.1; echo left=$?"),
    );
    screen.wait_for("its certificate is not");
    screen.keys(&["l", "Enter"]);
    let shown = screen.wait_for("An unknown server");
    for group in octets.chunks(8) {
        assert!(shown.contains(&group.join(":")), "{group:?} in\n{shown}");
    }
    assert!(!shown.contains("Password"), "{shown}");
    assert_eq!(lab.exec("xs-1", kept), "", "nobody has said anything");
    screen.text("yes");
    screen.keys(&["Enter"]);
    screen.wait_for("Password");
    assert_eq!(
        lab.exec("xs-1", kept),
        format!("127.0.0.1:443 SHA256 {fingerprint}")
    );
    screen.keys(&["Enter"]);
    screen.text(&lab.password);
    screen.keys(&["Enter"]);
    screen.wait_for("Logged in      root");
    screen.keys(&["Home"]);
    screen.wait_until("the daemon's word", |shown| {
        shown.contains("answers") && shown.contains("172.16.0.10/27")
    });
    screen.keys(&["End", "Enter"]);
    screen.wait_for("left=0");
}
