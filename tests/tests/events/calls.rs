//! What event.from and event.inject answer.

use std::time::{Duration, Instant};

use xapi_model::{Network, Pif, Pool, Value};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use super::{from, member, short, strings, try_from};

#[test]
fn the_first_answer_tells_every_object_once_with_its_record() {
    let host = SimHost::new(2);
    let batch = from(&host, &["PIF", "network"], "");
    let networks = host.all::<Network>().len();
    assert_eq!(batch.events.len(), 2 + networks);
    for event in &batch.events {
        assert_eq!(
            (event.operation.as_str(), event.timestamp.as_str()),
            ("add", "0.0")
        );
        let class = if event.class == "pif" {
            "PIF"
        } else {
            "network"
        };
        let record = host.call(
            &format!("{class}.get_record"),
            vec![Value::from(event.reference.as_str())],
        );
        assert_eq!(event.snapshot, Some(record.unwrap()), "{}", event.class);
    }
    // Classes in the order of the model, references ascending.
    let place = |class: &str| batch.events.iter().position(|event| event.class == class);
    assert!(place("network") < place("pif"));
    let pifs = batch.events.iter().filter(|event| event.class == "pif");
    let pifs: Vec<_> = pifs.map(|event| &event.reference).collect();
    assert!(pifs.is_sorted());
    // Counts are of every class, asked for or not.
    assert_eq!(
        (
            batch.counts["pif"],
            batch.counts["host"],
            batch.counts["vbd"]
        ),
        (2, 1, 0)
    );
    assert!(batch.counts.contains_key("pool") && !batch.counts.contains_key("Pool"));
}

#[test]
fn an_object_changed_often_is_told_once_and_one_that_came_and_went_not_at_all() {
    let host = SimHost::new(1);
    let token = from(&host, &["*"], "").token;
    let network = host.new_network("a");
    for label in ["b", "c", "d"] {
        host.call(
            "network.set_name_label",
            vec![text(&network), Value::from(label)],
        )
        .unwrap();
    }
    let gone = host.new_network("gone");
    host.call("network.destroy", vec![text(&gone)]).unwrap();
    let batch = from(&host, &["network"], &token);
    assert_eq!(short(&batch), ["add network"]);
    let record = batch.events[0].snapshot.as_ref().unwrap();
    assert_eq!(member(record, "name_label"), Some(&Value::from("d")));
    assert!(batch.token > token, "tokens compare as text");
    host.call(
        "network.set_name_label",
        vec![text(&network), Value::from("e")],
    )
    .unwrap();
    let next = from(&host, &["network"], &batch.token);
    assert_eq!(short(&next), ["mod network"]);
    host.call("network.destroy", vec![text(&network)]).unwrap();
    let last = from(&host, &["network"], &next.token);
    assert_eq!(short(&last), ["del network"]);
    assert_eq!(
        (
            last.events[0].snapshot.as_ref(),
            last.events[0].reference.as_str()
        ),
        (None, network.as_str())
    );
    assert_eq!(short(&from(&host, &["network"], &last.token)), [""; 0]);
}

#[test]
fn a_value_set_again_makes_no_event() {
    let host = SimHost::new(1);
    let network = host.new_network("a");
    let token = from(&host, &["*"], "").token;
    host.call(
        "network.set_name_label",
        vec![text(&network), Value::from("a")],
    )
    .unwrap();
    host.call(
        "network.remove_from_other_config",
        vec![text(&network), Value::from("none")],
    )
    .unwrap();
    assert_eq!(short(&from(&host, &["*"], &token)), [""; 0]);
}

#[test]
fn both_ends_of_a_relation_are_told() {
    let host = SimHost::new(3);
    let network = host.new_network("bonded");
    let token = from(&host, &["*"], "").token;
    host.bond(&network, &["eth1", "eth2"], "active-backup")
        .unwrap();
    let batch = from(&host, &["Bond", "PIF", "network", "host"], &token);
    let told = short(&batch);
    assert_eq!(told.iter().filter(|what| *what == "add bond").count(), 1);
    assert_eq!(told.iter().filter(|what| *what == "add pif").count(), 1);
    assert!(
        told.iter().filter(|what| *what == "mod pif").count() >= 2,
        "{told:?}"
    );
    assert!(
        told.contains(&"mod host".to_owned()),
        "host.PIFs grew: {told:?}"
    );
    let bonded = batch
        .events
        .iter()
        .find(|event| event.reference == network.as_str());
    let pifs = member(bonded.unwrap().snapshot.as_ref().unwrap(), "PIFs");
    assert_eq!(pifs.unwrap().as_array().unwrap().len(), 1);
}

