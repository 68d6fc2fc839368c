//! Each role and each message: allowed or refused, as the published table says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use xapi_db::Read;
use xapi_model::messages::{Message, messages};
use xapi_model::{Class, DateTime, MODEL, Network, Role, State, Type, Value};

use crate::{HERE, Stage, parts};

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
        // A constructor without its members fails, after the role was checked.
        Type::Map(..) | Type::Record(_) => Value::Struct(Vec::new()),
    }
}

fn params(message: &Message) -> Vec<Value> {
    let params = message.params.iter();
    params.map(|param| plausible(&param.ty)).collect()
}

fn sorted() -> Vec<&'static Message> {
    let with_session = |message: &&Message| message.session && message.state != State::Removed;
    let mut all: Vec<_> = messages().iter().filter(with_session).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The roles of each published message; `None`, and a line on standard error, where the table is not at hand.
fn published() -> Option<BTreeMap<String, BTreeSet<String>>> {
    let folder = match std::env::var_os("XAPI_FACTS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/facts"),
    };
    let path = folder.join("xenapi-datamodel.json");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(why) => {
            // Past the capture of the test harness: whoever runs the tests must see what was not compared.
            let line = format!(
                "roles: the published table NOT COMPARED, {}: {why}\n",
                path.display()
            );
            std::io::stderr()
                .write_all(line.as_bytes())
                .expect("standard error");
            return None;
        }
    };
    let facts: serde_json::Value = serde_json::from_str(&text).expect("the facts are JSON");
    let mut table = BTreeMap::new();
    for class in facts["classes"].as_array().expect("classes") {
        for message in class["messages"].as_array().expect("messages") {
            let word = |json: &serde_json::Value| json.as_str().expect("a name").to_owned();
            let name = format!("{}.{}", word(&class["class"]), word(&message["name"]));
            let roles = message["roles"].as_array().expect("roles");
            table.insert(name, roles.iter().map(word).collect());
        }
    }
    Some(table)
}

/// Calls that end the session of the test.
const ENDING: [&str; 2] = ["session.logout", "session.local_logout"];

#[test]
fn each_role_may_make_exactly_the_calls_of_its_row_and_a_refused_call_or_a_read_writes_nothing() {
    let table = published();
    for role in Role::ALL {
        let stage = Stage::new();
        let session = stage.login(role.as_str());
        let (mut allowed, mut refused) = (0, 0);
        for message in sorted() {
            let name = message.name.as_str();
            let declared = || {
                let holders = message.role.holders(message.client_cert).into_iter();
                holders.map(|role| role.as_str().to_owned()).collect()
            };
            // Not all messages that exist are published.
            let holders = table.as_ref().and_then(|table| table.get(name).cloned());
            let holders = holders.unwrap_or_else(declared);
            if ENDING.contains(&name) {
                continue;
            }
            let generation = stage.host.core().store.generation();
            let outcome = stage.call(&session, name, &params(message));
            let denied = outcome
                .as_ref()
                .is_err_and(|e| e.code == "RBAC_PERMISSION_DENIED");
            assert_eq!(
                !denied,
                holders.contains(role.as_str()),
                "{role}: {name}: {outcome:?}"
            );
            if denied {
                let (_, params) = parts(outcome);
                let names = Role::ALL.iter().map(|role| role.as_str());
                let names: Vec<_> = names.filter(|name| holders.contains(*name)).collect();
                assert_eq!(params[0], name.to_ascii_lowercase());
                assert_eq!(
                    params[1..],
                    [format!(
                        "No permission in user session. (Roles with this permission: {})",
                        names.join(", ")
                    )]
                );
                refused += 1;
            } else {
                allowed += 1;
            }
            if denied || !message.changes() {
                assert_eq!(
                    stage.host.core().store.generation(),
                    generation,
                    "{role}: {name} wrote"
                );
            }
        }
        println!("{role}: {allowed} calls allowed, {refused} refused");
        assert!(allowed > 1000, "{role}: {allowed}");
        assert_eq!(refused > 100, role != Role::PoolAdmin, "{role}: {refused}");
    }
}

