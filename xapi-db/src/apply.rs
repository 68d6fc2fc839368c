//! What a commit does to the tables, the same for a draft and for a replayed commit: rows, the references between
//! them, the stamps of what changed with them, tombstones and counts. Then, for a draft, the checks that no reference
//! dangles and no unique key is shared.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension};
use xapi_model::Value;

use crate::column;
use crate::edit::{Act, Edit, same};
use crate::error::{CommitError, DbError};
use crate::layout::{Layout, Place, each_ref, is_null, mentions};
use crate::reader::{holds, stored_value};
use crate::store::UniqueKey;

/// Tombstones kept for a class, at most; when there are more, the older half goes.
pub(crate) const TOMBSTONES: i64 = 4096;

/// A row: the place of its table, its reference.
pub(crate) type RowKey = (usize, String);

/// What applying edits came to.
pub(crate) struct Applied {
    /// New references: the object referred to, and one field and row that refer to it.
    linked: BTreeMap<RowKey, (Place, String)>,
    destroyed: BTreeSet<RowKey>,
    /// Rows written, with the columns; `None` is a whole new row.
    written: BTreeMap<RowKey, Option<BTreeSet<usize>>>,
    /// Rows that changed with others.
    touched: BTreeSet<RowKey>,
}

impl Applied {
    /// The tables with changes.
    pub(crate) fn tables(&self) -> impl Iterator<Item = usize> {
        let written = self.written.keys().chain(&self.destroyed);
        written.chain(&self.touched).map(|(table, _)| *table)
    }
}

/// Edits on their way into the tables, one after the other, as one generation.
pub(crate) struct Applying<'a> {
    conn: &'a Connection,
    layout: &'a Layout,
    generation: i64,
    done: Applied,
}

/// Applies edits as one generation, inside the transaction that the caller holds.
pub(crate) fn apply(
    conn: &Connection,
    layout: &Layout,
    generation: u64,
    edits: &[Edit],
) -> Result<Applied, DbError> {
    let mut applying = Applying::new(conn, layout, generation);
    for edit in edits {
        applying.edit(edit)?;
    }
    applying.end()
}

impl<'a> Applying<'a> {
    /// Nothing is done yet. The caller holds the transaction.
    pub(crate) fn new(conn: &'a Connection, layout: &'a Layout, generation: u64) -> Self {
        Applying {
            conn,
            layout,
            generation: generation.cast_signed(),
            done: Applied {
                touched: BTreeSet::new(),
                linked: BTreeMap::new(),
                destroyed: BTreeSet::new(),
                written: BTreeMap::new(),
            },
        }
    }

    /// Stamps what changed with others, and tells what was done.
    pub(crate) fn end(self) -> Result<Applied, DbError> {
        self.touch()?;
        Ok(self.done)
    }

    fn unfit(&self, edit: &Edit, what: &str) -> DbError {
        let what = match edit.act.field() {
            Some(field) => format!("{} {}: {field}: {what}", edit.class, edit.reference),
            None => format!("{} {}: {what}", edit.class, edit.reference),
        };
        let commit = self.generation.cast_unsigned();
        DbError::Unfit { commit, what }
    }

    /// Applies one more.
    pub(crate) fn edit(&mut self, edit: &Edit) -> Result<(), DbError> {
        let table = self
            .layout
            .table(&edit.class)
            .ok_or_else(|| self.unfit(edit, "no such class"))?;
        match &edit.act {
            Act::Insert(fields) => self.insert(table, edit, fields),
            Act::Destroy => self.destroy(table, edit),
            Act::Touch => {
                self.done.touched.insert((table, edit.reference.clone()));
                Ok(())
            }
            _ => self.change(table, edit),
        }
    }

