//! Nothing uses a bond's member beside its bond, and no member points at a bond that is gone: the rules that the bonding
//! design calls R2, made true again in rows that break them.

use std::collections::BTreeMap;

use xapi_db::{Draft, Read};
use xapi_model::{Bond, Host, Pif, Ref, Vif};

use crate::Result;
use crate::alert::tell;
use crate::carried::{self, Clash, Moving};
use crate::context::Core;
use crate::topology::pifs_of;

/// What a repair did beside moving what belongs to a bond.
#[derive(Debug, Default)]
pub(crate) struct Repaired {
    /// The VIFs that got another network.
    pub vifs: Vec<Ref<Vif>>,
    /// What could not go together with something else and was dropped, for people.
    pub dropped: Vec<String>,
}

/// A host's bonds, all in one change: when it starts.
pub(crate) fn bonds(core: &Core, host: &Ref<Host>) -> Result<()> {
    let repair = |only: Option<&Ref<Bond>>| {
        core.store.change(|draft| {
            for what in &of_host(draft, host, only)?.dropped {
                tell(core, draft, host, "NETWORK_CONFIGURATION_DROPPED", what)?;
            }
            Ok(())
        })
    };
    let Err(why) = repair(None) else {
        return Ok(());
    };
    // One bad row must not keep the other bonds from being repaired.
    tracing::error!("the bonds were not repaired together: {why}");
    let bonds = core.view()?.all::<Bond>()?;
    for (bond, _) in bonds {
        if let Err(why) = repair(Some(&bond)) {
            tracing::error!("{bond} was not repaired: {why}");
        }
    }
    Ok(())
}

/// Repairs all bonds of a host, or one alone.
pub(crate) fn of_host(
    draft: &Draft,
    host: &Ref<Host>,
    only: Option<&Ref<Bond>>,
) -> Result<Repaired> {
    let mut bonds = BTreeMap::<Ref<Bond>, Vec<Ref<Pif>>>::new();
    for (reference, pif) in pifs_of(draft, host)? {
        let Some(bond) = pif.bond_slave_of.some() else {
            continue;
        };
        if only.is_some_and(|only| only != bond) {
            continue;
        }
        if draft.exists(bond)? {
            bonds.entry(bond.clone()).or_default().push(reference);
        } else {
            draft.set(&reference, Pif::BOND_SLAVE_OF, Ref::null())?;
        }
    }
    let mut repaired = Repaired::default();
    for (bond, members) in &bonds {
        let one = repair(draft, host, bond, members)?;
        repaired.vifs.extend(one.vifs);
        repaired.dropped.extend(one.dropped);
    }
    follow_primary_macs(draft, host)?;
    Ok(repaired)
}

/// Moves up to a bond what uses its members. What cannot go together is dropped and told: a start goes on.
fn repair(
    draft: &Draft,
    host: &Ref<Host>,
    bond: &Ref<Bond>,
    members: &[Ref<Pif>],
) -> Result<Repaired> {
    let master = draft.field(bond, Bond::MASTER)?;
    let mut moving = Moving::new(draft, host, Clash::Tell);
    for member in members {
        // What runs on a plugged member has to run on.
        if draft.field(member, Pif::CURRENTLY_ATTACHED)? {
            draft.set(&master, Pif::CURRENTLY_ATTACHED, true)?;
        }
        draft.set(member, Pif::CURRENTLY_ATTACHED, false)?;
        if draft.field(member, Pif::DISALLOW_UNPLUG)? {
            draft.set(&master, Pif::DISALLOW_UNPLUG, true)?;
            draft.set(member, Pif::DISALLOW_UNPLUG, false)?;
        }
        if draft.field(member, Pif::MANAGEMENT)? {
            draft.set(bond, Bond::PRIMARY_SLAVE, member.clone())?;
            // The host is reached by its addresses, whatever the bond's own of the same family are.
            moving.addresses_in_use(member, &master)?;
            carried::management(draft, member, &master)?;
            draft.set(&master, Pif::CURRENTLY_ATTACHED, true)?;
        }
        if draft.field(bond, Bond::PRIMARY_SLAVE)?.is_null() {
            draft.set(bond, Bond::PRIMARY_SLAVE, member.clone())?;
        }
    }
    for member in members {
        moving.addresses(member, &master)?;
    }
    moving.everything(members, &master)?;
    moving.sized()?;
    Ok(Repaired {
        vifs: moving.vifs,
        dropped: moving.dropped,
    })
}

/// A bond that has its MAC from its primary member follows it (API facts, 1.1).
pub(crate) fn follow_primary_macs(draft: &Draft, host: &Ref<Host>) -> Result<()> {
    for (reference, pif) in pifs_of(draft, host)? {
        follow_primary_mac(draft, &reference, &pif)?;
    }
    Ok(())
}

/// The same for one PIF, at every time that it is brought up.
pub(crate) fn follow_primary_mac(draft: &Draft, this: &Ref<Pif>, pif: &Pif) -> Result<()> {
    for bond in pif.bond_master_of.iter() {
        let row = draft.get(bond)?;
        if row.auto_update_mac && draft.exists(&row.primary_slave)? {
            let mac = draft.field(&row.primary_slave, Pif::MAC)?;
            draft.set(this, Pif::MAC, mac)?;
        }
    }
    Ok(())
}
