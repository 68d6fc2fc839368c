//! The documents speak of what is there: links lead somewhere, commands exist, every setting is explained.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// The documents of the project, but for those of the crates' tools.
fn documents() -> Vec<(PathBuf, String)> {
    let mut found = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    };
    found.into_iter().map(read).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// A text without its fenced blocks.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut kept = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    assert!(!fenced, "a fenced block has no end");
    kept
}

/// Targets of `[text](target)`.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let after = prose.split("](").skip(1);
    after
        .filter_map(|rest| rest.split(')').next())
        .map(str::to_owned)
        .collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.map(anchor).collect()
}

#[test]
fn every_relative_link_leads_to_a_file_and_every_anchor_to_a_heading() {
    let mut broken = Vec::new();
    let mut followed = 0;
    for (path, text) in documents() {
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            let (file, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            let is_there = target.exists()
                && (fragment.is_empty()
                    || fs::read_to_string(&target)
                        .is_ok_and(|text| anchors(&text).contains(fragment)));
            if !is_there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(
        followed > 20,
        "only {followed} links: this looks at the wrong place"
    );
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_make_command_of_the_documents_is_in_the_makefile() {
    let makefile = read("Makefile");
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter(|line| !line.starts_with(['\t', '.', '#']))
        .filter_map(|line| line.split_once(':'))
        .filter(|(_, rest)| !rest.starts_with('='))
        .flat_map(|(names, _)| names.split_whitespace())
        .collect();
    let mut named = BTreeSet::new();
    for (path, text) in documents() {
        // A command stands in backticks, or alone in an indented line.
        let indented = text
            .lines()
            .filter_map(|line| line.strip_prefix("    make "));
        let quoted = text
            .split("`make ")
            .skip(1)
            .filter_map(|rest| rest.split('`').next());
        for command in indented.chain(quoted) {
            let target = command.split_whitespace().next().unwrap_or_default();
            assert!(
                targets.contains(target),
                "{}: there is no `make {target}`",
                path.display()
            );
            named.insert(target.to_owned());
        }
    }
    assert!(named.contains("run") && named.contains("test"), "{named:?}");
}

#[test]
fn every_setting_and_every_flag_is_explained_to_operators() {
    let settings = read("bin/xapi/src/settings.rs");
    let of_struct = settings
        .split("pub struct Settings {")
        .nth(1)
        .and_then(|rest| rest.split("\n}").next())
        .unwrap();
    let keys: Vec<&str> = of_struct
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub "))
        .filter_map(|line| line.split(':').next())
        .collect();
    assert!(keys.len() >= 8, "{keys:?}");
    let operating = read("docs/operating.md");
    for key in keys {
        assert!(
            operating.contains(&format!("| `{key}` |")),
            "docs/operating.md does not explain the setting {key}"
        );
    }
    let main = read("bin/xapi/src/main.rs");
    let flags = main
        .split("struct Flags {")
        .nth(1)
        .and_then(|rest| rest.split("\n}").next())
        .unwrap();
    let mut hidden = false;
    for line in flags.lines().map(str::trim) {
        if line.starts_with("#[arg") {
            hidden = line.contains("hide = true");
        } else if let Some((name, _)) = line.split_once(": ").filter(|_| !line.starts_with("//")) {
            let flag = format!("`--{}", name.replace('_', "-"));
            assert!(
                hidden || operating.contains(&flag),
                "docs/operating.md does not explain {flag}`"
            );
        }
    }
}

#[test]
fn the_steps_of_start_up_stand_in_the_architecture_in_their_order() {
    let source = read("crates/xapi-core/src/startup.rs");
    let table = source
        .split("pub const TABLE")
        .nth(1)
        .and_then(|rest| rest.split("\n];").next())
        .unwrap();
    let value = |step: &str, field: &str| {
        let line = step
            .lines()
            .find_map(|line| line.trim().strip_prefix(field));
        let value = line.unwrap_or_else(|| panic!("a step without {field}"));
        let value = value.trim().trim_end_matches(',');
        value
            .rsplit("::")
            .next()
            .unwrap_or(value)
            .trim_matches('"')
            .to_owned()
    };
    let steps: Vec<String> = table
        .split("Step {")
        .skip(1)
        .map(|step| {
            let (on, failing) = (value(step, "on:"), value(step, "failing:"));
            let (on, failing) = (on.to_lowercase(), failing.to_lowercase());
            format!("| {on} | {failing} | {} |", value(step, "name:"))
        })
        .collect();
    assert!(steps.len() >= 9, "{steps:?}");
    let text = read("docs/architecture.md");
    let mut from = 0;
    for step in steps {
        let at = text[from..].find(&step);
        from += at.unwrap_or_else(|| panic!("docs/architecture.md lacks, or misplaces: {step}"));
    }
}

#[test]
fn the_tests_that_hold_the_invariants_exist() {
    let architecture = read("docs/architecture.md");
    let chapter = architecture
        .split("## What always holds")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .unwrap();
    let mut sources = String::new();
    let mut folders = vec![
        root().join("crates"),
        root().join("xapi-db"),
        root().join("tests"),
    ];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                sources.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    // The name of a test is a sentence: at least four words.
    let named: BTreeSet<&str> = chapter
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.matches('_').count() >= 2 && !name.contains(['/', ':', '.', ' ', '=']))
        .collect();
    assert!(named.len() >= 15, "{named:?}");
    for name in named {
        assert!(
            sources.contains(&format!("fn {name}()")),
            "there is no test {name}"
        );
    }
}

#[test]
fn the_documents_speak_of_the_project_alone() {
    // Put together here, so that this file does not hold them.
    let places = [
        ["/wor", "k/"].concat(),
        ["/roo", "t/.cargo"].concat(),
        ["/ho", "me/"].concat(),
        ["shared/", "facts"].concat(),
        ["T", "ODO"].concat(),
        ["FIX", "ME"].concat(),
    ];
    for (path, text) in documents() {
        for place in &places {
            let line = text.lines().find(|line| line.contains(place.as_str()));
            assert!(line.is_none(), "{}: {}", path.display(), line.unwrap());
        }
    }
}
