//! What the program says about itself, and to whom it says no.

use std::os::unix::fs::PermissionsExt;

use super::*;

const VERBS: &[&str] = &[
    "up",
    "down",
    "exec",
    "restart",
    "kill",
    "stop",
    "start",
    "reboot",
    "pull",
    "plug-in",
    "add-nic",
    "remove-nic",
    "partition",
    "heal",
    "logs",
    "list",
    "man",
    "completion",
];

fn says(arguments: &[&str]) -> String {
    let output = Command::new(PROGRAM)
        .args(arguments)
        .output()
        .expect("running xapi-lab");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn every_verb_is_in_the_help_the_man_page_and_the_completion_and_has_its_own() {
    let (help, man, completion) = (
        says(&["help"]),
        says(&["man"]),
        says(&["completion", "bash"]),
    );
    for verb in VERBS {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(verb)),
            "help: {verb}"
        );
        assert!(
            man.contains(&format!("xapi\\-lab\\-{}", verb.replace('-', "\\-"))),
            "man: {verb}"
        );
        assert!(completion.contains(verb), "completion: {verb}");
        assert!(
            says(&["help", verb]).contains("Usage: xapi-lab"),
            "help {verb}"
        );
        assert!(says(&["man", verb]).contains(".SH SYNOPSIS"), "man {verb}");
    }
    assert!(
        completion.contains("xs-11 client"),
        "the completion offers hosts"
    );
}

#[test]
fn who_is_not_root_is_told_about_sudo() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("opening it to all");
    let program = dir.path().join("xapi-lab");
    fs::copy(PROGRAM, &program).expect("copying the program");
    for verb in ["up", "down", "list"] {
        let output = Command::new("setpriv")
            .args([
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                "--",
            ])
            .arg(&program)
            .arg(verb)
            .output()
            .expect("setpriv");
        assert_eq!(output.status.code(), Some(1));
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("sudo"),
            "{verb}"
        );
    }
}
