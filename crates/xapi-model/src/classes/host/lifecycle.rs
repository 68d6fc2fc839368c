//! Calls of `host`: taking hosts in and out of service, and what runs on them.

use super::*;

/// Drops what must be done before updates are in force, on this host only, without the master.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_clear_mandatory_guidance", role = LocalRoot, state = Prototyped, sync)]
pub struct EmergencyClearMandatoryGuidance {}

/// Was a way to do what updates recommend.
#[derive(Clone, Debug, Call)]
#[call(name = "host.apply_recommended_guidances", role = PoolOperator, state = Removed)]
pub struct ApplyRecommendedGuidances {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Applies the updates that the pool knows. It returns what is left to be done on which machine or host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.apply_updates", out = Vec<Vec<String>>, role = PoolOperator, client_cert)]
pub struct ApplyUpdates {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Mark of the set of updates that the caller has looked at; another one is refused with
    /// UPDATEINFO_HASH_MISMATCH.
    pub hash: String,
}

/// Tells the pool that the host is switched off for sure, so that its machines can be started elsewhere. If
/// it still runs, their disks may be destroyed.
#[derive(Clone, Debug, Call)]
#[call(name = "host.declare_dead", role = PoolOperator)]
pub struct DeclareDead {
    /// The host.
    pub host: Ref<Host>,
}

/// Prepares the host to take a machine from another pool, and returns what the other side needs. Refused with
/// HOST_CANNOT_ATTACH_NETWORK, PIF_HAS_NO_NETWORK_CONFIGURATION and INTERFACE_HAS_NO_IP.
#[derive(Clone, Debug, Call)]
#[call(name = "host.migrate_receive", out = BTreeMap<String, String>, role = VmPowerAdmin)]
pub struct MigrateReceive {
    /// The host.
    pub host: Ref<Host>,
    /// The network that the machine is to travel over.
    pub network: Ref<Network>,
    /// Further settings.
    pub options: BTreeMap<String, String>,
}

/// Says how the host is switched on from afar.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_power_on_mode", role = PoolOperator)]
pub struct SetPowerOnMode {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Empty for not at all, `wake-on-lan`, `DRAC`, or the name of a script.
    pub power_on_mode: String,
    /// Parameters for that way.
    pub power_on_config: BTreeMap<String, String>,
}

/// Where workload balancing would put the machines of this host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.retrieve_wlb_evacuate_recommendations", out = BTreeMap<Ref<Vm>, Vec<String>>, role = ReadOnly)]
pub struct RetrieveWlbEvacuateRecommendations {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Memory in bytes that the hypervisor takes for itself.
#[derive(Clone, Debug, Call)]
#[call(name = "host.compute_memory_overhead", out = i64, role = ReadOnly)]
pub struct ComputeMemoryOverhead {
    /// The host.
    pub host: Ref<Host>,
}

/// Memory in bytes that machines could still get.
#[derive(Clone, Debug, Call)]
#[call(name = "host.compute_free_memory", out = i64, role = ReadOnly)]
pub struct ComputeFreeMemory {
    /// The host.
    pub host: Ref<Host>,
}

/// Moves all machines to other hosts; disable the host first, or new ones may come. Refused with
/// HOST_EVACUATE_IN_PROGRESS and CANNOT_EVACUATE_HOST; with a network given also with PIF_NOT_PRESENT,
/// REQUIRED_PIF_IS_UNPLUGGED and INTERFACE_HAS_NO_IP.
#[derive(Clone, Debug, Call)]
#[call(name = "host.evacuate", role = PoolOperator, client_cert)]
pub struct Evacuate {
    /// The host.
    pub host: Ref<Host>,
    /// The network that the machines are to travel over; null for the management network.
    #[param(default = Ref::null())]
    pub network: Ref<Network>,
    /// How many move at once; 0 for the server's choice.
    #[param(default = 0)]
    pub evacuate_batch_size: i64,
}

/// Was a way to find machines that did not give back memory.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_uncooperative_resident_VMs", out = Vec<Ref<Vm>>, role = ReadOnly, state = Deprecated)]
pub struct GetUncooperativeResidentVMs {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// The machines that cannot be moved away, and for each the error that says why.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_vms_which_prevent_evacuation", out = BTreeMap<Ref<Vm>, Vec<String>>, role = ReadOnly)]
pub struct GetVmsWhichPreventEvacuation {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Succeeds if all machines could be moved away. Refused with CANNOT_EVACUATE_HOST.
#[derive(Clone, Debug, Call)]
#[call(name = "host.assert_can_evacuate", role = PoolOperator)]
pub struct AssertCanEvacuate {
    /// The host.
    pub host: Ref<Host>,
}

/// Stops high availability on this host only, without the master. Machines that ran here may be started
/// elsewhere too: use it only to repair.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_ha_disable", role = PoolOperator, sync)]
pub struct EmergencyHaDisable {
    /// True to leave it off only until the next restart of the server.
    #[param(default = false)]
    pub soft: bool,
}

/// Switches the host on from afar. Refused with HOST_POWER_ON_MODE_DISABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "host.power_on", role = PoolOperator)]
pub struct PowerOn {
    /// The host.
    pub host: Ref<Host>,
}

/// Removes a host that is gone for good from the pool's database. Refused with HOST_IS_LIVE, HA_IS_ENABLED
/// and HOST_HAS_RESIDENT_VMS.
#[derive(Clone, Debug, Call)]
#[call(name = "host.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The host to remove.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Restarts the host. Refused with HOST_NOT_DISABLED and HOST_IN_USE; machines have to be moved or stopped
/// first.
#[derive(Clone, Debug, Call)]
#[call(name = "host.reboot", role = PoolOperator)]
pub struct Reboot {
    /// The host to restart.
    pub host: Ref<Host>,
}

/// Switches the host off. Refused with HOST_NOT_DISABLED and HOST_IN_USE; machines have to be moved or
/// stopped first.
#[derive(Clone, Debug, Call)]
#[call(name = "host.shutdown", role = PoolOperator)]
pub struct Shutdown {
    /// The host to switch off.
    pub host: Ref<Host>,
}

/// Lets the host take machines. Refused with HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED or its like for
/// storage when that would break a promise of high availability, and with HOST_DISABLED_UNTIL_REBOOT.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable", role = PoolOperator, client_cert)]
pub struct Enable {
    /// The host to enable.
    pub host: Ref<Host>,
}

/// Stops the host from taking machines. Those that it runs stay.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable", role = PoolOperator, client_cert)]
pub struct Disable {
    /// The host to disable.
    pub host: Ref<Host>,
    /// True to enable it again by itself when the server starts the next time.
    #[param(default = true)]
    pub auto_enable: bool,
}
