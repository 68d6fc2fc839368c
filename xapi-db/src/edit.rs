//! An edit and a commit as values: what a draft comes to, what a commit did, what a replica replays.

mod portable;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use xapi_model::Value;

/// One change of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// Class of the row.
    pub class: String,
    /// Reference of the row.
    pub reference: String,
    /// What becomes of it.
    pub act: Act,
}

/// What an edit does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Act {
    /// The row appears, with these fields; views are not among them.
    Insert(#[serde(with = "portable::row")] Vec<(String, Value)>),
    /// A field takes a value.
    Set {
        /// Wire name of the field.
        field: String,
        /// Its new value.
        #[serde(with = "portable")]
        value: Value,
    },
    /// A key of a map takes a value.
    Put {
        /// Wire name of the field.
        field: String,
        /// The key.
        key: String,
        /// Its new value.
        #[serde(with = "portable")]
        value: Value,
    },
    /// A key of a map goes.
    Cut {
        /// Wire name of the field.
        field: String,
        /// The key.
        key: String,
    },
    /// A set gets a member.
    Join {
        /// Wire name of the field.
        field: String,
        /// The member.
        #[serde(with = "portable")]
        member: Value,
    },
    /// A set loses a member.
    Leave {
        /// Wire name of the field.
        field: String,
        /// The member.
        #[serde(with = "portable")]
        member: Value,
    },
    /// Nothing changes, and an event says that the row was modified.
    Touch,
    /// The row goes.
    Destroy,
}

/// A value that goes from one host to another, as JSON that says by itself what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Portable(#[serde(with = "portable")] pub Value);

/// What one commit did. Generations grow with each commit, and may skip numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// The generation that the commit made; the one before it when there was nothing to do.
    pub generation: u64,
    /// The edits in the order in which they were applied.
    pub edits: Vec<Edit>,
}

impl Act {
    /// The field that it changes.
    pub fn field(&self) -> Option<&str> {
        match self {
            Act::Set { field, .. }
            | Act::Put { field, .. }
            | Act::Cut { field, .. }
            | Act::Join { field, .. }
            | Act::Leave { field, .. } => Some(field),
            Act::Insert(_) | Act::Touch | Act::Destroy => None,
        }
    }

    /// The value of its field after it, from the value before.
    pub fn apply(&self, before: Value) -> Value {
        match (self, before) {
            (Act::Set { value, .. }, _) => value.clone(),
            (Act::Put { key, value, .. }, Value::Struct(mut members)) => {
                match members.iter_mut().find(|(name, _)| name == key) {
                    Some((_, old)) => *old = value.clone(),
                    // New pairs go first, as XAPI has it (wire-protocol facts, 1.5).
                    None => members.insert(0, (key.clone(), value.clone())),
                }
                Value::Struct(members)
            }
            (Act::Cut { key, .. }, Value::Struct(mut members)) => {
                members.retain(|(name, _)| name != key);
                Value::Struct(members)
            }
            (Act::Join { member, .. }, Value::Array(mut items)) => {
                if !items.iter().any(|item| same(item, member)) {
                    items.insert(0, member.clone());
                }
                Value::Array(items)
            }
            (Act::Leave { member, .. }, Value::Array(mut items)) => {
                items.retain(|item| !same(item, member));
                Value::Array(items)
            }
            (_, before) => before,
        }
    }
}

/// Whether two values of a field mean the same: NaN is NaN, and the order of a map does not count.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Float(x), Value::Float(y)) => x == y || (x.is_nan() && y.is_nan()),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same(a, b))
        }
        (Value::Struct(one), Value::Struct(other)) => {
            let other = members(other);
            one.len() == other.len()
                && one.iter().all(|(key, a)| {
                    let b = other.get(key.as_str());
                    b.is_some_and(|b| same(a, b))
                })
        }
        _ => one == other,
    }
}

/// The members of a map by key.
pub(crate) fn members(map: &[(String, Value)]) -> HashMap<&str, &Value> {
    map.iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect()
}
