//! The configuration file and its defaults.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use xapi_model::Role;

use crate::limits::Limits;

/// Everything that the file may say; what it does not say has XAPI's value.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Names of links that are NICs although they have no device of their own, as patterns with `*`, `?` and `[…]`;
    /// a lab's are `eth[0-9]*`. Links with a device that is no virtual function are NICs in any case.
    pub nics: Vec<String>,
    /// What Open vSwitch forwards with: `auto` (the kernel module if there is one), `system` or `netdev`.
    pub datapath: Datapath,
    /// What is logged: a level, or directives as `xapi_net=debug,info`.
    pub log: String,
    /// Addresses for XenAPI without TLS.
    pub listen: Vec<SocketAddr>,
    /// Whether long answers are packed for clients that take gzip.
    pub gzip: bool,
    /// Addresses for XenAPI by TLS.
    pub listen_tls: Vec<SocketAddr>,
    /// Whose requests are answered that come without TLS.
    pub plain_http: PlainHttp,
    /// Seconds after which a network change that is not in force is undone.
    pub change_deadline: u64,
    /// Seconds within which those outside who answered before a change of the management network must answer again.
    pub proof_deadline: u64,
    /// Seconds that a password check may take.
    pub auth_deadline: u64,
    /// The PAM service that checks passwords.
    pub pam_service: String,
    /// What strangers may cost.
    pub limits: Limits,
    /// Users beside root who may log in, and their roles.
    pub users: BTreeMap<String, String>,
    /// Logins that may fail in a row, of one address and of one user.
    pub login_burst: u32,
    /// Failed logins a minute that one address and one user get back.
    pub logins_per_minute: u32,
    /// Octets after which a file of the audit log is put aside.
    pub audit_size: u64,
    /// Files of the audit log that are kept.
    pub audit_files: usize,
    /// NICs through which storage is reached by FCoE, and the SCSI identifiers of what is behind each.
    pub fcoe: BTreeMap<String, Vec<String>>,
    /// NICs through which the host boots: their PIFs do not allow to be unplugged.
    pub boot_nics: Vec<String>,
    /// NICs whose PIFs are not managed when they are found.
    pub unmanaged_nics: Vec<String>,
    /// What machines are run as.
    pub guests: Guests,
}

/// What machines are run as, and how long they may take.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Guests {
    /// What guests are made of.
    pub kind: GuestKind,
    /// The program that runs virtual machines; one without a slash is looked for in PATH.
    pub qemu: PathBuf,
    /// What carries out a virtual machine's instructions.
    pub accelerator: Accelerator,
    /// Seconds that a guest may take to shut down when it is asked to, to be suspended, and to resume.
    pub shutdown_deadline: u64,
    /// Seconds that a guest may take to let go of a NIC.
    pub unplug_deadline: u64,
}

impl Default for Guests {
    fn default() -> Guests {
        Guests {
            kind: GuestKind::None,
            qemu: PathBuf::from("qemu-system-x86_64"),
            accelerator: Accelerator::Tcg,
            shutdown_deadline: 1200,
            unplug_deadline: 30,
        }
    }
}

/// What guests are made of.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum GuestKind {
    /// There are none.
    None,
    /// Network namespaces.
    Namespace,
    /// Virtual machines in QEMU.
    Qemu,
}

/// What carries out a virtual machine's instructions.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Accelerator {
    /// QEMU itself.
    Tcg,
    /// The processor.
    Kvm,
}

/// What Open vSwitch forwards with.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Datapath {
    /// The kernel module if there is one, else user space.
    Auto,
    /// The kernel module.
    System,
    /// User space.
    Netdev,
}

/// Whose requests are answered that come without TLS.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum PlainHttp {
    /// Everybody's.
    Everywhere,
    /// Those of this host; others are told to use TLS.
    Loopback,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            nics: Vec::new(),
            datapath: Datapath::Auto,
            log: "info".to_owned(),
            listen: vec![SocketAddr::from(([0u16; 8], 80))],
            gzip: false,
            listen_tls: vec![SocketAddr::from(([0u16; 8], 443))],
            plain_http: PlainHttp::Everywhere,
            change_deadline: 30,
            proof_deadline: 20,
            auth_deadline: 20,
            pam_service: "xapi".to_owned(),
            limits: Limits::default(),
            users: BTreeMap::new(),
            login_burst: 10,
            logins_per_minute: 60,
            audit_size: 10 << 20,
            audit_files: 10,
            fcoe: BTreeMap::new(),
            boot_nics: Vec::new(),
            unmanaged_nics: Vec::new(),
            guests: Guests::default(),
        }
    }
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not say what it should.
    #[error("{path}: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A value is out of its range.
    #[error("{0}")]
    Range(String),
}

