//! The script that `xe completion` prints, in bash as it is: `=` and `:` end words, as they do by default.

use std::process::Command;

use crate::stand::{Stand, XE, told};

/// The breaks of words that bash has by default.
const BREAKS: &str = " \t\n\"'><=;|&(:";

fn offered(stand: &Stand, breaks: &str, line: &str) -> Vec<String> {
    let script = r#"
        set -u
        xe() { "$XE" "$@"; }
        source <(xe completion)
        complete -p xe >&2
        COMP_WORDBREAKS=$BREAKS
        COMP_LINE=$LINE COMP_POINT=${#LINE}
        _xe
        printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"}
    "#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", script]);
    let with = stand.command(&[]);
    bash.envs(
        with.get_envs()
            .filter_map(|(key, value)| Some((key, value?))),
    );
    bash.env_remove("XE_EXTRA_ARGS").env("XE", XE);
    bash.env("LINE", line).env("BREAKS", breaks);
    let got = told(&mut bash);
    assert_eq!(got.err, "complete -o nospace -F _xe xe\n", "{line:?}");
    assert_eq!(got.status, Some(0), "{line:?}");
    let lines = got.out.lines().filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// What bash puts in the place of what follows the last break.
fn check(stand: &Stand, line: &str, expected: &[&str]) {
    assert_eq!(offered(stand, BREAKS, line), expected, "{line:?}");
}

#[test]
fn commands_are_offered_by_their_first_words_and_then_whole() {
    let stand = Stand::new();
    let all = offered(&stand, BREAKS, "xe ");
    assert!(
        all.contains(&"pif-".to_owned()) && all.contains(&"bond-".to_owned()),
        "{all:?}"
    );
    assert!(!all.iter().any(|name| name == "pif-list "));
    check(
        &stand,
        "xe bond-",
        &[
            "bond-create ",
            "bond-destroy ",
            "bond-list ",
            "bond-param-clear ",
            "bond-param-get ",
            "bond-param-list ",
            "bond-param-set ",
            "bond-set-mode ",
        ],
    );
    check(&stand, "xe pif-reconfigure-ipv", &["pif-reconfigure-ipv6 "]);
    check(&stand, "xe help bond-set", &["bond-set-mode "]);
    check(&stand, "xe nonsense", &[]);
}

#[test]
fn parameters_are_offered_until_they_are_given() {
    let stand = Stand::new();
    check(
        &stand,
        "xe bond-create ",
        &[
            "network-uuid=",
            "pif-uuids=",
            "mac=",
            "mode=",
            "properties:",
        ],
    );
    check(
        &stand,
        "xe bond-create network-uuid=network-2 m",
        &["mac=", "mode="],
    );
    check(&stand, "xe bond-create mode=lacp m", &["mac="]);
    check(
        &stand,
        "xe pif-reconfigure-ip uuid=pif-eth0 ",
        &["mode=", "IP=", "netmask=", "gateway=", "DNS="],
    );
    check(&stand, "xe pif-list --mi", &["--minimal "]);
    // After a colon only what follows it is replaced.
    check(&stand, "xe pif-list capabilities:c", &["contains="]);
}

#[test]
fn values_come_from_the_server() {
    let stand = Stand::new();
    check(
        &stand,
        "xe pif-plug uuid=",
        &["pif-bond0 ", "pif-eth0 ", "pif-eth3 "],
    );
    check(
        &stand,
        "xe pif-plug uuid=pif-e",
        &["pif-eth0 ", "pif-eth3 "],
    );
    check(
        &stand,
        "xe bond-create network-uuid=",
        &["network-2 ", "network-0 "],
    );
    check(&stand, "xe pif-list device=eth", &["eth0 ", "eth3 "]);
    check(&stand, "xe host-enable host=", &["xs-1 "]);
    // Of a list the last item.
    check(
        &stand,
        "xe bond-create pif-uuids=pif-eth0,pif-eth",
        &["pif-eth0,pif-eth0", "pif-eth0,pif-eth3"],
    );
    check(
        &stand,
        "xe pif-list params=uuid,dev",
        &["uuid,device", "uuid,device-id", "uuid,device-name"],
    );
}

#[test]
fn values_that_the_shell_would_cut_are_quoted_and_commas_in_them_are_no_separators() {
    let stand = Stand::new();
    check(
        &stand,
        "xe network-list name-label=MGT",
        &["MGT\\,\\ bonded "],
    );
    check(
        &stand,
        "xe network-list name-label=Pool-wide\\ netw",
        &["Pool-wide\\ network\\ associated\\ with\\ eth0 "],
    );
    // Behind each colon of an address.
    check(&stand, "xe pif-list MAC=00:16:3e:00:00:0", &["0a ", "0d "]);
}

#[test]
fn words_that_the_commands_know_are_offered() {
    let stand = Stand::new();
    check(
        &stand,
        "xe bond-create mode=",
        &["balance-slb ", "active-backup ", "lacp "],
    );
    check(&stand, "xe bond-create mode=ba", &["balance-slb "]);
    check(
        &stand,
        "xe pif-reconfigure-ip mode=",
        &["dhcp ", "static ", "none "],
    );
    check(&stand, "xe pif-reconfigure-ipv6 mode=a", &["autoconf "]);
    check(
        &stand,
        "xe pif-set-primary-address-type primary_address_type=ipv",
        &["ipv4 ", "ipv6 "],
    );
    check(
        &stand,
        "xe network-param-add param-name=",
        &["other-config ", "purpose ", "tags "],
    );
    check(
        &stand,
        "xe network-param-get param-name=name-",
        &["name-description ", "name-label "],
    );
}

#[test]
fn a_shell_that_does_not_break_at_equals_signs_gets_whole_words() {
    let stand = Stand::new();
    let got = offered(&stand, " \t\n", "xe bond-create mode=ba");
    assert_eq!(got, ["mode=balance-slb "]);
}

#[test]
fn options_before_the_command_are_no_command_and_reach_the_server() {
    let stand = Stand::new();
    let port = stand.address.port();
    check(
        &stand,
        &format!("xe -p {port} -u admin -pw open,\\ sesame pif-plug uuid=pif-e"),
        &["pif-eth0 ", "pif-eth3 "],
    );
    assert_eq!(stand.asked()[0], "login admin");
    check(&stand, "xe -s ", &[]);
}
