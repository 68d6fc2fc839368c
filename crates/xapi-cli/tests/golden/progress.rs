//! Long calls that somebody looks at: they run as tasks, and their outcome is the call's own.

use xapi_model::{ApiError, Value, errors};

use crate::fake::{Fake, Looks, Outcome, set, world};

const TASK: &str = "OpaqueRef:t1";
const LINE: &str = "pif-unplug uuid=pif-bond0";

/// A task as it is at some moment.
fn task(status: &str, progress: f64, more: &[(&str, Value)]) -> Value {
    let mut fake = Fake::default();
    let told = [
        ("uuid", "task-1".into()),
        ("status", status.into()),
        ("progress", Value::Float(progress)),
    ];
    fake.add("task", TASK, &[&told, more].concat());
    fake.rows.remove(0).2
}

fn batch(token: &str, snapshots: &[Value]) -> Value {
    let events = snapshots.iter().map(|snapshot| {
        Value::Struct(vec![
            ("class".to_owned(), "task".into()),
            ("operation".to_owned(), "mod".into()),
            ("ref".to_owned(), TASK.into()),
            ("snapshot".to_owned(), snapshot.clone()),
        ])
    });
    Value::Struct(vec![
        ("events".to_owned(), Value::Array(events.collect())),
        ("token".to_owned(), token.into()),
    ])
}

/// A world with somebody who looks, where the call becomes a task.
fn looked_at(message: &'static str) -> Fake {
    let mut fake = world()
        .answers(message, Ok(TASK.into()))
        .answers("task.destroy", Ok(Value::Nil));
    fake.user.looks = Some(Looks::default());
    fake
}

fn seen(fake: &Fake) -> Vec<&str> {
    let looks = fake.user.looks.as_ref().expect("looks");
    looks.seen.iter().map(String::as_str).collect()
}

fn ok(out: &str) -> Outcome {
    Outcome {
        out: out.to_owned(),
        err: String::new(),
        status: 0,
    }
}

#[test]
fn a_task_is_followed_by_events_to_its_end() {
    let mut fake = looked_at("Async.Bond.create")
        .once("event.from", Ok(batch("1,0", &[task("pending", 0.0, &[])])))
        .once("event.from", Ok(batch("2,0", &[])))
        .once("event.from", Ok(batch("3,0", &[task("pending", 0.5, &[])])))
        .once(
            "event.from",
            Ok(batch(
                "4,0",
                &[task(
                    "success",
                    1.0,
                    &[("result", "<value>OpaqueRef:b0</value>".into())],
                )],
            )),
        );
    let got = fake.xe("bond-create network-uuid=network-2 pif-uuids=pif-eth0,pif-eth3");
    assert_eq!(got, ok("bond-0\n"));
    assert_eq!(
        seen(&fake),
        ["begin Bond.create", "show 0", "show 0", "show 0.5", "end"]
    );
    let asked: Vec<&str> = fake
        .asked
        .iter()
        .map(String::as_str)
        .filter(|call| !call.contains(".get_"))
        .collect();
    assert_eq!(
        asked[1..asked.len() - 1],
        [
            r#"Async.Bond.create "OpaqueRef:n2" ["OpaqueRef:p0","OpaqueRef:p3"] "" "balance-slb" {}"#,
            r#"event.from ["task/OpaqueRef:t1"] "" 0.5"#,
            r#"event.from ["task/OpaqueRef:t1"] "1,0" 0.5"#,
            r#"event.from ["task/OpaqueRef:t1"] "2,0" 0.5"#,
            r#"event.from ["task/OpaqueRef:t1"] "3,0" 0.5"#,
            r#"task.destroy "OpaqueRef:t1""#,
        ]
    );
}

#[test]
fn results_of_tasks_are_read_as_those_of_calls() {
    let array = "<value><array><data><value>OpaqueRef:p0</value><value>OpaqueRef:p3</value></data></array></value>";
    let mut fake = looked_at("Async.pool.create_VLAN_from_PIF").once(
        "event.from",
        Ok(batch(
            "1,0",
            &[task("success", 1.0, &[("result", array.into())])],
        )),
    );
    let got = fake.xe("pool-vlan-create pif-uuid=pif-eth0 vlan=7 network-uuid=network-2");
    assert_eq!(got, ok("pif-eth0\npif-eth3\n"));
    let mut fake = looked_at("Async.Bond.create").once(
        "event.from",
        Ok(batch(
            "1,0",
            &[task("success", 1.0, &[("result", "nonsense".into())])],
        )),
    );
    let got = fake.xe("bond-create network-uuid=network-2 pif-uuids=pif-eth0");
    assert_eq!(got.status, 1);
}

