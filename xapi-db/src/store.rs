//! The store: one database file, one writer at a time, any number of readers.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;
use uuid::Uuid;
use xapi_model::{ApiError, ClassDesc, Position, Value, classes, errors};

use crate::apply::{self, Applied, RowKey};
use crate::draft::{Draft, Finished, Planned};
use crate::edit::{Act, Commit, Edit, same};
use crate::error::{CommitError, DbError};
use crate::files::{TemporaryDirectory, lock};
use crate::journal::Journal;
use crate::layout::{Layout, Table};
use crate::migrate;
use crate::reader::{Reader, View, stored_value};
use crate::replica::Standing;

/// The version of what is stored. A program refuses a file with a greater one. Raise it when an older program would
/// destroy or misread what this one writes: a class or field that it would drop, a bookkeeping table that it does not keep.
pub const SCHEMA_VERSION: u32 = 2;

/// Fields that no two rows of a class may share. Rows in which any of them is empty or refers to nothing are exempt.
#[derive(Clone, Copy, Debug)]
pub struct UniqueKey {
    /// The class.
    pub class: &'static str,
    /// Wire names of the stored fields.
    pub fields: &'static [&'static str],
}

/// How to open a store.
#[derive(Clone)]
pub struct Options {
    /// The classes; those without rows are passed over.
    pub model: &'static [&'static ClassDesc],
    /// The version of the model.
    pub version: u32,
    /// Keys that must be unique, beside the uuid of every class.
    pub unique: &'static [UniqueKey],
    /// Makes references and uuids.
    pub ids: Arc<dyn Fn() -> Uuid + Send + Sync>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            model: classes::MODEL,
            version: SCHEMA_VERSION,
            unique: &[],
            ids: Arc::new(Uuid::new_v4),
        }
    }
}

/// The objects. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) path: PathBuf,
    pub(crate) options: Options,
    layout: Layout,
    /// Before the writer, which closes last and then empties the log into the file.
    pub(crate) resting: Mutex<Vec<Reader>>,
    pub(crate) writer: Mutex<Writer>,
    /// The generation at which the store opened; smaller ones were given by earlier processes.
    pub(crate) first: u64,
    generation: AtomicU64,
    /// That of the last commit that concerned other hosts.
    durable: AtomicU64,
    /// The newest generation that some reader may have seen: one ahead of `generation` for a moment in each commit.
    pub(crate) visible: AtomicU64,
    /// For each table a generation that is not before its last change.
    last_changes: Vec<AtomicU64>,
    watch: watch::Sender<u64>,
    pub(crate) journal: Mutex<Option<Journal>>,
    pub(crate) standing: RwLock<Standing>,
    /// Commits that concern other hosts are refused.
    pub(crate) follow_only: AtomicBool,
    /// Those who have them refused for a while.
    pub(crate) held_still: AtomicUsize,
    /// When the last commit was made, in microseconds since the store was opened.
    opened: Instant,
    committed: AtomicU64,
    /// Since when somebody writes, likewise; 0 while nobody does.
    writing: AtomicU64,
    /// Held for as long as the store is open, so that no second process opens it.
    _lock: File,
    /// Last, so that it goes after the connections.
    _temporary: Option<TemporaryDirectory>,
}

pub(crate) struct Writer {
    conn: Connection,
    /// The generation of the last commit that concerned other hosts.
    pub(crate) durable_generation: u64,
    /// No generation above this one may be used before a greater mark is safe on disk.
    high_water: u64,
    /// What `PRAGMA synchronous` says now.
    durable: bool,
    temporary: bool,
    /// Pages in the log after the last commit, and when it was last emptied as far as could be.
    logged: Arc<AtomicI32>,
    emptied: i32,
}

/// What was done in a write transaction.
#[derive(Default)]
pub(crate) struct Done {
    /// The tables with changes.
    pub(crate) tables: BTreeSet<usize>,
    /// What others have to follow; `None` if they have to take a full copy.
    pub(crate) journal: Option<Vec<Edit>>,
    /// What the store has become in its pool.
    pub(crate) standing: Option<Standing>,
}

