//! A blocking client of ovsdb-server for the database Open_vSwitch.
//!
//! [`Client::observe`] reads everything we care about in one transaction; [`Client::apply`] turns a list of row
//! operations into one transaction, waits until ovs-vswitchd has followed, and looks at what became of every interface.
//! It is all or nothing: rows that ovs-vswitchd could not make work are taken back before the error returns.
//!
//! The connection is made when it is needed and made again when it breaks. It carries one monitor of all that we read:
//! a look at the rows costs what has changed since the last one, and waiting for ovs-vswitchd no polling. This module
//! must not know plans or addresses; which operations make up a transaction is decided in [`super::change`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thiserror::Error;
use tracing::{debug, info, warn};

use super::change::{Handle, Transaction, map_mutations, plan};
use super::jsonrpc::{BackOff, Connection, RpcError};
use super::notation::{Mismatch, uuid, uuid_of};
use super::replica::{Replica, requests};
use super::row::InterfaceKind;
pub use super::tables::{Interface, Seen, State};
use super::tables::{Tables, failure};
use super::wish::Wishes;
pub use super::wish::{Conflict, RowOp};

/// The database of Open vSwitch's configuration.
pub(super) const DATABASE: &str = "Open_vSwitch";

/// How often a transaction is built anew when others change the same rows at the same time.
const ATTEMPTS: usize = 10;

/// How long taking rows back may take when the time of the call is over.
const UNDO_TIME: Duration = Duration::from_secs(5);

/// An interface that ovs-vswitchd could not make work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The device.
    pub device: String,
    /// What ovs-vswitchd says.
    pub why: String,
}

/// Why the database could not be read or written.
#[derive(Debug, Error)]
pub enum OvsdbError {
    /// ovsdb-server does not answer, or not as it should.
    #[error("ovsdb-server")]
    Rpc(#[from] RpcError),
    /// An answer that doesn't follow the schema.
    #[error("ovsdb-server: {0}")]
    Schema(Mismatch),
    /// ovsdb-server refused an operation; nothing was changed.
    #[error("ovsdb-server refused the transaction: {error}: {details}")]
    Operation {
        /// The kind of error, as in RFC 7047.
        error: String,
        /// What it was about.
        details: String,
    },
    /// What was wished for cannot be; nothing was sent.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// Others kept changing the same rows.
    #[error("the rows were changed by somebody else {ATTEMPTS} times in a row")]
    Contended,
    /// ovs-vswitchd could not make interfaces work.
    #[error("{}", list(.0))]
    Refused(Vec<Failure>),
    /// ovs-vswitchd did not follow in time.
    #[error("ovs-vswitchd did not follow in time")]
    Silent,
    /// A change failed, and the rows from before could not be brought back.
    #[error("{why}; and the rows could not be taken back: {then}")]
    HalfDone {
        /// Why the change failed.
        why: Box<OvsdbError>,
        /// Why it could not be undone.
        then: Box<OvsdbError>,
    },
}

fn list(failures: &[Failure]) -> String {
    let texts: Vec<_> = failures
        .iter()
        .map(|failure| format!("{}: {}", failure.device, failure.why))
        .collect();
    texts.join("; ")
}

/// What a change came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Whether anything had to be written.
    pub changed: bool,
}

/// What is set once for the whole of Open vSwitch, in the table Open_vSwitch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `external_ids:system-uuid`, the host's installation UUID; `None` leaves it.
    pub system_uuid: Option<String>,
    /// `other_config:max-idle`, how long an unused datapath flow is kept; `None` leaves it.
    pub max_idle_ms: Option<u32>,
}

/// A client of one ovsdb-server.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    session: Option<Session>,
}

#[derive(Debug)]
struct Session {
    connection: Connection,
    replica: Replica,
}

impl Client {
    /// A client for the server that listens at `socket`. Nothing is connected yet.
    pub fn new(socket: impl Into<PathBuf>) -> Client {
        Client {
            socket: socket.into(),
            session: None,
        }
    }

    /// Where the server listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Everything that is there, as of one moment.
    pub fn observe(&mut self, deadline: Instant) -> Result<Arc<State>, OvsdbError> {
        self.read(deadline)?;
        let state = self.session(deadline)?.replica.state();
        state.ok_or_else(no_root)
    }

