//! A pool that grows to 64 simulated hosts, with 4,096 machines of 7 NICs each in its database: what a change of all hosts
//! costs, how long a replica is behind, what a host costs in time and memory. All daemons are in this one process, and no
//! network is there to be waited for: the time is ours alone. Beside it the same rows, written with bare rusqlite.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use xapi_db::{Position, Read};
use xapi_model::{ApiError, Class, Network, Pool, Ref, Value, Vif, Vm};
use xapi_tests::Peers;

use super::{Outcome, median, resident, row};

/// NICs of a host.
const NICS: usize = 4;

/// Machines of the pool, and the NICs of each.
const MACHINES: usize = 4096;
const VIFS: usize = 7;

/// Sizes of the pool at which is measured.
const SIZES: [usize; 4] = [8, 16, 32, 64];

/// Everything that is measured.
pub(crate) fn pools() -> Outcome<()> {
    let mut peers = Peers::alone(NICS);
    let rows = machines(&peers)?;
    let copied = raw_rows(rows)?;
    let (mut joins, mut before) = (Vec::new(), kilobytes()?);
    for size in SIZES {
        joins.clear();
        let hosts = size - peers.len();
        while peers.len() < size {
            let began = Instant::now();
            // Sixty-four databases are much for a file system in memory.
            peers.join(NICS, Some(tempfile::tempdir()?));
            joins.push(began.elapsed());
        }
        row(
            &format!("pool: the {size}th host is linked and has {rows} rows; raw"),
            median(joins.clone()) / 1e3,
            copied,
            "ms",
        );
        let now = kilobytes()?;
        println!(
            "{:<58} {:>8.1}MB",
            format!("pool: memory of a host of {size}, with its replica"),
            now.saturating_sub(before) as f64 / hosts as f64 / 1024.0
        );
        before = now;
        changes(&mut peers, size)?;
        lag(&peers, size)?;
    }
    restart(&mut peers)
}

/// Puts the machines into the master's database; the number of rows there.
fn machines(peers: &Peers) -> Outcome<usize> {
    let store = &peers.core(0).store;
    let network = peers.host(0).network("xenbr1");
    for some in 0..MACHINES / 64 {
        store.change(|draft| {
            for n in 0..64 {
                let vm = draft.insert(Vm {
                    name_label: format!("vm {}", some * 64 + n),
                    ..Vm::blank()
                })?;
                for device in 0..VIFS {
                    draft.insert(Vif {
                        device: device.to_string(),
                        mac: format!("02:00:00:{some:02x}:{n:02x}:{device:02x}"),
                        mtu: 1500,
                        network: network.clone(),
                        vm: vm.clone(),
                        ..Vif::blank()
                    })?;
                }
            }
            Ok(())
        })?;
    }
    let view = peers.core(0).view()?;
    let classes = xapi_model::classes::MODEL.iter();
    let numbers = classes.map(|class| Ok(view.refs(class)?.len()));
    Ok(numbers.sum::<Result<usize, ApiError>>()?)
}

/// A database with tables like ours, and columns of a PIF's number.
fn raw() -> Outcome<(tempfile::TempDir, Connection)> {
    let directory = tempfile::tempdir()?;
    let raw = Connection::open(directory.path().join("raw.db"))?;
    let columns: Vec<_> = Vif::DESC
        .fields
        .iter()
        .map(|field| format!("\"{}\" TEXT", field.name))
        .collect();
    raw.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE thing (ref TEXT PRIMARY KEY, {})",
        columns.join(", ")
    ))?;
    Ok((directory, raw))
}

fn insert(raw: &Connection, number: usize) -> Outcome<()> {
    let fields = Vif::DESC.fields.len();
    let marks = vec!["?"; fields + 1].join(", ");
    let mut insert = raw.prepare_cached(&format!("INSERT INTO thing VALUES ({marks})"))?;
    let values = (0..=fields).map(|at| match at {
        0 => format!("OpaqueRef:5c9e7d4e-7a3a-4c5b-9a55-{number:012}"),
        _ => "something".to_owned(),
    });
    insert.execute(rusqlite::params_from_iter(values))?;
    Ok(())
}

