//! Class `probe_result`.

use std::collections::BTreeMap;

use super::*;

/// Probe result.
#[derive(Clone, Debug, Class)]
#[class(name = "probe_result", role = PoolAdmin, no_db, no_get_all, no_events)]
pub struct ProbeResult {
    /// Configuration.
    #[field(DynamicRO)]
    pub configuration: BTreeMap<String, String>,
    /// Complete.
    #[field(DynamicRO)]
    pub complete: bool,
    /// Sr.
    #[field(DynamicRO)]
    pub sr: Option<SrStat>,
    /// Extra info.
    #[field(DynamicRO)]
    pub extra_info: BTreeMap<String, String>,
}

