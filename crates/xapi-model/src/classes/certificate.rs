//! Class `Certificate`.

use super::*;

/// A certificate that the pool uses or trusts.
#[derive(Clone, Debug, Class)]
#[class(name = "Certificate", role = PoolAdmin)]
pub struct Certificate {
    /// Unique identifier of the Certificate. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name of a trusted one; empty for a host's own.
    #[field(DynamicRO, default = String::new())]
    pub name: String,
    /// What it is used for.
    #[field(DynamicRO, name = "type", default = CertificateType::Host)]
    pub kind: CertificateType,
    /// The host whose own it is, or null.
    #[field(StaticRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// Begin of its validity.
    #[field(StaticRO, default = DateTime::epoch())]
    pub not_before: DateTime,
    /// End of its validity.
    #[field(StaticRO, default = DateTime::epoch())]
    pub not_after: DateTime,
    /// Its SHA-256 fingerprint, by an old name.
    #[field(StaticRO, default = String::new(), state = Deprecated)]
    pub fingerprint: String,
    /// Its SHA-256 fingerprint.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub fingerprint_sha256: String,
    /// Its SHA-1 fingerprint.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub fingerprint_sha1: String,
    /// Connections that it is trusted for; empty for all.
    #[field(StaticRO, default = Vec::new(), state = Prototyped)]
    pub purpose: Vec<CertificatePurpose>,
}

/// What a certificate is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "certificate_type")]
pub enum CertificateType {
    /// To trust an authority.
    #[wire(name = "ca")]
    Ca,
    /// To prove a host to clients.
    #[wire(name = "host")]
    Host,
    /// To prove a host to the pool.
    #[wire(name = "host_internal")]
    HostInternal,
    /// To trust a single server.
    #[wire(name = "pinned")]
    Pinned,
}