impl Settings {
    /// Reads the file; one that does not exist means defaults, unless it was asked for by name.
    pub fn read(path: &Path, asked_for: bool) -> Result<Settings, SettingsError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound && !asked_for => {
                return Ok(Settings::default());
            }
            Err(source) => {
                return Err(SettingsError::Read {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        Settings::parse(&text, path)
    }

    /// Reads the text of a file that has this name in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Settings, SettingsError> {
        let parsed: Result<Settings, _> = toml::from_str(text);
        let settings = parsed.map_err(|why| SettingsError::Parse {
            path: path.to_owned(),
            source: Box::new(why),
        })?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let range = |name: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(SettingsError::Range(format!(
                "{name} = {value}: it is not between {least} and {most}"
            )))
        };
        range("change_deadline", self.change_deadline, 1, 3600)?;
        range("proof_deadline", self.proof_deadline, 1, 600)?;
        range("auth_deadline", self.auth_deadline, 1, 600)?;
        let Guests {
            shutdown_deadline,
            unplug_deadline,
            ..
        } = self.guests;
        range("guests.shutdown_deadline", shutdown_deadline, 1, 86_400)?;
        range("guests.unplug_deadline", unplug_deadline, 1, 3600)?;
        let mut bounds = self.limits.bounds().into_iter();
        bounds.try_for_each(|(name, value, least, most)| {
            range(&format!("limits.{name}"), value, least, most)
        })?;
        range("login_burst", u64::from(self.login_burst), 1, 1_000_000)?;
        range(
            "logins_per_minute",
            u64::from(self.logins_per_minute),
            1,
            1_000_000,
        )?;
        range("audit_size", self.audit_size, 1, 1 << 40)?;
        range("audit_files", self.audit_files as u64, 1, 1000)?;
        self.roles().map(drop)
    }

    /// The users and what they may do.
    pub fn roles(&self) -> Result<BTreeMap<String, Role>, SettingsError> {
        let given = self.users.iter().map(|(user, name)| {
            let mut roles = Role::ALL.into_iter();
            let role = roles.find(|role| role.as_str() == name && *role != Role::ClientCert);
            match role {
                _ if user.is_empty() || user == "root" => Err(SettingsError::Range(format!(
                    "users: {user:?} cannot be given a role"
                ))),
                Some(role) => Ok((user.clone(), role)),
                None => Err(SettingsError::Range(format!(
                    "users: {user} = {name:?}: it is none of pool-admin, pool-operator, vm-power-admin, vm-admin, \
                     vm-operator, read-only"
                ))),
            }
        });
        given.collect()
    }

    /// The time after which a change is undone.
    pub fn change_within(&self) -> Duration {
        Duration::from_secs(self.change_deadline)
    }

    /// The time after which who has not answered again is missed.
    pub fn proof_within(&self) -> Duration {
        Duration::from_secs(self.proof_deadline)
    }

    /// The time after which a password counts as refused.
    pub fn auth_within(&self) -> Duration {
        Duration::from_secs(self.auth_deadline)
    }
}

#[cfg(test)]
mod tests {
    use xapi_model::Role;

    use super::{Datapath, GuestKind, Guests, PlainHttp, Settings};
    use crate::limits::Limits;

    fn read(text: &str) -> Result<Settings, String> {
        let path =
            std::env::temp_dir().join(format!("xapi-settings-{}-{:p}", std::process::id(), text));
        std::fs::write(&path, text).unwrap();
        let settings = Settings::read(&path, true).map_err(|why| why.to_string());
        std::fs::remove_file(&path).unwrap();
        settings
    }

