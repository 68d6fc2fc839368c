//! Databases of other models, and files that are no database of ours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use xapi_db::{DbError, Options, Read, Store};
use xapi_model::{Class, ClassDesc, Network, Pif, Ref, Session, Task, Value};

/// The model as it was.
mod old {
    use std::collections::BTreeMap;

    use xapi_model::{Class, Enum, Ref};

    /// A shelf.
    #[derive(Clone, Debug, Class)]
    #[class(name = "shelf")]
    pub struct Shelf {
        /// Name.
        #[field(RW)]
        pub name_label: String,
        /// Width, as text.
        #[field(RW)]
        pub width: String,
        /// Height.
        #[field(RW)]
        pub height: i64,
        /// Colour.
        #[field(RW)]
        pub colour: Colour,
        /// Goes in the next model.
        #[field(RW)]
        pub dust: String,
    }

    /// A book.
    #[derive(Clone, Debug, Class)]
    #[class(name = "book")]
    pub struct Book {
        /// Where it stands.
        #[field(RW)]
        pub shelf: Ref<Shelf>,
        /// Who lent it, and when.
        #[field(RW)]
        pub lent: BTreeMap<String, Ref<Reader>>,
        /// Who wants it.
        #[field(RW)]
        pub wanted: Vec<Ref<Reader>>,
        /// Who has it.
        #[field(RW)]
        pub reader: Ref<Reader>,
    }

    /// A reader: a class that the next model does not have.
    #[derive(Clone, Debug, Class)]
    #[class(name = "reader")]
    pub struct Reader {
        /// Name.
        #[field(RW)]
        pub name_label: String,
    }

    /// Colours.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Enum)]
    #[wire(name = "colour")]
    pub enum Colour {
        /// Red.
        #[wire(name = "red")]
        Red,
        /// Mauve, which goes out of fashion.
        #[wire(name = "mauve")]
        Mauve,
    }

    pub const MODEL: &[&xapi_model::ClassDesc] = &[Shelf::DESC, Book::DESC, Reader::DESC];
}

/// The model as it is.
mod new {
    use xapi_model::{Class, DateTime, Enum, Many, Ref};

    /// A shelf.
    #[derive(Clone, Debug, Class)]
    #[class(name = "shelf")]
    pub struct Shelf {
        /// New, with a default.
        #[field(RW, default = 7)]
        pub boards: i64,
        /// A number now.
        #[field(RW)]
        pub width: i64,
        /// A text now.
        #[field(RW)]
        pub height: String,
        /// Colour.
        #[field(RW, default = Colour::Grey)]
        pub colour: Colour,
        /// Name.
        #[field(RW)]
        pub name_label: String,
        /// The other end of a relation.
        #[field(DynamicRO, view = Book::SHELF)]
        pub books: Many<Book>,
        /// New, of a kind with a text form of its own.
        #[field(RW)]
        pub built: DateTime,
    }

    /// A book.
    #[derive(Clone, Debug, Class)]
    #[class(name = "book")]
    pub struct Book {
        /// Where it stands.
        #[field(RW)]
        pub shelf: Ref<Shelf>,
        /// Another class now: what it was refers to nothing any more.
        #[field(RW)]
        pub reader: Ref<Lamp>,
    }

    /// A class that was not there.
    #[derive(Clone, Debug, Class)]
    #[class(name = "lamp")]
    pub struct Lamp {
        /// Name.
        #[field(RW)]
        pub name_label: String,
    }

    /// Colours.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Enum)]
    #[wire(name = "colour")]
    pub enum Colour {
        /// Red.
        #[wire(name = "red")]
        Red,
        /// Grey.
        #[wire(name = "grey")]
        Grey,
    }

    pub const MODEL: &[&xapi_model::ClassDesc] = &[Shelf::DESC, Book::DESC, Lamp::DESC];
}

fn options(model: &'static [&'static ClassDesc], version: u32) -> Options {
    Options {
        model,
        version,
        ..Options::default()
    }
}

fn path(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("state.db")
}

