//! The types of the model, as Rust types and as descriptors, and the conversions between values and both.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use crate::desc::{CallDesc, ClassDesc, EnumDesc};
use crate::time::DateTime;
use crate::value::Value;

/// A value is not of the type that it should be. Reaches clients as INTERNAL_ERROR with this text, as XAPI sends it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TypeError(String);

impl TypeError {
    /// Something else was expected.
    pub fn expected(what: &str, got: &Value) -> TypeError {
        TypeError(format!("Expected {what}, got {}", got.kind()))
    }

    /// A list has the wrong length.
    pub fn columns(what: &str, expected: usize, got: usize) -> TypeError {
        TypeError(format!("{what}: expected {expected} values, got {got}"))
    }

    /// A text is no value of an enumeration; the text itself is not repeated when it is long.
    pub fn no_such_value(desc: &EnumDesc, got: &str) -> TypeError {
        let got: String = got.chars().take(64).collect();
        TypeError(format!("{got:?} is no value of {}", desc.name))
    }

    /// A text is no number or date.
    pub fn unreadable(what: &str, got: &str) -> TypeError {
        let got: String = got.chars().take(64).collect();
        TypeError(format!("{got:?} is no {what}"))
    }
}

/// The type of a field, parameter or result. `Display` gives the notation of the published data model.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// Nothing.
    Void,
    /// Text.
    String,
    /// A 64-bit integer.
    Int,
    /// A floating-point number.
    Float,
    /// A truth value.
    Bool,
    /// A date.
    DateTime,
    /// A value of an enumeration.
    Enum(&'static EnumDesc),
    /// A reference to an object of the class.
    Ref(&'static str),
    /// A list without order.
    Set(&'static Type),
    /// Keys and values.
    Map(&'static Type, &'static Type),
    /// A whole object of the class.
    Record(&'static str),
    /// A member that may be absent.
    Option(&'static Type),
    /// A record whose class another member names.
    AnyRecord,
    /// What event.from returns.
    EventBatch,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Void => f.write_str("void"),
            Type::String => f.write_str("string"),
            Type::Int => f.write_str("int"),
            Type::Float => f.write_str("float"),
            Type::Bool => f.write_str("bool"),
            Type::DateTime => f.write_str("datetime"),
            Type::Enum(desc) => write!(f, "enum {}", desc.name),
            Type::Ref(class) => write!(f, "{class} ref"),
            Type::Set(of) => write!(f, "{of} set"),
            Type::Map(key, of) => write!(f, "({key} -> {of}) map"),
            Type::Record(class) => write!(f, "{class} record"),
            Type::Option(of) => write!(f, "{of} option"),
            Type::AnyRecord => f.write_str("<class> record"),
            Type::EventBatch => f.write_str("an event batch"),
        }
    }
}

impl Type {
    /// The value of a field that nobody set.
    pub fn zero(&self) -> Value {
        match self {
            Type::Void | Type::Option(_) | Type::AnyRecord | Type::EventBatch => Value::Nil,
            Type::String => Value::Str(String::new()),
            Type::Int => Value::Int(0),
            Type::Float => Value::Float(0.0),
            Type::Bool => Value::Bool(false),
            Type::DateTime => Value::Time(DateTime::epoch()),
            Type::Enum(desc) => Value::Str(
                desc.values
                    .first()
                    .map_or(String::new(), |(name, _)| (*name).to_owned()),
            ),
            Type::Ref(_) => Value::Str(NULL_REF.to_owned()),
            Type::Set(_) => Value::Array(Vec::new()),
            Type::Map(..) | Type::Record(_) => Value::Struct(Vec::new()),
        }
    }

    /// Reads a value that a client sent as this type, as leniently as XAPI does: integers
    /// may be texts, floats may be integers, names of enumerations may be in either case.
    pub fn accept(&self, value: Value) -> Result<Value, TypeError> {
        match (self, value) {
            (Type::Void | Type::AnyRecord | Type::EventBatch, value) => Ok(value),
            (Type::String | Type::Ref(_), Value::Str(text)) => Ok(Value::Str(text)),
            (Type::Int, Value::Int(n)) => Ok(Value::Int(n)),
            (Type::Int, Value::Str(text)) => read_int(&text).map(Value::Int),
            (Type::Float, Value::Float(x)) => Ok(Value::Float(x)),
            #[expect(
                clippy::cast_precision_loss,
                reason = "what a client means by an integer where a float is due"
            )]
            (Type::Float, Value::Int(n)) => Ok(Value::Float(n as f64)),
            (Type::Float, Value::Str(text)) => {
                let number = text
                    .trim()
                    .parse()
                    .map_err(|_| TypeError::unreadable("float", &text))?;
                Ok(Value::Float(number))
            }
            (Type::Bool, Value::Bool(b)) => Ok(Value::Bool(b)),
            (Type::DateTime, Value::Time(time)) => Ok(Value::Time(time)),
            (Type::DateTime, Value::Str(text)) => DateTime::parse(&text)
                .map(Value::Time)
                .ok_or_else(|| TypeError::unreadable("datetime", &text)),
            (Type::Enum(desc), Value::Str(text)) => match desc.canonical(&text) {
                Some(name) => Ok(Value::Str(name.to_owned())),
                None => Err(TypeError::no_such_value(desc, &text)),
            },
            (Type::Set(of), Value::Array(items)) => {
                let items: Result<Vec<_>, _> =
                    items.into_iter().map(|item| of.accept(item)).collect();
                Ok(Value::Array(items?))
            }
            (Type::Map(key, of), Value::Struct(members)) => {
                let mut accepted = Vec::with_capacity(members.len());
                for (name, value) in members {
                    accepted.push((key.accept_key(name)?, of.accept(value)?));
                }
                Ok(Value::Struct(accepted))
            }
            (Type::Record(_), Value::Struct(members)) => Ok(Value::Struct(members)),
            (Type::Option(_), Value::Nil) => Ok(Value::Nil),
            (Type::Option(of), value) => of.accept(value),
            (ty, value) => Err(TypeError::expected(&ty.to_string(), &value)),
        }
    }

    fn accept_key(&self, key: String) -> Result<String, TypeError> {
        match self {
            Type::Int => read_int(&key).map(|n| n.to_string()),
            Type::Enum(desc) => match desc.canonical(&key) {
                Some(name) => Ok(name.to_owned()),
                None => Err(TypeError::no_such_value(desc, &key)),
            },
            _ => Ok(key),
        }
    }

    /// Reads a text as this type: the inverse of how a value is shown on a command line.
    pub fn parse(&self, text: &str) -> Result<Value, TypeError> {
        match self {
            Type::Bool => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "1" => Ok(Value::Bool(true)),
                "false" | "f" | "no" | "n" | "0" => Ok(Value::Bool(false)),
                _ => Err(TypeError::unreadable("bool", text)),
            },
            other => other.accept(Value::Str(text.to_owned())),
        }
    }
}

