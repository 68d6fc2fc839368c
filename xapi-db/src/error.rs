//! What can go wrong: with the file, and with a commit.

use std::path::PathBuf;

use xapi_model::{ApiError, Position, TypeError, errors};

/// The database cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The file holds something other than a SQLite database.
    #[error("{path} is not a SQLite database")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a SQLite database of some other program.
    #[error("{path} is a SQLite database of another program (application id {found:#x})")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The application id in its header.
        found: i64,
    },
    /// The file was a good database once.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first thing found wrong.
        what: String,
    },
    /// A newer program wrote the file.
    #[error(
        "{path} was written by a newer version (schema {found}, this program knows up to {known}); \
         run that version, or restore a backup made before the upgrade"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version that this program reads.
        known: u32,
    },
    /// Another process has the store open.
    #[error("{path} is in use by another process")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The model cannot be stored as it is declared.
    #[error("the model cannot be stored: {0}")]
    Model(String),
    /// A stored value does not have the type of its column.
    #[error("stored value of {class}.{field} of {reference}: {source}")]
    Value {
        /// Class of the row.
        class: &'static str,
        /// Field.
        field: &'static str,
        /// Reference of the row.
        reference: String,
        /// What is wrong with it.
        source: TypeError,
    },
    /// A commit to follow does not come next.
    #[error("a commit follows on {from}, and the store is {}", whereabouts(.at))]
    Astray {
        /// The position that it follows on.
        from: Position,
        /// The position of the store.
        at: Option<Position>,
    },
    /// A commit or copy of another store does not fit what is stored, or what can be.
    #[error("commit {commit} does not fit: {what}")]
    Unfit {
        /// Generation of the commit.
        commit: u64,
        /// What it asks for that cannot be.
        what: String,
    },
    /// A file operation failed.
    #[error("{doing} {path}: {source}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

fn whereabouts(at: &Option<Position>) -> String {
    match at {
        Some(position) => format!("at {position}"),
        None => "no replica".to_owned(),
    }
}

fn fate(destroyed: &bool) -> &'static str {
    if *destroyed {
        "this draft destroys"
    } else {
        "does not exist"
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> ApiError {
        errors::internal_error(error)
    }
}

/// A draft was not committed; nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another commit changed, since the draft's snapshot, what the draft writes or relies on. A new draft may succeed.
    #[error("{class} {reference} was changed meanwhile")]
    Conflict {
        /// Class of the row.
        class: &'static str,
        /// Reference of the row.
        reference: String,
    },
    /// A field would refer to an object that is not there.
    #[error("{class}.{field} of {reference} would refer to {target_class} {target}, which {}", fate(.destroyed))]
    Dangling {
        /// Class of the row that refers.
        class: &'static str,
        /// The field that refers.
        field: &'static str,
        /// The row that refers.
        reference: String,
        /// Class that the field refers to.
        target_class: &'static str,
        /// The object that is missing.
        target: String,
        /// The draft destroys the object itself; otherwise it was never there.
        destroyed: bool,
    },
    /// Two rows would share a key that must be unique.
    #[error("{class} {reference}: {field} {value:?} is taken")]
    Unique {
        /// Class of the row.
        class: &'static str,
        /// Fields of the key, joined by commas.
        field: String,
        /// The values, joined by commas.
        value: String,
        /// The row that has it already.
        reference: String,
    },
    /// The store follows another one ([`Store::follow_only`](crate::Store::follow_only)), and the draft concerns other
    /// hosts.
    #[error("{class} {reference} can be changed on the master only")]
    Follower {
        /// Class of a row that would change.
        class: String,
        /// Reference of the row.
        reference: String,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<rusqlite::Error> for CommitError {
    fn from(error: rusqlite::Error) -> CommitError {
        CommitError::Db(error.into())
    }
}

impl From<CommitError> for ApiError {
    fn from(error: CommitError) -> ApiError {
        match error {
            CommitError::Conflict { class, reference } => {
                // The document names four parameters; what is known here is the object.
                ApiError::new(
                    "OTHER_OPERATION_IN_PROGRESS",
                    vec![class.to_owned(), reference],
                )
            }
            CommitError::Dangling {
                target_class,
                target,
                destroyed: false,
                ..
            } => errors::handle_invalid(target_class, target),
            CommitError::Unique {
                class,
                field,
                value,
                ..
            } => errors::db_uniqueness_constraint_violation(class, field, value),
            other => errors::internal_error(other),
        }
    }
}
