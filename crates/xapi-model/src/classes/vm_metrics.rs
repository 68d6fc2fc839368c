//! Class `VM_metrics`.

use std::collections::BTreeMap;

use super::*;

/// What is measured of a virtual machine, and what it really runs with. Values of a halted machine are those
/// of its last run.
#[derive(Clone, Debug, Class)]
#[class(name = "VM_metrics", role = VmAdmin)]
pub struct VmMetrics {
    /// Unique identifier of the VM_metrics. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Memory that the machine has now, in bytes.
    #[field(DynamicRO, db = "memory__actual")]
    pub memory_actual: i64,
    /// Number of virtual CPUs that it has now.
    #[field(DynamicRO, name = "VCPUs_number", db = "VCPUs__number")]
    pub vcpus_number: i64,
    /// Was the load of each CPU, 0 to 1. The machine's data sources tell it now.
    #[field(DynamicRO, name = "VCPUs_utilisation", default = BTreeMap::new(), state = Removed, db = "VCPUs__utilisation")]
    pub vcpus_utilisation: BTreeMap<i64, f64>,
    /// The physical CPU on which each virtual one last ran.
    #[field(DynamicRO, name = "VCPUs_CPU", db = "VCPUs__CPU")]
    pub vcpus_cpu: BTreeMap<i64, i64>,
    /// The scheduler's weight and cap as they are in force.
    #[field(DynamicRO, name = "VCPUs_params", db = "VCPUs__params")]
    pub vcpus_params: BTreeMap<String, String>,
    /// State of each virtual CPU, such as `blocked` or `running`.
    #[field(DynamicRO, name = "VCPUs_flags", db = "VCPUs__flags")]
    pub vcpus_flags: BTreeMap<i64, Vec<String>>,
    /// State of the domain as the hypervisor tells it.
    #[field(DynamicRO)]
    pub state: Vec<String>,
    /// When the machine was last started; 1970 before that.
    #[field(DynamicRO)]
    pub start_time: DateTime,
    /// When it was first started after installation.
    #[field(DynamicRO)]
    pub install_time: DateTime,
    /// When these values were last read.
    #[field(DynamicRO)]
    pub last_updated: DateTime,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// True if the running machine uses full virtualisation.
    #[field(DynamicRO, default = false)]
    pub hvm: bool,
    /// True if the running machine may run a hypervisor itself.
    #[field(DynamicRO, default = false)]
    pub nested_virt: bool,
    /// True if the running machine was started such that it cannot migrate.
    #[field(DynamicRO, default = false)]
    pub nomigrate: bool,
    /// Kind of virtualisation that the machine runs with.
    #[field(DynamicRO, default = DomainType::Unspecified)]
    pub current_domain_type: DomainType,
    /// True if its memory was placed near its CPUs.
    #[field(StaticRO, default = false, state = Prototyped)]
    pub numa_optimised: bool,
    /// Number of NUMA nodes that its memory is spread over.
    #[field(StaticRO, default = 0, state = Prototyped)]
    pub numa_nodes: i64,
    /// Bytes of its memory on each NUMA node.
    #[field(DynamicRO, default = BTreeMap::new(), state = Prototyped)]
    pub numa_node_memory: BTreeMap<i64, i64>,
}

