//! The configuration file and its defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

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
    /// Addresses for XenAPI by TLS.
    pub listen_tls: Vec<SocketAddr>,
    /// Whose requests are answered that come without TLS.
    pub plain_http: PlainHttp,
    /// Largest request that is read, in octets.
    pub max_body: usize,
    /// Seconds after which a network change that is not in force is undone.
    pub change_deadline: u64,
    /// Seconds that a password check may take.
    pub auth_deadline: u64,
    /// The PAM service that checks passwords.
    pub pam_service: String,
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
            listen_tls: vec![SocketAddr::from(([0u16; 8], 443))],
            plain_http: PlainHttp::Everywhere,
            max_body: 300 * 1024,
            change_deadline: 30,
            auth_deadline: 20,
            pam_service: "xapi".to_owned(),
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
        let parsed: Result<Settings, _> = toml::from_str(&text);
        let settings = parsed.map_err(|why| SettingsError::Parse {
            path: path.to_owned(),
            source: Box::new(why),
        })?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let range = |name: &str, value: u64, most: u64| match (1..=most).contains(&value) {
            true => Ok(()),
            false => Err(SettingsError::Range(format!(
                "{name} = {value}: it is not between 1 and {most}"
            ))),
        };
        range("change_deadline", self.change_deadline, 3600)?;
        range("auth_deadline", self.auth_deadline, 600)?;
        range("max_body", self.max_body as u64, 1 << 30)
    }

    /// The time after which a change is undone.
    pub fn change_within(&self) -> Duration {
        Duration::from_secs(self.change_deadline)
    }

    /// The time after which a password counts as refused.
    pub fn auth_within(&self) -> Duration {
        Duration::from_secs(self.auth_deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::{Datapath, PlainHttp, Settings};

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
        assert_eq!(settings.max_body, 300 * 1024);
        assert_eq!(settings.plain_http, PlainHttp::Everywhere);
        let settings = read("listen_tls = []\nplain_http = \"loopback\"\n").unwrap();
        assert!(settings.listen_tls.is_empty() && settings.listen.len() == 1);
        assert_eq!(settings.plain_http, PlainHttp::Loopback);
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
