//! Which of a pool's networks those of a joining host are: by position, by what they are made of, by name.

use std::collections::{BTreeMap, BTreeSet};

use xapi_db::Read;
use xapi_model::{Bond, Class, Host, Network, Pif, Pool, Ref, Tunnel, TunnelProtocol, Vlan};

use super::dowry::Opened;
use crate::Result;
use crate::ops::network::free_bridge;
use crate::topology::pifs_of;

/// What becomes of a network of the joining host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Becomes {
    /// It is this one of the pool's.
    Of(Ref<Network>),
    /// It is a new one of the pool, with this bridge.
    New(String),
}

/// What becomes of all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Merged {
    /// By the host's own references.
    pub networks: BTreeMap<Ref<Network>, Becomes>,
    /// The same in words, a line each.
    pub steps: Vec<String>,
}

/// What a host's PIF on a network is made of. Networks are the pool's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Made {
    /// A NIC.
    Nic,
    /// A bond of NICs on these networks.
    Bond(BTreeSet<Ref<Network>>),
    /// A VLAN of a PIF on this network.
    Vlan(i64, Ref<Network>),
    /// A tunnel through a PIF on this network.
    Tunnel(TunnelProtocol, Ref<Network>),
}

/// Decides about all networks of a host.
pub(super) fn merge(pool: &impl Read, opened: &Opened) -> Result<Merged> {
    let mut merging = Merging {
        pool,
        opened,
        theirs: theirs(pool, &opened.row.uuid)?,
        merged: Merged::default(),
        taken: BTreeSet::new(),
    };
    merging.known()?;
    merging.nics()?;
    // What stands on NICs, then what stands on that.
    for _ in 0..DEEPEST {
        merging.built()?;
    }
    merging.named()?;
    merging.rest()?;
    Ok(merging.merged)
}

/// A VLAN on a bond and a tunnel through that.
const DEEPEST: usize = 3;

/// What the pool's hosts have on each network; what the master has goes first.
fn theirs(pool: &impl Read, but: &str) -> Result<BTreeMap<Made, Ref<Network>>> {
    let mut hosts = pool.all::<Host>()?;
    hosts.retain(|(_, host)| host.uuid != but);
    let master = pool.all::<Pool>()?.into_iter().next();
    let master = master.map(|(_, pool)| pool.master);
    hosts.sort_by_key(|(host, _)| (Some(host) != master.as_ref(), host.clone()));
    let mut theirs = BTreeMap::new();
    for (host, _) in hosts {
        for (_, pif) in pifs_of(pool, &host)? {
            if let Some(made) = made(pool, &pif, &|network| Some(network.clone()))?
                && made != Made::Nic
            {
                theirs.entry(made).or_insert(pif.network);
            }
        }
    }
    Ok(theirs)
}

/// What a PIF is made of, if all networks below are known to the pool.
fn made(
    rows: &impl Read,
    pif: &Pif,
    known: &impl Fn(&Ref<Network>) -> Option<Ref<Network>>,
) -> Result<Option<Made>> {
    let below = |pif: &Ref<Pif>| -> Result<Option<Ref<Network>>> {
        Ok(known(&rows.field(pif, Pif::NETWORK)?))
    };
    if let Some(bond) = pif.bond_master_of.first() {
        let mut members = BTreeSet::new();
        for slave in rows.field(bond, Bond::SLAVES)?.iter() {
            let Some(network) = below(slave)? else {
                return Ok(None);
            };
            members.insert(network);
        }
        return Ok(Some(Made::Bond(members)));
    }
    if let Some(vlan) = pif.vlan_master_of.some() {
        let vlan: Vlan = rows.get(vlan)?;
        let on = below(&vlan.tagged_pif)?;
        return Ok(on.map(|on| Made::Vlan(vlan.tag, on)));
    }
    if let Some(tunnel) = pif.tunnel_access_pif_of.first() {
        let tunnel: Tunnel = rows.get(tunnel)?;
        let through = below(&tunnel.transport_pif)?;
        return Ok(through.map(|through| Made::Tunnel(tunnel.protocol, through)));
    }
    Ok(pif.physical.then_some(Made::Nic))
}

struct Merging<'a, R> {
    pool: &'a R,
    opened: &'a Opened,
    theirs: BTreeMap<Made, Ref<Network>>,
    merged: Merged,
    /// The pool's networks that the host has a PIF on: no host has two.
    taken: BTreeSet<Ref<Network>>,
}

