//! Random network calls on a simulated host with machines that run, beside an oracle of plain maps, with failures and
//! crashes injected: every answer is the one expected, an error to the last parameter, every call is whole or nothing, and
//! what must always hold holds after each step.

mod machine;
mod model;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use machine::{Machine, Totals};

/// Calls on one host before it gives way to a fresh one.
const EPISODE: u64 = 1_000;
const THREADS: u64 = 2;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn any_calls_in_any_order_do_what_they_shall_or_nothing() {
    let seed = number("XAPI_CALLS_SEED", 20_261_126);
    let steps = number("XAPI_CALLS", 100_000);
    let episodes = steps.div_ceil(EPISODE);
    println!("XAPI_CALLS_SEED={seed} XAPI_CALLS={steps}");
    let begun = std::time::Instant::now();
    let totals: Vec<Totals> = std::thread::scope(|scope| {
        let run = |thread: u64| {
            let mut totals = Totals::default();
            for episode in (thread..episodes).step_by(THREADS as usize) {
                let seed = seed.wrapping_add(episode);
                let mut machine = Machine::new(seed);
                let done = catch_unwind(AssertUnwindSafe(|| {
                    (0..EPISODE.min(steps)).for_each(|_| machine.step(&mut totals))
                }));
                if let Err(panic) = done {
                    eprintln!("XAPI_CALLS_SEED={seed} XAPI_CALLS={EPISODE} fails, after");
                    machine.log.iter().for_each(|line| eprintln!("    {line}"));
                    resume_unwind(panic);
                }
            }
            totals
        };
        let workers: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || run(thread)))
            .collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined
            .map(|done| done.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    let all = totals.into_iter().fold(Totals::default(), Totals::plus);
    println!("{all:?} in {:?}", begun.elapsed());
    if steps >= 10_000 {
        let proves =
            all.done * 3 > steps && all.failed * 100 > steps && all.crashed * 1_000 > steps;
        assert!(proves, "the calls prove little: {all:?}");
    }
}
