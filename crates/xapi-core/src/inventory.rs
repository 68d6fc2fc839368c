//! `/etc/xensource-inventory`: lines of `KEY='value'` that say who this host is and which bridge carries its
//! management interface (host-networking facts, 3.1). Other programs read and write the file, so lines that we do
//! not know stay as they are.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Key of the bridge that carries the management interface; empty when management is disabled.
pub const MANAGEMENT_INTERFACE: &str = "MANAGEMENT_INTERFACE";
/// Key of the address family of the management interface: `IPv4` or `IPv6`.
pub const MANAGEMENT_ADDRESS_TYPE: &str = "MANAGEMENT_ADDRESS_TYPE";
/// Key of the UUID of this host.
pub const INSTALLATION_UUID: &str = "INSTALLATION_UUID";
/// Key of the UUID of this host's control domain.
pub const CONTROL_DOMAIN_UUID: &str = "CONTROL_DOMAIN_UUID";

/// The inventory's lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    path: PathBuf,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    Pair(String, String),
    Other(String),
}

impl Inventory {
    /// Reads the file; one that does not exist is empty.
    pub fn read(path: &Path) -> io::Result<Inventory> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => String::new(),
            Err(why) => return Err(why),
        };
        Ok(Inventory {
            path: path.to_owned(),
            lines: text.lines().map(line).collect(),
        })
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| match line {
            Line::Pair(name, value) if name == key => Some(value.as_str()),
            _ => None,
        })
    }

    /// Changes a key, or adds it at the end.
    pub fn set(&mut self, key: &str, value: &str) {
        let mut pairs = self.lines.iter_mut();
        let old = pairs.find_map(|line| match line {
            Line::Pair(name, old) if name == key => Some(old),
            _ => None,
        });
        match old {
            Some(old) => value.clone_into(old),
            None => self
                .lines
                .push(Line::Pair(key.to_owned(), value.to_owned())),
        }
    }

    /// Writes the file whole or not at all: a new file beside it, synced, put in its place.
    pub fn write(&self) -> io::Result<()> {
        let mut text = String::new();
        for line in &self.lines {
            match line {
                Line::Pair(key, value) => text.push_str(&format!("{key}='{value}'\n")),
                Line::Other(other) => text.push_str(&format!("{other}\n")),
            }
        }
        write_atomically(&self.path, &text)
    }
}

fn line(text: &str) -> Line {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !key.starts_with('#') => {
            let value = value.trim();
            let bare = value
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''));
            Line::Pair(key.trim().to_owned(), bare.unwrap_or(value).to_owned())
        }
        _ => Line::Other(text.to_owned()),
    }
}

/// Replaces a file by a text so that a reader, or a crash, meets the old text or the new one.
pub fn write_atomically(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(directory)?;
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("file");
    let beside = directory.join(format!(".{name}.new"));
    let mut file = fs::File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    fs::File::open(directory)?.sync_all()
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
            "# who\nINSTALLATION_UUID='abc'\nMANAGEMENT_INTERFACE='xenbr0'\nODD\n",
        )
        .unwrap();
        let mut inventory = Inventory::read(&path).unwrap();
        assert_eq!(inventory.get(MANAGEMENT_INTERFACE), Some("xenbr0"));
        inventory.set(MANAGEMENT_INTERFACE, "xapi2");
        inventory.set("CURRENT_INTERFACES", "");
        inventory.write().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let want = "# who\nINSTALLATION_UUID='abc'\nMANAGEMENT_INTERFACE='xapi2'\nODD\nCURRENT_INTERFACES=''\n";
        assert_eq!(text, want);
    }

    #[test]
    fn a_missing_inventory_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let inventory = Inventory::read(&dir.path().join("none")).unwrap();
        assert_eq!(inventory.get(MANAGEMENT_INTERFACE), None);
    }
}
