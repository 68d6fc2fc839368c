//! The programs that talked to this host, as they call themselves (wire-protocol facts, 12).

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// Programs that are remembered; further ones are not.
const MOST: usize = 128;
/// Of a program's name and version together, this much is looked at, in bytes.
const LONGEST: usize = 64;

/// Names of programs with the version that was seen last.
#[derive(Default)]
pub(crate) struct UserAgents(RwLock<BTreeMap<String, String>>);

impl UserAgents {
    /// Remembers what a client calls itself: `name/version`, and maybe more behind it.
    pub(crate) fn note(&self, header: &str) {
        let first = header.split_ascii_whitespace().next().unwrap_or_default();
        if first.is_empty() || first.len() > LONGEST {
            return;
        }
        let (name, version) = first.split_once('/').unwrap_or((first, ""));
        // Nearly every request comes from a program that is known.
        if self.read(|known| known.get(name).is_some_and(|seen| seen == version)) {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST || known.contains_key(name) {
            known.insert(name.to_owned(), version.to_owned());
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        self.read(BTreeMap::clone)
    }

    fn read<T>(&self, look: impl FnOnce(&BTreeMap<String, String>) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, UserAgents};

    #[test]
    fn a_program_is_known_by_its_name_and_its_newest_version() {
        let agents = UserAgents::default();
        for header in [
            "xo/1 (node 20)",
            "Python-xmlrpc/3.11",
            "xo/2",
            "bare",
            "",
            "  ",
        ] {
            agents.note(header);
        }
        let known = agents.all();
        let known: Vec<_> = known
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            known,
            [("Python-xmlrpc", "3.11"), ("bare", ""), ("xo", "2")]
        );
    }

    #[test]
    fn neither_long_names_nor_many_fill_the_memory() {
        let agents = UserAgents::default();
        agents.note(&"x".repeat(65));
        assert!(agents.all().is_empty());
        for number in 0..1000 {
            agents.note(&format!("program-{number}/1"));
        }
        assert_eq!(agents.all().len(), MOST);
        agents.note("program-0/2");
        assert_eq!(agents.all().get("program-0").map(String::as_str), Some("2"));
    }
}
