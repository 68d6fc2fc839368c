//! What is there before a reset. Whatever is broken is told and passed over: a reset is for broken hosts.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use xapi_conf::inventory::{self, Inventory, MANAGEMENT_INTERFACE};
use xapi_conf::management;
use xapi_conf::management_conf::{self, ManagementConf};
use xapi_conf::pool_conf::{self, PoolRole};
use xapi_net::kernel::{Kernel, KernelError};
use xapi_net::local::Config;
use xapi_net::topology::{Mac, Name};

use crate::settings;

/// A host that is to be reset.
#[derive(Debug)]
pub struct Host {
    pub(crate) root: PathBuf,
    pub(crate) network: Config,
    nics: Vec<Nic>,
    role: Option<PoolRole>,
    installed: ManagementConf,
    management_bridge: Option<String>,
    notes: Vec<String>,
}

/// A NIC that the kernel has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nic {
    /// Its name.
    pub name: Name,
    /// The Ethernet address that its maker gave it.
    pub mac: Mac,
    /// Whether its other end is there; one that is switched off doesn't tell.
    pub carrier: Option<bool>,
    /// Its driver, if it has one.
    pub driver: Option<String>,
}

impl fmt::Display for Nic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let carrier = match self.carrier {
            Some(true) => "carrier",
            Some(false) => "no carrier",
            None => "switched off",
        };
        write!(out, "{:<15} {}  {carrier}", self.name.as_str(), self.mac)?;
        match &self.driver {
            Some(driver) => write!(out, ", {driver}"),
            None => Ok(()),
        }
    }
}

impl Host {
    /// Looks at the host: files below `root`, the kernel's NICs. Only a kernel that does not answer is an error.
    pub fn look(root: &Path) -> Result<Host, KernelError> {
        let mut notes = Vec::new();
        let network = settings::network(root, &mut notes);
        let nics = nics(&network)?;
        Ok(Host::with(root, network, nics, notes))
    }

    /// The host with files below `root` and these NICs, for tests on simulated hosts.
    pub fn with_nics(root: &Path, nics: Vec<Nic>) -> Host {
        let mut notes = Vec::new();
        let network = settings::network(root, &mut notes);
        Host::with(root, network, nics, notes)
    }

    fn with(root: &Path, network: Config, nics: Vec<Nic>, mut notes: Vec<String>) -> Host {
        let below = |path: &str| root.join(path.trim_start_matches('/'));
        let path = below(pool_conf::PATH);
        let role = PoolRole::read(&path).unwrap_or_else(|why| {
            notes.push(format!("{} {why}", path.display()));
            None
        });
        let path = below(management_conf::PATH);
        let installed = ManagementConf::read(&path).unwrap_or_else(|why| {
            notes.push(format!("{}: {why}", path.display()));
            ManagementConf::default()
        });
        let path = below(inventory::PATH);
        let inventory = Inventory::read(&path).unwrap_or_else(|why| {
            notes.push(format!("{}: {why}", path.display()));
            Inventory::empty(&path)
        });
        let bridge = inventory.get(MANAGEMENT_INTERFACE);
        Host {
            root: root.to_owned(),
            network,
            nics,
            role,
            installed,
            management_bridge: bridge.filter(|it| !it.is_empty()).map(str::to_owned),
            notes,
        }
    }

    /// The NICs that there are, `eth10` after `eth9`.
    pub fn nics(&self) -> &[Nic] {
        &self.nics
    }

    /// The NIC of a name.
    pub fn nic(&self, name: &str) -> Option<&Nic> {
        self.nics.iter().find(|nic| nic.name.as_str() == name)
    }

    /// What this host is in its pool; `None` if nothing tells, as on a host of its own.
    pub fn role(&self) -> Option<&PoolRole> {
        self.role.as_ref()
    }

    /// The NIC that carried management by the installer's file, else by the bridge that the inventory names. It need not
    /// be there.
    pub fn default_device(&self) -> Option<String> {
        self.installed.device().or_else(|| self.device_of_bridge())
    }

    /// Whether [`Host::default_device`] is by the installer's file.
    pub fn is_device_installed(&self) -> bool {
        self.installed.device().is_some()
    }

    /// The VLAN that carried management by the installer's file.
    pub fn default_vlan(&self) -> Option<u16> {
        self.installed.vlan()
    }

    /// What was broken and is passed over, in sentences.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    fn device_of_bridge(&self) -> Option<String> {
        let bridge = self.management_bridge.as_deref()?;
        let nics = self.nics.iter().map(|nic| nic.name.as_str());
        let mut found: BTreeSet<&str> = nics
            .filter(|nic| management::bridge_of(nic) == bridge)
            .collect();
        // Two NICs with long names could have one bridge's.
        match (found.pop_first(), found.is_empty()) {
            (Some(nic), true) => Some(nic.to_owned()),
            _ => None,
        }
    }
}

fn nics(network: &Config) -> Result<Vec<Nic>, KernelError> {
    let found = Kernel::open()?.nics(&network.nics)?;
    let known = found.into_iter().filter_map(|nic| {
        let name = Name::new(&nic.name).ok()?;
        (!name.is_guests_end()).then_some(Nic {
            name,
            mac: Mac(nic.mac.0),
            carrier: nic.up.then_some(nic.carrier),
            driver: nic.driver,
        })
    });
    Ok(known.collect())
}