    /// Makes the rows as `ops` say, in one transaction, and waits until ovs-vswitchd has made it so. When it fails, the
    /// rows are as they were.
    pub fn apply(&mut self, ops: &[RowOp], deadline: Instant) -> Result<Applied, OvsdbError> {
        let before = self.observe(deadline)?;
        let wishes = Wishes::of(ops, &before)?;
        let mut wrote = false;
        match self.fulfil(&wishes, &mut wrote, deadline) {
            Err(why) if wrote => {
                let follows = !matches!(why, OvsdbError::Silent);
                match self.take_back(&wishes.inverse(&before), follows) {
                    Ok(()) => Err(why),
                    Err(then) => Err(OvsdbError::HalfDone {
                        why: why.into(),
                        then: then.into(),
                    }),
                }
            }
            other => other,
        }
    }

    /// Brings the settings of Open vSwitch as a whole about.
    pub fn settle(
        &mut self,
        settings: &Settings,
        deadline: Instant,
    ) -> Result<Applied, OvsdbError> {
        let root = self.read(deadline)?.root.clone();
        let ids: BTreeMap<_, _> = settings
            .system_uuid
            .iter()
            .map(|id| ("system-uuid".to_owned(), id.clone()))
            .collect();
        let config: BTreeMap<_, _> = settings
            .max_idle_ms
            .iter()
            .map(|ms| ("max-idle".to_owned(), ms.to_string()))
            .collect();
        let mutations = [
            map_mutations("external_ids", &root.external_ids, |_| false, &ids),
            map_mutations("other_config", &root.other_config, |_| false, &config),
        ]
        .concat();
        if mutations.is_empty() {
            return Ok(Applied { changed: false });
        }
        let id = uuid(&root.id);
        let op = json!({"op": "mutate", "table": DATABASE, "where": [["_uuid", "==", id]], "mutations": mutations});
        self.transact(vec![op], deadline)?;
        Ok(Applied { changed: true })
    }

    /// Runs operations as they are, in one transaction, and gives their results in order.
    pub fn transact(
        &mut self,
        ops: Vec<Value>,
        deadline: Instant,
    ) -> Result<Vec<Value>, OvsdbError> {
        let count = ops.len();
        let mut params = vec![json!(DATABASE)];
        params.extend(ops);
        let answer = self.call("transact", Value::Array(params), deadline)?;
        let Value::Array(mut results) = answer else {
            return Err(OvsdbError::Schema(
                "the results of a transaction are no list".to_owned(),
            ));
        };
        // An error at commit comes after the results of all operations; one in an operation in its place.
        if let Some(failed) = results.iter().find(|result| !result["error"].is_null()) {
            let text = |name: &str| failed[name].as_str().unwrap_or_default().to_owned();
            return Err(OvsdbError::Operation {
                error: text("error"),
                details: text("details"),
            });
        }
        if results.len() < count {
            return Err(OvsdbError::Schema(format!(
                "{} results of {count} operations",
                results.len()
            )));
        }
        results.truncate(count);
        Ok(results)
    }

    /// Makes ovs-vswitchd look at its whole configuration again, and waits until it has.
    pub fn nudge(&mut self, deadline: Instant) -> Result<(), OvsdbError> {
        let root = self.read(deadline)?.root.id.clone();
        let results = self.transact(raise_next_cfg(&root).into(), deadline)?;
        let target = next_cfg(results.last())?;
        self.wait_for(target, deadline)
    }

    /// `wrote` tells whether anything may have been written, whatever the outcome.
    fn fulfil(
        &mut self,
        wishes: &Wishes,
        wrote: &mut bool,
        deadline: Instant,
    ) -> Result<Applied, OvsdbError> {
        for _ in 0..ATTEMPTS {
            let tables = self.read(deadline)?;
            let (root, target) = (tables.root.id.clone(), tables.root.next_cfg);
            let transaction = plan(tables, wishes)?;
            if transaction.is_empty {
                // So it is already, perhaps by an attempt whose answer was lost.
                if *wrote {
                    self.wait_for(target, deadline)?;
                }
                self.inspect(&transaction, &[], deadline)?;
                return Ok(Applied { changed: *wrote });
            }
            match self.commit(&root, &transaction, deadline) {
                Ok(results) => {
                    *wrote = true;
                    self.wait_for(next_cfg(results.last())?, deadline)?;
                    self.inspect(&transaction, &results, deadline)?;
                    return Ok(Applied { changed: true });
                }
                Err(OvsdbError::Rpc(why)) => {
                    *wrote = true;
                    warn!("lost ovsdb-server in a transaction, looking what became of it: {why}");
                }
                Err(OvsdbError::Operation { error, details }) if is_contention(&error) => {
                    info!("somebody else changed the same rows, once more: {details}");
                }
                Err(why) => return Err(why),
            }
        }
        Err(OvsdbError::Contended)
    }

