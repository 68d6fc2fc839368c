//! Many threads on one store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use xapi_db::{CommitError, Options, Read, Store};
use xapi_model::{Class, Network, Pif, Ref, Task};

const WRITERS: usize = 4;
const ROUNDS: i64 = 150;

/// Adds one to both networks until it is committed; gives the generation.
fn add_one(store: &Store, both: &[Ref<Network>; 2]) -> u64 {
    loop {
        let draft = store.draft().unwrap();
        for net in both {
            let mtu = draft.field(net, Network::MTU).unwrap();
            draft.set(net, Network::MTU, mtu + 1).unwrap();
        }
        match store.commit(draft) {
            Ok(commit) => return commit.generation,
            Err(CommitError::Conflict { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn nothing_is_lost_between_threads_and_everybody_reads_what_he_wrote() {
    let store = Store::temporary(Options::default()).unwrap();
    let zero = || Network {
        mtu: 0,
        ..Network::blank()
    };
    let both = store
        .change(|draft| Ok([draft.insert(zero())?, draft.insert(zero())?]))
        .unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut last, mut reads) = (0, 0);
                    while !done.load(Ordering::Relaxed) {
                        let view = store.view().unwrap();
                        let [one, two] = both
                            .each_ref()
                            .map(|net| view.field(net, Network::MTU).unwrap());
                        assert_eq!(one, two, "a view shows one generation");
                        assert!(one >= last, "time does not run backwards");
                        last = one;
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        let generation = add_one(&store, &both);
                        assert!(store.view().unwrap().generation() >= generation);
                        let task = store.change(|draft| draft.insert(Task::blank())).unwrap();
                        assert!(store.view().unwrap().exists(&task).unwrap());
                        store.change(|draft| draft.destroy(&task)).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
    let view = store.view().unwrap();
    assert_eq!(
        view.field(&both[0], Network::MTU).unwrap(),
        WRITERS as i64 * ROUNDS
    );
    assert!(view.all::<Task>().unwrap().is_empty());
}

#[test]
fn the_log_stays_short_and_no_generation_is_used_that_is_not_reserved() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let store = Store::open(&path, Options::default()).unwrap();
    let task = store.change(|draft| draft.insert(Task::blank())).unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    let first = store.generation();
    let mut longest = 0;
    for n in 0..17_000 {
        // Each leaves a reader that rests, as the daemon's calls do.
        store
            .change(|draft| draft.set(&task, Task::PROGRESS, f64::from(n)))
            .unwrap();
        if n % 500 == 0 {
            let mark = "SELECT value FROM _meta WHERE key = 'high_water'";
            let mark: i64 = raw.query_row(mark, [], |row| row.get(0)).unwrap();
            assert!(mark.cast_unsigned() >= store.generation());
            let log = std::fs::metadata(directory.path().join("state.db-wal"))
                .unwrap()
                .len();
            longest = longest.max(log);
        }
    }
    assert_eq!(
        store.generation() - first,
        17_000 - 1,
        "the first value was there already"
    );
    assert!(longest < 8 << 20, "the log grew to {longest} bytes");
    let last = store.generation();
    drop(store);
    assert!(Store::open(&path, Options::default()).unwrap().generation() > last);
}

#[test]
fn a_writer_that_panics_leaves_the_store_usable() {
    let store = Store::temporary(Options::default()).unwrap();
    let thread = {
        let store = store.clone();
        thread::spawn(move || {
            let _view = store.view().unwrap();
            store
                .change(|draft| {
                    draft.insert(Pif::blank())?;
                    if draft.all::<Pif>()?.len() == 1 {
                        panic!("on purpose");
                    }
                    Ok(())
                })
                .unwrap();
        })
    };
    assert!(thread.join().is_err());
    store.change(|draft| draft.insert(Pif::blank())).unwrap();
    assert_eq!(store.view().unwrap().all::<Pif>().unwrap().len(), 1);
}
