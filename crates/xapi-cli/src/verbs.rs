//! The commands that every class has: list, param-list, -get, -set, -add, -remove and -clear.

use serde_json::Value as Json;
use xapi_model::messages::Message;
use xapi_model::{Type, Value};

use crate::command::Context;
use crate::failure::Failure;
use crate::filter::filter;
use crate::input::{read, size};
use crate::json;
use crate::print::Block;
use crate::records::{Column, Kind, Shape};
use crate::server::{Row, Server};
use crate::shown::{EXPENSIVE, Shown, prefetch, show};

/// What a record command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Objects that filters choose.
    List,
    /// All fields of an object.
    ParamList,
    /// One field of an object.
    ParamGet,
    /// Sets fields and keys.
    ParamSet,
    /// Adds a member or keys.
    ParamAdd,
    /// Removes a member or key.
    ParamRemove,
    /// Empties a field.
    ParamClear,
}

/// Carries out a record command.
pub fn run(verb: Verb, kind: &Kind, cx: &mut Context<'_>) -> Result<(), Failure> {
    if verb == Verb::List {
        return list(kind, cx);
    }
    if cx.params.own().any(|(key, _)| key.starts_with("database:")) {
        return Err(no_dumps());
    }
    let uuid = cx.required("uuid")?;
    let row = cx.server.row_by_uuid(kind.class, uuid)?;
    match verb {
        Verb::List => Ok(()),
        Verb::ParamList => param_list(kind, cx, &row),
        Verb::ParamGet => param_get(kind, cx, &row),
        Verb::ParamSet => param_set(kind, cx, &row),
        Verb::ParamAdd => param_add(kind, cx, &row),
        Verb::ParamRemove => param_remove(kind, cx, &row),
        Verb::ParamClear => param_clear(kind, cx, &row),
    }
}

fn no_dumps() -> Failure {
    Failure::Refused("Reading from a database dump (database:) is not supported".to_owned())
}

fn list(kind: &Kind, cx: &mut Context<'_>) -> Result<(), Failure> {
    let own = cx.params.own();
    let filters: Vec<(&str, &str)> = own.filter(|(key, _)| *key != "params").collect();
    if filters.iter().any(|(key, _)| key.starts_with("database:")) {
        return Err(no_dumps());
    }
    let all = cx.server.rows(kind.class)?;
    let mut rows = all.clone();
    for asked in kind.narrowed.iter().copied().chain(filters) {
        rows = filter(&mut cx.server, kind, rows, asked)?;
    }
    if cx.params.switch("all") {
        // XAPI checks the filters, and then shows everything.
        rows = all;
    }
    let wanted = cx.params.get("params");
    let is_wanted = |column: &&Column| {
        let named = match wanted {
            None => kind.is_shown(column),
            Some("all") => true,
            Some(names) => names.split(',').any(|name| name == column.name),
        };
        named && !column.hidden
    };
    let mut columns: Vec<&Column> = kind.columns.iter().filter(is_wanted).collect();
    if cx.printer.is_minimal() {
        // Nothing else will be seen, so nothing else is asked for.
        columns.truncate(1);
    }
    for column in columns.iter().filter(|column| !column.expensive) {
        prefetch(&mut cx.server, column, &rows)?;
    }
    if cx.printer.is_json() {
        let objects = rows.iter().map(|row| object(cx, &columns, row, false));
        let objects = objects.collect::<Result<_, _>>()?;
        cx.printer.value(objects);
        return Ok(());
    }
    let blocks = rows.iter().map(|row| {
        let cells = columns.iter().map(|column| {
            let value = if column.expensive {
                EXPENSIVE.to_owned()
            } else {
                show(&mut cx.server, column, row)?.text(column.separator)
            };
            Ok((column.key(), value))
        });
        cells.collect::<Result<Block, Failure>>()
    });
    let blocks: Vec<Block> = blocks.collect::<Result<_, _>>()?;
    cx.printer.table(&blocks);
    Ok(())
}

/// A record for programs: names as the other forms show them, without flags.
fn object(
    cx: &mut Context<'_>,
    columns: &[&Column],
    row: &Row,
    expensive: bool,
) -> Result<Json, Failure> {
    let mut object = serde_json::Map::new();
    for column in columns {
        let value = if column.expensive && !expensive {
            Json::Null
        } else {
            json::column(&mut cx.server, column, row)?
        };
        object.insert(column.name.clone(), value);
    }
    Ok(object.into())
}

