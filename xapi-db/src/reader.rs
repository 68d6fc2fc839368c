//! Reading: the trait that views and drafts share, the view, and the pool of connections below both.
//!
//! A reader is a connection with an open read transaction, which sees one generation for as long as it is held. Given
//! back to the pool it keeps its transaction, and the next view starts with no work at all if nothing was committed in
//! between; each commit ends the transactions of the readers that rest, so that they keep no old pages.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use xapi_model::{ApiError, Class, ClassDesc, Field, FieldDesc, Ref, Value, Wire, Writer, errors};

use crate::column;
use crate::error::DbError;
use crate::layout::{Layout, Table};
use crate::store::{Inner, Store};

/// What views and drafts can be asked. The order of references is descending by text, as XAPI has it.
pub trait Read {
    /// All values of a row, views and internal fields too. HANDLE_INVALID when there is none.
    fn row(&self, class: &'static ClassDesc, reference: &str) -> Result<Vec<Value>, ApiError>;
    /// The same with its views empty, which cost a search each: a network may have thousands of VIFs.
    fn stored_row(
        &self,
        class: &'static ClassDesc,
        reference: &str,
    ) -> Result<Vec<Value>, ApiError>;
    /// One field, stored or view.
    fn value(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        field: &'static FieldDesc,
    ) -> Result<Value, ApiError>;
    /// The references of all rows.
    fn refs(&self, class: &'static ClassDesc) -> Result<Vec<String>, ApiError>;
    /// All rows, as [`Read::row`] gives them.
    fn rows(&self, class: &'static ClassDesc) -> Result<Vec<(String, Vec<Value>)>, ApiError>;
    /// The rows whose stored field has this value.
    fn search(
        &self,
        class: &'static ClassDesc,
        field: &'static FieldDesc,
        value: &Value,
    ) -> Result<Vec<String>, ApiError>;
    /// Whether there is such a row.
    fn holds(&self, class: &'static ClassDesc, reference: &str) -> Result<bool, ApiError>;

    /// The record that clients see.
    fn record(&self, class: &'static ClassDesc, reference: &str) -> Result<Value, ApiError> {
        Ok(class.record(self.row(class, reference)?))
    }

    /// The records of all rows.
    fn records(&self, class: &'static ClassDesc) -> Result<Vec<(String, Value)>, ApiError> {
        let rows = self.rows(class)?.into_iter();
        Ok(rows
            .map(|(reference, row)| (reference, class.record(row)))
            .collect())
    }

    /// The row with this uuid, or UUID_INVALID.
    fn by_uuid(&self, class: &'static ClassDesc, uuid: &str) -> Result<String, ApiError> {
        let found = match class.field("uuid") {
            Some(field) => self.search(class, field, &Value::Str(uuid.to_owned()))?,
            None => Vec::new(),
        };
        let mut found = found.into_iter();
        found
            .next()
            .ok_or_else(|| errors::uuid_invalid(class.name, uuid))
    }

    /// The rows with this name.
    fn by_name_label(
        &self,
        class: &'static ClassDesc,
        label: &str,
    ) -> Result<Vec<String>, ApiError> {
        match class.field("name_label") {
            Some(field) => self.search(class, field, &Value::Str(label.to_owned())),
            None => Ok(Vec::new()),
        }
    }

    /// The object, or HANDLE_INVALID.
    fn get<C: Class>(&self, r: &Ref<C>) -> Result<C, ApiError> {
        Ok(C::from_row(self.row(C::DESC, r.as_str())?)?)
    }

    /// The object with its views empty; see [`Read::stored_row`].
    fn stored<C: Class>(&self, r: &Ref<C>) -> Result<C, ApiError> {
        Ok(C::from_row(self.stored_row(C::DESC, r.as_str())?)?)
    }

    /// One field of the object.
    fn field<C: Class, T: Wire>(&self, r: &Ref<C>, f: Field<C, T>) -> Result<T, ApiError> {
        let value = self.value(C::DESC, r.as_str(), &C::DESC.fields[f.index()])?;
        Ok(T::from_value(value)?)
    }

    /// All objects of a class.
    fn all<C: Class>(&self) -> Result<Vec<(Ref<C>, C)>, ApiError> {
        let rows = self.rows(C::DESC)?.into_iter();
        rows.map(|(reference, row)| Ok((Ref::new(reference), C::from_row(row)?)))
            .collect()
    }

    /// The same with their views empty; see [`Read::stored_row`].
    fn all_stored<C: Class>(&self) -> Result<Vec<(Ref<C>, C)>, ApiError> {
        let refs = self.refs(C::DESC)?.into_iter().map(Ref::new);
        refs.map(|r| self.stored(&r).map(|object| (r, object)))
            .collect()
    }

    /// The objects whose stored field has this value.
    fn find<C: Class, T: Wire>(&self, f: Field<C, T>, value: &T) -> Result<Vec<Ref<C>>, ApiError> {
        let field = &C::DESC.fields[f.index()];
        let found = self.search(C::DESC, field, &value.to_value())?;
        Ok(found.into_iter().map(Ref::new).collect())
    }

    /// Whether the object is there.
    fn exists<C: Class>(&self, r: &Ref<C>) -> Result<bool, ApiError> {
        self.holds(C::DESC, r.as_str())
    }
}

/// A consistent snapshot of the store.
pub struct View {
    pub(crate) store: Store,
    pub(crate) reader: Held,
}

impl View {
    /// Writes the record that clients see of a row, as it is read. HANDLE_INVALID when there is none.
    pub fn write_record(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        out: &mut dyn Writer,
    ) -> Result<(), ApiError> {
        let (layout, table) = self.store.table(class, reference)?;
        let written = write_record(&self.reader.get().conn, layout, table, reference, out)?;
        match written {
            true => Ok(()),
            false => Err(errors::handle_invalid(class.name, reference)),
        }
    }

    /// Writes the records of all rows, as a map by reference.
    pub fn write_records(
        &self,
        class: &'static ClassDesc,
        out: &mut dyn Writer,
    ) -> Result<(), ApiError> {
        out.begin_struct();
        if let Some((layout, table)) = self.store.table_of(class) {
            write_records(&self.reader.get().conn, layout, table, out)?;
        }
        out.end_struct();
        Ok(())
    }

    /// The generation that the view shows.
    pub fn generation(&self) -> u64 {
        self.reader.get().generation
    }
}

impl Read for View {
    fn row(&self, class: &'static ClassDesc, reference: &str) -> Result<Vec<Value>, ApiError> {
        let (layout, table) = self.store.table(class, reference)?;
        let row = self.reader.get().row(layout, table, reference)?;
        row.ok_or_else(|| errors::handle_invalid(class.name, reference))
    }

    fn stored_row(
        &self,
        class: &'static ClassDesc,
        reference: &str,
    ) -> Result<Vec<Value>, ApiError> {
        let (_, table) = self.store.table(class, reference)?;
        let row = stored_row(&self.reader.get().conn, table, reference)?;
        row.ok_or_else(|| errors::handle_invalid(class.name, reference))
    }

    fn value(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        field: &'static FieldDesc,
    ) -> Result<Value, ApiError> {
        let (layout, table) = self.store.table(class, reference)?;
        let column = column_of(table, field)?;
        let value = self.reader.get().value(layout, table, column, reference)?;
        value.ok_or_else(|| errors::handle_invalid(class.name, reference))
    }

    fn refs(&self, class: &'static ClassDesc) -> Result<Vec<String>, ApiError> {
        match self.store.table_of(class) {
            Some((_, table)) => Ok(self.reader.get().refs(table)?),
            None => Ok(Vec::new()),
        }
    }

    fn rows(&self, class: &'static ClassDesc) -> Result<Vec<(String, Vec<Value>)>, ApiError> {
        match self.store.table_of(class) {
            Some((layout, table)) => Ok(self.reader.get().rows(layout, table)?),
            None => Ok(Vec::new()),
        }
    }

    fn search(
        &self,
        class: &'static ClassDesc,
        field: &'static FieldDesc,
        value: &Value,
    ) -> Result<Vec<String>, ApiError> {
        match self.store.table_of(class) {
            Some((_, table)) => {
                let column = column_of(table, field)?;
                Ok(self.reader.get().search(table, column, value)?)
            }
            None => Ok(Vec::new()),
        }
    }

    fn holds(&self, class: &'static ClassDesc, reference: &str) -> Result<bool, ApiError> {
        match self.store.table_of(class) {
            Some((_, table)) => Ok(self.reader.get().holds(table, reference)?),
            None => Ok(false),
        }
    }
}

/// The place of a field in its table.
pub(crate) fn column_of(table: &Table, field: &'static FieldDesc) -> Result<usize, ApiError> {
    let same = |column: &crate::layout::Column| std::ptr::eq(column.field, field);
    let found = table.columns.iter().position(same);
    // The promotion of constants may give one descriptor two addresses.
    let found = found.or_else(|| table.class.index(field.name));
    found.ok_or_else(|| {
        let class = table.class.name;
        errors::internal_error(format!("{class} has no field {}", field.name))
    })
}

/// A connection with a read transaction, or without while it rests.
pub(crate) struct Reader {
    pub(crate) conn: Connection,
    generation: u64,
    open: bool,
}

impl Reader {
    pub(crate) fn new(conn: Connection) -> Reader {
        Reader {
            conn,
            generation: 0,
            open: false,
        }
    }

    fn begin(&mut self) -> Result<(), DbError> {
        self.conn.prepare_cached("BEGIN")?.execute([])?;
        self.open = true;
        self.generation = generation(&self.conn)?;
        Ok(())
    }

    fn end(&mut self) -> Result<(), DbError> {
        if self.open {
            self.open = false;
            self.conn.prepare_cached("ROLLBACK")?.execute([])?;
        }
        Ok(())
    }

    pub(crate) fn row(
        &self,
        layout: &Layout,
        table: &Table,
        reference: &str,
    ) -> Result<Option<Vec<Value>>, DbError> {
        row(&self.conn, layout, table, reference)
    }

    pub(crate) fn value(
        &self,
        layout: &Layout,
        table: &Table,
        column: usize,
        reference: &str,
    ) -> Result<Option<Value>, DbError> {
        let column = &table.columns[column];
        let Some(end) = column.view else {
            return stored_value(&self.conn, table, column, reference);
        };
        let holders = self.holders(layout.column_at(end).number, reference)?;
        if holders.is_empty() && !self.holds(table, reference)? {
            return Ok(None);
        }
        let holders = holders.into_iter().map(Value::Str);
        Ok(Some(Value::Array(holders.collect())))
    }

    /// The rows that refer to `target` by the field of that number.
    pub(crate) fn holders(&self, number: i64, target: &str) -> Result<Vec<String>, DbError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT holder FROM _refs WHERE target = ?1 AND field = ?2 ORDER BY holder DESC",
        )?;
        let found = statement.query_map((target, number), |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    pub(crate) fn refs(&self, table: &Table) -> Result<Vec<String>, DbError> {
        let mut statement = self.conn.prepare_cached(&table.select_refs)?;
        let found = statement.query_map([], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    pub(crate) fn rows(
        &self,
        layout: &Layout,
        table: &Table,
    ) -> Result<Vec<(String, Vec<Value>)>, DbError> {
        let mut statement = self.conn.prepare_cached(&table.select_all)?;
        let mut found = statement.query([])?;
        let mut rows = Vec::new();
        while let Some(stored) = found.next()? {
            let reference: String = stored.get(0)?;
            let mut row = read_row(table, &reference, stored)?;
            fill_views(&self.conn, layout, table, &reference, &mut row)?;
            rows.push((reference, row));
        }
        Ok(rows)
    }

    pub(crate) fn search(
        &self,
        table: &Table,
        column: usize,
        value: &Value,
    ) -> Result<Vec<String>, DbError> {
        let column = &table.columns[column];
        if column.view.is_some() {
            let what = format!("{}.{} is a view", table.class.name, column.field.name);
            return Err(DbError::Model(what));
        }
        if let (xapi_model::Type::Ref(_), Value::Str(target)) = (&column.field.ty, value)
            && !crate::layout::is_null(target)
        {
            return self.holders(column.number, target);
        }
        let mut statement = self.conn.prepare_cached(&column.find)?;
        let cell = column::cell(&column.field.ty, value)?;
        let found = statement.query_map([cell], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    pub(crate) fn holds(&self, table: &Table, reference: &str) -> Result<bool, DbError> {
        holds(&self.conn, table, reference)
    }
}

/// The generation that a connection sees.
pub(crate) fn generation(conn: &Connection) -> Result<u64, DbError> {
    let mut statement = conn.prepare_cached("SELECT value FROM _meta WHERE key = 'generation'")?;
    let generation: i64 = statement.query_row([], |row| row.get(0))?;
    Ok(generation.cast_unsigned())
}

/// Whether a row is there.
pub(crate) fn holds(conn: &Connection, table: &Table, reference: &str) -> Result<bool, DbError> {
    Ok(conn.prepare_cached(&table.exists)?.exists([reference])?)
}

/// All values of a row with its views.
pub(crate) fn row(
    conn: &Connection,
    layout: &Layout,
    table: &Table,
    reference: &str,
) -> Result<Option<Vec<Value>>, DbError> {
    let Some(mut row) = stored_row(conn, table, reference)? else {
        return Ok(None);
    };
    fill_views(conn, layout, table, reference, &mut row)?;
    Ok(Some(row))
}

/// All values of a row, its views as empty lists.
pub(crate) fn stored_row(
    conn: &Connection,
    table: &Table,
    reference: &str,
) -> Result<Option<Vec<Value>>, DbError> {
    let mut statement = conn.prepare_cached(&table.select)?;
    let mut found = statement.query([reference])?;
    match found.next()? {
        Some(stored) => Ok(Some(read_row(table, reference, stored)?)),
        None => Ok(None),
    }
}

/// One stored field of a row.
pub(crate) fn stored_value(
    conn: &Connection,
    table: &Table,
    column: &crate::layout::Column,
    reference: &str,
) -> Result<Option<Value>, DbError> {
    let mut statement = conn.prepare_cached(&column.read)?;
    let mut found = statement.query([reference])?;
    match found.next()? {
        Some(row) => Ok(Some(read_cell(table, column, reference, row.get_ref(0)?)?)),
        None => Ok(None),
    }
}

/// A row that was selected, its views as empty lists.
pub(crate) fn read_row(
    table: &Table,
    reference: &str,
    stored: &rusqlite::Row<'_>,
) -> Result<Vec<Value>, DbError> {
    let mut row = Vec::with_capacity(table.columns.len());
    let mut at = 1;
    for column in &table.columns {
        if column.view.is_some() {
            row.push(Value::Array(Vec::new()));
        } else {
            row.push(read_cell(table, column, reference, stored.get_ref(at)?)?);
            at += 1;
        }
    }
    Ok(row)
}

fn read_cell(
    table: &Table,
    column: &crate::layout::Column,
    reference: &str,
    stored: ValueRef<'_>,
) -> Result<Value, DbError> {
    column::read(&column.field.ty, stored).map_err(|source| DbError::Value {
        class: table.class.name,
        field: column.field.name,
        reference: reference.to_owned(),
        source,
    })
}

fn write_record(
    conn: &Connection,
    layout: &Layout,
    table: &Table,
    reference: &str,
    out: &mut dyn Writer,
) -> Result<bool, DbError> {
    let mut statement = conn.prepare_cached(&table.select)?;
    let mut found = statement.query([reference])?;
    let Some(stored) = found.next()? else {
        return Ok(false);
    };
    let mut holders = Vec::new();
    holders_of(conn, table, reference, &mut holders)?;
    write_row(layout, table, reference, stored, &holders, out)?;
    Ok(true)
}

fn write_records(
    conn: &Connection,
    layout: &Layout,
    table: &Table,
    out: &mut dyn Writer,
) -> Result<(), DbError> {
    let mut statement = conn.prepare_cached(&table.select_all)?;
    let mut found = statement.query([])?;
    let mut holders = Vec::new();
    while let Some(stored) = found.next()? {
        let reference = stored.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        holders_of(conn, table, reference, &mut holders)?;
        out.member(reference);
        write_row(layout, table, reference, stored, &holders, out)?;
        out.end_member();
    }
    Ok(())
}

/// Writes the wire fields of a row in order, absent options left out.
fn write_row(
    layout: &Layout,
    table: &Table,
    reference: &str,
    stored: &rusqlite::Row<'_>,
    holders: &[(i64, String)],
    out: &mut dyn Writer,
) -> Result<(), DbError> {
    out.begin_struct();
    let mut at = 1;
    for column in &table.columns {
        let cell = match column.view {
            Some(_) => None,
            None => {
                at += 1;
                Some(stored.get_ref(at - 1)?)
            }
        };
        if !column.field.on_wire() {
            continue;
        }
        match (column.view, cell) {
            (Some(end), _) => {
                let number = layout.column_at(end).number;
                out.field(column.field.name);
                out.begin_array();
                let held = holders.iter().filter(|(field, _)| *field == number);
                held.for_each(|(_, holder)| out.text(holder));
                out.end_array();
                out.end_member();
            }
            // An option that is absent has no member.
            (None, Some(ValueRef::Text(b"null")))
                if matches!(column.field.ty, xapi_model::Type::Option(_)) => {}
            (None, Some(cell)) => {
                out.field(column.field.name);
                column::write(&column.field.ty, cell, out).map_err(|source| DbError::Value {
                    class: table.class.name,
                    field: column.field.name,
                    reference: reference.to_owned(),
                    source,
                })?;
                out.end_member();
            }
            (None, None) => {}
        }
    }
    out.end_struct();
    Ok(())
}

/// All that refer to a row, with the number of the field by which they do, in the order of views.
fn holders_of(
    conn: &Connection,
    table: &Table,
    reference: &str,
    holders: &mut Vec<(i64, String)>,
) -> Result<(), DbError> {
    holders.clear();
    if !table.has_views {
        return Ok(());
    }
    let mut statement = conn.prepare_cached(HOLDERS)?;
    let mut found = statement.query([reference])?;
    while let Some(holder) = found.next()? {
        holders.push((holder.get(0)?, holder.get(1)?));
    }
    Ok(())
}

/// All that refer to a row in one scan; the views pick theirs by the number of the stored end.
const HOLDERS: &str = "SELECT field, holder FROM _refs WHERE target = ?1 ORDER BY target DESC, field DESC, holder DESC";

fn fill_views(
    conn: &Connection,
    layout: &Layout,
    table: &Table,
    reference: &str,
    row: &mut [Value],
) -> Result<(), DbError> {
    let mut holders = Vec::new();
    holders_of(conn, table, reference, &mut holders)?;
    for (number, holder) in holders {
        for (column, value) in table.columns.iter().zip(row.iter_mut()) {
            if let (Some(end), Value::Array(items)) = (column.view, value)
                && layout.column_at(end).number == number
            {
                items.push(Value::Str(holder.clone()));
            }
        }
    }
    Ok(())
}

/// A reader taken from the pool; it goes back when it is dropped.
pub(crate) struct Held {
    reader: Option<Reader>,
    inner: Arc<Inner>,
}

impl Held {
    pub(crate) fn get(&self) -> &Reader {
        self.reader.as_ref().expect("held until dropped")
    }

    pub(crate) fn generation(&self) -> u64 {
        self.get().generation
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.inner.give_back(reader);
        }
    }
}

/// Readers that rest, at most.
const RESTING: usize = 16;

impl Inner {
    /// A reader of the newest generation.
    pub(crate) fn reader(self: &Arc<Inner>) -> Result<Held, DbError> {
        let resting = self
            .resting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut reader = match resting {
            Some(reader) => reader,
            None => Reader::new(self.connect()?),
        };
        if !reader.open || reader.generation != self.visible.load(Ordering::Acquire) {
            reader.end()?;
            reader.begin()?;
        }
        Ok(Held {
            reader: Some(reader),
            inner: self.clone(),
        })
    }

    fn give_back(&self, mut reader: Reader) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        if resting.len() >= RESTING {
            return;
        }
        // Under the lock, so that a commit either finds the reader here or has moved the generation on before.
        if reader.generation != self.visible.load(Ordering::Acquire)
            && let Err(error) = reader.end()
        {
            tracing::warn!("a database connection is given up: {error}");
            return;
        }
        resting.push(reader);
    }

    /// Ends the transactions of the readers that rest: they show what is no longer so.
    pub(crate) fn refresh(&self) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain_mut(|reader| match reader.end() {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!("a database connection is given up: {error}");
                false
            }
        });
    }
}
