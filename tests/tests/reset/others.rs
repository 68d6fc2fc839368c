//! Other programs that make networks would take the NIC back: they are stopped before it is taken.

use xapi_tests::Lab;

use crate::host::{ADDRESS, STATIC, answers, back, command, furnished, is_reset, kept};

/// A systemd that runs NetworkManager and ifupdown beside the daemon, as far as a reset asks. It notes what it is asked,
/// and whether somebody else's bridge still held the NIC then.
const SYSTEMCTL: &str = r#"#!/bin/sh
held=free
ip -o link show eth0 | grep -q 'master br7' && held=held
echo "$* $held" >>/run/asked
case "$*" in
    'is-active --quiet NetworkManager.service' | 'is-active --quiet networking.service') ;;
    is-active*) exit 3 ;;
    'stop xcp-networkd') exit 5 ;;
    'stop networking.service') echo 'Failed to stop networking.service' >&2; exit 1 ;;
    'stop xapi' | 'start xapi') exec service xapi "$1" ;;
esac
"#;

fn with_systemd(lab: &Lab) {
    let script = "mkdir -p /run/systemd/system; rm -f /run/lab/bin/systemctl
                  cat >/run/lab/bin/systemctl; chmod +x /run/lab/bin/systemctl";
    lab.feed("xs-1", script, SYSTEMCTL);
}

#[test]
fn those_that_run_are_stopped_and_told_and_one_that_cannot_be_stops_nothing() {
    let (lab, xen) = furnished();
    let before = kept(&xen);
    with_systemd(&lab);
    lab.verb(&["stop", "xs-1"]);
    let foreign = "ovs-vsctl del-br xenbr0; ip link add br7 type bridge; ip link set eth0 master br7; \
                   ip link set br7 up; ip address add 172.16.0.26/27 dev br7";
    lab.exec("xs-1", foreign);
    assert!(!answers(&lab, ADDRESS), "the host is not lost");
    let said = command(
        &lab,
        &format!("xe-reset-networking --yes --no-reboot {STATIC}"),
    );
    for words in [
        "NetworkManager.service is stopped; if it is enabled, the next boot starts it again",
        "Failed to stop networking.service",
    ] {
        assert!(said.contains(words), "no {words:?} in\n{said}");
    }
    assert!(!said.contains("dhcpcd.service"), "{said}");
    let asked = lab.exec("xs-1", "grep -v is-active /run/asked");
    let asked: Vec<&str> = asked.lines().collect();
    assert_eq!(
        asked,
        [
            "stop xcp-networkd held",
            "stop xapi held",
            "stop NetworkManager.service held",
            "stop networking.service held",
            "start xapi free",
        ]
    );
    back(&lab, ADDRESS);
    lab.exec("xs-1", "ip link delete br7");
    is_reset(&lab, "eth0", &before);
}
