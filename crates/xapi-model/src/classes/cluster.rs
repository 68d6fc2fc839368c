//! Class `Cluster`.

use std::collections::BTreeMap;

use super::*;

/// Hosts of the pool that coordinate their use of storage.
#[derive(Clone, Debug, Class)]
#[class(name = "Cluster", role = PoolOperator, calls(PoolResync, PoolDestroy, PoolForceDestroy, PoolCreate, GetNetwork, Destroy, Create))]
pub struct Cluster {
    /// Unique identifier of the Cluster. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Its members.
    #[field(DynamicRO, view = ClusterHost::CLUSTER)]
    pub cluster_hosts: Many<ClusterHost>,
    /// Members that are to be left out as soon as can be.
    #[field(DynamicRO, default = Vec::new())]
    pub pending_forget: Vec<String>,
    /// The secret by which members know each other.
    #[field(StaticRO, default = String::new())]
    pub cluster_token: String,
    /// The software that holds it together.
    #[field(StaticRO, default = "corosync".to_owned())]
    pub cluster_stack: String,
    /// Version of that software.
    #[field(StaticRO, default = 2, state = Prototyped)]
    pub cluster_stack_version: i64,
    /// True while enough members see each other.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub is_quorate: bool,
    /// How many members have to see each other.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub quorum: i64,
    /// How many do.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub live_hosts: i64,
    /// How many there are.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub expected_hosts: i64,
    /// What may be asked of the Cluster in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<ClusterOperation>,
    /// What is being done to the Cluster right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, ClusterOperation>,
    /// True if hosts enter it when they join the pool.
    #[field(StaticRO, default = true)]
    pub pool_auto_join: bool,
    /// Seconds after which a silent member counts as gone.
    #[field(StaticRO, default = 20.0)]
    pub token_timeout: f64,
    /// Seconds that are added to this for each further member.
    #[field(StaticRO, default = 1.0)]
    pub token_timeout_coefficient: f64,
    /// Settings of the software.
    #[field(StaticRO, default = BTreeMap::new())]
    pub cluster_config: BTreeMap<String, String>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// What can be done to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "cluster_operation")]
pub enum ClusterOperation {
    /// Add a host.
    #[wire(name = "add")]
    Add,
    /// Remove a host.
    #[wire(name = "remove")]
    Remove,
    /// Start it on a host.
    #[wire(name = "enable")]
    Enable,
    /// Stop it on a host.
    #[wire(name = "disable")]
    Disable,
    /// End it.
    #[wire(name = "destroy")]
    Destroy,
}

/// Makes members of all hosts that should be.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.pool_resync", role = PoolOperator)]
pub struct PoolResync {
    /// The Cluster.
    #[param(name = "self")]
    pub this: Ref<Cluster>,
}

/// Ends the cluster on all hosts.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.pool_destroy", role = PoolOperator)]
pub struct PoolDestroy {
    /// The Cluster.
    #[param(name = "self")]
    pub this: Ref<Cluster>,
}

/// Ends the cluster on all hosts, also on those that do not answer. Refused with
/// CLUSTER_FORCE_DESTROY_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.pool_force_destroy", role = PoolOperator)]
pub struct PoolForceDestroy {
    /// The Cluster.
    #[param(name = "self")]
    pub this: Ref<Cluster>,
}

/// Builds a cluster of all hosts. Refused with CLUSTER_ALREADY_EXISTS, INVALID_CLUSTER_STACK,
/// PIF_NOT_PRESENT, PIF_ALLOWS_UNPLUG, REQUIRED_PIF_IS_UNPLUGGED and PIF_HAS_NO_NETWORK_CONFIGURATION.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.pool_create", out = Ref<Cluster>, role = PoolOperator)]
pub struct PoolCreate {
    /// The network that members talk over.
    pub network: Ref<Network>,
    /// The software.
    pub cluster_stack: String,
    /// Seconds after which a silent member counts as gone.
    #[param(default = 20.0)]
    pub token_timeout: f64,
    /// Seconds to add for each further member.
    #[param(default = 1.0)]
    pub token_timeout_coefficient: f64,
}

/// The network that members talk over.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.get_network", out = Ref<Network>, role = ReadOnly)]
pub struct GetNetwork {
    /// The Cluster.
    #[param(name = "self")]
    pub this: Ref<Cluster>,
}

/// Ends a cluster of one host. Refused with CLUSTER_DOES_NOT_HAVE_ONE_NODE.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The Cluster.
    #[param(name = "self")]
    pub this: Ref<Cluster>,
}

/// Builds a cluster of one host. Refused with CLUSTER_ALREADY_EXISTS, INVALID_CLUSTER_STACK,
/// PIF_ALLOWS_UNPLUG, REQUIRED_PIF_IS_UNPLUGGED and PIF_HAS_NO_NETWORK_CONFIGURATION.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.create", out = Ref<Cluster>, role = PoolOperator)]
pub struct Create {
    /// The PIF that the host talks over.
    #[param(name = "PIF")]
    pub pif: Ref<Pif>,
    /// The software.
    pub cluster_stack: String,
    /// True to have hosts enter it when they join the pool.
    pub pool_auto_join: bool,
    /// Seconds after which a silent member counts as gone.
    #[param(default = 20.0)]
    pub token_timeout: f64,
    /// Seconds to add for each further member.
    #[param(default = 1.0)]
    pub token_timeout_coefficient: f64,
}
