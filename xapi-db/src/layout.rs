//! The tables of a model: what is stored where, and the statements that read and write it.
//!
//! One table a class, one column a stored field. A view is no column: every reference in any field has a row in
//! `_refs` (target, field, holder), from which views are read and by which nobody is left referring to nothing.

use std::collections::HashMap;

use xapi_model::{ClassDesc, FieldDesc, Type, Value};

use crate::column::sql_type;
use crate::error::DbError;

/// Where a table and a column are: places in the layout.
pub(crate) type Place = (usize, usize);

/// All tables of a model.
pub(crate) struct Layout {
    pub(crate) tables: Vec<Table>,
    by_name: HashMap<&'static str, usize>,
    /// The column that has this number in `_refs`.
    by_number: HashMap<i64, Place>,
}

/// The table of a class.
pub(crate) struct Table {
    pub(crate) class: &'static ClassDesc,
    /// One for each field, in the order of the class; the views too, which are not stored.
    pub(crate) columns: Vec<Column>,
    pub(crate) has_views: bool,
    pub(crate) uuid: Option<usize>,
    pub(crate) insert: String,
    pub(crate) delete: String,
    pub(crate) select: String,
    pub(crate) select_all: String,
    pub(crate) select_page: String,
    pub(crate) select_refs: String,
    pub(crate) stamps: String,
    pub(crate) exists: String,
    pub(crate) touch: String,
    pub(crate) changed: String,
}

/// What becomes of a field.
pub(crate) struct Column {
    pub(crate) field: &'static FieldDesc,
    /// For a view: the stored end that it reads.
    pub(crate) view: Option<Place>,
    /// Holds references.
    pub(crate) refers: bool,
    /// The stored end of a relation: the objects it refers to change with it.
    pub(crate) related: bool,
    /// Stored, and neither volatile itself nor able to refer to what is: its values are the same on every host.
    pub(crate) durable: bool,
    /// The number of this field in `_refs`.
    pub(crate) number: i64,
    pub(crate) read: String,
    pub(crate) write: String,
    pub(crate) find: String,
}

