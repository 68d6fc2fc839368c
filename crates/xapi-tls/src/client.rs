//! Whom a client believes.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::SectionKind;
use rustls::{ClientConfig, Error, RootCertStore};

use crate::certificate::BadCertificate;
use crate::holder::Holder;
use crate::{VERSIONS, pem, provider};

/// Bytes of a text with authorities. A system's own bundle of some 150 has a quarter of a million.
pub const LONGEST_AUTHORITIES: usize = 4 << 20;

/// What a section of PEM begins with.
const BEGIN: &str = "-----BEGIN ";

/// Authorities that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadAuthorities {
    /// Their text is longer than [`LONGEST_AUTHORITIES`].
    #[error("it has more than {LONGEST_AUTHORITIES} bytes")]
    Length,
    /// None of them can be used; this is what is wrong with the first.
    #[error(transparent)]
    Text(#[from] BadCertificate),
    /// The same, or the cryptography.
    #[error(transparent)]
    Tls(#[from] Error),
}

/// Connections to servers that one of these authorities (in PEM) vouches for: by name, validity and signature. A
/// certificate that signs itself is its own authority. One that cannot be used vouches for nobody and spoils nothing,
/// as bundles hold odd ones; it is an error if there is no other.
pub fn by_authorities(text: &str) -> Result<Arc<ClientConfig>, BadAuthorities> {
    if text.len() > LONGEST_AUTHORITIES {
        return Err(BadAuthorities::Length);
    }
    let mut roots = RootCertStore::empty();
    let mut bad = None;
    // Each section alone: behind one that is not well formed there may be good ones.
    for section in text.split(BEGIN).skip(1) {
        if let Err(why) = add(&mut roots, &format!("{BEGIN}{section}")) {
            bad.get_or_insert(why);
        }
    }
    if roots.is_empty() {
        return Err(bad.unwrap_or(BadCertificate::Number(0).into()));
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Adds the authority of a section, if it is a certificate.
fn add(roots: &mut RootCertStore, section: &str) -> Result<(), BadAuthorities> {
    let sections = pem::sections(section).map_err(|why| BadCertificate::Pem(why.to_string()))?;
    for (kind, der) in sections {
        if kind == SectionKind::Certificate {
            roots.add(CertificateDer::from(der))?;
        }
    }
    Ok(())
}

/// Connections to any server that proves to hold the key of its certificate. The caller must look at the certificate
/// after the handshake, and close the connection before anything was said if he does not know its fingerprint.
pub fn by_fingerprint() -> Result<Arc<ClientConfig>, Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Holder::default()))
        .with_no_client_auth();
    Ok(Arc::new(config))
}