    #[test]
    fn a_file_changes_only_what_it_names() {
        let settings = read("nics = [\"eth[0-9]*\"]\ndatapath = \"netdev\"\n").unwrap();
        assert_eq!(settings.nics, ["eth[0-9]*"]);
        assert_eq!(settings.datapath, Datapath::Netdev);
        assert_eq!(settings.limits, Limits::default());
        assert_eq!(settings.plain_http, PlainHttp::Everywhere);
        let settings = read("gzip = true\n[limits]\nbody = 5000\nidle_time = 7\n").unwrap();
        let changed = Limits {
            body: 5000,
            idle_time: 7,
            ..Limits::default()
        };
        assert_eq!((settings.gzip, &settings.limits), (true, &changed));
        let config = settings.limits.config();
        assert_eq!(
            (config.limits.body, config.idle_timeout.as_secs()),
            (5000, 7)
        );
        assert_eq!(config.limits.text, 256 * 1024);
        let settings = read("listen_tls = []\nplain_http = \"loopback\"\n").unwrap();
        assert!(settings.listen_tls.is_empty() && settings.listen.len() == 1);
        assert_eq!(settings.plain_http, PlainHttp::Loopback);
    }

    #[test]
    fn each_limit_is_kept_between_its_least_and_its_most() {
        for (name, default, least, most) in Limits::default().bounds() {
            let file = |value: u64| read(&format!("[limits]\n{name} = {value}\n"));
            for good in [least, default, most] {
                let settings = file(good).unwrap();
                let (_, read, ..) = settings
                    .limits
                    .bounds()
                    .into_iter()
                    .find(|b| b.0 == name)
                    .unwrap();
                assert_eq!(read, good, "{name}");
            }
            let told = file(most + 1).unwrap_err();
            assert!(
                told.contains(&format!("limits.{name} = {}", most + 1)),
                "{told}"
            );
            if least > 0 {
                assert!(
                    file(least - 1)
                        .unwrap_err()
                        .contains(&format!("limits.{name}"))
                );
            }
        }
        assert!(
            read("[limits]\nbodies = 1\n")
                .unwrap_err()
                .contains("bodies")
        );
    }

    #[test]
    fn the_manual_names_every_limit_with_its_default_and_its_range() {
        let manual = include_str!("../../../docs/operating.md");
        for (name, default, least, most) in Limits::default().bounds() {
            let row = format!("| `{name}` | `{default}` | {least} to {most} |");
            assert!(manual.contains(&row), "{row}");
        }
    }

    #[test]
    fn a_user_has_one_of_the_roles() {
        let settings = read("login_burst = 3\n[users]\nalice = \"vm-admin\"\n").unwrap();
        assert_eq!(settings.roles().unwrap()["alice"], Role::VmAdmin);
        for (line, told) in [
            ("bob = \"admin\"", "users: bob = \"admin\""),
            ("bob = \"client-cert\"", "users: bob = \"client-cert\""),
            ("root = \"read-only\"", "users: \"root\""),
        ] {
            let error = read(&format!("[users]\n{line}\n")).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn guests_are_of_one_kind_and_there_are_none_by_default() {
        assert_eq!(read("").unwrap().guests.kind, GuestKind::None);
        let settings = read("[guests]\nkind = \"qemu\"\nunplug_deadline = 5\n").unwrap();
        let expected = Guests {
            kind: GuestKind::Qemu,
            unplug_deadline: 5,
            ..Guests::default()
        };
        assert_eq!(settings.guests, expected);
        for (line, told) in [
            ("kind = \"xen\"", "unknown variant `xen`"),
            ("unplug_deadline = 0", "guests.unplug_deadline = 0"),
            ("kinds = 1", "unknown field `kinds`"),
        ] {
            let error = read(&format!("[guests]\n{line}\n")).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_file_with_a_mistake_is_refused_and_says_where() {
        assert!(
            read("nic = []\n")
                .unwrap_err()
                .contains("unknown field `nic`")
        );
        assert!(
            read("datapath = \"fast\"\n")
                .unwrap_err()
                .contains("line 1")
        );
        assert!(
            read("change_deadline = 0\n")
                .unwrap_err()
                .contains("change_deadline = 0")
        );
    }
}