#[test]
fn only_the_object_that_was_asked_for_is_told() {
    let host = SimHost::new(1);
    let (one, other) = (host.new_network("one"), host.new_network("other"));
    let wanted = format!("NETWORK/{}", one.as_str());
    let first = from(&host, &[&wanted], "");
    assert_eq!(short(&first), ["add network"]);
    for network in [&other, &one] {
        host.call(
            "network.set_name_label",
            vec![text(network), Value::from("x")],
        )
        .unwrap();
    }
    let batch = from(&host, &[&wanted], &first.token);
    assert_eq!(batch.events.len(), 1);
    assert_eq!(batch.events[0].reference, one.as_str());
    host.call("network.destroy", vec![text(&one)]).unwrap();
    assert_eq!(
        short(&from(&host, &[&wanted], &batch.token)),
        ["del network"]
    );
}

#[test]
fn messages_come_first_oldest_first_and_without_a_number() {
    let host = SimHost::new(1);
    let pool = &host.all::<Pool>()[0].1.uuid;
    let token = from(&host, &["*"], "").token;
    host.new_network("later in the model, told later");
    let create = |name: &str| {
        let params = [
            Value::from(name),
            Value::Int(3),
            Value::from("Pool"),
            Value::from(pool.as_str()),
            Value::from(""),
        ];
        host.call("message.create", params.to_vec()).unwrap()
    };
    let first = create("FIRST");
    let batch = from(&host, &["*"], &token);
    assert_eq!(batch.events[0].short(), "add message");
    assert_eq!(batch.events[0].id, "0");
    assert_ne!(batch.events.last().unwrap().id, "0");
    host.call("message.destroy", vec![first]).unwrap();
    create("SECOND");
    let batch = from(&host, &["message"], &batch.token);
    assert_eq!(short(&batch), ["del message", "add message"]);
    assert!(
        from(&host, &["message"], "")
            .events
            .iter()
            .all(|event| event.operation == "add")
    );
}

#[test]
fn a_class_that_does_not_exist_is_never_told_and_waits_until_its_time_is_over() {
    let host = SimHost::new(1);
    let begin = Instant::now();
    for classes in [&["nonsense"][..], &[], &["session"], &["event"]] {
        let batch = try_from(&host, classes, "", 0.05).unwrap();
        assert_eq!(short(&batch), [""; 0], "{classes:?}");
    }
    assert!(begin.elapsed() >= Duration::from_millis(200));
}

