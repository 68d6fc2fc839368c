//! What is told of a reset, and how it ends: the trigger goes, by itself or because somebody decided otherwise.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use xapi_conf::file;
use xapi_conf::trigger::{self, Found};
use xapi_db::{Draft, Read};
use xapi_model::{
    ApiError, Bond, Host, IpConfigurationMode, Ipv6ConfigurationMode, Network, Pif, Ref, Vlan,
    errors,
};
use xapi_net::facts::{BridgeFacts, Facts};
use xapi_net::topology::{Family, Lease, Name};

use super::{DONE, For, Wish, described, marked, slave};
use crate::context::Core;
use crate::topology::pifs_of;
use crate::{Result, topology};

/// The name of alerts about files that look like triggers.
pub(super) const REFUSED: &str = "NETWORK_RESET_REFUSED";

/// Tells what is no trigger although it looks like one, and puts aside what must not be found again. The word comes
/// first: a start that is killed in between tells it again, and it is there once.
pub(super) fn report(core: &Core, found: &Found) {
    for body in refusals(found) {
        alert(core, REFUSED, &body);
    }
    put_aside(found);
}

/// What is to be told of what is no trigger although it looks like one.
pub(super) fn refusals(found: &Found) -> Vec<String> {
    let refused = found.refused.iter().map(|refused| {
        let written = refused
            .written
            .map_or("at a time that is not known".to_owned(), at);
        format!("no network reset by {refused} (written {written})")
    });
    let malformed = found.malformed.iter().map(|malformed| {
        let complaints: Vec<_> = malformed
            .complaints
            .iter()
            .map(ToString::to_string)
            .collect();
        format!(
            "no network reset by {} (written {}), which is kept aside in its folder: {}",
            malformed.path.display(),
            at(malformed.written),
            complaints.join("; ")
        )
    });
    refused.chain(malformed).collect()
}

/// Puts aside what must not be found again.
pub(super) fn put_aside(found: &Found) {
    for (path, outcome) in found.set_aside() {
        match outcome {
            Ok(aside) => tracing::warn!("{} is now {}", path.display(), aside.display()),
            // The next start finds and tells it again.
            Err(why) => tracing::error!("{} was not put aside: {why}", path.display()),
        }
    }
}

/// Tells the operator of this host. A word that cannot be kept is in the log: it must not keep a host from being reset.
pub(super) fn alert(core: &Core, name: &'static str, body: &str) {
    if !core.pool.is_master() {
        tracing::error!("{name}: {body}");
        return slave::to_tell(core, name, body);
    }
    match core.localhost() {
        Ok(host) => alert_about(core, &host, name, body),
        Err(why) => tracing::error!("{name}: {body}: no alert was made: {why}"),
    }
}

/// The same about any host, on the master.
pub(crate) fn alert_about(core: &Core, host: &Ref<Host>, name: &str, body: &str) {
    tracing::error!("{host}: {name}: {body}");
    let told = core
        .store
        .change(|draft| crate::alert::tell(core, draft, host, name, body));
    if let Err(why) = told {
        tracing::error!("no alert {name} was made: {why}");
    }
}

/// What is told of a reset that could not be done.
pub(crate) fn failed(wish: &Wish, again: &str, why: &ApiError) -> String {
    format!(
        "the network reset with management on {} failed, and is tried again {again}: {why}",
        described(wish)
    )
}

/// A time, in words.
pub(super) fn at(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).ok();
    let seconds = since.and_then(|since| i64::try_from(since.as_secs()).ok());
    match seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()) {
        Some(time) => format!("at {time}"),
        None => "before 1970".to_owned(),
    }
}

/// Says that the NIC is not there, and which are. No other is taken in its place.
pub(super) fn missing(wish: &Wish, found: &Facts) -> String {
    let device = wish.device();
    let seen: Vec<_> = found
        .nics
        .iter()
        .map(|(name, nic)| {
            // Not whether there is a carrier: that changes from start to start, and one alert is enough.
            let mac = nic.mac.map(|mac| mac.to_string());
            format!("{name} ({})", mac.as_deref().unwrap_or("no address"))
        })
        .collect();
    let seen = match seen.is_empty() {
        true => "none".to_owned(),
        false => seen.join(", "),
    };
    format!(
        "the network reset that was asked for {} waits for the NIC {device}, which is not there, and takes no other; the NICs are: {seen}. \
         Run xe-reset-networking with one of these as --device, or remove the file network-reset from /var/tmp and /tmp",
        at(wish.written)
    )
}

/// Has the commit that carries a trigger out say so.
pub(super) fn note_done(draft: &Draft, host: &Ref<Host>, mark: &str) -> Result<()> {
    let mut config = draft.field(host, Host::OTHER_CONFIG)?;
    config.insert(DONE.to_owned(), mark.to_owned());
    draft.set(host, Host::OTHER_CONFIG, config)
}

