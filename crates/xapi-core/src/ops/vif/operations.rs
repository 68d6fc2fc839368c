//! What may be asked of a VIF in its present state, and why not (API facts, 1.9).

use xapi_db::{Draft, Read};
use xapi_model::{
    ApiError, Class, Ref, TristateType, Vif, VifOperations, Vm, VmGuestMetrics, VmOperations,
    VmPowerState, errors,
};

use crate::Result;
use crate::ops::{network, vm};

/// The operations, as they are listed.
const ALL: [VifOperations; 3] = [
    VifOperations::Attach,
    VifOperations::Plug,
    VifOperations::Unplug,
];

/// Writes what may be asked of a VIF now.
pub fn refresh(draft: &Draft, this: &Ref<Vif>) -> Result<()> {
    let row = draft.get(this)?;
    let mut allowed = Vec::new();
    for operation in ALL {
        if refusal(draft, this, &row, operation)?.is_none() {
            allowed.push(operation);
        }
    }
    draft.set(this, Vif::ALLOWED_OPERATIONS, allowed)
}

/// Refuses an operation that may not be begun now.
pub fn assert(rows: &impl Read, this: &Ref<Vif>, operation: VifOperations) -> Result<()> {
    match refusal(rows, this, &rows.get(this)?, operation)? {
        Some(why) => Err(why),
        None => Ok(()),
    }
}

/// Why an operation may not be begun; the first reason that XAPI finds.
fn refusal(
    rows: &impl Read,
    this: &Ref<Vif>,
    row: &Vif,
    operation: VifOperations,
) -> Result<Option<ApiError>> {
    if !row.current_operations.is_empty() {
        let operations: Vec<_> = row
            .current_operations
            .values()
            .map(|op| op.as_str())
            .collect();
        let tasks: Vec<_> = row.current_operations.keys().map(String::as_str).collect();
        return Ok(Some(errors::other_operation_in_progress(
            Vif::NAME,
            this,
            format!("{{{}}}", operations.join("; ")),
            format!("{{{}}}", tasks.join("; ")),
        )));
    }
    if operation == VifOperations::Attach {
        return Ok(None);
    }
    let machine = rows.get(&row.vm)?;
    let running = machine.power_state == VmPowerState::Running;
    let not_allowed = |why: &str| Ok(Some(errors::operation_not_allowed(why)));
    if machine.is_control_domain && operation == VifOperations::Plug {
        return not_allowed("Control domain does not support hotplug");
    }
    if network::is_sriov(rows, &row.network)? {
        return not_allowed("Network SR-IOV VIF plug/unplug not allowed");
    }
    if running {
        let attached = row.currently_attached || row.reserved;
        match operation {
            VifOperations::Plug if attached => {
                return Ok(Some(errors::device_already_attached(this)));
            }
            VifOperations::Unplug if !attached => {
                return Ok(Some(errors::device_already_detached(this)));
            }
            _ => {}
        }
    } else {
        let actual = machine.power_state.as_str().to_ascii_lowercase();
        return Ok(Some(errors::vm_bad_power_state(&row.vm, "running", actual)));
    }
    let leaving = |op: &&VmOperations| {
        matches!(
            op,
            VmOperations::CleanShutdown
                | VmOperations::Shutdown
                | VmOperations::HardShutdown
                | VmOperations::Suspend
                | VmOperations::Pause
        )
    };
    if let Some(op) = machine.current_operations.values().find(leaving) {
        return not_allowed(&format!("Current operation on VM:{} is {op}", row.vm));
    }
    no_hotplug(rows, &row.vm, &machine)
}

/// Why a running machine with emulated hardware cannot be given a NIC or asked for one: its guest has no drivers that could.
fn no_hotplug(rows: &impl Read, vm: &Ref<Vm>, machine: &Vm) -> Result<Option<ApiError>> {
    if !vm::runs_hvm(rows, machine)? {
        return Ok(None);
    }
    let missing = || Ok(Some(errors::vm_missing_pv_drivers(vm)));
    if !rows.exists(&machine.guest_metrics)? {
        return missing();
    }
    let guest: VmGuestMetrics = rows.get(&machine.guest_metrics)?;
    match guest.can_use_hotplug_vif {
        TristateType::Yes => Ok(None),
        TristateType::No => Ok(Some(errors::operation_not_allowed(
            "VM states it does not support VIF hotplug.",
        ))),
        TristateType::Unspecified if guest.pv_drivers_detected => Ok(None),
        TristateType::Unspecified if !guest.pv_drivers_version.is_empty() => Ok(None),
        TristateType::Unspecified => missing(),
    }
}
