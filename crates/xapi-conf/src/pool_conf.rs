//! `/etc/xensource/pool.conf`: whether this host is the master of its pool, or who is (host-networking facts, 3.1).

use std::fmt;
use std::io;
use std::path::Path;

use thiserror::Error;

use crate::file;

/// Where it is, below the root.
pub const PATH: &str = "/etc/xensource/pool.conf";

const LIMIT: u64 = 4096;

/// What this host is in its pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolRole {
    /// Its master; also a pool of one host has one.
    Master,
    /// A slave, with the address of the master.
    Slave(String),
    /// Neither: somebody has to decide.
    Broken,
}

/// Why the role cannot be told.
#[derive(Debug, Error)]
pub enum Unclear {
    /// The file is there and cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It says something else.
    #[error("says {0:?}, which is none of master, slave:ADDRESS and broken")]
    Text(String),
}

impl PoolRole {
    /// Reads the file. `None` if there is none: such a host is a pool of its own.
    pub fn read(path: &Path) -> Result<Option<PoolRole>, Unclear> {
        let text = match file::read(path, LIMIT) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(why.into()),
        };
        let text = String::from_utf8_lossy(&text);
        let text = text.trim();
        match text.split_once(':') {
            None if text == "master" => Ok(Some(PoolRole::Master)),
            None if text == "broken" => Ok(Some(PoolRole::Broken)),
            // An address of IPv6 has more of them.
            Some(("slave", master)) if !master.trim().is_empty() => {
                Ok(Some(PoolRole::Slave(master.trim().to_owned())))
            }
            _ => Err(Unclear::Text(text.chars().take(64).collect())),
        }
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        file::write(path, self.to_string().as_bytes(), 0o644)
    }
}

impl fmt::Display for PoolRole {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolRole::Master => out.write_str("master"),
            PoolRole::Slave(master) => write!(out, "slave:{master}"),
            PoolRole::Broken => out.write_str("broken"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PoolRole;

    fn read(text: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("xensource/pool.conf");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        match PoolRole::read(&path) {
            Ok(role) => {
                let role = role.unwrap();
                role.write(&path).unwrap();
                assert_eq!(PoolRole::read(&path).unwrap(), Some(role.clone()));
                format!("{role:?}")
            }
            Err(why) => why.to_string(),
        }
    }

    #[test]
    fn a_role_is_read_with_or_without_a_line_end_and_written_as_it_is_read() {
        assert_eq!(read("master"), "Master");
        assert_eq!(read("master\n"), "Master");
        assert_eq!(read("broken"), "Broken");
        assert_eq!(read("slave:10.0.0.1\n"), r#"Slave("10.0.0.1")"#);
        assert_eq!(read("slave:fd00::1"), r#"Slave("fd00::1")"#);
        for wrong in ["", "slave", "slave:", "Master", "king", "master:10.0.0.1"] {
            let why = read(wrong);
            assert!(why.contains("none of master"), "{wrong:?}: {why}");
        }
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(PoolRole::read(&dir.path().join("none")).unwrap(), None);
    }
}