    fn insert(
        &mut self,
        table: usize,
        edit: &Edit,
        fields: &[(String, Value)],
    ) -> Result<(), DbError> {
        let layout = self.layout;
        let desc = &layout.tables[table];
        if holds(self.conn, desc, &edit.reference)? {
            return Err(self.unfit(edit, "is there already"));
        }
        let mut row: Vec<Value> = desc
            .class
            .fields
            .iter()
            .map(|f| f.default_value())
            .collect();
        for (name, value) in fields {
            let at = desc
                .class
                .index(name)
                .ok_or_else(|| self.unfit(edit, &format!("no field {name}")))?;
            row[at] = value.clone();
        }
        let mut statement = self.conn.prepare_cached(&desc.insert)?;
        statement.raw_bind_parameter(1, &edit.reference)?;
        statement.raw_bind_parameter(2, self.generation)?;
        statement.raw_bind_parameter(3, self.generation)?;
        let stored = desc.columns.iter().zip(&row);
        let stored = stored.filter(|(column, _)| column.view.is_none());
        for (at, (column, value)) in stored.enumerate() {
            statement.raw_bind_parameter(at + 4, column::cell(&column.field.ty, value)?)?;
        }
        statement.raw_execute()?;
        for (at, value) in row.iter().enumerate() {
            if desc.columns[at].refers {
                let new = self.targets((table, at), value);
                self.relink((table, at), &edit.reference, &BTreeSet::new(), &new)?;
            }
        }
        self.count(table, 1, 0)?;
        let key = (table, edit.reference.clone());
        self.done.written.insert(key, None);
        Ok(())
    }

    fn change(&mut self, table: usize, edit: &Edit) -> Result<(), DbError> {
        let layout = self.layout;
        let desc = &layout.tables[table];
        let at = edit.act.field().and_then(|field| desc.class.index(field));
        let at = at
            .filter(|at| desc.columns[*at].view.is_none())
            .ok_or_else(|| self.unfit(edit, "no such stored field"))?;
        let column = &desc.columns[at];
        let before = stored_value(self.conn, desc, column, &edit.reference)?
            .ok_or_else(|| self.unfit(edit, "no such row"))?;
        let after = edit.act.apply(before.clone());
        if same(&before, &after) {
            return Ok(());
        }
        let cell = column::cell(&column.field.ty, &after)?;
        self.conn.prepare_cached(&column.write)?.execute((
            &edit.reference,
            cell,
            self.generation,
        ))?;
        if column.refers {
            let old = self.targets((table, at), &before);
            let new = self.targets((table, at), &after);
            self.relink((table, at), &edit.reference, &old, &new)?;
        }
        let key = (table, edit.reference.clone());
        let written = self.done.written.entry(key);
        if let Some(columns) = written.or_insert_with(|| Some(BTreeSet::new())) {
            columns.insert(at);
        }
        Ok(())
    }

    fn destroy(&mut self, table: usize, edit: &Edit) -> Result<(), DbError> {
        let layout = self.layout;
        let desc = &layout.tables[table];
        if !holds(self.conn, desc, &edit.reference)? {
            return Err(self.unfit(edit, "no such row"));
        }
        // Only what refers is read: a row with a value that nobody can read goes like any other.
        for (at, column) in desc.columns.iter().enumerate() {
            if !column.refers || column.view.is_some() {
                continue;
            }
            let value = stored_value(self.conn, desc, column, &edit.reference)?
                .ok_or_else(|| self.unfit(edit, "no such row"))?;
            let old = self.targets((table, at), &value);
            self.relink((table, at), &edit.reference, &old, &BTreeSet::new())?;
        }
        let name = desc.class.name;
        // The tombstone remembers when the row was made: who never saw it needs no word of its end. There are several of a
        // row that came back, as it does when a replica takes over the copy of a master that had not heard of its end.
        // One that came back and ended again in the same generation, as many commits of a master are, has the first one.
        let remembered = self
            .conn
            .prepare_cached(&format!(
                "INSERT OR IGNORE INTO _tombstone (class, ref, generation, created) \
                 SELECT ?1, _ref, ?3, _created FROM {} WHERE _ref = ?2",
                crate::layout::quoted(name)
            ))?
            .execute((name, &edit.reference, self.generation))?;
        self.conn
            .prepare_cached(&desc.delete)?
            .execute([&edit.reference])?;
        self.count(table, -1, i64::try_from(remembered).unwrap_or(1))?;
        self.done.destroyed.insert((table, edit.reference.clone()));
        Ok(())
    }