    /// Back to the rows from before. They worked once, so what ovs-vswitchd makes of them is not looked at.
    fn take_back(&mut self, wishes: &Wishes, follows: bool) -> Result<(), OvsdbError> {
        let deadline = Instant::now() + UNDO_TIME;
        for _ in 0..ATTEMPTS {
            let tables = self.read(deadline)?;
            let root = tables.root.id.clone();
            let transaction = plan(tables, wishes)?;
            match self.commit(&root, &transaction, deadline) {
                Ok(results) if follows => {
                    return self.wait_for(next_cfg(results.last())?, deadline);
                }
                Ok(_) => return Ok(()),
                Err(OvsdbError::Rpc(why)) => debug!("taking back once more: {why}"),
                Err(OvsdbError::Operation { error, .. }) if is_contention(&error) => {}
                Err(why) => return Err(why),
            }
        }
        Err(OvsdbError::Contended)
    }

    /// Sends a transaction, with a mark by which we can tell when ovs-vswitchd has followed.
    fn commit(
        &mut self,
        root: &str,
        transaction: &Transaction,
        deadline: Instant,
    ) -> Result<Vec<Value>, OvsdbError> {
        let mut ops = transaction.ops.clone();
        ops.extend(raise_next_cfg(root));
        self.transact(ops, deadline)
    }

    /// Looks what ovs-vswitchd has made of the interfaces of a transaction.
    fn inspect(
        &mut self,
        transaction: &Transaction,
        results: &[Value],
        deadline: Instant,
    ) -> Result<(), OvsdbError> {
        let tables = self.read(deadline)?;
        let mut failures = Vec::new();
        for (device, handle) in &transaction.interfaces {
            let id = match handle {
                Handle::There(id) => Some(id.clone()),
                Handle::Inserted(at) => {
                    results.get(*at).and_then(|result| uuid_of(&result["uuid"]))
                }
            };
            let id = id.ok_or_else(|| {
                OvsdbError::Schema(format!("no identity for the new row of {device}"))
            })?;
            let why = match tables.interfaces.get(&id) {
                None => Some("was removed by somebody else".to_owned()),
                Some(row) => {
                    let kind = InterfaceKind::of(&row.kind);
                    failure(&kind, row.error.as_deref(), row.ofport)
                }
            };
            failures.extend(why.map(|why| Failure {
                device: device.clone(),
                why,
            }));
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(OvsdbError::Refused(failures))
        }
    }

    /// Waits until ovs-vswitchd has followed up to `target`, across restarts of the database server.
    fn wait_for(&mut self, target: i64, deadline: Instant) -> Result<(), OvsdbError> {
        loop {
            let session = self.session(deadline)?;
            if session.tables()?.root.cur_cfg >= target {
                return Ok(());
            }
            match session.connection.notification(Some(deadline)) {
                Ok(Some(note)) => {
                    let taken = session.replica.take_note(&note);
                    self.believe(taken)?;
                }
                Ok(None) => return Err(OvsdbError::Silent),
                Err(why) => {
                    debug!("waiting for ovs-vswitchd on a new connection: {why}");
                    self.session = None;
                }
            }
        }
    }

    /// The rows as they are now.
    pub(super) fn read(&mut self, deadline: Instant) -> Result<&Tables, OvsdbError> {
        // Before any answer the server tells what has changed until then, so that the smallest question will do.
        let question =
            || vec![json!({"op": "select", "table": DATABASE, "where": [], "columns": ["_uuid"]})];
        // A read changes nothing, so a connection that went away since the last call may simply be made again.
        match self.transact(question(), deadline) {
            Err(OvsdbError::Rpc(RpcError::Broken(why))) => {
                debug!("reading again on a new connection: {why}");
                self.transact(question(), deadline)?
            }
            other => other?,
        };
        self.session(deadline)?.tables()
    }

