//! How much a stranger may make us read.

use crate::DecodeError;

/// Levels of nesting that a decoder follows whatever [`Limits::depth`] says: it recurses, and stacks end.
const DEEPEST: usize = 256;

/// Bounds on what a decoder accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body.
    pub body: usize,
    /// Levels of arrays and structs inside one another; more than 256 count as 256.
    pub depth: usize,
    /// Values in all: scalars, arrays, structs and members.
    pub items: usize,
    /// Bytes of one string, the name of a member included.
    pub text: usize,
    /// Bytes of the name of a method.
    pub method: usize,
    /// Parameters of a call.
    pub params: usize,
}

impl Limits {
    /// For requests: XAPI's bound on the body of a call.
    pub const REQUEST: Limits = Limits {
        body: 300 * 1024,
        depth: 64,
        items: 100_000,
        text: 256 * 1024,
        method: 256,
        params: 256,
    };

    /// For answers that a client trusts more: all records of a large pool fit.
    pub const REPLY: Limits = Limits {
        body: 256 * 1024 * 1024,
        depth: 64,
        items: 32_000_000,
        text: 64 * 1024 * 1024,
        method: 256,
        params: 256,
    };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::REQUEST
    }
}

/// What is left of the limits while one body is read.
pub(crate) struct Budget<'a> {
    limits: &'a Limits,
    items: usize,
}

impl<'a> Budget<'a> {
    /// Starts reading a body of this length.
    pub(crate) fn start(limits: &'a Limits, body: &[u8]) -> Result<Budget<'a>, DecodeError> {
        if body.len() > limits.body {
            return Err(DecodeError::Body { limit: limits.body });
        }
        Ok(Budget { limits, items: 0 })
    }

    /// One more value.
    pub(crate) fn item(&mut self) -> Result<(), DecodeError> {
        self.items += 1;
        if self.items > self.limits.items {
            return Err(DecodeError::Items {
                limit: self.limits.items,
            });
        }
        Ok(())
    }

    /// One level down; the outermost array or struct is level 1.
    pub(crate) fn level(&self, depth: usize) -> Result<(), DecodeError> {
        let limit = self.limits.depth.min(DEEPEST);
        if depth > limit {
            return Err(DecodeError::Depth { limit });
        }
        Ok(())
    }

    /// The name of the method.
    pub(crate) fn method(&self, name: &str) -> Result<(), DecodeError> {
        if name.len() > self.limits.method {
            return Err(DecodeError::Method {
                limit: self.limits.method,
            });
        }
        Ok(())
    }

    /// So many parameters.
    pub(crate) fn params(&self, count: usize) -> Result<(), DecodeError> {
        if count > self.limits.params {
            return Err(DecodeError::Params {
                limit: self.limits.params,
            });
        }
        Ok(())
    }

    /// A string of this length.
    pub(crate) fn text(&self, len: usize) -> Result<(), DecodeError> {
        if len > self.limits.text {
            return Err(DecodeError::Text {
                limit: self.limits.text,
            });
        }
        Ok(())
    }
}
