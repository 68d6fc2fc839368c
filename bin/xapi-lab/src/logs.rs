//! Showing a host's logs, and following them.

use std::fs::File;
use std::io::{self, Read, Write};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use crate::failure::{Doing, Failure, Result};
use crate::lab::Host;

/// Copies a log to standard output; with `follow`, goes on as it grows, until the reader or the lab goes.
pub fn show(host: &Host, program: &str, follow: bool) -> Result<()> {
    let path = host.log(program);
    let watch = Inotify::init(InitFlags::IN_CLOEXEC).doing(|| "watching files")?;
    if follow {
        // Watched before it is read, so that nothing falls between.
        let kinds =
            AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_ATTRIB;
        watch
            .add_watch(&path, kinds)
            .doing(|| format!("watching {}", path.display()))?;
    }
    let mut log = match File::open(&path) {
        Ok(log) => log,
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            return Err(Failure::new(format!(
                "{} has no log of {program} yet",
                host.name
            )));
        }
        Err(why) => return Err(why).doing(|| format!("opening {}", path.display())),
    };
    loop {
        if !copy(&mut log)? || !follow {
            return Ok(());
        }
        let events = watch
            .read_events()
            .doing(|| format!("watching {}", path.display()))?;
        if events
            .iter()
            .any(|event| event.mask.contains(AddWatchFlags::IN_IGNORED))
            || !path.exists()
        {
            return Ok(());
        }
    }
}

/// Copies what is there; false if nobody reads any more.
fn copy(log: &mut File) -> Result<bool> {
    let mut bytes = Vec::new();
    log.read_to_end(&mut bytes).doing(|| "reading the log")?;
    let mut out = io::stdout().lock();
    match out.write_all(&bytes).and_then(|()| out.flush()) {
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        outcome => outcome.doing(|| "writing the log").map(|()| true),
    }
}
