//! What changed since a generation: what events are read from.

use std::collections::HashSet;

use rusqlite::Connection;
use xapi_model::{ApiError, ClassDesc};

use crate::error::DbError;
use crate::layout::Table;
use crate::reader::View;

/// All changes after one generation, up to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The generation asked about.
    pub since: u64,
    /// The generation of the view: ask about this next.
    pub to: u64,
    /// Classes with changes, in the order of the model.
    pub classes: Vec<ClassChanges>,
}

/// Changes of one class.
#[derive(Clone, Debug)]
pub struct ClassChanges {
    /// The class.
    pub class: &'static ClassDesc,
    /// Rows made since and still there, ascending.
    pub added: Vec<String>,
    /// Rows that were there and changed, ascending.
    pub modified: Vec<String>,
    /// Rows that were there and are gone, newest end first.
    pub deleted: Vec<String>,
    /// False when so much was deleted that part of it is forgotten: compare what you know with what is there.
    pub complete: bool,
}

impl PartialEq for ClassChanges {
    fn eq(&self, other: &Self) -> bool {
        self.class.name == other.class.name
            && self.added == other.added
            && self.modified == other.modified
            && self.deleted == other.deleted
            && self.complete == other.complete
    }
}

impl Eq for ClassChanges {}

impl View {
    /// What changed since generation `since`; everything that is there is added since 0.
    pub fn changes_since(&self, since: u64) -> Result<Changes, ApiError> {
        self.changes_of(since, &|_| true)
    }

    /// The same for some classes alone.
    pub fn changes_of(
        &self,
        since: u64,
        wanted: &dyn Fn(&ClassDesc) -> bool,
    ) -> Result<Changes, ApiError> {
        let layout = self.store.layout();
        let mut classes = Vec::new();
        for (at, table) in layout.tables.iter().enumerate() {
            // A class that nobody touched after that costs one comparison.
            if self.store.last_change(at) > since && wanted(table.class) {
                let changes = class_changes(&self.reader.get().conn, table, since)?;
                if !changes.is_empty() {
                    classes.push(changes);
                }
            }
        }
        Ok(Changes {
            since,
            to: self.generation(),
            classes,
        })
    }

    /// How many rows each stored class has, in the order of the model.
    pub fn counts(&self) -> Result<Vec<(&'static ClassDesc, u64)>, ApiError> {
        Ok(self.count_rows()?)
    }

    fn count_rows(&self) -> Result<Vec<(&'static ClassDesc, u64)>, DbError> {
        let conn = &self.reader.get().conn;
        let layout = self.store.layout();
        let mut counts: Vec<_> = layout.tables.iter().map(|table| (table.class, 0)).collect();
        let mut statement = conn.prepare_cached("SELECT name, rows FROM _class")?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let name = row.get_ref(0)?.as_str().unwrap_or_default();
            if let Some(table) = layout.table(name) {
                let rows: i64 = row.get(1)?;
                counts[table].1 = rows.cast_unsigned();
            }
        }
        Ok(counts)
    }
}

impl ClassChanges {
    fn is_empty(&self) -> bool {
        self.complete
            && self.added.is_empty()
            && self.modified.is_empty()
            && self.deleted.is_empty()
    }
}

fn class_changes(conn: &Connection, table: &Table, since: u64) -> Result<ClassChanges, DbError> {
    let mut changes = ClassChanges {
        class: table.class,
        added: Vec::new(),
        modified: Vec::new(),
        deleted: Vec::new(),
        complete: true,
    };
    let since = since.cast_signed();
    // Who knows nothing has lost nothing.
    let mut ended: Vec<String> = Vec::new();
    if since > 0 {
        let mut statement = conn.prepare_cached(
            "SELECT ref FROM _tombstone WHERE class = ?1 AND generation > ?2 AND created <= ?2 \
             ORDER BY generation DESC, ref DESC",
        )?;
        let found = statement.query_map((table.class.name, since), |row| row.get(0))?;
        ended = found.collect::<Result<_, _>>()?;
    }
    let known: HashSet<&str> = ended.iter().map(String::as_str).collect();
    let mut back: HashSet<String> = HashSet::new();
    let mut statement = conn.prepare_cached(&table.changed)?;
    let mut found = statement.query([since])?;
    while let Some(row) = found.next()? {
        let reference: String = row.get(0)?;
        let created: i64 = row.get(1)?;
        if created <= since {
            changes.modified.push(reference);
        } else if known.contains(reference.as_str()) {
            // It ended and came back: for whoever knew it before it is another.
            back.insert(reference.clone());
            changes.modified.push(reference);
        } else {
            changes.added.push(reference);
        }
    }
    changes.added.sort_unstable();
    changes.modified.sort_unstable();
    if since == 0 {
        return Ok(changes);
    }
    ended.retain(|reference| !back.contains(reference));
    changes.deleted = ended;
    let horizon: i64 = conn
        .prepare_cached("SELECT horizon FROM _class WHERE name = ?1")?
        .query_row([table.class.name], |row| row.get(0))?;
    changes.complete = since >= horizon;
    Ok(changes)
}
