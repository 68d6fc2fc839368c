//! A process is killed at random moments while it takes over full copies. `XAPI_SOAK_KILLS` sets how often, `XAPI_SEED`
//! which moments.

#[expect(dead_code, reason = "the other tests use the rest of it")]
mod worlds;

use std::io::{BufRead, BufReader, Read as _, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use xapi_db::{Options, Position, Store};
use xapi_model::{Class, Network, Pif, Ref};

use worlds::{Dice, nothing_dangles, number, same, shared};

/// The master's rows, of which those that the child below takes over in turn are two.
fn versions() -> [Store; 2] {
    let store = |name: &str| {
        let store = Store::temporary(Options::default()).unwrap();
        store
            .change(|draft| {
                for n in 0..200 {
                    let network = draft.insert_as(
                        // Half of the rows are in both, and differ.
                        Ref::new(format!(
                            "OpaqueRef:{}-{n}",
                            if n % 2 == 0 { "" } else { name }
                        )),
                        Network {
                            name_label: name.to_owned(),
                            uuid: format!("uuid {n} {}", if n % 2 == 0 { "" } else { name }),
                            ..Network::blank()
                        },
                    )?;
                    draft.insert_as(
                        Ref::new(format!("OpaqueRef:pif-{n}")),
                        Pif {
                            network,
                            uuid: format!("pif {n}"),
                            ..Pif::blank()
                        },
                    )?;
                }
                Ok(())
            })
            .unwrap();
        store
    };
    [store("one"), store("two")]
}

#[test]
#[ignore = "this is the process that is killed"]
fn child() {
    let path = std::env::var("XAPI_CRASH_PATH").expect("started by the test below");
    let store = Store::open(Path::new(&path), Options::default()).unwrap();
    let versions = versions();
    let mut out = std::io::stdout();
    for n in 1_u64.. {
        let copy = versions[n as usize % 2].copy().unwrap();
        let position = Position {
            term: n % 2,
            generation: n,
        };
        store.replace(position, copy).unwrap();
        out.write_all(b"done\n").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn a_crash_while_a_copy_is_taken_over_leaves_the_old_rows_or_the_new() {
    let kills = number("XAPI_SOAK_KILLS").unwrap_or(8);
    let seed = number("XAPI_SEED").unwrap_or(u64::from(std::process::id()));
    println!("XAPI_SEED={seed}");
    let mut dice = Dice(seed);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let worlds = versions().map(|store| shared(&store));
    let mut seen = [0, 0];
    for _ in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "child", "--nocapture"])
            .env("XAPI_CRASH_PATH", &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut pipe = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        let wanted = 1 + dice.roll(4);
        while text.matches("done\n").count() < wanted {
            assert_ne!(pipe.read_line(&mut text).unwrap(), 0, "it ended: {text}");
        }
        let moment = Duration::from_micros(dice.roll(60_000) as u64);
        let moment = Instant::now() + moment;
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        pipe.read_to_string(&mut text).unwrap();
        let store = Store::open(&path, Options::default()).unwrap();
        let position = store.position().expect("one was taken over");
        assert!(position.generation >= wanted as u64);
        let which = position.term as usize;
        same(&shared(&store), &worlds[which], &format!("at {position}"));
        nothing_dangles(&store);
        seen[which] += 1;
        drop(store);
        let left = std::fs::read_dir(directory.path()).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.len() <= 4, "files are left behind: {left:?}");
    }
    println!(
        "{kills} kills: the one copy was there {} times, the other {}",
        seen[1], seen[0]
    );
}
