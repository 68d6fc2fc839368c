//! What lies over a draft's snapshot: rows as the draft makes them, and what they were before an attempt that may fail.

use std::collections::{BTreeMap, BTreeSet};

use xapi_model::Value;

use crate::apply::RowKey;

#[derive(Default)]
pub(crate) struct Overlay {
    pub(crate) rows: BTreeMap<RowKey, Laid>,
    pub(crate) relied: BTreeSet<RowKey>,
    /// What the rows were before each attempt that is under way, as far as it has touched them.
    pub(crate) attempts: Vec<Attempt>,
}

/// An attempt that is under way: what must be as it was if it fails.
#[derive(Default)]
pub(crate) struct Attempt {
    before: BTreeMap<RowKey, Option<Laid>>,
    relied: Vec<RowKey>,
}

impl Overlay {
    /// Must go before anything is done to a row.
    pub(crate) fn touch(&mut self, key: &RowKey) {
        if let Some(attempt) = self.attempts.last_mut()
            && !attempt.before.contains_key(key)
        {
            let laid = self.rows.get(key).cloned();
            attempt.before.insert(key.clone(), laid);
        }
    }

    pub(crate) fn rely(&mut self, key: RowKey) {
        if self.relied.insert(key.clone())
            && let Some(attempt) = self.attempts.last_mut()
        {
            attempt.relied.push(key);
        }
    }

    /// Ends the innermost attempt. One that succeeded is part of the one around it.
    pub(crate) fn end_attempt(&mut self, succeeded: bool) {
        let Some(attempt) = self.attempts.pop() else {
            return;
        };
        if succeeded {
            if let Some(around) = self.attempts.last_mut() {
                around.relied.extend(attempt.relied);
                for (key, before) in attempt.before {
                    around.before.entry(key).or_insert(before);
                }
            }
            return;
        }
        for key in attempt.relied {
            self.relied.remove(&key);
        }
        for (key, before) in attempt.before {
            match before {
                Some(laid) => self.rows.insert(key, laid),
                None => self.rows.remove(&key),
            };
        }
    }
}

/// What the draft makes of a row.
#[derive(Clone)]
pub(crate) enum Laid {
    /// Made here.
    New(Vec<Value>),
    /// Was there, and is different now.
    Changed(Changed),
    /// Was there, and goes.
    Gone,
}

#[derive(Clone)]
pub(crate) struct Changed {
    pub(crate) base: Vec<Value>,
    pub(crate) now: Vec<Value>,
    /// Sets that were assigned as a whole, so that their order counts.
    pub(crate) whole: BTreeSet<usize>,
    pub(crate) touched: bool,
}

impl Laid {
    pub(crate) fn now(&self) -> Option<&[Value]> {
        match self {
            Laid::New(row) => Some(row),
            Laid::Changed(changed) => Some(&changed.now),
            Laid::Gone => None,
        }
    }
}
