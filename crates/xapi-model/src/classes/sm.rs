//! Class `SM`.

use std::collections::BTreeMap;

use super::*;

/// Sm.
#[derive(Clone, Debug, Class)]
#[class(name = "SM", role = PoolOperator)]
pub struct Sm {
    /// Unique identifier of the SM. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(DynamicRO, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(DynamicRO, default = String::new())]
    pub name_description: String,
    /// Type.
    #[field(DynamicRO, name = "type")]
    pub kind: String,
    /// Vendor.
    #[field(DynamicRO)]
    pub vendor: String,
    /// Copyright.
    #[field(DynamicRO)]
    pub copyright: String,
    /// Version.
    #[field(DynamicRO)]
    pub version: String,
    /// Required api version.
    #[field(DynamicRO)]
    pub required_api_version: String,
    /// Configuration.
    #[field(DynamicRO)]
    pub configuration: BTreeMap<String, String>,
    /// Capabilities.
    #[field(DynamicRO, default = Vec::new(), state = Deprecated)]
    pub capabilities: Vec<String>,
    /// Features.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub features: BTreeMap<String, i64>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Driver filename.
    #[field(DynamicRO, default = String::new())]
    pub driver_filename: String,
    /// Required cluster stack.
    #[field(DynamicRO, default = Vec::new())]
    pub required_cluster_stack: Vec<String>,
    /// Supported image formats.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub supported_image_formats: Vec<ImageFormatType>,
}

/// Image format type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "image_format_type")]
pub enum ImageFormatType {
    /// Raw.
    #[wire(name = "raw")]
    Raw,
    /// Vhd.
    #[wire(name = "vhd")]
    Vhd,
    /// Qcow2.
    #[wire(name = "qcow2")]
    Qcow2,
}
