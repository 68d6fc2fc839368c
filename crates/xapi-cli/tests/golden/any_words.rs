//! Whatever the words, `xe` says something and ends with 0 or 1.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::fake::world;

/// Words that mean something, and some that do not.
fn word() -> impl Strategy<Value = String> {
    let names = [
        "uuid",
        "param-name",
        "param-key",
        "params",
        "device",
        "other-config",
        "other-config:a",
        "tags",
        "tags:contains",
        "properties",
        "properties:x",
        "MAC",
        "mode",
        "vlan",
        "pif-uuid",
        "pif-uuids",
        "network-uuid",
        "host-uuid",
        "host",
        "minimal",
        "all",
        "multiple",
        "database:x",
        "priority",
        "before",
        "",
    ];
    let values = [
        "pif-eth0",
        "network-2",
        "bond-0",
        "host-1",
        "all",
        "other-config",
        "tags",
        "properties",
        "true",
        "-1",
        "7",
        "active-backup",
        "a,b",
        ",",
        "é:",
        "",
        "9223372036854775808",
        "x y",
    ];
    prop_oneof![
        6 => (prop::sample::select(names.to_vec()), prop::sample::select(values.to_vec())).prop_map(|(k, v)| format!("{k}={v}")),
        1 => prop::sample::select(&["--minimal", "--json", "--all", "--multiple", "--trace", "--", "-", "-u", "-s", "=", ":"][..])
            .prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ]
}

#[test]
fn no_words_make_it_panic() {
    let names: Vec<String> = {
        let all = world().xe("help --all --minimal").out;
        all.trim_end()
            .split(',')
            .map(str::to_owned)
            .chain(["help".to_owned(), "man".to_owned()])
            .collect()
    };
    let line = (
        prop_oneof![9 => prop::sample::select(names), 1 => word()],
        prop::collection::vec(word(), 0..6),
    );
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("SEED={seed}");
    let config = Config {
        cases: 3000,
        rng_seed: proptest::test_runner::RngSeed::Fixed(seed),
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&line, |(name, words)| {
        let words: Vec<&str> = std::iter::once(name.as_str())
            .chain(words.iter().map(String::as_str))
            .collect();
        let got = world().words(&words);
        prop_assert!(got.status == 0 || got.status == 1);
        if got.status == 0
            && words[1..].contains(&"--json")
            && !words.contains(&"-u")
            && !words.contains(&"-s")
        {
            let read = serde_json::from_str::<serde_json::Value>(&got.out);
            prop_assert!(read.is_ok(), "{:?} printed {:?}", words, got.out);
        }
        prop_assert_eq!(
            got.status == 0,
            got.err.is_empty() || got.out.starts_with("operation failed")
        );
        Ok(())
    });
    if let Err(why) = outcome {
        panic!("SEED={seed}: {why}");
    }
}

/// Also no words at all.
#[test]
fn nothing_is_a_syntax_error() {
    let got = world().words(&[]);
    assert_eq!(
        (got.status, got.err.as_str()),
        (1, "Syntax error: For usage run: 'xe help'\n")
    );
}
