//! All durable rows at one generation, read a part at a time.

use xapi_model::Position;

use crate::edit::{Act, Edit};
use crate::error::DbError;
use crate::migrate::meta;
use crate::reader::{View, read_row};
use crate::store::Store;

/// Rows of a part, at most.
const ROWS: usize = 256;

/// Octets of texts in a part, from which on no more rows are added to it.
const OCTETS: usize = 256 * 1024;

/// Every row of the durable classes, as edits that insert it, in parts that fit in memory. It holds a snapshot open
/// until it is dropped, and so keeps the log of the database from being emptied.
pub struct FullCopy {
    view: View,
    position: Position,
    /// The table that is read, and the row after which to go on.
    table: usize,
    after: String,
}

impl Store {
    /// A full copy of what is there now.
    pub fn copy(&self) -> Result<FullCopy, DbError> {
        // First: a promotion in between makes this a position that nothing follows, and not a wrong one.
        let term = self.term();
        let view = View {
            store: self.clone(),
            reader: self.0.reader()?,
        };
        let generation = meta(&view.reader.get().conn, "durable")?;
        let position = Position { term, generation };
        Ok(FullCopy {
            view,
            position,
            table: 0,
            after: String::new(),
        })
    }
}

impl FullCopy {
    /// What the rows are the state of: the last durable commit before it.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The generation of the snapshot; what was committed up to it is in the copy.
    pub fn generation(&self) -> u64 {
        self.view.generation()
    }

    /// The next rows; `None` after the last.
    fn part(&mut self) -> Result<Option<Vec<Edit>>, DbError> {
        let layout = self.view.store.layout();
        let mut part = Vec::new();
        let mut octets = 0;
        while let Some(table) = layout.tables.get(self.table) {
            if table.class.volatile {
                self.table += 1;
                continue;
            }
            let reader = self.view.reader.get();
            let mut statement = reader.conn.prepare_cached(&table.select_page)?;
            let wanted = i64::try_from(ROWS - part.len()).unwrap_or(i64::MAX);
            let mut found = statement.query((&self.after, wanted))?;
            let mut ended = true;
            while let Some(stored) = found.next()? {
                let reference: String = stored.get(0)?;
                for column in 1..stored.as_ref().column_count() {
                    octets += stored.get_ref(column)?.as_str().map_or(0, str::len);
                }
                let row = read_row(table, &reference, stored)?;
                let fields = table.columns.iter().zip(row);
                let fields = fields.filter(|(column, _)| column.durable);
                let fields = fields.map(|(column, value)| (column.field.name.to_owned(), value));
                part.push(Edit {
                    class: table.class.name.to_owned(),
                    reference: reference.clone(),
                    act: Act::Insert(fields.collect()),
                });
                self.after = reference;
                if octets > OCTETS || part.len() >= ROWS {
                    ended = false;
                    break;
                }
            }
            if !ended {
                return Ok(Some(part));
            }
            self.table += 1;
            self.after.clear();
        }
        Ok((!part.is_empty()).then_some(part))
    }
}

impl Iterator for FullCopy {
    type Item = Result<Vec<Edit>, DbError>;

    /// The next part. After an error there is nothing more.
    fn next(&mut self) -> Option<Self::Item> {
        let part = self.part().transpose();
        if matches!(part, Some(Err(_))) {
            self.table = usize::MAX;
        }
        part
    }
}
