//! Files that are written all together or not at all.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use xapi_conf::file;

use crate::Config;

/// Gives the database another name, with all that belongs to it, so that the next start begins anew. Whoever has it open
/// goes on with the old one.
pub(crate) fn set_database_aside(config: &Config, why: &str) -> io::Result<()> {
    let database = config.database();
    for end in ["", "-wal", "-shm"] {
        let with = |more: &str| {
            let mut name = database.clone().into_os_string();
            name.push(end);
            name.push(more);
            PathBuf::from(name)
        };
        match fs::rename(with(""), with(&format!(".{why}"))) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
    }
    Ok(())
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
        file::write(path, text, mode)
    }

    /// Removes a file, if it is there.
    pub(crate) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.note(path)?;
        file::remove(path).map(|_| ())
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
                Some((text, mode)) => file::write(&path, &text, mode),
                None => file::remove(&path).map(|_| ()),
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

    use xapi_conf::file;

    use super::Changes;

    #[test]
    fn changes_that_are_not_kept_leave_every_file_and_its_mode_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join("below").join(name);
        file::write(&at("old"), b"old", 0o400).unwrap();
        file::write(&at("gone"), b"here", 0o644).unwrap();
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
