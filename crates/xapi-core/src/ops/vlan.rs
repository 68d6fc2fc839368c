//! VLANs: the traffic of one tag on a NIC or bond, as a PIF of its own (API facts, 1.4).

use xapi_db::{Draft, Read};
use xapi_model::vlan::{Create, Destroy};
use xapi_model::{Class, Host, Network, Pci, Pif, Ref, Vif, Vlan, errors};
use xapi_model::{pif as pif_calls, pool as pool_calls};
use xapi_net::agent::Agent;
use xapi_net::topology::Name;

use crate::Result;
use crate::context::Cx;
use crate::ops::network;
use crate::ops::pif::{Kind, host_live, kind_of, on_sriov, refuse_clustering, refuse_ha};
use crate::ops::plug::{fits, plug_in, pull_out};
use crate::planned;
use crate::pool::everywhere::{About, Change, everywhere};
use crate::proof::Care;
use crate::topology::pifs_of;

/// The Ethernet address that VLANs show: they use the one of the PIF below.
const SHOWN_MAC: &str = "fe:ff:ff:ff:ff:ff";

/// What XAPI calls 0 to 4094; 0 is a tag, too: that of packets with a priority alone.
const TAGS: std::ops::RangeInclusive<i64> = 0..=4094;

/// `VLAN.create`.
pub fn create(cx: &Cx<'_>, call: Create) -> Result<Ref<Vlan>> {
    made(cx, &call).map(|(vlan, _)| vlan)
}

/// Makes a VLAN and plugs it. Returns it with its untagged PIF.
fn made(cx: &Cx<'_>, call: &Create) -> Result<(Ref<Vlan>, Ref<Pif>)> {
    let view = cx.core.view()?;
    let host = view.field(&call.tagged_pif, Pif::HOST)?;
    host_live(&view, &host)?;
    let foreign = foreign_vlans(&*cx.core.agent_of(&view, &host)?);
    cx.change(&host, &call.tagged_pif, |draft| {
        plugged(draft, &host, call, &foreign)
    })
}

/// Makes the rows of a VLAN and plugs it. Returns it with its untagged PIF.
fn plugged(
    draft: &Draft,
    host: &Ref<Host>,
    call: &Create,
    foreign: &[(Name, u16)],
) -> Result<(Ref<Vlan>, Ref<Pif>)> {
    let tagged = allowed(draft, host, call, foreign)?;
    let (vlan, untagged) = inserted(draft, call, &tagged)?;
    let row = draft.get(&untagged)?;
    // The caller does not know the new PIF.
    fits(draft, &call.tagged_pif, &row)?;
    plug_in(draft, &untagged, &row)?;
    Ok((vlan, untagged))
}

/// Makes the rows of a VLAN that is not plugged yet. Returns it with its untagged PIF.
pub(crate) fn inserted(
    draft: &Draft,
    call: &Create,
    tagged: &Pif,
) -> Result<(Ref<Vlan>, Ref<Pif>)> {
    let vlan = draft.insert(Vlan {
        tagged_pif: call.tagged_pif.clone(),
        tag: call.tag,
        ..Vlan::blank()
    })?;
    let untagged = draft.insert(untagged_of(tagged, call, &vlan))?;
    draft.set(&vlan, Vlan::UNTAGGED_PIF, untagged.clone())?;
    Ok((vlan, untagged))
}

/// The VLANs that the host has and we do not know: parent and tag.
fn foreign_vlans(agent: &dyn Agent) -> Vec<(Name, u16)> {
    match agent.facts() {
        Ok(facts) => {
            let foreign = facts.bridges.into_values().filter(|bridge| !bridge.ours);
            foreign.filter_map(|bridge| bridge.vlan).collect()
        }
        // The host refuses what clashes in any case; only the error says less.
        Err(why) => {
            tracing::warn!("no list of VLANs before one is made: {why}");
            Vec::new()
        }
    }
}

/// The checks, in the order of XAPI's. Returns the PIF that is to carry the VLAN.
fn allowed(draft: &Draft, host: &Ref<Host>, call: &Create, foreign: &[(Name, u16)]) -> Result<Pif> {
    let this = &call.tagged_pif;
    free(draft, host, &call.network)?;
    let tagged = draft.get(this)?;
    draft.rely(this)?;
    if !tagged.managed {
        return Err(errors::pif_unmanaged(this));
    }
    match kind_of(&tagged) {
        Kind::Physical if !tagged.bond_slave_of.is_null() => {
            return Err(errors::cannot_add_vlan_to_bond_slave(this));
        }
        Kind::Vlan => return Err(errors::pif_is_vlan(this)),
        Kind::TunnelAccess => return Err(errors::is_tunnel_access_pif(this)),
        _ => {}
    }
    compatible(draft, this, &tagged, &call.network)?;
    if !TAGS.contains(&call.tag) {
        return Err(errors::vlan_tag_invalid(call.tag));
    }
    for vlan in tagged.vlan_slave_of.iter() {
        if draft.field(vlan, Vlan::TAG)? == call.tag {
            return Err(errors::pif_vlan_exists(&tagged.device_name));
        }
    }
    let parent = Name::new(&draft.field(&tagged.network, Network::BRIDGE)?).ok();
    let held = |(on, tag): &(Name, u16)| Some(*on) == parent && i64::from(*tag) == call.tag;
    if foreign.iter().any(held) {
        return Err(errors::vlan_in_use(&tagged.device, call.tag));
    }
    no_trunks(draft, &call.network)?;
    if kind_of(&tagged) == Kind::SriovLogical {
        return Err(errors::not_implemented("VLAN.create on SR-IOV"));
    }
    Ok(tagged)
}