fn read_int(text: &str) -> Result<i64, TypeError> {
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, plain.as_str()),
    };
    let based = |prefix: [&str; 2], radix| {
        let digits = prefix
            .iter()
            .find_map(|prefix| digits.strip_prefix(prefix))?;
        // The standard library would take a second sign here.
        let digits = digits.strip_prefix(['+', '-']).map_or(digits, |_| "");
        Some(i64::from_str_radix(digits, radix).map(|n| sign * n))
    };
    let number = based(["0x", "0X"], 16)
        .or_else(|| based(["0o", "0O"], 8))
        .or_else(|| based(["0b", "0B"], 2));
    number
        .unwrap_or_else(|| plain.parse())
        .map_err(|_| TypeError::unreadable("int", text))
}

/// The reference to nothing.
pub const NULL_REF: &str = "OpaqueRef:NULL";

/// A reference to an object of class `C`: opaque text.
pub struct Ref<C> {
    text: String,
    class: PhantomData<fn() -> C>,
}

impl<C> Ref<C> {
    /// The reference with this text.
    pub fn new(text: impl Into<String>) -> Ref<C> {
        Ref {
            text: text.into(),
            class: PhantomData,
        }
    }

    /// The reference to nothing.
    pub fn null() -> Ref<C> {
        Ref::new(NULL_REF)
    }

