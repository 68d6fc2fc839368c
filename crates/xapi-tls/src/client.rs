//! Whom a client believes.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::certificate::{BadCertificate, Certificate};
use crate::{VERSIONS, provider};

/// Authorities that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadAuthorities {
    /// Their text.
    #[error(transparent)]
    Text(#[from] BadCertificate),
    /// One of them, or the cryptography.
    #[error(transparent)]
    Tls(#[from] Error),
}

/// Connections to servers that one of these authorities (in PEM) vouches for: by name, validity and signature. A
/// certificate that signs itself is its own authority.
pub fn by_authorities(text: &str) -> Result<Arc<ClientConfig>, BadAuthorities> {
    let mut roots = RootCertStore::empty();
    for authority in Certificate::parse_all(text)? {
        roots.add(authority.der().clone())?;
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
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
