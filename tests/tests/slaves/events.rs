//! Events at a slave's own socket: from its copy of the rows, and of tasks from the master.

use std::collections::BTreeMap;
use std::time::Duration;

use xapi_core::Core;
use xapi_model::{ApiError, Class, Network, Ref, Task, Value};
use xapi_tests::SimPool;
use xapi_tests::sim_pool::PATIENCE;

use crate::local::Client;

/// What event.from has told: the token, and what happened to what.
struct Told {
    token: String,
    events: Vec<(String, String, String)>,
    counts: BTreeMap<String, Value>,
}

impl Told {
    fn has(&self, class: &str, operation: &str) -> bool {
        let mut all = self.events.iter();
        all.any(|(its, what, _)| its == class && what == operation)
    }
}

fn from(client: &Client<'_>, classes: &[&str], token: &str, within: f64) -> Result<Told, ApiError> {
    let classes = classes.iter().map(|class| Value::from(*class)).collect();
    let params = vec![Value::Array(classes), token.into(), Value::Float(within)];
    let answer = client.call("event.from", params)?;
    let mut told = Told {
        token: String::new(),
        events: Vec::new(),
        counts: BTreeMap::new(),
    };
    let Value::Struct(members) = answer else {
        panic!("{answer:?}")
    };
    for (name, value) in members {
        match (name.as_str(), value) {
            ("token", Value::Str(token)) => told.token = token,
            ("valid_ref_counts", Value::Struct(counts)) => {
                told.counts = counts.into_iter().collect()
            }
            (_, Value::Array(events)) => told.events.extend(events.iter().map(|event| {
                let members = event.as_struct().expect("an event");
                let text = |name: &str| {
                    let found = members.iter().find(|(its, _)| its == name);
                    found
                        .and_then(|(_, value)| value.as_str())
                        .expect("a text")
                        .to_owned()
                };
                (text("class"), text("operation"), text("ref"))
            })),
            (name, value) => panic!("{name}: {value:?}"),
        }
    }
    Ok(told)
}

/// Waits until so many calls wait for events on a host.
fn all_wait(core: &Core, many: usize) {
    let mut waiting = core.waiting_for_events();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let wait = async {
        let all = waiting.wait_for(|now| *now == many);
        tokio::time::timeout(PATIENCE, all)
            .await
            .expect("they wait")
            .map(drop)
    };
    runtime
        .expect("a runtime")
        .block_on(wait)
        .expect("the host is there");
}

#[test]
fn a_hundred_wait_on_a_slave_and_take_no_place_from_those_who_ask_the_master() {
    let pool = SimPool::new(1, 2);
    let client = Client::new(&pool.slaves[0]);
    pool.slaves[0].catches_up(&pool.master);
    let begun = from(&client, &["network"], "", 0.0).unwrap();
    assert!(begun.has("network", "add"));
    assert!(!begun.counts.contains_key("task") && begun.counts.contains_key("network"));
    assert_eq!(pool.handed_on(0), 0);
    std::thread::scope(|scope| {
        let waiters: Vec<_> = (0..100)
            .map(|_| scope.spawn(|| from(&client, &["network"], &begun.token, 60.0)))
            .collect();
        all_wait(pool.slaves[0].host.core(), 100);
        // A question and its answer.
        assert!(client.call("task.get_all", vec![]).is_ok());
        assert_eq!(pool.handed_on(0), 1);
        let network = pool.master.new_network("new");
        for waiter in waiters {
            let told = waiter.join().expect("an answer").unwrap();
            let event = (
                "network".to_owned(),
                "add".to_owned(),
                network.as_str().to_owned(),
            );
            assert_eq!(told.events, [event]);
            assert!(told.token > begun.token);
        }
    });
    assert_eq!(pool.handed_on(0), 1);
}

#[test]
fn tasks_of_the_master_are_told_on_a_slave_and_never_before_what_they_have_made() {
    let mut pool = SimPool::new(1, 2);
    let session = {
        let client = Client::new(&pool.slaves[0]);
        pool.slaves[0].catches_up(&pool.master);
        let begun = from(&client, &["*"], "", 0.0).unwrap();
        assert!(begun.has(&Network::NAME.to_ascii_lowercase(), "add"));
        assert!(begun.counts.contains_key(Task::NAME));
        for number in 0..8 {
            let label = format!("by task {number}");
            let record = Value::Struct(vec![
                ("name_label".to_owned(), Value::from(label.as_str())),
                ("name_description".to_owned(), Value::from("")),
                ("other_config".to_owned(), Value::Struct(vec![])),
            ]);
            let mut token = begun.token.clone();
            let task = client.call("Async.network.create", vec![record]).unwrap();
            loop {
                let told = from(&client, &["task", "network"], &token, 20.0).unwrap();
                token = told.token.clone();
                assert!(!told.events.is_empty(), "nothing was told of {task:?}");
                let status = client.call("task.get_status", vec![task.clone()]).unwrap();
                let mut all = told.events.iter();
                let is_told = all.any(|(_, _, its)| Some(its.as_str()) == task.as_str());
                if is_told && status == Value::from("success") {
                    break;
                }
            }
            let found = client.call("network.get_by_name_label", vec![label.as_str().into()]);
            assert_eq!(
                found.unwrap().as_array().map(<[Value]>::len),
                Some(1),
                "{label}"
            );
        }
        client
    }
    .session();
    // Without a master the rest is told as before.
    pool.cut(0);
    let client = Client::again(&pool.slaves[0], session);
    let told = from(&client, &["*"], "", 0.0).unwrap();
    assert!(told.has("network", "add") && !told.has("task", "add"));
    assert!(!told.counts.contains_key(Task::NAME));
}

