//! Values as JSON, for programs: the same as the other forms show, with their types.
//!
//! Objects are their UUIDs. What the other forms say with words between angle brackets, as that there is no such object
//! or that the value would cost a call of its own, is null.

use serde_json::Value as Json;
use xapi_model::{Type, Value, classes};

use crate::failure::Failure;
use crate::records::{Column, Shape};
use crate::server::{Row, Server};
use crate::shown::{
    EXPENSIVE, Found, INVALID_REFERENCE, NOT_IN_DATABASE, Shown, UNKNOWN, find, worded,
};

/// The value of a column of an object.
pub fn column(server: &mut Server<'_>, column: &Column, row: &Row) -> Result<Json, Failure> {
    match find(server, column, row)? {
        Found::Nowhere => Ok(Json::Null),
        Found::Told(shown) => Ok(told(shown)),
        Found::Absent => Ok(match column.shape {
            Shape::Scalar => Json::Null,
            Shape::Set => Json::Array(Vec::new()),
            Shape::Map => Json::Object(serde_json::Map::new()),
        }),
        Found::Value(ty, value) => match (column.wording, column.shape, ty, &value) {
            // Several words in one text would have to be cut apart again.
            (Some(_), Shape::Scalar, ty @ (Type::Set(_) | Type::Map(..)), value) => {
                json(server, &ty, value)
            }
            (Some(wording), shape, ..) => Ok(told(worded(&value, shape, wording))),
            // Current operations are a map of tasks; people see the operations, and so do programs.
            (None, Shape::Set, Type::Map(_, of), Value::Struct(members)) => {
                members.iter().map(|(_, v)| json(server, of, v)).collect()
            }
            (None, _, ty, value) => json(server, &ty, value),
        },
    }
}

fn told(shown: Shown) -> Json {
    match shown {
        Shown::One(text) => match text.as_str() {
            NOT_IN_DATABASE | INVALID_REFERENCE | EXPENSIVE | UNKNOWN => Json::Null,
            _ => text.into(),
        },
        Shown::Set(items) => items.into(),
        Shown::Map(members) => {
            let members = members
                .into_iter()
                .map(|(key, value)| (key, Json::from(value)));
            Json::Object(members.collect())
        }
    }
}

/// A value of the wire.
pub fn json(server: &mut Server<'_>, ty: &Type, value: &Value) -> Result<Json, Failure> {
    Ok(match (ty, value) {
        (Type::Ref(class), Value::Str(reference)) => {
            let uuid = match classes::class(class) {
                Some(class) => server.uuid_of(class, reference)?,
                None => None,
            };
            uuid.map_or(Json::Null, Json::from)
        }
        (Type::Set(of), Value::Array(items)) => {
            let items = items.iter().map(|item| json(server, of, item));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        (Type::Map(key, of), Value::Struct(members)) => {
            let mut object = serde_json::Map::new();
            for (name, value) in members {
                let name = match json(server, key, &name.as_str().into())? {
                    Json::String(name) => name,
                    // An object that is gone, or a key that is no text.
                    _ => name.clone(),
                };
                object.insert(name, json(server, of, value)?);
            }
            Json::Object(object)
        }
        (Type::Option(of), value) => json(server, of, value)?,
        // The server's integers may still be texts.
        (Type::Int | Type::Float | Type::Bool, Value::Str(_)) => match ty.accept(value.clone()) {
            Ok(typed) => plain(&typed),
            Err(_) => plain(value),
        },
        (_, value) => plain(value),
    })
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(n) => (*n).into(),
        // What is no number has no form in JSON.
        Value::Float(x) => (*x).into(),
        Value::Time(time) => time.to_string().into(),
        Value::Str(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Struct(members) => {
            let members = members.iter().map(|(key, v)| (key.clone(), plain(v)));
            Json::Object(members.collect())
        }
    }
}
