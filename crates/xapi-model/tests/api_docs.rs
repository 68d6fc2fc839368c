//! Writes `docs/api` from the declarations, and fails when the committed pages are not what they say.
//!
//! `UPDATE_DOCS=1 cargo test -p xapi-model --test api_docs` writes the pages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use xapi_model::desc::{CallDesc, ClassDesc, EnumDesc, FieldDesc, Qualifier, Role, State};
use xapi_model::errors::ERRORS;
use xapi_model::messages::{Implied, Kind, Message, messages};
use xapi_model::{MODEL, Type, Value};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/api")
}

/// A type as the pages show it, with links to the classes and enumerations that it names.
fn type_link(ty: &Type, class: &str) -> String {
    match ty {
        Type::Ref(to) if *to == class => format!("{to} ref"),
        Type::Record(of) if *of == class => format!("{of} record"),
        Type::Ref(to) => format!("[{to}]({to}.md) ref"),
        Type::Record(of) => format!("[{of}]({of}.md) record"),
        Type::Enum(desc) => format!("enum {}", desc.name),
        Type::Set(of) => format!("{} set", type_link(of, class)),
        Type::Option(of) => format!("{} option", type_link(of, class)),
        Type::Map(key, of) => {
            format!("({} → {}) map", type_link(key, class), type_link(of, class))
        }
        plain => plain.to_string(),
    }
}

/// Text that is safe in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn value(value: &Value) -> String {
    match value {
        Value::Str(text) if text.is_empty() => "empty".to_owned(),
        Value::Str(text) if text == xapi_model::types::NULL_REF => "null".to_owned(),
        Value::Str(text) => format!("`{text}`"),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Time(time) => format!("`{}`", time.as_str()),
        Value::Nil => "absent".to_owned(),
        Value::Array(items) if items.is_empty() => "empty".to_owned(),
        Value::Array(items) => items.iter().map(self::value).collect::<Vec<_>>().join(", "),
        Value::Struct(members) if members.is_empty() => "empty".to_owned(),
        Value::Struct(members) => members
            .iter()
            .map(|(key, member)| format!("`{key}` = {}", self::value(member)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Published => "",
        State::Prototyped => " *Prototype: may change.*",
        State::Deprecated => " *Deprecated.*",
        State::Removed => " *Removed.*",
    }
}

fn access(field: &FieldDesc) -> &'static str {
    match field.qualifier {
        Qualifier::RW => "read, write",
        Qualifier::StaticRO => "set at creation",
        Qualifier::DynamicRO | Qualifier::Internal => "read",
    }
}

fn role(role: Role) -> String {
    match role {
        Role::LocalRoot => "the local superuser only".to_owned(),
        role => format!("`{role}`"),
    }
}

fn fields(page: &mut String, class: &ClassDesc) {
    let shown: Vec<_> = class.fields.iter().filter(|f| f.on_wire()).collect();
    if shown.is_empty() {
        return;
    }
    page.push_str(
        "\n## Fields\n\n| field | type | access | default | meaning |\n|---|---|---|---|---|\n",
    );
    for field in shown {
        let default = field.default.map_or(String::new(), |make| value(&make()));
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {}{} |",
            field.name,
            type_link(&field.ty, class.name),
            access(field),
            cell(&default),
            cell(field.doc),
            state(field.state),
        )
        .expect("text");
    }
    let keys: Vec<_> = class.fields.iter().filter(|f| !f.keys.is_empty()).collect();
    for field in keys {
        let keys: Vec<_> = field
            .keys
            .iter()
            .map(|(key, needs)| format!("`{key}` needs {}", role(*needs)))
            .collect();
        writeln!(
            page,
            "\nKeys of `{}` with a role of their own: {}.",
            field.name,
            keys.join(", ")
        )
        .expect("text");
    }
}

