//! The secret of a pool.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// What all hosts of a pool know, and nobody else. It is shown nowhere, and forgotten with its last copy; comparing
/// takes the same time wherever two differ.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A secret of these octets.
    pub fn new(octets: impl Into<Vec<u8>>) -> Secret {
        Secret(Zeroizing::new(octets.into()))
    }

    /// The octets themselves, to be kept in a file that nobody else can read.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn sign(&self, what: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key(), what).as_ref().to_vec()
    }

    pub(crate) fn signed(&self, what: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.key(), what, signature).is_ok()
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
