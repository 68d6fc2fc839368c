//! JSON to values, without a tree of another kind between.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use xapi_model::text::is_xml_text;
use xapi_model::{ApiError, Value};

use super::{Call, Id, Version};
use crate::limits::Budget;
use crate::xmlrpc::repeats;
use crate::{DecodeError, Limits, Reply, Request};

/// The envelope and the list of parameters are levels of the document, but not of any value.
const ENVELOPE_LEVELS: usize = 2;

type Result<T> = std::result::Result<T, DecodeError>;

/// Reads a call.
pub fn decode_request(body: &[u8], limits: &Limits) -> Result<Call> {
    let budget = Budget::start(limits, body)?;
    let mut members = document(body, limits)?;
    let version = match take(&mut members, "jsonrpc") {
        None => Version::V1,
        Some(Value::Str(version)) if version == "2.0" => Version::V2,
        Some(_) => return Err(wrong("a version other than 2.0")),
    };
    let id = match take(&mut members, "id") {
        Some(Value::Int(n)) => Id::Int(n),
        Some(Value::Str(text)) => Id::Text(text),
        _ => return Err(wrong("an id is needed, a whole number or a text")),
    };
    let Some(Value::Str(method)) = take(&mut members, "method") else {
        return Err(wrong("the name of the method is missing"));
    };
    if method.is_empty() {
        return Err(wrong("the name of the method is empty"));
    }
    budget.method(&method)?;
    let params = match (version, take(&mut members, "params")) {
        (_, Some(Value::Array(params))) => params,
        (Version::V2, None | Some(Value::Nil)) => Vec::new(),
        // There are no parameters by name: an object is one parameter.
        (Version::V2, Some(object @ Value::Struct(_))) => vec![object],
        _ => return Err(wrong("params must be a list")),
    };
    budget.params(params.len())?;
    Ok(Call {
        version,
        id,
        request: Request { method, params },
    })
}

/// Reads an answer of either version.
pub fn decode_reply(body: &[u8], limits: &Limits) -> Result<Reply> {
    let mut members = document(body, limits)?;
    let texts = |values: Vec<Value>| {
        let texts = values.into_iter().map(|value| match value {
            Value::Str(text) => Ok(text),
            _ => Err(wrong("an error that is no list of strings")),
        });
        texts.collect::<Result<Vec<String>>>()
    };
    match take(&mut members, "error") {
        None | Some(Value::Nil) => match take(&mut members, "result") {
            Some(value) => Ok(Reply::Success(value)),
            None => Err(wrong("an answer without result and error")),
        },
        Some(Value::Array(description)) => {
            let mut texts = texts(description)?;
            if texts.is_empty() {
                return Err(wrong("an error without a code"));
            }
            let params = texts.split_off(1);
            Ok(Reply::Failure(ApiError::new(texts.remove(0), params)))
        }
        Some(Value::Struct(mut error)) => {
            let Some(Value::Str(code)) = take(&mut error, "message") else {
                return Err(wrong("an error without a code"));
            };
            let params = match take(&mut error, "data") {
                Some(Value::Array(params)) => texts(params)?,
                _ => Vec::new(),
            };
            Ok(Reply::Failure(ApiError::new(code, params)))
        }
        Some(_) => Err(wrong("an error of another kind")),
    }
}

fn wrong(what: &'static str) -> DecodeError {
    DecodeError::Malformed { what, at: 0 }
}

fn take(members: &mut Vec<(String, Value)>, name: &str) -> Option<Value> {
    let at = members.iter().position(|(key, _)| key == name)?;
    Some(members.swap_remove(at).1)
}

