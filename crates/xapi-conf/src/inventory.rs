//! `/etc/xensource-inventory`: lines of `KEY='value'` that say who this host is and which bridge carries its
//! management interface (host-networking facts, 3.1). Other programs read and write the file, so lines that we do
//! not know stay as they are, to the octet.

use std::io;
use std::path::{Path, PathBuf};

use crate::file;

/// Where it is, below the root.
pub const PATH: &str = "/etc/xensource-inventory";
/// Key of the bridge that carries the management interface; empty when management is disabled.
pub const MANAGEMENT_INTERFACE: &str = "MANAGEMENT_INTERFACE";
/// Key of the address family of the management interface: `IPv4` or `IPv6`.
pub const MANAGEMENT_ADDRESS_TYPE: &str = "MANAGEMENT_ADDRESS_TYPE";
/// Key of the bridges that were up, by spaces. XAPI keeps it no longer; a reset clears it.
pub const CURRENT_INTERFACES: &str = "CURRENT_INTERFACES";
/// Key of the UUID of this host.
pub const INSTALLATION_UUID: &str = "INSTALLATION_UUID";
/// Key of the UUID of this host's control domain.
pub const CONTROL_DOMAIN_UUID: &str = "CONTROL_DOMAIN_UUID";

/// Larger than any that an installer wrote by far.
const LIMIT: u64 = 1 << 20;

/// The inventory's lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    path: PathBuf,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    Pair {
        key: String,
        value: String,
        /// The line as it was read, with the quotes, blanks and remarks that others gave it; `None` if it was changed.
        raw: Option<Vec<u8>>,
    },
    Other(Vec<u8>),
}

impl Inventory {
    /// Reads the file; one that does not exist is empty. What is no plain file, or larger than a mebibyte, is an error.
    pub fn read(path: &Path) -> io::Result<Inventory> {
        let text = match file::read(path, LIMIT) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(why) => return Err(why),
        };
        let text = text.strip_suffix(b"\n").unwrap_or(&text);
        let lines = match text {
            [] => Vec::new(),
            text => text.split(|octet| *octet == b'\n').map(line).collect(),
        };
        Ok(Inventory {
            lines,
            ..Inventory::empty(path)
        })
    }

    /// One without lines, for a file that cannot be read and is to be made anew.
    pub fn empty(path: &Path) -> Inventory {
        Inventory {
            path: path.to_owned(),
            lines: Vec::new(),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| match line {
            Line::Pair {
                key: name, value, ..
            } if name == key => Some(value.as_str()),
            _ => None,
        })
    }

    /// Changes a key, or adds it at the end. One that was there several times, of which a shell takes the last, is there
    /// once then.
    pub fn set(&mut self, key: &str, value: &str) {
        let is_key = |line: &Line| matches!(line, Line::Pair { key: name, .. } if name == key);
        let new = Line::Pair {
            key: key.to_owned(),
            value: value.to_owned(),
            raw: None,
        };
        let Some(first) = self.lines.iter().position(is_key) else {
            return self.lines.push(new);
        };
        let mut at = 0;
        self.lines.retain(|line| {
            at += 1;
            at <= first + 1 || !is_key(line)
        });
        self.lines[first] = new;
    }

    /// Writes the file whole or not at all.
    pub fn write(&self) -> io::Result<()> {
        let mut text = Vec::new();
        for line in &self.lines {
            match line {
                Line::Pair { raw: Some(raw), .. } => text.extend_from_slice(raw),
                Line::Pair { key, value, .. } => {
                    text.extend_from_slice(format!("{key}='{value}'").as_bytes());
                }
                Line::Other(other) => text.extend_from_slice(other),
            }
            text.push(b'\n');
        }
        file::write(&self.path, &text, 0o644)
    }
}

fn line(text: &[u8]) -> Line {
    let pair = std::str::from_utf8(text).ok().and_then(pair);
    match pair {
        Some((key, value)) => Line::Pair {
            key: key.to_owned(),
            value: value.to_owned(),
            raw: Some(text.to_owned()),
        },
        None => Line::Other(text.to_owned()),
    }
}

/// A line `KEY='value'`, of which the quotes may be missing.
pub(crate) fn pair(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=')?;
    let key = key.trim();
    if key.is_empty() || key.starts_with('#') {
        return None;
    }
    Some((key, unquoted(value.trim())))
}

/// A text without the quotes around it.
pub(crate) fn unquoted(text: &str) -> &str {
    ['\'', '"']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::{Inventory, MANAGEMENT_INTERFACE};

    #[test]
    fn a_changed_key_leaves_every_other_line_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("inventory");
        std::fs::write(
            &path,
            b"# who\nINSTALLATION_UUID='abc'\nMANAGEMENT_INTERFACE='xenbr0'\nODD\n\n\xff='\xfe'\n",
        )
        .unwrap();
        let mut inventory = Inventory::read(&path).unwrap();
        assert_eq!(inventory.get(MANAGEMENT_INTERFACE), Some("xenbr0"));
        inventory.set(MANAGEMENT_INTERFACE, "xapi2");
        inventory.set("CURRENT_INTERFACES", "");
        inventory.write().unwrap();
        let text = std::fs::read(&path).unwrap();
        let want = b"# who\nINSTALLATION_UUID='abc'\nMANAGEMENT_INTERFACE='xapi2'\nODD\n\n\xff='\xfe'\nCURRENT_INTERFACES=''\n";
        assert_eq!(text, want);
    }

    #[test]
    fn what_was_not_changed_keeps_its_quotes_and_what_was_changed_is_there_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("inventory");
        let before = "A=\"it's\"\nK='1'\n B = bare \nK='2'\nC='x' # remark\nD='1'\nD='2'\n";
        std::fs::write(&path, before).unwrap();
        let mut inventory = Inventory::read(&path).unwrap();
        inventory.set("K", "3");
        inventory.write().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let want = "A=\"it's\"\nK='3'\n B = bare \nC='x' # remark\nD='1'\nD='2'\n";
        assert_eq!(text, want);
    }

    #[test]
    fn a_missing_inventory_is_empty_and_a_monstrous_one_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let inventory = Inventory::read(&dir.path().join("none")).unwrap();
        assert_eq!(inventory.get(MANAGEMENT_INTERFACE), None);
        let large = std::fs::File::create(dir.path().join("large")).unwrap();
        large.set_len(1 << 30).unwrap();
        assert!(Inventory::read(&dir.path().join("large")).is_err());
        assert!(Inventory::read(dir.path()).is_err());
    }
}
