//! /etc/resolv.conf, written whole and at once.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::{Cause, KernelError};

/// The first line of a file that is ours.
pub const HEADER: &str =
    "# Written by xapi from the host's DNS configuration. Changes made here do not last.\n";
const FILE: &str = "etc/resolv.conf";
/// What is read of a file that somebody else wrote.
const AT_MOST: u64 = 64 * 1024;
const DOMAIN_AT_MOST: usize = 253;

/// Whom to ask for names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolver {
    /// The servers, first one first.
    pub servers: Vec<IpAddr>,
    /// Domains to look short names up in.
    pub search: Vec<String>,
}

impl Resolver {
    /// What the file under `root` says, whoever wrote it; nothing if there is none.
    pub fn read(root: &Path) -> Result<Resolver, KernelError> {
        Ok(Resolver::parse(&text_of(&root.join(FILE))?))
    }

    /// Whether the file under `root` is of our writing.
    pub fn is_ours(root: &Path) -> Result<bool, KernelError> {
        Ok(text_of(&root.join(FILE))?.starts_with(HEADER))
    }

    /// Writes the file under `root`. Whoever reads it meanwhile sees the old one or the new one.
    /// A symbolic link to another service's file gives way to ours.
    pub fn write(&self, root: &Path) -> Result<(), KernelError> {
        let path = root.join(FILE);
        let doing = || format!("writing {}", path.display());
        if let Some(domain) = self.search.iter().find(|domain| !is_domain(domain)) {
            let domain: String = domain.chars().take(64).collect();
            return Err(Cause::Nonsense(format!("{domain:?} is no domain name")).doing(doing()));
        }
        write_at_once(&path, &self.text()).map_err(|error| Cause::from(error).doing(doing()))
    }

    /// The text of the file, our header first.
    pub fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        if !self.search.is_empty() {
            text += &format!("search {}\n", self.search.join(" "));
        }
        for server in &self.servers {
            text += &format!("nameserver {server}\n");
        }
        text
    }

    /// What the text of such a file says.
    pub fn parse(text: &str) -> Resolver {
        let mut resolver = Resolver::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                // A scoped address (fe80::1%eth0) is for the C library, not for us.
                Some("nameserver") => resolver
                    .servers
                    .extend(words.next().and_then(|word| word.parse::<IpAddr>().ok())),
                // The last line counts, as in the C library.
                Some("search" | "domain") => resolver.search = words.map(str::to_owned).collect(),
                _ => {}
            }
        }
        resolver
    }
}

/// The text of the file under `root`, whoever wrote it; none if there is no file.
pub fn read_text(root: &Path) -> Result<Option<String>, KernelError> {
    let path = root.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    text_of(&path).map(Some)
}

/// Writes a whole file under `root`, or removes it.
pub fn write_text(root: &Path, text: Option<&str>) -> Result<(), KernelError> {
    let path = root.join(FILE);
    let written = match text {
        Some(text) => write_at_once(&path, text),
        None => fs::remove_file(&path),
    };
    written.map_err(|error| Cause::from(error).doing(format!("writing {}", path.display())))
}

/// Whether this may stand in the file: what comes from a DHCP server must not break out of its
/// line.
pub fn is_domain(text: &str) -> bool {
    let permitted = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    !text.is_empty() && text.len() <= DOMAIN_AT_MOST && text.chars().all(permitted)
}

fn text_of(path: &Path) -> Result<String, KernelError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(AT_MOST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Cause::from(error).doing(format!("reading {}", path.display()))),
    }
}

/// Puts a whole file in the place of another: a new one beside it, synced, renamed over it.
pub(crate) fn write_at_once(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let beside = beside(path);
    let written = (|| {
        let mut file = File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        match fs::rename(&beside, path) {
            // A file that something is mounted on can't be replaced, only filled (containers and
            // `ip netns exec` mount resolv.conf).
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                fs::write(path, text)?;
                fs::remove_file(&beside)
            }
            renamed => renamed,
        }
    })();
    if written.is_err()
        && let Err(error) = fs::remove_file(&beside)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!("{} stays behind: {error}", beside.display());
    }
    written?;
    File::open(folder)?.sync_all()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".xapi-new");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Resolver {
        Resolver {
            servers: vec!["172.16.0.1".parse().unwrap(), "fd00::1".parse().unwrap()],
            search: vec!["example.org".into(), "lab.example.org".into()],
        }
    }

    #[test]
    fn what_was_written_is_read_back_and_known_as_ours() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Resolver::read(root.path()).unwrap(), Resolver::default());
        assert!(!Resolver::is_ours(root.path()).unwrap());
        example().write(root.path()).unwrap();
        assert_eq!(Resolver::read(root.path()).unwrap(), example());
        assert!(Resolver::is_ours(root.path()).unwrap());
        let text = fs::read_to_string(root.path().join(FILE)).unwrap();
        assert_eq!(
            &text[HEADER.len()..],
            "search example.org lab.example.org\nnameserver 172.16.0.1\nnameserver fd00::1\n"
        );
        let names: Vec<_> = fs::read_dir(root.path().join("etc"))
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(names, ["resolv.conf"], "nothing else may stay behind");
    }

    #[test]
    fn another_services_link_gives_way_and_its_file_stays_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        let stub = root.path().join("stub");
        fs::write(&stub, "nameserver 127.0.0.53\n").unwrap();
        std::os::unix::fs::symlink(&stub, root.path().join(FILE)).unwrap();
        example().write(root.path()).unwrap();
        assert_eq!(
            fs::read_to_string(&stub).unwrap(),
            "nameserver 127.0.0.53\n"
        );
        assert!(Resolver::is_ours(root.path()).unwrap());
    }

    #[test]
    fn a_domain_that_would_break_out_of_its_line_is_refused() {
        let root = tempfile::tempdir().unwrap();
        for domain in [
            "a\nnameserver 6.6.6.6",
            "",
            "a b",
            "a;b",
            "ä",
            &"x".repeat(254),
        ] {
            let resolver = Resolver {
                search: vec![domain.to_owned()],
                ..Resolver::default()
            };
            assert!(
                resolver.write(root.path()).is_err(),
                "{domain:?} was written"
            );
        }
        assert!(!root.path().join(FILE).exists());
    }

    #[test]
    fn other_peoples_files_are_read_as_far_as_they_make_sense() {
        let text = "; c\ndomain a\nsearch b c\nnameserver\nnameserver x\nnameserver 10.0.0.1 junk\noptions rotate\n";
        let resolver = Resolver::parse(text);
        assert_eq!(resolver.search, ["b", "c"]);
        assert_eq!(resolver.servers, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
    }
}
