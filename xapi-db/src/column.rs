//! How a value of the model is kept in a column, and read back.
//!
//! Numbers and truth values are SQL numbers, texts are texts, sets and maps are JSON texts that keep order and
//! duplicates. NaN, which SQLite turns into NULL, is NULL on purpose. Floating-point numbers inside JSON are texts, so
//! that they come back to the bit. Options are JSON too: `null` is no value of what they hold.

use std::fmt;

use rusqlite::types::{Value as SqlValue, ValueRef};
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserializer, Serialize, Serializer};
use xapi_model::{DateTime, Type, TypeError, Value, Writer};

/// The SQL type of a column; `None` for a type that no column can hold.
pub(crate) fn sql_type(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Int | Type::Bool => Some("INTEGER"),
        Type::Float => Some("REAL"),
        Type::String | Type::DateTime | Type::Enum(_) | Type::Ref(_) => Some("TEXT"),
        Type::Set(of) | Type::Option(of) => sql_type(of).map(|_| "TEXT"),
        Type::Map(key, of) => sql_type(key).and(sql_type(of)).map(|_| "TEXT"),
        Type::Void | Type::Record(_) | Type::AnyRecord | Type::EventBatch => None,
    }
}

/// What is bound to the column of a field of type `ty`.
pub(crate) fn cell(ty: &Type, value: &Value) -> rusqlite::Result<SqlValue> {
    Ok(match (ty, value) {
        // An option that is there is JSON like one that is not.
        (Type::Option(_), value) => SqlValue::Text(json(value)?),
        (_, Value::Bool(b)) => SqlValue::Integer(i64::from(*b)),
        (_, Value::Int(n)) => SqlValue::Integer(*n),
        (_, Value::Float(x)) if x.is_nan() => SqlValue::Null,
        (_, Value::Float(x)) => SqlValue::Real(*x),
        (_, Value::Time(time)) => SqlValue::Text(time.as_str().to_owned()),
        (_, Value::Str(text)) => SqlValue::Text(text.clone()),
        (_, Value::Nil | Value::Array(_) | Value::Struct(_)) => SqlValue::Text(json(value)?),
    })
}

