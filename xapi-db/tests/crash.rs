//! A process that writes is killed at random moments, between and inside commits, while it opens and while it empties
//! its log: every commit that it was told of is there, at most the one under way is there beside them, and of each
//! either all or nothing. `XAPI_SOAK_KILLS` sets how often, `XAPI_SEED` which moments.

use std::io::{BufRead, BufReader, Read as _, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use xapi_db::{Options, Read, Store};
use xapi_model::{Bond, Class, Network, Pif, Ref, Session};

/// Rows that each commit writes together.
const NETWORKS: usize = 5;

fn random(state: &mut u64, below: u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

fn net(n: usize) -> Ref<Network> {
    Ref::new(format!("OpaqueRef:net-{n}"))
}

/// Commit number `n` writes `n` into every network, moves a PIF from one to the next, makes a bond and removes the
/// one of two commits ago, and now and then writes so much that the log has to be emptied.
fn write(store: &Store, n: i64) -> u64 {
    let draft = store.draft().unwrap();
    let pif = Ref::<Pif>::new("OpaqueRef:pif");
    if n == 1 {
        for at in 0..NETWORKS {
            draft.insert_as(net(at), Network::blank()).unwrap();
        }
        draft.insert_as(pif.clone(), Pif::blank()).unwrap();
    }
    let bulk = "x".repeat(if n % 7 == 0 { 300_000 } else { 100 });
    for at in 0..NETWORKS {
        draft.set(&net(at), Network::MTU, n).unwrap();
        draft
            .set(&net(at), Network::NAME_DESCRIPTION, format!("{n} {bulk}"))
            .unwrap();
    }
    draft
        .set(&pif, Pif::NETWORK, net(n as usize % NETWORKS))
        .unwrap();
    let bond = |n: i64| Ref::<Bond>::new(format!("OpaqueRef:bond-{n}"));
    let links_up = n;
    draft
        .insert_as(
            bond(n),
            Bond {
                master: pif,
                links_up,
                ..Bond::blank()
            },
        )
        .unwrap();
    if n > 2 {
        draft.destroy(&bond(n - 2)).unwrap();
    }
    let session = draft.insert(Session::blank()).unwrap();
    draft
        .set(&session, Session::ORIGINATOR, n.to_string())
        .unwrap();
    store.commit(draft).unwrap().generation
}

/// The number of the last commit in a store; panics if any commit is there by half.
fn check(store: &Store) -> i64 {
    let view = store.view().unwrap();
    let networks = view.all::<Network>().unwrap();
    assert!(
        view.all::<Session>().unwrap().is_empty(),
        "a session survived"
    );
    if networks.is_empty() {
        assert!(view.all::<Pif>().unwrap().is_empty());
        return 0;
    }
    assert_eq!(networks.len(), NETWORKS);
    let n = networks[0].1.mtu;
    let pif = Ref::<Pif>::new("OpaqueRef:pif");
    for (reference, network) in &networks {
        assert_eq!(network.mtu, n);
        assert!(network.name_description.starts_with(&format!("{n} ")));
        let here = *reference == net(n as usize % NETWORKS);
        assert_eq!(
            network.pifs.contains(&pif),
            here,
            "the view agrees with the field"
        );
    }
    let mut bonds: Vec<_> = view
        .all::<Bond>()
        .unwrap()
        .into_iter()
        .map(|b| b.1.links_up)
        .collect();
    bonds.sort_unstable();
    assert_eq!(bonds, if n == 1 { vec![1] } else { vec![n - 1, n] });
    assert_eq!(
        view.field(&pif, Pif::BOND_MASTER_OF).unwrap().len(),
        bonds.len()
    );
    n
}

#[test]
#[ignore = "this is the process that is killed"]
fn child() {
    let path = std::env::var("XAPI_CRASH_PATH").expect("started by the test below");
    let store = Store::open(Path::new(&path), Options::default()).unwrap();
    let mut n = check(&store);
    let mut out = std::io::stdout();
    loop {
        n += 1;
        let generation = write(&store, n);
        // One write, so that the other end sees a whole line or none.
        out.write_all(format!("done {n} {generation}\n").as_bytes())
            .unwrap();
        out.flush().unwrap();
    }
}

fn start(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child", "--nocapture"])
        .env("XAPI_CRASH_PATH", path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The commits, with their generations, that the child was told are done.
fn answered(text: &str) -> Vec<(i64, u64)> {
    let lines = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    lines
        .filter_map(|line| {
            // The test runner of the child writes to the same place.
            let done = &line[line.find("done ")?..];
            let mut words = done.split_whitespace().skip(1);
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .collect()
}

#[test]
fn what_was_answered_survives_being_killed_and_nothing_is_there_by_half() {
    let kills = number("XAPI_SOAK_KILLS", 60);
    let seed = number("XAPI_SEED", u64::from(std::process::id()));
    println!("XAPI_SEED={seed}");
    let mut state = seed;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let (mut last, mut generation, mut inside, mut written) = (0, 0, 0, 0);
    for _ in 0..kills {
        let mut child = start(&path);
        let mut pipe = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        // Some die while they open, the others some time after a commit.
        let commits = random(&mut state, 12);
        while answered(&text).len() < commits as usize {
            assert_ne!(
                pipe.read_line(&mut text).unwrap(),
                0,
                "the child ended by itself: {text}"
            );
        }
        let pause = if commits == 0 { 40_000 } else { 6_000 };
        let moment = Instant::now() + Duration::from_micros(random(&mut state, pause));
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        pipe.read_to_string(&mut text).unwrap();
        let answered = answered(&text);
        written += answered.len();
        let told = answered.last().map_or(last, |(n, _)| *n);
        generation = answered
            .iter()
            .map(|(_, g)| *g)
            .max()
            .unwrap_or(generation)
            .max(generation);

        let store = Store::open(&path, Options::default()).unwrap();
        let found = check(&store);
        assert!(
            found >= told,
            "commit {told} was answered, and {found} is the last"
        );
        assert!(
            found <= told + 1,
            "commit {found} came from nowhere: {told} was the last"
        );
        assert!(
            store.generation() > generation,
            "a generation was given twice"
        );
        generation = store.generation();
        inside += i64::from(found > told);
        last = found;
    }
    println!("{kills} kills, {written} commits answered, {inside} done and not answered");
    assert!(last > 0);
}

#[test]
fn a_log_that_is_cut_or_spoilt_anywhere_leaves_whole_commits() {
    let seed = number("XAPI_SEED", u64::from(std::process::id()));
    println!("XAPI_SEED={seed}");
    let mut state = seed;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let store = Store::open(&path, Options::default()).unwrap();
    let log = directory.path().join("state.db-wal");
    // The tables of a new store fill most of the log: three of four cuts fall behind them.
    let made = std::fs::metadata(&log).unwrap().len();
    for n in 1..=6 {
        write(&store, n);
    }
    let log = std::fs::read(log).unwrap();
    assert!(log.len() as u64 > made, "the log was begun anew in between");
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..40 {
        let copy = directory.path().join(format!("copy {round}.db"));
        std::fs::copy(&path, &copy).unwrap();
        let mut log = log.clone();
        let from = if round % 4 == 3 { 0 } else { made };
        let at = (from + random(&mut state, log.len() as u64 - from)) as usize;
        if round % 2 == 0 {
            log.truncate(at);
        } else {
            log[at] ^= 0x10;
        }
        std::fs::write(directory.path().join(format!("copy {round}.db-wal")), log).unwrap();
        match Store::open(&copy, Options::default()) {
            Ok(store) => {
                seen.insert(check(&store));
            }
            // The very first pages of a new store were in the log too; without them the file is of nobody.
            Err(error) => assert!(at < 1 << 20, "{at}: {error}"),
        }
    }
    assert!(seen.len() > 2, "the cuts fell on too few commits: {seen:?}");
}
