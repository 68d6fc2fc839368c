//! NICs that guests let go of for a while, because their networks move: all of them, or none.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use xapi_db::{Draft, Read};
use xapi_guest::{Domain, GuestError, Nic, host_end};
use xapi_model::{ApiError, Host, Ref, Vif, VifOperations, Vm, errors};
use xapi_net::topology::Name;

use super::place::GuestsOf;
use super::{domain_of, lifecycle, nic_of, refusal};
use crate::Result;
use crate::context::Core;
use crate::ops::vif::{number_of, operations};
use crate::startup;
use crate::vifs_to_move::Hands;

/// The hands of whoever runs guests here.
pub(crate) struct OfGuests;

impl Hands for OfGuests {
    fn take(&self, core: &Core, vifs: &[Ref<Vif>]) -> Result<()> {
        release_all(core, vifs)
    }

    fn give_back(&self, core: &Core, vifs: &[Ref<Vif>]) {
        give_back(core, vifs);
    }
}

/// A plugged NIC that its guest is asked for.
struct Plugged {
    vif: Ref<Vif>,
    vm: Ref<Vm>,
    nic: (Domain, u32),
}

/// Has the guests of attached VIFs let go of them. Whoever cannot is found before anybody is asked; then all are asked, and
/// then all are waited for, so that they have the same time. If one does not let go, nobody has: those that did are
/// plugged again before the refusal is returned.
pub fn release_all(core: &Core, vifs: &[Ref<Vif>]) -> Result<()> {
    let view = core.view()?;
    let mut plugged: BTreeMap<Ref<Host>, Vec<Plugged>> = BTreeMap::new();
    for vif in vifs {
        let row = view.get(vif)?;
        let machine = view.get(&row.vm)?;
        let Some(domain) = domain_of(&machine).filter(|_| row.currently_attached) else {
            continue;
        };
        operations::assert(&view, vif, VifOperations::Unplug)?;
        core.guests_of(&machine.resident_on)?;
        let of_host = plugged.entry(machine.resident_on).or_default();
        of_host.push(Plugged {
            vif: vif.clone(),
            vm: row.vm,
            nic: (domain, number_of(&row.device)?),
        });
    }
    drop(view);
    let outcomes = std::thread::scope(|scope| {
        let hosts = plugged.iter();
        let asked = hosts.map(|(host, nics)| scope.spawn(move || release(core, host, nics)));
        let asked: Vec<_> = asked.collect();
        let joined = asked.into_iter().map(|asked| asked.join());
        joined.collect::<Vec<_>>()
    });
    let (mut released, mut refused) = (Vec::new(), None);
    for outcome in outcomes {
        let panicked = |_| {
            (
                Vec::new(),
                Some(errors::internal_error("asking guests panicked")),
            )
        };
        let (gone, why) = outcome.unwrap_or_else(panicked);
        released.extend(gone);
        refused = refused.or(why);
    }
    let Some(why) = refused else {
        return Ok(());
    };
    give_back(core, &released);
    Err(why)
}

/// The same for the guests of one host: which VIFs they have let go of, and why one is still held.
fn release(
    core: &Core,
    host: &Ref<Host>,
    plugged: &[Plugged],
) -> (Vec<Ref<Vif>>, Option<ApiError>) {
    let within = core.config.unplug_deadline;
    let guests = match core.guests_of(host) {
        Ok(guests) => guests,
        Err(why) => return (Vec::new(), Some(why)),
    };
    let asked = plugged.iter().map(|it| it.nic).collect();
    let of = |nic| plugged.iter().find(|it| it.nic == nic);
    let called = |nic, why| {
        let of = of(nic).or(plugged.first());
        let (vm, vif) = of.map_or((Ref::null(), None), |it| (it.vm.clone(), Some(&it.vif)));
        refusal(&vm, vif, within, why)
    };
    match guests.withdraw_all(asked, within) {
        Ok(outcome) => {
            let gone = outcome.released.into_iter();
            let gone = gone.filter_map(|nic| of(nic).map(|it| it.vif.clone()));
            let refused = outcome.refused;
            (gone.collect(), refused.map(|it| called(it.nic, it.why)))
        }
        // Which of them it has heard of is settled when the host is back.
        Err(why) => (Vec::new(), Some(called((0, 0), why))),
    }
}

