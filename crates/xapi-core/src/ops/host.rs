//! Hosts: the management interface, and small questions (API facts, 1.8).

use xapi_db::Read;
use xapi_model::host::{
    GetManagementInterface, GetServertime, ListMethods, LocalManagementReconfigure,
    ManagementDisable, ManagementReconfigure,
};
use xapi_model::pool::SyncDatabase;
use xapi_model::{
    DateTime, IpConfigurationMode, Ipv6ConfigurationMode, Pif, PrimaryAddressType, Ref, errors,
};

use crate::Result;
use crate::context::Cx;
use crate::ops::pif::{attach, host_live, refuse_ha_enabled};
use crate::topology::pifs_of;

/// `host.management_reconfigure`: another PIF becomes the management interface.
pub fn management_reconfigure(cx: &Cx<'_>, call: ManagementReconfigure) -> Result<()> {
    let view = cx.core.view()?;
    let host = view.field(&call.pif, Pif::HOST)?;
    host_live(&view, &host)?;
    refuse_ha_enabled(&view)?;
    cx.change(&host, &call.pif, |draft| {
        let pif = draft.get(&call.pif)?;
        if pif.managed && !pif.bond_slave_of.is_null() {
            return Err(errors::cannot_plug_bond_slave(&call.pif));
        }
        match pif.primary_address_type {
            PrimaryAddressType::IPv4
                if pif.managed && pif.ip_configuration_mode == IpConfigurationMode::None =>
            {
                return Err(errors::pif_has_no_network_configuration(&call.pif));
            }
            PrimaryAddressType::IPv6
                if pif.managed && pif.ipv6_configuration_mode == Ipv6ConfigurationMode::None =>
            {
                return Err(errors::pif_has_no_v6_network_configuration(&call.pif));
            }
            _ => {}
        }
        if pif.management {
            return Ok(());
        }
        if !pif.managed {
            // What we do not manage cannot carry what must not be lost.
            return Err(errors::pif_unmanaged(&call.pif));
        }
        for (other, row) in pifs_of(draft, &host)? {
            if row.management {
                draft.set(&other, Pif::MANAGEMENT, false)?;
            }
        }
        draft.set(&call.pif, Pif::MANAGEMENT, true)?;
        attach(draft, &call.pif)
    })
}

/// `host.management_disable`: requests from other machines are no longer answered. The PIF stays attached.
pub fn management_disable(cx: &Cx<'_>, _: ManagementDisable) -> Result<()> {
    let view = cx.core.view()?;
    refuse_ha_enabled(&view)?;
    let host = cx.core.localhost()?;
    let about = pifs_of(&view, &host)?
        .into_iter()
        .find(|(_, pif)| pif.management)
        .map(|(pif, _)| pif);
    cx.change(&host, &about.unwrap_or_default(), |draft| {
        for (pif, row) in pifs_of(draft, &host)? {
            if row.management {
                draft.set(&pif, Pif::MANAGEMENT, false)?;
            }
        }
        Ok(())
    })
}

/// `host.local_management_reconfigure`: only for a host that has lost its master, which a master never has.
pub fn local_management_reconfigure(_: &Cx<'_>, _: LocalManagementReconfigure) -> Result<()> {
    Err(errors::not_in_emergency_mode())
}

/// `host.get_management_interface`.
pub fn get_management_interface(cx: &Cx<'_>, call: GetManagementInterface) -> Result<Ref<Pif>> {
    let view = cx.core.view()?;
    if !view.exists(&call.host)? {
        return Err(errors::handle_invalid("host", &call.host));
    }
    let found = pifs_of(&view, &call.host)?
        .into_iter()
        .find(|(_, pif)| pif.management);
    found
        .map(|(pif, _)| pif)
        .ok_or_else(|| errors::internal_error("Not_found"))
}

/// `host.get_servertime`.
pub fn get_servertime(cx: &Cx<'_>, call: GetServertime) -> Result<DateTime> {
    if cx.core.view()?.exists(&call.host)? {
        Ok(cx.core.now())
    } else {
        Err(errors::handle_invalid("host", &call.host))
    }
}

/// `host.list_methods`.
pub fn list_methods(_: &Cx<'_>, _: ListMethods) -> Result<Vec<String>> {
    let mut names: Vec<_> = xapi_model::messages::messages()
        .iter()
        .map(|message| message.name.clone())
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// `pool.sync_database`: every commit is on the disk before it is answered, and there is no other host yet.
pub fn sync_database(_: &Cx<'_>, _: SyncDatabase) -> Result<()> {
    Ok(())
}