/// NETWORK_INCOMPATIBLE_WITH_TRUNKS [network], if a VIF there has tags of its own.
pub(crate) fn no_trunks(draft: &Draft, network: &Ref<Network>) -> Result<()> {
    for vif in draft.field(network, Network::VIFS)?.iter() {
        if !draft.field(vif, Vif::TRUNKS)?.is_empty() {
            return Err(errors::network_incompatible_with_trunks(network));
        }
    }
    Ok(())
}

/// NETWORK_UNMANAGED or NETWORK_ALREADY_CONNECTED, unless a PIF of the host can be made on the network.
pub fn free(draft: &Draft, host: &Ref<Host>, on: &Ref<Network>) -> Result<()> {
    let row = draft.get(on)?;
    draft.rely(on)?;
    if !row.managed {
        return Err(errors::network_unmanaged(on));
    }
    match network::pif_on(draft, on, host)? {
        Some(pif) => Err(errors::network_already_connected(host, pif)),
        None => Ok(()),
    }
}

/// SR-IOV and bridges do not share a network.
fn compatible(draft: &Draft, this: &Ref<Pif>, tagged: &Pif, network: &Ref<Network>) -> Result<()> {
    let pifs = draft.field(network, Network::PIFS)?;
    let Some(first) = pifs.first() else {
        return Ok(());
    };
    let row = draft.get(first)?;
    let sriov = on_sriov(draft, &row)?;
    if kind_of(tagged) != Kind::SriovLogical {
        return match sriov {
            true => Err(errors::network_incompatible_with_vlan_on_bridge(network)),
            false => Ok(()),
        };
    }
    if !sriov || kind_of(&row) != Kind::Vlan {
        return Err(errors::network_incompatible_with_vlan_on_sriov(network));
    }
    let base = draft.field(&row.vlan_master_of, Vlan::TAGGED_PIF)?;
    if hardware(draft, tagged)? == hardware(draft, &draft.get(&base)?)? {
        return Ok(());
    }
    Err(errors::network_has_incompatible_vlan_on_sriov_pifs(
        this, network,
    ))
}

/// Vendor and device of the NIC under the logical side of SR-IOV.
fn hardware(draft: &Draft, logical: &Pif) -> Result<Option<(String, String)>> {
    let Some(sriov) = logical.sriov_logical_pif_of.first() else {
        return Ok(None);
    };
    let physical = draft.field(sriov, xapi_model::NetworkSriov::PHYSICAL_PIF)?;
    let pci = draft.field(&physical, Pif::PCI)?;
    match draft.exists(&pci)? {
        true => Ok(Some((
            draft.field(&pci, Pci::VENDOR_ID)?,
            draft.field(&pci, Pci::DEVICE_ID)?,
        ))),
        false => Ok(None),
    }
}

/// The PIF of a new VLAN. Its link is that of the PIF below, so they share the metrics.
pub(crate) fn untagged_of(tagged: &Pif, call: &Create, vlan: &Ref<Vlan>) -> Pif {
    Pif {
        device: tagged.device.clone(),
        device_name: tagged.device.clone(),
        network: call.network.clone(),
        host: tagged.host.clone(),
        mac: SHOWN_MAC.to_owned(),
        mtu: tagged.mtu,
        vlan: call.tag,
        metrics: tagged.metrics.clone(),
        physical: false,
        currently_attached: false,
        managed: true,
        ipv6: vec![String::new()],
        primary_address_type: tagged.primary_address_type,
        vlan_master_of: vlan.clone(),
        ..Pif::blank()
    }
}

/// `VLAN.destroy`.
pub fn destroy(cx: &Cx<'_>, call: Destroy) -> Result<()> {
    let view = cx.core.view()?;
    let row = view.get(&call.this)?;
    if !view.exists(&row.untagged_pif)? {
        let care = Care::of(cx.origin)?;
        if care.plan_only {
            return Err(planned::answer(&care, &[]));
        }
        return cx.core.store.change(|draft| draft.destroy(&call.this));
    }
    remove(cx, &row.untagged_pif, &call.this)
}

