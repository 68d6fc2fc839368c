//! Values as they are written, one piece after the other, without being built first: the way of whole records from
//! the database to the wire.

use crate::errors;
use crate::value::Value;
use crate::{ApiError, DateTime};

/// Takes the pieces of one value in order. What is begun is ended; in a struct each value follows its member's name.
pub trait Writer {
    /// Nothing.
    fn nil(&mut self);
    /// A truth value.
    fn bool(&mut self, value: bool);
    /// A 64-bit integer.
    fn int(&mut self, value: i64);
    /// A floating-point number.
    fn float(&mut self, value: f64);
    /// A date, spelled as [`DateTime::as_str`] does.
    fn time(&mut self, text: &str);
    /// Text: also references and values of enumerations.
    fn text(&mut self, text: &str);
    /// A list begins.
    fn begin_array(&mut self);
    /// A list ends.
    fn end_array(&mut self);
    /// A map or record begins.
    fn begin_struct(&mut self);
    /// The name of the member whose value comes next.
    fn member(&mut self, name: &str);
    /// The same for a field of a class, whose name needs no care.
    fn field(&mut self, name: &'static str) {
        self.member(name);
    }
    /// The value of the member is written.
    fn end_member(&mut self);
    /// A map or record ends.
    fn end_struct(&mut self);
}

/// A result that is read while it is written.
pub trait Written: Send {
    /// Writes the value. After a failure what was written is worth nothing.
    fn write(&self, out: &mut dyn Writer) -> Result<(), ApiError>;
}

impl Value {
    /// Writes the value; absent members of structs are left out.
    pub fn write(&self, out: &mut dyn Writer) {
        match self {
            Value::Nil => out.nil(),
            Value::Bool(value) => out.bool(*value),
            Value::Int(value) => out.int(*value),
            Value::Float(value) => out.float(*value),
            Value::Time(time) => out.time(time.as_str()),
            Value::Str(text) => out.text(text),
            Value::Array(items) => {
                out.begin_array();
                items.iter().for_each(|item| item.write(out));
                out.end_array();
            }
            Value::Struct(members) => {
                out.begin_struct();
                for (name, value) in members.iter().filter(|(_, value)| *value != Value::Nil) {
                    out.member(name);
                    value.write(out);
                    out.end_member();
                }
                out.end_struct();
            }
        }
    }
}

/// The value that is written.
pub fn built(written: &dyn Written) -> Result<Value, ApiError> {
    let mut builder = Builder::default();
    written.write(&mut builder)?;
    builder.value()
}

/// Builds the value that is written.
#[derive(Default)]
pub struct Builder {
    open: Vec<Open>,
    done: Option<Value>,
}

enum Open {
    Array(Vec<Value>),
    Struct(Vec<(String, Value)>, Option<String>),
}

impl Builder {
    /// The value, once it is whole.
    pub fn value(self) -> Result<Value, ApiError> {
        match (self.done, self.open.is_empty()) {
            (Some(value), true) => Ok(value),
            _ => Err(errors::internal_error("a value was written in part")),
        }
    }

    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            Some(Open::Array(items)) => items.push(value),
            Some(Open::Struct(members, name)) => {
                members.push((name.take().unwrap_or_default(), value));
            }
            None => self.done = Some(value),
        }
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(Open::Array(items)) => self.put(Value::Array(items)),
            Some(Open::Struct(members, _)) => self.put(Value::Struct(members)),
            None => {}
        }
    }
}

impl Writer for Builder {
    fn nil(&mut self) {
        self.put(Value::Nil);
    }

    fn bool(&mut self, value: bool) {
        self.put(Value::Bool(value));
    }

    fn int(&mut self, value: i64) {
        self.put(Value::Int(value));
    }

    fn float(&mut self, value: f64) {
        self.put(Value::Float(value));
    }

    fn time(&mut self, text: &str) {
        // What is no date stays visible as text.
        let time = DateTime::parse(text).map(Value::Time);
        self.put(time.unwrap_or_else(|| Value::from(text)));
    }

    fn text(&mut self, text: &str) {
        self.put(Value::from(text));
    }

    fn begin_array(&mut self) {
        self.open.push(Open::Array(Vec::new()));
    }

    fn end_array(&mut self) {
        self.end();
    }

    fn begin_struct(&mut self) {
        self.open.push(Open::Struct(Vec::new(), None));
    }

    fn member(&mut self, name: &str) {
        if let Some(Open::Struct(_, next)) = self.open.last_mut() {
            *next = Some(name.to_owned());
        }
    }

    fn end_member(&mut self) {}

    fn end_struct(&mut self) {
        self.end();
    }
}