#[test]
fn a_task_that_fails_says_what_the_call_would_have_said() {
    let info = set(&["PIF_IS_MANAGEMENT_INTERFACE", "OpaqueRef:p2"]);
    let mut fake = looked_at("Async.PIF.unplug").once(
        "event.from",
        Ok(batch(
            "1,0",
            &[task("failure", 1.0, &[("error_info", info)])],
        )),
    );
    let got = fake.xe(LINE);
    let mut plain = world().answers(
        "PIF.unplug",
        Err(errors::pif_is_management_interface("OpaqueRef:p2")),
    );
    assert_eq!(got, plain.xe(LINE));
    // A task that is refused at once never was one.
    let mut fake = world().answers(
        "Async.PIF.unplug",
        Err(errors::pif_is_management_interface("OpaqueRef:p2")),
    );
    fake.user.looks = Some(Looks::default());
    assert_eq!(fake.xe(LINE), plain.xe(LINE));
    assert_eq!(seen(&fake), Vec::<&str>::new());
    let mut fake = looked_at("Async.PIF.unplug")
        .once("event.from", Ok(batch("1,0", &[task("failure", 1.0, &[])])));
    assert_eq!(fake.xe(LINE).status, 1);
}

#[test]
fn without_events_the_task_is_asked_less_and_less_often() {
    let mut fake = looked_at("Async.PIF.unplug")
        .answers("event.from", Err(errors::not_implemented("event.from")));
    for _ in 0..8 {
        fake = fake.once("task.get_record", Ok(task("pending", 0.25, &[])));
    }
    fake = fake.once("task.get_record", Ok(task("success", 1.0, &[])));
    assert_eq!(fake.xe(LINE), ok(""));
    let pauses: Vec<&str> = seen(&fake)
        .into_iter()
        .filter(|seen| seen.starts_with("pause"))
        .collect();
    assert_eq!(
        pauses,
        [
            "pause 100ms",
            "pause 200ms",
            "pause 400ms",
            "pause 800ms",
            "pause 1s",
            "pause 1s",
            "pause 1s",
            "pause 1s"
        ]
    );
    let tried = fake
        .asked
        .iter()
        .filter(|call| call.starts_with("event.from"));
    assert_eq!(tried.count(), 1);
}

#[test]
fn a_wish_to_stop_is_told_to_the_task_once() {
    let pending = |token: &str| Ok(batch(token, &[task("pending", 0.0, &[])]));
    let follow = |answer: Result<Value, ApiError>| {
        let mut fake = looked_at("Async.PIF.unplug")
            .answers("task.cancel", answer)
            .once("event.from", pending("1,0"))
            .once("event.from", pending("2,0"))
            .once("event.from", pending("3,0"))
            .once(
                "event.from",
                Ok(batch("4,0", &[task("cancelled", 1.0, &[])])),
            );
        fake.user.looks.as_mut().expect("looks").patience = Some(2);
        let got = fake.xe(LINE);
        let asked = fake
            .asked
            .iter()
            .filter(|call| call.starts_with("task.cancel"));
        assert_eq!(asked.collect::<Vec<_>>(), [r#"task.cancel "OpaqueRef:t1""#]);
        assert_eq!(got.status, 1);
        assert!(
            got.err.contains(TASK) || got.err.contains("task-1"),
            "{}",
            got.err
        );
        fake
    };
    let fake = follow(Ok(Value::Nil));
    assert!(seen(&fake).contains(&"tell Asked to stop. Once more, and xe leaves it to itself."));
    let fake = follow(Err(errors::operation_not_allowed("no")));
    let told =
        "tell It cannot be stopped (OPERATION_NOT_ALLOWED). Once more, and xe leaves it to itself.";
    assert!(seen(&fake).contains(&told));
}

#[test]
fn where_a_program_reads_nobody_looks() {
    for line in [
        "pif-unplug uuid=pif-bond0 --minimal",
        "pif-unplug uuid=pif-bond0 --json",
    ] {
        let mut fake = world().answers("PIF.unplug", Ok(Value::Nil));
        fake.user.looks = Some(Looks::default());
        assert_eq!(fake.xe(line).status, 0, "{line}");
        assert_eq!(seen(&fake), Vec::<&str>::new());
    }
    // Nor at calls that are over at once.
    let mut fake = world().answers("network.destroy", Ok(Value::Nil));
    fake.user.looks = Some(Looks::default());
    assert_eq!(fake.xe("network-destroy uuid=network-2"), ok(""));
    assert_eq!(seen(&fake), Vec::<&str>::new());
}
