//! What a reset may leave where it is: bonds and VLANs that have nothing to do with management, and whose rows and NICs are
//! as they should be. Whatever is in doubt goes, and is named.

use std::collections::{BTreeMap, BTreeSet};

use xapi_conf::management::{Ipv4, Ipv6, Management};
use xapi_conf::trigger::Keep;
use xapi_db::{Draft, Read};
use xapi_model::{Bond, Class, Host, IpConfigurationMode, Network, Pif, PifMetrics, Ref, Vlan};
use xapi_net::facts::Facts;
use xapi_net::topology::Name;

use super::rows::Stay;
use super::wanted::network_of_vlan;
use crate::Result;
use crate::ops::pif::bridge_of;
use crate::topology::{cidr, pif_of_device};

/// What stays, and what is to be put under it.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The rows that stay.
    pub stay: Stay,
    /// VLANs whose PIF below goes, and the device of the one that takes its place.
    pub onto: BTreeMap<Ref<Vlan>, String>,
    /// What does not stay although that was asked for, and why.
    pub gone: Vec<String>,
}

/// Decides what stays.
pub(crate) fn choose(
    draft: &Draft,
    host: &Ref<Host>,
    facts: &Facts,
    wanted: &Management,
    keep: Keep,
) -> Result<Kept> {
    let of_management = match wanted.vlan {
        Some(tag) => network_of_vlan(draft, &wanted.device, tag)?,
        None => None,
    };
    let mut choosing = Choosing {
        draft,
        host,
        facts,
        wanted,
        networks: of_management.into_iter().collect(),
        tags: BTreeSet::new(),
        kept: Kept::default(),
    };
    if keep.bonds {
        choosing.each(Bond::DESC.name, draft.refs(Bond::DESC)?, Choosing::bond);
    }
    if keep.vlans {
        choosing.each(Vlan::DESC.name, draft.refs(Vlan::DESC)?, Choosing::vlan);
    }
    Ok(choosing.kept)
}

/// Puts the new PIFs of NICs under the VLANs that stayed.
pub(crate) fn put_under(draft: &Draft, host: &Ref<Host>, kept: &Kept) -> Result<()> {
    for (vlan, device) in &kept.onto {
        let Some(pif) = pif_of_device(draft, host, device)? else {
            // It was there when this was decided, and the NICs are those of the same look.
            return Err(xapi_model::errors::internal_error(format!(
                "no PIF of {device}"
            )));
        };
        let untagged = draft.field(vlan, Vlan::UNTAGGED_PIF)?;
        let before = draft.field(&untagged, Pif::METRICS)?;
        let metrics = draft.field(&pif, Pif::METRICS)?;
        draft.set(vlan, Vlan::TAGGED_PIF, pif)?;
        draft.set(&untagged, Pif::METRICS, metrics)?;
        if draft.exists::<PifMetrics>(&before)? && draft.find(Pif::METRICS, &before)?.is_empty() {
            draft.destroy(&before)?;
        }
    }
    Ok(())
}

struct Choosing<'a> {
    draft: &'a Draft,
    host: &'a Ref<Host>,
    facts: &'a Facts,
    wanted: &'a Management,
    /// Networks that have a PIF of what stays, or will have that of management.
    networks: BTreeSet<Ref<Network>>,
    /// Devices and tags of VLANs that stay.
    tags: BTreeSet<(String, i64)>,
    kept: Kept,
}

/// Something that does not stay: not this host's, or for a reason.
type Fit = std::result::Result<(), String>;

