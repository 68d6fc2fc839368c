//! Pools of simulated hosts, seeded: random calls, partitions, lost messages, slow disks, clocks that jump, daemons that
//! are killed, masters that are lost and replaced. Whatever happens, what was answered is there, what was refused has
//! left nothing, and every host that reaches its master is as the master's rows say.
//!
//! `XAPI_POOL_SEED=…` runs one seed, `XAPI_POOL_SEEDS=…` so many.

mod calls;
mod driver;
mod found;
mod rows;
mod secret;
mod witness;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use driver::{Driver, Totals};

/// Seeds of every run of the tests.
const SEEDS: u64 = 16;

/// Seeds of the long run.
const SOAK: u64 = 10_000;

/// A seed of a pool of 64 hosts, of every run of the tests.
const LARGE: u64 = 250;

/// Steps of one seed.
const STEPS: usize = 14;

/// The number in a variable of the environment.
fn asked(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}

fn run(seed: u64) -> Totals {
    let mut driver = None;
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let driver = driver.insert(Driver::new(seed));
        for _ in 0..STEPS {
            driver.step();
        }
        driver.ends();
        driver.totals
    }));
    ran.unwrap_or_else(|why| {
        let log = driver.as_ref().map(Driver::log).unwrap_or_default();
        eprintln!("XAPI_POOL_SEED={seed}, the last steps:\n{log}");
        // Its daemons may be in any state.
        std::mem::forget(driver);
        std::panic::resume_unwind(why)
    })
}

/// Runs the seeds of `which` of two tests.
fn seeds(which: u64) {
    if let Some(seed) = asked("XAPI_POOL_SEED") {
        if which == 0 {
            println!("seed {seed}: {:?}", run(seed));
        }
        return;
    }
    let first = asked("XAPI_POOL_FIRST").unwrap_or(1);
    let soak = std::env::var_os("XAPI_SOAK").map_or(SEEDS, |_| SOAK);
    let number = asked("XAPI_POOL_SEEDS").unwrap_or(soak);
    let (began, mut totals) = (Instant::now(), Totals::default());
    static FAILED: AtomicU64 = AtomicU64::new(0);
    for seed in (first..first + number).filter(|seed| seed % 2 == which) {
        if asked("XAPI_POOL_GO_ON").is_none() {
            totals = totals.plus(run(seed));
            continue;
        }
        match std::panic::catch_unwind(|| run(seed)) {
            Ok(of) => totals = totals.plus(of),
            Err(_) => {
                FAILED.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    println!(
        "seeds {first}..{}: {totals:?} in {:.1?}",
        first + number,
        began.elapsed()
    );
    assert_eq!(FAILED.load(Ordering::Relaxed), 0, "seeds have failed");
}

#[test]
fn pools_hold_together_whatever_happens_to_lines_disks_clocks_and_daemons_odd_seeds() {
    seeds(1);
}

#[test]
fn pools_hold_together_whatever_happens_to_lines_disks_clocks_and_daemons_even_seeds() {
    seeds(0);
}

#[test]
fn a_pool_of_64_hosts_holds_together() {
    if asked("XAPI_POOL_SEED").is_some() {
        println!("only the seed that was asked for");
    } else {
        let totals = run(LARGE);
        assert_eq!(totals.hosts, 64);
        println!("seed {LARGE}: {totals:?}");
    }
}
