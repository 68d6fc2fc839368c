//! The pool's secret, by which its hosts know each other: in /etc/xensource/ptoken, for root alone.
//!
//! While it is exchanged a host knows more than one: beside the file is ptoken.previous with those before, one a line. They
//! are good until the master says that every host of the pool has the one that counts; so any two hosts know a common one,
//! wherever an exchange is cut. See [`super::rotation`].

use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use xapi_model::errors;
use zeroize::Zeroizing;

use crate::{Config, Result};

/// A longer file holds no secret of ours.
const LONGEST: u64 = 4096;

/// Random octets of a new one; XAPI's has as many.
const OCTETS: usize = 48;

/// Secrets that a host knows at a time, as many as the handshake of a line has places for.
const MOST: usize = 4;

/// The secret. It never shows in a log.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct PoolSecret(Zeroizing<String>);

impl From<String> for PoolSecret {
    fn from(text: String) -> PoolSecret {
        PoolSecret(Zeroizing::new(text))
    }
}

impl From<PoolSecret> for String {
    fn from(secret: PoolSecret) -> String {
        secret.expose().to_owned()
    }
}

impl PoolSecret {
    /// The text: for whoever must know it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A secret that another host gave.
    pub fn given(text: &str) -> PoolSecret {
        PoolSecret(Zeroizing::new(text.trim_ascii().to_owned()))
    }

    /// A word that no other secret has, and that says nothing of it: by which master and slave tell each other which one
    /// they have.
    pub(super) fn mark(&self) -> String {
        let hash = Sha256::new()
            .chain_update(b"the mark of a pool's secret\0")
            .chain_update(self.expose())
            .finalize();
        hash[..16]
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect()
    }

    /// Another one than any before.
    pub(super) fn fresh() -> Result<PoolSecret> {
        let mut octets = Zeroizing::new([0u8; OCTETS]);
        getrandom::fill(&mut *octets)
            .map_err(|why| errors::internal_error(format!("no random numbers: {why}")))?;
        let text: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        Ok(PoolSecret(Zeroizing::new(text)))
    }
}

impl std::fmt::Debug for PoolSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(the pool's secret)")
    }
}

/// Which secret a host has, as it tells its master.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its [mark](PoolSecret::mark).
    pub mark: String,
    /// Whether those before are good as well.
    pub others: bool,
}

impl Held {
    /// What this host has; nothing without a secret.
    pub(super) fn here(config: &Config) -> Result<Option<Held>> {
        let all = all(config)?;
        Ok(all.first().map(|secret| Held {
            mark: secret.mark(),
            others: all.len() > 1,
        }))
    }
}

/// The secret, if this host has one.
pub fn find(config: &Config) -> Result<Option<PoolSecret>> {
    let text = read(&config.pool_token(), LONGEST)?;
    let secret = text.map(|text| PoolSecret::given(&text));
    Ok(secret.filter(|secret| !secret.expose().is_empty()))
}

fn read(path: &Path, longest: u64) -> Result<Option<Zeroizing<String>>> {
    let text = || -> io::Result<Option<Zeroizing<String>>> {
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(why),
        };
        let mut text = Zeroizing::new(String::new());
        file.take(longest).read_to_string(&mut text)?;
        Ok(Some(text))
    };
    text().map_err(|why| {
        tracing::error!("{}: {why}", path.display());
        errors::internal_error("the secret of the pool cannot be read")
    })
}

/// The secret; made if there is none yet.
pub fn find_or_make(config: &Config) -> Result<PoolSecret> {
    if let Some(secret) = find(config)? {
        return Ok(secret);
    }
    let secret = PoolSecret::fresh()?;
    write_at(&config.pool_token(), secret.expose())?;
    // Whoever was quicker has won: everybody reads the file.
    find(config)?.ok_or_else(|| errors::internal_error("the secret of the pool was not kept"))
}

/// The secrets that are good, each once: the one that counts, and those before while it is exchanged.
pub fn all(config: &Config) -> Result<Vec<PoolSecret>> {
    let Some(counts) = find(config)? else {
        return Ok(Vec::new());
    };
    let mut all = vec![counts];
    let before = read(&previous(config), LONGEST * MOST as u64)?;
    for line in before.iter().flat_map(|text| text.lines()) {
        let secret = PoolSecret::given(line);
        let is_known = all.iter().any(|known| known.expose() == secret.expose());
        if !is_known && !secret.expose().is_empty() && all.len() < MOST {
            all.push(secret);
        }
    }
    Ok(all)
}