fn enumerations(page: &mut String, class: &ClassDesc) {
    fn collect(ty: &Type, into: &mut BTreeMap<&'static str, &'static EnumDesc>) {
        match ty {
            Type::Enum(desc) => {
                into.insert(desc.name, desc);
            }
            Type::Set(of) | Type::Option(of) => collect(of, into),
            Type::Map(key, of) => {
                collect(key, into);
                collect(of, into);
            }
            _ => {}
        }
    }
    let mut enums = BTreeMap::new();
    class
        .fields
        .iter()
        .for_each(|field| collect(&field.ty, &mut enums));
    for call in class.calls {
        call.params
            .iter()
            .for_each(|param| collect(&param.ty, &mut enums));
        collect(&call.result, &mut enums);
    }
    if enums.is_empty() {
        return;
    }
    page.push_str("\n## Enumerations\n");
    for desc in enums.values() {
        writeln!(page, "\n### {}\n\n{}\n", desc.name, desc.doc).expect("text");
        for (name, doc) in desc.values {
            let shown = if name.is_empty() { "(empty)" } else { name };
            writeln!(page, "- `{shown}`: {doc}").expect("text");
        }
    }
}

fn call(page: &mut String, class: &ClassDesc, call: &CallDesc) {
    let params: Vec<_> = call
        .params
        .iter()
        .map(|param| match param.default {
            Some(_) => format!("[{}]", param.name),
            None => param.name.to_owned(),
        })
        .collect();
    let short = call
        .name
        .split_once('.')
        .map_or(call.name, |(_, short)| short);
    writeln!(
        page,
        "\n### {short}\n\n`{}({})`",
        call.name,
        params.join(", ")
    )
    .expect("text");
    writeln!(page, "\n{}{}\n", call.doc, state(call.state)).expect("text");
    for param in call.params {
        let default = param.default.map_or(String::new(), |make| {
            format!(" When left out: {}.", value(&make()))
        });
        writeln!(
            page,
            "- `{}` ({}): {}{default}",
            param.name,
            type_link(&param.ty, class.name),
            param.doc,
        )
        .expect("text");
    }
    let mut facts = Vec::new();
    if !matches!(call.result, Type::Void) {
        facts.push(format!("Returns {}.", type_link(&call.result, class.name)));
    }
    if call.session {
        facts.push(format!("Needs {}.", role(call.role)));
    } else {
        facts.push("Needs no session.".to_owned());
    }
    if call.is_async {
        facts.push("Has an `Async.` form.".to_owned());
    }
    if !call.params.is_empty() {
        page.push('\n');
    }
    writeln!(page, "{}", facts.join(" ")).expect("text");
}

/// One line that names the implied messages of a class; what they do is told once, on the first page.
fn implied(page: &mut String, class: &ClassDesc) {
    let of_class = |message: &&Message| message.class.name == class.name;
    let mut names: BTreeSet<String> = BTreeSet::new();
    for message in messages().iter().filter(of_class) {
        let Kind::Implied(kind) = message.kind else {
            continue;
        };
        names.insert(match kind {
            Implied::Get(_) => "get_F".to_owned(),
            Implied::Set(_) => "set_F".to_owned(),
            Implied::AddTo(_) => "add_to_F".to_owned(),
            Implied::RemoveFrom(_) => "remove_from_F".to_owned(),
            Implied::Add(_) => "add_F".to_owned(),
            Implied::Remove(_) => "remove_F".to_owned(),
            _ => message.short_name().to_owned(),
        });
    }
    if !names.is_empty() {
        let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
        writeln!(
            page,
            "\n## Implied messages\n\n{} (see [the overview](README.md)). Those that change something need {}.",
            names.join(", "),
            role(class.role),
        )
        .expect("text");
    }
}

fn class_page(class: &ClassDesc) -> String {
    let mut page = format!("# {}\n\n{}{}\n", class.name, class.doc, state(class.state));
    fields(&mut page, class);
    enumerations(&mut page, class);
    implied(&mut page, class);
    if !class.calls.is_empty() {
        page.push_str("\n## Calls\n");
        let sorted: BTreeMap<_, _> = class.calls.iter().map(|call| (call.name, call)).collect();
        sorted
            .values()
            .for_each(|desc| call(&mut page, class, desc));
    }
    page
}