    /// What makes no sense is no copy of the rows: the next call takes another.
    fn believe(&mut self, taken: Result<(), Mismatch>) -> Result<(), OvsdbError> {
        taken.map_err(|why| {
            self.session = None;
            OvsdbError::Schema(why)
        })
    }

    fn call(
        &mut self,
        method: &str,
        params: Value,
        deadline: Instant,
    ) -> Result<Value, OvsdbError> {
        let session = self.session(deadline)?;
        let replica = &mut session.replica;
        let mut taken = Ok(());
        let answer = session
            .connection
            .call(method, params, deadline, &mut |note| {
                if taken.is_ok() {
                    taken = replica.take_note(&note);
                }
            });
        if answer.as_ref().is_err_and(RpcError::is_fatal) {
            self.session = None;
        }
        let answer = answer?;
        self.believe(taken)?;
        Ok(answer)
    }

    /// The session there is, or a new one. A server that is away may be on its way back, so it is tried until the
    /// deadline.
    fn session(&mut self, deadline: Instant) -> Result<&mut Session, OvsdbError> {
        let mut back_off = BackOff::new();
        loop {
            if self.session.is_some() {
                break;
            }
            match Session::open(&self.socket, deadline) {
                Ok(session) => self.session = Some(session),
                Err(OvsdbError::Rpc(
                    why @ (RpcError::Unreachable { .. } | RpcError::Broken(_)),
                )) => {
                    let pause = back_off.pause();
                    if Instant::now() + pause >= deadline {
                        return Err(why.into());
                    }
                    // A socket that does not exist cannot be waited for.
                    thread::sleep(pause);
                }
                Err(why) => return Err(why),
            }
        }
        let path = self.socket.clone();
        let gone = || RpcError::Unreachable {
            path,
            source: std::io::ErrorKind::NotConnected.into(),
        };
        self.session.as_mut().ok_or_else(|| gone().into())
    }
}

impl Session {
    fn open(socket: &Path, deadline: Instant) -> Result<Session, OvsdbError> {
        let mut connection = Connection::open(socket)?;
        // A database that nobody initialised has no root row, and without it no configuration: insert one, unless
        // somebody else is faster.
        let init = json!([
            DATABASE,
            {"op": "wait", "table": DATABASE, "where": [], "columns": ["cur_cfg"], "until": "==", "rows": [], "timeout": 0},
            {"op": "insert", "table": DATABASE, "row": {}},
        ]);
        let mut replica = Replica::default();
        let mut notes = Vec::new();
        let monitor = json!([DATABASE, "rows", requests(), replica.last_transaction()]);
        let told = connection.call("monitor_cond_since", monitor, deadline, &mut |note| {
            notes.push(note);
        })?;
        replica
            .take(&told[1], &told[2])
            .map_err(OvsdbError::Schema)?;
        if replica.tables().is_none() {
            connection.call("transact", init, deadline, &mut |note| notes.push(note))?;
        }
        for note in notes {
            replica.take_note(&note).map_err(OvsdbError::Schema)?;
        }
        Ok(Session {
            connection,
            replica,
        })
    }

    fn tables(&self) -> Result<&Tables, OvsdbError> {
        self.replica.tables().ok_or_else(no_root)
    }
}

fn no_root() -> OvsdbError {
    OvsdbError::Schema("no row in the table Open_vSwitch".to_owned())
}

fn raise_next_cfg(root: &str) -> [Value; 2] {
    let is_root = json!([["_uuid", "==", uuid(root)]]);
    [
        json!({"op": "mutate", "table": DATABASE, "where": is_root, "mutations": [["next_cfg", "+=", 1]]}),
        json!({"op": "select", "table": DATABASE, "where": is_root, "columns": ["next_cfg"]}),
    ]
}

fn next_cfg(result: Option<&Value>) -> Result<i64, OvsdbError> {
    let number = result.and_then(|result| result["rows"][0]["next_cfg"].as_i64());
    number.ok_or_else(|| OvsdbError::Schema("next_cfg is no number".to_owned()))
}

/// Errors by which ovsdb-server says that the rows are not as we read them.
fn is_contention(error: &str) -> bool {
    matches!(
        error,
        "timed out" | "constraint violation" | "referential integrity violation"
    )
}
