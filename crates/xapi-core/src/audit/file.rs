//! The file of the audit log: lines are only added, and of old ones a bounded number is kept.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::rate::Rate;

/// Longest line that is read: ours are shorter.
const LONGEST_LINE: u64 = 64 * 1024;

/// The log, in a file and older ones beside it, `.1` the youngest.
pub(crate) struct Log {
    path: PathBuf,
    host: String,
    /// Octets after which a file is put aside.
    size: u64,
    /// Files that are kept, with the one that is written.
    files: usize,
    state: Mutex<State>,
    rate: Rate,
}

#[derive(Default)]
struct State {
    file: Option<File>,
    failed: bool,
}

/// A line that was not written.
pub(crate) struct Failed {
    pub(crate) why: io::Error,
    /// The one before was.
    pub(crate) first: bool,
}

impl Log {
    pub(crate) fn new(path: PathBuf, size: u64, files: usize) -> Log {
        let host = nix::unistd::gethostname();
        let host = host.map_or_else(
            |_| "?".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Log {
            path,
            host,
            size,
            files: files.max(1),
            state: Mutex::default(),
            rate: Rate::default(),
        }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// How many lines of what anybody may do there were lately.
    pub(super) fn rate(&self) -> &Rate {
        &self.rate
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line.
    pub(crate) fn append(&self, line: &[u8]) -> Result<(), Failed> {
        let mut state = self.lock();
        let written = self.write(&mut state, line);
        let first = !std::mem::replace(&mut state.failed, written.is_err());
        written.map_err(|why| {
            state.file = None;
            Failed { why, first }
        })
    }

    fn write(&self, state: &mut State, line: &[u8]) -> io::Result<()> {
        // Somebody else may have put the file aside: then its name is another's or nobody's.
        if let Some(file) = &state.file
            && !same(file, &self.path)?
        {
            state.file = None;
        }
        let mut file = match state.file.take() {
            Some(file) => file,
            None => self.open()?,
        };
        let length = file.metadata()?.len();
        if length > 0 && length + line.len() as u64 > self.size {
            drop(file);
            self.rotate()?;
            file = self.open()?;
        }
        if state.failed {
            // The last line may have been cut off.
            file.write_all(b"\n")?;
        }
        file.write_all(line)?;
        state.file = Some(file);
        Ok(())
    }

    fn open(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)
    }

    fn aside(&self, number: usize) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }

    /// Puts the file aside, and the oldest one away.
    fn rotate(&self) -> io::Result<()> {
        if self.files == 1 {
            return std::fs::remove_file(&self.path);
        }
        for number in (1..self.files - 1).rev() {
            let moved = std::fs::rename(self.aside(number), self.aside(number + 1));
            there(moved)?;
        }
        std::fs::rename(&self.path, self.aside(1))
    }

    /// Writes the lines whose time is not before `since` (`YYYYMMDDTHH:MM:SS`), oldest first.
    pub(crate) fn read(&self, since: &str, out: &mut dyn Write) -> io::Result<()> {
        let mut files = Vec::new();
        {
            // No file is put aside between the first that is opened and the last.
            let _state = self.lock();
            let paths = (1..self.files).rev().map(|number| self.aside(number));
            for path in paths.chain([self.path.clone()]) {
                if let Some(file) = there(File::open(path))? {
                    let length = file.metadata()?.len();
                    files.push(file.take(length));
                }
            }
        }
        for file in files {
            let mut file = BufReader::new(file);
            let mut line = Vec::new();
            loop {
                line.clear();
                let mut bounded = (&mut file).take(LONGEST_LINE);
                if bounded.read_until(b'\n', &mut line)? == 0 {
                    break;
                }
                if time(&line) >= since.as_bytes() {
                    out.write_all(&line)?;
                }
            }
        }
        Ok(())
    }
}

/// What begins a line, to the second; of what is no line of ours nothing, which is before everything.
fn time(line: &[u8]) -> &[u8] {
    match line.split_first() {
        Some((b'[', rest)) => &rest[..rest.len().min("YYYYMMDDTHH:MM:SS".len())],
        _ => &[],
    }
}

fn same(file: &File, path: &Path) -> io::Result<bool> {
    let held = file.metadata()?;
    let named = there(std::fs::metadata(path))?;
    Ok(named.is_some_and(|named| (named.dev(), named.ino()) == (held.dev(), held.ino())))
}

/// `None` for what is not there.
fn there<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why),
    }
}

#[cfg(test)]
mod tests {
    use super::Log;

    fn read(log: &Log, since: &str) -> String {
        let mut out = Vec::new();
        log.read(since, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn line(second: u32) -> String {
        format!("[20260131T12:00:{second:02}.000Z|audit|x]\n")
    }

    #[test]
    fn lines_are_read_in_their_order_over_all_the_files_that_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log/audit.log");
        let log = Log::new(path.clone(), 4 * line(0).len() as u64, 3);
        for second in 0..15 {
            assert!(log.append(line(second).as_bytes()).is_ok());
        }
        // Four lines a file, in three files: the oldest four are gone.
        let kept: String = (4..15).map(line).collect();
        assert_eq!(read(&log, ""), kept);
        assert_eq!(read(&log, "20260131T12:00:13"), line(13) + &line(14));
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            3
        );
    }

    #[test]
    fn a_file_that_was_put_aside_by_others_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        let log = Log::new(path.clone(), 1 << 20, 3);
        assert!(log.append(line(1).as_bytes()).is_ok());
        std::fs::rename(&path, dir.path().join("elsewhere")).unwrap();
        assert!(log.append(line(2).as_bytes()).is_ok());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), line(2));
    }

    #[test]
    fn only_the_first_of_many_failures_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        std::fs::create_dir(&path).unwrap();
        let log = Log::new(path.clone(), 1 << 20, 3);
        assert!(log.append(b"[x]\n").is_err_and(|failed| failed.first));
        assert!(log.append(b"[x]\n").is_err_and(|failed| !failed.first));
        std::fs::remove_dir(&path).unwrap();
        assert!(log.append(b"[x]\n").is_ok());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(log.append(b"[x]\n").is_err_and(|failed| failed.first));
    }
}