fn refused(path: &Path, options: Options) -> String {
    match Store::open(path, options) {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_database_of_an_older_model_opens() {
    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    let store = Store::open(&path, options(old::MODEL, 1)).unwrap();
    let (shelf, mauve, book) = store
        .change(|draft| {
            let shelf = draft.insert(old::Shelf {
                name_label: "a\tb".into(),
                width: "120".into(),
                height: 80,
                ..old::Shelf::blank()
            })?;
            let mauve = draft.insert(old::Shelf {
                width: "wide".into(),
                colour: old::Colour::Mauve,
                ..old::Shelf::blank()
            })?;
            let reader = draft.insert(old::Reader::blank())?;
            let book = draft.insert(old::Book {
                shelf: shelf.clone(),
                lent: BTreeMap::from([("monday".into(), reader.clone())]),
                wanted: vec![reader.clone()],
                reader,
            })?;
            Ok((shelf, mauve, book))
        })
        .unwrap();
    let before = store.generation();
    drop(store);

    let store = Store::open(&path, options(new::MODEL, 2)).unwrap();
    let view = store.view().unwrap();
    let shelf = Ref::<new::Shelf>::new(shelf.as_str());
    let object = view.get(&shelf).unwrap();
    assert_eq!((object.name_label.as_str(), object.boards), ("a\tb", 7));
    assert_eq!((object.width, object.height.as_str()), (120, "80"));
    assert_eq!(object.colour, new::Colour::Red);
    let book = Ref::<new::Book>::new(book.as_str());
    assert_eq!(
        object.books.0,
        std::slice::from_ref(&book),
        "a view shows what was stored before it was declared"
    );
    let mauve = view.get(&Ref::<new::Shelf>::new(mauve.as_str())).unwrap();
    assert_eq!(
        (mauve.width, mauve.colour),
        (0, new::Colour::Grey),
        "what cannot be kept is default"
    );
    assert!(view.field(&book, new::Book::READER).unwrap().is_null());
    assert!(view.all::<new::Lamp>().unwrap().is_empty());
    let changes = view.changes_since(before).unwrap();
    assert_eq!(
        changes
            .classes
            .iter()
            .map(|c| c.modified.len())
            .sum::<usize>(),
        3
    );
    drop(view);
    // What came over is as good as what is made new: relations hold, and nothing of the old model is in the way.
    let draft = store.draft().unwrap();
    draft.destroy(&shelf).unwrap();
    assert!(store.commit(draft).is_err());
    store
        .change(|draft| {
            let lamp = draft.insert(new::Lamp::blank())?;
            draft.set(&book, new::Book::READER, lamp)?;
            draft.set(&book, new::Book::SHELF, Ref::null())?;
            draft.destroy(&shelf)
        })
        .unwrap();
    drop(store);
    let names: Vec<String> = rusqlite::Connection::open(&path)
        .unwrap()
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(names, ["book", "lamp", "shelf", "sqlite_sequence"]);
}

#[test]
fn a_database_of_a_newer_model_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    drop(Store::open(&path, options(new::MODEL, 2)).unwrap());
    let before = std::fs::read(&path).unwrap();
    let error = refused(&path, options(old::MODEL, 1));
    let newer = "was written by a newer version (schema 2, this program knows up to 1)";
    assert!(error.contains(newer), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    Store::open(&path, options(new::MODEL, 2)).unwrap();
}

#[test]
fn opening_twice_with_one_model_changes_no_table() {
    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    let store = Store::open(&path, Options::default()).unwrap();
    let net = store
        .change(|draft| draft.insert(Network::blank()))
        .unwrap();
    let before = store.generation();
    drop(store);
    let store = Store::open(&path, Options::default()).unwrap();
    assert!(store.generation() > before);
    let changes = store.view().unwrap().changes_since(before).unwrap();
    assert_eq!(changes.classes, []);
    assert!(store.view().unwrap().exists(&net).unwrap());
}

/// Files had room for one end of a row, which a row that comes back and ends again has not enough of.
#[test]
fn the_ends_that_an_older_file_remembers_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    let store = Store::open(&path, Options::default()).unwrap();
    let net = store
        .change(|draft| draft.insert(Network::blank()))
        .unwrap();
    let before = store.generation();
    store.change(|draft| draft.destroy(&net)).unwrap();
    drop(store);
    let older = rusqlite::Connection::open(&path).unwrap();
    older
        .execute_batch(
            "CREATE TABLE old (class TEXT NOT NULL, ref TEXT NOT NULL, generation INTEGER NOT NULL,
                created INTEGER NOT NULL, PRIMARY KEY (class, ref)) STRICT, WITHOUT ROWID;
             INSERT INTO old SELECT class, ref, generation, created FROM _tombstone;
             DROP TABLE _tombstone;
             ALTER TABLE old RENAME TO _tombstone;
             CREATE INDEX \"_tombstone by generation\" ON _tombstone (class, generation);",
        )
        .unwrap();
    drop(older);
    let store = Store::open(&path, Options::default()).unwrap();
    let ended = || {
        let changes = store.view().unwrap().changes_since(before).unwrap();
        changes.classes[0].deleted.clone()
    };
    assert_eq!(ended(), [net.as_str()]);
    // Twice more.
    for _ in 0..2 {
        store
            .change(|draft| draft.insert_as(net.clone(), Network::blank()))
            .unwrap();
        store.change(|draft| draft.destroy(&net)).unwrap();
    }
    assert_eq!(ended(), [net.as_str()]);
}

