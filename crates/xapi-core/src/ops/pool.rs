//! Calls that concern the networks of all hosts of a pool (API facts, 1.12), and what no published call does: a bond on
//! every host at once, and the taking over of the master's network without a restart.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use xapi_db::{Draft, Read};
use xapi_model::bond::Create;
use xapi_model::pool::{ManagementReconfigure, SetIgmpSnoopingEnabled};
use xapi_model::{Bond, BondMode, Class, Host, Network, Pif, Pool, Ref, Value, Wire, errors};

use crate::Result;
use crate::context::Cx;
use crate::ops::bond;
use crate::ops::host::make_management;
use crate::ops::network::pif_on;
use crate::ops::pif::{host_live, refuse_ha_enabled};
use crate::pool::everywhere::{Change, Edited, everywhere, management, shared};
use crate::pool::inherit::{self, Inherited, inherit, inherit_and_tell};
use crate::proof::Care;
use crate::{alert, planned, vifs_to_move};

/// `pool.management_reconfigure`: on every host the PIF on a network becomes the management interface. The master is the
/// last, and tells the others where it will be.
pub fn management_reconfigure(cx: &Cx<'_>, call: ManagementReconfigure) -> Result<()> {
    let network = &call.network;
    let view = cx.core.view()?;
    refuse_ha_enabled(&view)?;
    let mut hosts = Vec::new();
    let mut pifs = BTreeMap::new();
    for (host, _) in view.all::<Host>()? {
        let pif = pif_on(&view, network, &host)?;
        let pif = pif.ok_or_else(|| errors::pif_not_present(&host, network))?;
        pifs.insert(host.clone(), pif);
        hosts.push(host);
    }
    let mut family = None;
    for host in &hosts {
        let kind = view.field(&pifs[host], Pif::PRIMARY_ADDRESS_TYPE)?;
        if *family.get_or_insert(kind) != kind {
            return Err(errors::pif_incompatible_primary_address_type(&pifs[host]));
        }
    }
    drop(view);
    let of = |draft: &Draft, host: &Ref<Host>| {
        let pif = pif_on(draft, network, host)?;
        pif.ok_or_else(|| errors::pif_not_present(host, network))
    };
    let edit = |draft: &Draft, host: &Ref<Host>| -> Edited<()> {
        let pif = of(draft, host)?;
        draft.rely(&pif)?;
        make_management(draft, host, &pif)?;
        Ok(((), Vec::new()))
    };
    let change = Change {
        edit: &edit,
        about: &of,
    };
    everywhere(cx, &hosts, &change).map(drop)
}

/// `pool.set_igmp_snooping_enabled`: multicast goes only to those who asked for it, on the bridges of all hosts. Hosts
/// that are not there follow when they come back.
pub fn set_igmp_snooping_enabled(cx: &Cx<'_>, call: SetIgmpSnoopingEnabled) -> Result<()> {
    let view = cx.core.view()?;
    let before = view.field(&call.this, Pool::IGMP_SNOOPING_ENABLED)?;
    let hosts = view.all::<Host>()?;
    let switches = |host: &Host| {
        let backend = host.software_version.get("network_backend");
        backend.is_some_and(|backend| backend == "openvswitch")
    };
    if !hosts.iter().all(|(_, host)| switches(host)) {
        return Err(errors::openvswitch_not_active());
    }
    if before == call.value {
        return Ok(());
    }
    let live = hosts
        .iter()
        .filter(|(host, _)| host_live(&view, host).is_ok());
    let live: Vec<_> = live.map(|(host, _)| host.clone()).collect();
    drop(view);
    let edit = |draft: &Draft| draft.set(&call.this, Pool::IGMP_SNOOPING_ENABLED, call.value);
    shared(cx, &live, &edit).map_err(|why| match why.code.as_str() {
        planned::PLAN => why,
        _ => {
            tracing::error!("IGMP snooping: {why}");
            errors::could_not_update_igmp_snooping_everywhere()
        }
    })
}

/// A bond on every live host that has one of its NICs, by the names that the master's have: all or none.
pub(crate) fn bond_everywhere(cx: &Cx<'_>, args: &BTreeMap<String, String>) -> Result<Json> {
    let wanted = WantedBond::read(cx, args)?;
    let view = cx.core.view()?;
    let (mut hosts, mut without) = (Vec::new(), Vec::new());
    for (host, row) in view.all::<Host>()? {
        if host_live(&view, &host).is_err() || wanted.nics(&view, &host)?.members.is_empty() {
            without.push(row.name_label);
        } else {
            hosts.push(host);
        }
    }
    drop(view);
    let edit = |draft: &Draft, host: &Ref<Host>| -> Edited<Ref<Bond>> {
        let Nics { members, missing } = wanted.nics(draft, host)?;
        let call = Create {
            network: wanted.network.clone(),
            members: members.clone(),
            mac: String::new(),
            mode: wanted.mode,
            properties: wanted.properties.clone(),
        };
        let (bond, vifs) = bond::made(&cx.core.config, draft, host, &call, &members)?;
        let master = draft.field(&bond, Bond::MASTER)?;
        draft.set(&master, Pif::INHERITED, true)?;
        if !missing.is_empty() {
            let body = format!(
                "the bond on {} has {} of the {} members that were asked for: there is no {}",
                draft.field(&wanted.network, Network::NAME_LABEL)?,
                members.len(),
                members.len() + missing.len(),
                missing.join(", "),
            );
            alert::tell(cx.core, draft, host, inherit::ALERT, &body)?;
        }
        Ok((bond, vifs))
    };
    let change = Change {
        edit: &edit,
        about: &management,
    };
    let bonds = everywhere(cx, &hosts, &change)?;
    let view = cx.core.view()?;
    let mut made = Vec::new();
    for (host, bond) in hosts.iter().zip(&bonds) {
        let row = view.get(bond)?;
        let slaves = row
            .slaves
            .iter()
            .map(|slave| view.field(slave, Pif::DEVICE));
        made.push(json!({
            "host": view.field(host, Host::NAME_LABEL)?,
            "uuid": row.uuid,
            "device": view.field(&row.master, Pif::DEVICE)?,
            "members": slaves.collect::<Result<Vec<_>>>()?,
            "missing": wanted.nics(&view, host)?.missing,
        }));
    }
    Ok(json!({"bonds": made, "without": without}))
}

