//! Class `sr_stat`.

use super::*;

/// What a storage plugin tells of a repository. It has no objects of its own.
#[derive(Clone, Debug, Class)]
#[class(name = "sr_stat", role = PoolAdmin, no_db, no_get_all, no_events)]
pub struct SrStat {
    /// UUID of the repository; absent if it has none yet.
    #[field(DynamicRO)]
    pub uuid: Option<String>,
    /// Name for people.
    #[field(DynamicRO)]
    pub name_label: String,
    /// Notes for people.
    #[field(DynamicRO)]
    pub name_description: String,
    /// Free bytes.
    #[field(DynamicRO)]
    pub free_space: i64,
    /// Size in bytes.
    #[field(DynamicRO)]
    pub total_space: i64,
    /// True if its hosts coordinate through a cluster.
    #[field(DynamicRO)]
    pub clustered: bool,
    /// How it is.
    #[field(DynamicRO)]
    pub health: SrHealth,
}

/// How a repository is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "sr_health")]
pub enum SrHealth {
    /// Well.
    #[wire(name = "healthy")]
    Healthy,
    /// It is being repaired.
    #[wire(name = "recovering")]
    Recovering,
    /// It cannot be reached.
    #[wire(name = "unreachable")]
    Unreachable,
    /// It cannot be used.
    #[wire(name = "unavailable")]
    Unavailable,
}
