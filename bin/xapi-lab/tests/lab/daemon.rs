//! The daemon as a service of a host, with a stand-in for it.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use super::*;

fn up_with_fake(arguments: &[&str]) -> (TestLab, tempfile::TempDir) {
    let lab = TestLab::named_only();
    let programs = programs_with(&fake_xapi());
    let mut all = vec!["up", "--bin-dir", programs.path().to_str().expect("a path")];
    all.extend(arguments);
    lab.succeeds(&all);
    (lab, programs)
}

#[test]
fn up_returns_when_every_api_has_answered_a_login_on_both_ways_in() {
    let (lab, _programs) = up_with_fake(&["--hosts", "2", "--apart"]);
    for host in ["xs-1", "xs-2"] {
        let log = lab.succeeds(&["logs", host]);
        for line in [
            "session.login_with_password by unix",
            "session.login_with_password by tcp",
            "session.logout by tcp",
        ] {
            assert!(log.contains(line), "{log}");
        }
        UnixStream::connect(lab.state().join(host).join("xcp/xapi")).expect("the printed socket");
    }
}

#[test]
fn service_xapi_answers_as_administrators_know_it() {
    let (lab, _programs) = up_with_fake(&[]);
    let pid = || lab.on("xs-1", "pidof -x xapi || true");
    let first = pid();
    assert_eq!(
        lab.on("xs-1", "service xapi restart"),
        "Stopping xapi: .. [ OK ]\nStarting xapi: OK [ OK ]"
    );
    assert!(pid() != first && !pid().is_empty());
    assert_eq!(
        lab.on("xs-1", "service xapi status"),
        format!("xapi (pid {}) is running...", pid())
    );
    assert_eq!(
        lab.on("xs-1", "service xapi stop"),
        "Stopping xapi: .. [ OK ]"
    );
    assert_eq!(
        lab.on("xs-1", "service xapi status || echo $?"),
        "xapi is stopped\n3"
    );
    assert_eq!(pid(), "");
    assert_eq!(
        lab.on("xs-1", "/usr/sbin/service xapi start"),
        "Starting xapi: OK [ OK ]"
    );
    assert_eq!(lab.on("xs-1", "systemctl stop xapi; systemctl is-active xapi || true; systemctl restart xapi; systemctl is-active xapi"), "inactive\nactive");
    assert!(!lab.is_true_on("xs-1", "service cups restart"));
}

#[test]
fn the_daemon_is_killed_stopped_started_and_restarted_from_outside() {
    let (lab, _programs) = up_with_fake(&[]);
    let runs = || lab.is_true_on("xs-1", "service xapi status");
    lab.succeeds(&["kill", "xs-1"]);
    assert!(!runs(), "a killed daemon stays dead");
    assert!(!lab.is_true_on("xs-1", "pidof -x xapi"));
    lab.succeeds(&["start", "xs-1"]);
    assert!(runs());
    lab.succeeds(&["stop", "xs-1"]);
    assert!(!runs());
    lab.succeeds(&["stop", "xs-1"]);
    lab.succeeds(&["restart", "xs-1"]);
    assert!(runs());
    // What it does to the network is the daemon's business; the lab leaves it alone.
    assert_eq!(lab.on("xs-1", "ovs-vsctl list-br"), "xenbr0");
    lab.succeeds(&["reboot", "xs-1"]);
    assert!(runs());
    assert_eq!(lab.on("xs-1", "ovs-vsctl list-br"), "");
}

#[test]
fn a_daemon_that_does_not_start_says_why() {
    let (lab, programs) = up_with_fake(&[]);
    lab.succeeds(&["stop", "xs-1"]);
    fs::remove_file(programs.path().join("xapi")).expect("removing it");
    assert!(lab.fails(&["start", "xs-1"]).contains("there is no xapi"));
    let broken = programs_with_script("echo 'out of cheese' >&2; exit 9");
    fs::copy(broken.path().join("xapi"), programs.path().join("xapi")).expect("copying");
    let said = lab.fails(&["start", "xs-1"]);
    assert!(
        said.contains("status 9") && said.contains("out of cheese"),
        "{said}"
    );
    let output = lab.run(&["exec", "xs-1", "--", "service", "xapi", "start"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "Starting xapi: [FAILED]\n"
    );
    // The host itself goes on.
    lab.on("client", "ping -c 3 -i 0.2 -W 1 172.16.0.10");
}

#[test]
fn logs_follow_the_daemon_until_the_lab_goes() {
    let (lab, _programs) = up_with_fake(&[]);
    let mut follow = lab
        .command()
        .args(["logs", "-f", "xs-1"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("running xapi-lab");
    let mut lines = BufReader::new(follow.stdout.take().expect("its output"))
        .lines()
        .map(|line| line.expect("a line"));
    lines
        .by_ref()
        .find(|line| line.contains("logout by tcp"))
        .expect("what was there before");
    lab.succeeds(&["restart", "xs-1"]);
    lines
        .by_ref()
        .find(|line| line.contains("starting"))
        .expect("what came since");
    lab.succeeds(&["down"]);
    assert_eq!(lines.filter(|line| line.contains("starting")).count(), 0);
    assert!(follow.wait().expect("its end").success());
}
