//! One change of a lab at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, Flock, FlockArg, fcntl};

use crate::failure::{Doing, Failure, Result};
use crate::lab::Lab;

/// Held while a lab is changed; let go when dropped.
///
/// The tools we run share it: when we are killed, they hold it until they have done what they were doing, and a `down`
/// that comes next does not miss what they make. A keeper lets go of it first thing ([`let_go`]).
pub struct Lock {
    lab: Lab,
    _held: Flock<File>,
}

impl Lock {
    /// Waits for the lab to be nobody else's.
    pub fn of(lab: &Lab) -> Result<Lock> {
        let path = lab.lock_file();
        loop {
            fs::create_dir_all(Lab::all_states())
                .doing(|| format!("making {}", Lab::all_states().display()))?;
            let file = match OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
            {
                Ok(file) => file,
                // Somebody took the last lab down just now, and the directory with it.
                Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
                Err(why) => return Err(why).doing(|| format!("opening {}", path.display())),
            };
            let held = lock(file, lab)?;
            // Whoever held it before us may have removed the file with the lab; then it locks nothing any more.
            let ours = held.metadata().doing(|| "looking at the lock")?.ino();
            if fs::metadata(&path).is_ok_and(|there| there.ino() == ours) {
                fcntl(&*held, FcntlArg::F_SETFD(FdFlag::empty()))
                    .doing(|| "sharing the lock with tools")?;
                return Ok(Lock {
                    lab: lab.clone(),
                    _held: held,
                });
            }
        }
    }

    /// Removes the lock's file too, and the directory of all labs if this was the last.
    pub fn remove(self) -> Result<()> {
        let path = self.lab.lock_file();
        fs::remove_file(&path).doing(|| format!("removing {}", path.display()))?;
        match fs::remove_dir(Lab::all_states()) {
            Err(why)
                if ![io::ErrorKind::DirectoryNotEmpty, io::ErrorKind::NotFound]
                    .contains(&why.kind()) =>
            {
                Err(why).doing(|| format!("removing {}", Lab::all_states().display()))
            }
            _ => Ok(()),
        }
    }
}

fn lock(file: File, lab: &Lab) -> Result<Flock<File>> {
    let file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(held) => return Ok(held),
        Err((file, Errno::EWOULDBLOCK)) => file,
        Err((_, why)) => return Err(why).doing(|| "locking the lab"),
    };
    eprintln!(
        "xapi-lab: waiting for another xapi-lab that is busy with '{}'",
        lab.name
    );
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, why)| Failure::new(format!("locking the lab: {why}")))
}

/// Closes what this process was started with besides the standard streams, which is a lock if it is anything.
pub fn let_go() -> Result<()> {
    let mut inherited = Vec::new();
    for entry in fs::read_dir("/proc/self/fd").doing(|| "listing open files")? {
        let name = entry.doing(|| "listing open files")?.file_name();
        inherited.extend(
            name.to_str()
                .and_then(|name| name.parse::<i32>().ok())
                .filter(|&number| number > 2),
        );
    }
    for number in inherited {
        match nix::unistd::close(number) {
            // The listing itself was one of them.
            Ok(()) | Err(Errno::EBADF) => {}
            Err(why) => return Err(why).doing(|| "closing an inherited file"),
        }
    }
    Ok(())
}
