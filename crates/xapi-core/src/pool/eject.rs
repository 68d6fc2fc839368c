//! A host leaves a pool: what forbids it, the rows that go with it, and what it keeps of itself (API facts, 1.11).
//!
//! The machines of the pool stay, with their VIFs, and so do its networks. The host starts anew with one management
//! interface on one NIC: XAPI's own loses it when management was on a bond.

use std::collections::BTreeSet;

use xapi_conf::management::{Ipv4, Ipv6, Management};
use xapi_conf::trigger::{Keep, Trigger};
use xapi_db::{Draft, Read};
use xapi_model::types::NULL_REF;
use xapi_model::{
    Bond, Class, ClassDesc, Console, Host, HostMetrics, IpConfigurationMode, Ipv6ConfigurationMode,
    MODEL, Pif, Pool, PoolAllowedOperations, Ref, Type, Value, Vbd, Vif, Vlan, Vm, VmPowerState,
    errors,
};

use super::dowry::{readdressed, stored};
use crate::Result;
use crate::ops::pif::refuse_ha_enabled;
use crate::reset::rows::{self, Stay};
use crate::topology::{cidr, pifs_of, prefix_of};

/// What forbids that a host is ejected: HA_IS_ENABLED, NOT_SUPPORTED_DURING_UPGRADE, HOST_CANNOT_DESTROY_SELF [host] for
/// the master, OPERATION_NOT_ALLOWED ["VM resident on host"]. (XAPI answers for the master with an exception that no
/// client knows.)
pub fn may_be_ejected(rows: &impl Read, host: &Ref<Host>) -> Result<()> {
    refuse_ha_enabled(rows)?;
    if !rows.exists(host)? {
        return Err(errors::handle_invalid(Host::DESC.name, host));
    }
    let pool = rows.all::<Pool>()?.into_iter().next();
    let updating = |pool: &Pool| {
        let mut running = pool.current_operations.values();
        running.any(|operation| *operation == PoolAllowedOperations::ApplyUpdates)
    };
    if pool.as_ref().is_some_and(|(_, pool)| updating(pool)) {
        return Err(errors::not_supported_during_upgrade());
    }
    if pool.is_some_and(|(_, pool)| pool.master == *host) {
        return Err(errors::host_cannot_destroy_self(host));
    }
    match guest_on(rows, host)? {
        Some(_) => Err(errors::operation_not_allowed("VM resident on host")),
        None => Ok(()),
    }
}

/// What forbids that the record of a host which is gone is removed: HOST_IS_LIVE [host], HA_IS_ENABLED,
/// HOST_HAS_RESIDENT_VMS [host]. The master lives.
pub fn may_be_destroyed(rows: &impl Read, host: &Ref<Host>) -> Result<()> {
    let metrics = rows.field(host, Host::METRICS)?;
    let live = rows.exists(&metrics)? && rows.field(&metrics, HostMetrics::LIVE)?;
    let pool = rows.all::<Pool>()?.into_iter().next();
    if live || pool.is_some_and(|(_, pool)| pool.master == *host) {
        return Err(errors::host_is_live(host));
    }
    refuse_ha_enabled(rows)?;
    for vm in rows.field(host, Host::RESIDENT_VMS)?.iter() {
        if !rows.field(vm, Vm::IS_CONTROL_DOMAIN)? {
            return Err(errors::host_has_resident_vms(host));
        }
    }
    Ok(())
}

/// A machine that runs on a host, is about to, or has its memory there, apart from its control domain.
fn guest_on(rows: &impl Read, host: &Ref<Host>) -> Result<Option<Ref<Vm>>> {
    for vm in rows.field(host, Host::RESIDENT_VMS)?.iter() {
        let off = rows.field(vm, Vm::POWER_STATE)? == VmPowerState::Halted;
        if !off && !rows.field(vm, Vm::IS_CONTROL_DOMAIN)? {
            return Ok(Some(vm.clone()));
        }
    }
    // Its guest may be there before its row says so.
    let about_to = rows.find(Vm::SCHEDULED_TO_BE_RESIDENT_ON, host)?;
    // The memory of a suspended one would be lost with it.
    let kept = rows.find(Vm::MEMORY_ON, host)?;
    Ok(about_to.into_iter().chain(kept).next())
}

/// What a host that leaves keeps of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Its management interface, on a NIC: for `management.conf` (`xapi_conf::management_conf::write`).
    pub management: Management,
    /// What has its next start make that of it.
    pub trigger: Trigger,
}

