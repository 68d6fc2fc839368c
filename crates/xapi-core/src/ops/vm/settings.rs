//! Settings of machines that are written after a check: free keys, hardware, memory, CPUs, what is forbidden.

use std::collections::BTreeMap;

use xapi_db::{Draft, Read};
use xapi_model::vm::{
    AddToBlockedOperations, AddToOtherConfig, AddToPlatform, RemoveFromBlockedOperations,
    RemoveFromOtherConfig, RemoveFromPlatform, SetActionsAfterCrash, SetBlockedOperations,
    SetDomainType, SetHvmBootPolicy, SetMemory, SetMemoryDynamicMax, SetMemoryDynamicMin,
    SetMemoryDynamicRange, SetMemoryLimits, SetMemoryStaticMax, SetMemoryStaticMin,
    SetMemoryStaticRange, SetOrder, SetOtherConfig, SetPlatform, SetShutdownDelay, SetStartDelay,
    SetVCPUsAtStartup, SetVCPUsMax,
};
use xapi_model::{Class, DomainType, Field, Ref, Vm, VmOperations, VmPowerState, errors};

use super::operations;
use crate::context::Cx;
use crate::{Result, roles};

type Map = BTreeMap<String, String>;

fn change(cx: &Cx<'_>, this: &Ref<Vm>, edit: impl Fn(&Draft, Vm) -> Result<()>) -> Result<()> {
    cx.core.store.change(|draft| {
        edit(draft, draft.get(this)?)?;
        operations::refresh(draft, this)
    })
}

/// Replaces a map; keys with a role of their own may stay, and to change them takes that role.
fn set_map(
    cx: &Cx<'_>,
    message: &str,
    this: &Ref<Vm>,
    field: Field<Vm, Map>,
    value: &Map,
) -> Result<()> {
    change(cx, this, |draft, _| {
        let before = draft.field(this, field)?;
        let keys = Vm::DESC.fields[field.index()].keys;
        for key in before.keys().chain(value.keys()) {
            if before.get(key) != value.get(key)
                && let Some((pattern, role)) = roles::guarded(keys, key)
            {
                let permission = roles::key_permission(message, pattern);
                roles::permit(cx.session.as_ref(), &permission, role, false)?;
            }
        }
        draft.set(this, field, value.clone())
    })
}

fn add_to_map(
    cx: &Cx<'_>,
    this: &Ref<Vm>,
    field: Field<Vm, Map>,
    key: &str,
    value: &str,
) -> Result<()> {
    let desc = &Vm::DESC.fields[field.index()];
    change(cx, this, |draft, _| {
        draft.add_to_map(Vm::DESC, this.as_str(), desc, key, value.into())
    })
}

fn remove_from_map(cx: &Cx<'_>, this: &Ref<Vm>, field: Field<Vm, Map>, key: &str) -> Result<()> {
    let desc = &Vm::DESC.fields[field.index()];
    change(cx, this, |draft, _| {
        draft.remove_from_map(Vm::DESC, this.as_str(), desc, key)
    })
}

/// `VM.set_other_config`.
pub fn set_other_config(cx: &Cx<'_>, call: SetOtherConfig) -> Result<()> {
    let message = "VM.set_other_config";
    set_map(cx, message, &call.this, Vm::OTHER_CONFIG, &call.value)
}

/// `VM.add_to_other_config`.
pub fn add_to_other_config(cx: &Cx<'_>, call: AddToOtherConfig) -> Result<()> {
    add_to_map(cx, &call.this, Vm::OTHER_CONFIG, &call.key, &call.value)
}

/// `VM.remove_from_other_config`.
pub fn remove_from_other_config(cx: &Cx<'_>, call: RemoveFromOtherConfig) -> Result<()> {
    remove_from_map(cx, &call.this, Vm::OTHER_CONFIG, &call.key)
}

