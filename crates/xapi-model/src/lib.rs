//! Says what exists: the classes, fields, messages, types, roles and error codes of the XenAPI.
//!
//! A class or a call is declared once, as a plain struct with a derive; the derive makes one constant descriptor
//! and two conversions. The database schema, dispatch, roles, events, `xe` and the documents read the descriptors
//! at run time. This crate does no IO and knows nothing of XML, JSON or SQLite.
//!
//! Start at [`desc`] for the descriptors, at [`classes`] for the declarations, at [`messages`] for what clients may
//! call: the declared messages and the implied ones.

// The derives name this crate from the outside, also when they are used inside it.
extern crate self as xapi_model;

pub mod classes;
pub mod desc;
pub mod errors;
pub mod messages;
pub mod position;
pub mod request;
pub mod text;
pub mod time;
pub mod types;
pub mod value;
pub mod writer;

pub use classes::*;
pub use desc::{
    CallDesc, ClassDesc, EnumDesc, Field, FieldDesc, ParamDesc, Qualifier, Relation, Role, State,
};
pub use errors::ApiError;
pub use position::Position;
pub use time::DateTime;
pub use types::{AnyRecord, Call, Class, EventBatch, Key, Many, Ref, Type, TypeError, Wire};
pub use value::Value;
pub use writer::{Writer, Written};
pub use xapi_model_derive::{Call, Class, Enum};
