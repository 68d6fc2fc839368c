//! Class `vdi_nbd_server_info`.

use super::*;

/// Vdi nbd server info.
#[derive(Clone, Debug, Class)]
#[class(name = "vdi_nbd_server_info", role = PoolAdmin, no_db, no_get_all, no_events)]
pub struct VdiNbdServerInfo {
    /// Exportname.
    #[field(DynamicRO)]
    pub exportname: String,
    /// Address.
    #[field(DynamicRO)]
    pub address: String,
    /// Port.
    #[field(DynamicRO)]
    pub port: i64,
    /// Cert.
    #[field(DynamicRO)]
    pub cert: String,
    /// Subject.
    #[field(DynamicRO)]
    pub subject: String,
}

