//! Lists of revoked certificates.

use rustls::pki_types::pem::SectionKind;
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use crate::pem;

/// A text that is no revocation list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no list of revoked certificates: {0}")]
pub struct BadRevocations(String);

/// Refuses a text that holds no revocation list in PEM, or one that cannot be read.
pub fn check_revocations(text: &str) -> Result<(), BadRevocations> {
    let bad = |why: &dyn std::fmt::Display| BadRevocations(why.to_string());
    let mut lists = 0;
    for (kind, der) in pem::sections(text).map_err(|why| bad(&why))? {
        if kind != SectionKind::Crl {
            continue;
        }
        let (rest, _) = CertificateRevocationList::from_der(&der).map_err(|why| bad(&why))?;
        if !rest.is_empty() {
            return Err(bad(&"bytes follow it"));
        }
        lists += 1;
    }
    match lists {
        0 => Err(bad(&"there is none in it")),
        _ => Ok(()),
    }
}