/// From now on this secret counts. Those that were good before stay so until [`forget_previous`]. An error if there are as
/// many as a host can know.
pub fn take(config: &Config, secret: &PoolSecret) -> Result<()> {
    let mut good = all(config)?;
    let is = |known: &PoolSecret| known.expose() == secret.expose();
    if good.first().is_some_and(is) {
        return Ok(());
    }
    let text = secret.expose();
    if text.is_empty() || text.len() as u64 > LONGEST || text.contains(char::is_control) {
        return Err(errors::internal_error(
            "what was given is no secret of a pool",
        ));
    }
    if good.len() >= MOST && !good.iter().any(is) {
        return Err(errors::internal_error(
            "too many secrets of the pool are good: an exchange has to come to its end first",
        ));
    }
    // All that was good is on the disk at every instant; the one that is taken may be among it.
    let lines: Vec<_> = good
        .drain(..)
        .map(|secret| secret.expose().to_owned())
        .collect();
    let lines = Zeroizing::new(lines.join("\n"));
    if !lines.is_empty() {
        write_at(&previous(config), &lines)?;
    }
    write_at(&config.pool_token(), text)
}

/// From now on only the secret that counts is good.
pub fn forget_previous(config: &Config) -> Result<()> {
    let path = previous(config);
    match xapi_conf::file::remove(&path) {
        Ok(_) => Ok(()),
        Err(why) => Err(errors::internal_error(format!("{}: {why}", path.display()))),
    }
}

/// The same if it is the one with this mark; an error if another one counts here.
pub(super) fn settle(config: &Config, mark: &str) -> Result<()> {
    match find(config)?.is_some_and(|secret| secret.mark() == mark) {
        true => forget_previous(config),
        false => Err(errors::internal_error("another secret counts here")),
    }
}

pub(super) fn previous(config: &Config) -> std::path::PathBuf {
    config.pool_token().with_extension("previous")
}

/// Writes the secret of a pool that this host joins, for root alone. No other one is good then.
pub fn write(config: &Config, secret: &PoolSecret) -> Result<()> {
    forget_previous(config)?;
    write_at(&config.pool_token(), secret.expose())
}

fn write_at(path: &Path, text: &str) -> Result<()> {
    xapi_conf::file::write(path, text.as_bytes(), 0o600).map_err(|why| {
        tracing::error!("{}: {why}", path.display());
        errors::internal_error("the secret of the pool cannot be written")
    })
}

#[cfg(test)]
mod tests {
    use super::{Held, PoolSecret, all, find, find_or_make, previous, settle, take, write};
    use crate::Config;

    #[test]
    fn a_secret_is_made_once_kept_for_root_alone_and_never_shown() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let config = Config {
            root: root.path().to_owned(),
            ..Config::default()
        };
        assert!(find(&config).unwrap().is_none());
        let made = find_or_make(&config).unwrap();
        assert_eq!(made.expose().len(), 96);
        assert_eq!(find_or_make(&config).unwrap().expose(), made.expose());
        let mode = std::fs::metadata(config.pool_token())
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        assert!(!format!("{made:?}").contains(&made.expose()[..8]));
        write(&config, &PoolSecret::given("another\n")).unwrap();
        assert_eq!(find(&config).unwrap().unwrap().expose(), "another");
    }

    fn texts(config: &Config) -> Vec<String> {
        let all = all(config).unwrap().into_iter();
        all.map(String::from).collect()
    }

    #[test]
    fn those_before_are_good_until_the_one_that_counts_is_on_every_host() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let config = Config {
            root: root.path().to_owned(),
            ..Config::default()
        };
        assert_eq!(Held::here(&config).unwrap(), None);
        let given = |text: &str| PoolSecret::given(text);
        take(&config, &given("a")).unwrap();
        assert_eq!(texts(&config), ["a"]);
        take(&config, &given("b")).unwrap();
        take(&config, &given("b")).unwrap();
        assert_eq!(texts(&config), ["b", "a"]);
        let mode = std::fs::metadata(previous(&config)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        let held = Held::here(&config).unwrap().unwrap();
        assert!(held.others && held.mark == given("b").mark());
        // Back again: at no instant is one of the two not on the disk.
        take(&config, &given("a")).unwrap();
        assert_eq!(texts(&config), ["a", "b"]);
        let beside = std::fs::read_to_string(previous(&config)).unwrap();
        assert_eq!(beside, "b\na");
        // Of as many as a line can prove none is lost, and another one is refused.
        take(&config, &given("c")).unwrap();
        take(&config, &given("d")).unwrap();
        assert!(take(&config, &given("e")).is_err());
        take(&config, &given("b")).unwrap();
        let mut known = texts(&config);
        assert_eq!(known[0], "b");
        known.sort();
        assert_eq!(known, ["a", "b", "c", "d"]);
        for none in ["", "two\nlines", &"x".repeat(5000)] {
            assert!(take(&config, &PoolSecret::from(none.to_owned())).is_err());
        }
        // What is settled is one secret, and no other one than is meant.
        assert!(settle(&config, &given("a").mark()).is_err());
        assert_eq!(texts(&config).len(), 4);
        settle(&config, &given("b").mark()).unwrap();
        assert_eq!(texts(&config), ["b"]);
    }
}