#[test]
fn a_token_that_is_none_is_refused_and_one_from_the_future_is_lost() {
    let host = SimHost::new(1);
    let refused = try_from(&host, &["*"], "nonsense", 0.0).unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.params),
        (
            "EVENT_FROM_TOKEN_PARSE_FAILURE",
            vec!["nonsense".to_owned()]
        )
    );
    // At once, however long the client would wait.
    let begin = Instant::now();
    for ahead in [u64::MAX / 2, host.core().store.generation() + 1000] {
        let future = format!("{ahead:020},{:020}", 0);
        let lost = try_from(&host, &["PIF"], &future, 60.0).unwrap_err();
        assert_eq!(lost.code, "EVENTS_LOST");
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_injected_event_lies_behind_its_token() {
    let host = SimHost::new(1);
    let pool = host.all::<Pool>()[0].0.clone();
    let before = from(&host, &["pool"], "").token;
    let injected = host
        .call("event.inject", vec![Value::from("pool"), text(&pool)])
        .unwrap();
    let injected = injected.as_str().unwrap().to_owned();
    assert!(injected >= before);
    for token in [&before, &injected] {
        let batch = from(&host, &["pool"], token);
        assert_eq!(short(&batch), ["mod pool"]);
        assert!(batch.token > injected);
    }
    for (class, reference) in [
        ("Pool", pool.as_str()),
        ("PIF", pool.as_str()),
        ("pool", "OpaqueRef:none"),
        ("session", host.session()),
        ("message", pool.as_str()),
        ("", ""),
    ] {
        let refused = host
            .call(
                "event.inject",
                vec![Value::from(class), Value::from(reference)],
            )
            .unwrap_err();
        assert_eq!(
            (refused.code.as_str(), &refused.params[..]),
            (
                "HANDLE_INVALID",
                &[class.to_owned(), reference.to_owned()][..]
            )
        );
    }
}

#[test]
fn a_restart_tells_the_end_of_what_it_ended() {
    let mut host = SimHost::new(1);
    let task = host
        .call("task.create", vec![Value::from("label"), Value::from("")])
        .unwrap();
    let token = from(&host, &["task", "PIF"], "").token;
    host.start();
    let batch = from(&host, &["task"], &token);
    assert_eq!(short(&batch), ["del task"]);
    assert_eq!(Some(batch.events[0].reference.as_str()), task.as_str());
    assert!(batch.token > token);
}

#[test]
fn deletions_that_are_forgotten_are_lost_and_not_passed_over() {
    let host = SimHost::new(1);
    let token = from(&host, &["*"], "").token;
    let make = || {
        let made = host
            .call("task.create", vec![Value::from("label"), Value::from("")])
            .unwrap();
        host.call(
            "task.set_status",
            vec![made.clone(), Value::from("success")],
        )
        .unwrap();
        made
    };
    let kept = make();
    let middle = from(&host, &["task"], "").token;
    // More than the database remembers.
    host.core()
        .store
        .change(|draft| {
            (0..5000)
                .map(|_| {
                    draft.insert(xapi_model::Task {
                        status: xapi_model::TaskStatusType::Success,
                        ..xapi_model::Class::blank()
                    })
                })
                .collect::<Result<Vec<_>, _>>()
        })
        .and_then(|made| {
            host.core()
                .store
                .change(|draft| made.iter().try_for_each(|task| draft.destroy(task)))
        })
        .unwrap();
    host.call("task.destroy", vec![kept]).unwrap();
    for token in [&token, &middle] {
        assert_eq!(
            try_from(&host, &["task"], token, 0.0).unwrap_err().code,
            "EVENTS_LOST"
        );
        assert_eq!(
            try_from(&host, &["*"], token, 0.0).unwrap_err().code,
            "EVENTS_LOST"
        );
        // Who does not follow that class lost nothing.
        assert_eq!(short(&from(&host, &["PIF"], token)), [""; 0]);
    }
    assert_eq!(short(&from(&host, &["task"], "")), [""; 0]);
}

#[test]
fn a_wait_ends_with_the_commit_that_it_waits_for_and_not_with_others() {
    let host = SimHost::new(1);
    let pif = host.all::<Pif>()[0].0.clone();
    let token = from(&host, &["*"], "").token;
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let begin = Instant::now();
            let batch = try_from(&host, &["PIF"], &token, 20.0).unwrap();
            (short(&batch), begin.elapsed())
        });
        // Others' changes wake it and are no answer.
        for round in 0..50 {
            let label = Value::from(format!("{round}").as_str());
            let network = host.all::<Network>()[0].0.clone();
            host.call("network.set_name_label", vec![text(&network), label])
                .unwrap();
        }
        let key = [text(&pif), Value::from("k"), Value::from("v")];
        host.call("PIF.add_to_other_config", key.to_vec()).unwrap();
        let (told, took) = waits.join().unwrap();
        assert_eq!(told, ["mod pif"]);
        assert!(took < Duration::from_secs(10), "{took:?}");
    });
}

#[test]
fn times_in_every_form_that_clients_send_are_taken() {
    let host = SimHost::new(1);
    let token = Value::Str(from(&host, &["*"], "").token);
    for time in [
        Value::Float(0.01),
        Value::Int(0),
        Value::from("0.01"),
        Value::Float(-3.0),
    ] {
        host.call("event_from", vec![strings(&["*"]), token.clone(), time])
            .unwrap();
    }
    let wrong = host
        .call(
            "event.from",
            vec![strings(&["*"]), token.clone(), Value::from("soon")],
        )
        .unwrap_err();
    assert_eq!(wrong.code, "INTERNAL_ERROR");
    let wrong = host
        .call("event.from", vec![strings(&["*"]), token])
        .unwrap_err();
    assert_eq!(
        (wrong.code.as_str(), wrong.params.join(" ")),
        (
            "MESSAGE_PARAMETER_COUNT_MISMATCH",
            "event.from 3 2".to_owned()
        )
    );
}

#[test]
fn more_subscriptions_than_anybody_needs_are_refused() {
    let host = SimHost::new(1);
    let many: Vec<_> = (0..501).map(|n| format!("task/{n}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(short(&from(&host, &many[..500], "")), [""; 0]);
    let refused = try_from(&host, &many, "", 0.0).unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.params[0].as_str()),
        ("INVALID_VALUE", "classes")
    );
    let refused = host
        .call("event.register", vec![strings(&many)])
        .unwrap_err();
    assert_eq!(refused.code, "INVALID_VALUE");
    // What is longer than any reference names nothing, and is not kept.
    let long = format!("task/{}", "x".repeat(100_000));
    assert_eq!(short(&from(&host, &[&long, "pool"], "")), ["add pool"]);
}

#[test]
fn the_token_of_an_empty_answer_is_of_the_end_of_the_wait() {
    let host = SimHost::new(1);
    let token = from(&host, &["*"], "").token;
    host.new_network("not what is waited for");
    let batch = from(&host, &["VM"], &token);
    assert_eq!(short(&batch), [""; 0]);
    assert!(batch.token > token);
    assert_eq!(batch.counts["network"], host.all::<Network>().len() as i64);
    assert_eq!(short(&from(&host, &["*"], &batch.token)), [""; 0]);
}