    /// Destroys the rows of volatile classes that refer to what was destroyed, and those that refer to them: what only
    /// concerns this process does not keep a replica from following.
    pub(crate) fn destroy_left_behind(&mut self) -> Result<(), DbError> {
        let mut gone: Vec<RowKey> = self.done.destroyed.iter().cloned().collect();
        while let Some(target) = gone.pop() {
            let volatile = |(table, _): Place| self.layout.tables[table].class.volatile;
            let holders = left_behind(self.conn, self.layout, &target, &volatile)?;
            for ((table, _), holder) in holders {
                let edit = Edit {
                    class: self.layout.tables[table].class.name.to_owned(),
                    reference: holder.clone(),
                    act: Act::Destroy,
                };
                // It may refer by two fields.
                if self.done.destroyed.contains(&(table, holder.clone())) {
                    continue;
                }
                self.destroy(table, &edit)?;
                gone.push((table, holder));
            }
        }
        Ok(())
    }

    /// What a value of a column refers to: places of tables and references.
    fn targets(&self, (table, column): Place, value: &Value) -> BTreeSet<(&'static str, String)> {
        let mut targets = BTreeSet::new();
        let ty = &self.layout.tables[table].columns[column].field.ty;
        each_ref(ty, value, &mut |class, text| {
            targets.insert((class, text.to_owned()));
        });
        targets
    }

