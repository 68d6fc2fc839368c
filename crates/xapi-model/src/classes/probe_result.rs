//! Class `probe_result`.

use std::collections::BTreeMap;

use super::*;

/// One thing that SR.probe_ext found. It has no objects of its own.
#[derive(Clone, Debug, Class)]
#[class(name = "probe_result", role = PoolAdmin, no_db, no_get_all, no_events)]
pub struct ProbeResult {
    /// What to give as `device_config` to go on, or to create or introduce the repository.
    #[field(DynamicRO)]
    pub configuration: BTreeMap<String, String>,
    /// True if that is all that is needed.
    #[field(DynamicRO)]
    pub complete: bool,
    /// The repository that was found, absent if there is none.
    #[field(DynamicRO)]
    pub sr: Option<SrStat>,
    /// What else the plugin tells.
    #[field(DynamicRO)]
    pub extra_info: BTreeMap<String, String>,
}

