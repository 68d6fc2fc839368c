//! Calls of `pool`: the hosts of a pool, its master and the networks that all have.

use super::*;

/// The secret by which hosts of the pool know each other, for a host that is about to join.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.initial_auth", out = String, role = PoolOperator, sync, hidden)]
pub struct InitialAuth {}

/// Whether this host obeys another one. It answers for itself, also while it cannot reach its master.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.is_slave", out = bool, role = PoolOperator, sync, hidden)]
pub struct IsSlave {
    /// The host that wants to know.
    pub host: Ref<Host>,
}

/// What this master makes of a host that says it is one of its slaves: `ok`, `unknown_host`, or `cannot_talk_back`
/// while there is no line between the two. Slaves open a line instead, and say there who they are.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.hello", out = String, role = LocalRoot, sync, hidden)]
pub struct Hello {
    /// UUID of the host.
    #[param(name = "host_uuid")]
    pub uuid: String,
    /// Where it is found. Nothing is made of it: a host tells that over its line, where it has proven who it is.
    #[param(name = "host_address")]
    pub address: String,
}

/// Replaces the secret by which hosts of the pool know each other. Refused while a host is missing, and with
/// HA_IS_ENABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.rotate_secret", role = PoolAdmin)]
pub struct RotateSecret {}

/// Says whether multicast is forwarded only to the ports that asked for it. Refused with
/// OPENVSWITCH_NOT_ACTIVE, and with COULD_NOT_UPDATE_IGMP_SNOOPING_EVERYWHERE when a host could not follow.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_igmp_snooping_enabled", role = PoolOperator)]
pub struct SetIgmpSnoopingEnabled {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True for only those ports.
    pub value: bool,
}

/// Names the controller of the virtual switches; SDN_controller.introduce replaces it. Refused with
/// OPERATION_NOT_ALLOWED without Open vSwitch, and with INVALID_IP_ADDRESS_SPECIFIED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_vswitch_controller", role = PoolOperator, state = Deprecated)]
pub struct SetVswitchController {
    /// Address of the controller; empty for none.
    pub address: String,
}

/// Stops writing changes of the database to a shared disk.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_redo_log", role = PoolOperator)]
pub struct DisableRedoLog {}

/// Writes every change of the database also to a shared disk. Refused with CANNOT_ENABLE_REDO_LOG.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_redo_log", role = PoolOperator)]
pub struct EnableRedoLog {
    /// The repository that is to hold the disk.
    pub sr: Ref<Sr>,
}

/// Says how many hosts may fail. Refused with HA_NO_PLAN when so many could not be made good.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ha_host_failures_to_tolerate", role = PoolOperator)]
pub struct SetHaHostFailuresToTolerate {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Number of hosts.
    pub value: i64,
}

/// Where machines would be started if hosts failed.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_compute_vm_failover_plan", out = BTreeMap<Ref<Vm>, BTreeMap<String, String>>, role = PoolOperator, sync)]
pub struct HaComputeVmFailoverPlan {
    /// The hosts that are taken to fail.
    pub failed_hosts: Vec<Ref<Host>>,
    /// The machines that are to be started elsewhere.
    pub failed_vms: Vec<Ref<Vm>>,
}

/// How many hosts could fail if machines were protected as given.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_compute_hypothetical_max_host_failures_to_tolerate", out = i64, role = ReadOnly, sync)]
pub struct HaComputeHypotheticalMaxHostFailuresToTolerate {
    /// The priority of each machine.
    pub configuration: BTreeMap<Ref<Vm>, String>,
}

/// How many hosts could fail with machines protected as they are.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_compute_max_host_failures_to_tolerate", out = i64, role = PoolOperator, sync)]
pub struct HaComputeMaxHostFailuresToTolerate {}

/// Whether so many failures could be made good.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_failover_plan_exists", out = bool, role = PoolOperator, sync)]
pub struct HaFailoverPlanExists {
    /// Number of hosts.
    pub n: i64,
}

/// Holds back restarts of machines for a while.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.ha_prevent_restarts_for", role = PoolOperator, sync)]
pub struct HaPreventRestartsFor {
    /// For how long, in seconds.
    pub seconds: i64,
}

/// Makes another host the master. All hosts restart their servers. Refused with HA_IS_ENABLED, and with
/// HA_ABORT_NEW_MASTER when a host will not follow.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.designate_new_master", role = PoolOperator)]
pub struct DesignateNewMaster {
    /// The host to be master.
    pub host: Ref<Host>,
}

