//! The program's flags, run as people run them.

use std::process::{Command, Output, Stdio};

fn xsconsole(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xsconsole"))
        .args(words)
        .stdin(Stdio::null())
        .output()
        .expect("running xsconsole")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_manual_page_and_the_document_tell_about_every_flag() {
    let help = text(&xsconsole(&["--help"]).stdout);
    let flags: Vec<&str> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--"))
        .map(|word| word.trim_end_matches([',', ';', ']']))
        .collect();
    assert!(
        flags.contains(&"--print-status") && flags.contains(&"--url"),
        "{flags:?}"
    );
    let manual = text(&xsconsole(&["--man"]).stdout).replace('\\', "");
    let document = include_str!("../../../docs/console.md");
    for flag in flags {
        assert!(manual.contains(flag), "{flag} is not in the manual page");
        let explained = document.contains(&format!("`{flag}"));
        assert!(explained, "docs/console.md does not explain {flag}");
    }
    let completion = text(&xsconsole(&["--completion", "bash"]).stdout);
    assert!(completion.contains("--print-status"), "{completion}");
}

#[test]
fn without_a_terminal_it_says_what_to_type() {
    let output = xsconsole(&[]);
    assert!(!output.status.success());
    let errors = text(&output.stderr);
    assert!(errors.contains("--print-status"), "{errors}");
    assert_eq!(text(&output.stdout), "", "nothing is drawn");
}

#[test]
fn an_address_that_is_none_is_refused_with_an_example() {
    let output = xsconsole(&["--url", "xs-1", "--print-status"]);
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("https://xs-1"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_status_is_printed_also_where_there_is_nothing_of_a_host() {
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path().to_str().expect("a path in UTF-8");
    let output = xsconsole(&["--print-status", "--root", root]);
    assert_eq!(output.status.code(), Some(1), "no daemon answers");
    let page = text(&output.stdout);
    for row in ["Host ", "Pool role", "Daemon", "NICs", "Alerts"] {
        assert!(page.contains(row), "no {row} in\n{page}");
    }
}
