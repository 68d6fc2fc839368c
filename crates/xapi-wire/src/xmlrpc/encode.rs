//! Values to XML.

use std::fmt::Write as _;

use xapi_model::{ApiError, Value, Writer, Written};

use crate::number::general_into;
use crate::text::escape_into;

const PROLOGUE: &str = "<?xml version=\"1.0\"?>";
const REPLY_HEAD: &str = "<methodResponse><params><param>";
const REPLY_TAIL: &str = "</param></params></methodResponse>";
const SUCCESS_HEAD: &str = "<value><struct><member><name>Status</name><value>Success</value></member><member><name>Value</name>";
const FAILURE_HEAD: &str = "<value><struct><member><name>Status</name><value>Failure</value></member><member><name>ErrorDescription</name>";
const TRUE: &str = "<value><boolean>1</boolean></value>";
const FALSE: &str = "<value><boolean>0</boolean></value>";
const ENVELOPE_TAIL: &str = "</member></struct></value>";

/// A call.
pub fn encode_request(method: &str, params: &[Value]) -> String {
    let mut out = String::with_capacity(256);
    out.push_str(PROLOGUE);
    out.push_str("<methodCall><methodName>");
    escape_into(&mut out, method);
    out.push_str("</methodName><params>");
    for param in params {
        out.push_str("<param>");
        item_into(&mut out, param);
        out.push_str("</param>");
    }
    out.push_str("</params></methodCall>");
    out
}

/// The answer of a call that succeeded. `Nil` is what a call without a result returns: the empty string.
pub fn encode_success(value: &Value) -> String {
    let mut out = String::with_capacity(320);
    out.push_str(PROLOGUE);
    out.push_str(REPLY_HEAD);
    out.push_str(SUCCESS_HEAD);
    value_into(&mut out, value);
    out.push_str(ENVELOPE_TAIL);
    out.push_str(REPLY_TAIL);
    out
}

/// The answer of a call whose result is read while it is written.
pub fn encode_written(written: &dyn Written) -> Result<String, ApiError> {
    let mut out = String::with_capacity(4096);
    out.push_str(PROLOGUE);
    out.push_str(REPLY_HEAD);
    out.push_str(SUCCESS_HEAD);
    written.write(&mut Xml(&mut out))?;
    out.push_str(ENVELOPE_TAIL);
    out.push_str(REPLY_TAIL);
    Ok(out)
}

/// Writes a value piece by piece.
struct Xml<'o>(&'o mut String);

impl Writer for Xml<'_> {
    fn nil(&mut self) {
        self.0.push_str("<value><nil/></value>");
    }

    fn bool(&mut self, value: bool) {
        self.0.push_str(if value { TRUE } else { FALSE });
    }

    fn int(&mut self, value: i64) {
        int_into(self.0, value);
    }

    fn float(&mut self, value: f64) {
        float_into(self.0, value);
    }

    fn time(&mut self, text: &str) {
        time_into(self.0, text);
    }

    fn text(&mut self, text: &str) {
        text_into(self.0, text);
    }

    fn begin_array(&mut self) {
        self.0.push_str("<value><array><data>");
    }

    fn end_array(&mut self) {
        self.0.push_str("</data></array></value>");
    }

    fn begin_struct(&mut self) {
        self.0.push_str("<value><struct>");
    }

    fn member(&mut self, name: &str) {
        self.0.push_str("<member><name>");
        escape_into(self.0, name);
        self.0.push_str("</name>");
    }

    fn field(&mut self, name: &'static str) {
        self.0.push_str("<member><name>");
        self.0.push_str(name);
        self.0.push_str("</name>");
    }

    fn end_member(&mut self) {
        self.0.push_str("</member>");
    }

    fn end_struct(&mut self) {
        self.0.push_str("</struct></value>");
    }
}

/// The answer of a call that failed.
pub fn encode_failure(error: &ApiError) -> String {
    let mut out = String::with_capacity(512);
    out.push_str(PROLOGUE);
    out.push_str(REPLY_HEAD);
    out.push_str(FAILURE_HEAD);
    out.push_str("<value><array><data>");
    for text in std::iter::once(&error.code).chain(&error.params) {
        text_into(&mut out, text);
    }
    out.push_str("</data></array></value>");
    out.push_str(ENVELOPE_TAIL);
    out.push_str(REPLY_TAIL);
    out
}

/// An answer without XenAPI's envelope: `system.listMethods`.
pub fn encode_bare(value: &Value) -> String {
    let mut out = String::with_capacity(320);
    out.push_str(PROLOGUE);
    out.push_str(REPLY_HEAD);
    value_into(&mut out, value);
    out.push_str(REPLY_TAIL);
    out
}

/// A value alone, `<value>…</value>`: what a task keeps as its result, whichever encoding asked for it.
pub fn encode_value(value: &Value) -> String {
    let mut out = String::new();
    value_into(&mut out, value);
    out
}

/// A result or the value of a member: `Nil` is the empty string.
fn value_into(out: &mut String, value: &Value) {
    match value {
        Value::Nil => out.push_str("<value></value>"),
        other => item_into(out, other),
    }
}

/// A parameter or an entry of a list: here `Nil` has a form of its own.
fn item_into(out: &mut String, value: &Value) {
    match value {
        Value::Nil => out.push_str("<value><nil/></value>"),
        Value::Bool(value) => out.push_str(if *value { TRUE } else { FALSE }),
        Value::Int(n) => int_into(out, *n),
        Value::Float(x) => float_into(out, *x),
        Value::Time(time) => time_into(out, time.as_str()),
        Value::Str(text) => text_into(out, text),
        Value::Array(items) => {
            out.push_str("<value><array><data>");
            for item in items {
                item_into(out, item);
            }
            out.push_str("</data></array></value>");
        }
        Value::Struct(members) => struct_into(out, members),
    }
}

fn int_into(out: &mut String, n: i64) {
    write!(out, "<value>{n}</value>").expect("a string takes any text");
}

fn float_into(out: &mut String, x: f64) {
    out.push_str("<value><double>");
    general_into(out, x);
    out.push_str("</double></value>");
}

fn time_into(out: &mut String, text: &str) {
    out.push_str("<value><dateTime.iso8601>");
    escape_into(out, text);
    out.push_str("</dateTime.iso8601></value>");
}

fn text_into(out: &mut String, text: &str) {
    out.push_str("<value>");
    escape_into(out, text);
    out.push_str("</value>");
}

fn struct_into(out: &mut String, members: &[(String, Value)]) {
    out.push_str("<value><struct>");
    for (name, value) in members {
        // An optional member that is absent is left out.
        if *value == Value::Nil {
            continue;
        }
        out.push_str("<member><name>");
        escape_into(out, name);
        out.push_str("</name>");
        match value {
            // The one place where XAPI sends a tag with an integer; npm's client compares with a number.
            Value::Struct(counts) if name == "valid_ref_counts" => counts_into(out, counts),
            value => value_into(out, value),
        }
        out.push_str("</member>");
    }
    out.push_str("</struct></value>");
}

fn counts_into(out: &mut String, counts: &[(String, Value)]) {
    out.push_str("<value><struct>");
    for (class, count) in counts {
        out.push_str("<member><name>");
        escape_into(out, class);
        out.push_str("</name>");
        match count {
            Value::Int(n) => {
                write!(out, "<value><i4>{n}</i4></value>").expect("a string takes any text");
            }
            other => value_into(out, other),
        }
        out.push_str("</member>");
    }
    out.push_str("</struct></value>");
}
