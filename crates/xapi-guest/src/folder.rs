//! What is on disk about a guest, so that the next daemon finds it: a folder each, with what it is, its process and its
//! control socket.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::process::Identity;
use crate::{GuestSpec, Nic};

/// How much of a file in a guest's folder is read.
const MAX_FILE: u64 = 1 << 20;
/// How much of a guest's log an error quotes.
const TAIL: u64 = 2000;
/// How long a guest's log may be when somebody looks at it, and how much of it stays when it is longer.
const LONGEST_LOG: u64 = 1 << 20;
const KEPT_LOG: u64 = 64 << 10;

/// What is known of a guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub spec: GuestSpec,
    pub phase: Phase,
    /// Whether it has ever run.
    pub has_run: bool,
    pub pv_drivers: bool,
    pub nics: BTreeMap<u32, NicRecord>,
}

/// How far a guest has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Being made: whoever finds it so takes it away.
    Starting,
    /// There.
    Up,
    /// Kept without a domain.
    Suspended,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NicRecord {
    pub nic: Nic,
    /// Whether the guest has it. Before that it is being made.
    pub is_ready: bool,
    /// Whether the guest was asked to give it back.
    pub asked_back: bool,
    /// Whether the host's end was taken away while the guest kept its own.
    pub severed: bool,
}

impl NicRecord {
    pub fn new(nic: Nic) -> NicRecord {
        NicRecord {
            nic,
            is_ready: false,
            asked_back: false,
            severed: false,
        }
    }
}

/// The folder of a guest.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub fn of(run: &Path, uuid: &str) -> Folder {
        Folder(run.join(uuid))
    }

    pub fn at(path: &Path) -> Folder {
        Folder(path.to_owned())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it, with a record; an error of the kind `AlreadyExists` if it is there.
    pub fn make(&self, record: &Record) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(&self.0)?;
        File::create_new(self.0.join("lock"))?;
        self.save(record)
    }

    pub fn socket(&self) -> PathBuf {
        self.0.join("control")
    }

    /// Where the guest's process says what went wrong.
    pub fn log(&self) -> io::Result<File> {
        let mut options = File::options();
        options.create(true).append(true).mode(0o600);
        options.open(self.0.join("log"))
    }

    /// The end of that.
    pub fn said(&self) -> io::Result<String> {
        let mut file = File::open(self.0.join("log"))?;
        let bytes = end_of(&mut file, TAIL)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// Leaves no more than its end of a log that has become too long; says whether it had. What is written in that moment
    /// may be lost. Whoever has the file goes on behind what was left, for all that is written is added at the end.
    pub fn cut_log(&self) -> io::Result<bool> {
        let mut options = File::options();
        let mut file = options.read(true).append(true).open(self.0.join("log"))?;
        if file.metadata()?.len() <= LONGEST_LOG {
            return Ok(false);
        }
        let end = end_of(&mut file, KEPT_LOG)?;
        file.set_len(0)?;
        file.write_all(&end)?;
        Ok(true)
    }

    pub fn save(&self, record: &Record) -> io::Result<()> {
        self.write("guest.json", record)
    }

    /// Has the record on the disk. Only what outlives a reboot needs that.
    pub fn sync(&self) -> io::Result<()> {
        File::open(self.0.join("guest.json"))?.sync_all()?;
        File::open(&self.0)?.sync_all()
    }

    pub fn record(&self) -> io::Result<Option<Record>> {
        self.read("guest.json")
    }

    pub fn save_process(&self, process: &Identity) -> io::Result<()> {
        self.write("process.json", process)
    }

    pub fn process(&self) -> io::Result<Option<Identity>> {
        self.read("process.json")
    }

    /// Keeps others out until the answer is dropped: the guest's process while it says which it is, and whoever clears
    /// up. `None` if the folder isn't there any more.
    pub fn lock(&self) -> io::Result<Option<File>> {
        let file = match File::open(self.0.join("lock")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        file.lock()?;
        // It may have been removed while we waited.
        Ok((file.metadata()?.nlink() > 0).then_some(file))
    }

    /// Removes it with all that is in it. The lock goes first: without it nobody begins anything here.
    pub fn remove(&self) -> io::Result<()> {
        for path in [self.0.join("lock"), self.0.clone()] {
            let removed = match path == self.0 {
                true => fs::remove_dir_all(&path),
                false => fs::remove_file(&path),
            };
            match removed {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        Ok(())
    }

    fn write(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let new = self.0.join(format!("{name}.new"));
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(value)?)?;
        fs::rename(new, self.0.join(name))
    }

    /// `None` if there is no such file, or one that was never whole.
    fn read<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        let file = match File::open(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut bytes = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut bytes)?;
        Ok(Some(serde_json::from_slice(&bytes)?))
    }
}

/// The last octets of a file.
fn end_of(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
