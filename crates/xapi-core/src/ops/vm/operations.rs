//! What may be asked of a machine in its present state, and why not.

use xapi_db::{Draft, Read};
use xapi_model::vm::{AssertOperationValid, UpdateAllowedOperations};
use xapi_model::{
    ApiError, Class, DomainType, Ref, Vm, VmGuestMetrics, VmMetrics, VmOperations, VmPowerState,
    errors,
};

use crate::Result;
use crate::context::Cx;
use crate::ops::vif;

/// The operations that can be carried out here, as they are listed.
const ALL: [VmOperations; 15] = [
    VmOperations::Start,
    VmOperations::StartOn,
    VmOperations::Pause,
    VmOperations::Unpause,
    VmOperations::CleanShutdown,
    VmOperations::CleanReboot,
    VmOperations::HardShutdown,
    VmOperations::HardReboot,
    VmOperations::Suspend,
    VmOperations::Resume,
    VmOperations::ResumeOn,
    VmOperations::Destroy,
    VmOperations::ChangingVCPUs,
    VmOperations::ChangingStaticRange,
    VmOperations::ChangingDynamicRange,
];

/// Writes what may be asked of a machine now, and of its NICs.
pub fn refresh(draft: &Draft, this: &Ref<Vm>) -> Result<()> {
    let row = draft.get(this)?;
    let mut allowed = Vec::new();
    for operation in ALL {
        let refused = refusal(draft, this, &row, operation)?.is_some()
            || lacks_feature(draft, &row, operation)?;
        if !refused {
            allowed.push(operation);
        }
    }
    draft.set(this, Vm::ALLOWED_OPERATIONS, allowed)?;
    for vif in row.vifs.iter() {
        vif::operations::refresh(draft, vif)?;
    }
    Ok(())
}

/// Refuses an operation that may not be begun now.
pub fn assert(rows: &impl Read, this: &Ref<Vm>, operation: VmOperations) -> Result<()> {
    match refusal(rows, this, &rows.get(this)?, operation)? {
        Some(why) => Err(why),
        None => Ok(()),
    }
}

/// `VM.assert_operation_valid`.
pub fn assert_operation_valid(cx: &Cx<'_>, call: AssertOperationValid) -> Result<()> {
    assert(&cx.core.view()?, &call.this, call.op)
}

/// `VM.update_allowed_operations`.
pub fn update_allowed_operations(cx: &Cx<'_>, call: UpdateAllowedOperations) -> Result<()> {
    cx.core.store.change(|draft| refresh(draft, &call.this))
}

/// The states in which an operation makes sense; none for one that is not of machines.
fn states(operation: VmOperations) -> &'static [VmPowerState] {
    use VmPowerState::{Halted, Paused, Running, Suspended};
    match operation {
        VmOperations::Start
        | VmOperations::StartOn
        | VmOperations::Provision
        | VmOperations::MakeIntoTemplate
        | VmOperations::ChangingVCPUs
        | VmOperations::ChangingStaticRange
        | VmOperations::ChangingMemoryLimits
        | VmOperations::ChangingShadowMemory
        | VmOperations::ChangingNvram
        | VmOperations::CreateVtpm => &[Halted],
        VmOperations::Unpause => &[Paused],
        VmOperations::Resume | VmOperations::ResumeOn | VmOperations::Csvm => &[Suspended],
        VmOperations::ChangingDynamicRange => &[Halted, Running],
        VmOperations::Destroy
        | VmOperations::Export
        | VmOperations::Clone
        | VmOperations::Copy
        | VmOperations::CreateTemplate => &[Halted, Suspended],
        VmOperations::HardReboot => &[Paused, Running],
        VmOperations::HardShutdown | VmOperations::Checkpoint | VmOperations::GetBootRecord => {
            &[Paused, Suspended, Running]
        }
        VmOperations::Shutdown => &[Running, Paused, Suspended],
        VmOperations::PowerStateReset
        | VmOperations::Revert
        | VmOperations::Reverting
        | VmOperations::Snapshot
        | VmOperations::MetadataExport
        | VmOperations::QueryServices
        | VmOperations::AssertOperationValid
        | VmOperations::UpdateAllowedOperations => &[Halted, Paused, Suspended, Running],
        VmOperations::Import => &[],
        _ => &[Running],
    }
}

