//! A copy of the rows that the server keeps current by telling what changes (`monitor_cond_since`, `update3`).
//!
//! To read all rows of a host with a thousand ports takes ovsdb-server and us 100 milliseconds; to be told what has
//! changed since the last look, next to nothing. This module must not know sockets.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tracing::debug;

use super::jsonrpc::Notification;
use super::notation::{Columns, Kind, Mismatch, Uuid};
use super::tables::{State, TABLES, Tables};

/// The tables and columns that we want to be told about.
pub(super) fn requests() -> Value {
    let request = |(table, columns): &(&str, &[(&str, _)])| {
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        ((*table).to_owned(), json!([{"columns": names}]))
    };
    Value::Object(TABLES.iter().map(request).collect())
}

/// The rows as the server tells them.
#[derive(Debug, Default)]
pub(super) struct Replica {
    /// By table and identity, as they were told: what comes later is a difference to it.
    rows: BTreeMap<String, BTreeMap<Uuid, Columns>>,
    /// The same, typed.
    tables: Tables,
    /// What they mean, until the next update.
    state: OnceCell<Arc<State>>,
    last_transaction: Option<String>,
}

impl Replica {
    /// The last transaction that is in the copy; zeros ask for everything.
    pub(super) fn last_transaction(&self) -> &str {
        self.last_transaction
            .as_deref()
            .unwrap_or("00000000-0000-0000-0000-000000000000")
    }

    /// The rows, typed; `None` while nobody has initialised the database.
    pub(super) fn tables(&self) -> Option<&Tables> {
        (!self.tables.root.id.is_empty()).then_some(&self.tables)
    }

    /// What the rows mean; `None` while nobody has initialised the database.
    pub(super) fn state(&self) -> Option<Arc<State>> {
        let tables = self.tables()?;
        let state = self.state.get_or_init(|| Arc::new(tables.state()));
        Some(Arc::clone(state))
    }

    pub(super) fn take_note(&mut self, note: &Notification) -> Result<(), Mismatch> {
        match note.method.as_str() {
            "update3" => self.take(&note.params[1], &note.params[2]),
            "monitor_canceled" => Err("nothing is told any more".to_owned()),
            other => {
                debug!("ovsdb-server says {other}, which we did not ask for");
                Ok(())
            }
        }
    }

    pub(super) fn take(&mut self, transaction: &Value, updates: &Value) -> Result<(), Mismatch> {
        let id = transaction
            .as_str()
            .ok_or("a transaction without identity")?;
        self.state.take();
        for (table, rows) in updates.as_object().ok_or("updates that are no object")? {
            for (id, update) in rows.as_object().ok_or("an update that is no object")? {
                self.take_row(table, id, update)?;
            }
        }
        self.last_transaction = Some(id.to_owned());
        Ok(())
    }

    fn take_row(&mut self, table: &str, id: &str, update: &Value) -> Result<(), Mismatch> {
        let columns = TABLES.iter().find(|(name, _)| *name == table);
        let (_, columns) =
            columns.ok_or_else(|| format!("an update of {table}, which we did not ask for"))?;
        let rows = self.rows.entry(table.to_owned()).or_default();
        let (how, what) = update
            .as_object()
            .and_then(|it| it.iter().next())
            .ok_or("an update without content")?;
        match (how.as_str(), what) {
            ("initial" | "insert", Value::Object(told)) => {
                let value = |(name, kind): &(&str, Kind)| {
                    let value = told.get(*name).cloned().unwrap_or_else(|| kind.default());
                    ((*name).to_owned(), value)
                };
                rows.insert(id.to_owned(), columns.iter().map(value).collect());
            }
            ("modify", Value::Object(told)) => {
                let row = rows
                    .get_mut(id)
                    .ok_or_else(|| format!("a change of {table} {id}, which is not there"))?;
                for (name, kind) in *columns {
                    if let (Some(change), Some(old)) = (told.get(*name), row.get_mut(*name)) {
                        *old = kind.changed(old, change);
                    }
                }
            }
            ("delete", _) => {
                rows.remove(id);
            }
            _ => return Err(format!("an update of {table} by {how}")),
        }
        let row = self.rows.get(table).and_then(|rows| rows.get(id));
        self.tables.take(table, id, row)
    }
}
