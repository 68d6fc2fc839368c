//! Class `sr_stat`.

use super::*;

/// Sr stat.
#[derive(Clone, Debug, Class)]
#[class(name = "sr_stat", role = PoolAdmin, no_db, no_get_all, no_events)]
pub struct SrStat {
    /// Unique identifier of the sr_stat. It never changes.
    #[field(DynamicRO)]
    pub uuid: Option<String>,
    /// Name for people. It need not be unique.
    #[field(DynamicRO)]
    pub name_label: String,
    /// Notes for people.
    #[field(DynamicRO)]
    pub name_description: String,
    /// Free space.
    #[field(DynamicRO)]
    pub free_space: i64,
    /// Total space.
    #[field(DynamicRO)]
    pub total_space: i64,
    /// Clustered.
    #[field(DynamicRO)]
    pub clustered: bool,
    /// Health.
    #[field(DynamicRO)]
    pub health: SrHealth,
}

/// Sr health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "sr_health")]
pub enum SrHealth {
    /// Healthy.
    #[wire(name = "healthy")]
    Healthy,
    /// Recovering.
    #[wire(name = "recovering")]
    Recovering,
    /// Unreachable.
    #[wire(name = "unreachable")]
    Unreachable,
    /// Unavailable.
    #[wire(name = "unavailable")]
    Unavailable,
}
