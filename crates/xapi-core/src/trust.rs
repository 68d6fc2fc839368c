//! Files of the certificates that the pool trusts, and of revocation lists, where XAPI has them. Each store is a folder
//! with one file for each certificate, and a bundle of them all for programs that want a single file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use xapi_model::{ApiError, CertificatePurpose, errors};

use crate::files::Changes;
use crate::{Config, Result};

/// Anybody may read what is trusted.
const OPEN: u32 = 0o644;

/// Bytes that a file system takes as a name.
const LONGEST_NAME: usize = 255;

/// What is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Authorities with names of their own.
    Authority,
    /// Revocation lists.
    Revocations,
    /// Authorities for these purposes; none is all.
    Root(Vec<CertificatePurpose>),
    /// Single servers for these purposes.
    Pinned(Vec<CertificatePurpose>),
}

/// A folder and its bundle.
struct Place {
    folder: PathBuf,
    bundle: Option<PathBuf>,
}

impl Kind {
    fn places(&self, config: &Config) -> Vec<Place> {
        match self {
            Kind::Authority => vec![Place {
                folder: config.path("/etc/stunnel/certs"),
                bundle: Some(config.path("/etc/stunnel/xapi-stunnel-ca-bundle.pem")),
            }],
            Kind::Revocations => vec![Place {
                folder: config.path("/etc/stunnel/crls"),
                bundle: None,
            }],
            Kind::Root(purposes) => by_purpose(config, "ca", purposes),
            Kind::Pinned(purposes) => by_purpose(config, "pinned", purposes),
        }
    }

    fn name_invalid(&self, name: &str) -> ApiError {
        match self {
            Kind::Revocations => errors::crl_name_invalid(name),
            _ => errors::certificate_name_invalid(name),
        }
    }

    fn already_exists(&self, name: &str) -> ApiError {
        match self {
            Kind::Revocations => errors::crl_already_exists(name),
            _ => errors::certificate_already_exists(name),
        }
    }

    fn does_not_exist(&self, name: &str) -> ApiError {
        match self {
            Kind::Revocations => errors::crl_does_not_exist(name),
            _ => errors::certificate_does_not_exist(name),
        }
    }

    fn corrupt(&self, name: &str) -> ApiError {
        match self {
            Kind::Revocations => errors::crl_corrupt(name),
            _ => errors::certificate_corrupt(name),
        }
    }

    /// Refuses a name that is none of a file here: letters, digits, `.`, `_` and `-`, not hidden, ending in `.pem`.
    fn check_name(&self, name: &str) -> Result<()> {
        let plain =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
        let good = name.len() <= LONGEST_NAME
            && !name.starts_with('.')
            && name.ends_with(".pem")
            && name.chars().all(plain);
        good.then_some(()).ok_or_else(|| self.name_invalid(name))
    }

    /// Refuses a name that cannot be added.
    pub(crate) fn check_new(&self, config: &Config, name: &str) -> Result<()> {
        self.check_name(name)?;
        let mut places = self.places(config).into_iter();
        match places.any(|place| place.folder.join(name).exists()) {
            true => Err(self.already_exists(name)),
            false => Ok(()),
        }
    }

    /// Refuses a name that cannot be taken away; with `force` its file may be gone.
    pub(crate) fn check_known(&self, config: &Config, name: &str, force: bool) -> Result<()> {
        self.check_name(name)?;
        let mut places = self.places(config).into_iter();
        match force || places.all(|place| place.folder.join(name).exists()) {
            true => Ok(()),
            false => Err(self.does_not_exist(name)),
        }
    }

    /// Adds a text under a name that was checked. What comes back takes it away again unless it is kept.
    pub(crate) fn add(&self, config: &Config, name: &str, text: &str) -> Result<Changes> {
        let mut changes = Changes::default();
        let mut add = || {
            for place in self.places(config) {
                changes.write(&place.folder.join(name), text.as_bytes(), OPEN)?;
                bundle(&place, &mut changes)?;
            }
            Ok(())
        };
        let added: io::Result<()> = add();
        added.map_err(|why| {
            tracing::error!("adding {name} to the trusted certificates: {why}");
            errors::certificate_library_corrupt()
        })?;
        Ok(changes)
    }

    /// Takes a name away that was checked. What comes back puts it there again unless it is kept.
    pub(crate) fn remove(&self, config: &Config, name: &str) -> Result<Changes> {
        let mut changes = Changes::default();
        let mut remove = || {
            for place in self.places(config) {
                changes.remove(&place.folder.join(name))?;
                bundle(&place, &mut changes)?;
            }
            Ok(())
        };
        let removed: io::Result<()> = remove();
        removed.map_err(|why| {
            tracing::error!("taking {name} from the trusted certificates: {why}");
            self.corrupt(name)
        })?;
        Ok(changes)
    }

    /// The names of what is there.
    pub(crate) fn names(&self, config: &Config) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for place in self.places(config) {
            let found = files_of(&place.folder).map_err(|why| {
                tracing::error!("{}: {why}", place.folder.display());
                errors::certificate_library_corrupt()
            })?;
            names.extend(found);
        }
        Ok(names)
    }
}

fn by_purpose(config: &Config, what: &str, purposes: &[CertificatePurpose]) -> Vec<Place> {
    let mut names: Vec<_> = purposes
        .iter()
        .map(|purpose| match purpose {
            CertificatePurpose::Licensing => "licensing",
            CertificatePurpose::Ldaps => "ldaps",
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        names.push("general");
    }
    let place = |name| Place {
        folder: config.path(&format!("/etc/trusted-certs/{what}-{name}")),
        bundle: Some(config.path(&format!("/etc/trusted-certs/{what}-bundle-{name}.pem"))),
    };
    names.into_iter().map(place).collect()
}

/// Writes all bundles anew, after somebody has changed the folders by hand.
pub(crate) fn sync(config: &Config) -> Result<()> {
    let purposes = [
        vec![],
        vec![CertificatePurpose::Licensing],
        vec![CertificatePurpose::Ldaps],
    ];
    let sorted = purposes
        .into_iter()
        .flat_map(|purpose| [Kind::Root(purpose.clone()), Kind::Pinned(purpose)]);
    let kinds = [Kind::Authority].into_iter().chain(sorted);
    let mut changes = Changes::default();
    for place in kinds.flat_map(|kind| kind.places(config)) {
        bundle(&place, &mut changes).map_err(|why| {
            tracing::error!("{}: {why}", place.folder.display());
            errors::certificate_library_corrupt()
        })?;
    }
    changes.keep();
    Ok(())
}

/// Writes the bundle of a folder; none for an empty one.
fn bundle(place: &Place, changes: &mut Changes) -> io::Result<()> {
    let Some(path) = &place.bundle else {
        return Ok(());
    };
    let mut text = Vec::new();
    for name in files_of(&place.folder)? {
        text.extend(fs::read(place.folder.join(name))?);
        text.push(b'\n');
    }
    match text.is_empty() {
        true => changes.remove(path),
        false => changes.write(path, &text, OPEN),
    }
}

/// Names of the certificates in a folder, sorted; a folder that is not there has none.
fn files_of(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(why),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && name.ends_with(".pem") && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}
