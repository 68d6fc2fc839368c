//! JSON-RPC 1.0 and 2.0 as XAPI speaks them: one call a body, no notifications, an `id` that is a number or text.
//!
//! Integers, floats and truth values have their own forms here; dates, references and enumerations are strings, and
//! what a call without a result returns is the empty string.

mod decode;
mod encode;

pub use decode::{decode_reply, decode_request};
pub use encode::{encode_failure, encode_refusal, encode_request, encode_success, encode_written};

use crate::Request;

/// Which JSON-RPC the client speaks; the answer has another shape in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// No member `jsonrpc`: an answer has `result` and `error`, one of them null.
    V1,
    /// `"jsonrpc": "2.0"`: an answer has `result` or an object `error`.
    V2,
}

/// What the client calls its request; it comes back in the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id {
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
}

/// A call with what its answer must repeat.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The version to answer in.
    pub version: Version,
    /// The id to answer with.
    pub id: Id,
    /// The call itself.
    pub request: Request,
}