/// Why an operation may not be begun; the first reason that XAPI finds.
fn refusal(
    rows: &impl Read,
    this: &Ref<Vm>,
    row: &Vm,
    operation: VmOperations,
) -> Result<Option<ApiError>> {
    if let Some(code) = row.blocked_operations.get(&operation) {
        return Ok(Some(errors::operation_blocked(this, code)));
    }
    let expected = states(operation);
    if !expected.contains(&row.power_state) {
        return Ok(Some(bad_power_state(this, expected, row.power_state)));
    }
    if let Some(why) = in_progress(this, row, operation) {
        return Ok(Some(why));
    }
    if row.is_a_snapshot {
        return Ok(no_snapshot(this, operation));
    }
    if row.is_a_template {
        return Ok(no_template(this, row, operation));
    }
    let of_control_domain = matches!(
        operation,
        VmOperations::DataSourceOp
            | VmOperations::ChangingMemoryLive
            | VmOperations::AwaitingMemoryLive
            | VmOperations::MetadataExport
            | VmOperations::ChangingDynamicRange
            | VmOperations::ChangingVCPUs
    );
    if row.is_control_domain && !of_control_domain {
        return Ok(Some(errors::operation_not_allowed(
            "Operations on domain 0 are not allowed",
        )));
    }
    if operation == VmOperations::MakeIntoTemplate
        && let Some(why) = is_of_others(rows, this, row)?
    {
        return Ok(Some(why));
    }
    if row.power_state == VmPowerState::Running
        && operation == VmOperations::ChangingVCPUsLive
        && !has_drivers(rows, row)?
    {
        return Ok(Some(errors::vm_lacks_feature(this)));
    }
    Ok(None)
}

/// VM_BAD_POWER_STATE [VM, expected, actual], in small letters as XAPI writes them.
pub fn bad_power_state(
    this: &Ref<Vm>,
    expected: &[VmPowerState],
    actual: VmPowerState,
) -> ApiError {
    let small = |state: &VmPowerState| state.as_str().to_ascii_lowercase();
    let expected: Vec<_> = expected.iter().map(small).collect();
    errors::vm_bad_power_state(this, expected.join(", "), small(&actual))
}

/// OTHER_OPERATION_IN_PROGRESS, unless what goes on may be cut short by this.
fn in_progress(this: &Ref<Vm>, row: &Vm, operation: VmOperations) -> Option<ApiError> {
    use VmOperations::{
        CleanReboot, CleanShutdown, HardReboot, HardShutdown, MetadataExport, Shutdown,
    };
    let running = &row.current_operations;
    let cuts_short = matches!(operation, HardShutdown | HardReboot)
        && running
            .values()
            .all(|op| matches!(op, CleanShutdown | CleanReboot | Shutdown));
    let beside = operation == MetadataExport;
    if running.is_empty() || cuts_short || beside {
        return None;
    }
    let list = |items: Vec<&str>| match items.as_slice() {
        [one] => (*one).to_owned(),
        many => format!("{{{}}}", many.join(",")),
    };
    Some(errors::other_operation_in_progress(
        Vm::NAME,
        this,
        list(running.values().map(|op| op.as_str()).collect()),
        list(running.keys().map(String::as_str).collect()),
    ))
}

/// What a machine belongs to that has to do with machines alone, and so keeps it from becoming a template.
fn is_of_others(rows: &impl Read, this: &Ref<Vm>, row: &Vm) -> Result<Option<ApiError>> {
    if rows.exists(&row.appliance)? {
        let why = errors::vm_is_part_of_an_appliance(this, &row.appliance);
        return Ok(Some(why));
    }
    if rows.exists(&row.protection_policy)? {
        let why = errors::vm_assigned_to_protection_policy(this, &row.protection_policy);
        return Ok(Some(why));
    }
    if rows.exists(&row.snapshot_schedule)? {
        let why = errors::vm_assigned_to_snapshot_schedule(this, &row.snapshot_schedule);
        return Ok(Some(why));
    }
    Ok(None)
}

