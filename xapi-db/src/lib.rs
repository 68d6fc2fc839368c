//! Keeps the objects of the model, and the generations of their changes, in SQLite.
//!
//! A [`Store`] is one database file. Readers take a [`View`], a consistent snapshot; writers take a [`Draft`], a
//! snapshot with edits laid over it, and give it to [`Store::commit`]. What was committed is a value, [`Commit`], which
//! another store can [`Store::replay`]. Nothing else changes the database.
//!
//! Tables, columns and indexes are derived from the descriptors of the model when the store opens, and an older
//! database is brought up to date by comparing. The store knows classes, fields and relations; it must not know what
//! any of them means, and nothing of calls, sessions or the wire.
//!
//! Start at [`Store`] for what it does, at `draft` for edits, at `apply` for what a commit does to the tables, at
//! `migrate` for how a file opens.

mod apply;
mod bound;
mod changes;
mod column;
mod draft;
mod edit;
mod error;
mod layout;
mod migrate;
mod overlay;
mod reader;
mod store;

pub use changes::{Changes, ClassChanges};
pub use draft::Draft;
pub use edit::{Act, Commit, Edit};
pub use error::{CommitError, DbError};
pub use reader::{Read, View};
pub use store::{Options, SCHEMA_VERSION, Store, UniqueKey};