/// What a host keeps when it leaves: its management interface with its addresses, on the primary NIC of what carried it.
/// PIF_HAS_NO_NETWORK_CONFIGURATION [PIF], if there is nothing that the host could be reached by; HANDLE_INVALID, if no
/// PIF is the management interface.
pub fn leaving(rows: &impl Read, host: &Ref<Host>) -> Result<Leaving> {
    let mut pifs = pifs_of(rows, host)?.into_iter();
    let Some((reference, pif)) = pifs.find(|(_, pif)| pif.management) else {
        return Err(errors::handle_invalid(Pif::NAME, NULL_REF));
    };
    let below = match pif.vlan_master_of.some() {
        Some(vlan) => rows.get(&rows.field(vlan, Vlan::TAGGED_PIF)?)?,
        None => pif.clone(),
    };
    let device = match below.bond_master_of.first() {
        Some(bond) => {
            let bond = rows.get(bond)?;
            let primary = bond.primary_slave.some().or_else(|| bond.slaves.first());
            match primary {
                Some(primary) => rows.field(primary, Pif::DEVICE)?,
                None => return Err(errors::handle_invalid(Bond::DESC.name, NULL_REF)),
            }
        }
        None => below.device,
    };
    let (ipv4, ipv6) = (ipv4(&pif), ipv6(&pif));
    if ipv4.is_none() && ipv6.is_none() {
        return Err(errors::pif_has_no_network_configuration(&reference));
    }
    let fixed =
        matches!(ipv4, Some(Ipv4::Static { .. })) || matches!(ipv6, Some(Ipv6::Static { .. }));
    let servers = pif
        .dns
        .split(',')
        .filter_map(|server| server.trim().parse().ok());
    let management = Management {
        device,
        // Tag 0 is none to whoever reads the files.
        vlan: u16::try_from(pif.vlan).ok().filter(|tag| *tag > 0),
        ipv4,
        ipv6,
        dns: servers.filter(|_| fixed).collect(),
    };
    let trigger = Trigger {
        management: management.clone(),
        keep: Keep::default(),
    };
    Ok(Leaving {
        management,
        trigger,
    })
}

/// A static address that cannot be read is none.
fn ipv4(pif: &Pif) -> Option<Ipv4> {
    match pif.ip_configuration_mode {
        IpConfigurationMode::None => None,
        IpConfigurationMode::Dhcp => Some(Ipv4::Dhcp),
        IpConfigurationMode::Static => Some(Ipv4::Static {
            address: pif.ip.parse().ok()?,
            prefix: prefix_of(&pif.netmask)?,
            gateway: pif.gateway.parse().ok(),
        }),
    }
}

/// Of several addresses the first: the files have room for one.
fn ipv6(pif: &Pif) -> Option<Ipv6> {
    match pif.ipv6_configuration_mode {
        Ipv6ConfigurationMode::None => None,
        Ipv6ConfigurationMode::Dhcp => Some(Ipv6::Dhcp),
        Ipv6ConfigurationMode::Autoconf => Some(Ipv6::Autoconf),
        Ipv6ConfigurationMode::Static => {
            let inet = pif.ipv6.iter().find_map(|text| cidr(text))?;
            let std::net::IpAddr::V6(address) = inet.address() else {
                return None;
            };
            Some(Ipv6::Static {
                address,
                prefix: inet.prefix(),
                gateway: pif.ipv6_gateway.parse().ok(),
            })
        }
    }
}

/// Removes a host from the rows, with all that is its own. The pool's machines, their VIFs and its networks stay. What
/// forbids it was asked before.
pub fn forget(draft: &Draft, host: &Ref<Host>) -> Result<()> {
    rows::remove(draft, host, &Stay::default())?;
    let mut gone = BTreeSet::new();
    add_machines(draft, host, &mut gone)?;
    let metrics = draft.field(host, Host::METRICS)?;
    if draft.exists(&metrics)? {
        gone.insert((HostMetrics::DESC.name, metrics.as_str().to_owned()));
    }
    // What says by a field of that name whose it is: PBDs, certificates, processors, devices and the like.
    for class in MODEL.iter().filter(|class| class.stored && !class.volatile) {
        let Some(field) = class.field("host") else {
            continue;
        };
        if field.view.is_none() && matches!(field.ty, Type::Ref(to) if to == Host::DESC.name) {
            let own = draft.search(class, field, &Value::Str(host.as_str().to_owned()))?;
            gone.extend(own.into_iter().map(|row| (class.name, row)));
        }
    }
    gone.insert((Host::DESC.name, host.as_str().to_owned()));
    for class in MODEL.iter().filter(|class| class.stored) {
        let own = gone.iter().filter(|(name, _)| *name == class.name);
        own.into_iter()
            .try_for_each(|(_, reference)| draft.destroy_row(class, reference))?;
    }
    erase(draft, &gone)
}

