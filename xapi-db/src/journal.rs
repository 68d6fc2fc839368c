//! The newest durable commits, kept in memory for those who follow.

use std::collections::VecDeque;
use std::sync::Arc;

use xapi_model::Value;

use crate::edit::{Act, Commit, Edit};

/// What happened since a position.
#[derive(Clone, Debug, PartialEq)]
pub enum Since {
    /// These commits, in order, their durable parts alone; each follows on the one before it. None if there was
    /// nothing durable.
    Commits(Vec<Arc<Commit>>),
    /// That is not known any more, or the position is of another history: only a full copy leads on.
    TooOld,
}

/// The journal of a store that keeps one.
pub(crate) struct Journal {
    commits: VecDeque<(Arc<Commit>, usize)>,
    octets: usize,
    most_commits: usize,
    most_octets: usize,
    /// All durable commits after this generation are here.
    floor: u64,
}

impl Journal {
    /// Knows what comes after the durable commit `floor`.
    pub(crate) fn new(floor: u64, most_commits: usize, most_octets: usize) -> Journal {
        Journal {
            commits: VecDeque::new(),
            octets: 0,
            most_commits,
            most_octets,
            floor,
        }
    }

    pub(crate) fn push(&mut self, commit: Commit) {
        let size = commit.edits.iter().map(octets).sum();
        self.octets += size;
        self.commits.push_back((Arc::new(commit), size));
        while self.commits.len() > self.most_commits || self.octets > self.most_octets {
            let Some((oldest, size)) = self.commits.pop_front() else {
                return;
            };
            self.octets -= size;
            self.floor = oldest.generation;
        }
    }

    /// Forgets all, after a change that is no commit to follow.
    pub(crate) fn cut(&mut self, generation: u64) {
        self.commits.clear();
        self.octets = 0;
        self.floor = generation;
    }

    /// What came after a generation. Below `first` lie the numbers of earlier processes; of those only the one that is
    /// the floor itself is known to be followed by what is here: a file put back from a backup has lost commits.
    pub(crate) fn since(&self, generation: u64, first: u64, now: u64) -> Since {
        // A commit is here before its generation is told.
        let newest = self
            .commits
            .back()
            .map_or(0, |(newest, _)| newest.generation);
        let now = now.max(newest);
        let known = generation == self.floor
            || (generation > self.floor && generation >= first && generation <= now);
        if !known {
            return Since::TooOld;
        }
        let from = self
            .commits
            .partition_point(|(commit, _)| commit.generation <= generation);
        let after = self.commits.range(from..);
        Since::Commits(after.map(|(commit, _)| Arc::clone(commit)).collect())
    }
}

/// Roughly the memory that an edit takes.
fn octets(edit: &Edit) -> usize {
    let own = size_of::<Edit>() + edit.class.len() + edit.reference.len();
    own + match &edit.act {
        Act::Insert(fields) => fields
            .iter()
            .map(|(name, value)| size_of::<(String, Value)>() + name.len() + held(value))
            .sum(),
        Act::Set { field, value } => field.len() + held(value),
        Act::Put { field, key, value } => field.len() + key.len() + held(value),
        Act::Cut { field, key } => field.len() + key.len(),
        Act::Join { field, member } | Act::Leave { field, member } => field.len() + held(member),
        Act::Touch | Act::Destroy => 0,
    }
}

/// What a value holds beside itself.
fn held(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.len(),
        Value::Array(items) => items
            .iter()
            .map(|item| size_of::<Value>() + held(item))
            .sum(),
        Value::Struct(members) => members
            .iter()
            .map(|(key, of)| size_of::<(String, Value)>() + key.len() + held(of))
            .sum(),
        _ => 0,
    }
}
