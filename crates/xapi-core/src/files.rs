//! Files that are written whole or not at all, alone or several together.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Replaces a file by a text so that a reader, or a crash, meets the old text or the new one. Nobody but its owner can
/// read it at any instant if the mode says so.
pub(crate) fn write(path: &Path, text: &[u8], mode: u32) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(directory)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = directory.join(format!(".{name}.new"));
    // One that a crash left may have a mode that forbids writing.
    remove(&beside)?;
    let written = put(&beside, text, mode).and_then(|()| fs::rename(&beside, path));
    if let Err(why) = written {
        if let Err(left) = remove(&beside) {
            tracing::warn!("{} stays behind: {left}", beside.display());
        }
        return Err(why);
    }
    fs::File::open(directory)?.sync_all()
}

fn put(path: &Path, text: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    // Whatever the process masks.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(text)?;
    file.sync_all()
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    }
}

/// Changes of files that belong together with a commit: what was before comes back unless they are kept.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    before: Vec<Before>,
}

#[derive(Debug)]
struct Before {
    path: PathBuf,
    /// What was in it, and its mode.
    held: Option<(Vec<u8>, u32)>,
}

impl Changes {
    /// Replaces a file by a text.
    pub(crate) fn write(&mut self, path: &Path, text: &[u8], mode: u32) -> io::Result<()> {
        self.note(path)?;
        write(path, text, mode)
    }

    /// Removes a file, if it is there.
    pub(crate) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.note(path)?;
        remove(path)?;
        match path.parent() {
            Some(directory) if directory.exists() => fs::File::open(directory)?.sync_all(),
            _ => Ok(()),
        }
    }

    fn note(&mut self, path: &Path) -> io::Result<()> {
        let held = match fs::read(path) {
            Ok(text) => Some((text, fs::metadata(path)?.permissions().mode() & 0o7777)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => None,
            Err(why) => return Err(why),
        };
        self.before.push(Before {
            path: path.to_owned(),
            held,
        });
        Ok(())
    }

    /// From now on they stay.
    pub(crate) fn keep(mut self) {
        self.before.clear();
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        for Before { path, held } in self.before.drain(..).rev() {
            let back = match held {
                Some((text, mode)) => write(&path, &text, mode),
                None => remove(&path),
            };
            if let Err(why) = back {
                tracing::error!("{} is not as it was before: {why}", path.display());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::Changes;

    #[test]
    fn changes_that_are_not_kept_leave_every_file_and_its_mode_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join("below").join(name);
        super::write(&at("old"), b"old", 0o400).unwrap();
        super::write(&at("gone"), b"here", 0o644).unwrap();
        let change = || {
            let mut changes = Changes::default();
            changes.write(&at("old"), b"new", 0o644).unwrap();
            changes.write(&at("old"), b"newer", 0o644).unwrap();
            changes.write(&at("made"), b"made", 0o644).unwrap();
            changes.remove(&at("gone")).unwrap();
            changes.remove(&at("never")).unwrap();
            changes
        };
        drop(change());
        assert_eq!(std::fs::read(at("old")).unwrap(), b"old");
        let mode = std::fs::metadata(at("old")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o400);
        assert_eq!(std::fs::read(at("gone")).unwrap(), b"here");
        let left = std::fs::read_dir(dir.path().join("below")).unwrap();
        assert_eq!(left.count(), 2);
        change().keep();
        assert_eq!(std::fs::read(at("old")).unwrap(), b"newer");
        assert!(at("made").exists() && !at("gone").exists());
    }
}