/// Whether the trigger of a host with this mark was carried out, and the rows that it made were not removed since.
pub(crate) fn is_done(rows: &impl Read, host: &Ref<Host>, mark: &str) -> Result<bool> {
    let config = rows.field(host, Host::OTHER_CONFIG)?;
    let same = config.get(DONE).is_some_and(|done| done == mark);
    Ok(same && !marked(rows, host)?)
}

/// Takes away the word about a trigger that is gone: the one with this mark, or any.
pub(crate) fn forget(core: &Core, host: &Ref<Host>, mark: Option<&str>) -> Result<()> {
    let is_it = |done: &String| mark.is_none_or(|mark| mark == done);
    let config = core.view()?.field(host, Host::OTHER_CONFIG)?;
    if !config.get(DONE).is_some_and(is_it) {
        return Ok(());
    }
    core.store.change(|draft| {
        let mut config = draft.field(host, Host::OTHER_CONFIG)?;
        if config.get(DONE).is_some_and(is_it) {
            config.remove(DONE);
        }
        draft.set(host, Host::OTHER_CONFIG, config)
    })
}

pub(super) fn management(rows: &impl Read, host: &Ref<Host>) -> Result<Option<(Ref<Pif>, Pif)>> {
    let mut pifs = pifs_of(rows, host)?.into_iter();
    Ok(pifs.find(|(_, pif)| pif.management))
}

/// A management interface as it was asked for: over which NICs, and without what a server gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Management {
    /// Without one there is no management interface.
    nics: BTreeSet<String>,
    tag: i64,
    addresses: Vec<String>,
}

impl Management {
    fn of(rows: &impl Read, host: &Ref<Host>) -> Result<Management> {
        let Some((reference, pif)) = management(rows, host)? else {
            return Ok(Management::default());
        };
        let (v4, v6) = (pif.ip_configuration_mode, pif.ipv6_configuration_mode);
        let mut addresses = vec![v4.to_string(), v6.to_string()];
        if v4 == IpConfigurationMode::Static {
            addresses.push(pif.ip.clone());
        }
        if v6 == Ipv6ConfigurationMode::Static {
            addresses.extend(pif.ipv6.iter().cloned());
        }
        Ok(Management {
            nics: nics_under(rows, &reference, &pif)?,
            tag: pif.vlan,
            addresses,
        })
    }

    /// Whether it is what another one has become. What a host takes over of its pool, or has to repair, puts management on
    /// a bond of its NIC, or back on the NIC, and is nobody's choice of another one.
    fn is_still(&self, before: &Management) -> bool {
        self.tag == before.tag
            && self.addresses == before.addresses
            && !self.nics.is_disjoint(&before.nics)
    }
}

/// The devices of the NICs that a PIF stands on.
fn nics_under(rows: &impl Read, pif: &Ref<Pif>, row: &Pif) -> Result<BTreeSet<String>> {
    let below = match rows.exists(&row.vlan_master_of)? {
        true => rows.field(&row.vlan_master_of, Vlan::TAGGED_PIF)?,
        false => pif.clone(),
    };
    let mut nics = BTreeSet::new();
    for bond in rows.field(&below, Pif::BOND_MASTER_OF)?.iter() {
        for member in rows.field(bond, Bond::SLAVES)?.iter() {
            nics.insert(rows.field(member, Pif::DEVICE)?);
        }
    }
    if nics.is_empty() {
        nics.insert(rows.field(&below, Pif::DEVICE)?);
    }
    Ok(nics)
}

/// Notes with which management interface the host came up, while a reset waits for its NIC: whoever makes another one
/// has decided otherwise.
pub(crate) fn note_management(core: &Core) -> Result<()> {
    if !matches!(*core.reset.state(), Some(For::Nic(_))) {
        return Ok(());
    }
    let now = Management::of(&core.view()?, &core.localhost()?)?;
    if let Some(For::Nic(before)) = &mut *core.reset.state()
        && before.as_ref().is_none_or(|before| before.nics.is_empty())
    {
        *before = Some(now);
    }
    Ok(())
}

