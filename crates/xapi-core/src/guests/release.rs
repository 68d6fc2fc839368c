//! NICs that guests let go of for a while, because their networks move: all of them, or none.

use std::time::Instant;

use xapi_db::Read;
use xapi_guest::Domain;
use xapi_model::{Host, Ref, Vif, VifOperations, errors};

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
        core.only_here(&view, &machine.resident_on, "machines on another host")?;
        operations::assert(&view, vif, VifOperations::Unplug)?;
        plugged.push((vif.clone(), row.vm, domain, number_of(&row.device)?));
    }
    drop(view);
    if plugged.is_empty() {
        return Ok(());
    }
    let guests = core.guests()?;
    let within = core.config.unplug_deadline;
    let began = Instant::now();
    for (at, (vif, vm, domain, device)) in plugged.iter().enumerate() {
        let left = within.saturating_sub(began.elapsed());
        if let Err(why) = guests.withdraw(*domain, *device, left) {
            let given_up: Vec<_> = plugged[..at].iter().map(|(vif, ..)| vif.clone()).collect();
            give_back(core, &given_up);
            return Err(refusal(vm, Some(vif), within, why));
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
    let offered = core.localhost().inspect(|host| {
        for vif in vifs {
            if let Err(why) = offer_again(core, host, vif) {
                tracing::error!("{vif} was not plugged again: {why}");
                unplugged(core, vif);
            }
        }
    });
    let ports = offered.and_then(|host| core.change(&host, &Ref::null(), |_| Ok(())));
    let Err(why) = ports else { return };
    tracing::error!("NICs were plugged again, and the host's network does not follow: {why}");
    let again = core
        .localhost()
        .and_then(|host| startup::reconverge(core, &host));
    if let Err(why) = again {
        // What happens next on the host tries again.
        tracing::error!("nor as far as it can: {why}");
    }
}

/// Offers a NIC to its guest, if its row says that the guest has it.
pub(crate) fn offer_again(core: &Core, host: &Ref<Host>, vif: &Ref<Vif>) -> Result<Option<Domain>> {
    let view = core.view()?;
    if !view.exists(vif)? {
        return Ok(None);
    }
    let row = view.get(vif)?;
    let machine = view.get(&row.vm)?;
    let Some(domain) = domain_of(&machine).filter(|_| row.currently_attached) else {
        return Ok(None);
    };
    core.only_here(&view, &machine.resident_on, "machines on another host")?;
    let nic = nic_of(&view, host, &row)?;
    drop(view);
    let offered = core.guests()?.offer(domain, &nic);
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