fn json(value: &Value) -> rusqlite::Result<String> {
    serde_json::to_string(&Json(value))
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// Reads a column of type `ty`.
pub(crate) fn read(ty: &Type, stored: ValueRef<'_>) -> Result<Value, TypeError> {
    match (ty, stored) {
        (Type::Int, ValueRef::Integer(n)) => Ok(Value::Int(n)),
        (Type::Bool, ValueRef::Integer(n)) => Ok(Value::Bool(n != 0)),
        (Type::Float, ValueRef::Real(x)) => Ok(Value::Float(x)),
        (Type::Float, ValueRef::Null) => Ok(Value::Float(f64::NAN)),
        (Type::String | Type::Ref(_) | Type::Enum(_), ValueRef::Text(bytes)) => {
            Ok(Value::Str(utf8(bytes)?.to_owned()))
        }
        (Type::DateTime, ValueRef::Text(bytes)) => time(utf8(bytes)?),
        (Type::Set(_) | Type::Map(..) | Type::Option(_), ValueRef::Text(bytes)) => {
            let mut json = serde_json::Deserializer::from_slice(bytes);
            let value = Typed(ty).deserialize(&mut json);
            let value = value.and_then(|value| json.end().map(|()| value));
            value.map_err(|error| TypeError::unreadable(&format!("{ty}: {error}"), ""))
        }
        (_, other) => Err(TypeError::unreadable(
            &ty.to_string(),
            &other.data_type().to_string(),
        )),
    }
}

/// Writes a column of type `ty` as a value; an absent option writes nothing and is false.
pub(crate) fn write(
    ty: &Type,
    stored: ValueRef<'_>,
    out: &mut dyn Writer,
) -> Result<bool, TypeError> {
    match (ty, stored) {
        (Type::Int, ValueRef::Integer(n)) => out.int(n),
        (Type::Bool, ValueRef::Integer(n)) => out.bool(n != 0),
        (Type::Float, ValueRef::Real(x)) => out.float(x),
        (Type::Float, ValueRef::Null) => out.float(f64::NAN),
        (Type::String | Type::Ref(_) | Type::Enum(_), ValueRef::Text(bytes)) => {
            out.text(utf8(bytes)?);
        }
        (Type::DateTime, ValueRef::Text(bytes)) => out.time(utf8(bytes)?),
        // Most sets and maps are empty.
        (Type::Set(_), ValueRef::Text(b"[]")) => {
            out.begin_array();
            out.end_array();
        }
        (Type::Map(..), ValueRef::Text(b"{}")) => {
            out.begin_struct();
            out.end_struct();
        }
        (Type::Option(_), ValueRef::Text(b"null")) => return Ok(false),
        (Type::Set(_) | Type::Map(..) | Type::Option(_), ValueRef::Text(bytes)) => {
            let mut json = serde_json::Deserializer::from_slice(bytes);
            let value = Piecewise(ty, out).deserialize(&mut json);
            let value = value.and_then(|()| json.end());
            value.map_err(|error| TypeError::unreadable(&format!("{ty}: {error}"), ""))?;
        }
        (_, other) => {
            let other = other.data_type().to_string();
            return Err(TypeError::unreadable(&ty.to_string(), &other));
        }
    }
    Ok(true)
}

fn utf8(bytes: &[u8]) -> Result<&str, TypeError> {
    std::str::from_utf8(bytes).map_err(|_| TypeError::unreadable("UTF-8 text", ""))
}

fn time(text: &str) -> Result<Value, TypeError> {
    let time = DateTime::parse(text).map(Value::Time);
    time.ok_or_else(|| TypeError::unreadable("datetime", text))
}

struct Json<'a>(&'a Value);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Nil => serializer.serialize_unit(),
            Value::Bool(b) => serializer.serialize_bool(*b),
            Value::Int(n) => serializer.serialize_i64(*n),
            Value::Float(x) => serializer.serialize_str(&x.to_string()),
            Value::Time(time) => serializer.serialize_str(time.as_str()),
            Value::Str(text) => serializer.serialize_str(text),
            Value::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(&Json(item))?;
                }
                seq.end()
            }
            Value::Struct(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, &Json(value))?;
                }
                map.end()
            }
        }
    }
}

/// Reads JSON as a type says.
struct Typed<'a>(&'a Type);

impl<'de> DeserializeSeed<'de> for Typed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Typed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        match self.0 {
            Type::Option(_) => Ok(Value::Nil),
            _ => Err(E::custom("null")),
        }
    }

    fn visit_bool<E: serde::de::Error>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Int(n))
    }

    fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Value, E> {
        i64::try_from(n).map(Value::Int).map_err(E::custom)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        match self.0 {
            Type::Option(of) => Typed(of).visit_str(text),
            Type::Float => text.parse().map(Value::Float).map_err(E::custom),
            Type::DateTime => time(text).map_err(E::custom),
            _ => Ok(Value::Str(text.to_owned())),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let of = match self.0 {
            Type::Set(of) | Type::Option(Type::Set(of)) => of,
            _ => return Err(A::Error::custom("a list")),
        };
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Typed(of))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let of = match self.0 {
            Type::Map(_, of) | Type::Option(Type::Map(_, of)) => of,
            _ => return Err(A::Error::custom("a map")),
        };
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            members.push((name, map.next_value_seed(Typed(of))?));
        }
        Ok(Value::Struct(members))
    }
}

/// Writes JSON as a type says.
struct Piecewise<'a>(&'a Type, &'a mut dyn Writer);

