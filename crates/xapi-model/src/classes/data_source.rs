//! Class `data_source`.

use super::*;

/// Data source.
#[derive(Clone, Debug, Class)]
#[class(name = "data_source", role = PoolAdmin, no_db, no_get_all, no_events)]
pub struct DataSource {
    /// Name for people. It need not be unique.
    #[field(DynamicRO, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(DynamicRO, default = String::new())]
    pub name_description: String,
    /// Enabled.
    #[field(DynamicRO)]
    pub enabled: bool,
    /// Standard.
    #[field(DynamicRO)]
    pub standard: bool,
    /// Units.
    #[field(DynamicRO)]
    pub units: String,
    /// Min.
    #[field(DynamicRO)]
    pub min: f64,
    /// Max.
    #[field(DynamicRO)]
    pub max: f64,
    /// Value.
    #[field(DynamicRO)]
    pub value: f64,
}