impl<R: Read> Merging<'_, R> {
    fn mine(&self) -> Result<Vec<(Ref<Network>, Network)>> {
        let mut networks = self.opened.view.all::<Network>()?;
        networks.retain(|(network, _)| !self.merged.networks.contains_key(network));
        networks.sort_by(|(_, one), (_, other)| one.bridge.cmp(&other.bridge));
        Ok(networks)
    }

    /// A network is one of the pool's, unless the host has one there already.
    fn is(
        &mut self,
        network: &Ref<Network>,
        row: &Network,
        of: Ref<Network>,
        why: &str,
    ) -> Result<()> {
        if !row.pifs.is_empty() && !self.taken.insert(of.clone()) {
            return Ok(());
        }
        let theirs = self.pool.get(&of)?;
        self.merged.steps.push(format!(
            "network {} ({}) becomes {} ({}): {why}",
            row.name_label, row.bridge, theirs.name_label, theirs.bridge
        ));
        self.merged
            .networks
            .insert(network.clone(), Becomes::Of(of));
        Ok(())
    }

    /// Those that are the pool's already, and the one that every host has.
    fn known(&mut self) -> Result<()> {
        let theirs = self.pool.all::<Network>()?;
        for (network, row) in self.mine()? {
            let same = theirs.iter().find(|(_, other)| other.uuid == row.uuid);
            let internal = |row: &Network| {
                let key = row.other_config.get("is_host_internal_management_network");
                key.is_some_and(|value| value == "true")
            };
            let system = || {
                let mut all = theirs.iter();
                all.find(|(_, other)| internal(&row) && internal(other))
            };
            let (of, why) = match (same, system()) {
                (Some((of, _)), _) => (of, "it is the same"),
                (None, Some((of, _))) => (of, "every host has one"),
                (None, None) => continue,
            };
            self.is(&network, &row, of.clone(), why)?;
        }
        Ok(())
    }

    /// NICs of one position are on one network.
    fn nics(&mut self) -> Result<()> {
        for (network, row) in self.mine()? {
            let mut physical = false;
            for pif in row.pifs.iter() {
                physical |= self.opened.view.field(pif, Pif::PHYSICAL)?;
            }
            if !physical || !row.managed {
                continue;
            }
            if let Some(of) = self.pool.find(Network::BRIDGE, &row.bridge)?.pop() {
                self.is(&network, &row, of, "its NIC is at that position")?;
            }
        }
        Ok(())
    }

    /// Bonds of the same positions, VLANs of the same tag, tunnels of the same kind are on one network.
    fn built(&mut self) -> Result<()> {
        for (network, row) in self.mine()? {
            let Some(pif) = row.pifs.first() else {
                continue;
            };
            let pif = self.opened.view.get(pif)?;
            let networks = &self.merged.networks;
            let known = |network: &Ref<Network>| match networks.get(network) {
                Some(Becomes::Of(of)) => Some(of.clone()),
                _ => None,
            };
            let (why, of) = match made(&self.opened.view, &pif, &known)? {
                Some(Made::Tunnel(..)) | Some(Made::Nic) | None => continue,
                Some(made @ Made::Bond(_)) => ("it is a bond of the same NICs", made),
                Some(made @ Made::Vlan(..)) => ("it is the same VLAN", made),
            };
            if let Some(of) = self.theirs.get(&of).cloned() {
                self.is(&network, &row, of, why)?;
            }
        }
        Ok(())
    }

    /// Networks of one name are one, if nothing speaks against it: what the pool's is made of is not what the host's is
    /// made of, or one of them is on no NIC at all and the other is.
    fn named(&mut self) -> Result<()> {
        for (network, row) in self.mine()? {
            if row.name_label.is_empty() || !row.managed {
                continue;
            }
            let mut namesakes = Vec::new();
            for of in self.pool.by_name_label(Network::DESC, &row.name_label)? {
                let of = Ref::<Network>::new(of);
                let theirs = self.pool.get(&of)?;
                if theirs.managed && self.alike(&row, &theirs)? {
                    namesakes.push(of);
                }
            }
            // Several of one name say nothing.
            if let [of] = namesakes.as_slice() {
                self.is(&network, &row, of.clone(), "it has the same name")?;
            }
        }
        Ok(())
    }

    /// Whether two networks may be one: both have no PIF, or both are tunnels of a kind.
    fn alike(&self, mine: &Network, theirs: &Network) -> Result<bool> {
        let (Some(mine), Some(theirs)) = (mine.pifs.first(), theirs.pifs.first()) else {
            return Ok(mine.pifs.is_empty() && theirs.pifs.is_empty());
        };
        let (mine, theirs) = (self.opened.view.get(mine)?, self.pool.get(theirs)?);
        let tunnels = (
            mine.tunnel_access_pif_of.first(),
            theirs.tunnel_access_pif_of.first(),
        );
        let (Some(mine), Some(theirs)) = tunnels else {
            return Ok(false);
        };
        let protocol = self.opened.view.field(mine, Tunnel::PROTOCOL)?;
        Ok(protocol == self.pool.field(theirs, Tunnel::PROTOCOL)?)
    }

    /// The rest are new to the pool, under another bridge where theirs is taken.
    fn rest(&mut self) -> Result<()> {
        let theirs = self.pool.all::<Network>()?.into_iter();
        let mut taken: BTreeSet<_> = theirs.map(|(_, row)| row.bridge).collect();
        let rest = self.mine()?;
        // One that keeps its name must not find it given away to another.
        let free = rest.iter().map(|(_, row)| &row.bridge);
        let kept: BTreeSet<_> = free
            .filter(|bridge| !taken.contains(*bridge))
            .cloned()
            .collect();
        taken.extend(
            self.opened
                .view
                .all::<Network>()?
                .into_iter()
                .map(|(_, row)| row.bridge),
        );
        for (network, row) in rest {
            let bridge = match row.managed && !kept.contains(&row.bridge) {
                true => free_bridge(|name| taken.contains(name))?,
                false => row.bridge.clone(),
            };
            taken.insert(bridge.clone());
            let renamed = match bridge == row.bridge {
                true => String::new(),
                false => format!(", with the bridge {bridge} in place of {}", row.bridge),
            };
            self.merged.steps.push(format!(
                "network {} ({}) is new to the pool{renamed}",
                row.name_label, row.bridge
            ));
            self.merged.networks.insert(network, Becomes::New(bridge));
        }
        Ok(())
    }
}
