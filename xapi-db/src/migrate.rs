//! Opens a database file: refuses what is not ours, makes what is missing, brings an older model up to date, empties
//! what does not survive a restart, and starts a new range of generations. All in one transaction: a start that fails
//! leaves the file as it was.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use uuid::Uuid;
use xapi_model::types::NULL_REF;
use xapi_model::{ClassDesc, FieldDesc, Type, Value};

use crate::apply;
use crate::column;
use crate::edit::{Act, Edit, same};
use crate::error::DbError;
use crate::layout::{Layout, Table, each_ref, index, quoted};
use crate::reader::stored_value;
use crate::replica::Standing;
use crate::store::{Options, configure};

/// Generations reserved at a time. A start skips what is left of the last reservation: without its log's unsynced end
/// the file does not know how much of it was used.
pub(crate) const RESERVED: u64 = 1 << 14;

/// What a start skips beyond that, at least: a file that is put back from a backup does not know what was used since.
const LEAP: u64 = 1 << 20;

/// Chance adds up to this much. Two stores that became the master of one term, or a backup that is put back after more
/// than one start, must not give a number to a commit that a replica knows of another one. Some 100,000 starts stay
/// below 2^53, up to which clients in JavaScript count.
const APART: u128 = 1 << 36;

/// Marks our files in the header: "XAPI".
const APPLICATION_ID: i64 = 0x5841_5049;