/// `VM.set_platform`.
pub fn set_platform(cx: &Cx<'_>, call: SetPlatform) -> Result<()> {
    set_map(cx, "VM.set_platform", &call.this, Vm::PLATFORM, &call.value)
}

/// `VM.add_to_platform`.
pub fn add_to_platform(cx: &Cx<'_>, call: AddToPlatform) -> Result<()> {
    add_to_map(cx, &call.this, Vm::PLATFORM, &call.key, &call.value)
}

/// `VM.remove_from_platform`.
pub fn remove_from_platform(cx: &Cx<'_>, call: RemoveFromPlatform) -> Result<()> {
    remove_from_map(cx, &call.this, Vm::PLATFORM, &call.key)
}

/// `VM.set_blocked_operations`.
pub fn set_blocked_operations(cx: &Cx<'_>, call: SetBlockedOperations) -> Result<()> {
    change(cx, &call.this, |draft, _| {
        draft.set(&call.this, Vm::BLOCKED_OPERATIONS, call.value.clone())
    })
}

/// `VM.add_to_blocked_operations`.
pub fn add_to_blocked_operations(cx: &Cx<'_>, call: AddToBlockedOperations) -> Result<()> {
    change(cx, &call.this, |draft, row| {
        let mut blocked = row.blocked_operations;
        if blocked.insert(call.key, call.value.clone()).is_some() {
            let field = Vm::BLOCKED_OPERATIONS.name();
            return Err(errors::map_duplicate_key(
                Vm::NAME,
                field,
                &call.this,
                call.key,
            ));
        }
        draft.set(&call.this, Vm::BLOCKED_OPERATIONS, blocked)
    })
}

/// `VM.remove_from_blocked_operations`.
pub fn remove_from_blocked_operations(
    cx: &Cx<'_>,
    call: RemoveFromBlockedOperations,
) -> Result<()> {
    change(cx, &call.this, |draft, row| {
        let mut blocked = row.blocked_operations;
        blocked.remove(&call.key);
        draft.set(&call.this, Vm::BLOCKED_OPERATIONS, blocked)
    })
}

/// `VM.set_actions_after_crash`.
pub fn set_actions_after_crash(cx: &Cx<'_>, call: SetActionsAfterCrash) -> Result<()> {
    change(cx, &call.this, |draft, _| {
        draft.set(&call.this, Vm::ACTIONS_AFTER_CRASH, call.value)
    })
}

fn set_seconds(cx: &Cx<'_>, this: &Ref<Vm>, field: Field<Vm, i64>, value: i64) -> Result<()> {
    change(cx, this, |draft, _| {
        if value < 0 {
            let name = Vm::DESC.fields[field.index()].name;
            return Err(errors::invalid_value(name, value));
        }
        draft.set(this, field, value)
    })
}

/// `VM.set_order`.
pub fn set_order(cx: &Cx<'_>, call: SetOrder) -> Result<()> {
    set_seconds(cx, &call.this, Vm::ORDER, call.value)
}

/// `VM.set_start_delay`.
pub fn set_start_delay(cx: &Cx<'_>, call: SetStartDelay) -> Result<()> {
    set_seconds(cx, &call.this, Vm::START_DELAY, call.value)
}

/// `VM.set_shutdown_delay`.
pub fn set_shutdown_delay(cx: &Cx<'_>, call: SetShutdownDelay) -> Result<()> {
    set_seconds(cx, &call.this, Vm::SHUTDOWN_DELAY, call.value)
}

/// Hardware changes while nobody looks.
fn halted(this: &Ref<Vm>, row: &Vm) -> Result<()> {
    match row.power_state {
        VmPowerState::Halted => Ok(()),
        other => Err(operations::bad_power_state(
            this,
            &[VmPowerState::Halted],
            other,
        )),
    }
}

