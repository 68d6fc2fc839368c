//! Measures the store against plain rusqlite with the same settings, on the file system of the directory given
//! (default: the temporary directory). `cargo run --release -p xapi-db --example measure -- /var/tmp`

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use xapi_db::{Options, Read, Store};
use xapi_model::{Class, Network, Pif, Ref, Session, Task, Value};

/// Median and 99th percentile of `times` runs.
fn time(name: &str, times: usize, mut work: impl FnMut(usize)) -> Duration {
    let mut taken: Vec<Duration> = (0..times)
        .map(|n| {
            let start = Instant::now();
            work(n);
            start.elapsed()
        })
        .collect();
    taken.sort();
    let (half, most) = (taken[times / 2], taken[times * 99 / 100]);
    println!("{name:52} {half:>12.2?} {most:>12.2?}");
    half
}

fn fill(store: &Store, networks: usize, pifs: usize) -> (Vec<Ref<Network>>, Vec<Ref<Pif>>) {
    let made = store.change(|draft| {
        let networks: Vec<_> = (0..networks)
            .map(|n| {
                let name_label = format!("network {n}");
                draft.insert(Network {
                    name_label,
                    ..Network::blank()
                })
            })
            .collect::<Result<_, _>>()?;
        let pifs: Vec<_> = (0..pifs)
            .map(|n| {
                let network = networks[n % networks.len()].clone();
                let config = [("a", "1"), ("b", "2"), ("c", "3")];
                draft.insert(Pif {
                    device: format!("eth{n}"),
                    mac: "02:00:00:00:00:01".to_owned(),
                    network,
                    other_config: config.map(|(k, v)| (k.into(), v.into())).into(),
                    ..Pif::blank()
                })
            })
            .collect::<Result<_, _>>()?;
        Ok((networks, pifs))
    });
    made.expect("filling")
}

fn raw(path: &Path) -> Connection {
    let conn = Connection::open(path).expect("raw");
    conn.pragma_update(None, "journal_mode", "WAL")
        .expect("WAL");
    conn.pragma_update(None, "synchronous", "FULL")
        .expect("FULL");
    let columns: String = (0..34).map(|n| format!(", c{n} TEXT")).collect();
    conn.execute_batch(&format!(
        "CREATE TABLE pif (_ref TEXT NOT NULL UNIQUE{columns}) STRICT"
    ))
    .expect("table");
    for n in 0..1000 {
        let values: String = (0..34).map(|c| format!(", 'value {c} of a row'")).collect();
        conn.execute_batch(&format!("INSERT INTO pif VALUES ('OpaqueRef:{n}'{values})"))
            .expect("row");
    }
    conn
}

fn main() {
    let parent = std::env::args()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = parent.join(format!("xapi-db-measure-{}", std::process::id()));
    std::fs::create_dir(&directory).expect("directory");
    println!("{:52} {:>12} {:>12}", "", "median", "99 %");
    measure(&directory);
    std::fs::remove_dir_all(&directory).expect("cleaning up");
}