const BOOKKEEPING: &str = "
    CREATE TABLE _meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE _class (name TEXT PRIMARY KEY, rows INTEGER NOT NULL, tombstones INTEGER NOT NULL,
        horizon INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE _field (number INTEGER PRIMARY KEY AUTOINCREMENT, class TEXT NOT NULL, name TEXT NOT NULL,
        type TEXT, UNIQUE (class, name)) STRICT;
    CREATE TABLE _refs (target TEXT NOT NULL, field INTEGER NOT NULL, holder TEXT NOT NULL,
        PRIMARY KEY (target, field, holder)) STRICT, WITHOUT ROWID;
    CREATE TABLE _tombstone (class TEXT NOT NULL, ref TEXT NOT NULL, generation INTEGER NOT NULL,
        created INTEGER NOT NULL, PRIMARY KEY (class, ref, generation)) STRICT, WITHOUT ROWID;
    CREATE INDEX \"_tombstone by generation\" ON _tombstone (class, generation);
    INSERT INTO _meta VALUES ('generation', 0), ('high_water', 0);
";

/// Numbers that version 1 did not keep; of the last durable commit it is not known which it was.
const NUMBERS: &str = "
    INSERT OR IGNORE INTO _meta VALUES ('durable', 0), ('term', 0), ('heard', 0), ('position_term', 0), ('position', 0);
";

/// Files of before have room for one end of a row.
const ONE_END: &str = "SELECT count(*) = 2 FROM pragma_table_info('_tombstone') WHERE pk > 0";

const MANY_ENDS: &str = "
    CREATE TABLE _ends (class TEXT NOT NULL, ref TEXT NOT NULL, generation INTEGER NOT NULL,
        created INTEGER NOT NULL, PRIMARY KEY (class, ref, generation)) STRICT, WITHOUT ROWID;
    INSERT INTO _ends SELECT class, ref, generation, created FROM _tombstone;
    DROP TABLE _tombstone;
    ALTER TABLE _ends RENAME TO _tombstone;
    CREATE INDEX \"_tombstone by generation\" ON _tombstone (class, generation);
";

/// A database that is ready.
pub(crate) struct Opened {
    pub(crate) conn: Connection,
    pub(crate) layout: Layout,
    pub(crate) generation: u64,
    pub(crate) high_water: u64,
    /// The generation of the last commit that concerned other hosts.
    pub(crate) durable: u64,
    pub(crate) standing: Standing,
}

/// Opens a file, or makes it.
pub(crate) fn open(path: &Path, options: &Options, temporary: bool) -> Result<Opened, DbError> {
    check_magic(path)?;
    let opened = || -> Result<Opened, DbError> {
        make_private(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        configure(&conn)?;
        let fresh = check_header(&conn, path, options.version)?;
        let mode: String =
            conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            let what = format!("{} does not take a write-ahead log", path.display());
            return Err(DbError::Model(what));
        }
        conn.pragma_update(None, "synchronous", if temporary { "OFF" } else { "FULL" })?;
        conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
        conn.execute_batch("BEGIN IMMEDIATE")?;
        if fresh {
            conn.execute_batch(BOOKKEEPING)?;
            conn.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        conn.execute_batch(NUMBERS)?;
        if conn.query_row(ONE_END, [], |row| row.get(0))? {
            conn.execute_batch(MANY_ENDS)?;
        }
        conn.pragma_update(None, "user_version", options.version)?;
        let used = meta(&conn, "high_water")?.max(meta(&conn, "generation")?);
        let generation = used + leap(&(options.ids)());
        let high_water = generation + RESERVED;
        let (layout, changed) = migrate(&conn, options, generation)?;
        empty_volatile(&conn, &layout, generation)?;
        set_meta(&conn, "generation", generation)?;
        if changed || meta(&conn, "durable")? == 0 {
            set_meta(&conn, "durable", generation)?;
        }
        let durable = meta(&conn, "durable")?;
        let standing = Standing::read(&conn)?;
        set_meta(&conn, "high_water", high_water)?;
        conn.execute_batch("COMMIT")?;
        Ok(Opened {
            conn,
            layout,
            generation,
            high_water,
            durable,
            standing,
        })
    };
    opened().map_err(|error| named(path, error))
}

/// How many generations to skip where a new range of them begins.
pub(crate) fn leap(chance: &Uuid) -> u64 {
    LEAP + u64::try_from(chance.as_u128() % APART).unwrap_or(0)
}

/// Gives SQLite's words for a bad file their name.
fn named(path: &Path, error: DbError) -> DbError {
    if let DbError::Damaged { what, .. } = error {
        let path = path.to_owned();
        return DbError::Damaged { path, what };
    }
    let DbError::Sqlite(rusqlite::Error::SqliteFailure(failure, what)) = &error else {
        return error;
    };
    let path = path.to_owned();
    match failure.code {
        ErrorCode::NotADatabase => DbError::NotADatabase { path },
        ErrorCode::DatabaseCorrupt => DbError::Damaged {
            path,
            what: what.clone().unwrap_or_else(|| failure.to_string()),
        },
        _ => error,
    }
}

/// Looks at the first bytes before SQLite does: it would write into a short file that is none of its own.
fn check_magic(path: &Path) -> Result<(), DbError> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let failed = |source| DbError::File {
        doing: "reading",
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let mut head = Vec::new();
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(failed)?;
    if head.is_empty() || head == MAGIC {
        Ok(())
    } else {
        Err(DbError::NotADatabase {
            path: path.to_owned(),
        })
    }
}

/// The file holds secrets: only its owner may read it, and SQLite gives its log the same mode.
fn make_private(path: &Path) -> Result<(), DbError> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let failed = |source| DbError::File {
        doing: "making",
        path: path.to_owned(),
        source,
    };
    let mut options = File::options();
    let options = options
        .create(true)
        .truncate(false)
        .append(true)
        .mode(0o600);
    let file = options.open(path).map_err(failed)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
        .map_err(failed)
}

/// Whose file it is, and of which version; true when there is nothing in it.
fn check_header(conn: &Connection, path: &Path, known: u32) -> Result<bool, DbError> {
    let header = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let found = header("application_id")?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if found == 0 && tables == 0 {
        return Ok(true);
    }
    let path = path.to_owned();
    if found != APPLICATION_ID {
        return Err(DbError::Foreign { path, found });
    }
    let found = u32::try_from(header("user_version")?).unwrap_or(u32::MAX);
    if found > known {
        return Err(DbError::Newer { path, found, known });
    }
    let sound: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(DbError::Damaged { path, what: sound });
    }
    Ok(false)
}

/// A number about the whole store.
pub(crate) fn meta(conn: &Connection, key: &str) -> Result<u64, DbError> {
    let mut statement = conn.prepare_cached("SELECT value FROM _meta WHERE key = ?1")?;
    let value: i64 = statement.query_row([key], |row| row.get(0))?;
    Ok(value.cast_unsigned())
}

