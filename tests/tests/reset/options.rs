//! What is checked before anything is changed, and what is asked of whoever runs the command.

use std::process::Output;

use xapi_tests::Lab;

use crate::host::{ADDRESS, STATIC, answers};

fn run(lab: &Lab, line: &str) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = lab.run(&["exec", "xs-1", "--", "bash", "-c", line]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        status.code().expect("a status"),
        text(&stdout),
        text(&stderr),
    )
}

#[test]
fn nothing_changes_without_right_options_and_the_word_yes() {
    let lab = Lab::up(&[]);
    let state = "ovs-vsctl list-br; ip -o -4 address; cat /etc/xensource-inventory \
                 /etc/firstboot.d/data/management.conf; ls /var/tmp; cat /run/xapi.pid";
    let before = lab.exec("xs-1", state);
    let tool = "xe-reset-networking";
    for answer in ["no", "", "Yes", "y", "yes please", " yes"] {
        let (status, _, said) = run(&lab, &format!("echo '{answer}' | {tool} {STATIC}"));
        assert_eq!(status, 1, "{answer}: {said}");
        assert!(said.contains("nothing was changed"), "{said}");
    }
    let (status, _, said) = run(&lab, &format!("{tool} {STATIC} </dev/null"));
    assert_eq!(
        (status, said.contains("nothing was changed")),
        (1, true),
        "{said}"
    );
    for (options, told) in [
        (
            "--mode static --ip 10.0.0.5 --netmask 255.0.255.0",
            "--netmask 255.0.255.0: a netmask has its ones first, such as 255.255.255.0",
        ),
        (
            "--device eth9",
            "--device eth9: this host has no such NIC. It has\n  eth0",
        ),
        ("--mode none", "--mode is none for both families"),
        (
            "--mode-v6 perhaps",
            "--mode-v6 \"perhaps\": the mode of IPv6 is",
        ),
        ("--mode static", "--ip is missing"),
        (
            "--vlan 4095",
            "--vlan \"4095\": a VLAN is a number from 1 to 4094",
        ),
        ("--vlan 7 --novlan", "cannot be used with"),
        (
            "--master pool.example",
            "--master \"pool.example\": an address",
        ),
        (
            "--mode static --ip 10.0.0.5 --netmask 255.255.255.0 --gateway 10.0.1.1",
            "--gateway 10.0.1.1: this is not in the host's own network 10.0.0.0/24",
        ),
        (
            "--mode none --mode-v6 static --ipv6 fd00::1",
            "--ipv6 \"fd00::1\": an address of IPv6 with",
        ),
    ] {
        let (status, _, said) = run(&lab, &format!("{tool} --yes {options}"));
        assert_eq!(status, 2, "{options}: {said}");
        assert!(said.contains(told), "{options}: {said}");
    }
    let (status, said, _) = run(&lab, &format!("{tool} --dry-run {STATIC}"));
    assert_eq!(status, 0);
    assert!(
        said.contains("make the bridge xenbr0 over eth0 with 172.16.0.10/27"),
        "{said}"
    );
    assert!(said.contains("reboot"), "{said}");
    let ordinary = format!("setpriv --reuid 65534 --clear-groups $(command -v {tool}) --yes");
    let (status, _, said) = run(&lab, &ordinary);
    assert_eq!((status, said.contains("only root")), (1, true), "{said}");
    assert_eq!(lab.exec("xs-1", state), before);
    assert!(answers(&lab, ADDRESS));
}
