//! Calls without a wire: the server's own, with the session put before the parameters.

use xapi_model::{ApiError, Value};

use super::serve::Call;
use crate::rpc::{Rpc, RpcError, Scope};

/// What the server knows the client by.
const ORIGINATOR: &str = "cli";

/// The session of a command line.
enum Session {
    None,
    /// Opened for the command, and closed after it.
    Ours(String, Scope),
    /// Somebody else's, who sent it with the command.
    Lent(String),
}

/// Calls in this process.
pub struct InProcess<'c, 'f> {
    call: &'c mut Call<'f>,
    session: Session,
    wishes: Vec<(String, String)>,
}

impl<'c, 'f> InProcess<'c, 'f> {
    /// Calls in a session that is lent, or in one that a login opens.
    pub fn new(call: &'c mut Call<'f>, lent: Option<String>) -> Self {
        let session = lent.map_or(Session::None, Session::Lent);
        InProcess {
            call,
            session,
            wishes: Vec::new(),
        }
    }

    fn login_call(&mut self, message: &str, words: &[&str]) -> Result<String, ApiError> {
        let params = words.iter().map(|word| Value::from(*word)).collect();
        match (self.call)(&[], message, params)? {
            Value::Str(session) => Ok(session),
            other => Err(xapi_model::errors::internal_error(format!(
                "{message} answered with {}",
                other.kind()
            ))),
        }
    }
}

impl Rpc for InProcess<'_, '_> {
    fn login(&mut self, user: &str, password: &str, scope: Scope) -> Result<(), RpcError> {
        if let Session::Lent(_) = self.session {
            return Ok(());
        }
        let session = match scope {
            Scope::Pool => self.login_call(
                "session.login_with_password",
                &[user, password, "1.0", ORIGINATOR],
            ),
            Scope::Host => {
                self.login_call("session.slave_local_login_with_password", &[user, password])
            }
        };
        self.session = Session::Ours(session?, scope);
        Ok(())
    }

    fn call(&mut self, message: &str, params: Vec<Value>) -> Result<Value, RpcError> {
        let Some(session) = self.session() else {
            return Err(RpcError::Lost("no session".to_owned()));
        };
        let mut all = Vec::with_capacity(params.len() + 1);
        all.push(session.into());
        all.extend(params);
        Ok((self.call)(&self.wishes, message, all)?)
    }

    fn careful(&mut self, wishes: &[(String, String)]) {
        self.wishes = wishes.to_vec();
    }

    fn logout(&mut self) -> Result<(), RpcError> {
        match std::mem::replace(&mut self.session, Session::None) {
            Session::Ours(session, scope) => {
                let message = match scope {
                    Scope::Pool => "session.logout",
                    Scope::Host => "session.local_logout",
                };
                (self.call)(&[], message, vec![session.into()])?;
                Ok(())
            }
            Session::None | Session::Lent(_) => Ok(()),
        }
    }

    fn session(&self) -> Option<&str> {
        match &self.session {
            Session::None => None,
            Session::Ours(session, _) | Session::Lent(session) => Some(session),
        }
    }
}
