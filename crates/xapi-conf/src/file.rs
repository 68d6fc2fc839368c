//! Files that are written whole or not at all, removed so that they stay removed, and read within a limit.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

/// How often a file is put where others make a folder each time.
const TRIES: usize = 100;

/// Two threads that write the same file would take the new one from each other.
static WRITING: Mutex<()> = Mutex::new(());

/// Replaces a file by a text so that a reader, or a crash, meets the old text or the new one. Nobody but its owner can
/// read it at any instant if the mode says so. Folders that are missing are made.
pub fn write(path: &Path, text: &[u8], mode: u32) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.new"));
    fs::create_dir_all(folder(path))?;
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    // One that a crash left may have a mode that forbids writing.
    take_away(&beside)?;
    write_by(&beside, path, text, mode)
}

fn write_by(beside: &Path, path: &Path, text: &[u8], mode: u32) -> io::Result<()> {
    write_new(beside, text, mode)?;
    if let Err(why) = fs::rename(beside, path) {
        return Err(without(beside, why));
    }
    sync(folder(path))
}

/// Writes a file that must not be there yet, and leaves none if that fails.
pub(crate) fn write_new(path: &Path, text: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    put(&mut file, text, mode).map_err(|why| without(path, why))
}

/// Takes the file away that a failure makes useless.
fn without(path: &Path, why: io::Error) -> io::Error {
    match take_away(path) {
        Ok(_) => why,
        Err(left) => io::Error::new(
            why.kind(),
            format!("{why} (and {} stays behind: {left})", path.display()),
        ),
    }
}

/// Gives a file its name in a folder that belongs to everybody. A folder that has the name goes aside, also if somebody
/// makes it again and again.
pub(crate) fn put_in_place(beside: &Path, path: &Path) -> io::Result<()> {
    for _ in 0..TRIES {
        match fs::rename(beside, path) {
            Err(why) if why.kind() == io::ErrorKind::IsADirectory => {}
            other => return other.and_then(|()| sync(folder(path))),
        }
        // In one step, for who made the folder could make it again in between.
        match exchange(beside, path) {
            Ok(()) => {
                fs::rename(beside, unknown_aside(path)?)?;
                return sync(folder(path));
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
            // File systems that cannot.
            Err(why) if why.kind() == io::ErrorKind::InvalidInput => {}
            Err(why) => return Err(why),
        }
        match fs::rename(path, unknown_aside(path)?) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
    }
    Err(io::Error::new(
        io::ErrorKind::ResourceBusy,
        format!("somebody makes a folder in its place {TRIES} times"),
    ))
}
fn put(file: &mut File, text: &[u8], mode: u32) -> io::Result<()> {
    // Whatever the process masks.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(text)?;
    file.sync_all()
}

/// Removes a file so that it stays removed when the power fails. False if there was none.
pub fn remove(path: &Path) -> io::Result<bool> {
    let was = take_away(path)?;
    if was {
        sync(folder(path))?;
    }
    Ok(was)
}

pub(crate) fn take_away(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(why) => Err(why),
    }
}

/// Gives a file another name in its folder, `NAME.aside-1` or the like, which it keeps when the power fails.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for n in 1..=9 {
        let aside = path.with_file_name(format!("{name}.aside-{n}"));
        if fs::symlink_metadata(&aside).is_err() {
            rename(path, &aside)?;
            return Ok(aside);
        }
    }
    // Somebody holds the easy names.
    let aside = unknown_aside(path)?;
    rename(path, &aside)?;
    Ok(aside)
}

fn unknown_aside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(path.with_file_name(format!("{name}.aside-{}", unknowable()?)))
}

fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    let flag = RenameFlags::RENAME_EXCHANGE;
    Ok(renameat2(AT_FDCWD, one, AT_FDCWD, other, flag)?)
}

/// A part of a name that nobody can know before.
pub(crate) fn unknowable() -> io::Result<String> {
    let number = getrandom::u64().map_err(io::Error::other)?;
    Ok(format!("{number:016x}"))
}

fn rename(path: &Path, new: &Path) -> io::Result<()> {
    fs::rename(path, new)?;
    sync(folder(new))
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// What is in a plain file of at most `limit` octets. Anything else, a pipe that nobody writes into included, is an error
/// and not waited for.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "is not a plain file",
        ));
    }
    read_open(file, limit)
}

pub(crate) fn read_open(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut held = Vec::new();
    // One more, to see whether there is more.
    file.take(limit + 1).read_to_end(&mut held)?;
    if held.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("is larger than {limit} octets"),
        ));
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn two_who_write_the_same_file_do_not_take_it_from_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inventory");
        let texts = [vec![b'a'; 4096], vec![b'b'; 4096]];
        std::thread::scope(|scope| {
            for text in &texts {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..100 {
                        write(path, text, 0o644).unwrap();
                    }
                });
            }
        });
        assert!(texts.contains(&std::fs::read(&path).unwrap()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
