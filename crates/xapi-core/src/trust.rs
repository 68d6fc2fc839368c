//! Files of the certificates that the pool trusts, and of revocation lists, where XAPI has them. Each store is a folder
//! with one file for each certificate, and a bundle of them all for programs that want a single file.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use xapi_model::{ApiError, CertificatePurpose, errors};

use crate::files::Changes;
use crate::{Config, Result};

/// Anybody may read what is trusted.
const OPEN: u32 = 0o644;

/// Bytes of a file that other hosts are sent; lists of revocations may be long.
const LONGEST: u64 = 8 << 20;

/// Files of a store that other hosts are sent.
const MOST: usize = 1024;

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

/// One of the stores, by what it is called among hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Store(&'static str);

const AUTHORITIES: Store = Store("certs");
const REVOCATIONS: Store = Store("crls");

/// All of them.
const STORES: [Store; 8] = [
    AUTHORITIES,
    REVOCATIONS,
    Store("ca-general"),
    Store("ca-licensing"),
    Store("ca-ldaps"),
    Store("pinned-general"),
    Store("pinned-licensing"),
    Store("pinned-ldaps"),
];

impl Store {
    fn place(self, config: &Config) -> Place {
        match self {
            AUTHORITIES => Place {
                folder: config.path("/etc/stunnel/certs"),
                bundle: Some(config.path("/etc/stunnel/xapi-stunnel-ca-bundle.pem")),
            },
            REVOCATIONS => Place {
                folder: config.path("/etc/stunnel/crls"),
                bundle: None,
            },
            Store(name) => {
                let bundle = name.replacen('-', "-bundle-", 1);
                Place {
                    folder: config.path(&format!("/etc/trusted-certs/{name}")),
                    bundle: Some(config.path(&format!("/etc/trusted-certs/{bundle}.pem"))),
                }
            }
        }
    }

    /// The store of authorities, or of single servers, for a purpose; without one, for everything.
    fn by_purpose(what: &str, purpose: Option<CertificatePurpose>) -> Store {
        let purpose = match purpose {
            None => "general",
            Some(CertificatePurpose::Licensing) => "licensing",
            Some(CertificatePurpose::Ldaps) => "ldaps",
        };
        let named = |store: &&Store| store.0.split_once('-') == Some((what, purpose));
        *STORES.iter().find(named).expect("there is one for each")
    }
}

impl Kind {
    fn stores(&self) -> Vec<Store> {
        match self {
            Kind::Authority => vec![AUTHORITIES],
            Kind::Revocations => vec![REVOCATIONS],
            Kind::Root(purposes) => by_purpose("ca", purposes),
            Kind::Pinned(purposes) => by_purpose("pinned", purposes),
        }
    }

    /// The files that something with this name has.
    pub(crate) fn files(&self, name: &str) -> Vec<File> {
        let stores = self.stores().into_iter();
        let file = |store| File {
            store,
            name: name.to_owned(),
        };
        stores.map(file).collect()
    }

    fn places(&self, config: &Config) -> Vec<Place> {
        let stores = self.stores().into_iter();
        stores.map(|store| store.place(config)).collect()
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

fn by_purpose(what: &str, purposes: &[CertificatePurpose]) -> Vec<Store> {
    let mut stores: Vec<_> = purposes
        .iter()
        .map(|purpose| Store::by_purpose(what, Some(*purpose)))
        .collect();
    stores.sort_unstable();
    stores.dedup();
    if stores.is_empty() {
        stores.push(Store::by_purpose(what, None));
    }
    stores
}

/// A file of a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct File {
    store: Store,
    name: String,
}

impl File {
    /// What it is called among hosts.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}", self.store.0, self.name)
    }

    /// The file that is called so; nothing for what is none. Whoever puts files there by hand may call them as he likes.
    pub(crate) fn named(label: &str) -> Option<File> {
        let (store, name) = label.split_once('/')?;
        let store = *STORES.iter().find(|known| known.0 == store)?;
        let good = name.len() <= LONGEST_NAME && is_shown(name) && !name.contains(['/', '\0']);
        good.then(|| File {
            store,
            name: name.to_owned(),
        })
    }

    /// What is in it.
    pub(crate) fn read(&self, config: &Config) -> io::Result<String> {
        let path = self.store.place(config).folder.join(&self.name);
        let length = fs::metadata(&path)?.len();
        if length > LONGEST {
            let why = format!("it has {length} bytes, more than {LONGEST}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        fs::read_to_string(path)
    }

    /// Puts it there, and into the bundle.
    pub(crate) fn put(&self, config: &Config, text: &str) -> io::Result<()> {
        let place = self.store.place(config);
        let is_new = !place.folder.join(&self.name).exists();
        if text.len() as u64 > LONGEST || (is_new && files_of(&place.folder)?.len() >= MOST) {
            let why = "it is too large, or there are too many of them";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let mut changes = Changes::default();
        changes.write(&place.folder.join(&self.name), text.as_bytes(), OPEN)?;
        bundle(&place, &mut changes)?;
        changes.keep();
        Ok(())
    }

    /// Takes it away, and out of the bundle.
    pub(crate) fn take(&self, config: &Config) -> io::Result<()> {
        let place = self.store.place(config);
        let mut changes = Changes::default();
        changes.remove(&place.folder.join(&self.name))?;
        bundle(&place, &mut changes)?;
        changes.keep();
        Ok(())
    }
}

/// The files of all stores, with the SHA-256 of what is in them; those that cannot be read are left out, and so are more
/// than a store may have.
pub(crate) fn all(config: &Config) -> io::Result<BTreeMap<File, String>> {
    let mut all = BTreeMap::new();
    for store in STORES {
        for name in files_of(&store.place(config).folder)?
            .into_iter()
            .take(MOST)
        {
            let file = File { store, name };
            match file.read(config) {
                Ok(text) => {
                    let digest = Sha256::digest(text);
                    let digits = digest.iter().map(|octet| format!("{octet:02x}"));
                    all.insert(file, digits.collect());
                }
                Err(why) => tracing::warn!("{} is for this host alone: {why}", file.label()),
            }
        }
    }
    Ok(all)
}

/// Writes all bundles anew, after somebody has changed the folders by hand.
pub(crate) fn sync(config: &Config) -> Result<()> {
    let mut changes = Changes::default();
    for place in STORES.map(|store| store.place(config)) {
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
        if entry.file_type()?.is_file() && is_shown(&name) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether a file counts.
fn is_shown(name: &str) -> bool {
    name.ends_with(".pem") && !name.starts_with('.')
}
