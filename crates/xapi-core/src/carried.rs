//! What a PIF carries, and how all of it moves onto another: VLANs, tunnels, VIFs, addresses, management. `Bond.create`
//! and `Bond.destroy` move it up and down; start-up moves up what uses a bond's member beside its bond.
//!
//! XAPI makes VLANs and tunnels anew on the other PIF and destroys the old ones; here their objects stay and point
//! elsewhere, so that nobody's reference dies and nothing that hangs on them is lost
//! (docs/decisions/moved-objects-stay.md).

use std::collections::BTreeMap;

use xapi_db::{Draft, Read};
use xapi_model::{
    ClusterHost, Host, IpConfigurationMode, Ipv6ConfigurationMode, Network, Pif, Ref, Tunnel, Vif,
    Vlan, errors,
};

use crate::Result;
use crate::guests;
use crate::topology::mtu_of;
use crate::vifs_to_move::Finder;

/// What to do about what only one of two can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clash {
    /// The call is refused: nothing is ever dropped.
    Refuse,
    /// The weaker one is dropped, and told. For a start, which must go on.
    Tell,
}

/// Moves what PIFs of a host carry onto another.
pub struct Moving<'a> {
    draft: &'a Draft,
    host: &'a Ref<Host>,
    clash: Clash,
    /// The VIFs that got another network.
    pub vifs: Vec<Ref<Vif>>,
    /// What was dropped, for people.
    pub dropped: Vec<String>,
}

/// A VLAN with its untagged PIF.
struct Candidate {
    vlan: Ref<Vlan>,
    tagged: Ref<Pif>,
    untagged: Ref<Pif>,
    pif: Pif,
}

