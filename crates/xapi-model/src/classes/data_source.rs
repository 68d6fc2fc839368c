//! Class `data_source`.

use super::*;

/// A measured value. It has no objects of its own: other classes list it.
#[derive(Clone, Debug, Class)]
#[class(name = "data_source", role = PoolAdmin, no_db, no_get_all, no_events)]
pub struct DataSource {
    /// Name to ask for it by.
    #[field(DynamicRO, default = String::new())]
    pub name_label: String,
    /// What is measured.
    #[field(DynamicRO, default = String::new())]
    pub name_description: String,
    /// True while it is recorded.
    #[field(DynamicRO)]
    pub enabled: bool,
    /// True if it is recorded unless somebody says otherwise.
    #[field(DynamicRO)]
    pub standard: bool,
    /// Unit.
    #[field(DynamicRO)]
    pub units: String,
    /// Least that it can be.
    #[field(DynamicRO)]
    pub min: f64,
    /// Most that it can be.
    #[field(DynamicRO)]
    pub max: f64,
    /// Its latest reading.
    #[field(DynamicRO)]
    pub value: f64,
}

