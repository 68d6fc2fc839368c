//! All targets: what is kept, and what chance finds in some seconds.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use xapi_fuzz::corpus;
use xapi_fuzz::drive::{Plan, fuzz};
use xapi_fuzz::targets::TARGETS;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text}: a number is needed")),
    )
}

#[test]
fn no_bytes_from_outside_make_it_panic_hang_or_grow() {
    let chosen = std::env::var("FUZZ_TARGETS").unwrap_or_default();
    let chosen: Vec<_> = chosen.split(',').filter(|name| !name.is_empty()).collect();
    let mut targets: Vec<_> = TARGETS.iter().collect();
    targets.retain(|target| chosen.is_empty() || chosen.contains(&target.name));
    assert!(!targets.is_empty(), "no target has such a name: {chosen:?}");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seed = number("FUZZ_SEED").unwrap_or_else(|| now.expect("a clock").as_millis() as u64);
    let time = Duration::from_secs(number("FUZZ_SECONDS").unwrap_or(20)) / targets.len() as u32;
    let found = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("found");
    let plan = Plan { seed, time, found };
    println!("FUZZ_SEED={seed}; {} targets, {time:?} each", targets.len());
    let mut failed = Vec::new();
    for target in targets {
        let report = fuzz(target, &plan);
        let rate = report.cases as f64 / report.time.as_secs_f64();
        println!(
            "{:14} {:4} kept {:9} cases {rate:9.0}/s {:6} KiB more",
            target.name, report.replayed, report.cases, report.growth
        );
        let name = target.name;
        failed.extend(
            report
                .failures
                .into_iter()
                .map(|(place, path)| (name, place, path)),
        );
    }
    for (name, place, path) in &failed {
        println!("{name}: {place}\n  {}", path.display());
    }
    assert!(
        failed.is_empty(),
        "FUZZ_SEED={seed}: {} failures",
        failed.len()
    );
}

#[test]
fn every_directory_of_seeds_belongs_to_a_target_that_has_some() {
    let mut names = Vec::new();
    for directory in ["corpus", "regressions"] {
        let entries = match std::fs::read_dir(corpus::here(directory)) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.expect("the directory"),
        };
        for entry in entries {
            let name = entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name");
            assert!(
                TARGETS.iter().any(|target| target.name == name),
                "{directory}/{name}"
            );
            names.push(name);
        }
    }
    for target in TARGETS {
        assert!(
            names.iter().any(|name| name == target.name),
            "{} has no seeds",
            target.name
        );
    }
}
