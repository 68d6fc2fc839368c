//! How far a copy of the objects is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A point in the history of a pool's objects: what whoever was its master during `term` had at `generation`. The
/// generations of two terms are numbers of two stores, and say nothing of each other; the newer term is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Grows whenever another host becomes the master.
    pub term: u64,
    /// The generation of the master's store.
    pub generation: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of term {}", self.generation, self.term)
    }
}
