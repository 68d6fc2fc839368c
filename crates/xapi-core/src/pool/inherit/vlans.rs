//! VLANs: made, put elsewhere and removed until they are like the master's.

use std::collections::{BTreeMap, BTreeSet};

use xapi_db::Read;
use xapi_model::vlan::Create;
use xapi_model::{Network, Pif, Ref, Tunnel, Vlan, errors};

use super::Inheriting;
use crate::Result;
use crate::carried::has_address;
use crate::ops::network::pif_on;
use crate::ops::pif::{Kind, kind_of, on_sriov, refuse_clustering};
use crate::ops::plug::{fits, plug_in, pull_out};
use crate::ops::vlan;

/// A VLAN of the master.
struct Wanted {
    network: Ref<Network>,
    tag: i64,
    /// The network of the PIF below.
    on: Ref<Network>,
    plugged: bool,
}

/// What carries VLANs.
struct Base {
    pif: Ref<Pif>,
    row: Pif,
}

/// The networks of VLANs that are there, and stay where they are, by the PIF below and the tag.
#[derive(Default)]
struct Tags(BTreeMap<(Ref<Pif>, i64), Ref<Network>>);

impl Tags {
    /// PIF_VLAN_EXISTS [device], if another VLAN has the tag and keeps it.
    fn take(&mut self, wanted: &Wanted, on: &Base) -> Result<()> {
        let place = (on.pif.clone(), wanted.tag);
        let network = self
            .0
            .entry(place)
            .or_insert_with(|| wanted.network.clone());
        match *network == wanted.network {
            true => Ok(()),
            false => Err(errors::pif_vlan_exists(&on.row.device_name)),
        }
    }
}

