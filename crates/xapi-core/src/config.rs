//! What the daemon is told from outside: where its files are, and who it says it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use xapi_model::Role;

/// Settings of the toolstack, apart from those of its listeners.
#[derive(Clone, Debug)]
pub struct Config {
    /// All paths below stand under this directory; `/` on a real host.
    pub root: PathBuf,
    /// A network change that is not in force after this time is undone. A large host has more
    /// ([`xapi_net::agent::Request::in_all`]).
    pub change_deadline: std::time::Duration,
    /// After a change on the path of management, those outside who answered before have this long to answer again; then it
    /// is undone. Longer than LACP and spanning trees take to let packets through.
    pub proof_within: std::time::Duration,
    /// How long another host may be out of reach in the middle of a change of its network, to come back by another address.
    pub away_within: std::time::Duration,
    /// How long a slave that has made a change waits for its master to be there again, before it goes back. Shorter than
    /// [`Config::away_within`], so that the master learns of that.
    pub go_back_within: std::time::Duration,
    /// The port of every host's XenAPI.
    pub port: u16,
    /// How long a password check may take before it counts as refused.
    pub auth_deadline: std::time::Duration,
    /// How long a guest may take to shut down when it is asked to, to be suspended, and to resume.
    pub shutdown_deadline: std::time::Duration,
    /// How long a guest may take to let go of a NIC.
    pub unplug_deadline: std::time::Duration,
    /// A plugin that has not ended after this time is ended.
    pub plugin_deadline: std::time::Duration,
    /// Name of the PAM service.
    pub pam_service: String,
    /// The users beside root who may log in, and what they may do.
    pub users: BTreeMap<String, Role>,
    /// Logins that may fail in a row, of one address and of one user.
    pub login_burst: u32,
    /// Failed logins a minute that one address and one user get back.
    pub logins_per_minute: u32,
    /// Octets after which a file of the audit log is put aside.
    pub audit_size: u64,
    /// Files of the audit log that are kept, with the one that is written.
    pub audit_files: usize,
    /// Tasks of `Async.` calls that may run at the same time.
    pub async_workers: usize,
    /// Calls that may wait for events at the same time; a quarter of them may be of one user who is not the superuser.
    pub waiting: usize,
    /// NICs through which storage is reached by FCoE, and the SCSI identifiers of what is behind each; none means that
    /// anything may be.
    pub fcoe: BTreeMap<String, Vec<String>>,
    /// NICs through which the host boots: their PIFs do not allow to be unplugged.
    pub boot_nics: Vec<String>,
    /// NICs whose PIFs are not managed when a scan finds them.
    pub unmanaged_nics: Vec<String>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            root: PathBuf::from("/"),
            change_deadline: std::time::Duration::from_secs(30),
            proof_within: std::time::Duration::from_secs(20),
            away_within: std::time::Duration::from_secs(30),
            go_back_within: std::time::Duration::from_secs(20),
            port: 443,
            auth_deadline: std::time::Duration::from_secs(20),
            shutdown_deadline: std::time::Duration::from_secs(1200),
            unplug_deadline: std::time::Duration::from_secs(30),
            plugin_deadline: std::time::Duration::from_secs(600),
            pam_service: "xapi".to_owned(),
            users: BTreeMap::new(),
            login_burst: 10,
            logins_per_minute: 60,
            audit_size: 10 << 20,
            audit_files: 10,
            async_workers: 16,
            waiting: 2500,
            fcoe: BTreeMap::new(),
            boot_nics: Vec::new(),
            unmanaged_nics: Vec::new(),
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
        self.path(xapi_conf::inventory::PATH)
    }

    /// Whether this host is the master of its pool.
    pub fn pool_conf(&self) -> PathBuf {
        self.path(xapi_conf::pool_conf::PATH)
    }

    /// The pool's secret, by which its hosts know each other.
    pub fn pool_token(&self) -> PathBuf {
        self.path("/etc/xensource/ptoken")
    }

    /// The UUID of the pool that this host has joined, until its database is that pool's.
    pub fn joined_pool(&self) -> PathBuf {
        self.path("/var/lib/xcp/joined-pool")
    }

    /// What a master has kept aside that has stepped down, until its operator is told.
    pub fn stepped_down(&self) -> PathBuf {
        self.path("/var/lib/xcp/stepped-down")
    }

    /// That this host is about to leave its pool, and what is to become of its network. It counts once pool.conf says master.
    pub fn leaving(&self) -> PathBuf {
        self.path("/var/lib/xcp/leaving")
    }

    /// The bridge to which management was moved on a slave without its master, until a master has heard of it.
    pub fn moved_management(&self) -> PathBuf {
        self.path("/var/lib/xcp/management-moved")
    }

    /// Who changed what.
    pub fn audit_log(&self) -> PathBuf {
        self.path("/var/log/audit.log")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.path("/var/lib/xcp/xapi.db")
    }

    /// The last topology that was committed.
    pub fn last_topology(&self) -> PathBuf {
        self.path("/var/lib/xcp/last-topology.json")
    }

    /// Exists while the daemon runs without its database; says why.
    pub fn emergency_marker(&self) -> PathBuf {
        self.path("/run/xapi/emergency")
    }

    /// Where a line is written that somebody at the machine must see.
    pub fn console(&self) -> PathBuf {
        self.path("/dev/console")
    }

    /// Exists from the first start after the machine's boot until its end.
    pub fn boot_marker(&self) -> PathBuf {
        self.path("/run/xapi/started-since-boot")
    }
}