/// Keeps a number about the whole store.
pub(crate) fn set_meta(conn: &Connection, key: &str, value: u64) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE _meta SET value = ?2 WHERE key = ?1")?
        .execute((key, value.cast_signed()))?;
    Ok(())
}

/// What the last model said of a field.
struct Known {
    number: i64,
    /// `None` for a view.
    signature: Option<String>,
}

type Fields = HashMap<(String, String), Known>;

/// Makes the tables what the model says; gives its layout, and whether rows may be others than before.
fn migrate(
    conn: &Connection,
    options: &Options,
    generation: u64,
) -> Result<(Layout, bool), DbError> {
    let known = known_fields(conn)?;
    // Checks the model before anything is touched.
    let checked = Layout::new(options.model, |_, _| 0)?;
    let mut changed = false;
    for table in &checked.tables {
        changed |= migrate_table(conn, table, &known, generation)?;
    }
    changed |= drop_tables(conn, &checked, &known)?;
    let numbers = number_fields(conn, &checked, &known)?;
    let number = |class: &ClassDesc, field: &FieldDesc| {
        let key = (class.name.to_owned(), field.name.to_owned());
        numbers.get(&key).map_or(0, |known| known.number)
    };
    let layout = Layout::new(options.model, number)?;
    for key in options.unique {
        let table = layout.table(key.class);
        let has = |field: &&str| {
            table.is_some_and(|table| {
                layout.tables[table]
                    .stored()
                    .any(|c| c.field.name == *field)
            })
        };
        if !key.fields.iter().all(has) {
            return Err(DbError::Model(format!("{key:?} names what is not stored")));
        }
        conn.execute_batch(&index(key.class, key.fields))?;
    }
    if changed {
        rebuild_refs(conn, &layout, generation)?;
    }
    Ok((layout, changed))
}

/// How a field is stored: two fields of one signature hold the same values.
fn signature(ty: &Type) -> String {
    match ty {
        Type::Enum(desc) => {
            let values: Vec<_> = desc.values.iter().map(|(name, _)| *name).collect();
            format!("enum {} ({})", desc.name, values.join(", "))
        }
        Type::Set(of) => format!("({}) set", signature(of)),
        Type::Option(of) => format!("({}) option", signature(of)),
        Type::Map(key, of) => format!("({} -> {}) map", signature(key), signature(of)),
        other => other.to_string(),
    }
}

