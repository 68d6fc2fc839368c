//! Runs a target and watches it from outside.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use crate::mutate::{Dice, Mutator};
use crate::{Target, corpus};

/// A case that keeps the processor for longer has failed.
const PROCESSOR: Duration = Duration::from_secs(1);
/// A case that waits for longer has failed, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(20);
/// Memory that a target may keep beyond what it had after its seeds, in KiB.
const GROWTH: u64 = 192 * 1024;
/// How often the watch looks.
const LOOK: Duration = Duration::from_millis(20);
/// Attempts to make a failing input smaller.
const ATTEMPTS: usize = 2000;

/// How a run is done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where chance begins.
    pub seed: u64,
    /// How long inputs are thought up.
    pub time: Duration,
    /// Where inputs that fail are written.
    pub found: PathBuf,
}

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// Seeds and regressions.
    pub replayed: usize,
    /// Inputs thought up.
    pub cases: u64,
    /// The time that they took.
    pub time: Duration,
    /// Memory in KiB that is there at the end and was not after the seeds.
    pub growth: u64,
    /// What failed: where, and the file with the input.
    pub failures: BTreeMap<String, PathBuf>,
}

/// Panics of any thread, and where the last one was.
static PANICS: AtomicU64 = AtomicU64::new(0);
static PLACE: Mutex<String> = Mutex::new(String::new());
static IN_CASE: AtomicBool = AtomicBool::new(false);

/// Counts panics, those that somebody catches too; without it a server's own guard would hide them.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let text = info.payload_as_str().unwrap_or("?");
            let text: String = text.chars().take(300).collect();
            *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = format!("{place}: {text}");
            PANICS.fetch_add(1, Ordering::SeqCst);
            // Outside of a case it is the driver's own, or a test's.
            if !IN_CASE.load(Ordering::SeqCst) {
                eprintln!("{place}: {text}");
            }
        }));
    });
}

/// Where it panics, if it does.
fn failing(target: &Target, input: &[u8]) -> Option<String> {
    let before = PANICS.load(Ordering::SeqCst);
    let caught = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    if PANICS.load(Ordering::SeqCst) == before && caught.is_ok() {
        return None;
    }
    let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Some(place)
}

/// The case under way, as its watch sees it.
struct Case {
    /// Counts cases; odd while one runs.
    number: AtomicU64,
    over: AtomicBool,
    file: File,
    path: PathBuf,
    target: &'static str,
    thread: i32,
}

impl Case {
    fn run(&self, target: &Target, input: &[u8]) -> Option<String> {
        // What kills the process (a stack that overflows, an allocation that fails) leaves its input here.
        self.file
            .write_all_at(input, 0)
            .expect("a file in memory takes bytes");
        self.file
            .set_len(input.len() as u64)
            .expect("a file in memory takes a length");
        self.number.fetch_add(1, Ordering::SeqCst);
        IN_CASE.store(true, Ordering::SeqCst);
        let failed = failing(target, input);
        IN_CASE.store(false, Ordering::SeqCst);
        self.number.fetch_add(1, Ordering::SeqCst);
        failed
    }

    /// Looks at the case until the run is over; a case that hangs cannot be ended, so that the process is.
    fn watch(&self) {
        let mut seen = (0, Instant::now(), Duration::ZERO);
        while !self.over.load(Ordering::SeqCst) {
            std::thread::park_timeout(LOOK);
            let number = self.number.load(Ordering::SeqCst);
            if number != seen.0 {
                seen = (number, Instant::now(), processor(self.thread));
                continue;
            }
            if number.is_multiple_of(2) {
                continue;
            }
            let busy = processor(self.thread).saturating_sub(seen.2);
            if busy > PROCESSOR || seen.1.elapsed() > PATIENCE {
                eprintln!(
                    "{}: a case takes longer than {PROCESSOR:?}; it is in {}",
                    self.target,
                    self.path.display()
                );
                std::process::abort();
            }
        }
    }
}

/// Processor time of a thread.
fn processor(thread: i32) -> Duration {
    let path = format!("/proc/self/task/{thread}/schedstat");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Memory of this process in KiB.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse::<u64>().ok());
    pages.unwrap_or(0) * 4
}

