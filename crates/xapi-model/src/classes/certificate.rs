//! Class `Certificate`.

use super::*;

/// Certificate.
#[derive(Clone, Debug, Class)]
#[class(name = "Certificate", role = PoolAdmin)]
pub struct Certificate {
    /// Unique identifier of the Certificate. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name.
    #[field(DynamicRO, default = String::new())]
    pub name: String,
    /// Type.
    #[field(DynamicRO, name = "type", default = CertificateType::Host)]
    pub kind: CertificateType,
    /// Host.
    #[field(StaticRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// Not before.
    #[field(StaticRO, default = DateTime::epoch())]
    pub not_before: DateTime,
    /// Not after.
    #[field(StaticRO, default = DateTime::epoch())]
    pub not_after: DateTime,
    /// Fingerprint.
    #[field(StaticRO, default = String::new(), state = Deprecated)]
    pub fingerprint: String,
    /// Fingerprint sha256.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub fingerprint_sha256: String,
    /// Fingerprint sha1.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub fingerprint_sha1: String,
    /// Purpose.
    #[field(StaticRO, default = Vec::new(), state = Prototyped)]
    pub purpose: Vec<CertificatePurpose>,
}

/// Certificate type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "certificate_type")]
pub enum CertificateType {
    /// Ca.
    #[wire(name = "ca")]
    Ca,
    /// Host.
    #[wire(name = "host")]
    Host,
    /// Host internal.
    #[wire(name = "host_internal")]
    HostInternal,
    /// Pinned.
    #[wire(name = "pinned")]
    Pinned,
}
