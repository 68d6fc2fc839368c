//! Tasks: whose they are, how they are cancelled, when they go.

use xapi_core::{Config, Origin, task};
use xapi_model::{Bond, Ref, Task, TaskAllowedOperations, TaskStatusType, Value};

use crate::{HERE, Stage, parts};

fn reference(value: &Value) -> Ref<Task> {
    Ref::new(value.as_str().expect("a reference"))
}

/// The parameters of a `Bond.create`.
fn bond(stage: &Stage) -> Vec<Value> {
    let network = stage.host.new_network("bonded");
    let pifs = ["eth1", "eth2"].map(|nic| Value::from(stage.host.pif(nic).as_str()));
    vec![
        network.as_str().into(),
        Value::Array(pifs.to_vec()),
        "".into(),
        "balance-slb".into(),
        Value::Struct(Vec::new()),
    ]
}

#[test]
fn a_task_is_its_users_own_and_an_operators() {
    let stage = Stage::new();
    let (alice, again, bob) = (
        stage.login("alice"),
        stage.login("alice"),
        stage.login("bob"),
    );
    let operator = stage.login("pool-operator");
    let words = ["work", ""].map(Value::from);
    let create = |session: &str| stage.call(session, "task.create", &words).expect("a task");
    let (task, theirs) = (create(&alice), create(&operator));
    let this = |more: &[Value]| [std::slice::from_ref(&task), more].concat();
    let acts: [(&str, Vec<Value>); 8] = [
        ("task.set_progress", this(&[Value::Float(0.5)])),
        ("task.set_result", this(&["x".into()])),
        (
            "task.set_error_info",
            this(&[Value::Array(vec!["X".into()])]),
        ),
        ("task.add_to_other_config", this(&["k".into(), "v".into()])),
        ("task.remove_from_other_config", this(&["k".into()])),
        ("task.set_other_config", this(&[Value::Struct(Vec::new())])),
        ("task.cancel", this(&[])),
        ("task.destroy", this(&[])),
    ];
    let generation = stage.host.core().store.generation();
    for (name, params) in &acts {
        let (code, params) = parts(stage.call(&bob, name, params));
        assert_eq!(
            (code.as_str(), params[0].as_str()),
            ("RBAC_PERMISSION_DENIED", "task.destroy/any")
        );
    }
    assert_eq!(stage.host.core().store.generation(), generation);
    // Also when the session that made it is gone.
    stage.call(&alice, "session.logout", &[]).unwrap();
    for session in [&again, &operator] {
        for (name, params) in &acts {
            let done = stage.call(session, name, params);
            assert_eq!(done, Ok(Value::Nil), "{name}");
        }
    }
    let refused = stage.call(&again, "task.destroy", &[theirs]);
    assert_eq!(parts(refused).0, "RBAC_PERMISSION_DENIED");
}

#[test]
fn a_guarded_key_of_a_task_may_stay_and_not_be_changed() {
    let stage = Stage::new();
    let session = stage.login("read-only");
    let words = ["work", ""].map(Value::from);
    let task = stage.call(&session, "task.create", &words).expect("a task");
    let store = &stage.host.core().store;
    let guarded = || ("applies_to".to_owned(), "x".to_owned());
    let map = [guarded()].into();
    store
        .change(|draft| {
            draft.set(
                &reference(&task),
                Task::OTHER_CONFIG,
                std::collections::BTreeMap::clone(&map),
            )
        })
        .unwrap();
    let set = |pairs: &[(&str, &str)]| {
        let map = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), Value::from(*v)));
        let params = [task.clone(), Value::Struct(map.collect())];
        stage.call(&session, "task.set_other_config", &params)
    };
    assert_eq!(set(&[("applies_to", "x"), ("free", "1")]), Ok(Value::Nil));
    for changed in [&[("applies_to", "y")][..], &[("free", "1")][..]] {
        let (code, params) = parts(set(changed));
        assert_eq!(code, "RBAC_PERMISSION_DENIED");
        assert_eq!(params[0], "task.set_other_config/key:applies_to");
    }
}

