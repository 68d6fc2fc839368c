//! A store that follows another one: it applies the other's durable commits as generations of its own, or takes over a
//! full copy, and knows how far it is.
//!
//! Rows of volatile classes are each store's own business. They may refer to durable rows; when the other store
//! destroys such a row, they go with it.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use rusqlite::Connection;
use uuid::Uuid;
use xapi_model::{Position, Type, Value};

use crate::apply::{self, Applying};
use crate::edit::{Act, Commit, Edit};
use crate::error::{CommitError, DbError};
use crate::journal::{Journal, Since};
use crate::layout::{Column, Layout};
use crate::migrate::{leap, meta, set_meta};
use crate::store::{Done, Store};
use crate::term::next_term;

/// What a store is in its pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// The term that its rows are of.
    pub(crate) term: u64,
    /// The greatest term that it had a part in or has heard of.
    pub(crate) heard: u64,
    /// How far it is, if it follows.
    pub(crate) position: Option<Position>,
}

/// A store refuses commits that concern other hosts as long as this is there.
#[must_use]
pub struct Still(Store);

impl Drop for Still {
    fn drop(&mut self) {
        self.0.0.held_still.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Standing {
    pub(crate) fn read(conn: &Connection) -> Result<Standing, DbError> {
        let position = Position {
            term: meta(conn, "position_term")?,
            generation: meta(conn, "position")?,
        };
        // No commit has the generation 0.
        let position = (position.generation > 0).then_some(position);
        let term: u64 = meta(conn, "term")?;
        Ok(Standing {
            // Before there was a number for it the one of the rows was that of what was heard of, too.
            term: position.map_or(term, |position| position.term),
            heard: meta(conn, "heard")?.max(term),
            position,
        })
    }

    pub(crate) fn write(&self, conn: &Connection) -> Result<(), DbError> {
        let (term, generation) = self
            .position
            .map_or((0, 0), |position| (position.term, position.generation));
        set_meta(conn, "term", self.term)?;
        set_meta(conn, "heard", self.heard)?;
        set_meta(conn, "position_term", term)?;
        set_meta(conn, "position", generation)
    }

    /// The same after following to a position.
    pub(crate) fn at(self, position: Position) -> Standing {
        Standing {
            term: position.term,
            heard: self.heard.max(position.term),
            position: Some(position),
        }
    }
}

impl Store {
    /// Keeps the durable part of each commit from now on, for [`Store::since`]: the newest ones, as many and as many
    /// octets of memory as are allowed. What was kept before is forgotten.
    pub fn keep_journal(&self, most_commits: usize, most_octets: usize) {
        // Nobody commits in between.
        let writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let journal = Journal::new(writer.durable_generation, most_commits, most_octets);
        *self.journal() = Some(journal);
    }

    /// The durable commits after a position. Whoever asks for [`Store::generation`] first knows that they reach that
    /// far at least. [`Since::TooOld`] without a journal, too.
    pub fn since(&self, position: Position) -> Since {
        let journal = self.journal();
        match &*journal {
            Some(journal) if position.term == self.term() => {
                let (first, now) = (self.0.first, self.generation());
                journal.since(position.generation, first, now)
            }
            _ => Since::TooOld,
        }
    }

    /// How far this store has followed another one; `None` if it never did, or has been promoted since.
    pub fn position(&self) -> Option<Position> {
        self.standing().position
    }

    /// The term that the rows are of: its own, if this store is the master's.
    pub fn term(&self) -> u64 {
        self.standing().term
    }

    /// The greatest term that this store had a part in or has heard of; its rows may be of an earlier one.
    pub fn latest_term(&self) -> u64 {
        self.standing().heard
    }

    /// Refuses from now on commits that concern other hosts ([`CommitError::Follower`]), or takes them again. Rows of
    /// volatile classes may be written all the same.
    pub fn follow_only(&self, yes: bool) {
        // A commit that has begun comes to its end before.
        let _writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.follow_only.store(yes, Ordering::Release);
    }

    /// Refuses the same for as long as what this gives is there, and leaves alone whether they are refused otherwise.
    pub fn hold_still(&self) -> Still {
        let _writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.held_still.fetch_add(1, Ordering::AcqRel);
        Still(self.clone())
    }

    /// Makes this store the one of a host that is the master from now on: a new term begins, in which it follows nobody and
    /// takes commits. Returns the term, see [`next_term`]. It is safe on disk then.
    pub fn promote(&self, by: &Uuid) -> Result<u64, DbError> {
        let mut writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let term = next_term(self.latest_term(), by);
        let standing = Standing {
            term,
            heard: term,
            position: None,
        };
        let number = Some(self.generation() + leap(&self.new_id()));
        let written = self.write(&mut writer, true, number, |_, _| {
            Ok(Done {
                standing: Some(standing),
                ..Done::default()
            })
        });
        written.map_err(|error| unfit(0, error))?;
        self.0.follow_only.store(false, Ordering::Release);
        Ok(standing.term)
    }

    /// Notes that there is a master of a term, so that whatever term begins here is a later one; the rows stay of the term that
    /// they are of. Nothing if a later one is known. It is safe on disk then.
    pub fn hear_of(&self, term: u64) -> Result<(), DbError> {
        let mut writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = self.standing();
        if term <= standing.heard {
            return Ok(());
        }
        let standing = Standing {
            heard: term,
            ..standing
        };
        let written = self.write(&mut writer, true, None, |_, _| {
            Ok(Done {
                standing: Some(standing),
                ..Done::default()
            })
        });
        written.map(drop).map_err(|error| unfit(0, error))
    }

    /// Applies the commit that follows on `from` in the history that this store follows. Returns the new position.
    ///
    /// [`DbError::Astray`] if the store is not at `from`: something is missing, or comes for the second time.
    pub fn replay_from(&self, from: Position, commit: &Commit) -> Result<Position, DbError> {
        self.replay_all(from, std::slice::from_ref(commit))
    }

    /// The same for commits that follow one on another, as one generation and one write to the disk.
    pub fn replay_all(&self, from: Position, commits: &[Commit]) -> Result<Position, DbError> {
        let mut writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = self.standing();
        let at = standing.position;
        if at != Some(from) {
            return Err(DbError::Astray { from, at });
        }
        let mut position = from;
        for commit in commits {
            if commit.generation <= position.generation {
                return Err(DbError::Unfit {
                    commit: commit.generation,
                    what: format!("it is not newer than {}", position.generation),
                });
            }
            position.generation = commit.generation;
        }
        if commits.is_empty() {
            return Ok(from);
        }
        let layout = self.layout();
        let mut tables = BTreeSet::new();
        let mut edits = Vec::new();
        for commit in commits {
            for edit in &commit.edits {
                edits.push(fitted(layout, commit.generation, edit)?);
            }
        }
        let written = self.write(&mut writer, true, None, |conn, generation| {
            let mut rest = &edits[..];
            for commit in commits {
                let (these, others) = rest.split_at(commit.edits.len());
                rest = others;
                let mut applying = Applying::new(conn, layout, generation);
                for edit in these {
                    applying.edit(edit)?;
                }
                tables.extend(self.followed(conn, applying)?);
            }
            Ok(Done {
                tables,
                journal: Some(edits),
                standing: Some(standing.at(position)),
            })
        });
        written.map_err(|error| unfit(position.generation, error))?;
        Ok(position)
    }

    pub(crate) fn standing(&self) -> Standing {
        *self
            .0
            .standing
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn journal(&self) -> std::sync::MutexGuard<'_, Option<Journal>> {
        self.0
            .journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what a replica applied. Gives the tables with changes.
    pub(crate) fn followed(
        &self,
        conn: &Connection,
        mut applying: Applying<'_>,
    ) -> Result<Vec<usize>, CommitError> {
        applying.destroy_left_behind()?;
        let applied = applying.end()?;
        let now = self.generation();
        apply::check(conn, self.layout(), &applied, self.0.options.unique, now)?;
        Ok(applied.tables().collect())
    }
}

/// An edit of another store whose values have the types of their fields here: a newer program may have others.
pub(crate) fn fitted(layout: &Layout, commit: u64, edit: &Edit) -> Result<Edit, DbError> {
    let unfit = |what: String| DbError::Unfit {
        commit,
        what: format!("{} {}: {what}", edit.class, edit.reference),
    };
    let table = layout.table(&edit.class);
    let table = table.map(|table| &layout.tables[table]);
    let table = table.ok_or_else(|| no_class(commit, edit))?;
    if table.class.volatile {
        return Err(unfit(
            "the rows of this class do not leave their host".to_owned(),
        ));
    }
    let column = |name: &str| -> Result<&Column, DbError> {
        let at = table.class.index(name).map(|at| &table.columns[at]);
        let at = at.filter(|column| column.durable);
        at.ok_or_else(|| unfit(format!("no durable field {name}")))
    };
    let typed = |ty: &Type, value: &Value| {
        let typed = ty.accept(value.clone());
        typed.map_err(|why| unfit(why.to_string()))
    };
    let act = match &edit.act {
        Act::Insert(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let value = typed(&column(name)?.field.ty, value)?;
                Ok((name.clone(), value))
            });
            Act::Insert(fields.collect::<Result<_, DbError>>()?)
        }
        Act::Set { field, value } => Act::Set {
            field: field.clone(),
            value: typed(&column(field)?.field.ty, value)?,
        },
        Act::Put { field, key, value } => {
            let pair = Value::Struct(vec![(key.clone(), value.clone())]);
            match typed(&column(field)?.field.ty, &pair)? {
                Value::Struct(mut pair) if pair.len() == 1 => {
                    let (key, value) = pair.remove(0);
                    Act::Put {
                        field: field.clone(),
                        key,
                        value,
                    }
                }
                _ => return Err(unfit(format!("{field} is no map"))),
            }
        }
        Act::Join { field, member } => match &column(field)?.field.ty {
            Type::Set(of) => Act::Join {
                field: field.clone(),
                member: typed(of, member)?,
            },
            _ => return Err(unfit(format!("{field} is no set"))),
        },
        Act::Cut { field, .. } | Act::Leave { field, .. } => {
            column(field)?;
            edit.act.clone()
        }
        Act::Destroy => Act::Destroy,
        Act::Touch => return Err(unfit("a touch does not leave its host".to_owned())),
    };
    Ok(Edit {
        class: edit.class.clone(),
        reference: edit.reference.clone(),
        act,
    })
}

pub(crate) fn no_class(commit: u64, edit: &Edit) -> DbError {
    let what = format!("{} {}: no such class", edit.class, edit.reference);
    DbError::Unfit { commit, what }
}

/// Why what another store did cannot be done here.
pub(crate) fn unfit(commit: u64, error: CommitError) -> DbError {
    match error {
        CommitError::Db(error) => error,
        other => DbError::Unfit {
            commit,
            what: other.to_string(),
        },
    }
}