impl<'a> Moving<'a> {
    /// Nothing moved yet.
    pub fn new(draft: &'a Draft, host: &'a Ref<Host>, clash: Clash) -> Moving<'a> {
        Moving {
            draft,
            host,
            clash,
            vifs: Vec::new(),
            dropped: Vec::new(),
        }
    }

    /// Moves VLANs, tunnels, VIFs and the cluster's speech; addresses and management of the PIFs themselves are moved by
    /// [`Moving::addresses`] and [`management`].
    pub fn everything(&mut self, from: &[Ref<Pif>], to: &Ref<Pif>) -> Result<()> {
        let target = self.draft.get(to)?;
        self.vlans(from, to, &target)?;
        for pif in from {
            self.tunnels(pif, to, &target)?;
            let network = self.draft.field(pif, Pif::NETWORK)?;
            self.vifs(&network, &target.network)?;
            self.cluster(pif, to)?;
        }
        Ok(())
    }

    fn vlans(&mut self, from: &[Ref<Pif>], to: &Ref<Pif>, target: &Pif) -> Result<()> {
        let mut by_tag: BTreeMap<i64, Vec<Candidate>> = BTreeMap::new();
        for tagged in std::iter::once(to).chain(from) {
            for vlan in self.draft.field(tagged, Pif::VLAN_SLAVE_OF)?.iter() {
                let row = self.draft.get(vlan)?;
                by_tag.entry(row.tag).or_default().push(Candidate {
                    vlan: vlan.clone(),
                    tagged: tagged.clone(),
                    pif: self.draft.get(&row.untagged_pif)?,
                    untagged: row.untagged_pif,
                });
            }
        }
        for (_, mut same) in by_tag {
            // Who has management keeps its network, then who has an address, then who is named first.
            same.sort_by_key(|one| (!one.pif.management, !has_address(&one.pif)));
            let mut same = same.into_iter();
            let Some(kept) = same.next() else { continue };
            self.vlan(&kept, to, target)?;
            for merged in same {
                self.merge(&merged, &kept, target)?;
            }
        }
        Ok(())
    }

    /// Puts a VLAN onto a PIF; its network goes with it.
    fn vlan(&mut self, kept: &Candidate, to: &Ref<Pif>, target: &Pif) -> Result<()> {
        if kept.tagged == *to {
            return Ok(());
        }
        let draft = self.draft;
        let before = mtu_of(draft, &kept.pif)?;
        draft.set(&kept.vlan, Vlan::TAGGED_PIF, to.clone())?;
        draft.set(&kept.untagged, Pif::DEVICE, target.device.clone())?;
        draft.set(&kept.untagged, Pif::DEVICE_NAME, target.device_name.clone())?;
        draft.set(&kept.untagged, Pif::METRICS, target.metrics.clone())?;
        for tunnel in kept.pif.tunnel_transport_pif_of.iter() {
            let access = draft.field(tunnel, Tunnel::ACCESS_PIF)?;
            draft.set(&access, Pif::METRICS, target.metrics.clone())?;
        }
        self.no_smaller(&kept.untagged, before, target)
    }

    /// A VLAN that has the tag of another is that other from now on.
    fn merge(&mut self, merged: &Candidate, kept: &Candidate, target: &Pif) -> Result<()> {
        let draft = self.draft;
        self.addresses(&merged.untagged, &kept.untagged)?;
        if merged.pif.currently_attached {
            draft.set(&kept.untagged, Pif::CURRENTLY_ATTACHED, true)?;
            draft.set(&kept.untagged, Pif::LEFT_OUT, false)?;
        }
        if merged.pif.disallow_unplug {
            draft.set(&kept.untagged, Pif::DISALLOW_UNPLUG, true)?;
        }
        management(draft, &merged.untagged, &kept.untagged)?;
        let mut config = merged.pif.other_config.clone();
        config.extend(draft.field(&kept.untagged, Pif::OTHER_CONFIG)?);
        draft.set(&kept.untagged, Pif::OTHER_CONFIG, config)?;
        self.tunnels(&merged.untagged, &kept.untagged, target)?;
        self.vifs(&merged.pif.network, &kept.pif.network)?;
        self.cluster(&merged.untagged, &kept.untagged)?;
        draft.destroy(&merged.vlan)?;
        draft.destroy(&merged.untagged)
    }

    fn tunnels(&mut self, from: &Ref<Pif>, to: &Ref<Pif>, target: &Pif) -> Result<()> {
        let draft = self.draft;
        for tunnel in draft.field(from, Pif::TUNNEL_TRANSPORT_PIF_OF)?.iter() {
            let access = draft.field(tunnel, Tunnel::ACCESS_PIF)?;
            let before = mtu_of(draft, &draft.get(&access)?)?;
            draft.set(tunnel, Tunnel::TRANSPORT_PIF, to.clone())?;
            draft.set(&access, Pif::METRICS, target.metrics.clone())?;
            self.no_smaller(&access, before, target)?;
        }
        Ok(())
    }

    fn vifs(&mut self, from: &Ref<Network>, to: &Ref<Network>) -> Result<()> {
        if from == to {
            return Ok(());
        }
        let draft = self.draft;
        // A VIF that comes meanwhile must move, too.
        draft.rely(from)?;
        for vif in Finder::new(draft, self.host)?.on(from)? {
            draft.set(&vif, Vif::NETWORK, to.clone())?;
            self.vifs.push(vif);
        }
        Ok(())
    }

    /// The host's end of a NIC that moved is as large as the network that it is on now; to be called when the rest is as it
    /// will be. What the guest was told when it got its NIC is its own affair.
    pub fn sized(&self) -> Result<()> {
        for vif in &self.vifs {
            let row = self.draft.get(vif)?;
            if row.currently_attached {
                let mtu = guests::mtu_of(self.draft, self.host, &row)?;
                self.draft.set(vif, Vif::MTU, i64::from(mtu))?;
            }
        }
        Ok(())
    }

    fn cluster(&self, from: &Ref<Pif>, to: &Ref<Pif>) -> Result<()> {
        for cluster_host in self.draft.find(ClusterHost::PIF, from)? {
            self.draft
                .set(&cluster_host, ClusterHost::PIF, to.clone())?;
        }
        Ok(())
    }

    /// What fitted through a network before must fit afterwards.
    fn no_smaller(&self, pif: &Ref<Pif>, before: u32, target: &Pif) -> Result<()> {
        let now = mtu_of(self.draft, &self.draft.get(pif)?)?;
        if now >= before || self.clash == Clash::Tell {
            return Ok(());
        }
        let network = self.draft.field(pif, Pif::NETWORK)?;
        let bridge = self.draft.field(&network, Network::BRIDGE)?;
        Err(errors::pif_configuration_error(
            pif,
            format!(
                "{bridge} has an MTU of {before}, and {} would leave it {now}",
                target.device
            ),
        ))
    }

    /// Moves the addresses of each family to a PIF that has none of it.
    pub fn addresses(&mut self, from: &Ref<Pif>, to: &Ref<Pif>) -> Result<()> {
        let draft = self.draft;
        let (pif, target) = (draft.get(from)?, draft.get(to)?);
        if !has_address(&pif) {
            return Ok(());
        }
        if has_v4(&pif) {
            if has_v4(&target) {
                self.clashes(from, (&pif, &target), v4_text)?;
            } else {
                draft.set(to, Pif::IP_CONFIGURATION_MODE, pif.ip_configuration_mode)?;
                draft.set(to, Pif::IP, pif.ip.clone())?;
                draft.set(to, Pif::NETMASK, pif.netmask.clone())?;
                draft.set(to, Pif::GATEWAY, pif.gateway.clone())?;
            }
        }
        if has_v6(&pif) {
            if has_v6(&target) {
                self.clashes(from, (&pif, &target), v6_text)?;
            } else {
                let mode = pif.ipv6_configuration_mode;
                draft.set(to, Pif::IPV6_CONFIGURATION_MODE, mode)?;
                draft.set(to, Pif::IPV6, pif.ipv6.clone())?;
                draft.set(to, Pif::IPV6_GATEWAY, pif.ipv6_gateway.clone())?;
            }
        }
        draft.set(to, Pif::DNS, servers_of(&target, &pif))?;
        clear_addresses(draft, from)
    }

    /// The same where the host is reached by the addresses that move: of a family that both PIFs have, those of the other
    /// PIF give way. The servers of the first one are asked first.
    pub fn addresses_in_use(&mut self, from: &Ref<Pif>, to: &Ref<Pif>) -> Result<()> {
        let draft = self.draft;
        let (pif, target) = (draft.get(from)?, draft.get(to)?);
        if !has_address(&pif) {
            return Ok(());
        }
        if has_v4(&pif) && has_v4(&target) {
            self.clashes(to, (&target, &pif), v4_text)?;
            clear_v4(draft, to)?;
        }
        if has_v6(&pif) && has_v6(&target) {
            self.clashes(to, (&target, &pif), v6_text)?;
            clear_v6(draft, to)?;
        }
        draft.set(to, Pif::DNS, servers_of(&pif, &target))?;
        self.addresses(from, to)
    }

    /// Two PIFs have addresses of one family; those of the weaker one, which comes first, go.
    fn clashes(
        &mut self,
        about: &Ref<Pif>,
        (weaker, stronger): (&Pif, &Pif),
        addresses: fn(&Pif) -> String,
    ) -> Result<()> {
        let place = |pif: &Pif| match pif.vlan {
            -1 => pif.device.clone(),
            tag => format!("VLAN {tag} of {}", pif.device),
        };
        let both = format!(
            "{} and {} both have addresses, and become one",
            place(weaker),
            place(stronger)
        );
        match self.clash {
            Clash::Refuse => Err(errors::pif_configuration_error(about, both)),
            Clash::Tell => {
                let gone = addresses(weaker);
                self.dropped.push(format!("{both}: {gone} is dropped"));
                Ok(())
            }
        }
    }
}

