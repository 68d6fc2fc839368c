//! What can go wrong between a call and its answer.

use std::io;

use xapi_model::{ApiError, TypeError};
use xapi_wire::DecodeError;

use crate::trust::Stranger;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server answered with an error of the API.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The server cannot be reached, or the connection broke. Whether the call was carried out is not known unless
    /// the connection could not be made.
    #[error("{doing} {at}")]
    Transport {
        /// What was going on, e.g. "cannot connect to".
        doing: &'static str,
        /// The server.
        at: String,
        /// Why.
        source: io::Error,
    },
    /// What came back is no answer of a XenAPI server.
    #[error("{at} does not answer as a XenAPI server: {why}")]
    Protocol {
        /// The server.
        at: String,
        /// What is wrong with the answer.
        why: String,
    },
}

impl ClientError {
    /// The error of the API, if it is one.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            ClientError::Api(error) => Some(error),
            _ => None,
        }
    }

    /// The server, if the call was not made because its certificate is not known.
    pub fn stranger(&self) -> Option<&Stranger> {
        match self {
            ClientError::Transport { source, .. } => source.get_ref()?.downcast_ref(),
            _ => None,
        }
    }

    /// Whether it is the error of the API with this code.
    pub fn is(&self, code: &str) -> bool {
        self.api().is_some_and(|error| error.code == code)
    }
}

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum GetError {
    /// The server cannot be reached, or what it says is no HTTP.
    #[error(transparent)]
    Server(ClientError),
    /// The server does not give it: this is its status of HTTP.
    #[error("the server answers with HTTP status {0}")]
    Status(u16),
    /// What came could not be written.
    #[error(transparent)]
    Write(io::Error),
}

/// Why an exchange of bytes failed, before it is known with whom.
#[derive(Debug)]
pub(crate) enum Failure {
    Connect(io::Error),
    Send(io::Error),
    Receive(io::Error),
    Answer(String),
}

impl Failure {
    pub(crate) fn at(self, at: &str) -> ClientError {
        let transport = |doing, source| ClientError::Transport {
            doing,
            at: at.to_owned(),
            source,
        };
        match self {
            Failure::Connect(why) => transport("cannot connect to", why),
            Failure::Send(why) => transport("cannot send the call to", why),
            Failure::Receive(why) => transport("no answer from", why),
            Failure::Answer(why) => ClientError::Protocol {
                at: at.to_owned(),
                why,
            },
        }
    }
}

impl From<DecodeError> for Failure {
    fn from(why: DecodeError) -> Failure {
        Failure::Answer(why.to_string())
    }
}

impl From<TypeError> for Failure {
    fn from(why: TypeError) -> Failure {
        Failure::Answer(why.to_string())
    }
}
