//! Reads objects, each of them once: whole classes where many are needed, single records where few are.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use xapi_model::types::NULL_REF;
use xapi_model::{ApiError, ClassDesc, Value, messages::messages};

use crate::failure::Failure;
use crate::rpc::{Rpc, RpcError, Scope};

/// So many missing objects of a class are fetched one by one; more of them, and the whole class comes in one call.
const FEW: usize = 3;

/// An object: its reference and what `get_record` says.
#[derive(Clone, Debug)]
pub struct Row {
    /// The reference.
    pub reference: String,
    /// The record.
    pub record: Rc<Value>,
}

impl Row {
    /// The text of a field; nothing when it has another type.
    pub fn text(&self, field: &str) -> &str {
        let value = self.record.member(field);
        value.and_then(Value::as_str).unwrap_or_default()
    }
}

/// The server, and what it has told so far.
pub struct Server<'a> {
    rpc: &'a mut dyn Rpc,
    logged_in: bool,
    /// `None` stands for a reference to nothing.
    known: HashMap<(&'static str, String), Option<Rc<Value>>>,
    /// Classes of which every object is known, in the server's order.
    whole: HashMap<&'static str, Vec<Row>>,
}

/// Whether a reference refers to nothing; XAPI's older defaults are empty.
pub fn is_null(reference: &str) -> bool {
    reference.is_empty() || reference == NULL_REF
}

impl<'a> Server<'a> {
    /// Has every later call ask for this; see [`Rpc::careful`].
    pub fn careful(&mut self, wishes: &[(String, String)]) {
        self.rpc.careful(wishes);
    }

    /// Nothing is known yet, and nobody logged in.
    pub fn new(rpc: &'a mut dyn Rpc) -> Server<'a> {
        Server {
            rpc,
            logged_in: false,
            known: HashMap::new(),
            whole: HashMap::new(),
        }
    }

    /// Opens a session.
    pub fn login(&mut self, user: &str, password: &str, scope: Scope) -> Result<(), Failure> {
        match self.rpc.login(user, password, scope) {
            Ok(()) => {
                self.logged_in = true;
                Ok(())
            }
            Err(RpcError::Api(error)) if error.code == "SESSION_AUTHENTICATION_FAILED" => {
                Err(Failure::Login {
                    anonymous: user.is_empty(),
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the session. The command has succeeded or failed by then, and a session that cannot be ended now ends
    /// by itself when it was idle for long, so the outcome does not depend on it.
    pub fn logout(&mut self) {
        if std::mem::take(&mut self.logged_in) {
            drop(self.rpc.logout());
        }
    }

    /// The reference of the session, for a URL.
    pub fn session(&self) -> Option<String> {
        self.rpc.session().map(str::to_owned)
    }

    /// Forgets what it was told, as that may have changed.
    pub fn forget(&mut self) {
        self.known.clear();
        self.whole.clear();
    }

    /// The one pool that there is.
    pub fn pool(&mut self) -> Result<String, Failure> {
        match self.call("pool.get_all", Vec::new())? {
            Value::Array(pools) => match pools.into_iter().next() {
                Some(Value::Str(pool)) => Ok(pool),
                _ => Err(Failure::Answer("there is no pool".to_owned())),
            },
            other => Err(surprise("pool.get_all", &other)),
        }
    }

    /// Calls a message.
    pub fn call(&mut self, message: &str, params: Vec<Value>) -> Result<Value, Failure> {
        Ok(self.rpc.call(message, params)?)
    }

    /// The reference of the object with a UUID.
    pub fn by_uuid(&mut self, class: &'static ClassDesc, uuid: &str) -> Result<String, Failure> {
        let message = format!("{}.get_by_uuid", class.name);
        match self.call(&message, vec![uuid.into()])? {
            Value::Str(reference) => Ok(reference),
            other => Err(surprise(&message, &other)),
        }
    }

    /// The object with a UUID.
    pub fn row_by_uuid(&mut self, class: &'static ClassDesc, uuid: &str) -> Result<Row, Failure> {
        let reference = self.by_uuid(class, uuid)?;
        let message = format!("{}.get_record", class.name);
        let record = Rc::new(self.call(&message, vec![reference.as_str().into()])?);
        let key = (class.name, reference.clone());
        self.known.insert(key, Some(Rc::clone(&record)));
        Ok(Row { reference, record })
    }

    /// All objects of a class, in the server's order.
    pub fn rows(&mut self, class: &'static ClassDesc) -> Result<Vec<Row>, Failure> {
        if let Some(rows) = self.whole.get(class.name) {
            return Ok(rows.clone());
        }
        let message = format!("{}.get_all_records", class.name);
        let members = match self.call(&message, Vec::new())? {
            Value::Struct(members) => members,
            other => return Err(surprise(&message, &other)),
        };
        let mut rows = Vec::with_capacity(members.len());
        for (reference, record) in members {
            let record = Rc::new(record);
            self.known
                .insert((class.name, reference.clone()), Some(Rc::clone(&record)));
            rows.push(Row { reference, record });
        }
        self.whole.insert(class.name, rows.clone());
        Ok(rows)
    }

    /// Fetches those of the objects that are not known yet, with as few calls as it can.
    pub fn need(
        &mut self,
        class: &'static ClassDesc,
        references: &HashSet<String>,
    ) -> Result<(), Failure> {
        if self.whole.contains_key(class.name) {
            return Ok(());
        }
        let is_missing = |reference: &&String| {
            !is_null(reference) && !self.known.contains_key(&(class.name, (*reference).clone()))
        };
        let missing: Vec<String> = references.iter().filter(is_missing).cloned().collect();
        let all = format!("{}.get_all_records", class.name);
        if missing.len() > FEW && messages().find(&all).is_some() {
            self.rows(class)?;
        } else {
            for reference in missing {
                self.lookup(class, &reference)?;
            }
        }
        Ok(())
    }

    /// The record behind a reference; nothing when it refers to nothing.
    pub fn lookup(
        &mut self,
        class: &'static ClassDesc,
        reference: &str,
    ) -> Result<Option<Rc<Value>>, Failure> {
        if is_null(reference) {
            return Ok(None);
        }
        let key = (class.name, reference.to_owned());
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        if self.whole.contains_key(class.name) {
            return Ok(None);
        }
        let message = format!("{}.get_record", class.name);
        let record = match self.call(&message, vec![reference.into()]) {
            Ok(record) => Some(Rc::new(record)),
            Err(Failure::Api(ApiError { code, .. })) if code == "HANDLE_INVALID" => None,
            Err(failure) => return Err(failure),
        };
        self.known.insert(key, record.clone());
        Ok(record)
    }

    /// The UUID of an object.
    pub fn uuid_of(
        &mut self,
        class: &'static ClassDesc,
        reference: &str,
    ) -> Result<Option<String>, Failure> {
        let record = self.lookup(class, reference)?;
        let uuid = record.as_ref().and_then(|record| record.member("uuid"));
        Ok(uuid.and_then(Value::as_str).map(str::to_owned))
    }
}

/// The server answered with another kind of value than the model says.
pub fn surprise(message: &str, got: &Value) -> Failure {
    Failure::Answer(format!("{message} answered with {}", got.kind()))
}