impl Choosing<'_> {
    fn each<C: Class>(
        &mut self,
        class: &str,
        all: Vec<String>,
        fits: fn(&mut Self, &Ref<C>) -> Fit,
    ) {
        for reference in all.into_iter().map(Ref::new) {
            if let Err(why) = fits(self, &reference) {
                let what = format!("{class} {reference}: {why}");
                tracing::warn!("it does not stay: {what}");
                self.kept.gone.push(what);
            }
        }
    }

    fn get<C: Class>(&self, reference: &Ref<C>) -> std::result::Result<C, String> {
        self.draft.get(reference).map_err(|why| why.to_string())
    }

    fn bond(&mut self, bond: &Ref<Bond>) -> Fit {
        let row = self.get(bond)?;
        let master = self.get(&row.master)?;
        if master.host != *self.host {
            return Ok(());
        }
        let members = self.draft.find(Pif::BOND_SLAVE_OF, bond);
        let members = members.map_err(|why| why.to_string())?;
        if members.is_empty() {
            return Err("it has no members".to_owned());
        }
        if !row.primary_slave.is_null() && !members.contains(&row.primary_slave) {
            return Err("its primary member is none of its members".to_owned());
        }
        let mut devices = BTreeSet::new();
        let mut networks = BTreeSet::from([master.network.clone()]);
        for member in &members {
            let pif = self.get(member)?;
            self.member(&pif)?;
            devices.insert(pif.device.clone());
            networks.insert(pif.network);
        }
        if networks.len() != members.len() + 1 || devices.len() != members.len() {
            return Err("two of its PIFs share a NIC or a network".to_owned());
        }
        self.upper(&master)?;
        for network in &networks {
            self.network(network, &devices)?;
        }
        self.networks.extend(networks);
        self.kept.stay.bonds.insert(bond.clone());
        self.kept.stay.pifs.insert(row.master);
        self.kept.stay.pifs.extend(members);
        Ok(())
    }

    /// A member whose NIC is the one that it was, and has nothing to do with management.
    fn member(&self, pif: &Pif) -> Fit {
        if pif.host != *self.host || !pif.physical || !pif.managed {
            return Err(format!("{} is no NIC of this host", pif.device));
        }
        if pif.management || pif.device == self.wanted.device {
            return Err(format!("{} carries management", pif.device));
        }
        if !pif.vlan_slave_of.is_empty() || !pif.tunnel_transport_pif_of.is_empty() {
            return Err(format!("{} carries more than the bond", pif.device));
        }
        self.present(&pif.device, &pif.mac)?;
        self.metrics(pif)
    }

    fn present(&self, device: &str, mac: &str) -> Fit {
        let name = Name::new(device).ok();
        let nic = name.and_then(|name| self.facts.nics.get(&name));
        match nic.and_then(|nic| nic.mac) {
            Some(found) if found.to_string() == mac => Ok(()),
            Some(_) => Err(format!("{device} is another NIC than it was")),
            None => Err(format!("{device} is not there")),
        }
    }

    fn metrics(&self, pif: &Pif) -> Fit {
        match self.draft.exists(&pif.metrics) {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("the metrics of {} are gone", pif.device)),
            Err(why) => Err(why.to_string()),
        }
    }

    /// A PIF built upon others that does not get in the way of management.
    fn upper(&self, pif: &Pif) -> Fit {
        if pif.management {
            return Err("it carried management".to_owned());
        }
        if !pif.managed || pif.physical || !pif.bond_slave_of.is_null() {
            return Err(format!(
                "the PIF of {} is not of the right kind",
                pif.device
            ));
        }
        for key in ["defaultroute", "peerdns"] {
            if pif
                .other_config
                .get(key)
                .is_some_and(|value| value == "true")
            {
                return Err(format!("its other_config:{key} takes from management"));
            }
        }
        let same_v4 = match &self.wanted.ipv4 {
            Some(Ipv4::Static { address, .. }) => {
                pif.ip_configuration_mode == IpConfigurationMode::Static
                    && pif.ip == address.to_string()
            }
            _ => false,
        };
        let same_v6 = match &self.wanted.ipv6 {
            Some(Ipv6::Static { address, .. }) => {
                let mut all = pif.ipv6.iter().filter_map(|text| cidr(text));
                all.any(|inet| inet.address() == *address)
            }
            _ => false,
        };
        if same_v4 || same_v6 {
            return Err("it has the address of management".to_owned());
        }
        self.metrics(pif)
    }

    /// A network that has no other PIF here, now or once every NIC has its own again.
    fn network(&self, network: &Ref<Network>, own: &BTreeSet<String>) -> Fit {
        let row = self.get(network)?;
        if Name::new(&row.bridge).is_err() || !row.managed {
            return Err(format!(
                "its network {:?} is none that can be used",
                row.name_label
            ));
        }
        let mut nics = self.facts.nics.keys().map(Name::as_str);
        let of_nic = nics.find(|nic| !own.contains(*nic) && bridge_of(nic) == row.bridge);
        match of_nic {
            Some(nic) => Err(format!("{} is the bridge of {nic}", row.bridge)),
            None if self.networks.contains(network) => {
                Err(format!("{} has another PIF", row.bridge))
            }
            None => Ok(()),
        }
    }

    fn vlan(&mut self, vlan: &Ref<Vlan>) -> Fit {
        let row = self.get(vlan)?;
        let pif = self.get(&row.untagged_pif)?;
        if pif.host != *self.host {
            return Ok(());
        }
        let below = self.get(&row.tagged_pif)?;
        let stays = self.kept.stay.pifs.contains(&row.tagged_pif);
        let nic = below.physical && below.bond_slave_of.is_null();
        let over_bond = stays && !below.bond_master_of.is_empty();
        if below.host != *self.host || !(nic || over_bond) {
            return Err(format!("{} below it does not stay", below.device));
        }
        if nic {
            self.present(&below.device, &below.mac)?;
        }
        if pif.vlan_master_of != *vlan || pif.vlan != row.tag || !(0..=4094).contains(&row.tag) {
            return Err("its PIF does not fit it".to_owned());
        }
        let tag = (below.device.clone(), row.tag);
        let wanted = self
            .wanted
            .vlan
            .map(|tag| (self.wanted.device.clone(), i64::from(tag)));
        if wanted.as_ref() == Some(&tag) {
            return Err("management will be on it".to_owned());
        }
        if self.tags.contains(&tag) {
            return Err(format!("{} has VLAN {} twice", tag.0, tag.1));
        }
        self.upper(&pif)?;
        self.network(&pif.network, &BTreeSet::new())?;
        self.networks.insert(pif.network.clone());
        self.tags.insert(tag);
        self.kept.stay.vlans.insert(vlan.clone());
        self.kept.stay.pifs.insert(row.untagged_pif);
        if nic {
            self.kept.onto.insert(vlan.clone(), below.device);
        }
        Ok(())
    }
}
