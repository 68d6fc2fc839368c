//! Keeps the objects of the model, and the generations of their changes, in SQLite.
//!
//! A [`Store`] is one database file. Readers take a [`View`], a consistent snapshot; writers take a [`Draft`], a
//! snapshot with edits laid over it, and give it to [`Store::commit`]. What was committed is a value, [`Commit`], which
//! another store can follow. Nothing else changes the database.
//!
//! The hosts of a pool have a store each. The master's keeps a journal of the commits that concern the others
//! ([`Store::keep_journal`], [`Store::since`]) and gives full copies ([`Store::copy`]); another host's follows
//! ([`Store::replace`], then [`Store::replay_from`]), in generations of its own, since rows of volatile classes are
//! written there too, and knows the [`Position`] that it has reached; [`Store::promote`] makes it a master's.
//!
//! Tables, columns and indexes are derived from the descriptors of the model when the store opens, and an older
//! database is brought up to date by comparing. The store knows classes, fields and relations; it must not know what
//! any of them means, and nothing of calls, sessions or the wire.
//!
//! Start at [`Store`] for what it does, at `draft` for edits, at `apply` for what a commit does to the tables, at
//! `migrate` for how a file opens, at `replica` for how one store follows another.

mod apply;
mod bound;
mod changes;
mod column;
mod draft;
mod edit;
mod error;
mod files;
mod full_copy;
mod journal;
mod layout;
mod migrate;
mod overlay;
mod reader;
mod replacement;
mod replica;
mod store;
mod term;

pub use changes::{Changes, ClassChanges};
pub use draft::Draft;
pub use edit::{Act, Commit, Edit, Portable};
pub use error::{CommitError, DbError};
pub use full_copy::FullCopy;
pub use journal::Since;
pub use reader::{Read, View};
pub use replacement::Replacement;
pub use replica::Still;
pub use store::{Options, SCHEMA_VERSION, Store, UniqueKey};
pub use term::{mark_of_term, next_term};
pub use xapi_model::Position;
