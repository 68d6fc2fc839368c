//! Kept memory of machines that are not suspended any more, or gone: its host throws it away, at once or when it is back. It is
//! gigabytes, and holds secrets.

use xapi_db::{Draft, Read};
use xapi_model::{Host, Ref, Vm, errors};

use super::adopt;
use crate::Result;
use crate::context::Core;

/// Notes that a host is to throw the memory of a machine away, whether it has kept any or not.
pub(crate) fn note(draft: &Draft, host: &Ref<Host>, uuid: &str) -> Result<()> {
    if !draft.exists(host)? {
        return Ok(());
    }
    draft.rely(host)?;
    let mut noted = draft.field(host, Host::MEMORY_UNWANTED)?;
    if noted.iter().all(|it| it != uuid) {
        noted.push(uuid.to_owned());
        draft.set(host, Host::MEMORY_UNWANTED, noted)?;
    }
    Ok(())
}

/// Notes that there is nothing of a machine to be thrown away: it is gone, or what is there is wanted.
pub(super) fn settled(draft: &Draft, host: &Ref<Host>, uuid: &str) -> Result<()> {
    if !draft.exists(host)? {
        return Ok(());
    }
    let mut noted = draft.field(host, Host::MEMORY_UNWANTED)?;
    if noted.iter().any(|it| it == uuid) {
        draft.rely(host)?;
        noted.retain(|it| it != uuid);
        draft.set(host, Host::MEMORY_UNWANTED, noted)?;
    }
    Ok(())
}

/// Has a host throw away what is noted; what fails stays noted, and is tried again when the host is back, or before the
/// machine starts there.
pub(crate) fn discard(core: &Core, host: &Ref<Host>) -> Result<()> {
    let view = core.view()?;
    let noted = match view.exists(host)? {
        true => view.field(host, Host::MEMORY_UNWANTED)?,
        false => return Ok(()),
    };
    drop(view);
    if noted.is_empty() {
        return Ok(());
    }
    let guests = adopt::guests_now(core, host)?;
    let at_work = guests.at_work(Default::default());
    let at_work = at_work.map_err(errors::internal_error)?;
    let mut outcome = Ok(());
    for uuid in noted {
        // Something may yet come of what the host is still at.
        if at_work.contains(&uuid) {
            continue;
        }
        if !is_wanted(core, host, &uuid)? {
            // One that stays does not keep the others.
            if let Err(why) = guests.discard(&uuid) {
                outcome = outcome.and(Err(errors::internal_error(format!("{uuid}: {why}"))));
                continue;
            }
            tracing::info!("{host} keeps no memory of the machine {uuid} any more");
        }
        core.store.change(|draft| settled(draft, host, &uuid))?;
    }
    outcome
}

/// The same before a machine starts there: an error if it is this one's that stays.
pub(crate) fn discard_of(core: &Core, host: &Ref<Host>, uuid: &str) -> Result<()> {
    let Err(why) = discard(core, host) else {
        return Ok(());
    };
    let noted = core.view()?.field(host, Host::MEMORY_UNWANTED)?;
    match noted.iter().any(|it| it == uuid) {
        true => Err(why),
        false => {
            tracing::error!("{host}: the memory of another machine was not removed: {why}");
            Ok(())
        }
    }
}

/// The same, for whoever does not depend on it.
pub(crate) fn try_to_discard(core: &Core, host: &Ref<Host>) {
    match discard(core, host) {
        Ok(()) => {}
        Err(why) if super::lifecycle::is_lost(&why) => {
            tracing::info!("{host}: what it keeps of machines is thrown away when it is back");
        }
        // It may have run some before.
        Err(why) if why.code == "OPERATION_NOT_ALLOWED" => {
            tracing::info!("{host} runs no machines: nothing that it may keep is thrown away");
        }
        Err(why) => tracing::error!("{host}: the memory of a machine was not removed: {why}"),
    }
}

/// Whether a machine is suspended there.
fn is_wanted(core: &Core, host: &Ref<Host>, uuid: &str) -> Result<bool> {
    let view = core.view()?;
    for vm in view.find(Vm::MEMORY_ON, host)? {
        if view.field(&vm, Vm::UUID)? == uuid {
            return Ok(true);
        }
    }
    Ok(false)
}