fn param_list(kind: &Kind, cx: &mut Context<'_>, row: &Row) -> Result<(), Failure> {
    let columns: Vec<&Column> = kind
        .columns
        .iter()
        .filter(|column| !column.hidden)
        .collect();
    if cx.printer.is_json() {
        let object = object(cx, &columns, row, true)?;
        cx.printer.value(object);
        return Ok(());
    }
    let mut block = Block::new();
    for column in columns {
        prefetch(&mut cx.server, column, std::slice::from_ref(row))?;
        let value = show(&mut cx.server, column, row)?.text(column.separator);
        block.push((column.key(), value));
    }
    cx.printer.table(&[block]);
    Ok(())
}

fn param_get(kind: &Kind, cx: &mut Context<'_>, row: &Row) -> Result<(), Failure> {
    let column = named(kind, cx)?;
    prefetch(&mut cx.server, column, std::slice::from_ref(row))?;
    if cx.printer.is_json() {
        let mut value = json::column(&mut cx.server, column, row)?;
        if let (Some(key), Json::Object(members)) = (cx.params.get("param-key"), &mut value) {
            value = members.remove(key).ok_or_else(|| no_key(key))?;
        }
        cx.printer.value(value);
        return Ok(());
    }
    let shown = show(&mut cx.server, column, row)?;
    let text = match (cx.params.get("param-key"), &shown) {
        (Some(key), Shown::Map(members)) => match members.iter().find(|(name, _)| name == key) {
            Some((_, value)) => value.clone(),
            None => return Err(no_key(key)),
        },
        _ => shown.text(column.separator),
    };
    cx.printer.line(&text);
    Ok(())
}

fn no_key(key: &str) -> Failure {
    Failure::Refused(format!("Key {key} not found in map"))
}

/// A map that is set as a whole: its column, the message that sets it, and the members so far.
type Whole<'c> = (&'c Column, &'static Message, Vec<(String, Value)>);

fn param_set(kind: &Kind, cx: &mut Context<'_>, row: &Row) -> Result<(), Failure> {
    let own: Vec<(&str, &str)> = cx.params.own().filter(|(key, _)| *key != "uuid").collect();
    // Keys of maps that are only set as a whole wait for the end.
    let mut wholes: Vec<Whole<'_>> = Vec::new();
    for (key, text) in own {
        match find(kind, key)? {
            Place::Field(column) => set_field(&mut cx.server, column, row, text)?,
            Place::Key(column, member) => {
                if let (None, None, Some(message)) = (column.in_map, column.add, column.set) {
                    let member = (member.to_owned(), text.into());
                    match wholes
                        .iter_mut()
                        .find(|(seen, ..)| seen.name == column.name)
                    {
                        Some((.., members)) => members.push(member),
                        None => wholes.push((column, message, vec![member])),
                    }
                } else {
                    set_key(&mut cx.server, column, row, member, text)?;
                }
            }
        }
    }
    for (_, message, members) in wholes {
        write(&mut cx.server, message, row, vec![Value::Struct(members)])?;
    }
    Ok(())
}

/// What a key on the command line names.
enum Place<'k> {
    Field(&'k Column),
    Key(&'k Column, &'k str),
}

fn find<'k>(kind: &'k Kind, key: &'k str) -> Result<Place<'k>, Failure> {
    if let Some(column) = kind.column(key) {
        return match column.shape {
            Shape::Map => Err(Failure::Refused(format!(
                "Field '{key}' is a map: set one of its keys with '{key}:KEY=VALUE'"
            ))),
            Shape::Set | Shape::Scalar => Ok(Place::Field(column)),
        };
    }
    if let Some((name, member)) = key.split_once(':')
        && let Some(column) = kind.column(name)
    {
        return match column.shape {
            Shape::Map => Ok(Place::Key(column, member)),
            Shape::Set => Err(Failure::Refused(
                "Cannot param-set on set fields".to_owned(),
            )),
            Shape::Scalar => Err(Failure::Refused(format!("Field '{name}' is not a map"))),
        };
    }
    let maps = kind
        .columns
        .iter()
        .filter(|column| column.shape == Shape::Map);
    let dashed = maps.filter_map(|column| {
        let member = key.strip_prefix(column.name.as_str())?.strip_prefix('-')?;
        Some((column, member))
    });
    match dashed.max_by_key(|(column, _)| column.name.len()) {
        Some((column, member)) => Ok(Place::Key(column, member)),
        None => Err(Failure::NoSuchField(key.to_owned())),
    }
}

fn read_only(column: &Column) -> Failure {
    Failure::Refused(format!("Field '{}' is read-only.", column.name))
}

fn set_field(
    server: &mut Server<'_>,
    column: &Column,
    row: &Row,
    text: &str,
) -> Result<(), Failure> {
    let message = column.set.ok_or_else(|| read_only(column))?;
    let value = if column.bytes {
        size(&column.name, text)?
    } else {
        read_last(server, message, &column.name, text)?
    };
    write(server, message, row, vec![value])
}

