//! Class `Feature`.

use super::*;

/// Something that a host can do and that clients may ask for.
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
    /// True if it is on.
    #[field(DynamicRO, default = false)]
    pub enabled: bool,
    /// True if it is still being tried.
    #[field(StaticRO, default = false)]
    pub experimental: bool,
    /// Its version.
    #[field(StaticRO, default = "1.0".to_owned())]
    pub version: String,
    /// The host.
    #[field(DynamicRO)]
    pub host: Ref<Host>,
}

