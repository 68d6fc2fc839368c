//! Reads the values of parameters as the model's types.

use xapi_model::types::NULL_REF;
use xapi_model::{DateTime, EnumDesc, Type, Value, classes};

use crate::failure::Failure;
use crate::grammar::truth;
use crate::server::Server;

/// The value that a text stands for. Objects are named by UUID, sets are comma lists.
pub fn read(server: &mut Server<'_>, ty: &Type, name: &str, text: &str) -> Result<Value, Failure> {
    let wrong =
        |what: &str| Failure::Refused(format!("Parameter '{name}': expected {what}, got '{text}'"));
    match ty {
        Type::Int => match ty.accept(text.into()) {
            Ok(number) => Ok(number),
            Err(_) => Err(wrong("an integer")),
        },
        Type::Float => match ty.accept(text.into()) {
            Ok(number) => Ok(number),
            Err(_) => Err(wrong("a number")),
        },
        Type::Bool => truth(text)
            .map(Value::Bool)
            .ok_or_else(|| wrong("true or false")),
        Type::DateTime => DateTime::parse(text)
            .map(Value::Time)
            .ok_or_else(|| wrong("a date")),
        Type::Enum(desc) => enumerated(desc, text),
        Type::Ref(_) if text.is_empty() => Ok(NULL_REF.into()),
        Type::Ref(class) => match classes::class(class) {
            Some(class) => server.by_uuid(class, text).map(Value::Str),
            None => Err(wrong("an object")),
        },
        Type::Set(of) => {
            let items = text.split(',').filter(|item| !item.is_empty());
            let items: Result<Vec<_>, _> = items.map(|item| read(server, of, name, item)).collect();
            Ok(Value::Array(items?))
        }
        Type::Option(of) => read(server, of, name, text),
        Type::String => Ok(text.into()),
        Type::Void | Type::Map(..) | Type::Record(_) | Type::AnyRecord | Type::EventBatch => {
            Err(wrong("nothing that a command line can say"))
        }
    }
}

/// A number of bytes, which may be written with a unit. All units are binary, also the decimal ones.
pub fn size(name: &str, text: &str) -> Result<Value, Failure> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '-')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" | "bytes" => Some(0),
        "k" | "kb" | "kib" => Some(10),
        "m" | "mb" | "mib" => Some(20),
        "g" | "gb" | "gib" => Some(30),
        "t" | "tb" | "tib" => Some(40),
        _ => None,
    };
    let bytes = shift.and_then(|shift| number.parse::<i64>().ok()?.checked_mul(1_i64 << shift));
    bytes.map(Value::Int).ok_or_else(|| {
        Failure::Refused(format!(
            "Parameter '{name}': expected a size, such as 512MiB, got '{text}'"
        ))
    })
}

/// Case does not count on the command line, whatever the wire says.
fn enumerated(desc: &EnumDesc, text: &str) -> Result<Value, Failure> {
    let names = || desc.values.iter().map(|(name, _)| *name);
    let found = desc
        .canonical(if (desc.name, text) == ("bond_mode", "") {
            // An empty mode is the oldest one: scripts pass variables that may be unset.
            "balance-slb"
        } else {
            text
        })
        .or_else(|| names().find(|name| name.eq_ignore_ascii_case(text)));
    found.map(Value::from).ok_or_else(|| {
        let legal: Vec<String> = names().map(|name| format!("'{name}'")).collect();
        Failure::Refused(format!("Expected {}, got {text}", legal.join(", ")))
    })
}