/// Ends a reset whose end has come: the management interface has its address, or somebody decided by a call that there is
/// none, or which it is while the reset waits for its NIC.
pub(crate) fn settle(core: &Core) -> Result<()> {
    let (waits_for_nic, mark) = match &*core.reset.state() {
        None | Some(For::Master(_)) => return Ok(()),
        Some(For::Nic(_)) => (true, None),
        Some(For::Address(pending)) => (false, Some(pending.mark())),
    };
    let host = core.localhost()?;
    let view = core.view()?;
    // The rows of a slave may be behind what its master says.
    if let Some(mark) = &mark
        && !core.pool.is_master()
        && !is_done(&view, &host, mark)?
    {
        return Ok(());
    }
    let management = management(&view, &host)?;
    let there = match &management {
        Some((_, pif)) => {
            let bridge = Name::new(&view.field(&pif.network, Network::BRIDGE)?).ok();
            let found = core.agent.facts().map_err(errors::internal_error)?;
            let bridge = bridge.and_then(|name| found.bridges.get(&name));
            bridge.is_some_and(|bridge| has_address(pif, bridge))
        }
        None => false,
    };
    if waits_for_nic {
        if there {
            call_off(core, &host, Management::of(&view, &host)?)?;
        }
        return Ok(());
    }
    if !there && (management.is_some() || marked(&view, &host)?) {
        tracing::info!("the trigger of the network reset stays until management has its address");
        return Ok(());
    }
    let mark = {
        let mut state = core.reset.state();
        let Some(For::Address(pending)) = &*state else {
            return Ok(());
        };
        let path = pending.path.display();
        match pending.remove() {
            Ok(true) => tracing::warn!("{path} is carried out, and gone"),
            Ok(false) => tracing::warn!(
                "{path} was carried out, and is another one by now, which waits for the next start"
            ),
            Err(why) => return Err(errors::internal_error(format!("{path}: {why}"))),
        }
        let mark = pending.mark();
        *state = None;
        mark
    };
    match core.pool.is_master() {
        true => forget(core, &host, None),
        false => {
            slave::is_over(core, mark);
            Ok(())
        }
    }
}

/// Puts the trigger of a reset that waits for its NIC aside, if management is another one than the host came up with: a
/// NIC that comes months later must not undo what somebody has chosen.
fn call_off(core: &Core, host: &Ref<Host>, now: Management) -> Result<()> {
    match &mut *core.reset.state() {
        Some(For::Nic(Some(before))) if now.is_still(before) => {
            // It may go on from there.
            *before = now;
            return Ok(());
        }
        Some(For::Nic(Some(_))) => {}
        _ => return Ok(()),
    }
    let found = trigger::find(&core.config.root).chosen;
    if let Some(pending) = &found
        && !core.pool.is_master()
        && is_done(&core.view()?, host, &pending.mark())?
    {
        // It is what the reset itself has made of it: the master has not said so yet.
        return Ok(());
    }
    if core.reset.state().take().is_none() {
        return Ok(());
    }
    let Some(pending) = found else {
        return Ok(());
    };
    let path = pending.path.display();
    let said = match file::set_aside(&pending.path) {
        Ok(aside) => format!("{path} is now {}", aside.display()),
        Err(why) => format!("{path} has to be removed, since the next start finds it: {why}"),
    };
    let body = format!(
        "the network reset that waited for the NIC {} is called off, since management was changed meanwhile: {said}",
        pending.trigger.management.device
    );
    alert(core, "NETWORK_RESET_CALLED_OFF", &body);
    Ok(())
}

/// Whether a bridge has what its PIF shall have of any family: a network may know only one of the two that were asked
/// for. An address that is only kept from before, for want of a lease, is not it, nor is a lease of an earlier run that no
/// server has stood by since: it may be of another network.
fn has_address(pif: &Pif, bridge: &BridgeFacts) -> bool {
    let of = |family| {
        bridge
            .addresses
            .iter()
            .filter(move |inet| inet.family() == family)
    };
    let leased = |lease: &Option<Lease>, family| {
        let has = |lease: &Lease| bridge.addresses.contains(&lease.address);
        lease.as_ref().is_some_and(has) && !bridge.unconfirmed.contains(&family)
    };
    // Every bridge with IPv6 has one of these, and nobody comes by it from elsewhere.
    let local = |address: std::net::IpAddr| match address {
        std::net::IpAddr::V6(address) => address.is_unicast_link_local(),
        std::net::IpAddr::V4(_) => false,
    };
    let v4 = match pif.ip_configuration_mode {
        IpConfigurationMode::None => false,
        IpConfigurationMode::Dhcp => leased(&bridge.lease_v4, Family::V4),
        IpConfigurationMode::Static => {
            of(Family::V4).any(|inet| inet.address().to_string() == pif.ip)
        }
    };
    let v6 = match pif.ipv6_configuration_mode {
        Ipv6ConfigurationMode::None => false,
        Ipv6ConfigurationMode::Dhcp => leased(&bridge.lease_v6, Family::V6),
        Ipv6ConfigurationMode::Autoconf => of(Family::V6).any(|inet| !local(inet.address())),
        Ipv6ConfigurationMode::Static => {
            let wanted: Vec<_> = pif
                .ipv6
                .iter()
                .filter_map(|text| topology::cidr(text))
                .collect();
            of(Family::V6).any(|inet| wanted.iter().any(|it| it.address() == inet.address()))
        }
    };
    v4 || v6
}