fn known_fields(conn: &Connection) -> Result<Fields, DbError> {
    let mut statement = conn.prepare("SELECT class, name, number, type FROM _field")?;
    let rows = statement.query_map([], |row| {
        let known = Known {
            number: row.get(2)?,
            signature: row.get(3)?,
        };
        Ok(((row.get(0)?, row.get(1)?), known))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes one table, or remakes it if its columns differ. True if references may be affected.
fn migrate_table(
    conn: &Connection,
    table: &Table,
    known: &Fields,
    generation: u64,
) -> Result<bool, DbError> {
    let name = table.class.name;
    let exists = known.keys().any(|(class, _)| class == name);
    if !exists {
        for sql in table.create() {
            conn.execute_batch(&sql)?;
        }
        conn.execute("INSERT INTO _class VALUES (?1, 0, 0, 0)", [name])?;
        return Ok(false);
    }
    let old: HashMap<&str, &str> = known
        .iter()
        .filter(|((class, _), _)| class == name)
        .filter_map(|((_, field), known)| Some((field.as_str(), known.signature.as_deref()?)))
        .collect();
    let same = old.len() == table.stored().count()
        && table.stored().all(|column| {
            old.get(column.field.name) == Some(&signature(&column.field.ty).as_str())
        });
    if same {
        return Ok(false);
    }
    remake(conn, table, &old, generation)?;
    Ok(true)
}

/// Moves the rows of a table whose columns changed into a new one.
fn remake(
    conn: &Connection,
    table: &Table,
    old: &HashMap<&str, &str>,
    generation: u64,
) -> Result<(), DbError> {
    let name = table.class.name;
    let before = quoted(&format!("_old {name}"));
    // The indexes go with the old table; their names are needed before that.
    let mut statement = conn.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL",
    )?;
    let indexes: Vec<String> = statement
        .query_map([name], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for index in indexes {
        conn.execute_batch(&format!("DROP INDEX {}", quoted(&index)))?;
    }
    conn.execute_batch(&format!("ALTER TABLE {} RENAME TO {before}", quoted(name)))?;
    for sql in table.create() {
        conn.execute_batch(&sql)?;
    }
    let kept: String = table
        .stored()
        .map(|column| match old.get(column.field.name) {
            Some(_) => format!(", {}", quoted(column.field.name)),
            None => ", NULL".to_owned(),
        })
        .collect();
    let mut read = conn.prepare(&format!("SELECT _ref, _created{kept} FROM {before}"))?;
    let mut rows = read.query([])?;
    let mut insert = conn.prepare(&table.insert)?;
    while let Some(row) = rows.next()? {
        let reference: String = row.get(0)?;
        insert.raw_bind_parameter(1, &reference)?;
        insert.raw_bind_parameter(2, row.get::<_, i64>(1)?)?;
        insert.raw_bind_parameter(3, generation.cast_signed())?;
        for (at, column) in table.stored().enumerate() {
            let field = column.field;
            let stored: SqlValue = row.get(at + 2)?;
            let cell = match old.get(field.name) {
                None => column::cell(&field.ty, &field.default_value())?,
                Some(sig) if *sig == signature(&field.ty) => stored,
                Some(_) => converted(table, field, &reference, stored)?,
            };
            insert.raw_bind_parameter(at + 4, cell)?;
        }
        insert.raw_execute()?;
    }
    drop(rows);
    drop(read);
    conn.execute_batch(&format!("DROP TABLE {before}"))?;
    Ok(())
}

/// A value of a field whose type changed, as its new type if it can be read so, else the default.
fn converted(
    table: &Table,
    field: &'static FieldDesc,
    reference: &str,
    stored: SqlValue,
) -> Result<SqlValue, DbError> {
    let read = column::read(&field.ty, (&stored).into())
        .and_then(|value| field.ty.accept(value))
        .or_else(|_| {
            let neutral = match (&field.ty, &stored) {
                (Type::String, SqlValue::Integer(n)) => Value::Str(n.to_string()),
                (_, SqlValue::Integer(n)) => Value::Int(*n),
                (_, SqlValue::Real(x)) => Value::Float(*x),
                (_, SqlValue::Text(text)) => Value::Str(text.clone()),
                _ => Value::Nil,
            };
            field.ty.accept(neutral)
        });
    let value = read.unwrap_or_else(|why| {
        let (class, name) = (table.class.name, field.name);
        tracing::warn!("{class}.{name} of {reference} takes its default in the new model: {why}");
        field.default_value()
    });
    Ok(column::cell(&field.ty, &value)?)
}

/// Drops the tables of classes that are no more.
fn drop_tables(conn: &Connection, layout: &Layout, known: &Fields) -> Result<bool, DbError> {
    let mut gone: Vec<&str> = known.keys().map(|(class, _)| class.as_str()).collect();
    gone.retain(|class| layout.table(class).is_none());
    gone.sort_unstable();
    gone.dedup();
    for class in &gone {
        tracing::warn!("the model has no class {class} any more; its rows are dropped");
        conn.execute_batch(&format!("DROP TABLE {}", quoted(class)))?;
        conn.execute("DELETE FROM _class WHERE name = ?1", [class])?;
        conn.execute("DELETE FROM _tombstone WHERE class = ?1", [class])?;
        conn.execute("DELETE FROM _field WHERE class = ?1", [class])?;
    }
    Ok(!gone.is_empty())
}

/// Writes down what the model says now; numbers of fields that stay do not change.
fn number_fields(conn: &Connection, layout: &Layout, known: &Fields) -> Result<Fields, DbError> {
    for (class, name) in known.keys() {
        let field = layout
            .table(class)
            .and_then(|table| layout.tables[table].class.field(name));
        if field.is_none() {
            conn.execute(
                "DELETE FROM _field WHERE class = ?1 AND name = ?2",
                [class, name],
            )?;
        }
    }
    for table in &layout.tables {
        for column in &table.columns {
            let (class, name) = (table.class.name, column.field.name);
            let signature = column.view.is_none().then(|| signature(&column.field.ty));
            let known = known.get(&(class.to_owned(), name.to_owned()));
            if known.is_none_or(|known| known.signature != signature) {
                conn.prepare_cached(
                    "INSERT INTO _field (class, name, type) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (class, name) DO UPDATE SET type = excluded.type",
                )?
                .execute((class, name, signature))?;
            }
        }
    }
    known_fields(conn)
}

/// Reads every reference again. One that leads nowhere in the new model is cleared.
fn rebuild_refs(conn: &Connection, layout: &Layout, generation: u64) -> Result<(), DbError> {
    conn.execute("DELETE FROM _refs", [])?;
    for table in &layout.tables {
        let name = table.class.name;
        for column in table.stored().filter(|column| column.refers) {
            let (field, ty) = (quoted(column.field.name), &column.field.ty);
            let mut read = conn.prepare(&format!("SELECT _ref, {field} FROM {}", quoted(name)))?;
            let rows = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let rows: Vec<(String, SqlValue)> = rows.collect::<Result<_, _>>()?;
            for (reference, stored) in rows {
                let value =
                    column::read(ty, (&stored).into()).map_err(|source| DbError::Value {
                        class: name,
                        field: column.field.name,
                        reference: reference.clone(),
                        source,
                    })?;
                let live = live(conn, layout, ty, &value)?;
                if !same(&live, &value) {
                    let (class, field) = (name, column.field.name);
                    tracing::warn!("{class}.{field} of {reference} led nowhere and is cleared");
                    let cell = column::cell(ty, &live)?;
                    conn.prepare_cached(&column.write)?.execute((
                        &reference,
                        cell,
                        generation.cast_signed(),
                    ))?;
                }
                let mut targets = Vec::new();
                each_ref(ty, &live, &mut |_, target| targets.push(target));
                for target in targets {
                    conn.prepare_cached("INSERT OR IGNORE INTO _refs VALUES (?1, ?2, ?3)")?
                        .execute((target, column.number, &reference))?;
                }
            }
        }
    }
    Ok(())
}

/// A value without the references that lead nowhere.
fn live(conn: &Connection, layout: &Layout, ty: &Type, value: &Value) -> Result<Value, DbError> {
    let leads = |class: &str, text: &str| match layout.table(class) {
        Some(table) => crate::reader::holds(conn, &layout.tables[table], text),
        None => Ok(true),
    };
    Ok(match (ty, value) {
        (Type::Ref(class), Value::Str(text)) => {
            if crate::layout::is_null(text) || leads(class, text)? {
                value.clone()
            } else {
                Value::Str(NULL_REF.to_owned())
            }
        }
        (Type::Set(of), Value::Array(items)) => {
            let mut kept = Vec::new();
            for item in items {
                let item_live = live(conn, layout, of, item)?;
                if same(&item_live, item) {
                    kept.push(item_live);
                }
            }
            Value::Array(kept)
        }
        (Type::Map(key, of), Value::Struct(members)) => {
            let mut kept = Vec::new();
            for (name, value) in members {
                let named = live(conn, layout, key, &Value::Str(name.clone()))?;
                let value_live = live(conn, layout, of, value)?;
                if named.as_str() == Some(name) && same(&value_live, value) {
                    kept.push((name.clone(), value_live));
                }
            }
            Value::Struct(kept)
        }
        (Type::Option(of), value) if *value != Value::Nil => live(conn, layout, of, value)?,
        (_, value) => value.clone(),
    })
}

/// Removes the rows that do not survive a restart, with tombstones, and what refers to them; puts volatile fields of
/// other rows at their defaults.
fn empty_volatile(conn: &Connection, layout: &Layout, generation: u64) -> Result<(), DbError> {
    let mut gone = Vec::new();
    let mut edits = Vec::new();
    for table in &layout.tables {
        let fields: Vec<_> = table.stored().filter(|c| c.field.volatile).collect();
        if !table.class.volatile && fields.is_empty() {
            continue;
        }
        let mut read = conn.prepare(&table.select_refs)?;
        let rows = read.query_map([], |row| row.get(0))?;
        for reference in rows.collect::<Result<Vec<String>, _>>()? {
            let edit = |act| Edit {
                class: table.class.name.to_owned(),
                reference: reference.clone(),
                act,
            };
            if table.class.volatile {
                gone.push(edit(Act::Destroy));
                continue;
            }
            for column in &fields {
                edits.push(edit(Act::Set {
                    field: column.field.name.to_owned(),
                    value: column.field.default_value(),
                }));
            }
        }
    }
    apply::apply(conn, layout, generation, &edits)?;
    apply::apply(conn, layout, generation, &gone)?;
    for edit in &gone {
        clear_references(conn, layout, generation, &edit.reference)?;
    }
    Ok(())
}

/// Clears the fields that still refer to a row that is gone.
fn clear_references(
    conn: &Connection,
    layout: &Layout,
    generation: u64,
    target: &str,
) -> Result<(), DbError> {
    loop {
        let left: Option<(i64, String)> = conn
            .prepare_cached("SELECT field, holder FROM _refs WHERE target = ?1 LIMIT 1")?
            .query_row([target], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((number, holder)) = left else {
            return Ok(());
        };
        let place = layout.numbered(number);
        let value = match place {
            Some(place) => {
                let (table, column) = (&layout.tables[place.0], layout.column_at(place));
                stored_value(conn, table, column, &holder)?
            }
            None => None,
        };
        let (Some(place), Some(value)) = (place, value) else {
            let what = format!("_refs names field {number} of {holder}, which is not there");
            return Err(DbError::Damaged {
                path: PathBuf::new(),
                what,
            });
        };
        let column = layout.column_at(place);
        let edit = Edit {
            class: layout.tables[place.0].class.name.to_owned(),
            reference: holder.clone(),
            act: Act::Set {
                field: column.field.name.to_owned(),
                value: live(conn, layout, &column.field.ty, &value)?,
            },
        };
        apply::apply(conn, layout, generation, &[edit])?;
    }
}

/// Copies what a connection sees into a file.
pub(crate) fn backup(
    from: &Connection,
    layout: &Layout,
    to: &Path,
    id: &Uuid,
) -> Result<(), DbError> {
    let mut partial = to.as_os_str().to_owned();
    partial.push(format!(".{id}.partial"));
    let partial = PathBuf::from(partial);
    let written = write_copy(from, layout, &partial).and_then(|()| {
        let failed = |source| DbError::File {
            doing: "writing",
            path: to.to_owned(),
            source,
        };
        File::open(&partial)
            .and_then(|file| file.sync_all())
            .map_err(failed)?;
        std::fs::rename(&partial, to).map_err(failed)?;
        let directory = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)
    });
    if written.is_err()
        && let Err(error) = std::fs::remove_file(&partial)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("{} is left behind: {error}", partial.display());
    }
    written
}

fn write_copy(from: &Connection, layout: &Layout, partial: &Path) -> Result<(), DbError> {
    make_private(partial)?;
    let mut copy = Connection::open(partial)?;
    rusqlite::backup::Backup::new(from, &mut copy)?.step(-1)?;
    // One file, no log beside it; and what is removed is overwritten, since sessions are secrets.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.pragma_update(None, "secure_delete", true)?;
    copy.execute_batch("BEGIN IMMEDIATE")?;
    let generation = meta(&copy, "generation")?;
    empty_volatile(&copy, layout, generation)?;
    // Not even their names: the reference of a session is all that a caller needs.
    for table in layout.tables.iter().filter(|table| table.class.volatile) {
        let name = table.class.name;
        copy.execute("DELETE FROM _tombstone WHERE class = ?1", [name])?;
        copy.execute(
            "UPDATE _class SET tombstones = 0, horizon = ?2 WHERE name = ?1",
            (name, generation.cast_signed()),
        )?;
    }
    copy.execute_batch("COMMIT")?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}