fn measure(directory: &Path) {
    let path = directory.join("state.db");
    let start = Instant::now();
    let store = Store::open(&path, Options::default()).expect("open");
    println!("{:52} {:>12.2?}", "open a new file", start.elapsed());
    let (networks, pifs) = fill(&store, 100, 1000);
    let pif = |n: usize| &pifs[n * 7919 % pifs.len()];
    let network = |n: usize| &networks[n * 7919 % networks.len()];

    let view = store.view().expect("view");
    time("one field, in one view", 20_000, |n| {
        view.field(pif(n), Pif::MAC).expect("field");
    });
    // A view that stays open keeps the log from being reused, which costs the writers more than anything else.
    drop(view);
    time("one field, a view each", 20_000, |n| {
        let view = store.view().expect("view");
        view.field(pif(n), Pif::MAC).expect("field");
    });
    time("one view field of 10, a view each", 20_000, |n| {
        let view = store.view().expect("view");
        view.field(network(n), Network::PIFS).expect("field");
    });
    time("one record (PIF), a view each", 20_000, |n| {
        let view = store.view().expect("view");
        view.record(Pif::DESC, pif(n).as_str()).expect("record");
    });
    time("one typed object (PIF), a view each", 20_000, |n| {
        store.view().expect("view").get(pif(n)).expect("object");
    });
    time("all 1,000 records", 100, |_| {
        let view = store.view().expect("view");
        assert_eq!(view.records(Pif::DESC).expect("records").len(), 1000);
    });

    let conn = raw(&directory.join("raw.db"));
    let base = time("raw rusqlite: update one column, durable", 2_000, |n| {
        let mut update = conn
            .prepare_cached("UPDATE pif SET c3 = ?2 WHERE _ref = ?1")
            .expect("update");
        let row = format!("OpaqueRef:{}", n * 7919 % 1000);
        update.execute((row, format!("name {n}"))).expect("update");
    });
    let set = time("set name_label, durable", 2_000, |n| {
        let name = format!("name {n}");
        let set = store.change(|draft| draft.set(network(n), Network::NAME_LABEL, name.clone()));
        set.expect("set");
    });
    println!(
        "{:52} {:>12.2}",
        "  ratio",
        set.as_secs_f64() / base.as_secs_f64()
    );
    time("set of a relation, durable", 2_000, |n| {
        let to = network(n * 31 + 1).clone();
        let set = store.change(|draft| draft.set(pif(n), Pif::NETWORK, to.clone()));
        set.expect("set");
    });
    let task = store
        .change(|draft| draft.insert(Task::blank()))
        .expect("task");
    time("set task.progress, volatile", 5_000, |n| {
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let progress = n as f64;
        let set = store.change(|draft| draft.set(&task, Task::PROGRESS, progress));
        set.expect("set");
    });
    time("a task made and destroyed, volatile", 2_000, |_| {
        let made = store
            .change(|draft| draft.insert(Task::blank()))
            .expect("task");
        store.change(|draft| draft.destroy(&made)).expect("destroy");
    });
    time("one field, each after a commit", 2_000, |n| {
        let view = store.view().expect("view");
        view.field(pif(n), Pif::MAC).expect("field");
        drop(view);
        let set = store.change(|draft| {
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let progress = n as f64;
            draft.set(&task, Task::PROGRESS, progress)
        });
        set.expect("set");
    });
    let mut since = store.generation();
    time("a commit and the changes since", 1_000, |n| {
        let set = store.change(|draft| {
            draft.insert(Session {
                originator: n.to_string(),
                ..Session::blank()
            })
        });
        set.expect("set");
        let changes = store
            .view()
            .expect("view")
            .changes_since(since)
            .expect("changes");
        since = changes.to;
        assert_eq!(changes.classes[0].added.len(), 1);
    });
    time("changes since, nothing changed", 10_000, |_| {
        let changes = store
            .view()
            .expect("view")
            .changes_since(since)
            .expect("changes");
        assert!(changes.classes.is_empty());
    });
    time("counts of all classes", 2_000, |_| {
        store.view().expect("view").counts().expect("counts");
    });

    for _ in 0..18 {
        fill(&store, 100, 1000);
    }
    time("one record of 20,000 objects", 20_000, |n| {
        let record = store
            .view()
            .expect("view")
            .record(Pif::DESC, pif(n).as_str());
        assert!(matches!(record, Ok(Value::Struct(_))));
    });
    let copy = directory.join("copy.db");
    time("backup of 20,000 objects", 3, |_| {
        store.backup(&copy).expect("backup")
    });
    drop(store);
    let size = std::fs::metadata(&path).expect("file").len();
    println!(
        "{:52} {:>9} KiB",
        "the file with 20,000 objects",
        size / 1024
    );
    time("open with 20,000 objects", 5, |_| {
        drop(Store::open(&path, Options::default()).expect("open"));
    });
    let conn = Connection::open(&path).expect("raw");
    time("  of which PRAGMA quick_check", 5, |_| {
        let sound: String = conn
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .expect("check");
        assert_eq!(sound, "ok");
    });
}
