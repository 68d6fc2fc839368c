//! Whether a server is the one that it was: certificates by authority, or by a fingerprint that is remembered.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::{Flock, FlockArg};
use rustls::ClientConfig;
use xapi_tls::{BadAuthorities, Certificate, by_authorities, by_fingerprint};

/// Bytes of a file of known servers.
const LONGEST: u64 = 1 << 20;

/// The only kind of fingerprint that is written.
const KIND: &str = "SHA256";

/// Which servers a client believes.
#[derive(Clone)]
pub struct Trust {
    config: Arc<ClientConfig>,
    known: Option<KnownServers>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.known {
            Some(known) => write!(f, "Trust({})", known.file.display()),
            None => f.write_str("Trust(authorities)"),
        }
    }
}

impl Trust {
    /// Servers whose certificate is valid for their name and comes from one of these authorities, given in PEM. A
    /// certificate that signs itself is its own authority. Those that cannot be used are left out.
    pub fn authorities(text: &str) -> Result<Trust, BadAuthorities> {
        Ok(Trust {
            config: by_authorities(text)?,
            known: None,
        })
    }

    /// Whoever answers: for a first contact with a server of which nothing is known, and which proves afterwards by other
    /// means who it is.
    pub fn nobody_known() -> Result<Trust, BadAuthorities> {
        Ok(Trust {
            config: by_fingerprint()?,
            known: None,
        })
    }

    /// Servers that show the same certificate as the first time.
    pub fn first_use(known: KnownServers) -> Result<Trust, BadAuthorities> {
        Ok(Trust {
            config: by_fingerprint()?,
            known: Some(known),
        })
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// Judges the certificate that a server has proved to be its own, before anything is said to it.
    pub(crate) fn judge(&self, at: &str, certificate: Certificate) -> io::Result<()> {
        match &self.known {
            Some(known) => known.judge(at, &certificate),
            None => Ok(()),
        }
    }
}

/// Who is told in a sentence of a server that is new.
type Teller = Arc<dyn Fn(&str) + Send + Sync>;

/// A file with the fingerprints of servers: lines of `HOST:PORT SHA256 FINGERPRINT`, and a comment if somebody wrote one.
/// Other lines stay as they are.
#[derive(Clone)]
pub struct KnownServers {
    file: PathBuf,
    /// Without it nobody new is believed.
    tell: Option<Teller>,
}

impl KnownServers {
    /// Servers remembered in a file, and no others: a connection to one that is not there fails as a [`Stranger`], before
    /// anything is said to it. Who has asked people about it may [`KnownServers::remember`] it.
    pub fn only(file: impl Into<PathBuf>) -> KnownServers {
        KnownServers {
            file: file.into(),
            tell: None,
        }
    }

    /// Adds a server to the file. An error if it is known by another certificate meanwhile.
    pub fn remember(&self, stranger: &Stranger) -> io::Result<()> {
        self.add(&stranger.at, &stranger.fingerprint).map(drop)
    }

    /// Servers remembered in a file, which need not be there yet. `tell` is told in a sentence when one is new.
    pub fn new(
        file: impl Into<PathBuf>,
        tell: impl Fn(&str) + Send + Sync + 'static,
    ) -> KnownServers {
        KnownServers {
            file: file.into(),
            tell: Some(Arc::new(tell)),
        }
    }

    fn judge(&self, at: &str, certificate: &Certificate) -> io::Result<()> {
        let shown = certificate.sha256();
        if self.knows(&self.read()?, at, &shown)? {
            return Ok(());
        }
        let Some(tell) = &self.tell else {
            let stranger = Stranger {
                at: at.to_owned(),
                fingerprint: shown,
            };
            return Err(io::Error::new(ErrorKind::PermissionDenied, stranger));
        };
        let said = match self.add(at, &shown) {
            Ok(true) => format!(
                "the certificate of {at} was not known; it is remembered in {}: {KIND} {shown}",
                self.file.display()
            ),
            Ok(false) => return Ok(()),
            Err(why) if is_judged(&why) => return Err(why),
            Err(why) => format!(
                "the certificate of {at} is not known and cannot be remembered in {}: {why}: {KIND} {shown}",
                self.file.display()
            ),
        };
        tell(&said);
        Ok(())
    }

