//! Bonds: made, changed and taken apart until they are like the master's, as far as this host has the NICs.

use std::collections::{BTreeMap, BTreeSet};

use xapi_db::Read;
use xapi_model::bond::Create;
use xapi_model::{ApiError, Bond, BondMode, Network, Pif, Ref, errors};

use super::Inheriting;
use crate::Result;
use crate::carried::{self, Clash, Moving};
use crate::ops::network::pif_on;
use crate::ops::{bond, pif};
use crate::repair;

/// A bond of the master, seen from this host.
struct Wanted {
    network: Ref<Network>,
    /// What it is called on the master.
    device: String,
    /// This host's NICs at the positions of its members, the primary one first.
    members: Vec<Ref<Pif>>,
    mode: BondMode,
    properties: BTreeMap<String, String>,
}

/// A bond that cannot be as it should: its network, and why.
struct Refused(Ref<Network>, ApiError);

/// The bonds that this host shall have, and those that are left as they are.
struct Plan {
    wanted: Vec<Wanted>,
    left: BTreeSet<Ref<Network>>,
}

impl Inheriting<'_> {
    /// Takes over all bonds together, for a NIC may go from one to another. One that refuses is left as it is, and the
    /// others are tried again without it.
    pub(super) fn bonds(&mut self) -> Result<()> {
        let mut plan = Plan {
            wanted: self.wanted_bonds()?,
            left: BTreeSet::new(),
        };
        loop {
            let before = self.said.clone();
            let draft = self.draft;
            let Err(Refused(network, why)) = draft.attempt(|_| self.all_bonds(&plan)) else {
                return Ok(());
            };
            self.said = before;
            if network.is_null() || !plan.left.insert(network.clone()) {
                return Err(why);
            }
            plan.wanted.retain(|one| one.network != network);
            let (name, why) = (self.named(&network)?, self.reason(&why)?);
            self.alert(format!("the bond on {name} is not as the master's: {why}"));
        }
    }

    /// The master's bonds that this host has NICs for.
    fn wanted_bonds(&mut self) -> Result<Vec<Wanted>> {
        let mine = self.mine()?;
        let mut wanted = Vec::new();
        for (_, pif) in self.masters {
            let Some(bond) = pif.bond_master_of.first() else {
                continue;
            };
            let row = self.draft.get(bond)?;
            let positions = self.positions(&row)?;
            let mut members = Vec::new();
            let mut missing = Vec::new();
            for network in &positions {
                let mut nics = mine.iter();
                match nics.find(|(_, pif)| pif.network == *network && pif.physical && pif.managed) {
                    Some((nic, _)) => members.push(nic.clone()),
                    None => missing.push(self.named(network)?),
                }
            }
            if !missing.is_empty() {
                self.alert(format!(
                    "the bond on {} has {} of the {} members that the master's has: there is no NIC on {}",
                    self.named(&pif.network)?,
                    members.len(),
                    positions.len(),
                    missing.join(", "),
                ));
            }
            if !members.is_empty() {
                wanted.push(Wanted {
                    network: pif.network.clone(),
                    device: pif.device.clone(),
                    members,
                    mode: row.mode,
                    properties: row.properties,
                });
            }
        }
        Ok(wanted)
    }

    /// The positions of a bond's members, the primary one's first.
    fn positions(&self, bond: &Bond) -> Result<Vec<Ref<Network>>> {
        let mut positions = Vec::new();
        for slave in bond.slaves.iter() {
            let device = self.draft.field(slave, Pif::DEVICE)?;
            let network = self.draft.field(slave, Pif::NETWORK)?;
            positions.push((*slave != bond.primary_slave, device.len(), device, network));
        }
        positions.sort();
        Ok(positions.into_iter().map(|(.., network)| network).collect())
    }

    /// One attempt at all bonds: first what has to go, then what is to be.
    fn all_bonds(&mut self, plan: &Plan) -> std::result::Result<(), Refused> {
        let nobody = |why| Refused(Ref::null(), why);
        for (_, pif) in self.mine().map_err(nobody)? {
            let Some(bond) = pif.bond_master_of.first() else {
                continue;
            };
            if plan.left.contains(&pif.network) {
                continue;
            }
            let mut wanted = plan.wanted.iter();
            match wanted.find(|one| one.network == pif.network) {
                Some(wanted) => self.release(bond, &pif, wanted),
                None => self.unmake(bond, &pif, plan),
            }
            .map_err(|why| Refused(pif.network.clone(), why))?;
        }
        for wanted in &plan.wanted {
            self.bond(wanted)
                .map_err(|why| Refused(wanted.network.clone(), why))?;
        }
        repair::follow_primary_macs(self.draft, self.host).map_err(nobody)
    }

    /// Takes those NICs out of a bond that it shall not have.
    fn release(&mut self, bond: &Ref<Bond>, master: &Pif, wanted: &Wanted) -> Result<()> {
        let draft = self.draft;
        for member in draft.field(bond, Bond::SLAVES)?.iter() {
            if wanted.members.contains(member) {
                continue;
            }
            draft.set(member, Pif::BOND_SLAVE_OF, Ref::null())?;
            draft.set(member, Pif::CURRENTLY_ATTACHED, master.currently_attached)?;
            let device = draft.field(member, Pif::DEVICE)?;
            self.step(format!("{device} leaves {}", master.device));
        }
        Ok(())
    }

    /// Takes a bond apart that the master has no more, or that has a NIC which one of the master's has.
    fn unmake(&mut self, bond: &Ref<Bond>, pif: &Pif, plan: &Plan) -> Result<()> {
        let draft = self.draft;
        let members = draft.field(bond, Bond::SLAVES)?;
        let needed = |member: &Ref<Pif>| {
            let mut wanted = plan.wanted.iter();
            wanted.any(|one| one.members.contains(member))
        };
        let why = if members.iter().any(needed) {
            "other bonds of the pool have its members"
        } else if pif.inherited && self.master_has_all(&pif.network, members.iter())? {
            "the master has it no more"
        } else {
            return Ok(());
        };
        let moved = bond::unmade(draft, self.host, bond)?;
        self.said.vifs.extend(moved);
        let name = self.named(&pif.network)?;
        self.step(format!("{} on {name} goes: {why}", pif.device));
        Ok(())
    }

    /// Whether the master could have a bond on a network, of these positions, and has none.
    fn master_has_all<'p>(
        &self,
        network: &Ref<Network>,
        members: impl Iterator<Item = &'p Ref<Pif>>,
    ) -> Result<bool> {
        let mut pifs = self.masters.iter();
        if pifs.any(|(_, pif)| pif.network == *network && !pif.bond_master_of.is_empty()) {
            return Ok(false);
        }
        for member in members {
            let position = self.draft.field(member, Pif::NETWORK)?;
            let mut pifs = self.masters.iter();
            if !pifs.any(|(_, pif)| pif.physical && pif.network == position) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes a bond as it is wanted, or changes the one that is there.
    fn bond(&mut self, wanted: &Wanted) -> Result<()> {
        let on_network = pif_on(self.draft, &wanted.network, self.host)?;
        let Some(master) = on_network else {
            return self.make(wanted);
        };
        match self.draft.field(&master, Pif::BOND_MASTER_OF)?.first() {
            Some(bond) => self.change(&master, bond, wanted),
            None => self.make(wanted),
        }
    }

    fn make(&mut self, wanted: &Wanted) -> Result<()> {
        let draft = self.draft;
        self.unbonded(&wanted.members)?;
        let call = Create {
            network: wanted.network.clone(),
            members: wanted.members.clone(),
            mac: String::new(),
            mode: wanted.mode,
            properties: BTreeMap::new(),
        };
        let (bond, vifs) = bond::made(self.config, draft, self.host, &call, &wanted.members)?;
        self.said.vifs.extend(vifs);
        draft.set(&bond, Bond::PROPERTIES, wanted.properties.clone())?;
        let master = draft.field(&bond, Bond::MASTER)?;
        draft.set(&master, Pif::INHERITED, true)?;
        self.rename(&master, &wanted.device)?;
        let device = draft.field(&master, Pif::DEVICE)?;
        let name = self.named(&wanted.network)?;
        let members = self.devices(&wanted.members)?;
        let mode = wanted.mode;
        self.step(format!("{device} on {name} is made of {members}, {mode}"));
        Ok(())
    }

    /// Calls a bond as the master does, if no other is called so here.
    fn rename(&self, master: &Ref<Pif>, device: &str) -> Result<()> {
        let draft = self.draft;
        if self.mine()?.iter().any(|(_, pif)| pif.device == device) {
            return Ok(());
        }
        pif::set_device(draft, master, device)
    }

    fn change(&mut self, master: &Ref<Pif>, bond: &Ref<Bond>, wanted: &Wanted) -> Result<()> {
        let draft = self.draft;
        let row = draft.get(bond)?;
        let device = draft.field(master, Pif::DEVICE)?;
        draft.set(master, Pif::INHERITED, true)?;
        let new = |member: &&Ref<Pif>| !row.slaves.contains(member);
        let joining: Vec<_> = wanted.members.iter().filter(new).cloned().collect();
        if !joining.is_empty() {
            self.join(master, bond, &joining)?;
            let members = self.devices(&joining)?;
            self.step(format!("{device} gets {members}"));
        }
        let primary = draft.field(bond, Bond::PRIMARY_SLAVE)?;
        if let Some(first) = wanted.members.first()
            && !wanted.members.contains(&primary)
        {
            draft.set(bond, Bond::PRIMARY_SLAVE, first.clone())?;
        }
        if row.mode != wanted.mode {
            draft.set(bond, Bond::MODE, wanted.mode)?;
            self.step(format!("{device} is {} from now on", wanted.mode));
        }
        if row.properties != wanted.properties {
            draft.set(bond, Bond::PROPERTIES, wanted.properties.clone())?;
            self.step(format!("{device} has the properties of the master's bond"));
        }
        Ok(())
    }

    /// Puts NICs into a bond that is there, which takes over what they carry.
    fn join(&mut self, master: &Ref<Pif>, bond: &Ref<Bond>, joining: &[Ref<Pif>]) -> Result<()> {
        let draft = self.draft;
        self.unbonded(joining)?;
        bond::bondable(self.config, draft, joining)?;
        let target = draft.get(master)?;
        let mut moving = Moving::new(draft, self.host, Clash::Refuse);
        for member in joining {
            let pif = draft.get(member)?;
            let carries = carried::has_address(&pif) || pif.management;
            if carries && pif.primary_address_type != target.primary_address_type {
                return Err(errors::pif_incompatible_primary_address_type(member));
            }
            if pif.management {
                draft.set(bond, Bond::PRIMARY_SLAVE, member.clone())?;
            }
            // What runs on a plugged NIC has to run on.
            if pif.currently_attached || pif.management {
                draft.set(master, Pif::CURRENTLY_ATTACHED, true)?;
                draft.set(master, Pif::LEFT_OUT, false)?;
            }
            draft.set(member, Pif::PROPERTIES, target.properties.clone())?;
            bond::taken_in(draft, &mut moving, member, bond, master)?;
        }
        moving.everything(joining, master)?;
        moving.sized()?;
        self.said.vifs.extend(moving.vifs);
        Ok(())
    }

    /// PIF_ALREADY_BONDED [PIF], if one of these NICs is in a bond that is left as it is.
    fn unbonded(&self, members: &[Ref<Pif>]) -> Result<()> {
        for member in members {
            if !self.draft.field(member, Pif::BOND_SLAVE_OF)?.is_null() {
                return Err(errors::pif_already_bonded(member));
            }
        }
        Ok(())
    }

    fn devices(&self, pifs: &[Ref<Pif>]) -> Result<String> {
        let devices = pifs.iter().map(|pif| self.draft.field(pif, Pif::DEVICE));
        Ok(devices.collect::<Result<Vec<_>>>()?.join(", "))
    }
}
