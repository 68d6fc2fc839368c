//! One certificate, and what is said about it.

use aws_lc_rs::digest;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::SectionKind;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::pem;

/// Certificates of a chain: none of the real world is longer.
const MOST: usize = 32;

/// Why a text is no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// The text is not PEM.
    #[error("it is not well formed: {0}")]
    Pem(String),
    /// There is another number of certificates than one.
    #[error("it holds {0} certificates")]
    Number(usize),
    /// What stands in the PEM is no X.509 certificate.
    #[error("it is no X.509 certificate: {0}")]
    X509(String),
}

/// A certificate that can be read; whether it is any good is for others to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: CertificateDer<'static>,
    not_before: i64,
    not_after: i64,
    signature: String,
    rsa: Option<RsaPublic>,
}

/// The public half of an RSA key, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RsaPublic {
    pub(crate) modulus: Vec<u8>,
    pub(crate) exponent: Vec<u8>,
}

impl RsaPublic {
    pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> RsaPublic {
        let bare = |number: &[u8]| {
            let zeros = number.iter().take_while(|&&octet| octet == 0).count();
            number[zeros..].to_vec()
        };
        RsaPublic {
            modulus: bare(modulus),
            exponent: bare(exponent),
        }
    }

    /// Length of the modulus in bits.
    pub(crate) fn bits(&self) -> usize {
        let first = self.modulus.first().copied().unwrap_or_default();
        (self.modulus.len() * 8).saturating_sub(first.leading_zeros() as usize)
    }
}

impl Certificate {
    /// Reads the one certificate of a text.
    pub fn parse(text: &str) -> Result<Certificate, BadCertificate> {
        let mut all = Certificate::parse_all(text)?;
        match (all.len(), all.pop()) {
            (1, Some(certificate)) => Ok(certificate),
            (number, _) => Err(BadCertificate::Number(number)),
        }
    }

    /// Reads all certificates of a chain, at least one.
    pub fn parse_all(text: &str) -> Result<Vec<Certificate>, BadCertificate> {
        let sections = pem::sections(text).map_err(|why| BadCertificate::Pem(why.to_string()))?;
        let mut found = Vec::new();
        for (kind, der) in sections {
            if kind == SectionKind::Certificate {
                found.push(Certificate::from_der(der)?);
            }
        }
        match found.len() {
            1..=MOST => Ok(found),
            number => Err(BadCertificate::Number(number)),
        }
    }

    /// Reads the bytes of a certificate.
    pub fn from_der(der: Vec<u8>) -> Result<Certificate, BadCertificate> {
        let bad = |why: &dyn std::fmt::Display| BadCertificate::X509(why.to_string());
        let (rest, parsed) = X509Certificate::from_der(&der).map_err(|why| bad(&why))?;
        if !rest.is_empty() {
            return Err(bad(&"bytes follow it"));
        }
        let validity = parsed.validity();
        let key = parsed.public_key().parsed().map_err(|why| bad(&why))?;
        let rsa = match key {
            PublicKey::RSA(key) => Some(RsaPublic::new(key.modulus, key.exponent)),
            _ => None,
        };
        let (not_before, not_after) = (
            validity.not_before.timestamp(),
            validity.not_after.timestamp(),
        );
        let signature = parsed.signature_algorithm.algorithm.to_id_string();
        Ok(Certificate {
            not_before,
            not_after,
            signature,
            rsa,
            der: CertificateDer::from(der),
        })
    }

    /// Its bytes.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// It as text.
    pub fn pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der)
    }

    /// The first second of its validity, since the epoch.
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// The last second of its validity, since the epoch.
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// Whether its signature stands on SHA-256 or SHA-512, as XAPI wants it. SHA-1 can be forged.
    pub fn is_signed_well(&self) -> bool {
        /// RSA, ECDSA and Ed25519, in this order.
        const GOOD: [&str; 5] = [
            "1.2.840.113549.1.1.11",
            "1.2.840.113549.1.1.13",
            "1.2.840.10045.4.3.2",
            "1.2.840.10045.4.3.4",
            "1.3.101.112",
        ];
        GOOD.contains(&self.signature.as_str())
    }

    /// Its SHA-256 fingerprint: octets in upper case with colons between them.
    pub fn sha256(&self) -> String {
        fingerprint(&digest::SHA256, &self.der)
    }

    /// Its SHA-1 fingerprint, which old clients show.
    pub fn sha1(&self) -> String {
        fingerprint(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.der)
    }

    pub(crate) fn rsa(&self) -> Option<&RsaPublic> {
        self.rsa.as_ref()
    }
}

fn fingerprint(kind: &'static digest::Algorithm, der: &[u8]) -> String {
    let mut text = String::new();
    for octet in digest::digest(kind, der).as_ref() {
        if !text.is_empty() {
            text.push(':');
        }
        text += &format!("{octet:02X}");
    }
    text
}