/// The name servers of two PIFs, those of the first one first.
fn servers_of(first: &Pif, second: &Pif) -> String {
    let known: Vec<_> = texts(&first.dns).collect();
    let more = texts(&second.dns).filter(|server| !known.contains(server));
    let servers: Vec<_> = known.iter().cloned().chain(more).collect();
    servers.join(",")
}

fn v4_text(pif: &Pif) -> String {
    format!("{} {}", pif.ip_configuration_mode, pif.ip)
}

fn v6_text(pif: &Pif) -> String {
    format!("{} {}", pif.ipv6_configuration_mode, pif.ipv6.join(" "))
}

fn texts(list: &str) -> impl Iterator<Item = String> + '_ {
    let words = list.split(',').map(str::trim);
    words.filter(|word| !word.is_empty()).map(str::to_owned)
}

fn has_v4(pif: &Pif) -> bool {
    pif.ip_configuration_mode != IpConfigurationMode::None
}

fn has_v6(pif: &Pif) -> bool {
    pif.ipv6_configuration_mode != Ipv6ConfigurationMode::None
}

/// Whether a PIF has an IP configuration of either family.
pub fn has_address(pif: &Pif) -> bool {
    has_v4(pif) || has_v6(pif)
}

/// Leaves a PIF without IP configuration.
pub fn clear_addresses(draft: &Draft, pif: &Ref<Pif>) -> Result<()> {
    clear_v4(draft, pif)?;
    clear_v6(draft, pif)?;
    draft.set(pif, Pif::DNS, String::new())
}

fn clear_v4(draft: &Draft, pif: &Ref<Pif>) -> Result<()> {
    draft.set(pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::None)?;
    for field in [Pif::IP, Pif::NETMASK, Pif::GATEWAY] {
        draft.set(pif, field, String::new())?;
    }
    Ok(())
}

fn clear_v6(draft: &Draft, pif: &Ref<Pif>) -> Result<()> {
    let mode = Ipv6ConfigurationMode::None;
    draft.set(pif, Pif::IPV6_CONFIGURATION_MODE, mode)?;
    draft.set(pif, Pif::IPV6, Vec::new())?;
    draft.set(pif, Pif::IPV6_GATEWAY, String::new())
}

/// If one PIF is the management interface, the other is it from now on.
pub fn management(draft: &Draft, from: &Ref<Pif>, to: &Ref<Pif>) -> Result<()> {
    if draft.field(from, Pif::MANAGEMENT)? {
        draft.set(from, Pif::MANAGEMENT, false)?;
        draft.set(to, Pif::MANAGEMENT, true)?;
    }
    Ok(())
}

/// Moves the settings of a PIF that are the network's: those of the NIC (`ethtool-…`) stay with it, those of the bond
/// (`bond-…`) go with the bond.
pub fn settings(draft: &Draft, from: &Ref<Pif>, to: &Ref<Pif>) -> Result<()> {
    let stays = |key: &String| key.starts_with("ethtool-") || key.starts_with("bond-");
    let (stay, go): (BTreeMap<_, _>, BTreeMap<_, _>) = draft
        .field(from, Pif::OTHER_CONFIG)?
        .into_iter()
        .partition(|(key, _)| stays(key));
    if go.is_empty() {
        return Ok(());
    }
    let mut there = draft.field(to, Pif::OTHER_CONFIG)?;
    there.extend(go);
    draft.set(to, Pif::OTHER_CONFIG, there)?;
    draft.set(from, Pif::OTHER_CONFIG, stay)
}