/// Has all hosts take a copy of the database at once.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.sync_database", role = PoolOperator)]
pub struct SyncDatabase {}

/// Turns high availability off.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_ha", role = PoolOperator, client_cert)]
pub struct DisableHa {}

/// Turns high availability on. Refused with HA_IS_ENABLED, REQUIRED_PIF_IS_UNPLUGGED for protected interfaces
/// that are down, CANNOT_CREATE_STATE_FILE, HA_TOO_FEW_HOSTS and others of their kind.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_ha", role = PoolOperator, client_cert)]
pub struct EnableHa {
    /// Repositories for the state file; empty to choose by itself.
    pub heartbeat_srs: Vec<Ref<Sr>>,
    /// Further settings.
    pub configuration: BTreeMap<String, String>,
}

/// Makes the same VLAN on every host that is alive: each host's PIF on the network of the given one carries
/// it. Returns the new PIFs. If one host refuses, none keeps it, and its error is returned; the errors are
/// those of VLAN.create.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.create_VLAN_from_PIF", out = Vec<Ref<Pif>>, role = PoolOperator)]
pub struct CreateVlanFromPif {
    /// A PIF on the network whose PIFs are to carry the VLAN.
    pub pif: Ref<Pif>,
    /// The network of the VLAN's traffic.
    pub network: Ref<Network>,
    /// The tag, 0 to 4094.
    #[param(name = "VLAN")]
    pub vlan: i64,
}

/// Moves management of all hosts to their PIFs on another network, the master last. Refused with
/// HA_IS_ENABLED, PIF_NOT_PRESENT for a host without such a PIF, PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE, and
/// the reasons of host.management_reconfigure.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.management_reconfigure", role = PoolOperator)]
pub struct ManagementReconfigure {
    /// The network to be managed over.
    pub network: Ref<Network>,
}

/// Makes the same VLAN on every host, by the name of the interface; pool.create_VLAN_from_PIF replaces it and
/// copes with bonds.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.create_VLAN", out = Vec<Ref<Pif>>, role = PoolOperator)]
pub struct CreateVlan {
    /// Name of the interface on each host.
    pub device: String,
    /// The network of the VLAN's traffic.
    pub network: Ref<Network>,
    /// The tag, 0 to 4094.
    #[param(name = "VLAN")]
    pub vlan: i64,
}

/// Tells hosts that lost their master that this host is it. Returns those that answered.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.recover_slaves", out = Vec<Ref<Host>>, role = PoolOperator)]
pub struct RecoverSlaves {}

/// Tells this host where its master is now. It restarts its server. Refused with HA_IS_ENABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.emergency_reset_master", role = PoolOperator, sync)]
pub struct EmergencyResetMaster {
    /// Name or address of the master.
    pub master_address: String,
}

/// Makes this host the master, for when the old one is gone for good. It restarts its server. Refused with
/// HA_IS_ENABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.emergency_transition_to_master", role = PoolOperator, sync)]
pub struct EmergencyTransitionToMaster {}

/// Removes a host from the pool. Its local storage is erased, it gets back its own pool with factory
/// settings, and it reboots; its management interface is kept. The master cannot be removed. Refused with
/// HA_IS_ENABLED, NOT_SUPPORTED_DURING_UPGRADE, and OPERATION_NOT_ALLOWED while it runs machines.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.eject", role = PoolOperator)]
pub struct Eject {
    /// The host to remove.
    pub host: Ref<Host>,
}

/// Joins this host to another pool as pool.join does, without comparing the hardware.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.join_force", role = PoolOperator)]
pub struct JoinForce {
    /// Address of the other pool's master.
    pub master_address: String,
    /// User there.
    pub master_username: String,
    /// Password there.
    pub master_password: String,
}

/// Joins this host to another pool; its own pool ends. The pool's networks, bonds and VLANs are made here
/// too. Refused with JOINING_HOST_CONNECTION_FAILED, JOINING_HOST_SERVICE_FAILED, HOSTS_NOT_HOMOGENEOUS,
/// POOL_JOINING_HOST_HAS_BONDS and many others that begin like these.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.join", role = PoolOperator)]
pub struct Join {
    /// Address of the other pool's master.
    pub master_address: String,
    /// User there.
    pub master_username: String,
    /// Password there.
    pub master_password: String,
}