/// `VM.set_HVM_boot_policy`.
pub fn set_hvm_boot_policy(cx: &Cx<'_>, call: SetHvmBootPolicy) -> Result<()> {
    change(cx, &call.this, |draft, row| {
        halted(&call.this, &row)?;
        let domain_type = match call.value.as_str() {
            "" => DomainType::Pv,
            _ => DomainType::Hvm,
        };
        draft.set(&call.this, Vm::DOMAIN_TYPE, domain_type)?;
        draft.set(&call.this, Vm::HVM_BOOT_POLICY, call.value.clone())
    })
}

/// `VM.set_domain_type`: the older field follows.
pub fn set_domain_type(cx: &Cx<'_>, call: SetDomainType) -> Result<()> {
    change(cx, &call.this, |draft, row| {
        halted(&call.this, &row)?;
        if call.value == DomainType::Unspecified {
            return Err(errors::invalid_value("domain_type", call.value));
        }
        let policy = match call.value {
            DomainType::Hvm if row.hvm_boot_policy.is_empty() => "BIOS order".to_owned(),
            DomainType::Hvm => row.hvm_boot_policy,
            _ => String::new(),
        };
        draft.set(&call.this, Vm::DOMAIN_TYPE, call.value)?;
        draft.set(&call.this, Vm::HVM_BOOT_POLICY, policy)
    })
}

/// `VM.set_VCPUs_max`.
pub fn set_vcpus_max(cx: &Cx<'_>, call: SetVCPUsMax) -> Result<()> {
    change(cx, &call.this, |draft, row| {
        operations::assert(draft, &call.this, VmOperations::ChangingVCPUs)?;
        if call.value < 1 {
            return Err(errors::invalid_value("VCPUs_max", call.value));
        }
        if call.value < row.vcpus_at_startup {
            let why = "value smaller than VCPUs_at_startup";
            return Err(errors::value_not_supported("VCPUs_max", call.value, why));
        }
        draft.set(&call.this, Vm::VCPUS_MAX, call.value)
    })
}

/// `VM.set_VCPUs_at_startup`.
pub fn set_vcpus_at_startup(cx: &Cx<'_>, call: SetVCPUsAtStartup) -> Result<()> {
    change(cx, &call.this, |draft, row| {
        operations::assert(draft, &call.this, VmOperations::ChangingVCPUs)?;
        at_startup_fits(call.value, row.vcpus_max)?;
        draft.set(&call.this, Vm::VCPUS_AT_STARTUP, call.value)
    })
}

/// The limits of a machine's memory, in bytes.
#[derive(Clone, Copy)]
struct Memory {
    static_min: i64,
    dynamic_min: i64,
    dynamic_max: i64,
    static_max: i64,
}

impl Memory {
    fn of(row: &Vm) -> Memory {
        Memory {
            static_min: row.memory_static_min,
            dynamic_min: row.memory_dynamic_min,
            dynamic_max: row.memory_dynamic_max,
            static_max: row.memory_static_max,
        }
    }

    fn check(self) -> Result<()> {
        let Memory {
            static_min,
            dynamic_min,
            dynamic_max,
            static_max,
        } = self;
        let ordered = 0 <= static_min
            && static_min <= dynamic_min
            && dynamic_min <= dynamic_max
            && dynamic_max <= static_max;
        if ordered {
            Ok(())
        } else {
            Err(errors::memory_constraint_violation_order())
        }
    }
}

/// What is checked of a machine's CPUs and memory when it starts: a record may say anything.
pub fn check_sizes(row: &Vm) -> Result<()> {
    if row.vcpus_max < 1 {
        return Err(errors::invalid_value("VCPUs_max", row.vcpus_max));
    }
    at_startup_fits(row.vcpus_at_startup, row.vcpus_max)?;
    Memory::of(row).check()
}

fn at_startup_fits(value: i64, most: i64) -> Result<()> {
    let field = "VCPUs_at_startup";
    if value < 1 {
        return Err(errors::invalid_value(field, value));
    }
    if value > most {
        let why = "value greater than VCPUs_max";
        return Err(errors::value_not_supported(field, value, why));
    }
    Ok(())
}

