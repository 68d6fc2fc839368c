//! NICs that come and go while their machine runs, and that move to another network (API facts, 1.9).

use xapi_db::{Draft, Read};
use xapi_guest::Domain;
use xapi_model::vif::{Move, Plug, Unplug, UnplugForce};
use xapi_model::{Host, Pif, Ref, Vif, VifOperations, Vm, errors};

use super::{number_of, operations};
use crate::Result;
use crate::context::Cx;
use crate::guests::{adopt, domain_of, has_slot, lifecycle, nic_of, refusal, release};
use crate::ops::network;
use crate::ops::vm::placement;
use crate::ops::vm::power::key_of;

/// What a call about one NIC needs to know.
struct Nic<'a> {
    vif: &'a Ref<Vif>,
    vm: Ref<Vm>,
    host: Ref<Host>,
    domain: Domain,
    device: u32,
    about: Ref<Pif>,
}

/// Runs an operation under its mark. `run` takes the mark off with its last commit; a failure does here.
fn marked(
    cx: &Cx<'_>,
    vif: &Ref<Vif>,
    operation: VifOperations,
    run: impl FnOnce(&Nic<'_>, &str) -> Result<()>,
) -> Result<()> {
    let view = cx.core.view()?;
    operations::assert(&view, vif, operation)?;
    let row = view.get(vif)?;
    let machine = view.get(&row.vm)?;
    let host = machine.resident_on.clone();
    cx.core.guests_of(&host)?;
    let nic = Nic {
        vif,
        domain: domain_of(&machine).ok_or_else(|| errors::vm_halted(&row.vm))?,
        device: number_of(&row.device)?,
        about: network::pif_on(&view, &row.network, &host)?.unwrap_or_default(),
        vm: row.vm,
        host,
    };
    drop(view);
    cx.stop_if_cancelled()?;
    cx.begin()?;
    let key = key_of(cx);
    let working = cx.core.at_work.begin(&key);
    cx.core.store.change(|draft| {
        operations::assert(draft, vif, operation)?;
        draft.rely(vif)?;
        let mut running = draft.field(vif, Vif::CURRENT_OPERATIONS)?;
        running.insert(key.clone(), operation);
        draft.set(vif, Vif::CURRENT_OPERATIONS, running)?;
        operations::refresh(draft, vif)
    })?;
    let outcome = run(&nic, &key);
    drop(working);
    let Err(why) = outcome else {
        return Ok(());
    };
    let why = lifecycle::lost(cx.core, &nic.host, why);
    if lifecycle::is_lost(&why) {
        // The mark stays until the host tells what its guest has.
        adopt::settle_if_linked(cx.core, &nic.host)?;
        return Err(why);
    }
    cx.core.store.change(|draft| match draft.exists(vif)? {
        true => unmark(draft, vif, &key),
        false => Ok(()),
    })?;
    Err(why)
}

fn unmark(draft: &Draft, vif: &Ref<Vif>, key: &str) -> Result<()> {
    lifecycle::unmark_vif(draft, vif, key)?;
    operations::refresh(draft, vif)
}

/// Refuses what is about a guest that is not there any more.
fn still_there(draft: &Draft, nic: &Nic<'_>) -> Result<()> {
    draft.rely(&nic.vm)?;
    match domain_of(&draft.get(&nic.vm)?) == Some(nic.domain) {
        true => Ok(()),
        false => Err(errors::vm_halted(&nic.vm)),
    }
}

/// `VIF.plug`: the guest's end, then the host's port.
pub fn plug(cx: &Cx<'_>, call: Plug) -> Result<()> {
    marked(cx, &call.this, VifOperations::Plug, |nic, key| {
        let guests = cx.core.guests_of(&nic.host)?;
        let view = cx.core.view()?;
        let row = view.get(nic.vif)?;
        if let Some(slave) = lifecycle::bond_slave_under(&view, &nic.host, &row.network)? {
            return Err(errors::cannot_plug_bond_slave(slave));
        }
        has_slot(guests.kind(), &row.device)?;
        let wanted = nic_of(&view, &nic.host, &row)?;
        drop(view);
        let offered = guests.offer(nic.domain, &wanted);
        offered.map_err(|why| match why {
            // It was asked for this one before, and keeps it.
            xapi_guest::GuestError::StillHeld { .. } => {
                errors::device_attach_timeout("VIF", nic.vif)
            }
            why => refusal(&nic.vm, Some(nic.vif), std::time::Duration::ZERO, why),
        })?;
        let outcome = cx.core.change(&nic.host, &nic.about, |draft| {
            still_there(draft, nic)?;
            let row = draft.get(nic.vif)?;
            draft.rely(nic.vif)?;
            lifecycle::attach_network(draft, &nic.host, &row.network)?;
            draft.set(nic.vif, Vif::CURRENTLY_ATTACHED, true)?;
            draft.set(nic.vif, Vif::MTU, i64::from(wanted.mtu))?;
            unmark(draft, nic.vif, key)
        });
        if outcome.is_err()
            && let Err(why) = guests.withdraw_force(nic.domain, nic.device)
        {
            tracing::error!(
                "{}: its guest keeps a NIC that leads nowhere: {why}",
                nic.vif
            );
        }
        outcome
    })
}

/// `VIF.unplug`: the guest lets go first. If it does not in time nothing has changed; if it does later, it has the NIC
/// again, since nobody took the request back.
pub fn unplug(cx: &Cx<'_>, call: Unplug) -> Result<()> {
    marked(cx, &call.this, VifOperations::Unplug, |nic, key| {
        let within = cx.core.config.unplug_deadline;
        let released = cx
            .core
            .guests_of(&nic.host)?
            .withdraw(nic.domain, nic.device, within);
        released.map_err(|why| refusal(&nic.vm, Some(nic.vif), within, why))?;
        let outcome = detached(cx, nic, key);
        if outcome.is_err() {
            // The port is as before, and so shall be the guest.
            release::give_back(cx.core, std::slice::from_ref(nic.vif));
        }
        outcome
    })
}

/// `VIF.unplug_force`: the host's end goes, whatever the guest says.
pub fn unplug_force(cx: &Cx<'_>, call: UnplugForce) -> Result<()> {
    marked(cx, &call.this, VifOperations::Unplug, |nic, key| {
        let gone = cx
            .core
            .guests_of(&nic.host)?
            .withdraw_force(nic.domain, nic.device);
        let within = std::time::Duration::ZERO;
        gone.map_err(|why| refusal(&nic.vm, Some(nic.vif), within, why))?;
        // The end is gone, whether its port is or not.
        if let Err(why) = detached(cx, nic, key) {
            tracing::error!("{}: its port is left: {why}", nic.vif);
            cx.core.store.change(|draft| {
                draft.set(nic.vif, Vif::CURRENTLY_ATTACHED, false)?;
                unmark(draft, nic.vif, key)
            })?;
        }
        Ok(())
    })
}

fn detached(cx: &Cx<'_>, nic: &Nic<'_>, key: &str) -> Result<()> {
    cx.core.change(&nic.host, &nic.about, |draft| {
        draft.rely(nic.vif)?;
        draft.set(nic.vif, Vif::CURRENTLY_ATTACHED, false)?;
        unmark(draft, nic.vif, key)
    })
}

/// `VIF.move`: the port goes to the other bridge in one step, and the guest sees nothing of it.
pub fn move_(cx: &Cx<'_>, call: Move) -> Result<()> {
    let (vif, network) = (&call.this, &call.network);
    super::apply_about(cx, vif, network, |draft, row| {
        let target = draft.get(network)?;
        draft.rely(network)?;
        let there = match draft.exists(&row.vm)? && row.currently_attached {
            true => draft.field(&row.vm, Vm::RESIDENT_ON)?,
            false => Ref::null(),
        };
        if let Some(host) = there.some() {
            let reachable = placement::is_visible(draft, network, host)?
                && lifecycle::bond_slave_under(draft, host, network)?.is_none();
            if !reachable {
                return Err(errors::host_cannot_attach_network(host, network));
            }
        }
        if !row.trunks.is_empty() && super::has_vlan(draft, &target)? {
            return Err(errors::network_incompatible_with_trunks(network));
        }
        draft.set(vif, Vif::NETWORK, network.clone())?;
        if let Some(host) = there.some() {
            lifecycle::attach_network(draft, host, network)?;
            // The host's end is as large as the network it is on; what the guest was told when it got it is its own affair.
            let mtu = nic_of(draft, host, &draft.get(vif)?)?.mtu;
            draft.set(vif, Vif::MTU, i64::from(mtu))?;
        }
        operations::refresh(draft, vif)
    })
}