impl<'de> DeserializeSeed<'de> for Piecewise<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Piecewise<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }

    fn visit_bool<E: serde::de::Error>(self, b: bool) -> Result<(), E> {
        self.1.bool(b);
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<(), E> {
        self.1.int(n);
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<(), E> {
        self.visit_i64(i64::try_from(n).map_err(E::custom)?)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        match self.0 {
            Type::Option(of) => return Piecewise(of, self.1).visit_str(text),
            Type::Float => self.1.float(text.parse().map_err(E::custom)?),
            Type::DateTime => self.1.time(text),
            _ => self.1.text(text),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let of = match self.0 {
            Type::Set(of) | Type::Option(Type::Set(of)) => of,
            _ => return Err(A::Error::custom("a list")),
        };
        self.1.begin_array();
        while seq.next_element_seed(Piecewise(of, self.1))?.is_some() {}
        self.1.end_array();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let of = match self.0 {
            Type::Map(_, of) | Type::Option(Type::Map(_, of)) => of,
            _ => return Err(A::Error::custom("a map")),
        };
        self.1.begin_struct();
        while map.next_key_seed(Name(self.1))?.is_some() {
            map.next_value_seed(Piecewise(of, self.1))?;
            self.1.end_member();
        }
        self.1.end_struct();
        Ok(())
    }
}

/// Writes the name of a member.
struct Name<'a>(&'a mut dyn Writer);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<(), E> {
        self.0.member(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use xapi_model::writer::Builder;

    use super::*;

    fn check(ty: &Type, value: Value) {
        let stored = cell(ty, &value).unwrap();
        let back = read(ty, ValueRef::from(&stored)).unwrap();
        let mut builder = Builder::default();
        let written = match write(ty, ValueRef::from(&stored), &mut builder).unwrap() {
            true => builder.value().unwrap(),
            false => Value::Nil,
        };
        assert_eq!(format!("{written:?}"), format!("{back:?}"), "{ty} written");
        assert_eq!(
            format!("{back:?}"),
            format!("{value:?}"),
            "{ty} as {stored:?}"
        );
    }

    #[test]
    fn a_value_comes_back_from_its_column_to_the_bit() {
        const FLOATS: Type = Type::Set(&Type::Float);
        const DATES: Type = Type::Map(&Type::String, &Type::DateTime);
        const NESTED: Type = Type::Map(&Type::String, &Type::Set(&Type::Int));
        const MAYBE: Type = Type::Option(&Type::String);
        for x in [
            0.1 + 0.2,
            1e300,
            f64::MIN_POSITIVE,
            f64::NAN,
            f64::INFINITY,
            -2.5,
        ] {
            check(&Type::Float, Value::Float(x));
            check(&FLOATS, Value::Array(vec![Value::Float(x)]));
        }
        check(&Type::Int, Value::Int(i64::MIN));
        check(&Type::Bool, Value::Bool(true));
        check(&Type::String, Value::Str("a\0b\u{fffe}\"'\\".to_owned()));
        check(
            &DATES,
            Value::Struct(vec![("\0".to_owned(), Value::Time(DateTime::epoch()))]),
        );
        let list = Value::Array(vec![Value::Int(2), Value::Int(2), Value::Int(i64::MAX)]);
        check(
            &NESTED,
            Value::Struct(vec![
                ("b".to_owned(), list),
                ("a".to_owned(), Value::Array(vec![])),
            ]),
        );
        check(&MAYBE, Value::Nil);
        check(&MAYBE, Value::Str("null".to_owned()));
    }

    #[test]
    fn a_column_of_another_type_is_refused_and_not_guessed() {
        assert!(read(&Type::Int, ValueRef::Text(b"1")).is_err());
        assert!(read(&Type::String, ValueRef::Text(b"\xff")).is_err());
        assert!(read(&Type::Set(&Type::String), ValueRef::Text(b"{}")).is_err());
        assert!(read(&Type::DateTime, ValueRef::Text(b"soon")).is_err());
    }
}
