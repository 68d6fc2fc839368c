//! Class `Cluster_host`.

use std::collections::BTreeMap;

use super::*;

/// Cluster host.
#[derive(Clone, Debug, Class)]
#[class(name = "Cluster_host", role = PoolAdmin, calls(Disable, ForceDestroy, Enable, Destroy, Create))]
pub struct ClusterHost {
    /// Unique identifier of the Cluster_host. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Cluster.
    #[field(StaticRO, default = Ref::null())]
    pub cluster: Ref<Cluster>,
    /// Host.
    #[field(StaticRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// Enabled.
    #[field(DynamicRO, default = false)]
    pub enabled: bool,
    /// PIF.
    #[field(StaticRO, name = "PIF", default = Ref::null())]
    pub pif: Ref<Pif>,
    /// Joined.
    #[field(DynamicRO, default = true)]
    pub joined: bool,
    /// Live.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub live: bool,
    /// Last update live.
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

/// Cluster host operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "cluster_host_operation")]
pub enum ClusterHostOperation {
    /// Enable.
    #[wire(name = "enable")]
    Enable,
    /// Disable.
    #[wire(name = "disable")]
    Disable,
    /// Destroy.
    #[wire(name = "destroy")]
    Destroy,
}

/// Disable of Cluster host.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster_host.disable", role = PoolOperator)]
pub struct Disable {
    /// The Cluster_host.
    #[param(name = "self")]
    pub this: Ref<ClusterHost>,
}

/// Force destroy of Cluster host.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster_host.force_destroy", role = PoolOperator)]
pub struct ForceDestroy {
    /// The Cluster_host.
    #[param(name = "self")]
    pub this: Ref<ClusterHost>,
}

/// Enable of Cluster host.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster_host.enable", role = PoolOperator)]
pub struct Enable {
    /// The Cluster_host.
    #[param(name = "self")]
    pub this: Ref<ClusterHost>,
}

/// Destroy of Cluster host.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster_host.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The Cluster_host.
    #[param(name = "self")]
    pub this: Ref<ClusterHost>,
}

/// Create of Cluster host.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster_host.create", out = Ref<ClusterHost>, role = PoolOperator)]
pub struct Create {
    /// Cluster.
    pub cluster: Ref<Cluster>,
    /// Host.
    pub host: Ref<Host>,
    /// Pif.
    pub pif: Ref<Pif>,
}
