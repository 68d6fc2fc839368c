//! Whoever applies what he is told has what is there: random changes, several clients with their own subscriptions and
//! their own pace, restarts in between. A failure prints its seed; `XAPI_SEED` runs one again, `XAPI_SOAK_SEEDS` sets
//! how many there are.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use xapi_db::Read;
use xapi_model::classes::MODEL;
use xapi_model::{ClassDesc, Network, Pif, Pool, Task, Value};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use super::{Batch, try_from};

/// Splitmix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).expect("small")
    }
}

/// A client that keeps what it is told.
struct Client {
    classes: Vec<&'static str>,
    token: String,
    cache: BTreeMap<(String, String), Value>,
}

impl Client {
    fn new(classes: &[&'static str]) -> Client {
        Client {
            classes: classes.to_vec(),
            token: String::new(),
            cache: BTreeMap::new(),
        }
    }

    /// Asks once, and applies the answer.
    fn follow(&mut self, host: &SimHost, timeout: f64) -> usize {
        match try_from(host, &self.classes, &self.token, timeout) {
            Ok(batch) => {
                let told = batch.events.len();
                self.apply(batch);
                told
            }
            Err(lost) if lost.code == "EVENTS_LOST" => {
                self.token = String::new();
                self.cache.clear();
                1
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn apply(&mut self, batch: Batch) {
        assert!(batch.token >= self.token, "a token went back");
        for event in batch.events {
            let key = (event.class, event.reference);
            match (event.operation.as_str(), event.snapshot) {
                ("add", Some(record)) => {
                    assert!(
                        self.cache.insert(key.clone(), record).is_none(),
                        "{key:?} came twice"
                    );
                }
                ("mod", Some(record)) => {
                    assert!(
                        self.cache.insert(key.clone(), record).is_some(),
                        "{key:?} changed before it came"
                    );
                }
                ("del", None) => {
                    assert!(
                        self.cache.remove(&key).is_some(),
                        "{key:?} went before it came"
                    );
                }
                other => panic!("{key:?}: {other:?}"),
            }
        }
        self.token = batch.token;
    }

    fn wants(&self, class: &ClassDesc) -> bool {
        class.events
            && class.stored
            && self
                .classes
                .iter()
                .any(|wanted| *wanted == "*" || wanted.eq_ignore_ascii_case(class.name))
    }

    /// What it knows is what is there.
    fn check(&self, host: &SimHost, what: &str) {
        let view = host.core().view().expect("a view");
        for class in MODEL.iter().filter(|class| self.wants(class)) {
            let name = class.name.to_ascii_lowercase();
            let known: BTreeMap<_, _> = self
                .cache
                .iter()
                .filter(|((class, _), _)| *class == name)
                .collect();
            let there = view.records(class).expect("records");
            assert_eq!(known.len(), there.len(), "{what}: {}", class.name);
            for (reference, record) in there {
                assert_eq!(
                    known.get(&(name.clone(), reference.clone())),
                    Some(&&record),
                    "{what}: {} {reference}",
                    class.name
                );
            }
        }
    }
}

/// One change, of whatever kind the dice say; some are refused, and that is fine.
fn change(host: &SimHost, dice: &mut Dice) {
    let networks = host.all::<Network>();
    let network = networks[dice.roll(networks.len())].0.clone();
    let tasks = host.all::<Task>();
    let pifs = host.all::<Pif>();
    let pif = pifs[dice.roll(pifs.len())].0.clone();
    let label = Value::Str(format!("label {}", dice.roll(3)));
    let call = |name: &str, params: Vec<Value>| {
        if let Err(refused) = host.call(name, params) {
            assert_ne!(refused.code, "INTERNAL_ERROR", "{name}: {refused:?}");
        }
    };
    match dice.roll(12) {
        0 => drop(host.new_network("made")),
        1 => call("network.destroy", vec![text(&network)]),
        2 => call("network.set_name_label", vec![text(&network), label]),
        3 => call(
            "network.add_to_other_config",
            vec![text(&network), label.clone(), label],
        ),
        4 => call(
            "network.remove_from_other_config",
            vec![text(&network), label],
        ),
        5 => call("network.add_tags", vec![text(&network), label]),
        6 => call("task.create", vec![label, Value::from("")]),
        7 | 8 if !tasks.is_empty() => {
            let task = text(&tasks[dice.roll(tasks.len())].0);
            call(
                "task.set_status",
                vec![task.clone(), Value::from("success")],
            );
            call("task.destroy", vec![task]);
        }
        9 => call(
            "PIF.add_to_other_config",
            vec![text(&pif), label.clone(), label],
        ),
        10 => {
            let pool = host.all::<Pool>()[0].1.uuid.clone();
            let params = [
                label,
                Value::Int(3),
                Value::from("Pool"),
                Value::Str(pool),
                Value::from(""),
            ];
            call("message.create", params.to_vec());
        }
        _ => {
            let bonds = host.all::<xapi_model::Bond>();
            match bonds.first() {
                Some((bond, _)) => call("Bond.destroy", vec![text(bond)]),
                None => {
                    let bonded = host.bond(&network, &["eth1", "eth2"], "balance-slb");
                    if let Err(refused) = bonded {
                        assert_ne!(refused.code, "INTERNAL_ERROR", "{refused:?}");
                    }
                }
            }
        }
    }
}

fn seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("XAPI_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("XAPI_SOAK_SEEDS").unwrap_or(6)).collect(),
    }
}

#[test]
fn replaying_what_a_client_is_told_gives_what_is_there() {
    for seed in seeds() {
        let mut dice = Dice(seed);
        let mut host = SimHost::new(3);
        let mut clients = [
            Client::new(&["*"]),
            Client::new(&["network", "PIF", "Bond"]),
            Client::new(&["task"]),
            Client::new(&["message", "pool", "host"]),
        ];
        for step in 0..150 {
            change(&host, &mut dice);
            if dice.roll(60) == 0 {
                host.start();
            }
            for (at, client) in clients.iter_mut().enumerate() {
                if dice.roll(1 + at * 3) == 0 {
                    client.follow(&host, 0.0);
                    client.check(&host, &format!("seed {seed}, step {step}, client {at}"));
                }
            }
        }
    }
}

#[test]
fn clients_that_follow_while_others_write_end_with_what_is_there() {
    for seed in seeds().into_iter().take(3) {
        let host = SimHost::new(3);
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let followers: Vec<_> = [&["*"][..], &["network"], &["task", "message"]]
                .into_iter()
                .map(|classes| {
                    let (host, over) = (&host, &over);
                    scope.spawn(move || {
                        let mut client = Client::new(classes);
                        while !over.load(Ordering::Acquire) {
                            client.follow(host, 0.5);
                        }
                        while client.follow(host, 0.0) > 0 {}
                        client.check(host, &format!("seed {seed}, {classes:?}"));
                    })
                })
                .collect();
            let writers: Vec<_> = (0..2u64)
                .map(|writer| {
                    let host = &host;
                    scope.spawn(move || {
                        let mut dice = Dice(seed * 2 + writer);
                        for _ in 0..100 {
                            change(host, &mut dice);
                        }
                    })
                })
                .collect();
            for writer in writers {
                writer.join().expect("a writer");
            }
            over.store(true, Ordering::Release);
            for follower in followers {
                follower.join().expect("a follower");
            }
        });
    }
}
