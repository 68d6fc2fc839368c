//! Every message that the model has, called with plausible input: each answers what clients expect, none breaks.

use std::collections::{BTreeMap, BTreeSet};

use xapi_core::not_yet;
use xapi_model::messages::{Implied, Kind, Message, messages};
use xapi_model::{ClassDesc, DateTime, MODEL, Qualifier, Ref, State, TaskStatusType, Type, Value};
use xapi_tests::SimHost;

const NOBODY: &str = "OpaqueRef:00000000-0000-4000-8000-00000000dead";

/// A value of a type that names nothing which is there.
fn plausible(ty: &Type) -> Value {
    match ty {
        Type::Void | Type::AnyRecord | Type::EventBatch | Type::Option(_) => Value::Nil,
        Type::String => Value::from("plausible"),
        Type::Int => Value::Int(1),
        Type::Float => Value::Float(0.5),
        Type::Bool => Value::Bool(true),
        Type::DateTime => Value::Time(DateTime::epoch()),
        Type::Enum(desc) => Value::from(desc.values[0].0),
        Type::Ref(_) => Value::from(NOBODY),
        Type::Set(_) => Value::Array(Vec::new()),
        Type::Map(..) => Value::Struct(Vec::new()),
        Type::Record(class) => record(class_of(class)),
    }
}

fn class_of(name: &str) -> &'static ClassDesc {
    MODEL
        .iter()
        .copied()
        .find(|class| class.name == name)
        .expect("a class")
}

/// A record for a constructor, with null references.
fn record(class: &ClassDesc) -> Value {
    let fields = class.fields.iter().filter(|field| {
        field.view.is_none() && matches!(field.qualifier, Qualifier::RW | Qualifier::StaticRO)
    });
    let members = fields.map(|field| {
        let value = match field.ty {
            Type::Ref(_) => Value::from("OpaqueRef:NULL"),
            ty => plausible(&ty),
        };
        (field.name.to_owned(), value)
    });
    Value::Struct(members.collect())
}

/// The classes whose objects can be listed.
fn listable() -> impl Iterator<Item = &'static ClassDesc> {
    let classes = MODEL.iter().copied();
    classes.filter(|class| class.in_db && class.get_all && class.state != State::Removed)
}

fn sorted() -> Vec<&'static Message> {
    let mut all: Vec<_> = messages().iter().collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Has its own handler or follows from the declarations.
fn is_carried_out(message: &Message) -> bool {
    !not_yet::contains(&message.name)
        && (matches!(message.kind, Kind::Implied(_))
            || xapi_core::ops::handlers().contains_key(message.name.as_str()))
}

/// Calls that end the session of the test.
const ENDING: [&str; 2] = ["session.logout", "session.local_logout"];

#[test]
fn every_message_answers_what_clients_expect_of_objects_that_are_not_there() {
    let host = SimHost::new(2);
    let mut codes = BTreeMap::<String, usize>::new();
    for message in sorted() {
        let name = message.name.as_str();
        if ENDING.contains(&name) {
            continue;
        }
        let params: Vec<_> = message
            .params
            .iter()
            .map(|param| plausible(&param.ty))
            .collect();
        let outcome = if message.session {
            host.call(name, params)
        } else {
            host.raw(name, params)
        };
        let code = outcome
            .as_ref()
            .err()
            .map_or("", |error| error.code.as_str());
        *codes.entry(code.to_owned()).or_default() += 1;
        let told = format!("{name}: {outcome:?}");
        if message.state == State::Removed {
            assert_eq!(code, "MESSAGE_REMOVED", "{told}");
            continue;
        }
        if not_yet::contains(name) {
            let error = outcome.expect_err(name);
            assert_eq!(
                (error.code.as_str(), error.params),
                ("NOT_IMPLEMENTED", vec![name.to_owned()])
            );
            continue;
        }
        assert!(
            is_carried_out(message),
            "{name} has no handler and stands in no list"
        );
        assert!(
            !["INTERNAL_ERROR", "NOT_IMPLEMENTED"].contains(&code),
            "{told}"
        );
        let Kind::Implied(implied) = message.kind else {
            continue;
        };
        let class = message.class.name;
        match implied {
            Implied::GetAll | Implied::GetByNameLabel => {
                assert!(matches!(outcome, Ok(Value::Array(_))), "{told}");
            }
            Implied::GetAllRecords => assert!(matches!(outcome, Ok(Value::Struct(_))), "{told}"),
            // "plausible" is no expression.
            Implied::GetAllWhere | Implied::GetAllRecordsWhere => {
                assert_eq!(outcome.unwrap_err().params[0], "plausible");
            }
            Implied::GetByUuid => {
                let error = outcome.expect_err(name);
                assert_eq!(
                    (error.code.as_str(), &error.params[..]),
                    (
                        "UUID_INVALID",
                        &[class.to_owned(), "plausible".to_owned()][..]
                    )
                );
            }
            Implied::Create => {}
            _ => {
                let error = outcome.expect_err(name);
                assert_eq!(
                    (error.code.as_str(), &error.params[..]),
                    ("HANDLE_INVALID", &[class.to_owned(), NOBODY.to_owned()][..]),
                    "{name}"
                );
            }
        }
    }
    println!("{codes:?}");
    assert_eq!(host.diverged(), Vec::<String>::new());
    assert_eq!(host.all::<xapi_model::Pif>().len(), 2);
}

