//! What guests do by themselves: the rows follow at once.

use xapi_db::Read;
use xapi_guest::Event;
use xapi_model::{Host, Ref, Vif, VmPowerState};

use super::{lifecycle, machine_of, release};
use crate::Result;
use crate::context::Core;
use crate::ops::vif::number_of;
use crate::ops::vm::operations;

/// Writes what a guest of a host has done.
pub fn react(core: &Core, host: &Ref<Host>, event: Event) -> Result<()> {
    let (Event::Stopped { domain }
    | Event::Released { domain, .. }
    | Event::PvDriversSeen { domain }) = event;
    let view = core.view()?;
    let Some(vm) = machine_of(&view, host, domain)? else {
        // A call that is under way has not shown it yet, and will look itself.
        return Ok(());
    };
    match event {
        Event::Stopped { .. } => {
            drop(view);
            tracing::info!("{vm} has ended by itself");
            core.departed(host, &vm, Some(domain), VmPowerState::Halted, "")
        }
        Event::PvDriversSeen { .. } => {
            drop(view);
            core.store.change(|draft| {
                if machine_of(draft, host, domain)?.as_ref() == Some(&vm) {
                    draft.rely(&vm)?;
                    lifecycle::drivers_seen(core, draft, &vm)?;
                    operations::refresh(draft, &vm)?;
                }
                Ok(())
            })
        }
        Event::Released { device, .. } => {
            let mut released: Option<Ref<Vif>> = None;
            for vif in view.find(Vif::VM, &vm)? {
                if number_of(&view.field(&vif, Vif::DEVICE)?).ok() == Some(device) {
                    released = Some(vif);
                }
            }
            drop(view);
            // Whoever asked for it has given up and left the row as it was: the guest has the NIC again.
            release::give_back(core, released.as_slice());
            Ok(())
        }
    }
}
