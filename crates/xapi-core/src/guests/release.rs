//! NICs that guests let go of for a while, because their networks move: all of them, or none.

use std::collections::BTreeSet;
use std::time::Instant;

use xapi_db::Read;
use xapi_guest::Domain;
use xapi_model::{Host, Ref, Vif, VifOperations, Vm, errors};

use super::{domain_of, nic_of, refusal};
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

/// Has the guests of attached VIFs let go of them. If one cannot or does not, nobody else has: those that were let go
/// are plugged again before the refusal is returned. Whoever cannot is found before anybody is asked.
pub fn release_all(core: &Core, vifs: &[Ref<Vif>]) -> Result<()> {
    let view = core.view()?;
    let mut plugged = Vec::new();
    for vif in vifs {
        let row = view.get(vif)?;
        let machine = view.get(&row.vm)?;
        let Some(domain) = domain_of(&machine).filter(|_| row.currently_attached) else {
            continue;
        };
        operations::assert(&view, vif, VifOperations::Unplug)?;
        core.guests_of(&machine.resident_on)?;
        let device = number_of(&row.device)?;
        plugged.push((vif.clone(), row.vm, machine.resident_on, domain, device));
    }
    drop(view);
    if plugged.is_empty() {
        return Ok(());
    }
    let within = core.config.unplug_deadline;
    let began = Instant::now();
    for (at, (vif, vm, host, domain, device)) in plugged.iter().enumerate() {
        let left = within.saturating_sub(began.elapsed());
        let withdrawn = core.guests_of(host).and_then(|guests| {
            let withdrawn = guests.withdraw(*domain, *device, left);
            withdrawn.map_err(|why| refusal(vm, Some(vif), within, why))
        });
        if let Err(why) = withdrawn {
            let given_up: Vec<_> = plugged[..at].iter().map(|(vif, ..)| vif.clone()).collect();
            give_back(core, &given_up);
            return Err(why);
        }
    }
    Ok(())
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
            unplugged(core, vif);
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
    let offered = core.guests_of(&host)?.offer(domain, &nic);
    offered.map_err(errors::internal_error)?;
    Ok(Some(domain))
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