/// Replays what is kept and thinks inputs up, on a thread with the stack that the daemon's threads have.
pub fn fuzz(target: &'static Target, plan: &Plan) -> Report {
    count_panics();
    let plan = plan.clone();
    let thread = std::thread::Builder::new().name(target.name.to_owned());
    let run = thread
        .spawn(move || on_this_thread(target, &plan))
        .expect("a thread");
    run.join().expect("the driver does not panic")
}

fn on_this_thread(target: &'static Target, plan: &Plan) -> Report {
    std::fs::create_dir_all(&plan.found).expect("a directory for what is found");
    let name = format!("{}-{}.current", target.name, std::process::id());
    let path = plan.found.join(name);
    let case = Arc::new(Case {
        number: AtomicU64::new(0),
        over: AtomicBool::new(false),
        file: File::create(&path).expect("a file for the case"),
        path: path.clone(),
        target: target.name,
        thread: nix::unistd::gettid().as_raw(),
    });
    let watched = Arc::clone(&case);
    let watch = std::thread::spawn(move || watched.watch());
    let report = run(target, plan, &case);
    case.over.store(true, Ordering::SeqCst);
    watch.thread().unpark();
    watch.join().expect("the watch does not panic");
    std::fs::remove_file(&path).expect("the file of the case");
    report
}

fn run(target: &Target, plan: &Plan, case: &Case) -> Report {
    let kept =
        |found: std::io::Result<Vec<(PathBuf, Vec<u8>)>>| found.expect("the corpus can be read");
    let regressions = kept(corpus::regressions(target.name));
    let all: Vec<_> = kept(corpus::seeds(target.name))
        .into_iter()
        .chain(regressions)
        .collect();
    let mut failures = BTreeMap::new();
    for (path, input) in &all {
        if let Some(place) = case.run(target, input) {
            failures.insert(place, path.clone());
        }
    }
    let seeds: Vec<Vec<u8>> = all.into_iter().map(|(_, bytes)| bytes).collect();
    let mut mutator = Mutator {
        dice: Dice::new(plan.seed),
        words: target.words,
        longest: target.longest,
    };
    let (before, begin, mut cases) = (memory(), Instant::now(), 0_u64);
    while begin.elapsed() < plan.time {
        let input = mutator.input(&seeds);
        cases += 1;
        if let Some(place) = case.run(target, &input)
            && !failures.keys().any(|known| spot(known) == spot(&place))
        {
            let small = smaller(target, case, input, &place);
            let path = save(&plan.found, target, &small);
            eprintln!("{}: {place}\n  {}", target.name, path.display());
            failures.insert(place, path);
        }
        if cases.is_multiple_of(1024) {
            check_growth(target, before);
        }
    }
    Report {
        replayed: seeds.len(),
        cases,
        time: begin.elapsed(),
        growth: memory().saturating_sub(before),
        failures,
    }
}

fn check_growth(target: &Target, before: u64) {
    let grown = memory().saturating_sub(before);
    if grown > GROWTH {
        eprintln!("{}: {grown} KiB more than after the seeds", target.name);
        std::process::abort();
    }
}

/// File, line and column of a failure.
fn spot(place: &str) -> &str {
    place.split(": ").next().unwrap_or_default()
}

/// The same failure of fewer bytes.
fn smaller(target: &Target, case: &Case, mut input: Vec<u8>, place: &str) -> Vec<u8> {
    let mut size = input.len() / 2;
    let mut attempts = 0;
    while size > 0 && attempts < ATTEMPTS {
        let mut at = 0;
        while at < input.len() && attempts < ATTEMPTS {
            let mut less = input.clone();
            less.drain(at..(at + size).min(input.len()));
            attempts += 1;
            match case.run(target, &less) {
                Some(other) if spot(&other) == spot(place) => input = less,
                _ => at += size,
            }
        }
        size /= 2;
    }
    input
}

fn save(directory: &Path, target: &Target, input: &[u8]) -> PathBuf {
    let sum = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = directory.join(format!("{}-{sum:016x}", target.name));
    std::fs::write(&path, input).expect("the input that failed can be written");
    path
}
