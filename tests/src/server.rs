//! The API behind the server's seam, for tests that speak to a socket.

use xapi_core::Api;
use xapi_model::{ApiError, Value};
use xapi_server::{Handler, Origin};

/// The API as a handler of the server.
pub struct Answers(pub Api);

impl Handler for Answers {
    fn call(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        let origin = xapi_core::Origin {
            local_root: origin.local_root,
            peer: origin.peer.clone(),
            user_agent: origin.user_agent.clone(),
            other_config: origin.other_config.clone(),
        };
        self.0.call(&origin, name, params)
    }

    fn quick(&self, name: &str) -> bool {
        Api::is_quick(name)
    }
}
