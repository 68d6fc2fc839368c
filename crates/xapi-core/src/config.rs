//! What the daemon is told from outside: where its files are, and who it says it is.

use std::path::{Path, PathBuf};

/// Settings of the toolstack, apart from those of its listeners.
#[derive(Clone, Debug)]
pub struct Config {
    /// All paths below stand under this directory; `/` on a real host.
    pub root: PathBuf,
    /// A network change that is not in force after this time is undone.
    pub change_deadline: std::time::Duration,
    /// How long a password check may take before it counts as refused.
    pub auth_deadline: std::time::Duration,
    /// A plugin that has not ended after this time is ended.
    pub plugin_deadline: std::time::Duration,
    /// Name of the PAM service.
    pub pam_service: String,
    /// Tasks of `Async.` calls that may run at the same time.
    pub async_workers: usize,
    /// Calls that may wait for events at the same time.
    pub waiting: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            root: PathBuf::from("/"),
            change_deadline: std::time::Duration::from_secs(30),
            auth_deadline: std::time::Duration::from_secs(20),
            plugin_deadline: std::time::Duration::from_secs(600),
            pam_service: "xapi".to_owned(),
            async_workers: 16,
            waiting: 4096,
        }
    }
}

impl Config {
    /// A path of XAPI's standard layout under the root.
    pub fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(Path::new(absolute.trim_start_matches('/')))
    }

    /// The inventory: who this host is, and which bridge carries its management.
    pub fn inventory(&self) -> PathBuf {
        self.path("/etc/xensource-inventory")
    }

    /// Whether this host is the master of its pool.
    pub fn pool_conf(&self) -> PathBuf {
        self.path("/etc/xensource/pool.conf")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.path("/var/lib/xcp/xapi.db")
    }

    /// Exists from the first start after the machine's boot until its end.
    pub fn boot_marker(&self) -> PathBuf {
        self.path("/run/xapi/started-since-boot")
    }
}
