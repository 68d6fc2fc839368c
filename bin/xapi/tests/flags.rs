//! What the daemon does without starting.

use std::process::{Command, Output};

fn xapi(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xapi"))
        .args(words)
        .output()
        .expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_steps_of_start_up_are_listed_with_where_they_run_and_what_their_failure_means() {
    let out = xapi(&["--list-startup"]);
    assert!(out.status.success());
    let text = text(&out.stdout);
    assert!(text.lines().any(|line| line.starts_with("master")
        && line.contains("stop")
        && line.contains("records")));
    assert!(
        text.lines()
            .last()
            .is_some_and(|line| line.contains("certificates")),
        "{text}"
    );
}

#[test]
fn a_configuration_with_a_mistake_is_refused_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("xapi.toml");
    let path = path.to_str().unwrap();
    for (content, says) in [
        ("nics = [\"eth[0\"]\n", "nics"),
        ("colour = 1\n", "colour"),
        ("change_deadline = 0\n", "change_deadline"),
    ] {
        std::fs::write(path, content).unwrap();
        let out = xapi(&["--config", path, "--check-config"]);
        assert_eq!(out.status.code(), Some(1), "{content}");
        assert!(
            text(&out.stderr).contains(says),
            "{content}: {}",
            text(&out.stderr)
        );
    }
    std::fs::write(path, "nics = [\"eth[0-9]*\"]\n").unwrap();
    assert!(xapi(&["--config", path, "--check-config"]).status.success());
    let out = xapi(&["--config", "/nonexistent/xapi.toml", "--check-config"]);
    assert_eq!(out.status.code(), Some(1));
}

#[test]
fn the_manual_page_and_the_completion_name_every_flag() {
    let man = text(&xapi(&["--man"]).stdout);
    let completion = text(&xapi(&["--completion", "bash"]).stdout);
    for flag in ["root", "config", "log", "list", "check"] {
        assert!(man.contains(flag) && completion.contains(flag), "{flag}");
    }
}
