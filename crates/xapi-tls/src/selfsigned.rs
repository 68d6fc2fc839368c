//! Identities that sign themselves: what a host has until somebody gives it a better one.

use std::net::IpAddr;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, SanType,
};
use time::{Duration, OffsetDateTime};

use crate::identity::{BadIdentity, Identity};

/// Why no identity could be made.
#[derive(Debug, thiserror::Error)]
pub enum SelfSignedError {
    /// The certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    /// The time is none that a certificate can hold.
    #[error("the clock says {0} seconds since the epoch, which no certificate can hold")]
    Clock(i64),
    /// What was made cannot be used.
    #[error(transparent)]
    Use(#[from] BadIdentity),
}

/// What a certificate that signs itself says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelfSigned {
    /// The name of its owner.
    pub common_name: String,
    /// Names by which clients may reach the server.
    pub names: Vec<String>,
    /// Addresses by which they may.
    pub addresses: Vec<IpAddr>,
    /// The begin of its validity, in seconds since the epoch.
    pub from: i64,
    /// How long it is valid.
    pub days: u32,
}

impl SelfSigned {
    /// Makes an RSA key of 2048 bits, which takes about a tenth of a second, and the certificate for it.
    pub fn make(&self) -> Result<Identity, SelfSignedError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let name = self.common_name.as_str();
        params.distinguished_name.push(DnType::CommonName, name);
        for name in &self.names {
            // A host name that no certificate can hold is left out: the addresses are still of use.
            if let Ok(name) = name.as_str().try_into() {
                params.subject_alt_names.push(SanType::DnsName(name));
            }
        }
        let addresses = self.addresses.iter().copied().map(SanType::IpAddress);
        params.subject_alt_names.extend(addresses);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let from = OffsetDateTime::from_unix_timestamp(self.from);
        params.not_before = from.map_err(|_| SelfSignedError::Clock(self.from))?;
        params.not_after = params
            .not_before
            .checked_add(Duration::days(self.days.into()))
            .ok_or(SelfSignedError::Clock(self.from))?;
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
        let certificate = params.self_signed(&key)?;
        let der = certificate.der().to_vec();
        let certificate =
            crate::Certificate::from_der(der).map_err(|why| SelfSignedError::Use(why.into()))?;
        let key = crate::PrivateKey::parse(&key.serialize_pem())
            .map_err(|why| SelfSignedError::Use(why.into()))?;
        Ok(Identity::new(&key, vec![certificate])?)
    }
}
