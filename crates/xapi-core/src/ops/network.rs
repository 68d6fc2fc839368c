//! Networks (API facts, 1.7).

use xapi_db::Read;
use xapi_model::messages::messages;
use xapi_model::network::{AddPurpose, RemovePurpose, SetDefaultLockingMode};
use xapi_model::{Class, Network, NetworkDefaultLockingMode, Pif, Ref, Value, Vif, errors};

use crate::context::Cx;
use crate::ops::pif::{Kind, kind_of};
use crate::{Result, implied};

/// Prefixes of bridge names that the toolstack keeps for itself.
const RESERVED: [&str; 5] = ["xen", "xapi", "vif", "tap", "eth"];

/// `network.create`: a record; nothing is attached before somebody uses it.
pub fn create(cx: &Cx<'_>, params: Vec<Value>) -> Result<Value> {
    let message = messages()
        .find("network.create")
        .ok_or_else(|| errors::message_method_unknown("network.create"))?;
    let record = params.into_iter().next().unwrap_or_default();
    let mut network = Network::from_row(implied::constructor_row(message, record)?)?;
    if network.mtu <= 0 {
        network.mtu = 1500;
    }
    let internal = cx.session.as_ref().is_some_and(|caller| caller.pool);
    let live = live_bridges(cx);
    let made = cx.core.store.change(|draft| {
        let mut network = network.clone();
        let taken = bridges(draft)?;
        if network.bridge.is_empty() {
            network.bridge =
                free_bridge(|name| taken.iter().chain(&live).any(|bridge| bridge == name))?;
        } else {
            let reserved = RESERVED
                .iter()
                .any(|prefix| network.bridge.starts_with(prefix));
            let formed = xapi_net::topology::Name::new(&network.bridge).is_ok();
            if !formed || reserved && !internal {
                return Err(errors::invalid_value("bridge", &network.bridge));
            }
            if taken.contains(&network.bridge) {
                return Err(errors::bridge_name_exists(&network.bridge));
            }
        }
        draft.insert(network)
    })?;
    Ok(Value::Str(made.as_str().to_owned()))
}

/// The bridges of all networks.
pub(crate) fn bridges(rows: &impl Read) -> Result<Vec<String>> {
    let networks = rows.all_stored::<Network>()?.into_iter();
    Ok(networks.map(|(_, network)| network.bridge).collect())
}

/// Bridges that exist, whoever made them: a new network must not take over one that the database does not know.
fn live_bridges(cx: &Cx<'_>) -> Vec<String> {
    match cx.core.agent.facts() {
        Ok(facts) => facts
            .bridges
            .keys()
            .map(|name| name.as_str().to_owned())
            .collect(),
        Err(why) => {
            tracing::warn!("no list of live bridges for a new network's name: {why}");
            Vec::new()
        }
    }
}

/// `xapiN` with the smallest free N.
pub fn free_bridge(taken: impl Fn(&str) -> bool) -> Result<String> {
    let mut names = (0..100_000).map(|n| format!("xapi{n}"));
    names
        .find(|name| !taken(name))
        .ok_or_else(|| errors::internal_error("no free bridge name"))
}

/// `network.destroy`.
pub fn destroy(cx: &Cx<'_>, params: Vec<Value>) -> Result<Value> {
    let this = params.first().and_then(Value::as_str).unwrap_or_default();
    let this = Ref::<Network>::new(this);
    cx.core.store.change(|draft| {
        let network = draft.get(&this)?;
        let vifs: Result<Vec<_>> = network
            .vifs
            .iter()
            .map(|vif| Ok((vif, draft.get(vif)?)))
            .collect();
        let vifs = vifs?;
        let used: Vec<_> = vifs
            .iter()
            .filter(|(_, vif)| vif.currently_attached || vif.reserved)
            .collect();
        if !used.is_empty() {
            return Err(errors::network_contains_vif(
                used.iter().map(|(reference, _)| reference),
            ));
        }
        if !network.pifs.is_empty() {
            return Err(errors::network_contains_pif(network.pifs.iter()));
        }
        let system = network
            .other_config
            .get("is_host_internal_management_network");
        if system.is_some_and(|value| value == "true") {
            return Err(errors::cannot_destroy_system_network(&this));
        }
        for (vif, _) in vifs {
            crate::ops::vif::remove(draft, vif)?;
        }
        draft.destroy(&this)
    })?;
    Ok(Value::Nil)
}