impl Inheriting<'_> {
    /// Removes the VLANs that came from the master and that it has no more. One that is used stays.
    pub(super) fn forget_vlans(&mut self, tell: bool) -> Result<()> {
        let draft = self.draft;
        for (reference, pif) in self.mine()? {
            if !pif.inherited || kind_of(&pif) != Kind::Vlan || self.is_wanted(&pif)? {
                continue;
            }
            let row = draft.get(&pif.vlan_master_of)?;
            // A master that could not have it says nothing by not having it.
            let below = draft.field(&row.tagged_pif, Pif::NETWORK)?;
            if !self.master_is_on(&below)? {
                continue;
            }
            let name = self.named(&pif.network)?;
            let what = format!("VLAN {} of {} on {name}", row.tag, pif.device);
            match draft.attempt(|_| self.remove_vlan(&reference, &pif)) {
                Ok(()) => self.step(format!("{what} goes: the master has it no more")),
                Err(why) if tell => {
                    let why = self.reason(&why)?;
                    self.alert(format!(
                        "{what} stays, though the master has it no more: {why}"
                    ));
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Whether the master has a VLAN on the network of one of ours.
    fn is_wanted(&self, pif: &Pif) -> Result<bool> {
        match pif_on(self.draft, &pif.network, self.master)? {
            Some(masters) => Ok(!self.draft.field(&masters, Pif::VLAN_MASTER_OF)?.is_null()),
            None => Ok(false),
        }
    }

    fn remove_vlan(&self, reference: &Ref<Pif>, pif: &Pif) -> Result<()> {
        let draft = self.draft;
        pull_out(self.config, draft, reference, pif)?;
        if has_address(pif) {
            return Err(errors::pif_configuration_error(
                reference,
                "it has an IP configuration",
            ));
        }
        if !pif.tunnel_transport_pif_of.is_empty() {
            return Err(errors::pif_tunnel_still_exists(reference));
        }
        refuse_clustering(draft, reference)?;
        draft.destroy(&pif.vlan_master_of)?;
        draft.destroy(reference)
    }

    /// Makes the VLANs of the master, or changes those that are there.
    pub(super) fn vlans(&mut self) -> Result<()> {
        let before = self.said.clone();
        let draft = self.draft;
        draft.attempt(|_| self.all_vlans()).or_else(|why| {
            self.said = before;
            let why = self.reason(&why)?;
            self.alert(format!("the VLANs are not as the master's: {why}"));
            Ok(())
        })
    }

    fn all_vlans(&mut self) -> Result<()> {
        let draft = self.draft;
        let mut tags = self.tags()?;
        let mut bases = BTreeMap::<Ref<Network>, Option<Base>>::new();
        let mut missing = BTreeMap::<_, Vec<String>>::new();
        for one in self.wanted_vlans()? {
            if !bases.contains_key(&one.on) {
                bases.insert(one.on.clone(), self.base(&one.on)?);
            }
            let Some(Some(base)) = bases.get(&one.on) else {
                let tags = missing.entry(one.on.clone()).or_default();
                tags.push(one.tag.to_string());
                continue;
            };
            if let Err(why) = draft.attempt(|_| self.vlan(&one, base, &mut tags)) {
                let (name, why) = (self.named(&one.network)?, self.reason(&why)?);
                self.alert(format!(
                    "VLAN {} on {name} is not as the master's: {why}",
                    one.tag
                ));
            }
        }
        self.missing("VLANs", missing)?;
        self.no_two_alike()
    }

    /// What carries a network here, read once: with hundreds of VLANs on it its row is long.
    fn base(&self, network: &Ref<Network>) -> Result<Option<Base>> {
        let Some(pif) = self.standing_for(network)? else {
            return Ok(None);
        };
        let row = self.draft.get(&pif)?;
        Ok(Some(Base { pif, row }))
    }

    /// The tags that are taken, and those that make way: VLANs that the master has with another tag or on another PIF.
    fn tags(&self) -> Result<Tags> {
        let draft = self.draft;
        let wanted = self.wanted_vlans()?.into_iter();
        let wanted: BTreeMap<_, _> = wanted.map(|one| (one.network.clone(), one)).collect();
        let mut tags = Tags::default();
        for (_, pif) in self.mine()? {
            let Some(vlan) = pif.vlan_master_of.some() else {
                continue;
            };
            let row = draft.get(vlan)?;
            let moves_on = match wanted.get(&pif.network) {
                Some(one) if !pif.management => {
                    let below = self.standing_for(&one.on)?;
                    below.is_some() && (below.as_ref(), one.tag) != (Some(&row.tagged_pif), row.tag)
                }
                _ => false,
            };
            if !moves_on {
                tags.0.insert((row.tagged_pif, row.tag), pif.network);
            }
        }
        Ok(tags)
    }

    /// PIF_VLAN_EXISTS [device], if one that should have made way for another has stayed.
    fn no_two_alike(&self) -> Result<()> {
        let draft = self.draft;
        let mut seen = BTreeSet::new();
        for pif in draft.find(Pif::HOST, self.host)? {
            // Not the whole row: with hundreds of new ones it would be long to read each.
            let vlan = draft.field(&pif, Pif::VLAN_MASTER_OF)?;
            if vlan.is_null() {
                continue;
            }
            let row = draft.get(&vlan)?;
            if !seen.insert((row.tagged_pif, row.tag)) {
                let device = draft.field(&pif, Pif::DEVICE_NAME)?;
                return Err(errors::pif_vlan_exists(device));
            }
        }
        Ok(())
    }

    fn wanted_vlans(&self) -> Result<Vec<Wanted>> {
        let draft = self.draft;
        let mut wanted = Vec::new();
        let mut sriov = BTreeMap::new();
        for (_, pif) in self.masters {
            if kind_of(pif) != Kind::Vlan {
                continue;
            }
            let vlan = draft.get(&pif.vlan_master_of)?;
            if !sriov.contains_key(&vlan.tagged_pif) {
                sriov.insert(vlan.tagged_pif.clone(), on_sriov(draft, pif)?);
            }
            if sriov[&vlan.tagged_pif] {
                continue;
            }
            wanted.push(Wanted {
                network: pif.network.clone(),
                tag: vlan.tag,
                on: draft.field(&vlan.tagged_pif, Pif::NETWORK)?,
                plugged: pif.currently_attached,
            });
        }
        Ok(wanted)
    }

    /// One VLAN, on a PIF of this host.
    fn vlan(&mut self, wanted: &Wanted, on: &Base, tags: &mut Tags) -> Result<()> {
        let draft = self.draft;
        let (below, base) = (&on.pif, &on.row);
        match kind_of(base) {
            Kind::Physical | Kind::BondMaster => {}
            Kind::Vlan => return Err(errors::pif_is_vlan(below)),
            Kind::TunnelAccess => return Err(errors::is_tunnel_access_pif(below)),
            Kind::SriovLogical => return Err(errors::not_implemented("a VLAN on SR-IOV")),
        }
        if !base.managed {
            return Err(errors::pif_unmanaged(below));
        }
        let Some(there) = pif_on(draft, &wanted.network, self.host)? else {
            tags.take(wanted, on)?;
            return self.make_vlan(wanted, below, base);
        };
        let pif = draft.get(&there)?;
        if kind_of(&pif) != Kind::Vlan {
            return Err(errors::network_already_connected(self.host, &there));
        }
        let row = draft.get(&pif.vlan_master_of)?;
        if (&row.tagged_pif, row.tag) != (below, wanted.tag) {
            // The way to this host goes through it: whoever moves it must see what he does.
            if pif.management {
                return Err(errors::pif_is_management_interface(&there));
            }
            tags.take(wanted, on)?;
            self.put_vlan(wanted, &there, &pif, below, base)?;
        }
        match pif.inherited {
            true => Ok(()),
            false => draft.set(&there, Pif::INHERITED, true),
        }
    }

    fn make_vlan(&mut self, wanted: &Wanted, below: &Ref<Pif>, base: &Pif) -> Result<()> {
        let draft = self.draft;
        vlan::free(draft, self.host, &wanted.network)?;
        vlan::no_trunks(draft, &wanted.network)?;
        let call = Create {
            tagged_pif: below.clone(),
            tag: wanted.tag,
            network: wanted.network.clone(),
        };
        let (_, untagged) = vlan::inserted(draft, &call, base)?;
        draft.set(&untagged, Pif::INHERITED, true)?;
        if wanted.plugged {
            let row = draft.get(&untagged)?;
            fits(draft, below, &row)?;
            plug_in(draft, &untagged, &row)?;
        }
        let name = self.named(&wanted.network)?;
        self.step(format!(
            "VLAN {} of {} is made on {name}",
            wanted.tag, base.device
        ));
        Ok(())
    }

    /// Gives a VLAN that is there another tag, or puts it on another PIF. What it carries stays.
    fn put_vlan(
        &mut self,
        wanted: &Wanted,
        untagged: &Ref<Pif>,
        pif: &Pif,
        below: &Ref<Pif>,
        base: &Pif,
    ) -> Result<()> {
        let draft = self.draft;
        let vlan = &pif.vlan_master_of;
        draft.set(vlan, Vlan::TAGGED_PIF, below.clone())?;
        draft.set(vlan, Vlan::TAG, wanted.tag)?;
        draft.set(untagged, Pif::VLAN, wanted.tag)?;
        draft.set(untagged, Pif::DEVICE, base.device.clone())?;
        draft.set(untagged, Pif::DEVICE_NAME, base.device.clone())?;
        draft.set(untagged, Pif::METRICS, base.metrics.clone())?;
        for tunnel in pif.tunnel_transport_pif_of.iter() {
            let access = draft.field(tunnel, Tunnel::ACCESS_PIF)?;
            draft.set(&access, Pif::METRICS, base.metrics.clone())?;
        }
        if pif.currently_attached {
            fits(draft, below, &draft.get(untagged)?)?;
        }
        let name = self.named(&wanted.network)?;
        self.step(format!(
            "{name} is VLAN {} of {} from now on",
            wanted.tag, base.device
        ));
        Ok(())
    }
}
