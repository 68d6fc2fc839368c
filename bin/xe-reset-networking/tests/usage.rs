//! What the command does without touching a host. That it is tested here has cargo build it for the labs, too.

use std::process::{Command, Output};

fn run(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xe-reset-networking"));
    command.args(words).output().expect("the program runs")
}

fn told(words: &[&str]) -> String {
    let out = run(words);
    assert_eq!(out.status.code(), Some(0), "{words:?}: {out:?}");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn it_has_a_manual_page_and_completion() {
    let man = told(&["--man"]);
    assert!(
        man.contains(".TH xe-reset-networking") && man.contains("keep"),
        "{man}"
    );
    let completion = told(&["--completion", "bash"]);
    assert!(completion.contains("--keep-bonds"), "{completion}");
}

#[test]
fn help_tells_each_option_and_the_version_its_own() {
    let help = told(&["--help"]);
    for option in [
        "--master",
        "--device",
        "--mode",
        "--mode-v6",
        "--ip",
        "--netmask",
        "--gateway",
        "--dns",
        "--vlan",
        "--novlan",
        "--dry-run",
    ] {
        assert!(help.contains(option), "{option}: {help}");
    }
    assert!(told(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn an_option_that_it_does_not_have_is_refused() {
    let out = run(&["--devices", "eth0"]);
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    assert!(
        String::from_utf8_lossy(&out.stderr).contains("--device"),
        "{out:?}"
    );
}