/// The parameters of a message, with objects that are there where there are some.
fn real_params(stage: &Stage, message: &Message) -> Vec<Value> {
    let view = stage.host.core().view().expect("a view");
    let real = |class: &str| {
        let class = MODEL.iter().find(|desc| desc.name == class)?;
        view.refs(class).ok()?.into_iter().next().map(Value::Str)
    };
    let value = |ty: &Type| match ty {
        Type::Ref(class) => real(class).unwrap_or_else(|| plausible(ty)),
        Type::Set(Type::Ref(class)) => Value::Array(real(class).into_iter().collect()),
        ty => plausible(ty),
    };
    message
        .params
        .iter()
        .map(|param| value(&param.ty))
        .collect()
}

#[test]
fn a_read_only_session_writes_nothing_but_its_own_tasks() {
    let stage = Stage::new();
    let (session, root) = (stage.login("read-only"), stage.login("root"));
    let words = ["of somebody else", ""].map(Value::from);
    stage.call(&root, "task.create", &words).expect("a task");
    let store = &stage.host.core().store;
    let generation = store.generation();
    let mut real = BTreeSet::new();
    for message in sorted() {
        if ENDING.contains(&message.name.as_str()) || message.name == "task.create" {
            continue;
        }
        let params = real_params(&stage, message);
        // Whatever comes of it.
        let outcome = stage.call(&session, &message.name, &params);
        if outcome.is_ok() && params.iter().any(|value| value.as_str().is_some()) {
            real.insert(message.class.name);
        }
        assert_eq!(store.generation(), generation, "{} wrote", message.name);
    }
    for class in ["PIF", "host", "network", "pool", "session", "task"] {
        assert!(
            real.contains(class),
            "no call named a {class} that is there"
        );
    }
    // But for one call: XAPI lets everybody make an event, and it changes no field.
    let network = &stage.host.all::<Network>()[0].0;
    let inject = ["network".into(), network.as_str().into()];
    let row = || {
        let view = stage.host.core().view().expect("a view");
        view.row(Network::DESC, network.as_str()).expect("a row")
    };
    let before = row();
    stage
        .call(&session, "event.inject", &inject)
        .expect("an event");
    assert_ne!(store.generation(), generation);
    assert_eq!(row(), before);
}

#[test]
fn a_call_made_asynchronously_is_refused_in_its_task() {
    let stage = Stage::new();
    let session = stage.login("vm-admin");
    let host = stage.host.host();
    let task = stage.call(&session, "Async.PIF.scan", &[host.as_str().into()]);
    let task = task.expect("a task");
    let task = xapi_model::Ref::new(task.as_str().expect("a reference"));
    let row = stage.host.finished(&task);
    assert_eq!(row.error_info[..2], ["RBAC_PERMISSION_DENIED", "pif.scan"]);
}

#[test]
fn the_keys_of_a_map_have_roles_of_their_own() {
    let mut keys = 0;
    let stage = Stage::with(xapi_core::Config {
        login_burst: 100,
        ..xapi_core::Config::default()
    });
    let sessions = Role::ALL.map(|role| (role, stage.login(role.as_str())));
    for message in sorted() {
        for (pattern, least) in message.keys {
            let key = pattern.replace('*', "Whatever").to_uppercase();
            for (role, session) in &sessions {
                let mut params = params(message);
                params[1] = Value::from(key.as_str());
                let outcome = stage.call(session, &message.name, &params);
                let denied = outcome
                    .as_ref()
                    .is_err_and(|e| e.code == "RBAC_PERMISSION_DENIED");
                let holds = least.holders(false).contains(role);
                assert_eq!(
                    !denied, holds,
                    "{role}: {} {key}: {outcome:?}",
                    message.name
                );
                if denied {
                    let permission = format!("{}/key:{pattern}", message.name);
                    assert_eq!(parts(outcome).1[0], permission.to_ascii_lowercase());
                }
            }
            keys += 1;
        }
    }
    assert!(keys > 10, "{keys}");
}

