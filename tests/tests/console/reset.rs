//! A whole emergency reset at the console: the steps of the command, and what the daemon does at its next start.

use xapi_model::{BondMode, Network};
use xapi_tests::{Lab, Xen, agreement, eventually};

use xapi_tests::screen::Screen;

/// A host with a bond that carries management and whose daemon is gone: nobody reaches it.
fn locked_out() -> (Lab, Vec<String>) {
    let lab = Lab::up(&["--nics", "4"]);
    let xen = lab.api("xs-1");
    xen.bond(&["eth0", "eth2"], BondMode::ActiveBackup);
    let networks = labels(&xen);
    lab.verb(&["kill", "xs-1"]);
    lab.verb(&["pull", "xs-1", "eth0"]);
    lab.verb(&["pull", "xs-1", "eth2"]);
    (lab, networks)
}

fn labels(xen: &Xen) -> Vec<String> {
    let networks = xen.all::<Network>().into_iter();
    let mut labels: Vec<String> = networks.map(|(_, network)| network.uuid).collect();
    labels.sort();
    labels
}

/// Management is where the reset put it, reached from outside, and the networks are all there.
fn check_host(lab: &Lab, networks: &[String]) {
    lab.client("ping -c 1 -w 30 172.16.0.26");
    let xen = eventually("the API", || {
        Xen::try_login(&lab.socket("xs-1")).map_err(|why| why.to_string())
    });
    let (_, management) = xen.management();
    assert_eq!(management.device, "eth1");
    assert_eq!(management.ip, "172.16.0.26");
    assert!(
        xen.all::<xapi_model::Bond>().is_empty(),
        "the bond is still there"
    );
    let left = labels(&xen);
    for network in networks {
        assert!(left.contains(network), "network {network} is gone");
    }
    agreement::check(lab, "xs-1", &xen).unwrap();
    let trigger = lab.exec(
        "xs-1",
        "ls /var/tmp/network-reset /tmp/network-reset 2>/dev/null || true",
    );
    assert_eq!(trigger, "", "the trigger is still there");
}

#[test]
fn a_host_that_nobody_reaches_comes_back_without_a_restart() {
    let (lab, networks) = locked_out();
    let screen = Screen::console(&lab, (80, 25));
    screen.wait_for("DAEMON DOWN");
    screen.to_the_resets_summary("eth1", "172.16.0.26");
    screen.reset_in_place();
    screen.keys(&["Enter", "Escape"]);
    screen.wait_for("Host Console");
    screen.keys(&["Home"]);
    screen.wait_until("the daemon's word", |shown| {
        shown.contains("answers") && shown.contains("172.16.0.26/27")
    });
    check_host(&lab, &networks);
}

#[test]
fn a_host_that_nobody_reaches_comes_back_with_a_restart() {
    let (lab, networks) = locked_out();
    let screen = Screen::console(&lab, (80, 25));
    screen.wait_for("DAEMON DOWN");
    screen.to_the_resets_summary("eth1", "172.16.0.26");
    // A boot empties /run.
    lab.exec("xs-1", "touch /run/this-life");
    screen.keys(&["y", "e", "s", "Enter"]);
    // The console goes down with its host.
    eventually("another life of the host", || {
        let script = "ls /run/this-life 2>/dev/null || true";
        let output = lab.run(&["exec", "xs-1", "--", "bash", "-c", script]);
        match output.status.success() && output.stdout.is_empty() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    });
    check_host(&lab, &networks);
    let screen = Screen::console(&lab, (80, 25));
    screen.wait_until("the daemon's word", |shown| {
        shown.contains("answers") && shown.contains("172.16.0.26/27")
    });
}

#[test]
fn a_reset_goes_on_to_its_end_when_its_terminal_goes_away() {
    let (lab, networks) = locked_out();
    let screen = Screen::console(&lab, (80, 25));
    screen.wait_for("DAEMON DOWN");
    screen.to_the_resets_summary("eth1", "172.16.0.26");
    screen.keys(&["r", "y", "e", "s", "Enter"]);
    screen.wait_until("the reset under way", |shown| shown.contains("wait ..."));
    screen.close();
    check_host(&lab, &networks);
}
