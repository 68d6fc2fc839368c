//! /run/xapi.pid: the number of the daemon's process, for programs that look whether it runs.

use std::io;
use std::path::{Path, PathBuf};

/// The file, as long as the daemon runs.
pub struct PidFile(PathBuf);

impl PidFile {
    /// Writes the file, whole or not at all. One of an earlier daemon is replaced.
    pub fn write(path: &Path) -> io::Result<PidFile> {
        let text = format!("{}\n", std::process::id());
        xapi_conf::file::write(path, text.as_bytes(), 0o644)?;
        Ok(PidFile(path.to_owned()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if let Err(why) = std::fs::remove_file(&self.0) {
            tracing::warn!("{} stays behind: {why}", self.0.display());
        }
    }
}
