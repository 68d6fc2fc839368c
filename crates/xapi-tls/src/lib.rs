//! What TLS stands on here: certificates, private keys, the identity that a server shows, and whom a client believes.
//!
//! Knows no sockets, no calls, no database and no HTTP: the server and the client put [`rustls`] over their own
//! connections. Files are read and written by others; this crate sees their text. Start at [`Identity`].

mod certificate;
mod client;
mod holder;
mod identity;
mod key;
mod pem;
mod revoked;
mod selfsigned;

pub use certificate::{BadCertificate, Certificate};
pub use client::{BadAuthorities, LONGEST_AUTHORITIES, by_authorities, by_fingerprint};
pub use identity::{BadIdentity, Identity, TlsIdentity};
pub use key::{BadKey, PrivateKey};
pub use revoked::{BadRevocations, check_revocations};
pub use selfsigned::{SelfSigned, SelfSignedError};

use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// The cryptography of all connections. TLS 1.2 with ECDHE and an AEAD, and TLS 1.3; nothing older can be chosen.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(aws_lc_rs::default_provider())))
}

/// What the lines between the hosts of a pool are called in the beginning of a TLS connection (ALPN): a server that finds
/// it there answers with [`Identity::link_server`], and everybody else is not asked for a certificate.
pub const LINK: &[u8] = b"xapi-link/1";

/// The versions of TLS that are spoken, the better one first.
pub(crate) const VERSIONS: &[&rustls::SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];