/// As many rows, in one transaction: milliseconds.
fn raw_rows(rows: usize) -> Outcome<f64> {
    let (_directory, raw) = raw()?;
    let began = Instant::now();
    raw.execute_batch("BEGIN")?;
    for number in 0..rows {
        insert(&raw, number)?;
    }
    raw.execute_batch("COMMIT")?;
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

/// A VLAN network made on all hosts and taken away; beside it two rows a host, each host's in a commit of its own.
fn changes(peers: &mut Peers, size: usize) -> Outcome<()> {
    let (_directory, raw) = raw()?;
    let began = Instant::now();
    for host in 0..size {
        raw.execute_batch("BEGIN")?;
        insert(&raw, 2 * host)?;
        insert(&raw, 2 * host + 1)?;
        raw.execute_batch("COMMIT")?;
    }
    let baseline = began.elapsed().as_secs_f64() * 1e3;
    let mut times = Vec::new();
    for round in 0..5 {
        let network = peers
            .host(0)
            .new_network(&format!("everywhere {size} {round}"));
        peers.settle();
        let params = vec![
            "eth2".into(),
            network.as_str().into(),
            Value::Int(100 + round),
        ];
        let began = Instant::now();
        let made = peers.call(0, "pool.create_VLAN", params)?;
        times.push(began.elapsed());
        if made.as_array().map(<[Value]>::len) != Some(size) {
            return Err("not on all hosts".into());
        }
        peers.settle();
    }
    let ours = median(times) / 1e3;
    row(
        &format!("pool.create_VLAN on {size} hosts; its rows, raw"),
        ours,
        baseline,
        "ms",
    );
    println!(
        "{:<58} {:>8.2}ms",
        format!("pool.create_VLAN, a host of {size}"),
        ours / size as f64
    );
    Ok(())
}

/// From the beginning of a commit on the master until the last host to be looked at has it; beside it the commit alone.
fn lag(peers: &Peers, size: usize) -> Outcome<()> {
    let store = &peers.core(0).store;
    let pool: Ref<Pool> = peers.host(0).all::<Pool>().remove(0).0;
    let within = Duration::from_secs(10);
    let (mut alone, mut one, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..41 {
        let began = Instant::now();
        store
            .change(|draft| draft.set(&pool, Pool::NAME_DESCRIPTION, format!("{size} {round}")))?;
        alone.push(began.elapsed());
        let position = Position {
            term: store.term(),
            generation: store.generation(),
        };
        for at in 1..size {
            let slave = peers.slave(at).ok_or("no slave")?;
            if !slave.reaches(position, within) {
                return Err("a replica does not follow".into());
            }
            if at == 1 {
                one.push(began.elapsed());
            }
        }
        all.push(began.elapsed());
    }
    let commit = median(alone);
    row(
        &format!("pool: a commit, until one of {size} hosts has it; alone"),
        median(one),
        commit,
        "us",
    );
    row(
        &format!("pool: a commit, until all {size} hosts have it; alone"),
        median(all),
        commit,
        "us",
    );
    Ok(())
}

/// The master's daemon begins anew.
fn restart(peers: &mut Peers) -> Outcome<()> {
    let networks = peers.host(0).all::<Network>().len();
    let size = peers.len();
    peers.kill(0);
    let began = Instant::now();
    peers.start(0);
    let served = began.elapsed();
    peers.settle();
    let settled = began.elapsed();
    if peers.host(0).all::<Network>().len() != networks || peers.master_of(1) != Some(0) {
        return Err("it is another pool".into());
    }
    println!(
        "{:<58} {:>8.1}ms",
        format!("pool: a master of {size} begins anew, until it answers"),
        served.as_secs_f64() * 1e3
    );
    println!(
        "{:<58} {:>8.1}ms",
        "pool: and until all hosts have come back",
        settled.as_secs_f64() * 1e3
    );
    Ok(())
}

/// The memory that this process has, in kilobytes.
fn kilobytes() -> Outcome<usize> {
    let text = resident()?;
    let number = text.split(' ').next().unwrap_or_default();
    Ok(number.parse()?)
}