impl Layout {
    /// The layout of a model, its fields numbered by `number`.
    pub(crate) fn new(
        model: &[&'static ClassDesc],
        mut number: impl FnMut(&ClassDesc, &FieldDesc) -> i64,
    ) -> Result<Layout, DbError> {
        let stored: Vec<_> = model.iter().filter(|class| class.stored).copied().collect();
        let mut layout = Layout {
            tables: Vec::new(),
            by_name: HashMap::new(),
            by_number: HashMap::new(),
        };
        for (index, class) in stored.iter().enumerate() {
            layout.by_name.insert(class.name, index);
        }
        for (index, class) in stored.iter().enumerate() {
            let mut columns = Vec::new();
            for (at, field) in class.fields.iter().enumerate() {
                let number = number(class, field);
                layout.by_number.insert(number, (index, at));
                columns.push(layout.column(&stored, class, field, number)?);
            }
            layout.tables.push(Table::new(class, columns));
        }
        for table in 0..layout.tables.len() {
            for column in 0..layout.tables[table].columns.len() {
                if let Some((table, column)) = layout.tables[table].columns[column].view {
                    layout.tables[table].columns[column].related = true;
                }
            }
        }
        Ok(layout)
    }

    fn column(
        &self,
        stored: &[&'static ClassDesc],
        class: &ClassDesc,
        field: &'static FieldDesc,
        number: i64,
    ) -> Result<Column, DbError> {
        let name = || format!("{}.{}", class.name, field.name);
        let view = match &field.view {
            None => None,
            Some(relation) => {
                let table = self.by_name.get(relation.class).copied();
                let place = table.and_then(|table| {
                    let column = stored[table].index(relation.field)?;
                    Some((table, column))
                });
                Some(place.ok_or_else(|| {
                    let end = format!("{}.{}", relation.class, relation.field);
                    DbError::Model(format!("{} views {end}, which is not stored", name()))
                })?)
            }
        };
        if view.is_none() && sql_type(&field.ty).is_none() {
            return Err(DbError::Model(format!("{} is a {}", name(), field.ty)));
        }
        let mut volatile = stored.iter().filter(|class| class.volatile);
        let passing = volatile.any(|other| mentions(&field.ty, other.name));
        let (table, column) = (quoted(class.name), quoted(field.name));
        Ok(Column {
            field,
            view,
            refers: view.is_none() && refers(&field.ty),
            related: false,
            durable: view.is_none() && !class.volatile && !field.volatile && !passing,
            number,
            read: format!("SELECT {column} FROM {table} WHERE _ref = ?1"),
            write: format!("UPDATE {table} SET {column} = ?2, _modified = ?3 WHERE _ref = ?1"),
            find: format!("SELECT _ref FROM {table} WHERE {column} IS ?1 ORDER BY _ref DESC"),
        })
    }

    /// The place of the table of a class.
    pub(crate) fn table(&self, class: &str) -> Option<usize> {
        self.by_name.get(class).copied()
    }

    /// The column with this number in `_refs`.
    pub(crate) fn numbered(&self, number: i64) -> Option<Place> {
        self.by_number.get(&number).copied()
    }

    /// The column at a place.
    pub(crate) fn column_at(&self, (table, column): Place) -> &Column {
        &self.tables[table].columns[column]
    }
}

impl Table {
    fn new(class: &'static ClassDesc, columns: Vec<Column>) -> Table {
        let table = quoted(class.name);
        let stored = || columns.iter().filter(|column| column.view.is_none());
        let names: String = stored()
            .map(|column| format!(", {}", quoted(column.field.name)))
            .collect();
        let marks: String = (0..stored().count())
            .map(|n| format!(", ?{}", n + 4))
            .collect();
        Table {
            class,
            has_views: columns.iter().any(|column| column.view.is_some()),
            uuid: class.index("uuid"),
            insert: format!(
                "INSERT INTO {table} (_ref, _created, _modified{names}) VALUES (?1, ?2, ?3{marks})"
            ),
            delete: format!("DELETE FROM {table} WHERE _ref = ?1"),
            select: format!("SELECT _ref{names} FROM {table} WHERE _ref = ?1"),
            select_all: format!("SELECT _ref{names} FROM {table} ORDER BY _ref DESC"),
            select_page: format!(
                "SELECT _ref{names} FROM {table} WHERE _ref > ?1 ORDER BY _ref LIMIT ?2"
            ),
            select_refs: format!("SELECT _ref FROM {table} ORDER BY _ref DESC"),
            stamps: format!("SELECT _created, _modified FROM {table} WHERE _ref = ?1"),
            exists: format!("SELECT 1 FROM {table} WHERE _ref = ?1"),
            touch: format!("UPDATE {table} SET _modified = ?2 WHERE _ref = ?1"),
            // In no order: to be asked for one, SQLite walks all references instead of the index of stamps.
            changed: format!("SELECT _ref, _created FROM {table} WHERE _modified > ?1"),
            columns,
        }
    }

    /// The statements that make the table and its indexes.
    pub(crate) fn create(&self) -> Vec<String> {
        let name = self.class.name;
        let columns: String = self
            .stored()
            .map(|column| {
                let ty = sql_type(&column.field.ty).unwrap_or("TEXT");
                format!(", {} {ty}", quoted(column.field.name))
            })
            .collect();
        let mut sql = vec![
            format!(
                "CREATE TABLE {} (_ref TEXT NOT NULL UNIQUE, _created INTEGER NOT NULL, \
                 _modified INTEGER NOT NULL{columns}) STRICT",
                quoted(name)
            ),
            index(name, &["_modified"]),
        ];
        for field in ["uuid", "name_label"] {
            if self.class.index(field).is_some() {
                sql.push(index(name, &[field]));
            }
        }
        sql
    }

    /// The columns that are stored, in order.
    pub(crate) fn stored(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.view.is_none())
    }
}

/// The statement that makes an index if it is missing.
pub(crate) fn index(table: &str, fields: &[&str]) -> String {
    let columns: Vec<_> = fields.iter().map(|field| quoted(field)).collect();
    format!(
        "CREATE INDEX IF NOT EXISTS {} ON {} ({})",
        quoted(&format!("{table} by {}", fields.join(" "))),
        quoted(table),
        columns.join(", ")
    )
}

/// A name as SQL takes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether values of this type hold references.
fn refers(ty: &Type) -> bool {
    match ty {
        Type::Ref(_) => true,
        Type::Set(of) | Type::Option(of) => refers(of),
        Type::Map(key, of) => refers(key) || refers(of),
        _ => false,
    }
}

/// Calls `found` with the class and the text of every reference in a value that is not the reference to nothing.
pub(crate) fn each_ref<'v>(
    ty: &Type,
    value: &'v Value,
    found: &mut dyn FnMut(&'static str, &'v str),
) {
    match (ty, value) {
        (Type::Ref(class), Value::Str(text)) if !is_null(text) => found(class, text),
        (Type::Set(of), Value::Array(items)) => {
            for item in items {
                each_ref(of, item, found);
            }
        }
        (Type::Map(key, of), Value::Struct(members)) => {
            for (name, value) in members {
                if let Type::Ref(class) = key
                    && !is_null(name)
                {
                    found(class, name);
                }
                each_ref(of, value, found);
            }
        }
        (Type::Option(of), value) if *value != Value::Nil => each_ref(of, value, found),
        _ => {}
    }
}

/// Whether a text is the reference to nothing; XAPI's older defaults are empty.
pub(crate) fn is_null(text: &str) -> bool {
    text.is_empty() || text == xapi_model::types::NULL_REF
}

/// Whether values of this type can refer to an object of the class.
pub(crate) fn mentions(ty: &Type, class: &str) -> bool {
    match ty {
        Type::Ref(target) => *target == class,
        Type::Set(of) | Type::Option(of) => mentions(of, class),
        Type::Map(key, of) => mentions(key, class) || mentions(of, class),
        _ => false,
    }
}
