//! Compares the declared model with the published one, name by name and type by type, and the error codes with
//! theirs.
//!
//! The published names and types are two JSON files that are not part of this repository. They are looked for in
//! `../shared/facts` beside it, or where `XAPI_FACTS` says. Without them the comparison is *not run*, and says so.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use serde_json::Value as Json;
use xapi_model::desc::{ClassDesc, FieldDesc, Qualifier, State};
use xapi_model::errors::{ERRORS, find};
use xapi_model::messages::{Implied, Kind, Message, messages};
use xapi_model::types::NULL_REF;
use xapi_model::{MODEL, Role, Type, Value};

/// Which messages, and why they are allowed.
type Exception = (fn(&Message) -> bool, &'static str);

/// Messages that exist on the wire and that the published document leaves out.
const UNPUBLISHED: &[Exception] = &[
    (
        |message| matches!(message.kind, Kind::Implied(Implied::GetAllWhere)),
        "every class with get_all answers get_all_where too; generated clients know it, the document does not",
    ),
    (
        |message| matches!(message.kind, Kind::Implied(Implied::GetAllRecordsWhere)),
        "likewise get_all_records_where, which clients use to fetch objects by a filter",
    ),
    (
        |message| message.hidden,
        "the pool's hosts and the server's own programs know it, clients are not told of it",
    ),
];

/// What an error carries in truth, where the document tells otherwise. `…` stands for "and more of the same".
const ERROR_DEVIATIONS: &[(&str, &[&str], &str)] = &[
    (
        "COULD_NOT_FIND_NETWORK_INTERFACE_WITH_SPECIFIED_DEVICE_NAME_AND_MAC_ADDRESS",
        &["device", "MAC"],
        "PIF.introduce sends it; the document does not know it",
    ),
    (
        "NETWORK_ALREADY_CONNECTED",
        &["host", "connected PIF"],
        "the first parameter is the host, not the network",
    ),
    (
        "NETWORK_CONTAINS_PIF",
        &["pifs", "…"],
        "network.destroy sends one parameter for each PIF that is in the way",
    ),
    (
        "NETWORK_CONTAINS_VIF",
        &["vifs", "…"],
        "network.destroy sends one parameter for each VIF that is in the way",
    ),
    (
        "PIF_IS_PHYSICAL",
        &[],
        "PIF.destroy and VLAN.destroy send no parameter",
    ),
    (
        "PIF_VLAN_EXISTS",
        &["device"],
        "the parameter is the name of the device, not the PIF",
    ),
    (
        "REQUIRED_PIF_IS_UNPLUGGED",
        &["PIF", "…"],
        "enabling HA names every PIF that is unplugged and must not be",
    ),
    (
        "SESSION_AUTHENTICATION_FAILED",
        &["username", "message"],
        "the document says no parameters; a refused login sends two",
    ),
];

/// The content of a file of published facts; `None`, and a line on standard error, when there is none.
fn facts(test: &str, file: &str) -> Option<Json> {
    let folder = match std::env::var_os("XAPI_FACTS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/facts"),
    };
    let path = folder.join(file);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).expect("the facts are JSON")),
        Err(why) => {
            // Past the capture of the test harness: whoever runs the tests must see what was not compared.
            let line = format!("conformance: {test}: NOT RUN, {}: {why}\n", path.display());
            std::io::stderr()
                .write_all(line.as_bytes())
                .expect("standard error");
            None
        }
    }
}

fn text<'a>(json: &'a Json, member: &str) -> &'a str {
    json[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member} is no text in {json}"))
}

fn list<'a>(json: &'a Json, member: &str) -> &'a [Json] {
    json[member]
        .as_array()
        .unwrap_or_else(|| panic!("{member} is no list in {json}"))
}

/// Collects what differs, so that one run shows everything.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare(
        &mut self,
        what: impl FnOnce() -> String,
        declared: impl AsRef<str>,
        published: impl AsRef<str>,
    ) {
        if declared.as_ref() != published.as_ref() {
            self.0.push(format!(
                "{}: declared {:?}, published {:?}",
                what(),
                declared.as_ref(),
                published.as_ref()
            ));
        }
    }

    fn none(self) {
        assert!(
            self.0.is_empty(),
            "{} differences:\n{}",
            self.0.len(),
            self.0.join("\n")
        );
    }
}

fn qualifier(field: &FieldDesc) -> &'static str {
    match field.qualifier {
        Qualifier::RW => "RW",
        Qualifier::StaticRO => "RO/constructor",
        Qualifier::DynamicRO => "RO/runtime",
        Qualifier::Internal => "never on the wire",
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Prototyped => "Prototyped_s",
        State::Published => "Published_s",
        State::Deprecated => "Deprecated_s",
        State::Removed => "Removed_s",
    }
}

