//! Class `vdi_nbd_server_info`.

use super::*;

/// Where a disk can be reached by NBD. It has no objects of its own.
#[derive(Clone, Debug, Class)]
#[class(name = "vdi_nbd_server_info", role = PoolAdmin, no_db, no_get_all, no_events)]
pub struct VdiNbdServerInfo {
    /// Name to ask for. It holds a session: treat it like a password.
    #[field(DynamicRO)]
    pub exportname: String,
    /// Address of the server.
    #[field(DynamicRO)]
    pub address: String,
    /// TCP port of the server.
    #[field(DynamicRO)]
    pub port: i64,
    /// Certificate of the server, in PEM.
    #[field(DynamicRO)]
    pub cert: String,
    /// Name that the certificate proves.
    #[field(DynamicRO)]
    pub subject: String,
}