#[test]
fn every_message_with_an_asynchronous_form_ends_as_the_synchronous_one_does() {
    let host = SimHost::new(2);
    let mut ended = 0;
    for message in sorted() {
        let (name, long) = (message.name.as_str(), format!("Async.{}", message.name));
        let params = || {
            message
                .params
                .iter()
                .map(|param| plausible(&param.ty))
                .collect()
        };
        if !message.session || message.state == State::Removed {
            continue;
        }
        let outcome = host.call(&long, params());
        if !message.is_async {
            let error = outcome.expect_err(&long);
            assert_eq!(error.code, "Fault", "{long}");
            assert_eq!(
                error.params,
                [format!("No async mode for this operation (rpc: {long})")]
            );
            continue;
        }
        let task = outcome.expect(&long);
        let task = task.as_str().expect("a reference");
        if ["task", "event"].contains(&message.class.name) {
            assert!(task.starts_with("DummyRef:|"), "{long}: {task}");
            continue;
        }
        let task = host.finished(&Ref::new(task));
        assert_eq!(
            (task.name_label.as_str(), task.progress),
            (long.as_str(), 1.0)
        );
        // What was made once may be refused the second time.
        if matches!(message.kind, Kind::Implied(Implied::Create)) {
            continue;
        }
        match host.call(name, params()) {
            Ok(_) => assert_eq!(task.status, TaskStatusType::Success, "{long}: {task:?}"),
            Err(error) => {
                assert_eq!(task.status, TaskStatusType::Failure, "{long}");
                let info: Vec<_> = std::iter::once(error.code).chain(error.params).collect();
                assert_eq!(task.error_info, info, "{long}");
            }
        }
        ended += 1;
    }
    assert!(ended > 300, "{ended} tasks");
}

#[test]
fn a_filter_that_is_true_selects_what_get_all_gives() {
    let host = SimHost::new(2);
    let expr = || vec![Value::from("true")];
    for message in sorted() {
        let class = message.class.name;
        let asked = matches!(message.kind, Kind::Implied(Implied::GetAllWhere));
        if !asked || message.state == State::Removed {
            continue;
        }
        let call = |name: &str, params| host.call(&format!("{class}.{name}"), params).expect(class);
        let all = call("get_all", vec![]);
        assert_eq!(call("get_all_where", expr()), all, "{class}");
        assert_eq!(
            call("get_all_records_where", expr()),
            call("get_all_records", vec![]),
            "{class}"
        );
        let refs = all.as_array().unwrap();
        let mut descending = refs.to_vec();
        descending.sort_by(|a, b| b.as_str().cmp(&a.as_str()));
        assert_eq!(refs, descending, "{class}: descending by reference");
    }
}

