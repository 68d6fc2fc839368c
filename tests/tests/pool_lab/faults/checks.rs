//! What must be so when all is healed.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use xapi_db::{Options, Store};
use xapi_model::Value;
use xapi_tests::{agreement, eventually};

use super::ledger::Rows;
use super::strikes::{live, role};
use super::{HOSTS, World};

/// Every host of the pool is linked to the master.
pub fn all_live(world: &World) {
    eventually("all hosts are live", || {
        let live = live(&world.api()?)?;
        match live == HOSTS.len() {
            true => Ok(()),
            false => Err(format!("{live} are, as {} sees it", world.master())),
        }
    });
}

/// All of it.
pub fn all(world: &World) {
    for host in HOSTS {
        world.lab.verb(&["heal", host]);
    }
    all_live(world);
    let xen = world.api().expect("the master");
    let rows = Rows::read(&xen).expect("the rows");
    world
        .ledger()
        .compare(&rows)
        .unwrap_or_else(|why| panic!("{why}"));
    for host in HOSTS {
        eventually(&format!("{host} is what its rows say"), || {
            as_its_rows(world, host)
        });
        is_reached(world, &rows.management(host).1.ip);
    }
    one_master(world, &rows);
    replicas_agree(world);
}

/// The master's file says so, and the others' name its address.
fn one_master(world: &World, rows: &Rows) {
    let master = world.master();
    let address = &rows.management(master).1.ip;
    for host in HOSTS {
        let expected = match host == master {
            true => "master".to_owned(),
            false => format!("slave:{address}"),
        };
        assert_eq!(role(&world.lab, host), expected, "{host}");
    }
}

/// Open vSwitch and the kernel show what the rows say, and the daemon sees it so.
fn as_its_rows(world: &World, host: &str) -> Result<(), String> {
    let xen = world.api()?;
    let rows = Rows::read(&xen).map_err(|why| why.to_string())?;
    let told = agreement::of_rows_at(&xen, rows.host(host));
    let real = agreement::of_host(&world.lab, host)?;
    if told != real {
        return Err(format!(
            "the database says\n  {}\nand the host is\n  {}",
            told.join("\n  "),
            real.join("\n  ")
        ));
    }
    let words = ["xapi-network", "plan"].map(Value::from);
    let mut params = vec![rows.host(host).as_str().into()];
    params.extend(words);
    params.push(Value::Struct(Vec::new()));
    let plan = xen.session().call("host.call_plugin", params);
    match plan.map_err(|why| why.to_string())?.as_str() {
        Some("[]") => Ok(()),
        steps => Err(format!("there is something to be done: {steps:?}")),
    }
}

fn is_reached(world: &World, address: &str) {
    eventually(&format!("{address} answers"), || {
        let told = world
            .lab
            .client(&format!("ping -c 1 -W 1 {address} || true"));
        told.contains(" 1 received").then_some(()).ok_or(told)
    });
}

/// What a database holds, but for what each host has for itself.
fn rows_of(file: &Path) -> Result<BTreeMap<String, String>, String> {
    let text = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
    let folder = tempfile::tempdir().map_err(|why| text(&why))?;
    let copy = folder.path().join("copy.db");
    let live = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let live = live.map_err(|why| text(&why))?;
    let to = copy.to_str().expect("a path in UTF-8");
    live.execute("VACUUM INTO ?1", [to])
        .map_err(|why| text(&why))?;
    let store = Store::open(&copy, Options::default()).map_err(|why| text(&why))?;
    let mut rows = BTreeMap::new();
    for part in store.copy().map_err(|why| text(&why))? {
        for edit in part.map_err(|why| text(&why))? {
            let name = format!("{} {}", edit.class, edit.reference);
            rows.insert(name, format!("{:?}", edit.act));
        }
    }
    Ok(rows)
}

/// Each slave's database holds what the master's does.
fn replicas_agree(world: &World) {
    let file = |host: &str| world.lab.state(host).join("xapi.db");
    for host in HOSTS {
        eventually(&format!("{host} has the master's rows"), || {
            let xen = world.api()?;
            let synced = xen.session().call("pool.sync_database", Vec::new());
            synced.map_err(|why| why.to_string())?;
            let (master, its) = (rows_of(&file(world.master()))?, rows_of(&file(host))?);
            let names = master.keys().chain(its.keys());
            let mut differ: Vec<_> = names
                .filter(|name| master.get(*name) != its.get(*name))
                .collect();
            differ.dedup();
            match differ.first() {
                None => Ok(()),
                Some(name) => Err(format!(
                    "{} rows differ, such as {name}:\n{:?}\n{:?}",
                    differ.len(),
                    master.get(*name),
                    its.get(*name)
                )),
            }
        });
    }
}

/// A master that has stepped down has kept what it committed alone.
pub fn kept_aside(world: &World, host: &str, label: &str) {
    let folder = world.lab.state(host);
    let files = std::fs::read_dir(&folder).expect("its files");
    let files = files.map(|entry| entry.expect("a file").path());
    let kept: Vec<_> = files
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("xapi.term-"))
        })
        .filter(|path| {
            !["-wal", "-shm"]
                .iter()
                .any(|end| path.to_string_lossy().ends_with(end))
        })
        .collect();
    let has = |file: &Path| {
        let rows = rows_of(file).unwrap_or_else(|why| panic!("{why}"));
        rows.values().any(|row| row.contains(label))
    };
    assert!(
        kept.iter().any(|file| has(file)),
        "{label} is in none of {kept:?}"
    );
}