impl Done {
    fn applied(applied: &Applied, journal: Vec<Edit>) -> Done {
        Done {
            tables: applied.tables().collect(),
            journal: Some(journal),
            standing: None,
        }
    }
}

/// Pages in the log from which it is emptied into the file; then again when it grew by a quarter of that.
const LOG: i32 = 1000;

/// Rounds that [`Store::change`] goes before it gives up.
const ROUNDS: u32 = 3;

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 1024;

impl Store {
    /// Opens the store in this file, or makes it; brings an older one up to date.
    pub fn open(path: &Path, options: Options) -> Result<Store, DbError> {
        Store::open_in(path, options, None)
    }

    /// A store for a while, or for a test: nothing waits for the disk, and the last clone takes the files with it.
    pub fn temporary(options: Options) -> Result<Store, DbError> {
        let directory = TemporaryDirectory::new()?;
        let path = directory.path().join("state.db");
        Store::open_in(&path, options, Some(directory))
    }

    fn open_in(
        path: &Path,
        options: Options,
        temporary: Option<TemporaryDirectory>,
    ) -> Result<Store, DbError> {
        let lock = lock(path)?;
        let mut opened = migrate::open(path, &options, temporary.is_some())?;
        let logged = Arc::new(AtomicI32::new(0));
        // In the place of SQLite's own rule, which empties the log inside a commit: the readers that rest are still
        // open then, the log cannot start anew, and every commit from there on would wait for the disk three times.
        let count = logged.clone();
        opened.conn.wal_hook(Some(move |_: &mut Wal, pages| {
            count.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        let tables = opened.layout.tables.len();
        let generation = opened.generation;
        Ok(Store(Arc::new(Inner {
            path: path.to_owned(),
            options,
            layout: opened.layout,
            first: generation,
            journal: Mutex::new(None),
            standing: RwLock::new(opened.standing),
            follow_only: AtomicBool::new(false),
            held_still: AtomicUsize::new(0),
            writer: Mutex::new(Writer {
                conn: opened.conn,
                durable_generation: opened.durable,
                high_water: opened.high_water,
                durable: true,
                temporary: temporary.is_some(),
                logged,
                emptied: 0,
            }),
            resting: Mutex::new(Vec::new()),
            generation: AtomicU64::new(generation),
            durable: AtomicU64::new(opened.durable),
            visible: AtomicU64::new(generation),
            last_changes: (0..tables).map(|_| AtomicU64::new(generation)).collect(),
            watch: watch::Sender::new(generation),
            opened: Instant::now(),
            committed: AtomicU64::new(0),
            writing: AtomicU64::new(0),
            _lock: lock,
            _temporary: temporary,
        })))
    }

    /// A consistent snapshot.
    pub fn view(&self) -> Result<View, DbError> {
        Ok(View {
            store: self.clone(),
            reader: self.0.reader()?,
        })
    }

    /// A snapshot to edit.
    pub fn draft(&self) -> Result<Draft, DbError> {
        Ok(Draft::new(self.clone(), self.0.reader()?))
    }

    /// Commits a draft: all of it or nothing. When this returns, what the draft did to durable classes is safe on disk.
    pub fn commit(&self, draft: Draft) -> Result<Commit, CommitError> {
        assert!(
            Arc::ptr_eq(&self.0, &draft.store.0),
            "a draft is committed to the store that it was made of"
        );
        // From here on the draft holds no snapshot.
        let finished = draft.finish();
        if finished.planned.is_empty() {
            return Ok(Commit {
                generation: finished.snapshot,
                edits: Vec::new(),
            });
        }
        let concerns_others = |planned: &&Planned| self.is_durable(&planned.edit);
        let durable = finished.planned.iter().find(concerns_others);
        let mut writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(planned) = durable
            && self.0.takes_no_commits()
        {
            return Err(CommitError::Follower {
                class: planned.edit.class.clone(),
                reference: planned.edit.reference.clone(),
            });
        }
        let durable = durable.is_some();
        let mut edits = Vec::new();
        let generation = self.write(&mut writer, durable, None, |conn, generation| {
            let current = self.generation();
            if finished.snapshot != current {
                self.check_conflicts(conn, &finished)?;
            }
            self.check_absent(conn, &finished)?;
            edits = finished
                .planned
                .into_iter()
                .map(|planned| planned.edit)
                .collect();
            let layout = &self.0.layout;
            let applied = apply::apply(conn, layout, generation, &edits)?;
            let unique = self.0.options.unique;
            apply::check(conn, layout, &applied, unique, finished.snapshot)?;
            Ok(Done::applied(&applied, self.to_follow(&edits)))
        })?;
        Ok(Commit { generation, edits })
    }

    /// Makes a draft, lets `f` edit it, and commits it; again from the start if somebody else was quicker.
    pub fn change<T>(
        &self,
        mut f: impl FnMut(&Draft) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut round = 1;
        loop {
            let draft = self.draft()?;
            let made = f(&draft)?;
            match self.commit(draft) {
                Ok(_) => return Ok(made),
                Err(CommitError::Conflict { .. }) if round < ROUNDS => round += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The part of a commit that survives a restart and concerns other hosts.
    pub fn durable(&self, commit: &Commit) -> Commit {
        Commit {
            generation: commit.generation,
            edits: self.durable_edits(&commit.edits),
        }
    }

    fn durable_edits(&self, edits: &[Edit]) -> Vec<Edit> {
        let mut durable: Vec<Edit> = edits
            .iter()
            .filter(|edit| self.is_durable(edit))
            .cloned()
            .collect();
        for edit in &mut durable {
            if let (Act::Insert(fields), Some(at)) =
                (&mut edit.act, self.0.layout.table(&edit.class))
            {
                let table = &self.0.layout.tables[at];
                let durable = |name: &str| {
                    let at = table.class.index(name);
                    at.is_none_or(|at| table.columns[at].durable)
                };
                fields.retain(|(name, _)| durable(name));
            }
        }
        durable
    }

    /// The part of a commit for the journal, if there is one.
    fn to_follow(&self, edits: &[Edit]) -> Vec<Edit> {
        match &*self.journal() {
            Some(_) => self.durable_edits(edits),
            None => Vec::new(),
        }
    }

    /// The last commit that concerns other hosts: where whoever follows this store is once he has all of it. Whoever asks
    /// after a commit of his own has it in there.
    pub fn durable_position(&self) -> Position {
        // First: a promotion in between makes this a position that is behind the true one, and not one that nobody gets to.
        let term = self.term();
        let generation = self.0.durable.load(Ordering::Acquire);
        Position { term, generation }
    }

    /// The newest generation.
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// How long ago the last commit was made; since the store was opened if there was none.
    pub fn since_commit(&self) -> Duration {
        let at = Duration::from_micros(self.0.committed.load(Ordering::Relaxed));
        self.0.opened.elapsed().saturating_sub(at)
    }

    /// For how long a write goes on; `None` while there is none. A disk that does not answer shows here.
    pub fn writing(&self) -> Option<Duration> {
        let since = self.0.writing.load(Ordering::Relaxed);
        let since = (since > 0).then(|| Duration::from_micros(since))?;
        Some(self.0.opened.elapsed().saturating_sub(since))
    }

    /// Follows the generation.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.watch.subscribe()
    }

    /// Writes a copy of the store to a file, without rows of volatile classes, while the store goes on. The file
    /// appears whole or not at all.
    pub fn backup(&self, to: &Path) -> Result<(), DbError> {
        migrate::backup(&self.0.connect()?, &self.0.layout, to, &self.new_id())
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.0.layout
    }

    pub(crate) fn new_id(&self) -> Uuid {
        (self.0.options.ids)()
    }

    /// Whether a row of the class may have been made, changed or destroyed after a generation. Costs one comparison,
    /// and errs only towards yes.
    pub fn touched(&self, class: &ClassDesc, since: u64) -> bool {
        self.place_of(class)
            .is_some_and(|(_, at, _)| self.last_change(at) > since)
    }

    pub(crate) fn last_change(&self, table: usize) -> u64 {
        self.0.last_changes[table].load(Ordering::Acquire)
    }

    pub(crate) fn place_of(&self, class: &ClassDesc) -> Option<(&Layout, usize, &Table)> {
        let layout = &self.0.layout;
        let at = layout.table(class.name)?;
        Some((layout, at, &layout.tables[at]))
    }

    pub(crate) fn table_of(&self, class: &ClassDesc) -> Option<(&Layout, &Table)> {
        self.place_of(class)
            .map(|(layout, _, table)| (layout, table))
    }

    pub(crate) fn table(
        &self,
        class: &ClassDesc,
        reference: &str,
    ) -> Result<(&Layout, &Table), ApiError> {
        self.table_of(class)
            .ok_or_else(|| errors::handle_invalid(class.name, reference))
    }

    fn is_durable(&self, edit: &Edit) -> bool {
        let Some(at) = self.0.layout.table(&edit.class) else {
            return true;
        };
        let table = &self.0.layout.tables[at];
        if matches!(edit.act, Act::Touch) {
            // Only the stamp moves, and no generation is given twice whatever becomes of it.
            return false;
        }
        let field = edit.act.field().and_then(|field| table.class.index(field));
        !table.class.volatile && field.is_none_or(|field| table.columns[field].durable)
    }

    /// One write transaction: the next generation, or the one given, comes to be.
    pub(crate) fn write(
        &self,
        writer: &mut Writer,
        durable: bool,
        number: Option<u64>,
        work: impl FnOnce(&Connection, u64) -> Result<Done, CommitError>,
    ) -> Result<u64, CommitError> {
        let since = self.0.micros().max(1);
        self.0.writing.store(since, Ordering::Relaxed);
        let written = self.write_now(writer, durable, number, work);
        self.0.writing.store(0, Ordering::Relaxed);
        written
    }

    fn write_now(
        &self,
        writer: &mut Writer,
        durable: bool,
        number: Option<u64>,
        work: impl FnOnce(&Connection, u64) -> Result<Done, CommitError>,
    ) -> Result<u64, CommitError> {
        let generation = number.unwrap_or_else(|| self.generation() + 1);
        // A number that a client may see must never be given again, so the mark above it goes to disk first.
        let reserve = generation > writer.high_water;
        writer.begin(durable || reserve)?;
        let high_water = generation + migrate::RESERVED;
        let conn = &writer.conn;
        let worked = work(conn, generation).and_then(|done| {
            if reserve {
                migrate::set_meta(conn, "high_water", high_water)?;
            }
            migrate::set_meta(conn, "generation", generation)?;
            if durable {
                migrate::set_meta(conn, "durable", generation)?;
            }
            if let Some(standing) = &done.standing {
                standing.write(conn)?;
            }
            // Before readers can see the rows, or a reader could take a changed class for an unchanged one.
            for table in &done.tables {
                self.0.last_changes[*table].fetch_max(generation, Ordering::AcqRel);
            }
            // And no view that starts after another one may show an older generation.
            self.0.visible.store(generation, Ordering::Release);
            conn.prepare_cached("COMMIT")?.execute([])?;
            Ok(done)
        });
        let done = match worked {
            Ok(done) => done,
            Err(error) => {
                self.0.visible.store(self.generation(), Ordering::Release);
                if let Err(also) = writer.end() {
                    tracing::error!("the next commit has to undo this one first: {also}");
                }
                return Err(error);
            }
        };
        if reserve {
            writer.high_water = high_water;
        }
        if durable {
            writer.durable_generation = generation;
            self.0.durable.store(generation, Ordering::Release);
        }
        // Whoever hears of the generation finds its commit in the journal.
        self.publish(generation, durable, done);
        self.0.generation.store(generation, Ordering::Release);
        self.0.refresh();
        self.0.committed.store(self.0.micros(), Ordering::Relaxed);
        self.0.watch.send_replace(generation);
        writer.empty_log();
        Ok(generation)
    }

    /// Puts a commit into the journal, and what the store has become where it is asked for.
    fn publish(&self, generation: u64, durable: bool, done: Done) {
        let mut journal = self.journal();
        if let Some(standing) = done.standing {
            let mut own = self
                .0
                .standing
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *own = standing;
        }
        match (&mut *journal, done.journal) {
            (Some(journal), Some(edits)) if !edits.is_empty() => {
                journal.push(Commit { generation, edits });
            }
            (Some(journal), None) if durable => journal.cut(generation),
            _ => {}
        }
    }

    /// A draft conflicts if a row that it relies on, or a field or key that it writes, changed since its snapshot.
    fn check_conflicts(&self, conn: &Connection, draft: &Finished) -> Result<(), CommitError> {
        let layout = &self.0.layout;
        let changed = |row: &RowKey| -> Result<bool, CommitError> {
            let stamps = apply::stamps(conn, layout, (row.0, &row.1))?;
            Ok(stamps.is_none_or(|(_, modified)| modified > draft.snapshot))
        };
        for row in &draft.relied {
            if changed(row)? {
                return Err(apply::conflict(layout, row.0, &row.1));
            }
        }
        for planned in &draft.planned {
            let edit = &planned.edit;
            let Some(table) = layout.table(&edit.class) else {
                continue;
            };
            let row = (table, edit.reference.clone());
            if matches!(edit.act, Act::Insert(_)) || !changed(&row)? {
                continue;
            }
            let conflict = match &edit.act {
                Act::Destroy => true,
                _ => self.field_conflicts(conn, &layout.tables[table], planned)?,
            };
            if conflict {
                return Err(apply::conflict(layout, table, &edit.reference));
            }
        }
        Ok(())
    }

    fn field_conflicts(
        &self,
        conn: &Connection,
        table: &Table,
        planned: &Planned,
    ) -> Result<bool, DbError> {
        let edit = &planned.edit;
        let at = edit.act.field().and_then(|field| table.class.index(field));
        let (Some(at), Some(base)) = (at, &planned.base) else {
            // A touch conflicts only with the end of the row.
            return Ok(!crate::reader::holds(conn, table, &edit.reference)?);
        };
        let column = &table.columns[at];
        let Some(current) = stored_value(conn, table, column, &edit.reference)? else {
            return Ok(true);
        };
        // Also when both wrote the same: each may have counted one up from what it saw.
        Ok(match &edit.act {
            Act::Put { key, .. } | Act::Cut { key, .. } => {
                match (of_key(&current, key), of_key(base, key)) {
                    (Some(now), Some(then)) => !same(now, then),
                    (None, None) => false,
                    _ => true,
                }
            }
            Act::Join { member, .. } | Act::Leave { member, .. } => {
                has(&current, member) != has(base, member)
            }
            _ => !same(&current, base),
        })
    }

    /// A new row must not be there already: two drafts may have chosen the same reference.
    fn check_absent(&self, conn: &Connection, draft: &Finished) -> Result<(), CommitError> {
        for Planned { edit, .. } in &draft.planned {
            let Some(table) = self.0.layout.table(&edit.class) else {
                continue;
            };
            let table = &self.0.layout.tables[table];
            if matches!(edit.act, Act::Insert(_))
                && crate::reader::holds(conn, table, &edit.reference)?
            {
                return Err(CommitError::Unique {
                    class: table.class.name,
                    field: "_ref".to_owned(),
                    value: edit.reference.clone(),
                    reference: edit.reference.clone(),
                });
            }
        }
        Ok(())
    }
}

impl Inner {
    /// Since the store was opened.
    fn micros(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn takes_no_commits(&self) -> bool {
        self.follow_only.load(Ordering::Acquire) || self.held_still.load(Ordering::Acquire) > 0
    }

    /// A new connection for reading.
    pub(crate) fn connect(&self) -> Result<Connection, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        configure(&conn)?;
        Ok(conn)
    }
}

/// What every connection is told.
pub(crate) fn configure(conn: &Connection) -> Result<(), DbError> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Only checkpoints and recovery make anybody wait, and both are short.
    conn.busy_timeout(Duration::from_secs(10))?;
    // Or the bundled SQLite, built with STAT4, prepares some statements anew whenever a parameter is bound.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "cache_size", -8192)?;
    Ok(())
}

impl Writer {
    fn begin(&mut self, durable: bool) -> Result<(), DbError> {
        self.end()?;
        let durable = durable && !self.temporary;
        if durable != self.durable {
            // NORMAL does not wait for the disk at a commit, and still keeps checkpoints in order; OFF would not.
            let word = if durable { "FULL" } else { "NORMAL" };
            self.conn.pragma_update(None, "synchronous", word)?;
            self.durable = durable;
        }
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(())
    }

    /// Moves the log into the file when it is long, as far as open views allow; the next commit then starts it anew.
    fn empty_log(&mut self) {
        let logged = self.logged.load(Ordering::Relaxed);
        if logged < self.emptied {
            self.emptied = 0;
        }
        if logged < LOG || logged - self.emptied < LOG / 4 {
            return;
        }
        self.emptied = logged;
        let emptied = self
            .conn
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = emptied {
            // The commits in it are safe where they are.
            tracing::warn!("the log of the database stays long for now: {error}");
        }
    }

    /// Undoes a transaction that did not come to its end, also one that a panic left.
    fn end(&mut self) -> Result<(), DbError> {
        if !self.conn.is_autocommit() {
            self.conn.execute_batch("ROLLBACK")?;
        }
        Ok(())
    }
}

/// The value of a key of a map.
fn of_key<'v>(map: &'v Value, key: &str) -> Option<&'v Value> {
    let mut pairs = map.as_struct()?.iter();
    pairs.find(|(name, _)| name == key).map(|(_, value)| value)
}

/// Whether a set has a member.
fn has(set: &Value, member: &Value) -> bool {
    let mut items = set.as_array().unwrap_or_default().iter();
    items.any(|item| same(item, member))
}

#[cfg(test)]
mod tests {
    use crate::Read;
    use xapi_model::{Class, ClassDesc, Network, Task};

    use super::*;

    #[test]
    fn only_what_must_survive_waits_for_the_disk() {
        let directory = TemporaryDirectory::new().unwrap();
        let store = Store::open(&directory.path().join("state.db"), Options::default()).unwrap();
        let check = |classes: &[&'static ClassDesc], full: bool| {
            let draft = store.draft().unwrap();
            for class in classes {
                let row = class.fields.iter().map(|field| field.default_value());
                draft.insert_row(class, row.collect()).unwrap();
            }
            store.commit(draft).unwrap();
            let writer = store.0.writer.lock().unwrap();
            let word = writer
                .conn
                .pragma_query_value(None, "synchronous", |row| row.get(0));
            // 2 is FULL, 1 is NORMAL; OFF would let a checkpoint overtake the log.
            assert_eq!(word, Ok(if full { 2 } else { 1 }));
        };
        check(&[Network::DESC], true);
        check(&[Task::DESC], false);
        check(&[Network::DESC], true);
        check(&[Task::DESC], false);
        check(&[Task::DESC, Network::DESC], true);
        // An event made of nothing is nothing to lose.
        let network = store.view().unwrap().refs(Network::DESC).unwrap().remove(0);
        check(&[Network::DESC], true);
        store
            .change(|draft| draft.touch_row(Network::DESC, &network))
            .unwrap();
        let writer = store.0.writer.lock().unwrap();
        assert!(!writer.durable);
    }

    #[test]
    fn a_generation_above_the_reserved_ones_waits_for_the_disk() {
        let directory = TemporaryDirectory::new().unwrap();
        let store = Store::open(&directory.path().join("state.db"), Options::default()).unwrap();
        let insert = || {
            store.change(|draft| draft.insert(Task::blank())).unwrap();
        };
        insert();
        let word = |store: &Store| -> i64 {
            let writer = store.0.writer.lock().unwrap();
            let word = writer
                .conn
                .pragma_query_value(None, "synchronous", |row| row.get(0));
            word.unwrap()
        };
        assert_eq!(word(&store), 1);
        store.0.writer.lock().unwrap().high_water = store.generation();
        insert();
        assert_eq!(word(&store), 2);
        insert();
        assert_eq!(word(&store), 1);
    }
}