#[test]
fn every_object_that_is_there_can_be_read_in_every_way() {
    let host = SimHost::new(3);
    host.bond(&host.new_network("bonded"), &["eth1", "eth2"], "lacp")
        .unwrap();
    let mut read = 0;
    for class in listable() {
        let call = |name: &str, params| {
            let name = format!("{}.{name}", class.name);
            host.call(&name, params)
                .unwrap_or_else(|why| panic!("{name}: {why}"))
        };
        let Value::Struct(records) = call("get_all_records", vec![]) else {
            panic!("{}", class.name)
        };
        for (reference, record) in records.iter().take(3) {
            let this = || vec![Value::from(reference.as_str())];
            assert_eq!(&call("get_record", this()), record);
            let members = record.as_struct().unwrap();
            let wire: Vec<_> = class
                .fields
                .iter()
                .filter(|field| field.on_wire())
                .collect();
            assert_eq!(members.len(), wire.len(), "{}", class.name);
            for ((name, value), field) in members.iter().zip(wire) {
                assert_eq!(name, field.name, "{}: the order", class.name);
                assert!(
                    field.ty.accept(value.clone()).is_ok(),
                    "{}.{name}: {value:?}",
                    class.name
                );
                if field.state != State::Removed {
                    assert_eq!(&call(&format!("get_{name}"), this()), value);
                }
                read += 1;
            }
            if let Some(Value::Str(uuid)) = record.member("uuid") {
                assert_eq!(
                    call("get_by_uuid", vec![Value::from(uuid.as_str())]),
                    Value::from(reference.as_str())
                );
            }
        }
    }
    assert!(read > 400, "{read} fields");
}

#[test]
fn every_field_that_can_be_written_keeps_what_it_is_given() {
    let host = SimHost::new(2);
    let mut written = 0;
    for class in listable() {
        let Ok(Value::Array(refs)) = host.call(&format!("{}.get_all", class.name), vec![]) else {
            panic!("{}", class.name)
        };
        let Some(this) = refs.first() else { continue };
        for field in class
            .fields
            .iter()
            .filter(|field| field.qualifier == Qualifier::RW)
        {
            let call = |name: &str, mut params: Vec<Value>| {
                params.insert(0, this.clone());
                host.call(&format!("{}.{name}_{}", class.name, field.name), params)
            };
            let implied = |verb: &str| {
                let name = format!("{}.{verb}_{}", class.name, field.name);
                let found = messages()
                    .find(&name)
                    .is_some_and(|m| matches!(m.kind, Kind::Implied(_)));
                found && !not_yet::contains(&name) && field.state != State::Removed
            };
            if !implied("set")
                || field.view.is_some()
                || matches!(
                    field.ty,
                    Type::Ref(_) | Type::Set(Type::Ref(_)) | Type::Map(_, Type::Ref(_))
                )
            {
                continue;
            }
            let place = format!("{}.{}", class.name, field.name);
            // The control domain runs; only a machine that is off becomes a template.
            if place == "VM.is_a_template" {
                continue;
            }
            let value = plausible(&field.ty);
            call("set", vec![value.clone()]).unwrap_or_else(|why| panic!("{place}: {why}"));
            assert_eq!(call("get", vec![]).unwrap(), value, "{place}");
            let generation = host.core().store.generation();
            call("set", vec![value]).unwrap();
            assert_eq!(
                host.core().store.generation(),
                generation,
                "{place}: an equal value is no event"
            );
            written += 1;
            if let Type::Map(Type::String, Type::String) = field.ty {
                if !implied("add_to") {
                    continue;
                }
                let pair = || vec![Value::from("k"), Value::from("v")];
                call("add_to", pair()).unwrap();
                let error = call("add_to", pair()).unwrap_err();
                assert_eq!(error.code, "MAP_DUPLICATE_KEY");
                let params = [class.name, field.db, this.as_str().unwrap(), "k"];
                assert_eq!(error.params, params, "{place}");
                assert_eq!(
                    call("add_to", vec![Value::from(""), Value::from("v")])
                        .unwrap_err()
                        .code,
                    "INTERNAL_ERROR"
                );
                for _ in 0..2 {
                    call("remove_from", vec![Value::from("k")]).unwrap();
                }
                assert_eq!(
                    call("get", vec![]).unwrap(),
                    Value::Struct(Vec::new()),
                    "{place}"
                );
            }
            if let Type::Set(Type::String) = field.ty {
                for _ in 0..2 {
                    call("add", vec![Value::from("a")]).unwrap();
                }
                assert_eq!(
                    call("get", vec![]).unwrap(),
                    Value::Array(vec![Value::from("a")]),
                    "{place}"
                );
                for _ in 0..2 {
                    call("remove", vec![Value::from("a")]).unwrap();
                }
                assert_eq!(
                    call("get", vec![]).unwrap(),
                    Value::Array(Vec::new()),
                    "{place}"
                );
            }
        }
    }
    assert!(written > 30, "{written} fields");
}

