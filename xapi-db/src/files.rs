//! The files beside a database: its lock, and the directory of one that is made for a test.

use std::fs::File;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::error::DbError;

/// Locks a database for this process, until the file is closed.
pub(crate) fn lock(path: &Path) -> Result<File, DbError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let failed = |source| DbError::File {
        doing: "locking",
        path: name.clone(),
        source,
    };
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(DbError::InUse {
            path: path.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// A directory that goes with its owner.
pub(crate) struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    pub(crate) fn new() -> Result<TemporaryDirectory, DbError> {
        let path = std::env::temp_dir().join(format!("xapi-db-{}", Uuid::new_v4()));
        std::fs::create_dir(&path).map_err(|source| DbError::File {
            doing: "making",
            path: path.clone(),
            source,
        })?;
        Ok(TemporaryDirectory(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!("{} is left behind: {error}", self.0.display());
        }
    }
}