/// What is asked for.
struct WantedBond {
    network: Ref<Network>,
    /// The master's NICs by name, with their networks.
    positions: Vec<(String, Ref<Network>)>,
    mode: BondMode,
    properties: BTreeMap<String, String>,
}

/// What names a property of a bond among the arguments, before its own name.
const PROPERTY: &str = "properties:";

impl WantedBond {
    /// UUID_INVALID ["network", uuid], INVALID_VALUE [argument, value].
    fn read(cx: &Cx<'_>, args: &BTreeMap<String, String>) -> Result<WantedBond> {
        let arg = |name: &str| args.get(name).map(String::as_str).unwrap_or_default();
        let view = cx.core.view()?;
        let network = Ref::new(view.by_uuid(Network::DESC, arg("network"))?);
        let mode = match arg("mode") {
            "" => BondMode::BalanceSlb,
            mode => BondMode::from_value(Value::Str(mode.to_owned()))
                .map_err(|_| errors::invalid_value("mode", mode))?,
        };
        let pool = view.all::<Pool>()?.into_iter().next();
        let master = pool.map(|(_, pool)| pool.master).unwrap_or_default();
        let pifs = crate::topology::pifs_of(&view, &master)?;
        let mut positions = Vec::new();
        for device in arg("devices").split(',').map(str::trim) {
            let nic = pifs
                .iter()
                .find(|(_, pif)| pif.physical && pif.device == device);
            let (_, nic) = nic.ok_or_else(|| errors::invalid_value("devices", device))?;
            if !positions.iter().any(|(_, known)| *known == nic.network) {
                positions.push((device.to_owned(), nic.network.clone()));
            }
        }
        let properties = args.iter().filter_map(|(key, value)| {
            Some((key.strip_prefix(PROPERTY)?.to_owned(), value.clone()))
        });
        Ok(WantedBond {
            network,
            positions,
            mode,
            properties: properties.collect(),
        })
    }

    /// The NICs of a host at the positions.
    fn nics(&self, rows: &impl Read, host: &Ref<Host>) -> Result<Nics> {
        let mut nics = Nics::default();
        for (device, position) in &self.positions {
            match pif_on(rows, position, host)? {
                Some(pif) if rows.field(&pif, Pif::PHYSICAL)? => nics.members.push(pif),
                _ => nics.missing.push(device.clone()),
            }
        }
        Ok(nics)
    }
}

/// What of the NICs that are asked for a host has.
#[derive(Default)]
struct Nics {
    members: Vec<Ref<Pif>>,
    /// The others, as the master calls them.
    missing: Vec<String>,
}

/// Has the slaves, or one host, take over the master's network now. Each by itself: what one cannot do keeps no other
/// from it. Gives what was done and what not.
pub(crate) fn sync_networks(cx: &Cx<'_>, args: &BTreeMap<String, String>) -> Result<Json> {
    let view = cx.core.view()?;
    let only = match args.get("host").filter(|uuid| !uuid.is_empty()) {
        Some(uuid) => Some(Ref::<Host>::new(view.by_uuid(Host::DESC, uuid)?)),
        None => None,
    };
    let pool = view.all::<Pool>()?.into_iter().next();
    let master = pool.map(|(_, pool)| pool.master).unwrap_or_default();
    let mut hosts = view.all::<Host>()?;
    hosts.retain(|(host, _)| match &only {
        Some(only) => host == only,
        None => *host != master,
    });
    drop(view);
    let mut told = Vec::new();
    for (host, row) in hosts {
        told.push(match sync(cx, &host) {
            Ok(said) => json!({
                "host": row.name_label,
                "steps": said.steps,
                "alerts": said.alerts,
                "dropped": said.dropped,
            }),
            Err(why) => json!({"host": row.name_label, "error": why.to_string()}),
        });
    }
    Ok(json!(told))
}

/// Has one host take over the master's network.
fn sync(cx: &Cx<'_>, host: &Ref<Host>) -> Result<Inherited> {
    let core = cx.core;
    let view = core.view()?;
    host_live(&view, host)?;
    core.agent_of(&view, host)?;
    drop(view);
    let draft = core.store.draft().map_err(crate::context::db_error)?;
    let about = management(&draft, host)?;
    let would = inherit(&draft, &core.config, host)?;
    if Care::of(cx.origin)?.plan_only {
        return Ok(would);
    }
    drop(draft);
    let vifs = |draft: &Draft| Ok(inherit(draft, &core.config, host)?.vifs);
    vifs_to_move::carrying(cx, vifs, |asked| {
        cx.change(host, &about, |draft| {
            let said = inherit_and_tell(core, draft, host)?;
            asked.covers(draft, &said.vifs)?;
            Ok(said)
        })
    })
}
