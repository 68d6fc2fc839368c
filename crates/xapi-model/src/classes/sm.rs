//! Class `SM`.

use std::collections::BTreeMap;

use super::*;

/// A plugin that handles one kind of storage.
#[derive(Clone, Debug, Class)]
#[class(name = "SM", role = PoolOperator)]
pub struct Sm {
    /// Unique identifier of the SM. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name of the plugin.
    #[field(DynamicRO, default = String::new())]
    pub name_label: String,
    /// What it handles.
    #[field(DynamicRO, default = String::new())]
    pub name_description: String,
    /// Kind of storage; an SR's `type` names it.
    #[field(DynamicRO, name = "type")]
    pub kind: String,
    /// Who made it.
    #[field(DynamicRO)]
    pub vendor: String,
    /// Who holds its rights.
    #[field(DynamicRO)]
    pub copyright: String,
    /// Its version.
    #[field(DynamicRO)]
    pub version: String,
    /// Version of the plugin interface that it needs.
    #[field(DynamicRO)]
    pub required_api_version: String,
    /// What it takes as `device_config`: from each key to what it means.
    #[field(DynamicRO)]
    pub configuration: BTreeMap<String, String>,
    /// What it can do, without versions.
    #[field(DynamicRO, default = Vec::new(), state = Deprecated)]
    pub capabilities: Vec<String>,
    /// What it can do, with versions.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub features: BTreeMap<String, i64>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Its file on the host.
    #[field(DynamicRO, default = String::new())]
    pub driver_filename: String,
    /// Cluster software of which it needs one; empty for none.
    #[field(DynamicRO, default = Vec::new())]
    pub required_cluster_stack: Vec<String>,
    /// Formats of disks that it can keep.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub supported_image_formats: Vec<ImageFormatType>,
}

/// Format of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "image_format_type")]
pub enum ImageFormatType {
    /// The bytes as they are.
    #[wire(name = "raw")]
    Raw,
    /// Virtual hard disk.
    #[wire(name = "vhd")]
    Vhd,
    /// QEMU copy-on-write, version 2.
    #[wire(name = "qcow2")]
    Qcow2,
}
