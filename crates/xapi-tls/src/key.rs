//! A private key, and whether it is one that a server may have.

use rustls::pki_types::pem::SectionKind;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use x509_parser::der_parser::ber::BerObject;
use x509_parser::der_parser::parse_der;

use crate::certificate::{Certificate, RsaPublic};
use crate::pem;

/// Bits of RSA keys that XAPI takes: below is weak, above is slow.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";

/// Why a text is no private key that a server may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// It cannot be read, or is encrypted.
    #[error("the private key cannot be read: {0}")]
    Unreadable(String),
    /// It is of another kind than RSA: its name, or its object identifier.
    #[error("private keys of the kind {0} are not supported")]
    Algorithm(String),
    /// Its length in bits is not between 2048 and 4096.
    #[error("RSA keys of {0} bits are not supported")]
    RsaLength(usize),
    /// It has more than two primes.
    #[error("RSA keys of more than two primes are not supported")]
    RsaMulti,
}

/// A private key.
#[derive(Debug)]
pub struct PrivateKey {
    der: PrivateKeyDer<'static>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Rsa { public: RsaPublic, multi: bool },
    Other(String),
}

impl PrivateKey {
    /// Reads the one private key of a text.
    pub fn parse(text: &str) -> Result<PrivateKey, BadKey> {
        let unreadable = |why: &dyn std::fmt::Display| BadKey::Unreadable(why.to_string());
        let sections = pem::sections(text).map_err(|why| unreadable(&why))?;
        let mut keys = sections.into_iter().filter_map(|(kind, der)| match kind {
            SectionKind::PrivateKey => Some(PrivateKeyDer::from(PrivatePkcs8KeyDer::from(der))),
            SectionKind::RsaPrivateKey => Some(PrivateKeyDer::from(PrivatePkcs1KeyDer::from(der))),
            SectionKind::EcPrivateKey => Some(PrivateKeyDer::from(PrivateSec1KeyDer::from(der))),
            _ => None,
        });
        let (Some(der), None) = (keys.next(), keys.next()) else {
            return Err(unreadable(&"there is not exactly one"));
        };
        let kind = match &der {
            PrivateKeyDer::Pkcs8(key) => pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => rsa(key.secret_pkcs1_der()),
            _ => Some(Kind::Other("ec".to_owned())),
        };
        let kind = kind.ok_or_else(|| unreadable(&"its structure is not that of a private key"))?;
        Ok(PrivateKey { der, kind })
    }

    /// Refuses a key that XAPI does not install.
    pub fn check(&self) -> Result<(), BadKey> {
        match &self.kind {
            Kind::Other(name) => Err(BadKey::Algorithm(name.clone())),
            Kind::Rsa { multi: true, .. } => Err(BadKey::RsaMulti),
            Kind::Rsa { public, .. } if !RSA_BITS.contains(&public.bits()) => {
                Err(BadKey::RsaLength(public.bits()))
            }
            Kind::Rsa { .. } => Ok(()),
        }
    }

    /// Whether it is the RSA key of this certificate.
    pub fn belongs_to(&self, certificate: &Certificate) -> bool {
        match &self.kind {
            Kind::Rsa { public, .. } => certificate.rsa() == Some(public),
            Kind::Other(_) => false,
        }
    }

    /// It as text.
    pub fn pem(&self) -> String {
        match &self.der {
            PrivateKeyDer::Pkcs1(key) => pem::encode("RSA PRIVATE KEY", key.secret_pkcs1_der()),
            PrivateKeyDer::Sec1(key) => pem::encode("EC PRIVATE KEY", key.secret_sec1_der()),
            key => pem::encode("PRIVATE KEY", key.secret_der()),
        }
    }

    pub(crate) fn der(&self) -> &PrivateKeyDer<'static> {
        &self.der
    }
}

/// PrivateKeyInfo (RFC 5208): version, algorithm, the key in an octet string.
fn pkcs8(der: &[u8]) -> Option<Kind> {
    let (_, info) = parse_der(der).ok()?;
    let [_, algorithm, key, ..] = info.as_sequence().ok()?.as_slice() else {
        return None;
    };
    let algorithm = algorithm.as_sequence().ok()?;
    let oid = |at: usize| Some(algorithm.get(at)?.as_oid().ok()?.to_id_string());
    let kind = oid(0)?;
    if kind == RSA {
        return rsa(key.as_slice().ok()?);
    }
    // XAPI names the kinds that it knows, and gives the identifiers of others.
    let curve = oid(1).unwrap_or_default();
    let name = match (kind.as_str(), curve.as_str()) {
        ("1.3.101.112", _) => "ed25519",
        (EC, "1.2.840.10045.3.1.7") => "p256",
        (EC, "1.3.132.0.34") => "p384",
        (EC, "1.3.132.0.35") => "p521",
        (other, _) => other,
    };
    Some(Kind::Other(name.to_owned()))
}

/// RSAPrivateKey (RFC 8017): version, modulus, public exponent, …; version 1 has more primes at its end.
fn rsa(der: &[u8]) -> Option<Kind> {
    let (_, key) = parse_der(der).ok()?;
    let numbers = key.as_sequence().ok()?;
    let [version, modulus, exponent, rest @ ..] = numbers.as_slice() else {
        return None;
    };
    let integer = |number: &BerObject<'_>| number.as_slice().ok().map(<[u8]>::to_vec);
    // Private exponent, two primes, two exponents and the coefficient.
    if rest.len() < 6 {
        return None;
    }
    Some(Kind::Rsa {
        public: RsaPublic::new(&integer(modulus)?, &integer(exponent)?),
        multi: version.as_u32().ok()? == 1,
    })
}
