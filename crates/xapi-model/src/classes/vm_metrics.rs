//! Class `VM_metrics`.

use std::collections::BTreeMap;

use super::*;

/// Vm metrics.
#[derive(Clone, Debug, Class)]
#[class(name = "VM_metrics", role = VmAdmin)]
pub struct VmMetrics {
    /// Unique identifier of the VM_metrics. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Memory actual.
    #[field(DynamicRO, db = "memory__actual")]
    pub memory_actual: i64,
    /// VCPUs number.
    #[field(DynamicRO, name = "VCPUs_number", db = "VCPUs__number")]
    pub vcpus_number: i64,
    /// VCPUs utilisation.
    #[field(DynamicRO, name = "VCPUs_utilisation", default = BTreeMap::new(), state = Removed, db = "VCPUs__utilisation")]
    pub vcpus_utilisation: BTreeMap<i64, f64>,
    /// VCPUs CPU.
    #[field(DynamicRO, name = "VCPUs_CPU", db = "VCPUs__CPU")]
    pub vcpus_cpu: BTreeMap<i64, i64>,
    /// VCPUs params.
    #[field(DynamicRO, name = "VCPUs_params", db = "VCPUs__params")]
    pub vcpus_params: BTreeMap<String, String>,
    /// VCPUs flags.
    #[field(DynamicRO, name = "VCPUs_flags", db = "VCPUs__flags")]
    pub vcpus_flags: BTreeMap<i64, Vec<String>>,
    /// State.
    #[field(DynamicRO)]
    pub state: Vec<String>,
    /// Start time.
    #[field(DynamicRO)]
    pub start_time: DateTime,
    /// Install time.
    #[field(DynamicRO)]
    pub install_time: DateTime,
    /// Last updated.
    #[field(DynamicRO)]
    pub last_updated: DateTime,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Hvm.
    #[field(DynamicRO, default = false)]
    pub hvm: bool,
    /// Nested virt.
    #[field(DynamicRO, default = false)]
    pub nested_virt: bool,
    /// Nomigrate.
    #[field(DynamicRO, default = false)]
    pub nomigrate: bool,
    /// Current domain type.
    #[field(DynamicRO, default = DomainType::Unspecified)]
    pub current_domain_type: DomainType,
    /// Numa optimised.
    #[field(StaticRO, default = false, state = Prototyped)]
    pub numa_optimised: bool,
    /// Numa nodes.
    #[field(StaticRO, default = 0, state = Prototyped)]
    pub numa_nodes: i64,
    /// Numa node memory.
    #[field(DynamicRO, default = BTreeMap::new(), state = Prototyped)]
    pub numa_node_memory: BTreeMap<i64, i64>,
}