/// The members of the one object that a body is.
fn document(body: &[u8], limits: &Limits) -> Result<Vec<(String, Value)>> {
    let reading = Reading {
        budget: RefCell::new(Budget::start(limits, body)?),
        refused: RefCell::new(None),
    };
    let text = std::str::from_utf8(body).map_err(|error| DecodeError::Characters {
        at: error.valid_up_to() as u64,
    })?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let seed = Seed {
        reading: &reading,
        depth: 1,
    };
    match seed
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
    {
        Ok(Value::Struct(members)) => Ok(members),
        Ok(_) => Err(wrong("an object expected")),
        Err(error) => {
            let at = position(text, &error);
            Err(match reading.refused.into_inner() {
                Some(DecodeError::Characters { .. }) => DecodeError::Characters { at },
                Some(DecodeError::Malformed { what, .. }) => DecodeError::Malformed { what, at },
                Some(refused) => refused,
                None if half_a_pair(&text[..text.floor_char_boundary(at as usize)]) => {
                    DecodeError::Characters { at }
                }
                None => DecodeError::Malformed {
                    what: "not well-formed JSON",
                    at,
                },
            })
        }
    }
}

/// Whether what was read so far ends where an escape names one half of a surrogate pair without the other: no character
/// at all, which is a wrong text rather than wrong JSON. serde_json tells it in words only.
fn half_a_pair(read: &str) -> bool {
    let bytes = read.as_bytes();
    let unit = |at: usize| -> Option<u32> {
        let escape = read.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(escape, 16).ok()
    };
    let mut at = 0;
    let mut in_text = false;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => in_text = !in_text,
            b'\\' if in_text => match unit(at) {
                Some(0xd800..=0xdbff) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => at += 11,
                Some(0xd800..=0xdfff) => return true,
                // The character after the stroke may be a quotation mark.
                _ => at += 1,
            },
            _ => {}
        }
        at += 1;
    }
    false
}

/// serde_json tells line and column.
fn position(text: &str, error: &serde_json::Error) -> u64 {
    let lines = error.line().saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    (before + error.column()) as u64
}

struct Reading<'a> {
    budget: RefCell<Budget<'a>>,
    /// Why we stopped; serde's errors carry text only.
    refused: RefCell<Option<DecodeError>>,
}

impl Reading<'_> {
    fn check<E: serde::de::Error>(&self, checked: Result<()>) -> std::result::Result<(), E> {
        checked.map_err(|why| {
            *self.refused.borrow_mut() = Some(why);
            E::custom("refused")
        })
    }

    fn text<E: serde::de::Error>(&self, text: &str) -> std::result::Result<(), E> {
        self.check(self.budget.borrow().text(text.len()))?;
        if is_xml_text(text) {
            return Ok(());
        }
        self.check(Err(DecodeError::Characters { at: 0 }))
    }
}

#[derive(Clone, Copy)]
struct Seed<'r, 'a> {
    reading: &'r Reading<'a>,
    depth: usize,
}

impl Seed<'_, '_> {
    fn level<E: serde::de::Error>(&self) -> std::result::Result<Self, E> {
        let level = self.depth.saturating_sub(ENVELOPE_LEVELS);
        self.reading
            .check(self.reading.budget.borrow().level(level))?;
        Ok(Seed {
            depth: self.depth + 1,
            ..*self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<Value, D::Error> {
        self.reading
            .check(self.reading.budget.borrow_mut().item())?;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, b: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, n: i64) -> std::result::Result<Value, E> {
        Ok(Value::Int(n))
    }

    fn visit_u64<E: serde::de::Error>(self, n: u64) -> std::result::Result<Value, E> {
        match i64::try_from(n) {
            Ok(n) => Ok(Value::Int(n)),
            Err(_) => {
                self.reading
                    .check(Err(wrong("an integer beyond 64 bits")))?;
                Err(E::custom("refused"))
            }
        }
    }

    fn visit_f64<E>(self, x: f64) -> std::result::Result<Value, E> {
        Ok(Value::Float(x))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Value, E> {
        self.reading.text(text)?;
        Ok(Value::Str(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Value, A::Error> {
        let inner = self.level()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> std::result::Result<Value, A::Error> {
        let inner = self.level()?;
        let mut members = Vec::new();
        while let Some(name) = object.next_key::<String>()? {
            self.reading.text(&name)?;
            members.push((name, object.next_value_seed(inner)?));
        }
        if repeats(&members) {
            self.reading
                .check(Err(wrong("a member twice in an object")))?;
            return Err(A::Error::custom("refused"));
        }
        Ok(Value::Struct(members))
    }
}