    /// Whether it refers to nothing; XAPI's older defaults are empty text.
    pub fn is_null(&self) -> bool {
        self.text == NULL_REF || self.text.is_empty()
    }

    /// `None` for the reference to nothing.
    pub fn some(&self) -> Option<&Ref<C>> {
        if self.is_null() { None } else { Some(self) }
    }

    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<C> Clone for Ref<C> {
    fn clone(&self) -> Self {
        Ref::new(self.text.clone())
    }
}
impl<C> PartialEq for Ref<C> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl<C> Eq for Ref<C> {}
impl<C> PartialOrd for Ref<C> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<C> Ord for Ref<C> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}
impl<C> Hash for Ref<C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
impl<C> Default for Ref<C> {
    fn default() -> Self {
        Ref::null()
    }
}
impl<C> fmt::Debug for Ref<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl<C> fmt::Display for Ref<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The other end of a relation: filled when an object is read, ignored when it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Many<C>(pub Vec<Ref<C>>);

impl<C> Default for Many<C> {
    fn default() -> Self {
        Many(Vec::new())
    }
}

impl<C> std::ops::Deref for Many<C> {
    type Target = [Ref<C>];
    fn deref(&self) -> &[Ref<C>] {
        &self.0
    }
}

/// A record whose class another member names: the snapshot of an event.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AnyRecord(pub Value);

/// What event.from returns: events, counts of valid references and the next token.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct EventBatch(pub Value);

/// A Rust type that values of the model convert into and out of.
pub trait Wire: Sized {
    /// The descriptor of the type.
    const TYPE: Type;
    /// As a neutral value.
    fn to_value(&self) -> Value;
    /// From a neutral value that already has the type, up to what [`Type::accept`] forgives.
    fn from_value(value: Value) -> Result<Self, TypeError>;
}

/// A type that can be the key of a map; on the wire keys are texts.
pub trait Key: Ord + Sized {
    /// As text.
    fn to_key(&self) -> String;
    /// From text.
    fn from_key(key: &str) -> Result<Self, TypeError>;
}

/// A class of objects.
///
/// `#[derive(Class)]` reads `#[class(name = "PIF", role = PoolOperator, calls(Scan, Plug))]` with the flags `no_db`, `stored`,
/// `no_get_all`, `no_events`, `ctor`, `volatile` and the words `get_role` and `state`, and per field `#[field(RW | StaticRO | DynamicRO | Internal)]` with
/// `name`, `db`, `default`, `view`, `role`, `get_role`, `keys`, `state`, `volatile`, `client_cert`.
pub trait Class: Wire + Clone + fmt::Debug + Send + Sync + 'static {
    /// Name on the wire.
    const NAME: &'static str;
    /// The descriptor.
    const DESC: &'static ClassDesc;
    /// The values of all fields in order; views as empty lists.
    fn to_row(&self) -> Vec<Value>;
    /// From the values of all fields in order.
    fn from_row(row: Vec<Value>) -> Result<Self, TypeError>;
    /// An object with every field at its default: `Pif { mtu: 9000, ..Pif::blank() }`.
    fn blank() -> Self;
}

/// A declared message.
///
/// `#[derive(Call)]` reads `#[call(name = "Bond.create", out = Ref<Bond>, role = PoolOperator)]` with the flags
/// `no_session`, `sync` (no Async form), `hidden`, `client_cert` and the word `state`, and per parameter `#[param(name, default, cli)]`.
pub trait Call: Sized + Send + 'static {
    /// What it returns.
    type Out: Wire;
    /// The descriptor.
    const DESC: &'static CallDesc;
    /// The parameters after the session, for a client.
    fn to_params(&self) -> Vec<Value>;
    /// From the parameters after the session, all of them present.
    fn from_params(params: Vec<Value>) -> Result<Self, TypeError>;
}

