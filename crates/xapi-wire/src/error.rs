//! Why bytes are no call.

/// Why a body could not be read. The text names the rule that was broken and where, never what stood there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body is longer than [`Limits::body`](crate::Limits::body).
    #[error("the body is longer than {limit} bytes")]
    Body {
        /// The limit.
        limit: usize,
    },
    /// Values are nested deeper than [`Limits::depth`](crate::Limits::depth).
    #[error("values are nested deeper than {limit} levels")]
    Depth {
        /// The limit.
        limit: usize,
    },
    /// There are more values than [`Limits::items`](crate::Limits::items).
    #[error("there are more than {limit} values")]
    Items {
        /// The limit.
        limit: usize,
    },
    /// One string is longer than [`Limits::text`](crate::Limits::text).
    #[error("a string is longer than {limit} bytes")]
    Text {
        /// The limit.
        limit: usize,
    },
    /// The name of the method is longer than [`Limits::method`](crate::Limits::method).
    #[error("the name of the method is longer than {limit} bytes")]
    Method {
        /// The limit.
        limit: usize,
    },
    /// There are more parameters than [`Limits::params`](crate::Limits::params).
    #[error("there are more than {limit} parameters")]
    Params {
        /// The limit.
        limit: usize,
    },
    /// A string in a value is not UTF-8, or holds a character that XML 1.0 cannot carry. XenAPI answers INVALID_VALUE.
    #[error("a string is not UTF-8 or holds a character outside XML 1.0, near byte {at}")]
    Characters {
        /// Where, in bytes from the start of the body.
        at: u64,
    },
    /// A document type definition: never needed, and the road to entity bombs.
    #[error("a document type definition is not accepted")]
    Doctype,
    /// Not what the encoding allows.
    #[error("{what}, near byte {at}")]
    Malformed {
        /// The rule that was broken.
        what: &'static str,
        /// Where, in bytes from the start of the body.
        at: u64,
    },
}

impl DecodeError {
    /// Whether the form was right and only a limit was met.
    pub fn is_limit(&self) -> bool {
        matches!(
            self,
            DecodeError::Body { .. }
                | DecodeError::Depth { .. }
                | DecodeError::Items { .. }
                | DecodeError::Text { .. }
                | DecodeError::Method { .. }
                | DecodeError::Params { .. }
        )
    }
}