    /// Keeps `_refs` as the column says, and touches the other ends of a relation.
    fn relink(
        &mut self,
        place: Place,
        holder: &str,
        old: &BTreeSet<(&'static str, String)>,
        new: &BTreeSet<(&'static str, String)>,
    ) -> Result<(), DbError> {
        let column = self.layout.column_at(place);
        for (class, target) in old.difference(new) {
            self.conn
                .prepare_cached(
                    "DELETE FROM _refs WHERE target = ?1 AND field = ?2 AND holder = ?3",
                )?
                .execute((target, column.number, holder))?;
            if let (true, Some(table)) = (column.related, self.layout.table(class)) {
                self.done.touched.insert((table, target.clone()));
            }
        }
        for (class, target) in new.difference(old) {
            self.conn
                .prepare_cached(
                    "INSERT OR IGNORE INTO _refs (target, field, holder) VALUES (?1, ?2, ?3)",
                )?
                .execute((target, column.number, holder))?;
            if let Some(table) = self.layout.table(class) {
                let key = (table, target.clone());
                if column.related {
                    self.done.touched.insert(key.clone());
                }
                self.done.linked.insert(key, (place, holder.to_owned()));
            }
        }
        Ok(())
    }

    fn touch(&self) -> Result<(), DbError> {
        for (table, reference) in &self.done.touched {
            self.conn
                .prepare_cached(&self.layout.tables[*table].touch)?
                .execute((reference, self.generation))?;
        }
        Ok(())
    }

    /// Counts rows and tombstones of a class, and drops the older half of too many tombstones.
    fn count(&self, table: usize, rows: i64, tombstones: i64) -> Result<(), DbError> {
        let name = self.layout.tables[table].class.name;
        let mut statement = self.conn.prepare_cached(
            "UPDATE _class SET rows = rows + ?2, tombstones = tombstones + ?3 WHERE name = ?1 RETURNING tombstones",
        )?;
        let kept: i64 = statement.query_row((name, rows, tombstones), |row| row.get(0))?;
        if kept <= TOMBSTONES {
            return Ok(());
        }
        // All of one generation go or stay together: below the horizon nothing is known, above it everything.
        let horizon: i64 = self
            .conn
            .prepare_cached(
                "SELECT generation FROM _tombstone WHERE class = ?1 ORDER BY generation LIMIT 1 OFFSET ?2",
            )?
            .query_row((name, TOMBSTONES / 2), |row| row.get(0))?;
        let gone = self
            .conn
            .prepare_cached("DELETE FROM _tombstone WHERE class = ?1 AND generation <= ?2")?
            .execute((name, horizon))?;
        let gone = i64::try_from(gone).unwrap_or(i64::MAX);
        self.conn
            .prepare_cached(
                "UPDATE _class SET tombstones = tombstones - ?2, horizon = ?3 WHERE name = ?1",
            )?
            .execute((name, gone, horizon))?;
        Ok(())
    }
}

/// When a row was made and last changed.
pub(crate) fn stamps(
    conn: &Connection,
    layout: &Layout,
    (table, reference): (usize, &str),
) -> Result<Option<(u64, u64)>, DbError> {
    let mut statement = conn.prepare_cached(&layout.tables[table].stamps)?;
    let stamps = statement.query_row([reference], |row| {
        let (created, modified): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok((created.cast_unsigned(), modified.cast_unsigned()))
    });
    Ok(stamps.optional()?)
}

/// When a row was destroyed, if that is remembered.
fn destroyed(
    conn: &Connection,
    layout: &Layout,
    (table, reference): &RowKey,
) -> Result<Option<u64>, DbError> {
    let generation: Option<i64> = conn
        .prepare_cached(
            "SELECT generation FROM _tombstone WHERE class = ?1 AND ref = ?2 ORDER BY generation DESC LIMIT 1",
        )?
        .query_row((layout.tables[*table].class.name, reference), |row| {
            row.get(0)
        })
        .optional()?;
    Ok(generation.map(i64::cast_unsigned))
}

/// Checks what was applied: every new reference leads somewhere, nothing refers to what was destroyed, and no unique
/// key is shared. What another commit caused since generation `snapshot` is a conflict.
pub(crate) fn check(
    conn: &Connection,
    layout: &Layout,
    applied: &Applied,
    unique: &[UniqueKey],
    snapshot: u64,
) -> Result<(), CommitError> {
    for (target, (place, holder)) in &applied.linked {
        if holds(conn, &layout.tables[target.0], &target.1)? {
            continue;
        }
        let here = applied.destroyed.contains(target);
        if !here && destroyed(conn, layout, target)?.is_some_and(|when| when > snapshot) {
            return Err(conflict(layout, target.0, &target.1));
        }
        return Err(dangling(layout, *place, holder, target, here));
    }
    for gone in &applied.destroyed {
        let left = left_behind(conn, layout, gone, &|_| true)?;
        if let Some((place, holder)) = left.into_iter().next() {
            let stamps = stamps(conn, layout, (place.0, &holder))?;
            let mine = applied.written.contains_key(&(place.0, holder.clone()));
            if !mine && stamps.is_some_and(|(_, modified)| modified > snapshot) {
                return Err(conflict(layout, place.0, &holder));
            }
            return Err(dangling(layout, place, &holder, gone, true));
        }
    }
    for (row, columns) in &applied.written {
        if !applied.destroyed.contains(row) {
            check_unique(conn, layout, row, columns.as_ref(), unique, snapshot)?;
        }
    }
    Ok(())
}

/// The fields, of those asked about, and rows that still refer to a row that is gone.
fn left_behind(
    conn: &Connection,
    layout: &Layout,
    (table, reference): &RowKey,
    asked: &dyn Fn(Place) -> bool,
) -> Result<Vec<(Place, String)>, DbError> {
    let class = layout.tables[*table].class.name;
    let mut statement = conn.prepare_cached("SELECT field, holder FROM _refs WHERE target = ?1")?;
    let mut found = statement.query([reference])?;
    let mut left = Vec::new();
    while let Some(row) = found.next()? {
        if let Some(place) = layout.numbered(row.get(0)?)
            && asked(place)
            && mentions(&layout.column_at(place).field.ty, class)
        {
            left.push((place, row.get(1)?));
        }
    }
    Ok(left)
}

pub(crate) fn conflict(layout: &Layout, table: usize, reference: &str) -> CommitError {
    CommitError::Conflict {
        class: layout.tables[table].class.name,
        reference: reference.to_owned(),
    }
}

fn dangling(
    layout: &Layout,
    place: Place,
    holder: &str,
    target: &RowKey,
    destroyed: bool,
) -> CommitError {
    CommitError::Dangling {
        class: layout.tables[place.0].class.name,
        field: layout.column_at(place).field.name,
        reference: holder.to_owned(),
        target_class: layout.tables[target.0].class.name,
        target: target.1.clone(),
        destroyed,
    }
}

fn check_unique(
    conn: &Connection,
    layout: &Layout,
    (table, reference): &RowKey,
    columns: Option<&BTreeSet<usize>>,
    unique: &[UniqueKey],
    snapshot: u64,
) -> Result<(), CommitError> {
    let desc = &layout.tables[*table];
    let own = unique.iter().filter(|key| key.class == desc.class.name);
    let uuid = desc.uuid.map(|_| &["uuid"] as &[&str]);
    for fields in own.map(|key| key.fields).chain(uuid) {
        let places: Vec<usize> = fields.iter().filter_map(|f| desc.class.index(f)).collect();
        if columns.is_some_and(|columns| places.iter().all(|at| !columns.contains(at))) {
            continue;
        }
        let mut values = Vec::new();
        for at in &places {
            let value = stored_value(conn, desc, &desc.columns[*at], reference)?;
            values.extend(value);
        }
        if values.len() < places.len() || values.iter().any(exempt) {
            continue;
        }
        let Some(other) = shared(conn, layout, *table, &places, &values, reference)? else {
            continue;
        };
        let stamps = stamps(conn, layout, (*table, &other))?;
        let current = crate::reader::generation(conn)?;
        // A row that this very draft wrote carries a generation above the stored one.
        if stamps.is_some_and(|(_, modified)| modified > snapshot && modified <= current) {
            return Err(conflict(layout, *table, &other));
        }
        return Err(CommitError::Unique {
            class: desc.class.name,
            field: fields.join(","),
            value: values.iter().map(shown).collect::<Vec<_>>().join(","),
            reference: other,
        });
    }
    Ok(())
}

/// Values that make no key: nothing, and the reference to nothing.
fn exempt(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::Str(text) => is_null(text),
        _ => false,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        Value::Int(n) => n.to_string(),
        Value::Bool(b) => b.to_string(),
        other => format!("{other:?}"),
    }
}

/// Another row with these values in these columns.
fn shared(
    conn: &Connection,
    layout: &Layout,
    table: usize,
    places: &[usize],
    values: &[Value],
    reference: &str,
) -> Result<Option<String>, DbError> {
    let desc = &layout.tables[table];
    let mut sql = format!(
        "SELECT _ref FROM {} WHERE _ref <> ?1",
        crate::layout::quoted(desc.class.name)
    );
    for (n, at) in places.iter().enumerate() {
        let name = crate::layout::quoted(desc.columns[*at].field.name);
        sql.push_str(&format!(" AND {name} IS ?{}", n + 2));
    }
    let mut statement = conn.prepare_cached(&sql)?;
    statement.raw_bind_parameter(1, reference)?;
    for (n, (at, value)) in places.iter().zip(values).enumerate() {
        let cell = column::cell(&desc.columns[*at].field.ty, value)?;
        statement.raw_bind_parameter(n + 2, cell)?;
    }
    let mut rows = statement.raw_query();
    match rows.next()? {
        Some(row) => Ok(Some(row.get(0)?)),
        None => Ok(None),
    }
}
