//! Whom a client believes.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::SectionKind;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::certificate::BadCertificate;
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
        .with_custom_certificate_verifier(Arc::new(Holder(provider())))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Leaves the judgement of the certificate to whoever connects; that the server holds its key is checked here.
#[derive(Debug)]
struct Holder(Arc<CryptoProvider>);

impl ServerCertVerifier for Holder {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
