//! A pool of four under random faults, while its network is changed: hosts are cut off, their daemons killed, machines
//! rebooted, masters replaced. Then all is healed, and: every answer was kept, every refusal left nothing, each replica is
//! the master's, each host is what its rows say, and each is reached.
//!
//! XAPI_SEED repeats a run's choices (not its timing); XAPI_POOL_FAULTS_SECONDS says how long there are faults.

mod changes;
mod checks;
mod ledger;
mod strikes;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use xapi_model::Value;
use xapi_tests::{Lab, Xen};

use ledger::Ledger;

/// Its hosts.
const HOSTS: [&str; 4] = ["xs-1", "xs-2", "xs-3", "xs-4"];

/// How long there are faults, in seconds: in any run of the tests, and in a soak.
const BRIEF: u64 = 120;
const LONG: u64 = 600;

/// How long a call may take before it counts as unanswered.
const CALL: Duration = Duration::from_secs(120);

/// Numbers that the same seed gives again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn between(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.below(most - least))
    }
}

fn seed() -> u64 {
    let given = std::env::var("XAPI_SEED").ok();
    let clock = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.expect("after 1970").as_nanos() as u64
    };
    given
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(clock)
        | 1
}

fn duration() -> Duration {
    let given = std::env::var("XAPI_POOL_FAULTS_SECONDS").ok();
    let seconds = match given {
        Some(text) => text.parse().expect("a number of seconds"),
        None if std::env::var_os("XAPI_SOAK").is_some() => LONG,
        None => BRIEF,
    };
    Duration::from_secs(seconds)
}

/// The pool, and what those who strike and those who change tell each other.
struct World {
    lab: Lab,
    /// Who is the master, as far as whoever made it so knows.
    master: Mutex<&'static str>,
    /// Held by each change for reading; by whoever wants none to be under way for writing.
    changes: RwLock<()>,
    over: AtomicBool,
    ledger: Mutex<Ledger>,
    began: Instant,
}

impl World {
    fn master(&self) -> &'static str {
        *self.master.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_master(&self, host: &'static str) {
        *self.master.lock().unwrap_or_else(PoisonError::into_inner) = host;
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The API of the master, over its own socket.
    fn api(&self) -> Result<Xen, String> {
        let socket = self.lab.socket(self.master());
        Xen::patient(&socket, CALL).map_err(|why| why.to_string())
    }

    fn say(&self, what: &str) {
        println!("{:7.2} {what}", self.began.elapsed().as_secs_f64());
    }
}

#[test]
fn soak_what_a_pool_of_four_has_answered_holds_whatever_happens_to_its_hosts() {
    let seed = seed();
    let time = duration();
    println!("XAPI_SEED={seed}, {time:?}");
    let mut dice = Dice(seed);
    let lab = Lab::up(&["--hosts", "4", "--nics", "4"]);
    // Each host's networks are its own affair here: what a slave takes over from its master is tested elsewhere.
    let xen = lab.api(HOSTS[0]);
    let pools = xen.all::<xapi_model::Pool>();
    for what in ["sync_vlans", "sync_bonds", "sync_tunnels"] {
        let words = vec![
            pools[0].0.as_str().into(),
            what.into(),
            Value::from("nosync"),
        ];
        let done = xen.session().call("pool.add_to_other_config", words);
        done.expect("pool.add_to_other_config");
    }
    let ledger = Ledger::of(&xen);
    let world = World {
        lab,
        master: Mutex::new(HOSTS[0]),
        changes: RwLock::new(()),
        over: AtomicBool::new(false),
        ledger: Mutex::new(ledger),
        began: Instant::now(),
    };
    let (world, mut other) = (&world, Dice(seed.rotate_left(32) | 1));
    std::thread::scope(|scope| {
        let changing = scope.spawn(move || {
            let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                changes::make(world, &mut other)
            }));
            // Nobody strikes any more after a failure.
            world.over.store(true, Ordering::Release);
            made
        });
        let struck = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            strikes::strike(world, &mut dice, time)
        }));
        world.over.store(true, Ordering::Release);
        let mut told = struck.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match changing.join().expect("it catches what goes wrong") {
            Ok(changed) => told.push_str(&format!("; {changed}")),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        println!("XAPI_SEED={seed}: {told}");
    });
    checks::all(world);
    println!(
        "XAPI_SEED={seed}: all checked after {:?}",
        world.began.elapsed()
    );
}