#[test]
fn a_field_never_refers_to_what_is_not_there() {
    let host = SimHost::new(2);
    let mut tried = 0;
    for class in listable() {
        let Ok(Value::Array(refs)) = host.call(&format!("{}.get_all", class.name), vec![]) else {
            panic!("{}", class.name)
        };
        let Some(this) = refs.first() else { continue };
        for field in class.fields.iter() {
            let name = format!("{}.set_{}", class.name, field.name);
            let (Type::Ref(target), Some(message)) = (field.ty, messages().find(&name)) else {
                continue;
            };
            if matches!(message.kind, Kind::Declared(_)) || not_yet::contains(&name) {
                continue;
            }
            let error = host
                .call(&name, vec![this.clone(), Value::from(NOBODY)])
                .expect_err(&name);
            assert_eq!(
                (error.code.as_str(), &error.params[..]),
                (
                    "HANDLE_INVALID",
                    &[target.to_owned(), NOBODY.to_owned()][..]
                ),
                "{name}"
            );
            tried += 1;
        }
    }
    assert!(tried > 2, "{tried}");
}

/// What follows from the declaration of a class.
fn implied_names(class: &ClassDesc) -> Vec<String> {
    let mut names = vec!["get_record".to_owned(), "get_by_uuid".to_owned()];
    let mut add = |shorts: &[&str]| names.extend(shorts.iter().map(|short| (*short).to_owned()));
    if class.get_all {
        add(&[
            "get_all",
            "get_all_records",
            "get_all_where",
            "get_all_records_where",
        ]);
    }
    if class.fields.iter().any(|field| field.db == "name__label") {
        add(&["get_by_name_label"]);
    }
    if class.ctor {
        add(&["create", "destroy"]);
    }
    for field in class.fields.iter().filter(|field| field.on_wire()) {
        let verbs: &[&str] = match (field.qualifier, field.ty) {
            (Qualifier::RW, Type::Map(..)) => &["get", "set", "add_to", "remove_from"],
            (Qualifier::RW, Type::Set(_)) => &["get", "set", "add", "remove"],
            (Qualifier::RW, _) => &["get", "set"],
            _ => &["get"],
        };
        names.extend(verbs.iter().map(|verb| format!("{verb}_{}", field.name)));
    }
    names
}

#[test]
fn the_list_of_methods_is_complete() {
    let host = SimHost::new(1);
    let Value::Array(listed) = host.raw("system.listMethods", vec![]).unwrap() else {
        panic!("a list")
    };
    let listed: Vec<_> = listed
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    let set: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(set.len(), listed.len(), "no name twice");
    // From the declarations, without the table of messages.
    let mut expected = BTreeSet::new();
    let mut hidden = BTreeSet::new();
    for class in MODEL {
        let shorts = if class.in_db {
            implied_names(class)
        } else {
            Vec::new()
        };
        expected.extend(shorts.iter().map(|short| format!("{}.{short}", class.name)));
        for call in class.calls {
            if call.hidden {
                hidden.insert(call.name.to_owned());
            } else {
                expected.insert(call.name.to_owned());
            }
        }
    }
    expected.retain(|name| !hidden.contains(name));
    assert_eq!(
        set.difference(&expected).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "too many"
    );
    assert_eq!(
        expected.difference(&set).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "missing"
    );
    assert!(set.len() > 2000, "{}", set.len());
    for name in listed {
        // Nothing that is listed is unknown; without a session nothing is carried out.
        let error = host.raw(&name, vec![Value::from("OpaqueRef:nobody"); 30]);
        let code = error.map_or_else(|error| error.code, |_| String::new());
        assert_ne!(code, "MESSAGE_METHOD_UNKNOWN", "{name}");
    }
}