/// Plugs VIFs again that were let go, on the networks that their rows name now. One that its guest does not take is shown
/// unplugged.
pub fn give_back(core: &Core, vifs: &[Ref<Vif>]) {
    if vifs.is_empty() {
        return;
    }
    let mut hosts = BTreeSet::new();
    for vif in vifs {
        hosts.extend(host_of(core, vif));
        if let Err(why) = offer_again(core, vif) {
            tracing::error!("{vif} was not plugged again: {why}");
            // A guest whose host is lost gets its NIC when that is back.
            if !lifecycle::is_lost(&why) {
                unplugged(core, vif);
            }
        }
    }
    for host in hosts {
        let Err(why) = core.change(&host, &Ref::null(), |_| Ok(())) else {
            continue;
        };
        tracing::error!("NICs were plugged again, and the host's network does not follow: {why}");
        if let Err(why) = startup::reconverge(core, &host) {
            // What happens next on the host tries again.
            tracing::error!("nor as far as it can: {why}");
        }
    }
}

/// The host that a NIC's machine runs on.
fn host_of(core: &Core, vif: &Ref<Vif>) -> Option<Ref<Host>> {
    let view = core.view().ok()?;
    let machine = view.field(vif, Vif::VM).ok()?;
    let host = view.field(&machine, Vm::RESIDENT_ON).ok()?;
    host.some().cloned()
}

/// Offers a NIC to its guest, if its row says that the guest has it.
pub(crate) fn offer_again(core: &Core, vif: &Ref<Vif>) -> Result<Option<Domain>> {
    let view = core.view()?;
    if !view.exists(vif)? {
        return Ok(None);
    }
    let row = view.get(vif)?;
    let machine = view.get(&row.vm)?;
    let Some(domain) = domain_of(&machine).filter(|_| row.currently_attached) else {
        return Ok(None);
    };
    let host = machine.resident_on;
    let nic = nic_of(&view, &host, &row)?;
    drop(view);
    let guests = core.guests_of(&host)?;
    offer_unless_held(&guests, domain, &nic)
        .map_err(|why| refusal(&row.vm, Some(vif), Duration::ZERO, why))?;
    Ok(Some(domain))
}

/// Offers a NIC to a guest that may have it already, but for its MTU. It may have got it on another network: a port is as
/// wide as the one that it is on, and what the guest was told is its own affair, as with `VIF.move`.
pub(crate) fn offer_unless_held(
    guests: &GuestsOf<'_>,
    domain: Domain,
    nic: &Nic,
) -> std::result::Result<(), GuestError> {
    match guests.offer(domain, nic) {
        Err(why @ GuestError::StillHeld { .. }) => {
            let found = guests.find(domain)?;
            let mut nics = found.nics.iter().map(|it| &it.nic);
            match nics.any(|it| it.device == nic.device && it.mac == nic.mac) {
                true => Ok(()),
                false => Err(why),
            }
        }
        offered => offered,
    }
}

/// Offers NICs to their guests while a change waits to be confirmed, as its draft has them: all that the host was asked to
/// have ports for and has no ends of. Whether there were any. What a guest does not take is told and left to those who give
/// back in the end.
pub(crate) fn offer_absent(
    core: &Core,
    draft: &Draft,
    host: &Ref<Host>,
    absent: &BTreeSet<Name>,
) -> Result<bool> {
    let mut any = false;
    if absent.is_empty() {
        return Ok(any);
    }
    for vm in draft.find(Vm::RESIDENT_ON, host)? {
        let machine = draft.get(&vm)?;
        let Some(domain) = domain_of(&machine) else {
            continue;
        };
        for vif in machine.vifs.iter() {
            let row = draft.get(vif)?;
            let end = host_end(domain, number_of(&row.device)?);
            if !row.currently_attached || !absent.iter().any(|name| name.as_str() == end) {
                continue;
            }
            let nic = nic_of(draft, host, &row)?;
            match core.guests_of(host)?.offer(domain, &nic) {
                Ok(()) => any = true,
                Err(why) => {
                    tracing::error!("{vif} is not plugged while a person is waited for: {why}")
                }
            }
        }
    }
    Ok(any)
}

/// Shows a VIF as its guest has it: not.
pub(crate) fn unplugged(core: &Core, vif: &Ref<Vif>) {
    let shown = core.store.change(|draft| {
        if draft.exists(vif)? {
            draft.set(vif, Vif::CURRENTLY_ATTACHED, false)?;
            operations::refresh(draft, vif)?;
        }
        Ok(())
    });
    if let Err(why) = shown {
        tracing::error!("{vif} is shown plugged, and is not: {why}");
    }
}
