//! What a client holds, and what is kept of it: a hash. Nobody who reads the database, a backup of it or a log can act
//! as a session.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};
use xapi_model::{Ref, Session};

use super::{ACTIVE_GRAIN, Holder, MOST_SESSIONS};
use crate::Result;

/// A session's reference as the client gives it. It never shows in a log.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// What a client gave as its session.
    pub fn new(given: &str) -> Secret {
        Secret(Arc::from(given))
    }

    /// A fresh reference from the operating system's generator: whoever holds it is the session.
    pub(super) fn fresh() -> Result<Secret> {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).map_err(|why| {
            xapi_model::errors::internal_error(format!("no random numbers: {why}"))
        })?;
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        Ok(Secret::new(&format!("OpaqueRef:{id}")))
    }

    /// The text on the wire: only for the one who gave it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.expose())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a session)")
    }
}

/// The hash of a session's reference. Whoever guesses cannot steer it, so that looking it up tells nothing by the time
/// that it takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(super) fn of(given: &str) -> Digest {
        Digest(Sha256::digest(given.as_bytes()).into())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The reference of the row. Given as a session it is none: it is hashed like everything else.
    pub(super) fn row(&self) -> Ref<Session> {
        let mut bytes = [0u8; 16];
        bytes.copy_from_slice(&self.0[..16]);
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        Ref::new(format!("OpaqueRef:{id}"))
    }
}

impl std::hash::Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut word = [0u8; 8];
        word.copy_from_slice(&self.0[16..24]);
        state.write_u64(u64::from_le_bytes(word));
    }
}

/// A digest is as good as random already.
#[derive(Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Table<T> = HashMap<Digest, T, BuildHasherDefault<AsItIs>>;

/// Holders of sessions, kept for as long as `last_active` need not be written again, so that a read does not look up
/// its session too. The rows decide: whatever removes one forgets its holder here.
#[derive(Default)]
pub(crate) struct Callers {
    known: RwLock<Table<(Arc<Holder>, i64)>>,
    local: RwLock<Local>,
}

/// Sessions of this host alone, which have no row.
#[derive(Default)]
struct Local {
    /// With the number of their login.
    holders: Table<(Arc<Holder>, u64)>,
    logins: u64,
}

impl Callers {
    pub(super) fn get(&self, digest: &Digest, now: i64) -> Option<Arc<Holder>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (holder, active) = known.get(digest)?;
        (now - active <= ACTIVE_GRAIN).then(|| Arc::clone(holder))
    }

    pub(super) fn keep(&self, digest: Digest, holder: &Arc<Holder>, active: i64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_SESSIONS {
            known.clear();
        }
        known.insert(digest, (Arc::clone(holder), active));
    }

    /// Forgets the holders of rows that are gone.
    pub(crate) fn forget(&self, rows: &[Ref<Session>]) {
        if rows.is_empty() {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (holder, _)| !rows.contains(&holder.session));
    }

    pub(crate) fn local(&self, digest: &Digest) -> Option<Arc<Holder>> {
        let local = self.local.read().unwrap_or_else(PoisonError::into_inner);
        local
            .holders
            .get(digest)
            .map(|(holder, _)| Arc::clone(holder))
    }

    /// Adds a local session; of too many the first goes.
    pub(crate) fn add_local(&self, digest: Digest, holder: Arc<Holder>, most: usize) {
        let mut local = self.local.write().unwrap_or_else(PoisonError::into_inner);
        if local.holders.len() >= most {
            let first = local.holders.iter().min_by_key(|(_, (_, number))| *number);
            if let Some(first) = first.map(|(digest, _)| *digest) {
                local.holders.remove(&first);
            }
        }
        local.logins += 1;
        let number = local.logins;
        local.holders.insert(digest, (holder, number));
    }

    pub(crate) fn end_local(&self, digest: &Digest) {
        let mut local = self.local.write().unwrap_or_else(PoisonError::into_inner);
        local.holders.remove(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::{Digest, Secret};

    #[test]
    fn a_secret_does_not_show_and_its_row_is_no_secret() {
        let secret = Secret::fresh().unwrap();
        assert!(!format!("{secret:?}").contains(secret.expose()));
        let row = secret.digest().row();
        assert_eq!(row.as_str().len(), secret.expose().len());
        assert_ne!(row.as_str(), secret.expose());
        assert_ne!(Digest::of(row.as_str()).row(), row);
        assert_eq!(Digest::of(secret.expose()).row(), row);
    }
}