/// Takes a VLAN down and removes it with its PIF; the metrics are those of the PIF below, and stay.
fn remove(cx: &Cx<'_>, untagged: &Ref<Pif>, vlan: &Ref<Vlan>) -> Result<()> {
    let view = cx.core.view()?;
    let host = view.field(untagged, Pif::HOST)?;
    host_live(&view, &host)?;
    let below = view.field(vlan, Vlan::TAGGED_PIF)?;
    cx.change(&host, &below, |draft| {
        let pif = draft.get(untagged)?;
        draft.rely(untagged)?;
        draft.rely(vlan)?;
        if !pif.bond_slave_of.is_null() || !pif.bond_master_of.is_empty() {
            return Err(errors::pif_already_bonded(untagged));
        }
        if pif.currently_attached {
            refuse_ha(draft)?;
        }
        if pif.vlan < 0 {
            return Err(errors::pif_is_physical());
        }
        pull_out(&cx.core.config, draft, untagged, &pif)?;
        // XAPI goes on here, and leaves the tunnels without a transport and a cluster host without its PIF.
        if !pif.tunnel_transport_pif_of.is_empty() {
            return Err(errors::pif_tunnel_still_exists(untagged));
        }
        refuse_clustering(draft, untagged)?;
        draft.destroy(vlan)?;
        draft.destroy(untagged)
    })
}

/// `PIF.create_VLAN`: the PIF below is named by its device.
pub fn create_on_device(cx: &Cx<'_>, call: pif_calls::CreateVlan) -> Result<Ref<Pif>> {
    host_live(&cx.core.view()?, &call.host)?;
    on_device(cx, &call.device, &call.network, &call.host, call.vlan)
}

fn on_device(
    cx: &Cx<'_>,
    device: &str,
    network: &Ref<Network>,
    host: &Ref<Host>,
    tag: i64,
) -> Result<Ref<Pif>> {
    let pifs = pifs_of(&cx.core.view()?, host)?;
    let base = pifs
        .into_iter()
        .find(|(_, pif)| pif.device == device && pif.vlan < 0);
    let (tagged_pif, _) = base.ok_or_else(|| errors::invalid_value("device", device))?;
    let call = Create {
        tagged_pif,
        tag,
        network: network.clone(),
    };
    made(cx, &call).map(|(_, pif)| pif)
}

/// `PIF.destroy`: a VLAN by its untagged PIF.
pub fn destroy_by_pif(cx: &Cx<'_>, call: pif_calls::Destroy) -> Result<()> {
    let view = cx.core.view()?;
    let pif = view.get(&call.this)?;
    host_live(&view, &pif.host)?;
    match pif.vlan_master_of.some() {
        Some(vlan) if pif.vlan >= 0 => remove(cx, &call.this, vlan),
        _ => Err(errors::pif_is_physical()),
    }
}

/// `pool.create_VLAN`: on every host, by the name of the device.
pub fn create_in_pool(cx: &Cx<'_>, call: pool_calls::CreateVlan) -> Result<Vec<Ref<Pif>>> {
    let hosts = cx.core.view()?.all::<Host>()?.into_iter();
    let hosts: Vec<_> = hosts.map(|(host, _)| host).collect();
    let base = |draft: &Draft, host: &Ref<Host>| {
        let mut pifs = pifs_of(draft, host)?.into_iter();
        let base = pifs.find(|(_, pif)| pif.device == call.device && pif.vlan < 0);
        let base = base.ok_or_else(|| errors::invalid_value("device", &call.device))?;
        Ok(base.0)
    };
    on_hosts(cx, &hosts, call.vlan, &call.network, &base)
}

/// `pool.create_VLAN_from_PIF`: on every live host that has a PIF on the network of this one.
pub fn create_from_pif(cx: &Cx<'_>, call: pool_calls::CreateVlanFromPif) -> Result<Vec<Ref<Pif>>> {
    let view = cx.core.view()?;
    let below = view.field(&call.pif, Pif::NETWORK)?;
    let mut hosts = Vec::new();
    for pif in view.field(&below, Network::PIFS)?.iter() {
        let host = view.field(pif, Pif::HOST)?;
        if host_live(&view, &host).is_ok() {
            hosts.push(host);
        }
    }
    drop(view);
    let base = |draft: &Draft, host: &Ref<Host>| {
        let pif = network::pif_on(draft, &below, host)?;
        pif.ok_or_else(|| errors::pif_not_present(host, &below))
    };
    on_hosts(cx, &hosts, call.vlan, &call.network, &base)
}

/// Makes a VLAN on each host, or on none. Hosts that are not there get theirs at their start.
fn on_hosts(
    cx: &Cx<'_>,
    hosts: &[Ref<Host>],
    tag: i64,
    network: &Ref<Network>,
    base: &About<'_>,
) -> Result<Vec<Ref<Pif>>> {
    let foreign = foreign_vlans(&*cx.core.agent);
    let here = cx.core.localhost()?;
    let edit = |draft: &Draft, host: &Ref<Host>| {
        let call = Create {
            tagged_pif: base(draft, host)?,
            tag,
            network: network.clone(),
        };
        // What other hosts have that we do not know they say themselves.
        let foreign = if *host == here { &*foreign } else { &[] };
        let (_, untagged) = plugged(draft, host, &call, foreign)?;
        draft.set(&untagged, Pif::INHERITED, true)?;
        Ok((untagged, Vec::new()))
    };
    let change = Change {
        edit: &edit,
        about: base,
    };
    everywhere(cx, hosts, &change)
}
