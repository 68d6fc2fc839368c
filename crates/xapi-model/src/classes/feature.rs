//! Class `Feature`.

use super::*;

/// Feature.
#[derive(Clone, Debug, Class)]
#[class(name = "Feature", role = PoolAdmin)]
pub struct Feature {
    /// Unique identifier of the Feature. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(StaticRO, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(StaticRO, default = String::new())]
    pub name_description: String,
    /// Enabled.
    #[field(DynamicRO, default = false)]
    pub enabled: bool,
    /// Experimental.
    #[field(StaticRO, default = false)]
    pub experimental: bool,
    /// Version.
    #[field(StaticRO, default = "1.0".to_owned())]
    pub version: String,
    /// Host.
    #[field(DynamicRO)]
    pub host: Ref<Host>,
}