/// Changes limits of the memory; the outer ones while halted only.
fn set_limits(
    cx: &Cx<'_>,
    this: &Ref<Vm>,
    operation: VmOperations,
    edit: impl Fn(Memory) -> Memory,
) -> Result<()> {
    change(cx, this, |draft, row| {
        operations::assert(draft, this, operation)?;
        let memory = edit(Memory::of(&row));
        memory.check()?;
        draft.set(this, Vm::MEMORY_STATIC_MIN, memory.static_min)?;
        draft.set(this, Vm::MEMORY_DYNAMIC_MIN, memory.dynamic_min)?;
        draft.set(this, Vm::MEMORY_DYNAMIC_MAX, memory.dynamic_max)?;
        draft.set(this, Vm::MEMORY_STATIC_MAX, memory.static_max)
    })
}

/// `VM.set_memory`.
pub fn set_memory(cx: &Cx<'_>, call: SetMemory) -> Result<()> {
    let operation = VmOperations::ChangingMemoryLimits;
    set_limits(cx, &call.this, operation, |memory| Memory {
        static_min: memory.static_min.min(call.value),
        dynamic_min: call.value,
        dynamic_max: call.value,
        static_max: call.value,
    })
}

/// `VM.set_memory_limits`.
pub fn set_memory_limits(cx: &Cx<'_>, call: SetMemoryLimits) -> Result<()> {
    let operation = VmOperations::ChangingMemoryLimits;
    set_limits(cx, &call.this, operation, |_| Memory {
        static_min: call.static_min,
        dynamic_min: call.dynamic_min,
        dynamic_max: call.dynamic_max,
        static_max: call.static_max,
    })
}

/// `VM.set_memory_static_range`.
pub fn set_memory_static_range(cx: &Cx<'_>, call: SetMemoryStaticRange) -> Result<()> {
    let operation = VmOperations::ChangingStaticRange;
    set_limits(cx, &call.this, operation, |memory| Memory {
        static_min: call.min,
        static_max: call.max,
        ..memory
    })
}

/// `VM.set_memory_static_min`.
pub fn set_memory_static_min(cx: &Cx<'_>, call: SetMemoryStaticMin) -> Result<()> {
    let operation = VmOperations::ChangingStaticRange;
    set_limits(cx, &call.this, operation, |memory| Memory {
        static_min: call.value,
        ..memory
    })
}

/// `VM.set_memory_static_max`.
pub fn set_memory_static_max(cx: &Cx<'_>, call: SetMemoryStaticMax) -> Result<()> {
    let operation = VmOperations::ChangingStaticRange;
    set_limits(cx, &call.this, operation, |memory| Memory {
        static_max: call.value,
        ..memory
    })
}

/// `VM.set_memory_dynamic_range`.
pub fn set_memory_dynamic_range(cx: &Cx<'_>, call: SetMemoryDynamicRange) -> Result<()> {
    let operation = VmOperations::ChangingDynamicRange;
    set_limits(cx, &call.this, operation, |memory| Memory {
        dynamic_min: call.min,
        dynamic_max: call.max,
        ..memory
    })
}

/// `VM.set_memory_dynamic_min`.
pub fn set_memory_dynamic_min(cx: &Cx<'_>, call: SetMemoryDynamicMin) -> Result<()> {
    let operation = VmOperations::ChangingDynamicRange;
    set_limits(cx, &call.this, operation, |memory| Memory {
        dynamic_min: call.value,
        ..memory
    })
}

/// `VM.set_memory_dynamic_max`.
pub fn set_memory_dynamic_max(cx: &Cx<'_>, call: SetMemoryDynamicMax) -> Result<()> {
    let operation = VmOperations::ChangingDynamicRange;
    set_limits(cx, &call.this, operation, |memory| Memory {
        dynamic_max: call.value,
        ..memory
    })
}
