//! Calls of `VM`: memory and CPUs.

use super::*;

/// The most memory that the machine could have with so much in all, in bytes.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.maximise_memory", out = i64, role = ReadOnly)]
pub struct MaximiseMemory {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory to spend, in bytes, overhead included.
    pub total: i64,
    /// True to leave a margin for unknown overhead.
    pub approximate: bool,
}

/// Sets how many virtual CPUs it starts with.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_VCPUs_at_startup", role = VmAdmin, sync)]
pub struct SetVCPUsAtStartup {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Their number, at most VCPUs_max.
    pub value: i64,
}

/// Sets how many virtual CPUs it can have. Changed while halted only.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_VCPUs_max", role = VmAdmin, sync)]
pub struct SetVCPUsMax {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Their number.
    pub value: i64,
}

/// Changes its shadow memory while it runs.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_shadow_multiplier_live", role = VmPowerAdmin)]
pub struct SetShadowMultiplierLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The factor.
    pub multiplier: f64,
}

/// Changes its shadow memory from the next start on.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_HVM_shadow_multiplier", role = VmPowerAdmin, sync)]
pub struct SetHvmShadowMultiplier {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// The factor.
    pub value: f64,
}

/// Was a way to see whether it gives back memory.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.get_cooperative", out = bool, role = ReadOnly, state = Deprecated)]
pub struct GetCooperative {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Was a way to wait for its memory to reach the target.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.wait_memory_target_live", role = ReadOnly, state = Deprecated)]
pub struct WaitMemoryTargetLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
}

/// Was a way to set the memory that it is meant to have now.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_target_live", role = VmPowerAdmin, state = Deprecated)]
pub struct SetMemoryTargetLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub target: i64,
}

/// Sets all limits of its memory to one value. Changed while halted only.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory", role = VmPowerAdmin)]
pub struct SetMemory {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub value: i64,
}

/// Sets all limits of its memory. Refused with MEMORY_CONSTRAINT_VIOLATION when they are out of order.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_limits", role = VmPowerAdmin)]
pub struct SetMemoryLimits {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Least that its system can live with, in bytes.
    pub static_min: i64,
    /// Most that it can ever have, in bytes.
    pub static_max: i64,
    /// Least that it is left with, in bytes.
    pub dynamic_min: i64,
    /// Most that it is given, in bytes.
    pub dynamic_max: i64,
}

/// Sets the outer limits of its memory. Changed while halted only.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_static_range", role = VmPowerAdmin)]
pub struct SetMemoryStaticRange {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Least that its system can live with, in bytes.
    pub min: i64,
    /// Most that it can ever have, in bytes.
    pub max: i64,
}

/// Sets the least memory that its system can live with.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_static_min", role = VmPowerAdmin, sync)]
pub struct SetMemoryStaticMin {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub value: i64,
}

/// Sets the most memory that it can ever have. Changed while halted only.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_static_max", role = VmPowerAdmin, sync)]
pub struct SetMemoryStaticMax {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub value: i64,
}

/// Sets between what limits its memory may be changed while it runs.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_dynamic_range", role = VmPowerAdmin)]
pub struct SetMemoryDynamicRange {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Least that it is left with, in bytes.
    pub min: i64,
    /// Most that it is given, in bytes.
    pub max: i64,
}

/// Sets the least memory that it is left with.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_dynamic_min", role = VmPowerAdmin, sync)]
pub struct SetMemoryDynamicMin {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub value: i64,
}

/// Sets the most memory that it is given.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_memory_dynamic_max", role = VmPowerAdmin, sync)]
pub struct SetMemoryDynamicMax {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Memory in bytes.
    pub value: i64,
}

/// Memory that running it costs beyond its own, in bytes.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.compute_memory_overhead", out = i64, role = ReadOnly)]
pub struct ComputeMemoryOverhead {
    /// The virtual machine.
    pub vm: Ref<Vm>,
}

/// Changes how it is scheduled while it runs.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.add_to_VCPUs_params_live", role = VmAdmin)]
pub struct AddToVCPUsParamsLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// `weight` or `cap`.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Changes how many virtual CPUs it has while it runs. Refused with OPERATION_NOT_ALLOWED beyond VCPUs_max.
#[derive(Clone, Debug, Call)]
#[call(name = "VM.set_VCPUs_number_live", role = VmAdmin)]
pub struct SetVCPUsNumberLive {
    /// The virtual machine.
    #[param(name = "self")]
    pub this: Ref<Vm>,
    /// Their number.
    pub nvcpu: i64,
}
