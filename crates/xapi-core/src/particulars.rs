//! What a host tells of itself beside the facts of its network: what its files and its configuration say. The master
//! reads its own; a slave's came over the link.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xapi_conf::inventory::{self, Inventory};
use xapi_model::{Host, Ref, errors};

use crate::context::Core;
use crate::guests::Kind;
use crate::{Config, Result, software};

/// The particulars of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Particulars {
    /// Bridge of the management interface, as the inventory names it; empty if it names none.
    pub management: String,
    /// Address family of management, as the inventory names it.
    pub family: String,
    /// What it calls itself.
    pub hostname: String,
    /// `host.software_version`.
    pub software: BTreeMap<String, String>,
    /// See [`Config::fcoe`].
    pub fcoe: BTreeMap<String, Vec<String>>,
    /// See [`Config::boot_nics`].
    pub boot_nics: Vec<String>,
    /// See [`Config::unmanaged_nics`].
    pub unmanaged_nics: Vec<String>,
    /// What its guests are made of.
    #[serde(default)]
    pub guests: Kind,
}

impl Particulars {
    /// Those of the host that this daemon runs on, with guests of a kind.
    pub fn here(config: &Config, hostname: String, guests: Kind) -> Result<Particulars> {
        let path = config.inventory();
        let read = Inventory::read(&path)
            .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))?;
        let key = |key| read.get(key).unwrap_or_default().to_owned();
        Ok(Particulars {
            management: key(inventory::MANAGEMENT_INTERFACE),
            family: key(inventory::MANAGEMENT_ADDRESS_TYPE),
            hostname,
            software: software::version(&read),
            fcoe: config.fcoe.clone(),
            boot_nics: config.boot_nics.clone(),
            unmanaged_nics: config.unmanaged_nics.clone(),
            guests,
        })
    }
}

impl Core {
    /// What a host tells of itself; HOST_OFFLINE if it is another one that is not linked.
    pub(crate) fn particulars(&self, host: &Ref<Host>) -> Result<Particulars> {
        if *host != self.localhost()? {
            return self.pool.particulars(host);
        }
        let hostname = self.agent.hostname().map_err(errors::internal_error)?;
        Particulars::here(&self.config, hostname, self.kind_of_guests())
    }
}
