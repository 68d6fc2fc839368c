//! The trigger of an emergency network reset: a file of `KEY=value` lines whose presence makes the daemon's next start
//! reset the host's network (api-semantics facts, 4.1). The folders it is in belong to everybody, so whoever reads it
//! looks twice at what he found there.

mod beside;
mod find;
mod parse;

use std::fmt::Write as _;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub use beside::sweep;
pub use find::{Found, Malformed, Pending, Refusal, Refused, find};
pub use parse::{Complaint, What, parse};

use crate::file;
use crate::management::Management;
use beside::Beside;

/// Where it is looked for, below the root. It is written to the first: many systems empty the other at boot.
pub const PATHS: [&str; 2] = ["/var/tmp/network-reset", "/tmp/network-reset"];

/// Larger ones are refused.
pub const LIMIT: u64 = 64 << 10;

/// What a reset shall make of a host's network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The management interface.
    pub management: Management,
    /// What else stays.
    pub keep: Keep,
}

/// What a reset leaves as it is, where that is safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Bonds that have nothing to do with management.
    pub bonds: bool,
    /// VLANs that have nothing to do with management.
    pub vlans: bool,
    /// The names that NICs have.
    pub names: bool,
}

impl Keep {
    /// Each with its key. Programs that do not know them pass over them.
    pub(crate) fn keys(&mut self) -> [(&'static str, &mut bool); 3] {
        [
            ("KEEP_BONDS", &mut self.bonds),
            ("KEEP_VLANS", &mut self.vlans),
            ("KEEP_NAMES", &mut self.names),
        ]
    }
}

impl Trigger {
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: &str| {
            writeln!(text, "{key}={value}").expect("a string takes everything");
        };
        for (field, value) in self.management.texts() {
            line(field.key(), &value);
        }
        let mut keep = self.keep;
        for (key, is_kept) in keep.keys() {
            if *is_kept {
                line(key, "1");
            }
        }
        text
    }
}

/// Writes a trigger where it outlives a boot, readable by its owner alone, and gives its path. What is in its place, a
/// folder or a link that somebody left there included, has to go, and a trigger at the other path is renamed.
pub fn write(root: &Path, trigger: &Trigger) -> io::Result<PathBuf> {
    prepare(root, trigger)?.put()
}

/// Writes a trigger beside its place, where nobody looks for it: what can fail of [`write()`], a full disk above all,
/// fails here.
pub fn prepare(root: &Path, trigger: &Trigger) -> io::Result<Prepared> {
    Ok(Prepared {
        root: root.to_owned(),
        beside: Some(beside::write(root, trigger.text().as_bytes())?),
    })
}

/// A trigger that is written and does not count yet. It goes when this is dropped, or by [`sweep`] if its writer was
/// killed.
#[derive(Debug)]
pub struct Prepared {
    root: PathBuf,
    beside: Option<Beside>,
}

impl Prepared {
    /// Makes it count, and gives its path.
    pub fn put(mut self) -> io::Result<PathBuf> {
        let path = below(&self.root, PATHS[0]);
        // First, for the clock may say that it is the newer one.
        set_other_aside(&self.root, &path)?;
        if let Some(beside) = &self.beside {
            file::put_in_place(&beside.path, &path)?;
        }
        self.beside = None;
        Ok(path)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // Nobody is left who could be told, and one that stays is looked at by nobody.
            drop(file::take_away(&beside.path));
        }
    }
}

/// Sets a trigger at the other path aside. What is not believed there is in nobody's way.
fn set_other_aside(root: &Path, path: &Path) -> io::Result<()> {
    let other = below(root, PATHS[1]);
    let Ok(Some((_, held))) = find::look(root, &other) else {
        return Ok(());
    };
    // Some systems have one folder under both names.
    let is_same = std::fs::symlink_metadata(path)
        .is_ok_and(|it| (it.dev(), it.ino()) == (held.dev(), held.ino()));
    if !is_same {
        file::set_aside(&other)?;
    }
    Ok(())
}

/// Whether a user may leave a trigger: root, and below another root whoever runs this.
fn is_owners(root: &Path, user: u32) -> bool {
    let own = nix::unistd::geteuid().as_raw();
    user == 0 || (root != Path::new("/") && user == own)
}

fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}
