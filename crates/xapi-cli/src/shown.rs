//! How values look: the text of every type, and the value of a column of an object.

use std::collections::HashSet;
use std::rc::Rc;

use xapi_model::{Type, Value, classes};

use crate::failure::Failure;
use crate::records::{Column, Shape, Source};
use crate::server::{Row, Server};

/// Stands for an object that is not there.
pub const NOT_IN_DATABASE: &str = "<not in database>";
/// Stands for what an object that has gone meanwhile would have told.
pub const INVALID_REFERENCE: &str = "<invalid reference>";
/// Stands in lists for a value that costs a call of its own.
pub const EXPENSIVE: &str = "<expensive field>";
/// Stands for what a server cannot tell.
pub const UNKNOWN: &str = "<unknown>";

/// The value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// A text.
    One(String),
    /// The members of a set.
    Set(Vec<String>),
    /// The keys and values of a map.
    Map(Vec<(String, String)>),
}

impl Shown {
    /// As one line; members stand between separators.
    pub fn text(&self, separator: &str) -> String {
        match self {
            Shown::One(text) => text.clone(),
            Shown::Set(items) => items.join(separator),
            Shown::Map(members) => {
                let pairs = members.iter().map(|(key, value)| format!("{key}: {value}"));
                pairs.collect::<Vec<_>>().join(separator)
            }
        }
    }
}

/// What stands at the end of a column's way.
pub enum Found {
    /// A value of the object or of one that it refers to.
    Value(Type, Value),
    /// An optional member that is absent.
    Absent,
    /// An object on the way is not there.
    Nowhere,
    /// The answer to a question.
    Told(Shown),
}

/// The value of a column of an object; a column that asks for more than the record does so now.
pub fn show(server: &mut Server<'_>, column: &Column, row: &Row) -> Result<Shown, Failure> {
    Ok(match find(server, column, row)? {
        Found::Told(shown) => shown,
        Found::Nowhere => Shown::One(NOT_IN_DATABASE.to_owned()),
        Found::Absent => empty(column.shape),
        Found::Value(ty, value) => match column.wording {
            Some(wording) => worded(&value, column.shape, wording),
            None => shaped(server, &ty, &value, column.shape)?,
        },
    })
}

/// Goes the way of a column.
pub fn find(server: &mut Server<'_>, column: &Column, row: &Row) -> Result<Found, Failure> {
    let path = match &column.source {
        Source::Path(path) => path,
        Source::Asked(ask, _) => {
            return match ask(server, row) {
                Err(Failure::Api(error)) if error.code == "HANDLE_INVALID" => {
                    Ok(Found::Told(Shown::One(INVALID_REFERENCE.to_owned())))
                }
                answer => answer.map(Found::Told),
            };
        }
    };
    let mut record = Rc::clone(&row.record);
    let (last, way) = path.split_last().ok_or_else(|| no_path(column))?;
    for field in way {
        match target(server, &field.ty, record.member(field.name))? {
            Some(next) => record = next,
            None => return Ok(Found::Nowhere),
        }
    }
    let Some(value) = record.member(last.name) else {
        return Ok(Found::Absent);
    };
    let value = last.ty.accept(value.clone());
    let value = value.map_err(|error| Failure::Answer(format!("{}: {error}", last.name)))?;
    Ok(Found::Value(last.ty, value))
}

/// Fetches what showing a column of these rows needs, in few calls.
pub fn prefetch(server: &mut Server<'_>, column: &Column, rows: &[Row]) -> Result<(), Failure> {
    let (Source::Path(path) | Source::Asked(_, path)) = &column.source;
    let mut records: Vec<Rc<Value>> = rows.iter().map(|row| Rc::clone(&row.record)).collect();
    for (step, field) in path.iter().enumerate() {
        let Some(class) = referred(&field.ty).and_then(classes::class) else {
            return Ok(());
        };
        let mut references = HashSet::new();
        for record in &records {
            if let Some(value) = record.member(field.name) {
                collect_references(&field.ty, value, &mut references);
            }
        }
        server.need(class, &references)?;
        if step + 1 == path.len() {
            return Ok(());
        }
        let mut next = Vec::with_capacity(references.len());
        for reference in &references {
            next.extend(server.lookup(class, reference)?);
        }
        records = next;
    }
    Ok(())
}

fn no_path(column: &Column) -> Failure {
    Failure::Answer(format!("{} has no source", column.name))
}

/// An optional member that is absent.
fn empty(shape: Shape) -> Shown {
    match shape {
        Shape::Scalar => Shown::One(String::new()),
        Shape::Set => Shown::Set(Vec::new()),
        Shape::Map => Shown::Map(Vec::new()),
    }
}

