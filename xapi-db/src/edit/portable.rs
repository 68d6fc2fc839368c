//! A value as JSON that says by itself what it is, since a commit is read without the model: texts, integers, lists,
//! truth values and null as such, the rest tagged.
//!
//! Written from the value and read into one, with nothing in between: a copy of a large database is a million of them.

use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xapi_model::{DateTime, Value};

const FLOAT: &str = "float";
const TIME: &str = "time";
const MAP: &str = "map";

pub(super) fn serialize<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
    Said(value).serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    Meant::deserialize(from).map(|Meant(value)| value)
}

/// The fields of a row.
pub(super) mod row {
    use super::{Deserialize, Deserializer, Meant, Said, Serializer, Value};

    pub(in super::super) fn serialize<S: Serializer>(
        row: &[(String, Value)],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(row.iter().map(|(name, value)| (name, Said(value))))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<(String, Value)>, D::Error> {
        let row = Vec::<(String, Meant)>::deserialize(from)?;
        Ok(members(row))
    }

    pub(super) fn members(read: Vec<(String, Meant)>) -> Vec<(String, Value)> {
        let pairs = read.into_iter();
        pairs.map(|(name, Meant(value))| (name, value)).collect()
    }
}

/// A value to be written.
struct Said<'a>(&'a Value);

impl Serialize for Said<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let tagged = |to: S, tag: &'static str, text: &str| {
            to.serialize_newtype_variant("Value", 0, tag, text)
        };
        match self.0 {
            Value::Nil => to.serialize_unit(),
            Value::Bool(b) => to.serialize_bool(*b),
            Value::Int(n) => to.serialize_i64(*n),
            Value::Str(text) => to.serialize_str(text),
            Value::Float(x) => tagged(to, FLOAT, &x.to_string()),
            Value::Time(time) => tagged(to, TIME, time.as_str()),
            Value::Array(items) => to.collect_seq(items.iter().map(Said)),
            Value::Struct(members) => {
                to.serialize_newtype_variant("Value", 0, MAP, &Members(members))
            }
        }
    }
}

struct Members<'a>(&'a [(String, Value)]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        row::serialize(self.0, to)
    }
}

/// A value that was read.
pub(super) struct Meant(Value);

impl<'de> Deserialize<'de> for Meant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Meant, D::Error> {
        from.deserialize_any(Reading).map(Meant)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "null, a truth value, an integer, a text, a list, or one of {FLOAT}, {TIME} and {MAP}"
        )
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E: Error>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Int(n))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Value, E> {
        let fits = i64::try_from(n).map_err(|_| E::custom(format!("{n} is too large")));
        fits.map(Value::Int)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Str(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Str(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Meant(item)) = list.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut tagged: A) -> Result<Value, A::Error> {
        let tag: Option<String> = tagged.next_key()?;
        let value = match tag.as_deref() {
            Some(FLOAT) => {
                let text: String = tagged.next_value()?;
                let number = text.parse();
                Value::Float(number.map_err(|_| A::Error::custom(format!("{text:?} is no float")))?)
            }
            Some(TIME) => {
                let text: String = tagged.next_value()?;
                let time = DateTime::parse(&text);
                Value::Time(time.ok_or_else(|| A::Error::custom(format!("{text:?} is no date")))?)
            }
            Some(MAP) => Value::Struct(row::members(tagged.next_value()?)),
            Some(other) => return Err(A::Error::unknown_variant(other, &[FLOAT, TIME, MAP])),
            None => return Err(A::Error::custom("a value without a tag")),
        };
        match tagged.next_key::<IgnoredAny>()? {
            None => Ok(value),
            Some(_) => Err(A::Error::custom("a value with two tags")),
        }
    }
}