/// `network.set_default_locking_mode`.
pub fn set_default_locking_mode(cx: &Cx<'_>, call: SetDefaultLockingMode) -> Result<()> {
    let value: NetworkDefaultLockingMode = call.value;
    cx.core.store.change(|draft| {
        let vifs = draft.field(&call.network, Network::VIFS)?;
        for vif in vifs.iter() {
            // One that is attached meanwhile has been made for the default that was.
            draft.rely(vif)?;
            if draft.field(vif, Vif::CURRENTLY_ATTACHED)? {
                return Err(errors::vif_in_use(&call.network, vif));
            }
        }
        draft.set(&call.network, Network::DEFAULT_LOCKING_MODE, value)
    })
}

/// `network.add_purpose`: NBD with and without TLS exclude each other in a pool.
pub fn add_purpose(cx: &Cx<'_>, call: AddPurpose) -> Result<()> {
    cx.core.store.change(|draft| {
        let network = draft.get(&call.this)?;
        if !network.managed {
            return Err(errors::network_unmanaged(&call.this));
        }
        if network.purpose.contains(&call.value) {
            return Ok(());
        }
        for (_, other) in draft.all_stored::<Network>()? {
            if let Some(conflicting) = other.purpose.iter().find(|purpose| **purpose != call.value)
            {
                return Err(errors::network_incompatible_purposes(
                    call.value,
                    conflicting,
                ));
            }
        }
        let mut purpose = network.purpose;
        purpose.insert(0, call.value);
        draft.set(&call.this, Network::PURPOSE, purpose)
    })
}

/// `network.remove_purpose`.
pub fn remove_purpose(cx: &Cx<'_>, call: RemovePurpose) -> Result<()> {
    cx.core.store.change(|draft| {
        let mut purpose = draft.field(&call.this, Network::PURPOSE)?;
        purpose.retain(|value| *value != call.value);
        draft.set(&call.this, Network::PURPOSE, purpose)
    })
}

/// The network with a bridge; `None` if there is none, or more than one.
pub fn of_bridge(rows: &impl Read, bridge: &str) -> Result<Option<Ref<Network>>> {
    let found = rows.find(Network::BRIDGE, &bridge.to_owned())?;
    Ok(if let [one] = found.as_slice() {
        Some(one.clone())
    } else {
        None
    })
}

/// The network with a bridge on which a host may have a PIF: one on which it has none. Rows that somebody meddled with may
/// have several with one bridge: then the one that most guests are on.
pub fn fitting(
    rows: &impl Read,
    host: &Ref<xapi_model::Host>,
    bridge: &str,
) -> Result<Option<Ref<Network>>> {
    let mut best = None;
    for network in rows.find(Network::BRIDGE, &bridge.to_owned())? {
        if pif_on(rows, &network, host)?.is_some() {
            continue;
        }
        let guests = rows.field(&network, Network::VIFS)?.len();
        if best.as_ref().is_none_or(|(most, _)| guests > *most) {
            best = Some((guests, network));
        }
    }
    Ok(best.map(|(_, network)| network))
}

/// The network of a NIC that the configuration leaves alone, of this label, if the PIF that it was made for is gone. Such
/// networks have no bridge to be known by.
pub fn left_by_unmanaged(rows: &impl Read, label: &str) -> Result<Option<Ref<Network>>> {
    let mut left = rows.find(Network::BRIDGE, &String::new())?.into_iter();
    Ok(left.find(|network| {
        // One that cannot be read is no help, and no hindrance.
        rows.get(network).is_ok_and(|row| {
            !row.managed && row.name_label == label && row.pifs.iter().next().is_none()
        })
    }))
}

/// The PIF of a network on a host.
pub fn pif_on(
    rows: &impl Read,
    network: &Ref<Network>,
    host: &Ref<xapi_model::Host>,
) -> Result<Option<Ref<Pif>>> {
    for pif in rows.field(network, Network::PIFS)?.iter() {
        if rows.field(pif, Pif::HOST)? == *host {
            return Ok(Some(pif.clone()));
        }
    }
    Ok(None)
}

/// Whether a network is that of virtual functions: its first PIF is the logical side of SR-IOV, or a VLAN on one.
pub fn is_sriov(rows: &impl Read, network: &Ref<Network>) -> Result<bool> {
    let pifs = rows.field(network, Network::PIFS)?;
    let Some(pif) = pifs.first() else {
        return Ok(false);
    };
    let row = rows.get(pif)?;
    match kind_of(&row) {
        Kind::SriovLogical => Ok(true),
        Kind::Vlan => {
            let tagged = rows.field(&row.vlan_master_of, xapi_model::Vlan::TAGGED_PIF)?;
            Ok(kind_of(&rows.get(&tagged)?) == Kind::SriovLogical)
        }
        _ => Ok(false),
    }
}