macro_rules! plain {
    ($($rust:ty, $variant:ident, $ty:expr;)*) => {$(
        impl Wire for $rust {
            const TYPE: Type = $ty;
            fn to_value(&self) -> Value {
                Value::$variant(self.clone())
            }
            fn from_value(value: Value) -> Result<Self, TypeError> {
                match $ty.accept(value)? {
                    Value::$variant(inner) => Ok(inner),
                    other => Err(TypeError::expected(&$ty.to_string(), &other)),
                }
            }
        }
    )*};
}

plain! {
    String, Str, Type::String;
    i64, Int, Type::Int;
    f64, Float, Type::Float;
    bool, Bool, Type::Bool;
    DateTime, Time, Type::DateTime;
}

impl Wire for () {
    const TYPE: Type = Type::Void;
    fn to_value(&self) -> Value {
        Value::Nil
    }
    fn from_value(_: Value) -> Result<Self, TypeError> {
        Ok(())
    }
}

impl<C: Class> Wire for Ref<C> {
    const TYPE: Type = Type::Ref(C::NAME);
    fn to_value(&self) -> Value {
        Value::Str(self.text.clone())
    }
    fn from_value(value: Value) -> Result<Self, TypeError> {
        match value {
            Value::Str(text) => Ok(Ref::new(text)),
            other => Err(TypeError::expected("ref", &other)),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    const TYPE: Type = Type::Set(&T::TYPE);
    fn to_value(&self) -> Value {
        Value::Array(self.iter().map(Wire::to_value).collect())
    }
    fn from_value(value: Value) -> Result<Self, TypeError> {
        match value {
            Value::Array(items) => items.into_iter().map(T::from_value).collect(),
            other => Err(TypeError::expected("set", &other)),
        }
    }
}

impl<C: Class> Wire for Many<C> {
    const TYPE: Type = <Vec<Ref<C>> as Wire>::TYPE;
    fn to_value(&self) -> Value {
        self.0.to_value()
    }
    fn from_value(value: Value) -> Result<Self, TypeError> {
        Wire::from_value(value).map(Many)
    }
}

impl<K: Key + Wire, T: Wire> Wire for BTreeMap<K, T> {
    const TYPE: Type = Type::Map(&K::TYPE, &T::TYPE);
    fn to_value(&self) -> Value {
        Value::Struct(
            self.iter()
                .map(|(key, value)| (key.to_key(), value.to_value()))
                .collect(),
        )
    }
    fn from_value(value: Value) -> Result<Self, TypeError> {
        match value {
            Value::Struct(members) => members
                .into_iter()
                .map(|(key, value)| Ok((K::from_key(&key)?, T::from_value(value)?)))
                .collect(),
            other => Err(TypeError::expected("map", &other)),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    const TYPE: Type = Type::Option(&T::TYPE);
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Nil, Wire::to_value)
    }
    fn from_value(value: Value) -> Result<Self, TypeError> {
        match value {
            Value::Nil => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl Wire for AnyRecord {
    const TYPE: Type = Type::AnyRecord;
    fn to_value(&self) -> Value {
        self.0.clone()
    }
    fn from_value(value: Value) -> Result<Self, TypeError> {
        Ok(AnyRecord(value))
    }
}

impl Wire for EventBatch {
    const TYPE: Type = Type::EventBatch;
    fn to_value(&self) -> Value {
        self.0.clone()
    }
    fn from_value(value: Value) -> Result<Self, TypeError> {
        Ok(EventBatch(value))
    }
}

impl Key for String {
    fn to_key(&self) -> String {
        self.clone()
    }
    fn from_key(key: &str) -> Result<Self, TypeError> {
        Ok(key.to_owned())
    }
}

impl Key for i64 {
    fn to_key(&self) -> String {
        self.to_string()
    }
    fn from_key(key: &str) -> Result<Self, TypeError> {
        read_int(key)
    }
}

impl<C: Class> Key for Ref<C> {
    fn to_key(&self) -> String {
        self.text.clone()
    }
    fn from_key(key: &str) -> Result<Self, TypeError> {
        Ok(Ref::new(key))
    }
}
