//! A host's bonds, VLANs and tunnels become like those of its pool's master, by the positions of its NICs (API facts, 3.2).
//!
//! A NIC's position is its network: NICs of one position are on one network on all hosts of a pool. All is done in one
//! draft, with the code of the calls, and doing it again changes nothing. What cannot be done is left as it is and told;
//! no address, no management interface and no VIF is ever lost. What counts as the pool's and what stays a host's own is in
//! docs/decisions/inheriting.md.

mod bonds;
mod tunnels;
mod vlans;

use std::collections::BTreeMap;

use xapi_db::{Draft, Read};
use xapi_model::{ApiError, Bond, Host, Network, Pif, Pool, Ref, Vif};

use crate::alert::tell;
use crate::context::Core;
use crate::ops::network::pif_on;
use crate::topology::pifs_of;
use crate::{Config, Result, repair};

/// The name of the alerts about what could not be taken over.
pub const ALERT: &str = "POOL_NETWORK_NOT_INHERITED";

/// Keys of `other_config`, of a host or of the pool, that keep a host from taking over a kind of object while their value
/// is [`NO_SYNC`]. XAPI knows the second, of a host alone.
const SYNC: [&str; 3] = ["sync_bonds", "sync_vlans", "sync_tunnels"];
const NO_SYNC: &str = "nosync";

/// Of long lists a text names so many.
const NAMED: usize = 10;

/// What taking over did.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// What was changed, a line each.
    pub steps: Vec<String>,
    /// What could not be done, or only in part: to be told as alerts about the host, by the name [`ALERT`].
    pub alerts: Vec<String>,
    /// What a repair before had to drop, to be told as NETWORK_CONFIGURATION_DROPPED.
    pub dropped: Vec<String>,
    /// The VIFs that got another network.
    pub vifs: Vec<Ref<Vif>>,
}

/// Makes the rows of a host like those of its pool's master. On the master itself only the rules about the members of
/// bonds are made true again.
pub fn inherit(draft: &Draft, config: &Config, host: &Ref<Host>) -> Result<Inherited> {
    let repaired = repair::of_host(draft, host, None)?;
    let mut said = Inherited {
        dropped: repaired.dropped,
        vifs: repaired.vifs,
        ..Inherited::default()
    };
    let Some((_, pool)) = draft.all::<Pool>()?.into_iter().next() else {
        return Ok(said);
    };
    if pool.master == *host || !draft.exists(&pool.master)? {
        return Ok(said);
    }
    let of_host = draft.field(host, Host::OTHER_CONFIG)?;
    let syncs = |key: &str| {
        let mut said = [&of_host, &pool.other_config].into_iter();
        !said.any(|map| map.get(key).is_some_and(|value| value == NO_SYNC))
    };
    let mut masters = pifs_of(draft, &pool.master)?;
    masters.sort_by_cached_key(|(_, pif)| (pif.device.len(), pif.device.clone(), pif.vlan));
    let mut inheriting = Inheriting {
        draft,
        config,
        host,
        master: &pool.master,
        masters: &masters,
        said: std::mem::take(&mut said),
    };
    let [bonds, vlans, tunnels] = SYNC.map(syncs);
    // Before the bonds, for a network that the master uses for another thing now has to be free.
    if tunnels {
        inheriting.forget_tunnels(false)?;
    }
    if vlans {
        inheriting.forget_vlans(false)?;
    }
    if bonds {
        inheriting.bonds()?;
    }
    // What went to a NIC with its bond can be compared only now.
    if vlans {
        inheriting.forget_vlans(true)?;
        inheriting.vlans()?;
    }
    if tunnels {
        inheriting.forget_tunnels(true)?;
        inheriting.tunnels()?;
    }
    let mut said = inheriting.said;
    said.vifs.sort();
    said.vifs.dedup();
    said.alerts.sort();
    Ok(said)
}

/// The same, and what could not be done is told as alerts about the host.
pub(crate) fn inherit_and_tell(core: &Core, draft: &Draft, host: &Ref<Host>) -> Result<Inherited> {
    let said = inherit(draft, &core.config, host)?;
    for text in &said.alerts {
        tell(core, draft, host, ALERT, text)?;
    }
    for text in &said.dropped {
        tell(core, draft, host, "NETWORK_CONFIGURATION_DROPPED", text)?;
    }
    Ok(said)
}

/// The taking over of one host.
struct Inheriting<'a> {
    draft: &'a Draft,
    config: &'a Config,
    host: &'a Ref<Host>,
    master: &'a Ref<Host>,
    /// The PIFs of the master, in the order of their devices. Nothing changes them here.
    masters: &'a [(Ref<Pif>, Pif)],
    said: Inherited,
}

impl Inheriting<'_> {
    /// The PIFs of this host.
    fn mine(&self) -> Result<Vec<(Ref<Pif>, Pif)>> {
        pifs_of(self.draft, self.host)
    }

    /// Whether the master has a PIF on a network.
    fn master_is_on(&self, network: &Ref<Network>) -> Result<bool> {
        Ok(pif_on(self.draft, network, self.master)?.is_some())
    }

    /// What stands for a network on this host: its PIF there, or the bond that this is a member of.
    fn standing_for(&self, network: &Ref<Network>) -> Result<Option<Ref<Pif>>> {
        let Some(pif) = pif_on(self.draft, network, self.host)? else {
            return Ok(None);
        };
        let bond = self.draft.field(&pif, Pif::BOND_SLAVE_OF)?;
        match bond.is_null() {
            true => Ok(Some(pif)),
            false => self.draft.field(&bond, Bond::MASTER).map(Some),
        }
    }

    /// The name of a network, for people: its label, or its bridge.
    fn named(&self, network: &Ref<Network>) -> Result<String> {
        let label = self.draft.field(network, Network::NAME_LABEL)?;
        match label.is_empty() {
            true => self.draft.field(network, Network::BRIDGE),
            false => Ok(label),
        }
    }

    /// An error in words that are the same the next time: devices in place of references, which a draft makes anew.
    fn reason(&self, why: &ApiError) -> Result<String> {
        if let ("PIF_CONFIGURATION_ERROR", [_, text]) = (why.code.as_str(), &*why.params) {
            return Ok(text.clone());
        }
        let mut words = vec![why.code.clone()];
        for param in &why.params {
            let pif = Ref::<Pif>::new(param.clone());
            if self.draft.exists(&pif)? {
                words.push(self.draft.field(&pif, Pif::DEVICE)?);
            } else if !param.starts_with("OpaqueRef:") {
                words.push(param.clone());
            }
        }
        Ok(words.join(" "))
    }

    fn step(&mut self, text: String) {
        self.said.steps.push(text);
    }

    fn alert(&mut self, text: String) {
        if !self.said.alerts.contains(&text) {
            self.said.alerts.push(text);
        }
    }

    /// Tells in one alert for each network what is missing there.
    fn missing(
        &mut self,
        what: &str,
        by_network: BTreeMap<Ref<Network>, Vec<String>>,
    ) -> Result<()> {
        for (network, mut names) in by_network {
            let more = names.len().saturating_sub(NAMED);
            names.truncate(NAMED);
            let mut list = names.join(", ");
            if more > 0 {
                list.push_str(&format!(" and {more} more"));
            }
            let network = self.named(&network)?;
            self.alert(format!(
                "this host has no NIC on {network} for {what} {list}"
            ));
        }
        Ok(())
    }
}