/// What a template can't do. The parameters are those that XAPI sends, one more than are published.
fn no_template(this: &Ref<Vm>, row: &Vm, operation: VmOperations) -> Option<ApiError> {
    let fine = matches!(
        operation,
        VmOperations::ChangingDynamicRange
            | VmOperations::ChangingStaticRange
            | VmOperations::ChangingMemoryLimits
            | VmOperations::ChangingShadowMemory
            | VmOperations::ChangingVCPUs
            | VmOperations::ChangingNvram
            | VmOperations::Clone
            | VmOperations::Copy
            | VmOperations::Export
            | VmOperations::MetadataExport
            | VmOperations::Provision
            | VmOperations::CreateVtpm
    );
    if operation == VmOperations::Destroy {
        let default = row.is_default_template;
        return default.then(|| errors::vm_cannot_delete_default_template(this));
    }
    let params = || vec![this.to_string(), operation.to_string()];
    (!fine).then(|| ApiError::new("VM_IS_TEMPLATE", params()))
}

fn no_snapshot(this: &Ref<Vm>, operation: VmOperations) -> Option<ApiError> {
    let fine = matches!(
        operation,
        VmOperations::Revert
            | VmOperations::Clone
            | VmOperations::Copy
            | VmOperations::Export
            | VmOperations::MetadataExport
            | VmOperations::Destroy
            | VmOperations::HardShutdown
            | VmOperations::CreateVtpm
    );
    // Not among the published errors; XAPI answers it all the same.
    let params = || vec![this.to_string(), operation.to_string()];
    (!fine).then(|| ApiError::new("VM_IS_SNAPSHOT", params()))
}

/// Whether a machine runs with emulated hardware; one that does not run, whether it would.
pub fn runs_hvm(rows: &impl Read, row: &Vm) -> Result<bool> {
    let domain_type = if rows.exists(&row.metrics)? {
        rows.field(&row.metrics, VmMetrics::CURRENT_DOMAIN_TYPE)?
    } else {
        DomainType::Unspecified
    };
    Ok(match domain_type {
        DomainType::Unspecified => domain_type_of(row) == DomainType::Hvm,
        other => other == DomainType::Hvm,
    })
}

/// What a machine starts with.
pub fn domain_type_of(row: &Vm) -> DomainType {
    match row.domain_type {
        DomainType::Unspecified if row.hvm_boot_policy.is_empty() => DomainType::Pv,
        DomainType::Unspecified => DomainType::Hvm,
        other => other,
    }
}

/// Whether the guest has drivers that help with operations: a paravirtual one always does.
pub fn has_drivers(rows: &impl Read, row: &Vm) -> Result<bool> {
    if !runs_hvm(rows, row)? {
        return Ok(true);
    }
    if !rows.exists(&row.guest_metrics)? {
        return Ok(false);
    }
    let guest: VmGuestMetrics = rows.get(&row.guest_metrics)?;
    Ok(guest.pv_drivers_detected || !guest.pv_drivers_version.is_empty())
}

/// Whether a running guest says that it could not follow. The call is made all the same if somebody insists, as with XAPI.
fn lacks_feature(rows: &impl Read, row: &Vm, operation: VmOperations) -> Result<bool> {
    let features: &[&str] = match operation {
        VmOperations::CleanShutdown => &["feature-shutdown", "feature-poweroff"],
        VmOperations::CleanReboot => &["feature-shutdown", "feature-reboot"],
        VmOperations::Suspend => &["feature-suspend"],
        _ => return Ok(false),
    };
    if row.power_state != VmPowerState::Running || has_drivers(rows, row)? {
        return Ok(false);
    }
    if !rows.exists(&row.guest_metrics)? {
        return Ok(true);
    }
    let other = rows.field(&row.guest_metrics, VmGuestMetrics::OTHER)?;
    Ok(!features
        .iter()
        .any(|feature| other.get(*feature).is_some_and(|value| value == "1")))
}