#[test]
fn a_task_that_waits_is_cancelled_at_once_and_one_that_runs_before_it_touches_the_host() {
    let stage = Stage::with(Config {
        async_workers: 2,
        ..Config::default()
    });
    let session = stage.login("root");
    let params = bond(&stage);
    let scan = [Value::from(stage.host.host().as_str())];
    let start = |name: &str, params: &[Value]| {
        reference(&stage.call(&session, name, params).expect("a task"))
    };
    let cancel = |task: &Ref<Task>| {
        let cancelled = stage.call(&session, "task.cancel", &[task.as_str().into()]);
        assert_eq!(cancelled, Ok(Value::Nil));
    };
    // The host does not answer while its world is held.
    let world = stage.host.handle.world();
    let touching = start("Async.Bond.create", &params);
    stage.host.until("the first one begins", || {
        (stage.host.get(&touching).progress > 0.0).then_some(())
    });
    // The second worker waits for its turn at the host; whatever comes then waits for a worker.
    let second = start("Async.Bond.create", &params);
    let waiting = start("Async.PIF.scan", &scan);
    cancel(&waiting);
    let row = stage.host.get(&waiting);
    if row.status == TaskStatusType::Pending {
        // The worker that was to take the second one was quicker with this.
        assert_eq!(row.current_operations.len(), 1);
    }
    cancel(&second);
    let asked = stage.host.get(&second);
    assert!(
        asked.status == TaskStatusType::Cancelled
            || asked
                .current_operations
                .values()
                .eq([&TaskAllowedOperations::Cancel])
    );
    let ended = [&waiting, &second].map(|task| stage.host.get(task));
    // Two workers, one of them held: of two tasks at most one can have begun.
    assert!(
        ended
            .iter()
            .any(|row| row.status == TaskStatusType::Cancelled
                && row.error_info.is_empty()
                && row.progress >= 1.0),
        "{ended:?}"
    );
    // Twice is as good as once, and in time for nothing.
    cancel(&touching);
    cancel(&touching);
    assert_eq!(stage.host.get(&touching).current_operations.len(), 1);
    drop(world);
    assert_eq!(
        stage.host.finished(&touching).status,
        TaskStatusType::Success
    );
    let second = stage.host.finished(&second);
    assert_eq!(second.status, TaskStatusType::Cancelled, "{second:?}");
    assert_eq!(
        stage.host.finished(&waiting).status,
        TaskStatusType::Cancelled
    );
    assert_eq!(stage.host.all::<Bond>().len(), 1);
    cancel(&touching);
    assert_eq!(stage.host.get(&touching).status, TaskStatusType::Success);
}

#[test]
fn a_call_that_is_waited_for_has_a_task_while_it_works_and_none_afterwards() {
    let stage = Stage::new();
    let session = stage.login("root");
    let params = bond(&stage);
    let world = stage.host.handle.world();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| stage.call(&session, "Bond.create", &params));
        let row = stage.host.until("the task", || {
            let tasks = stage.host.all::<Task>();
            tasks.into_iter().next().map(|(_, row)| row)
        });
        assert_eq!(row.name_label, "Bond.create");
        assert_eq!(row.status, TaskStatusType::Pending);
        drop(world);
        call.join().expect("the call").expect("a bond");
    });
    assert!(stage.host.all::<Task>().is_empty());
}

