//! The records of machines: made of what a client gives, and removed with all that belongs to them.

use xapi_db::{Draft, Read};
use xapi_model::messages::messages;
use xapi_model::{
    Class, Console, Crashdump, Field, Ref, Value, Vbd, Vgpu, Vm, VmMetrics, VmOperations,
    VmPowerState, Vtpm, Vusb, errors,
};

use super::operations;
use crate::context::Cx;
use crate::guests::unwanted;
use crate::ops::vif;
use crate::{Result, implied};

/// `VM.create`: a record. What it says is checked when the machine starts, as with XAPI.
pub fn create(cx: &Cx<'_>, params: Vec<Value>) -> Result<Value> {
    let message = messages()
        .find("VM.create")
        .ok_or_else(|| errors::message_method_unknown("VM.create"))?;
    let record = params.into_iter().next().unwrap_or_default();
    let asked = Vm::from_row(implied::constructor_row(message, record)?)?;
    let made = cx.core.store.change(|draft| make(draft, asked.clone()))?;
    Ok(Value::Str(made.as_str().to_owned()))
}

fn make(draft: &Draft, mut vm: Vm) -> Result<Ref<Vm>> {
    // The addresses of its NICs are made of this.
    let seed = || uuid::Uuid::new_v4().to_string();
    vm.other_config
        .entry(vif::MAC_SEED.to_owned())
        .or_insert_with(seed);
    vm.domain_type = operations::domain_type_of(&vm);
    // No record makes a machine run; it may have been suspended elsewhere if its memory is here.
    let suspended = vm.power_state == VmPowerState::Suspended && draft.exists(&vm.suspend_vdi)?;
    if !suspended {
        vm.power_state = VmPowerState::Halted;
    }
    vm.domid = -1;
    vm.metrics = draft.insert(VmMetrics::blank())?;
    let made = draft.insert(vm)?;
    operations::refresh(draft, &made)?;
    Ok(made)
}

/// `VM.destroy`: its disks stay, whatever stands for them in the machine goes.
pub fn destroy(cx: &Cx<'_>, params: Vec<Value>) -> Result<Value> {
    let this = params.first().and_then(Value::as_str).unwrap_or_default();
    let this = Ref::<Vm>::new(this);
    let here = cx.core.localhost()?;
    let memory = cx.core.store.change(|draft| {
        operations::assert(draft, &this, VmOperations::Destroy)?;
        draft.rely(&this)?;
        let row = draft.get(&this)?;
        remove(draft, &this)?;
        if row.power_state != VmPowerState::Suspended {
            return Ok(None);
        }
        let host = row.memory_on.some().unwrap_or(&here).clone();
        unwanted::note(draft, &host, &row.uuid)?;
        Ok(Some(host))
    })?;
    if let Some(host) = memory {
        unwanted::try_to_discard(cx.core, &host);
    }
    Ok(Value::Nil)
}

/// `VM.set_is_a_template`: a machine that is off becomes a template, and a template a machine, made now.
pub fn set_is_a_template(cx: &Cx<'_>, params: Vec<Value>) -> Result<Value> {
    let this = params.first().and_then(Value::as_str).unwrap_or_default();
    let this = Ref::<Vm>::new(this);
    let template = params.get(1).and_then(Value::as_bool).unwrap_or_default();
    cx.core.store.change(|draft| {
        if template {
            operations::assert(draft, &this, VmOperations::MakeIntoTemplate)?;
            draft.rely(&this)?;
            only_a_template(draft, &this)?;
        } else {
            let metrics = draft.field(&this, Vm::METRICS)?;
            if draft.exists(&metrics)? {
                draft.set(&metrics, VmMetrics::INSTALL_TIME, cx.core.now())?;
            }
        }
        draft.set(&this, Vm::IS_A_TEMPLATE, template)?;
        operations::refresh(draft, &this)
    })?;
    Ok(Value::Nil)
}

/// What a template does not have: it does not run, so nothing is measured, nor held ready for it.
fn only_a_template(draft: &Draft, this: &Ref<Vm>) -> Result<()> {
    let metrics = draft.field(this, Vm::METRICS)?;
    draft.set(this, Vm::HA_ALWAYS_RUN, false)?;
    draft.set(this, Vm::GROUPS, Vec::new())?;
    draft.set(this, Vm::METRICS, Ref::null())?;
    destroy_of(draft, this, Vusb::VM)?;
    destroy_if_there(draft, &metrics)
}

fn remove(draft: &Draft, this: &Ref<Vm>) -> Result<()> {
    let row = draft.get(this)?;
    for snapshot in row.snapshots.iter() {
        draft.set(snapshot, Vm::SNAPSHOT_OF, Ref::null())?;
    }
    for child in row.children.iter() {
        draft.set(child, Vm::PARENT, row.parent.clone())?;
    }
    for nic in row.vifs.iter() {
        vif::remove(draft, nic)?;
    }
    for disk in row.vbds.iter() {
        let metrics = draft.field(disk, Vbd::METRICS)?;
        draft.destroy(disk)?;
        destroy_if_there(draft, &metrics)?;
    }
    destroy_of(draft, this, Vusb::VM)?;
    destroy_of(draft, this, Vtpm::VM)?;
    destroy_of(draft, this, Vgpu::VM)?;
    destroy_of(draft, this, Console::VM)?;
    destroy_of(draft, this, Crashdump::VM)?;
    draft.destroy(this)?;
    destroy_if_there(draft, &row.metrics)?;
    destroy_if_there(draft, &row.guest_metrics)
}

fn destroy_of<C: Class>(draft: &Draft, vm: &Ref<Vm>, of: Field<C, Ref<Vm>>) -> Result<()> {
    for object in draft.find(of, vm)? {
        draft.destroy(&object)?;
    }
    Ok(())
}

fn destroy_if_there<C: Class>(draft: &Draft, object: &Ref<C>) -> Result<()> {
    if draft.exists(object)? {
        draft.destroy(object)
    } else {
        Ok(())
    }
}
