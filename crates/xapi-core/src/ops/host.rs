//! Hosts: the management interface, and small questions (API facts, 1.8).

use std::collections::BTreeMap;

use xapi_db::{Draft, Read};
use xapi_model::host::{
    Destroy, Disable, EmergencyHaDisable, Enable, GetManagementInterface, GetServertime,
    GetTrackedUserAgents, ListMethods, LocalManagementReconfigure, ManagementDisable,
    ManagementReconfigure, ResetNetworking, SetHostnameLive, SetNtpMode, SignalNetworkingChange,
};
use xapi_model::{
    DateTime, Host, IpConfigurationMode, Ipv6ConfigurationMode, Pif, PrimaryAddressType, Ref,
    Value, Wire, errors, text,
};

use crate::Result;
use crate::context::Cx;
use crate::ops::pif::{host_live, refuse_ha_enabled};
use crate::ops::plug::{carried, plug_in};
use crate::pool::job::Job;
use crate::pool::role::Role;
use crate::pool::{eject, moved};
use crate::reset::{self, rows::Stay};
use crate::session;
use crate::topology::pifs_of;

/// `host.management_reconfigure`: another PIF becomes the management interface.
pub fn management_reconfigure(cx: &Cx<'_>, call: ManagementReconfigure) -> Result<()> {
    let view = cx.core.view()?;
    let host = view.field(&call.pif, Pif::HOST)?;
    host_live(&view, &host)?;
    refuse_ha_enabled(&view)?;
    cx.change(&host, &call.pif, |draft| {
        make_management(draft, &host, &call.pif)
    })
}

/// Makes a PIF the management interface of its host, or says why it cannot be.
pub(crate) fn make_management(draft: &Draft, host: &Ref<Host>, this: &Ref<Pif>) -> Result<()> {
    let pif = draft.get(this)?;
    usable_for_management(draft, this, &pif)?;
    if pif.management {
        return Ok(());
    }
    if !pif.managed {
        // What we do not manage cannot carry what must not be lost.
        return Err(errors::pif_unmanaged(this));
    }
    for (other, row) in pifs_of(draft, host)? {
        if row.management {
            draft.set(&other, Pif::MANAGEMENT, false)?;
        }
    }
    draft.set(this, Pif::MANAGEMENT, true)?;
    plug_in(draft, this, &pif)
}

/// Whether a PIF could be the management interface, in the order of XAPI's checks.
fn usable_for_management(rows: &impl Read, this: &Ref<Pif>, pif: &Pif) -> Result<()> {
    if !pif.managed {
        return Ok(());
    }
    carried(rows, this, pif)?;
    match pif.primary_address_type {
        PrimaryAddressType::IPv4 if pif.ip_configuration_mode == IpConfigurationMode::None => {
            Err(errors::pif_has_no_network_configuration(this))
        }
        PrimaryAddressType::IPv6 if pif.ipv6_configuration_mode == Ipv6ConfigurationMode::None => {
            Err(errors::pif_has_no_v6_network_configuration(this))
        }
        _ => Ok(()),
    }
}

