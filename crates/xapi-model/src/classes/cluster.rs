//! Class `Cluster`.

use std::collections::BTreeMap;

use super::*;

/// Cluster.
#[derive(Clone, Debug, Class)]
#[class(name = "Cluster", role = PoolOperator, calls(PoolResync, PoolDestroy, PoolForceDestroy, PoolCreate, GetNetwork, Destroy, Create))]
pub struct Cluster {
    /// Unique identifier of the Cluster. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Cluster hosts.
    #[field(DynamicRO, view = ClusterHost::CLUSTER)]
    pub cluster_hosts: Many<ClusterHost>,
    /// Pending forget.
    #[field(DynamicRO, default = Vec::new())]
    pub pending_forget: Vec<String>,
    /// Cluster token.
    #[field(StaticRO, default = String::new())]
    pub cluster_token: String,
    /// Cluster stack.
    #[field(StaticRO, default = "corosync".to_owned())]
    pub cluster_stack: String,
    /// Cluster stack version.
    #[field(StaticRO, default = 2, state = Prototyped)]
    pub cluster_stack_version: i64,
    /// Is quorate.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub is_quorate: bool,
    /// Quorum.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub quorum: i64,
    /// Live hosts.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub live_hosts: i64,
    /// Expected hosts.
    #[field(DynamicRO, default = 0, state = Prototyped)]
    pub expected_hosts: i64,
    /// What may be asked of the Cluster in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<ClusterOperation>,
    /// What is being done to the Cluster right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, ClusterOperation>,
    /// Pool auto join.
    #[field(StaticRO, default = true)]
    pub pool_auto_join: bool,
    /// Token timeout.
    #[field(StaticRO, default = 20.0)]
    pub token_timeout: f64,
    /// Token timeout coefficient.
    #[field(StaticRO, default = 1.0)]
    pub token_timeout_coefficient: f64,
    /// Cluster config.
    #[field(StaticRO, default = BTreeMap::new())]
    pub cluster_config: BTreeMap<String, String>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Cluster operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "cluster_operation")]
pub enum ClusterOperation {
    /// Add.
    #[wire(name = "add")]
    Add,
    /// Remove.
    #[wire(name = "remove")]
    Remove,
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

/// Pool resync of Cluster.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.pool_resync", role = PoolOperator)]
pub struct PoolResync {
    /// The Cluster.
    #[param(name = "self")]
    pub this: Ref<Cluster>,
}

/// Pool destroy of Cluster.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.pool_destroy", role = PoolOperator)]
pub struct PoolDestroy {
    /// The Cluster.
    #[param(name = "self")]
    pub this: Ref<Cluster>,
}

/// Pool force destroy of Cluster.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.pool_force_destroy", role = PoolOperator)]
pub struct PoolForceDestroy {
    /// The Cluster.
    #[param(name = "self")]
    pub this: Ref<Cluster>,
}

/// Pool create of Cluster.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.pool_create", out = Ref<Cluster>, role = PoolOperator)]
pub struct PoolCreate {
    /// Network.
    pub network: Ref<Network>,
    /// Cluster stack.
    pub cluster_stack: String,
    /// Token timeout.
    #[param(default = 20.0)]
    pub token_timeout: f64,
    /// Token timeout coefficient.
    #[param(default = 1.0)]
    pub token_timeout_coefficient: f64,
}

/// Get network of Cluster.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.get_network", out = Ref<Network>, role = ReadOnly)]
pub struct GetNetwork {
    /// The Cluster.
    #[param(name = "self")]
    pub this: Ref<Cluster>,
}

/// Destroy of Cluster.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The Cluster.
    #[param(name = "self")]
    pub this: Ref<Cluster>,
}

/// Create of Cluster.
#[derive(Clone, Debug, Call)]
#[call(name = "Cluster.create", out = Ref<Cluster>, role = PoolOperator)]
pub struct Create {
    /// PIF.
    #[param(name = "PIF")]
    pub pif: Ref<Pif>,
    /// Cluster stack.
    pub cluster_stack: String,
    /// Pool auto join.
    pub pool_auto_join: bool,
    /// Token timeout.
    #[param(default = 20.0)]
    pub token_timeout: f64,
    /// Token timeout coefficient.
    #[param(default = 1.0)]
    pub token_timeout_coefficient: f64,
}