/// A default in the notation of the document.
fn default(field: &FieldDesc) -> String {
    fn show(ty: &Type, value: &Value) -> String {
        match (ty, value) {
            (Type::String, Value::Str(text)) => format!("{text:?}"),
            (_, Value::Str(text)) => text.clone(),
            (_, Value::Bool(flag)) => flag.to_string(),
            (_, Value::Int(number)) => number.to_string(),
            (_, Value::Float(number)) => format!("{number:.1}").trim_end_matches('0').to_owned(),
            (_, Value::Time(time)) => time.as_str().to_owned(),
            (Type::Set(of), Value::Array(items)) => {
                let items: Vec<_> = items.iter().map(|item| show(of, item)).collect();
                format!("{{{}}}", items.join(", "))
            }
            (Type::Map(_, of), Value::Struct(members)) => {
                let members: Vec<_> = members
                    .iter()
                    .map(|(key, value)| format!("{key:?} -> {}", show(of, value)))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
            (ty, value) => panic!("no notation for {value:?} as {ty}"),
        }
    }
    match field.default {
        // The other end of a relation is not stored: the document calls its emptiness a default in some classes.
        None if field.view.is_some() => "{}".to_owned(),
        None => "none".to_owned(),
        Some(make) => show(&field.ty, &make()),
    }
}

fn published_default(published: &Json, declared: &FieldDesc) -> String {
    match published["default"].as_str() {
        None if declared.view.is_some() => "{}".to_owned(),
        None => "none".to_owned(),
        // Two spellings of the reference to nothing.
        Some("Null") => NULL_REF.to_owned(),
        Some(default) => default.to_owned(),
    }
}

fn compare_fields(class: &ClassDesc, published: &Json, seen: &mut Differences) {
    let declared: Vec<_> = class
        .fields
        .iter()
        .filter(|field| field.on_wire())
        .collect();
    let published = list(published, "fields");
    let names = |names: Vec<&str>| names.join(" ");
    seen.compare(
        || format!("fields of {}", class.name),
        names(declared.iter().map(|field| field.name).collect()),
        names(published.iter().map(|field| text(field, "name")).collect()),
    );
    for field in published {
        let name = text(field, "name");
        let Some(declared) = class.field(name) else {
            continue; // told above
        };
        let at = |what: &str| format!("{what} of {}.{name}", class.name);
        seen.compare(|| at("type"), declared.ty.to_string(), text(field, "type"));
        seen.compare(
            || at("qualifier"),
            qualifier(declared),
            text(field, "qualifier"),
        );
        seen.compare(
            || at("default"),
            default(declared),
            published_default(field, declared),
        );
        seen.compare(|| at("state"), state(declared.state), text(field, "state"));
    }
}

/// The enumerations that a type mentions.
fn enums_of(ty: &Type, into: &mut BTreeMap<&'static str, String>) {
    match ty {
        Type::Enum(desc) => {
            let values: Vec<_> = desc.values.iter().map(|(name, _)| *name).collect();
            into.insert(desc.name, values.join(" "));
        }
        Type::Set(of) | Type::Option(of) => enums_of(of, into),
        Type::Map(key, of) => {
            enums_of(key, into);
            enums_of(of, into);
        }
        _ => {}
    }
}

fn compare_enums(published: &[Json], seen: &mut Differences) {
    let mut declared = BTreeMap::new();
    for class in MODEL {
        for field in class.fields {
            enums_of(&field.ty, &mut declared);
        }
        for call in class.calls {
            enums_of(&call.result, &mut declared);
            call.params
                .iter()
                .for_each(|param| enums_of(&param.ty, &mut declared));
        }
    }
    let mut named = BTreeSet::new();
    for class in published {
        for (name, values) in class["enums"].as_object().expect("enumerations") {
            let values: Vec<_> = values
                .as_array()
                .expect("values")
                .iter()
                .map(|value| value.as_str().expect("a name"))
                .collect();
            let declared = declared.get(name.as_str()).map_or("", String::as_str);
            seen.compare(|| format!("values of {name}"), declared, values.join(" "));
            named.insert(name.as_str());
        }
    }
    for name in declared.keys().filter(|name| !named.contains(**name)) {
        seen.0
            .push(format!("enumeration {name}: declared, not published"));
    }
}

fn compare_message(message: &Message, published: &Json, seen: &mut Differences) {
    let at = |what: &str| format!("{what} of {}", message.name);
    let mut params = Vec::new();
    if message.session {
        params.push("session ref session_id".to_owned());
    }
    params.extend(
        message
            .params
            .iter()
            .map(|param| format!("{} {}", param.ty, param.name)),
    );
    let published_params = list(published, "params").iter().map(|pair| {
        let word = |at: usize| pair[at].as_str().expect("type and name");
        format!("{} {}", word(0), word(1))
    });
    seen.compare(
        || at("parameters"),
        params.join(", "),
        published_params.collect::<Vec<_>>().join(", "),
    );
    seen.compare(
        || at("result"),
        message.result.to_string(),
        text(published, "result"),
    );
    let implied = matches!(message.kind, Kind::Implied(_));
    seen.compare(
        || at("origin (implied?)"),
        implied.to_string(),
        published["implicit"].to_string(),
    );
    seen.compare(
        || at("state"),
        state(message.state),
        text(published, "state"),
    );
    let roles = message.role.holders(message.client_cert);
    let roles = roles.iter().map(|role| role.as_str()).collect::<Vec<_>>();
    let published_roles = list(published, "roles").iter();
    let published_roles = published_roles.map(|role| role.as_str().expect("a role"));
    let published_roles = published_roles.collect::<Vec<_>>();
    // Nobody has a role before there is a session, so for those the document may name none and means everybody.
    if published_roles.is_empty() && !message.session {
        seen.compare(
            || at("role without a session"),
            message.role.as_str(),
            Role::ReadOnly.as_str(),
        );
    } else {
        seen.compare(|| at("roles"), roles.join(" "), published_roles.join(" "));
    }
}

#[test]
fn the_declared_model_is_the_published_one() {
    let Some(facts) = facts("the model", "xenapi-datamodel.json") else {
        return;
    };
    let published = list(&facts, "classes");
    let mut seen = Differences::default();
    let names = |names: Vec<&str>| names.join(" ");
    seen.compare(
        || "classes".to_owned(),
        names(MODEL.iter().map(|class| class.name).collect()),
        names(published.iter().map(|class| text(class, "class")).collect()),
    );
    let mut compared = BTreeSet::new();
    for class in published {
        let name = text(class, "class");
        let Some(declared) = xapi_model::class(name) else {
            continue; // told above
        };
        seen.compare(
            || format!("state of {name}"),
            state(declared.state),
            text(class, "lifecycle"),
        );
        compare_fields(declared, class, &mut seen);
        for published in list(class, "messages") {
            let full = format!("{name}.{}", text(published, "name"));
            match messages().find(&full) {
                Some(message) => compare_message(message, published, &mut seen),
                None => seen
                    .0
                    .push(format!("message {full}: published, not declared")),
            }
            compared.insert(full);
        }
    }
    compare_enums(published, &mut seen);
    let mut needed = vec![false; UNPUBLISHED.len()];
    for message in messages()
        .iter()
        .filter(|message| !compared.contains(&message.name))
    {
        match UNPUBLISHED.iter().position(|(allows, _)| allows(message)) {
            Some(at) => needed[at] = true,
            None => seen
                .0
                .push(format!("message {}: declared, not published", message.name)),
        }
    }
    for ((_, why), needed) in UNPUBLISHED.iter().zip(needed) {
        if !needed {
            seen.0
                .push(format!("an exception that nothing needs: {why}"));
        }
    }
    seen.none();
}

#[test]
fn the_declared_errors_are_the_published_ones_but_for_the_table() {
    let Some(facts) = facts("the error codes", "xenapi-errors.json") else {
        return;
    };
    let published: BTreeMap<&str, Vec<String>> = facts
        .as_object()
        .expect("codes")
        .iter()
        .map(|(code, params)| {
            let params = params.as_array().expect("parameters").iter();
            let params = params.map(|param| param.as_str().expect("a name").trim().to_owned());
            (code.as_str(), params.collect())
        })
        .collect();
    let mut seen = Differences::default();
    for (code, params, why) in ERROR_DEVIATIONS {
        if published
            .get(code)
            .is_some_and(|published| published == params)
        {
            seen.0
                .push(format!("{code}: a deviation that nothing needs: {why}"));
        }
    }
    let deviation = |code: &str| {
        let entry = ERROR_DEVIATIONS.iter().find(|(of, ..)| *of == code)?;
        Some(entry.1.iter().map(|param| (*param).to_owned()).collect())
    };
    let codes: BTreeSet<&str> = published
        .keys()
        .copied()
        .chain(ERROR_DEVIATIONS.iter().map(|(code, ..)| *code))
        .collect();
    for code in &codes {
        let expected: Vec<String> = deviation(code).unwrap_or_else(|| published[code].clone());
        match find(code) {
            Some(declared) => {
                let mut params = declared.params.to_vec();
                if declared.repeats {
                    params.push("…");
                }
                seen.compare(
                    || format!("parameters of {code}"),
                    params.join(", "),
                    expected.join(", "),
                );
            }
            None => seen.0.push(format!("{code}: published, not declared")),
        }
    }
    for error in ERRORS.iter().filter(|error| !codes.contains(error.code)) {
        seen.0
            .push(format!("{}: declared, not published", error.code));
    }
    seen.none();
}
