//! Class `Cluster_host`.

use std::collections::BTreeMap;

use super::*;

/// A host as member of a cluster.
#[derive(Clone, Debug, Class)]
#[class(name = "Cluster_host", role = PoolAdmin, calls(Disable, ForceDestroy, Enable, Destroy, Create))]
pub struct ClusterHost {
    /// Unique identifier of the Cluster_host. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The cluster.
    #[field(StaticRO, default = Ref::null())]
    pub cluster: Ref<Cluster>,
    /// The host.
    #[field(StaticRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// True while the cluster runs on it.
    #[field(DynamicRO, default = false)]
    pub enabled: bool,
    /// The PIF that it talks over.
    #[field(StaticRO, name = "PIF", default = Ref::null())]
    pub pif: Ref<Pif>,
    /// True once it has joined.
    #[field(DynamicRO, default = true)]
    pub joined: bool,
    /// True while the others see it.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub live: bool,
    /// When that was last looked at.
    #[field(DynamicRO, default = DateTime::epoch(), state = Prototyped)]
    pub last_update_live: DateTime,
    /// What may be asked of the Cluster_host in its present state. A hint for clients: the call itself
    /// decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<ClusterHostOperation>,
    /// What is being done to the Cluster_host right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, ClusterHostOperation>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(StaticRO, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// What can be done to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "cluster_host_operation")]
pub enum ClusterHostOperation {
    /// Start the cluster on it.
    #[wire(name = "enable")]
    Enable,
    /// Stop the cluster on it.
    #[wire(name = "disable")]
    Disable,
    /// Remove it.
    #[wire(name = "destroy")]
    Destroy,
}

/// Stops the cluster on the host.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster_host.disable", role = PoolOperator)]
pub struct Disable {
    /// The Cluster_host.
    #[param(name = "self")]
    pub this: Ref<ClusterHost>,
}

/// Removes the member though it does not answer.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster_host.force_destroy", role = PoolOperator)]
pub struct ForceDestroy {
    /// The Cluster_host.
    #[param(name = "self")]
    pub this: Ref<ClusterHost>,
}

/// Starts the cluster on the host. Refused with PIF_ALLOWS_UNPLUG, REQUIRED_PIF_IS_UNPLUGGED and
/// PIF_HAS_NO_NETWORK_CONFIGURATION.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster_host.enable", role = PoolOperator)]
pub struct Enable {
    /// The Cluster_host.
    #[param(name = "self")]
    pub this: Ref<ClusterHost>,
}

/// Removes the member. Refused with CLUSTER_HOST_IS_LAST.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster_host.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The Cluster_host.
    #[param(name = "self")]
    pub this: Ref<ClusterHost>,
}

/// Makes a host a member. Refused with PIF_NOT_ATTACHED_TO_HOST, NO_CLUSTER_HOSTS_REACHABLE and
/// NO_COMPATIBLE_CLUSTER_HOST.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster_host.create", out = Ref<ClusterHost>, role = PoolOperator)]
pub struct Create {
    /// The cluster.
    pub cluster: Ref<Cluster>,
    /// The host.
    pub host: Ref<Host>,
    /// The PIF that it talks over.
    pub pif: Ref<Pif>,
}
