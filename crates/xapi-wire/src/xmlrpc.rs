//! XML-RPC in XAPI's dialect.
//!
//! Integers travel without a type tag, dates end in a zone, results are wrapped in a struct of `Status` and `Value` or
//! `ErrorDescription`, and nothing that a call answers is ever a fault. Output has exactly the bytes that XAPI sends,
//! but for the names of members, which are escaped here, and carriage returns, which would be read as line feeds.

mod decode;
mod encode;

pub(crate) use decode::repeats;
pub use decode::{decode_reply, decode_request, decode_value};
pub use encode::{
    encode_bare, encode_failure, encode_request, encode_success, encode_value, encode_written,
};
