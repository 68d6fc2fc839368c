//! A trigger that is written and does not count yet, beside its place, and what is left of those whose writer was killed.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use super::{PATHS, below};
use crate::file::{self, unknowable};

/// How their names begin. The rest nobody can know before, for everybody may make files there.
const PREFIX: &str = ".network-reset.";
/// Digits of the rest.
const DIGITS: usize = 16;
/// Names that are looked at: the folder is everybody's, and may be full of them.
const MOST: usize = 100_000;
/// How often another name is tried.
const TRIES: usize = 10;

/// The file, locked as long as its writer lives.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) path: PathBuf,
    _lock: Flock<File>,
}

/// Writes one.
pub(super) fn write(root: &Path, text: &[u8]) -> io::Result<Beside> {
    let place = below(root, PATHS[0]);
    let folder = place.parent().unwrap_or(root);
    std::fs::create_dir_all(folder)?;
    for _ in 0..TRIES {
        let path = folder.join(format!("{PREFIX}{}", unknowable()?));
        file::write_new(&path, text, 0o600)?;
        let held = locked(&path).inspect_err(|_| drop(file::take_away(&path)))?;
        // Whoever swept before it was locked has taken it away.
        if let Some(lock) = held {
            return Ok(Beside { path, _lock: lock });
        }
    }
    Err(io::Error::new(
        io::ErrorKind::ResourceBusy,
        format!("somebody takes the file away {TRIES} times"),
    ))
}

/// Locks the file of a name, if nobody else does and the name is still its own.
fn locked(path: &Path) -> io::Result<Option<Flock<File>>> {
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = match opened {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => lock,
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => return Ok(None),
        Err((_, why)) => return Err(why.into()),
    };
    let held = lock.metadata()?;
    let is_its_own = std::fs::symlink_metadata(path)
        .is_ok_and(|named| (named.dev(), named.ino()) == (held.dev(), held.ino()));
    Ok(is_its_own.then_some(lock))
}

/// Removes the files of writers that were killed, and tells of each, or why it stays. What is not root's, and what belongs
/// to a writer that lives, is left alone.
pub fn sweep(root: &Path) -> Vec<(PathBuf, io::Result<()>)> {
    let place = below(root, PATHS[0]);
    let folder = place.parent().unwrap_or(root);
    let names = match std::fs::read_dir(folder) {
        Ok(names) => names,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(why) => return vec![(folder.to_owned(), Err(why))],
    };
    let ours = names.take(MOST).filter_map(|entry| {
        // One that cannot be read now is met the next time.
        let entry = entry.ok()?;
        let name = entry.file_name();
        let rest = name.to_str()?.strip_prefix(PREFIX)?;
        let is_ours = rest.len() == DIGITS && rest.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_ours.then(|| entry.path())
    });
    let left = ours.filter_map(|path| match take_away(root, &path) {
        Ok(false) => None,
        Ok(true) => Some((path, Ok(()))),
        Err(why) => Some((path, Err(why))),
    });
    left.collect()
}

fn take_away(root: &Path, path: &Path) -> io::Result<bool> {
    let held = match std::fs::symlink_metadata(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(false),
        held => held?,
    };
    if !held.is_file() || !super::is_owners(root, held.uid()) {
        return Ok(false);
    }
    // Held until it is gone.
    match locked(path)? {
        Some(_lock) => file::remove(path),
        None => Ok(false),
    }
}