#[test]
fn a_request_can_name_its_task_and_what_that_is_a_part_of() {
    let stage = Stage::new();
    let (session, bob) = (stage.login("root"), stage.login("bob"));
    let host = Value::from(stage.host.host().as_str());
    let words = ["work", ""].map(Value::from);
    let parent = stage.call(&session, "task.create", &words).expect("a task");
    let parent = parent.as_str().expect("a reference").to_owned();
    let ask = |session: &str, task_id: Option<&str>, subtask_of: Option<&str>, name: &str| {
        let origin = Origin {
            peer: HERE.into(),
            task_id: task_id.map(str::to_owned),
            subtask_of: subtask_of.map(str::to_owned),
            ..Origin::default()
        };
        let params = vec![session.into(), host.clone()];
        stage.host.api().call(&origin, name, params)
    };
    let part = ask(&session, None, Some(&parent), "Async.PIF.scan").expect("a task");
    let row = stage.host.finished(&reference(&part));
    assert_eq!(row.subtask_of.as_str(), parent);
    let parts_of = stage.host.get::<Task>(&Ref::new(parent.as_str())).subtasks;
    assert_eq!(parts_of.len(), 1);
    // Carried out under a task that somebody else ends.
    let same = ask(&session, Some(&parent), None, "Async.PIF.scan").expect("a task");
    assert_eq!(same, Value::from(parent.as_str()));
    let own = ask(&session, Some(&parent), None, "InternalAsync.PIF.scan").expect("a task");
    stage.host.finished(&reference(&own));
    let row = stage.host.get::<Task>(&Ref::new(parent.as_str()));
    assert_eq!(row.status, TaskStatusType::Pending);
    // Not under another user's.
    let refused = ask(&bob, Some(&parent), None, "PIF.scan");
    assert_eq!(parts(refused).0, "RBAC_PERMISSION_DENIED");
    for (task_id, subtask_of) in [(Some("nonsense"), None), (None, Some("nonsense"))] {
        let refused = ask(&session, task_id, subtask_of, "Async.PIF.scan");
        let (code, params) = parts(refused);
        assert_eq!(
            (code.as_str(), params[1].as_str()),
            ("HANDLE_INVALID", "nonsense")
        );
    }
    // A parent that goes leaves its parts.
    let done = [parent.as_str().into(), "success".into()];
    stage
        .call(&session, "task.set_status", &done)
        .expect("an end");
    stage
        .call(&session, "task.destroy", &done[..1])
        .expect("gone");
    assert!(stage.host.get(&reference(&part)).subtask_of.is_null());
}

#[test]
fn what_follows_tasks_and_events_has_no_task_of_its_own() {
    let stage = Stage::new();
    let session = stage.login("root");
    let words = ["work", ""].map(Value::from);
    let task = stage.call(&session, "task.create", &words).expect("a task");
    let add = [task.clone(), "k".into(), "v".into()];
    let dummy = stage.call(&session, "Async.task.add_to_other_config", &add);
    let dummy = dummy.expect("an answer");
    let dummy = dummy.as_str().expect("a reference");
    assert!(dummy.starts_with("DummyRef:|"), "{dummy}");
    assert!(
        dummy.ends_with("|Async.task.add_to_other_config"),
        "{dummy}"
    );
    stage.host.until("the key", || {
        let row = stage.host.get(&reference(&task));
        row.other_config.contains_key("k").then_some(())
    });
    assert_eq!(stage.host.all::<Task>().len(), 1);
}

#[test]
fn the_texts_of_a_task_are_bounded_all_together() {
    let stage = Stage::new();
    let session = stage.login("read-only");
    let long = || Value::from("x".repeat(200 << 10));
    let words = [long(), "".into()];
    let task = stage.call(&session, "task.create", &words).expect("a task");
    let act = |name: &str, more: &[Value]| {
        let params = [std::slice::from_ref(&task), more].concat();
        stage.call(&session, name, &params)
    };
    act("task.set_result", &[long()]).expect("room for a second");
    let info = Value::Array(vec![long()]);
    let map = Value::Struct(vec![("k".to_owned(), long())]);
    let acts: [(&str, &str, &[Value]); 3] = [
        (
            "task.add_to_other_config",
            "other_config",
            &["k".into(), long()],
        ),
        ("task.set_other_config", "other_config", &[map]),
        ("task.set_error_info", "error_info", &[info]),
    ];
    let generation = stage.host.core().store.generation();
    for (name, field, params) in &acts {
        let (code, told) = parts(act(name, params));
        assert_eq!((code.as_str(), told[0].as_str()), ("INVALID_VALUE", *field));
        assert!(told[1].starts_with("too long: "), "{}", told[1]);
    }
    assert_eq!(stage.host.core().store.generation(), generation);
    act("task.add_to_other_config", &["k".into(), "v".into()]).expect("a short one");
    act("task.set_result", &["".into()]).expect("shorter");
    act("task.set_error_info", acts[2].2).expect("room again");
    let words = [Value::from("x".repeat(600 << 10)), "".into()];
    let refused = stage.call(&session, "task.create", &words);
    assert_eq!(parts(refused).0, "INVALID_VALUE");
}

