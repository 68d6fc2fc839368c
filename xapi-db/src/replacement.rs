//! A full copy of another store on its way into this one.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::PoisonError;

use rusqlite::Connection;
use xapi_model::{Position, Value};

use crate::apply::Applying;
use crate::edit::{Act, Edit, same};
use crate::error::DbError;
use crate::layout::Table;
use crate::reader::stored_row;
use crate::replica::{Standing, fitted, no_class, unfit};
use crate::store::{Done, Store};

impl Store {
    /// Begins to take over a full copy.
    pub fn replacement(&self, position: Position) -> Result<Replacement, DbError> {
        let file = scratch(self).map_err(|source| scratched(self, "making", source))?;
        Ok(Replacement {
            store: self.clone(),
            position,
            anew: false,
            file: BufWriter::new(file),
        })
    }

    /// Takes over a full copy that comes in parts; see [`Replacement`].
    pub fn replace<E: From<DbError>>(
        &self,
        position: Position,
        parts: impl IntoIterator<Item = Result<Vec<Edit>, E>>,
    ) -> Result<(), E> {
        let mut replacement = self.replacement(position)?;
        for part in parts {
            replacement.add(part?)?;
        }
        Ok(replacement.commit()?)
    }
}

/// A full copy that is taken over. Its parts wait in a file, so that nobody who writes waits for where they come from;
/// dropped before [`Replacement::commit`] it leaves everything as it was.
pub struct Replacement {
    store: Store,
    position: Position,
    /// Whether the terms that the store knows are another pool's.
    anew: bool,
    file: BufWriter<File>,
}

impl Replacement {
    /// What the store has is another pool's, and so are the terms that it knows.
    pub fn of_another_pool(mut self) -> Replacement {
        self.anew = true;
        self
    }

    /// Takes the next part: edits that insert rows of durable classes, as [`Store::copy`] gives them.
    pub fn add(&mut self, part: Vec<Edit>) -> Result<(), DbError> {
        let layout = self.store.layout();
        for edit in &part {
            if !matches!(edit.act, Act::Insert(_)) {
                let what = format!("{} {} is no row", edit.class, edit.reference);
                return Err(DbError::Unfit {
                    commit: self.position.generation,
                    what,
                });
            }
            let edit = fitted(layout, self.position.generation, edit)?;
            let line = serde_json::to_vec(&edit).map_err(std::io::Error::from);
            line.and_then(|mut line| {
                // JSON has no line feed but in texts, where it is escaped.
                line.push(b'\n');
                self.file.write_all(&line)
            })
            .map_err(|source| scratched(&self.store, "writing", source))?;
        }
        Ok(())
    }

    /// Makes the durable rows exactly those of the copy, in one transaction, and the store a replica at its position.
    /// A row that is as it should be is not touched. Rows of volatile classes stay unless they refer to what is gone.
    pub fn commit(self) -> Result<(), DbError> {
        let store = self.store.clone();
        let position = self.position;
        let mut writer = store
            .0
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = match self.anew {
            true => Standing {
                term: 0,
                heard: 0,
                position: None,
            },
            false => store.standing(),
        };
        let standing = known.at(position);
        let written = store.write(&mut writer, true, None, |conn, generation| {
            let mut applying = Applying::new(conn, store.layout(), generation);
            self.apply(conn, &mut applying)?;
            Ok(Done {
                tables: store.followed(conn, applying)?.into_iter().collect(),
                journal: None,
                standing: Some(standing),
            })
        });
        written.map_err(|error| unfit(position.generation, error))?;
        Ok(())
    }

    fn apply(self, conn: &Connection, applying: &mut Applying<'_>) -> Result<(), DbError> {
        let store = self.store;
        let failed = |source| scratched(&store, "reading", source);
        let mut file = self
            .file
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.rewind().map_err(failed)?;
        let layout = store.layout();
        let mut seen = BTreeSet::new();
        for line in BufReader::new(file).split(b'\n') {
            let line = line.map_err(failed)?;
            let edit: Edit = serde_json::from_slice(&line).map_err(|why| failed(why.into()))?;
            let table = layout.table(&edit.class);
            let table = table.ok_or_else(|| no_class(self.position.generation, &edit))?;
            if !seen.insert((table, edit.reference.clone())) {
                let what = format!("{} {} comes twice", edit.class, edit.reference);
                return Err(DbError::Unfit {
                    commit: self.position.generation,
                    what,
                });
            }
            let Act::Insert(fields) = &edit.act else {
                continue;
            };
            let desc = &layout.tables[table];
            match stored_row(conn, desc, &edit.reference)? {
                None => applying.edit(&edit)?,
                Some(now) => {
                    for act in differences(desc, &now, fields) {
                        applying.edit(&Edit {
                            class: edit.class.clone(),
                            reference: edit.reference.clone(),
                            act,
                        })?;
                    }
                }
            }
        }
        for (at, table) in layout.tables.iter().enumerate() {
            if table.class.volatile {
                continue;
            }
            let mut statement = conn.prepare_cached(&table.select_refs)?;
            let found = statement.query_map([], |row| row.get(0))?;
            let there = found.collect::<Result<Vec<String>, _>>()?;
            for reference in there {
                let key = (at, reference);
                if !seen.contains(&key) {
                    applying.edit(&Edit {
                        class: table.class.name.to_owned(),
                        reference: key.1,
                        act: Act::Destroy,
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// The edits that make of a stored row one with these fields; a field that is not among them takes its default.
fn differences(table: &Table, now: &[Value], fields: &[(String, Value)]) -> Vec<Act> {
    let wanted = crate::edit::members(fields);
    let columns = table.columns.iter().zip(now);
    let durable = columns.filter(|(column, _)| column.durable);
    durable
        .filter_map(|(column, now)| {
            let value = wanted
                .get(column.field.name)
                .map_or_else(|| column.field.default_value(), |value| (*value).clone());
            (!same(now, &value)).then(|| Act::Set {
                field: column.field.name.to_owned(),
                value,
            })
        })
        .collect()
}

/// Where the parts wait.
fn scratch_path(store: &Store) -> PathBuf {
    let mut name = store.0.path.as_os_str().to_owned();
    name.push(".copy");
    PathBuf::from(name)
}

/// A file beside the database, for what may be as large; it has no name any more, so that a crash leaves nothing.
fn scratch(store: &Store) -> io::Result<File> {
    let mut name = scratch_path(store).into_os_string();
    name.push(format!(".{}", store.new_id()));
    let mut options = File::options();
    let options = options.read(true).write(true).create_new(true).mode(0o600);
    let file = options.open(&name)?;
    std::fs::remove_file(&name)?;
    Ok(file)
}

fn scratched(store: &Store, doing: &'static str, source: io::Error) -> DbError {
    let path = scratch_path(store);
    DbError::File {
        doing,
        path,
        source,
    }
}