/// `host.management_disable`: requests from other machines are no longer answered. The PIF stays attached.
pub fn management_disable(cx: &Cx<'_>, _: ManagementDisable) -> Result<()> {
    if cx.core.pool.is_slave() {
        return Err(errors::slave_requires_management_interface());
    }
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

/// `host.reset_networking`: the rows go, the host's network stays as it is until a PIF is the management interface again.
pub fn reset_networking(cx: &Cx<'_>, call: ResetNetworking) -> Result<()> {
    if !cx.core.view()?.exists(&call.host)? {
        return Err(errors::handle_invalid("host", &call.host));
    }
    let _turn = cx.core.turn(&call.host)?;
    let now = cx.core.now();
    let removed = cx.core.store.change(|draft| {
        reset::mark(draft, &call.host, now.as_str())?;
        reset::rows::remove(draft, &call.host, &Stay::default())
    })?;
    tracing::warn!("{}: its network is no longer known: {removed:?}", call.host);
    Ok(())
}

/// `host.local_management_reconfigure`: only for a host that has lost its master, which a master never has.
pub fn local_management_reconfigure(cx: &Cx<'_>, call: LocalManagementReconfigure) -> Result<()> {
    let standing = &cx.core.pool.standing;
    match standing.role() {
        Role::Broken => moved::locally(cx.core, &call.interface),
        Role::Slave(_) if standing.master().is_err() => moved::locally(cx.core, &call.interface),
        Role::Slave(_) | Role::Master => Err(errors::not_in_emergency_mode()),
    }
}

/// `host.emergency_ha_disable`: HA_NOT_ENABLED where there is nothing to disable, unless whoever asks is content with that.
pub fn emergency_ha_disable(cx: &Cx<'_>, call: EmergencyHaDisable) -> Result<()> {
    match refuse_ha_enabled(&cx.core.view()?) {
        Err(why) if why == errors::ha_is_enabled() => {
            Err(errors::not_implemented("host.emergency_ha_disable"))
        }
        Err(why) => Err(why),
        Ok(()) if call.soft => Ok(()),
        Ok(()) => Err(errors::ha_not_enabled()),
    }
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

/// `host.destroy`: the record of a host that is gone for good, with all that was its own. The pool's machines stay.
pub fn destroy(cx: &Cx<'_>, call: Destroy) -> Result<()> {
    eject::may_be_destroyed(&cx.core.view()?, &call.this)?;
    session::end_of_host(cx.core, &call.this)?;
    cx.core.store.change(|draft| {
        eject::may_be_destroyed(draft, &call.this)?;
        eject::forget(draft, &call.this)
    })?;
    cx.core.pool.forget(&call.this);
    cx.core.sending.forget(&call.this);
    tracing::warn!(
        "{}: removed; until the pool's secret is exchanged (pool.rotate_secret) that host still knows it",
        call.this
    );
    Ok(())
}

/// `host.get_servertime`.
pub fn get_servertime(cx: &Cx<'_>, call: GetServertime) -> Result<DateTime> {
    match cx.core.have_done(&call.host, Job::Time)? {
        Value::Time(time) => Ok(time),
        other => Err(errors::internal_error(format!("no time: {other:?}"))),
    }
}

/// `host.signal_networking_change`: addresses and name of this host may not be what the rows say.
pub fn signal_networking_change(cx: &Cx<'_>, _: SignalNetworkingChange) -> Result<()> {
    let host = cx.core.localhost()?;
    if cx.core.pool.is_slave() {
        // Its master looks at its network when it is linked, and whenever its agent tells of something.
        return Ok(());
    }
    crate::watch::observe(cx.core, &host)?;
    let name = cx.core.agent.hostname().map_err(errors::internal_error)?;
    cx.core
        .store
        .change(|draft| draft.set(&host, Host::HOSTNAME, name.clone()))
}

/// `host.set_hostname_live`: at once, and for the next boot. What people call the host stays.
pub fn set_hostname_live(cx: &Cx<'_>, call: SetHostnameLive) -> Result<()> {
    let agent = cx.core.agent_of(&cx.core.view()?, &call.host)?;
    refuse_bad_hostname(&call.hostname)?;
    let _turn = cx.core.turn(&call.host)?;
    let unanswered = |why| cx.core.unanswered(&call.host, why);
    let before = agent.hostname().map_err(unanswered)?;
    agent.set_hostname(&call.hostname).map_err(unanswered)?;
    let set = |draft: &Draft| draft.set(&call.host, Host::HOSTNAME, call.hostname.clone());
    cx.core.store.change(set).inspect_err(|_| {
        if let Err(why) = agent.set_hostname(&before) {
            tracing::error!(
                "the host is called {} and the database says {before}: {why}",
                call.hostname
            );
        }
    })
}

/// HOST_NAME_INVALID [reason]: a name is one or more labels of letters, digits and inner hyphens, joined by dots.
fn refuse_bad_hostname(name: &str) -> Result<()> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > 64 {
        "it is longer than 64 characters"
    } else if name
        .split('.')
        .any(|label| label.is_empty() || label.starts_with('-') || label.ends_with('-'))
    {
        "a part of it is empty, or begins or ends with a hyphen"
    } else if !name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
    {
        "it may have letters, digits, hyphens and dots only"
    } else {
        return Ok(());
    };
    Err(errors::host_name_invalid(reason))
}

/// `host.enable`: machines may be started on it.
pub fn enable(cx: &Cx<'_>, call: Enable) -> Result<()> {
    cx.core.agent_of(&cx.core.view()?, &call.host)?;
    cx.core.store.change(|draft| {
        draft.set(&call.host, Host::AUTO_ENABLE, true)?;
        draft.set(&call.host, Host::ENABLED, true)
    })
}

/// `host.disable`: no machine is started on it, until the daemon starts again or, if told so, until `host.enable`.
pub fn disable(cx: &Cx<'_>, call: Disable) -> Result<()> {
    cx.core.agent_of(&cx.core.view()?, &call.host)?;
    cx.core.store.change(|draft| {
        draft.set(&call.host, Host::AUTO_ENABLE, call.auto_enable)?;
        draft.set(&call.host, Host::ENABLED, false)
    })
}

/// `host.set_ntp_mode`: the clock is not ours to set yet, so only what is so already can be asked for. Programs that make
/// sure of it before they change an address go on.
pub fn set_ntp_mode(cx: &Cx<'_>, call: SetNtpMode) -> Result<()> {
    let view = cx.core.view()?;
    cx.core.agent_of(&view, &call.this)?;
    if view.field(&call.this, Host::NTP_MODE)? == call.value {
        return Ok(());
    }
    Err(errors::not_implemented("host.set_ntp_mode"))
}

/// `host.get_tracked_user_agents`.
pub fn get_tracked_user_agents(
    cx: &Cx<'_>,
    call: GetTrackedUserAgents,
) -> Result<BTreeMap<String, String>> {
    let seen = cx.core.have_done(&call.this, Job::UserAgents)?;
    let seen: BTreeMap<String, String> = Wire::from_value(seen)?;
    let clean = |text: &String| text::legible(text).into_owned();
    Ok(seen
        .iter()
        .map(|(agent, at)| (clean(agent), clean(at)))
        .collect())
}

/// `host.list_methods`.
pub fn list_methods(_: &Cx<'_>, _: ListMethods) -> Result<Vec<String>> {
    let mut names: Vec<_> = xapi_model::messages::messages()
        .iter()
        .filter(|message| !message.hidden)
        .map(|message| message.name.clone())
        .collect();
    names.sort_unstable();
    Ok(names)
}