    fn read(&self) -> io::Result<String> {
        let file = match File::open(&self.file) {
            Ok(file) => file,
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(String::new()),
            Err(why) => return Err(self.about(&why)),
        };
        let mut text = String::new();
        let read = file.take(LONGEST + 1).read_to_string(&mut text);
        match read {
            Ok(length) if length as u64 > LONGEST => {
                Err(self.about(&io::Error::other("it is too long")))
            }
            Ok(_) => Ok(text),
            Err(why) => Err(self.about(&why)),
        }
    }

    fn about(&self, why: &io::Error) -> io::Error {
        io::Error::new(why.kind(), format!("{}: {why}", self.file.display()))
    }

    /// Whether a server is known by this fingerprint; an error if it is known by others only, or by a line that cannot
    /// be read. Words after the fingerprint are for people.
    fn knows(&self, text: &str, at: &str, shown: &str) -> io::Result<bool> {
        let mut before = None;
        for line in text.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            if !words
                .first()
                .is_some_and(|server| server.eq_ignore_ascii_case(at))
            {
                continue;
            }
            let [_, KIND, fingerprint, ..] = words[..] else {
                return Err(io::Error::new(
                    ErrorKind::PermissionDenied,
                    Unreadable {
                        file: self.file.clone(),
                        at: at.to_owned(),
                    },
                ));
            };
            if fingerprint.eq_ignore_ascii_case(shown) {
                return Ok(true);
            }
            before = Some(fingerprint.to_owned());
        }
        let Some(before) = before else {
            return Ok(false);
        };
        Err(io::Error::new(
            ErrorKind::PermissionDenied,
            Changed {
                file: self.file.clone(),
                at: at.to_owned(),
                before,
                shown: shown.to_owned(),
            },
        ))
    }

    /// Adds a server; false if somebody else has done so in the meantime. Two programs at once do not lose each other's
    /// lines, and a reader meets the old file or the new.
    fn add(&self, at: &str, shown: &str) -> io::Result<bool> {
        let folder = match self.file.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let alone = Flock::lock(File::open(folder)?, FlockArg::LockExclusive);
        let _alone = alone.map_err(|(_, why)| io::Error::from(why))?;
        let mut text = self.read()?;
        if self.knows(&text, at, shown)? {
            return Ok(false);
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text += &format!("{at} {KIND} {shown}\n");
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let beside = folder.join(format!("{name}.new"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &self.file)?;
        Ok(true)
    }
}

/// A server whose certificate nobody knows yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate of {at} is not known: {KIND} {fingerprint}")]
pub struct Stranger {
    /// Where it answers, as `HOST:PORT`.
    pub at: String,
    /// The SHA-256 fingerprint of what it shows: octets in upper case with colons between them.
    pub fingerprint: String,
}

/// A server shows another certificate than before.
#[derive(Debug, thiserror::Error)]
#[error(
    "the certificate of {at} is another one than before. It was {KIND} {before} and is {KIND} {shown}. Somebody may be \
     listening in. If the server was given a new certificate, take its line out of {}", file.display()
)]
struct Changed {
    file: PathBuf,
    at: String,
    before: String,
    shown: String,
}

/// What is written about a server says nothing.
#[derive(Debug, thiserror::Error)]
#[error("the line about {at} in {} is not {at} {KIND} FINGERPRINT: mend it or take it out", file.display())]
struct Unreadable {
    file: PathBuf,
    at: String,
}

/// Whether an error is a judgement on the server, and no trouble with the file.
fn is_judged(why: &io::Error) -> bool {
    why.get_ref()
        .is_some_and(|inner| inner.is::<Changed>() || inner.is::<Unreadable>())
}
