//! Turns bytes into a call name and values, and back: XML-RPC and JSON-RPC as XenAPI speaks them.
//!
//! This crate knows the two encodings and nothing else: no calls, no classes, no HTTP, no IO. What it reads comes from
//! strangers, so every decoder takes [`Limits`], never recurses deeper than they allow, and fails with a
//! [`DecodeError`] whose text never repeats what was sent (a body may hold a password).
//!
//! Start at [`xmlrpc`]; [`jsonrpc`] has the same shape.

mod error;
mod limits;
mod number;
mod text;

pub mod jsonrpc;
pub mod xmlrpc;

pub use error::DecodeError;
pub use limits::Limits;

use xapi_model::{ApiError, Value};

/// A call as it came: the name and its parameters, a session reference among them.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Name of the message, e.g. `Async.Bond.create`.
    pub method: String,
    /// The parameters in order.
    pub params: Vec<Value>,
}

/// An answer, for a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The call succeeded; over XML-RPC integers come as texts, which [`xapi_model::Type::accept`] forgives.
    Success(Value),
    /// The call failed with a XenAPI error.
    Failure(ApiError),
    /// A value without XenAPI's envelope: what `system.listMethods` answers over XML-RPC.
    Bare(Value),
    /// A fault of XML-RPC itself, which no XenAPI server sends.
    Fault {
        /// The number of the fault.
        code: i64,
        /// The text of the fault.
        text: String,
    },
}