#[test]
fn the_older_way_to_wait_is_told_the_same() {
    let pool = SimPool::new(1, 2);
    let client = Client::new(&pool.slaves[0]);
    pool.slaves[0].catches_up(&pool.master);
    let classes = Value::Array(vec!["network".into()]);
    client.call("event.register", vec![classes]).unwrap();
    let network = pool.master.new_network("new");
    let events = client.call("event.next", vec![]).unwrap();
    let text = format!("{events:?}");
    assert!(text.contains(network.as_str()), "{text}");
    assert_eq!(pool.handed_on(0), 0);
}

/// What event.next tells: of what, and what.
fn next(client: &Client<'_>) -> Vec<(String, String)> {
    let events = client.call("event.next", vec![]).unwrap();
    let events = events.as_array().expect("events").iter();
    let told = events.map(|event| {
        let members = event.as_struct().expect("an event");
        let text = |name: &str| {
            let mut members = members.iter();
            let found = members.find(|(its, _)| its == name);
            found.and_then(|(_, value)| value.as_str()).expect("a text")
        };
        (text("class").to_owned(), text("ref").to_owned())
    });
    told.collect()
}

fn record(label: &str) -> Value {
    Value::Struct(vec![
        ("name_label".to_owned(), Value::from(label)),
        ("name_description".to_owned(), Value::from("")),
        ("other_config".to_owned(), Value::Struct(vec![])),
    ])
}

#[test]
fn whoever_registers_on_a_slave_is_told_only_what_happens_from_then_on() {
    let pool = SimPool::new(1, 2);
    let client = Client::new(&pool.slaves[0]);
    pool.slaves[0].catches_up(&pool.master);
    // A task that has ended, and a row that the copy does not have yet.
    let before = client.call("Async.network.create", vec![record("before")]);
    let before = before.unwrap().as_str().expect("a task").to_owned();
    pool.master.finished(&Ref::new(before.clone()));
    pool.hold(0, true);
    let late = client.call("network.create", vec![record("late")]).unwrap();
    let late = late.as_str().expect("a network").to_owned();
    std::thread::scope(|scope| {
        let register = scope.spawn(|| {
            let classes = Value::Array(vec!["task".into(), "network".into()]);
            client.call("event.register", vec![classes])
        });
        client.call("task.get_all", vec![]).expect("an answer");
        pool.hold(0, false);
        register
            .join()
            .expect("no panic")
            .expect("it is registered");
    });
    let after = client.call("Async.network.create", vec![record("after")]);
    let after = after.unwrap().as_str().expect("a task").to_owned();
    pool.master.finished(&Ref::new(after.clone()));
    let mut told = Vec::new();
    while !told.contains(&("task".to_owned(), after.clone())) {
        told.extend(next(&client));
    }
    let all = format!("{told:?}");
    assert!(!all.contains(&before), "the task of before is told: {all}");
    assert!(!all.contains(&late), "the row of before is told: {all}");
}

#[test]
fn an_injected_event_wakes_whoever_waits_on_the_slave() {
    let pool = SimPool::new(1, 2);
    let client = Client::new(&pool.slaves[0]);
    pool.slaves[0].catches_up(&pool.master);
    let begun = from(&client, &["network"], "", 0.0).unwrap();
    let network = pool.master.network("xenbr0");
    let params = vec!["network".into(), network.as_str().into()];
    let injected = client.call("event.inject", params).unwrap();
    let told = from(&client, &["network"], &begun.token, 20.0).unwrap();
    assert!(told.has("network", "mod"));
    assert!(told.token.as_str() > injected.as_str().unwrap());
}

#[test]
fn a_wait_of_the_masters_own_session_has_one_of_few_places() {
    let pool = SimPool::new(1, 2);
    let session = Value::from(pool.master.session());
    let client = Client::again(&pool.slaves[0], session);
    let begun = from(&client, &["network"], "", 0.0).unwrap();
    std::thread::scope(|scope| {
        let waiters: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| from(&client, &["network"], &begun.token, 60.0)))
            .collect();
        all_wait(pool.master.core(), 8);
        let refused = from(&client, &["network"], &begun.token, 60.0);
        assert_eq!(
            refused.err().map(|why| why.code.to_string()).as_deref(),
            Some("TOO_MANY_PENDING_TASKS")
        );
        pool.master.new_network("new");
        for waiter in waiters {
            assert!(
                waiter
                    .join()
                    .expect("an answer")
                    .unwrap()
                    .has("network", "add")
            );
        }
    });
    assert!(from(&client, &["network"], &begun.token, 0.0).is_ok());
}

/// Time from a commit on the master until it is read on the slave, over a line in one process.
#[test]
fn what_is_committed_is_soon_there() {
    let pool = SimPool::new(1, 2);
    pool.slaves[0].catches_up(&pool.master);
    let mut took: Vec<Duration> = (0..20)
        .map(|number| {
            pool.master.new_network(&format!("{number}"));
            let began = std::time::Instant::now();
            pool.slaves[0].catches_up(&pool.master);
            began.elapsed()
        })
        .collect();
    took.sort();
    println!(
        "lag of the copy: median {:?}, worst {:?}",
        took[10], took[19]
    );
    assert!(took[10] < Duration::from_secs(1), "{took:?}");
}
