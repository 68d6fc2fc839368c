//! The inputs that are kept: seeds, and cases that failed once.

use std::io;
use std::path::{Path, PathBuf};

/// Seeds of a target, one a file.
pub fn seeds(name: &str) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    files(&here("corpus").join(name))
}

/// Cases of a target that failed once.
pub fn regressions(name: &str) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    files(&here("regressions").join(name))
}

/// A directory beside the sources.
pub fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Files by name; a directory that is not there has none.
fn files(directory: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(why),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry?.path());
    }
    paths.sort();
    let read = |path: PathBuf| std::fs::read(&path).map(|bytes| (path, bytes));
    paths.into_iter().map(read).collect()
}