#[test]
fn volatile_rows_end_with_the_process_and_leave_word() {
    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    let store = Store::open(&path, Options::default()).unwrap();
    let (parent, child) = store
        .change(|draft| {
            draft.insert(Session::blank())?;
            let parent = draft.insert(Task::blank())?;
            let subtask_of = parent.clone();
            let child = draft.insert(Task {
                subtask_of,
                ..Task::blank()
            })?;
            Ok((parent, child))
        })
        .unwrap();
    let before = store.generation();
    let copy = directory.path().join("copy.db");
    store.backup(&copy).unwrap();
    drop(store);
    for path in [&path, &copy] {
        let store = Store::open(path, Options::default()).unwrap();
        let view = store.view().unwrap();
        assert!(view.all::<Session>().unwrap().is_empty());
        assert!(view.all::<Task>().unwrap().is_empty());
        let changes = view.changes_since(before).unwrap();
        let counts = view.counts().unwrap();
        assert!(counts.iter().all(|(_, rows)| *rows == 0));
        if path != &copy {
            let tasks = changes
                .classes
                .iter()
                .find(|class| class.class.name == "task")
                .unwrap();
            let mut expected = vec![parent.to_string(), child.to_string()];
            expected.sort();
            let mut deleted = tasks.deleted.clone();
            deleted.sort();
            assert_eq!(deleted, expected);
        }
    }
}

#[test]
fn a_backup_holds_no_session_and_takes_the_place_of_an_older_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&path(&directory), Options::default()).unwrap();
    let secret = "OpaqueRef:0123456789abcdef-secret";
    let net = store
        .change(|draft| {
            draft.insert_as(Ref::<Session>::new(secret), Session::blank())?;
            draft.insert(Network::blank())
        })
        .unwrap();
    let copy = directory.path().join("copy.db");
    std::fs::write(&copy, "an older backup").unwrap();
    store.backup(&copy).unwrap();
    let bytes = std::fs::read(&copy).unwrap();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(
        holds(net.as_str()) && !holds(secret),
        "a copy is no key to the running server"
    );
    let rows = Store::open(&copy, Options::default()).unwrap();
    assert!(rows.view().unwrap().exists(&net).unwrap());
    assert!(rows.view().unwrap().all::<Session>().unwrap().is_empty());
    let files: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert_eq!(files, Vec::<String>::new());
    let nowhere = store.backup(&directory.path().join("none").join("copy.db"));
    assert!(matches!(nowhere, Err(DbError::File { .. })), "{nowhere:?}");
}

#[test]
fn only_one_process_opens_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    let store = Store::open(&path, Options::default()).unwrap();
    assert!(refused(&path, Options::default()).contains("in use by another process"));
    drop(store);
    Store::open(&path, Options::default()).unwrap();
}

#[test]
fn what_is_no_database_of_ours_is_named_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    for content in [
        "x",
        "hello, this is no database at all, whatever its name says",
    ] {
        std::fs::write(&path, content).unwrap();
        assert!(refused(&path, Options::default()).ends_with("is not a SQLite database"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
    std::fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE their_own (x); PRAGMA application_id = 77")
        .unwrap();
    other.close().unwrap();
    assert!(
        refused(&path, Options::default()).contains("of another program (application id 0x4d)")
    );
    std::fs::remove_file(&path).unwrap();
    // A directory in its place.
    std::fs::create_dir(&path).unwrap();
    refused(&path, Options::default());
}

#[test]
fn a_damaged_file_is_called_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    let store = Store::open(&path, Options::default()).unwrap();
    for n in 0..500 {
        let device = format!("eth{n}");
        store
            .change(|draft| {
                draft.insert(Pif {
                    device: device.clone(),
                    ..Pif::blank()
                })
            })
            .unwrap();
    }
    drop(store);
    let good = std::fs::read(&path).unwrap();
    assert!(
        good.len() > 400_000,
        "the log was emptied into the file: {}",
        good.len()
    );
    let spoil = |what: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        what(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        refused(&path, Options::default())
    };
    let error = spoil(&|bytes| bytes[4096 * 3..4096 * 60].fill(0xa5));
    assert!(error.contains("is damaged: "), "{error}");
    let error = spoil(&|bytes| bytes.truncate(4096 * 40));
    assert!(error.contains("is damaged: "), "{error}");
    let error = spoil(&|bytes| bytes[16..100].fill(0xff));
    assert!(
        error.contains("is not a SQLite database") || error.contains("is damaged"),
        "{error}"
    );
    std::fs::write(&path, &good).unwrap();
    Store::open(&path, Options::default()).unwrap();
}

#[test]
fn a_model_that_cannot_be_stored_is_refused() {
    use xapi_db::UniqueKey;
    const KEYS: &[UniqueKey] = &[UniqueKey {
        class: "PIF",
        fields: &["no_such"],
    }];
    let options = Options {
        unique: KEYS,
        ..Options::default()
    };
    let error = Store::temporary(options).err().unwrap().to_string();
    assert!(error.contains("no_such"), "{error}");
}

#[test]
fn a_secret_file_is_its_owners() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    let store = Store::open(&path, Options::default()).unwrap();
    store
        .change(|draft| draft.insert(Network::blank()))
        .unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
    assert_eq!(
        store.view().unwrap().records(Network::DESC).unwrap().len(),
        1
    );
    let view = store.view().unwrap();
    assert_ne!(view.records(Network::DESC).unwrap()[0].1, Value::Nil);
}
