//! Taking a lab down, however little or much of it there is.
//!
//! Works from what can be seen now, never from a record: a failed or killed `up`, a killed keeper, a second `down` all
//! leave the same thing, which is nothing.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use nix::unistd::Pid;

use crate::failure::{Doing, Result};
use crate::lab::{Lab, netns_path};
use crate::lock::Lock;
use crate::process::{self, Found, kill_and_wait, run, tool};

const PATIENCE: Duration = Duration::from_secs(20);

/// Ends the lab and removes its lock.
pub fn down(lab: &Lab) -> Result<()> {
    let lock = Lock::of(lab)?;
    clear(lab)?;
    lock.remove()
}

/// Ends everything of the lab, while its lock is held: processes, namespaces and with them devices, and files.
pub fn clear(lab: &Lab) -> Result<()> {
    // Keepers first: they would start what is ended after them again. A host ends with its keeper.
    for role in ["__keeper", "__init"] {
        end(|found| plays(found, role, lab))?;
    }
    let names = lab.netns_names()?;
    let mut inodes = Vec::new();
    for name in &names {
        // A name without a namespace, left by an `up` killed between making the file and mounting on it, is a plain
        // file whose number means nothing here; no process can have it as its network.
        inodes.push(
            fs::metadata(netns_path(name))
                .doing(|| format!("looking at the namespace {name}"))?
                .ino(),
        );
    }
    let us = Pid::this();
    end(|found| found.pid != us && found.netns.is_some_and(|inode| inodes.contains(&inode)))?;
    for name in &names {
        run(tool("ip").args(["netns", "del", name]))?;
    }
    match fs::remove_dir_all(lab.state()) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => {
            Err(why).doing(|| format!("removing {}", lab.state().display()))
        }
        _ => Ok(()),
    }
}

/// Kills processes of a kind until none is left: one may have been about to start another.
fn end(is_one: impl Fn(&Found) -> bool) -> Result<()> {
    loop {
        let pids: Vec<Pid> = process::all()?
            .iter()
            .filter(|found| is_one(found))
            .map(|found| found.pid)
            .collect();
        if pids.is_empty() {
            return Ok(());
        }
        let still = |pid| process::look_at(pid).is_some_and(|found| is_one(&found));
        kill_and_wait(&pids, still, PATIENCE)?;
    }
}

/// Whether a process is this program in one of its inner roles for this lab.
fn plays(found: &Found, role: &str, lab: &Lab) -> bool {
    match found.arguments.as_slice() {
        [_, first, name, host] => {
            first == role && *name == lab.name.to_string() && host.starts_with("xs-")
        }
        _ => false,
    }
}