#[test]
fn the_permissions_of_a_session_are_the_calls_that_it_may_make() {
    let stage = Stage::with(xapi_core::Config {
        login_burst: 100,
        ..xapi_core::Config::default()
    });
    let roles = stage.host.all::<xapi_model::role::Role>();
    for role in Role::ALL {
        let session = stage.login(role.as_str());
        let held = stage.call(
            &session,
            "session.get_rbac_permissions",
            &[session.as_str().into()],
        );
        let held = held.expect("the permissions");
        let held: BTreeSet<_> = held
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        for message in sorted() {
            let may = message.role.holders(message.client_cert).contains(&role);
            let name = message.name.to_ascii_lowercase();
            assert_eq!(held.contains(name.as_str()), may, "{role}: {name}");
        }
        let any = role >= Role::PoolOperator;
        assert_eq!(held.contains("task.destroy/any"), any, "{role}");
        let row = roles
            .iter()
            .find(|(_, row)| row.name_label == role.as_str());
        let this = Value::from(row.expect("a row").0.as_str());
        let names = stage.call(
            &session,
            "role.get_permissions_name_label",
            std::slice::from_ref(&this),
        );
        assert_eq!(
            names.unwrap().as_array().unwrap().len(),
            held.len(),
            "{role}"
        );
        let by = |label: &str| {
            let found = stage.call(
                &session,
                "role.get_by_permission_name_label",
                &[label.into()],
            );
            found.unwrap().as_array().unwrap().contains(&this)
        };
        assert_eq!(by("pif.scan"), any, "{role}");
        assert!(by("pif.get_all") && !by("no.such"), "{role}");
    }
    let root = stage.login("root");
    let held = stage.call(
        &root,
        "session.get_rbac_permissions",
        &[root.as_str().into()],
    );
    assert_eq!(held, Ok(Value::Array(Vec::new())));
}

#[test]
fn there_is_no_directory_service_and_who_asks_for_one_is_told() {
    let stage = Stage::new();
    let root = stage.login("root");
    let empty = || Value::Struct(Vec::new());
    let code = |name: &str, params: &[Value]| parts(stage.call(&root, name, params)).0;
    let host = Value::from(stage.host.host().as_str());
    let pool = stage.call(&root, "pool.get_all", &[]).expect("pools");
    let pool = pool.as_array().unwrap()[0].clone();
    for (name, this) in [("pool", &pool), ("host", &host)] {
        let enable = [this.clone(), empty(), "example.com".into(), "AD".into()];
        let refused = stage.call(&root, &format!("{name}.enable_external_auth"), &enable);
        let unknown = ("AUTH_UNKNOWN_TYPE".to_owned(), vec!["AD".to_owned()]);
        assert_eq!(parts(refused), unknown);
        let disable = stage.call(
            &root,
            &format!("{name}.disable_external_auth"),
            &[this.clone(), empty()],
        );
        assert_eq!(disable, Ok(Value::Nil));
    }
    assert_eq!(
        code("auth.get_subject_identifier", &["x".into()]),
        "AUTH_IS_DISABLED"
    );
    assert_eq!(
        code("auth.get_group_membership", &["x".into()]),
        "AUTH_IS_DISABLED"
    );
    assert_eq!(code("subject.create", &[empty()]), "AUTH_IS_DISABLED");
    let nobody = [NOBODY, NOBODY].map(Value::from);
    assert_eq!(code("subject.add_to_roles", &nobody), "HANDLE_INVALID");
    let refused = stage.try_login(HERE, "EXAMPLE\\someone", "secret");
    assert_eq!(
        parts(refused.map(Value::from)).0,
        "SESSION_AUTHENTICATION_FAILED"
    );
}

#[test]
fn who_may_change_the_network_may_call_the_hosts_own_plugin_for_it_and_no_other() {
    let stage = Stage::new();
    let host = Value::from(stage.host.host().as_str());
    let call = |role: &str, plugin: &str| {
        let session = stage.login(role);
        let params = [
            host.clone(),
            plugin.into(),
            "plan".into(),
            Value::Struct(Vec::new()),
        ];
        stage.call(&session, "host.call_plugin", &params)
    };
    assert_eq!(call("pool-operator", "xapi-network"), Ok("[]".into()));
    for (role, plugin) in [("pool-operator", "other"), ("vm-admin", "xapi-network")] {
        let why = call(role, plugin).unwrap_err();
        assert_eq!(why.code, "RBAC_PERMISSION_DENIED", "{role}: {plugin}");
    }
}