type Gone = BTreeSet<(&'static str, String)>;

/// The control domain of a host, and any other that lives there, with what belongs to it.
fn add_machines(draft: &Draft, host: &Ref<Host>, gone: &mut Gone) -> Result<()> {
    let mut domains: BTreeSet<_> = draft
        .field(host, Host::RESIDENT_VMS)?
        .iter()
        .cloned()
        .collect();
    domains.insert(draft.field(host, Host::CONTROL_DOMAIN)?);
    for vm in domains {
        if !draft.exists(&vm)? || !draft.field(&vm, Vm::IS_CONTROL_DOMAIN)? {
            continue;
        }
        let row = draft.get(&vm)?;
        gone.insert((Vm::DESC.name, vm.as_str().to_owned()));
        for (class, reference) in [
            (xapi_model::VmMetrics::DESC, row.metrics.as_str()),
            (xapi_model::VmGuestMetrics::DESC, row.guest_metrics.as_str()),
        ] {
            if draft.holds(class, reference)? {
                gone.insert((class.name, reference.to_owned()));
            }
        }
        let mut own = |class: &'static ClassDesc, refs: Vec<String>| {
            gone.extend(refs.into_iter().map(|row| (class.name, row)));
        };
        let texts = |refs: Vec<&str>| refs.into_iter().map(str::to_owned).collect();
        let vifs = draft.find(Vif::VM, &vm)?;
        own(Vif::DESC, texts(vifs.iter().map(Ref::as_str).collect()));
        let vbds = draft.find(Vbd::VM, &vm)?;
        own(Vbd::DESC, texts(vbds.iter().map(Ref::as_str).collect()));
        let consoles = draft.find(Console::VM, &vm)?;
        own(
            Console::DESC,
            texts(consoles.iter().map(Ref::as_str).collect()),
        );
    }
    Ok(())
}

/// Whoever still refers to what is gone refers to nothing afterwards.
fn erase(draft: &Draft, gone: &Gone) -> Result<()> {
    let classes: BTreeSet<_> = gone.iter().map(|(class, _)| *class).collect();
    let to = |class: &str, reference: &str| {
        let is_gone = gone
            .iter()
            .any(|(of, row)| *of == class && row == reference);
        (!is_gone).then(|| reference.to_owned())
    };
    for class in MODEL.iter().filter(|class| class.stored) {
        let concerned: Vec<_> = stored(class)
            .filter(|(_, field)| classes.iter().any(|gone| mentions(&field.ty, gone)))
            .collect();
        if concerned.is_empty() {
            continue;
        }
        for reference in draft.refs(class)? {
            for (_, field) in &concerned {
                let before = draft.value(class, &reference, field)?;
                let after = readdressed(&field.ty, before.clone(), &to);
                if after != before {
                    draft.set_value(class, &reference, field, after)?;
                }
            }
        }
    }
    Ok(())
}

/// Whether a value of a type may refer to an object of a class.
fn mentions(ty: &Type, class: &str) -> bool {
    match ty {
        Type::Ref(to) => *to == class,
        Type::Set(of) | Type::Option(of) => mentions(of, class),
        Type::Map(key, of) => mentions(key, class) || mentions(of, class),
        _ => false,
    }
}

/// Removes what a host's network is in the rows, but for the rows that stay.
pub(super) fn forget_network(
    draft: &Draft,
    host: &Ref<Host>,
    stays: &impl Fn(&str) -> bool,
) -> Result<()> {
    let pifs = pifs_of(draft, host)?;
    let mut metrics = BTreeSet::new();
    for (reference, pif) in &pifs {
        for bond in pif
            .bond_master_of
            .iter()
            .filter(|bond| !stays(bond.as_str()))
        {
            for slave in draft.field(bond, Bond::SLAVES)?.iter() {
                draft.set(slave, Pif::BOND_SLAVE_OF, Ref::null())?;
            }
            draft.destroy(bond)?;
        }
        for tunnel in pif.tunnel_access_pif_of.iter() {
            if !stays(tunnel.as_str()) {
                draft.destroy(tunnel)?;
            }
        }
        if let Some(vlan) = pif.vlan_master_of.some()
            && !stays(vlan.as_str())
        {
            draft.set(reference, Pif::VLAN_MASTER_OF, Ref::null())?;
            draft.destroy(vlan)?;
        }
        if !stays(reference.as_str()) {
            metrics.insert(pif.metrics.clone());
            draft.destroy(reference)?;
        }
    }
    for row in metrics {
        let used = !draft.find(Pif::METRICS, &row)?.is_empty();
        if !used && !stays(row.as_str()) && draft.exists(&row)? {
            draft.destroy(&row)?;
        }
    }
    Ok(())
}