fn overview() -> String {
    let mut page = String::from(
        "# The XenAPI, class by class\n\n\
         These pages are written from the declarations in `crates/xapi-model`; a test keeps them fresh. \
         Edit the doc comments there, never these files.\n\n\
         Every call but a login takes the session as its first parameter, which the pages leave out. Parameters in \
         brackets may be left out. Errors are listed [by code](errors.md).\n\n\
         ## Implied messages\n\n\
         They follow from the fields of a class and need no declaration. *F* stands for a field.\n\n\
         | message | does |\n|---|---|\n\
         | `get_all()` | References to all objects. |\n\
         | `get_all_records()` | All objects, whole, by reference. |\n\
         | `get_all_where(expr)`, `get_all_records_where(expr)` | The same for the objects that a filter selects. |\n\
         | `get_record(self)` | One object, whole. |\n\
         | `get_by_uuid(uuid)` | The object with that UUID. |\n\
         | `get_by_name_label(label)` | All objects with that name; names need not be unique. |\n\
         | `create(record)`, `destroy(self)` | Makes an object of a record; removes it. Only some classes have them. |\n\
         | `get_F(self)` | Reads a field. |\n\
         | `set_F(self, value)` | Writes a field marked *write*. |\n\
         | `add_to_F(self, key, value)`, `remove_from_F(self, key)` | Change one key of a map. |\n\
         | `add_F(self, value)`, `remove_F(self, value)` | Change one member of a set. |\n\n\
         ## Classes\n\n",
    );
    for class in MODEL {
        let first = class
            .doc
            .split_inclusive(". ")
            .next()
            .unwrap_or(class.doc)
            .trim();
        writeln!(
            page,
            "- [{}]({}.md): {first}{}",
            class.name,
            class.name,
            state(class.state)
        )
        .expect("text");
    }
    page
}

fn error_page() -> String {
    let mut page = String::from(
        "# Errors\n\nA failed call answers a code and its parameters, in this order. *…* means: and more of the same.\n\n\
         | code | parameters | meaning |\n|---|---|---|\n",
    );
    for error in ERRORS.iter() {
        let mut params = error.params.join(", ");
        if error.repeats {
            params.push('…');
        }
        writeln!(
            page,
            "| `{}` | {} | {} |",
            error.code,
            cell(&params),
            cell(error.doc)
        )
        .expect("text");
    }
    page
}

#[test]
fn the_pages_of_the_api_are_what_the_declarations_say() {
    let mut pages = BTreeMap::from([
        ("README.md".to_owned(), overview()),
        ("errors.md".to_owned(), error_page()),
    ]);
    for class in MODEL {
        pages.insert(format!("{}.md", class.name), class_page(class));
    }
    let folder = folder();
    let present: BTreeSet<String> = match fs::read_dir(&folder) {
        Ok(entries) => entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect(),
        Err(_) => BTreeSet::new(), // nothing written yet: every page below is missing
    };
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(&folder).expect("docs/api can be made");
        for (name, page) in &pages {
            fs::write(folder.join(name), page).expect("docs/api can be written");
        }
        for name in present.iter().filter(|name| !pages.contains_key(*name)) {
            fs::remove_file(folder.join(name)).expect("an old page can be removed");
        }
        return;
    }
    let mut stale = Vec::new();
    for (name, page) in &pages {
        match fs::read_to_string(folder.join(name)) {
            Ok(written) if written == *page => {}
            Ok(_) => stale.push(format!("{name} differs")),
            Err(why) => stale.push(format!("{name}: {why}")),
        }
    }
    for name in present.iter().filter(|name| !pages.contains_key(*name)) {
        stale.push(format!("{name} belongs to no class"));
    }
    assert!(
        stale.is_empty(),
        "docs/api is stale; UPDATE_DOCS=1 cargo test -p xapi-model --test api_docs writes it:\n{}",
        stale.join("\n")
    );
}