fn set_key(
    server: &mut Server<'_>,
    column: &Column,
    row: &Row,
    key: &str,
    text: &str,
) -> Result<(), Failure> {
    if let Some(message) = column.in_map {
        return write(server, message, row, vec![key.into(), text.into()]);
    }
    let (Some(add), Some(remove)) = (column.add, column.remove) else {
        return Err(read_only(column));
    };
    let value = read_last(server, add, &column.name, text)?;
    // Removing a key that is not there does nothing; whether it is there may have changed since the record was read.
    write(server, remove, row, vec![key.into()])?;
    write(server, add, row, vec![key.into(), value])
}

fn param_add(kind: &Kind, cx: &mut Context<'_>, row: &Row) -> Result<(), Failure> {
    let column = named(kind, cx)?;
    let add = column.add.ok_or_else(|| {
        Failure::Refused(format!("Nothing can be added to field '{}'", column.name))
    })?;
    if column.shape == Shape::Set {
        let member = cx.required("param-key")?;
        let value = read_last(&mut cx.server, add, &column.name, member)?;
        return write(&mut cx.server, add, row, vec![value]);
    }
    let own = cx.params.own();
    let pairs: Vec<(&str, &str)> = own
        .filter(|(key, _)| !["uuid", "param-name", "param-key"].contains(key))
        .collect();
    for (key, text) in pairs {
        let value = read_last(&mut cx.server, add, key, text)?;
        write(&mut cx.server, add, row, vec![key.into(), value])?;
    }
    Ok(())
}

fn param_remove(kind: &Kind, cx: &mut Context<'_>, row: &Row) -> Result<(), Failure> {
    let column = named(kind, cx)?;
    let key = cx.required("param-key")?;
    let remove = column.remove.ok_or_else(|| {
        Failure::Refused(format!(
            "Nothing can be removed from field '{}'",
            column.name
        ))
    })?;
    let value = match show(&mut cx.server, column, row)? {
        Shown::Set(items) if items.iter().any(|item| item == key) => {
            read_last(&mut cx.server, remove, &column.name, key)?
        }
        Shown::Map(members) if members.iter().any(|(name, _)| name == key) => key.into(),
        Shown::Map(_) => return Err(Failure::Refused(format!("Key {key} is not in map"))),
        _ => return Err(Failure::Refused(format!("Key {key} is not in the set"))),
    };
    write(&mut cx.server, remove, row, vec![value])
}

/// The first way that the field has: member by member, all at once, or set to nothing.
fn param_clear(kind: &Kind, cx: &mut Context<'_>, row: &Row) -> Result<(), Failure> {
    let column = named(kind, cx)?;
    match (column.shape, column.set, column.remove) {
        (Shape::Set, _, Some(remove)) => {
            if let Shown::Set(items) = show(&mut cx.server, column, row)? {
                for item in items {
                    let value = read_last(&mut cx.server, remove, &column.name, &item)?;
                    write(&mut cx.server, remove, row, vec![value])?;
                }
            }
            Ok(())
        }
        (Shape::Map, Some(set), _) => {
            write(&mut cx.server, set, row, vec![Value::Struct(Vec::new())])
        }
        (Shape::Map, None, Some(remove)) => {
            if let Shown::Map(members) = show(&mut cx.server, column, row)? {
                for (key, _) in members {
                    write(&mut cx.server, remove, row, vec![key.into()])?;
                }
            }
            Ok(())
        }
        (Shape::Set, Some(_), None) | (Shape::Scalar, Some(_), _) => {
            set_field(&mut cx.server, column, row, "")
        }
        _ => Err(Failure::Refused(format!(
            "Field '{}' cannot be cleared",
            column.name
        ))),
    }
}

/// The field that `param-name` names.
fn named<'k>(kind: &'k Kind, cx: &Context<'_>) -> Result<&'k Column, Failure> {
    let name = cx.required("param-name")?;
    kind.column(name)
        .ok_or_else(|| Failure::NoSuchField(name.to_owned()))
}

/// Reads a text as the last parameter of a message.
fn read_last(
    server: &mut Server<'_>,
    message: &Message,
    name: &str,
    text: &str,
) -> Result<Value, Failure> {
    let ty = message.params.last().map_or(Type::String, |param| param.ty);
    read(server, &ty, name, text)
}

fn write(
    server: &mut Server<'_>,
    message: &Message,
    row: &Row,
    values: Vec<Value>,
) -> Result<(), Failure> {
    let mut params = vec![row.reference.as_str().into()];
    params.extend(values);
    server.call(&message.name, params).map(drop)
}
