//! Values to JSON.

use std::fmt::Write as _;

use xapi_model::{ApiError, Value, Writer, Written};

use super::{Id, Version};

/// A call in version 2.0.
pub fn encode_request(id: i64, method: &str, params: &[Value]) -> String {
    let mut out = String::with_capacity(256);
    out.push_str("{\"jsonrpc\":\"2.0\",\"method\":");
    text_into(&mut out, method);
    out.push_str(",\"params\":[");
    separated(&mut out, params, item_into);
    write!(out, "],\"id\":{id}}}").expect("a string takes any text");
    out
}

/// The answer of a call that succeeded.
pub fn encode_success(version: Version, id: &Id, value: &Value) -> String {
    let mut out = String::with_capacity(256);
    begin_success(&mut out, version);
    value_into(&mut out, value);
    end_success(&mut out, version, id);
    out
}

/// The answer of a call whose result is read while it is written.
pub fn encode_written(
    version: Version,
    id: &Id,
    written: &dyn Written,
) -> Result<String, ApiError> {
    let mut out = String::with_capacity(4096);
    begin_success(&mut out, version);
    written.write(&mut Json(&mut out))?;
    end_success(&mut out, version, id);
    Ok(out)
}

fn begin_success(out: &mut String, version: Version) {
    out.push_str(match version {
        Version::V1 => "{\"result\":",
        Version::V2 => "{\"jsonrpc\":\"2.0\",\"result\":",
    });
}

fn end_success(out: &mut String, version: Version, id: &Id) {
    if version == Version::V1 {
        out.push_str(",\"error\":null");
    }
    id_into(out, id);
}

/// Writes a value piece by piece.
struct Json<'o>(&'o mut String);

impl Json<'_> {
    /// A comma, unless this is the first in its list or struct, or the value of a member.
    fn part(&mut self) {
        if !matches!(self.0.as_bytes().last(), Some(b'[' | b'{' | b':')) {
            self.0.push(',');
        }
    }
}

impl Writer for Json<'_> {
    fn nil(&mut self) {
        self.part();
        self.0.push_str("null");
    }

    fn bool(&mut self, value: bool) {
        self.part();
        self.0.push_str(if value { "true" } else { "false" });
    }

    fn int(&mut self, value: i64) {
        self.part();
        int_into(self.0, value);
    }

    fn float(&mut self, value: f64) {
        self.part();
        float_into(self.0, value);
    }

    fn time(&mut self, text: &str) {
        self.text(text);
    }

    fn text(&mut self, text: &str) {
        self.part();
        text_into(self.0, text);
    }

    fn begin_array(&mut self) {
        self.part();
        self.0.push('[');
    }

    fn end_array(&mut self) {
        self.0.push(']');
    }

    fn begin_struct(&mut self) {
        self.part();
        self.0.push('{');
    }

    fn member(&mut self, name: &str) {
        self.part();
        text_into(self.0, name);
        self.0.push(':');
    }

    fn end_member(&mut self) {}

    fn end_struct(&mut self) {
        self.0.push('}');
    }
}

/// The answer of a call that failed.
pub fn encode_failure(version: Version, id: &Id, error: &ApiError) -> String {
    let mut out = String::with_capacity(256);
    match version {
        Version::V1 => {
            out.push_str("{\"result\":null,\"error\":");
            description_into(&mut out, error);
        }
        Version::V2 => {
            out.push_str("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":");
            text_into(&mut out, &error.code);
            out.push_str(",\"data\":[");
            separated(&mut out, &error.params, |out, text| text_into(out, text));
            out.push_str("]}");
        }
    }
    id_into(&mut out, id);
    out
}

/// The answer to a request that was refused before its id was known: XAPI answers in 2.0 with the bare list and id 0.
pub fn encode_refusal(error: &ApiError) -> String {
    let mut out = String::from("{\"jsonrpc\":\"2.0\",\"error\":");
    description_into(&mut out, error);
    id_into(&mut out, &Id::Int(0));
    out
}

fn description_into(out: &mut String, error: &ApiError) {
    out.push('[');
    let texts: Vec<&String> = std::iter::once(&error.code).chain(&error.params).collect();
    separated(out, &texts, |out, text| text_into(out, text));
    out.push(']');
}

fn id_into(out: &mut String, id: &Id) {
    out.push_str(",\"id\":");
    match id {
        Id::Int(n) => write!(out, "{n}").expect("a string takes any text"),
        Id::Text(text) => text_into(out, text),
    }
    out.push('}');
}

/// A result or the value of a member: `Nil` is the empty string.
fn value_into(out: &mut String, value: &Value) {
    match value {
        Value::Nil => out.push_str("\"\""),
        other => item_into(out, other),
    }
}

fn item_into(out: &mut String, value: &Value) {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(n) => int_into(out, *n),
        Value::Float(x) => float_into(out, *x),
        Value::Time(time) => text_into(out, time.as_str()),
        Value::Str(text) => text_into(out, text),
        Value::Array(items) => {
            out.push('[');
            separated(out, items, item_into);
            out.push(']');
        }
        Value::Struct(members) => {
            out.push('{');
            let mut first = true;
            for (name, value) in members {
                // An optional member that is absent is left out.
                if *value == Value::Nil {
                    continue;
                }
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                text_into(out, name);
                out.push(':');
                item_into(out, value);
            }
            out.push('}');
        }
    }
}

fn int_into(out: &mut String, n: i64) {
    write!(out, "{n}").expect("a string takes any text");
}

fn float_into(out: &mut String, x: f64) {
    if x.is_finite() {
        // `{:?}` always shows that it is no integer, and reads back as the same number.
        write!(out, "{x:?}").expect("a string takes any text");
    } else {
        // JSON has no number for them.
        out.push_str("null");
    }
}

fn separated<T>(out: &mut String, items: &[T], one: impl Fn(&mut String, &T)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        one(out, item);
    }
}

fn text_into(out: &mut String, text: &str) {
    out.push('"');
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[copied..at]);
        copied = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => write!(out, "\\u{other:04x}").expect("a string takes any text"),
        }
    }
    out.push_str(&text[copied..]);
    out.push('"');
}