#[test]
fn tasks_go_when_nobody_needs_them_any_more() {
    let stage = Stage::new();
    let session = stage.login("root");
    let words = ["work", ""].map(Value::from);
    let create = || reference(&stage.call(&session, "task.create", &words).expect("a task"));
    let end = |task: &Ref<Task>| {
        let done = [task.as_str().into(), "success".into()];
        stage
            .call(&session, "task.set_status", &done)
            .expect("an end");
    };
    let collect = || task::collect(stage.host.core()).expect("housekeeping");
    let there = |task: &Ref<Task>| stage.host.all::<Task>().iter().any(|(one, _)| one == task);
    let (done, unwanted, stalled, moving) = (create(), create(), create(), create());
    let destroy = [Value::from(unwanted.as_str())];
    stage
        .call(&session, "task.destroy", &destroy)
        .expect("noted");
    assert!(there(&unwanted));
    end(&done);
    end(&unwanted);
    collect();
    assert!(there(&done) && !there(&unwanted));
    stage.pass(3900);
    collect();
    assert!(there(&done));
    stage.pass(1);
    collect();
    assert!(!there(&done) && there(&stalled));
    stage.pass(24 * 3600);
    let session = stage.login("root");
    collect();
    assert!(there(&stalled) && there(&moving));
    let progress = [Value::from(moving.as_str()), Value::Float(0.5)];
    stage
        .call(&session, "task.set_progress", &progress)
        .unwrap();
    collect();
    assert!(!there(&stalled) && there(&moving));
    collect();
    assert!(!there(&moving));
}

#[test]
fn tasks_that_run_take_no_room_from_those_that_are_complete() {
    let stage = Stage::new();
    let (alice, bob) = (stage.login("alice"), stage.login("bob"));
    let words = ["work", ""].map(Value::from);
    let create = |session: &str| stage.call(session, "task.create", &words);
    let end = |session: &str, task: &Value| {
        let done = [task.clone(), "success".into()];
        stage
            .call(session, "task.set_status", &done)
            .expect("an end");
    };
    let complete = || {
        let task = create(&bob).expect("a task");
        end(&bob, &task);
        task
    };
    let there = |task: &Value| {
        stage
            .host
            .all::<Task>()
            .iter()
            .any(|(one, _)| *one == reference(task))
    };
    for _ in 0..500 {
        create(&alice).expect("a task");
    }
    assert_eq!(parts(create(&alice)).0, "TOO_MANY_PENDING_TASKS");
    let first = complete();
    stage.pass(59);
    for _ in 0..210 {
        complete();
    }
    // Too many, and none of them old.
    assert!(there(&first));
    stage.pass(1);
    complete();
    assert!(!there(&first));
    // Whoever is too quick loses their own alone.
    let task = create(&alice);
    assert_eq!(parts(task).0, "TOO_MANY_PENDING_TASKS");
    for _ in 0..400 {
        complete();
    }
    let rows = stage.host.all::<Task>();
    let (of_alice, of_bob): (Vec<_>, Vec<_>) = rows
        .iter()
        .partition(|(_, row)| row.status == TaskStatusType::Pending);
    assert_eq!((of_alice.len(), of_bob.len()), (500, 500));
}

#[test]
fn what_users_leave_keeps_neither_the_superuser_nor_who_waits_from_their_work() {
    let stage = Stage::new();
    let words = ["work", ""].map(Value::from);
    let fill = |session: &str, most: usize| {
        (0..most)
            .take_while(|_| stage.call(session, "task.create", &words).is_ok())
            .count()
    };
    for user in ["alice", "bob", "read-only", "vm-admin"] {
        assert_eq!(fill(&stage.login(user), 501), 500, "{user}");
    }
    let (admin, root) = (stage.login("pool-admin"), stage.login("root"));
    assert_eq!(fill(&admin, 1), 0);
    let scan = [Value::from(stage.host.host().as_str())];
    assert_eq!(stage.call(&admin, "PIF.scan", &scan), Ok(Value::Nil));
    let params = bond(&stage);
    stage.call(&admin, "Bond.create", &params).expect("a bond");
    assert_eq!(fill(&root, 1), 1);
    let task = stage.call(&root, "Async.PIF.scan", &scan).expect("a task");
    stage.host.finished(&reference(&task));
}
