//! A login, and typed calls with it.

use std::fmt;
use std::time::Duration;

use tracing::debug;
use xapi_model::{Call, Class, Field, Ref, Task, Value, Wire};

use crate::client::Client;
use crate::error::ClientError;

/// A session that is only dropped is not waited for any longer.
const FAREWELL: Duration = Duration::from_secs(5);

/// A session on a server; logged out when dropped, unless it was adopted.
pub struct Session {
    client: Client,
    reference: String,
    ours: bool,
}

/// The reference is a secret and is not shown.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session on {:?}", self.client)
    }
}

impl Session {
    /// Logs in. Over the unix socket of the local superuser any name and password do.
    pub fn login(
        client: Client,
        user: &str,
        password: &str,
        originator: &str,
    ) -> Result<Session, ClientError> {
        let params = [user, password, "1.0", originator].map(Value::from);
        match client.call("session.login_with_password", params.to_vec())? {
            Value::Str(reference) => Ok(Session {
                client,
                reference,
                ours: true,
            }),
            other => {
                Err(client.tell(xapi_model::TypeError::expected("session ref", &other).into()))
            }
        }
    }

    /// Uses a session that somebody else logged in, and will log out.
    pub fn adopt(client: Client, reference: &str) -> Session {
        Session {
            client,
            reference: reference.to_owned(),
            ours: false,
        }
    }

    /// The client that the session goes through.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The reference: whoever has it can do what the session can.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Calls by name; `params` are those after the session.
    pub fn call(&self, name: &str, params: Vec<Value>) -> Result<Value, ClientError> {
        let mut all = Vec::with_capacity(params.len() + 1);
        all.push(Value::Str(self.reference.clone()));
        all.extend(params);
        self.client.call(name, all)
    }

    /// Makes a declared call and waits for its result.
    pub fn invoke<C: Call>(&self, call: &C) -> Result<C::Out, ClientError> {
        let params = call.to_params();
        let value = if C::DESC.session {
            self.call(C::DESC.name, params)?
        } else {
            self.client.call(C::DESC.name, params)?
        };
        self.typed(value)
    }

    /// Starts a declared call in the background.
    pub fn start<C: Call>(&self, call: &C) -> Result<Ref<Task>, ClientError> {
        self.typed(self.call(&format!("Async.{}", C::DESC.name), call.to_params())?)
    }

    /// Reads a field of an object.
    pub fn field<C: Class, T: Wire>(
        &self,
        of: &Ref<C>,
        field: Field<C, T>,
    ) -> Result<T, ClientError> {
        let name = format!("{}.get_{}", C::NAME, field.name());
        self.typed(self.call(&name, vec![of.to_value()])?)
    }

    /// Reads an object, whole.
    pub fn record<C: Class>(&self, of: &Ref<C>) -> Result<C, ClientError> {
        self.typed(self.call(&format!("{}.get_record", C::NAME), vec![of.to_value()])?)
    }

    /// Reads all objects of a class, in the server's order.
    pub fn records<C: Class>(&self) -> Result<Vec<(Ref<C>, C)>, ClientError> {
        let value = self.call(&format!("{}.get_all_records", C::NAME), Vec::new())?;
        let Value::Struct(members) = value else {
            return Err(self
                .client
                .tell(xapi_model::TypeError::expected("map", &value).into()));
        };
        let members = members.into_iter();
        members
            .map(|(reference, record)| Ok((Ref::new(reference), self.typed(record)?)))
            .collect()
    }

    /// Logs out and tells whether that worked; dropping the session logs out as well, but can tell nobody.
    pub fn logout(mut self) -> Result<(), ClientError> {
        self.ours = false;
        self.call("session.logout", Vec::new()).map(|_| ())
    }

    fn typed<T: Wire>(&self, value: Value) -> Result<T, ClientError> {
        let typed = T::TYPE.accept(value).and_then(T::from_value);
        typed.map_err(|why| self.client.tell(why.into()))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.ours {
            return;
        }
        let session = [Value::Str(self.reference.clone())];
        let ended = self
            .client
            .call_within("session.logout", &session, Some(FAREWELL));
        if let Err(why) = ended {
            // The server ends the session by itself some day.
            debug!("{self:?}: could not log out: {why}");
        }
    }
}
