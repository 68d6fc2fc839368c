//! The pool's secret, by which its hosts know each other: in /etc/xensource/ptoken, for root alone.

use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use xapi_model::errors;
use zeroize::Zeroizing;

use crate::{Config, Result};

/// A longer file holds no secret of ours.
const LONGEST: u64 = 4096;

/// Random octets of a new one; XAPI's has as many.
const OCTETS: usize = 48;

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

    fn fresh() -> Result<PoolSecret> {
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

/// The secret, if this host has one.
pub fn find(config: &Config) -> Result<Option<PoolSecret>> {
    read(&config.pool_token()).map_err(|why| {
        tracing::error!("{}: {why}", config.pool_token().display());
        errors::internal_error("the secret of the pool cannot be read")
    })
}

fn read(path: &Path) -> io::Result<Option<PoolSecret>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(why),
    };
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST).read_to_string(&mut text)?;
    let secret = PoolSecret::given(&text);
    Ok(Some(secret).filter(|secret| !secret.expose().is_empty()))
}

/// The secret; made if there is none yet.
pub fn find_or_make(config: &Config) -> Result<PoolSecret> {
    if let Some(secret) = find(config)? {
        return Ok(secret);
    }
    let secret = PoolSecret::fresh()?;
    write_at(&config.pool_token(), &secret)?;
    // Whoever was quicker has won: everybody reads the file.
    find(config)?.ok_or_else(|| errors::internal_error("the secret of the pool was not kept"))
}

/// The secrets that are good: this one, and the one before while it is exchanged.
pub fn all(config: &Config) -> Result<Vec<PoolSecret>> {
    let before = read(&previous(config)).map_err(|why| {
        tracing::error!("{}: {why}", previous(config).display());
        errors::internal_error("the secret of the pool cannot be read")
    })?;
    Ok(find(config)?.into_iter().chain(before).collect())
}

/// Makes another secret in the place of this one, which stays good until [`forget_previous`].
pub fn exchange(config: &Config) -> Result<PoolSecret> {
    let before = find_or_make(config)?;
    // One that was not brought to its end: who missed it knows the one before.
    if previous(config).exists() {
        return Ok(before);
    }
    let fresh = PoolSecret::fresh()?;
    write_at(&previous(config), &before)?;
    write_at(&config.pool_token(), &fresh)?;
    Ok(fresh)
}

/// From now on only one secret is good.
pub fn forget_previous(config: &Config) -> Result<()> {
    let path = previous(config);
    match xapi_conf::file::remove(&path) {
        Ok(_) => Ok(()),
        Err(why) => Err(errors::internal_error(format!("{}: {why}", path.display()))),
    }
}

pub(super) fn previous(config: &Config) -> std::path::PathBuf {
    config.pool_token().with_extension("previous")
}

/// Writes a secret that came from another host, for root alone. No other one is good then.
pub fn write(config: &Config, secret: &PoolSecret) -> Result<()> {
    forget_previous(config)?;
    write_at(&config.pool_token(), secret)
}

fn write_at(path: &Path, secret: &PoolSecret) -> Result<()> {
    xapi_conf::file::write(path, secret.expose().as_bytes(), 0o600).map_err(|why| {
        tracing::error!("{}: {why}", path.display());
        errors::internal_error("the secret of the pool cannot be written")
    })
}

#[cfg(test)]
mod tests {
    use super::{PoolSecret, find, find_or_make, write};
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
}
