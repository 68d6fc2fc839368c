//! Which trigger counts. The folders belong to everybody, so only a plain file of root's that nobody else can write is
//! believed: who is not root may not reset a host.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use thiserror::Error;

use super::{Complaint, LIMIT, PATHS, Trigger, below, is_owners, parse};
use crate::file;

/// What was found where triggers are looked for.
#[derive(Debug, Default)]
pub struct Found {
    /// The one that counts.
    pub chosen: Option<Pending>,
    /// A good one that is older than the chosen one.
    pub older: Option<PathBuf>,
    /// Those that are not believed. They stay where they are.
    pub refused: Vec<Refused>,
    /// Those that are root's and make no sense.
    pub malformed: Vec<Malformed>,
}

/// A trigger that waits to be carried out.
#[derive(Debug)]
pub struct Pending {
    /// Where it is.
    pub path: PathBuf,
    /// What it asks for.
    pub trigger: Trigger,
    /// What of it was passed over.
    pub warnings: Vec<Complaint>,
    written: SystemTime,
    file: Identity,
}

/// Which file was read, whatever has its name by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    octets: u64,
    modified: (i64, i64),
}

impl Identity {
    fn of(held: &Metadata) -> Identity {
        Identity {
            device: held.dev(),
            inode: held.ino(),
            octets: held.len(),
            modified: (held.mtime(), held.mtime_nsec()),
        }
    }
}

impl Pending {
    /// Removes it, so that it stays removed when the power fails. False if another file has its name by now: that stays.
    pub fn remove(&self) -> io::Result<bool> {
        match std::fs::symlink_metadata(&self.path) {
            Ok(now) if Identity::of(&now) != self.file => Ok(false),
            Ok(_) => file::remove(&self.path).map(|_| true),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(why) => Err(why),
        }
    }

    /// When it was written.
    pub fn written(&self) -> SystemTime {
        self.written
    }

    /// A word that no other trigger has, written at another time or with other contents. It stays the same when the
    /// machine boots, so the number of the file system's device, which may not, is no part of it.
    pub fn mark(&self) -> String {
        let Identity {
            inode,
            octets,
            modified: (seconds, nanoseconds),
            ..
        } = self.file;
        format!("{inode}-{octets}-{seconds}.{nanoseconds:09}")
    }
}

/// A file that is no trigger because of what it is.
#[derive(Debug, Error)]
#[error("{}: {why}", path.display())]
pub struct Refused {
    /// Where it is.
    pub path: PathBuf,
    /// Why.
    pub why: Refusal,
    /// When it was written, if that is known.
    pub written: Option<SystemTime>,
}

/// Why a file is not believed.
#[derive(Debug, Error)]
pub enum Refusal {
    /// It leads elsewhere.
    #[error("it is a symbolic link, and a trigger is a plain file")]
    Link,
    /// It is a folder, a pipe, a device.
    #[error("it is no plain file")]
    NotPlain,
    /// Somebody else made it.
    #[error("it belongs to the user with number {0}, and only root may reset the network")]
    Owner(u32),
    /// Somebody else can write to it.
    #[error("others than its owner may write to it (mode {0:04o}); say chmod 600")]
    Mode(u32),
    /// It has other names, in folders of other people.
    #[error("it has {0} names (hard links), and a trigger has one")]
    Names(u64),
    /// It is too large.
    #[error("it has {0} octets, and a trigger has at most {LIMIT}")]
    Size(u64),
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
}

/// A trigger of root's that makes no sense.
#[derive(Debug)]
pub struct Malformed {
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong with it, line by line.
    pub complaints: Vec<Complaint>,
    /// When it was written.
    pub written: SystemTime,
}

/// Looks for triggers below a root. Changes nothing: see [`Found::set_aside`].
pub fn find(root: &Path) -> Found {
    let mut found = Found::default();
    let mut seen = Vec::new();
    for path in PATHS {
        let path = below(root, path);
        let (text, held) = match look(root, &path) {
            Ok(Some(read)) => read,
            Ok(None) => continue,
            Err(why) => {
                // Of a link itself: where it leads is nobody's business.
                let held = std::fs::symlink_metadata(&path).and_then(|held| held.modified());
                found.refused.push(Refused {
                    path,
                    why,
                    written: held.ok(),
                });
                continue;
            }
        };
        // Some systems have one folder under both names.
        let file = (held.dev(), held.ino());
        if seen.contains(&file) {
            continue;
        }
        seen.push(file);
        let written = held.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        match parse(&text) {
            Ok((trigger, warnings)) => found.take(Pending {
                path,
                trigger,
                warnings,
                written,
                file: Identity::of(&held),
            }),
            Err(complaints) => found.malformed.push(Malformed {
                path,
                complaints,
                written,
            }),
        }
    }
    found
}

impl Found {
    fn take(&mut self, pending: Pending) {
        // The clock of a host whose battery is empty starts in the past: a time that is still to come says nothing, and
        // the first path counts.
        let is_past = pending.written <= SystemTime::now();
        let is_newer = |chosen: &Pending| is_past && pending.written > chosen.written;
        match &self.chosen {
            Some(chosen) if !is_newer(chosen) => self.older = Some(pending.path),
            _ => {
                let before = self.chosen.replace(pending);
                self.older = before.map(|before| before.path);
            }
        }
    }

    /// Renames those that must not be found again: malformed ones, and one that is older than the chosen one. Gives each
    /// with its new path, or with why it keeps the old one.
    pub fn set_aside(&self) -> Vec<(&Path, io::Result<PathBuf>)> {
        let malformed = self.malformed.iter().map(|malformed| &malformed.path);
        malformed
            .chain(&self.older)
            .map(|path| (path.as_path(), file::set_aside(path)))
            .collect()
    }
}

/// What is in a trigger, if there is one and it is believed.
pub(super) fn look(root: &Path, path: &Path) -> Result<Option<(Vec<u8>, Metadata)>, Refusal> {
    // Neither follows a link nor waits for whoever writes into a pipe.
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
    let mut options = OpenOptions::new();
    let file = match options.read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) if why.raw_os_error() == Some(nix::libc::ELOOP) => return Err(Refusal::Link),
        // A socket.
        Err(why) if why.raw_os_error() == Some(nix::libc::ENXIO) => return Err(Refusal::NotPlain),
        Err(why) => return Err(Refusal::Unreadable(why)),
    };
    let held = judge(root, &file)?;
    let text = file::read_open(file, LIMIT).map_err(Refusal::Unreadable)?;
    Ok(Some((text, held)))
}

/// Judges the file that is open, whatever has the name by now.
fn judge(root: &Path, file: &File) -> Result<Metadata, Refusal> {
    let held = file.metadata().map_err(Refusal::Unreadable)?;
    if !held.is_file() {
        return Err(Refusal::NotPlain);
    }
    if !is_owners(root, held.uid()) {
        return Err(Refusal::Owner(held.uid()));
    }
    if held.mode() & 0o022 != 0 {
        return Err(Refusal::Mode(held.mode() & 0o7777));
    }
    if held.nlink() != 1 {
        return Err(Refusal::Names(held.nlink()));
    }
    if held.len() > LIMIT {
        return Err(Refusal::Size(held.len()));
    }
    Ok(held)
}