/// The class whose objects a value of the type refers to.
fn referred(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Ref(class) => Some(class),
        Type::Set(of) | Type::Option(of) => referred(of),
        Type::Map(key, of) => referred(of).or_else(|| referred(key)),
        _ => None,
    }
}

fn collect_references(ty: &Type, value: &Value, into: &mut HashSet<String>) {
    match (ty, value) {
        (Type::Ref(_), Value::Str(reference)) => {
            into.insert(reference.clone());
        }
        (Type::Set(of), Value::Array(items)) => {
            items
                .iter()
                .for_each(|item| collect_references(of, item, into));
        }
        (Type::Option(of), value) => collect_references(of, value, into),
        (Type::Map(key, of), Value::Struct(members)) => {
            for (name, value) in members {
                if referred(of).is_some() {
                    collect_references(of, value, into);
                } else if matches!(key, Type::Ref(_)) {
                    into.insert(name.clone());
                }
            }
        }
        _ => {}
    }
}

/// The record that a reference field leads to.
fn target(
    server: &mut Server<'_>,
    ty: &Type,
    value: Option<&Value>,
) -> Result<Option<Rc<Value>>, Failure> {
    let (Type::Ref(class), Some(Value::Str(reference))) = (ty, value) else {
        return Ok(None);
    };
    let class = classes::class(class)
        .ok_or_else(|| Failure::Answer(format!("a reference to the unknown class {class}")))?;
    server.lookup(class, reference)
}

fn shaped(
    server: &mut Server<'_>,
    ty: &Type,
    value: &Value,
    shape: Shape,
) -> Result<Shown, Failure> {
    Ok(match (shape, ty, value) {
        (Shape::Set, Type::Set(of), Value::Array(items)) => {
            let items: Result<Vec<_>, _> = items.iter().map(|v| text(server, of, v)).collect();
            Shown::Set(items?)
        }
        // Current operations are a map of tasks; people see the operations.
        (Shape::Set, Type::Map(_, of), Value::Struct(members)) => {
            let items: Result<Vec<_>, _> =
                members.iter().map(|(_, v)| text(server, of, v)).collect();
            Shown::Set(items?)
        }
        (Shape::Map, Type::Map(key, of), Value::Struct(members)) => {
            Shown::Map(pairs(server, key, of, members)?)
        }
        _ => Shown::One(text(server, ty, value)?),
    })
}

fn pairs(
    server: &mut Server<'_>,
    key: &Type,
    of: &Type,
    members: &[(String, Value)],
) -> Result<Vec<(String, String)>, Failure> {
    let mut pairs = Vec::with_capacity(members.len());
    for (name, value) in members {
        let name = match key {
            Type::Ref(_) => text(server, key, &Value::Str(name.clone()))?,
            _ => name.clone(),
        };
        pairs.push((name, text(server, of, value)?));
    }
    Ok(pairs)
}

/// A value in other words than the wire's, member by member.
pub fn worded(value: &Value, shape: Shape, wording: fn(&Value) -> String) -> Shown {
    match (shape, value) {
        (Shape::Set, Value::Array(items)) => Shown::Set(items.iter().map(wording).collect()),
        (Shape::Set, Value::Struct(members)) => {
            Shown::Set(members.iter().map(|(_, value)| wording(value)).collect())
        }
        _ => Shown::One(wording(value)),
    }
}

/// The text of a value.
pub fn text(server: &mut Server<'_>, ty: &Type, value: &Value) -> Result<String, Failure> {
    Ok(match (ty, value) {
        (Type::Ref(class), Value::Str(reference)) => {
            let uuid = match classes::class(class) {
                Some(class) => server.uuid_of(class, reference)?,
                None => None,
            };
            uuid.unwrap_or_else(|| NOT_IN_DATABASE.to_owned())
        }
        (Type::Set(of), Value::Array(items)) => {
            let items: Result<Vec<_>, _> = items.iter().map(|v| text(server, of, v)).collect();
            Shown::Set(items?).text("; ")
        }
        (Type::Map(key, of), Value::Struct(members)) => {
            Shown::Map(pairs(server, key, of, members)?).text("; ")
        }
        (Type::Option(of), value) => text(server, of, value)?,
        // Inside maps and sets the server's integers may still be texts, and that is how they are shown.
        (_, value) => plain(value),
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::Nil => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => float(*x),
        Value::Time(time) => time.to_string(),
        Value::Str(text) => text.clone(),
        Value::Array(items) => {
            let items = items.iter().map(plain);
            Shown::Set(items.collect()).text("; ")
        }
        Value::Struct(members) => {
            let members = members.iter().map(|(key, v)| (key.clone(), plain(v)));
            Shown::Map(members.collect()).text("; ")
        }
    }
}

/// Three decimals, and what is no number as C writes it.
pub fn float(x: f64) -> String {
    if x.is_nan() {
        "nan".to_owned()
    } else {
        format!("{x:.3}")
    }
}
