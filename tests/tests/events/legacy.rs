//! event.register, event.next, event.unregister.

use xapi_model::{Class, Network, Task, TaskStatusType, Value};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use super::{Event, strings};

fn next(host: &SimHost) -> Vec<Event> {
    let list = host.call("event.next", vec![]).expect("event.next");
    list.as_array()
        .expect("a list")
        .iter()
        .map(Event::read)
        .collect()
}

#[test]
fn who_is_not_registered_is_told_so() {
    let host = SimHost::new(1);
    let refused = host.call("event.next", vec![]).unwrap_err();
    assert_eq!(refused.code, "SESSION_NOT_REGISTERED");
    assert_eq!(refused.params.len(), 1);
    let id = refused.params[0]
        .strip_prefix("trackid=")
        .expect("a track id");
    assert!(id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit()));
}

#[test]
fn changes_after_the_registration_are_told_one_after_the_other_with_numbers() {
    let host = SimHost::new(1);
    let network = host.all::<Network>()[0].0.clone();
    host.call("event.register", vec![strings(&["Network"])])
        .unwrap();
    let mut last = None;
    for label in ["a", "b"] {
        host.call(
            "network.set_name_label",
            vec![text(&network), Value::from(label)],
        )
        .unwrap();
        let told = next(&host);
        assert_eq!(
            told.iter().map(Event::short).collect::<Vec<_>>(),
            ["mod network"]
        );
        let id: i64 = told[0].id.parse().expect("a number");
        assert!(
            last.is_none_or(|last| id == last + 1),
            "{id} after {last:?}"
        );
        assert!(told[0].timestamp.ends_with('.'), "{}", told[0].timestamp);
        last = Some(id);
    }
    // In whatever case it was registered.
    host.call("event.unregister", vec![strings(&["nETWORK"])])
        .unwrap();
    assert_eq!(
        host.call("event.next", vec![]).unwrap_err().code,
        "SESSION_NOT_REGISTERED"
    );
    let now = host.call("event.get_current_id", vec![]).unwrap();
    assert!(matches!(now, Value::Int(id) if id > 0));
}

#[test]
fn who_has_lost_events_is_told_once_and_goes_on() {
    let host = SimHost::new(1);
    host.call("event.register", vec![strings(&["task"])])
        .unwrap();
    let store = &host.core().store;
    let done = || Task {
        status: TaskStatusType::Success,
        ..Task::blank()
    };
    let made = store
        .change(|draft| {
            (0..5000)
                .map(|_| draft.insert(done()))
                .collect::<Result<Vec<_>, _>>()
        })
        .unwrap();
    next(&host);
    store
        .change(|draft| made.iter().try_for_each(|task| draft.destroy(task)))
        .unwrap();
    assert_eq!(
        host.call("event.next", vec![]).unwrap_err().code,
        "EVENTS_LOST"
    );
    host.call("task.create", vec![Value::from("label"), Value::from("")])
        .unwrap();
    assert!(next(&host).iter().any(|event| event.short() == "add task"));
}
